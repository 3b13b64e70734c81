//! Parent orders: what the kernel works itself, by children that it sends when it is time.
//!
//! The law (I6): what is executed, what children may still execute and what a child may yet turn
//! out to have executed never exceed the parent together. A child counts in full until the venue's
//! word ends it. One that the venue says never arrived counts for ever: it may be wrong, and what
//! is sent twice is worse than what is sent never.
//!
//! - [`parent`]: terms and standing. [`schedule`]: how much is due by when. [`child`]: price and
//!   quantity of the next child. [`step`]: what to do next. [`stop`]: what waits for a price.
//! - [`route`]: what goes to several venues. [`split`]: how much to each.

mod child;
mod held;
mod parent;
mod route;
mod schedule;
mod split;
mod step;
mod stop;

pub(crate) use child::Child;
pub(crate) use held::Held;
pub use parent::{
    Algorithm, Benchmark, EndPolicy, Parent, ParentRequest, ParentTerms, Style, Trigger,
};
pub(crate) use route::Leg;
pub(crate) use step::ParentStep;

use alloc::vec::Vec;
use py_rt_types::{
    ClientOrderId, Instrument, InstrumentId, MarketEvent, Money, OrderStatus, Price, Qty,
    RejectReason, UnixNanos,
};

use super::{Order, Orders};
use crate::market::{InstrumentMarket, Market};
use crate::signal::StrategyId;

/// Parents that may be worked at one time.
const WORKED_MAX: usize = 1_000;
/// Pause of one that has nothing else to wait for.
const PAUSE_NS: i64 = 1_000_000_000;
/// A stop that is asked for in the first of so many parts of a bar waits from its open on.
const GRACE: i64 = 10;
/// Parents that have ended and are remembered, for late executions.
const ENDED_KEPT: usize = 256;

/// All parent orders of a run, by rising id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parents {
    held: Vec<Held>,
    /// How many of them have not ended.
    worked: usize,
    /// Whether one of them looks at every trade.
    watches: bool,
    next_alarm: Option<UnixNanos>,
}

