//! What may begin at the end of a text, asked of its last bytes alone, without a reading of it.
//!
//! It knows the ends that nearly all texts have: ASCII, sequences, whitespace. Of others it says nothing.

use crate::bare::Bare;
use crate::base64_edge::Before;
use crate::classes::is_kept;
use crate::controls::{control_at, to_first_column};
use crate::ellipsis::{may_be_undecided, undecided, LONGEST_MARK};
use crate::heads::HEAD;
use crate::keys::Keys;
use crate::margins::{ends_before_margin, has_margins, is_at_margin, margins};
use crate::occurrence::RUN;
use crate::pattern::{is_space, UNFINISHED};
use crate::patterns::PatternSet;

/// Bytes looked at, at most.
pub const MOST: usize = 512;

/// The last bytes of a reading, from the end on.
pub struct Last {
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

    /// They.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[self.begin..]
    }
}

impl Drop for Last {
    fn drop(&mut self) {
        self.bytes[self.begin..].fill(0);
        crate::wipe::keep(&mut self.bytes[self.begin..]);
    }
}

/// The last bytes that are shown of a text, as far back as a beginning at its end may reach.
pub struct Shown {
    exact: Last,
    loose: Last,
}

impl Shown {
    /// None yet.
    pub fn new() -> Shown {
        Shown { exact: Last::new(), loose: Last::new() }
    }

    /// With whitespace.
    pub fn exact(&self) -> &[u8] {
        self.exact.bytes()
    }

    /// The same with others after them; none where there is no room.
    pub fn with(&self, more: &[u8]) -> Option<Last> {
        self.exact.with(more)
    }

    /// Where each of the last `count` of these stands in a text, which ends where they do.
    pub fn places(&self, count: usize, bare: &Bare, end: usize) -> Vec<u32> {
        let mut places = vec![0; count];
        let mut at = end;
        for place in places.iter_mut().rev() {
            while let Some(start) = bare.blocks.sequence_to(at) {
                at = start;
            }
            at -= 1;
            *place = at as u32;
        }
        places
    }

    /// Take the last bytes, of which `wanted` are in every reading. Gives whether there are sequences between them.
    fn read(&mut self, text: &[u8], from: usize, bare: &Bare, wanted: usize, long_gaps: bool) -> Option<bool> {
        let (mut at, mut kept, mut between, mut blanks) = (text.len(), 0, false, 0);
        while at > from && (kept < wanted || self.loose.bytes().len() <= LONGEST_MARK) {
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
            blanks += 1;
            match byte {
                b' ' | b'\t' | b'\n' => {}
                b'\r' if self.exact.bytes().first() == Some(&b'\n') => {}
                0x21..=0x7e => {
                    blanks = 0;
                    kept += usize::from(is_kept(byte));
                    self.loose.put(byte);
                }
                0x80.. if control_at(text, at, true).is_none() => {
                    blanks = 0;
                    self.loose.put(byte);
                }
                _ => return None,
            }
            if !self.exact.put(byte) {
                return None;
            }
            if blanks > RUN + 1 && !long_gaps {
                break; // nothing goes on over so much whitespace
            }
        }
        Some(between)
    }
}

/// How many bytes the longest beginning of a key may have that ends with a clear text.
pub struct Longest {
    /// In whatever way it is read.
    pub size: usize,
    /// As it is shown, as it is, and where what the end cuts is data.
    pub shown: usize,
    pub raw: usize,
    pub data: usize,
}

/// The longest beginning of a key that ends with a clear text; none where that takes a closer look.
///
/// The text is clear from `from` on, and `before` is of that place. No beginning has more than `wanted` bytes, and no
/// end of a pattern goes on that begins after an ellipsis. What is shown is put to `last`.
pub fn longest(
    patterns: &PatternSet,
    text: &[u8],
    from: usize,
    bare: &Bare,
    wanted: usize,
    before: Before,
    last: &mut Shown,
) -> Option<Longest> {
    let end = bare.cut.unwrap_or(text.len());
    let sequences = last.read(&text[..end], from, bare, wanted, patterns.sieve.long_gaps)? || end < text.len();
    let keys = patterns.keys();
    let kind = Kind { shortened: patterns.shortened, kept: 0, most: wanted };
    let shown = of_shown(keys, last.exact.bytes(), last.loose.bytes(), kind)?;
    let mut data = 0;
    if end < text.len() {
        let open = open(text, end)?;
        if !open.is_empty() {
            let (exact, loose) = (last.exact.with(open)?, last.loose.with(open)?);
            data = of_shown(keys, exact.bytes(), loose.bytes(), Kind { kept: open.len(), ..kind })?;
        }
    }
    let mut raw = shown;
    if sequences {
        let (mut left, mut loose) = (wanted.max(LONGEST_MARK + 1), Last::new());
        let first = text[from..].iter().rposition(|&byte| {
            left -= usize::from(!is_space(byte) && loose.put(byte));
            left == 0
        });
        let kind = Kind { kept: text.len() - end, ..kind };
        let exact = ended(keys.0, &text[from + first.unwrap_or(0)..], kind)?;
        raw = exact.max(ended(keys.1, loose.bytes(), kind)?);
    }
    let edge = usize::from(text.len() > from && patterns.left_edge(&text[from..], before));
    Some(Longest { size: shown.max(raw).max(data).max(edge), shown, raw, data })
}

