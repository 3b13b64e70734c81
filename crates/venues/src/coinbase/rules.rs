//! What Coinbase cannot do, said before anything is sent.

use py_rt_types::{Instrument, NewOrder, OrderType, RejectReason, ReplaceOrder, TimeInForce};

use crate::requests::terms::{check_price, check_qty, prices_of, refuse, Verdict};
#[cfg(doc)]
use crate::requests::Refusal;

/// Whether Coinbase can take this order at all.
///
/// `reduce_only` passes: spot has no such flag and our own risk stage keeps it.
///
/// # Errors
/// [`Refusal`] with the reason for the kernel and a line for the log.
pub fn supports(order: &NewOrder, instrument: &Instrument) -> Verdict {
    use RejectReason::NotSupported;
    check_qty(order.order_qty, instrument)?;
    for price in prices_of(order)? {
        check_price(price)?;
    }
    match (order.order_type, order.post_only, order.tif) {
        (OrderType::Stop, ..) if order.limit_price.is_none() => refuse(
            NotSupported,
            "stop orders have a limit at Coinbase; give one, or let the kernel hold the stop",
        ),
        (OrderType::Stop, true, _) => refuse(NotSupported, "a stop order cannot be post-only"),
        (OrderType::Stop, _, TimeInForce::Ioc | TimeInForce::Fok) => refuse(
            NotSupported,
            "stop orders wait for their price: they are GTC at Coinbase",
        ),
        (_, _, TimeInForce::Day) => refuse(
            NotSupported,
            "Coinbase has no DAY orders; use GTC, IOC or FOK",
        ),
        (OrderType::Market, true, _) => refuse(NotSupported, "only limit orders can be post-only"),
        (OrderType::Market, _, TimeInForce::Fok) => refuse(
            NotSupported,
            "market orders are IOC at Coinbase spot, never fill-or-kill",
        ),
        (OrderType::Limit, true, TimeInForce::Ioc | TimeInForce::Fok) => refuse(
            NotSupported,
            "a post-only order rests: it is GTC at Coinbase",
        ),
        _ => Ok(()),
    }
}

/// Whether Coinbase can take this replacement at all.
///
/// # Errors
/// [`Refusal`] with the reason for the kernel and a line for the log.
pub fn supports_replace(order: &ReplaceOrder, instrument: &Instrument) -> Verdict {
    check_qty(order.order_qty, instrument)?;
    if order.venue_order_id.0 == 0 {
        return refuse(
            RejectReason::UnknownOrder,
            "a replace names the venue's order id; query the order first",
        );
    }
    match order.limit_price {
        Some(price) => check_price(price),
        None => refuse(
            RejectReason::NotSupported,
            "only limit orders can be edited at Coinbase; cancel and send anew",
        ),
    }
}
