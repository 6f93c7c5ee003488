//! What prints nothing: sequences of ECMA-48 and xterm, controls, characters of no width.
//!
//! Lengths are bounded: a sequence that does not end is data. Strings (OSC and the like) hold no line ends,
//! and at most 2,048 bytes, enough for the URL of a hyperlink.

/// Stands for a move to column 1: no other ESC is left in what a terminal shows.
pub const HOME: u8 = 0x1b;

const LONGEST_STRING: usize = 2048;
const MOST_PARAMETERS: usize = 60;
const MOST_INTERMEDIATES: usize = 4;

/// Something that prints nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Control {
    /// Just after its last byte.
    pub end: usize,
    /// The text's end cuts it.
    pub cut: bool,
}

fn whole(end: usize) -> Option<Control> {
    Some(Control { end, cut: false })
}

/// Bytes without which a text is shown as it is, line by line. TAB, LF, VT, FF and CR are whitespace.
#[inline]
pub fn is_special(byte: u8) -> bool {
    byte < 0x09 || (0x0e..0x20).contains(&byte) || byte >= 0x7f
}

#[inline]
fn is_c0(byte: u8) -> bool {
    byte < 0x08 || (0x0e..=0x1a).contains(&byte) || (0x1c..=0x1f).contains(&byte) || byte == 0x7f
}

/// What prints nothing from `at` on, if anything.
///
/// With `cut` a sequence that the end of the text cuts is one, else it is data already.
pub fn control_at(text: &[u8], at: usize, cut: bool) -> Option<Control> {
    let byte = text[at];
    let next = text.get(at + 1).copied();
    let ends_here = |count: usize| {
        if cut && at + count == text.len() {
            Some(Control { end: text.len(), cut: true })
        } else {
            None
        }
    };
    match byte {
        0x1b => Some(escape(text, at, cut)),
        _ if is_c0(byte) => whole(at + text[at..].iter().take_while(|&&byte| is_c0(byte)).count()),
        // C1 controls, the no-break space, the soft hyphen; CSI as one character
        0xc2 => match next {
            Some(0x80..=0x9a | 0x9c..=0xa0 | 0xad) => whole(at + 2),
            Some(0x9b) => parameters(text, at + 2, cut),
            _ => ends_here(1),
        },
        0xe2 if next.map_or(false, |next| next > 0x81) => None, // most of what is no letter is drawn, and common
        0xcd | 0xd8 | 0xe1..=0xe3 | 0xef | 0xf0 | 0xf3 => invisible(text, at, cut),
        // C1 as one byte, where it is no part of a character
        0x80..=0x9f if at == 0 || text[at - 1] < 0x80 => {
            if byte == 0x9b {
                parameters(text, at + 1, cut)
            } else {
                whole(at + 1)
            }
        }
        _ => None,
    }
}

/// What Unicode calls ignorable (zero width, directions, joiners, fillers, variants, tags, BOM), and its blanks:
/// ranges of each byte in UTF-8.
const INVISIBLE: [&[(u8, u8)]; 18] = [
    &[(0xcd, 0xcd), (0x8f, 0x8f)],
    &[(0xd8, 0xd8), (0x9c, 0x9c)],
    &[(0xe1, 0xe1), (0x85, 0x85), (0x9f, 0xa0)],
    &[(0xe1, 0xe1), (0x9a, 0x9a), (0x80, 0x80)],
    &[(0xe1, 0xe1), (0x9e, 0x9e), (0xb4, 0xb5)],
    &[(0xe1, 0xe1), (0xa0, 0xa0), (0x8b, 0x8f)],
    &[(0xe2, 0xe2), (0x80, 0x80), (0x80, 0x8f)],
    &[(0xe2, 0xe2), (0x80, 0x80), (0xa8, 0xaf)],
    &[(0xe2, 0xe2), (0x81, 0x81), (0x9f, 0xaf)],
    &[(0xe3, 0xe3), (0x80, 0x80), (0x80, 0x80)],
    &[(0xe3, 0xe3), (0x85, 0x85), (0xa4, 0xa4)],
    &[(0xef, 0xef), (0xb8, 0xb8), (0x80, 0x8f)],
    &[(0xef, 0xef), (0xbb, 0xbb), (0xbf, 0xbf)],
    &[(0xef, 0xef), (0xbe, 0xbe), (0xa0, 0xa0)],
    &[(0xef, 0xef), (0xbf, 0xbf), (0xb0, 0xbb)],
    &[(0xf0, 0xf0), (0x9b, 0x9b), (0xb2, 0xb2), (0xa0, 0xa3)],
    &[(0xf0, 0xf0), (0x9d, 0x9d), (0x85, 0x85), (0xb3, 0xba)],
    &[(0xf3, 0xf3), (0xa0, 0xa0), (0x80, 0xbf), (0x80, 0xbf)],
];

