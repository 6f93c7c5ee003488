//! The byte strings that are looked for in one kind of reading, sorted, so that one bisection tells all.
//!
//! In sorted order the strings that begin a text stand just before it, each the beginning of the next; those
//! that a text begins stand just after it; and the longest beginnings in common are those of its neighbours.

use std::ops::Range;
use std::sync::Arc;

use crate::beginning::{Beginning, Beginnings};
use crate::heads::{Heads, HEAD};
use crate::pattern::{least, Pattern, Span, Texts, SHORTENED};

/// One key.
pub struct Key {
    pub text: Span,
    /// The order of its pattern.
    pub order: u32,
    /// How many first bytes are no secret.
    pub public: u32,
    /// How many bytes are masked when it breaks off; all of them when it may not.
    pub least: u32,
    /// The longest other key that begins it, or `NONE`.
    parent: u32,
    pub word: bool,
}

/// Where in a text a key may begin, and how far that is the text of any.
#[derive(Clone, Copy)]
pub struct Start {
    pub place: usize,
    pub end: usize,
}

const NONE: u32 = u32::MAX;
const WORD: usize = 8;
/// Keys that are looked at one by one, which is quicker than halving.
const FEW: usize = 4;

/// A set of keys. Immutable, shared between threads.
pub struct Keys {
    texts: Arc<Texts>,
    keys: Vec<Key>,
    /// The first bytes of each, in the order of the keys.
    words: Vec<u64>,
    /// How many bytes each has in common with the one before it.
    same: Vec<u32>,
    longest: usize,
    heads: Heads,
    beginnings: Beginnings,
}

impl Keys {
    /// `chosen`: (text, order, public) of each; of those with the same text the one of the first pattern counts. With
    /// `shortened` a beginning is masked too.
    pub fn new(texts: &Arc<Texts>, patterns: &[Pattern], chosen: Vec<Chosen>, shortened: bool) -> Keys {
        Keys::of_sorted(texts, patterns, sorted(&texts.0, chosen), shortened)
    }

    fn of_sorted(
        texts: &Arc<Texts>,
        patterns: &[Pattern],
        chosen: impl IntoIterator<Item = (u64, Chosen)>,
        shortened: bool,
    ) -> Keys {
        let bytes = &texts.0;
        let chosen = chosen.into_iter();
        let most = chosen.size_hint().0;
        let mut keys: Vec<Key> = Vec::with_capacity(most);
        let mut words = Vec::with_capacity(most);
        let mut same = Vec::with_capacity(most);
        let (mut before, mut word_before): (&[u8], u64) = (&[], 0);
        for (word, (span, order, public)) in chosen {
            let text = span.of(bytes);
            // texts lie far apart: most need not be looked up to know what two have in common
            let alike = (word ^ word_before).leading_zeros() as usize / 8;
            let shared = if alike < WORD { alike.min(text.len()).min(before.len()) } else { common(before, text) };
            if shared == text.len() && shared == before.len() && !keys.is_empty() {
                continue;
            }
            // the one before begins it, or what begins that one does, where that is in what both have in common
            let mut parent = (keys.len() as u32).wrapping_sub(1);
            while parent != NONE && keys[parent as usize].text.size as usize > shared {
                parent = keys[parent as usize].parent;
            }
            let whole = patterns[order as usize].rule.word;
            let least = if whole || !shortened { text.len() } else { least(text.len(), public as usize) };
            keys.push(Key { text: span, order, public, least: least as u32, parent, word: whole });
            words.push(word);
            same.push(shared as u32);
            (before, word_before) = (text, word);
        }
        let longest = keys.iter().map(|key| key.text.size as usize).max().unwrap_or(0);
        let heads = Heads::new(words.iter().zip(&keys).map(|(word, key)| (word.to_be_bytes(), key.text.size as usize)));
        let beginnings = Beginnings::new(&keys, patterns);
        Keys { texts: texts.clone(), keys, words, same, longest, heads, beginnings }
    }

