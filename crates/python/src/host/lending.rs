//! The kernel's context, lent to Python for the length of a callback.

use std::cell::Cell;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, OnceLock};

use py_rt_kernel::Context;
use pyo3::prelude::*;

use super::views::PyBook;
use super::Shared;
use crate::error::FaceError;

thread_local! {
    /// Time of the callback that runs on this thread, for those who must not look past it.
    static CALLBACK_TIME: Cell<Option<i64>> = const { Cell::new(None) };
}

/// Time of the callback that runs on this thread, ns UTC; None outside of callbacks.
#[pyfunction]
pub(crate) fn callback_time() -> Option<i64> {
    CALLBACK_TIME.get()
}

/// The context of a run: one object for ever, usable only while a callback runs.
#[pyclass(frozen, name = "Context", module = "py_rt")]
pub(crate) struct PyContext {
    pub(crate) shared: Arc<Shared>,
    current: AtomicPtr<Context<'static>>,
    pub(super) books: OnceLock<Vec<Py<PyBook>>>,
}

impl PyContext {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let current = AtomicPtr::new(std::ptr::null_mut());
        Self {
            shared,
            current,
            books: OnceLock::new(),
        }
    }

    /// Lends the kernel's context to Python for the length of `callback`.
    pub(crate) fn lend<R>(&self, ctx: &mut Context<'_>, callback: impl FnOnce() -> R) -> R {
        struct Back<'a>(&'a AtomicPtr<Context<'static>>, Option<i64>);
        impl Drop for Back<'_> {
            fn drop(&mut self) {
                self.0.store(std::ptr::null_mut(), Ordering::Relaxed);
                CALLBACK_TIME.set(self.1);
            }
        }
        let before = CALLBACK_TIME.replace(Some(ctx.now().0));
        let pointer: *mut Context<'_> = ctx;
        self.current.store(pointer.cast(), Ordering::Relaxed);
        let _back = Back(&self.current, before);
        callback()
    }

    /// Uses the lent context.
    pub(crate) fn with<R>(&self, use_context: impl FnOnce(&mut Context<'_>) -> R) -> PyResult<R> {
        let pointer = self.current.load(Ordering::Relaxed);
        // SAFETY: the pointer is set only by `lend`, which holds the unique borrow for as long as
        // it is set and clears it on every way out. Python code runs under the interpreter lock on
        // the thread inside `lend`, and `use_context` cannot re-enter Python with this borrow: all
        // callers here convert to plain values only.
        #[allow(unsafe_code)]
        let context = unsafe { pointer.as_mut() };
        match context {
            Some(context) => Ok(use_context(context)),
            None => Err(FaceError::strategy(
                "ctx was used outside a callback",
                "use ctx only inside on_start, on_bar and the other callbacks",
            )),
        }
    }
}
