//! How the bytes of a stream may be read: as they are and as shown, each with whitespace and without.

use std::borrow::Cow;
use std::rc::Rc;

use crate::heads::HEAD;
use crate::keys::Keys;
use crate::margins::{ends_before_margin, has_margins, is_at_margin, margins};
use crate::occurrence::RUN;
use crate::pattern::is_space;

/// The way back from each place in a text to its place in another; none: it is the same.
pub type Places = Option<Rc<Vec<u32>>>;

/// The place of an index of a text.
#[inline]
pub fn place(places: &Places, index: usize) -> usize {
    match places {
        Some(places) => places[index] as usize,
        None => index,
    }
}

/// How many of the places of a text of `size` bytes are below `index`.
pub fn count(places: &Places, size: usize, index: usize) -> usize {
    match places {
        Some(places) => places.partition_point(|&place| (place as usize) < index),
        None => index.min(size),
    }
}

/// A text with its places.
pub struct Text<'a> {
    pub bytes: Cow<'a, [u8]>,
    /// For each byte its index in the buffer.
    pub places: Places,
    /// For each byte its index in a text in which a gap is a break, see `mask_start`.
    pub soft: Places,
}

impl<'a> Text<'a> {
    /// The buffer itself.
    pub fn whole(buffer: &'a [u8]) -> Text<'a> {
        Text { bytes: Cow::Borrowed(buffer), places: None, soft: None }
    }

    /// The same, whose bytes are this one's.
    fn borrowed(&'a self) -> Text<'a> {
        Text { bytes: Cow::Borrowed(&self.bytes), places: self.places.clone(), soft: self.soft.clone() }
    }

    /// The bytes whose indexes are kept.
    fn kept(&self, is_kept: impl Fn(usize) -> bool) -> Text<'static> {
        let text: &[u8] = &self.bytes;
        let (mut bytes, mut kept) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()));
        let mut index = 0;
        while index < text.len() {
            let begin = index;
            while index < text.len() && is_kept(index) {
                index += 1;
            }
            bytes.extend_from_slice(&text[begin..index]);
            kept.extend(begin as u32..index as u32);
            while index < text.len() && !is_kept(index) {
                index += 1;
            }
        }
        let kept = Rc::new(kept);
        let through = |way: &Places| match way {
            Some(places) => Rc::new(kept.iter().map(|&index| places[index as usize]).collect()),
            None => kept.clone(),
        };
        let places = through(&self.places);
        let soft = match (&self.places, &self.soft) {
            (Some(a), Some(b)) if Rc::ptr_eq(a, b) => places.clone(),
            _ => through(&self.soft),
        };
        Text { bytes: Cow::Owned(bytes), places: Some(places), soft: Some(soft) }
    }

    fn without_space(&'a self) -> Text<'a> {
        let bytes: &[u8] = &self.bytes;
        if bytes.iter().any(|&byte| is_space(byte)) {
            self.kept(|index| !is_space(bytes[index]))
        } else {
            self.borrowed()
        }
    }

    /// Its first `size` bytes without whitespace and margins, and from each byte at a margin on with which a key
    /// begins, so that an occurrence is found in what follows its first byte, whatever stands before it.
    ///
    /// Where the blank that makes a margin of the last line may be written over, the text without it is another
    /// way, which is doubtful.
    fn without_margins(&self, size: usize, keys: &Keys, sure: Option<usize>, found: &mut Vec<Way<'a>>) {
        let bytes = &self.bytes[..size];
        let (kept, left) = margins(bytes);
        let mut mask = kept.clone();
        for &(start, end) in &left {
            mask[start..end].fill(false);
        }
        found.push(Way { text: self.kept(|index| index < size && mask[index]), own: false, sure });
        for &(start, end) in &left {
            for at in (start + 1..end).filter(|&at| kept[at]) {
                let is_kept = |index: usize| index >= at && index < size && if index < end { kept[index] } else { mask[index] };
                let text = self.kept(is_kept);
                let after = text.bytes.iter().rev().take_while(|&&byte| is_at_margin(byte) || matches!(byte, 0x08 | b'_'));
                let certain = text.bytes.len() - after.count(); // what follows may turn out to be nothing
                if keys.may_begin(&text.bytes[..HEAD.min(certain.saturating_sub(1)).max(1)]) {
                    found.push(Way { text, own: true, sure });
                }
            }
        }
        match left.last() {
            Some(&(start, end)) if end + 1 == size && bytes[end] == b' ' => {
                self.without_margins(size - 1, keys, Some(place(&self.places, start)), found);
            }
            _ => {}
        }
    }
}

/// A text as it may be read; see `Reading`, but that `sure` is a place in the buffer.
struct Way<'a> {
    text: Text<'a>,
    own: bool,
    sure: Option<usize>,
}

