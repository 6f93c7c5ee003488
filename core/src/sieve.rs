//! The proof that a text holds no occurrence in any reading, so nearly all text is never looked at closely.
//!
//! Every key has a needle that stands among the bare bytes of a text wherever the key does.

use crate::bare::Bare;
use crate::ellipsis::LONGEST_MARK;
use crate::find::find;
use crate::grams::{word, Grams};
use crate::group::Group;
use crate::keys::Keys;
use crate::needles::{end_needle, head, in_sequence, needle, short_needle, telling, LONG_END, TAIL};
use crate::pattern::{Pattern, Texts};

/// Bytes of a needle below which it is no proof.
const LEAST: usize = 3;
/// Bytes from which needles are looked for by themselves: few are shorter, and they slow the others down.
const LONG: usize = 9;
/// Bytes of a beginning, and of an end, that are looked for next to an ellipsis.
const HEAD: usize = 4;
/// Bare bytes of an end of a pattern, at most: see `ends`.
const LONGEST_END: usize = 256;

/// What clears a text of a set of keys. Immutable, shared between threads.
pub struct Sieve {
    screen: bool,
    shortened: bool,
    long: Option<Group>,
    short: Option<Group>,
    /// Of keys that have a NUL, as all in UTF-16 have.
    wide: Option<Group>,
    /// Of keys without a needle: what bytes they are of.
    odd: Vec<Bytes>,
    /// The ends of sequences that keys may begin with.
    tails: Option<Grams>,
    /// First bytes of what counts before an ellipsis, and last bytes of what counts after one.
    heads: Parts,
    ends: Parts,
    /// First bytes of every key.
    beginnings: Parts,
    /// A beginning of more bytes than these holds one of them.
    pub reach: usize,
}

/// A set of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Bytes([u64; 4]);

impl Bytes {
    fn of(bytes: &[u8]) -> Bytes {
        let mut set = Bytes::default();
        for &byte in bytes {
            set.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
        }
        set
    }

    fn has(&self, other: &Bytes) -> bool {
        self.0.iter().zip(other.0).all(|(&mine, theirs)| mine & theirs == theirs)
    }
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

impl Sieve {
    /// Of the keys of a set.
    pub fn new(texts: &Texts, patterns: &[Pattern], keys: [&Keys; 2], screen: bool, shortened: bool) -> Sieve {
        let (mut long, mut short, mut wide, mut odd) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut heads, mut ends, mut beginnings) = (Parts::default(), Parts::default(), Parts::default());
        let mut tails = Vec::new();
        let mut reach = 0;
        for keys in keys {
            for (index, key) in keys.all().iter().enumerate() {
                let text = keys.text(index);
                let head = head(text, key.least as usize);
                let needle = needle(&head, screen);
                reach = reach.max(telling(text, HEAD, screen));
                beginnings.add(&needle, true);
                if !key.word && shortened {
                    heads.add(&short_needle(text, key.public as usize, screen), true);
                }
                let sizes = in_sequence(&head).into_iter().filter(|&size| screen && size >= LONG_END);
                tails.extend(sizes.map(|size| word(&head[size - LONG_END..size])));
                if needle.len() < LEAST {
                    odd.push(Bytes::of(&head));
                } else if head.contains(&0) {
                    wide.push(needle);
                } else if needle.len() < LONG {
                    short.push(needle);
                } else {
                    long.push(needle);
                }
            }
        }
        for pattern in patterns.iter().filter(|pattern| !pattern.rule.word && shortened) {
            ends.add(&end_needle(pattern.text.of(&texts.0), screen), false);
        }
        for parts in [&mut heads, &mut ends, &mut beginnings] {
            parts.compile();
        }
        odd.dedup();
        Sieve {
            screen,
            shortened,
            long: Group::new(long),
            short: Group::new(short),
            wide: Group::new(wide),
            odd,
            tails: if tails.is_empty() { None } else { Some(Grams::new(tails.into_iter())) },
            heads,
            ends,
            beginnings,
            reach,
        }
    }

    /// A place near which an occurrence may stand in a text, the first of them; none: the text is clear.
    pub fn look(&self, text: &[u8], bare: &mut Bare) -> Option<usize> {
        bare.read(text, self.screen);
        if !self.odd.is_empty() {
            let there = Bytes::of(text);
            if self.odd.iter().any(|odd| there.has(odd)) {
                return Some(0);
            }
        }
        let wide = self.wide.as_ref().filter(|_| bare.nul);
        let groups = [self.long.as_ref(), self.short.as_ref(), wide];
        let found = groups.into_iter().flatten().filter_map(|group| group.find(bare.bytes())).min();
        let found = found.map(|index| bare.place(index));
        let tail = self.tails.as_ref().and_then(|tails| ending(text, bare, tails));
        let near = if self.shortened {
            bare.ellipses.iter().find(|spot| !self.no_part(bare.bytes(), spot.bare)).map(|spot| spot.place)
        } else {
            None
        };
        [found, bare.doubtful, tail, near].into_iter().flatten().min()
    }

    /// Whether nothing begins before, and nothing ends after, the ellipsis at an index.
    fn no_part(&self, bytes: &[u8], index: usize) -> bool {
        let before = &bytes[index.saturating_sub(TAIL + LONGEST_MARK)..index];
        let after = &bytes[index..bytes.len().min(index + LONGEST_END + 8)];
        self.heads.absent(before) && self.ends.absent(after)
    }

    /// Whether nothing that has more than `reach` bytes begins among some bare bytes.
    pub fn no_beginning(&self, bytes: &[u8]) -> bool {
        self.odd.is_empty() && self.beginnings.absent(bytes)
    }
}

/// Where the first sequence is that ends as a key begins.
fn ending(text: &[u8], bare: &Bare, tails: &Grams) -> Option<usize> {
    let is_one = |&&(start, end): &&(u32, u32)| {
        end - start > LONG_END as u32 && tails.has(word(&text[end as usize - LONG_END..end as usize]))
    };
    bare.sequences.iter().find(is_one).map(|sequence| sequence.0 as usize)
}
