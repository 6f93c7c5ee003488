//! One byte string to mask, and the rule for where it counts.

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
#[derive(Clone, Copy, Default)]
pub struct Rule {
    /// Only between bytes that are no letters, digits or `_`.
    pub word: bool,
    /// The bytes that belong to it when they stand just before it.
    pub left: Left,
    /// So does the base64 character after it, and its padding.
    pub right: bool,
}

/// One byte string to mask. Its text lies in the set's `Texts`; its order is its index.
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
#[derive(Default)]
pub struct Texts(pub Vec<u8>);

impl Drop for Texts {
    fn drop(&mut self) {
        crate::wipe::wipe(&mut self.0);
    }
}

impl Texts {
    /// Add a pattern; with `squeeze` it is also looked for without its whitespace.
    ///
    /// # Errors
    /// The set is larger than a span can say.
    pub fn add(&mut self, text: &[u8], rule: Rule, squeeze: bool) -> Result<Pattern, TooLarge> {
        let span = self.put(text.len())?;
        self.0.extend_from_slice(text);
        let public = public_head(text);
        let spaces = if squeeze { text.iter().filter(|&&byte| is_space(byte)).count() } else { 0 };
        let (mut key, mut public_of_key) = (span, public);
        if spaces > 0 {
            key = self.put(text.len() - spaces)?;
            self.0.extend(text.iter().filter(|&&byte| !is_space(byte)));
            public_of_key = text[..public].iter().filter(|&&byte| !is_space(byte)).count();
        }
        Ok(Pattern {
            rule,
            text: span,
            key,
            loose: squeeze && key.size as usize >= LOOSE_LENGTH && !rule.word,
            public: public as u32,
            public_of_key: public_of_key as u32,
        })
    }

    fn put(&mut self, size: usize) -> Result<Span, TooLarge> {
        let start = u32::try_from(self.0.len()).map_err(|_| TooLarge)?;
        let size = u32::try_from(size).map_err(|_| TooLarge)?;
        start.checked_add(size).ok_or(TooLarge)?;
        self.0.try_reserve(size as usize).map_err(|_| TooLarge)?;
        Ok(Span { start, size })
    }
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
