//! Backtests that a server was asked for, run by a function of Python.

use py_rt_serve::proto::{BacktestResult, RunBacktestRequest, Statistic};
use py_rt_serve::{Backtester, Progress, Refusal};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict};

use crate::error;

/// Backtests by a function of Python: the interpreter is held there, and only there.
pub(super) struct InPython(pub(super) Py<PyAny>);

impl Backtester for InPython {
    fn run(
        &self,
        request: &RunBacktestRequest,
        progress: Progress,
    ) -> Result<BacktestResult, Refusal> {
        Python::attach(|py| {
            self.call(py, request, progress)
                .map_err(|error| error::refusal(py, &error))
        })
    }
}

impl InPython {
    fn call(
        &self,
        py: Python<'_>,
        request: &RunBacktestRequest,
        progress: Progress,
    ) -> PyResult<BacktestResult> {
        let tell = PyCFunction::new_closure(py, None, None, move |args, _| {
            let (done, total): (u64, u64) = args.extract()?;
            if progress(done, total) {
                return Ok(());
            }
            Err(PyKeyboardInterrupt::new_err("nobody waits any more"))
        })?;
        let asked = PyDict::new(py);
        asked.set_item("strategy", &request.strategy)?;
        asked.set_item("data", &request.data)?;
        asked.set_item("parameters", &request.parameters_json)?;
        asked.set_item("venue", &request.venue_json)?;
        asked.set_item("risk", &request.risk_json)?;
        asked.set_item("cash", &request.cash)?;
        asked.set_item("seed", request.seed)?;
        let told = self.0.bind(py).call1((asked, tell))?;
        let (stats, order_hash, events) =
            told.extract::<(Vec<(String, Option<f64>)>, String, u64)>()?;
        let statistic = |(name, value)| Statistic { name, value };
        Ok(BacktestResult {
            stats: stats.into_iter().map(statistic).collect(),
            order_hash,
            events,
        })
    }
}
