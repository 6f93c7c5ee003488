//! What may begin at the end of a text that holds nothing: only its last bytes are looked at.

use crate::bare::{Bare, Spot};
use crate::base64_edge::{after, Before};
use crate::ellipsis::LONGEST_MARK;
use crate::ends::LONGEST_END;
use crate::last_bytes::{longest, Longest, Shown};
use crate::last_waiting;
use crate::margins::{is_at_margin, kept, may_have_margins};
use crate::needles::TAIL;
use crate::occurrence::{Unfinished, NOBODY, RUN};
use crate::pattern::is_space;
use crate::patterns::PatternSet;
use crate::screen::{special, Screen};
use crate::search::Search;

/// Bytes that may turn out to be an ellipsis, where no bracket and no backslash is.
const SHORT_MARK: usize = 4;
/// Bytes of a whole ellipsis that are bare, at most, where they are no dots.
const ITS_BYTES: usize = 5;
/// Bytes of a line that may be a margin, see `ends_before_margin`.
const LONGEST_MARGIN: usize = 4 * RUN;

/// Bytes before a beginning that tell what belongs to it.
const BESIDE: usize = 8;
/// Bytes that are looked at without asking whether less would do.
const FEW: usize = 512;

/// What waits at the end of a text that is clear from `from` on, and whose bare bytes are given.
///
/// `before` and `last_shown` are of that place, which is within no sequence.
pub fn waiting(
    patterns: &PatternSet,
    text: &[u8],
    from: usize,
    bare: &Bare,
    before: Before,
    last_shown: Option<u8>,
) -> Vec<Unfinished> {
    let (end, mut wanted, soon) = least(patterns, text, text.len(), bare);
    if soon {
        let mut last = Shown::new();
        match longest(patterns, text, from, bare, wanted, before, &mut last) {
            Some(Longest { size: 0, .. }) => {
                let end = text.len();
                let open = bare.cut.map(|cut| Unfinished { keep: cut, hold: end, limit: end, order: NOBODY });
                return open.into_iter().collect();
            }
            Some(longest) => {
                wanted = wanted.min(longest.size + SHORT_MARK);
                let begin = back(patterns, text, from, end, bare, wanted);
                let special = patterns.screen && special(&text[begin..]);
                if let Some(one) = last_waiting::waiting(patterns, text, from, (&longest, &last), bare, before, special) {
                    return vec![one];
                }
            }
            None => {}
        }
    }
    let begin = back(patterns, text, from, end, bare, wanted);
    let after = |begin: usize| after(&text[from..], begin - from, before);
    let plain = !patterns.screen || wanted == TAIL || !special(&text[begin..]);
    let as_it_is = if plain { begin } else { begin.max(last_solid(text, wanted)) };
    let mut waiting = Vec::new();
    let mut add = |begin: usize, search: &Search| {
        let there = |one: &Unfinished| Unfinished {
            keep: one.keep + begin,
            hold: one.hold + begin,
            limit: one.limit + begin,
            order: one.order,
        };
        waiting.extend(search.waiting.iter().map(there));
    };
    let search_from = |begin: usize| Search::new(&text[begin..], after(begin), patterns, false, false);
    if as_it_is == begin {
        let (search, _) = patterns.look(&text[begin..], after(begin), last_shown, false, false);
        add(begin, &search);
    } else {
        // sequences are bytes in one reading, so less of the text has as many
        let mut search = search_from(as_it_is);
        patterns.look_as_it_is(&mut search, last_shown, false);
        patterns.look_at_edge(&mut search);
        add(as_it_is, &search);
        let mut search = search_from(begin);
        patterns.look_as_shown(&mut search, last_shown);
        add(begin, &search);
    }
    waiting
}

/// Where the last `wanted` bytes begin that are no whitespace.
fn last_solid(text: &[u8], wanted: usize) -> usize {
    let mut left = wanted;
    let is_first = |byte: &u8| {
        left -= usize::from(!is_space(*byte));
        left == 0
    };
    text.iter().rposition(is_first).unwrap_or(0)
}

/// Where the last bytes before a place `end` begin that nothing unfinished reaches beyond, not before `from`.
///
/// `bare` is of the text up to that place.
pub fn window(patterns: &PatternSet, text: &[u8], from: usize, end: usize, bare: &Bare) -> usize {
    let (end, wanted, _) = least(patterns, text, end, bare);
    back(patterns, text, from, end, bare, wanted)
}

