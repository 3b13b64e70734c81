//! Parent orders: taken in, worked when it is time, followed to their end.

use alloc::vec::Vec;
use py_rt_types::{
    Bar, ClientOrderId, InstrumentId, MarketEvent, Money, NewOrder, OrderStatus, OrderType, Price,
    Qty, RejectReason, TimeInForce, TypeError,
};

use super::{Kernel, Notice};
use crate::actions::{Split, Terms};
use crate::event::{Event, ParentEvent};
use crate::execution::parents::{Algorithm, Child, Parent};
use crate::execution::{ParentStep, Works};
use crate::market::{volume_lots, Change};
use crate::signal::{Interests, Strategy, StrategyId};

/// Children that one look at a parent may lead to.
const CHILDREN_PER_LOOK_MAX: usize = 4;
/// Between two looks while nothing may be sent at all.
const OFFLINE_PAUSE_NS: i64 = 1_000_000_000;

impl<S: Strategy> Kernel<S> {
    /// Takes in a parent order that a strategy asked for.
    #[cold]
    pub(super) fn execute(&mut self, strategy: StrategyId, id: ClientOrderId) {
        let Some(request) = self.intents.take_parent(id) else {
            return;
        };
        let parents = &mut self.execution.parents;
        let (mut parent, refused) = parents.accept(self.now, id, strategy, &request, &self.market);
        if let Some(reason) = refused {
            parent.status = OrderStatus::Rejected;
            parent.reason = Some(reason);
            return self.tell_parent(parent);
        }
        if let Err(reason) = self.admit(&parent) {
            return self.end_parent(id, OrderStatus::Rejected, Some(reason));
        }
        self.count_held(id);
        self.tell_parent(parent);
        self.refresh_watch();
        self.work_parent(id);
    }

    /// Whether a parent may begin. A stop has to pass the limits when it is taken in, as an order
    /// would; children of the others have to when they are sent.
    fn admit(&mut self, parent: &Parent) -> Result<(), RejectReason> {
        let instrument = self.instruments.get(parent.instrument.index());
        let least = instrument.map_or(1, |i| i.min_qty().0.max(1));
        if parent.order_qty.0 < least && !parent.algorithm.is_routed() {
            return Err(RejectReason::BadQty);
        }
        if !self.is_warm() || self.is_flattening() || self.is_liquidating() {
            return Err(RejectReason::Risk);
        }
        if !parent.algorithm.is_stop() {
            return Ok(());
        }
        let child = Child {
            order_qty: parent.order_qty,
            order_type: OrderType::Market,
            limit_price: None,
            tif: None,
        };
        let order = self.child_order(parent, &child, false, parent.client_order_id);
        self.check_before_new(parent.strategy, &order)
            .map_err(|_| RejectReason::Risk)?;
        self.risk.advance(self.now);
        let checked = self.risk.check_new(&self.desk(), &order, &mut ());
        checked.map(drop).map_err(|_| RejectReason::Risk)
    }

    fn child_order(
        &self,
        parent: &Parent,
        child: &Child,
        reduce_only: bool,
        id: ClientOrderId,
    ) -> NewOrder {
        let place = parent.instrument.index();
        let sessions = self.instruments.get(place);
        let default_tif = if sessions.is_none_or(|i| i.spec().sessions) {
            TimeInForce::Day
        } else {
            TimeInForce::Gtc
        };
        NewOrder {
            client_order_id: id,
            instrument: parent.instrument,
            side: parent.side,
            order_type: child.order_type,
            tif: child.tif.unwrap_or(default_tif),
            order_qty: child.order_qty,
            limit_price: child.limit_price,
            stop_price: None,
            post_only: false,
            reduce_only,
        }
    }

