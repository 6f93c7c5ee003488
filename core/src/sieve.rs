//! The proof that a text holds no occurrence in any reading, so nearly all text is never looked at closely.
//!
//! Every key has a needle that stands among the bare bytes of a text wherever the key does.

use std::cell::Cell;

use crate::bare::{Bare, Spot};
use crate::classes::has_any;
use crate::ellipsis::LONGEST_MARK;
use crate::grams::{word, Grams};
use crate::group::Group;
use crate::keys::Keys;
use crate::needles::{end_needle, head, in_sequence, needle_of, short_head, telling, LONG_END, TAIL};
use crate::pattern::{is_space, Pattern, Texts, UNFINISHED};

/// Bytes of a needle below which it is no proof.
const LEAST: usize = 3;
/// Bytes from which needles are looked for by themselves: few are shorter, and they slow the others down.
const LONG: usize = 9;
const SHORT: usize = 6;
/// Bytes of a beginning, and of an end, that are looked for next to an ellipsis.
const HEAD: usize = 4;
/// Bare bytes of an end of a pattern, at most: see `ends`.
const LONGEST_END: usize = 256;

/// Bytes of the end of a sequence that are asked for where nearly nothing comes after them.
const WHOLE_END: usize = 8;
/// Bytes after the end of a sequence that are compared with it.
const AFTER_END: usize = 2;

/// Signs and letters from seldom to common in logs, source code and prose. Only the speed depends on it.
const SELDOM: &[u8] =
    b"`^~|?;<>{}!&%$#*+@\\QZJXqKYzjVWHUGBMxLOFNPDRCTISAE'\"()[]=,kvw_9876543b/:-.yfgpmuhlcd210srnoaite";
const MOST_SELDOM: usize = 8;

/// How common a byte is; those that are no ASCII are the most seldom, ESC is not.
fn rank(byte: u8) -> usize {
    let otherwise = if byte == 0x1b { SELDOM.len() } else { 0 };
    SELDOM.iter().position(|&one| one == byte).unwrap_or(otherwise)
}

/// The byte of some that is the most seldom one; NUL for none.
fn rarest(bytes: &[u8]) -> u8 {
    bytes.iter().copied().min_by_key(|&byte| rank(byte)).unwrap_or(0)
}

/// Some needles, and a byte of each of their keys: those with short needles are mostly of signs, which most
/// texts lack.
struct Seldom {
    group: Option<Group>,
    /// None when they are many.
    bytes: Vec<u8>,
}

impl Seldom {
    /// Of needles, each with the first bytes of its key.
    fn new(needles: Vec<(Vec<u8>, Vec<u8>)>) -> Seldom {
        let mut bytes = Vec::new();
        for (_, head) in &needles {
            let byte = rarest(head);
            if !bytes.contains(&byte) {
                bytes.push(byte);
            }
        }
        if bytes.len() > MOST_SELDOM {
            bytes.clear();
        }
        Seldom { group: Group::new(needles.into_iter().map(|(needle, _)| needle).collect()), bytes }
    }

    /// The needles, where a text may hold any.
    fn of(&self, text: &[u8]) -> Option<&Group> {
        let group = self.group.as_ref()?;
        let any = self.bytes.is_empty() || has_any(text, &self.bytes);
        Some(group).filter(|_| any)
    }
}

/// What clears a text of a set of keys. Immutable, shared between threads.
pub struct Sieve {
    screen: bool,
    shortened: bool,
    long: Option<Group>,
    short: Seldom,
    /// Of needles of which every place has to be looked at.
    tiny: Seldom,
    /// Of keys that have a NUL, as all in UTF-16 have.
    wide: Option<Group>,
    /// Of keys without a needle.
    odd: Sparse,
    /// The ends of sequences that keys may begin with, with what comes after them in the key.
    tails: Option<Grams>,
    /// The last bytes of them.
    finals: Bytes,
    /// The same of keys of which nearly nothing comes after them.
    short_tails: Option<Grams>,
    plain: Edges,
    with_nul: Edges,
}

/// What tells of beginnings and ends of some keys.
#[derive(Default)]
struct Edges {
    /// First bytes of what counts before an ellipsis, and last bytes of what counts after one.
    heads: Parts,
    ends: Parts,
    /// First bytes of every key.
    beginnings: Parts,
    /// A beginning of more bytes than these holds one of them.
    reach: usize,
}

/// A set of bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Bytes([u64; 4]);

impl Bytes {
    fn of(bytes: &[u8]) -> Bytes {
        let mut set = Bytes::default();
        for &byte in bytes {
            set.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
        }
        set
    }

    fn has_one(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }

    fn has(&self, other: &Bytes) -> bool {
        self.0.iter().zip(other.0).all(|(&mine, theirs)| mine & theirs == theirs)
    }
}

