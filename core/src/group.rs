//! Needles of about the same length, and where they stand.
//!
//! One place in `stride` is compared with the pieces of the needles: a needle covers one such place.

use crate::grams::{word, word8, Grams};
use crate::keys::first_word;
use crate::pattern::Texts;

/// Bytes compared at a place, at most.
const GRAM: usize = 6;
/// Bytes of the shortest needle that count.
const LONGEST: usize = 32;

/// Some needles. Immutable, shared between threads.
pub struct Group {
    gram: usize,
    stride: usize,
    grams: Grams,
    /// Sorted, none the beginning of another: their first bytes as a number, and where they end in `texts`.
    needles: Vec<(u64, u32)>,
    texts: Texts,
    /// First bytes of needles, to ask before comparing whole ones.
    firsts: Grams,
    first: usize,
}

impl Group {
    /// None for no needles; none of them is empty.
    pub fn new(needles: Vec<Vec<u8>>) -> Option<Group> {
        // most differ in their first bytes, which are at hand as a number
        let mut words: Vec<_> = needles.into_iter().map(|needle| (first_word(&needle), needle)).collect();
        words.sort_unstable();
        let mut needles: Vec<_> = words.into_iter().map(|(_, needle)| needle).collect();
        needles.dedup_by(|later, first| later.starts_with(first));
        let shortest = needles.iter().map(Vec::len).min()?.min(LONGEST);
        let gram = match shortest {
            0..=3 => shortest,
            4..=7 => shortest - 1,
            _ => GRAM,
        };
        let pieces = needles.iter().flat_map(|needle| needle[..shortest].windows(gram).map(word));
        let grams = Grams::new(pieces);
        let first = shortest.min(8);
        let firsts = Grams::new(needles.iter().map(|needle| word(&needle[..first])));
        let mut texts = Vec::with_capacity(needles.iter().map(Vec::len).sum());
        let put = |mut needle: Vec<u8>| {
            texts.extend_from_slice(&needle);
            let word = first_word(&needle[..first]);
            crate::wipe::wipe(&mut needle);
            (word, texts.len() as u32)
        };
        let needles = needles.into_iter().map(put).collect();
        Some(Group { gram, stride: shortest - gram + 1, grams, needles, texts: Texts(texts), firsts, first })
    }

    /// Where the first needle stands.
    pub fn find(&self, bytes: &[u8]) -> Option<usize> {
        let mut at = self.stride - 1;
        // where eight bytes can be read at once
        let mask = !0 >> (64 - 8 * self.gram);
        while let Some(eight) = bytes.get(at..at + 8) {
            if self.grams.has(word8(eight) & mask) {
                if let Some(start) = self.near(bytes, at) {
                    return Some(start);
                }
            }
            at += self.stride;
        }
        while at + self.gram <= bytes.len() {
            if let Some(start) = self.near(bytes, at) {
                return Some(start);
            }
            at += self.stride;
        }
        None
    }

    /// Where a needle stands that covers a place.
    #[cold]
    fn near(&self, bytes: &[u8], at: usize) -> Option<usize> {
        ((at + 1).saturating_sub(self.stride)..=at).find(|&start| self.stands_at(&bytes[start..]))
    }

    fn stands_at(&self, rest: &[u8]) -> bool {
        if rest.len() < self.first || !self.firsts.has(word(&rest[..self.first])) {
            return false;
        }
        let word = first_word(&rest[..self.first]);
        let low = self.needles.partition_point(|needle| needle.0 < word);
        let alike = self.needles[low..].iter().take_while(|needle| needle.0 == word).count();
        let text = |index: usize| {
            let start = index.checked_sub(1).map_or(0, |before| self.needles[before].1 as usize);
            &self.texts.0[start..self.needles[index].1 as usize]
        };
        (low..low + alike).any(|index| rest.starts_with(text(index)))
    }
}

#[cfg(test)]
mod tests {
    use super::Group;

    #[test]
    fn a_needle_is_found_wherever_it_stands() {
        for size in [3, 4, 5, 9, 12, 20, 33, 40, 64] {
            let needle: Vec<u8> = (0..size).map(|at| b'A' + (at * 7 % 50) as u8).collect();
            let other: Vec<u8> = (0..size + 3).map(|at| b'0' + (at % 10) as u8).collect();
            let group = Group::new(vec![other, needle.clone()]).unwrap();
            for before in 0..50 {
                for after in 0..12 {
                    let text = [vec![b'!'; before], needle.clone(), vec![b'!'; after]].concat();
                    assert_eq!(group.find(&text), Some(before));
                    assert_eq!(group.find(&text[..before + size - 1]), None);
                }
            }
        }
    }
}
