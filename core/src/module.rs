//! The boundary to Python: an extension module of the stable ABI, one file for every Python; and its sets of patterns.
//!
//! Every function catches panics: they are an error.

use std::ffi::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::Arc;

use crate::boundary::matcher_type;
use crate::patterns::PatternSet;
use crate::python::*;
use crate::wire;
use crate::words::Words;

/// Counts the changes of this boundary; the loader asks for the one it knows.
const ABI: u32 = 3;

/// Bytes that a step may need for each byte that it looks at again.
pub const ROOM_EACH: usize = 64;
/// Bytes below which there is no question of room.
const SMALL: usize = 1 << 24;
/// Bytes from which a call is long enough to let other threads at Python.
const LARGE: usize = 1 << 16;

/// What a capsule of a set is called.
const SET: &str = "secretrun.patterns\0";

/// `CoreError`, which is made once and stays.
static ERROR: AtomicPtr<Object> = AtomicPtr::new(null_mut());

/// What `act` gives; NULL and an error where that is nothing, or it panics.
pub fn answer(act: impl FnOnce() -> Option<Owned>) -> *mut Object {
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(Some(object)) => object.give(),
        _ => {
            // SAFETY: the GIL is held in every function of the boundary; `ERROR` is alive for good.
            unsafe {
                if PyErr_Occurred().is_null() {
                    PyErr_SetNone(ERROR.load(Ordering::Relaxed));
                }
            }
            null_mut()
        }
    }
}

/// `act`, without the GIL when so many bytes are looked at that others would wait for it.
pub fn released<T>(size: usize, act: impl FnOnce() -> T) -> T {
    if size < LARGE {
        act()
    } else {
        without_gil(act)
    }
}

/// Whether there is memory for so much: an allocation that fails later can't be caught.
pub fn has_room(size: Option<usize>) -> bool {
    size.map_or(false, |size| size < SMALL || Vec::<u8>::new().try_reserve_exact(size).is_ok())
}

/// `patterns(data)`: a set of patterns, see `wire`.
unsafe extern "C" fn patterns(_: *mut Object, data: *mut Object) -> *mut Object {
    answer(|| {
        // SAFETY: Python keeps the argument of a call alive, and bytes are not changed.
        let data = unsafe { bytes(data) }?;
        let made = released(data.len(), || {
            has_room(data.len().checked_mul(ROOM_EACH)).then(|| wire::patterns(data)).flatten()
        });
        let set = Arc::into_raw(Arc::new(made?));
        // SAFETY: the name is static, and `free_patterns` gives back the count that the capsule has.
        unsafe { Owned::new(PyCapsule_New(set as *mut c_void, SET.as_ptr().cast(), Some(free_patterns))) }
    })
}

unsafe extern "C" fn free_patterns(capsule: *mut Object) {
    // SAFETY: the capsule is one of `patterns`, and this is called once, at its end.
    let set = unsafe { PyCapsule_GetPointer(capsule, SET.as_ptr().cast()) } as *const PatternSet;
    if !set.is_null() {
        // SAFETY: it came from `Arc::into_raw`, whose count was the capsule's.
        let set = unsafe { Arc::from_raw(set) };
        let _ = catch_unwind(AssertUnwindSafe(|| drop(set)));
    }
}

/// A count of one's own of the set in a capsule; an error is set where it is none.
///
/// # Safety
/// `capsule` is alive.
pub unsafe fn shared(capsule: *mut Object) -> Option<Arc<PatternSet>> {
    // SAFETY: it is alive; what is another thing, or another module's capsule, gives NULL.
    let set = unsafe { PyCapsule_GetPointer(capsule, SET.as_ptr().cast()) } as *const PatternSet;
    if set.is_null() {
        return None;
    }
    // SAFETY: it came from `Arc::into_raw`, and the capsule's count keeps it alive until this one is taken.
    unsafe {
        Arc::increment_strong_count(set);
        Some(Arc::from_raw(set))
    }
}