    /// Those of them that `wanted` chooses by their text.
    pub fn filtered(&self, patterns: &[Pattern], shortened: bool, wanted: impl Fn(&[u8]) -> bool) -> Keys {
        let chosen = self.words.iter().zip(&self.keys).filter(|(_, key)| wanted(key.text.of(&self.texts.0)));
        let chosen = chosen.map(|(&word, key)| (word, (key.text, key.order, key.public)));
        Keys::of_sorted(&self.texts, patterns, chosen, shortened)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The indexes of all, by the order of their patterns: as their texts lie in memory.
    pub fn as_added(&self) -> impl Iterator<Item = usize> {
        let most = self.keys.iter().map(|key| key.order as usize + 1).max().unwrap_or(0);
        let mut indexes = vec![NONE; most];
        for (index, key) in self.keys.iter().enumerate() {
            indexes[key.order as usize] = index as u32;
        }
        indexes.into_iter().filter(|&index| index != NONE).map(|index| index as usize)
    }

    /// A key's bytes.
    #[inline]
    pub fn text(&self, index: usize) -> &[u8] {
        self.keys[index].text.of(&self.texts.0)
    }

    /// A key.
    #[inline]
    pub fn key(&self, index: usize) -> &Key {
        &self.keys[index]
    }

    /// Add where in `text` a key may begin, in order; bytes from `end` on may turn out to be none.
    pub fn starts(&self, text: &[u8], end: usize, found: &mut Vec<usize>) {
        if !self.keys.is_empty() {
            self.heads.starts(text, end, found);
        }
    }

    /// How many keys are not after `part` in sorted order.
    fn upper(&self, part: &[u8]) -> usize {
        let bytes = &self.texts.0;
        let word = first_word(part);
        let low = self.words.partition_point(|&one| one < word);
        let alike = self.words[low..].iter().take(FEW).take_while(|&&one| one == word).count();
        let alike = if alike == FEW { self.words[low..].partition_point(|&one| one == word) } else { alike };
        low + self.keys[low..low + alike].partition_point(|key| key.text.of(bytes) <= part)
    }

    /// (index of a key, bytes of it) for each that stands at `start`, or so much of it as is masked.
    ///
    /// `text` is searched to `stop`; `ended` when no byte of a key can follow. Returns up to where it is as in a key.
    pub fn at(&self, text: &[u8], start: usize, stop: usize, ended: bool, found: &mut Vec<(usize, usize)>) -> usize {
        found.clear();
        let part = &text[start..stop.min(start + self.longest)];
        let after = self.upper(part);
        let mut index = (after as u32).wrapping_sub(1);
        while index != NONE && !part.starts_with(self.text(index as usize)) {
            index = self.keys[index as usize].parent;
        }
        while index != NONE {
            let key = &self.keys[index as usize];
            found.push((index as usize, key.text.size as usize));
            index = key.parent;
        }
        // those that break off in `part`: what it has in common with a key is what its neighbour has, or less
        let mut add = |index: usize, size: usize| {
            let key = &self.keys[index];
            if key.least as usize <= size && size < key.text.size as usize && (size < part.len() || ended) {
                found.push((index, size));
            }
        };
        let mut most = 0;
        if after > 0 {
            let mut size = common(self.text(after - 1), part);
            most = size;
            for index in (0..after).rev() {
                if size < SHORTENED {
                    break;
                }
                add(index, size);
                size = size.min(self.same[index] as usize);
            }
        }
        if after < self.keys.len() {
            let mut size = common(self.text(after), part);
            most = most.max(size);
            for index in after..self.keys.len() {
                if index > after {
                    size = size.min(self.same[index] as usize);
                }
                if size < SHORTENED {
                    break;
                }
                add(index, size);
            }
        }
        start + most
    }

    /// The indexes of the keys that begin with `part` and go on after it.
    pub fn going_on(&self, part: &[u8]) -> Range<usize> {
        let first = self.upper(part);
        let words = &self.words[first..];
        // all that begin with its first bytes, then all of those that begin with all of it
        let last = first_word(part) | (u64::MAX.checked_shr(8 * part.len() as u32).unwrap_or(0));
        let mut more = words.iter().take(FEW).take_while(|&&word| word <= last).count();
        if more == FEW {
            more = words.partition_point(|&word| word <= last);
        }
        if part.len() > WORD {
            let bytes = &self.texts.0;
            more = self.keys[first..first + more].partition_point(|key| key.text.of(bytes).starts_with(part));
        }
        first..first + more
    }

    /// Whether a key begins with `part`, which is short, or is a beginning of it.
    pub fn may_begin(&self, part: &[u8]) -> bool {
        let bytes = &self.texts.0;
        (1..=part.len()).rev().any(|size| {
            let at = self.keys.partition_point(|key| key.text.of(bytes) < &part[..size]);
            let found = self.keys.get(at).map(|key| key.text.of(bytes));
            found.map_or(false, |text| text.starts_with(part) || text == &part[..size])
        })
    }

    /// The same of a range of them that have `size` bytes in common, and go on with `part` there.
    pub fn going_on_with(&self, range: Range<usize>, size: usize, part: &[u8]) -> Range<usize> {
        let rest = |key: &Key| &key.text.of(&self.texts.0)[size..];
        let keys = &self.keys[range.clone()];
        let first = keys.partition_point(|key| rest(key) <= part);
        let more = keys[first..].partition_point(|key| rest(key).starts_with(part));
        range.start + first..range.start + first + more
    }

    /// What is known of the keys that begin with `part` and go on after it.
    pub fn beginning(&self, part: &[u8]) -> Option<Beginning> {
        let range = self.going_on(part);
        if range.is_empty() {
            None
        } else {
            Some(self.known(range))
        }
    }

    /// What is known of a range of them, which is not empty.
    pub fn known(&self, range: Range<usize>) -> Beginning {
        self.beginnings.of(range)
    }

    /// How many bytes the longest beginning of a key has that a text ends with; 0 when there is none.
    pub fn longest_unfinished(&self, text: &[u8]) -> usize {
        if self.keys.is_empty() {
            return 0;
        }
        let goes_on = |start: &usize| {
            let part = &text[*start..];
            let may = if part.len() < HEAD { self.heads.may_begin(part) } else { self.heads.may_go_on(part) };
            may && !self.going_on(part).is_empty()
        };
        (0..text.len()).find(goes_on).map_or(0, |start| text.len() - start)
    }

    /// (start, what is known) for every beginning of a key that ends at `stop`, the longest first, until
    /// `take` says that it is enough. `starts` are those that the method of that name found in `text`.
    pub fn unfinished(
        &self,
        text: &[u8],
        stop: usize,
        starts: &[Start],
        mut take: impl FnMut(usize, Beginning) -> bool,
    ) {
        let lowest = (stop + 1).saturating_sub(self.longest);
        let from = starts.partition_point(|start| start.place < lowest);
        for &Start { place: start, end } in &starts[from..] {
            if start + HEAD > stop {
                break;
            }
            if end < stop {
                continue;
            }
            if let Some(found) = self.beginning(&text[start..stop]) {
                if take(start, found) {
                    return;
                }
            }
        }
        for size in (1..HEAD.min(stop + 1)).rev() {
            let part = &text[stop - size..stop];
            if !self.heads.may_begin(part) {
                continue;
            }
            if let Some(found) = self.beginning(part) {
                if take(stop - size, found) {
                    return;
                }
            }
        }
    }
}

/// The text of a key, the order of its pattern, and how many first bytes are no secret.
pub type Chosen = (Span, u32, u32);

/// Bytes up to which texts are told apart by numbers made of them.
const NUMBERED: usize = 40;
/// How many are sooner compared with each other.
const SHORT_RUN: usize = 8;

/// Each with its first word, by the text, then by the order.
fn sorted(bytes: &[u8], chosen: Vec<Chosen>) -> Vec<(u64, Chosen)> {
    // texts lie far apart: each is looked up once for its first word, those that agree for the next
    let mut all: Vec<_> = chosen.into_iter().map(|one| (first_word(one.0.of(bytes)), one)).collect();
    all.sort_unstable_by_key(|&(word, _)| word);
    let mut next = Vec::new();
    let mut runs: Vec<_> = runs(&all, 0).map(|run| (run, WORD)).collect();
    while let Some((run, known)) = runs.pop() {
        let begin = run.start;
        let part = &mut all[run];
        let ended = part.iter().any(|(_, one)| (one.0.size as usize) < known);
        if ended || known >= NUMBERED || part.len() <= SHORT_RUN {
            let from = if ended { 0 } else { known };
            part.sort_unstable_by(|(_, a), (_, b)| (&a.0.of(bytes)[from..], a.1).cmp(&(&b.0.of(bytes)[from..], b.1)));
            continue;
        }
        next.clear();
        next.extend(part.iter().map(|&one| (first_word(&one.1 .0.of(bytes)[known..]), one)));
        next.sort_unstable_by_key(|&(word, _)| word);
        part.iter_mut().zip(&next).for_each(|(place, &(_, one))| *place = one);
        runs.extend(self::runs(&next, begin).map(|run| (run, known + WORD)));
    }
    all
}

/// Where several in a row have the same word; indexes count from `begin`.
fn runs<T>(all: &[(u64, T)], begin: usize) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = 0;
    (1..=all.len()).filter_map(move |end| {
        if end < all.len() && all[end].0 == all[start].0 {
            return None;
        }
        let run = begin + start..begin + end;
        start = end;
        Some(run).filter(|run| run.len() > 1)
    })
}

