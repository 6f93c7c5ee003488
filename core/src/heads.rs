//! The first bytes of keys, and where in a text they stand.

use crate::grams::{word8, SPREAD};

/// Bytes of a key that tell where it may begin.
pub const HEAD: usize = 4;
/// Bytes of a key that tell it from text: four are in many a word.
const TELLING: usize = 8;

/// A set of 64-bit words: open addressing, a bitmap before it.
struct Words {
    slots: Vec<u64>,
    full: Vec<bool>,
    shift: u32,
}

impl Words {
    fn new(words: &[u64]) -> Words {
        let size = (2 * words.len() + 2).next_power_of_two();
        let mut set = Words { slots: vec![0; size], full: vec![false; size], shift: 64 - size.trailing_zeros() };
        for &word in words {
            let at = set.slot(word);
            set.slots[at] = word;
            set.full[at] = true;
        }
        set
    }

    /// Where a word is, or belongs.
    #[inline]
    fn slot(&self, word: u64) -> usize {
        let mut at = (word.wrapping_mul(SPREAD) >> self.shift) as usize;
        while self.full[at] && self.slots[at] != word {
            at = (at + 1) & (self.slots.len() - 1);
        }
        at
    }

    #[inline]
    fn has(&self, word: u64) -> bool {
        self.full[self.slot(word)]
    }
}

/// The first four bytes, and for those that are long the first eight, of some keys.
pub struct Heads {
    /// A bit for each hash of four bytes.
    map: Box<[u64; 1 << (MAP_BITS - 6)]>,
    /// Heads of keys of which one has less than eight bytes.
    bare: Words,
    /// Heads of the others.
    long: Words,
    telling: Words,
    /// Keys of less than four bytes, by their first byte.
    short: Vec<Vec<Box<[u8]>>>,
    any_short: bool,
    /// A bit for each hash of one, two or three bytes that a longer key begins with.
    begins: Vec<u64>,
    /// Which first bytes keys of four bytes or more have, where these are few.
    firsts: Option<Box<[bool; 256]>>,
}

/// First bytes that are few: asked for by themselves.
const FEW: usize = 8;

const MAP_BITS: u32 = 17;
const BEGIN_BITS: u32 = 16;

#[inline]
fn begin_slot(part: &[u8]) -> usize {
    let number = part.iter().fold(part.len() as u32, |number, &byte| number << 8 | u32::from(byte));
    (number.wrapping_mul(0x9e37_79b1) >> (32 - BEGIN_BITS)) as usize
}

#[inline]
fn map_slot(head: u32) -> u32 {
    head.wrapping_mul(0x9e37_79b1) >> (32 - MAP_BITS)
}

#[inline]
fn word4(text: &[u8]) -> u32 {
    u32::from_be_bytes([text[0], text[1], text[2], text[3]])
}

impl Heads {
    /// Of keys, none empty: the first bytes of each, and its size.
    pub fn new(keys: impl Iterator<Item = ([u8; TELLING], usize)>) -> Heads {
        let (mut bare, mut long, mut telling) = (Vec::new(), Vec::new(), Vec::new());
        let mut short = vec![Vec::new(); 256];
        let mut any_short = false;
        let mut map = Box::new([0; 1 << (MAP_BITS - 6)]);
        let mut begins = vec![0; 1 << (BEGIN_BITS - 6)];
        let mut firsts = Box::new([false; 256]);
        for (first, size) in keys {
            let key = &first[..size.min(TELLING)];
            for size in 1..HEAD.min(key.len()) {
                let slot = begin_slot(&key[..size]);
                begins[slot >> 6] |= 1 << (slot & 63);
            }
            if key.len() < HEAD {
                short[usize::from(key[0])].push(key.into());
                any_short = true;
                continue;
            }
            firsts[usize::from(key[0])] = true;
            let head = word4(key);
            map[map_slot(head) as usize >> 6] |= 1 << (map_slot(head) & 63);
            if key.len() < TELLING {
                bare.push(u64::from(head));
            } else {
                long.push(u64::from(head));
                telling.push(word8(key));
            }
        }
        Heads {
            map,
            bare: Words::new(&bare),
            long: Words::new(&long),
            telling: Words::new(&telling),
            short,
            any_short,
            begins,
            firsts: if firsts.iter().filter(|&&is_one| is_one).count() > FEW { None } else { Some(firsts) },
        }
    }

    /// Whether a key may begin with a part of one to three bytes, and go on after it.
    #[inline]
    pub fn may_begin(&self, part: &[u8]) -> bool {
        let slot = begin_slot(part);
        self.begins[slot >> 6] >> (slot & 63) & 1 == 1
    }

    /// Whether a key may begin with a part of four bytes or more, and go on after it.
    #[inline]
    pub fn may_go_on(&self, part: &[u8]) -> bool {
        let slot = map_slot(word4(part));
        if self.map[slot as usize >> 6] >> (slot & 63) & 1 == 0 {
            return false;
        }
        let head = u64::from(word4(part));
        self.bare.has(head) || if part.len() < TELLING { self.long.has(head) } else { self.telling.has(word8(&part[..TELLING])) }
    }

    /// Add where in `text` a key may begin, in order; bytes from `end` on may turn out to be none.
    pub fn starts(&self, text: &[u8], end: usize, found: &mut Vec<usize>) {
        if self.any_short {
            let is_short = |at: &usize| {
                let rest = &text[*at..];
                self.short[usize::from(rest[0])].iter().any(|key| rest.starts_with(key))
            };
            found.extend((0..text.len()).filter(is_short));
        }
        let short = found.len();
        let last = text.get(HEAD - 1..).unwrap_or(&[]);
        let is_start = |at: usize| self.is_start(&text[at..], at + TELLING > end);
        if let Some(firsts) = &self.firsts {
            found.extend((0..last.len()).filter(|&at| firsts[usize::from(text[at])] && is_start(at)));
        } else {
            let mut head = text.iter().take(HEAD - 1).fold(0, |head, &byte| head << 8 | u32::from(byte));
            for at in 0..last.len() {
                head = head << 8 | u32::from(last[at]);
                let slot = map_slot(head);
                if self.map[slot as usize >> 6] >> (slot & 63) & 1 == 1 && is_start(at) {
                    found.push(at);
                }
            }
        }
        if short > 0 {
            found.sort_unstable();
            found.dedup();
        }
    }

    /// Whether a key of four bytes or more may begin with a text; `short` when not all it tells it by is sure.
    fn is_start(&self, text: &[u8], short: bool) -> bool {
        let head = u64::from(word4(text));
        self.bare.has(head) || if short || text.len() < TELLING { self.long.has(head) } else { self.telling.has(word8(&text[..TELLING])) }
    }
}
