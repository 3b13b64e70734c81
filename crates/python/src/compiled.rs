//! Compiled strategies: what there is, and one of them from its Python handle.

use py_rt_strategies::params::ParamValue;
use py_rt_strategies::registry::{self, Compiled, STRATEGIES};
use py_rt_types::Instrument;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::error::FaceError;

/// Lists the compiled strategies: dictionaries with `name`, `doc`, `params` and `params_doc`.
#[pyfunction]
pub(crate) fn compiled_strategies(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    let describe = |spec: &registry::StrategySpec| {
        let (params, docs) = (PyDict::new(py), PyDict::new(py));
        for param in spec.params {
            match &param.default {
                ParamValue::Int(value) => params.set_item(param.name, value)?,
                ParamValue::Float(value) => params.set_item(param.name, value)?,
                ParamValue::Text(value) => params.set_item(param.name, value)?,
            }
            docs.set_item(param.name, param.doc)?;
        }
        let entry = PyDict::new(py);
        entry.set_item("name", spec.name)?;
        entry.set_item("doc", spec.doc)?;
        entry.set_item("callbacks", spec.callbacks)?;
        entry.set_item("params", params)?;
        entry.set_item("params_doc", docs)?;
        Ok(entry)
    };
    STRATEGIES.iter().map(describe).collect()
}

/// The compiled strategy that a handle stands for; `None` when it is written in Python.
pub(crate) fn from_handle(
    strategy: &Bound<'_, PyAny>,
    instruments: &[Instrument],
) -> PyResult<Option<Compiled>> {
    let Ok(name) = strategy.getattr("compiled_name") else {
        return Ok(None);
    };
    let name: String = name.extract()?;
    let given: Bound<'_, PyDict> = strategy.getattr("params")?.extract()?;
    let mut params = Vec::with_capacity(given.len());
    for (key, value) in given.iter() {
        params.push((key.extract::<String>()?, param_value(&value)?));
    }
    registry::create(&name, &params, instruments)
        .map(Some)
        .map_err(|error| FaceError::parameter(error.field(), &error, &error.remedy()))
}

fn param_value(value: &Bound<'_, PyAny>) -> PyResult<ParamValue> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(ParamValue::Text(text.to_string()));
    }
    match value.extract::<i64>() {
        Ok(whole) => Ok(ParamValue::Int(whole)),
        Err(_) => value.extract::<f64>().map(ParamValue::Float),
    }
}
