//! What waits at the end of a clear text, from its last bytes alone: every beginning of a key that ends there, in every
//! reading, as `Search` finds them.

use std::sync::Arc;

use crate::bare::Bare;
use crate::base64_edge::{leftmost, Before};
use crate::classes::is_kept;
use crate::heads::HEAD;
use crate::keys::Keys;
use crate::last_bytes::{has_no_margin, open, ways, Longest, Shown, MOST};
use crate::margins::{ends_before_margin, has_margins};
use crate::occurrence::{Unfinished, NOBODY, RUN, SHOWN};
use crate::pattern::is_space;
use crate::patterns::PatternSet;

/// One way to read the last bytes of a text.
struct Reading<'a> {
    bytes: &'a [u8],
    /// For each byte its index in the text in which a gap is a break; none: it is that text.
    soft: Option<&'a [u16]>,
    /// The length of that text.
    size: usize,
    /// Where its bytes stand, or where it begins when they stand side by side.
    places: Result<&'a [u32], usize>,
    /// Only what begins with it is looked for.
    own: bool,
}

impl Reading<'_> {
    fn soft(&self, index: usize) -> usize {
        self.soft.map_or(index, |soft| usize::from(soft[index]))
    }

    fn place(&self, index: usize) -> usize {
        let soft = self.soft(index);
        self.places.map_or_else(|begin| begin + soft, |places| places[soft] as usize)
    }

    /// How many bytes there are before the last gap that is too long for a secret to go on.
    fn last_gap(&self) -> usize {
        (1..self.bytes.len()).rev().find(|&at| self.soft(at) - self.soft(at - 1) > RUN + 1).unwrap_or(0)
    }

    /// Whether something may go on that ends before an index.
    fn may_end(&self, stop: usize) -> bool {
        stop > 0 && self.size - self.soft(stop - 1) <= RUN + 1
    }

    /// How many of the bytes `start` to `stop` stand before a break that shows them, see `search::mask_start`.
    fn shown(&self, start: usize, stop: usize) -> usize {
        if stop - start <= SHOWN && self.soft(stop - 1) + 1 < self.size {
            return stop - start; // a break follows
        }
        let most = SHOWN.min(stop - 1 - start);
        let is_broken = |&index: &usize| self.soft(start + index) - self.soft(start + index - 1) > 1;
        (1..=most).rev().find(is_broken).unwrap_or(0)
    }
}

/// What waits so far.
struct Waiting<'a> {
    patterns: &'a PatternSet,
    text: &'a [u8],
    from: usize,
    before: Before,
    found: Unfinished,
    /// A terminal shows what stands near the end otherwise than byte by byte.
    special: bool,
    shown: Option<Arc<(Keys, Keys)>>,
}

impl Waiting<'_> {
    /// What is looked for in what a terminal shows.
    fn shown(&mut self) -> Arc<(Keys, Keys)> {
        let patterns = self.patterns;
        self.shown.get_or_insert_with(|| patterns.shown()).clone()
    }

    /// Add what ends a reading before an index, of so many bytes at most.
    fn look(&mut self, keys: &Keys, reading: &Reading, most: usize, stop: usize) {
        let first = reading.last_gap();
        if stop <= first || !reading.may_end(stop) {
            return;
        }
        let mut from = first.max(stop.saturating_sub(most));
        if reading.own && stop >= HEAD {
            let goes_on = first == 0 && !keys.going_on(&reading.bytes[..stop]).is_empty();
            if goes_on && self.wait(keys, reading, 0, stop) {
                return;
            }
            from = from.max(stop + 1 - HEAD);
        }
        loop {
            let start = stop - keys.longest_unfinished(&reading.bytes[from..stop]);
            if start == stop || self.wait(keys, reading, start, stop) {
                return;
            }
            from = start + 1;
        }
    }

    /// Wait for what follows; whether nothing of it may show. See `Search::unfinished`.
    fn wait(&mut self, keys: &Keys, reading: &Reading, start: usize, stop: usize) -> bool {
        let end = self.text.len();
        let place = |count: usize| if count < stop - start { reading.place(start + count) } else { end };
        let first = reading.place(start);
        let shown = reading.shown(start, stop);
        self.found.keep = self.found.keep.min(first);
        if shown == stop - start {
            return false; // all of it may show
        }
        let known = match keys.beginning(&reading.bytes[start..stop]) {
            Some(known) => known,
            None => return false,
        };
        let (hold, limit) = if shown > 0 {
            (place(shown), place(known.early.max(shown)))
        } else {
            let begin = self.from + leftmost(&self.text[self.from..], first - self.from, known.left, self.before);
            self.found.keep = self.found.keep.min(begin);
            (begin, place(known.early) - (first - begin))
        };
        self.found.hold = self.found.hold.min(hold);
        if hold < end {
            self.found.limit = self.found.limit.min(limit);
        }
        shown == 0
    }

    /// Add what ends what is shown where its last bytes are in every reading.
    fn look_at_solid(&mut self, end: usize, most: usize) {
        let (begin, size) = (end - most - 1, most + 1);
        let bytes = &self.text[begin..end];
        let reading = Reading { bytes, soft: None, size, places: Err(begin), own: false };
        let again = if self.patterns.screen { again(bytes) } else { None };
        if self.special || again.is_some() {
            let shown = self.shown();
            for keys in [&shown.0, &shown.1] {
                if self.special {
                    self.look(keys, &reading, most, size);
                }
                if let Some(stop) = again {
                    self.look(keys, &reading, most, stop);
                }
            }
        }
        if !self.special {
            self.look(self.patterns.keys().0, &reading, most, size);
            self.look(self.patterns.keys().1, &reading, most, size);
        }
    }

    /// Add what ends what is shown, with whitespace and without, and without margins.
    fn look_at_shown(&mut self, exact: &[u8], places: &[u32], most: usize) {
        let (patterns, size, places) = (self.patterns, exact.len(), Ok(places));
        let screen = patterns.screen;
        let again = |bytes: &[u8]| if screen { again(bytes) } else { None };
        // where a text may end otherwise, and between margins, only what is shown is looked for
        let special = if self.special { Some(self.shown()) } else { None };
        let (all, loose) = special.as_ref().map_or(patterns.keys(), |shown| (&shown.0, &shown.1));
        let reading = Reading { bytes: exact, soft: None, size, places, own: false };
        self.look(all, &reading, most, size);
        if let Some(stop) = again(exact) {
            let shown = self.shown();
            self.look(&shown.0, &reading, most, stop);
        }
        if loose.is_empty() {
            return;
        }
        let has_none = !screen || has_no_margin(exact);
        let margins = if has_none { Vec::new() } else { ends_before_margin(exact, 4 * RUN) };
        let ways = ways(exact, loose, !has_none && has_margins(exact));
        for (number, way) in ways.iter().enumerate() {
            let bytes = way.last.bytes();
            let reading = Reading { bytes, soft: Some(&way.soft), size, places, own: way.own };
            if number == 0 {
                self.look(loose, &reading, most, bytes.len());
            } else {
                let shown = self.shown();
                self.look(&shown.1, &reading, most, bytes.len());
            }
            for stop in again(bytes).into_iter().chain(margins.iter().map(|&end| way.before(end))) {
                let shown = self.shown();
                self.look(&shown.1, &reading, most, stop);
            }
        }
    }
}

