//! What a strategy looks at: positions, books, instruments.

use std::sync::Arc;

use py_rt_types::{InstrumentId, Side};
use pyo3::prelude::*;

use super::context::PyContext;
use super::Shared;
use crate::error::FaceError;

/// A position, as of the moment it was asked for.
#[pyclass(frozen, name = "Position", module = "py_rt")]
pub(crate) struct PyPosition {
    /// Signed quantity.
    #[pyo3(get)]
    pub(crate) qty: f64,
    /// Average price paid; NaN when flat.
    #[pyo3(get)]
    pub(crate) avg_price: f64,
    /// Value at the mark less what was paid.
    #[pyo3(get)]
    pub(crate) unrealized_pnl: f64,
    /// Realised profit so far, before fees.
    #[pyo3(get)]
    pub(crate) realized_pnl: f64,
}

#[pymethods]
impl PyPosition {
    fn __repr__(&self) -> String {
        format!("Position(qty={}, avg_price={})", self.qty, self.avg_price)
    }
}

/// The book of one instrument during a callback.
#[pyclass(frozen, name = "Book", module = "py_rt")]
pub(crate) struct PyBook {
    pub(crate) context: Py<PyContext>,
    pub(crate) instrument: InstrumentId,
}

impl PyBook {
    fn price_of(&self, py: Python<'_>, side: Side) -> PyResult<f64> {
        let context = self.context.get();
        let price = context.with(|ctx| {
            let market = ctx.market(self.instrument)?;
            match market.book() {
                Some(book) => book.best(side),
                None => None,
            }
        })?;
        let _ = py;
        Ok(price.map_or(f64::NAN, |price| {
            context.shared.price(self.instrument, price)
        }))
    }

    fn qty_of(&self, side: Side) -> PyResult<f64> {
        let context = self.context.get();
        let qty = context.with(|ctx| {
            let book = ctx.market(self.instrument)?.book()?;
            Some(if side == Side::Buy {
                book.bid_qty()
            } else {
                book.ask_qty()
            })
        })?;
        Ok(qty.map_or(0.0, |qty| context.shared.qty(self.instrument, qty)))
    }
}

#[pymethods]
impl PyBook {
    /// Best bid price; NaN when there is none.
    #[getter]
    fn best_bid(&self, py: Python<'_>) -> PyResult<f64> {
        self.price_of(py, Side::Buy)
    }

    /// Best ask price; NaN when there is none.
    #[getter]
    fn best_ask(&self, py: Python<'_>) -> PyResult<f64> {
        self.price_of(py, Side::Sell)
    }

    /// Quantity at the best bid.
    #[getter]
    fn bid_qty(&self) -> PyResult<f64> {
        self.qty_of(Side::Buy)
    }

    /// Quantity at the best ask.
    #[getter]
    fn ask_qty(&self) -> PyResult<f64> {
        self.qty_of(Side::Sell)
    }

    /// Middle of best bid and ask; NaN when a side is missing.
    #[getter]
    fn mid(&self, py: Python<'_>) -> PyResult<f64> {
        Ok((self.best_bid(py)? + self.best_ask(py)?) / 2.0)
    }

    /// Best ask less best bid; NaN when a side is missing.
    #[getter]
    fn spread(&self, py: Python<'_>) -> PyResult<f64> {
        Ok(self.best_ask(py)? - self.best_bid(py)?)
    }

    /// Whether the book may be believed.
    #[getter]
    fn valid(&self) -> PyResult<bool> {
        let context = self.context.get();
        context.with(|ctx| {
            ctx.market(self.instrument)
                .is_some_and(|m| m.book().is_some_and(|b| b.valid()))
        })
    }

    /// The first `n` levels of a side, best first, as (price, quantity) pairs.
    #[pyo3(signature = (side, n=10, /))]
    fn levels(&self, side: &str, n: usize) -> PyResult<Vec<(f64, f64)>> {
        let side = match side {
            "buy" | "bid" => Side::Buy,
            "sell" | "ask" => Side::Sell,
            other => {
                let problem = format!("{other:?} is unknown");
                return Err(FaceError::parameter(
                    "side",
                    problem,
                    "use \"buy\" or \"sell\"",
                ));
            }
        };
        let context = self.context.get();
        let shared: &Arc<Shared> = &context.shared;
        context.with(|ctx| {
            let mut levels = Vec::with_capacity(n.min(1024));
            if let Some(book) = ctx.market(self.instrument).and_then(|market| market.book()) {
                book.visit(side, |level| {
                    if levels.len() < n {
                        let price = shared.price(self.instrument, level.price);
                        levels.push((price, shared.qty(self.instrument, level.qty)));
                    }
                    levels.len() < n
                });
            }
            levels
        })
    }
}

/// What is traded, with its steps as floats.
#[pyclass(frozen, get_all, name = "InstrumentView", module = "py_rt")]
pub(crate) struct PyInstrument {
    symbol: String,
    tick_size: f64,
    order_tick_size: f64,
    lot_size: f64,
    min_qty: f64,
    min_notional: f64,
    multiplier: f64,
    currency: String,
    shortable: bool,
    sessions: bool,
}

impl PyInstrument {
    pub(crate) fn new(shared: &Shared, id: InstrumentId) -> PyResult<Self> {
        let Some(instrument) = shared.instruments.get(id.index()) else {
            return Err(FaceError::parameter(
                "symbol",
                "is unknown",
                "use a symbol of the run",
            ));
        };
        let spec = instrument.spec();
        let float =
            |value: py_rt_types::Decimal| value.mantissa() as f64 / 10u64.pow(value.scale()) as f64;
        Ok(Self {
            symbol: spec.symbol.clone(),
            tick_size: float(spec.tick_size),
            order_tick_size: float(spec.order_tick.map_or(spec.tick_size, |coarse| coarse.step)),
            lot_size: float(spec.lot_size),
            min_qty: float(spec.min_qty),
            min_notional: float(spec.min_notional),
            multiplier: float(spec.multiplier),
            currency: spec.currency.clone(),
            shortable: spec.shortable,
            sessions: spec.sessions,
        })
    }
}
