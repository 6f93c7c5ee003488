//! Where a needle of a secret may stand: how much is looked at closely, and what is masked without.
//!
//! Most secrets stand in the middle of bytes that every reading has as they are, `token=...`. `PatternSet::near` tells
//! the first place where a needle of any key may stand. Where some kept bytes stand just before it, side by side with
//! it, no key begins before them that reaches them: its needle, which lacks two first bytes of it at most, would stand
//! at one of these. So all that is to be masked from there on begins in them or after them, and up to the next byte
//! that is no text every reading has the same. A beginning at their end is kept for another look.

use crate::bare::Bare;
use crate::base64_edge::{after, Before};
use crate::ellipsis::LONGEST_MARK;
use crate::ends::LONGEST_END;
use crate::needles::SHORT_END;
use crate::pattern::is_space;
use crate::patterns::PatternSet;
use crate::reading::Reading;
use crate::search::Search;

/// Bytes looked at closely in one go, where something stands.
pub const CLOSE: usize = 96;
/// Bytes after a secret that tell where it ends.
const BESIDE: usize = 4;
/// Bytes before a needle among which so many are sought that are kept.
const MOST_BEFORE: usize = 24;
/// Bytes of a word that is looked at in one go.
const LONGEST: usize = 1 << 10;
/// Bare bytes that follow: an ellipsis that the end of the text cuts is not as long.
const AFTER: usize = LONGEST_MARK + 4;

/// What is found there.
pub struct Inside<'a> {
    /// Where the bytes begin and end.
    pub begin: usize,
    pub end: usize,
    /// Places count from `begin`.
    pub search: Search<'a>,
}

/// What stands in the bytes round a place, the first from `from` on near which anything may stand; none where that
/// takes a closer look.
///
/// `before` is what stands before `from`.
pub fn inside<'a>(
    patterns: &'a PatternSet,
    text: &'a [u8],
    from: usize,
    place: usize,
    bare: &Bare,
    before: Before,
) -> Option<Inside<'a>> {
    if bare.doubtful.is_some() || !patterns.sieve.whole {
        return None;
    }
    let is_text = |&&byte: &&u8| byte.wrapping_sub(0x21) < 0x5e;
    let index = bare.index(place);
    let sequence = bare.blocks.sequence_before(place).map_or(0, |(_, end)| end);
    let low = from.max(place.saturating_sub(MOST_BEFORE)).max(sequence);
    let begin = place - text.get(low..place)?.iter().rev().take_while(is_text).count();
    if bare.index(begin) + SHORT_END >= index {
        return None;
    }
    let end = place + text[place..].iter().take(LONGEST).take_while(is_text).count();
    let next = bare.index(end);
    let last = bare.cut.map_or(bare.text_size, |_| bare.bare_cut.min(bare.text_size)); // what is open may be nothing
    if next + AFTER > last || near_ellipsis(bare, index, next) {
        return None;
    }
    // what follows may go back, or what ends the word be at a margin
    let gap = &text[end..=bare.place(next)];
    let goes_back = |at: usize| gap[at] == 0x08 || (gap[at] == b'\r' && gap[at + 1] != b'\n');
    let is_end = matches!(gap[0], b' ' | b'\t' | b'\r' | b'\n' | 0x1b) && !matches!(text[end - 1], b'|' | b'\\');
    if !is_end || (0..gap.len() - 1).any(goes_back) {
        return None;
    }
    let stop = end - begin;
    let before = after(&text[from..], begin - from, before);
    let mut search = Search::new(&text[begin..end + 1], before, patterns, false, false);
    let (exact, loose) = patterns.keys();
    for keys in [exact, loose] {
        search.look_within(&Reading::piece(search.buffer, stop, keys));
    }
    let again = search.waiting.iter().map(|one| one.keep).min().unwrap_or(stop);
    if search.found.is_empty() || begin + again <= place {
        return None;
    }
    Some(Inside { begin, end, search })
}

/// Whether an ellipsis is so near some bare bytes that what stands there may have to do with it.
fn near_ellipsis(bare: &Bare, begin: usize, end: usize) -> bool {
    let far = LONGEST_END + LONGEST_MARK;
    bare.ellipses.iter().any(|spot| spot.bare + far >= begin && spot.bare <= end + AFTER)
}

/// How many bytes to look at closely where something stands alone: what has no blank in it, and a few that follow in
/// every reading.
pub fn alone(text: &[u8], place: usize, bare: &Bare) -> usize {
    if bare.doubtful.is_some() {
        return CLOSE; // what is written over may be of it
    }
    let word = text[place..].iter().take(4 * CLOSE).take_while(|&&byte| !is_space(byte) && byte != 0x1b).count();
    let index = bare.index(place + word) + BESIDE;
    let end = if index < bare.text_size { bare.place(index) } else { text.len() };
    (end - place).min(word + CLOSE)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::matcher::Matcher;
    use crate::output::Output;
    use crate::pattern::Rule;
    use crate::table::Table;

    #[test]
    fn a_secret_in_a_word_is_masked_without_readings() {
        let mut table = Table::new(true);
        table.add(b"sk_live_9aF3kQ7zXc2Vb8NmKq", Rule::default()).unwrap();
        let set = Arc::new(table.compiled(true, true));
        let after = "and much more of the same that holds nothing at all\n";
        for (word, closely) in [
            ("token=sk_live_9aF3kQ7zXc2Vb8NmKq\n", false),
            ("token=sk_live_9aF3kQ7zXc2Vb8NmKq\x1b[0m ", false),
            ("token=sk_live_9aF3kQ7zXc2Vb8NmKq.sk_live_9aF3kQ7zXc2Vb8NmKq,sk_\n", false),
            ("sk_live_9aF3kQ7zXc2Vb8NmKq\n", true),
            ("token=sk_live_9aF3kQ7zXc2Vb8NmKq\r", true),
            ("token=sk_live_9aF3kQ7zXc2Vb8NmKq...\n", true),
        ] {
            let (mut matcher, mut out) = (Matcher::new(Some(set.clone())), Output::default());
            let text = ["\x1b[32ma word \x1b[0m", word, after].concat();
            matcher.feed(text.as_bytes(), &mut out);
            assert_eq!(matcher.looked > text.len(), closely, "{:?}", word);
            let masked = text.replace("sk_live_9aF3kQ7zXc2Vb8NmKq", "");
            assert_eq!((out.bytes, out.marks.len()), (masked.into_bytes(), text.matches("sk_live_9aF3").count()));
        }
    }
}
