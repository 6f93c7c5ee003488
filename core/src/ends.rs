//! The last bytes of patterns, which are masked after an ellipsis.

use std::collections::HashMap;
use std::sync::Arc;

use crate::classes::is_kept;
use crate::find::find;
use crate::grams::{word, Grams};
use crate::pattern::{is_space, Pattern, Texts, UNFINISHED};

/// Bytes of an end that are looked for.
pub const LONGEST_END: usize = 256;
const HEAD: usize = 4;
const BETWEEN: &[u8] = b"\0\0";

/// An end of a pattern in a text.
pub struct End {
    pub start: usize,
    pub stop: usize,
    pub order: u32,
}

/// The ends of all patterns that may be masked in the middle of words. Made when the first ellipsis is seen.
pub struct Ends {
    texts: Arc<Texts>,
    spans: Vec<crate::pattern::Span>,
    /// The orders of those with the same last bytes.
    ends: HashMap<[u8; HEAD], Vec<u32>>,
    /// The same last bytes, to ask first.
    lasts: Grams,
    joined: Texts,
    /// All pieces of that, as they are among the bare bytes of a text.
    pieces: Grams,
    /// There is a CSI in them, or what else may begin a sequence.
    csi: bool,
    escapes: bool,
}

impl Ends {
    /// Of a set's patterns.
    pub fn new(texts: &Arc<Texts>, patterns: &[Pattern]) -> Ends {
        let mut ends: HashMap<[u8; HEAD], Vec<u32>> = HashMap::new();
        let mut joined = Vec::new();
        for (order, pattern) in patterns.iter().enumerate() {
            let text = pattern.text.of(&texts.0);
            if text.len() <= UNFINISHED || pattern.rule.word {
                continue;
            }
            let last = &text[text.len() - HEAD..];
            ends.entry([last[0], last[1], last[2], last[3]]).or_default().push(order as u32);
            if !joined.is_empty() {
                joined.extend_from_slice(BETWEEN);
            }
            joined.extend_from_slice(&text[text.len().saturating_sub(LONGEST_END)..]);
        }
        let spans = patterns.iter().map(|pattern| pattern.text).collect();
        let lasts = Grams::new(ends.keys().map(|last| word(last)));
        let mut bare = Texts(joined.iter().copied().filter(|&byte| is_kept(byte)).collect());
        let pieces = Grams::large(bare.0.windows(HEAD).map(word));
        crate::wipe::wipe(&mut bare.0);
        let csi = find(&joined, b"\x1b[").is_some();
        let escapes = joined.iter().any(|byte| matches!(byte, 0x1b | 0x9b));
        Ends { texts: texts.clone(), spans, ends, lasts, joined: Texts(joined), pieces, csi, escapes }
    }

    /// Every end of a pattern at one of `starts`, which are sorted.
    pub fn found(&self, text: &[u8], starts: &[usize]) -> Vec<End> {
        let mut found = Vec::new();
        let first = match starts.first() {
            Some(&first) => first,
            None => return found,
        };
        let furthest = text.len().min(starts[starts.len() - 1] + LONGEST_END);
        for stop in first + HEAD..=furthest {
            let last = &text[stop - HEAD..stop];
            if !self.lasts.has(word(last)) {
                continue;
            }
            let orders = match self.ends.get(&[last[0], last[1], last[2], last[3]]) {
                Some(orders) => orders,
                None => continue,
            };
            let low = starts.partition_point(|&start| start + LONGEST_END < stop);
            let high = starts.partition_point(|&start| start + UNFINISHED <= stop);
            for &start in starts.get(low..high).unwrap_or(&[]) {
                let part = &text[start..stop];
                if is_space(part[0]) {
                    continue;
                }
                let whole = |&order: &u32| {
                    let pattern = self.spans[order as usize].of(&self.texts.0);
                    pattern.len() > part.len() && pattern.ends_with(part)
                };
                if let Some(order) = orders.iter().copied().find(whole) {
                    found.push(End { start, stop, order });
                }
            }
        }
        found
    }

    /// Whether an end of a pattern may begin with bytes of which these are the bare ones, or before them.
    pub fn may_go_on(&self, bare: &[u8]) -> bool {
        bare.windows(HEAD).all(|part| self.pieces.has(word(part)))
    }

    /// Whether such sequences may be in one, as they are: CSIs alone, or others too.
    pub fn may_hold(&self, csi_alone: bool) -> bool {
        if csi_alone {
            self.csi
        } else {
            self.escapes
        }
    }

    /// Whether an end of a pattern of enough bytes begins with `part`, which is not all of it.
    pub fn may_become(&self, part: &[u8]) -> bool {
        if part.is_empty() || is_space(part[0]) || part.len() >= LONGEST_END {
            return false;
        }
        let mut bare = part.iter().copied().filter(|&byte| is_kept(byte));
        if let (Some(a), Some(b), Some(c), Some(d)) = (bare.next(), bare.next(), bare.next(), bare.next()) {
            if !self.pieces.has(word(&[a, b, c, d])) {
                return false;
            }
        }
        let joined = &self.joined.0;
        let mut from = 0;
        while let Some(at) = joined.get(from..).and_then(|rest| find(rest, part)) {
            let at = from + at;
            let size = find(&joined[at..], BETWEEN).unwrap_or(joined.len() - at);
            if size >= UNFINISHED.max(part.len() + 1) {
                return true;
            }
            from = at + 1;
        }
        false
    }
}