/// `holds(handle, text)`: whether anything of a set stands in a text.
unsafe extern "C" fn holds(_: *mut Object, arguments: *mut Object) -> *mut Object {
    answer(|| {
        // SAFETY: Python keeps the arguments of a call alive.
        let (set, text) = unsafe {
            let (handle, text) = two(arguments, text!("holds"))?;
            (shared(handle)?, bytes(text)?)
        };
        let found = released(text.len(), || set.hold(text));
        // SAFETY: a number becomes True or False.
        unsafe { Owned::new(PyBool_FromLong(found.into())) }
    })
}

/// What a capsule of words is called.
const WORDS: &str = "secretrun.words\0";

/// `words(joined)`: words with a NUL between them.
unsafe extern "C" fn words(_: *mut Object, joined: *mut Object) -> *mut Object {
    answer(|| {
        // SAFETY: Python keeps the argument of a call alive, and bytes are not changed.
        let words = Box::into_raw(Box::new(Words::new(unsafe { bytes(joined) }?)?));
        // SAFETY: the name is static, and `free_words` takes the box back.
        unsafe { Owned::new(PyCapsule_New(words.cast(), WORDS.as_ptr().cast(), Some(free_words))) }
    })
}

unsafe extern "C" fn free_words(capsule: *mut Object) {
    // SAFETY: the capsule is one of `words`, and this is called once, at its end.
    let words = unsafe { PyCapsule_GetPointer(capsule, WORDS.as_ptr().cast()) }.cast::<Words>();
    if !words.is_null() {
        // SAFETY: it came from `Box::into_raw`, and nobody uses it any more.
        let words = unsafe { Box::from_raw(words) };
        let _ = catch_unwind(AssertUnwindSafe(|| drop(words)));
    }
}

/// `places(words, text)`: where any of them begins, as `u32`s in bytes.
unsafe extern "C" fn places(_: *mut Object, arguments: *mut Object) -> *mut Object {
    answer(|| {
        // SAFETY: Python keeps the arguments of a call alive. What is no capsule of words gives NULL, and so nothing.
        let (words, text) = unsafe {
            let (handle, text) = two(arguments, text!("places"))?;
            let words = PyCapsule_GetPointer(handle, WORDS.as_ptr().cast()).cast::<Words>();
            (words.as_ref()?, bytes(text)?)
        };
        let found = words.places(text)?;
        let found: Vec<[u8; 4]> = found.iter().map(|place| place.to_ne_bytes()).collect();
        joined(4 * found.len(), found.iter().map(|place| &place[..]))
    })
}

/// The module; the first thing that Python asks for.
#[no_mangle]
pub extern "C" fn PyInit_secretrun_core() -> *mut Object {
    // A panic is an error, and the caller says so: a message of the library's own could quote what it was about.
    std::panic::set_hook(Box::new(|_| ()));
    let methods = kept([method(text!("patterns"), patterns, ONE), method(text!("holds"), holds, VARARGS), method(text!("words"), words, ONE), method(text!("places"), places, VARARGS), END]);
    let def = kept(ModuleDef {
        object: Object::STATIC,
        init: null(),
        index: 0,
        copy: null_mut(),
        name: text!("secretrun_core"),
        doc: null(),
        size: -1, // one in a process
        methods: methods.cast(),
        slots: null(),
        traverse: null(),
        clear: null(),
        free: null(),
    });
    // SAFETY: Python calls this with the GIL held. What it keeps stays for good, and each object is alive.
    unsafe {
        let error = PyErr_NewException(text!("secretrun.redact.core.secretrun_core.CoreError"), null_mut(), null_mut());
        if error.is_null() {
            return null_mut();
        }
        ERROR.store(error, Ordering::Relaxed);
        answer(|| {
            let module = Owned::new(PyModule_Create2(def, ABI_VERSION))?;
            let kind = matcher_type()?;
            let version = text!(env!("CARGO_PKG_VERSION"));
            let done = [
                PyModule_AddObjectRef(module.object(), text!("CoreError"), error),
                PyModule_AddObjectRef(module.object(), text!("Matcher"), kind.object()),
                PyModule_AddIntConstant(module.object(), text!("abi"), ABI.into()),
                PyModule_AddStringConstant(module.object(), text!("version"), version),
            ];
            done.iter().all(|&done| done == 0).then(|| module)
        })
    }
}
