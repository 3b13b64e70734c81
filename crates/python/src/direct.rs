//! Descriptors for the few calls that happen on every bar.
//!
//! What pyo3 puts around a call (a count of attachments, a frame for panics, arguments by name)
//! costs as much as the arithmetic of an indicator. The classes and functions here keep what pyo3
//! made of them; in front of it stands a function of the C interface that knows one case, plain
//! floats, and hands everything else on: other types, keywords, refusals. So there is one meaning.
//!
//! - [`Held`]: a value that only the holder of the interpreter's lock touches.
//! - [`replace_method`], [`replace_function`]: put it in front. [`Usual`]: what is behind.
//! - `getters.rs`: fields of frozen classes.

use std::ffi::{c_char, CStr, CString};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyModule, PyString, PyType};
use pyo3::{ffi, PyClass};

mod getters;
mod held;
pub(crate) use getters::{getters, read, replace_getter, Told};
pub(crate) use held::Held;

/// What pyo3 made, behind a function that was put in front of it, and the names of its arguments.
pub(crate) struct Usual<const N: usize> {
    callable: AtomicPtr<ffi::PyObject>,
    names: [AtomicPtr<ffi::PyObject>; N],
}

impl<const N: usize> Usual<N> {
    pub(crate) const fn new() -> Self {
        Self {
            callable: AtomicPtr::new(std::ptr::null_mut()),
            names: [const { AtomicPtr::new(std::ptr::null_mut()) }; N],
        }
    }

    /// Remembers for as long as the process lives.
    fn keep(&self, py: Python<'_>, callable: Bound<'_, PyAny>, names: [&str; N]) {
        self.callable.store(callable.into_ptr(), Ordering::Relaxed);
        for (slot, name) in self.names.iter().zip(names) {
            let name = PyString::intern(py, name);
            slot.store(name.into_ptr(), Ordering::Relaxed);
        }
    }

    /// The usual road: the same call, with `first` before the arguments when there is one.
    ///
    /// # Safety
    /// The interpreter's lock is held; the arguments are those of a vectorcall.
    #[cold]
    #[allow(unsafe_code)]
    unsafe fn call(&self, first: Option<*mut ffi::PyObject>, given: Given) -> *mut ffi::PyObject {
        let lead = ffi::Py_ssize_t::from(first.is_some());
        let arguments = ffi::PyTuple_New(lead + given.count);
        let named = ffi::PyDict_New();
        let mut result = std::ptr::null_mut();
        if !arguments.is_null() && !named.is_null() && given.name_into(named) {
            for place in 0..lead + given.count {
                let value = match (place, first) {
                    (0, Some(first)) => first,
                    _ => *given.values.offset(place - lead),
                };
                ffi::Py_INCREF(value);
                ffi::PyTuple_SetItem(arguments, place, value);
            }
            let callable = self.callable.load(Ordering::Relaxed);
            result = ffi::PyObject_Call(callable, arguments, named);
        }
        ffi::Py_XDECREF(arguments);
        ffi::Py_XDECREF(named);
        result
    }
}

/// Arguments of a vectorcall.
#[derive(Clone, Copy)]
struct Given {
    values: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
}

#[allow(unsafe_code)]
impl Given {
    /// As many floats as there are; None when they are something else.
    #[inline]
    unsafe fn floats<const N: usize>(self) -> Option<[f64; N]> {
        if self.count != N as ffi::Py_ssize_t || !self.names.is_null() {
            return None;
        }
        let mut numbers = [0.0; N];
        for (place, number) in numbers.iter_mut().enumerate() {
            *number = float(*self.values.add(place))?;
        }
        Some(numbers)
    }

    /// Numbers of one object with attributes of these names; None when it has others.
    unsafe fn attributes<const N: usize>(self, usual: &Usual<N>) -> Option<[f64; N]> {
        if self.count != 1 || !self.names.is_null() || is_number(*self.values) {
            return None;
        }
        let mut numbers = [0.0; N];
        for (number, name) in numbers.iter_mut().zip(&usual.names) {
            let value = ffi::PyObject_GetAttr(*self.values, name.load(Ordering::Relaxed));
            if value.is_null() {
                ffi::PyErr_Clear();
                return None;
            }
            let found = float(value);
            ffi::Py_DECREF(value);
            *number = found?;
        }
        Some(numbers)
    }

    unsafe fn name_into(self, named: *mut ffi::PyObject) -> bool {
        if self.names.is_null() {
            return true;
        }
        let count = ffi::PyTuple_Size(self.names);
        (0..count).all(|place| {
            let name = ffi::PyTuple_GetItem(self.names, place);
            ffi::PyDict_SetItem(named, name, *self.values.offset(self.count + place)) == 0
        })
    }
}

/// A float, and no object of a class made from it.
#[inline]
#[allow(unsafe_code)]
unsafe fn float(object: *mut ffi::PyObject) -> Option<f64> {
    (ffi::PyFloat_CheckExact(object) != 0).then(|| ffi::PyFloat_AsDouble(object))
}

#[allow(unsafe_code)]
unsafe fn is_number(object: *mut ffi::PyObject) -> bool {
    ffi::PyFloat_Check(object) != 0 || ffi::PyLong_Check(object) != 0
}

