//! Doors of portfolios and covariances.

use numpy::{PyArray1, PyArray2, PyArrayMethods, PyUntypedArrayMethods};
use py_rt_quant::linalg::Matrix;
use py_rt_quant::portfolio::shrinkage::{self, Shrinkage};
use py_rt_quant::portfolio::{self, Constraints, Group, Method, Objective, Portfolio, Universe};
use py_rt_quant::portfolio::{hierarchical::Tree, views as blend};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::{array, detached, matrix, size, values, Column, Table};
use crate::config::field;
use crate::error;

type Line<'py> = Bound<'py, PyArray1<f64>>;
type Chosen<'py> = (
    Line<'py>,
    Option<f64>,
    f64,
    Option<f64>,
    Line<'py>,
    f64,
    usize,
    f64,
    Option<Bound<'py, PyDict>>,
);

/// Chooses weights; `wanted` is absent for weights from zero on that add up to one.
#[pyfunction]
#[pyo3(signature = (mean, cov, method, wanted=None))]
pub(crate) fn choose_weights<'py>(
    py: Python<'py>,
    mean: Option<Column<'py>>,
    cov: Table<'py>,
    method: &str,
    wanted: Option<&Bound<'py, PyDict>>,
) -> PyResult<Chosen<'py>> {
    let universe = universe(py, mean.as_ref(), &cov)?;
    let n = universe.assets();
    let method = Method::parse(method).map_err(|e| error::quant(py, e))?;
    let mut objective = Objective {
        method,
        risk_aversion: 1.0,
        risk_free: 0.0,
        budgets: None,
    };
    let mut constraints = Constraints::long_only(n);
    if let Some(wanted) = wanted {
        objective.risk_aversion = field(wanted, "risk_aversion")?;
        objective.risk_free = field(wanted, "risk_free")?;
        objective.budgets = field(wanted, "budgets")?;
        constraints = Constraints {
            lower: field(wanted, "lower")?,
            upper: field(wanted, "upper")?,
            budget: field(wanted, "budget")?,
            groups: groups(wanted)?,
            least_return: field(wanted, "target_return")?,
            gross: field(wanted, "gross")?,
            previous: field(wanted, "previous")?,
            turnover: field(wanted, "turnover")?,
            buy: field(wanted, "buy")?,
            sell: field(wanted, "sell")?,
        };
    }
    let chosen = if n <= FEW && wanted.is_none() {
        portfolio::optimise(&universe, &objective, &constraints).map_err(|e| error::quant(py, e))?
    } else {
        detached(py, None, n * n, move |_| {
            portfolio::optimise(&universe, &objective, &constraints)
        })?
    };
    told(py, chosen)
}

/// As many assets take microseconds, which are not worth letting the interpreter go.
const FEW: usize = 50;

/// The short road of least variance: what [`choose_weights`] says of a plain array of few assets,
/// but for costs and tree; None for whatever needs more words, which that one has.
#[pyfunction]
pub(crate) fn least_variance<'py>(
    py: Python<'py>,
    cov: &Bound<'py, PyAny>,
) -> Option<(Line<'py>, f64, Line<'py>, usize, f64)> {
    let array = cov.cast::<PyArray2<f64>>().ok()?;
    let (rows, n) = (array.shape()[0], array.shape()[1]);
    if n > FEW || !array.is_c_contiguous() {
        return None;
    }
    let data = array.to_vec().ok()?;
    let universe = Universe::try_new(None, Matrix::from_columns(n, rows, data)).ok()?;
    let chosen = portfolio::least_variance_long_only(&universe)?;
    chosen.volatility.is_finite().then(|| {
        (
            PyArray1::from_slice(py, &chosen.weights),
            chosen.volatility,
            PyArray1::from_slice(py, &chosen.risk_contributions),
            chosen.iterations,
            chosen.residual,
        )
    })
}

fn told(py: Python<'_>, chosen: Portfolio) -> PyResult<Chosen<'_>> {
    Ok((
        PyArray1::from_slice(py, &chosen.weights),
        chosen.expected_return,
        chosen.volatility,
        chosen.sharpe,
        PyArray1::from_slice(py, &chosen.risk_contributions),
        chosen.costs,
        chosen.iterations,
        chosen.residual,
        chosen.tree.map(|t| dendrogram(py, t)).transpose()?,
    ))
}

fn dendrogram(py: Python<'_>, tree: Tree) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("joined", tree.joined)?;
    dict.set_item("distance", tree.distance)?;
    dict.set_item("size", tree.size)?;
    dict.set_item("order", tree.order)?;
    Ok(dict)
}

fn groups(wanted: &Bound<'_, PyDict>) -> PyResult<Vec<Group>> {
    let told: Vec<(String, Vec<usize>, f64, f64)> = field(wanted, "groups")?;
    let group = |(name, members, lower, upper)| Group {
        name,
        members,
        lower,
        upper,
    };
    Ok(told.into_iter().map(group).collect())
}

/// A covariance is symmetric, so its rows are taken for columns, without turning it.
fn universe(py: Python<'_>, mean: Option<&Column<'_>>, cov: &Table<'_>) -> PyResult<Universe> {
    let shape = (cov.shape()[0], cov.shape()[1]);
    let data = cov.as_slice().map(<[f64]>::to_vec).unwrap_or_default();
    let cov = Matrix::from_columns(shape.1, shape.0, data);
    let mean = mean.map(values).transpose()?.map(<[f64]>::to_vec);
    Universe::try_new(mean, cov).map_err(|e| error::quant(py, e))
}

type Estimated<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray2<f64>>, f64);

/// Mean, covariance and shrinkage intensity of returns.
#[pyfunction]
pub(crate) fn estimate_covariance<'py>(
    py: Python<'py>,
    returns: Table<'py>,
    method: &str,
) -> PyResult<Estimated<'py>> {
    let x = matrix(&returns)?;
    let how = match method {
        "ledoit_wolf" => Shrinkage::LedoitWolf,
        "oas" => Shrinkage::Oas,
        _ => Shrinkage::Sample,
    };
    let found = detached(py, None, size(&x), move |_| shrinkage::estimate(&x, how))?;
    Ok((
        PyArray1::from_vec(py, found.mean),
        array(py, &found.cov)?,
        found.intensity,
    ))
}

/// The nearest covariance with the same variances, and the rounds it took.
#[pyfunction]
pub(crate) fn nearest_covariance<'py>(
    py: Python<'py>,
    cov: Table<'py>,
    floor: f64,
) -> PyResult<(Bound<'py, PyArray2<f64>>, usize)> {
    let cov = matrix(&cov)?;
    let (cov, rounds) = detached(py, None, size(&cov), move |_| {
        shrinkage::nearest_covariance(&cov, floor)
    })?;
    Ok((array(py, &cov)?, rounds))
}

type Blended<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray2<f64>>);

/// Expected returns and covariance after views.
#[pyfunction]
pub(crate) fn black_litterman<'py>(
    py: Python<'py>,
    market: (Column<'py>, Table<'py>),
    views: (Table<'py>, Column<'py>),
    uncertainty: Option<Vec<f64>>,
    tau: f64,
) -> PyResult<Blended<'py>> {
    let ((prior, cov), (rows, expected)) = (market, views);
    let universe = universe(py, Some(&prior), &cov)?;
    let (rows, expected) = (matrix(&rows)?, values(&expected)?.to_vec());
    let found = blend::black_litterman(&universe, &rows, &expected, uncertainty.as_deref(), tau);
    let found = found.map_err(|e| error::quant(py, e))?;
    Ok((PyArray1::from_vec(py, found.mean), array(py, &found.cov)?))
}
