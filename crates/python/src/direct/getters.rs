//! Getters that read a frozen object and make its answer, nothing else.

use std::ffi::CStr;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyType;

use super::text;

/// What a getter answers.
pub(crate) trait Told {
    /// A new reference, or null with an exception set.
    ///
    /// # Safety
    /// The interpreter's lock is held.
    #[allow(unsafe_code)]
    unsafe fn told(self) -> *mut ffi::PyObject;
}

#[allow(unsafe_code)]
impl Told for f64 {
    #[inline]
    unsafe fn told(self) -> *mut ffi::PyObject {
        ffi::PyFloat_FromDouble(self)
    }
}

#[allow(unsafe_code)]
impl Told for i64 {
    #[inline]
    unsafe fn told(self) -> *mut ffi::PyObject {
        ffi::PyLong_FromLongLong(self)
    }
}

#[allow(unsafe_code)]
impl Told for bool {
    #[inline]
    unsafe fn told(self) -> *mut ffi::PyObject {
        ffi::PyBool_FromLong(self.into())
    }
}

#[allow(unsafe_code)]
impl Told for Option<&str> {
    #[inline]
    unsafe fn told(self) -> *mut ffi::PyObject {
        let Some(text) = self else {
            return ffi::Py_NewRef(ffi::Py_None());
        };
        ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), text.len() as ffi::Py_ssize_t)
    }
}

#[allow(unsafe_code)]
impl<T> Told for &Py<T> {
    #[inline]
    unsafe fn told(self) -> *mut ffi::PyObject {
        ffi::Py_NewRef(self.as_ptr())
    }
}

/// Puts `get` in the place of a getter of a class; its text stays.
pub(crate) fn replace_getter(
    class: &Bound<'_, PyType>,
    name: &'static CStr,
    get: ffi::getter,
) -> PyResult<()> {
    let py = class.py();
    let attribute = name.to_string_lossy();
    let documented: String = class
        .getattr(attribute.as_ref())?
        .getattr("__doc__")?
        .extract()?;
    let definition = Box::leak(Box::new(ffi::PyGetSetDef {
        name: name.as_ptr(),
        get: Some(get),
        doc: text(documented)?,
        ..ffi::PyGetSetDef::default()
    }));
    // SAFETY: the class is a live type, the definition lives as long as the process.
    #[allow(unsafe_code)]
    let made = unsafe {
        let made = ffi::PyDescr_NewGetSet(class.as_ptr().cast(), definition);
        Bound::from_owned_ptr_or_err(py, made)?
    };
    class.setattr(attribute.as_ref(), made)
}

/// Replaces getters of a frozen class, each by what reads the object without the interpreter.
macro_rules! getters {
    ($py:expr, $class:ty { $($name:ident: $read:expr),+ $(,)? }) => {{
        let class = $py.get_type::<$class>();
        $({
            // SAFETY: the interpreter calls a getter with an object of its class, holding the lock.
            #[allow(unsafe_code)]
            unsafe extern "C" fn get(
                own: *mut pyo3::ffi::PyObject,
                _closure: *mut std::ffi::c_void,
            ) -> *mut pyo3::ffi::PyObject {
                let py = Python::assume_attached();
                let object = pyo3::Borrowed::from_ptr(py, own).cast_unchecked::<$class>();
                let this: &$class = object.get();
                $crate::direct::Told::told($crate::direct::read(py, this, $read))
            }
            const TEXT: &str = concat!(stringify!($name), "\0");
            const NAME: &std::ffi::CStr =
                match std::ffi::CStr::from_bytes_with_nul(TEXT.as_bytes()) {
                    Ok(name) => name,
                    Err(_) => c"",
                };
            $crate::direct::replace_getter(&class, NAME, get)?;
        })+
        PyResult::Ok(())
    }};
}
pub(crate) use getters;

/// Applies a reader; says to the compiler which object it reads.
#[inline(always)]
pub(crate) fn read<'a, T, R>(
    py: Python<'a>,
    object: &'a T,
    reader: impl FnOnce(Python<'a>, &'a T) -> R,
) -> R {
    reader(py, object)
}
