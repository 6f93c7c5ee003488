//! The bytes that every reading of a text has in common: what is compared to prove that nothing stands in it.
//!
//! Escape sequences, whitespace, controls, what may stand at margins and all that is no ASCII is left out;
//! the contents of strings (titles, links) stand behind the rest, each after a NUL. What is written over is
//! not found out here: where anything may be, its place is told.

use crate::blocks::Blocks;
use crate::classes::{compact, sort, BLOCK};
use crate::controls::{control_at, to_first_column};
use crate::ellipsis::LONGEST_MARK;
use crate::needles::KEPT;
use crate::pattern::is_space;

/// A place in a text and in its bare bytes.
#[derive(Clone, Copy)]
pub struct Spot {
    pub place: usize,
    pub bare: usize,
    /// Where its dots end among the bare bytes.
    pub end: usize,
    /// A number of characters is left out there, or before: the place is the first where it may begin.
    pub counted: bool,
}

/// The bare bytes of a text, and what was met on the way. Kept for its room.
#[derive(Default)]
pub struct Bare {
    bytes: Vec<u8>,
    size: usize,
    /// What each block of the text is of.
    pub blocks: Blocks,
    /// Where each ellipsis begins.
    pub ellipses: Vec<Spot>,
    /// Where the first character that may be written over is.
    pub doubtful: Option<usize>,
    /// A NUL is among the bytes of the text.
    pub nul: bool,
    /// Where a sequence begins that the end of the text cuts.
    pub cut: Option<usize>,
    /// The same among the bare bytes.
    pub bare_cut: usize,
    /// How many bytes are of the text, before the contents of strings.
    pub text_size: usize,
    /// (start, end) of the contents of each string, and where they begin among the bare bytes.
    strings: Vec<(u32, u32, u32)>,
}

/// What `Bare::until` put aside.
pub struct Aside {
    text_size: usize,
    cut: Option<usize>,
    ellipses: Vec<Spot>,
}

impl Drop for Bare {
    fn drop(&mut self) {
        crate::wipe::wipe(&mut self.bytes);
    }
}