    /// Does what there is to do for a parent, until there is nothing.
    pub(super) fn work_parent(&mut self, id: ClientOrderId) {
        if !(self.running && self.sync.is_online()) {
            return self.put_off(id);
        }
        for _ in 0..CHILDREN_PER_LOOK_MAX {
            let Some(parent) = self.execution.parents.find(id).copied() else {
                return;
            };
            let execution = &mut self.execution;
            let (parents, orders) = (&mut execution.parents, &execution.orders);
            match parents.next_step(self.now, id, orders, &self.market, &self.instruments) {
                ParentStep::Rest => break,
                ParentStep::Cancel(ids) => ids.into_iter().for_each(|id| self.cancel(id)),
                ParentStep::End(status) => return self.end_parent(id, status, parent.reason),
                ParentStep::Route(children) => {
                    // What one order could not hold waits for its venue; what was refused goes to
                    // the others at once.
                    if self.send_routed(&parent, &children) {
                        break;
                    }
                }
                ParentStep::Send(child) => {
                    if !self.send_child(&parent, &child) {
                        continue;
                    }
                }
            }
        }
        self.count_held(id);
    }

    /// Sends children to their venues; false when one was refused.
    fn send_routed(&mut self, parent: &Parent, children: &[(InstrumentId, Child)]) -> bool {
        let mut all = true;
        for (instrument, child) in children {
            let there = Parent {
                instrument: *instrument,
                ..*parent
            };
            all &= self.send_child(&there, child);
        }
        all
    }

    /// A parent whose children cannot leave now; what has ended is ended all the same.
    fn put_off(&mut self, id: ClientOrderId) {
        let at = self.now.plus(OFFLINE_PAUSE_NS);
        let execution = &mut self.execution;
        let over = execution
            .parents
            .update(&mut execution.orders, id, |held, orders| {
                held.alarm = at;
                held.idle_end(orders)
            });
        if let Some(status) = over.flatten() {
            self.end_parent(id, status, None);
        }
    }

    /// A child no larger than one order may be: what it lacks is sent by the next looks.
    fn cut_to_limits(&self, parent: &Parent, child: &Child) -> Child {
        let mut cut = *child;
        let market = self.market.instrument(parent.instrument);
        let mark = market.and_then(|market| market.mark());
        let instrument = self.instruments.get(parent.instrument.index());
        let (Some((mark, _)), Some(instrument)) = (mark, instrument) else {
            return cut;
        };
        let one = match child.limit_price {
            Some(price) => instrument.notional(price, Qty(1)),
            None => instrument.value_at_mid(mark, Qty(1)),
        };
        let most = self
            .risk
            .most_lots(parent.instrument, self.in_base(parent.instrument, one));
        if most >= instrument.min_qty().0.max(1) {
            cut.order_qty = Qty(cut.order_qty.0.min(most));
        }
        cut
    }

    /// Sends a child; false when it was refused.
    fn send_child(&mut self, parent: &Parent, child: &Child) -> bool {
        let id = parent.client_order_id;
        let child = &self.cut_to_limits(parent, child);
        let child_id = self.intents.reserve_id();
        let execution = &mut self.execution;
        let reduce_only = execution
            .parents
            .update(&mut execution.orders, id, |held, _| held.terms.reduce_only);
        let reduce_only = reduce_only.unwrap_or_default();
        let order = self.child_order(parent, child, reduce_only, child_id);
        // What it holds back is what is sent now: it must not count twice.
        self.execution
            .parents
            .release_held(&mut self.execution.orders, id);
        let sent = self.submit(
            parent.strategy,
            &order,
            (parent.tag, Works::Parent(id.sequence)),
        );
        let now = self.now;
        let execution = &mut self.execution;
        execution
            .parents
            .update(&mut execution.orders, id, |held, _| {
                if sent {
                    held.note_sent(now, child_id.sequence, order.instrument);
                } else {
                    held.note_refused(now, order.instrument);
                }
            });
        sent
    }

    fn count_held(&mut self, id: ClientOrderId) {
        let execution = &mut self.execution;
        execution
            .parents
            .update(&mut execution.orders, id, |_, _| ());
    }

    fn end_parent(&mut self, id: ClientOrderId, status: OrderStatus, reason: Option<RejectReason>) {
        let now = self.now;
        let execution = &mut self.execution;
        let ended = execution
            .parents
            .update(&mut execution.orders, id, |held, _| {
                held.parent.status = status;
                held.parent.reason = reason;
                held.parent.ts_updated = now;
                held.parent
            });
        if let Some(parent) = ended {
            self.tell_parent(parent);
        }
        self.refresh_watch();
    }

