//! A parent order with everything that working it needs.

use alloc::vec::Vec;
use py_rt_types::{
    ClientOrderId, InstrumentId, OrderStatus, Price, Qty, RejectReason, Side, TimeInForce,
    UnixNanos,
};

use super::route::{self, Leg};
use super::schedule;
use super::{Algorithm, Parent, ParentRequest, ParentTerms};
use crate::execution::{Order, Orders};
use crate::market::Market;

/// First pause after a refused child; it doubles with each.
const PAUSE_NS: i64 = 1_000_000_000;
/// The longest is 64 times the first.
const DOUBLINGS_MAX: u8 = 6;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) parent: Parent,
    pub(crate) terms: ParentTerms,
    /// Cumulative weights of a schedule.
    pub(crate) sums: Vec<u64>,
    /// Children that have not ended, or that may yet turn out to have executed something.
    pub(crate) live: Vec<u64>,
    /// The state to end in, once that was asked for or time is over.
    pub(crate) ending: Option<OrderStatus>,
    /// Traded volume that was seen since the start, in lots.
    pub(crate) volume: i64,
    /// The slice of the last look, what was due then, and what of earlier slices.
    pub(crate) slice: i64,
    pub(crate) due: Qty,
    pub(crate) overdue: Qty,
    /// The market reached the stop.
    pub(crate) triggered: bool,
    /// No child leaves before.
    pub(crate) not_before: UnixNanos,
    pub(crate) refusals: u8,
    /// When it must be looked at.
    pub(crate) alarm: UnixNanos,
    /// What it holds back and counts as exposure.
    pub(crate) held_qty: Qty,
    /// The venues that it goes to, where it is routed.
    pub(crate) legs: Vec<Leg>,
}

impl Held {
    /// A parent that has sent nothing, or why there cannot be one.
    pub(super) fn try_new(
        parent: Parent,
        request: &ParentRequest,
        markets: &Market,
    ) -> Result<Self, RejectReason> {
        let terms = request.terms;
        let sums = check(request)?;
        let Some(market) = markets.instrument(request.instrument) else {
            return Err(RejectReason::NotSupported);
        };
        let legs = if request.algorithm.is_routed() {
            route::legs(request.instrument, markets).ok_or(RejectReason::NotSupported)?
        } else {
            Vec::new()
        };
        let mut held = Self {
            parent,
            terms,
            sums,
            live: Vec::new(),
            ending: None,
            volume: 0,
            slice: -1,
            due: Qty::ZERO,
            overdue: Qty::ZERO,
            triggered: false,
            not_before: UnixNanos::MIN,
            refusals: 0,
            alarm: parent.ts_created.max(terms.start),
            held_qty: Qty::ZERO,
            legs,
        };
        held.parent.arrival = market.mark().map_or(0, |(mark, _)| mark);
        if held.parent.algorithm.is_stop() {
            held.alarm = terms.end;
            held.begin_trail(market);
        }
        Ok(held)
    }

    pub(super) const fn is_worked(&self) -> bool {
        !self.parent.is_terminal()
    }

    /// Whether it still works an instrument.
    pub(crate) fn concerns(&self, instrument: InstrumentId) -> bool {
        let routed = self.legs.iter().any(|leg| leg.instrument == instrument);
        self.is_worked() && (routed || self.parent.instrument == instrument)
    }

    /// Whether every trade has to be shown to it.
    pub(super) fn watches(&self) -> bool {
        let waits = self.parent.algorithm.is_stop() && !self.triggered;
        let looks = matches!(
            self.parent.algorithm,
            Algorithm::Pov { .. } | Algorithm::Route { .. }
        );
        waits || looks
    }

    /// Counts volume that traded since the start.
    pub(super) fn see_volume(&mut self, ts_event: UnixNanos, lots: i64) {
        if ts_event >= self.terms.start && ts_event >= self.parent.ts_created {
            self.volume = self.volume.saturating_add(lots.max(0));
        }
    }

    /// What a child may yet turn out to have executed beyond what was booked.
    fn claim(order: &Order) -> i64 {
        let whole = (order.order_qty.0 - order.cum_qty.0).max(0);
        if order.is_disowned() {
            whole
        } else {
            order.leaves_qty().0
        }
    }

    /// [`Held::claim`] in lots of the parent.
    fn claim_here(&self, order: &Order) -> i64 {
        Self::claim(order).saturating_mul(self.lots(order.instrument))
    }

    /// What all children may yet execute.
    pub(super) fn claimed(&self, orders: &Orders) -> i64 {
        let live = self.live.iter();
        let live = live.filter_map(|&sequence| orders.find(ClientOrderId::new(sequence)));
        live.map(|order| self.claim_here(order))
            .fold(0, i64::saturating_add)
    }

    /// Children that the venue works, or may.
    pub(super) fn working<'a>(&'a self, orders: &'a Orders) -> impl Iterator<Item = &'a Order> {
        let live = self.live.iter();
        live.filter_map(|&sequence| orders.find_open(ClientOrderId::new(sequence)))
    }

    /// The state to end in, when its end was asked for and no child is open.
    pub(crate) fn idle_end(&self, orders: &Orders) -> Option<OrderStatus> {
        let asked = self.ending?;
        let idle = self.working(orders).next().is_none();
        idle.then(|| super::ended_as(&self.parent, asked))
    }

    /// The ids of the children that the venue works, or may.
    pub(crate) fn working_ids(&self, orders: &Orders) -> Vec<ClientOrderId> {
        let working = self.working(orders);
        working.map(|order| order.client_order_id).collect()
    }

