//! What callbacks are told of the market: trades, quotes, bars.

use py_rt_kernel::market::Top;
use py_rt_types::{Bar, InstrumentId, MarketEvent, Price, UnixNanos};
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::convert::aggressor_name;
use super::shared::Scale;
use super::slot::{Event, Reused};
use super::Shared;
use crate::direct::getters;

/// Defines an event class whose objects can be rewritten, with a getter a field.
macro_rules! event {
    ($(#[$doc:meta])* $class:ident, $name:literal, $data:ident {
        $($(#[$field_doc:meta])* $field:ident: $kind:ty),+ $(,)?
    } $($more:tt)*) => {
        $(#[$doc])*
        #[pyclass(frozen, name = $name, module = "py_rt")]
        pub(crate) struct $class(Reused<$data>);

        pub(crate) struct $data {
            symbol: Py<PyString>,
            $($field: $kind),+
        }

        impl Event for $class {
            type Data = $data;
            fn object(py: Python<'_>, data: $data) -> PyResult<Py<Self>> {
                Py::new(py, Self(Reused::new(data)))
            }
            fn cell(&self) -> &Reused<$data> {
                &self.0
            }
        }

        #[pymethods]
        impl $class {
            /// Which.
            #[getter]
            fn symbol(&self, py: Python<'_>) -> Py<PyString> {
                self.0.read().symbol.clone_ref(py)
            }
            $($(#[$field_doc])* #[getter] fn $field(&self) -> $kind {
                self.0.read().$field
            })+
            $($more)*
        }

        impl $class {
            /// Shortens the road of the getters.
            fn shorten(py: Python<'_>) -> PyResult<()> {
                getters!(py, $class {
                    symbol: |_, this| &this.0.read().symbol,
                    $($field: |_, this| this.0.read().$field),+
                })
            }
        }
    };
}

event! {
    /// A trade in the market.
    PyTrade, "Trade", TradeData {
        /// When the venue says it happened, ns UTC.
        ts_event: i64,
        /// When it was seen here, ns UTC.
        ts_recv: i64,
        /// Price.
        price: f64,
        /// Quantity.
        qty: f64,
        /// The aggressor: "buy", "sell" or None.
        side: Option<&'static str>,
    }
}

impl TradeData {
    #[inline]
    pub(crate) fn new(
        py: Python<'_>,
        shared: &Shared,
        now: UnixNanos,
        event: &MarketEvent,
    ) -> Self {
        Self {
            symbol: shared.symbol(py, event.instrument),
            ts_event: event.ts_event.0,
            ts_recv: now.0,
            price: shared.price(event.instrument, event.price),
            qty: shared.qty(event.instrument, event.qty),
            side: aggressor_name(event.side),
        }
    }
}

event! {
    /// Best prices, for `on_quote` and `on_book`.
    PyQuote, "Quote", QuoteData {
        /// When the venue says it happened, ns UTC.
        ts_event: i64,
        /// When it was seen here, ns UTC.
        ts_recv: i64,
        /// Best bid; NaN when there is none.
        bid_price: f64,
        /// Quantity there.
        bid_qty: f64,
        /// Best ask; NaN when there is none.
        ask_price: f64,
        /// Quantity there.
        ask_qty: f64,
    }
    /// Best bid; NaN when there is none.
    #[getter]
    fn best_bid(&self) -> f64 {
        self.0.read().bid_price
    }

    /// Best ask; NaN when there is none.
    #[getter]
    fn best_ask(&self) -> f64 {
        self.0.read().ask_price
    }

    /// Middle of bid and ask; NaN when a side is missing.
    #[getter]
    fn mid(&self) -> f64 {
        (self.0.read().bid_price + self.0.read().ask_price) / 2.0
    }

    /// Ask less bid; NaN when a side is missing.
    #[getter]
    fn spread(&self) -> f64 {
        self.0.read().ask_price - self.0.read().bid_price
    }
}

impl QuoteData {
    #[inline]
    pub(crate) fn new(
        py: Python<'_>,
        shared: &Shared,
        id: InstrumentId,
        (ts_event, now): (UnixNanos, UnixNanos),
        top: Top,
    ) -> Self {
        let price = |price, qty: py_rt_types::Qty| {
            if qty.0 > 0 {
                shared.price(id, price)
            } else {
                f64::NAN
            }
        };
        Self {
            symbol: shared.symbol(py, id),
            ts_event: ts_event.0,
            ts_recv: now.0,
            bid_price: price(top.bid_price, top.bid_qty),
            bid_qty: shared.qty(id, top.bid_qty),
            ask_price: price(top.ask_price, top.ask_qty),
            ask_qty: shared.qty(id, top.ask_qty),
        }
    }
}

/// A closed bar. Its prices become floats when they are asked for.
#[pyclass(frozen, name = "Bar", module = "py_rt")]
pub(crate) struct PyBarEvent(Reused<BarData>);

pub(crate) struct BarData {
    symbol: Py<PyString>,
    bar: Bar,
    scale: Scale,
}

impl Event for PyBarEvent {
    type Data = BarData;
    fn object(py: Python<'_>, data: BarData) -> PyResult<Py<Self>> {
        Py::new(py, Self(Reused::new(data)))
    }
    fn cell(&self) -> &Reused<BarData> {
        &self.0
    }
}

impl PyBarEvent {
    #[inline]
    fn price(&self, of: impl Fn(&Bar) -> Price) -> f64 {
        let data = self.0.read();
        data.scale.value(of(&data.bar).0)
    }
}

#[pymethods]
impl PyBarEvent {
    /// Which.
    #[getter]
    fn symbol(&self, py: Python<'_>) -> Py<PyString> {
        self.0.read().symbol.clone_ref(py)
    }

    /// Start of the interval, ns UTC.
    #[getter]
    fn ts_open(&self) -> i64 {
        self.0.read().bar.ts_open.0
    }

    /// End of the interval, ns UTC.
    #[getter]
    fn ts_close(&self) -> i64 {
        self.0.read().bar.ts_close.0
    }

    /// First price.
    #[getter]
    fn open(&self) -> f64 {
        self.price(|bar| bar.open)
    }

    /// Highest price.
    #[getter]
    fn high(&self) -> f64 {
        self.price(|bar| bar.high)
    }

    /// Lowest price.
    #[getter]
    fn low(&self) -> f64 {
        self.price(|bar| bar.low)
    }

    /// Last price.
    #[getter]
    fn close(&self) -> f64 {
        self.price(|bar| bar.close)
    }

    /// Volume.
    #[getter]
    fn volume(&self) -> f64 {
        self.0.read().bar.volume
    }
}

/// Shortens the road of the getters that strategies read on every event.
pub(crate) fn shorten(py: Python<'_>) -> PyResult<()> {
    PyTrade::shorten(py)?;
    PyQuote::shorten(py)?;
    getters!(
        py,
        PyBarEvent {
            symbol: |_, this| &this.0.read().symbol,
            ts_open: |_, this| this.ts_open(),
            ts_close: |_, this| this.ts_close(),
            open: |_, this| this.open(),
            high: |_, this| this.high(),
            low: |_, this| this.low(),
            close: |_, this| this.close(),
            volume: |_, this| this.volume(),
        }
    )
}

impl BarData {
    #[inline]
    pub(crate) fn new(py: Python<'_>, shared: &Shared, bar: &Bar) -> Self {
        Self {
            symbol: shared.symbol(py, bar.instrument),
            bar: *bar,
            scale: shared.price_scale(bar.instrument),
        }
    }
}
