//! One stream: what is kept of it, what is shown, what waits.
//!
//! The bytes that matter for what may come are kept in a buffer and searched again with the next chunk.

use std::sync::Arc;

use crate::bare::Bare;
use crate::base64_edge::{after, Before, START};
use crate::carried::Carried;
use crate::hit::{alone, inside, Inside, CLOSE};
use crate::occurrence::{Occurrence, Unfinished};
use crate::output::{Mark, Output, Writer};
use crate::pattern::Texts;
use crate::patterns::PatternSet;
use crate::screen::Screen;
use crate::search::Search;
use crate::tail;
use crate::wipe::{append, drop_front};
use crate::wraps::first_kept;

/// Bytes looked at in one go: what is sifted again and again should stay in the cache.
const PART: usize = 1 << 14;
/// The same after patterns were added: what an idle terminal may show of these depends on it.
const ADDED: usize = 256;
/// Bytes looked at closely in one go where things stand close together.
const MOST: usize = 1 << 11;

/// The state of one stream.
pub struct Matcher {
    patterns: Option<Arc<PatternSet>>,
    /// All that is needed to recognise what is not finished.
    buffer: Texts,
    /// Bytes of the buffer that are out, or stand under a mask that is.
    done: usize,
    /// Bytes of the buffer, and beyond, that the last mask stands for.
    covered: usize,
    /// The occurrences under it in the bytes as they are.
    solid: Vec<(usize, usize)>,
    /// Bytes of the buffer that an idle terminal may show.
    limit: usize,
    before: Before,
    /// The last byte before the buffer that a terminal shows.
    last_shown: Option<u8>,
    /// Where patterns added in mid-stream begin to count.
    frontier: usize,
    /// How many patterns there were before; 0 when that no longer matters.
    known: usize,
    /// What the buffer is the beginning of.
    carried: Option<Carried>,
    /// Bytes were put to the buffer that were not looked at.
    behind: bool,
    /// Room to work in.
    bare: Bare,
    /// How many bytes were looked at, each as often as it was.
    pub looked: usize,
}

impl Matcher {
    /// A stream that masks these.
    pub fn new(patterns: Option<Arc<PatternSet>>) -> Matcher {
        Matcher {
            patterns,
            buffer: Texts::default(),
            bare: Bare::default(),
            done: 0,
            covered: 0,
            solid: Vec::new(),
            limit: 0,
            before: START,
            last_shown: None,
            frontier: 0,
            known: 0,
            carried: None,
            behind: false,
            looked: 0,
        }
    }

    fn shown_to(&self) -> usize {
        self.done.max(self.covered)
    }

    /// The number of bytes that wait for what follows them.
    pub fn held(&self) -> usize {
        self.buffer.0.len().saturating_sub(self.shown_to())
    }

    /// Look for these from now on: the old ones and more, which count from the first byte not shown.
    pub fn add(&mut self, patterns: Option<Arc<PatternSet>>) {
        self.catch_up();
        self.carried = None;
        if let (Some(old), false) = (&self.patterns, self.buffer.0.is_empty()) {
            if self.known == 0 {
                self.known = old.patterns.len();
            }
            self.frontier = self.shown_to();
        }
        self.patterns = patterns;
    }