/// A character of no width, whole or cut.
fn invisible(text: &[u8], at: usize, cut: bool) -> Option<Control> {
    let rest = &text[at..];
    let of = |ranges: &&&[(u8, u8)]| rest.iter().zip(**ranges).all(|(&byte, &(low, high))| low <= byte && byte <= high);
    let ranges = INVISIBLE.iter().find(of)?;
    if rest.len() >= ranges.len() {
        whole(at + ranges.len())
    } else if cut {
        Some(Control { end: text.len(), cut: true })
    } else {
        None
    }
}

/// The parameters, intermediates and final byte of a CSI.
fn parameters(text: &[u8], begin: usize, cut: bool) -> Option<Control> {
    let end = after_parameters(text, begin);
    match text.get(end) {
        Some(0x40..=0x7e) => whole(end + 1),
        None if cut => Some(Control { end, cut: true }),
        _ => None,
    }
}

fn after_parameters(text: &[u8], begin: usize) -> usize {
    let end = begin + run(text, begin, MOST_PARAMETERS, |byte| (0x30..0x40).contains(&byte));
    end + run(text, end, MOST_INTERMEDIATES, |byte| (0x20..0x30).contains(&byte))
}

/// How many bytes from `begin` on are of a kind, at most `most`.
fn run(text: &[u8], begin: usize, most: usize, kind: impl Fn(u8) -> bool) -> usize {
    text[begin..].iter().take(most).take_while(|&&byte| kind(byte)).count()
}

/// What an ESC begins; at least itself.
fn escape(text: &[u8], at: usize, cut: bool) -> Control {
    let alone = Control { end: at + 1, cut: false };
    let at_end = Control { end: text.len(), cut: true };
    let begin = at + 2;
    let found = match text.get(at + 1) {
        None => return if cut { at_end } else { alone },
        Some(b'[') => parameters(text, begin, cut), // CSI: colours, erasing, modes
        Some(b']' | b'P' | b'X' | b'^' | b'_') => string(text, at, cut),
        Some(0x20..=0x2f) => {
            // character sets
            let end = at + 1 + run(text, at + 1, MOST_INTERMEDIATES, |byte| (0x20..0x30).contains(&byte));
            match text.get(end) {
                Some(0x30..=0x7e) => whole(end + 1),
                None if cut => Some(at_end),
                _ => None,
            }
        }
        Some(0x30..=0x4f | 0x51..=0x57 | 0x59 | 0x5a | 0x5c | 0x60..=0x7e) => whole(begin),
        Some(0x1b) => whole(at + text[at..].iter().take_while(|&&byte| byte == 0x1b).count() - 1),
        Some(_) => None,
    };
    found.unwrap_or(alone)
}

/// How many bytes at the beginning are no C0 controls.
#[inline]
fn text_run(text: &[u8]) -> usize {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let mut size = 0;
    for part in text.chunks_exact(8) {
        let mut eight = [0; 8];
        eight.copy_from_slice(part);
        let eight = u64::from_le_bytes(eight);
        // the high bit of each byte below 0x20; above the first of them it may be wrong
        let low = eight.wrapping_sub(0x2020_2020_2020_2020) & !eight & HIGH;
        if low != 0 {
            return size + low.trailing_zeros() as usize / 8;
        }
        size += 8;
    }
    size + text[size..].iter().take_while(|&&byte| byte >= 0x20).count()
}

