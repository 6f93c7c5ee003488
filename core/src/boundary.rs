//! The boundary to Python: the type of streams.
//!
//! Every function catches panics: they are an error, and one within a step ends the stream. Nothing of what was
//! given with such a step is passed on.

use std::cell::Cell;
use std::ffi::c_void;
use std::mem::size_of;
use std::os::raw::c_int;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::{null, null_mut};
use std::sync::Arc;

use crate::matcher::Matcher;
use crate::output::Output;
use crate::memory::{guarded, has_room};
use crate::module::{answer, guarded_answer, released, shared, ROOM_EACH};
use crate::patterns::PatternSet;
use crate::python::*;

/// One stream, as Python sees it.
#[repr(C)]
struct Instance {
    head: Object,
    /// Whether a step may begin: not while there is one, and never again after one that failed. Read and written
    /// with the GIL alone, so that whoever took it has the stream for himself.
    ready: Cell<bool>,
    held: Cell<usize>,
    /// The `Pattern`s by their order, or NULL.
    patterns: Cell<*mut Object>,
    /// What gives the mask of one of them; NULL after the garbage collection has taken it.
    mask: Cell<*mut Object>,
    stream: *mut Stream,
}

struct Stream {
    matcher: Matcher,
    output: Output,
}

/// What a step does: takes bytes in, gives what an idle terminal may show, ends the stream and begins another.
#[derive(Clone, Copy)]
enum Step {
    Feed,
    Release,
    Finish,
}

/// What is looked for: nothing for None, else the set of a `PatternSet`, and its patterns.
///
/// # Safety
/// `object` is alive.
unsafe fn wanted(object: *mut Object) -> Option<Option<(Arc<PatternSet>, Owned)>> {
    if none()?.object() == object {
        return Some(None);
    }
    // SAFETY: the object is alive, and so is the handle that we own.
    unsafe {
        let handle = Owned::new(PyObject_GetAttrString(object, text!("handle")))?;
        let patterns = Owned::new(PyObject_GetAttrString(object, text!("patterns")))?;
        Some(Some((shared(handle.object())?, patterns)))
    }
}

/// `Matcher(patterns, mask)`.
unsafe extern "C" fn new(kind: *mut Object, arguments: *mut Object, _: *mut Object) -> *mut Object {
    guarded_answer(|| {
        // SAFETY: Python keeps the arguments of a call alive.
        let (wanted, mask) = unsafe {
            let (patterns, mask) = two(arguments, text!("Matcher"))?;
            (wanted(patterns)?, Owned::of(mask))
        };
        let (set, patterns) = wanted.map_or((None, None), |(set, patterns)| (Some(set), Some(patterns)));
        let stream = Box::new(Stream { matcher: Matcher::new(set), output: Output::default() });
        // SAFETY: `kind` is the type below or one that Python made of it, whose `alloc` gives room for an
        // `Instance` with its head filled in and NULs for the rest, which nobody else knows yet.
        unsafe {
            let alloc = PyType_GetSlot(kind, TP_ALLOC);
            let alloc: unsafe extern "C" fn(*mut Object, isize) -> *mut Object = std::mem::transmute(alloc);
            let made = Owned::new(alloc(kind, 0))?;
            let instance = made.object().cast::<Instance>();
            (*instance).patterns.set(patterns.map_or(null_mut(), Owned::give));
            (*instance).mask.set(mask.give());
            (*instance).stream = Box::into_raw(stream);
            (*instance).ready.set(true);
            Some(made)
        }
    })
}

/// # Safety
/// `this` is an instance, alive for `'a`.
unsafe fn instance<'a>(this: *mut Object) -> &'a Instance {
    // SAFETY: the caller promises it; what changes in it is in cells, and the stream behind a pointer.
    unsafe { &*this.cast::<Instance>() }
}

