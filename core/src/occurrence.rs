//! What a search finds: occurrences, and those that are not finished yet. Places are indexes in the buffer.

/// Bytes of whitespace and decoration that may stand between two bytes of a broken secret.
pub const RUN: usize = 64;
/// Bytes of a secret that may show before a break, or on an idle terminal.
pub const SHOWN: usize = 3;
/// The order of what is no pattern's.
pub const NOBODY: i64 = -1;

/// An occurrence that is not finished yet.
#[derive(Clone, Copy, Debug)]
pub struct Unfinished {
    /// From here on the bytes are needed to recognise it.
    pub keep: usize,
    /// From here on they must not be shown; the buffer's end when they may.
    pub hold: usize,
    /// The same on an idle terminal.
    pub limit: usize,
    /// Of the first pattern that it may become.
    pub order: i64,
}

/// What stands under one mask.
#[derive(Clone, Copy, Debug)]
pub struct Occurrence {
    /// Where its mask begins.
    pub start: usize,
    /// Just after its last byte.
    pub end: usize,
    /// From here on the bytes are needed to recognise it again.
    pub keep: usize,
    /// Its pattern.
    pub order: u32,
    /// It was found in the bytes as they are, escapes and all.
    pub solid: bool,
}
