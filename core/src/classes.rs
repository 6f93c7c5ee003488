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

/// A block of a text, a bit for each of its bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Bits {
    /// Every reading has it.
    pub kept: u64,
    /// Something begins here that is no text, or goes back, or may be of an ellipsis; or a CSI ends that goes back.
    pub events: u64,
    /// The first and the last bytes of sequences.
    pub starts: u64,
    pub ends: u64,
    /// The last bytes of those that neither set a colour nor erase in a line, as nearly all do.
    pub others: u64,
    /// How many bytes are kept before the block.
    pub before: u32,
}

impl Bits {
    /// Leave out sequences, of which these are the first and the last bytes, those of moves in the line, and `others`.
    #[inline]
    pub fn leave_out(&mut self, [starts, ends, moves, others]: [u64; 4]) {
        self.kept &= !(ends << 1).wrapping_sub(starts);
        self.events = self.events & !starts | moves;
        self.starts |= starts;
        self.ends |= ends;
        self.others |= others;
    }
}

/// What each block of a text is of; with `screen` without the sequences that are whole in it (see `csis`).
///
/// Returns whether there is a NUL.
pub fn sort(text: &[u8], screen: bool, found: &mut Vec<Bits>) -> bool {
    found.clear();
    #[cfg(target_arch = "x86_64")]
    if let Some(nul) = crate::vectors::sort(text, screen, found) {
        return nul;
    }
    sort_anywhere(text, screen, found)
}

fn sort_anywhere(text: &[u8], screen: bool, found: &mut Vec<Bits>) -> bool {
    for start in (0..text.len()).step_by(BLOCK) {
        let block = Block::at(text, start);
        let block = block.bytes();
        let mut bits = Bits { kept: kept_of(block), events: events_of(block), ..Bits::default() };
        if screen && bits.events != 0 {
            bits.leave_out(sequences_of(block));
        }
        found.push(bits);
    }
    text.contains(&0)
}

/// The first and the last bytes of the CSIs that are whole in a block, the last ones of those that may go back, and
/// `Bits::others`.
///
/// Given are bits for ESC, for `[`, for parameters, for the last bytes of any, of those that may go back, and of the most
/// usual. There is no other sequence that they could be within: each ends before an ESC with which a CSI begins.
#[inline]
pub fn csis([esc, bracket, parameter, last, moves, usual]: [u64; 6]) -> [u64; 4] {
    let opened = esc << 1 & bracket;
    let first = opened << 1;
    // what is added to the first of a run of parameters comes out after the run
    let mut ends = (first & !parameter) | (parameter.wrapping_add(first & parameter) & !parameter);
    let mut starts = opened >> 1;
    if starts > ends {
        starts &= !highest(starts); // it goes on in the next block
    }
    let mut others = ends & !last;
    while others != 0 {
        let end = others & others.wrapping_neg();
        starts &= !highest(starts & (end - 1));
        ends &= !end;
        others &= !end;
    }
    if (starts, ends) == (1, 1 << 63) {
        return [0; 4]; // it has more parameters than one may have
    }
    [starts, ends, ends & moves, ends & !usual]
}

/// The highest bit alone.
#[inline]
fn highest(bits: u64) -> u64 {
    (1 << 63 >> bits.leading_zeros().min(63)) & bits
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
    let (mut flags, mut dots) = ([0u8; BLOCK], [0u8; BLOCK]);
    let next = &block[1..];
    for index in 0..BLOCK {
        let (byte, next) = (block[index], next[index]);
        let control = (byte == 0x1b) | (byte == 0x9b) | (byte == 0x08) | ((byte == b'\r') & (next != b'\n'));
        let ellipsis = (byte == 0xe2) & (next == 0x80);
        let counted = (byte == b's') & (next == b']');
        flags[index] = u8::from(control | ellipsis | counted | ((byte == b'\\') & (next == b'u')));
        dots[index] = u8::from((byte == b'.') & (next == b'.'));
    }
    packed(&flags) | first_of_each(packed(&dots))
}

/// The first bit of each run.
#[inline]
pub fn first_of_each(runs: u64) -> u64 {
    runs & !(runs << 1)
}

fn sequences_of(block: &[u8; BLOCK + 1]) -> [u64; 4] {
    let bits = |kind: fn(u8) -> bool| {
        let mut flags = [0u8; BLOCK];
        flags.iter_mut().zip(block).for_each(|(flag, &byte)| *flag = u8::from(kind(byte)));
        packed(&flags)
    };
    let esc = bits(|byte| byte == 0x1b);
    if esc == 0 {
        return [0; 4];
    }
    let last = bits(|byte| (0x40..0x7f).contains(&byte));
    let moves = bits(|byte| byte == b'G' || byte == b'H');
    let usual = bits(is_usual);
    csis([esc, bits(|byte| byte == b'['), bits(|byte| byte & 0xf0 == 0x30), last, moves, usual])
}

