//! What tells whether any of some keys may stand in a text, from little of each.

use std::cell::Cell;

use crate::class::Class;
use crate::classes::{Block, BLOCK};
use crate::grams::{word, Grams};

/// Bytes of a beginning, and of an end, that are looked for.
pub const HEAD: usize = 4;

/// Signs and letters from seldom to common in logs, source code and prose. Only the speed depends on it.
const SELDOM: &[u8] =
    b"`^~|?;<>{}!&%$#*+@\\QZJXqKYzjVWHUGBMxLOFNPDRCTISAE'\"()[]=,kvw_9876543b/:-.yfgpmuhlcd210srnoaite";
/// How many of them are seldom.
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

/// A set of bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Bytes([u64; 4]);

impl Bytes {
    pub fn of(bytes: &[u8]) -> Bytes {
        // of a long text one by one, for a bit waits for the one before it
        let mut seen = [false; 256];
        bytes.iter().for_each(|&byte| seen[usize::from(byte)] = true);
        let mut set = Bytes::default();
        for (byte, _) in seen.iter().enumerate().filter(|(_, &seen)| seen) {
            set.0[byte >> 6] |= 1 << (byte & 63);
        }
        set
    }

    pub fn has(&self, other: &Bytes) -> bool {
        self.0.iter().zip(other.0).all(|(&mine, theirs)| mine & theirs == theirs)
    }
}

/// Keys of which nothing is known but what bytes they are of.
#[derive(Default)]
pub struct Sparse {
    keys: Vec<Bytes>,
    /// The most seldom byte of each.
    pub rare: Class,
}

impl Sparse {
    pub fn add(&mut self, key: &[u8]) {
        self.keys.push(Bytes::of(key));
        self.rare.add(rarest(key));
    }

    pub fn compile(&mut self) {
        self.keys.sort_unstable();
        self.keys.dedup();
    }

    /// Whether one may stand in a text.
    pub fn stands_in(&self, text: &There) -> bool {
        if self.keys.is_empty() || !self.rare.is_in(text.text) {
            return false;
        }
        let there = text.bytes.get().unwrap_or_else(|| Bytes::of(text.text));
        text.bytes.set(Some(there));
        self.keys.iter().any(|key| there.has(key))
    }
}

/// A text, and what bytes are in it once somebody wanted to know.
pub struct There<'a> {
    pub text: &'a [u8],
    pub bytes: Cell<Option<Bytes>>,
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

    /// Whether surely none is among some bare bytes, of a text.
    pub fn absent(&self, bytes: &[u8], text: &There) -> bool {
        !(self.any(bytes) && (0..bytes.len()).any(|at| self.stands_at(bytes, at))) && !self.sparse.stands_in(text)
    }
}
