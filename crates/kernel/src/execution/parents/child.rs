//! Price and quantity of the next child.

use py_rt_types::{Instrument, OrderType, Price, Qty, Side, TimeInForce};

use super::held::{tighter, Held};
use super::Benchmark;
use crate::market::InstrumentMarket;

/// A child that may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Child {
    pub(crate) order_qty: Qty,
    pub(crate) order_type: OrderType,
    pub(crate) limit_price: Option<Price>,
    /// By default DAY where the venue has sessions, else GTC.
    pub(crate) tif: Option<TimeInForce>,
}

impl Child {
    pub(super) const fn market(order_qty: Qty) -> Self {
        Self {
            order_qty,
            order_type: OrderType::Market,
            limit_price: None,
            tif: None,
        }
    }

    pub(super) const fn limit(order_qty: Qty, price: Price, tif: Option<TimeInForce>) -> Self {
        Self {
            order_qty,
            order_type: OrderType::Limit,
            limit_price: Some(price),
            tif,
        }
    }
}

/// What prices a child may have.
pub(super) enum Bound {
    /// Any.
    None,
    /// This or better.
    At(Price),
    /// The benchmark is not known: nothing may be sent.
    Unknown,
}

/// The limit price and the protection against slippage together.
pub(super) fn bound(held: &Held, market: &InstrumentMarket, instrument: &Instrument) -> Bound {
    let (parent, terms) = (&held.parent, &held.terms);
    let side = parent.side;
    let protected = match terms.max_slippage_bps {
        None => None,
        Some(bps) => {
            let twice = match terms.benchmark {
                Benchmark::Arrival => parent.arrival,
                Benchmark::Mid => market.mark().map_or(0, |(mark, _)| mark),
            };
            if twice <= 0 {
                return Bound::Unknown;
            }
            let share = 10_000 + i128::from(side.sign()) * i128::from(bps);
            let scaled = i128::from(twice) * share;
            let down = scaled.div_euclid(20_000);
            let up = i128::from(side == Side::Sell && down * 20_000 != scaled);
            i64::try_from(down + up).ok().map(Price)
        }
    };
    match tighter(side, parent.limit_price, protected) {
        None => Bound::None,
        Some(price) => Bound::At(to_us(instrument, side, price)),
    }
}

/// The nearest price on the order tick that is no worse for us.
pub(super) fn to_us(instrument: &Instrument, side: Side, price: Price) -> Price {
    match side {
        Side::Buy => instrument.floor_price(price),
        Side::Sell => instrument.ceil_price(price),
    }
}

pub(super) const fn allows(side: Side, bound: &Bound, price: Price) -> bool {
    match bound {
        Bound::None => true,
        Bound::Unknown => false,
        Bound::At(limit) => (price.0 - limit.0) * side.sign() <= 0,
    }
}

/// A child that takes what the far side shows within the bound, at most `qty`. `None` when there
/// is nothing. Without a book the venue's next price is taken.
pub(super) fn take(
    held: &Held,
    market: &InstrumentMarket,
    instrument: &Instrument,
    qty: Qty,
) -> Option<Child> {
    let side = held.parent.side;
    let bound = bound(held, market, instrument);
    let Some(book) = market.book() else {
        return match bound {
            Bound::None => Some(Child::market(qty)),
            Bound::At(price) => Some(Child::limit(qty, price, Some(TimeInForce::Ioc))),
            Bound::Unknown => None,
        };
    };
    if !market.valid() {
        return None;
    }
    let (mut shown, mut worst) = (0i64, None);
    book.visit(side.opposite(), |level| {
        let price = match side {
            Side::Buy => instrument.ceil_price(level.price),
            Side::Sell => instrument.floor_price(level.price),
        };
        if !allows(side, &bound, price) {
            return false;
        }
        worst = Some(price);
        shown = shown.saturating_add(level.qty.0);
        shown < qty.0
    });
    let qty = Qty(qty.0.min(shown));
    let least = instrument.min_qty().0.max(1);
    worst
        .filter(|_| qty.0 >= least)
        .map(|price| Child::limit(qty, price, Some(TimeInForce::Ioc)))
}

/// A child that rests at the near side, or at the bound where that is farther away.
pub(super) fn rest(
    held: &Held,
    market: &InstrumentMarket,
    instrument: &Instrument,
    qty: Qty,
) -> Option<Child> {
    let side = held.parent.side;
    let bound = bound(held, market, instrument);
    let near = match (market.touch(), side) {
        _ if !market.valid() => None,
        (Some((bid, _)), Side::Buy) => Some(bid),
        (Some((_, ask)), Side::Sell) => Some(ask),
        (None, _) => None,
    };
    let limit = match bound {
        Bound::Unknown => return None,
        Bound::None => None,
        Bound::At(price) => Some(price),
    };
    match tighter(side, near, limit) {
        Some(price) => Some(Child::limit(qty, to_us(instrument, side, price), None)),
        None if market.book().is_none() => Some(Child::market(qty)),
        None => None,
    }
}
