//! Doors of matrix splitting and of portfolios by predictability.

use numpy::{PyArray1, PyArray2, PyUntypedArrayMethods};
use py_rt_quant::predictability::{self, Criterion, Method, Process};
use py_rt_quant::robust::{self, Pursuit};
use py_rt_quant::QuantError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::{array, detached, matrix, size, Table};

/// Splits a matrix into a low rank and a sparse part.
#[pyfunction]
pub(crate) fn robust_pca<'py>(
    py: Python<'py>,
    m: Table<'py>,
    penalties: (Option<f64>, f64, f64),
    tol: f64,
    max_iter: usize,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let m = matrix(&m)?;
    let (lambda, mu, delta) = penalties;
    let lambda = lambda.unwrap_or_else(|| robust::default_penalty(m.rows(), m.cols()));
    let asked = Pursuit {
        lambda,
        delta,
        mu,
        tol,
        max_iter,
    };
    let parts = detached(py, progress, size(&m), move |watch| {
        robust::pursue(&m, asked, watch)
    })?;
    let dict = PyDict::new(py);
    dict.set_item("low_rank", array(py, &parts.low_rank)?)?;
    dict.set_item("sparse", array(py, &parts.sparse)?)?;
    dict.set_item("rank", parts.rank)?;
    dict.set_item("iterations", parts.iterations)?;
    dict.set_item("converged", parts.converged)?;
    dict.set_item("residual", parts.residual)?;
    dict.set_item("dual_residual", parts.dual_residual)?;
    dict.set_item("objective", parts.objective)?;
    dict.set_item(
        "singular_values",
        PyArray1::from_vec(py, parts.singular_values),
    )?;
    dict.set_item("lam", lambda)?;
    Ok(dict)
}

/// A process from observations, or from its matrices.
fn process(
    x: Option<&Table<'_>>,
    given: Option<(&Table<'_>, &Table<'_>)>,
    lags: usize,
) -> PyResult<Result<Process, QuantError>> {
    if let Some(x) = x {
        return Ok(Process::from_observations(&matrix(x)?, lags));
    }
    match given {
        Some((a, gamma)) => Ok(Process::from_matrices(&matrix(a)?, &matrix(gamma)?, lags)),
        None => Ok(Err(QuantError::parameter(
            "x",
            "is missing",
            "pass x, or A and gamma",
        ))),
    }
}

type Ranked<'py> = (
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray2<f64>>,
    Bound<'py, PyArray1<f64>>,
);

/// All portfolios by rising predictability: eigenvalues, weights, half-lives.
#[pyfunction]
#[pyo3(signature = (x=None, a=None, gamma=None))]
pub(crate) fn box_tiao<'py>(
    py: Python<'py>,
    x: Option<Table<'py>>,
    a: Option<Table<'py>>,
    gamma: Option<Table<'py>>,
) -> PyResult<Ranked<'py>> {
    let process = process(x.as_ref(), a.as_ref().zip(gamma.as_ref()), 0)?;
    let load = x.as_ref().map_or(0, values_in);
    let found = detached(py, None, load, move |_| predictability::box_tiao(&process?))?;
    Ok((
        PyArray1::from_vec(py, found.eigenvalues),
        array(py, &found.weights)?,
        PyArray1::from_vec(py, found.half_lives),
    ))
}

fn values_in(table: &Table<'_>) -> usize {
    table.shape().iter().product()
}

/// A portfolio of few assets that returns to its mean.
#[pyfunction]
pub(crate) fn sparse_mean_reversion<'py>(
    py: Python<'py>,
    data: (Option<Table<'py>>, Option<Table<'py>>, Option<Table<'py>>),
    k: usize,
    how: (String, String),
    terms: (usize, f64),
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let ((x, a, gamma), (method, criterion), (lags, penalty)) = (data, how, terms);
    let process = process(x.as_ref(), a.as_ref().zip(gamma.as_ref()), lags)?;
    let method = match method.as_str() {
        "greedy" => Method::Greedy,
        "exhaustive" => Method::Exhaustive,
        _ => Method::Sdp,
    };
    let criterion = match criterion.as_str() {
        "predictability" => Criterion::Predictability,
        "portmanteau" => Criterion::Portmanteau,
        _ => Criterion::Crossing { penalty },
    };
    let load = x.as_ref().map_or(0, values_in);
    let found = detached(py, progress, load, move |watch| {
        predictability::search(&process?, k, method, criterion, watch)
    })?;
    let dict = PyDict::new(py);
    dict.set_item("weights", PyArray1::from_vec(py, found.weights))?;
    dict.set_item("support", found.support)?;
    dict.set_item("value", found.value)?;
    dict.set_item("bound", found.bound)?;
    dict.set_item("optimal", found.optimal)?;
    dict.set_item("half_life", found.half_life)?;
    Ok(dict)
}
