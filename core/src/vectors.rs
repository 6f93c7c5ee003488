//! What `classes` does, by the wide instructions of x86-64 where the processor has them.
//!
//! `std::arch` is `unsafe`, so this file is, the only one besides the boundary to Python. Its instructions want a
//! processor that knows them, which every public function asks for (`at_hand`), and places that may be read and
//! written, which arrays of the right size are.

use std::arch::x86_64::*;

use crate::classes::{csis, first_of_each, is_kept, Bits, Block, BLOCK, ROOM};

/// Whether the processor has what the rest of this file needs.
#[inline]
fn at_hand() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt")
}

/// `classes::sort`; none where the processor can't.
pub fn sort(text: &[u8], screen: bool, found: &mut Vec<Bits>) -> Option<bool> {
    if !at_hand() {
        return None;
    }
    // SAFETY: the processor knows these instructions.
    Some(unsafe { sorted(text, screen, found) })
}

/// `classes::compact`; none where the processor can't.
pub fn compact(text: &[u8], blocks: &mut [Bits], out: &mut [u8]) -> Option<usize> {
    if !at_hand() {
        return None;
    }
    // SAFETY: the processor knows these instructions.
    Some(unsafe { compacted(text, blocks, out) })
}

/// `Class::is_in`; none where the processor can't.
pub fn any(text: &[u8], columns: &[[u8; 16]; 2]) -> Option<bool> {
    if !at_hand() {
        return None;
    }
    // SAFETY: the processor knows these instructions.
    Some(unsafe { any_in(text, columns) })
}

/// `Class::of`; none where the processor can't.
#[inline]
pub fn of_class(block: &[u8; BLOCK + 1], columns: &[[u8; 16]; 2]) -> Option<u64> {
    if !at_hand() {
        return None;
    }
    // SAFETY: the processor knows these instructions.
    Some(unsafe { among(block, columns) })
}

/// `Class::of_all`; whether the processor can.
#[inline]
pub fn all_of_class(text: &[u8], columns: &[[u8; 16]; 2], found: &mut [u64]) -> bool {
    if at_hand() {
        // SAFETY: the processor knows these instructions.
        unsafe { among_all(text, columns, found) }
        return true;
    }
    false
}

/// # Safety
/// `at_hand`.
#[target_feature(enable = "avx2,popcnt")]
unsafe fn sorted(text: &[u8], screen: bool, found: &mut Vec<Bits>) -> bool {
    let mut nul = 0;
    for start in (0..text.len()).step_by(BLOCK) {
        let block = Block::at(text, start);
        // SAFETY: the same processor.
        let [kept, events, nuls] = unsafe { whole(block.bytes()) };
        let mut bits = Bits { kept, events, ..Bits::default() };
        if screen && events != 0 {
            // SAFETY: the same processor.
            bits.leave_out(unsafe { sequences(block.bytes()) });
        }
        found.push(bits);
        nul |= nuls << BLOCK.saturating_sub(text.len() - start);
    }
    nul != 0
}

/// Of each row of sixteen bytes its bit, where not all of the row is kept; all that is not kept in the first two.
const ROWS: [u8; 16] = [16, 16, 1, 2, 0, 4, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0];
/// Of each column of the first eight rows the bits of those in which it is not kept.
const COLUMNS: [u8; 16] = columns();

const fn columns() -> [u8; 16] {
    let mut columns = [0; 16];
    let mut byte = 0;
    while byte < 0x80 {
        if !is_kept(byte) {
            columns[byte as usize & 15] |= ROWS[byte as usize >> 4];
        }
        byte += 1;
    }
    columns
}

/// Where bytes are one. A macro, for closures know none of the instructions in every compiler.
macro_rules! is {
    ($bytes:expr, $byte:expr) => {
        _mm256_cmpeq_epi8($bytes, _mm256_set1_epi8($byte as i8))
    };
}

/// Where any of some is.
macro_rules! either {
    ($first:expr) => { $first };
    ($first:expr, $($others:expr),+) => { _mm256_or_si256($first, either!($($others),+)) };
}

/// Which bytes of a block are kept, are events, are NUL. By itself, for compilers take it to pieces within the loop.
///
/// # Safety
/// `at_hand`.
#[inline(never)]
#[target_feature(enable = "avx2,popcnt")]
unsafe fn whole(block: &[u8; BLOCK + 1]) -> [u64; 3] {
    // SAFETY: the same processor.
    let (first, second) = unsafe { (half(block, 0), half(block, 32)) };
    let one = |index: usize| u64::from(first[index]) | u64::from(second[index]) << 32;
    [one(0), one(1) | first_of_each(one(2)), one(3)]
}

