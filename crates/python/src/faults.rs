//! The door of fault simulation.

use py_rt_faults::search::make_smaller;
use py_rt_faults::{run, search, Dialect, Range};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// Runs seeds of fault simulation; a failure comes back with its smallest plan and its trail.
#[pyfunction]
#[pyo3(signature = (seeds, most, jobs, dialect, progress=None))]
pub(crate) fn simulate_faults<'py>(
    py: Python<'py>,
    seeds: (u64, u64),
    most: usize,
    jobs: usize,
    dialect: &str,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let (first, count) = seeds;
    let range = Range {
        dialect: Dialect::parse(dialect)
            .ok_or_else(|| PyValueError::new_err(format!("no dialect is called {dialect:?}")))?,
        first,
        count,
        most,
        jobs,
    };
    let mut error = None;
    let report = py.detach(|| {
        let mut tell = |seeds: u64| {
            let told = Python::attach(|py| {
                if let Some(progress) = &progress {
                    progress.call1(py, (seeds, count))?;
                }
                py.check_signals()
            });
            error = told.err();
            error.is_none()
        };
        search(range, &mut |report| tell(report.seeds))
    });
    error.map_or(Ok(()), Err)?;
    let findings = PyList::empty(py);
    for finding in report.findings {
        let invariant = finding.breach.invariant;
        let (plan, verdict) = py.detach(|| {
            let plan = make_smaller(finding.plan, invariant);
            let verdict = run(&plan);
            (plan, verdict)
        });
        let row = PyDict::new(py);
        row.set_item("seed", finding.seed)?;
        row.set_item("invariant", invariant)?;
        row.set_item("what", finding.breach.what)?;
        row.set_item("plan", format!("{plan:?}"))?;
        row.set_item("trail", verdict.trail)?;
        findings.append(row)?;
    }
    let probes = PyDict::new(py);
    for (name, count) in report.probes.rows() {
        probes.set_item(name, count)?;
    }
    let dict = PyDict::new(py);
    dict.set_item("seeds", report.seeds)?;
    dict.set_item("orders", report.orders)?;
    dict.set_item("fills", report.fills)?;
    dict.set_item("probes", probes)?;
    dict.set_item("findings", findings)?;
    Ok(dict)
}
