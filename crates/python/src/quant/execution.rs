//! The door of execution schedules.

use py_rt_quant::execution::{self, Impact};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::config::field;
use crate::error;

/// The trajectory of Almgren and Chriss.
#[pyfunction]
pub(crate) fn almgren_chriss<'py>(
    py: Python<'py>,
    impact: &Bound<'py, PyDict>,
    quantity: f64,
    horizon: f64,
    slices: usize,
) -> PyResult<Bound<'py, PyDict>> {
    let impact = Impact {
        volatility: field(impact, "volatility")?,
        temporary_impact: field(impact, "temporary_impact")?,
        permanent_impact: field(impact, "permanent_impact")?,
        fixed_cost: field(impact, "fixed_cost")?,
        risk_aversion: field(impact, "risk_aversion")?,
    };
    let found = execution::almgren_chriss(&impact, quantity, horizon, slices)
        .map_err(|e| error::quant(py, e))?;
    let dict = PyDict::new(py);
    dict.set_item("kappa", found.kappa)?;
    dict.set_item("weights", found.weights())?;
    dict.set_item("holdings", found.holdings)?;
    dict.set_item("trades", found.trades)?;
    dict.set_item("expected_cost", found.expected_cost)?;
    dict.set_item("variance", found.variance)?;
    Ok(dict)
}
