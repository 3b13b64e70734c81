//! What callbacks are told: trades, quotes, bars, orders, fills, timers.

use py_rt_kernel::event::{Denial, FillEvent};
use py_rt_kernel::execution::Order;
use py_rt_kernel::market::Top;
use py_rt_types::{Bar, InstrumentId, Liquidity, MarketEvent, OrderType, RejectReason, UnixNanos};
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::convert::{aggressor_name, side_name, status_name, tif_name};
use super::Shared;

/// A trade in the market.
#[pyclass(frozen, get_all, name = "Trade", module = "py_rt")]
pub(crate) struct PyTrade {
    /// Which.
    symbol: Py<PyString>,
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

impl PyTrade {
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

/// Best prices, for `on_quote` and `on_book`.
#[pyclass(frozen, get_all, name = "Quote", module = "py_rt")]
pub(crate) struct PyQuote {
    /// Which.
    symbol: Py<PyString>,
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

#[pymethods]
impl PyQuote {
    /// Best bid; NaN when there is none.
    #[getter]
    fn best_bid(&self) -> f64 {
        self.bid_price
    }

    /// Best ask; NaN when there is none.
    #[getter]
    fn best_ask(&self) -> f64 {
        self.ask_price
    }

    /// Middle of bid and ask; NaN when a side is missing.
    #[getter]
    fn mid(&self) -> f64 {
        (self.bid_price + self.ask_price) / 2.0
    }

