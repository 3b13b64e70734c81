//! Intents of the strategy: through risk, into execution.

use py_rt_types::{
    ClientOrderId, InstrumentId, NewOrder, OrderStatus, OrderType, Price, Qty, RejectReason,
    ReplaceOrder, Side, TimeInForce,
};

use super::{Kernel, Notice};
use crate::event::{Cause, Denial, Event, OrderEvent, TradingState};
use crate::execution::{Order, TargetStep, Works};
use crate::output::Request;
use crate::signal::{Intent, Interests, Strategy, StrategyId};

/// Intents that one input may lead to; more is a strategy that answers itself in a circle.
const INTENTS_PER_INPUT_MAX: usize = 10_000;

impl<S: Strategy> Kernel<S> {
    /// Lets intents, notices and requests run until none is left.
    pub(super) fn settle(&mut self) {
        let mut handled = 0;
        loop {
            if self.execution.has_requests() {
                self.flush_requests();
            }
            if !self.intents.is_empty() {
                let queue = self.intents.take();
                handled += queue.len();
                let mut asks = StrategyId::ACCOUNT;
                for intent in &queue {
                    if let Intent::As(strategy) = intent {
                        asks = *strategy;
                    }
                    self.handle_intent(asks, intent);
                }
                self.intents.restore(queue);
            } else if let Some(notice) = self.notices.pop_front() {
                self.notify(notice);
            } else {
                break;
            }
            if handled > INTENTS_PER_INPUT_MAX {
                self.fail_strategy();
                self.intents.take();
                self.notices.clear();
            }
        }
        self.refresh_alarm();
    }

    /// [`Kernel::settle`] after a bar: most strategies say on every bar which position they want,
    /// and most of the time they have it.
    #[inline]
    pub(super) fn settle_bar(&mut self) {
        if !self.has_unsettled() {
            return;
        }
        if let Some((instrument, qty)) = self.intents.only_target() {
            let strategy = StrategyId::ACCOUNT;
            let held = self.books.account.position(instrument).qty;
            let orders = &self.execution.orders;
            let missing = orders.missing(strategy, instrument, held, qty);
            let others = !self.notices.is_empty() | self.execution.has_requests();
            if missing == 0 && !others {
                self.execution.targets.set(strategy, instrument, Some(qty));
                return self.intents.clear();
            }
        }
        self.settle();
    }

    fn flush_requests(&mut self) {
        let requests = self.execution.take_requests();
        for request in &requests {
            self.outbox.send(self.now, *request);
        }
        self.execution.restore_requests(requests);
    }

    fn notify(&mut self, notice: Notice) {
        if !self.running {
            return;
        }
        match notice {
            Notice::Order(event) if self.interests.has(Interests::ORDER) => {
                self.call(|strategy, ctx| strategy.on_order(ctx, &event));
            }
            Notice::Fill(event) if self.interests.has(Interests::FILL) => {
                self.call(|strategy, ctx| strategy.on_fill(ctx, &event));
            }
            Notice::Parent(event) if self.interests.has(Interests::PARENT) => {
                self.call(|strategy, ctx| strategy.on_parent(ctx, &event));
            }
            Notice::Order(_) | Notice::Fill(_) | Notice::Parent(_) => {}
        }
    }

