//! Doors of `py_rt_quant`: arrays in, arrays and dictionaries out.
//!
//! The Python face hands over contiguous float64; the kernels check it. Work of more than some
//! microseconds runs detached from the interpreter, on a copy, and looks at signals.

pub(crate) mod cointegration;
pub(crate) mod execution;
pub(crate) mod lowrank;
pub(crate) mod portfolio;
pub(crate) mod regimes;
pub(crate) mod regression;
pub(crate) mod risk;
pub(crate) mod search;
pub(crate) mod series;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{sync_channel, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use numpy::{
    PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods,
};
use py_rt_quant::linalg::Matrix;
use py_rt_quant::QuantError;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::clock::Stopwatch;
use crate::error::{self, FaceError};

/// A column of numbers as the face hands it over.
pub(crate) type Column<'py> = PyReadonlyArray1<'py, f64>;
/// Rows and columns of numbers as the face hands them over.
pub(crate) type Table<'py> = PyReadonlyArray2<'py, f64>;
/// Told how much is done of how much; answers whether to go on.
pub(crate) type Watch<'a> = &'a mut dyn FnMut(usize, usize) -> bool;

/// Between two looks at signals, and two calls of the caller's progress function.
const TELL_PAUSE: Duration = Duration::from_millis(50);
/// Of a thread for long work; as much as the main thread has.
const STACK: usize = 8 << 20;

/// The values of a column.
pub(crate) fn values<'a>(column: &'a Column<'_>) -> PyResult<&'a [f64]> {
    column
        .as_slice()
        .map_err(|_| FaceError::data("x", "array is not contiguous", "copy the array"))
}

/// A copy of a table, column after column; it may lie in memory row after row or so itself.
pub(crate) fn matrix(table: &Table<'_>) -> PyResult<Matrix> {
    let (rows, cols) = (table.shape()[0], table.shape()[1]);
    let values = table
        .as_slice()
        .map_err(|_| FaceError::data("x", "array is not contiguous", "copy the array"))?;
    if table.is_c_contiguous() {
        Ok(Matrix::from_rows(rows, cols, values))
    } else {
        Ok(Matrix::from_columns(rows, cols, values.to_vec()))
    }
}

/// A matrix as an array, row after row.
pub(crate) fn array<'py>(py: Python<'py>, m: &Matrix) -> PyResult<Bound<'py, PyArray2<f64>>> {
    PyArray1::from_vec(py, m.to_rows()).reshape([m.rows(), m.cols()])
}

/// Number of values of a matrix.
pub(crate) fn size(m: &Matrix) -> usize {
    m.rows() * m.cols()
}

/// From this many values on a kernel may run for longer than a person waits for Ctrl-C.
const LONG: usize = 50_000;

/// Runs `work` without the interpreter; it hears of Ctrl-C and tells its progress.
///
/// `load` is how many values it looks at. Much work runs on a thread of its own, so that Ctrl-C is
/// answered at once whether or not the kernel looks at `Watch`; one that does not runs to its end
/// unseen.
pub(crate) fn detached<T: Send + 'static>(
    py: Python<'_>,
    progress: Option<Py<PyAny>>,
    load: usize,
    work: impl FnOnce(Watch<'_>) -> Result<T, QuantError> + Send + 'static,
) -> PyResult<T> {
    if load < LONG {
        return here(py, progress, work);
    }
    aside(py, progress, work)
}

fn here<T: Send>(
    py: Python<'_>,
    progress: Option<Py<PyAny>>,
    work: impl FnOnce(Watch<'_>) -> Result<T, QuantError> + Send,
) -> PyResult<T> {
    let mut raised = None;
    let (mut since_told, mut first) = (Stopwatch::start(), true);
    let mut look = |done: usize, total: usize| {
        let first_look = std::mem::replace(&mut first, false);
        if !first_look && done < total && since_told.elapsed() < TELL_PAUSE {
            return true;
        }
        since_told = Stopwatch::start();
        raised = Python::attach(|py| tell(py, progress.as_ref(), done, total)).err();
        raised.is_none()
    };
    let answer = py.detach(|| work(&mut look));
    match raised {
        Some(error) => Err(error),
        None => answer.map_err(|error| error::quant(py, error)),
    }
}

/// Tells the caller's progress function, and looks at signals.
fn tell(py: Python<'_>, progress: Option<&Py<PyAny>>, done: usize, total: usize) -> PyResult<()> {
    if let (Some(progress), true) = (progress, total > 0) {
        progress.call1(py, (done, total))?;
    }
    py.check_signals()
}

/// How far the thread is, and whether it shall stop.
#[derive(Default)]
struct Aside {
    done: AtomicUsize,
    total: AtomicUsize,
    stop: AtomicBool,
}

fn aside<T: Send + 'static>(
    py: Python<'_>,
    progress: Option<Py<PyAny>>,
    work: impl FnOnce(Watch<'_>) -> Result<T, QuantError> + Send + 'static,
) -> PyResult<T> {
    let state = Arc::new(Aside::default());
    let seen = Arc::clone(&state);
    let (send, answers) = sync_channel(1);
    let answers = Mutex::new(answers);
    let run = move || {
        let mut look = |done: usize, total: usize| {
            seen.done.store(done, Ordering::Relaxed);
            seen.total.store(total, Ordering::Relaxed);
            !seen.stop.load(Ordering::Relaxed)
        };
        // Nobody listens any more after Ctrl-C.
        drop(send.send(work(&mut look)));
    };
    std::thread::Builder::new()
        .name("py_rt quant".into())
        .stack_size(STACK)
        .spawn(run)?;
    let told = |py: Python<'_>| {
        let (done, total) = (&state.done, &state.total);
        let (done, total) = (done.load(Ordering::Relaxed), total.load(Ordering::Relaxed));
        tell(py, progress.as_ref(), done, total)
    };
    loop {
        let answer = py.detach(|| {
            let answers = answers
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            answers.recv_timeout(TELL_PAUSE)
        });
        match answer {
            Ok(answer) => {
                told(py)?;
                return answer.map_err(|error| error::quant(py, error));
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Err(error) = told(py) {
                    state.stop.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(PyRuntimeError::new_err(
                    "a kernel of py_rt failed; report it",
                ));
            }
        }
    }
}