unsafe extern "C" fn free(this: *mut Object) {
    // SAFETY: nobody else knows the instance any more. Its type, of which it has a reference, is kept until it is
    // freed, by the function that belongs to how `new` got it.
    unsafe {
        PyObject_GC_UnTrack(this.cast());
        clear(this);
        let stream = (*this.cast::<Instance>()).stream;
        if !stream.is_null() {
            let stream = Box::from_raw(stream); // as `new` made it
            let _ = catch_unwind(AssertUnwindSafe(|| drop(stream)));
        }
        let kind = (*this).kind();
        let release: unsafe extern "C" fn(*mut c_void) = std::mem::transmute(PyType_GetSlot(kind, TP_FREE));
        release(this.cast());
        Py_DecRef(kind);
    }
}

/// Tell the garbage collection what is referred to.
unsafe extern "C" fn traverse(this: *mut Object, visit: Visit, context: *mut c_void) -> c_int {
    // SAFETY: the instance is alive, and so is what it refers to; `visit` is Python's, for this context.
    unsafe {
        for referred in [(*this).kind(), instance(this).patterns.get(), instance(this).mask.get()] {
            if !referred.is_null() {
                let done = visit(referred, context);
                if done != 0 {
                    return done;
                }
            }
        }
    }
    0
}

unsafe extern "C" fn clear(this: *mut Object) -> c_int {
    // SAFETY: the instance is alive. Each reference is its own, and is taken out before it is given back.
    unsafe {
        drop(Owned::new(instance(this).patterns.replace(null_mut())));
        drop(Owned::new(instance(this).mask.replace(null_mut())));
    }
    0
}

/// `add(patterns)`: look for these from now on, which begin with the old ones.
unsafe extern "C" fn add(this: *mut Object, given: *mut Object) -> *mut Object {
    answer(|| {
        // SAFETY: Python keeps both alive during a call of the method.
        let (instance, wanted) = unsafe { (instance(this), wanted(given)?) };
        let (set, patterns) = wanted.map_or((None, None), |(set, patterns)| (Some(set), Some(patterns)));
        if !instance.ready.replace(false) {
            return None;
        }
        // SAFETY: `ready` was ours to take, so nobody else is at the stream.
        let stream = unsafe { &mut *instance.stream };
        guarded(|| {
            stream.matcher.add(set);
            Some(())
        })?;
        let old = instance.patterns.replace(patterns.map_or(null_mut(), Owned::give));
        instance.ready.set(true);
        // SAFETY: the reference was the instance's.
        drop(unsafe { Owned::new(old) });
        none()
    })
}

unsafe extern "C" fn feed(this: *mut Object, data: *mut Object) -> *mut Object {
    // SAFETY: Python keeps both alive during a call of the method.
    answer(|| unsafe { step(instance(this), Step::Feed, data) })
}

unsafe extern "C" fn release(this: *mut Object, _: *mut Object) -> *mut Object {
    // SAFETY: Python keeps it alive during a call of the method.
    answer(|| unsafe { step(instance(this), Step::Release, null_mut()) })
}

unsafe extern "C" fn finish(this: *mut Object, _: *mut Object) -> *mut Object {
    // SAFETY: Python keeps it alive during a call of the method.
    answer(|| unsafe { step(instance(this), Step::Finish, null_mut()) })
}

unsafe extern "C" fn held(this: *mut Object, _: *mut c_void) -> *mut Object {
    // SAFETY: Python keeps it alive during the call; a number becomes an object.
    answer(|| unsafe { Owned::new(PyLong_FromSize_t(instance(this).held.get())) })
}