    /// Take the next bytes; give those that are decided.
    pub fn feed(&mut self, data: &[u8], out: &mut Output) {
        let patterns = match self.patterns.clone() {
            Some(patterns) => patterns,
            None => {
                out.bytes.extend_from_slice(data);
                return;
            }
        };
        if let Some(mut carried) = self.carried.take() {
            if carried.take(&patterns, data, &self.buffer.0, self.before) {
                append(&mut self.buffer.0, data);
                self.carried = Some(carried);
                self.behind = true;
                return;
            }
        }
        self.behind = false;
        let mut bare = std::mem::take(&mut self.bare);
        let mut rest = data;
        while !rest.is_empty() {
            let (part, later) = rest.split_at(rest.len().min(PART));
            if self.buffer.0.is_empty() {
                let kept = self.take(&patterns, part, &mut bare, part.len() == data.len(), out);
                self.buffer.0.extend_from_slice(&part[kept..]);
            } else {
                let mut joined = std::mem::take(&mut self.buffer);
                append(&mut joined.0, part);
                let kept = self.take(&patterns, &joined.0, &mut bare, false, out);
                drop_front(&mut joined.0, kept);
                self.buffer = joined;
            }
            rest = later;
        }
        self.bare = bare;
        if self.covered == 0 && self.known == 0 {
            self.carried = Carried::of(&patterns, &self.buffer.0, self.before);
        }
    }

    /// Look at what was put to the buffer: what an idle terminal may show depends on it.
    fn catch_up(&mut self) {
        if let (Some(patterns), true) = (self.patterns.clone(), std::mem::take(&mut self.behind)) {
            let buffer = std::mem::take(&mut self.buffer);
            let keep = self.step(&patterns, &buffer.0, false, &mut Output::default());
            assert!(keep == 0, "what goes on was shown");
            self.buffer = buffer;
        }
    }

    /// Look through what waits and what was taken in; returns where what waits now begins.
    ///
    /// `all` when it is all that was taken in.
    fn take(&mut self, patterns: &PatternSet, whole: &[u8], bare: &mut Bare, all: bool, out: &mut Output) -> usize {
        self.looked = self.looked.wrapping_add(whole.len());
        let mut text = whole; // a piece of it that goes to the end
        let mut sift = patterns.sieve.sift(text, bare);
        let mut from = 0; // what stands before is decided
        let mut close: usize = 0; // up to here it was looked at closely
        let mut size = CLOSE;
        while from < text.len() {
            if self.covered <= self.done && self.known == 0 {
                if bare.doubtful.map_or(false, |place| place < from) {
                    text = &text[from..]; // there may be more of the kind, which were not noted
                    sift = patterns.sieve.sift(text, bare);
                    close = close.saturating_sub(from);
                    from = 0;
                }
                let place = match patterns.near(&mut sift, text, bare, from) {
                    Some(place) => place,
                    None => {
                        let all = all && from == 0 && text.len() == whole.len();
                        from = self.pass(patterns, text, from, bare, all, out);
                        break;
                    }
                };
                let done = from + self.done;
                if let Some(one) = inside(patterns, text, from, place, bare, self.before).filter(|one| one.begin >= done) {
                    from = self.pass_inside(patterns, text, from, one, out);
                    continue;
                }
                size = if close == 0 || place > close + CLOSE { alone(text, place, bare) } else { MOST.min(2 * size.max(CLOSE)) };
                let clear = bare.between(text, place);
                if clear > from {
                    from = self.skip(patterns, text, from, clear, bare, out);
                }
                close = (place + size).max(close + size).max((2 * close).saturating_sub(from));
            } else {
                let size = if self.known > 0 { ADDED } else { CLOSE };
                close = (close + size).max((2 * close).saturating_sub(from));
            }
            // what is shown already, as of an open string, is looked at with what follows it
            close = bare.not_within(close.max(from + self.done));
            close += text[close.min(text.len())..].iter().take_while(|&&byte| byte >= 0x80).count();
            close = close.min(text.len());
            from += self.step(patterns, &text[from..close], false, out);
            if close == text.len() {
                break;
            }
        }
        whole.len() - text.len() + from
    }

    /// Let out what nothing that may stand near a place reaches back to; returns where that begins.
    fn skip(
        &mut self,
        patterns: &PatternSet,
        text: &[u8],
        from: usize,
        place: usize,
        bare: &mut Bare,
        out: &mut Output,
    ) -> usize {
        let aside = bare.until(place);
        let begin = tail::window(patterns, text, from, place, bare);
        if begin > from {
            let (done, keep) = (from + self.done, begin - from);
            if done < begin {
                out.bytes.extend_from_slice(&text[done..begin]);
            }
            let last_shown = if patterns.words { tail::last_shown(&text[..place], begin, bare) } else { None };
            self.forget(&text[from..], keep, last_shown.or(self.last_shown));
        }
        bare.restore(aside);
        begin
    }