    fn tell_parent(&mut self, parent: Parent) {
        let event = ParentEvent {
            ts_recv: self.now,
            parent,
        };
        self.outbox.emit(Event::Parent(event));
        if self.running && self.interests.has(Interests::PARENT) {
            self.notices.push_back(Notice::Parent(event));
        }
    }

    /// Books what a child executed with its parent.
    #[cold]
    #[inline(never)]
    pub(super) fn note_parent_executed(
        &mut self,
        child: (u64, InstrumentId),
        qty: Qty,
        notional: Money,
    ) {
        let parents = &mut self.execution.parents;
        parents.handle_fill(self.now, child, qty, notional);
    }

    /// After a child of a parent changed.
    #[cold]
    #[inline(never)]
    pub(super) fn follow_child(&mut self, child: ClientOrderId) {
        let Some(order) = self.execution.orders.find(child).copied() else {
            return;
        };
        let id = ClientOrderId::new(order.parent);
        let Some(before) = self.execution.parents.find(id).copied() else {
            return;
        };
        let parents = &mut self.execution.parents;
        let after = parents.handle_child(self.now, &order);
        if before.is_terminal() || order.is_terminal() || order.cum_qty.0 > 0 {
            if let Some(parent) = after {
                self.tell_parent(parent);
            }
        }
        if order.is_terminal() && !before.is_terminal() {
            self.work_parent(id);
        }
        self.count_held(id);
    }

    /// Looks at every parent whose alarm is due.
    pub(super) fn ring_parents(&mut self) {
        for id in self.execution.parents.all_due(self.now) {
            self.work_parent(id);
        }
    }

    /// Shows a market row to parents that watch.
    #[cold]
    #[inline(never)]
    pub(super) fn show_parents(&mut self, event: &MarketEvent, change: Change) {
        if !(self.running && self.execution.parents.watches()) {
            return;
        }
        let print = if change.has(Change::TRADE) {
            Some(event.print().unwrap_or(*event))
        } else {
            None
        };
        let row = print.unwrap_or(*event);
        let parents = &mut self.execution.parents;
        let (seen, is_print) = ((self.now, &row), print.is_some());
        let ready = parents.handle_market(seen, is_print, &self.market, &self.instruments);
        ready.into_iter().for_each(|id| self.work_parent(id));
    }

    /// Shows a closed bar to parents that watch, where nothing finer is known.
    #[cold]
    #[inline(never)]
    pub(super) fn show_parents_bar(&mut self, bar: &Bar) {
        let (Some(market), Some(instrument)) = (
            self.market.instrument(bar.instrument),
            self.instruments.get(bar.instrument.index()),
        ) else {
            return;
        };
        if market.book().is_some() || market.last_trade().is_some() {
            return;
        }
        let lots = volume_lots(bar, instrument.spec().lot_size);
        let ready = self.execution.parents.handle_bar(bar, lots, market);
        ready.into_iter().for_each(|id| self.work_parent(id));
    }

    /// Which market rows have to be followed, now that parents have come or gone.
    pub(super) fn refresh_watch(&mut self) {
        let shown = self.execution.parents.watches();
        let has_bars = self.bars.is_some();
        self.follows = shown || has_bars || self.exchange.is_some() || self.margin.is_some();
        self.watched = self
            .watched
            .without(Change::TRADE)
            .without(Change::BOOK)
            .with(Change::BOOK, shown || self.interests.has(Interests::BOOK))
            .with(
                Change::TRADE,
                shown || has_bars || self.interests.has(Interests::TRADE),
            );
    }

    /// Asks for the end of a parent.
    pub(super) fn cancel_parent(&mut self, strategy: StrategyId, id: ClientOrderId) {
        self.end_parents(|parent| parent.client_order_id == id && parent.is_of(strategy));
    }

    /// Asks for the end of the parents that work an instrument, or of all.
    pub(super) fn end_parents_of(
        &mut self,
        instrument: Option<InstrumentId>,
        which: impl Fn(&Parent) -> bool,
    ) {
        let of_it = instrument.map(|id| self.execution.parents.concerned(id));
        self.end_parents(|parent| {
            let of_it = of_it.as_ref();
            which(parent) && of_it.is_none_or(|ids| ids.contains(&parent.client_order_id))
        });
    }