/// What the end of a text cuts, from a place on, if it may turn out to be data: but for its ESC, and one that may end
/// it. None where that is not sure.
pub fn open(text: &[u8], cut: usize) -> Option<&[u8]> {
    let open = &text[cut + 1..];
    let open = open.strip_suffix(b"\x1b").unwrap_or(open);
    let is_data = match open.first() {
        None => open.len() + 1 == text.len() - cut,
        Some(b'[') => text.ends_with(open) && open[1..].iter().all(|byte| (0x30..0x40).contains(byte)),
        Some(b']' | b'P' | b'X' | b'^' | b'_') => open[1..].iter().all(|byte| (0x21..0x7f).contains(byte)),
        _ => false,
    };
    Some(open).filter(|_| text[cut] == 0x1b && is_data)
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
pub fn has_no_margin(text: &[u8]) -> bool {
    let is_blank = |byte: &&u8| matches!(**byte, b' ' | b'\t' | b'\r');
    let is_text = |byte: &u8| is_kept(*byte) || *byte == b'\n';
    let beside = |at: usize| {
        text[..at].iter().rev().find(|byte| !is_blank(byte)).map_or(false, is_text)
            && text[at + 1..].iter().find(|byte| !is_blank(byte)).map_or(true, is_text)
    };
    let last = text.iter().rev().find(|byte| !is_blank(byte));
    last.map_or(true, is_text) && text.iter().enumerate().all(|(at, &byte)| byte != b'\n' || beside(at))
}

/// One way to read the last bytes that are shown, without some of them.
pub struct Way {
    pub last: Last,
    /// For each byte its index among those that are shown.
    pub soft: Vec<u16>,
    /// Only what begins with it is looked for, see `Reading`.
    pub own: bool,
}

impl Way {
    fn of(exact: &[u8], own: bool, is_kept: impl Fn(usize) -> bool) -> Way {
        let mut last = Last::new();
        let soft: Vec<u16> = (0..exact.len() as u16).filter(|&at| is_kept(usize::from(at))).collect();
        last.fill(soft.iter().map(|&at| exact[usize::from(at)]));
        Way { last, soft, own }
    }

    /// How many of its bytes are before an index of those that are shown.
    pub fn before(&self, index: usize) -> usize {
        self.soft.partition_point(|&at| usize::from(at) < index)
    }
}

/// The ways to read what is shown without whitespace, with what stands at margins and without, as `readings` has them.
pub fn ways(exact: &[u8], keys: &Keys, at_margins: bool) -> Vec<Way> {
    let mut found = vec![Way::of(exact, false, |at| !is_space(exact[at]))];
    if at_margins {
        without_margins(exact, exact.len(), keys, &mut found);
    }
    found
}

fn without_margins(exact: &[u8], size: usize, keys: &Keys, found: &mut Vec<Way>) {
    let (kept, left) = margins(&exact[..size]);
    let mut mask = kept.clone();
    for &(start, end) in &left {
        mask[start..end].fill(false);
    }
    found.push(Way::of(exact, false, |at| at < size && mask[at]));
    for &(start, end) in &left {
        for begin in (start + 1..end).filter(|&at| kept[at]) {
            let is_kept = |at: usize| at >= begin && at < size && if at < end { kept[at] } else { mask[at] };
            let way = Way::of(exact, true, is_kept);
            let bytes = way.last.bytes();
            let certain = bytes.len() - bytes.iter().rev().take_while(|&&byte| is_at_margin(byte) || byte == b'_').count();
            if keys.may_begin(&bytes[..HEAD.min(certain.saturating_sub(1)).max(1)]) {
                found.push(way);
            }
        }
    }
    match left.last() {
        Some(&(_, end)) if end + 1 == size && exact[end] == b' ' => without_margins(exact, size - 1, keys, found),
        _ => {}
    }
}

/// How many bytes the longest beginning has that ends what is shown, with whitespace and without.
fn of_shown(keys: (&Keys, &Keys), exact: &[u8], loose: &[u8], kind: Kind) -> Option<usize> {
    let mut found = written_over(keys.0, exact, kind)?.max(written_over(keys.1, loose, kind)?);
    if has_no_margin(exact) {
        return Some(found);
    }
    let ends = ends_before_margin(exact, exact.len());
    for (number, way) in ways(exact, keys.1, has_margins(exact)).into_iter().enumerate() {
        let bytes = way.last.bytes();
        if number > 0 {
            found = found.max(written_over(keys.1, bytes, kind)?);
        }
        for &end in &ends {
            found = found.max(ended(keys.1, &bytes[..way.before(end)], kind)?);
        }
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