    /// Let out what stands before some bytes and these, masked; returns where what may begin there does, or their end.
    fn pass_inside(&mut self, patterns: &PatternSet, text: &[u8], from: usize, found: Inside, out: &mut Output) -> usize {
        let Inside { begin, end, mut search } = found;
        out.bytes.extend_from_slice(&text[from + self.done..begin]);
        self.forget(&text[from..], begin - from, self.last_shown);
        let piece = &text[begin..end];
        let keep = self.emit(piece, &mut search.found, &search.waiting, None, out);
        self.done = self.done.max(self.covered); // no sequence is under the mask
        let last_shown = if patterns.words { Some(piece[keep - 1]) } else { None };
        self.forget(piece, keep, last_shown.or(self.last_shown));
        begin + keep
    }

    /// Let a text out that is clear from `from` on, but for what may be the beginning of a secret at its end.
    ///
    /// `all` when it is all that was taken in. Returns where what waits begins.
    fn pass(
        &mut self,
        patterns: &PatternSet,
        text: &[u8],
        from: usize,
        bare: &Bare,
        all: bool,
        out: &mut Output,
    ) -> usize {
        let waiting = tail::waiting(patterns, text, from, bare, self.before, self.last_shown);
        let size = text.len();
        let hold = waiting.iter().map(|one| one.hold).fold(size, usize::min);
        let keep = waiting.iter().map(|one| one.keep).fold(size, usize::min);
        let limit = waiting.iter().filter(|one| one.hold < size).map(|one| one.limit).fold(size, usize::min);
        let done = from + self.done;
        let keep = first_kept(text, bare.outside(keep.min(done.max(hold)))).max(from);
        if all && hold == size {
            out.unchanged = true;
        } else if done < hold {
            out.bytes.extend_from_slice(&text[done..hold]);
        }
        self.done = done.max(hold) - from;
        self.limit = limit - from;
        let last_shown = if patterns.words && keep > from {
            tail::last_shown(text, keep, bare).or(self.last_shown)
        } else {
            self.last_shown
        };
        self.forget(&text[from..], keep - from, last_shown);
        keep
    }

    /// Give the held bytes that an idle terminal may show.
    pub fn release(&mut self, out: &mut Output) {
        self.catch_up();
        let (start, end) = (self.shown_to(), self.limit.min(self.buffer.0.len()));
        if start < end {
            self.done = end;
            out.bytes.extend_from_slice(&self.buffer.0[start..end]);
        }
    }

    /// End the stream and begin another; give the rest of it.
    pub fn finish(&mut self, out: &mut Output) {
        let patterns = self.patterns.clone();
        if let (Some(patterns), false) = (&patterns, self.buffer.0.is_empty()) {
            let buffer = std::mem::take(&mut self.buffer);
            self.step(patterns, &buffer.0, true, out);
        }
        *self = Matcher::new(patterns);
    }

    /// Look closely at all of a text; returns where what waits begins.
    fn step(&mut self, patterns: &PatternSet, text: &[u8], last: bool, out: &mut Output) -> usize {
        self.looked = self.looked.wrapping_add(text.len());
        assert!(u32::try_from(text.len()).is_ok(), "more waits than a place can say");
        let (mut search, screen) = patterns.look(text, self.before, self.last_shown, last, self.known > 0);
        if self.known > 0 {
            self.drop_early(&mut search);
        }
        let keep = if search.found.is_empty() && search.waiting.is_empty() && self.covered <= self.done {
            out.bytes.extend_from_slice(&text[self.done..]);
            self.done = text.len();
            text.len()
        } else {
            self.emit(text, &mut search.found, &search.waiting, screen.as_ref(), out)
        };
        let keep = first_kept(text, keep);
        let last_shown = patterns.last_shown(text, keep, screen.as_ref(), self.last_shown);
        self.forget(text, keep, last_shown);
        keep
    }