/// One way to read a buffer.
pub struct Reading<'a> {
    pub text: Text<'a>,
    /// What is looked for in it.
    pub keys: &'a Keys,
    /// The length of the text that `soft` counts in.
    pub size: usize,
    /// The length of the buffer.
    pub end: usize,
    /// Where in the text it may end: bytes beyond may turn out to be nothing.
    pub ends: Vec<usize>,
    /// How many bytes at the end of what is shown go back in their line.
    pub back: usize,
    /// A terminal shows it so.
    pub shown: bool,
    /// Escapes in what is found here are part of it.
    pub solid: bool,
    /// It has its whitespace.
    pub exact: bool,
    /// It begins with what else is a margin, and only what begins with it is looked for.
    pub own: bool,
    /// It is one of two ways to read the same bytes; from this index on they differ.
    pub sure: Option<usize>,
}

impl<'a> Reading<'a> {
    /// Bytes of which all readings have those before `end`, and so far only these are looked at.
    pub fn piece(buffer: &'a [u8], end: usize, keys: &'a Keys) -> Reading<'a> {
        Reading {
            text: Text::whole(buffer),
            keys,
            size: end,
            end,
            ends: Vec::new(),
            back: 0,
            shown: false,
            solid: true,
            exact: true,
            own: false,
            sure: None,
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.text.bytes
    }

    /// Where a byte stands in the buffer.
    #[inline]
    pub fn place(&self, index: usize) -> usize {
        place(&self.text.places, index)
    }

    /// The same in the text in which a gap is a break.
    #[inline]
    pub fn soft(&self, index: usize) -> usize {
        place(&self.text.soft, index)
    }

    /// The indexes before which whitespace is too long for a secret to go on.
    pub fn gaps(&self) -> Vec<usize> {
        match &self.text.soft {
            Some(soft) if !soft.is_empty() => {
                let all = (soft[soft.len() - 1] - soft[0]) as usize;
                if all < RUN + soft.len() {
                    return Vec::new();
                }
                (1..soft.len()).filter(|&at| (soft[at] - soft[at - 1]) as usize > RUN + 1).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Whether what is read is what a terminal shows, and from where on it is doubtful.
#[derive(Clone, Copy)]
pub enum Kind {
    /// The bytes as they are.
    AsTheyAre,
    /// The same, and a terminal shows them so, but for the last ones, and margins.
    Plain,
    /// As a terminal shows them; the buffer's length, and from which place on they are doubtful.
    Screen { end: usize, sure: Option<usize> },
}

/// The text, the text without whitespace, and without what stands at its margins too.
pub fn readings<'a>(text: &'a Text<'a>, size: usize, exact: &'a Keys, loose: &'a Keys, kind: Kind) -> Vec<Reading<'a>> {
    let shown = !matches!(kind, Kind::AsTheyAre);
    let (end, sure, on_screen) = match kind {
        Kind::Screen { end, sure } => (end, sure, true),
        _ => (size, None, false),
    };
    let way = |text| Way { text, own: false, sure: None };
    let mut ways = vec![way(text.borrowed())];
    if !loose.is_empty() {
        ways.push(way(text.without_space()));
        if shown && has_margins(&text.bytes) {
            // besides, for what stands at one may be the secret's
            text.without_margins(text.bytes.len(), loose, None, &mut ways);
        }
    }
    let margins = if shown { ends_before_margin(&text.bytes, 4 * RUN) } else { Vec::new() };
    let back = text.bytes.iter().rev().take_while(|byte| matches!(byte, 0x08 | b'\r')).count();
    let back = if on_screen { back } else { 0 };
    // what goes back behind the last byte has it written over already, or not at all
    let gone = text.bytes.len().checked_sub(1).map_or(false, |last| place(&text.soft, last) + 1 < size);
    let mut found = Vec::with_capacity(ways.len());
    for (number, Way { text: short, own, sure: doubt }) in ways.into_iter().enumerate() {
        let exactly = number == 0;
        let mut ends = if shown { other_ends(&short.bytes, gone) } else { Vec::new() };
        let size_of_short = short.bytes.len();
        if !exactly {
            ends.extend(margins.iter().map(|&at| count(&short.soft, size_of_short, place(&text.soft, at))));
        }
        let doubt = sure.into_iter().chain(doubt).min();
        found.push(Reading {
            keys: if exactly { exact } else { loose },
            size,
            end,
            ends,
            back,
            shown,
            solid: number < 2 && !on_screen,
            exact: exactly,
            own,
            sure: doubt.map(|place| count(&short.places, size_of_short, place)),
            text: short,
        });
    }
    found
}

/// Where the text ends if its last bytes are written over; with `gone` only those that go back may be. See `wraps`.
fn other_ends(text: &[u8], gone: bool) -> Vec<usize> {
    let bare = text.len() - text.iter().rev().take_while(|byte| matches!(byte, 0x08 | b'\r')).count();
    let mut ends = Vec::new();
    if bare < text.len() {
        ends.push(bare);
    }
    let again = |last: usize| matches!(text[last], b' ' | b'_' | b'\\') || (last > 0 && text[last - 1] == text[last]);
    if !gone && bare > 0 && again(bare - 1) {
        ends.push(bare - 1);
    }
    ends
}
