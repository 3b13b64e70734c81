//! What to do next for a parent order: a function of how it and the market stand.

use alloc::vec::Vec;
use py_rt_types::{ClientOrderId, Instrument, InstrumentId, OrderStatus, Qty, UnixNanos};

use super::child::{self, Child};
use super::held::{takes, Held};
use super::{route, schedule, Algorithm, EndPolicy, Style};
use crate::execution::{Order, Orders};
use crate::market::{InstrumentMarket, Market};

/// Longest and shortest pause between two children that take from the market.
const PACE_NS_MAX: i64 = 1_000_000_000;
const PACE_NS_MIN: i64 = 10_000_000;

/// What to do next for a parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ParentStep {
    /// Nothing, until its alarm.
    Rest,
    /// Send this child.
    Send(Child),
    /// Send one child to each of these venues.
    Route(Vec<(InstrumentId, Child)>),
    /// Cancel these first.
    Cancel(Vec<ClientOrderId>),
    /// It has ended.
    End(OrderStatus),
}

/// The slices that a parent's time is cut into: their length, and how many, where that is known.
fn slices(held: &Held) -> (i64, Option<usize>) {
    match held.parent.algorithm {
        Algorithm::Pov { every_ns, .. } => (every_ns, None),
        algorithm if algorithm.is_scheduled() => {
            let count = held.sums.len();
            (schedule::slice_ns(&held.terms, count), Some(count))
        }
        _ => (i64::MAX, Some(1)),
    }
}

fn pace_ns(length: i64) -> i64 {
    (length / 4).clamp(PACE_NS_MIN, PACE_NS_MAX)
}

/// See the module. Sets the alarm at which it has to be asked again.
pub(super) fn next(
    held: &mut Held,
    now: UnixNanos,
    orders: &Orders,
    markets: &Market,
    instruments: &[Instrument],
) -> ParentStep {
    let id = held.parent.instrument;
    let (Some(market), Some(instrument)) = (markets.instrument(id), instruments.get(id.index()))
    else {
        return ParentStep::Rest;
    };
    if held.parent.is_terminal() {
        return ParentStep::Rest;
    }
    let step = if held.parent.algorithm.is_routed() {
        route::decide(held, now, orders, markets, instruments)
    } else {
        decide(held, now, orders, market, instrument)
    };
    let free = held.parent.order_qty.0 - held.parent.cum_qty.0 - held.claimed(orders);
    match step {
        // The law stands above every algorithm.
        ParentStep::Send(child) if child.order_qty.0 > free => ParentStep::Rest,
        ParentStep::Route(children) if asked(held, &children) > free => ParentStep::Rest,
        step => step,
    }
}

/// What children for several venues ask for together, in lots of the parent.
fn asked(held: &Held, children: &[(InstrumentId, Child)]) -> i64 {
    let lots = |(id, child): &(InstrumentId, Child)| {
        let lots = held.lots(*id);
        child.order_qty.0.saturating_mul(lots)
    };
    children.iter().map(lots).fold(0, i64::saturating_add)
}

fn decide(
    held: &mut Held,
    now: UnixNanos,
    orders: &Orders,
    market: &InstrumentMarket,
    instrument: &Instrument,
) -> ParentStep {
    let least = instrument.min_qty().0.max(1);
    if let Some(step) = ending(held, now, orders, least) {
        return step;
    }
    if now < held.terms.start {
        held.alarm = held.terms.start;
        return ParentStep::Rest;
    }
    match held.parent.algorithm {
        Algorithm::Stop { .. } => release(held, now, orders),
        Algorithm::Iceberg { shown_qty } => {
            show(held, now, orders, (market, instrument), shown_qty)
        }
        _ => work(held, now, orders, market, instrument),
    }
}

/// The way to the end, once that was asked for, time is over, or nothing is left to do.
pub(super) fn ending(
    held: &mut Held,
    now: UnixNanos,
    orders: &Orders,
    least: i64,
) -> Option<ParentStep> {
    let over = now >= held.terms.end && held.terms.end_policy == EndPolicy::Expire;
    if over {
        held.ending.get_or_insert(OrderStatus::Expired);
    }
    let open = held.working(orders).count();
    let free = held.parent.order_qty.0 - held.parent.cum_qty.0 - held.claimed(orders);
    let done = open == 0 && free < least;
    let asked = match held.ending {
        Some(asked) => asked,
        None if done => OrderStatus::Expired,
        None => return None,
    };
    if open == 0 {
        return Some(ParentStep::End(super::ended_as(&held.parent, asked)));
    }
    held.alarm = UnixNanos::MAX;
    Some(cancel(held, orders, |_| true).unwrap_or(ParentStep::Rest))
}

/// The cancels of children that have none yet.
fn cancel(held: &Held, orders: &Orders, which: impl Fn(&Order) -> bool) -> Option<ParentStep> {
    let working = held.working(orders);
    let working = working.filter(|order| !order.cancel_requested && which(order));
    let ids: Vec<ClientOrderId> = working.map(|order| order.client_order_id).collect();
    (!ids.is_empty()).then_some(ParentStep::Cancel(ids))
}

