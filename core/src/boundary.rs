//! The C boundary: the only file with `unsafe` in it.
//!
//! Every function catches panics: they are an answer of NULL or -1, and the caller ends the stream. Nothing
//! of what was given with such a call is passed on.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

use crate::matcher::{Mark, Matcher, Output};
use crate::patterns::PatternSet;
use crate::wire;

/// Counts the changes of this boundary; the loader asks for the one it knows.
pub const ABI: u32 = 1;

const FAILED: i32 = -1;

/// One stream, and what its last step gave.
pub struct Stream {
    matcher: Matcher,
    output: Output,
    /// A step failed: no later one gives anything.
    broken: bool,
}

/// What a step gives. It belongs to the stream, until its next step.
#[repr(C)]
pub struct Answer {
    bytes: *const u8,
    size: usize,
    marks: *const Mark,
    count: usize,
    held: usize,
}

/// What `act` gives, or `failed` when it panics.
fn guarded<T>(failed: T, act: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or(failed)
}

/// The bytes at `data`.
///
/// # Safety
/// `data` is readable for `size` bytes, which nobody changes meanwhile; or `size` is 0.
unsafe fn bytes<'a>(data: *const u8, size: usize) -> &'a [u8] {
    if size == 0 || data.is_null() {
        return &[];
    }
    // SAFETY: the caller promises it; a bytes object of Python's is neither moved nor changed during a call.
    unsafe { std::slice::from_raw_parts(data, size) }
}

/// Bytes that a step may need for each byte that it looks at again.
const ROOM_EACH: usize = 64;
/// Bytes below which there is no question of room.
const SMALL: usize = 1 << 24;

/// Whether there is memory for so much: an allocation that fails later can't be caught.
fn has_room(size: Option<usize>) -> bool {
    size.map_or(false, |size| size < SMALL || Vec::<u8>::new().try_reserve_exact(size).is_ok())
}

/// The boundary's number; the first thing that is asked.
#[no_mangle]
pub extern "C" fn secretrun_core_abi() -> u32 {
    // A panic is an error, and the caller says so: a message of the library's own could quote what it was about.
    std::panic::set_hook(Box::new(|_| ()));
    ABI
}

/// The crate's version: static, NUL-terminated.
#[no_mangle]
pub extern "C" fn secretrun_core_version() -> *const u8 {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr()
}

/// A set of patterns, see `wire`; NULL when it can't be made.
///
/// # Safety
/// `data` is readable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn secretrun_core_patterns_new(data: *const u8, size: usize) -> *const PatternSet {
    // SAFETY: as promised by the caller.
    let data = unsafe { bytes(data, size) };
    guarded(std::ptr::null(), || {
        if !has_room(size.checked_mul(ROOM_EACH)) {
            return std::ptr::null();
        }
        match wire::patterns(data) {
            Some(patterns) => Arc::into_raw(Arc::new(patterns)),
            None => std::ptr::null(),
        }
    })
}

/// Give back a set. Streams that use it go on.
///
/// # Safety
/// `patterns` came from `secretrun_core_patterns_new` and is not used again; or it is NULL.
#[no_mangle]
pub unsafe extern "C" fn secretrun_core_patterns_free(patterns: *const PatternSet) {
    if !patterns.is_null() {
        // SAFETY: it came from `Arc::into_raw`, and the caller gives up the one count it had.
        let patterns = unsafe { Arc::from_raw(patterns) };
        guarded((), || drop(patterns));
    }
}

/// A count of one's own of a set.
///
/// # Safety
/// `patterns` came from `secretrun_core_patterns_new` and was not given back; or it is NULL.
unsafe fn shared(patterns: *const PatternSet) -> Option<Arc<PatternSet>> {
    if patterns.is_null() {
        return None;
    }
    // SAFETY: it came from `Arc::into_raw`, and the caller's count keeps it alive until this one is taken.
    unsafe {
        Arc::increment_strong_count(patterns);
        Some(Arc::from_raw(patterns))
    }
}

