//! What Binance spot cannot do, said before anything is sent.

use py_rt_types::{
    Instrument, NewOrder, OrderType, Price, Qty, RejectReason, ReplaceOrder, TimeInForce,
};

use crate::requests::Refusal;

type Verdict = Result<(), Refusal>;

const fn refuse(reason: RejectReason, text: &'static str) -> Verdict {
    Err(Refusal { reason, text })
}

/// Whether Binance can take this order at all.
///
/// `reduce_only` passes: spot has no such flag and our own risk stage keeps it.
///
/// # Errors
/// [`Refusal`] with the reason for the kernel and a line for the log.
pub fn supports(order: &NewOrder, instrument: &Instrument) -> Verdict {
    use RejectReason::{BadPrice, NotSupported};
    check_qty(order.order_qty, instrument)?;
    let (limit, stop) = (order.limit_price, order.stop_price);
    if limit.is_some() != (order.order_type == OrderType::Limit)
        || stop.is_some() != (order.order_type == OrderType::Stop)
    {
        return refuse(
            BadPrice,
            "a limit order has a limit price and a stop order a stop price",
        );
    }
    if let Some(price) = limit.or(stop) {
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

fn check_qty(qty: Qty, instrument: &Instrument) -> Verdict {
    if qty.0 <= 0 || qty < instrument.min_qty() {
        return refuse(
            RejectReason::BadQty,
            "the quantity is below the instrument's smallest order",
        );
    }
    Ok(())
}

const fn check_price(price: Price) -> Verdict {
    if price.0 <= 0 {
        return refuse(RejectReason::BadPrice, "a limit or stop price is positive");
    }
    Ok(())
}
