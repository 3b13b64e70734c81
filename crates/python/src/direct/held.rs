//! A value that only the holder of the interpreter's lock touches.

use std::cell::UnsafeCell;

use pyo3::prelude::*;

/// A value that is changed under the interpreter's lock only.
pub(crate) struct Held<T>(UnsafeCell<T>);

// SAFETY: the value is reached through `with` only, which holds the interpreter's lock, and the
// work inside never runs Python, so no second caller comes in between.
#[allow(unsafe_code)]
unsafe impl<T: Send> Sync for Held<T> {}

impl<T> Held<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Works on the value. The work must not run Python, nor call `with` again.
    #[inline]
    pub(crate) fn with<R>(&self, _py: Python<'_>, work: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: see the type; the token proves that the lock is held.
        #[allow(unsafe_code)]
        work(unsafe { &mut *self.0.get() })
    }
}
