//! The door of ITCH.

use numpy::PyArray1;
use py_rt_types::{MarketEvent, UnixNanos};
use py_rt_venues::framing::capture::visit_head;
use py_rt_venues::itch::{ItchFile, ItchFraming, ItchRows};
use py_rt_venues::scale::Places;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::{hand_over, letters, Fault, Kept};
use crate::arrays::into_event_bytes;
use crate::error::FaceError;

const FRAMINGS: [(&str, ItchFraming); 3] = [
    ("prefixed", ItchFraming::Prefixed),
    ("soup", ItchFraming::Soup),
    ("capture", ItchFraming::Capture),
];

/// How the messages of a file that starts so are framed: "prefixed", "soup", "capture", or None.
#[pyfunction]
pub(crate) fn itch_framing(head: &[u8]) -> Option<&'static str> {
    let framing = ItchFraming::recognise(head)?;
    let named = FRAMINGS.iter().find(|named| named.1 == framing)?;
    Some(named.0)
}

/// When the first packet of a capture that starts so was captured, ns UTC.
#[pyfunction]
pub(crate) fn capture_start(head: &[u8]) -> Option<i64> {
    let mut start = None;
    visit_head(head, |packet| {
        start = Some(packet.ts_recv);
        false
    });
    start
}

/// A recording on its way in; `py_rt.data` reads it.
#[pyclass(module = "py_rt._core.formats")]
pub(crate) struct ItchReader {
    file: ItchFile,
    kept: Kept,
    rows: Vec<MarketEvent>,
}

#[pymethods]
impl ItchReader {
    /// A recording of the day that began at `midnight` in New York, ns UTC; of some symbols or all.
    #[new]
    #[pyo3(signature = (framing, midnight, symbols=None))]
    fn new(framing: &str, midnight: i64, symbols: Option<Vec<String>>) -> PyResult<Self> {
        let known = FRAMINGS.iter().find(|named| named.0 == framing);
        let framing = known.map(|named| named.1).ok_or_else(|| {
            FaceError::parameter("framing", "is unknown", "use prefixed, soup or capture")
        })?;
        let symbols: Option<Vec<&str>> = symbols
            .as_ref()
            .map(|symbols| symbols.iter().map(String::as_str).collect());
        let rows = ItchRows::new(UnixNanos(midnight), symbols.as_deref());
        Ok(Self {
            file: ItchFile::new(framing, rows),
            kept: Kept::default(),
            rows: Vec::new(),
        })
    }

    /// Takes bytes in.
    fn feed(&mut self, py: Python<'_>, bytes: &[u8]) -> PyResult<()> {
        let (file, kept, rows) = (&mut self.file, &mut self.kept, &mut self.rows);
        if rows.is_empty() {
            rows.reserve(bytes.len() / 32); // about a row a message
        }
        py.detach(|| kept.feed(bytes, |bytes| file.handle_input(bytes, rows)))
            .map_err(Fault::from)?;
        Ok(())
    }

    /// Takes the rows so far out, prices in 1e-4, so that a day needs no more memory than a block.
    fn take<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<u8>>> {
        into_event_bytes(py, core::mem::take(&mut self.rows))
    }

    /// Rows so far.
    fn __len__(&self) -> usize {
        self.rows.len()
    }

    /// Rows, symbols, decimals, and counts; `torn` is the number of bytes of a message without end.
    fn finish<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let rows = core::mem::take(&mut self.rows);
        let symbols = self.file.rows().symbols().collect();
        let dict = hand_over(py, rows, symbols, Places { price: 4, qty: 0 })?;
        let counts = self.file.rows().counts();
        dict.set_item("by_type", letters(py, &counts.by_type)?)?;
        dict.set_item("messages", counts.messages)?;
        dict.set_item("unknown_orders", counts.unknown_orders)?;
        dict.set_item("twice", counts.twice)?;
        let halts: Vec<_> = counts
            .halts
            .iter()
            .map(|h| (h.0, h.1, char::from(h.2)))
            .collect();
        dict.set_item("halts", halts)?;
        dict.set_item("missed", self.file.missed())?;
        dict.set_item("strangers", self.file.strangers())?;
        dict.set_item("used", self.file.used())?;
        dict.set_item("torn", self.kept.left())?;
        Ok(dict)
    }
}