/// The first bytes of a text, so that numbers are in the order of texts.
#[inline]
pub fn first_word(text: &[u8]) -> u64 {
    let mut bytes = [0; WORD];
    match text.get(..WORD) {
        Some(first) => bytes.copy_from_slice(first),
        None => bytes[..text.len()].copy_from_slice(text),
    }
    u64::from_be_bytes(bytes)
}

/// How many first bytes two texts have in common.
fn common(a: &[u8], b: &[u8]) -> usize {
    let most = a.len().min(b.len());
    let (a, b) = (&a[..most], &b[..most]);
    let mut known = 0;
    while known + 16 <= most && a[known..known + 16] == b[known..known + 16] {
        known += 16;
    }
    known + a[known..].iter().zip(&b[known..]).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::sorted;
    use crate::pattern::Span;

    #[test]
    fn texts_are_sorted_however_much_they_have_in_common() {
        let mut texts: Vec<Vec<u8>> = Vec::new();
        for size in [0, 1, 7, 8, 9, 16, 39, 40, 41, 80] {
            for end in [&b""[..], b"\0", b"\0\0", b"a", b"b\0", b"zz", b"a"] {
                texts.push([&vec![b'x'; size][..], end, &vec![0; size % 3]].concat());
            }
        }
        let bytes = texts.concat();
        let mut start = 0;
        let mut chosen = Vec::new();
        for (order, text) in texts.iter().enumerate() {
            chosen.push((Span { start, size: text.len() as u32 }, order as u32, 0));
            start += text.len() as u32;
        }
        let found = sorted(&bytes, chosen);
        let mut orders: Vec<u32> = (0..texts.len() as u32).collect();
        orders.sort_by_key(|&order| (&texts[order as usize], order));
        assert_eq!(found.iter().map(|(_, one)| one.1).collect::<Vec<_>>(), orders);
    }
}
