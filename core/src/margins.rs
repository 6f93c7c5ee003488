//! What may stand round a line break without being text: the border of a box, the mark of a comment or a
//! quote (`| `, `> `, `# `, `+ `), or a backslash before the line end.

use crate::find::rfind_byte;
use crate::pattern::is_space;

/// A byte that is at a margin, or whitespace but for a line end.
pub fn is_at_margin(byte: u8) -> bool {
    is_mark(byte) || byte == 0xe2 || (0x80..0xc0).contains(&byte) || is_blank(byte) || byte == b'\r'
}

#[inline]
fn is_mark(byte: u8) -> bool {
    matches!(byte, b'\\' | b'|' | b'>' | b'#' | b'+' | b'*' | b':' | b';' | b'%' | b'!' | b'-' | b'/' | b'<')
}

#[inline]
fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Whether a text may have anything at a margin.
pub fn may_have_margins(text: &[u8]) -> bool {
    text.contains(&b'\n') && text.iter().any(|&byte| is_mark(byte) || byte == 0xe2)
}

/// Whether anything stands where margins are, round a line end: else `margins` finds none.
pub fn has_margins(text: &[u8]) -> bool {
    let beside = |at: usize| {
        let after = at + 1 + run(text, at + 1, is_blank);
        let before = trimmed(&text[..at], |byte| is_blank(byte) || byte == b'\r');
        match text.get(after) {
            Some(0xe2) if is_border(text, after) => return true,
            Some(&byte) if is_mark(byte) && byte != b'\\' => return true,
            _ => {}
        }
        match text[..before].last() {
            Some(b'|' | b'\\') => true,
            Some(0x80..=0xbf) => before >= 3 && is_border(text, before - 3),
            _ => false,
        }
    };
    text.iter().enumerate().any(|(at, &byte)| byte == b'\n' && beside(at))
}

/// The second bytes of borders.
fn is_second(byte: u8) -> bool {
    matches!(byte, 0x80 | 0x86 | 0x8b | 0x8f | 0x94 | 0x95 | 0x96)
}

/// Whether a character begins at `at` that is box drawing, a block, a bar (U+2500 to U+25BF), or marks that a
/// line goes on: hyphen, bullet, quote, vertical dots, arrows that turn back.
fn is_border(text: &[u8], at: usize) -> bool {
    match (text.get(at), text.get(at + 1), text.get(at + 2)) {
        (Some(0xe2), Some(second), Some(third)) => match second {
            0x94..=0x96 => (0x80..0xc0).contains(third),
            0x80 => matches!(third, 0x90 | 0xa2 | 0xba),
            0x86 => matches!(third, 0xa9 | 0xaa | 0xb3 | 0xb5),
            0x8b => *third == 0xae,
            0x8f => *third == 0x8e,
            _ => false,
        },
        _ => false,
    }
}

/// How many bytes from `begin` on are borders.
fn borders(text: &[u8], begin: usize) -> usize {
    3 * (0..).take_while(|count| is_border(text, begin + 3 * count)).count()
}

fn run(text: &[u8], begin: usize, kind: impl Fn(u8) -> bool) -> usize {
    text[begin..].iter().take_while(|&&byte| kind(byte)).count()
}

/// Just after what stands at the left margin after the line end at `at`, if anything does: marks with a blank
/// after them, or one of a diff or a quote.
fn left_margin(text: &[u8], at: usize) -> Option<usize> {
    let mut end = at + 1;
    for _ in 0..4 {
        let begin = end + run(text, end, is_blank);
        let drawn = borders(text, begin);
        if drawn > 0 {
            end = begin + drawn;
            continue;
        }
        let marks = run(text, begin, |byte| is_mark(byte) && byte != b'\\' && byte != b'/');
        let slashes = run(text, begin, |byte| byte == b'/');
        let marked = begin + if slashes >= 2 { slashes } else { marks };
        if marked == begin || !text.get(marked).map_or(false, |&byte| is_blank(byte)) {
            break;
        }
        end = marked;
    }
    let begin = end + run(text, end, is_blank);
    let quotes = run(text, begin, |byte| byte == b'>');
    if quotes > 0 {
        return Some(begin + quotes);
    }
    if end > at + 1 {
        return Some(end);
    }
    match text.get(begin) {
        Some(b'#' | b'|' | b'+' | b'-') => Some(begin + 1),
        _ => None,
    }
}

