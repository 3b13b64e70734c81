//! Smart routing: a parent that takes what the venues of its product show, the cheapest first.
//!
//! A look splits what is free over the venues that count and sends one child to each that has none
//! under way. A venue whose child is under way keeps its share of the split until that child has
//! ended; one whose child is unknown, that refused lately, or whose book does not count, has none.

use alloc::vec::Vec;
use py_rt_types::{Instrument, InstrumentId, OrderStatus, Price, Side, TimeInForce, UnixNanos};

use super::child::{self, allows, Bound, Child};
use super::held::Held;
use super::split::{split, Offer};
use super::step::{ending, ParentStep};
use super::{Algorithm, PAUSE_NS};
use crate::execution::Orders;
use crate::market::Market;

/// One venue of a parent that is routed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leg {
    /// The instrument there.
    pub(crate) instrument: InstrumentId,
    /// Lots of the parent in one lot of it.
    pub(crate) lots: i64,
    /// No child leaves for it before.
    pub(crate) not_before: UnixNanos,
    /// How often in a row a child for it was refused.
    pub(crate) refusals: u8,
}

/// How children of a parent stand at one venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// A child may leave.
    Idle,
    /// A child of this many lots is under way, or one left just now.
    Busy(i64),
    /// Nothing may.
    Out,
}

/// The venues of a parent that is routed, or `None` where it does not count in the finest lots.
pub(super) fn legs(instrument: InstrumentId, market: &Market) -> Option<Vec<Leg>> {
    let listings = market.listings();
    let leg = |&id: &InstrumentId| Leg {
        instrument: id,
        lots: listings.lots(id),
        not_before: UnixNanos::MIN,
        refusals: 0,
    };
    let members = listings.members(&instrument);
    (listings.lots(instrument) == 1).then(|| members.iter().map(leg).collect())
}

/// The smallest order of any venue, in lots of the parent.
pub(super) fn least(held: &Held, instruments: &[Instrument]) -> i64 {
    let leg = |leg: &Leg| {
        let instrument = instruments.get(leg.instrument.index());
        let least = instrument.map_or(1, |i| i.min_qty().0.max(1));
        least.saturating_mul(leg.lots)
    };
    held.legs.iter().map(leg).min().unwrap_or(1)
}

/// See the module.
pub(super) fn decide(
    held: &mut Held,
    now: UnixNanos,
    orders: &Orders,
    market: &Market,
    instruments: &[Instrument],
) -> ParentStep {
    if let Some(step) = ending(held, now, orders, least(held, instruments)) {
        return step;
    }
    if now < held.terms.start {
        held.alarm = held.terms.start;
        return ParentStep::Rest;
    }
    held.alarm = now.plus(PAUSE_NS);
    if now < held.terms.end {
        held.alarm = held.alarm.min(held.terms.end);
    }
    let free = held.parent.order_qty.0 - held.parent.cum_qty.0 - held.claimed(orders);
    let mut offers: Vec<Offer> = Vec::with_capacity(held.legs.len());
    let mut standings = Vec::with_capacity(held.legs.len());
    for leg in &held.legs {
        let standing = standing(held, leg, now, orders);
        let view = (standing, now);
        offers.push(offer(held, leg, view, free, market, instruments).unwrap_or_default());
        standings.push(standing);
    }
    let shares = split(&offers, free);
    let mut children = Vec::with_capacity(shares.len());
    for share in shares {
        let leg = &held.legs[share.place];
        if standings[share.place] == Standing::Idle {
            let child = Child::limit(share.qty, share.limit, Some(TimeInForce::Ioc));
            children.push((leg.instrument, child));
        }
    }
    let waits = held.legs.iter().map(|leg| leg.not_before);
    let next = waits.filter(|at| *at > now).min();
    held.alarm = held.alarm.min(next.unwrap_or(UnixNanos::MAX));
    if children.is_empty() {
        return ParentStep::Rest;
    }
    ParentStep::Route(children)
}

fn standing(held: &Held, leg: &Leg, now: UnixNanos, orders: &Orders) -> Standing {
    let mut under_way = 0i64;
    let mut any = false;
    for order in held.working(orders) {
        if order.instrument != leg.instrument {
            continue;
        }
        if order.status == OrderStatus::Unknown {
            return Standing::Out;
        }
        under_way = under_way.saturating_add(order.leaves_qty().0);
        any = true;
    }
    match (any, now < leg.not_before) {
        (_, true) if leg.refusals > 0 => Standing::Out,
        (false, false) => Standing::Idle,
        _ => Standing::Busy(under_way),
    }
}

