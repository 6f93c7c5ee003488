//! In a text without controls: a character that is written over, and the way back to its place.
//!
//! At the right margin a terminal waits for one more character before it goes to the next line, so programs
//! write one that is overwritten at once: SPACE BACKSPACE, SPACE CR, SPACE and a move to column 1, the next
//! character, CR and the next character again, the last character again and a move to column 1. Overstrike
//! (`s\bs`, `_\bs`) is the same: a cell that is written twice shows what was written last.

use crate::controls::HOME;
use crate::pattern::is_space;

const BS: u8 = 0x08;

/// A character that may stand in a cell: no whitespace, no backspace.
#[inline]
fn is_solid(byte: u8) -> bool {
    !is_space(byte) && byte != BS
}

/// Whether a byte can begin a wrap, or what is before it can: else there is none there.
#[inline]
fn is_back(text: &[u8], at: usize) -> bool {
    match text.get(at) {
        Some(&BS | &HOME) => true,
        Some(b'\r') => !matches!(text.get(at + 1), Some(b'\r' | b'\n')),
        _ => false,
    }
}

/// How many bytes from `at` on go back.
fn backs(text: &[u8], at: usize) -> usize {
    (at..).take_while(|&at| is_back(text, at)).count()
}

/// Just after what is written over at `at`, if anything is.
///
/// Without `rewritten` nothing is written again round a move to column 1: curses writes each row from there on,
/// so two characters that are the same are two.
pub fn wrap_at(text: &[u8], at: usize, rewritten: bool) -> Option<usize> {
    let byte = text[at];
    let next = text.get(at + 1).copied();
    if byte == b' ' {
        return match backs(text, at + 1) {
            0 => None,
            count => Some(at + 1 + count),
        };
    }
    if is_solid(byte) {
        let more = if (0xc2..=0xf4).contains(&byte) {
            text[at + 1..].iter().take(3).take_while(|&&byte| (0x80..0xc0).contains(&byte)).count()
        } else {
            0
        };
        let size = 1 + more;
        if is_back(text, at + size) {
            let begin = at + size;
            let mut end = begin + backs(text, begin);
            if !rewritten {
                end = begin + text[begin..end].iter().take_while(|&&byte| byte != HOME).count();
            }
            while end > begin {
                if text[end..].starts_with(&text[at..begin]) {
                    return Some(end);
                }
                if byte != HOME {
                    break; // only a move is what goes back and what is written at once
                }
                end -= 1;
            }
        }
        if byte == b'_' && next == Some(BS) && text.get(at + 2).map_or(false, |&byte| is_solid(byte)) {
            return Some(at + 2);
        }
    }
    if byte == BS && next == Some(b'_') && at > 0 && is_solid(text[at - 1]) {
        return Some(at + 2);
    }
    if rewritten && is_solid(byte) && next == Some(byte) {
        let moves = text[at + 2..].iter().take_while(|&&byte| byte == HOME).count();
        // where the next character is the same too, it is what the one before the move is written over by
        if moves > 0 && text.get(at + 2 + moves) != Some(&byte) {
            return Some(at + 1);
        }
    }
    // most, as emacs, says with a backslash that a line goes on
    if byte == HOME || (byte == b'\\' && next == Some(HOME)) {
        return Some(at + 1);
    }
    None
}

/// `index`, or where what stands before it begins, if it says how what stands there, or comes, is read.
///
/// An underscore is written over what stands before a backspace; the last bytes of a character alone may be controls.
pub fn first_kept(text: &[u8], index: usize) -> usize {
    let next = text.get(index).copied();
    let at = match index.checked_sub(1).map(|last| text[last]) {
        Some(BS) if matches!(next, None | Some(b'_')) => index - 1,
        Some(0x80..) if matches!(next, None | Some(0x80..=0x9f)) => index,
        _ => return index,
    };
    let (least, begin) = (at.saturating_sub(4), at.saturating_sub(1));
    (least + 1..=begin).rev().find(|&at| !(0x80..0xc0).contains(&text[at])).unwrap_or(least)
}

/// The indexes of what is shown of such a text; see `wrap_at`.
pub fn seen(text: &[u8], rewritten: bool) -> impl Iterator<Item = usize> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            match wrap_at(text, at, rewritten) {
                Some(end) => at = end,
                None => {
                    at += 1;
                    return Some(at - 1);
                }
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::seen;

    fn shown(text: &[u8]) -> Vec<u8> {
        both(text, true)
    }

    fn both(text: &[u8], rewritten: bool) -> Vec<u8> {
        seen(text, rewritten).map(|at| text[at]).collect()
    }

    #[test]
    fn what_is_written_over_is_not_shown() {
        assert_eq!(shown(b"sec \x08ret"), b"secret");
        assert_eq!(shown(b"sec \rret"), b"secret");
        assert_eq!(shown(b"sec \x1bret"), b"secret");
        assert_eq!(shown(b"secr\rret"), b"secret");
        assert_eq!(shown(b"secc\x1bret"), b"secret");
        assert_eq!(both(b"secc\x1bcret", false), b"secccret");
        assert_eq!(both(b"sec \x08ret", false), b"secret");
        assert_eq!(shown(b"s\x08se\x08e_\x08cr\x08_"), b"secr");
        assert_eq!(shown(b"line\r\nnext"), b"line\r\nnext");
        assert_eq!(shown("é\ré".as_bytes()), "é".as_bytes());
    }
}
