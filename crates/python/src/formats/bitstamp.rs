//! The door of Bitstamp's single orders.

use py_rt_types::MarketEvent;
use py_rt_venues::bitstamp_l3::{BitstampFile, Form};
use py_rt_venues::scale::Places;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::{hand_over, Fault, Kept};

/// Whether a first line is one of these recordings.
#[pyfunction]
pub(crate) fn is_bitstamp(line: &[u8]) -> bool {
    Form::recognise(line).is_some()
}

/// A recording on its way in; `py_rt.data` reads it.
#[pyclass(module = "py_rt._core.formats")]
#[derive(Default)]
pub(crate) struct BitstampReader {
    file: BitstampFile,
    kept: Kept,
    rows: Vec<MarketEvent>,
}

#[pymethods]
impl BitstampReader {
    /// A recording of which nothing was read yet.
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Takes bytes in; `last` ends the recording.
    fn feed(&mut self, py: Python<'_>, bytes: &[u8], last: bool) -> PyResult<()> {
        let (file, kept, rows) = (&mut self.file, &mut self.kept, &mut self.rows);
        py.detach(|| kept.feed(bytes, |bytes| file.handle_input(bytes, last, rows)))
            .map_err(Fault::from)?;
        Ok(())
    }

    /// Rows, decimals, and counts.
    fn finish<'py>(&mut self, py: Python<'py>, symbol: String) -> PyResult<Bound<'py, PyDict>> {
        let rows = core::mem::take(&mut self.rows);
        let dict = hand_over(py, rows, vec![symbol], Places { price: 8, qty: 8 })?;
        let counts = self.file.counts();
        dict.set_item("created", counts.created)?;
        dict.set_item("changed", counts.changed)?;
        dict.set_item("deleted", counts.deleted)?;
        dict.set_item("unknown", counts.unknown)?;
        dict.set_item("twice", counts.twice)?;
        dict.set_item("others", counts.others)?;
        dict.set_item("resting", self.file.resting())?;
        Ok(dict)
    }
}
