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
    /// Sorted, none the beginning of another that could stand where it does not.
    needles: Vec<Needle>,
    texts: Texts,
    /// First bytes of needles, to ask before comparing whole ones.
    firsts: Grams,
    first: usize,
}

struct Needle {
    /// Its first bytes.
    word: u64,
    /// Where it ends in `texts`.
    end: u32,
    /// The longest other one that begins it, or `NONE`.
    parent: u32,
    /// Its key has a backslash between these bytes.
    slashed: bool,
}

const NONE: u32 = u32::MAX;

impl Group {
    /// Of needles, none empty, and whether their keys have a backslash between these bytes; none for none.
    pub fn new(needles: Vec<(Vec<u8>, bool)>) -> Option<Group> {
        // most differ in their first bytes, which are at hand as a number
        let mut words: Vec<_> = needles.into_iter().map(|needle| (first_word(&needle.0), needle)).collect();
        words.sort_unstable();
        let mut needles: Vec<_> = words.into_iter().map(|(_, needle)| needle).collect();
        needles.dedup_by(|(later, slashed), (first, first_slashed)| later.starts_with(first) && *slashed >= *first_slashed);
        let shortest = needles.iter().map(|needle| needle.0.len()).min()?.min(LONGEST);
        let gram = match shortest {
            0..=3 => shortest,
            4..=7 => shortest - 1,
            _ => GRAM,
        };
        let pieces = needles.iter().flat_map(|(needle, _)| needle[..shortest].windows(gram).map(word));
        let grams = Grams::new(pieces);
        let first = shortest.min(8);
        let firsts = Grams::new(needles.iter().map(|(needle, _)| word(&needle[..first])));
        let texts = Texts(Vec::with_capacity(needles.iter().map(|needle| needle.0.len()).sum()));
        let room = Vec::with_capacity(needles.len());
        let mut group = Group { gram, stride: shortest - gram + 1, grams, needles: room, texts, firsts, first };
        for (mut needle, slashed) in needles {
            let mut parent = (group.needles.len() as u32).wrapping_sub(1);
            while parent != NONE && !needle.starts_with(group.text(parent as usize)) {
                parent = group.needles[parent as usize].parent;
            }
            group.texts.0.extend_from_slice(&needle);
            let (word, end) = (first_word(&needle[..first]), group.texts.0.len() as u32);
            group.needles.push(Needle { word, end, parent, slashed });
            crate::wipe::wipe(&mut needle);
        }
        Some(group)
    }

    fn text(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |before| self.needles[before].end as usize);
        &self.texts.0[start..self.needles[index].end as usize]
    }

    /// Where the first needle stands; `has_slash`: whether a backslash is between two places.
    pub fn find(&self, bytes: &[u8], has_slash: impl Fn(usize, usize) -> bool) -> Option<usize> {
        let mut at = self.stride - 1;
        // where eight bytes can be read at once
        let mask = !0 >> (64 - 8 * self.gram);
        while let Some(eight) = bytes.get(at..at + 8) {
            if self.grams.has(word8(eight) & mask) {
                if let Some(start) = self.near(bytes, at, &has_slash) {
                    return Some(start);
                }
            }
            at += self.stride;
        }
        while at + self.gram <= bytes.len() {
            if let Some(start) = self.near(bytes, at, &has_slash) {
                return Some(start);
            }
            at += self.stride;
        }
        None
    }

    /// Where a needle stands that covers a place.
    #[cold]
    fn near(&self, bytes: &[u8], at: usize, has_slash: impl Fn(usize, usize) -> bool) -> Option<usize> {
        ((at + 1).saturating_sub(self.stride)..=at).find(|&start| self.stands_at(bytes, start, &has_slash))
    }

    fn stands_at(&self, bytes: &[u8], start: usize, has_slash: impl Fn(usize, usize) -> bool) -> bool {
        let rest = &bytes[start..];
        if rest.len() < self.first || !self.firsts.has(word(&rest[..self.first])) {
            return false;
        }
        let word = first_word(&rest[..self.first]);
        let low = self.needles.partition_point(|needle| needle.word < word);
        let more = self.needles[low..].partition_point(|needle| needle.word == word);
        // those that it begins with are the last one that is not after it, or begin that one
        let (mut low, mut high) = (low, low + more);
        while low < high {
            let middle = (low + high) / 2;
            if self.text(middle) <= rest {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut index = (low as u32).wrapping_sub(1);
        while index != NONE {
            let (needle, text) = (&self.needles[index as usize], self.text(index as usize));
            if rest.starts_with(text) && (!needle.slashed || has_slash(start, start + text.len() - 1)) {
                return true;
            }
            index = needle.parent;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::Group;

    #[test]
    fn one_that_has_a_backslash_hides_no_longer_one() {
        let of = |text: &str, slashed| (text.as_bytes().to_vec(), slashed);
        let group = Group::new(vec![of("begin-of", true), of("begin-of-one", false), of("begin-of-one-more", true)]).unwrap();
        assert_eq!(group.needles.len(), 2);
        for (text, slash, found) in [
            ("a begin-of-no", false, None),
            ("a begin-of-no", true, Some(2)),
            ("a begin-of-one", false, Some(2)),
            ("a begin-of-z or begin-of-one-more", false, Some(16)),
        ] {
            assert_eq!(group.find(text.as_bytes(), |_, _| slash), found);
        }
    }

    #[test]
    fn a_needle_is_found_wherever_it_stands() {
        for size in [3, 4, 5, 9, 12, 20, 33, 40, 64] {
            let needle: Vec<u8> = (0..size).map(|at| b'A' + (at * 7 % 50) as u8).collect();
            let other: Vec<u8> = (0..size + 3).map(|at| b'0' + (at % 10) as u8).collect();
            let group = Group::new(vec![(other, false), (needle.clone(), false)]).unwrap();
            for before in 0..50 {
                for after in 0..12 {
                    let text = [vec![b'!'; before], needle.clone(), vec![b'!'; after]].concat();
                    assert_eq!(group.find(&text, |_, _| false), Some(before));
                    assert_eq!(group.find(&text[..before + size - 1], |_, _| false), None);
                }
            }
        }
    }
}