    /// Patterns added in mid-stream don't reach back over what was shown before they came.
    fn drop_early(&self, search: &mut Search) {
        let (known, frontier) = (self.known as i64, self.frontier);
        search.found.retain(|one| i64::from(one.order) < known || one.start >= frontier);
        search.waiting.retain(|one| one.order < known || one.keep >= frontier);
    }

    /// Write what is decided: text before the first byte that is not, and the masks that start there.
    ///
    /// Returns how many first bytes of the buffer are needed no more.
    fn emit(
        &mut self,
        buffer: &[u8],
        found: &mut [Occurrence],
        waiting: &[Unfinished],
        screen: Option<&Screen>,
        out: &mut Output,
    ) -> usize {
        let end = buffer.len();
        let mut hold = waiting.iter().map(|one| one.hold).min().unwrap_or(end);
        let sequences: &[(usize, usize)] = screen.map_or(&[], |screen| &screen.sequences);
        found.sort_by_key(|one| (one.start, std::cmp::Reverse(one.end), one.order));
        let mut solid = std::mem::take(&mut self.solid);
        solid.extend(found.iter().filter(|one| one.solid).map(|one| (one.start, one.end)));
        let masked = |place: usize| place < self.covered || found.iter().any(|one| one.start <= place && place < one.end);
        for &(start, stop) in sequences {
            if start < hold && hold < stop && masked(start) {
                hold = start; // whether this sequence is part of a secret is not known yet
            }
        }
        let mut writer = Writer { buffer, sequences, solid: &solid, position: self.done, covered: self.covered, out };
        // a longer one may yet begin before those that wait, or with them
        let mut keep = usize::MAX;
        let mut limit = waiting.iter().filter(|one| one.hold < end).map(|one| one.limit).min();
        for one in found.iter() {
            if one.start < writer.covered {
                writer.covered = writer.covered.max(one.end); // it goes under the mask that is there
            } else if one.start < hold {
                writer.advance(one.start);
                writer.out.marks.push(Mark { at: writer.out.bytes.len() as u64, order: u64::from(one.order) });
                writer.covered = one.end;
            } else {
                keep = keep.min(one.keep);
                limit = Some(limit.map_or(one.start, |limit| limit.min(one.start)));
            }
        }
        writer.advance(hold.max(writer.position));
        let (position, covered) = (writer.position, writer.covered);
        keep = waiting.iter().map(|one| one.keep).fold(keep.min(position), usize::min);
        for &(start, stop) in sequences {
            if start < keep && keep < stop {
                keep = start;
            }
        }
        solid.retain(|&(start, end)| start < covered && end >= position);
        self.solid = solid;
        self.covered = covered;
        self.done = position;
        self.limit = limit.unwrap_or(0);
        keep
    }

    /// Bring all places to a buffer without its first `keep` bytes.
    fn forget(&mut self, buffer: &[u8], keep: usize, last_shown: Option<u8>) {
        if keep == 0 {
            return;
        }
        self.last_shown = last_shown;
        self.before = after(buffer, keep, self.before);
        self.done = self.done.saturating_sub(keep);
        self.covered = self.covered.saturating_sub(keep);
        self.solid.retain(|&(_, end)| end > keep);
        for (start, end) in &mut self.solid {
            *start = start.saturating_sub(keep);
            *end -= keep;
        }
        self.limit = self.limit.saturating_sub(keep);
        self.frontier = self.frontier.saturating_sub(keep);
        if self.frontier == 0 {
            self.known = 0;
        }
    }
}
