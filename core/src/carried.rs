//! A long secret that comes in small pieces: what waits is known to go on waiting, without another look at all of it.
//!
//! Where the bytes that wait are the beginning of a key, from the first on, none of them may be shown and all of them
//! are needed, whatever else is found in them in any reading. That stays so for as long as the key goes on. It is
//! asked of the bytes as they are, and of those without whitespace.

use std::ops::Range;

use crate::base64_edge::{leftmost, Before};
use crate::keys::Keys;
use crate::occurrence::{RUN, SHOWN};
use crate::pattern::is_space;
use crate::patterns::PatternSet;

/// Bytes below which it costs nothing to look at all that waits.
const LEAST: usize = 16;

/// The beginning of keys that a buffer is.
pub struct Carried {
    /// Whitespace counts for nothing.
    loose: bool,
    /// Where it begins: after the base64 character that belongs to it, if one does.
    place: usize,
    /// Its bytes.
    size: usize,
    /// The keys that go on after them.
    keys: Range<usize>,
    /// Bytes of whitespace after them that count for nothing.
    blanks: usize,
}

impl Carried {
    /// What a buffer is the beginning of, if it is one; `before` is what stands before it.
    pub fn of(patterns: &PatternSet, buffer: &[u8], before: Before) -> Option<Carried> {
        if buffer.len() < LEAST {
            return None;
        }
        let ways = [(true, 0), (true, 1), (false, 0), (false, 1)];
        ways.iter().find_map(|&(loose, place)| {
            let (first, rest) = buffer[place..].split_at(SHOWN + 1);
            if loose && first.iter().any(|&byte| is_space(byte)) {
                return None; // what stands before a break so early is shown
            }
            let keys = keys(patterns, loose).going_on(first);
            let mut one = Carried { loose, place, size: first.len(), keys, blanks: 0 };
            if !one.keys.is_empty() && one.take(patterns, rest, buffer, before) {
                Some(one)
            } else {
                None
            }
        })
    }

    /// Whether it goes on with these bytes, which come after the buffer. If not, it is none any more.
    pub fn take(&mut self, patterns: &PatternSet, data: &[u8], buffer: &[u8], before: Before) -> bool {
        let keys = keys(patterns, self.loose);
        let is_left_out = |byte: &u8| self.loose && is_space(*byte);
        let mut rest = data;
        while !rest.is_empty() {
            let blanks = rest.iter().take_while(|byte| is_left_out(byte)).count();
            self.blanks += blanks;
            if self.blanks > RUN {
                return false;
            }
            rest = &rest[blanks..];
            let solid = rest.iter().position(is_left_out).unwrap_or(rest.len());
            if solid > 0 {
                self.keys = keys.going_on_with(self.keys.clone(), self.size, &rest[..solid]);
                self.size += solid;
                self.blanks = 0;
                rest = &rest[solid..];
            }
        }
        let is_first = || leftmost(buffer, self.place, keys.known(self.keys.clone()).left, before) == 0;
        !self.keys.is_empty() && (self.place == 0 || is_first())
    }
}

fn keys(patterns: &PatternSet, loose: bool) -> &Keys {
    let (exact, without_space) = patterns.keys();
    if loose {
        without_space
    } else {
        exact
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::matcher::Matcher;
    use crate::output::Output;
    use crate::pattern::{Rule, Texts};
    use crate::patterns::PatternSet;

    /// Letters that look like a secret's.
    fn letters(count: usize) -> Vec<u8> {
        let mut state: u32 = 1;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(state >> 26) as usize]
        };
        (0..count).map(|_| next()).collect()
    }

    fn pem() -> Vec<u8> {
        let lines: Vec<Vec<u8>> = letters(64 * 50).chunks(64).map(|line| [line, b"\n"].concat()).collect();
        [b"-----BEGIN PRIVATE KEY-----\n", &lines.concat()[..], b"-----END PRIVATE KEY-----\n"].concat()
    }

    /// Feed a secret in reads of `size` bytes, with text round it, and count.
    fn looked_at(secret: &[u8], size: usize, before: &[u8], between: &[u8]) {
        let mut texts = Texts::default();
        let pattern = texts.add(secret, Rule::default(), true).unwrap();
        let mut matcher = Matcher::new(Some(Arc::new(PatternSet::new(Arc::new(texts), Arc::new(vec![pattern]), true, true))));
        let broken: Vec<u8> = secret.chunks(76).flat_map(|part| [part, between].concat()).collect();
        let text = [before, &broken, b" and more of it\n"].concat();
        let (mut out, mut fed, mut shown, mut masks) = (Output::default(), 0, 0, 0);
        for part in text.chunks(size) {
            out.clear();
            matcher.feed(part, &mut out);
            fed += part.len();
            shown += if out.unchanged { part.len() } else { out.bytes.len() };
            masks += out.marks.len();
            assert!(matcher.looked < 40 * (fed + 64), "{} bytes were looked at for {fed}", matcher.looked);
        }
        assert!(shown > before.len() && masks == 1);
    }

    #[test]
    fn each_byte_of_a_long_secret_is_looked_at_a_few_times() {
        let long = letters(1 << 16);
        looked_at(&long, 1, b"its value: ", b"");
        looked_at(&long[..1 << 12], 1, b"its value: ", b"\r\n");
        for size in [1, 7] {
            looked_at(&pem(), size, b"the key\n", b"");
            looked_at(&pem(), size, b"the key\n", b"\t");
        }
    }
}
