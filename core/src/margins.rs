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
    b"\\|>#+*:;%!-/".contains(&byte)
}

#[inline]
fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Whether a text may have anything at a margin.
pub fn may_have_margins(text: &[u8]) -> bool {
    text.contains(&b'\n') && text.iter().any(|&byte| is_mark(byte) || byte == 0xe2)
}

/// How many bytes at the beginning of `text` are box drawing (U+2500 to U+25BF).
fn boxes(text: &[u8]) -> usize {
    3 * text.chunks_exact(3).take_while(|one| is_box(one)).count()
}

fn is_box(one: &[u8]) -> bool {
    one[0] == 0xe2 && (0x94..=0x96).contains(&one[1]) && (0x80..0xc0).contains(&one[2])
}

fn run(text: &[u8], begin: usize, kind: impl Fn(u8) -> bool) -> usize {
    text[begin..].iter().take_while(|&&byte| kind(byte)).count()
}

/// Just after what stands at the left margin after the line end at `at`, if anything does.
fn left_margin(text: &[u8], at: usize) -> Option<usize> {
    let mut end = at + 1;
    for _ in 0..4 {
        let begin = end + run(text, end, is_blank);
        let drawn = boxes(&text[begin..]);
        if drawn > 0 {
            end = begin + drawn;
            continue;
        }
        let marks = run(text, begin, |byte| b">#|+*:;%!-".contains(&byte));
        let slashes = run(text, begin, |byte| byte == b'/');
        let marked = begin + if slashes >= 2 { slashes } else { marks };
        if marked == begin || !text.get(marked).map_or(false, |&byte| is_blank(byte)) {
            break;
        }
        end = marked;
    }
    if end > at + 1 {
        Some(end)
    } else {
        None
    }
}

/// Just after the line end, when at `at` begins what stands at its right margin.
fn right_margin(text: &[u8], at: usize) -> Option<usize> {
    let end = match text[at] {
        0xe2 => match boxes(&text[at..]) {
            0 => return None,
            drawn => at + drawn,
        },
        b'|' if at > 0 && is_blank(text[at - 1]) => at + 1,
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

/// For each byte of a text whether it is kept when whitespace and what stands at margins is left out.
pub fn kept(text: &[u8]) -> Vec<bool> {
    let mut kept: Vec<bool> = text.iter().map(|&byte| !is_space(byte)).collect();
    for margin in [left as fn(&[u8], usize) -> Option<usize>, right] {
        let mut at = 0;
        while at < text.len() {
            match margin(text, at) {
                Some(end) => {
                    kept[at..end].fill(false);
                    at = end;
                }
                None => at += 1,
            }
        }
    }
    kept
}

fn left(text: &[u8], at: usize) -> Option<usize> {
    if text[at] == b'\n' {
        left_margin(text, at)
    } else {
        None
    }
}

fn right(text: &[u8], at: usize) -> Option<usize> {
    right_margin(text, at)
}

/// A line's length without what may stand at its right margin: a border, whole or cut, or a backslash.
fn before_break(line: &[u8]) -> usize {
    let mut size = line.len();
    let second = |byte: u8| (0x94..=0x96).contains(&byte);
    if size >= 1 && line[size - 1] == 0xe2 {
        size -= 1;
    } else if size >= 2 && line[size - 2] == 0xe2 && second(line[size - 1]) {
        size -= 2;
    }
    while size >= 3
        && line[size - 3] == 0xe2
        && second(line[size - 2])
        && (line[size - 1] == 0xe2 || (0x80..0xc0).contains(&line[size - 1]))
    {
        size -= 3;
    }
    if size >= 1 && matches!(line[size - 1], b'|' | b'\\') {
        size -= 1;
    }
    size
}

/// Where the text ends if its last bytes turn out to be a margin; it is looked for in the last `most` bytes.
pub fn end_before_margin(text: &[u8], most: usize) -> Option<usize> {
    let begin = text.len().saturating_sub(most);
    let end = &text[begin..];
    let mut line = end;
    let mut broken = false;
    if let Some(at) = rfind_byte(end, b'\n') {
        if end[at + 1..].iter().all(|&byte| is_at_margin(byte)) {
            line = &end[..at];
            broken = true;
        }
    }
    let bare = trimmed(line, |byte| is_blank(byte) || byte == b'\r');
    let before = before_break(&line[..bare]);
    let bare = if before < bare {
        trimmed(&line[..before], is_blank)
    } else if broken {
        bare
    } else {
        return None;
    };
    if bare < end.len() {
        Some(begin + bare)
    } else {
        None
    }
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
        assert_eq!(without("a\n#one"), "a#one");
    }

    #[test]
    fn a_text_may_end_before_its_margin() {
        assert_eq!(end_before_margin(b"one |", 256), Some(3));
        assert_eq!(end_before_margin(b"one\n# ", 256), Some(3));
        assert_eq!(end_before_margin(b"one", 256), None);
        assert_eq!(end_before_margin("one │".as_bytes(), 256), Some(3));
    }
}
