//! Finding occurrences in a reading of a buffer: finished ones, unfinished ones, those that broke off.

use crate::base64_edge::{leftmost, rightmost, Before};
use crate::beginning::Beginning;
use crate::ellipsis::{ellipses, has_ellipsis, may_be_undecided, undecided, LONGEST_MARK};
use crate::keys::Start;
use crate::occurrence::{Occurrence, Unfinished, NOBODY, RUN, SHOWN};
use crate::pattern::{unfinished, UNFINISHED};
use crate::patterns::PatternSet;
use crate::reading::Reading;

/// Beginnings that wait at the end of a text in all readings, nearly always.
const MOST_WAITING: usize = 16;

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// One look at a buffer.
pub struct Search<'a> {
    pub buffer: &'a [u8],
    pub before: Before,
    patterns: &'a PatternSet,
    /// The stream ends with the buffer.
    pub last: bool,
    /// Patterns were added to the stream, so every beginning counts, not only the longest.
    every: bool,
    pub found: Vec<Occurrence>,
    pub waiting: Vec<Unfinished>,
    room: Room,
}

/// Room that one reading needs after another.
#[derive(Default)]
struct Room {
    starts: Vec<usize>,
    known: Vec<Start>,
    found: Vec<(usize, usize)>,
}

/// A piece of a reading where a key stands, or a part of one.
#[derive(Clone, Copy)]
struct Piece {
    start: usize,
    stop: usize,
    order: u32,
    /// What belongs to base64 on the right counts.
    edges: bool,
}