    fn handle_intent(&mut self, strategy: StrategyId, intent: &Intent) {
        match *intent {
            Intent::New {
                ref order,
                tag,
                target,
            } => self.handle_new(strategy, order, (tag, target)),
            Intent::Invalid {
                ref order,
                tag,
                reason,
            } => self.refuse(strategy, order, (tag, Works::Itself), reason, None),
            Intent::Cancel { id } => {
                if self.is_of(strategy, id) {
                    self.drop_target_of(id);
                    self.cancel(id);
                } else {
                    self.cancel_parent(strategy, id);
                }
            }
            Intent::CancelAll { instrument } => self.cancel_own(strategy, instrument),
            Intent::Replace {
                id,
                order_qty,
                limit_price,
            } => {
                if self.is_of(strategy, id) {
                    self.replace(id, order_qty, limit_price);
                } else {
                    self.replace_parent(strategy, id, order_qty, limit_price);
                }
            }
            Intent::Target { instrument, qty } => {
                let closes = self.is_flattening() || self.is_liquidating();
                if self.is_warm() && !closes {
                    self.execution.targets.set(strategy, instrument, Some(qty));
                    self.work_target(strategy, instrument);
                }
            }
            Intent::Timer {
                timer,
                at,
                every_ns,
            } => self.timers.set(strategy, timer, at, every_ns),
            Intent::Signal {
                instrument,
                value,
                confidence,
            } => {
                self.outbox.emit(Event::Signal {
                    instrument,
                    value,
                    confidence,
                });
            }
            Intent::Execute { id } => self.execute(strategy, id),
            Intent::Fail => self.fail_strategy(),
            Intent::As(_) => {}
        }
    }

    fn handle_new(&mut self, strategy: StrategyId, order: &NewOrder, (tag, target): (u32, bool)) {
        let works = if target { Works::Target } else { Works::Itself };
        if self.is_flattening() || self.is_liquidating() {
            let (label, denial) = ((tag, works), self.held_back());
            return self.refuse(strategy, order, label, RejectReason::Risk, Some(denial));
        }
        if !target {
            let targets = &mut self.execution.targets;
            targets.set(strategy, order.instrument, None);
        }
        self.submit(strategy, order, (tag, works));
    }

    fn cancel_own(&mut self, strategy: StrategyId, instrument: Option<InstrumentId>) {
        self.end_parents_of(instrument, |parent| parent.is_of(strategy));
        let targets = &mut self.execution.targets;
        match instrument {
            Some(id) => targets.set(strategy, id, None),
            None => targets.clear_of(strategy),
        }
        self.cancel_where(|order| {
            order.is_of(strategy) && instrument.is_none_or(|id| order.instrument == id)
        });
    }

    /// A strategy that cancels an order for its target does not want it any more.
    fn drop_target_of(&mut self, id: ClientOrderId) {
        let order = self.execution.orders.find_open(id);
        if let Some(order) = order.filter(|order| order.target) {
            let (strategy, instrument) = (order.strategy, order.instrument);
            self.execution.targets.set(strategy, instrument, None);
        }
    }

    /// Whether an order may be changed by this strategy: nobody touches those of another.
    fn is_of(&self, strategy: StrategyId, id: ClientOrderId) -> bool {
        let order = self.execution.orders.find_open(id);
        order.is_some_and(|order| order.is_of(strategy))
    }

    pub(super) fn submit(
        &mut self,
        strategy: StrategyId,
        order: &NewOrder,
        label: (u32, Works),
    ) -> bool {
        if let Err(denial) = self.check_before_new(strategy, order) {
            self.review_refused(order.client_order_id, denial);
            self.refuse(strategy, order, label, RejectReason::Risk, Some(denial));
            return false;
        }
        self.risk.advance(self.now);
        if self.reviews.is_some() {
            self.review_new(strategy, order);
        }
        match self.risk.check_new(&self.desk(), order, &mut ()) {
            Ok(approved) => {
                self.record_sent(strategy);
                if self.guarded {
                    self.note_order(strategy, order.instrument, Some(order));
                }
                self.execution.handle_new(self.now, strategy, order, label);
                self.outbox.send(self.now, Request::New(approved));
                if let Some(order) = self.execution.orders.find_open(order.client_order_id) {
                    self.outbox.emit_order(self.now, order, None);
                }
                true
            }
            Err(denial) => {
                self.refuse(strategy, order, label, RejectReason::Risk, Some(denial));
                false
            }
        }
    }

    fn refuse(
        &mut self,
        strategy: StrategyId,
        order: &NewOrder,
        label: (u32, Works),
        reason: RejectReason,
        denial: Option<Denial>,
    ) {
        let execution = &mut self.execution;
        let order = execution.handle_refused(self.now, strategy, order, label, reason);
        self.publish_order(&order, denial);
    }

