//! The proof that a text holds no occurrence in any reading, so nearly all text is never looked at closely.
//!
//! Every key has a needle that stands among the bare bytes of a text wherever the key does. Of the bare bytes
//! one place in `stride` is compared with the pieces of the needles: a needle covers one such place.

use crate::bare::Bare;
use crate::ellipsis::LONGEST_MARK;
use crate::find::find;
use crate::grams::{word, Grams};
use crate::keys::Keys;
use crate::needles::{end_needle, needle, short_needle, telling, TAIL};
use crate::pattern::{Pattern, Texts};

/// Bytes of a needle below which it is no proof.
const LEAST: usize = 3;
/// Bytes compared at a place, at most.
const GRAM: usize = 6;
/// Bytes of the shortest needle that count.
const LONGEST: usize = 32;
/// Bytes of a beginning, and of an end, that are looked for next to an ellipsis.
const HEAD: usize = 4;
/// Bare bytes of an end of a pattern, at most: see `ends`.
const LONGEST_END: usize = 256;

/// What clears a text of a set of keys. Immutable, shared between threads.
pub struct Sieve {
    screen: bool,
    shortened: bool,
    /// Some key has no needle: nothing is ever clear.
    blind: bool,
    gram: usize,
    stride: usize,
    grams: Grams,
    /// Sorted, none the beginning of another.
    needles: Vec<Vec<u8>>,
    /// First bytes of needles, to ask before comparing whole ones.
    firsts: Grams,
    first: usize,
    /// First bytes of what counts before an ellipsis, and last bytes of what counts after one.
    heads: Parts,
    ends: Parts,
    /// First bytes of every key.
    beginnings: Parts,
    /// A beginning of more bytes than these holds one of them.
    pub reach: usize,
}

/// Pieces of four bytes, and a few that are shorter.
#[derive(Default)]
struct Parts {
    words: Vec<u64>,
    grams: Option<Grams>,
    few: Vec<Vec<u8>>,
}

const FEW: usize = 16;

impl Parts {
    /// Add the first or the last bytes of a needle.
    fn add(&mut self, needle: &[u8], first: bool) {
        if needle.len() >= HEAD {
            let part = if first { &needle[..HEAD] } else { &needle[needle.len() - HEAD..] };
            self.words.push(word(part));
        } else if self.few.len() <= FEW && !self.few.iter().any(|one| one == needle) {
            self.few.push(needle.to_vec());
        }
    }

    fn compile(&mut self) {
        self.grams = Some(Grams::new(std::mem::take(&mut self.words).into_iter()));
    }

    /// Whether surely none is among some bytes.
    fn absent(&self, bytes: &[u8]) -> bool {
        self.few.len() <= FEW
            && self.few.iter().all(|one| !one.is_empty() && find(bytes, one).is_none())
            && self.grams.as_ref().map_or(false, |grams| !grams.any(bytes, HEAD))
    }
}

impl Drop for Sieve {
    fn drop(&mut self) {
        for needle in &mut self.needles {
            crate::wipe::wipe(needle);
        }
    }
}

impl Sieve {
    /// Of the keys of a set.
    pub fn new(texts: &Texts, patterns: &[Pattern], keys: [&Keys; 2], screen: bool, shortened: bool) -> Sieve {
        let mut needles = Vec::new();
        let (mut heads, mut ends, mut beginnings) = (Parts::default(), Parts::default(), Parts::default());
        let mut reach = 0;
        let mut blind = false;
        for keys in keys {
            for (index, key) in keys.all().iter().enumerate() {
                let text = keys.text(index);
                let needle = needle(text, key.least as usize, screen);
                blind |= needle.len() < LEAST;
                reach = reach.max(telling(text, HEAD, screen));
                beginnings.add(&needle, true);
                if !key.word && shortened {
                    heads.add(&short_needle(text, key.public as usize, screen), true);
                }
                needles.push(needle);
            }
        }
        for pattern in patterns.iter().filter(|pattern| !pattern.rule.word && shortened) {
            ends.add(&end_needle(pattern.text.of(&texts.0), screen), false);
        }
        heads.compile();
        ends.compile();
        beginnings.compile();
        needles.sort_unstable();
        needles.dedup_by(|later, first| later.starts_with(first));
        let shortest = needles.iter().map(Vec::len).min().unwrap_or(LONGEST).clamp(1, LONGEST);
        let gram = if shortest > GRAM + 1 { GRAM } else { shortest.max(LEAST + 1) - 1 };
        let gram = gram.min(shortest);
        let stride = shortest - gram + 1;
        let each = |needle: &Vec<u8>| -> Vec<u64> {
            needle[..shortest.min(needle.len())].windows(gram).map(word).collect()
        };
        let grams = Grams::new(needles.iter().flat_map(each));
        let first = shortest.min(8);
        let firsts = Grams::new(needles.iter().map(|needle| word(&needle[..first.min(needle.len())])));
        Sieve {
            screen,
            shortened,
            blind,
            gram,
            stride,
            grams,
            needles,
            firsts,
            first,
            heads,
            ends,
            beginnings,
            reach,
        }
    }

    /// A place near which an occurrence may stand in a text, the first of them; none: the text is clear.
    pub fn look(&self, text: &[u8], bare: &mut Bare) -> Option<usize> {
        bare.read(text, self.screen);
        if self.blind {
            return Some(0);
        }
        let found = self.first_needle(bare.bytes()).map(|index| bare.place(index));
        let found = [found, bare.doubtful].into_iter().flatten().min();
        if !self.shortened || bare.ellipses.is_empty() {
            return found;
        }
        let near = bare.ellipses.iter().find(|spot| !self.no_part(bare.bytes(), spot.bare));
        [found, near.map(|spot| spot.place)].into_iter().flatten().min()
    }

    /// Where the first needle stands.
    fn first_needle(&self, bytes: &[u8]) -> Option<usize> {
        let mut at = self.stride - 1;
        while at + self.gram <= bytes.len() {
            if self.grams.has_at(bytes, at, self.gram) {
                for start in (at + 1).saturating_sub(self.stride)..=at {
                    if self.stands_at(bytes, start) {
                        return Some(start);
                    }
                }
            }
            at += self.stride;
        }
        None
    }

    fn stands_at(&self, bytes: &[u8], start: usize) -> bool {
        let rest = &bytes[start..];
        if rest.len() < self.first || !self.firsts.has(word(&rest[..self.first])) {
            return false;
        }
        let after = self.needles.partition_point(|needle| needle.as_slice() <= rest);
        after > 0 && rest.starts_with(&self.needles[after - 1])
    }

    /// Whether nothing begins before, and nothing ends after, the ellipsis at an index.
    fn no_part(&self, bytes: &[u8], index: usize) -> bool {
        let before = &bytes[index.saturating_sub(TAIL + LONGEST_MARK)..index];
        let after = &bytes[index..bytes.len().min(index + LONGEST_END + 8)];
        self.heads.absent(before) && self.ends.absent(after)
    }

    /// Whether nothing that has more than `reach` bytes begins among some bare bytes.
    pub fn no_beginning(&self, bytes: &[u8]) -> bool {
        !self.blind && self.beginnings.absent(bytes)
    }
}
