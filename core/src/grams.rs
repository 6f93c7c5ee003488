//! A set of short pieces of text that may say yes to others too.

/// Two bits of a word for each piece.
pub struct Grams {
    words: Vec<u64>,
    shift: u32,
}

/// What numbers are multiplied with to spread them (the golden ratio of 2^64).
pub const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
const BITS_EACH: usize = 16;
const MOST_WORDS: usize = 1 << 16; // half a MiB

/// At most eight bytes as a number.
#[inline]
pub fn word(part: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes[..part.len()].copy_from_slice(part);
    u64::from_le_bytes(bytes)
}

/// Eight bytes as a number.
#[inline]
pub fn word8(eight: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(eight);
    u64::from_le_bytes(bytes)
}

#[inline]
fn bits(hash: u64) -> u64 {
    1 << (hash & 63) | 1 << (hash >> 6 & 63)
}

/// About how many different ones some pieces are.
fn distinct(pieces: &[u64]) -> usize {
    let bits = (8 * pieces.len()).next_power_of_two().max(64);
    let shift = 64 - bits.trailing_zeros();
    let mut seen = vec![0u64; bits / 64];
    let mut count = 0;
    for piece in pieces {
        let bit = piece.wrapping_mul(SPREAD) >> shift;
        let word = &mut seen[(bit >> 6) as usize];
        count += usize::from(*word >> (bit & 63) & 1 == 0);
        *word |= 1 << (bit & 63);
    }
    count
}

impl Grams {
    /// Of some pieces.
    pub fn new(pieces: impl Iterator<Item = u64>) -> Grams {
        Grams::sized(pieces, BITS_EACH, MOST_WORDS)
    }

    /// Of very many, where the cache does not matter.
    pub fn large(pieces: impl Iterator<Item = u64>) -> Grams {
        Grams::sized(pieces, BITS_EACH, 8 * MOST_WORDS)
    }

    fn sized(pieces: impl Iterator<Item = u64>, bits_each: usize, most: usize) -> Grams {
        let pieces: Vec<u64> = pieces.collect();
        let size = (distinct(&pieces) * bits_each / 64).next_power_of_two().clamp(16, most);
        let mut grams = Grams { words: vec![0; size], shift: 64 - size.trailing_zeros() };
        for piece in pieces {
            let hash = piece.wrapping_mul(SPREAD);
            grams.words[(hash >> grams.shift) as usize] |= bits(hash >> 12);
        }
        grams
    }

    /// Some that hardly ever says yes to others; none for none.
    pub fn some(pieces: Vec<u64>) -> Option<Grams> {
        if pieces.is_empty() {
            None
        } else {
            Some(Grams::sized(pieces.into_iter(), 8 * BITS_EACH, MOST_WORDS))
        }
    }

    /// Whether a piece may be one of them.
    #[inline]
    pub fn has(&self, piece: u64) -> bool {
        let hash = piece.wrapping_mul(SPREAD);
        let bits = bits(hash >> 12);
        self.words[(hash >> self.shift) as usize] & bits == bits
    }

    /// Whether the `size` bytes at a place, at most 8, may be.
    #[inline]
    pub fn has_at(&self, bytes: &[u8], at: usize, size: usize) -> bool {
        match bytes.get(at..at + 8) {
            Some(eight) => self.has(word(eight) & (!0 >> (64 - 8 * size))),
            None => self.has(word(&bytes[at..at + size])),
        }
    }
}
