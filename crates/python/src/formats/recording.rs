//! Recorded sessions of venues that speak JSON.

use py_rt_venues::feed::sheet::NOWHERE;
use py_rt_venues::feed::{Finding, FindingKind, Precision};
use py_rt_venues::recording::{recognise_block, BadLine, Recording, Settled, Venue, NAMES};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::event_bytes;
use crate::error::FaceError;

/// A line that cannot be read: number, byte and member.
type Bad = Option<(u64, usize, &'static str)>;

/// A recording on its way in.
#[pyclass(module = "py_rt._core.formats", name = "Recording")]
pub(crate) struct PyRecording {
    recording: Option<Recording>,
}

fn bad(bad: BadLine) -> (u64, usize, &'static str) {
    (bad.line, bad.malformed.offset, bad.malformed.field)
}

fn over() -> PyErr {
    FaceError::strategy("the recording was settled", "make a new one")
}

#[pymethods]
impl PyRecording {
    #[new]
    fn new(venue: &str, quotes: bool) -> PyResult<Self> {
        let known = Venue::new(venue).ok_or_else(|| {
            let remedy = format!("use one of {}", NAMES.join(", "));
            FaceError::parameter("venue", format!("{venue:?} is unknown"), &remedy)
        })?;
        Ok(Self {
            recording: Some(Recording::new(known, quotes)),
        })
    }

    /// Takes a block in; returns the line that cannot be read.
    fn feed(&mut self, py: Python<'_>, block: &[u8]) -> PyResult<Bad> {
        let recording = self.recording.as_mut().ok_or_else(over)?;
        Ok(py.detach(|| recording.handle_block(block)).err().map(bad))
    }

    /// The file ends; returns the number of a torn last line.
    fn finish_file(&mut self) -> PyResult<Option<u64>> {
        Ok(self.recording.as_mut().ok_or_else(over)?.finish_file())
    }

    /// Puts everything in order; the recording is used up.
    fn settle<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let recording = self.recording.take().ok_or_else(over)?;
        let settled = py.detach(|| recording.settle());
        to_dict(py, &settled)
    }
}

fn step(precision: Precision) -> (i64, u32) {
    (precision.mantissa, precision.scale)
}

const fn kind_of(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Gap => "gap",
        FindingKind::Lost => "lost",
        FindingKind::Checksum => "checksum",
        FindingKind::Crossed => "crossed",
        FindingKind::Unreadable => "unreadable",
        FindingKind::Opened => "opened",
    }
}

fn finding(one: &Finding) -> (&'static str, Option<u32>, i64, u64, u64) {
    let place = (one.place != NOWHERE).then_some(one.place);
    let (expected, found) = (one.expected, one.found);
    (kind_of(one.kind), place, one.ts_recv.0, expected, found)
}

fn to_dict<'py>(py: Python<'py>, settled: &Settled) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("rows", event_bytes(py, &settled.rows))?;
    let instruments: Vec<_> = settled
        .instruments
        .iter()
        .map(|one| {
            let symbol = String::from_utf8_lossy(&one.symbol).into_owned();
            let counts = (one.snapshots, one.changes);
            (symbol, step(one.price), step(one.qty), one.chained, counts)
        })
        .collect();
    dict.set_item("instruments", instruments)?;
    let findings: Vec<_> = settled.findings.iter().map(finding).collect();
    dict.set_item("findings", findings)?;
    dict.set_item("skipped", settled.skipped.clone())?;
    dict.set_item("forms", settled.forms.clone())?;
    dict.set_item("stale", settled.stale)?;
    dict.set_item("verified", settled.verified)?;
    dict.set_item("empty", settled.empty)?;
    dict.set_item("nameless", settled.nameless)?;
    dict.set_item("disorder", settled.disorder)?;
    dict.set_item("sequence_unjudged", settled.sequence_unjudged)?;
    Ok(dict)
}

/// The venue of the first lines of a file, or None.
#[pyfunction]
pub(crate) fn recognise_recording(block: &[u8]) -> Option<&'static str> {
    recognise_block(block)
}