    /// Ask less bid; NaN when a side is missing.
    #[getter]
    fn spread(&self) -> f64 {
        self.ask_price - self.bid_price
    }
}

impl PyQuote {
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

/// A closed bar.
#[pyclass(frozen, get_all, name = "Bar", module = "py_rt")]
pub(crate) struct PyBarEvent {
    /// Which.
    symbol: Py<PyString>,
    /// Start of the interval, ns UTC.
    ts_open: i64,
    /// End of the interval, ns UTC.
    ts_close: i64,
    /// First price.
    open: f64,
    /// Highest price.
    high: f64,
    /// Lowest price.
    low: f64,
    /// Last price.
    close: f64,
    /// Volume.
    volume: f64,
}

impl PyBarEvent {
    pub(crate) fn new(py: Python<'_>, shared: &Shared, bar: &Bar) -> Self {
        let id = bar.instrument;
        Self {
            symbol: shared.symbol(py, id),
            ts_open: bar.ts_open.0,
            ts_close: bar.ts_close.0,
            open: shared.price(id, bar.open),
            high: shared.price(id, bar.high),
            low: shared.price(id, bar.low),
            close: shared.price(id, bar.close),
            volume: bar.volume,
        }
    }
}

/// An order of ours as it stands.
#[pyclass(frozen, get_all, name = "Order", module = "py_rt")]
pub(crate) struct PyOrder {
    /// Our id.
    client_order_id: String,
    /// Which.
    symbol: String,
    /// "buy" or "sell".
    side: &'static str,
    /// "market", "limit" or "stop".
    order_type: &'static str,
    /// "DAY", "GTC", "IOC" or "FOK".
    tif: &'static str,
    /// Total quantity.
    order_qty: f64,
    /// Executed so far.
    cum_qty: f64,
    /// What may still be executed.
    leaves_qty: f64,
    /// Limit price or None.
    limit_price: Option<f64>,
    /// Stop price or None.
    stop_price: Option<f64>,
    /// Average price of what was executed, or None.
    avg_price: Option<f64>,
    /// FIX OrdStatus name, or "Unknown".
    status: &'static str,
    /// Why it was refused, or None.
    reason: Option<String>,
    /// The tag it was sent with, or None.
    tag: Option<String>,
    /// When it was made, ns UTC.
    ts_created: i64,
    /// When it last changed, ns UTC.
    ts_updated: i64,
}

impl PyOrder {
    pub(crate) fn new(shared: &Shared, order: &Order, denial: Option<&Denial>) -> Self {
        let id = order.instrument;
        let symbol = shared
            .instruments
            .get(id.index())
            .map_or("?", |i| i.symbol());
        Self {
            client_order_id: shared.id_text(order.client_order_id),
            symbol: symbol.to_owned(),
            side: side_name(order.side),
            order_type: type_name(order.order_type),
            tif: tif_name(order.tif),
            order_qty: shared.qty(id, order.order_qty),
            cum_qty: shared.qty(id, order.cum_qty),
            leaves_qty: shared.qty(id, order.leaves_qty()),
            limit_price: order.limit_price.map(|price| shared.price(id, price)),
            stop_price: order.stop_price.map(|price| shared.price(id, price)),
            avg_price: avg_price(shared, order),
            status: status_name(order.status),
            reason: reason_text(shared, order, denial),
            tag: shared.tag(order.tag),
            ts_created: order.ts_created.0,
            ts_updated: order.ts_updated.0,
        }
    }
}

/// The word for an order type.
pub(crate) const fn type_name(order_type: OrderType) -> &'static str {
    match order_type {
        OrderType::Market => "market",
        OrderType::Limit => "limit",
        OrderType::Stop => "stop",
    }
}

/// Average price of what was executed.
pub(crate) fn avg_price(shared: &Shared, order: &Order) -> Option<f64> {
    let id = order.instrument.index();
    let unit = shared.money.get(id)?;
    let ticks = order.cum_notional.0 as f64 / 1e18 / unit / order.cum_qty.0 as f64;
    (order.cum_qty.0 > 0).then(|| ticks * shared.prices[id].value(1))
}

/// Why an order was refused, in words: the control with its limit and value where there is one.
pub(crate) fn reason_text(
    shared: &Shared,
    order: &Order,
    denial: Option<&Denial>,
) -> Option<String> {
    let reason = order.reason?;
    Some(match (reason, denial) {
        (RejectReason::Risk, Some(denial)) => {
            let name = denial.control.name();
            format!("{name}: limit {}, value {}", denial.limit, denial.value)
        }
        _ => match shared.explanation(order.client_order_id) {
            Some(explanation) => format!("{}: {explanation}", reason.name()),
            None => reason.name().to_owned(),
        },
    })
}

/// An execution of ours.
#[pyclass(frozen, get_all, name = "Fill", module = "py_rt")]
pub(crate) struct PyFill {
    /// Our order.
    client_order_id: String,
    /// The venue's id of the execution.
    exec_id: String,
    /// Which.
    symbol: String,
    /// "buy" or "sell".
    side: &'static str,
    /// Quantity of this execution.
    last_qty: f64,
    /// Price of this execution.
    last_price: f64,
    /// Fee; negative is a rebate.
    fee: f64,
    /// "maker" or "taker".
    liquidity: &'static str,
    /// When the venue says it happened, ns UTC.
    ts_event: i64,
    /// When it was seen here, ns UTC.
    ts_recv: i64,
    /// Position after it.
    position_qty: f64,
}

impl PyFill {
    pub(crate) fn new(shared: &Shared, fill: &FillEvent) -> Self {
        let id = fill.instrument;
        let symbol = shared
            .instruments
            .get(id.index())
            .map_or("?", |i| i.symbol());
        Self {
            client_order_id: shared.id_text(fill.client_order_id),
            exec_id: fill.exec_id.0.to_string(),
            symbol: symbol.to_owned(),
            side: side_name(fill.side),
            last_qty: shared.qty(id, fill.last_qty),
            last_price: shared.price(id, fill.last_price),
            fee: fill.fee.0 as f64 / 1e18,
            liquidity: liquidity_name(fill.liquidity),
            ts_event: fill.ts_event.0,
            ts_recv: fill.ts_recv.0,
            position_qty: shared.qty(id, fill.position_qty),
        }
    }
}

/// The word for a liquidity.
pub(crate) const fn liquidity_name(liquidity: Liquidity) -> &'static str {
    match liquidity {
        Liquidity::Maker => "maker",
        Liquidity::Taker => "taker",
    }
}

/// A timer rang.
#[pyclass(frozen, get_all, name = "TimerEvent", module = "py_rt")]
pub(crate) struct PyTimerEvent {
    /// The name it was set with.
    pub(crate) name: String,
    /// When it rang, ns UTC.
    pub(crate) ts: i64,
}
