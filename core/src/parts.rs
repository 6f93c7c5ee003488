//! What tells whether any of some keys may stand in a text, from little of each.

use crate::class::Class;
use crate::classes::{packed, Block, BLOCK};
use crate::grams::{word, Grams};
use crate::pattern::is_space;

/// Bytes of a beginning, and of an end, that are looked for.
pub const HEAD: usize = 4;

/// Signs and letters from seldom to common in logs, source code and prose. Only the speed depends on it.
const SELDOM: &[u8] =
    b"`^~|?;<>{}!&%$#*+@\\QZJXqKYzjVWHUGBMxLOFNPDRCTISAE'\"()[]=,kvw_9876543b/:-.yfgpmuhlcd210srnoaite";
/// How many of them are looked for first, one by one; and how many are seldom.
const MOST_SELDOM: usize = 27;
pub const ALL_SELDOM: usize = 49;

/// Those that are no ASCII are the most seldom, ESC is not.
const RANKS: [u8; 256] = {
    let mut ranks = [0; 256];
    ranks[0x1b] = SELDOM.len() as u8;
    let mut rank = 0;
    while rank < SELDOM.len() {
        ranks[SELDOM[rank] as usize] = rank as u8;
        rank += 1;
    }
    ranks
};

/// How common a byte is.
pub fn rank(byte: u8) -> usize {
    usize::from(RANKS[usize::from(byte)])
}

/// The byte of some that is the most seldom one; NUL for none.
fn rarest(bytes: &[u8]) -> u8 {
    bytes.iter().copied().min_by_key(|&byte| rank(byte)).unwrap_or(0)
}

/// Blocks of which is asked at once.
const BLOCKS: usize = 16;

/// A set of bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Bytes([u64; 4]);

impl Bytes {
    pub fn of(bytes: &[u8]) -> Bytes {
        // one by one, for a bit waits for the one before it
        let mut seen = [[0u8; BLOCK]; 4];
        bytes.iter().for_each(|&byte| seen[usize::from(byte >> 6)][usize::from(byte & 63)] = 1);
        Bytes([packed(&seen[0]), packed(&seen[1]), packed(&seen[2]), packed(&seen[3])])
    }

    /// Those of a class alone.
    fn among(bytes: &[u8], class: &Class) -> Bytes {
        let mut found = Bytes::default();
        let mut blocks = [0; BLOCKS];
        for part in bytes.chunks(BLOCKS * BLOCK) {
            class.of_all(part, &mut blocks);
            for (block, &bits) in part.chunks(BLOCK).zip(&blocks) {
                let mut open = bits;
                while open != 0 {
                    let byte = block.get(open.trailing_zeros() as usize); // the last one may be filled up
                    open &= open - 1;
                    if let Some(&byte) = byte {
                        found.add(byte);
                    }
                }
            }
        }
        found
    }

    fn add(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    /// The bytes that both have.
    fn and(&self, other: &Bytes) -> Bytes {
        let mut both = *self;
        both.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine &= theirs);
        both
    }

    pub fn has(&self, other: &Bytes) -> bool {
        self.0.iter().zip(other.0).all(|(&mine, theirs)| mine & theirs == theirs)
    }

    fn has_byte(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }
}

/// Keys of which nothing is known but what bytes they are of.
#[derive(Default)]
pub struct Sparse {
    /// Sorted by the most seldom byte of each.
    keys: Vec<(u8, Bytes)>,
    /// Those bytes.
    pub rare: Class,
    /// Those, and all that are no text or in few.
    telling: Class,
    told: Bytes,
    /// Each of them, and where its keys end.
    ends: Vec<(u8, usize)>,
}

impl Sparse {
    pub fn add(&mut self, key: &[u8]) {
        let byte = rarest(key);
        self.keys.push((byte, Bytes::of(key)));
        self.rare.add(byte);
    }

    pub fn compile(&mut self) {
        self.keys.sort_unstable();
        self.keys.dedup();
        let no_text = (0..=255u8).filter(|&byte| !(b' '..0x7f).contains(&byte) && byte != 0x1b && !is_space(byte));
        for byte in no_text.chain(SELDOM[..MOST_SELDOM].iter().copied()).chain(self.keys.iter().map(|key| key.0)) {
            self.telling.add(byte);
            self.told.add(byte);
        }
        for (index, &(byte, _)) in self.keys.iter().enumerate() {
            match self.ends.last_mut() {
                Some(last) if last.0 == byte => last.1 = index + 1,
                _ => self.ends.push((byte, index + 1)),
            }
        }
    }

