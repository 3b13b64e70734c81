//! Doors of `py_rt_quant::series`.

use numpy::PyArray1;
use py_rt_quant::series::ZScoreMethod;
use py_rt_quant::series::{self, Bias, HalfLifeMethod, HurstMethod, LagRule, Reverting, Trend};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::{detached, values, Column};
use crate::error::FaceError;

fn unknown<T>(name: &str, value: &str) -> PyResult<T> {
    let problem = format!("{name} is {value:?}, which is unknown");
    Err(FaceError::parameter(name, problem, "see the documentation"))
}

/// The deterministic terms by their letters.
pub(super) fn trend(name: &str) -> PyResult<Trend> {
    match name {
        "n" => Ok(Trend::None),
        "c" => Ok(Trend::Constant),
        "ct" => Ok(Trend::Linear),
        "ctt" => Ok(Trend::Quadratic),
        other => unknown("regression", other),
    }
}

/// The rule for lags by its name; None is the fixed number.
pub(super) fn rule(name: Option<&str>) -> PyResult<LagRule> {
    match name {
        None => Ok(LagRule::Fixed),
        Some("aic") => Ok(LagRule::Aic),
        Some("bic") => Ok(LagRule::Bic),
        Some("t-stat") => Ok(LagRule::TStat),
        Some(other) => unknown("autolag", other),
    }
}

/// Tests for a unit root: statistic, p-value, lags, rows, critical values, criterion.
#[pyfunction]
pub(crate) fn adf<'py>(
    py: Python<'py>,
    x: Column<'py>,
    regression: &str,
    max_lag: Option<usize>,
    autolag: Option<&str>,
) -> PyResult<(f64, f64, usize, usize, [f64; 3], f64)> {
    let (trend, rule, x) = (trend(regression)?, rule(autolag)?, values(&x)?.to_vec());
    let found = detached(py, None, x.len(), move |_| {
        series::adf(&x, trend, max_lag, rule)
    })?;
    let root = found.root;
    Ok((
        root.statistic,
        found.pvalue,
        root.lags,
        root.nobs,
        found.critical,
        root.criterion,
    ))
}

/// The Hurst exponent of a path and its standard error.
#[pyfunction]
pub(crate) fn hurst(py: Python<'_>, x: Column<'_>, method: &str) -> PyResult<(f64, f64)> {
    let method = match method {
        "structure" => HurstMethod::Structure,
        "rs" => HurstMethod::RescaledRange,
        "dfa" => HurstMethod::Dfa,
        other => return unknown("method", other),
    };
    let x = values(&x)?.to_vec();
    let found = detached(py, None, x.len(), move |_| series::hurst(&x, method))?;
    Ok((found.h, found.stderr))
}

/// The half-life with its interval, the slope, the coefficient, and what they mean.
#[pyfunction]
pub(crate) fn half_life<'py>(
    py: Python<'py>,
    x: Column<'py>,
    method: &str,
    bias: &str,
    level: f64,
) -> PyResult<Bound<'py, PyDict>> {
    let method = match method {
        "exact" => HalfLifeMethod::Exact,
        "ou_euler" => HalfLifeMethod::OuEuler,
        other => return unknown("method", other),
    };
    let bias = match bias {
        "none" => Bias::None,
        "kendall" => Bias::Kendall,
        "jackknife" => Bias::Jackknife,
        other => return unknown("bias", other),
    };
    let x = values(&x)?.to_vec();
    let found = detached(py, None, x.len(), move |_| {
        series::half_life(&x, method, bias, level)
    })?;
    let status = match found.status {
        Reverting::Reverting => "reverting",
        Reverting::None => "none",
        Reverting::Oscillating => "oscillating",
    };
    let fields = PyDict::new(py);
    fields.set_item("half_life", found.half_life)?;
    fields.set_item("lower", found.lower)?;
    fields.set_item("upper", found.upper)?;
    fields.set_item("slope", found.slope)?;
    fields.set_item("phi", found.phi)?;
    fields.set_item("status", status)?;
    Ok(fields)
}

/// An Ornstein-Uhlenbeck process by maximum likelihood: theta, mu, sigma, log likelihood, phi.
#[pyfunction]
pub(crate) fn ou_fit(
    py: Python<'_>,
    x: Column<'_>,
    dt: f64,
) -> PyResult<(f64, f64, f64, f64, f64)> {
    let x = values(&x)?.to_vec();
    let found = detached(py, None, x.len(), move |_| series::ou_fit(&x, dt))?;
    Ok((found.theta, found.mu, found.sigma, found.loglik, found.phi))
}

/// The log likelihood of an Ornstein-Uhlenbeck process given the first value.
#[pyfunction]
pub(crate) fn ou_loglik(
    py: Python<'_>,
    x: Column<'_>,
    theta: f64,
    mu: f64,
    sigma: f64,
    dt: f64,
) -> PyResult<f64> {
    let x = values(&x)?.to_vec();
    detached(py, None, x.len(), move |_| {
        series::ou_loglik(&x, theta, mu, sigma, dt)
    })
}

/// The variance ratio over q steps, its robust statistic, its p-value.
#[pyfunction]
pub(crate) fn variance_ratio(py: Python<'_>, x: Column<'_>, q: usize) -> PyResult<(f64, f64, f64)> {
    let x = values(&x)?.to_vec();
    let found = detached(py, None, x.len(), move |_| series::variance_ratio(&x, q))?;
    Ok((found.vr, found.z, found.pvalue))
}

/// The z-score of every value in its causal window.
#[pyfunction]
pub(crate) fn zscore<'py>(
    py: Python<'py>,
    x: Column<'py>,
    window: usize,
    method: &str,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let method = match method {
        "standard" => ZScoreMethod::Standard,
        "robust" => ZScoreMethod::Robust,
        "ewma" => ZScoreMethod::Ewma,
        other => return unknown("method", other),
    };
    let x = values(&x)?.to_vec();
    let scores = detached(py, None, x.len(), move |_| {
        series::zscore(&x, window, method)
    })?;
    Ok(PyArray1::from_vec(py, scores))
}