    /// A child was sent.
    pub(crate) fn note_sent(&mut self, now: UnixNanos, sequence: u64, instrument: InstrumentId) {
        self.live.push(sequence);
        self.parent.children = self.parent.children.saturating_add(1);
        self.refusals = 0;
        if let Algorithm::Route { every_ns, .. } = self.parent.algorithm {
            let leg = self.leg_mut(instrument);
            leg.into_iter()
                .for_each(|leg| leg.not_before = now.plus(every_ns));
        }
    }

    /// A child was refused: it is tried again after a pause that doubles, at this venue.
    pub(crate) fn note_refused(&mut self, now: UnixNanos, instrument: InstrumentId) {
        let (refusals, not_before) = match self
            .legs
            .iter_mut()
            .find(|leg| leg.instrument == instrument)
        {
            Some(leg) => (&mut leg.refusals, &mut leg.not_before),
            None => (&mut self.refusals, &mut self.not_before),
        };
        *not_before = now.plus(PAUSE_NS << (*refusals).min(DOUBLINGS_MAX));
        *refusals = refusals.saturating_add(1);
    }

    pub(super) fn see_child(&mut self, now: UnixNanos, order: &Order) {
        let sequence = order.client_order_id.sequence;
        if !order.is_terminal() || Self::claim(order) > 0 {
            if !self.live.contains(&sequence) {
                self.live.push(sequence);
            }
        } else {
            self.live.retain(|&live| live != sequence);
        }
        if order.status == OrderStatus::Rejected {
            self.note_refused(now, order.instrument);
        } else if let (true, Some(leg)) = (order.cum_qty.0 > 0, self.leg_mut(order.instrument)) {
            leg.refusals = 0;
        }
        let ends = matches!(order.status, OrderStatus::Canceled | OrderStatus::Expired);
        if self.parent.algorithm.is_stop() && ends {
            self.ending.get_or_insert(order.status);
        }
        self.settle();
    }

    /// The state that its facts imply, while it has not ended.
    pub(super) fn settle(&mut self) {
        if self.parent.is_terminal() {
            return;
        }
        self.parent.status = if self.ending == Some(OrderStatus::Canceled) {
            OrderStatus::PendingCancel
        } else if self.parent.cum_qty.0 > 0 {
            OrderStatus::PartiallyFilled
        } else {
            OrderStatus::New
        };
    }

    /// It ends as soon as its children have.
    pub(crate) fn end(&mut self, now: UnixNanos, status: OrderStatus) {
        if self.parent.is_terminal() {
            return;
        }
        self.ending.get_or_insert(status);
        self.alarm = now;
        self.parent.ts_updated = now;
        self.settle();
    }

    pub(super) fn replace(
        &mut self,
        now: UnixNanos,
        orders: &Orders,
        qty: Option<Qty>,
        price: Option<Price>,
    ) {
        let committed = self.parent.cum_qty.0.saturating_add(self.claimed(orders));
        let qty = qty.unwrap_or(self.parent.order_qty);
        self.parent.ts_updated = now;
        if self.parent.is_terminal() || self.ending.is_some() || qty.0 < committed.max(1) {
            self.parent.reason = Some(RejectReason::TooLate);
            return;
        }
        self.parent.reason = None;
        self.parent.order_qty = qty;
        self.parent.limit_price = price.or(self.parent.limit_price);
        self.alarm = now;
    }

    /// Counts what a stop holds back as exposure, as if it were on its way.
    pub(super) fn count_held(&mut self, orders: &mut Orders) {
        let parent = &self.parent;
        let holds = parent.algorithm.is_stop() && !parent.is_terminal() && self.ending.is_none();
        let free = parent.order_qty.0 - parent.cum_qty.0 - self.claimed(orders);
        let want = if holds { free.max(0) } else { 0 };
        let by = want - self.held_qty.0;
        orders.count_held(parent.instrument, parent.side, parent.strategy, by);
        self.held_qty = Qty(want);
    }
}

/// Refuses terms that cannot be worked; returns the cumulative weights.
fn check(request: &ParentRequest) -> Result<Vec<u64>, RejectReason> {
    let terms = &request.terms;
    if request.order_qty.0 <= 0 || terms.min_child_qty.0 <= 0 {
        return Err(RejectReason::BadQty);
    }
    let scheduled = request.algorithm.is_scheduled();
    let timed = terms.end > terms.start && (terms.end != UnixNanos::MAX || !scheduled);
    let positive = |price: Option<Price>| price.is_none_or(|price| price.0 > 0);
    let told = match request.algorithm {
        Algorithm::Pov {
            participation_bps,
            every_ns,
        } => (1..=10_000).contains(&participation_bps) && every_ns > 0,
        Algorithm::Route {
            every_ns,
            max_age_ns,
            ..
        } => every_ns > 0 && max_age_ns > 0,
        Algorithm::Iceberg { shown_qty } => shown_qty.0 > 0 && request.limit_price.is_some(),
        Algorithm::Stop {
            stop_price,
            trail_ticks,
            ..
        } => {
            let any = stop_price.is_some() || trail_ticks.is_some();
            any && positive(stop_price) && trail_ticks.is_none_or(|ticks| ticks > 0)
        }
        _ => true,
    };
    if !told || !timed || terms.max_slippage_bps.is_some_and(|bps| bps >= 10_000) {
        return Err(RejectReason::NotSupported);
    }
    schedule::cumulate(request).ok_or(RejectReason::NotSupported)
}

/// Whether an order takes what it can and never rests.
pub(super) const fn takes(order: &Order) -> bool {
    matches!(order.tif, TimeInForce::Ioc | TimeInForce::Fok) || order.limit_price.is_none()
}

/// The worse of two limits for a side: what both allow.
pub(super) fn tighter(side: Side, one: Option<Price>, other: Option<Price>) -> Option<Price> {
    match (one, other) {
        (Some(a), Some(b)) if side == Side::Buy => Some(a.min(b)),
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    }
}