/// The answer of work that must not end the process.
#[inline]
#[allow(unsafe_code)]
unsafe fn guarded(work: impl FnOnce() -> Option<f64>) -> Result<Option<f64>, *mut ffi::PyObject> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        let text = c"a kernel of py_rt failed; report it";
        ffi::PyErr_SetString(ffi::PyExc_SystemError, text.as_ptr());
        std::ptr::null_mut()
    })
}

/// A class with a method of `N` floats that answers one; None for what the usual road shall say.
pub(crate) trait Quick<const N: usize>:
    PyClass<Frozen = pyo3::pyclass::boolean_struct::True>
{
    fn quick(&self, py: Python<'_>, numbers: [f64; N]) -> Option<f64>;
}

/// The body of a method in front of the usual one.
///
/// # Safety
/// Called by the interpreter as a method of `T` with keywords, fast convention.
#[inline]
#[allow(unsafe_code)]
pub(crate) unsafe fn method<T: Quick<N> + Sync, const N: usize>(
    usual: &Usual<N>,
    own: *mut ffi::PyObject,
    (values, count, names): (
        *const *mut ffi::PyObject,
        ffi::Py_ssize_t,
        *mut ffi::PyObject,
    ),
) -> *mut ffi::PyObject {
    let given = Given {
        values,
        count,
        names,
    };
    let py = Python::assume_attached();
    let numbers = match given.floats() {
        Some(numbers) => Some(numbers),
        None => given.attributes(usual),
    };
    if let Some(numbers) = numbers {
        let object = Borrowed::from_ptr(py, own).cast_unchecked::<T>();
        match guarded(|| object.get().quick(py, numbers)) {
            Ok(Some(answer)) => return ffi::PyFloat_FromDouble(answer),
            Ok(None) => {}
            Err(failed) => return failed,
        }
    }
    usual.call(Some(own), given)
}

/// The body of a function of floats in front of the usual one.
///
/// # Safety
/// Called by the interpreter as a function with keywords, fast convention.
#[inline]
#[allow(unsafe_code)]
pub(crate) unsafe fn function<const N: usize>(
    usual: &Usual<N>,
    (values, count, names): (
        *const *mut ffi::PyObject,
        ffi::Py_ssize_t,
        *mut ffi::PyObject,
    ),
    work: impl FnOnce([f64; N]) -> Option<f64>,
) -> *mut ffi::PyObject {
    let given = Given {
        values,
        count,
        names,
    };
    if let Some(numbers) = given.floats() {
        match guarded(|| work(numbers)) {
            Ok(Some(answer)) => return ffi::PyFloat_FromDouble(answer),
            Ok(None) => {}
            Err(failed) => return failed,
        }
    }
    usual.call(None, given)
}

/// A text for the interpreter that lives as long as the process.
fn text(text: String) -> PyResult<*const c_char> {
    let zero = |_| PyValueError::new_err("a text with a zero byte");
    CString::new(text)
        .map(|text| text.into_raw().cast_const())
        .map_err(zero)
}

/// A function of the interpreter with the name and text of what stands behind it.
fn definition(
    name: &'static CStr,
    call: ffi::PyCFunctionFastWithKeywords,
    usual: &Bound<'_, PyAny>,
) -> PyResult<*mut ffi::PyMethodDef> {
    let signature: String = usual.getattr("__text_signature__")?.extract()?;
    let documented: String = usual.getattr("__doc__")?.extract()?;
    let name_text = name.to_string_lossy();
    Ok(Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer {
            PyCFunctionFastWithKeywords: call,
        },
        ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        ml_doc: text(format!("{name_text}{signature}\n--\n\n{documented}"))?,
    })))
}

/// Puts `call` in front of a method of a class.
pub(crate) fn replace_method<const N: usize>(
    class: &Bound<'_, PyType>,
    (name, arguments): (&'static CStr, [&str; N]),
    usual: &Usual<N>,
    call: ffi::PyCFunctionFastWithKeywords,
) -> PyResult<()> {
    let py = class.py();
    let behind = class.getattr(name.to_string_lossy().as_ref())?;
    let definition = definition(name, call, &behind)?;
    usual.keep(py, behind, arguments);
    // SAFETY: the class is a live type, the definition lives as long as the process.
    #[allow(unsafe_code)]
    let made = unsafe {
        let made = ffi::PyDescr_NewMethod(class.as_ptr().cast(), definition);
        Bound::from_owned_ptr_or_err(py, made)?
    };
    class.setattr(name.to_string_lossy().as_ref(), made)
}

/// Puts `call` in front of a function of a module.
pub(crate) fn replace_function<const N: usize>(
    module: &Bound<'_, PyModule>,
    (name, arguments): (&'static CStr, [&str; N]),
    usual: &Usual<N>,
    call: ffi::PyCFunctionFastWithKeywords,
) -> PyResult<()> {
    let py = module.py();
    let behind = module.getattr(name.to_string_lossy().as_ref())?;
    let of_module = behind.getattr("__module__")?;
    let definition = definition(name, call, &behind)?;
    usual.keep(py, behind, arguments);
    // SAFETY: the definition lives as long as the process.
    #[allow(unsafe_code)]
    let made = unsafe {
        let made = ffi::PyCFunction_NewEx(definition, std::ptr::null_mut(), of_module.as_ptr());
        Bound::from_owned_ptr_or_err(py, made)?
    };
    module.setattr(name.to_string_lossy().as_ref(), made)
}
