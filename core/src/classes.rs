//! Sixty-four bytes at a time: which of them every reading keeps, and which need a look.
//!
//! Written as comparisons of whole blocks, without a branch, for the compiler to make vectors of them.

/// Bytes in a block.
pub const BLOCK: usize = 64;
/// Bytes beyond a block that its classes depend on.
pub const AHEAD: usize = 2;

/// Whether every reading has a byte: no whitespace, no control, nothing that may stand at a margin, ASCII.
#[inline]
pub fn is_kept(byte: u8) -> bool {
    let mark = matches!(byte, b'!' | b'#' | b'%' | b'*' | b'+' | b'-' | b'/' | b':' | b';' | b'<' | b'>' | b'\\' | b'|');
    byte.wrapping_sub(0x21) < 0x5e && !mark
}

/// A bit for each byte of a block that every reading has.
#[inline]
pub fn kept(block: &[u8; BLOCK + AHEAD]) -> u64 {
    let mut flags = [0u8; BLOCK];
    for (flag, &byte) in flags.iter_mut().zip(block) {
        let mark = (byte == b'!') | (byte == b'#') | (byte == b'%') | (byte == b'*') | (byte == b'+');
        let mark = mark | (byte == b'-') | (byte == b'/') | (byte == b':') | (byte == b';') | (byte == b'>') | (byte == b'<');
        let mark = mark | (byte == b'\\') | (byte == b'|');
        *flag = u8::from((byte.wrapping_sub(0x21) < 0x5e) & !mark);
    }
    packed(&flags)
}

/// A bit for each byte at which something begins that is no text, or goes back, or is an ellipsis.
#[inline]
pub fn events(block: &[u8; BLOCK + AHEAD]) -> u64 {
    let mut flags = [0u8; BLOCK];
    let next = &block[1..];
    let after = &block[2..];
    for index in 0..BLOCK {
        let (byte, next, after) = (block[index], next[index], after[index]);
        let control = (byte == 0x1b) | (byte == 0x9b) | (byte == 0x08) | ((byte == b'\r') & (next != b'\n'));
        let dots = (byte == b'.') & (next == b'.') & (after == b'.');
        let ellipsis = (byte == 0xe2) & (next == 0x80) & (after == 0xa6);
        let counted = (byte == b'r') & (next == b's') & (after == b']');
        flags[index] = u8::from(control | dots | ellipsis | counted | ((byte == b'\\') & (next == b'u')));
    }
    packed(&flags)
}

/// A bit for each byte that is 1.
#[inline]
fn packed(flags: &[u8; BLOCK]) -> u64 {
    let mut bits = 0;
    for (index, eight) in flags.chunks_exact(8).enumerate() {
        let mut word = [0; 8];
        word.copy_from_slice(eight);
        let byte = u64::from_le_bytes(word).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= byte << (8 * index);
    }
    bits
}

/// Add the bytes of a block whose bits are set to `out`, which has `size` bytes; returns its new size.
///
/// `out` has room for a block more.
#[inline]
pub fn compact(block: &[u8; BLOCK + AHEAD], bits: u64, out: &mut [u8], mut size: usize) -> usize {
    for (index, eight) in block[..BLOCK].chunks_exact(8).enumerate() {
        let mask = (bits >> (8 * index)) as u8;
        let room = &mut out[size..size + 8];
        if mask == 0xff {
            room.copy_from_slice(eight);
            size += 8;
        } else if mask != 0 {
            let mut at = 0;
            for (bit, &byte) in eight.iter().enumerate() {
                room[at & 7] = byte;
                at += usize::from(mask >> bit & 1);
            }
            size += at;
        }
    }
    size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_what_their_bytes_are() {
        let mut block = [0; BLOCK + AHEAD];
        for start in [0, 64, 128, 192] {
            for (index, byte) in block.iter_mut().enumerate() {
                *byte = (start + index) as u8;
            }
            let bits = kept(&block);
            for index in 0..BLOCK {
                assert_eq!(bits >> index & 1 == 1, is_kept((start + index) as u8));
            }
            let mut out = [0; 128];
            let size = compact(&block, bits, &mut out, 3);
            let want: Vec<u8> = block[..BLOCK].iter().copied().filter(|&byte| is_kept(byte)).collect();
            assert_eq!(out[3..size], want);
        }
    }

    #[test]
    fn events_are_seen_across_the_end_of_a_block() {
        let mut block = [b'a'; BLOCK + AHEAD];
        block[63..66].copy_from_slice(b"...");
        block[3] = 0x1b;
        block[10..12].copy_from_slice(b"\r\n");
        assert_eq!(events(&block), 1 << 63 | 1 << 3);
    }
}
