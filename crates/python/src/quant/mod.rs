//! Doors of `py_rt_quant`: arrays in, arrays and dictionaries out.
//!
//! The Python face hands over contiguous float64; the kernels check it. Work of more than some
//! microseconds runs detached from the interpreter, on a copy, and looks at signals.

pub(crate) mod cointegration;
pub(crate) mod lowrank;
pub(crate) mod portfolio;
pub(crate) mod regimes;
pub(crate) mod regression;
pub(crate) mod risk;
pub(crate) mod search;
pub(crate) mod series;

use std::time::Duration;

use numpy::{
    PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods,
};
use py_rt_quant::linalg::Matrix;
use py_rt_quant::QuantError;
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

/// The values of a column.
pub(crate) fn values<'a>(column: &'a Column<'_>) -> PyResult<&'a [f64]> {
    column
        .as_slice()
        .map_err(|_| FaceError::data("x", "array is not contiguous", "copy the array"))
}

/// A copy of a table, column after column.
pub(crate) fn matrix(table: &Table<'_>) -> PyResult<Matrix> {
    let (rows, cols) = (table.shape()[0], table.shape()[1]);
    let values = table
        .as_slice()
        .map_err(|_| FaceError::data("x", "array is not contiguous", "copy the array"))?;
    Ok(Matrix::from_rows(rows, cols, values))
}

/// A matrix as an array, row after row.
pub(crate) fn array<'py>(py: Python<'py>, m: &Matrix) -> PyResult<Bound<'py, PyArray2<f64>>> {
    PyArray1::from_vec(py, m.to_rows()).reshape([m.rows(), m.cols()])
}

/// Runs `work` without the interpreter; it hears of Ctrl-C and tells its progress.
pub(crate) fn detached<T: Send>(
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
        let told = Python::attach(|py| {
            if let Some(progress) = &progress {
                progress.call1(py, (done, total))?;
            }
            py.check_signals()
        });
        raised = told.err();
        raised.is_none()
    };
    let answer = py.detach(|| work(&mut look));
    match raised {
        Some(error) => Err(error),
        None => answer.map_err(|error| error::quant(py, error)),
    }
}
