//! A venue's live market data: frames in, rows out.

use std::sync::Arc;

use numpy::PyArray1;
use py_rt_types::{
    AssetClass, Decimal, Instrument, InstrumentId, InstrumentSpec, MarketEvent, UnixNanos,
};
use py_rt_venues::binance::Binance;
use py_rt_venues::feed::{Context, Stream};
use py_rt_venues::json::newline;
use py_rt_venues::recording::line::take_apart;
use py_rt_venues::SymbolTable;
use pyo3::prelude::*;

use crate::arrays::event_bytes;
use crate::error::{number, FaceError};

/// Binance frames for the benches: the same decoder and books that a session has.
#[pyclass(module = "py_rt._core.formats")]
pub(crate) struct BinanceStream {
    stream: Stream<Binance>,
    rows: Vec<MarketEvent>,
}

fn decimal(field: &str, text: &str) -> PyResult<Decimal> {
    Decimal::parse(text).map_err(|error| number(field, text, error))
}

#[pymethods]
impl BinanceStream {
    /// A stream of one instrument; `quotes` decodes best bids and asks too.
    #[new]
    fn new(symbol: String, tick_size: &str, lot_size: &str, quotes: bool) -> PyResult<Self> {
        let bad = |error: String| FaceError::config("symbol", error, "pass one instrument");
        let instrument = Instrument::try_new(InstrumentSpec {
            symbol,
            venue: "BINANCE".into(),
            tick_size: decimal("tick_size", tick_size)?,
            order_tick: None,
            lot_size: decimal("lot_size", lot_size)?,
            min_qty: Decimal::ZERO,
            min_notional: Decimal::ZERO,
            multiplier: decimal("multiplier", "1")?,
            currency: "USDT".into(),
            asset_class: AssetClass::Crypto,
            shortable: true,
            sessions: false,
        })
        .map_err(|error| bad(error.to_string()))?;
        let table = SymbolTable::try_new([(InstrumentId(0), instrument)]);
        let table = Arc::new(table.map_err(|error| bad(error.to_string()))?);
        let stream = Stream::new(table);
        let stream = if quotes { stream.with_quotes() } else { stream };
        let rows = Vec::new();
        Ok(Self { stream, rows })
    }

    /// Takes one frame in; returns how many rows it made.
    fn handle_message(&mut self, frame: &[u8], ts_recv: i64, url: Option<&[u8]>) -> usize {
        let before = self.rows.len();
        self.handle(frame, UnixNanos(ts_recv), url);
        self.rows.len() - before
    }

    /// Takes whole lines `<receive time ns> <frame>` in; returns how many.
    fn handle_lines(&mut self, py: Python<'_>, lines: &[u8], url: Option<&[u8]>) -> u64 {
        py.detach(|| {
            let (mut count, mut rest) = (0, lines);
            while let Some(end) = newline(rest) {
                if let Ok(Some(found)) = take_apart(&rest[..end]) {
                    count += 1;
                    self.handle(&found.payload, found.ts_recv, url);
                }
                rest = &rest[end + 1..];
            }
            count
        })
    }

    /// The rows since the last call, as bytes.
    fn take<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyArray1<u8>> {
        let rows = event_bytes(py, &self.rows);
        self.rows.clear();
        rows
    }

    /// Whether the book may be believed.
    fn valid(&mut self, symbol: &str) -> bool {
        self.stream.valid(symbol.as_bytes())
    }
}

impl BinanceStream {
    fn handle(&mut self, frame: &[u8], ts_recv: UnixNanos, url: Option<&[u8]>) {
        let context = Context {
            ts_recv,
            conn: 0,
            url: url.filter(|_| frame.starts_with(b"{\"lastUpdateId\"")),
        };
        // What cannot be read is a row: the book is broken from there on.
        let _ = self.stream.handle_message(&context, frame, &mut self.rows);
    }
}
