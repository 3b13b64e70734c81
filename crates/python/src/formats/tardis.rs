//! The door of Tardis CSV.

use py_rt_venues::tardis_csv::{Table, TardisFile};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::{hand_over, Fault, Kept};
use crate::error::FaceError;

/// Which of the vendor's tables a first line names: "known", "other", or None.
#[pyfunction]
pub(crate) fn tardis_table(line: &[u8]) -> Option<&'static str> {
    match Table::recognise(line) {
        Some(_) => Some("known"),
        None => Table::is_vendor(line).then_some("other"),
    }
}

/// Files on their way in; `py_rt.data` reads them.
#[pyclass(module = "py_rt._core.formats")]
#[derive(Default)]
pub(crate) struct TardisReader {
    file: TardisFile,
    kept: Kept,
}

#[pymethods]
impl TardisReader {
    /// Nothing read yet.
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Takes bytes in; `last` ends a file, and another one may begin.
    fn feed(&mut self, py: Python<'_>, bytes: &[u8], last: bool) -> PyResult<()> {
        let (file, kept) = (&mut self.file, &mut self.kept);
        py.detach(|| kept.feed(bytes, |bytes| file.handle_input(bytes, last)))
            .map_err(Fault::from)?;
        Ok(())
    }

    /// Rows, symbols, decimals, and the venue.
    fn finish<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let file = core::mem::take(&mut self.file);
        let (symbols, venue) = (file.symbols(), file.venue());
        let (rows, places) = py.detach(|| file.finish()).map_err(|column| {
            let what = "numbers do not fit into 64 bits at their finest decimals";
            FaceError::data(column, what, "split the file by symbol")
        })?;
        let dict = hand_over(py, rows, symbols, places)?;
        dict.set_item("venue", venue)?;
        Ok(dict)
    }
}
