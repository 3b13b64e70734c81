//! What callbacks are told of our own orders, fills and timers.

use py_rt_kernel::event::{Denial, FillEvent};
use py_rt_kernel::execution::Order;
use py_rt_kernel::risk::Control;
use py_rt_kernel::signal::StrategyId;
use py_rt_types::{ClientOrderId, Liquidity, OrderType, RejectReason};
use pyo3::prelude::*;

use super::convert::{side_name, status_name, tif_name};
use super::Shared;

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
    /// The parent order that it works, or None.
    parent_id: Option<String>,
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
            parent_id: parent_text(shared, order),
            ts_created: order.ts_created.0,
            ts_updated: order.ts_updated.0,
        }
    }
}

/// The id of the parent order that an order works.
pub(crate) fn parent_text(shared: &Shared, order: &Order) -> Option<String> {
    let id = ClientOrderId::new(order.parent);
    (order.parent != 0).then(|| shared.id_text(id))
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
        (RejectReason::Risk, Some(denial)) if denial.control == Control::Warmup => {
            format!("{}: no order leaves before its end", denial.control.name())
        }
        (RejectReason::Risk, Some(denial)) => {
            let name = denial.control.name();
            let whose = match denial.strategy {
                StrategyId::ACCOUNT => "limit",
                _ => "own limit",
            };
            format!("{name}: {whose} {}, value {}", denial.limit, denial.value)
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
