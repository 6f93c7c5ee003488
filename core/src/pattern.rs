//! One byte string to mask, and the rule for where it counts.

use crate::keys::first_word;
use crate::public_head::public_head;

/// Non-space bytes a pattern needs to be matched across line breaks.
const LOOSE_LENGTH: usize = 16;
/// Bytes of a beginning, of its own, that are masked when it breaks off.
pub const SHORTENED: usize = 12;
/// The same at the end of a stream or next to an ellipsis.
pub const UNFINISHED: usize = 8;

/// Whether a byte is whitespace.
#[inline]
pub fn is_space(byte: u8) -> bool {
    byte == b' ' || (9..=13).contains(&byte)
}

/// Which bytes of base64, just before a pattern, belong to it: by the place in their group, 1 or 2.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Left(pub [u128; 2]);

impl Left {
    /// Those of both.
    pub fn or(self, other: Left) -> Left {
        Left([self.0[0] | other.0[0], self.0[1] | other.0[1]])
    }

    /// Whether it has none.
    pub fn is_empty(self) -> bool {
        self.0 == [0, 0]
    }
}

/// Where a pattern counts, and what else belongs to it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Rule {
    /// Only between bytes that are no letters, digits or `_`.
    pub word: bool,
    /// The bytes that belong to it when they stand just before it.
    pub left: Left,
    /// So does the base64 character after it, and its padding.
    pub right: bool,
}

impl Rule {
    /// Bytes of one that is packed.
    pub const PACKED: usize = 36;

    /// As it comes over the boundary: `u32` flags (1: word, 2: right), 32 bytes of left; little-endian.
    pub fn packed(data: &[u8]) -> Option<Rule> {
        if data.len() != Rule::PACKED {
            return None;
        }
        let wide = |at: usize| {
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&data[at..at + 16]);
            u128::from_le_bytes(bytes)
        };
        Some(Rule { word: data[0] & 1 != 0, left: Left([wide(4), wide(20)]), right: data[0] & 2 != 0 })
    }

    /// For bytes that are asked for under both.
    fn or(self, other: Rule) -> Rule {
        Rule { word: self.word && other.word, left: self.left.or(other.left), right: self.right || other.right }
    }
}

/// One byte string to mask. Its text lies in the set's `Texts`; its order is its index.
#[derive(Clone)]
pub struct Pattern {
    pub rule: Rule,
    /// The bytes as they appear, whitespace included: a span of the set's bytes.
    pub text: Span,
    /// The same without whitespace: the same span when there is none.
    pub key: Span,
    /// The key is also found with line breaks, blanks and tabs anywhere in it.
    pub loose: bool,
    /// How many first bytes of the text are no secret.
    pub public: u32,
    /// The same of the key.
    pub public_of_key: u32,
}

impl Pattern {
    /// Count under another rule too.
    pub fn also(&mut self, rule: Rule, squeeze: bool) {
        self.rule = self.rule.or(rule);
        self.loose = is_loose(self.key, self.rule, squeeze);
    }
}

/// Whether a key is found with whitespace in it.
fn is_loose(key: Span, rule: Rule, squeeze: bool) -> bool {
    squeeze && key.size as usize >= LOOSE_LENGTH && !rule.word
}

/// A piece of the set's bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: u32,
    pub size: u32,
}

impl Span {
    /// The bytes.
    #[inline]
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start as usize..][..self.size as usize]
    }
}

/// The bytes of all patterns, one after another, wiped when they are dropped.
#[derive(Clone, Default)]
pub struct Texts(pub Vec<u8>);

impl Drop for Texts {
    fn drop(&mut self) {
        crate::wipe::wipe(&mut self.0);
    }
}

/// Bytes from which the system moves memory without leaving a copy behind.
const MOVED: usize = 1 << 20;
/// Bytes that are looked through for whitespace at a time.
const STEP: usize = 32;

impl Texts {
    /// Add a pattern; with `squeeze` it is also looked for without its whitespace.
    ///
    /// # Errors
    /// The set is larger than a span can say.
    pub fn add(&mut self, text: &[u8], rule: Rule, squeeze: bool) -> Result<Pattern, TooLarge> {
        let text_span = self.put(text.len())?;
        self.0.extend_from_slice(text);
        let public = public_head(text);
        let (mut key, mut public_of_key) = (text_span, public);
        let first = if squeeze { text.chunks(STEP).position(may_have_space) } else { None };
        if let Some(first) = first {
            key = self.put(text.len())?;
            let (before, rest) = text.split_at(first * STEP);
            self.0.extend_from_slice(before);
            for part in rest.chunks(STEP) {
                if may_have_space(part) {
                    self.append_squeezed(part);
                } else {
                    self.0.extend_from_slice(part);
                }
            }
            key.size = (self.0.len() - key.start as usize) as u32;
            if key.size == text_span.size {
                self.0.truncate(key.start as usize);
                key = text_span;
            }
            public_of_key = text[..public].iter().filter(|&&byte| !is_space(byte)).count();
        }
        let (public, public_of_key) = (public as u32, public_of_key as u32);
        Ok(Pattern { rule, text: text_span, key, loose: is_loose(key, rule, squeeze), public, public_of_key })
    }

    /// Add so few bytes without the whitespace among them.
    fn append_squeezed(&mut self, part: &[u8]) {
        let (mut kept, mut size) = ([0; STEP], 0);
        for &byte in part {
            kept[size] = byte;
            size += usize::from(!is_space(byte));
        }
        self.0.extend_from_slice(&kept[..size]);
    }

    /// Where the next bytes will be.
    fn put(&mut self, size: usize) -> Result<Span, TooLarge> {
        let start = u32::try_from(self.0.len()).map_err(|_| TooLarge)?;
        let room = self.0.capacity() - self.0.len();
        let size = u32::try_from(size).map_err(|_| TooLarge)?;
        start.checked_add(size).ok_or(TooLarge)?;
        if room < size as usize {
            self.grow(size as usize).map_err(|_| TooLarge)?;
        }
        Ok(Span { start, size })
    }

    fn grow(&mut self, size: usize) -> Result<(), std::collections::TryReserveError> {
        if self.0.capacity() >= MOVED {
            return self.0.try_reserve(size);
        }
        let mut larger = Vec::new();
        larger.try_reserve_exact((self.0.len() + size).max(2 * self.0.capacity()))?;
        larger.extend_from_slice(&self.0);
        std::mem::swap(&mut self.0, &mut larger);
        crate::wipe::wipe(&mut larger);
        Ok(())
    }
}

/// Whether any of some bytes is a blank or below it, told of eight at a time.
pub fn may_have_space(part: &[u8]) -> bool {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let mut words = part.chunks_exact(8);
    let mut found = 0;
    for word in &mut words {
        let word = first_word(word);
        found |= word.wrapping_sub(EACH * 0x21) & !word;
    }
    found & (EACH * 0x80) != 0 || words.remainder().iter().any(|&byte| byte < 0x21)
}

/// A length does not fit, or there is no memory for it.
#[derive(Debug)]
pub struct TooLarge;

/// How many bytes of a key of `length`, its public ones included, are masked when it breaks off.
pub fn least(length: usize, public: usize) -> usize {
    length.min(public + SHORTENED.max((length - public + 1) / 2))
}

/// The same where the stream ends.
pub fn unfinished(length: usize, public: usize) -> usize {
    public + UNFINISHED.max((length - public + 1) / 2)
}