/// A stop: one order for all that is free, once the market has reached it.
fn release(held: &mut Held, now: UnixNanos, orders: &Orders) -> ParentStep {
    let free = held.parent.order_qty.0 - held.parent.cum_qty.0 - held.claimed(orders);
    held.alarm = held.terms.end;
    if !held.triggered || free <= 0 {
        return ParentStep::Rest;
    }
    if now < held.not_before {
        held.alarm = held.not_before.min(held.terms.end);
        return ParentStep::Rest;
    }
    let (qty, tif) = (Qty(free), held.terms.tif);
    ParentStep::Send(match held.parent.limit_price {
        Some(price) => Child::limit(qty, price, tif),
        None => Child {
            tif,
            ..Child::market(qty)
        },
    })
}

/// An iceberg: the next part, once nothing is shown.
fn show(
    held: &mut Held,
    now: UnixNanos,
    orders: &Orders,
    (market, instrument): (&InstrumentMarket, &Instrument),
    shown_qty: Qty,
) -> ParentStep {
    held.alarm = held.terms.end;
    let (limit, over) = (held.parent.limit_price, now >= held.terms.end);
    let stale = |order: &Order| order.limit_price != limit || over && !takes(order);
    if let Some(step) = cancel(held, orders, stale) {
        return step;
    }
    if held.working(orders).next().is_some() {
        return ParentStep::Rest;
    }
    if now < held.not_before {
        held.alarm = held.not_before.min(held.terms.end);
        return ParentStep::Rest;
    }
    let free = held.parent.order_qty.0 - held.parent.cum_qty.0 - held.claimed(orders);
    // A rest that would be too small to be shown is shown with the part before it.
    let least = instrument.min_qty().0.max(1);
    let part = if free - shown_qty.0 < least {
        free
    } else {
        shown_qty.0.max(least)
    };
    let child = match (over, limit) {
        (true, _) => {
            held.not_before = now.plus(PACE_NS_MAX);
            child::take(held, market, instrument, Qty(free))
        }
        (false, Some(price)) => Some(Child::limit(Qty(part.min(free)), price, None)),
        (false, None) => None,
    };
    match child {
        Some(child) => ParentStep::Send(child),
        None => {
            held.alarm = now.plus(PACE_NS_MAX);
            ParentStep::Rest
        }
    }
}

/// A schedule or a share of the volume.
fn work(
    held: &mut Held,
    now: UnixNanos,
    orders: &Orders,
    market: &InstrumentMarket,
    instrument: &Instrument,
) -> ParentStep {
    let (length, count) = slices(held);
    let slice = schedule::slice_at(&held.terms, length, count, now);
    look(held, slice, now);
    let began = schedule::begin(&held.terms, length, slice);
    let over = now >= held.terms.end;
    let limit = child::bound(held, market, instrument);
    let stale = |order: &Order| {
        let worse = match (&limit, order.limit_price) {
            (child::Bound::At(limit), Some(price)) => (price.0 - limit.0) * order.side.sign() > 0,
            _ => false,
        };
        !takes(order) && (order.ts_created < began || over || worse)
    };
    if let Some(step) = cancel(held, orders, stale) {
        return step;
    }
    held.alarm = if over {
        UnixNanos::MAX
    } else {
        schedule::begin(&held.terms, length, slice.saturating_add(1)).min(held.terms.end)
    };
    let committed = held.parent.cum_qty.0.saturating_add(held.claimed(orders));
    let free = held.due.0 - committed;
    let least = instrument.min_qty().0.max(1);
    let whole = held.due == held.parent.order_qty;
    if free < least || (free < held.terms.min_child_qty.0 && !whole) {
        return ParentStep::Rest;
    }
    if now < held.not_before {
        held.alarm = held.alarm.min(held.not_before);
        return ParentStep::Rest;
    }
    let late = match held.terms.style {
        Style::Aggressive => free,
        Style::Passive if over => free,
        Style::Passive if held.terms.catch_up => {
            // What rests for this slice is not for those before it.
            let fresh = held.working(orders);
            let fresh = fresh.filter(|order| !takes(order) && order.ts_created >= began);
            let resting: i64 = fresh.map(|order| order.leaves_qty().0).sum();
            (held.overdue.0 - (committed - resting)).clamp(0, free)
        }
        Style::Passive => 0,
    };
    let child = if late >= least {
        held.not_before = now.plus(pace_ns(length));
        child::take(held, market, instrument, Qty(late))
    } else {
        child::rest(held, market, instrument, Qty(free))
    };
    match child {
        Some(child) => ParentStep::Send(child),
        None => {
            held.alarm = held.alarm.min(now.plus(pace_ns(length)));
            ParentStep::Rest
        }
    }
}

/// Brings what is due, and what of that since earlier slices, up to date.
fn look(held: &mut Held, slice: i64, now: UnixNanos) {
    let (qty, min_child) = (held.parent.order_qty, held.terms.min_child_qty);
    let before = held.due;
    let scheduled = |slice| schedule::due(&held.sums, qty, min_child, slice);
    let (due, earlier) = match held.parent.algorithm {
        Algorithm::Pov {
            participation_bps, ..
        } => {
            // What is due is looked at with each slice, not with every report.
            if slice > held.slice {
                let share = schedule::share(held.volume, participation_bps, qty);
                (share, before)
            } else {
                (before.min(qty), held.overdue.min(qty))
            }
        }
        _ => (scheduled(slice), scheduled(slice - 1)),
    };
    let over = now >= held.terms.end;
    held.due = if over { qty } else { due };
    held.overdue = if over { qty } else { earlier };
    if slice > held.slice || over {
        let behind = earlier.0 - held.parent.cum_qty.0;
        held.parent.behind_max = held.parent.behind_max.max(Qty(behind));
        held.slice = slice;
    }
}
