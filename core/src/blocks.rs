//! What each block of a text is of, and where in it sequences are: what begins with ESC or is a CSI of one character.

use crate::class::Class;
use crate::classes::{Bits, Block, BLOCK};

/// The blocks of a text. Kept for their room.
#[derive(Default)]
pub struct Blocks {
    pub bits: Vec<Bits>,
    /// There may be sequences.
    pub sequences: bool,
}

impl Blocks {
    /// How many bytes before a place are kept; none where that is beyond the text's blocks.
    pub fn index(&self, place: usize) -> Option<usize> {
        let bits = self.bits.get(place / BLOCK)?;
        Some(bits.before as usize + below(bits.kept, place).count_ones() as usize)
    }

    /// Where a byte that is kept stands.
    pub fn place(&self, index: usize) -> usize {
        let block = self.bits.partition_point(|bits| bits.before as usize <= index) - 1;
        let mut kept = self.bits[block].kept;
        for _ in self.bits[block].before as usize..index {
            kept &= kept - 1;
        }
        block * BLOCK + kept.trailing_zeros() as usize
    }

    /// How many bytes before a place of the text are bare, side by side.
    pub fn solid_to(&self, end: usize) -> usize {
        let (block, rest) = (end / BLOCK, end % BLOCK);
        let last = self.bits.get(block).map_or(0, |bits| bits.kept);
        let (size, all) = if rest > 0 { ((last << (BLOCK - rest)).leading_ones() as usize, rest) } else { (0, 0) };
        if size < all || block == 0 {
            size
        } else {
            size + self.bits[block - 1].kept.leading_ones() as usize
        }
    }

    /// The last of the places before another where a sequence begins, and where that ends.
    pub fn sequence_before(&self, place: usize) -> Option<(usize, usize)> {
        if !self.sequences {
            return None;
        }
        let place = place.min(self.bits.len() * BLOCK);
        let block = place / BLOCK;
        let start = self.last_start(block, self.bits.get(block).map_or(0, |bits| below(bits.starts, place)))?;
        self.places(start, |bits| bits.ends).next().map(|last| (start, last + 1))
    }

    /// Where the sequence begins that ends at a place.
    pub fn sequence_to(&self, end: usize) -> Option<usize> {
        let last = end.checked_sub(1)?;
        let (block, to) = (last / BLOCK, last % BLOCK);
        let bits = self.bits.get(block)?;
        if bits.ends >> to & 1 == 0 {
            return None;
        }
        self.last_start(block, bits.starts & !0 >> (BLOCK - 1 - to))
    }

    /// The last place where a sequence begins: of a block those of some bits, then those of the blocks before it.
    fn last_start(&self, mut block: usize, mut starts: u64) -> Option<usize> {
        while starts == 0 {
            block = block.checked_sub(1)?;
            starts = self.bits[block].starts;
        }
        Some(block * BLOCK + BLOCK - 1 - starts.leading_zeros() as usize)
    }

    /// The first sequence from a place on, which is within none, that ends with one of some bytes and as is wanted.
    pub fn find_sequence(
        &self,
        text: &[u8],
        from: usize,
        finals: &Class,
        is_one: impl Fn(usize) -> bool,
    ) -> Option<(usize, usize)> {
        let first = if self.sequences { from / BLOCK } else { self.bits.len() };
        let usual = finals.has(b'm') || finals.has(b'K');
        for (block, bits) in self.bits.iter().enumerate().skip(first) {
            let mut ends = if usual { bits.ends } else { bits.others };
            if ends != 0 {
                ends &= finals.of(Block::at(text, block * BLOCK).bytes());
            }
            while ends != 0 {
                let end = block * BLOCK + ends.trailing_zeros() as usize + 1;
                ends &= ends - 1;
                if end > from && is_one(end) {
                    return self.sequence_to(end).map(|start| (start, end));
                }
            }
        }
        None
    }

    /// Where the first sequence from a place on, which is within none, begins in which a byte stands that is one of some,
    /// has three of some others after it, and is as wanted.
    pub fn find_within(
        &self,
        text: &[u8],
        from: usize,
        [firsts, others]: [&Class; 2],
        is_one: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let first = if self.sequences { from / BLOCK } else { self.bits.len() };
        for (block, bits) in self.bits.iter().enumerate().skip(first) {
            let bytes = Block::at(text, block * BLOCK);
            let mut open = !bits.kept & firsts.of(bytes.bytes());
            if open != 0 {
                let next = others.of(bytes.bytes()); // of the next block nothing is known
                open &= (next >> 1 | 1 << 63) & (next >> 2 | 3 << 62) & (next >> 3 | 7 << 61);
            }
            while open != 0 {
                let place = block * BLOCK + open.trailing_zeros() as usize;
                open &= open - 1;
                if is_one(place) {
                    match self.sequence_before(place) {
                        Some((start, end)) if start >= from && place < end => return Some(start),
                        _ => {}
                    }
                }
            }
        }
        None
    }

    /// (start, end) of every sequence from a place on, which is within none.
    pub fn sequences(&self, from: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.places(from, |bits| bits.starts).zip(self.places(from, |bits| bits.ends).map(|last| last + 1))
    }

    /// The places from one on of which a bit is set.
    fn places<'a>(&'a self, from: usize, of: impl Fn(&Bits) -> u64 + 'a) -> impl Iterator<Item = usize> + 'a {
        let mut block = from / BLOCK;
        let mut open = self.bits.get(block).map_or(0, |bits| of(bits) & !0 << (from % BLOCK));
        std::iter::from_fn(move || {
            while open == 0 {
                block += 1;
                open = of(self.bits.get(block)?);
            }
            let place = block * BLOCK + open.trailing_zeros() as usize;
            open &= open - 1;
            Some(place)
        })
    }

    /// Keep none of the bytes of a sequence.
    pub fn leave_out(&mut self, begin: usize, end: usize) {
        let last = end - 1;
        self.sequences = true;
        let (first, from) = (begin / BLOCK, !0 << (begin % BLOCK));
        let (block, to) = (last / BLOCK, !0 >> (BLOCK - 1 - last % BLOCK));
        if first == block {
            self.bits[block].kept &= !(from & to);
        } else {
            self.bits[first].kept &= !from;
            self.bits[first + 1..block].iter_mut().for_each(|bits| bits.kept = 0);
            self.bits[block].kept &= !to;
        }
        self.bits[first].starts |= 1 << (begin % BLOCK);
        self.bits[block].ends |= 1 << (last % BLOCK);
        self.bits[block].others |= 1 << (last % BLOCK); // perhaps
    }
}

/// The bits of a block that are before a place in it.
#[inline]
fn below(bits: u64, place: usize) -> u64 {
    bits & !(!0 << (place % BLOCK))
}
