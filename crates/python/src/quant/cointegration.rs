//! Doors of `py_rt_quant::cointegration`.

use numpy::{PyArray1, PyArray2, PyArrayMethods};
use py_rt_quant::cointegration::{self, HedgeFilter, HedgeNoise, ScreenLags, ScreenPlan};
use py_rt_quant::linalg::Matrix;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::series::{rule, trend};
use super::{detached, matrix, size, values, Column, Table};
use crate::config::field;

/// A matrix as a NumPy array of shape (rows, columns).
pub(super) fn table<'py>(py: Python<'py>, m: &Matrix) -> PyResult<Bound<'py, PyArray2<f64>>> {
    PyArray1::from_vec(py, m.to_rows()).reshape([m.rows(), m.cols()])
}

fn rows3<'py>(py: Python<'py>, rows: &[[f64; 3]]) -> PyResult<Bound<'py, PyArray2<f64>>> {
    PyArray1::from_vec(py, rows.concat()).reshape([rows.len(), 3])
}

/// Engle and Granger's test.
#[pyfunction]
pub(crate) fn engle_granger<'py>(
    py: Python<'py>,
    y: Column<'py>,
    x: Table<'py>,
    trend_name: &str,
    max_lag: Option<usize>,
    autolag: Option<&str>,
) -> PyResult<Bound<'py, PyDict>> {
    let (trend, rule) = (trend(trend_name)?, rule(autolag)?);
    let (y, x) = (values(&y)?.to_vec(), matrix(&x)?);
    let found = detached(py, None, size(&x), move |_| {
        cointegration::engle_granger(&y, &x, trend, max_lag, rule)
    })?;
    let fields = PyDict::new(py);
    fields.set_item("statistic", found.root.statistic)?;
    fields.set_item("pvalue", found.pvalue)?;
    fields.set_item("hedge_ratio", PyArray1::from_vec(py, found.hedge))?;
    fields.set_item("intercept", found.intercept)?;
    fields.set_item("lags", found.root.lags)?;
    fields.set_item("nobs", found.root.nobs)?;
    fields.set_item("critical_values", found.critical)?;
    fields.set_item("residual", PyArray1::from_vec(py, found.residual))?;
    Ok(fields)
}

/// Johansen's rank tests.
#[pyfunction]
pub(crate) fn johansen<'py>(
    py: Python<'py>,
    x: Table<'py>,
    case: usize,
    lags: usize,
    seasons: usize,
    column: usize,
) -> PyResult<Bound<'py, PyDict>> {
    use cointegration::Johansen;
    let x = matrix(&x)?;
    let found = detached(py, None, size(&x), move |_| {
        cointegration::johansen(&x, case, lags, seasons)
    })?;
    let fields = PyDict::new(py);
    let rank_trace = Johansen::rank(&found.trace, &found.trace_crit, column);
    let rank_max = Johansen::rank(&found.max_eig, &found.max_eig_crit, column);
    fields.set_item("eigenvalues", PyArray1::from_vec(py, found.eigenvalues))?;
    fields.set_item("eigenvectors", table(py, &found.eigenvectors)?)?;
    fields.set_item("trace", PyArray1::from_vec(py, found.trace))?;
    fields.set_item("max_eig", PyArray1::from_vec(py, found.max_eig))?;
    fields.set_item("trace_crit", rows3(py, &found.trace_crit)?)?;
    fields.set_item("max_eig_crit", rows3(py, &found.max_eig_crit)?)?;
    fields.set_item("rank_trace", rank_trace)?;
    fields.set_item("rank_max", rank_max)?;
    fields.set_item("nobs", found.nobs)?;
    Ok(fields)
}

/// Engle-Granger tests of all ordered pairs: columns by name.
#[pyfunction]
#[pyo3(signature = (prices, plan, progress=None))]
pub(crate) fn screen_pairs<'py>(
    py: Python<'py>,
    prices: Table<'py>,
    plan: &Bound<'py, PyDict>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let lags: usize = field(plan, "lags")?;
    let search: bool = field(plan, "search")?;
    let trend_name: String = field(plan, "trend")?;
    let plan = ScreenPlan {
        trend: trend(&trend_name)?,
        lags: if search {
            ScreenLags::Aic(lags)
        } else {
            ScreenLags::Fixed(lags)
        },
        fdr: field(plan, "fdr")?,
        dependent: field(plan, "dependent")?,
        threads: field(plan, "threads")?,
    };
    let prices = matrix(&prices)?;
    let found = detached(py, progress, size(&prices), move |watch| {
        cointegration::screen(&prices, plan, watch)
    })?;
    let columns = PyDict::new(py);
    columns.set_item("statistic", PyArray1::from_vec(py, found.statistic))?;
    columns.set_item("pvalue", PyArray1::from_vec(py, found.pvalue))?;
    columns.set_item("qvalue", PyArray1::from_vec(py, found.qvalue))?;
    columns.set_item("hedge_ratio", PyArray1::from_vec(py, found.hedge_ratio))?;
    columns.set_item("half_life", PyArray1::from_vec(py, found.half_life))?;
    columns.set_item("selected", PyArray1::from_vec(py, found.selected))?;
    let lags = found.lags.into_iter().map(|lag| lag as i64).collect();
    columns.set_item("lags", PyArray1::<i64>::from_vec(py, lags))?;
    Ok(columns)
}

/// A moving hedge ratio: predictions after the training part, and the noises.
#[pyfunction]
pub(crate) fn kalman_hedge<'py>(
    py: Python<'py>,
    y: Column<'py>,
    x: Column<'py>,
    train: usize,
) -> PyResult<Bound<'py, PyDict>> {
    let (y, x) = (values(&y)?.to_vec(), values(&x)?.to_vec());
    let fit = detached(py, None, y.len(), move |_| {
        cointegration::kalman_hedge(&y, &x, train)
    })?;
    let (found, noise) = (fit.predictions, fit.noise);
    let column = |pick: fn(&cointegration::Hedge) -> f64| {
        let known = found.iter().map(pick);
        let unknown = std::iter::repeat_n(f64::NAN, train);
        PyArray1::from_iter(py, unknown.chain(known))
    };
    let fields = PyDict::new(py);
    fields.set_item("beta", column(|h| h.beta))?;
    fields.set_item("intercept", column(|h| h.intercept))?;
    fields.set_item("spread", column(|h| h.spread))?;
    fields.set_item("spread_std", column(|h| h.spread_std))?;
    fields.set_item("noise", [noise.observation, noise.beta, noise.intercept])?;
    fields.set_item("loglik", fit.loglik)?;
    fields.set_item("scale", fit.scale)?;
    fields.set_item("start", (fit.start[0], fit.start[1]))?;
    Ok(fields)
}

/// The filter behind a moving hedge ratio, one pair at a time.
#[pyclass(module = "py_rt._core.quant")]
pub(crate) struct KalmanFilter {
    inner: HedgeFilter,
}

#[pymethods]
impl KalmanFilter {
    #[new]
    fn new(observation: f64, beta: f64, intercept: f64, scale: f64, start: [f64; 2]) -> Self {
        let noise = HedgeNoise {
            observation,
            beta,
            intercept,
        };
        Self {
            inner: HedgeFilter::new(noise, scale, start),
        }
    }

    /// Predicts `y` from `x`, then learns from it: beta, intercept, spread, spread_std.
    fn update(&mut self, y: f64, x: f64) -> (f64, f64, f64, f64) {
        let seen = self.inner.update(y, x);
        (seen.beta, seen.intercept, seen.spread, seen.spread_std)
    }
}
