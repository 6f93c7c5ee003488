//! The proof that a text holds no occurrence in any reading, so nearly all text is never looked at closely.
//!
//! Every key has a needle that stands among the bare bytes of a text wherever the key does.

use crate::anchors::Anchors;
use crate::bare::{Bare, Spot};
use crate::beside::add_spaced;
use crate::class::Class;
use crate::ellipsis::LONGEST_MARK;
use crate::ends::LONGEST_END;
use crate::grams::{word, Grams};
use crate::group::Group;
use crate::keys::Keys;
use crate::needles::{end_needle, first_control, head, in_sequence, needle_of, short_head, telling, within_sequence, LONG_END, TAIL};
use crate::occurrence::RUN;
use crate::parts::{rank, Parts, Sparse, ALL_SELDOM, HEAD};
use crate::pattern::{is_space, Pattern, Texts, UNFINISHED};

/// Bytes of a needle below which it is no proof.
const LEAST: usize = 3;
/// Bytes from which needles are looked for in steps, which shorter ones would make small.
const LONG: usize = 16;
/// The same where none of their bytes is seldom, if they are many.
const MIDDLE: usize = 9;
const MANY: usize = 16;
/// Bytes that are compared where a byte is that a short needle has.
const AROUND: usize = 4;

/// Bytes before what is no needle that belong to it.
const BEFORE: usize = 32;

/// Bytes of the end of a sequence that are asked for where nearly nothing comes after them.
const WHOLE_END: usize = 8;
/// Bytes of a key that are looked for within a sequence.
const WITHIN: usize = 4;
/// Bytes after the end of a sequence that are compared with it.
const AFTER_END: usize = 2;

/// What clears a text of a set of keys. Immutable, shared between threads.
pub struct Sieve {
    screen: bool,
    shortened: bool,
    /// Each needle has all of the first bytes that are kept but `SHORT_END`.
    pub whole: bool,
    long: Option<Group>,
    middle: Option<Group>,
    short: Option<Anchors>,
    /// Of needles that are shorter still.
    tiny: Option<Anchors>,
    /// Of few bytes between others that most texts lack, and the keys.
    binary: Option<Group>,
    binaries: Sparse,
    /// Of keys that have a NUL, as all in UTF-16 have.
    wide: Option<Group>,
    /// Of keys without a needle.
    odd: Sparse,
    /// One of these bytes is in each of both.
    rare: Class,
    /// The ends of sequences that keys may begin with, with what comes after them in the key.
    tails: Option<Grams>,
    /// These ends alone, and the last bytes of them.
    tail_ends: Option<Grams>,
    finals: Class,
    /// The same of keys of which nearly nothing comes after them.
    short_tails: Option<Grams>,
    /// First bytes of keys that may stand within a sequence.
    within: Option<Grams>,
    within_firsts: Class,
    within_others: Class,
    /// Of ends of patterns what ends with whitespace.
    pub spaced_ends: Option<Grams>,
    /// A pattern has more whitespace in a row than may stand in another.
    pub long_gaps: bool,
    plain: Edges,
    with_nul: Edges,
}

/// Where something is looked for that stands at places in order.
#[derive(Clone, Copy, Default)]
enum Next {
    #[default]
    Unknown,
    At(usize),
    Never,
}

impl Next {
    /// The first place from `from` on; `find` looks for it.
    fn from(&mut self, from: usize, find: impl FnOnce() -> Option<usize>) -> Option<usize> {
        match *self {
            Next::Never => return None,
            Next::At(place) if place >= from => return Some(place),
            _ => {}
        }
        let found = find();
        *self = found.map_or(Next::Never, Next::At);
        found
    }
}

/// How far a text was looked through. Kept beside its bare bytes.
pub struct Sift<'a> {
    text: &'a [u8],
    odd: bool,
    groups: [bool; GROUPS],
    in_text: [Next; GROUPS],
    in_strings: [Next; GROUPS],
    ending: Next,
    ellipsis: Next,
}