/// Where a text ends if its last byte may be written over.
fn again(bytes: &[u8]) -> Option<usize> {
    let (&last, before) = bytes.split_last()?;
    Some(before.len()).filter(|_| matches!(last, b' ' | b'_' | b'\\') || before.last() == Some(&last))
}

/// The last bytes, of which more than `most` are in every reading: they tell where margins are among them.
fn enough(exact: &[u8], most: usize) -> &[u8] {
    let mut left = most + 2;
    let is_first = |&byte: &u8| {
        left -= usize::from(is_kept(byte));
        left == 0
    };
    &exact[exact.iter().rposition(is_first).unwrap_or(0)..]
}

/// What waits at the end of a clear text, as one that is as much as all.
///
/// `special` when a terminal shows what stands near the end otherwise than byte by byte.
pub fn waiting(
    patterns: &PatternSet,
    text: &[u8],
    from: usize,
    (longest, last): (&Longest, &Shown),
    bare: &Bare,
    before: Before,
    special: bool,
) -> Option<Unfinished> {
    let end = text.len();
    let found = Unfinished { keep: bare.cut.unwrap_or(end), hold: end, limit: end, order: NOBODY };
    let mut waiting = Waiting { patterns, text, from, before, found, special, shown: None };
    let shown_end = bare.cut.unwrap_or(end);
    if longest.shown > 0 {
        if shown_end - from > longest.shown && bare.blocks.solid_to(shown_end) > longest.shown {
            waiting.look_at_solid(shown_end, longest.shown);
        } else {
            let exact = enough(last.exact(), longest.shown);
            let places = last.places(exact.len(), bare, shown_end);
            waiting.look_at_shown(exact, &places, longest.shown);
        }
    }
    if let (Some(cut), true) = (bare.cut, longest.data > 0) {
        let open = open(text, cut)?;
        let with_open = last.with(open)?;
        let exact = enough(with_open.bytes(), longest.data);
        let mut places = last.places(exact.len().saturating_sub(open.len()), bare, shown_end);
        let first = cut + 1 + open.len().saturating_sub(exact.len());
        places.extend((first..cut + 1 + open.len()).map(|place| place as u32));
        waiting.look_at_shown(exact, &places, longest.data);
    }
    if special && longest.raw > 0 {
        if longest.raw > MOST {
            return None;
        }
        let begin = from.max(end.saturating_sub(longest.raw));
        let reading = Reading { bytes: &text[begin..], soft: None, size: end - begin, places: Err(begin), own: false };
        waiting.look(patterns.keys().0, &reading, longest.raw, end - begin);
        if !reading.bytes.iter().any(|&byte| is_space(byte)) {
            waiting.look(patterns.keys().1, &reading, longest.raw, end - begin);
        } else {
            let mut left = longest.raw;
            let first = text[from..].iter().rposition(|&byte| {
                left -= usize::from(!is_space(byte));
                left == 0
            });
            let begin = from + first.unwrap_or(0);
            let raw = &text[begin..];
            if u16::try_from(raw.len()).is_err() {
                return None;
            }
            let way = ways(raw, patterns.keys().1, false).pop()?;
            let (bytes, soft) = (way.last.bytes(), Some(&way.soft[..]));
            let reading = Reading { bytes, soft, size: raw.len(), places: Err(begin), own: false };
            waiting.look(patterns.keys().1, &reading, longest.raw, bytes.len());
        }
    }
    let mut found = waiting.found;
    if end > from && patterns.left_edge(&text[from..], before) {
        found.keep = found.keep.min(end - 1);
        found.hold = found.hold.min(end - 1);
    }
    Some(found)
}
