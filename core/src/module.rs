//! The boundary to Python: an extension module of the stable ABI, one file for every Python; and its sets of patterns.
//!
//! Every function catches panics: they are an error.

use std::cell::Cell;
use std::collections::HashMap;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::Arc;

use crate::boundary::matcher_type;
use crate::memory::{guarded, has_room, Memory};
use crate::pattern::Rule;
use crate::patterns::PatternSet;
use crate::python::*;
use crate::table::Table;
use crate::words::Words;

/// Counts the changes of this boundary; the loader asks for the one it knows.
const ABI: u32 = 4;

/// Bytes that a step may need for each byte that it looks at again.
pub const ROOM_EACH: usize = 64;
/// Bytes from which a call is long enough to let other threads at Python.
const LARGE: usize = 1 << 16;

#[global_allocator]
static MEMORY: Memory = Memory;

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

/// The same; and an error where memory was lacking.
pub fn guarded_answer(act: impl FnOnce() -> Option<Owned>) -> *mut Object {
    answer(|| guarded(act))
}

/// `act`, without the GIL when so many bytes are looked at that others would wait for it.
pub fn released<T>(size: usize, act: impl FnOnce() -> T) -> T {
    if size < LARGE {
        act()
    } else {
        without_gil(act)
    }
}

/// What is kept in a capsule, which is told from others by its name.
trait Kept: Sized {
    /// It ends with a NUL, and no other type's is the same.
    const NAME: &'static str;
}

impl Kept for Making {
    const NAME: &'static str = "secretrun.table\0";
}

impl Kept for Arc<PatternSet> {
    const NAME: &'static str = "secretrun.patterns\0";
}

impl Kept for Words {
    const NAME: &'static str = "secretrun.words\0";
}

/// A capsule round a value.
fn capsule<T: Kept>(value: T) -> Option<Owned> {
    let value = Box::into_raw(Box::new(value));
    // SAFETY: the name is static, and `free` takes the box back.
    unsafe { Owned::new(PyCapsule_New(value.cast(), T::NAME.as_ptr().cast(), Some(free::<T>))) }
}

unsafe extern "C" fn free<T: Kept>(capsule: *mut Object) {
    // SAFETY: the capsule is one of `capsule`, and this is called once, at its end.
    let value = unsafe { PyCapsule_GetPointer(capsule, T::NAME.as_ptr().cast()) }.cast::<T>();
    if !value.is_null() {
        // SAFETY: it came from `Box::into_raw`, and nobody uses it any more.
        let value = unsafe { Box::from_raw(value) };
        let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
    }
}

/// What a capsule is round; an error is set where it is another thing.
///
/// # Safety
/// `capsule` is alive for `'a`.
unsafe fn inside<'a, T: Kept>(capsule: *mut Object) -> Option<&'a T> {
    // SAFETY: it is alive; what is another thing, or another module's capsule, gives NULL.
    unsafe { PyCapsule_GetPointer(capsule, T::NAME.as_ptr().cast()).cast::<T>().as_ref() }
}

/// Bytes that a set may need for each of its patterns, besides their own.
const ROOM_OF_PATTERN: usize = 2048;
/// What is asked of a set: 1, what a terminal shows of a text too; 2, beginnings too.
const SCREEN: i64 = 1;
const SHORTENED: i64 = 2;

/// A table in a capsule: not there while it is added to, and never again after that failed.
type Making = Cell<Option<(Table, Rules)>>;

/// Python's rules, each read once. They are kept, so that no other can come to lie where one was.
#[derive(Default)]
struct Rules {
    known: HashMap<*mut Object, Rule>,
    kept: Vec<Owned>,
    last: Option<(*mut Object, Rule)>,
}

impl Rules {
    /// # Safety
    /// `object` is alive. It may run code of Python's.
    unsafe fn of(&mut self, object: *mut Object) -> Option<Rule> {
        match self.last {
            Some((last, rule)) if last == object => return Some(rule),
            _ => {}
        }
        if let Some(&rule) = self.known.get(&object) {
            self.last = Some((object, rule));
            return Some(rule);
        }
        // SAFETY: it is alive, as the caller promises, and what is got from it is ours.
        let rule = unsafe {
            let packed = Owned::new(PyObject_GetAttrString(object, text!("packed")))?;
            let packed = Owned::new(PyObject_CallFunctionObjArgs(packed.object(), null_mut::<Object>()))?;
            let rule = Rule::packed(bytes(packed.object())?)?;
            self.kept.push(Owned::of(object));
            rule
        };
        self.known.insert(object, rule);
        self.last = Some((object, rule));
        Some(rule)
    }
}

/// `table(squeeze)`: an empty table.
unsafe extern "C" fn table(_: *mut Object, squeeze: *mut Object) -> *mut Object {
    guarded_answer(|| {
        // SAFETY: Python keeps the argument of a call alive.
        match unsafe { PyObject_IsTrue(squeeze) } {
            0 => kept_table(Table::new(false)),
            1 => kept_table(Table::new(true)),
            _ => None,
        }
    })
}

