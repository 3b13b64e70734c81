//! Doors of tail risk, coverage tests, Sharpe statistics and overfitting.

use numpy::PyArray1;
use py_rt_quant::risk::coverage;
use py_rt_quant::risk::tail::{self, Tail};
use py_rt_quant::validation::overfitting;
use py_rt_quant::validation::sharpe::{expected_maximum, Record};
use pyo3::ffi;
use pyo3::prelude::*;

use super::{detached, matrix, size, values, Column, Table};
use crate::direct::{function, replace_function, Usual};
use crate::error::quant;

/// Value at risk and expected shortfall.
#[pyfunction]
pub(crate) fn tail_risk(
    py: Python<'_>,
    returns: Column<'_>,
    level: f64,
    method: &str,
    decay: f64,
) -> PyResult<(f64, f64)> {
    let returns = values(&returns)?.to_vec();
    let tail = match method {
        "historical" => Tail::Historical,
        "parametric" => Tail::Parametric,
        "cornish_fisher" => Tail::CornishFisher,
        _ => Tail::Filtered { decay },
    };
    let found = detached(py, None, returns.len(), move |_| {
        tail::tail_risk(&returns, level, tail)
    })?;
    Ok((found.value_at_risk, found.expected_shortfall))
}

/// Kupiec's test: ratio and p-value.
#[pyfunction]
pub(crate) fn kupiec(py: Python<'_>, exceptions: Vec<bool>, p: f64) -> PyResult<(f64, f64)> {
    let found = coverage::kupiec(&exceptions, p).map_err(|e| quant(py, e))?;
    Ok((found.lr, found.pvalue))
}

/// Christoffersen's test: coverage, independence, both, p-value.
#[pyfunction]
pub(crate) fn christoffersen(
    py: Python<'_>,
    exceptions: Vec<bool>,
    p: f64,
) -> PyResult<(f64, f64, f64, f64)> {
    let found = coverage::christoffersen(&exceptions, p).map_err(|e| quant(py, e))?;
    Ok((found.lr_uc, found.lr_ind, found.lr_cc, found.pvalue))
}

/// Sharpe ratio of an observation, skewness, kurtosis, number of observations.
#[pyfunction]
pub(crate) fn record(py: Python<'_>, returns: Column<'_>) -> PyResult<(f64, f64, f64, f64)> {
    let found = Record::of(values(&returns)?).map_err(|e| quant(py, e))?;
    Ok((
        found.sharpe,
        found.skewness,
        found.kurtosis,
        found.observations,
    ))
}

fn of((sharpe, skewness, kurtosis, observations): (f64, f64, f64, f64)) -> Record {
    Record {
        sharpe,
        skewness,
        kurtosis,
        observations,
    }
}

/// The probability that the true ratio exceeds a benchmark.
#[pyfunction]
pub(crate) fn psr(py: Python<'_>, record: (f64, f64, f64, f64), benchmark: f64) -> PyResult<f64> {
    of(record)
        .probabilistic(benchmark)
        .map_err(|e| quant(py, e))
}

/// The largest ratio that trials without skill are expected to show.
#[pyfunction]
pub(crate) fn expected_maximum_sharpe(py: Python<'_>, trials: f64, variance: f64) -> PyResult<f64> {
    expected_maximum(trials, variance).map_err(|e| quant(py, e))
}

/// Puts the short road of plain floats in front.
pub(crate) fn shorten(module: &Bound<'_, PyModule>) -> PyResult<()> {
    static USUAL: Usual<2> = Usual::new();
    // SAFETY: the interpreter calls a function in this convention.
    #[allow(unsafe_code)]
    unsafe extern "C" fn expected_maximum_sharpe(
        _module: *mut ffi::PyObject,
        values: *const *mut ffi::PyObject,
        count: ffi::Py_ssize_t,
        names: *mut ffi::PyObject,
    ) -> *mut ffi::PyObject {
        function(&USUAL, (values, count, names), |[trials, variance]| {
            expected_maximum(trials, variance).ok()
        })
    }
    let name = (c"expected_maximum_sharpe", ["trials", "variance"]);
    replace_function(module, name, &USUAL, expected_maximum_sharpe)
}

/// How many observations make a ratio credible.
#[pyfunction]
pub(crate) fn min_track_record(
    py: Python<'_>,
    record: (f64, f64, f64, f64),
    benchmark: f64,
    confidence: f64,
) -> PyResult<f64> {
    of(record)
        .least_length(benchmark, confidence)
        .map_err(|e| quant(py, e))
}

type Splits<'py> = (
    f64,
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray1<f64>>,
);

/// Probability of overfitting: it, logits, ratios of the chosen trial inside and outside.
#[pyfunction]
pub(crate) fn pbo<'py>(
    py: Python<'py>,
    performance: Table<'py>,
    n_splits: usize,
    progress: Option<Py<PyAny>>,
) -> PyResult<Splits<'py>> {
    let m = matrix(&performance)?;
    let found = detached(py, progress, size(&m), move |watch| {
        overfitting::overfitting(&m, n_splits, watch)
    })?;
    let (inside, outside): (Vec<f64>, Vec<f64>) = found.chosen.into_iter().unzip();
    Ok((
        found.pbo,
        PyArray1::from_vec(py, found.logits),
        PyArray1::from_vec(py, inside),
        PyArray1::from_vec(py, outside),
    ))
}
