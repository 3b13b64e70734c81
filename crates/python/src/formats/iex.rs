//! The door of IEX DEEP and DEEP+.

use py_rt_types::MarketEvent;
use py_rt_venues::iex::{is_iex, IexFile};
use py_rt_venues::scale::Places;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::{hand_over, letters, Fault, Kept};

/// Whether a capture that starts so holds packets of DEEP or DEEP+.
#[pyfunction]
pub(crate) fn is_iex_capture(head: &[u8]) -> bool {
    is_iex(head)
}

/// A capture on its way in; `py_rt.data` reads it.
#[pyclass(module = "py_rt._core.formats")]
pub(crate) struct IexReader {
    file: IexFile,
    kept: Kept,
    rows: Vec<MarketEvent>,
}

#[pymethods]
impl IexReader {
    /// A capture, of some symbols or all.
    #[new]
    #[pyo3(signature = (symbols=None))]
    fn new(symbols: Option<Vec<String>>) -> Self {
        let symbols: Option<Vec<&str>> = symbols
            .as_ref()
            .map(|symbols| symbols.iter().map(String::as_str).collect());
        Self {
            file: IexFile::new(symbols.as_deref()),
            kept: Kept::default(),
            rows: Vec::new(),
        }
    }

    /// Takes bytes in.
    fn feed(&mut self, py: Python<'_>, bytes: &[u8]) -> PyResult<()> {
        let (file, kept, rows) = (&mut self.file, &mut self.kept, &mut self.rows);
        py.detach(|| kept.feed(bytes, |bytes| file.handle_input(bytes, rows)))
            .map_err(Fault::from)?;
        Ok(())
    }

    /// Rows, symbols, decimals, and counts; `torn` is the number of bytes of a packet without end.
    fn finish<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let rows = core::mem::take(&mut self.rows);
        let symbols = self.file.symbols().collect();
        let dict = hand_over(py, rows, symbols, Places { price: 4, qty: 0 })?;
        let counts = self.file.counts();
        dict.set_item("by_type", letters(py, &counts.by_type)?)?;
        dict.set_item("missed", counts.missed)?;
        dict.set_item("unknown_orders", counts.unknown_orders)?;
        dict.set_item("strangers", counts.strangers)?;
        dict.set_item("used", self.file.used())?;
        dict.set_item("torn", self.kept.left())?;
        Ok(dict)
    }
}