const MOST_BLANKS: usize = 64;
/// Borders at one margin.
const MOST_BORDERS: usize = 8;

/// Just after up to `most` borders from `begin` on, with blanks before each.
fn bordered(text: &[u8], begin: usize, most: usize) -> usize {
    let mut end = begin;
    for _ in 0..most {
        let at = end + text[end..].iter().take(MOST_BLANKS).take_while(|&&byte| is_blank(byte)).count();
        end = if text.get(at) == Some(&b'|') {
            at + 1
        } else if is_border(text, at) {
            at + 3
        } else {
            break;
        };
    }
    end
}

/// Just after the line end, when at `at` begins what stands at its right margin: borders, of empty cells too,
/// or one mark that the line goes on.
fn right_margin(text: &[u8], at: usize) -> Option<usize> {
    let end = match text[at] {
        0xe2 if is_border(text, at) => bordered(text, at + 3, MOST_BORDERS - 1),
        b'|' => bordered(text, at + 1, MOST_BORDERS - 1),
        b'\\' => at + 1,
        _ => return None,
    };
    let end = end + run(text, end, is_blank);
    let end = end + run(text, end, |byte| byte == b'\r');
    if text.get(end) == Some(&b'\n') {
        Some(end + 1)
    } else {
        None
    }
}

/// For each byte of a text whether it is kept when whitespace and what stands at right margins is left out, and
/// (start, end) of its left margins, line ends and all.
pub fn margins(text: &[u8]) -> (Vec<bool>, Vec<(usize, usize)>) {
    let mut kept: Vec<bool> = text.iter().map(|&byte| !is_space(byte)).collect();
    for (start, end) in every(text, right_margin) {
        kept[start..end].fill(false);
    }
    (kept, every(text, left))
}

/// The same without left margins.
pub fn kept(text: &[u8]) -> Vec<bool> {
    let (mut kept, left) = margins(text);
    for (start, end) in left {
        kept[start..end].fill(false);
    }
    kept
}

