//! Ellipses, next to which a beginning or an end of a secret may stand: `ghp_A1b2...`, `ghp_A1...p6Q7r8`.

pub const CHARACTER: &[u8] = b"\xe2\x80\xa6";
pub const ESCAPED: &[u8] = b"\\u2026";
/// How many characters are left out: `[22 chars]`.
const COUNTED: &[u8] = b"chars";
/// Bytes of it.
pub const LONGEST_MARK: usize = 20;
const MOST_DIGITS: usize = 9;
/// Bytes that are compared in one go.
const BLOCK: usize = 32;

/// An ellipsis with the quote or bracket round it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ellipsis {
    pub start: usize,
    /// Where the ellipsis itself is.
    pub inner: (usize, usize),
    pub end: usize,
}

/// Whether there is any in a text.
pub fn has_ellipsis(text: &[u8]) -> bool {
    // one of these bytes is in each; most texts have few
    let is_mark = |byte: u8| matches!(byte, b'.' | b']' | b'\\' | 0xe2);
    let is_one = |at: usize| match text[at] {
        b'.' => text[at..].starts_with(b"..."),
        b']' => text[..at].ends_with(COUNTED),
        b'\\' => text[at..].starts_with(ESCAPED),
        _ => text[at..].starts_with(CHARACTER),
    };
    for begin in (0..text.len()).step_by(BLOCK) {
        let block = begin..text.len().min(begin + BLOCK);
        let any = text[block.clone()].iter().fold(false, |any, &byte| any | is_mark(byte));
        if any && block.into_iter().any(|at| is_mark(text[at]) && is_one(at)) {
            return true;
        }
    }
    false
}

fn is_opening(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`' | b'[' | b'(' | b'<')
}

/// The ellipsis itself at `at`, and where it ends.
fn inner_at(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..];
    match rest.first()? {
        b'.' => {
            let dots = rest.iter().take_while(|&&byte| byte == b'.').count();
            if dots >= 3 {
                Some(at + dots)
            } else {
                None
            }
        }
        0xe2 if rest.starts_with(CHARACTER) => Some(at + 3),
        b'\\' if rest.starts_with(ESCAPED) => Some(at + 6),
        b'0'..=b'9' if at > 0 && text[at - 1] == b'[' => {
            let word = at + number(rest);
            if text[word..].starts_with(b"chars]") {
                Some(word + COUNTED.len())
            } else {
                None
            }
        }
        _ => None,
    }
}

/// How many bytes at the beginning are a number, with a blank after it.
fn number(text: &[u8]) -> usize {
    let digits = text.iter().take(MOST_DIGITS).take_while(|byte| byte.is_ascii_digit()).count();
    digits + usize::from(digits > 0 && text.get(digits) == Some(&b' '))
}

/// All of a text.
pub fn ellipses(text: &[u8]) -> Vec<Ellipsis> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let quoted = at + usize::from(is_opening(text[at]));
        let spaced = quoted + usize::from(text.get(quoted) == Some(&b' '));
        match inner_at(text, spaced) {
            Some(inner_end) => {
                let closed = matches!(text.get(inner_end), Some(b']' | b')' | b'>'));
                let end = inner_end + usize::from(closed);
                found.push(Ellipsis { start: at, inner: (spaced, inner_end), end });
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

/// Whether a text may turn out to end in an ellipsis.
pub fn may_be_undecided(text: &[u8]) -> bool {
    let may_be_last = |&byte: &u8| is_opening(byte) || matches!(byte, b'.' | b' ' | 0xe2 | 0x80 | b'\\' | b'u' | b'2' | b'0');
    text.last().map_or(false, may_be_last)
        || text[text.len().saturating_sub(LONGEST_MARK)..].contains(&b'[')
}

/// Where, from `begin` on, something stands that the end of the text may turn out to be an ellipsis by;
/// the end when there is nothing.
pub fn undecided(text: &[u8], begin: usize) -> usize {
    // but for a number of characters, it is in the last bytes
    let last = text.len().saturating_sub(2 + ESCAPED.len());
    let may_be = |&at: &usize| at >= last || text[at] == b'[' || (at > 0 && text[at - 1] == b'[');
    (begin..text.len()).filter(may_be).find(|&at| may_become_one(text, at)).unwrap_or(text.len())
}

fn may_become_one(text: &[u8], at: usize) -> bool {
    let is_counted = at > 0 && text[at - 1] == b'[';
    if !is_counted && !is_opening(text[at]) && !matches!(text[at], b' ' | b'.' | b'\\' | 0xe2) {
        return false;
    }
    let at = at + usize::from(text.get(at).map_or(false, |&byte| is_opening(byte)));
    let counted = |at: usize| {
        let size = number(&text[at..]);
        size > 0 && COUNTED.starts_with(&text[at + size..])
    };
    if at > 0 && text[at - 1] == b'[' && counted(at) {
        return true;
    }
    let rest = &text[at + usize::from(text.get(at) == Some(&b' '))..];
    matches!(rest, b"" | b"." | b".." | b"\xe2" | b"\xe2\x80") || (rest.len() < 6 && ESCAPED.starts_with(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ellipses_have_their_quotes() {
        let all: Vec<_> = ellipses(b"a... 'b' ...] \xe2\x80\xa6 ..").iter().map(|one| (one.start, one.end)).collect();
        assert_eq!(all, [(1, 4), (7, 13), (13, 17)]);
        assert_eq!(ellipses(b"a[123 chars]b")[0], Ellipsis { start: 1, inner: (2, 11), end: 12 });
        assert_eq!(ellipses(b"x'\\u2026>")[0], Ellipsis { start: 1, inner: (2, 8), end: 9 });
    }

    #[test]
    fn the_end_may_turn_out_to_be_one() {
        assert_eq!(undecided(b"abc' .", 0), 3);
        assert_eq!(undecided(b"abc\\u20", 0), 3);
        assert_eq!(undecided(b"abc", 0), 3);
        assert_eq!(undecided(b"abc[12 ch", 0), 3);
        assert_eq!(undecided(b"abc...", 0), 4);
    }
}
