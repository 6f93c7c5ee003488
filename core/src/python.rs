//! What is used of Python's stable ABI (`Py_LIMITED_API` of 3.11), declared by hand: it is little, and changes no more.
//!
//! Everything here wants the GIL, but for `without_gil`. `boundary` and `module` are built on it, the only other files that are `unsafe` for Python's sake.

use std::os::raw::{c_char, c_int, c_long, c_longlong, c_uint, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::null;

/// What every object of Python's begins with, where there is a GIL.
#[repr(C)]
pub struct Object {
    count: isize,
    kind: *mut Object,
}

impl Object {
    /// Of what is not yet any type's.
    pub const STATIC: Object = Object { count: 1, kind: std::ptr::null_mut() };

    /// The type, which is alive as long as the object.
    pub fn kind(&self) -> *mut Object {
        self.kind
    }
}

pub type Function = unsafe extern "C" fn(*mut Object, *mut Object) -> *mut Object;
pub type Getter = unsafe extern "C" fn(*mut Object, *mut c_void) -> *mut Object;
pub type Visit = unsafe extern "C" fn(*mut Object, *mut c_void) -> c_int;

#[repr(C)]
pub struct MethodDef {
    pub name: *const c_char,
    pub function: Option<Function>,
    pub flags: c_int,
    pub doc: *const c_char,
}

#[repr(C)]
pub struct GetSetDef {
    pub name: *const c_char,
    pub get: Option<Getter>,
    pub set: *const c_void,
    pub doc: *const c_char,
    pub closure: *mut c_void,
}

#[repr(C)]
pub struct Slot {
    pub slot: c_int,
    pub value: *const c_void,
}

#[repr(C)]
pub struct Spec {
    pub name: *const c_char,
    pub basicsize: c_int,
    pub itemsize: c_int,
    pub flags: c_uint,
    pub slots: *const Slot,
}

#[repr(C)]
pub struct ModuleDef {
    pub object: Object,
    pub init: *const c_void,
    pub index: isize,
    pub copy: *mut Object,
    pub name: *const c_char,
    pub doc: *const c_char,
    pub size: isize,
    pub methods: *const MethodDef,
    pub slots: *const c_void,
    pub traverse: *const c_void,
    pub clear: *const c_void,
    pub free: *const c_void,
}

pub const VARARGS: c_int = 1;
pub const NOARGS: c_int = 4;
pub const ONE: c_int = 8;
pub const HAVE_GC: c_uint = 1 << 14;
pub const ABI_VERSION: c_int = 3;

pub const TP_ALLOC: c_int = 47;
pub const TP_CLEAR: c_int = 51;
pub const TP_DEALLOC: c_int = 52;
pub const TP_DOC: c_int = 56;
pub const TP_METHODS: c_int = 64;
pub const TP_NEW: c_int = 65;
pub const TP_TRAVERSE: c_int = 71;
pub const TP_GETSET: c_int = 73;
pub const TP_FREE: c_int = 74;

extern "C" {
    pub fn PyArg_UnpackTuple(args: *mut Object, name: *const c_char, least: isize, most: isize, ...) -> c_int;
    pub fn Py_BuildValue(format: *const c_char, ...) -> *mut Object;
    pub fn PyBool_FromLong(value: c_long) -> *mut Object;
    pub fn PyBytes_AsStringAndSize(object: *mut Object, bytes: *mut *mut c_char, size: *mut isize) -> c_int;
    pub fn PyBytes_FromStringAndSize(bytes: *const c_char, size: isize) -> *mut Object;
    pub fn PyCapsule_GetPointer(capsule: *mut Object, name: *const c_char) -> *mut c_void;
    pub fn PyCapsule_New(
        pointer: *mut c_void,
        name: *const c_char,
        free: Option<unsafe extern "C" fn(*mut Object)>,
    ) -> *mut Object;
    pub fn PyErr_NewException(name: *const c_char, base: *mut Object, dict: *mut Object) -> *mut Object;
    pub fn PyErr_Occurred() -> *mut Object;
    pub fn PyErr_SetNone(kind: *mut Object);
    pub fn PyEval_RestoreThread(state: *mut c_void);
    pub fn PyEval_SaveThread() -> *mut c_void;
    pub fn PyList_Append(list: *mut Object, object: *mut Object) -> c_int;
    pub fn PyList_GetItem(list: *mut Object, index: isize) -> *mut Object;
    pub fn PyList_New(size: isize) -> *mut Object;
    pub fn PyList_Size(list: *mut Object) -> isize;
    pub fn PyLong_AsLongLong(number: *mut Object) -> c_longlong;
    pub fn PyLong_FromSize_t(value: usize) -> *mut Object;
    pub fn PyModule_AddIntConstant(module: *mut Object, name: *const c_char, value: c_long) -> c_int;
    pub fn PyModule_AddObjectRef(module: *mut Object, name: *const c_char, value: *mut Object) -> c_int;
    pub fn PyModule_AddStringConstant(module: *mut Object, name: *const c_char, value: *const c_char) -> c_int;
    pub fn PyModule_Create2(def: *mut ModuleDef, version: c_int) -> *mut Object;
    pub fn PyObject_CallFunctionObjArgs(callable: *mut Object, ...) -> *mut Object;
    pub fn PyObject_GC_UnTrack(object: *mut c_void);
    pub fn PyObject_GetAttrString(object: *mut Object, name: *const c_char) -> *mut Object;
    pub fn PyObject_IsTrue(object: *mut Object) -> c_int;
    pub fn PySequence_GetItem(object: *mut Object, index: isize) -> *mut Object;
    pub fn PyTuple_GetItem(tuple: *mut Object, index: isize) -> *mut Object;
    pub fn PyType_FromSpec(spec: *const Spec) -> *mut Object;
    pub fn PyType_GetSlot(kind: *mut Object, slot: c_int) -> *mut c_void;
    pub fn Py_DecRef(object: *mut Object);
    pub fn Py_IncRef(object: *mut Object);
}

/// A reference of our own, or none; given back when it is dropped, with the GIL.
pub struct Owned(*mut Object);

impl Owned {
    /// # Safety
    /// `object` is a reference that the caller owns and gives up, or NULL.
    pub unsafe fn new(object: *mut Object) -> Option<Owned> {
        if object.is_null() {
            None
        } else {
            Some(Owned(object))
        }
    }

    /// Another reference of an object.
    ///
    /// # Safety
    /// `object` is alive.
    pub unsafe fn of(object: *mut Object) -> Owned {
        // SAFETY: it is alive, as the caller promises.
        unsafe { Py_IncRef(object) };
        Owned(object)
    }

    pub fn object(&self) -> *mut Object {
        self.0
    }

    /// The reference, which is the caller's now.
    pub fn give(self) -> *mut Object {
        let object = self.0;
        std::mem::forget(self);
        object
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the reference is ours, and given back once.
        unsafe { Py_DecRef(self.0) };
    }
}

/// The two arguments of a call; an error is set where there are others. They stay alive with their tuple.
///
/// # Safety
/// `arguments` is a call's tuple, alive; `name` is a text that C can read.
pub unsafe fn two(arguments: *mut Object, name: *const c_char) -> Option<(*mut Object, *mut Object)> {
    let (mut first, mut second) = (std::ptr::null_mut::<Object>(), std::ptr::null_mut::<Object>());
    // SAFETY: as many places as arguments, of the type that is put there.
    let done = unsafe { PyArg_UnpackTuple(arguments, name, 2, 2, &mut first, &mut second) };
    if done == 0 {
        None
    } else {
        Some((first, second))
    }
}

/// The one None, once more.
pub fn none() -> Option<Owned> {
    // SAFETY: a call without a format gives None.
    unsafe { Owned::new(Py_BuildValue("\0".as_ptr().cast())) }
}

/// The bytes of a bytes object; a TypeError is set where it is none.
///
/// # Safety
/// `object` stays alive for `'a`. Nobody changes its bytes.
pub unsafe fn bytes<'a>(object: *mut Object) -> Option<&'a [u8]> {
    let (mut start, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: both places are writable; the object is alive.
    if unsafe { PyBytes_AsStringAndSize(object, &mut start, &mut size) } < 0 {
        return None;
    }
    // SAFETY: a bytes object's bytes stay where they are, and as they are, while it is alive.
    Some(unsafe { std::slice::from_raw_parts(start.cast::<u8>(), size as usize) })
}

/// A new bytes object of the parts, which have `size` bytes together.
pub fn joined<'a>(size: usize, parts: impl Iterator<Item = &'a [u8]>) -> Option<Owned> {
    let most = isize::try_from(size).ok()?;
    // SAFETY: with NULL for its bytes it has room for so many, which are written below.
    let made = unsafe { Owned::new(PyBytes_FromStringAndSize(std::ptr::null(), most)) }?;
    let (mut start, mut room) = (std::ptr::null_mut(), 0);
    // SAFETY: both places are writable, the object is alive.
    if unsafe { PyBytes_AsStringAndSize(made.object(), &mut start, &mut room) } < 0 {
        return None;
    }
    let mut at = 0;
    for part in parts {
        assert!(part.len() <= size - at, "more than was said");
        // SAFETY: there is room for `size` bytes, so for these after `at`; nobody else knows the object yet.
        unsafe { std::ptr::copy_nonoverlapping(part.as_ptr(), start.cast::<u8>().add(at), part.len()) };
        at += part.len();
    }
    assert!(at == size, "less than was said");
    Some(made)
}

/// What `act` gives, others being let at Python meanwhile; a panic is given on.
pub fn without_gil<T>(act: impl FnOnce() -> T) -> T {
    // SAFETY: the GIL is ours and is taken again below, whatever happens between.
    let state = unsafe { PyEval_SaveThread() };
    let done = catch_unwind(AssertUnwindSafe(act));
    // SAFETY: `state` is of the call above, in this thread.
    unsafe { PyEval_RestoreThread(state) };
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A text that C can read.
macro_rules! text {
    ($text:expr) => {
        concat!($text, "\0").as_ptr().cast::<std::os::raw::c_char>()
    };
}
pub(crate) use text;

/// A method of a type, or a function of a module.
pub const fn method(name: *const c_char, function: Function, flags: c_int) -> MethodDef {
    MethodDef { name, function: Some(function), flags, doc: null() }
}

/// What a list of them ends with.
pub const END: MethodDef = MethodDef { name: null(), function: None, flags: 0, doc: null() };

/// Something that Python keeps the address of: it stays for good.
pub fn kept<T>(what: T) -> *mut T {
    Box::leak(Box::new(what))
}