/// Which of 32 bytes are kept, are events, are dots before dots, are NUL.
///
/// # Safety
/// `at_hand`. `start` is 0 or 32.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
unsafe fn half(block: &[u8; BLOCK + 1], start: usize) -> [u32; 4] {
    // SAFETY: 32 bytes are there from `start`, and from the byte after it; 16 in each table. The processor knows the
    // instructions, none of which reads or writes memory but these.
    unsafe {
        let bytes = _mm256_loadu_si256(block.as_ptr().add(start).cast());
        let next = _mm256_loadu_si256(block.as_ptr().add(start + 1).cast());
        let rows = _mm256_broadcastsi128_si256(_mm_loadu_si128(ROWS.as_ptr().cast()));
        let columns = _mm256_broadcastsi128_si256(_mm_loadu_si128(COLUMNS.as_ptr().cast()));
        let row = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), _mm256_set1_epi8(15));
        let left_out = _mm256_and_si256(_mm256_shuffle_epi8(columns, bytes), _mm256_shuffle_epi8(rows, row));
        let ascii = !_mm256_movemask_epi8(bytes); // a byte without its first bit
        let kept = _mm256_movemask_epi8(is!(left_out, 0u8)) & ascii;
        let control = either!(is!(bytes, 0x1bu8), is!(bytes, 0x9bu8), is!(bytes, 8u8));
        let back = _mm256_andnot_si256(is!(next, b'\n'), is!(bytes, b'\r'));
        let ellipsis = _mm256_and_si256(is!(bytes, 0xe2u8), is!(next, 0x80u8));
        let counted = _mm256_and_si256(is!(bytes, b's'), is!(next, b']'));
        let escaped = _mm256_and_si256(is!(bytes, b'\\'), is!(next, b'u'));
        let events = _mm256_movemask_epi8(either!(control, back, ellipsis, counted, escaped));
        let dots = _mm256_movemask_epi8(_mm256_and_si256(is!(bytes, b'.'), is!(next, b'.')));
        let nul = _mm256_movemask_epi8(is!(bytes, 0u8));
        [kept as u32, events as u32, dots as u32, nul as u32]
    }
}

/// `classes::csis` of a block.
///
/// # Safety
/// `at_hand`.
#[inline(never)]
#[target_feature(enable = "avx2,popcnt")]
unsafe fn sequences(block: &[u8; BLOCK + 1]) -> [u64; 4] {
    let mut bits = [0u64; 6];
    for start in [0, 32] {
        // SAFETY: 32 bytes are there from `start`. The processor knows the instructions, none of which reads or writes
        // other memory.
        let found = unsafe {
            let bytes = _mm256_loadu_si256(block.as_ptr().add(start).cast());
            let row = _mm256_and_si256(bytes, _mm256_set1_epi8(-16));
            let after = _mm256_cmpgt_epi8(bytes, _mm256_set1_epi8(0x3f)); // what is no ASCII is below 0
            [
                _mm256_movemask_epi8(is!(bytes, 0x1bu8)) as u32,
                _mm256_movemask_epi8(is!(bytes, b'[')) as u32,
                _mm256_movemask_epi8(is!(row, b'0')) as u32,
                _mm256_movemask_epi8(_mm256_andnot_si256(is!(bytes, 0x7fu8), after)) as u32,
                _mm256_movemask_epi8(either!(is!(bytes, b'G'), is!(bytes, b'H'))) as u32,
                _mm256_movemask_epi8(either!(is!(bytes, b'm'), is!(bytes, b'K'))) as u32,
            ]
        };
        for index in 0..bits.len() {
            bits[index] |= u64::from(found[index]) << start;
        }
    }
    csis(bits)
}

/// The rows of a class: of ASCII, and the same of what is beyond.
const CLASS_ROWS: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];

