//! How a set of patterns comes over the boundary: little-endian numbers, then all texts.
//!
//! `u32` options (1: as a terminal shows it too, 2: beginnings too, 4: without whitespace too), number of
//! rules, number of patterns; for each rule `u32` flags (1: word, 2: right) and 32 bytes of left; for each
//! pattern `u32` its size; for each pattern `u32` its rule; the texts.

use crate::pattern::{Left, Rule, Texts};
use crate::patterns::PatternSet;

const SCREEN: u32 = 1;
const SHORTENED: u32 = 2;
const SQUEEZE: u32 = 4;
const WORD: u32 = 1;
const RIGHT: u32 = 2;

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, size: usize) -> Option<&'a [u8]> {
        if size > self.0.len() {
            return None;
        }
        let (part, rest) = self.0.split_at(size);
        self.0 = rest;
        Some(part)
    }

    fn number(&mut self) -> Option<u32> {
        self.take(4).map(|part| u32::from_le_bytes([part[0], part[1], part[2], part[3]]))
    }

    fn numbers(&mut self, count: usize) -> Option<Reader<'a>> {
        self.take(count.checked_mul(4)?).map(Reader)
    }

    fn wide(&mut self) -> Option<u128> {
        let part = self.take(16)?;
        let mut bytes = [0; 16];
        bytes.copy_from_slice(part);
        Some(u128::from_le_bytes(bytes))
    }
}

/// The set that `data` says; none when it is not well-formed, or too large.
pub fn patterns(data: &[u8]) -> Option<PatternSet> {
    let mut reader = Reader(data);
    let options = reader.number()?;
    let rule_count = reader.number()? as usize;
    let count = reader.number()? as usize;
    let mut rules = Vec::new();
    for _ in 0..rule_count {
        let flags = reader.number()?;
        let left = Left([reader.wide()?, reader.wide()?]);
        rules.push(Rule { word: flags & WORD != 0, left, right: flags & RIGHT != 0 });
    }
    let mut sizes = reader.numbers(count)?;
    let mut which = reader.numbers(count)?;
    let mut texts = Texts::default();
    texts.0.try_reserve_exact(reader.0.len()).ok()?;
    let mut patterns = Vec::new();
    patterns.try_reserve_exact(count).ok()?;
    for _ in 0..count {
        let rule = *rules.get(which.number()? as usize)?;
        let text = reader.take(sizes.number()? as usize)?;
        if text.is_empty() {
            return None;
        }
        patterns.push(texts.add(text, rule, options & SQUEEZE != 0).ok()?);
    }
    if !reader.0.is_empty() {
        return None;
    }
    Some(PatternSet::new(texts, patterns, options & SCREEN != 0, options & SHORTENED != 0))
}