/// `copy(table)`: another with the same patterns, to add to.
unsafe extern "C" fn copy(_: *mut Object, other: *mut Object) -> *mut Object {
    // SAFETY: Python keeps the argument of a call alive.
    guarded_answer(|| kept_table(unsafe { look_at(other, Table::clone) }?))
}

/// A capsule for a table.
fn kept_table(table: Table) -> Option<Owned> {
    capsule::<Making>(Cell::new(Some((table, Rules::default()))))
}

/// What `look` sees in a table.
///
/// # Safety
/// `capsule` is alive.
unsafe fn look_at<T>(capsule: *mut Object, look: impl FnOnce(&Table) -> T) -> Option<T> {
    // SAFETY: it is alive, as the caller promises.
    let place = unsafe { inside::<Making>(capsule) }?;
    let made = place.take()?;
    let seen = look(&made.0);
    place.set(Some(made));
    Some(seen)
}

/// `extend(table, found)`: look for the patterns of a list of (form, text, rule) too; a list of the forms of those
/// that were not there yet.
unsafe extern "C" fn extend(_: *mut Object, arguments: *mut Object) -> *mut Object {
    answer(|| {
        // SAFETY: Python keeps the arguments of a call alive, and with each tuple what is in it.
        unsafe {
            let (capsule, found) = two(arguments, text!("extend"))?;
            let place = inside::<Making>(capsule)?;
            let (mut table, mut rules) = place.take()?;
            let forms = guarded(|| added(&mut table, &mut rules, found))?;
            place.set(Some((table, rules)));
            Some(forms)
        }
    })
}

/// The forms of those of a list that were not in a table yet.
///
/// # Safety
/// `found` is alive.
unsafe fn added(table: &mut Table, rules: &mut Rules, found: *mut Object) -> Option<Owned> {
    if !has_room(Some(table.shared_size())) {
        return None;
    }
    // SAFETY: the list is alive. It may change while a rule is asked what it says, so it is asked for its size each
    // time, and its tuple is held.
    unsafe {
        let forms = Owned::new(PyList_New(0))?;
        let mut index = 0;
        while index < PyList_Size(found) {
            let one = PyList_GetItem(found, index);
            if one.is_null() {
                return None;
            }
            let one = Owned::of(one);
            let (form, text, rule) =
                (PyTuple_GetItem(one.object(), 0), PyTuple_GetItem(one.object(), 1), PyTuple_GetItem(one.object(), 2));
            if form.is_null() || text.is_null() || rule.is_null() {
                return None;
            }
            let rule = rules.of(rule)?;
            if table.add(bytes(text)?, rule).ok()? && PyList_Append(forms.object(), form) < 0 {
                return None;
            }
            index += 1;
        }
        // where it is no list, an error is set
        (index > 0 || PyList_Size(found) == 0).then(|| forms)
    }
}

/// `compiled(table, options)`: the set of its patterns.
unsafe extern "C" fn compiled(_: *mut Object, arguments: *mut Object) -> *mut Object {
    guarded_answer(|| {
        // SAFETY: Python keeps the arguments of a call alive.
        let (options, (texts, patterns)) = unsafe {
            let (capsule, options) = two(arguments, text!("compiled"))?;
            let options = PyLong_AsLongLong(options);
            if options < 0 {
                return None;
            }
            (options, look_at(capsule, Table::content)?)
        };
        let room = patterns.len().checked_mul(ROOM_OF_PATTERN);
        let made = released(texts.0.len(), || {
            has_room(room).then(|| PatternSet::new(texts, patterns, options & SCREEN != 0, options & SHORTENED != 0))
        });
        capsule(Arc::new(made?))
    })
}

/// A count of one's own of the set in a capsule; an error is set where it is none.
///
/// # Safety
/// `capsule` is alive.
pub unsafe fn shared(capsule: *mut Object) -> Option<Arc<PatternSet>> {
    // SAFETY: it is alive, as the caller promises.
    unsafe { inside::<Arc<PatternSet>>(capsule) }.cloned()
}

/// `holds(handle, text)`: whether anything of a set stands in a text.
unsafe extern "C" fn holds(_: *mut Object, arguments: *mut Object) -> *mut Object {
    guarded_answer(|| {
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

/// `words(joined)`: words with a NUL between them.
unsafe extern "C" fn words(_: *mut Object, joined: *mut Object) -> *mut Object {
    // SAFETY: Python keeps the argument of a call alive, and bytes are not changed.
    guarded_answer(|| capsule(Words::new(unsafe { bytes(joined) }?)?))
}

/// `places(words, text)`: where any of them begins, as `u32`s in bytes.
unsafe extern "C" fn places(_: *mut Object, arguments: *mut Object) -> *mut Object {
    guarded_answer(|| {
        // SAFETY: Python keeps the arguments of a call alive.
        let (words, text) = unsafe {
            let (handle, text) = two(arguments, text!("places"))?;
            (inside::<Words>(handle)?, bytes(text)?)
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
    let methods = kept([
        method(text!("table"), table, ONE),
        method(text!("copy"), copy, ONE),
        method(text!("extend"), extend, VARARGS),
        method(text!("compiled"), compiled, VARARGS),
        method(text!("holds"), holds, VARARGS),
        method(text!("words"), words, ONE),
        method(text!("places"), places, VARARGS),
        END,
    ]);
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
