//! The doors of the journal as an audit log: entries, verification, the story of an order, and the
//! tables made anew.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use py_rt_kernel::journal::Header;
use py_rt_live::audit::{self, Field, Line, Lines, Value};
use py_rt_live::journal::frame::Root;
use py_rt_live::journal::JournalError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::error::FaceError;
use crate::host::{AnyStrategy, Shared};
use crate::live::{refused, Errors};

/// The entries of a journal, one dictionary each, read as they are asked for.
#[pyclass(module = "py_rt._core")]
pub(crate) struct JournalEntries {
    waiting: VecDeque<Line>,
    lines: Lines,
}

#[pymethods]
impl JournalEntries {
    #[new]
    #[pyo3(signature = (path, last=None))]
    fn new(path: PathBuf, last: Option<usize>) -> PyResult<Self> {
        let opened = match last {
            Some(count) => Lines::tail(&path, count),
            None => Lines::open(&path).map(|lines| (VecDeque::new(), lines)),
        };
        let (waiting, lines) = opened.map_err(unread)?;
        Ok(Self { waiting, lines })
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let line = match self.waiting.pop_front() {
            Some(line) => Some(line),
            None => self.lines.next_line().map_err(unread)?,
        };
        line.map(|line| line_dict(py, &line)).transpose()
    }

    /// Whether the journal has grown; then there is more to iterate.
    fn refresh(&mut self) -> PyResult<bool> {
        self.lines.refresh().map_err(unread)
    }
}

fn unread(error: JournalError) -> PyErr {
    refused(error.into())
}

fn line_dict<'py>(py: Python<'py>, line: &Line) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("sequence", line.sequence)?;
    dict.set_item("segment", line.segment)?;
    dict.set_item("offset", line.offset)?;
    dict.set_item("time", line.time.map(|time| time.0))?;
    dict.set_item("kind", line.kind)?;
    put_fields(&dict, &line.fields)?;
    Ok(dict)
}

fn put_fields(dict: &Bound<'_, PyDict>, fields: &[Field]) -> PyResult<()> {
    for (name, value) in fields {
        match value {
            Value::Int(value) => dict.set_item(name, value)?,
            Value::Count(value) => dict.set_item(name, value)?,
            Value::Real(value) => dict.set_item(name, value)?,
            Value::Flag(value) => dict.set_item(name, value)?,
            Value::Word(value) => dict.set_item(name, value)?,
            Value::Text(value) => dict.set_item(name, value)?,
        }
    }
    Ok(())
}

/// Verifies a journal; damage is a finding in the dictionary.
#[pyfunction]
#[pyo3(signature = (path, root=None))]
pub(crate) fn verify_journal<'py>(
    py: Python<'py>,
    path: PathBuf,
    root: Option<&str>,
) -> PyResult<Bound<'py, PyDict>> {
    let wanted = match root {
        None => None,
        Some(text) => Some(Root::parse(text).ok_or_else(|| {
            let remedy = "give the root as it was printed";
            FaceError::parameter("root", "must be 64 hexadecimal digits", remedy)
        })?),
    };
    let found = py.detach(|| audit::verify(&path, wanted)).map_err(unread)?;
    let (dict, kinds) = (PyDict::new(py), PyDict::new(py));
    for (kind, count) in &found.kinds {
        kinds.set_item(kind, count)?;
    }
    dict.set_item("ok", found.damage.is_none())?;
    dict.set_item("segments", found.segments)?;
    dict.set_item("first_segment", found.first_segment)?;
    dict.set_item("sessions", found.sessions)?;
    dict.set_item("ended", found.ended)?;
    dict.set_item("records", found.records)?;
    dict.set_item("kinds", kinds)?;
    dict.set_item("root_before", found.before.root.to_string())?;
    dict.set_item("root", found.after.root.to_string())?;
    dict.set_item("sequence", found.after.sequence)?;
    dict.set_item("root_found_at", found.found_at)?;
    dict.set_item("torn_bytes", found.torn.map_or(0, |torn| torn.bytes))?;
    let damage = match found.damage {
        None => None,
        Some(damage) => {
            let place = PyDict::new(py);
            place.set_item("file", damage.file)?;
            place.set_item("offset", damage.offset)?;
            place.set_item("sequence", damage.sequence)?;
            place.set_item("what", damage.what)?;
            Some(place)
        }
    };
    dict.set_item("damage", damage)?;
    Ok(dict)
}

/// Makes the strategy of a session from the parameters in its header.
fn maker(make_strategy: Py<PyAny>, errors: Errors) -> impl FnMut(&Header) -> AnyStrategy {
    move |header| {
        Python::attach(|py| {
            let instruments = header.kernel.instruments.clone();
            let run = Arc::new(Shared::new(py, instruments, &header.lineage));
            let text = String::from_utf8_lossy(&header.parameters).into_owned();
            match make_strategy.bind(py).call1((text,)) {
                Ok(strategy) => AnyStrategy::fresh(&strategy, run, &errors),
                Err(error) => {
                    errors.put(error);
                    AnyStrategy::Failed
                }
            }
        })
    }
}

/// The story of one order; `make_strategy` is given the parameters of the session.
#[pyfunction]
pub(crate) fn explain_order<'py>(
    py: Python<'py>,
    path: PathBuf,
    order: &str,
    make_strategy: Py<PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    let errors = Errors::default();
    let make = maker(make_strategy, errors.clone());
    let told = py.detach(|| audit::explain(&path, order, make));
    if let Some(error) = errors.take() {
        return Err(error);
    }
    let story = told.map_err(refused)?;
    let (dict, moments) = (PyDict::new(py), PyList::empty(py));
    for moment in &story.moments {
        let one = PyDict::new(py);
        one.set_item("sequence", moment.sequence)?;
        one.set_item("time", moment.time)?;
        one.set_item("what", moment.what)?;
        put_fields(&one, &moment.fields)?;
        moments.append(one)?;
    }
    dict.set_item("client_order_id", story.client_order_id)?;
    dict.set_item("venue_order_id", story.venue_order_id)?;
    dict.set_item("session", story.session)?;
    dict.set_item("strategy", story.strategy)?;
    dict.set_item("status", story.status)?;
    dict.set_item("closed", story.is_closed)?;
    dict.set_item("divergence", story.divergence)?;
    dict.set_item("moments", moments)?;
    Ok(dict)
}

/// Writes the tables of a state directory anew; returns how many sessions and events.
#[pyfunction]
pub(crate) fn rebuild_store(
    py: Python<'_>,
    state_dir: PathBuf,
    make_strategy: Py<PyAny>,
) -> PyResult<(u64, u64)> {
    let errors = Errors::default();
    let make = maker(make_strategy, errors.clone());
    let rebuilt = py.detach(|| audit::rebuild_store(&state_dir, make));
    if let Some(error) = errors.take() {
        return Err(error);
    }
    let rebuilt = rebuilt.map_err(refused)?;
    Ok((rebuilt.sessions, rebuilt.events))
}
