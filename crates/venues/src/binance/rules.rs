//! What Binance spot cannot do, said before anything is sent.

use py_rt_types::{Instrument, NewOrder, OrderType, RejectReason, ReplaceOrder, TimeInForce};

use crate::requests::terms::{check_price, check_qty, prices_of, refuse, Verdict};
#[cfg(doc)]
use crate::requests::Refusal;

/// Whether Binance can take this order at all.
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
        (_, _, TimeInForce::Day) => refuse(
            NotSupported,
            "Binance has no DAY orders; use GTC, IOC or FOK",
        ),
        (OrderType::Limit, true, TimeInForce::Gtc) | (OrderType::Limit, false, _) => Ok(()),
        (OrderType::Limit, true, _) => refuse(
            NotSupported,
            "a post-only order rests: it is GTC at Binance, never IOC or FOK",
        ),
        (_, true, _) => refuse(NotSupported, "only limit orders can be post-only"),
        (OrderType::Market, _, TimeInForce::Fok) => refuse(
            NotSupported,
            "Binance has no fill-or-kill market orders; send a FOK limit order",
        ),
        (OrderType::Stop, _, TimeInForce::Ioc | TimeInForce::Fok) => refuse(
            NotSupported,
            "stop orders wait for their price: they are GTC at Binance",
        ),
        _ => Ok(()),
    }
}

/// Whether Binance can take this replacement at all.
///
/// An order that was executed in part cannot be replaced there: the new one would be for a quantity
/// that was chosen before the old one's last execution was known. The venue is told to refuse that.
///
/// # Errors
/// [`Refusal`] with the reason for the kernel and a line for the log.
pub fn supports_replace(order: &ReplaceOrder, instrument: &Instrument) -> Verdict {
    check_qty(order.order_qty, instrument)?;
    match order.limit_price {
        Some(price) => check_price(price),
        None => refuse(
            RejectReason::NotSupported,
            "only limit orders can be replaced at Binance; cancel and send anew",
        ),
    }
}
