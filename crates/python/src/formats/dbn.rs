//! The door of DBN.

use numpy::PyArray1;
use py_rt_types::MarketEvent;
use py_rt_venues::dbn::{DbnBar, DbnFile};
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
        dict.set_item("bars", columns(py, self.file.rows().bars())?)?;
        if let Some(metadata) = self.file.metadata() {
            dict.set_item("version", metadata.version)?;
            dict.set_item("dataset", &metadata.dataset)?;
            dict.set_item("schema", metadata.schema)?;
        }
        Ok(dict)
    }
}

/// Bars as columns: places, times in ns, prices in 1e-9, volumes.
fn columns<'py>(py: Python<'py>, bars: &[DbnBar]) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let column = |of: fn(&DbnBar) -> i64| PyArray1::from_iter(py, bars.iter().map(of));
    let time = |ns: u64| i64::try_from(ns).unwrap_or(i64::MAX);
    dict.set_item("place", column(|bar| i64::from(bar.place)))?;
    let opened = PyArray1::from_iter(py, bars.iter().map(|bar| time(bar.ts_open)));
    dict.set_item("ts_open", opened)?;
    let end = |bar: &DbnBar| time(bar.ts_open.saturating_add(bar.ohlcv.interval));
    dict.set_item("ts_close", PyArray1::from_iter(py, bars.iter().map(end)))?;
    dict.set_item("open", column(|bar| bar.ohlcv.open))?;
    dict.set_item("high", column(|bar| bar.ohlcv.high))?;
    dict.set_item("low", column(|bar| bar.ohlcv.low))?;
    dict.set_item("close", column(|bar| bar.ohlcv.close))?;
    let volume = PyArray1::from_iter(py, bars.iter().map(|bar| bar.ohlcv.volume));
    dict.set_item("volume", volume)?;
    Ok(dict)
}