    /// Asks for the end of parents.
    pub(super) fn end_parents(&mut self, which: impl Fn(&Parent) -> bool) {
        if self.execution.parents.is_empty() {
            return;
        }
        let open = self.execution.parents.open();
        let ids: Vec<ClientOrderId> = open
            .filter(|parent| which(parent))
            .map(|parent| parent.client_order_id)
            .collect();
        let now = self.now;
        for id in ids {
            let execution = &mut self.execution;
            let (ended, children) = execution
                .parents
                .update(&mut execution.orders, id, |held, orders| {
                    held.end(now, OrderStatus::Canceled);
                    (held.idle_end(orders), held.working_ids(orders))
                })
                .unwrap_or_default();
            if let Some(status) = ended {
                self.end_parent(id, status, None);
                continue;
            }
            if let Some(parent) = self.execution.parents.find(id).copied() {
                self.tell_parent(parent);
            }
            children.into_iter().for_each(|child| self.cancel(child));
        }
    }

    /// Other terms for a parent.
    pub(super) fn replace_parent(
        &mut self,
        strategy: StrategyId,
        id: ClientOrderId,
        qty: Option<Qty>,
        price: Option<Price>,
    ) {
        let parent = self.execution.parents.find(id).copied();
        let Some(parent) = parent.filter(|p| p.is_of(strategy) && !p.is_terminal()) else {
            return;
        };
        // A stop's larger quantity has to pass the limits as a stop of its own would.
        let grown = qty.filter(|qty| parent.algorithm.is_stop() && *qty > parent.order_qty);
        if let Some(qty) = grown {
            let more = Parent {
                order_qty: Qty(qty.0.saturating_sub(parent.order_qty.0)),
                ..parent
            };
            if let Err(reason) = self.admit(&more) {
                let reason = Some(reason);
                return self.tell_parent(Parent { reason, ..parent });
            }
        }
        self.apply_replace(id, qty, price);
    }

    fn apply_replace(&mut self, id: ClientOrderId, qty: Option<Qty>, price: Option<Price>) {
        let execution = &mut self.execution;
        let (parents, orders) = (&mut execution.parents, &mut execution.orders);
        if let Some(parent) = parents.replace(self.now, id, orders, qty, price) {
            self.tell_parent(parent);
            self.work_parent(id);
        }
    }

    /// A split: stops that wait go on in new shares; what is being worked is ended.
    pub(super) fn split_parents(
        &mut self,
        instrument: InstrumentId,
        split: Split,
    ) -> Result<(), TypeError> {
        if self.execution.parents.is_empty() {
            return Ok(());
        }
        let waits = self.execution.parents.waiting_stops(instrument);
        let concerned = self.execution.parents.concerned(instrument);
        self.end_parents(|parent| {
            let stays = !split.is_reverse() && waits.contains(&parent.client_order_id);
            concerned.contains(&parent.client_order_id) && !stays
        });
        if split.is_reverse() {
            return Ok(());
        }
        for id in waits {
            let execution = &mut self.execution;
            let scaled = execution
                .parents
                .update(&mut execution.orders, id, |held, _| {
                    scale(&mut held.parent, split).map(|()| held.parent)
                });
            if let Some(parent) = scaled.transpose()? {
                self.tell_parent(parent);
            }
        }
        Ok(())
    }
}

/// A stop's terms in new shares.
fn scale(parent: &mut Parent, split: Split) -> Result<(), TypeError> {
    let Algorithm::Stop {
        stop_price,
        trail_ticks,
        ..
    } = &mut parent.algorithm
    else {
        return Ok(());
    };
    let before = Terms {
        order_qty: parent.order_qty,
        cum_qty: parent.cum_qty,
        limit_price: parent.limit_price,
        stop_price: *stop_price,
    };
    let after = split.terms(parent.side, &before)?;
    *stop_price = after.stop_price;
    *trail_ticks = trail_ticks.map(|ticks| split.price(Price(ticks), true).0);
    parent.order_qty = after.order_qty;
    parent.cum_qty = after.cum_qty;
    parent.limit_price = after.limit_price;
    Ok(())
}
