//! Short needles, and where they stand: only where a byte of theirs does that most texts have seldom.

use std::ops::Range;

use crate::class::Class;
use crate::classes::{Block, BLOCK};
use crate::grams::{word, Grams};
use crate::parts::rank;

/// Bytes whose anchors are told at once.
const PART: usize = 4 * BLOCK;

/// Some needles, each anchored at its most seldom byte. Immutable, shared between threads.
pub struct Anchors {
    anchors: Class,
    /// Bytes that are compared first: from the anchor on, or up to it.
    size: usize,
    after: Grams,
    before: Grams,
    /// Sorted by what stands there.
    needles: Vec<Needle>,
    /// The bytes of all needles.
    texts: Vec<u8>,
    /// Bytes before the anchor, at most.
    most: usize,
}

struct Needle {
    /// Whether these bytes end with the anchor, and what they are.
    gram: (bool, u64),
    /// Bytes before the anchor.
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
    /// Of needles of `size` bytes and more, at most 8; none for no needles.
    pub fn new(needles: Vec<Vec<u8>>, size: usize) -> Option<Anchors> {
        let mut anchors = Class::default();
        let mut texts = Vec::with_capacity(needles.iter().map(Vec::len).sum());
        let mut all = Vec::with_capacity(needles.len());
        for mut needle in needles {
            let places = (0..needle.len()).filter(|&at| at + size <= needle.len() || at + 1 >= size);
            let at = places.min_by_key(|&at| rank(needle[at]))?;
            anchors.add(needle[at]);
            let gram = match needle.get(at..at + size) {
                Some(gram) => (false, word(gram)),
                None => (true, word(&needle[at + 1 - size..=at])),
            };
            let start = texts.len() as u32;
            texts.extend_from_slice(&needle);
            all.push(Needle { gram, before: at as u32, start, end: texts.len() as u32 });
            crate::wipe::wipe(&mut needle);
        }
        all.sort_unstable_by_key(|needle| needle.gram);
        let most = all.iter().map(|needle| needle.before).max()?;
        let grams = |side: bool| Grams::new(all.iter().filter(|needle| needle.gram.0 == side).map(|needle| needle.gram.1));
        let (after, before) = (grams(false), grams(true));
        Some(Anchors { anchors, size, after, before, needles: all, texts, most: most as usize })
    }

    /// Where the first needle stands.
    pub fn find(&self, bytes: &[u8]) -> Option<usize> {
        let mut found: Option<usize> = None;
        let mut places = [0; PART + BLOCK + 8];
        for start in (0..bytes.len()).step_by(PART) {
            if found.map_or(false, |found| found + self.most < start) {
                break; // what is anchored here begins later
            }
            let part = start..bytes.len().min(start + PART);
            let count = self.places(bytes, part, &mut places);
            for &at in &places[..count] {
                let begin = (at + 1).saturating_sub(self.size); // what is nearer to the beginning is no end of as many
                let after = at + self.size <= bytes.len() && self.after.has_at(bytes, at, self.size);
                let before = begin + self.size <= bytes.len() && self.before.has_at(bytes, begin, self.size);
                if after | before {
                    for gram in [(false, at), (true, begin)] {
                        found = found.into_iter().chain(self.around(bytes, at, gram)).min();
                    }
                }
            }
        }
        found
    }

    /// Where anchors may stand in a part of some bytes, first in `places`; how many. A list first, for a loop that ends
    /// after each block is one that the processor can't foresee.
    fn places(&self, bytes: &[u8], part: Range<usize>, places: &mut [usize; PART + BLOCK + 8]) -> usize {
        let mut count = 0;
        for start in part.step_by(BLOCK) {
            let mut open = self.anchors.of(Block::at(bytes, start).bytes());
            let (mut at, size) = (count, open.count_ones() as usize);
            count += size;
            while open != 0 {
                // more than there are, which are written over
                for place in &mut places[at..at + 8] {
                    *place = start + open.trailing_zeros() as usize;
                    open &= open.wrapping_sub(1);
                }
                at += 8;
            }
        }
        count
    }

    /// Where the first needle stands that has its anchor at a place, with what follows it or stands before it.
    #[cold]
    fn around(&self, bytes: &[u8], at: usize, (side, place): (bool, usize)) -> Option<usize> {
        let gram = (side, word(bytes.get(place..place + self.size)?));
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
        for (size, gram) in [(3, 3), (4, 4), (5, 4), (9, 4), (15, 4)] {
            let needle: Vec<u8> = (0..size).map(|at| b'A' + (at * 7 % 50) as u8).collect();
            let other: Vec<u8> = (0..size).map(|at| b'0' + (at % 10) as u8).collect();
            let anchors = Anchors::new(vec![other.clone(), needle.clone()], gram).unwrap();
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
        // the anchor of the first comes after that of the second; the last has nothing but its end after it
        let anchors = Anchors::new(vec![b"eeeeeeeeQeee".to_vec(), b"eQeeeee".to_vec(), b"eeZeee".to_vec()], 4).unwrap();
        assert_eq!(anchors.find(b"..eeZeeeeeQeee"), Some(2));
        assert_eq!(anchors.find(b"eeeeeeZeeeQeee"), Some(4));
        assert_eq!(anchors.find(b"1eeeeeeeeQeeeee"), Some(1));
        let anchors = Anchors::new(vec![b"eeeeeeQ".to_vec(), b"aaQaaaa".to_vec()], 4).unwrap();
        assert_eq!(anchors.find(b"aaQaaa.eeeeeeQ"), Some(7));
        assert!(Anchors::new(Vec::new(), 4).is_none());
    }
}
