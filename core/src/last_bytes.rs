//! What may begin at the end of a text, asked of its last bytes alone, without a reading of it.
//!
//! It knows the ends that nearly all texts have: ASCII, sequences, whitespace. Of others it says nothing.

use crate::bare::Bare;
use crate::base64_edge::{leftmost, Before};
use crate::classes::is_kept;
use crate::controls::{control_at, to_first_column};
use crate::ellipsis::{may_be_undecided, undecided, LONGEST_MARK};
use crate::keys::Keys;
use crate::margins::{ends_before_margin, margins};
use crate::occurrence::{Unfinished, NOBODY, RUN, SHOWN};
use crate::pattern::{is_space, UNFINISHED};
use crate::patterns::PatternSet;

/// Bytes looked at, at most.
const MOST: usize = 512;

/// The last bytes of a reading, from the end on.
struct Last {
    bytes: [u8; MOST],
    begin: usize,
}

impl Last {
    fn new() -> Last {
        Last { bytes: [0; MOST], begin: MOST }
    }

    /// Put a byte before the others; whether there was room.
    #[inline]
    fn put(&mut self, byte: u8) -> bool {
        if self.begin == 0 {
            return false;
        }
        self.begin -= 1;
        self.bytes[self.begin] = byte;
        true
    }

    /// With others after them; none where there is no room.
    fn with(&self, more: &[u8]) -> Option<Last> {
        let mut last = Last::new();
        last.fill(self.bytes().iter().chain(more).copied());
        Some(last).filter(|last| last.bytes().len() == self.bytes().len() + more.len())
    }