/// What a venue offers within the parent's limits; what is under way counts as taken.
fn offer(
    held: &Held,
    leg: &Leg,
    (standing, now): (Standing, UnixNanos),
    free: i64,
    market: &Market,
    instruments: &[Instrument],
) -> Option<Offer> {
    let Algorithm::Route {
        max_age_ns,
        latency_cost_bps,
        ..
    } = held.parent.algorithm
    else {
        return None;
    };
    let mut gone = match standing {
        Standing::Out => return None,
        Standing::Idle => 0,
        Standing::Busy(lots) => lots,
    };
    let id = leg.instrument;
    let instrument = instruments.get(id.index())?;
    if !market.is_counted(id, now, max_age_ns) {
        return None;
    }
    let side = held.parent.side;
    let bound = bound_at(held, market, instruments, instrument)?;
    let listings = market.listings();
    let order_ns = listings.order_ns(id);
    // Basis points for a second, in parts of 1e-9 for the nanoseconds that an order takes.
    let late_e9 = i128::from(order_ns) * i128::from(latency_cost_bps) / 10_000;
    let smallest = held.terms.min_child_qty.0.min(free);
    let smallest = (smallest + leg.lots - 1) / leg.lots;
    let mut offer = Offer {
        lots: leg.lots,
        least: instrument.min_qty().0.max(1).max(smallest),
        least_value: instrument.min_notional(),
        tick_value: instrument.tick_value(),
        order_ns,
        levels: Vec::new(),
    };
    let mut wanted = free / leg.lots;
    market
        .instrument(id)?
        .book()?
        .visit(side.opposite(), |level| {
            let limit = match side {
                Side::Buy => instrument.ceil_price(level.price),
                Side::Sell => instrument.floor_price(level.price),
            };
            let cost = listings.cost(instrument, id, (side, level.price), late_e9);
            let (true, Some(cost)) = (allows(side, &bound, limit), cost) else {
                return false;
            };
            let left = level.qty.0 - gone.min(level.qty.0);
            gone -= level.qty.0 - left;
            if left > 0 {
                offer.levels.push((cost, limit, left));
            }
            wanted = wanted.saturating_sub(left);
            wanted > 0
        });
    Some(offer)
}

/// The parent's bound in the ticks of one venue, on the order tick and no worse for us.
fn bound_at(
    held: &Held,
    market: &Market,
    instruments: &[Instrument],
    there: &Instrument,
) -> Option<Bound> {
    let id = held.parent.instrument;
    let (own, book) = (instruments.get(id.index())?, market.instrument(id)?);
    let price = match child::bound(held, book, own) {
        Bound::At(price) => price,
        Bound::None => return Some(Bound::None),
        Bound::Unknown => return None,
    };
    let atto = own.price_decimal(price).and_then(|p| p.to_atto()).ok()?;
    let tick = there.spec().tick_size.to_atto().ok()?;
    let (down, rest) = (atto.div_euclid(tick), atto.rem_euclid(tick));
    let side = held.parent.side;
    let ticks = down + i128::from(side == Side::Sell && rest != 0);
    let price = Price(i64::try_from(ticks).ok()?);
    Some(Bound::At(child::to_us(there, side, price)))
}

impl Held {
    /// The venue of an instrument, where the parent is routed.
    pub(super) fn leg_mut(&mut self, instrument: InstrumentId) -> Option<&mut Leg> {
        let mut legs = self.legs.iter_mut();
        legs.find(|leg| leg.instrument == instrument)
    }

    /// Lots of the parent in one lot of an instrument that it works.
    pub(super) fn lots(&self, instrument: InstrumentId) -> i64 {
        let leg = self.legs.iter().find(|leg| leg.instrument == instrument);
        leg.map_or(1, |leg| leg.lots)
    }

    /// Whether a book that changed may let a child leave: its best price is one to take.
    pub(super) fn may_take(
        &self,
        now: UnixNanos,
        instrument: InstrumentId,
        market: &Market,
        instruments: &[Instrument],
    ) -> bool {
        let leg = self.legs.iter().find(|leg| leg.instrument == instrument);
        let due = leg.is_some_and(|leg| now >= leg.not_before) && now >= self.terms.start;
        if !due || self.ending.is_some() {
            return false;
        }
        let side = self.parent.side;
        let best = market.instrument(instrument).and_then(|m| m.book());
        let best = best.and_then(|book| book.best(side.opposite()));
        let (Some(best), Some(there)) = (best, instruments.get(instrument.index())) else {
            return false;
        };
        let bound = bound_at(self, market, instruments, there);
        bound.is_some_and(|bound| allows(side, &bound, best))
    }
}
