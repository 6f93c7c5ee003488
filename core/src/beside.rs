//! The proof that nothing begins before an ellipsis, nor ends after it.

use crate::bare::{Bare, Spot};
use crate::ellipsis::{CHARACTER, ESCAPED, LONGEST_MARK};
use crate::ends::LONGEST_END;
use crate::grams::word;
use crate::needles::TAIL;
use crate::parts::Parts;
use crate::pattern::{is_space, UNFINISHED};
use crate::sieve::Sieve;

/// Bytes that tell of whitespace in the end of a pattern, at most.
const SPACED: usize = 4;

/// Add the last bytes before whitespace, and that, wherever it is in the end of a pattern.
pub fn add_spaced(end: &[u8], found: &mut Vec<u64>) {
    for at in (1..end.len()).filter(|&at| is_space(end[at])) {
        found.extend((2..=SPACED.min(at + 1)).map(|size| word(&end[at + 1 - size..=at])));
    }
}

impl Sieve {
    /// Whether surely nothing begins before an ellipsis.
    pub fn no_head(&self, text: &[u8], bare: &Bare, spot: &Spot) -> bool {
        let begin = spot.bare.saturating_sub(TAIL + LONGEST_MARK);
        let absent = |heads: &Parts| {
            // all of a beginning is among as many bytes that are bare
            let first = if begin > 0 { bare.place(begin) } else { 0 };
            let last = text.len().min(spot.place + LONGEST_MARK + 1);
            heads.absent(&bare.bytes()[begin..spot.bare]) && !heads.sparse.stands_in(&text[first..last])
        };
        self.edges(bare).all(|edges| absent(&edges.heads))
    }

    /// Whether surely nothing ends after it.
    pub fn no_end(&self, text: &[u8], bare: &Bare, spot: &Spot) -> bool {
        let bytes = bare.bytes();
        let end = bytes.len().min(spot.end + LONGEST_END + 8);
        let absent = |ends: &Parts| {
            let last = if end < bare.text_size { bare.place(end) } else { text.len() };
            ends.absent(&bytes[spot.bare..end]) && !ends.sparse.stands_in(&text[spot.place..last])
        };
        self.edges(bare).all(|edges| absent(&edges.ends))
    }

    /// Whether whitespace that no end has follows an ellipsis so soon that nothing ends after it.
    pub fn breaks_off(&self, text: &[u8], spot: &Spot) -> bool {
        let rest = &text[spot.place..];
        let size = match rest[0] {
            _ if spot.counted => return false,
            b'.' => rest.iter().take_while(|&&byte| byte == b'.').count(),
            b'\\' => ESCAPED.len(),
            _ => CHARACTER.len(),
        };
        let rest = &rest[size..];
        let rest = &rest[usize::from(matches!(rest.first(), Some(b']' | b')' | b'>')))..];
        // as shown everywhere: plain text, and a blank that is not written over
        let size = rest.iter().take(UNFINISHED).take_while(|&&byte| (0x21..0x7f).contains(&byte)).count();
        match rest.get(size..) {
            Some([b'\n' | b'\t', ..] | [b' ', b' '..=b'~' | b'\n', ..]) if size < UNFINISHED => {}
            _ => return false,
        }
        let end = &rest[size.saturating_sub(SPACED - 1)..=size];
        size == 0 || self.spaced_ends.as_ref().map_or(true, |ends| !ends.has(word(end)))
    }
}
