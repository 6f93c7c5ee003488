//! Bytes of secrets do not stay in memory that is given back.

use std::sync::atomic::{AtomicPtr, Ordering};

/// Where anybody could look at what was overwritten last: so it has to have happened.
static SEEN: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());

/// What was written to the bytes is not optimised away (`black_box` is newer than our oldest compiler).
pub fn keep(bytes: &mut [u8]) {
    SEEN.store(bytes.as_mut_ptr(), Ordering::Release);
}

/// Overwrite all bytes, those beyond the length too, in a way that is not optimised away.
pub fn wipe(bytes: &mut Vec<u8>) {
    bytes.clear();
    let room = bytes.capacity();
    bytes.resize(room, 0);
    keep(bytes);
    bytes.clear();
}

/// Add bytes to a buffer; where it has to move, nothing stays behind.
pub fn append(buffer: &mut Vec<u8>, data: &[u8]) {
    if buffer.capacity() - buffer.len() < data.len() {
        let mut larger = Vec::with_capacity((buffer.len() + data.len()).max(2 * buffer.len()));
        larger.extend_from_slice(buffer);
        std::mem::swap(buffer, &mut larger);
        wipe(&mut larger);
    }
    buffer.extend_from_slice(data);
}

/// Drop the first bytes of a buffer, and leave none of them behind.
pub fn drop_front(buffer: &mut Vec<u8>, count: usize) {
    if count > 0 {
        let rest = buffer.len() - count;
        buffer.copy_within(count.., 0);
        buffer[rest..].fill(0);
        keep(&mut buffer[rest..]);
        buffer.truncate(rest);
    }
}