    /// Whether one may stand in a text.
    pub fn stands_in(&self, text: &[u8]) -> bool {
        if self.keys.is_empty() || !self.rare.is_in(text) {
            return false;
        }
        // of those first that few texts have
        let told = |key: &Bytes| key.and(&self.told);
        self.stands_among(&Bytes::among(text, &self.telling), told) && self.stands_among(&Bytes::of(text), |&key| key)
    }

    /// Whether all bytes of a key that count are among some.
    fn stands_among(&self, there: &Bytes, counting: impl Fn(&Bytes) -> Bytes) -> bool {
        let mut begin = 0;
        self.ends.iter().any(|&(byte, end)| {
            let keys = &self.keys[begin..end];
            begin = end;
            there.has_byte(byte) && keys.iter().any(|(_, key)| there.has(&counting(key)))
        })
    }
}

/// Short pieces, one of which stands wherever certain keys do.
#[derive(Default)]
pub struct Parts {
    words: Vec<u64>,
    grams: Option<Grams>,
    /// Their first bytes.
    firsts: Class,
    /// More of them, where there is more; those of which there isn't.
    long_words: Vec<u64>,
    long: Option<Grams>,
    short_words: Vec<u64>,
    short: Option<Grams>,
    /// They are last bytes, not first ones.
    last: bool,
    /// Of keys that have too few.
    pub sparse: Sparse,
}

/// Bytes of a piece that tell it from text, where so many are known.
const LONG: usize = 6;

impl Parts {
    /// Add the first or the last bytes of a needle, of some bytes.
    pub fn add(&mut self, needle: &[u8], first: bool, of: &[u8]) {
        if needle.len() < HEAD {
            self.sparse.add(of);
            return;
        }
        self.last = !first;
        let part = |size: usize| word(if first { &needle[..size] } else { &needle[needle.len() - size..] });
        self.words.push(part(HEAD));
        self.firsts.add(part(HEAD) as u8); // of a needle, so ASCII
        if needle.len() < LONG {
            self.short_words.push(part(HEAD));
        } else {
            self.long_words.push(part(LONG));
        }
    }

    pub fn compile(&mut self) {
        self.grams = Grams::some(std::mem::take(&mut self.words));
        self.short = Grams::some(std::mem::take(&mut self.short_words));
        self.long = Grams::some(std::mem::take(&mut self.long_words));
        self.sparse.compile();
    }

    /// Whether any of the shorter pieces may be among some bare bytes.
    pub fn any(&self, bytes: &[u8]) -> bool {
        let grams = match &self.grams {
            Some(grams) => grams,
            None => return false,
        };
        let mut starts = (0..bytes.len()).step_by(BLOCK);
        starts.any(|start| {
            let mut open = self.firsts.of(Block::at(bytes, start).bytes());
            while open != 0 {
                let at = start + open.trailing_zeros() as usize;
                open &= open - 1;
                if at + HEAD > bytes.len() {
                    return false;
                }
                if grams.has_at(bytes, at, HEAD) {
                    return true;
                }
            }
            false
        })
    }

    /// Whether a piece may stand at a place of some bytes.
    fn stands_at(&self, bytes: &[u8], at: usize) -> bool {
        let is_in = |grams: &Option<Grams>, from: usize, size: usize| {
            let part = bytes.get(from..from + size);
            part.map_or(false, |part| grams.as_ref().map_or(false, |grams| grams.has(word(part))))
        };
        if !is_in(&self.grams, at, HEAD) {
            return false;
        }
        let from = if self.last { at.checked_sub(LONG - HEAD) } else { Some(at) };
        is_in(&self.short, at, HEAD) || from.map_or(false, |from| is_in(&self.long, from, LONG))
    }

    /// Whether surely none is among some bare bytes.
    pub fn absent(&self, bytes: &[u8]) -> bool {
        !(self.any(bytes) && (0..bytes.len()).any(|at| self.stands_at(bytes, at)))
    }
}