/// A step of a stream, which is over where this gives nothing (unless `given` is no bytes).
///
/// # Safety
/// `given` is alive, or NULL where the step takes nothing.
unsafe fn step(instance: &Instance, what: Step, given: *mut Object) -> Option<Owned> {
    let data = match what {
        // SAFETY: it is alive, as the caller promises.
        Step::Feed => unsafe { bytes(given) }?,
        _ => &[],
    };
    if !instance.ready.replace(false) {
        return None;
    }
    // SAFETY: `ready` was ours to take, so nobody else is at the stream until it is set again.
    let stream = unsafe { &mut *instance.stream };
    let made = guarded(|| {
        let Stream { matcher, output } = &mut *stream;
        output.clear();
        let again = matcher.held().checked_mul(ROOM_EACH);
        if !has_room(again.and_then(|again| again.checked_add(data.len().checked_mul(2)?))) {
            return None;
        }
        released(data.len() + matcher.held(), || match what {
            Step::Feed => matcher.feed(data, output),
            Step::Release => matcher.release(output),
            Step::Finish => matcher.finish(output),
        });
        if output.unchanged && matcher.held() == 0 {
            // SAFETY: only what is fed is unchanged, and that object is alive.
            Some(unsafe { Owned::of(given) })
        } else if output.marks.is_empty() {
            joined(output.bytes.len(), std::iter::once(&output.bytes[..]))
        } else {
            masked(instance, output)
        }
    })?;
    instance.held.set(stream.matcher.held());
    instance.ready.set(true);
    Some(made)
}

/// What a step gave, with the masks in it.
fn masked(instance: &Instance, output: &Output) -> Option<Owned> {
    let mut masks = Vec::with_capacity(output.marks.len());
    let mut size = output.bytes.len();
    for mark in &output.marks {
        if instance.patterns.get().is_null() || instance.mask.get().is_null() {
            return None; // the garbage collection had it already
        }
        // SAFETY: both are the instance's, which takes no step and no other patterns meanwhile: `ready` is false.
        // What is called is Python's: it can't come at the output, which is the stream's.
        let mask = unsafe {
            let pattern = Owned::new(PySequence_GetItem(instance.patterns.get(), isize::try_from(mark.order).ok()?))?;
            let last = null_mut::<Object>();
            Owned::new(PyObject_CallFunctionObjArgs(instance.mask.get(), pattern.object(), last))?
        };
        // SAFETY: it is ours, so it is alive.
        size = size.checked_add(unsafe { bytes(mask.object()) }?.len())?;
        masks.push(mask);
    }
    let mut last = 0;
    let mut parts = Vec::with_capacity(2 * masks.len() + 1);
    for (mark, mask) in output.marks.iter().zip(&masks) {
        let at = mark.at as usize;
        parts.push(&output.bytes[last..at]);
        // SAFETY: the masks outlive the parts.
        parts.push(unsafe { bytes(mask.object()) }?);
        last = at;
    }
    parts.push(&output.bytes[last..]);
    joined(size, parts.into_iter())
}

/// The type of streams.
pub fn matcher_type() -> Option<Owned> {
    let methods = kept([
        method(text!("feed"), feed, ONE),
        method(text!("add"), add, ONE),
        method(text!("release"), release, NOARGS),
        method(text!("finish"), finish, NOARGS),
        END,
    ]);
    let no_more = GetSetDef { name: null(), get: None, set: null(), doc: null(), closure: null_mut() };
    let values =
        kept([GetSetDef { name: text!("held"), get: Some(held), set: null(), doc: null(), closure: null_mut() }, no_more]);
    let slot = |slot, value| Slot { slot, value };
    let slots = [
        slot(TP_DOC, text!("The state of one stream.").cast()),
        slot(TP_NEW, new as *const c_void),
        slot(TP_DEALLOC, free as *const c_void),
        slot(TP_TRAVERSE, traverse as *const c_void),
        slot(TP_CLEAR, clear as *const c_void),
        slot(TP_METHODS, methods as *const c_void),
        slot(TP_GETSET, values as *const c_void),
        slot(0, null()),
    ];
    let spec = Spec {
        name: text!("secretrun.redact.core.secretrun_core.Matcher"),
        basicsize: size_of::<Instance>() as c_int,
        itemsize: 0,
        flags: HAVE_GC,
        slots: slots.as_ptr(),
    };
    // SAFETY: the spec is whole: its slots end with 0, its names are static, and what is not copied is kept.
    unsafe { Owned::new(PyType_FromSpec(&spec)) }
}