impl Bare {
    /// The bare bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.size]
    }

    /// Where a bare byte stands in the text; one of a string's, where that begins.
    pub fn place(&self, index: usize) -> usize {
        if index >= self.text_size {
            let after = self.strings.partition_point(|string| string.2 as usize <= index);
            return after.checked_sub(1).map_or(0, |last| self.strings[last].0 as usize);
        }
        self.blocks.place(index)
    }

    /// How many bytes of the text before a place of it are bare.
    pub fn index(&self, place: usize) -> usize {
        let all = || self.strings.first().map_or(self.size, |string| string.2 as usize);
        self.blocks.index(place).unwrap_or_else(all)
    }

    /// How many bare bytes stand before those of the strings that begin from a place on.
    pub fn index_in_strings(&self, place: usize) -> usize {
        let first = self.strings.partition_point(|string| (string.0 as usize) < place);
        self.strings.get(first).map_or(self.size, |string| string.2 as usize)
    }

    /// For a while, be those of the text up to a place alone, which is within no sequence.
    pub fn until(&mut self, place: usize) -> Aside {
        let size = self.index(place);
        let first = self.ellipses.iter().position(|spot| spot.bare >= size).unwrap_or(self.ellipses.len());
        let ellipses = self.ellipses.split_off(first);
        Aside { text_size: std::mem::replace(&mut self.text_size, size), cut: self.cut.take(), ellipses }
    }

    /// Be those of the whole text again.
    pub fn restore(&mut self, aside: Aside) {
        self.text_size = aside.text_size;
        self.cut = aside.cut;
        self.ellipses.extend(aside.ellipses);
    }

    /// A place not before `place` that is within no sequence but one that the text's end cuts.
    pub fn not_within(&self, place: usize) -> usize {
        self.blocks.sequence_before(place).map_or(place, |(_, end)| place.max(end))
    }

    /// A place not after `place` that is within no sequence.
    pub fn outside(&self, place: usize) -> usize {
        let place = match self.cut {
            Some(cut) if cut < place => cut,
            _ => place,
        };
        match self.blocks.sequence_before(place) {
            Some((start, end)) if end > place => start,
            _ => place,
        }
    }

    /// The same, and within no character.
    pub fn between(&self, text: &[u8], place: usize) -> usize {
        let mut place = self.outside(place);
        let is_within = |place: usize| place > 0 && place < text.len() && text[place] >= 0x80;
        if is_within(place) {
            let least = self.blocks.sequence_before(place).map_or(0, |(_, end)| end);
            while place > least && is_within(place) {
                place -= 1;
            }
        }
        place
    }

    /// How many bytes between two places are those that every reading has.
    pub fn kept_between(&self, begin: usize, end: usize) -> usize {
        let end = self.cut.map_or(end, |cut| cut.min(end));
        self.index(end).saturating_sub(self.index(begin))
    }

    /// A place before which so many bytes fewer are bare than before another; 0 when they are not so many.
    pub fn back_from(&self, end: usize, count: usize) -> usize {
        let end = self.cut.map_or(end, |cut| cut.min(end));
        self.index(end).checked_sub(count).map_or(0, |index| self.place(index))
    }

    /// Take another text; with `screen` as a terminal shows it.
    pub fn read(&mut self, text: &[u8], screen: bool) {
        self.ellipses.clear();
        self.strings.clear();
        self.doubtful = None;
        self.cut = None;
        if self.bytes.len() < text.len() + 2 * BLOCK {
            crate::wipe::wipe(&mut self.bytes);
            self.bytes.resize(2 * text.len() + 2 * BLOCK, 0);
        }
        self.nul = sort(text, screen, &mut self.blocks.bits);
        self.blocks.sequences = false;
        let mut skip = 0; // up to here all is of a sequence
        for block in 0..self.blocks.bits.len() {
            let (mut open, start) = (self.blocks.bits[block].events, block * BLOCK);
            self.blocks.sequences |= self.blocks.bits[block].starts != 0;
            while open != 0 {
                let place = start + open.trailing_zeros() as usize;
                open &= open - 1;
                match text[place] {
                    _ if place < skip => self.hidden(text, place),
                    0x1b if screen => skip = self.leave_out(text, place).unwrap_or(skip),
                    b'.' | b'\\' | b's' | 0xe2 => self.ellipsis(text, place),
                    _ if !screen => {}
                    0x08 | b'\r' => self.back(text, place),
                    b'G' | b'H' => {
                        let start = self.blocks.sequence_to(place + 1).unwrap_or(place);
                        if to_first_column(&text[start..=place]) {
                            self.back(text, start);
                        }
                    }
                    _ => skip = self.leave_out(text, place).unwrap_or(skip),
                }
            }
        }
        self.size = compact(text, &mut self.blocks.bits, &mut self.bytes);
        self.text_size = self.size;
        for index in 0..self.ellipses.len() {
            let bare = self.index(self.ellipses[index].bare);
            let end = bare + self.bytes[bare..self.size].iter().take_while(|&&byte| byte == b'.').count();
            self.ellipses[index] = Spot { bare, end, ..self.ellipses[index] };
        }
        self.bare_cut = self.cut.map_or(0, |cut| self.index(cut));
        for index in 0..self.strings.len() {
            let (start, end, _) = self.strings[index];
            self.strings[index].2 = self.size as u32;
            self.add_string(&text[start as usize..end as usize]);
        }
    }

    /// Put what is kept of a string behind the others.
    fn add_string(&mut self, string: &[u8]) {
        let most = self.size + 1 + string.len();
        if self.bytes.len() < most {
            self.bytes.resize(most, 0);
        }
        let room = &mut self.bytes[self.size..most];
        room[0] = 0;
        let mut size = 1;
        for &byte in string {
            room[size] = byte;
            size += usize::from(KEPT[usize::from(byte)]);
        }
        self.size += size;
    }

    /// Leave out what begins at `place`, if it is a sequence; returns where it ends.
    #[inline]
    fn leave_out(&mut self, text: &[u8], place: usize) -> Option<usize> {
        let sequence = match text.get(place + 1) {
            Some(b']') => match self.again(text, place) {
                Some(end) => {
                    self.strings.push((place as u32 + 2, end as u32, 0));
                    Some((place, end))
                }
                None => self.sequence(text, place),
            },
            Some(b'[') => colour(text, place).or_else(|| self.sequence(text, place)),
            _ => self.sequence(text, place),
        };
        let (begin, end) = sequence?;
        self.blocks.leave_out(begin, end);
        Some(end)
    }

    /// A sequence at `place`: where it begins and ends.
    fn sequence(&mut self, text: &[u8], place: usize) -> Option<(usize, usize)> {
        if text[place] == 0x9b && place > 0 && text[place - 1] >= 0x80 && text[place - 1] != 0xc2 {
            return None;
        }
        let begin = place - usize::from(text[place] == 0x9b && place > 0 && text[place - 1] == 0xc2);
        let control = control_at(text, begin, true)?;
        if control.cut {
            self.cut = self.cut.or(Some(begin));
            return None;
        }
        if matches!(text[control.end - 1], b'H' | b'G') && to_first_column(&text[begin..control.end]) {
            self.back(text, begin);
        }
        let is_string = matches!(text[begin + 1..control.end], [b']' | b'P' | b'X' | b'^' | b'_', _, ..]);
        if is_string && text[begin] == 0x1b {
            self.strings.push((begin as u32 + 2, control.end as u32, 0));
        }
        Some((begin, control.end))
    }

    /// Where the last string ends that stands at a place again: floods of titles are mostly the same.
    #[inline]
    fn again(&self, text: &[u8], begin: usize) -> Option<usize> {
        let &(start, end, _) = self.strings.last()?;
        let (start, end) = (start as usize - 2, end as usize);
        let size = end - start;
        // what follows tells whether it ends there
        if text.get(begin..begin + size + 2)? != &text[start..end + 2] || matches!(text[end - 1], b'H' | b'G') {
            return None;
        }
        Some(begin + size)
    }

    /// An ellipsis within a sequence is one in the bytes as they are.
    fn hidden(&mut self, text: &[u8], place: usize) {
        if is_ellipsis(text, place) {
            self.doubtful = Some(self.doubtful.map_or(place, |known| known.min(place)));
        }
    }

    fn ellipsis(&mut self, text: &[u8], place: usize) {
        if !is_ellipsis(text, place) || (text[place] == b'.' && place > 0 && text[place - 1] == b'.') {
            return; // the run is known
        }
        // the place among the bare bytes follows when all of them are known
        self.ellipses.push(match text[place] {
            b's' => {
                Spot { place: (place - 1).saturating_sub(LONGEST_MARK), bare: place - 1, end: 0, counted: true }
            }
            _ => Spot { place, bare: place, end: 0, counted: false },
        });
    }

    /// Something goes back at `place`: whether a character is written over is seen by those round it.
    fn back(&mut self, text: &[u8], place: usize) {
        if self.doubtful.is_some() || (text[place] == b'\r' && text.get(place + 1) == Some(&b'\r')) {
            return;
        }
        let mut begin = place;
        while let Some(start) = self.blocks.sequence_to(begin) {
            begin = start;
        }
        let mut end = place;
        let mut home = false;
        while end < text.len() {
            match text[end] {
                0x08 | b'\r' => end += 1,
                byte if byte >= 0x80 || byte < b' ' => match control_at(text, end, true) {
                    Some(control) => {
                        home |= matches!(text[control.end - 1], b'H' | b'G');
                        end = control.end;
                    }
                    None => break,
                },
                _ => break,
            }
        }
        let before = if begin > 0 { text[begin - 1] } else { b' ' };
        let next = text.get(end).copied().unwrap_or(b' ');
        if is_space(before) || before == 0x08 {
            return; // nothing stood there, or what goes back was looked at already
        }
        let doubled = home && (before == b'\\' || self.is_again(text, begin - 1));
        let unclear = before < b' ' || before == 0x7f || (before >= 0x80 && next >= 0x80);
        if doubled || before == next || before == b'_' || next == b'_' || unclear {
            self.doubtful = Some(place);
        }
    }

    /// Whether what stands at a place may be the character before it again, which a colour may stand between.
    fn is_again(&self, text: &[u8], place: usize) -> bool {
        let mut end = place;
        while let Some(start) = self.blocks.sequence_to(end) {
            end = start;
        }
        let before = end.checked_sub(1).map_or(b'\n', |last| text[last]);
        // what is no text may be nothing
        before == text[place] || (!is_space(before) && !(b' '..0x7f).contains(&before))
    }
}