impl Parents {
    /// Parents that have not ended, oldest first.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Parent> {
        let all = self.held.iter().map(|held| &held.parent);
        all.filter(|parent| !parent.is_terminal())
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.worked == 0
    }

    /// Whether market data have to be shown to one of them.
    #[inline]
    pub(crate) const fn watches(&self) -> bool {
        self.watches
    }

    #[inline]
    pub(crate) fn poll_timeout(&self) -> UnixNanos {
        self.next_alarm.unwrap_or(UnixNanos::MAX)
    }

    pub(crate) const fn held(&self) -> &Vec<Held> {
        &self.held
    }

    fn place(&self, id: ClientOrderId) -> Option<usize> {
        let sequence = |held: &Held| held.parent.client_order_id.sequence;
        self.held.binary_search_by_key(&id.sequence, sequence).ok()
    }

    pub(crate) fn find(&self, id: ClientOrderId) -> Option<&Parent> {
        self.place(id).map(|place| &self.held[place].parent)
    }

    /// Takes a parent in, or says why not. It is told either way.
    pub(crate) fn accept(
        &mut self,
        now: UnixNanos,
        id: ClientOrderId,
        strategy: StrategyId,
        request: &ParentRequest,
        market: &Market,
    ) -> (Parent, Option<RejectReason>) {
        let parent = Parent::new(id, strategy, request, now);
        let full = self.worked >= WORKED_MAX;
        let held = match Held::try_new(parent, request, market) {
            Ok(held) if !full => held,
            Ok(_) => return (parent, Some(RejectReason::NotSupported)),
            Err(reason) => return (parent, Some(reason)),
        };
        let parent = held.parent;
        let sequence = |held: &Held| held.parent.client_order_id.sequence;
        let place = self
            .held
            .partition_point(|held| sequence(held) < id.sequence);
        self.held.insert(place, held);
        self.refresh();
        (parent, None)
    }

    /// Parents whose alarm is due, by rising id.
    pub(crate) fn all_due(&self, now: UnixNanos) -> Vec<ClientOrderId> {
        let due = |held: &&Held| held.is_worked() && held.alarm <= now;
        let due = self.held.iter().filter(due);
        due.map(|held| held.parent.client_order_id).collect()
    }

    /// Stops of an instrument that wait for their price and have sent nothing.
    pub(crate) fn waiting_stops(&self, instrument: InstrumentId) -> Vec<ClientOrderId> {
        let waits = |held: &&Held| {
            let stop = held.is_worked() && held.parent.algorithm.is_stop();
            stop && held.parent.instrument == instrument && held.live.is_empty()
        };
        let waits = self.held.iter().filter(waits);
        waits.map(|held| held.parent.client_order_id).collect()
    }

    /// Parents that still work an instrument, at any venue.
    pub(crate) fn concerned(&self, instrument: InstrumentId) -> Vec<ClientOrderId> {
        let works = self.held.iter().filter(|held| held.concerns(instrument));
        works.map(|held| held.parent.client_order_id).collect()
    }

    /// What a stop held back is about to be sent.
    pub(crate) fn release_held(&mut self, orders: &mut Orders, id: ClientOrderId) {
        if let Some(place) = self.place(id) {
            let held = &mut self.held[place];
            let (parent, by) = (&held.parent, -held.held_qty.0);
            orders.count_held(parent.instrument, parent.side, parent.strategy, by);
            held.held_qty = Qty::ZERO;
        }
    }

    /// Changes one parent; what it holds back is counted in the orders' exposure.
    pub(crate) fn update<R>(
        &mut self,
        orders: &mut Orders,
        id: ClientOrderId,
        change: impl FnOnce(&mut Held, &Orders) -> R,
    ) -> Option<R> {
        let place = self.place(id)?;
        let held = &mut self.held[place];
        let result = change(held, orders);
        held.count_held(orders);
        self.refresh();
        Some(result)
    }

    /// What to do next for a parent, and by when to ask again when that is nothing.
    pub(crate) fn next_step(
        &mut self,
        now: UnixNanos,
        id: ClientOrderId,
        orders: &Orders,
        market: &Market,
        instruments: &[Instrument],
    ) -> ParentStep {
        let Some(place) = self.place(id) else {
            return ParentStep::Rest;
        };
        let held = &mut self.held[place];
        if held.parent.arrival == 0 {
            let own = market.instrument(held.parent.instrument);
            held.parent.arrival = own.and_then(|m| m.mark()).map_or(0, |(mark, _)| mark);
        }
        let step = step::next(held, now, orders, market, instruments);
        if held.alarm <= now {
            held.alarm = now.plus(PAUSE_NS);
        }
        self.refresh();
        step
    }

    /// Shows a market row to those that watch; returns those that have something to do now.
    pub(crate) fn handle_market(
        &mut self,
        (now, event): (UnixNanos, &MarketEvent),
        is_print: bool,
        markets: &Market,
        instruments: &[Instrument],
    ) -> Vec<ClientOrderId> {
        let Some(market) = markets.instrument(event.instrument) else {
            return Vec::new();
        };
        let mut ready = Vec::new();
        for held in &mut self.held {
            if held.is_worked() && held.parent.algorithm.is_routed() {
                if !is_print && held.may_take(now, event.instrument, markets, instruments) {
                    ready.push(held.parent.client_order_id);
                }
                continue;
            }
            if !held.is_worked() || held.parent.instrument != event.instrument {
                continue;
            }
            if is_print {
                held.see_volume(event.ts_event, event.qty.0);
            }
            if held.see_prices(market, is_print.then_some((event.price, event.price))) {
                ready.push(held.parent.client_order_id);
            }
        }
        ready
    }

    /// Shows a closed bar to those that watch, where there is no book: its range and its volume.
    pub(crate) fn handle_bar(
        &mut self,
        bar: &py_rt_types::Bar,
        lots: i64,
        market: &InstrumentMarket,
    ) -> Vec<ClientOrderId> {
        let mut ready = Vec::new();
        for held in &mut self.held {
            if !held.is_worked() || held.parent.instrument != bar.instrument {
                continue;
            }
            held.see_volume(bar.ts_close, lots);
            // Asked for on the close of the bar before, with its latency, is asked for at the open.
            let late = held.parent.ts_created.since(bar.ts_open);
            let old = late > bar.ts_close.since(bar.ts_open) / GRACE;
            let range = if old {
                (bar.close, bar.close)
            } else {
                (bar.low, bar.high)
            };
            if held.see_prices(market, Some(range)) {
                ready.push(held.parent.client_order_id);
            }
        }
        ready
    }

    /// Books what a child executed.
    pub(crate) fn handle_fill(
        &mut self,
        now: UnixNanos,
        (id, instrument): (u64, InstrumentId),
        qty: Qty,
        notional: Money,
    ) {
        if let Some(place) = self.place(ClientOrderId::new(id)) {
            let lots = qty.0.saturating_mul(self.held[place].lots(instrument));
            let parent = &mut self.held[place].parent;
            parent.cum_qty = Qty(parent.cum_qty.0.saturating_add(lots));
            parent.cum_notional = Money(parent.cum_notional.0.saturating_add(notional.0));
            parent.ts_updated = now;
        }
    }

    /// Follows a child that changed; returns the parent as it then stands.
    pub(crate) fn handle_child(&mut self, now: UnixNanos, order: &Order) -> Option<Parent> {
        let place = self.place(ClientOrderId::new(order.parent))?;
        self.held[place].see_child(now, order);
        Some(self.held[place].parent)
    }

    /// New terms: total quantity, limit price, or both. Refused when they are no longer possible.
    pub(crate) fn replace(
        &mut self,
        now: UnixNanos,
        id: ClientOrderId,
        orders: &mut Orders,
        qty: Option<Qty>,
        price: Option<Price>,
    ) -> Option<Parent> {
        self.update(orders, id, |held, orders| {
            held.replace(now, orders, qty, price);
            held.parent
        })
    }

    /// Takes over the parents of an earlier session.
    pub(crate) fn restore(&mut self, held: Vec<Held>, orders: &mut Orders) {
        self.held = held;
        for held in &mut self.held {
            held.held_qty = Qty::ZERO;
            held.count_held(orders);
        }
        self.refresh();
    }

    /// Forgets the oldest that have ended and wait for nothing, and looks for the next alarm.
    fn refresh(&mut self) {
        let worked = |held: &&Held| held.is_worked();
        self.worked = self.held.iter().filter(worked).count();
        let mut ended = self.held.len() - self.worked;
        if ended > ENDED_KEPT {
            self.held.retain(|held| {
                let goes = !held.is_worked() && ended > ENDED_KEPT;
                ended -= usize::from(goes);
                !goes
            });
        }
        let alarms = self.held.iter().filter(worked).map(|held| held.alarm);
        self.next_alarm = alarms.min();
        self.watches = self.held.iter().filter(worked).any(Held::watches);
    }
}

/// The state that a parent ends in, once its children have.
pub(crate) const fn ended_as(parent: &Parent, asked: OrderStatus) -> OrderStatus {
    if parent.cum_qty.0 >= parent.order_qty.0 {
        OrderStatus::Filled
    } else {
        asked
    }
}
