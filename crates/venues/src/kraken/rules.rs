//! What Kraken spot cannot do, said before anything is sent.

use py_rt_types::{Instrument, NewOrder, OrderType, RejectReason, ReplaceOrder, TimeInForce};

use crate::requests::terms::{check_price, check_qty, prices_of, refuse, Verdict};
#[cfg(doc)]
use crate::requests::Refusal;

/// Whether Kraken can take this order at all.
///
/// `reduce_only` passes: spot has no such flag without margin and our own risk stage keeps it.
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
        (_, _, TimeInForce::Day | TimeInForce::Fok) => refuse(
            NotSupported,
            "Kraken has no DAY and no fill-or-kill orders; use GTC or IOC",
        ),
        (OrderType::Limit, true, TimeInForce::Ioc) => refuse(
            NotSupported,
            "a post-only order rests: it is GTC at Kraken, never IOC",
        ),
        (OrderType::Limit, ..) => Ok(()),
        (_, true, _) => refuse(NotSupported, "only limit orders can be post-only"),
        (OrderType::Stop, _, TimeInForce::Ioc) => refuse(
            NotSupported,
            "stop orders wait for their price: they are GTC at Kraken",
        ),
        _ => Ok(()),
    }
}

/// Whether Kraken can take this replacement at all.
///
/// # Errors
/// [`Refusal`] with the reason for the kernel and a line for the log.
pub fn supports_replace(order: &ReplaceOrder, instrument: &Instrument) -> Verdict {
    check_qty(order.order_qty, instrument)?;
    match order.limit_price {
        Some(price) => check_price(price),
        None => refuse(
            RejectReason::NotSupported,
            "only limit orders can be replaced at Kraken; cancel and send anew",
        ),
    }
}
