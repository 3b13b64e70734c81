//! The door of LOBSTER: first the message file, then the book file.

use py_rt_types::{MarketEvent, UnixNanos};
use py_rt_venues::lobster::{LobsterMessages, LobsterSession};
use py_rt_venues::scale::Places;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::{hand_over, Fault, Kept};
use crate::error::FaceError;

/// A day on its way in; `py_rt.data` reads it.
#[pyclass(module = "py_rt._core.formats")]
pub(crate) struct LobsterReader {
    midnight: UnixNanos,
    kept: Kept,
    messages: Option<LobsterMessages>,
    session: Option<LobsterSession>,
    rows: Vec<MarketEvent>,
}

#[pymethods]
impl LobsterReader {
    /// A day that began at `midnight` in New York, ns UTC.
    #[new]
    fn new(midnight: i64) -> Self {
        Self {
            midnight: UnixNanos(midnight),
            kept: Kept::default(),
            messages: Some(LobsterMessages::default()),
            session: None,
            rows: Vec::new(),
        }
    }

    /// Takes bytes of the message file in; `last` ends it.
    fn feed_messages(&mut self, py: Python<'_>, bytes: &[u8], last: bool) -> PyResult<()> {
        let Some(messages) = self.messages.as_mut() else {
            return Err(out_of_turn("the message file has ended"));
        };
        let kept = &mut self.kept;
        py.detach(|| kept.feed(bytes, |bytes| messages.handle_input(bytes, last)))
            .map_err(Fault::from)?;
        if last {
            let messages = self.messages.take().unwrap_or_default().into_messages();
            let midnight = self.midnight;
            self.session = Some(py.detach(|| LobsterSession::new(midnight, messages)));
            self.kept = Kept::default();
        }
        Ok(())
    }

    /// Takes bytes of the book file in; `last` ends it.
    fn feed_book(&mut self, py: Python<'_>, bytes: &[u8], last: bool) -> PyResult<()> {
        let Some(session) = self.session.as_mut() else {
            return Err(out_of_turn("the message file has not ended"));
        };
        let (kept, rows) = (&mut self.kept, &mut self.rows);
        if rows.is_empty() {
            rows.reserve(session.messages() / 8 * 9); // about a row a message
        }
        py.detach(|| kept.feed(bytes, |bytes| session.handle_book(bytes, last, rows)))
            .map_err(Fault::from)?;
        Ok(())
    }

    /// Rows, decimals, and counts.
    fn finish<'py>(&mut self, py: Python<'py>, symbol: String) -> PyResult<Bound<'py, PyDict>> {
        let rows = core::mem::take(&mut self.rows);
        let given = Places { price: 4, qty: 0 };
        let dict = hand_over(py, rows, vec![symbol], given)?;
        let session = self.session.as_ref();
        dict.set_item("depth", session.map_or(0, LobsterSession::depth))?;
        dict.set_item("messages", session.map_or(0, LobsterSession::messages))?;
        dict.set_item("lines", session.map_or(0, LobsterSession::lines))?;
        dict.set_item("mended", session.map_or(0, LobsterSession::mended))?;
        Ok(dict)
    }
}

fn out_of_turn(what: &str) -> PyErr {
    FaceError::data("file", what, "feed messages first, then the book")
}