/// A CSI at a place: of a few parameters, and no move in the line.
///
/// What it doesn't know `control_at` does. Those that are whole in a block are known already.
#[inline]
fn colour(text: &[u8], place: usize) -> Option<(usize, usize)> {
    let rest = text.get(place..place + 2 + 5 * 8)?;
    if rest[..2] != *b"\x1b[" {
        return None;
    }
    let mut size = 0;
    for part in rest[2..].chunks_exact(8) {
        let mut eight = [0; 8];
        eight.copy_from_slice(part);
        // of each byte whether it is another than 0x30 to 0x3f
        let others = (u64::from_le_bytes(eight) & 0xf0f0_f0f0_f0f0_f0f0) ^ 0x3030_3030_3030_3030;
        size += (others.trailing_zeros() / 8) as usize;
        if others != 0 {
            break;
        }
    }
    match rest.get(2 + size)? {
        b'G' | b'H' => None,
        0x40..=0x7e => Some((place, place + 3 + size)),
        _ => None,
    }
}

/// Whether there is an ellipsis at a place, or its last bytes but one.
fn is_ellipsis(text: &[u8], place: usize) -> bool {
    let rest = &text[place..];
    match text[place] {
        b'.' => rest.starts_with(b"..."),
        b'\\' => rest.starts_with(b"\\u2026"),
        b's' => place >= 4 && text[place - 4..].starts_with(b"chars]"),
        _ => rest.starts_with("\u{2026}".as_bytes()),
    }
}
