//! Memory that is lacking is an error, not the end of the process.
//!
//! Rust's library aborts where an allocation gives nothing. So some memory lies ready that nobody uses: it is given
//! back when there is no other, what was asked for is asked for again, and the call that needed it fails when it ends.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// Bytes that a call may need without asking whether there are so many (`has_room`).
const SMALL: usize = 1 << 24;

/// Lies ready, and is not touched: no page of it is taken from the system.
static RESERVE: AtomicPtr<u8> = AtomicPtr::new(null_mut());
/// How often an allocation gave nothing.
static LACKED: AtomicUsize = AtomicUsize::new(0);

const RESERVED: Layout = match Layout::from_size_align(SMALL, 16) {
    Ok(layout) => layout,
    Err(_) => panic!("a power of two, and far from the largest size"),
};

/// Whether the reserve is there, made again where it was used.
fn ready() -> bool {
    if !RESERVE.load(Ordering::Acquire).is_null() {
        return true;
    }
    // SAFETY: the size is not 0.
    let made = unsafe { System.alloc(RESERVED) };
    if !made.is_null() && RESERVE.compare_exchange(null_mut(), made, Ordering::AcqRel, Ordering::Acquire).is_err() {
        give_back(made); // another thread was first
    }
    !made.is_null()
}

fn give_back(reserve: *mut u8) {
    if !reserve.is_null() {
        // SAFETY: it came from `ready`, and whoever calls this took it, so nobody else gives it back.
        unsafe { System.dealloc(reserve, RESERVED) };
    }
}

/// Whether there is memory for so much: an allocation that gives nothing even with the reserve ends the process.
pub fn has_room(size: Option<usize>) -> bool {
    match size.map(|size| Layout::from_size_align(size, 1)) {
        Some(Ok(layout)) if layout.size() >= SMALL => {
            // SAFETY: the size is not 0, and what was given is written to within it and given back as it came.
            unsafe {
                let made = System.alloc(layout);
                if !made.is_null() {
                    made.write_volatile(0); // else the compiler takes it that there is so much, and asks nobody
                    System.dealloc(made, layout);
                }
                !made.is_null()
            }
        }
        Some(Ok(_)) => true,
        _ => false,
    }
}

/// What `act` gives; nothing where memory was lacking before it or meanwhile, in another thread too.
pub fn guarded<T>(act: impl FnOnce() -> Option<T>) -> Option<T> {
    let before = LACKED.load(Ordering::Acquire);
    let given = if ready() { act() } else { None };
    given.filter(|_| LACKED.load(Ordering::Acquire) == before)
}

/// The system's memory, and the reserve when that is lacking.
pub struct Memory;

impl Memory {
    /// `ask`, and once more with the reserve given back.
    fn insist(ask: impl Fn() -> *mut u8) -> *mut u8 {
        let made = ask();
        if !made.is_null() {
            return made;
        }
        LACKED.fetch_add(1, Ordering::AcqRel);
        give_back(RESERVE.swap(null_mut(), Ordering::AcqRel));
        ask()
    }
}

// SAFETY: every call goes to the system's allocator as it came, and none unwinds: what is done besides
// is atomic operations.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller promises what the system's asks for, as for all below.
        Self::insist(|| unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        Self::insist(|| unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above; where it gives nothing, `old` is as it was.
        Self::insist(|| unsafe { System.realloc(old, layout, size) })
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(old, layout) }
    }
}
