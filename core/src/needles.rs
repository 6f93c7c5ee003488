//! What the bare bytes of a text must hold where a key stands in it: one needle for each key.

use crate::bare::Bare;
use crate::classes::is_kept;
use crate::controls::control_at;
use crate::pattern::{is_space, may_have_space, UNFINISHED};

/// Bytes that a beginning at the end of a text may have without being looked for.
pub const TAIL: usize = 64;

/// Bytes that the end of a sequence may have in common with the beginning of a key, without being asked for.
pub const SHORT_END: usize = 2;
/// Bytes of a longer one that are asked for.
pub const LONG_END: usize = 3;

/// How many first bytes of a key may be the end of a sequence: of a CSI, of another.
pub fn in_sequence(key: &[u8]) -> [usize; 2] {
    let run = |begin: usize, kind: fn(u8) -> bool| key[begin..].iter().take_while(|&&byte| kind(byte)).count();
    let is_parameter = |byte: u8| (0x30..0x40).contains(&byte);
    let is_intermediate = |byte: u8| (0x20..0x30).contains(&byte);
    let begin = usize::from(key.first() == Some(&b'['));
    let begin = begin + run(begin, is_parameter);
    let begin = begin + run(begin, is_intermediate);
    let csi = match key.get(begin) {
        Some(0x40..=0x7e) => begin + 1,
        _ => 0,
    };
    let begin = run(0, is_intermediate);
    let other = match key.get(begin) {
        Some(0x30..=0x7e) => begin + 1,
        _ => 0,
    };
    [csi, other]
}

/// Whether all of a key may stand within a sequence: in what comes before its last byte.
pub fn within_sequence(key: &[u8]) -> bool {
    key.strip_prefix(b"[").unwrap_or(key).iter().all(|byte| (0x20..0x40).contains(byte))
}

/// How many first bytes of a key its needle does not have: they may be the end of a sequence.
fn skipped(key: &[u8]) -> usize {
    in_sequence(key).into_iter().max().unwrap_or(0).min(SHORT_END)
}

/// A key's first bytes, whitespace not counted.
pub fn head(key: &[u8], least: usize) -> Vec<u8> {
    let first = &key[..least.min(TAIL + 1)];
    if !may_have_space(first) {
        return first.to_vec();
    }
    let mut head = Vec::with_capacity(first.len());
    head.extend(key[..least].iter().copied().filter(|&byte| !is_space(byte)).take(TAIL + 1));
    head
}

/// Where the first ESC or CSI of some bytes is.
pub fn first_control(head: &[u8]) -> Option<usize> {
    if head.is_ascii() && !may_have_space(head) {
        return None; // as nearly all
    }
    head.iter().position(|&byte| byte == 0x1b || byte == 0x9b)
}

/// The shortest beginning of a key that counts next to an ellipsis.
pub fn short_head(key: &[u8], public: usize) -> &[u8] {
    &key[..key.len().min(public + UNFINISHED)]
}

/// The needle of the end of a pattern.
pub fn end_needle(end: &[u8]) -> Vec<u8> {
    bare_of(end)
}

/// How many first bytes of a key, whitespace not counted, hold the first `wanted` bytes of its needle.
pub fn telling(key: &[u8], wanted: usize, screen: bool) -> usize {
    let first = &key[..key.len().min(TAIL + 1)];
    let squeezed;
    let head = if may_have_space(first) {
        squeezed = head(key, key.len());
        &squeezed
    } else {
        first
    };
    if screen && first_control(head).is_some() {
        return head.len();
    }
    let skipped = if screen { skipped(head) } else { 0 };
    let kept = (skipped..head.len()).filter(|&index| is_kept(head[index])).nth(wanted - 1);
    kept.map_or(head.len(), |index| index + 1)
}

/// Those that every reading has.
fn bare_of(bytes: &[u8]) -> Vec<u8> {
    // without a branch for each: of random bytes none is foretold
    let (mut bare, mut size) = (vec![0; bytes.len()], 0);
    for &byte in bytes {
        bare[size] = byte;
        size += usize::from(KEPT[usize::from(byte)]);
    }
    bare.truncate(size);
    bare
}

/// For each byte whether every reading has it.
pub const KEPT: [bool; 256] = {
    let (mut kept, mut byte) = ([false; 256], 0);
    while byte < 256 {
        kept[byte] = is_kept(byte as u8);
        byte += 1;
    }
    kept
};

/// The needle of a key with such first bytes; perhaps empty.
pub fn needle_of(head: &[u8], screen: bool) -> Vec<u8> {
    if !screen {
        return bare_of(head);
    }
    let first = match first_control(head) {
        Some(first) => first,
        None => return bare_of(&head[skipped(head)..]),
    };
    // what stands before may be of a string that this ESC ends; what the end cuts may be anything
    if control_at(head, first, true).map_or(true, |control| control.cut) || head[first..].iter().filter(|&&byte| byte == 0x9b || byte == 0x1b).count() > 4 {
        return Vec::new();
    }
    let mut bare = Bare::default();
    bare.read(&head[first..], true);
    if bare.cut.is_some() || bare.text_size != bare.bytes().len() {
        return Vec::new();
    }
    bare.bytes().to_vec()
}
