//! Sets of bytes, and where in a text any of them is.

use crate::classes::{packed, Block, BLOCK};

/// A set of bytes: for each column of the code its rows, of ASCII and of what is beyond.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Class([[u8; 16]; 2]);

impl Class {
    /// Of some bytes.
    pub fn new(bytes: &[u8]) -> Class {
        let mut class = Class::default();
        bytes.iter().for_each(|&byte| class.add(byte));
        class
    }

    /// Add a byte.
    pub fn add(&mut self, byte: u8) {
        self.0[usize::from(byte >> 7)][usize::from(byte & 15)] |= 1 << (byte >> 4 & 7);
    }

    /// The bytes of both.
    pub fn or(&self, other: &Class) -> Class {
        let mut both = *self;
        let others = other.0.iter().flatten();
        both.0.iter_mut().flatten().zip(others).for_each(|(rows, more)| *rows |= more);
        both
    }

    /// Whether a byte is one of them.
    #[inline]
    pub fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 7)][usize::from(byte & 15)] >> (byte >> 4 & 7) & 1 == 1
    }

    /// A bit for each byte of a block that is one of them.
    #[inline]
    pub fn of(&self, block: &[u8; BLOCK + 1]) -> u64 {
        #[cfg(target_arch = "x86_64")]
        if let Some(found) = crate::vectors::of_class(block, &self.0) {
            return found;
        }
        self.of_anywhere(block)
    }

    /// The same of each block of a text from its beginning on, as many as there is room for.
    #[inline]
    pub fn of_all(&self, text: &[u8], found: &mut [u64]) {
        #[cfg(target_arch = "x86_64")]
        if crate::vectors::all_of_class(text, &self.0, found) {
            return;
        }
        for (bits, start) in found.iter_mut().zip((0..text.len()).step_by(BLOCK)) {
            *bits = self.of_anywhere(Block::at(text, start).bytes());
        }
    }

    fn of_anywhere(&self, block: &[u8; BLOCK + 1]) -> u64 {
        let mut flags = [0u8; BLOCK];
        flags.iter_mut().zip(block).for_each(|(flag, &byte)| *flag = u8::from(self.has(byte)));
        packed(&flags)
    }

    /// Whether any of them is in a text.
    pub fn is_in(&self, text: &[u8]) -> bool {
        if *self == Class::default() {
            return false;
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(found) = crate::vectors::any(text, &self.0) {
            return found;
        }
        text.iter().any(|&byte| self.has(byte))
    }
}

#[cfg(test)]
mod tests {
    use super::Class;
    use crate::classes::{tests::texts, Block, BLOCK};

    #[test]
    fn a_class_is_found_where_its_bytes_are() {
        for of in [&b""[..], b"\0", b"\x1bz", b"~}{<>;?|", b"Qz~\0\x80\xe2\xff\x9b"] {
            let class = Class::new(of);
            assert!((0..=255).all(|byte: u8| class.has(byte) == of.contains(&byte)));
            for text in texts() {
                assert_eq!(class.is_in(&text), of.iter().any(|byte| text.contains(byte)));
                let mut all = vec![0; text.len() / BLOCK + 1];
                class.of_all(&text, &mut all);
                for start in (0..text.len()).step_by(BLOCK) {
                    let block = Block::at(&text, start);
                    assert_eq!(class.of(block.bytes()), class.of_anywhere(block.bytes()));
                    assert_eq!(class.of(block.bytes()), all[start / BLOCK]);
                }
            }
        }
    }
}
