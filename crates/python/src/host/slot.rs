//! Event objects that are reused when nobody kept the last one.

use std::cell::UnsafeCell;

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3::PyClass;

use super::PyContext;
use crate::error::FaceError;

/// The data of an event object, rewritten between two callbacks while only the host holds it.
pub(crate) struct Reused<T>(UnsafeCell<T>);

// SAFETY: the cell is read only from Python code, which holds the interpreter lock, and written
// only by `Slot::fill`, which holds it too and has seen that nobody else refers to the object.
#[allow(unsafe_code)]
unsafe impl<T: Send> Sync for Reused<T> {}

impl<T> Reused<T> {
    pub(crate) const fn new(data: T) -> Self {
        Self(UnsafeCell::new(data))
    }

    /// Reads the data; callers hold the interpreter lock.
    #[inline]
    pub(crate) fn read(&self) -> &T {
        // SAFETY: no write can happen while a reader runs: see the type.
        #[allow(unsafe_code)]
        unsafe {
            &*self.0.get()
        }
    }
}

/// How many references an object has; the caller holds the interpreter lock.
#[inline]
fn references(object: *mut pyo3::ffi::PyObject) -> isize {
    // SAFETY: the pointer comes from a live `Py`, and the interpreter lock is held.
    #[allow(unsafe_code)]
    unsafe {
        pyo3::ffi::Py_REFCNT(object)
    }
}

/// An event class whose objects can be rewritten.
pub(crate) trait Event:
    PyClass<Frozen = pyo3::pyclass::boolean_struct::True> + Sync
{
    type Data;
    fn object(py: Python<'_>, data: Self::Data) -> PyResult<Py<Self>>;
    fn cell(&self) -> &Reused<Self::Data>;
}

/// One event object and the arguments `(ctx, event)` of the call it goes into.
pub(crate) struct Slot<E> {
    made: Option<(Py<E>, Py<PyTuple>)>,
}

impl<E: Event> Slot<E> {
    pub(crate) const fn new() -> Self {
        Self { made: None }
    }

    /// Puts `data` into the last object when nobody kept it, else into a new one.
    #[inline]
    pub(crate) fn fill<'a>(
        &'a mut self,
        py: Python<'_>,
        context: &Py<PyContext>,
        data: E::Data,
    ) -> PyResult<&'a Py<PyTuple>> {
        let free = self.made.as_ref().is_some_and(|(event, arguments)| {
            references(event.as_ptr()) == 2 && references(arguments.as_ptr()) == 1
        });
        if free {
            if let Some((event, _)) = &self.made {
                // SAFETY: two references, the slot's and the tuple's, and the tuple has only the
                // slot's: nobody else can read while the interpreter lock is held here.
                #[allow(unsafe_code)]
                unsafe {
                    *event.get().cell().0.get() = data;
                }
            }
        } else {
            let event = E::object(py, data)?;
            let arguments = PyTuple::new(py, [context.as_any(), event.as_any()])?.unbind();
            self.made = Some((event, arguments));
        }
        let missing = || FaceError::strategy("no event object", "please report this");
        self.made
            .as_ref()
            .map(|(_, arguments)| arguments)
            .ok_or_else(missing)
    }
}