/// OSC (titles, hyperlinks), DCS, SOS, PM, APC.
fn string(text: &[u8], at: usize, cut: bool) -> Option<Control> {
    let begin = at + 2;
    let most = text.len().min(begin + LONGEST_STRING);
    let mut end = begin;
    loop {
        end += text_run(&text[end..most.max(end)]);
        match text.get(end) {
            Some(0x07 | 0x0a | 0x0d | 0x18 | 0x1a | 0x1b) => break,
            _ if end >= most => break,
            _ => end += 1,
        }
    }
    let rest = &text[end..];
    match (rest.first(), rest.get(1)) {
        (Some(0x07), _) if text[at + 1] == b']' => whole(end + 1),
        (Some(0x1b), Some(b'\\')) => whole(end + 2),
        (Some(0x1b), Some(_)) => whole(end),
        (Some(0x1b), None) | (None, _) if cut => Some(Control { end: text.len(), cut: true }),
        _ => None,
    }
}

/// Whether a sequence that ends in `H` or `G` is a move to column 1 (CUP or CHA).
pub fn to_first_column(sequence: &[u8]) -> bool {
    if let [.., 0x1b, _] = sequence {
        return false; // a tab stop is set
    }
    let begin = sequence.iter().take_while(|byte| matches!(byte, 0x1b | b'[' | 0xc2 | 0x9b)).count();
    let sequence = &sequence[begin..];
    let (last, parameters) = match sequence.split_last() {
        Some((&last, parameters)) => (last, parameters),
        None => return false,
    };
    let (row, column) = match parameters.iter().rposition(|&byte| byte == b';') {
        Some(at) => (&parameters[..at], &parameters[at + 1..]),
        None => (&parameters[..0], parameters),
    };
    let moves_row = last == b'H';
    (moves_row || row.is_empty())
        && (matches!(column, b"" | b"0" | b"1")
            || (moves_row && row.is_empty() && column.iter().all(u8::is_ascii_digit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &[u8], cut: bool) -> Vec<(usize, usize, bool)> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < text.len() {
            match control_at(text, at, cut) {
                Some(control) => {
                    found.push((at, control.end, control.cut));
                    at = control.end;
                }
                None => at += 1,
            }
        }
        found
    }

    #[test]
    fn sequences_end_where_their_grammar_says() {
        assert_eq!(parts(b"a\x1b[1mb", true), [(1, 5, false)]);
        assert_eq!(parts(b"\x1b]0;t\x07x", true), [(0, 6, false)]);
        assert_eq!(parts(b"\x1b]0;t\x1b\\x", true), [(0, 7, false)]);
        assert_eq!(parts(b"\x1b(B\x0e\x0fx", true), [(0, 3, false), (3, 5, false)]);
        assert_eq!(parts(b"\x1b\x1b\x1bc", true), [(0, 2, false), (2, 4, false)]);
        assert_eq!(parts("a\u{200b}b\u{a0}c".as_bytes(), true), [(1, 4, false), (5, 7, false)]);
    }

    #[test]
    fn what_the_end_cuts_is_open_or_data() {
        assert_eq!(parts(b"a\x1b[1;3", true), [(1, 6, true)]);
        assert_eq!(parts(b"a\x1b[1;3", false), [(1, 2, false)]);
        assert_eq!(parts(b"\x1b]8;;h", true), [(0, 6, true)]);
        assert_eq!(parts(b"\xe2\x80", true), [(0, 2, true)]);
        assert_eq!(parts(b"\xe2\x80", false), []);
    }

    #[test]
    fn column_one_is_known() {
        for home in [&b"\x1b[H"[..], b"\x1b[3;1H", b"\x1b[G", b"\x1b[1G", b"\x1b[7H"] {
            assert!(to_first_column(home));
        }
        for other in [&b"\x1b[3;2H"[..], b"\x1b[2G", b"\x1bH", b"\x1bG"] {
            assert!(!to_first_column(other));
        }
    }
}
