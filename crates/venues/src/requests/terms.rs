//! Terms of orders, as every venue sees them: what holds anywhere, and amounts as text.

use alloc::vec::Vec;
use core::fmt::{self, Write as _};

use py_rt_types::{Decimal, Instrument, NewOrder, OrderType, Price, Qty, RejectReason, TypeError};

use super::Refusal;
use crate::symbols::Listing;

/// Whether a venue can take something.
pub(crate) type Verdict = Result<(), Refusal>;

pub(crate) const fn refuse(reason: RejectReason, text: &'static str) -> Verdict {
    Err(Refusal { reason, text })
}

/// The order is about something that is not in this run.
pub(crate) const NOT_LISTED: Refusal = Refusal {
    reason: RejectReason::NotSupported,
    text: "the instrument is not traded at this venue in this run; add it to the configuration",
};

const fn too_large(_: TypeError) -> Refusal {
    Refusal {
        reason: RejectReason::BadQty,
        text: "the number does not fit its integer",
    }
}

/// A quantity that an order may have at all.
pub(crate) fn check_qty(qty: Qty, instrument: &Instrument) -> Verdict {
    if qty.0 <= 0 || qty < instrument.min_qty() {
        return refuse(
            RejectReason::BadQty,
            "the quantity is below the instrument's smallest order",
        );
    }
    Ok(())
}

/// A price that an order may have at all.
pub(crate) const fn check_price(price: Price) -> Verdict {
    if price.0 <= 0 {
        return refuse(RejectReason::BadPrice, "a limit or stop price is positive");
    }
    Ok(())
}

/// The prices of an order: a limit order's limit, a stop order's stop and, where it has one, the
/// limit of what it becomes; none of a market order.
pub(crate) fn prices_of(order: &NewOrder) -> Result<impl Iterator<Item = Price>, Refusal> {
    let (limit, stop) = (order.limit_price, order.stop_price);
    let fits = match order.order_type {
        OrderType::Market => limit.is_none() && stop.is_none(),
        OrderType::Limit => limit.is_some() && stop.is_none(),
        OrderType::Stop => stop.is_some(),
    };
    if !fits {
        return Err(Refusal {
            reason: RejectReason::BadPrice,
            text: "a limit order has a limit price and a stop order a stop price",
        });
    }
    Ok(limit.into_iter().chain(stop))
}

struct Text<'a>(&'a mut Vec<u8>);

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

fn push(decimal: Result<Decimal, TypeError>, out: &mut Vec<u8>) -> Verdict {
    let decimal = decimal.map_err(too_large)?;
    write!(Text(out), "{decimal}").map_err(|_| NOT_LISTED)
}

/// Writes a quantity in units.
pub(crate) fn push_qty(listing: &Listing, qty: Qty, out: &mut Vec<u8>) -> Verdict {
    push(listing.instrument().qty_decimal(qty), out)
}

/// Writes a price in money.
pub(crate) fn push_price(listing: &Listing, price: Price, out: &mut Vec<u8>) -> Verdict {
    push(listing.instrument().price_decimal(price), out)
}
