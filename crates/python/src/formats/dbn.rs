//! The door of DBN.

use py_rt_types::MarketEvent;
use py_rt_venues::dbn::DbnFile;
use py_rt_venues::scale::Places;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::{hand_over, letters, Fault, Kept};

/// A file on its way in; `py_rt.data` reads it.
#[pyclass(module = "py_rt._core.formats")]
#[derive(Default)]
pub(crate) struct DbnReader {
    file: DbnFile,
    kept: Kept,
    rows: Vec<MarketEvent>,
}

#[pymethods]
impl DbnReader {
    /// A file of which nothing was read yet.
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Takes unpacked bytes in; `last` ends the file.
    fn feed(&mut self, py: Python<'_>, bytes: &[u8], last: bool) -> PyResult<()> {
        let (file, kept, rows) = (&mut self.file, &mut self.kept, &mut self.rows);
        py.detach(|| kept.feed(bytes, |bytes| file.handle_input(bytes, last, rows)))
            .map_err(Fault::from)?;
        Ok(())
    }

    /// Rows, symbols, decimals, counts, and what the file says about itself.
    fn finish<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let rows = core::mem::take(&mut self.rows);
        let given = Places { price: 9, qty: 0 };
        let dict = hand_over(py, rows, self.file.symbols(), given)?;
        let counts = self.file.rows().counts();
        dict.set_item("by_type", counts.by_type.clone())?;
        dict.set_item("by_action", letters(py, &counts.by_action)?)?;
        dict.set_item("unknown_orders", counts.unknown_orders)?;
        dict.set_item("twice", counts.twice)?;
        dict.set_item("marked", counts.marked)?;
        dict.set_item("resting", self.file.rows().resting())?;
        if let Some(metadata) = self.file.metadata() {
            dict.set_item("version", metadata.version)?;
            dict.set_item("dataset", &metadata.dataset)?;
            dict.set_item("schema", metadata.schema)?;
        }
        Ok(dict)
    }
}