/// Which of 32 bytes are of a class, given by its columns.
///
/// # Safety
/// `at_hand`. 32 bytes are there at `bytes`.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
unsafe fn members(bytes: *const u8, columns: &[[u8; 16]; 2]) -> u32 {
    // SAFETY: 32 bytes are there, 16 in each table. The processor knows the instructions, none of which reads or writes
    // other memory.
    unsafe {
        let bytes = _mm256_loadu_si256(bytes.cast());
        let rows = _mm256_broadcastsi128_si256(_mm_loadu_si128(CLASS_ROWS.as_ptr().cast()));
        let ascii = _mm256_broadcastsi128_si256(_mm_loadu_si128(columns[0].as_ptr().cast()));
        let beyond = _mm256_broadcastsi128_si256(_mm_loadu_si128(columns[1].as_ptr().cast()));
        let row = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), _mm256_set1_epi8(15));
        // a byte with its first bit has nothing in a table
        let ascii = _mm256_shuffle_epi8(ascii, bytes);
        let beyond = _mm256_shuffle_epi8(beyond, _mm256_xor_si256(bytes, _mm256_set1_epi8(-128)));
        let found = _mm256_and_si256(_mm256_or_si256(ascii, beyond), _mm256_shuffle_epi8(rows, row));
        !_mm256_movemask_epi8(is!(found, 0u8)) as u32
    }
}

/// # Safety
/// `at_hand`.
#[target_feature(enable = "avx2,popcnt")]
unsafe fn among(block: &[u8; BLOCK + 1], columns: &[[u8; 16]; 2]) -> u64 {
    // SAFETY: the same processor; 32 bytes are there at both places.
    let halves = unsafe { (members(block.as_ptr(), columns), members(block.as_ptr().add(32), columns)) };
    u64::from(halves.0) | u64::from(halves.1) << 32
}

/// # Safety
/// `at_hand`.
#[target_feature(enable = "avx2,popcnt")]
unsafe fn among_all(text: &[u8], columns: &[[u8; 16]; 2], found: &mut [u64]) {
    for (bits, start) in found.iter_mut().zip((0..text.len()).step_by(BLOCK)) {
        let block = Block::at(text, start);
        // SAFETY: the same processor.
        *bits = unsafe { among(block.bytes(), columns) };
    }
}

/// For each set of eight bytes, which of them come first.
static ORDERS: [[u8; 8]; 256] = orders();

const fn orders() -> [[u8; 8]; 256] {
    let mut orders = [[0; 8]; 256];
    let mut mask = 0;
    while mask < 256 {
        let (mut bit, mut count) = (0, 0);
        while bit < 8 {
            if mask >> bit & 1 == 1 {
                orders[mask][count] = bit;
                count += 1;
            }
            bit += 1;
        }
        mask += 1;
    }
    orders
}

/// # Safety
/// `at_hand`.
#[target_feature(enable = "avx2,popcnt")]
unsafe fn compacted(text: &[u8], blocks: &mut [Bits], out: &mut [u8]) -> usize {
    let mut size = 0;
    for (index, bits) in blocks.iter_mut().enumerate() {
        bits.before = size as u32;
        let block = Block::at(text, index * BLOCK);
        let room: &mut [u8] = &mut out[size..size + ROOM];
        let mut at = 0;
        for eight in 0..8 {
            let mask = (bits.kept >> (8 * eight)) as u8;
            // SAFETY: eight bytes are there at eight places of the block, and at every place of the room that is at
            // most 56 after its beginning: at most eight bytes come of each of those before.
            unsafe {
                let bytes = _mm_loadl_epi64(block.bytes().as_ptr().add(8 * eight).cast());
                let order = _mm_loadl_epi64(ORDERS[usize::from(mask)].as_ptr().cast());
                _mm_storel_epi64(room.as_mut_ptr().add(at).cast(), _mm_shuffle_epi8(bytes, order));
            }
            at += mask.count_ones() as usize;
        }
        size += at;
    }
    size
}

/// # Safety
/// `at_hand`.
#[target_feature(enable = "avx2,popcnt")]
unsafe fn any_in(text: &[u8], columns: &[[u8; 16]; 2]) -> bool {
    let mut parts = text.chunks_exact(32);
    for part in &mut parts {
        // SAFETY: the same processor; the part has 32 bytes.
        if unsafe { members(part.as_ptr(), columns) } != 0 {
            return true;
        }
    }
    let mut last = [0; 32];
    let rest = parts.remainder();
    last[..rest.len()].copy_from_slice(rest);
    // SAFETY: the same processor; it has 32 bytes.
    unsafe { members(last.as_ptr(), columns) & ((1 << rest.len()) - 1) != 0 }
}
