//! Sixty-four bytes at a time: which of them every reading keeps, and which need a look.
//!
//! Written as comparisons of whole blocks, without a branch, for the compiler to make vectors of them; where the
//! processor has wider ones, `vectors` does the same.

/// Bytes in a block.
pub const BLOCK: usize = 64;
/// Bytes that are to be had beyond those that a block gives, for it writes more.
pub const ROOM: usize = BLOCK;

/// A block and the byte after it, as in a text or, at its end, filled up with NULs.
pub enum Block<'a> {
    Within(&'a [u8; BLOCK + 1]),
    Last([u8; BLOCK + 1]),
}

impl<'a> Block<'a> {
    /// The block at a place of a text.
    #[inline]
    pub fn at(text: &'a [u8], start: usize) -> Block<'a> {
        match text.get(start..start + BLOCK + 1).and_then(|part| part.try_into().ok()) {
            Some(block) => Block::Within(block),
            None => {
                let mut last = [0; BLOCK + 1];
                let rest = &text[start..];
                last[..rest.len()].copy_from_slice(rest);
                Block::Last(last)
            }
        }
    }

    #[inline]
    pub fn bytes(&self) -> &[u8; BLOCK + 1] {
        match self {
            Block::Within(block) => block,
            Block::Last(block) => block,
        }
    }
}

/// Whether every reading has a byte: no whitespace, no control, nothing that may stand at a margin, ASCII.
#[inline]
pub const fn is_kept(byte: u8) -> bool {
    let mark = matches!(byte, b'!' | b'#' | b'%' | b'*' | b'+' | b'-' | b'/' | b':' | b';' | b'<' | b'>' | b'\\' | b'|');
    byte.wrapping_sub(0x21) < 0x5e && !mark
}

/// For each block of a text a bit for each byte that every reading has; and one for each at which something begins
/// that is no text, or goes back, or may be of an ellipsis.
///
/// Returns whether there is a NUL.
pub fn sort(text: &[u8], kept: &mut Vec<u64>, events: &mut Vec<u64>) -> bool {
    kept.clear();
    events.clear();
    #[cfg(target_arch = "x86_64")]
    if let Some(nul) = crate::vectors::sort(text, kept, events) {
        return nul;
    }
    sort_anywhere(text, kept, events)
}

fn sort_anywhere(text: &[u8], kept: &mut Vec<u64>, events: &mut Vec<u64>) -> bool {
    for start in (0..text.len()).step_by(BLOCK) {
        let block = Block::at(text, start);
        kept.push(kept_of(block.bytes()));
        events.push(events_of(block.bytes()));
    }
    text.contains(&0)
}

#[inline]
fn kept_of(block: &[u8; BLOCK + 1]) -> u64 {
    let mut flags = [0u8; BLOCK];
    for (flag, &byte) in flags.iter_mut().zip(block) {
        let mark = (byte == b'!') | (byte == b'#') | (byte == b'%') | (byte == b'*') | (byte == b'+');
        let mark = mark | (byte == b'-') | (byte == b'/') | (byte == b':') | (byte == b';') | (byte == b'>') | (byte == b'<');
        let mark = mark | (byte == b'\\') | (byte == b'|');
        *flag = u8::from((byte.wrapping_sub(0x21) < 0x5e) & !mark);
    }
    packed(&flags)
}

#[inline]
fn events_of(block: &[u8; BLOCK + 1]) -> u64 {
    let mut flags = [0u8; BLOCK];
    let next = &block[1..];
    for index in 0..BLOCK {
        let (byte, next) = (block[index], next[index]);
        let control = (byte == 0x1b) | (byte == 0x9b) | (byte == 0x08) | ((byte == b'\r') & (next != b'\n'));
        let dots = (byte == b'.') & (next == b'.');
        let ellipsis = (byte == 0xe2) & (next == 0x80);
        let counted = (byte == b's') & (next == b']');
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

/// Write the bytes of a text whose bits are set to `out`, and how many there are before each block to `sizes`.
///
/// `out` has as much room as the text, and `ROOM`. Returns how many there are.
pub fn compact(text: &[u8], kept: &[u64], out: &mut [u8], sizes: &mut Vec<u32>) -> usize {
    sizes.clear();
    #[cfg(target_arch = "x86_64")]
    if let Some(size) = crate::vectors::compact(text, kept, out, sizes) {
        return size;
    }
    compact_anywhere(text, kept, out, sizes)
}

fn compact_anywhere(text: &[u8], kept: &[u64], out: &mut [u8], sizes: &mut Vec<u32>) -> usize {
    let mut size = 0;
    for (index, &bits) in kept.iter().enumerate() {
        sizes.push(size as u32);
        let block = Block::at(text, index * BLOCK);
        for (index, eight) in block.bytes()[..BLOCK].chunks_exact(8).enumerate() {
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
    }
    size
}

/// Whether any of some bytes is in a text.
pub fn has_any(text: &[u8], of: &[u8]) -> bool {
    if of.is_empty() {
        return false;
    }
    #[cfg(target_arch = "x86_64")]
    if let Some(found) = crate::vectors::has_any(text, of) {
        return found;
    }
    of.iter().any(|byte| text.contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts of all bytes, and of those that matter, of every size up to a few blocks.
    fn texts() -> Vec<Vec<u8>> {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize
        };
        let some = b"\x1b\x9b\x08\r\n..\xe2\x80\xa6rs]\\u2026 \0ab!|~\x7f";
        let mut texts: Vec<Vec<u8>> = vec![(0..=255).collect(), vec![b'x'; 300], Vec::new()];
        for size in 0..260 {
            texts.push((0..size).map(|_| next() as u8).collect());
            texts.push((0..size).map(|_| some[next() % some.len()]).collect());
        }
        texts
    }

    #[test]
    fn what_is_kept_is_written_in_order() {
        for text in texts() {
            let (mut kept, mut events, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
            assert_eq!(sort(&text, &mut kept, &mut events), text.contains(&0));
            let mut out = vec![0; text.len() + ROOM];
            let size = compact(&text, &kept, &mut out, &mut sizes);
            let want: Vec<u8> = text.iter().copied().filter(|&byte| is_kept(byte)).collect();
            assert_eq!(&out[..size], &want[..]);
            for (index, &size) in sizes.iter().enumerate() {
                assert_eq!(size as usize, text[..index * BLOCK].iter().filter(|&&byte| is_kept(byte)).count());
            }
        }
    }

    #[test]
    fn wide_instructions_do_the_same() {
        for text in texts() {
            let (mut kept, mut events, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
            let (mut kept_too, mut events_too, mut sizes_too) = (Vec::new(), Vec::new(), Vec::new());
            let nul = sort(&text, &mut kept, &mut events);
            assert_eq!(nul, sort_anywhere(&text, &mut kept_too, &mut events_too));
            assert_eq!((&kept, &events), (&kept_too, &events_too));
            let (mut out, mut out_too) = (vec![0; text.len() + ROOM], vec![0; text.len() + ROOM]);
            for bits in &mut kept {
                *bits &= 0x5bff_00f1_a5c3_ffff;
            }
            let size = compact(&text, &kept, &mut out, &mut sizes);
            assert_eq!(size, compact_anywhere(&text, &kept, &mut out_too, &mut sizes_too));
            assert_eq!((&out[..size], sizes), (&out_too[..size], sizes_too));
            for of in [&b""[..], b"\0", b"\x1bz", b"~}{<>;?|"] {
                assert_eq!(has_any(&text, of), of.iter().any(|byte| text.contains(byte)));
            }
        }
    }
}