    fn replace(&mut self, id: ClientOrderId, qty: Option<Qty>, price: Option<Price>) {
        let order = self.execution.orders.find_open(id).copied();
        let Some(order) = order.filter(|order| !order.is_terminal()) else {
            return;
        };
        let replace = ReplaceOrder {
            client_order_id: ClientOrderId {
                sequence: order.client_order_id.sequence,
                revision: order.revisions_sent.saturating_add(1),
            },
            venue_order_id: order.venue_order_id,
            instrument: order.instrument,
            order_qty: qty.unwrap_or(order.order_qty),
            limit_price: price.or(order.limit_price),
        };
        let working = matches!(
            order.status,
            OrderStatus::New | OrderStatus::PartiallyFilled
        );
        let spent = order.revisions_sent == u16::MAX || order.parent != 0;
        if !working || spent || order.order_type != OrderType::Limit {
            let mut refused = order;
            refused.reason = Some(RejectReason::TooLate);
            return self.publish_order(&refused, None);
        }
        let before = self.check_before_replace(&order, &replace);
        self.risk.advance(self.now);
        if self.reviews.is_some() {
            self.review_replace(&order, &replace);
        }
        let desk = self.desk();
        let asked = |()| self.risk.check_replace(&desk, &order, &replace, &mut ());
        match before.and_then(asked) {
            Ok(approved) => {
                self.record_sent(order.strategy);
                if self.guarded {
                    self.note_order(order.strategy, order.instrument, None);
                }
                let changed = self.execution.handle_replace(self.now, &replace);
                self.outbox.send(self.now, Request::Replace(approved));
                if let Some(order) = changed {
                    self.publish_order(&order, None);
                }
            }
            Err(denial) => {
                let mut refused = order;
                refused.reason = Some(RejectReason::Risk);
                self.publish_order(&refused, Some(denial));
            }
        }
    }

    /// Does the next thing for a target, if there is one to do.
    pub(super) fn work_target(&mut self, strategy: StrategyId, instrument: InstrumentId) {
        let held = self.portfolio_of(strategy).position(instrument).qty;
        let (orders, targets) = (&self.execution.orders, &self.execution.targets);
        match targets.next_step(orders, strategy, instrument, held) {
            TargetStep::Rest => {}
            TargetStep::Cancel(ids) => ids.into_iter().for_each(|id| self.cancel(id)),
            TargetStep::Send(missing) => {
                let order = self.target_order(instrument, missing);
                if !self.submit(strategy, &order, (0, Works::Target)) {
                    self.execution.targets.set(strategy, instrument, None);
                }
            }
        }
    }

    pub(super) fn target_order(&mut self, instrument: InstrumentId, missing: Qty) -> NewOrder {
        let sessions = self
            .instruments
            .get(instrument.index())
            .is_none_or(|i| i.spec().sessions);
        NewOrder {
            client_order_id: self.intents.reserve_id(),
            instrument,
            side: if missing.0 > 0 { Side::Buy } else { Side::Sell },
            order_type: OrderType::Market,
            tif: if sessions {
                TimeInForce::Day
            } else {
                TimeInForce::Gtc
            },
            order_qty: Qty(missing.0.abs()),
            limit_price: None,
            stop_price: None,
            post_only: false,
            reduce_only: false,
        }
    }

    pub(super) fn publish_order(&mut self, order: &Order, denial: Option<Denial>) {
        self.outbox.emit_order(self.now, order, denial);
        if self.running && self.interests.has(Interests::ORDER) {
            self.notices.push_back(Notice::Order(OrderEvent {
                ts_recv: self.now,
                order: *order,
                denial,
            }));
        }
    }

    pub(super) fn fail_strategy(&mut self) {
        self.running = false;
        self.timers.clear();
        self.outbox.emit(Event::StrategyFailed);
        self.restrict(TradingState::Halted, Cause::Strategy);
    }
}