/// Keys of which nothing is known but what bytes they are of.
#[derive(Default)]
struct Sparse {
    keys: Vec<Bytes>,
    /// The most seldom byte of each.
    rare: Vec<u8>,
}

impl Sparse {
    fn add(&mut self, key: &[u8]) {
        self.keys.push(Bytes::of(key));
        self.rare.push(rarest(key));
    }

    fn compile(&mut self) {
        self.keys.sort_unstable();
        self.keys.dedup();
        self.rare.sort_unstable();
        self.rare.dedup();
    }

    /// Whether one may stand in a text.
    fn stands_in(&self, text: &There) -> bool {
        if self.keys.is_empty() || !has_any(text.text, &self.rare) {
            return false;
        }
        let there = text.bytes.get().unwrap_or_else(|| Bytes::of(text.text));
        text.bytes.set(Some(there));
        self.keys.iter().any(|key| there.has(key))
    }
}

/// A text, and what bytes are in it once somebody wanted to know.
struct There<'a> {
    text: &'a [u8],
    bytes: Cell<Option<Bytes>>,
}

/// Short pieces, one of which stands wherever certain keys do.
#[derive(Default)]
struct Parts {
    words: Vec<u64>,
    grams: Option<Grams>,
    /// Of keys that have too few.
    sparse: Sparse,
}

impl Parts {
    /// Add the first or the last bytes of a needle, of some bytes.
    fn add(&mut self, needle: &[u8], first: bool, of: &[u8]) {
        if needle.len() < HEAD {
            self.sparse.add(of);
            return;
        }
        let part = if first { &needle[..HEAD] } else { &needle[needle.len() - HEAD..] };
        self.words.push(word(part));
    }

    fn compile(&mut self) {
        self.grams = Grams::some(std::mem::take(&mut self.words));
        self.sparse.compile();
    }

    /// Whether surely none is among some bare bytes, of a text.
    fn absent(&self, bytes: &[u8], text: &There) -> bool {
        self.grams.as_ref().map_or(true, |grams| !grams.any(bytes, HEAD)) && !self.sparse.stands_in(text)
    }
}

impl Sieve {
    /// Of the keys of a set.
    pub fn new(texts: &Texts, patterns: &[Pattern], keys: [&Keys; 2], screen: bool, shortened: bool) -> Sieve {
        let (mut long, mut short, mut tiny, mut wide) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut odd = Sparse::default();
        let (mut plain, mut with_nul) = (Edges::default(), Edges::default());
        let (mut tails, mut short_tails, mut finals) = (Vec::new(), Vec::new(), Vec::new());
        for keys in keys {
            for (index, key) in keys.all().iter().enumerate() {
                let text = keys.text(index);
                let head = head(text, key.least as usize);
                let needle = needle_of(&head, screen);
                let edges = if head.contains(&0) { &mut with_nul } else { &mut plain };
                edges.reach = edges.reach.max(telling(text, HEAD, screen));
                if needle.len() >= HEAD {
                    edges.beginnings.add(&needle, true, &head); // else all of it is reached
                }
                if !key.word && shortened {
                    let head = short_head(text, key.public as usize);
                    edges.heads.add(&needle_of(head, screen), true, head);
                }
                let sizes = in_sequence(&head).into_iter().filter(|&size| screen && size >= LONG_END);
                for size in sizes {
                    finals.push(head[size - 1]);
                    match head.get(size - LONG_END..size + AFTER_END) {
                        Some(around) => tails.push(word(around)),
                        None if size >= WHOLE_END => short_tails.push(word(&head[size - WHOLE_END..size])),
                        None => odd.add(&head),
                    }
                }
                if needle.len() < LEAST {
                    odd.add(&head);
                } else if head.contains(&0) {
                    wide.push(needle);
                } else if needle.len() < LONG {
                    let group = if needle.len() < SHORT { &mut tiny } else { &mut short };
                    group.push((needle, head));
                } else {
                    long.push(needle);
                }
            }
        }
        for pattern in patterns.iter().filter(|pattern| !pattern.rule.word && shortened) {
            let text = pattern.text.of(&texts.0);
            let end = &text[text.len().saturating_sub(UNFINISHED)..];
            let edges = if end.contains(&0) { &mut with_nul } else { &mut plain };
            edges.ends.add(&end_needle(end), false, end);
        }
        for edges in [&mut plain, &mut with_nul] {
            for parts in [&mut edges.heads, &mut edges.ends, &mut edges.beginnings] {
                parts.compile();
            }
        }
        odd.compile();
        Sieve {
            screen,
            shortened,
            long: Group::new(long),
            short: Seldom::new(short),
            tiny: Seldom::new(tiny),
            wide: Group::new(wide),
            odd,
            tails: Grams::some(tails),
            short_tails: Grams::some(short_tails),
            finals: Bytes::of(&finals),
            plain,
            with_nul,
        }
    }