const GROUPS: usize = 6;

/// What tells of beginnings and ends of some keys.
#[derive(Default)]
pub struct Edges {
    /// First bytes of what counts before an ellipsis, and last bytes of what counts after one.
    pub heads: Parts,
    pub ends: Parts,
    /// First bytes of every key.
    beginnings: Parts,
    /// A beginning of more bytes than these holds one of them.
    reach: usize,
}

impl Sieve {
    /// Of the keys of a set.
    pub fn new(texts: &Texts, patterns: &[Pattern], keys: [&Keys; 2], screen: bool, shortened: bool) -> Sieve {
        let (mut long, mut short, mut tiny, mut wide) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut middle, mut binary, mut binaries) = (Vec::new(), Vec::new(), Sparse::default());
        let mut odd = Sparse::default();
        let (mut plain, mut with_nul) = (Edges::default(), Edges::default());
        let (mut tails, mut tail_ends, mut short_tails) = (Vec::new(), Vec::new(), Vec::new());
        let (mut finals, mut within_firsts, mut within_others) = (Class::default(), Class::default(), Class::default());
        let (mut within, mut spaced_ends) = (Vec::new(), Vec::new());
        let mut whole = true;
        for keys in keys {
            for index in keys.as_added() {
                let (key, text) = (keys.key(index), keys.text(index));
                let head = head(text, key.least as usize);
                let needle = needle_of(&head, screen);
                whole &= first_control(&head).is_none();
                let told = telling(text, HEAD, screen);
                let edges = match head.iter().take(told).position(|&byte| byte == 0) {
                    Some(before) => {
                        plain.reach = plain.reach.max(before); // a text without NUL has only these
                        &mut with_nul
                    }
                    None => &mut plain,
                };
                edges.reach = edges.reach.max(told);
                if needle.len() >= HEAD {
                    edges.beginnings.add(&needle, true, &head); // else all of it is reached
                }
                if !key.word && shortened {
                    let head = short_head(text, key.public as usize);
                    let edges = if head.contains(&0) { &mut with_nul } else { &mut plain };
                    edges.heads.add(&needle_of(head, screen), true, head);
                }
                let sizes = in_sequence(&head).into_iter().filter(|&size| screen && size >= LONG_END);
                for size in sizes {
                    finals.add(head[size - 1]); // ASCII, as `in_sequence` finds them
                    match head.get(size - LONG_END..size + AFTER_END) {
                        Some(around) => {
                            tails.push(word(around));
                            tail_ends.push(word(&around[..LONG_END]));
                        }
                        None if size >= WHOLE_END => short_tails.push(word(&head[size - WHOLE_END..size])),
                        None => odd.add(&head),
                    }
                }
                if screen && within_sequence(&head) {
                    match head.get(..WITHIN) {
                        Some(first) => {
                            within.push(word(first));
                            within_firsts.add(first[0]);
                            first[1..].iter().for_each(|&byte| within_others.add(byte));
                        }
                        None => odd.add(&head),
                    }
                }
                if needle.len() < LEAST {
                    odd.add(&head);
                } else if head.contains(&0) {
                    wide.push(needle);
                } else if needle.len() < MIDDLE && head.iter().any(|byte| !(b' '..0x7f).contains(byte)) {
                    binaries.add(&head);
                    binary.push(needle);
                } else if needle.len() < AROUND {
                    tiny.push(needle);
                } else if needle.len() < LONG {
                    short.push(needle);
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
            if pattern.text != pattern.key || !pattern.loose {
                add_spaced(&text[text.len().saturating_sub(LONGEST_END)..], &mut spaced_ends);
            }
        }
        let has_gap = |text: &[u8]| text.split(|&byte| !is_space(byte)).any(|gap| gap.len() > RUN);
        let long_gaps = patterns.iter().any(|one| (one.text != one.key || !one.loose) && has_gap(one.text.of(&texts.0)));
        for edges in [&mut plain, &mut with_nul] {
            for parts in [&mut edges.heads, &mut edges.ends, &mut edges.beginnings] {
                parts.compile();
            }
        }
        let is_common = |needle: &Vec<u8>| {
            needle.len() >= MIDDLE && needle.iter().all(|&byte| rank(byte) >= ALL_SELDOM)
        };
        if short.iter().filter(|needle| is_common(needle)).count() > MANY {
            (middle, short) = short.into_iter().partition(is_common);
        }
        odd.compile();
        binaries.compile();
        let rare = odd.rare.or(&binaries.rare);
        Sieve {
            screen,
            shortened,
            whole,
            long: Group::new(long),
            middle: Group::new(middle),
            short: Anchors::new(short, AROUND),
            binary: Group::new(binary),
            binaries,
            rare,
            tiny: Anchors::new(tiny, LEAST),
            wide: Group::new(wide),
            odd,
            tails: Grams::some(tails),
            tail_ends: Grams::some(tail_ends),
            short_tails: Grams::some(short_tails),
            within: Grams::some(within),
            within_firsts,
            within_others,
            spaced_ends: Grams::some(spaced_ends),
            finals,
            long_gaps,
            plain,
            with_nul,
        }
    }

    /// Begin to look through a text, whose bare bytes these become.
    pub fn sift<'a>(&self, text: &'a [u8], bare: &mut Bare) -> Sift<'a> {
        bare.read(text, self.screen);
        let rare = self.rare.is_in(text);
        let binary = rare && self.binaries.stands_in(text);
        Sift {
            odd: rare && self.odd.stands_in(text),
            text,
            groups: [true, true, true, true, binary, bare.nul],
            in_text: [Next::Unknown; GROUPS],
            in_strings: [Next::Unknown; GROUPS],
            ending: Next::Unknown,
            ellipsis: Next::Unknown,
        }
    }

    /// A place from `from` on before which no needle of an occurrence stands; none: the rest is clear.
    ///
    /// `from` is within no sequence and not after `bare.doubtful`; `is_end` says for sure whether an end of a
    /// pattern stands after the ellipsis at a place.
    pub fn next(&self, sift: &mut Sift, bare: &Bare, from: usize, is_end: impl Fn(usize) -> bool) -> Option<usize> {
        let text = sift.text;
        if sift.odd {
            if from == 0 || self.odd.stands_in(&text[from..]) {
                return Some(from);
            }
            sift.odd = false;
        }
        // the contents of strings stand behind the rest, whose places are others
        let (bytes, size) = (bare.bytes(), bare.text_size);
        let (index, string) = if from > 0 { (bare.index(from), bare.index_in_strings(from)) } else { (0, size) };
        let mut found: Option<usize> = None;
        let mut add = |place: Option<usize>| {
            if let Some(place) = place {
                found = Some(found.map_or(place, |found| found.min(place)));
            }
        };
        for number in (0..GROUPS).filter(|&number| sift.groups[number]) {
            let find = |from: usize, to: usize| self.find(number, &bytes[from..to]).map(|found| from + found);
            let in_text = sift.in_text[number].from(index, || find(index, size));
            add(in_text.map(|index| bare.place(index)));
            let in_strings = sift.in_strings[number].from(string, || find(string, bytes.len()));
            add(in_strings.map(|index| bare.place(index)));
        }
        add(bare.doubtful.map(|place| place.saturating_sub(BEFORE)));
        add(sift.ending.from(from, || self.ending(text, bare, from)).map(|place| place.saturating_sub(BEFORE)));
        if self.shortened {
            let has_end = |spot: &Spot| {
                !self.breaks_off(text, spot) && !self.no_end(text, bare, spot) && is_end(spot.place)
            };
            let is_near = |spot: &&Spot| !self.no_head(text, bare, spot) || has_end(spot);
            // the place of a number of characters is that of the longest
            let first = bare.ellipses.partition_point(|spot| spot.bare < index.saturating_sub(LONGEST_MARK));
            let least = from.saturating_sub(LONGEST_MARK);
            let in_text = || bare.ellipses[first..].iter().filter(|spot| spot.place >= least).find(is_near).map(|spot| spot.place);
            add(sift.ellipsis.from(least, in_text).map(|place| place.saturating_sub(BEFORE)));
        }
        found.map(|place| place.max(from))
    }

    /// Where the first needle of a group stands.
    fn find(&self, group: usize, bytes: &[u8]) -> Option<usize> {
        let group = match group {
            0 => &self.long,
            1 => &self.middle,
            2 => return self.short.as_ref()?.find(bytes),
            3 => return self.tiny.as_ref()?.find(bytes),
            4 => &self.binary,
            _ => &self.wide,
        };
        group.as_ref()?.find(bytes)
    }

    /// What tells of the keys that may stand in a text.
    pub fn edges(&self, bare: &Bare) -> impl Iterator<Item = &Edges> {
        std::iter::once(&self.plain).chain(Some(&self.with_nul).filter(|_| bare.nul))
    }

    /// The most bytes that what begins at the end of a text may have.
    pub fn reach(&self, bare: &Bare) -> usize {
        let size = bare.text_size;
        // an open sequence is data in one reading, in the other the text ends before it
        let ends = [size, bare.cut.map_or(size, |_| bare.bare_cut)];
        let absent = |edges: &Edges, end: usize| {
            let last = &bare.bytes()[end.saturating_sub(TAIL + LONGEST_MARK)..end];
            !edges.beginnings.any(last)
        };
        if self.edges(bare).all(|edges| absent(edges, ends[0]) && (ends[0] == ends[1] || absent(edges, ends[1]))) {
            self.edges(bare).map(|edges| edges.reach).max().unwrap_or(0).min(TAIL)
        } else {
            TAIL
        }
    }

    /// Where the first sequence from a place on is that ends as a key begins, or is all of what one may be.
    fn ending(&self, text: &[u8], bare: &Bare, from: usize) -> Option<usize> {
        let mut found = None;
        let mut from_tail = from;
        while self.tails.is_some() || self.short_tails.is_some() {
            match bare.blocks.find_sequence(text, from_tail, &self.finals, |end| self.is_tail(text, end)) {
                // it may be the end of one that is too short to be asked for
                Some((start, end)) if end - start <= LONG_END => from_tail = end,
                one => {
                    found = one.map(|one| one.0);
                    break;
                }
            }
        }
        if let Some(within) = &self.within {
            let other = bare.blocks.find_within(text, from, [&self.within_firsts, &self.within_others], |place| {
                text.get(place..place + WITHIN).map_or(false, |part| within.has(word(part)))
            });
            found = found.into_iter().chain(other).min();
        }
        found
    }

    /// Whether what ends with a sequence is how a key begins, with what comes after it.
    fn is_tail(&self, text: &[u8], end: usize) -> bool {
        let has = |grams: &Option<Grams>, part: Option<&[u8]>| match (grams, part) {
            (Some(grams), Some(part)) => grams.has(word(part)),
            _ => false,
        };
        let before = |size: usize| end.checked_sub(size).map(|start| &text[start..end]);
        if has(&self.short_tails, before(WHOLE_END)) {
            return true;
        }
        if !has(&self.tail_ends, before(LONG_END)) || text.get(end) == Some(&0x1b) {
            return false;
        }
        let mut around = [0; LONG_END + AFTER_END];
        around[..LONG_END].copy_from_slice(&text[end - LONG_END..end]);
        let mut after = text[end..].iter().filter(|&&byte| !is_space(byte));
        for byte in &mut around[LONG_END..] {
            match after.next() {
                Some(&next) => *byte = next,
                None => return false, // so little is looked at closely, at the end of the text
            }
        }
        has(&self.tails, Some(&around))
    }
}
