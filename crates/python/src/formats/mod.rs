//! Doors of the decoders of recorded files: bytes in, structured arrays out.
//!
//! Each takes bytes in pieces with `feed(bytes, last)`, keeps what is not whole yet, and hands its
//! rows over as the bytes of `EVENT_DTYPE` with `finish()`. A fault is a `DataError` that names
//! the field, the byte, and the line of a text.

mod bitstamp;
mod dbn;
mod iex;
mod itch;
mod lobster;
mod recording;
mod stream;
mod tardis;
mod zstandard;

pub(crate) use bitstamp::{is_bitstamp, BitstampReader};
pub(crate) use dbn::DbnReader;
pub(crate) use iex::{is_iex_capture, IexReader};
pub(crate) use itch::{capture_start, itch_framing, ItchReader};
pub(crate) use lobster::LobsterReader;
pub(crate) use recording::{recognise_recording, PyRecording};
pub(crate) use stream::BinanceStream;
pub(crate) use tardis::{tardis_table, TardisReader};
pub(crate) use zstandard::ZstdReader;

use std::collections::BTreeMap;

use numpy::PyArray1;
use py_rt_types::MarketEvent;
use py_rt_venues::columns::BadLine;
use py_rt_venues::scale::{coarsen, Places};
use py_rt_venues::Malformed;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Bytes that wait for the rest of their message.
#[derive(Default)]
struct Kept(Vec<u8>);

impl Kept {
    /// Hands what is kept and `bytes` to `read`, and keeps what it does not use.
    fn feed<E>(
        &mut self,
        bytes: &[u8],
        mut read: impl FnMut(&[u8]) -> Result<usize, E>,
    ) -> Result<(), E> {
        if self.0.is_empty() {
            let used = read(bytes)?;
            self.0.extend_from_slice(&bytes[used..]);
            return Ok(());
        }
        self.0.extend_from_slice(bytes);
        let used = read(&self.0)?;
        self.0.drain(..used);
        Ok(())
    }

    fn left(&self) -> usize {
        self.0.len()
    }
}

/// A place in a file that cannot be read.
struct Fault {
    line: Option<u64>,
    malformed: Malformed,
}

impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Self {
        Self {
            line: None,
            malformed,
        }
    }
}

impl From<BadLine> for Fault {
    fn from(bad: BadLine) -> Self {
        Self {
            line: Some(bad.line),
            malformed: bad.malformed,
        }
    }
}

impl From<Fault> for PyErr {
    fn from(fault: Fault) -> Self {
        Python::attach(|py| {
            let raised = || -> PyResult<PyErr> {
                let named = PyDict::new(py);
                let field = fault.malformed.field;
                named.set_item("field", field)?;
                named.set_item("line", fault.line)?;
                named.set_item("byte", fault.malformed.offset)?;
                named.set_item("remedy", "fetch the file again, or name its format")?;
                let class = py.import("py_rt.errors")?.getattr("DataError")?;
                let what = format!("`{field}` cannot be read");
                Ok(PyErr::from_value(class.call((what,), Some(&named))?))
            };
            raised().unwrap_or_else(|error| error)
        })
    }
}

/// Rows as bytes, and the decimals of tick and lot that each instrument came down to.
fn hand_over<'py>(
    py: Python<'py>,
    mut rows: Vec<MarketEvent>,
    symbols: Vec<String>,
    given: Places,
) -> PyResult<Bound<'py, PyDict>> {
    let places = py.detach(|| coarsen(&mut rows, symbols.len(), given));
    let dict = PyDict::new(py);
    dict.set_item("rows", crate::arrays::into_event_bytes(py, rows)?)?;
    dict.set_item("symbols", symbols)?;
    let price: Vec<u32> = places.iter().map(|places| places.price).collect();
    let qty: Vec<u32> = places.iter().map(|places| places.qty).collect();
    dict.set_item("price_places", PyArray1::from_vec(py, price))?;
    dict.set_item("qty_places", PyArray1::from_vec(py, qty))?;
    Ok(dict)
}

/// Counts by the letter of a message.
fn letters<'py>(py: Python<'py>, counts: &BTreeMap<u8, u64>) -> PyResult<Bound<'py, PyDict>> {
    let named = PyDict::new(py);
    for (letter, count) in counts {
        named.set_item(char::from(*letter).to_string(), count)?;
    }
    Ok(named)
}