    /// These instead, at most `MOST`.
    fn fill(&mut self, bytes: impl DoubleEndedIterator<Item = u8>) {
        self.begin = MOST;
        for byte in bytes.rev() {
            self.put(byte);
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[self.begin..]
    }
}

impl Drop for Last {
    fn drop(&mut self) {
        self.bytes[self.begin..].fill(0);
        crate::wipe::keep(&mut self.bytes[self.begin..]);
    }
}

/// How many bytes the longest beginning of a key has that ends with a clear text.
pub struct Longest {
    /// In whatever way it is read.
    pub size: usize,
    /// As it is shown, as it is, and where what the end cuts is data.
    shown: usize,
    raw: usize,
    data: usize,
    /// Where what is shown ends but for whitespace, if no beginning ends with that.
    solid: Option<usize>,
    /// Bytes of whitespace that are shown after that.
    blanks: usize,
    /// The last of them is a blank.
    blank: bool,
    /// Where it ends but for whitespace, if no beginning ends with that.
    end: Option<usize>,
}

/// The longest beginning of a key that ends with a clear text; none where that takes a closer look.
///
/// The text is clear from `from` on, and `before` is of that place. No beginning has more than `wanted` bytes, and no
/// end of a pattern goes on that begins after an ellipsis.
pub fn longest(
    patterns: &PatternSet,
    text: &[u8],
    from: usize,
    bare: &Bare,
    wanted: usize,
    before: Before,
) -> Option<Longest> {
    let end = bare.cut.unwrap_or(text.len());
    let (mut exact, mut loose) = (Last::new(), Last::new());
    let (sequences, solid) = last_shown(&text[..end], from, bare, wanted, &mut exact, &mut loose)?;
    let sequences = sequences || end < text.len();
    let keys = patterns.keys();
    let kind = Kind { shortened: patterns.shortened, kept: 0, most: wanted };
    let shown = of_shown(keys, exact.bytes(), loose.bytes(), kind)?;
    let blank = exact.bytes().last() == Some(&b' ');
    let blanks = exact.bytes().iter().rev().take_while(|&&byte| is_space(byte)).count();
    let with_blanks = match blanks {
        0 => 0,
        1 => ended(keys.0, exact.bytes(), kind)?,
        _ => written_over(keys.0, exact.bytes(), kind)?,
    };
    let mut data = 0;
    if end < text.len() {
        // what the end cuts may turn out to be data, but for its ESC, and one that may end it
        let open = &text[end + 1..];
        let open = open.strip_suffix(b"\x1b").unwrap_or(open);
        let is_data = match open.first() {
            None => open.len() + 1 == text.len() - end,
            Some(b'[') => text.ends_with(open) && open[1..].iter().all(|byte| (0x30..0x40).contains(byte)),
            Some(b']' | b'P' | b'X' | b'^' | b'_') => open[1..].iter().all(|byte| (0x21..0x7f).contains(byte)),
            _ => false,
        };
        if text[end] != 0x1b || !is_data {
            return None;
        }
        if !open.is_empty() {
            let (exact, loose) = (exact.with(open)?, loose.with(open)?);
            data = of_shown(keys, exact.bytes(), loose.bytes(), Kind { kept: open.len(), ..kind })?;
        }
    }
    let last = text.len() - text[from..].iter().rev().take_while(|&&byte| is_space(byte)).count();
    let (mut raw, mut raw_with_blanks) = (shown, with_blanks);
    if sequences {
        let (mut left, mut loose) = (wanted.max(LONGEST_MARK + 1), Last::new());
        let first = text[from..].iter().rposition(|&byte| {
            left -= usize::from(!is_space(byte) && loose.put(byte));
            left == 0
        });
        let kind = Kind { kept: text.len() - end, ..kind };
        let exact = ended(keys.0, &text[from + first.unwrap_or(0)..], kind)?;
        raw = exact.max(ended(keys.1, loose.bytes(), kind)?);
        raw_with_blanks = if last < text.len() { exact } else { 0 };
    }
    let edge = usize::from(text.len() > from && patterns.left_edge(&text[from..], before));
    let size = shown.max(raw).max(data).max(edge);
    let solid = solid.filter(|_| with_blanks == 0);
    Some(Longest { size, shown, raw, data, solid, blanks, blank, end: Some(last).filter(|_| raw_with_blanks == 0) })
}

/// What waits at the end of a clear text, as one that is as much as all; none where that takes a closer look, for not
/// all of a beginning stands side by side.
///
/// `special` when a terminal shows what stands near the end otherwise than byte by byte.
pub fn waiting(
    patterns: &PatternSet,
    text: &[u8],
    from: usize,
    longest: &Longest,
    bare: &Bare,
    before: Before,
    special: bool,
) -> Option<Unfinished> {
    let end = text.len();
    let mut found = Unfinished { keep: bare.cut.unwrap_or(end), hold: end, limit: end, order: NOBODY };
    // what ends at a place, of so many bytes at most; `broken` when whitespace follows, or what was written over
    let mut add = |keys: &Keys, most: usize, stop: usize, broken: bool| {
        let count = keys.longest_unfinished(&text[from.max(stop.saturating_sub(most))..stop]);
        let start = stop - count;
        if count == 0 {
            return;
        }
        if count <= SHOWN && broken {
            found.keep = found.keep.min(start); // it is shown before a break
        } else if let Some(known) = keys.beginning(&text[start..stop]) {
            let first = from + leftmost(&text[from..], start - from, known.left, before);
            let early = if known.early < count { start + known.early } else { end };
            found.keep = found.keep.min(first);
            found.hold = found.hold.min(first);
            found.limit = found.limit.min(early - (start - first));
        }
    };
    // whether the last of some bytes may be written over
    let again = |bytes: &[u8]| match bytes {
        [.., before, last] => before == last || *last == b'_',
        last => last == b"_",
    };
    let mut shown = if special { Some(patterns.shown()) } else { None };
    if longest.shown > 0 {
        let solid = longest.solid.filter(|&solid| bare.blocks.solid_to(solid) > longest.shown)?;
        let again = patterns.screen && again(&text[from.max(solid - longest.shown - 1)..solid]);
        let blank = patterns.screen && longest.blanks == 1 && longest.blank;
        let broken = longest.blanks > 0;
        {
            let (exact, loose) = shown.as_ref().map_or(patterns.keys(), |shown| (&shown.0, &shown.1));
            if !broken {
                add(exact, longest.shown, solid, false);
            }
            if longest.blanks <= RUN {
                add(loose, longest.shown, solid, broken);
            }
        }
        if again || blank {
            // what is written over is shown
            let shown = shown.get_or_insert_with(|| patterns.shown());
            if blank {
                add(&shown.0, longest.shown, solid, true);
            } else if !broken {
                add(&shown.0, longest.shown, solid - 1, true);
            }
            if again && longest.blanks < RUN {
                add(&shown.1, longest.shown, solid - 1, true); // where the last one is a gap too
            }
        }
    }
    if let (true, Some(shown)) = (special, shown) {
        if longest.raw > 0 {
            let last = longest.end?;
            let side_by_side = text[from..last].iter().rev().take(longest.raw).all(|byte| (0x21..0x7f).contains(byte));
            if !side_by_side || last - from < longest.raw {
                return None;
            }
            if last == end {
                add(patterns.keys().0, longest.raw, end, false);
            }
            if end - last <= RUN {
                add(patterns.keys().1, longest.raw, last, last < end);
            }
        }
        if longest.data > 0 {
            let open = &text[bare.cut? + 1..];
            let open = open.strip_suffix(b"\x1b").unwrap_or(open);
            if open.len() <= longest.data || !open.last().map_or(false, |&last| is_kept(last)) {
                return None;
            }
            let stop = bare.cut? + 1 + open.len();
            for keys in [&shown.0, &shown.1] {
                add(keys, longest.data, stop, false);
                if again(open) {
                    add(keys, longest.data, stop - 1, true);
                }
            }
        }
    }
    if end > from && patterns.left_edge(&text[from..], before) {
        found.keep = found.keep.min(end - 1);
        found.hold = found.hold.min(end - 1);
    }
    Some(found)
}

/// The last bytes that are shown, with whitespace and without, of which `wanted` are in every reading; whether there
/// are sequences between them, and where they end but for whitespace, if the last of them is in every reading.
fn last_shown(
    text: &[u8],
    from: usize,
    bare: &Bare,
    wanted: usize,
    exact: &mut Last,
    loose: &mut Last,
) -> Option<(bool, Option<usize>)> {
    let (mut at, mut kept, mut between, mut solid) = (text.len(), 0, false, None);
    while at > from && (kept < wanted || MOST - loose.begin <= LONGEST_MARK) {
        if let Some(start) = bare.blocks.sequence_to(at) {
            if matches!(text[at - 1], b'H' | b'G') && to_first_column(&text[start..at]) {
                return None;
            }
            at = start;
            between = true;
            continue;
        }
        at -= 1;
        let byte = text[at];
        match byte {
            b' ' | b'\t' | b'\n' => {}
            b'\r' if exact.bytes().first() == Some(&b'\n') => {}
            0x21..=0x7e => {
                if loose.begin == MOST && is_kept(byte) {
                    solid = Some(at + 1);
                }
                kept += usize::from(is_kept(byte));
                loose.put(byte);
            }
            0x80.. if control_at(text, at, true).is_none() => {
                loose.put(byte);
            }
            _ => return None,
        }
        if !exact.put(byte) {
            return None;
        }
    }
    Some((between, solid))
}

/// What matters for the end of a reading.
#[derive(Clone, Copy)]
struct Kind {
    shortened: bool,
    /// Last bytes that wait anyway, but are shown.
    kept: usize,
    /// Bytes of a beginning at most, whitespace not counted.
    most: usize,
}

/// Whether nothing stands at a margin, nor may: what stands next to each line end is in every reading.
fn has_no_margin(text: &[u8]) -> bool {
    let is_blank = |byte: &&u8| matches!(**byte, b' ' | b'\t' | b'\r');
    let is_text = |byte: &u8| is_kept(*byte) || *byte == b'\n';
    let beside = |at: usize| {
        text[..at].iter().rev().find(|byte| !is_blank(byte)).map_or(false, is_text)
            && text[at + 1..].iter().find(|byte| !is_blank(byte)).map_or(true, is_text)
    };
    let last = text.iter().rev().find(|byte| !is_blank(byte));
    last.map_or(true, is_text) && text.iter().enumerate().all(|(at, &byte)| byte != b'\n' || beside(at))
}

/// How many bytes the longest beginning has that ends what is shown, with whitespace and without.
fn of_shown(keys: (&Keys, &Keys), exact: &[u8], loose: &[u8], kind: Kind) -> Option<usize> {
    let mut found = written_over(keys.0, exact, kind)?.max(written_over(keys.1, loose, kind)?);
    if has_no_margin(exact) {
        return Some(found);
    }
    let (mut kept, left) = margins(exact);
    let may_begin = |at: usize| kept[at] && keys.1.may_begin(&exact[at..=at]);
    if left.iter().any(|&(start, end)| end + 1 >= exact.len() || (start + 1..end).any(may_begin)) {
        return None; // what is a margin may be a value's, or none
    }
    for (start, end) in left {
        kept[start..end].fill(false);
    }
    let without = |end: usize| exact[..end].iter().zip(&kept).filter(|(_, &kept)| kept).map(|(&byte, _)| byte);
    let mut last = Last::new();
    last.fill(without(exact.len()));
    found = found.max(written_over(keys.1, last.bytes(), kind)?);
    for end in ends_before_margin(exact, exact.len()) {
        last.fill(without(end));
        found = found.max(ended(keys.1, last.bytes(), kind)?);
        last.fill(exact[..end].iter().copied().filter(|&byte| !is_space(byte)));
        found = found.max(ended(keys.1, last.bytes(), kind)?);
    }
    Some(found)
}

/// How many bytes the longest beginning has that ends a text, or does when its last byte is written over.
fn written_over(keys: &Keys, text: &[u8], kind: Kind) -> Option<usize> {
    let again = match text {
        [.., before, last] => matches!(last, b' ' | b'_' | b'\\') || before == last,
        [last] => matches!(last, b' ' | b'_' | b'\\'),
        [] => false,
    };
    let found = ended(keys, text, kind)?;
    if again {
        Some(found.max(ended(keys, &text[..text.len() - 1], kind)?))
    } else {
        Some(found)
    }
}

/// How many bytes the longest beginning has that ends a text; none where it matters that the text may turn out to
/// end in an ellipsis.
fn ended(keys: &Keys, text: &[u8], kind: Kind) -> Option<usize> {
    if kind.shortened && may_be_undecided(text) {
        let at = undecided(text, text.len().saturating_sub(LONGEST_MARK));
        // a quote alone is nothing, but for what counts before it
        let harmless = at + kind.kept >= text.len() || text[at..].iter().all(|byte| b"\"'`(< ".contains(byte));
        if !harmless || (at < text.len() && keys.longest_unfinished(&text[..at]) >= UNFINISHED) {
            return None;
        }
    }
    let mut most = kind.most;
    let first = text.iter().rposition(|&byte| {
        most -= usize::from(!is_space(byte));
        most == 0
    });
    Some(keys.longest_unfinished(&text[first.unwrap_or(0)..]))
}
