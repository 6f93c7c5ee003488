//! Short needles, and where they stand: only where a byte of theirs does that most texts have seldom.

use crate::class::Class;
use crate::classes::{Block, BLOCK};
use crate::grams::{word, Grams};
use crate::parts::rank;

/// Bytes that are compared first, from the anchor on.
const GRAM: usize = 4;

/// Some needles, each anchored at its most seldom byte. Immutable, shared between threads.
pub struct Anchors {
    anchors: Class,
    grams: Grams,
    /// Sorted by their `gram`.
    needles: Vec<Needle>,
    /// The bytes of all needles.
    texts: Vec<u8>,
    /// Bytes before the anchor, at most.
    most: usize,
}

struct Needle {
    /// What stands from the anchor on.
    gram: u64,
    /// Bytes before that.
    before: u32,
    /// Where it begins and ends in `texts`.
    start: u32,
    end: u32,
}

impl Drop for Anchors {
    fn drop(&mut self) {
        crate::wipe::wipe(&mut self.texts);
    }
}

impl Anchors {
    /// Bytes of a needle, at least.
    pub const LEAST: usize = GRAM;

    /// None for no needles.
    pub fn new(needles: Vec<Vec<u8>>) -> Option<Anchors> {
        let mut anchors = Class::default();
        let mut texts = Vec::with_capacity(needles.iter().map(Vec::len).sum());
        let mut all = Vec::with_capacity(needles.len());
        for mut needle in needles {
            let before = (0..=needle.len() - GRAM).min_by_key(|&at| rank(needle[at]))?;
            anchors.add(needle[before]);
            let (gram, start) = (word(&needle[before..before + GRAM]), texts.len() as u32);
            texts.extend_from_slice(&needle);
            all.push(Needle { gram, before: before as u32, start, end: texts.len() as u32 });
            crate::wipe::wipe(&mut needle);
        }
        all.sort_unstable_by_key(|needle| needle.gram);
        let most = all.iter().map(|needle| needle.before).max()?;
        let grams = Grams::new(all.iter().map(|needle| needle.gram));
        Some(Anchors { anchors, grams, needles: all, texts, most: most as usize })
    }

    /// Where the first needle stands.
    pub fn find(&self, bytes: &[u8]) -> Option<usize> {
        let mut found: Option<usize> = None;
        for start in (0..bytes.len()).step_by(BLOCK) {
            if found.map_or(false, |found| found + self.most < start) {
                break; // what is anchored here begins later
            }
            let mut open = self.anchors.of(Block::at(bytes, start).bytes());
            while open != 0 {
                let at = start + open.trailing_zeros() as usize;
                open &= open - 1;
                let gram = match bytes.get(at..at + GRAM) {
                    Some(gram) => word(gram),
                    None => break,
                };
                if self.grams.has(gram) {
                    found = found.into_iter().chain(self.around(bytes, at, gram)).min();
                }
            }
        }
        found
    }

    /// Where the first needle stands that has its anchor at a place, with what follows it.
    #[cold]
    fn around(&self, bytes: &[u8], at: usize, gram: u64) -> Option<usize> {
        let first = self.needles.partition_point(|needle| needle.gram < gram);
        let alike = self.needles[first..].iter().take_while(|needle| needle.gram == gram);
        let begin = |needle: &Needle| {
            let begin = at.checked_sub(needle.before as usize)?;
            let text = &self.texts[needle.start as usize..needle.end as usize];
            Some(begin).filter(|&begin| bytes[begin..].starts_with(text))
        };
        alike.filter_map(begin).min()
    }
}

#[cfg(test)]
mod tests {
    use super::Anchors;

    #[test]
    fn the_first_needle_is_found() {
        for size in [4, 5, 9, 15] {
            let needle: Vec<u8> = (0..size).map(|at| b'A' + (at * 7 % 50) as u8).collect();
            let other: Vec<u8> = (0..size).map(|at| b'0' + (at % 10) as u8).collect();
            let anchors = Anchors::new(vec![other.clone(), needle.clone()]).unwrap();
            for before in 0..140 {
                for after in 0..12 {
                    let text = [vec![b'!'; before], needle.clone(), vec![b'!'; after]].concat();
                    assert_eq!(anchors.find(&text), Some(before));
                    assert_eq!(anchors.find(&text[..before + size - 1]), None);
                    let both = [&text[..], &other].concat();
                    assert_eq!(anchors.find(&both), Some(before));
                }
            }
        }
    }

    #[test]
    fn one_that_begins_before_another_is_the_first() {
        // the anchor of the first comes after that of the second
        let anchors = Anchors::new(vec![b"eeeeeeeeQeee".to_vec(), b"eQeeeee".to_vec(), b"eeZeee".to_vec()]).unwrap();
        assert_eq!(anchors.find(b"..eeZeeeeeQeee"), Some(2));
        assert_eq!(anchors.find(b"eeeeeeZeeeQeee"), Some(4));
        assert_eq!(anchors.find(b"1eeeeeeeeQeeeee"), Some(1));
        assert!(Anchors::new(Vec::new()).is_none());
    }
}