    /// A place near which an occurrence may stand in a text, the first of them; none: the text is clear.
    ///
    /// `is_end` says for sure whether an end of a pattern stands after the ellipsis at a place.
    pub fn look(&self, text: &[u8], bare: &mut Bare, is_end: impl Fn(usize) -> bool) -> Option<usize> {
        bare.read(text, self.screen);
        let there = There { text, bytes: Cell::new(None) };
        if self.odd.stands_in(&there) {
            return Some(0);
        }
        let wide = self.wide.as_ref().filter(|_| bare.nul);
        let groups = [self.long.as_ref(), self.short.of(text), self.tiny.of(text), wide];
        // the contents of strings stand behind the rest, whose places are others
        let (bytes, size) = (bare.bytes(), bare.text_size);
        let first = |from: usize, part: &[u8]| {
            let found = groups.iter().flatten().filter_map(|group| group.find(part)).min();
            found.map(|index| bare.place(from + index))
        };
        let found = [first(0, &bytes[..size]), first(size, &bytes[size..])].into_iter().flatten().min();
        let tail = self.ending(text, bare);
        let near = if self.shortened {
            let is_near = |spot: &&Spot| {
                !self.no_head(bare, spot.bare, &there)
                    || (!self.no_end(bare, spot.bare, &there) && is_end(spot.place))
            };
            bare.ellipses.iter().find(is_near).map(|spot| spot.place)
        } else {
            None
        };
        [found, bare.doubtful, tail, near].into_iter().flatten().min()
    }

    /// What tells of the keys that may stand in a text.
    fn edges(&self, bare: &Bare) -> impl Iterator<Item = &Edges> {
        std::iter::once(&self.plain).chain(Some(&self.with_nul).filter(|_| bare.nul))
    }

    /// Whether surely nothing begins before the ellipsis at an index.
    fn no_head(&self, bare: &Bare, index: usize, there: &There) -> bool {
        let before = &bare.bytes()[index.saturating_sub(TAIL + LONGEST_MARK)..index];
        self.edges(bare).all(|edges| edges.heads.absent(before, there))
    }

    /// Whether surely nothing ends after it.
    fn no_end(&self, bare: &Bare, index: usize, there: &There) -> bool {
        let bytes = bare.bytes();
        let after = &bytes[index..bytes.len().min(index + LONGEST_END + 8)];
        self.edges(bare).all(|edges| edges.ends.absent(after, there))
    }

    /// The most bytes that what begins at the end of a text may have.
    pub fn reach(&self, bare: &Bare) -> usize {
        let size = bare.text_size;
        // an open sequence is data in one reading, in the other the text ends before it
        let ends = [size, bare.cut.map_or(size, |_| bare.bare_cut)];
        let absent = |edges: &Edges, end: usize| {
            let last = &bare.bytes()[end.saturating_sub(TAIL + LONGEST_MARK)..end];
            edges.beginnings.grams.as_ref().map_or(true, |grams| !grams.any(last, HEAD))
        };
        if self.edges(bare).all(|edges| absent(edges, ends[0]) && (ends[0] == ends[1] || absent(edges, ends[1]))) {
            self.edges(bare).map(|edges| edges.reach).max().unwrap_or(0).min(TAIL)
        } else {
            TAIL
        }
    }

    /// Where the first sequence is that ends as a key begins.
    fn ending(&self, text: &[u8], bare: &Bare) -> Option<usize> {
        if self.tails.is_none() && self.short_tails.is_none() {
            return None;
        }
        let is_in = |grams: &Option<Grams>, part: &[u8]| grams.as_ref().map_or(false, |grams| grams.has(word(part)));
        let is_one = |&&(start, end): &&(u32, u32)| {
            let (start, end) = (start as usize, end as usize);
            if !self.finals.has_one(text[end - 1]) || end - start <= LONG_END {
                return false;
            }
            let mut around = [0; LONG_END + AFTER_END];
            around[..LONG_END].copy_from_slice(&text[end - LONG_END..end]);
            if end - start > WHOLE_END && is_in(&self.short_tails, &text[end - WHOLE_END..end]) {
                return true;
            }
            if text.get(end) == Some(&0x1b) {
                return false;
            }
            let mut after = text[end..].iter().filter(|&&byte| !is_space(byte));
            for byte in &mut around[LONG_END..] {
                match after.next() {
                    Some(&next) => *byte = next,
                    None => return false, // so little is looked at closely, at the end of the text
                }
            }
            is_in(&self.tails, &around)
        };
        bare.sequences.iter().find(is_one).map(|sequence| sequence.0 as usize)
    }
}
