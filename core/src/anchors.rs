//! Short needles, and where they stand: only where a byte of theirs does that most texts have seldom.

use crate::class::Class;
use crate::classes::BLOCK;
use crate::grams::{word, word8, Grams};
use crate::parts::rank;
use crate::pattern::Texts;

/// Blocks of which is asked at once where anchors are.
const BLOCKS: usize = 16;

/// Some needles, each anchored at its most seldom byte. Immutable, shared between threads.
pub struct Anchors {
    anchors: Class,
    /// Bytes that are compared first: from the anchor on, or up to it.
    size: usize,
    after: Option<Grams>,
    before: Option<Grams>,
    /// Sorted by what stands there.
    needles: Vec<Needle>,
    /// The bytes of all needles.
    texts: Texts,
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
        // a word that is taken for one is often there many times
        let of = |side: bool| all.iter().filter(move |needle| needle.gram.0 == side).map(|needle| needle.gram.1);
        let grams = |side: bool| Grams::some(of(side).collect());
        let (after, before) = (grams(false), grams(true));
        Some(Anchors { anchors, size, after, before, needles: all, texts: Texts(texts), most: most as usize })
    }

    /// Where the first needle stands.
    pub fn find(&self, bytes: &[u8]) -> Option<usize> {
        let mut found: Option<usize> = None;
        let mut blocks = [0; BLOCKS];
        for part in (0..bytes.len()).step_by(BLOCKS * BLOCK) {
            self.anchors.of_all(&bytes[part..], &mut blocks);
            for (start, &bits) in (part..bytes.len()).step_by(BLOCK).zip(&blocks) {
                if found.map_or(false, |found| found + self.most < start) {
                    return found; // what is anchored here begins later
                }
                let mut open = bits;
                while open != 0 {
                    let at = start + open.trailing_zeros() as usize;
                    open &= open - 1;
                    if self.may_stand(bytes, at) {
                        found = found.into_iter().chain(self.around(bytes, at)).min();
                    }
                }
            }
        }
        found
    }

    /// Whether a needle may have its anchor at a place, by what follows it and what stands before it.
    #[inline]
    fn may_stand(&self, bytes: &[u8], at: usize) -> bool {
        match (bytes.get(at..at + 8), bytes.get(at.wrapping_sub(7)..at + 1)) {
            (Some(after), Some(before)) => {
                let shift = 64 - 8 * self.size as u32;
                let has = |grams: &Option<Grams>, piece: u64| grams.as_ref().map_or(false, |grams| grams.has(piece));
                has(&self.after, word8(after) << shift >> shift) || has(&self.before, word8(before) >> shift)
            }
            _ => true, // at an end, where it costs little to look
        }
    }

    /// Where the first needle stands that has its anchor at a place, with what follows it or stands before it.
    #[cold]
    fn around(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let standing = |side: bool, place: usize| {
            let gram = bytes.get(place..place + self.size).map(|part| (side, word(part)));
            let first = self.needles.partition_point(|needle| Some(needle.gram) < gram);
            let alike = self.needles[first..].iter().take_while(move |needle| Some(needle.gram) == gram);
            alike.filter_map(move |needle| {
                let begin = at.checked_sub(needle.before as usize)?;
                let text = &self.texts.0[needle.start as usize..needle.end as usize];
                Some(begin).filter(|&begin| bytes[begin..].starts_with(text))
            })
        };
        let before = (at + 1).checked_sub(self.size).into_iter().flat_map(|begin| standing(true, begin));
        standing(false, at).chain(before).min()
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
