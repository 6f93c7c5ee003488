//! Bytes of secrets do not stay in memory that is given back.

/// Overwrite all bytes, those beyond the length too, in a way that is not optimised away.
pub fn wipe(bytes: &mut Vec<u8>) {
    bytes.clear();
    let room = bytes.capacity();
    bytes.resize(room, 0);
    std::hint::black_box(bytes.as_mut_slice());
    bytes.clear();
}