impl<'a> Search<'a> {
    /// A look that has found nothing yet.
    pub fn new(buffer: &'a [u8], before: Before, patterns: &'a PatternSet, last: bool, every: bool) -> Search<'a> {
        let (found, waiting) = (Vec::new(), Vec::with_capacity(MOST_WAITING));
        Search { buffer, before, patterns, last, every, found, waiting, room: Room::default() }
    }

    /// Wait for what follows.
    pub fn wait(&mut self, keep: usize, hold: usize, limit: usize, order: i64) {
        self.waiting.push(Unfinished { keep, hold, limit, order });
    }

    /// Add what is found in a reading; `last_shown` is the byte that is read before it.
    pub fn look(&mut self, reading: &Reading, last_shown: Option<u8>) {
        if self.last && reading.sure.is_some() {
            return; // nothing comes that it would be read so for
        }
        let (keys, text) = (reading.keys, reading.bytes());
        let size = text.len();
        let mut room = std::mem::take(&mut self.room);
        room.starts.clear();
        let last_shown = if reading.own {
            room.starts.push(0);
            None
        } else {
            keys.starts(text, reading.ends.iter().copied().min().unwrap_or(size), &mut room.starts);
            last_shown
        };
        let gaps = reading.gaps();
        // no byte of a secret can follow when whitespace that is too long already has
        let ended = self.last || (size > 0 && reading.size - reading.soft(size - 1) > RUN + 1);
        room.known.clear();
        for &start in &room.starts {
            let next = gaps.partition_point(|&gap| gap <= start);
            let stop = gaps.get(next).copied().unwrap_or(size);
            let end = keys.at(text, start, stop, ended || stop < size, &mut room.found);
            room.known.push(Start { place: start, end });
            for &(index, length) in &room.found {
                let key = keys.key(index);
                let edges = length == key.text.size as usize;
                let piece = Piece { start, stop: start + length, order: key.order, edges };
                self.occurrence(reading, piece, key.word, last_shown);
            }
        }
        self.look_at_end(reading, &room.known, &gaps);
        if self.patterns.shortened && has_ellipsis(text) {
            self.look_at_ellipses(reading, &room.known, &gaps);
        }
        self.room = room;
    }

    /// Add what is found in a piece of text before its end, and what may begin there and go on after it.
    pub fn look_within(&mut self, reading: &Reading) {
        let (keys, text, stop) = (reading.keys, reading.bytes(), reading.end);
        let mut room = std::mem::take(&mut self.room);
        room.starts.clear();
        keys.starts(&text[..stop], stop, &mut room.starts);
        room.known.clear();
        for &start in &room.starts {
            let end = keys.at(text, start, stop, false, &mut room.found);
            room.known.push(Start { place: start, end });
            for &(index, length) in &room.found {
                let key = keys.key(index);
                let edges = length == key.text.size as usize;
                let piece = Piece { start, stop: start + length, order: key.order, edges };
                self.occurrence(reading, piece, key.word, self.before.byte);
            }
        }
        keys.unfinished(text, stop, &room.known, |start, known| {
            self.unfinished(reading, start, stop, known, true);
            false
        });
        self.room = room;
    }

    fn look_at_end(&mut self, reading: &Reading, starts: &[Start], gaps: &[usize]) {
        let (keys, text) = (reading.keys, reading.bytes());
        let size = text.len();
        let first = gaps.last().copied().unwrap_or(0);
        let ends: &[usize] = if self.last { &[] } else { &reading.ends };
        let may_end = |&stop: &usize| stop > first && reading.size - reading.soft(stop - 1) <= RUN + 1;
        let stops = std::iter::once(size).chain(ends.iter().copied()).filter(may_end);
        for stop in stops.clone() {
            keys.unfinished(text, stop, starts, |start, known| {
                if start < first {
                    false
                } else if self.last {
                    // what begins later is under the same mask, or waits with it
                    self.cut_off(reading, start, stop)
                } else {
                    self.unfinished(reading, start, stop, known, stop == size) && !self.every
                }
            });
        }
        if !self.last && self.patterns.shortened {
            for stop in stops {
                if may_be_undecided(&text[..stop]) {
                    self.look_at_dots(reading, stop, starts, first);
                }
            }
        }
    }

    /// Wait where a text that ends at `stop` may turn out to end in an ellipsis.
    fn look_at_dots(&mut self, reading: &Reading, stop: usize, starts: &[Start], first: usize) {
        let text = reading.bytes();
        let at = undecided(&text[..stop], first.max(stop.saturating_sub(LONGEST_MARK)));
        if at == stop {
            return;
        }
        self.before_ellipsis(reading, at, starts, first, Some(stop));
        if reading.exact && text[at..stop].iter().any(|byte| !b"\"'`(< ".contains(byte)) {
            self.wait(reading.place(at), reading.end, reading.end, NOBODY); // an end may follow it
        }
    }

    fn occurrence(&mut self, reading: &Reading, piece: Piece, word: bool, last_shown: Option<u8>) {
        let text = reading.bytes();
        if word {
            let before = if piece.start > 0 { Some(text[piece.start - 1]) } else { last_shown };
            if before.map_or(false, is_word) {
                return;
            }
            if piece.stop == text.len() && !self.last {
                let first = reading.place(piece.start);
                self.wait(first, first, first, i64::from(piece.order)); // the next byte decides
                return;
            }
            if piece.stop < text.len() && is_word(text[piece.stop]) {
                return;
            }
        }
        self.mask(reading, piece);
    }

    /// An occurrence of a piece of the reading.
    fn mask(&mut self, reading: &Reading, piece: Piece) {
        let Piece { start, stop, order, edges } = piece;
        let (first, mut end) = (reading.place(start), reading.place(stop - 1) + 1);
        let shown = mask_start(reading, start, stop);
        let rule = &self.patterns.patterns[order as usize].rule;
        if let Some(sure) = reading.sure {
            if stop > sure {
                let keep = if shown > 0 { first } else { leftmost(self.buffer, first, rule.left, self.before) };
                let hold = if shown > 0 { reading.place(start + shown) } else { keep };
                self.wait(keep, hold, hold, i64::from(order));
            }
            return; // else the other way to read it has it too
        }
        let text = reading.bytes();
        let rest = &text[stop..text.len().min(stop + SHOWN)];
        let is_again = rest == &text[stop - 1..stop] && reading.soft(stop) == reading.soft(stop - 1) + 1;
        if reading.shown
            && !self.last
            && (is_again || rest.iter().all(|byte| matches!(byte, 0x08 | b'\r')))
            && (edges || !reading.solid || self.seen(reading, start, stop).is_some())
        {
            // its last character may be written again: that one is under the mask too, or is all of it
            let goes_back = reading.back == reading.size - 1 - reading.soft(stop - 1); // or nothing follows
            let mut hold = if stop - start <= SHOWN + 1 {
                reading.place(start + shown)
            } else if is_again || (goes_back && !rest.is_empty()) {
                end
            } else {
                reading.end
            };
            let limit = hold;
            if stop - start > SHOWN + 1 && goes_back {
                hold = end; // and so is what goes back to it
            }
            self.wait(first, hold, limit, i64::from(order));
        }
        if edges && rule.right {
            end = self.edge(first, end, order);
        }
        let (begin, keep) = if shown > 0 {
            (reading.place(start + shown), first)
        } else {
            let first = leftmost(self.buffer, first, rule.left, self.before);
            (first, first)
        };
        self.found.push(Occurrence { start: begin, end, keep, order, solid: reading.solid });
    }

    /// Take in the last character of base64, which a secret determines in part, and its padding.
    fn edge(&mut self, first: usize, end: usize, order: u32) -> usize {
        let size = self.buffer.len();
        let stop = rightmost(self.buffer, end);
        if stop == size && stop < end + 3 && !self.last {
            // the mask is out; the rest of the edge is recognised when it comes
            self.wait(first, size, size, i64::from(order));
        }
        stop
    }

    /// What is known of those that begin so and that a terminal shows as they are.
    fn seen(&self, reading: &Reading, start: usize, stop: usize) -> Option<Beginning> {
        let shown = self.patterns.shown();
        let keys = if reading.exact { &shown.0 } else { &shown.1 };
        keys.beginning(&reading.bytes()[start..stop])
    }

    /// Wait for what follows; whether nothing of it may show. Without `ends` the text ends at `stop` only as a terminal
    /// may show it.
    fn unfinished(&mut self, reading: &Reading, start: usize, stop: usize, known: Beginning, ends: bool) -> bool {
        let known = if ends || !reading.solid { Some(known) } else { self.seen(reading, start, stop) };
        let known = match known {
            Some(known) => known,
            None => return false,
        };
        let end = reading.end;
        let size = stop - start;
        let first = reading.place(start);
        let mut shown = mask_start(reading, start, stop);
        if size <= SHOWN && reading.soft(stop - 1) + 1 < reading.size {
            shown = size; // a break follows
        }
        let place = |count: usize| if count < size { reading.place(start + count) } else { end };
        let order = i64::from(known.order);
        if shown > 0 {
            self.wait(first, place(shown), place(known.early.max(shown)), order);
            return false;
        }
        let begin = leftmost(self.buffer, first, known.left, self.before);
        self.wait(begin, begin, place(known.early) - (first - begin), order);
        true
    }

    /// Mask what the end of the stream cuts off, when it is enough.
    fn cut_off(&mut self, reading: &Reading, start: usize, stop: usize) -> bool {
        let found = self.found.len();
        let keys = reading.keys;
        for index in keys.going_on(&reading.bytes()[start..stop]) {
            let key = keys.key(index);
            if stop - start >= unfinished(key.text.size as usize, key.public as usize) {
                self.mask(reading, Piece { start, stop, order: key.order, edges: false });
            }
        }
        self.found.len() > found
    }

    fn look_at_ellipses(&mut self, reading: &Reading, starts: &[Start], gaps: &[usize]) {
        let text = reading.bytes();
        let mut after: Vec<(usize, usize)> = Vec::new(); // the end of each ellipsis, and where it begins
        for one in ellipses(text) {
            let (begin, end) = one.inner;
            let size = if text[begin] == b'.' { 3 } else { end - begin };
            let room = size + usize::from(text[begin].is_ascii_digit()); // a blank after a number
            // dots that stand apart are none
            let is_one = |begin: usize| reading.place(begin + size - 1) - reading.place(begin) < room;
            if is_one(begin) {
                let first = match gaps.partition_point(|&gap| gap <= begin) {
                    0 => 0,
                    count => gaps[count - 1],
                };
                self.before_ellipsis(reading, one.start, starts, first, None);
            }
            if is_one(end - size) {
                after.push((one.end, one.start));
            }
        }
        if !reading.exact || after.is_empty() {
            return;
        }
        let ends = self.patterns.ends();
        let places: Vec<usize> = after.iter().map(|one| one.0).collect();
        for end in ends.found(text, &places) {
            let mark = after[after.partition_point(|one| one.0 < end.start)].1;
            let (begin, stop) = (reading.place(end.start), reading.place(end.stop - 1) + 1);
            match reading.sure {
                Some(sure) if end.stop > sure => self.wait(reading.place(mark), begin, begin, i64::from(end.order)),
                Some(_) => {}
                None => self.found.push(Occurrence {
                    start: begin,
                    end: stop,
                    keep: reading.place(mark),
                    order: end.order,
                    solid: reading.solid,
                }),
            }
        }
        if self.last {
            return;
        }
        for (start, mark) in after {
            let keep = reading.place(mark);
            for stop in std::iter::once(text.len()).chain(reading.ends.iter().copied()) {
                if start == stop {
                    self.wait(keep, reading.end, reading.end, NOBODY);
                } else if start < stop && ends.may_become(&text[start..stop]) {
                    let hold = reading.place(start);
                    self.wait(keep, hold, reading.end.min(hold + SHOWN), NOBODY);
                }
            }
        }
    }

    /// Mask a beginning that ends where an ellipsis begins, or wait whether there is one, where the text may end.
    fn before_ellipsis(&mut self, reading: &Reading, stop: usize, starts: &[Start], first: usize, end: Option<usize>) {
        let (keys, text) = (reading.keys, reading.bytes());
        keys.unfinished(text, stop, starts, |start, known| {
            if start < first || stop - start < known.head + UNFINISHED {
                return false;
            }
            if let Some(end) = end {
                self.unfinished(reading, start, stop, known, end == text.len());
                return false;
            }
            for index in keys.going_on(&text[start..stop]) {
                let key = keys.key(index);
                if stop - start >= key.public as usize + UNFINISHED && !key.word {
                    self.mask(reading, Piece { start, stop, order: key.order, edges: false });
                }
            }
            false
        });
    }
}

/// How many of the bytes `start` to `stop` of a reading stand before a break that shows them.
///
/// A line end after the first few bytes of a secret must not hold the line back: a reader waiting for that
/// line would wait forever. So bytes before a break within the first `SHOWN` bytes show, and the mask begins
/// after the last such break.
fn mask_start(reading: &Reading, start: usize, stop: usize) -> usize {
    if reading.soft(stop - 1) - reading.soft(start) == stop - 1 - start {
        return 0;
    }
    let most = SHOWN.min(stop - 1 - start);
    let is_broken = |&index: &usize| reading.soft(start + index) - reading.soft(start + index - 1) > 1;
    (1..=most).rev().find(is_broken).unwrap_or(0)
}
