//! What the keys with one beginning have in common.

use std::ops::Range;

use crate::keys::Key;
use crate::occurrence::SHOWN;
use crate::pattern::{Left, Pattern};

/// What keys have in common.
#[derive(Clone, Copy)]
pub struct Beginning {
    /// Bytes that an idle terminal may show: a few after those that are no secret.
    pub early: usize,
    /// Of the first pattern.
    pub order: u32,
    /// Bytes that are no secret, of the one that has the fewest.
    pub head: usize,
    /// Every one's `Rule.left`.
    pub left: Left,
}

impl Beginning {
    fn of(key: &Key, pattern: &Pattern) -> Beginning {
        let public = key.public as usize;
        let early = public + SHOWN.min((key.text.size as usize - public) / 8);
        Beginning { early, order: key.order, head: public, left: pattern.rule.left }
    }

    fn or(self, other: Beginning) -> Beginning {
        Beginning {
            early: self.early.min(other.early),
            order: self.order.min(other.order),
            head: self.head.min(other.head),
            left: self.left.or(other.left),
        }
    }
}

const BLOCK: usize = 32;

/// The same for any range of sorted keys: of each, and of blocks of them.
pub struct Beginnings {
    each: Vec<Small>,
    lefts: Vec<Left>,
    blocks: Vec<Beginning>,
}

/// A `Beginning` whose `left` is an index.
struct Small {
    early: u32,
    order: u32,
    head: u32,
    left: u32,
}

impl Beginnings {
    /// Of sorted keys.
    pub fn new(keys: &[Key], patterns: &[Pattern]) -> Beginnings {
        let mut lefts = vec![Left::default()];
        let mut each = Vec::with_capacity(keys.len());
        let mut blocks: Vec<Beginning> = Vec::with_capacity(keys.len() / BLOCK + 1);
        for (index, key) in keys.iter().enumerate() {
            let one = Beginning::of(key, &patterns[key.order as usize]);
            if !one.left.is_empty() {
                lefts.push(one.left);
            }
            let left = if one.left.is_empty() { 0 } else { lefts.len() - 1 };
            each.push(Small { early: one.early as u32, order: one.order, head: one.head as u32, left: left as u32 });
            match blocks.last_mut() {
                Some(block) if index % BLOCK > 0 => *block = block.or(one),
                _ => blocks.push(one),
            }
        }
        Beginnings { each, lefts, blocks }
    }

    fn one(&self, index: usize) -> Beginning {
        let one = &self.each[index];
        Beginning {
            early: one.early as usize,
            order: one.order,
            head: one.head as usize,
            left: self.lefts[one.left as usize],
        }
    }

    /// What the keys of a range, which is not empty, have in common.
    pub fn of(&self, range: Range<usize>) -> Beginning {
        let mut found = self.one(range.start);
        let mut index = range.start + 1;
        while index < range.end {
            if index % BLOCK == 0 && index + BLOCK <= range.end {
                found = found.or(self.blocks[index / BLOCK]);
                index += BLOCK;
            } else {
                found = found.or(self.one(index));
                index += 1;
            }
        }
        found
    }
}
