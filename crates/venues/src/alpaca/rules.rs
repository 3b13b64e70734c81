//! What Alpaca cannot do, said before anything is sent.

use py_rt_types::{
    AssetClass, Decimal, Instrument, NewOrder, OrderType, Price, Qty, RejectReason, ReplaceOrder,
    TimeInForce,
};

use crate::requests::terms::{self, prices_of, refuse, Verdict};
#[cfg(doc)]
use crate::requests::Refusal;

/// Whether Alpaca can take this order at all.
///
/// `reduce_only` passes: Alpaca has no such flag and our own risk stage keeps it.
///
/// # Errors
/// [`Refusal`] with the reason for the kernel and a line for the log.
pub fn supports(order: &NewOrder, instrument: &Instrument) -> Verdict {
    use RejectReason::NotSupported;
    if order.post_only {
        return refuse(
            NotSupported,
            "there are no post-only orders at this venue; send a plain limit order",
        );
    }
    check_qty(order.order_qty, instrument)?;
    for price in prices_of(order)? {
        check_price(price, instrument)?;
    }
    match instrument.spec().asset_class {
        AssetClass::Crypto => check_crypto(order),
        AssetClass::Equity => check_equity(order, instrument),
        _ => refuse(NotSupported, "Alpaca trades equities and crypto only"),
    }
}

/// Whether Alpaca can take this replacement at all.
///
/// # Errors
/// [`Refusal`] with the reason for the kernel and a line for the log.
pub fn supports_replace(order: &ReplaceOrder, instrument: &Instrument) -> Verdict {
    if order.venue_order_id.0 == 0 {
        return refuse(
            RejectReason::UnknownOrder,
            "a replace names the venue's order id; query the order first",
        );
    }
    check_qty(order.order_qty, instrument)?;
    match order.limit_price {
        Some(price) => check_price(price, instrument),
        None => Ok(()),
    }
}

fn check_qty(qty: Qty, instrument: &Instrument) -> Verdict {
    terms::check_qty(qty, instrument)?;
    match instrument.qty_decimal(qty) {
        Ok(qty) if qty.scale() <= 9 => Ok(()),
        _ => refuse(
            RejectReason::BadQty,
            "Alpaca takes quantities of at most 9 decimals",
        ),
    }
}

fn check_price(price: Price, instrument: &Instrument) -> Verdict {
    use RejectReason::BadPrice;
    terms::check_price(price)?;
    let Ok(decimal) = instrument.price_decimal(price) else {
        return refuse(BadPrice, "the price does not fit its integer");
    };
    if instrument.spec().asset_class != AssetClass::Equity {
        return Ok(());
    }
    let places = if is_below_one(decimal) { 4 } else { 2 };
    if decimal.scale() > places {
        return refuse(
            BadPrice,
            "stock prices have at most 2 decimals from 1.00 up and 4 below",
        );
    }
    Ok(())
}

fn is_below_one(value: Decimal) -> bool {
    10i128
        .checked_pow(value.scale())
        .is_some_and(|one| value.mantissa() < one)
}

const fn check_crypto(order: &NewOrder) -> Verdict {
    use RejectReason::NotSupported;
    if matches!(order.order_type, OrderType::Stop) && order.limit_price.is_none() {
        return refuse(
            NotSupported,
            "crypto stops have a limit at Alpaca; give one, or let the kernel hold the stop",
        );
    }
    match order.tif {
        TimeInForce::Gtc | TimeInForce::Ioc => Ok(()),
        _ => refuse(
            NotSupported,
            "crypto orders are GTC or IOC; DAY and FOK are refused",
        ),
    }
}

fn check_equity(order: &NewOrder, instrument: &Instrument) -> Verdict {
    use RejectReason::NotSupported;
    let fractional = instrument
        .qty_decimal(order.order_qty)
        .is_ok_and(|qty| qty.scale() > 0);
    if fractional && order.tif != TimeInForce::Day {
        return refuse(NotSupported, "fractional stock orders are DAY only");
    }
    let patient = matches!(order.tif, TimeInForce::Day | TimeInForce::Gtc);
    if order.order_type == OrderType::Stop && !patient {
        return refuse(NotSupported, "stop orders are DAY or GTC");
    }
    Ok(())
}
