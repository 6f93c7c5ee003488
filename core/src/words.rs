//! Where any of a few words begins in a text: the heads of tokens that `--detect` looks for.

/// Some words. Immutable, shared between threads.
pub struct Words {
    /// Sorted, none the beginning of another.
    words: Vec<Vec<u8>>,
    /// A bit for each two bytes that one begins with.
    pairs: Vec<u64>,
    /// The first word with such two bytes.
    first: Vec<u16>,
}

#[inline]
fn pair(first: u8, second: u8) -> usize {
    usize::from(first) << 8 | usize::from(second)
}

impl Words {
    /// Of words with a NUL between them; none where one has less than two bytes.
    pub fn new(joined: &[u8]) -> Option<Words> {
        let mut words: Vec<Vec<u8>> = joined.split(|&byte| byte == 0).map(<[u8]>::to_vec).collect();
        words.sort_unstable();
        words.dedup_by(|later, first| later.starts_with(first));
        let (mut pairs, mut first) = (vec![0; 1 << 10], vec![0; 1 << 16]);
        for (index, word) in words.iter().enumerate().rev() {
            let pair = pair(*word.first()?, *word.get(1)?);
            pairs[pair >> 6] |= 1 << (pair & 63);
            first[pair] = u16::try_from(index).ok()?;
        }
        Some(Words { words, pairs, first })
    }

    /// Each place in a text at which one begins, in order; none where the text is longer than a place can say.
    pub fn places(&self, text: &[u8]) -> Option<Vec<u32>> {
        u32::try_from(text.len()).ok()?;
        let mut places = Vec::new();
        for (place, two) in text.windows(2).enumerate() {
            let pair = pair(two[0], two[1]);
            if self.pairs[pair >> 6] >> (pair & 63) & 1 == 1 && self.begins(&text[place..], pair) {
                places.push(place as u32);
            }
        }
        Some(places)
    }

    fn begins(&self, rest: &[u8], pair: usize) -> bool {
        let words = &self.words[usize::from(self.first[pair])..];
        words.iter().take_while(|word| word[..2] == rest[..2]).any(|word| rest.starts_with(word))
    }
}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn each_place_is_told_once_and_in_order() {
        let words = Words::new(b"sk-\0sk-ant-\0aa\0ghp_").unwrap();
        assert_eq!(words.places(b"sk-ant-sk- aaa ghp_").unwrap(), [0, 7, 11, 12, 15]);
        assert!(words.places(b"gh").unwrap().is_empty());
        assert!(Words::new(b"a\0bc").is_none());
    }
}