/// (start, end) of what `margin` finds, from left to right.
fn every(text: &[u8], margin: impl Fn(&[u8], usize) -> Option<usize>) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        match margin(text, at) {
            Some(end) => {
                found.push((at, end));
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

fn left(text: &[u8], at: usize) -> Option<usize> {
    if text[at] == b'\n' {
        left_margin(text, at)
    } else {
        None
    }
}

/// A line's length without what its end may turn out to be of borders, cut or whole, or a backslash.
///
/// From the end on: a border that is cut, then up to eight whole ones, with blanks before each.
fn before_borders(line: &[u8]) -> usize {
    let mut end = match line {
        [before @ .., b'\\' | 0xe2] => before.len(),
        [before @ .., 0xe2, second] if is_second(*second) => before.len(),
        _ => line.len(),
    };
    if line.last() == Some(&b'\\') {
        return end;
    }
    for most in (0..=MOST_BORDERS).rev() {
        end -= line[..end].iter().rev().take(MOST_BLANKS).take_while(|&&byte| is_blank(byte)).count();
        let border = match end.checked_sub(3) {
            _ if line[..end].last() == Some(&b'|') => 1,
            Some(at) if is_border(&line[..end], at) => 3,
            _ => 0,
        };
        if border == 0 || most == 0 {
            break;
        }
        end -= border;
    }
    end
}

/// Where the text ends if its last bytes turn out to be a margin; it is looked for in the last `most` bytes.
pub fn ends_before_margin(text: &[u8], most: usize) -> Vec<usize> {
    let begin = text.len().saturating_sub(most);
    let end = &text[begin..];
    let mut found = Vec::new();
    // what may be a border; all of the last line may be a margin, and a border stand before it
    let broken = rfind_byte(end, b'\n').filter(|&at| end[at + 1..].iter().all(|&byte| is_at_margin(byte)));
    for (line, broken) in std::iter::once((end, false)).chain(broken.map(|at| (&end[..at], true))) {
        let bare = trimmed(line, |byte| is_blank(byte) || byte == b'\r');
        let may_be_border = |byte: &u8| matches!(byte, b'|' | b'\\' | 0xe2 | 0x80..=0xbf);
        let bare = if line[..bare].last().map_or(false, may_be_border) {
            trimmed(&line[..before_borders(&line[..bare])], is_blank)
        } else if broken {
            bare
        } else {
            continue;
        };
        if bare < end.len() {
            found.push(begin + bare);
        }
    }
    found
}

/// The length of `text` without such bytes at its end.
fn trimmed(text: &[u8], kind: impl Fn(u8) -> bool) -> usize {
    text.len() - text.iter().rev().take_while(|&&byte| kind(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(text: &str) -> String {
        let kept = kept(text.as_bytes());
        let bytes = text.bytes().zip(kept).filter(|(_, kept)| *kept).map(|(byte, _)| byte).collect();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn what_stands_round_a_line_break_is_left_out() {
        assert_eq!(without("│ one │\n│ two │\n"), "│onetwo");
        assert_eq!(without("a\n# one\n# two"), "aonetwo");
        assert_eq!(without("one \\\n  two"), "onetwo");
        assert_eq!(without("a\n+> one |\n// two"), "aonetwo");
        assert_eq!(without("a\n#one"), "aone");
        assert_eq!(without("a\n> > > > > one || |\n two"), "aonetwo");
    }

    /// Each place is asked whether all after it is what stands at a margin.
    fn by_definition(line: &[u8]) -> usize {
        let is_all = |at: usize| {
            let end = bordered(line, at, 8);
            let end = end + line[end..].iter().take(MOST_BLANKS).take_while(|&&byte| is_blank(byte)).count();
            match line[end..] {
                [] | [0xe2] | [b'\\'] if line[end..] != b"\\"[..] || end == at => true,
                [0xe2, second] => is_second(second),
                _ => false,
            }
        };
        let may_be = |byte: u8| is_blank(byte) || matches!(byte, b'|' | b'\\' | 0xe2 | 0x80..=0xbf);
        (trimmed(line, may_be)..line.len()).find(|&at| is_all(at)).unwrap_or(line.len())
    }

    #[test]
    fn borders_are_counted_from_the_end_as_from_the_beginning() {
        let pieces: [&[u8]; 12] = [b"|", b"| ", b" ", b"\\", b"x", b"\xe2", b"\xe2\x94", b"\xe2\x94\x82", b"\t", b"\x82", &[b' '; 63], &[b' '; 66]];
        let mut state = 1u64;
        for _ in 0..5000 {
            let mut line = Vec::new();
            for _ in 0..state >> 33 & 15 {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                line.extend_from_slice(pieces[(state >> 40) as usize % pieces.len()]);
            }
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            assert_eq!(before_borders(&line), by_definition(&line), "{line:?}");
        }
    }

    #[test]
    fn a_text_may_end_before_its_margin() {
        assert_eq!(ends_before_margin(b"one |", 256), [3]);
        assert_eq!(ends_before_margin(b"one\n# ", 256), [3]);
        assert_eq!(ends_before_margin(b"one", 256), []);
        assert_eq!(ends_before_margin("one │".as_bytes(), 256), [3]);
        assert_eq!(ends_before_margin("one\n%│".as_bytes(), 256), [5, 3]);
    }
}