/// A bit for each byte that is 1.
#[inline]
pub fn packed(flags: &[u8; BLOCK]) -> u64 {
    let mut bits = 0;
    for (index, eight) in flags.chunks_exact(8).enumerate() {
        let mut word = [0; 8];
        word.copy_from_slice(eight);
        let byte = u64::from_le_bytes(word).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= byte << (8 * index);
    }
    bits
}

/// Write the bytes of a text that are kept to `out`, and say how many there are before each block.
///
/// `out` has as much room as the text, and `ROOM`. Returns how many there are.
pub fn compact(text: &[u8], blocks: &mut [Bits], out: &mut [u8]) -> usize {
    #[cfg(target_arch = "x86_64")]
    if let Some(size) = crate::vectors::compact(text, blocks, out) {
        return size;
    }
    compact_anywhere(text, blocks, out)
}

fn compact_anywhere(text: &[u8], blocks: &mut [Bits], out: &mut [u8]) -> usize {
    let mut size = 0;
    for (index, bits) in blocks.iter_mut().enumerate() {
        bits.before = size as u32;
        let (bits, block) = (bits.kept, Block::at(text, index * BLOCK));
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

/// Whether a last byte of a sequence is one of the most usual.
pub fn is_usual(byte: u8) -> bool {
    byte == b'm' || byte == b'K'
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::controls::control_at;

    /// Texts of all bytes, and of those that matter, of every size up to a few blocks.
    pub fn texts() -> Vec<Vec<u8>> {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize
        };
        let some = b"\x1b\x9b\x08\r\n..\xe2\x80\xa6rs]\\u2026 \0ab!|~\x7f";
        let mut texts: Vec<Vec<u8>> = vec![(0..=255).collect(), vec![b'x'; 300], Vec::new()];
        let sequences = b"\x1b\x1b[[[01;3?mKGH (x";
        for size in 0..260 {
            texts.push((0..size).map(|_| next() as u8).collect());
            texts.push((0..size).map(|_| some[next() % some.len()]).collect());
            texts.push((0..size).map(|_| sequences[next() % sequences.len()]).collect());
            texts.push([&b"\x1b["[..], &vec![b'1'; size], b"m"].concat());
        }
        texts
    }

    #[test]
    fn what_is_kept_is_written_in_order() {
        for text in texts() {
            let mut blocks = Vec::new();
            assert_eq!(sort(&text, false, &mut blocks), text.contains(&0));
            let mut out = vec![0; text.len() + ROOM];
            let size = compact(&text, &mut blocks, &mut out);
            let want: Vec<u8> = text.iter().copied().filter(|&byte| is_kept(byte)).collect();
            assert_eq!(&out[..size], &want[..]);
            for (index, bits) in blocks.iter().enumerate() {
                let before = text[..index * BLOCK].iter().filter(|&&byte| is_kept(byte)).count();
                assert_eq!(bits.before as usize, before);
            }
        }
    }

    #[test]
    fn whole_sequences_are_those_of_their_grammar() {
        for text in texts() {
            let mut blocks = Vec::new();
            sort(&text, true, &mut blocks);
            for (index, block) in text.chunks(BLOCK).enumerate() {
                let (mut starts, mut ends) = (0, 0);
                for at in (0..block.len()).filter(|&at| block[at..].starts_with(b"\x1b[")) {
                    let end = at + 2 + block[at + 2..].iter().take_while(|&&byte| byte & 0xf0 == 0x30).count();
                    let last = block.get(end).copied().unwrap_or(0);
                    if (0x40..0x7f).contains(&last) && end - at <= 62 {
                        assert_eq!(control_at(&text, index * BLOCK + at, true).unwrap().end, index * BLOCK + end + 1);
                        starts |= 1 << at;
                        ends |= 1 << end;
                    }
                }
                assert_eq!((blocks[index].starts, blocks[index].ends), (starts, ends));
            }
        }
    }

    #[test]
    fn wide_instructions_do_the_same() {
        for text in texts() {
            for screen in [false, true] {
                let (mut blocks, mut blocks_too) = (Vec::new(), Vec::new());
                let nul = sort(&text, screen, &mut blocks);
                assert_eq!(nul, sort_anywhere(&text, screen, &mut blocks_too));
                assert_eq!(blocks, blocks_too);
                let (mut out, mut out_too) = (vec![0; text.len() + ROOM], vec![0; text.len() + ROOM]);
                for bits in blocks.iter_mut().chain(&mut blocks_too) {
                    bits.kept &= 0x5bff_00f1_a5c3_ffff;
                }
                let size = compact(&text, &mut blocks, &mut out);
                assert_eq!(size, compact_anywhere(&text, &mut blocks_too, &mut out_too));
                assert_eq!((&out[..size], blocks), (&out_too[..size], blocks_too));
            }
        }
    }
}