/// Whether anything of a set stands in a text: 1, 0, or -1 for a failure.
///
/// # Safety
/// `patterns` came from `secretrun_core_patterns_new`; `text` is readable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn secretrun_core_patterns_hold(
    patterns: *const PatternSet,
    text: *const u8,
    size: usize,
) -> i32 {
    // SAFETY: as promised by the caller.
    let (patterns, text) = unsafe { (shared(patterns), bytes(text, size)) };
    guarded(FAILED, || patterns.map_or(0, |patterns| i32::from(patterns.hold(text))))
}

/// A stream that masks a set, or nothing when it is NULL; NULL when it can't be made.
///
/// # Safety
/// `patterns` came from `secretrun_core_patterns_new` and was not given back; or it is NULL.
#[no_mangle]
pub unsafe extern "C" fn secretrun_core_stream_new(patterns: *const PatternSet) -> *mut Stream {
    // SAFETY: as promised by the caller.
    let patterns = unsafe { shared(patterns) };
    guarded(std::ptr::null_mut(), || {
        let stream = Stream { matcher: Matcher::new(patterns), output: Output::default(), broken: false };
        Box::into_raw(Box::new(stream))
    })
}

/// Give back a stream; what it holds is wiped.
///
/// # Safety
/// `stream` came from `secretrun_core_stream_new` and is not used again; or it is NULL.
#[no_mangle]
pub unsafe extern "C" fn secretrun_core_stream_free(stream: *mut Stream) {
    if !stream.is_null() {
        // SAFETY: it came from `Box::into_raw`, and the caller gives it up.
        let stream = unsafe { Box::from_raw(stream) };
        guarded((), || drop(stream));
    }
}

/// Look for another set from now on, which begins with the patterns of the old one.
///
/// # Safety
/// `stream` came from `secretrun_core_stream_new` and no other thread is in a call with it; `patterns` is as
/// for that function.
#[no_mangle]
pub unsafe extern "C" fn secretrun_core_stream_add(stream: *mut Stream, patterns: *const PatternSet) -> i32 {
    // SAFETY: as promised by the caller; a stream is used by one thread at a time.
    let (stream, patterns) = unsafe { (stream.as_mut(), shared(patterns)) };
    let stream = match stream {
        Some(stream) => stream,
        None => return FAILED,
    };
    let done = guarded(FAILED, || {
        stream.matcher.add(patterns);
        0
    });
    stream.broken |= done == FAILED;
    done
}

/// A step: 0 takes bytes in, 1 gives what an idle terminal may show, 2 ends the stream and begins another.
///
/// 0 when it is done and `answer` is filled, 1 when it gives what was taken in and nothing waits; else -1, and
/// so has every later step of the stream.
///
/// # Safety
/// `stream` came from `secretrun_core_stream_new` and no other thread is in a call with it; `data` is readable
/// for `size` bytes; `answer` is writable.
#[no_mangle]
pub unsafe extern "C" fn secretrun_core_stream_step(
    stream: *mut Stream,
    what: i32,
    data: *const u8,
    size: usize,
    answer: *mut Answer,
) -> i32 {
    // SAFETY: as promised by the caller; a stream is used by one thread at a time.
    let (stream, data) = unsafe { (stream.as_mut(), bytes(data, size)) };
    let stream = match stream {
        Some(stream) => stream,
        None => return FAILED,
    };
    if stream.broken {
        return FAILED;
    }
    stream.broken = true; // until it has gone well
    let done = guarded(FAILED, || {
        let Stream { matcher, output, .. } = &mut *stream;
        output.clear();
        let again = matcher.held().checked_mul(ROOM_EACH);
        if !has_room(again.and_then(|again| again.checked_add(size.checked_mul(2)?))) {
            return FAILED;
        }
        match what {
            0 => matcher.feed(data, output),
            1 => matcher.release(output),
            2 => matcher.finish(output),
            _ => return FAILED,
        }
        0
    });
    if done == FAILED {
        return FAILED;
    }
    stream.broken = false;
    let output = &stream.output;
    if output.unchanged && stream.matcher.held() == 0 {
        return 1;
    }
    let given = Answer {
        bytes: output.bytes.as_ptr(),
        size: output.bytes.len(),
        marks: output.marks.as_ptr(),
        count: output.marks.len(),
        held: stream.matcher.held(),
    };
    // SAFETY: the caller promises that it is writable and aligned.
    unsafe { answer.write(given) };
    0
}