/// Before which place those end that are looked for, how many of them are shown at least, and whether no end of a
/// pattern may go on that begins after an ellipsis.
fn least(patterns: &PatternSet, text: &[u8], end: usize, bare: &Bare) -> (usize, usize, bool) {
    let bytes = &bare.bytes()[..bare.text_size];
    let near = bare.ellipses.iter().filter(|spot| spot.end + LONGEST_END + TAIL >= bytes.len());
    match near.filter(|_| patterns.shortened).find(|spot| may_go_on(patterns, text, bare, spot)) {
        Some(spot) => (spot.place, TAIL, false),
        _ => {
            let last = &bytes[bytes.len().saturating_sub(LONGEST_MARK)..];
            let marked = bare.cut.is_some()
                || last.contains(&b'[')
                || last.last().map_or(true, |byte| b"u20".contains(byte));
            let mark = if marked { LONGEST_MARK } else { SHORT_MARK };
            (end, (patterns.sieve.reach(bare) + mark).min(TAIL), true)
        }
    }
}

/// Whether an end of a pattern may stand after an ellipsis, and go on after the text.
fn may_go_on(patterns: &PatternSet, text: &[u8], bare: &Bare, spot: &Spot) -> bool {
    // the last byte may be written over; before what is open the text may end
    let end = bare.cut.map_or(bare.text_size, |_| bare.bare_cut.min(bare.text_size)).saturating_sub(1);
    let after = bare.bytes().get(spot.bare + ITS_BYTES..end).unwrap_or(&[]);
    let dots = after.iter().take_while(|&&byte| byte == b'.').count();
    let after = match after.get(dots + 1..) {
        Some(after) => after, // one may be its bracket
        None => return true,
    };
    let ends = patterns.ends();
    // where one holds sequences, the bytes between are others
    let mut sequences = bare.blocks.sequences(bare.not_within(spot.place)).map(|sequence| sequence.0).peekable();
    let may_hold = sequences.peek().is_some() && ends.may_hold(sequences.all(|start| text[start..].starts_with(b"\x1b[")));
    may_hold || ends.may_go_on(after)
}

/// Where the last bytes before `end` begin of which `wanted` are in every reading; not before `from`.
fn back(patterns: &PatternSet, text: &[u8], from: usize, end: usize, bare: &Bare, wanted: usize) -> usize {
    let margin = text[from..end.max(from)].iter().rev().take(LONGEST_MARGIN);
    let end = end - margin.take_while(|&&byte| is_at_margin(byte) || byte == b'\n').count();
    let begin = bare.between(text, bare.back_from(end, wanted + BESIDE));
    if begin <= from {
        return from;
    }
    if end - begin <= FEW {
        return begin;
    }
    // nearly all of it is something else, which most readings have too
    let mut size = wanted + BESIDE;
    loop {
        let begin = bare.between(text, end.saturating_sub(size));
        if begin <= from {
            return from;
        }
        if bare.kept_between(begin, end) >= wanted || visible(&text[begin..end], patterns.screen) >= wanted {
            return begin;
        }
        size += size / 2;
    }
}

/// How many bytes the reading has that has the fewest.
fn visible(text: &[u8], screen: bool) -> usize {
    let seen = if screen { Some(Screen::new(text, &[])) } else { None };
    let shown = seen.as_ref().map_or(text, Screen::bytes);
    let first = shown.iter().position(|&byte| byte == b'\n').unwrap_or(0);
    if screen && may_have_margins(shown) {
        // before its first line end it may begin within a margin
        kept(&shown[first..]).into_iter().filter(|&kept| kept).count()
    } else {
        shown.iter().filter(|&&byte| !is_space(byte)).count()
    }
}

/// The last byte before `end` that a terminal shows of a text, with what follows, which may be written over it.
pub fn last_shown(text: &[u8], end: usize, bare: &Bare) -> Option<u8> {
    let mut size = 64;
    loop {
        let begin = bare.between(text, end.saturating_sub(size));
        let found = Screen::new(&text[begin..], &[]).before(end - begin);
        if found.is_some() || begin == 0 {
            return found;
        }
        size *= 4;
    }
}
