//! Which base64 character next to a run belongs to it: one that holds bits of the secret and of its neighbour.

use crate::pattern::Left;

/// What stands before a place: the last byte, if any, and how many base64 characters in a row, modulo 4.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Before {
    pub byte: Option<u8>,
    pub run: u8,
}

/// What stands before a stream.
pub const START: Before = Before { byte: None, run: 0 };

/// Whether a byte is one of base64's characters, of either alphabet.
#[inline]
pub fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// Whether a base64 character just before a pattern belongs to it, by its place in its group.
pub fn belongs(left: Left, byte: u8, place: u8) -> bool {
    (place == 1 || place == 2) && byte < 128 && left.0[usize::from(place - 1)] >> byte & 1 == 1
}

/// What stands before `text[index]`; `before` is the same for the text's own beginning.
pub fn after(text: &[u8], index: usize, before: Before) -> Before {
    if index == 0 {
        return before;
    }
    let run = text[..index].iter().rev().take_while(|&&byte| is_base64(byte)).count();
    let earlier = if run == index { usize::from(before.run) } else { 0 };
    Before { byte: Some(text[index - 1]), run: ((run + earlier) % 4) as u8 }
}

/// Where an occurrence at `begin` starts, with the character before it that belongs to it.
pub fn leftmost(text: &[u8], begin: usize, left: Left, before: Before) -> usize {
    if begin > 0 && !left.is_empty() && belongs(left, text[begin - 1], after(text, begin - 1, before).run) {
        begin - 1
    } else {
        begin
    }
}

/// Where an occurrence that ends at `end` does end, with the character after it and its padding.
pub fn rightmost(text: &[u8], end: usize) -> usize {
    match text.get(end) {
        Some(&byte) if is_base64(byte) => {
            end + 1 + text[end + 1..].iter().take(2).take_while(|&&byte| byte == b'=').count()
        }
        _ => end,
    }
}
