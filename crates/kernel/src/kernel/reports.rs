//! Reports of the venue: into execution, from there into the portfolio.

use py_rt_types::{
    AccountReport, ClientOrderId, FeeAsset, InstrumentId, Money, NewOrder, OrderStatus, OrderType,
    Price, Qty, Query, Report, ReportKind, TimeInForce, TypeError, UnixNanos,
};

use super::controls::FILLS_OVERLAP_NS;
use super::in_kind::Commission;
use super::{Kernel, Notice};
use crate::event::{Cause, Event, FillEvent, OrderEvent, PositionEvent, SyncEvent, TradingState};
use crate::execution::{Order, SyncOutcome};
use crate::portfolio::Position;
use crate::signal::{Interests, Strategy, StrategyId};

impl<S: Strategy> Kernel<S> {
    pub(super) fn handle_report(&mut self, report: &Report) {
        match self.execution.handle_plain(self.now, report) {
            None => self.handle_any_report(*report),
            Some(fresh_qty) => {
                self.note_venue_time(report);
                self.sync.handle_own_order(report.venue_order_id);
                if fresh_qty.0 > 0 {
                    self.book_fill(report, fresh_qty);
                }
                self.follow_order(report.client_order_id, true);
                self.verify(report);
            }
        }
    }

    fn handle_any_report(&mut self, mut report: Report) {
        if report.client_order_id == ClientOrderId::FOREIGN {
            match self.execution.orders.id_at_venue(report.venue_order_id) {
                Some(id) => report.client_order_id = id,
                None => return self.handle_foreign(&report),
            }
        }
        let id = report.client_order_id;
        if self.execution.orders.find(id).is_none() && !self.adopt(&report) {
            return;
        }
        if let Some(order) = self.execution.orders.find(id) {
            // Only the id is believed: side and instrument are those that we sent.
            (report.side, report.instrument) = (order.side, order.instrument);
        }
        self.note_venue_time(&report);
        self.sync.handle_own_order(report.venue_order_id);
        if self.sync.is_asking() {
            self.execution.orders.note_former(&report);
        }
        let outcome = self.execution.handle_report(self.now, &report);
        if outcome.fresh_qty.0 > 0 {
            self.book_fill(&report, outcome.fresh_qty);
        }
        if outcome.changed {
            self.follow_order(id, !outcome.afterwards);
        }
        if outcome.missing_fills {
            // Whatever was booked since: an execution that is missing may be as old as its order.
            let created = self.execution.orders.find(id).map(|o| o.ts_created);
            let since = self.fills_since();
            let since = since.min(created.unwrap_or(since).plus(-FILLS_OVERLAP_NS));
            let since = since.max(UnixNanos(0));
            if self.sync.is_asking() {
                // The list of them may have been read already.
                let before = self.missed_since.unwrap_or(since);
                self.missed_since = Some(since.min(before));
            } else {
                self.execution.ask(Query::Fills { since });
            }
        }
        self.verify(&report);
    }

    /// The first time that the venue tells of an order of ours: no execution is older.
    fn note_venue_time(&mut self, report: &Report) {
        let told = matches!(
            report.kind,
            ReportKind::Accepted | ReportKind::Fill { .. } | ReportKind::Replaced { .. }
        );
        if told && self.last_fill.0 == 0 {
            self.last_fill = report.ts_event;
        }
    }

    /// Tells how an order of ours stands after a report changed it, and lets its target go on. Its
    /// strategy is not told (`tells`) of what becomes of an order that has ended for it.
    fn follow_order(&mut self, id: ClientOrderId, tells: bool) {
        let Some(order) = self.execution.orders.find(id) else {
            return;
        };
        self.outbox.emit_order(self.now, order, None);
        if tells && self.running && self.interests.has(Interests::ORDER) {
            let (ts_recv, order, denial) = (self.now, *order, None);
            self.notices.push_back(Notice::Order(OrderEvent {
                ts_recv,
                order,
                denial,
            }));
        }
        if order.parent != 0 {
            return self.follow_child(id);
        }
        if order.is_terminal() {
            let asked_for = order.cancel_requested || order.status == OrderStatus::Filled;
            let stopped =
                order.stop_price.is_some() && order.cum_qty.0 > 0 && !order.cancel_requested;
            let refused = tells && order.target && !asked_for;
            let (strategy, instrument) = (order.strategy, order.instrument);
            self.follow_target(strategy, instrument, refused || stopped);
        }
    }

    /// Tells reconciliation when an order's standing has been proved.
    fn verify(&mut self, report: &Report) {
        if !self.sync.awaits_orders() {
            return;
        }
        let id = report.client_order_id;
        let proved = matches!(report.kind, ReportKind::Snapshot { .. })
            || self.execution.orders.find_open(id).is_none();
        if proved {
            let outcome = self.sync.handle_verified(id);
            self.follow_sync(outcome);
        }
    }

    fn book_fill(&mut self, report: &Report, fresh_qty: Qty) {
        let ReportKind::Fill {
            exec_id,
            last_qty,
            last_price,
            cum_qty,
            fee,
            fee_asset,
            liquidity,
        } = report.kind
        else {
            return;
        };
        let fee = part_of(fee, fresh_qty, last_qty);
        let id = report.instrument;
        let signed = Qty(fresh_qty.0.saturating_mul(report.side.sign()));
        let Ok(commission) = self.commission(id, last_price, (fee, fee_asset)) else {
            return self.restrict(TradingState::Halted, Cause::Overflow);
        };
        let Some(instrument) = self.instruments.get(id.index()) else {
            return;
        };
        let account = &mut self.books.account;
        let booked = commission.book(account, (instrument, id), signed, last_price);
        let notional = instrument.notional(last_price, fresh_qty);
        let Ok(position) = booked else {
            return self.restrict(TradingState::Halted, Cause::Overflow);
        };
        let strategy = self.note_executed(report, fresh_qty, notional.unwrap_or_default());
        let own = match strategy {
            StrategyId::ACCOUNT => Ok(None),
            _ => self.book_own_fill(strategy, id, signed, last_price, &commission),
        };
        let Ok(own) = own else {
            return self.restrict(TradingState::Halted, Cause::Overflow);
        };
        let position = own.unwrap_or(position);
        self.last_fill = self.last_fill.max(report.ts_event);
        self.recovered.booked_fills += u32::from(self.sync.is_asking());
        self.sync.booked_fills += u32::from(self.sync.is_asking());
        let event = FillEvent {
            ts_event: report.ts_event,
            ts_recv: self.now,
            client_order_id: report.client_order_id,
            exec_id,
            instrument: id,
            side: report.side,
            last_qty: fresh_qty,
            last_price,
            cum_qty,
            fee: commission.value,
            fee_in_kind: commission.in_kind,
            liquidity,
            position_qty: position.qty,
            strategy,
        };
        self.outbox.emit(Event::Fill(event));
        self.publish_position(strategy, id, &position);
        if self.running && self.interests.has(Interests::FILL) {
            self.notices.push_back(Notice::Fill(event));
        }
        if self.guarded {
            let first = cum_qty == fresh_qty;
            let worth = self.in_base(id, notional);
            self.note_fill(strategy, id, (worth, fresh_qty), first);
        }
        if self.exchange.is_some() {
            self.mark_money(id);
        } else {
            self.mark(id);
        }
    }

    fn publish_position(&mut self, strategy: StrategyId, id: InstrumentId, held: &Position) {
        self.outbox.emit(Event::Position(PositionEvent {
            strategy,
            instrument: id,
            qty: held.qty,
            cost: held.cost,
            realized_pnl: held.realized_pnl,
        }));
    }

    /// Adds an execution's value to its order; returns whose order it was.
    #[inline]
    fn note_executed(&mut self, report: &Report, qty: Qty, notional: Money) -> StrategyId {
        let orders = &mut self.execution.orders;
        let owner = orders.update(report.client_order_id, |order| {
            order.cum_notional = Money(order.cum_notional.0.saturating_add(notional.0));
            (order.strategy, order.parent)
        });
        let (strategy, parent) = owner.unwrap_or_default();
        if parent != 0 {
            self.note_parent_executed((parent, report.instrument), qty, notional);
        }
        strategy
    }

    /// Books an execution in the strategy's own books, where it is one of several.
    #[cold]
    #[inline(never)]
    fn book_own_fill(
        &mut self,
        strategy: StrategyId,
        id: InstrumentId,
        qty: Qty,
        price: Price,
        commission: &Commission,
    ) -> Result<Option<Position>, TypeError> {
        let own = strategy
            .place()
            .and_then(|place| self.books.own.get_mut(place));
        let (Some(own), Some(instrument)) = (own, self.instruments.get(id.index())) else {
            return Ok(None);
        };
        let booked = commission.book(&mut own.portfolio, (instrument, id), qty, price);
        booked.map(Some)
    }

    /// After an order ended: a target goes on, or is dropped when the order was refused, or was a
    /// stop that was reached.
    fn follow_target(&mut self, strategy: StrategyId, instrument: InstrumentId, drops: bool) {
        if drops {
            self.execution.targets.set(strategy, instrument, None);
        } else {
            self.work_target(strategy, instrument);
        }
    }

    /// Takes an order of ours into the books that the journal did not know. False when it is not
    /// there to be taken, or when its terms are not known yet: then the venue is asked for them.
    fn adopt(&mut self, report: &Report) -> bool {
        let id = report.client_order_id;
        let known_place = report.instrument.index() < self.instruments.len();
        if !known_place || !self.intents.may_adopt(id.sequence) {
            return false;
        }
        let asks = matches!(
            report.kind,
            ReportKind::Accepted | ReportKind::Replaced { .. } | ReportKind::Fill { .. }
        );
        if asks {
            self.execution.ask(Query::Order {
                client_order_id: id,
                instrument: report.instrument,
            });
        }
        if matches!(report.kind, ReportKind::Fill { .. }) && !self.sync.lists_fills() {
            return false;
        }
        let (order_qty, order_type, tif, limit_price, status) = match report.kind {
            ReportKind::Snapshot {
                order_qty,
                order_type,
                tif,
                limit_price,
                ..
            } => (order_qty, order_type, tif, limit_price, OrderStatus::New),
            ReportKind::Fill { cum_qty, .. } => (
                cum_qty,
                OrderType::Market,
                TimeInForce::Day,
                None,
                OrderStatus::Unknown,
            ),
            _ => return false,
        };
        let order = NewOrder {
            client_order_id: id,
            instrument: report.instrument,
            side: report.side,
            order_type,
            tif,
            order_qty,
            limit_price,
            stop_price: None,
            post_only: false,
            reduce_only: false,
        };
        let mut order = Order::new(&order, 0, false, self.now);
        order.status = status;
        order.ts_created = report.ts_event;
        order.venue_order_id = report.venue_order_id;
        order.revisions_sent = id.revision;
        if status == OrderStatus::Unknown {
            order.alarm = self.now;
        }
        self.intents.leave_gap_to(id.sequence.saturating_add(1));
        self.execution.adopt(order);
        // What the journal lost may have worked a parent: nobody can say what is left of that.
        self.end_parents_of(Some(report.instrument), |_| true);
        self.sync.adopted_orders += 1;
        self.recovered.adopted_orders += 1;
        true
    }

    fn handle_foreign(&mut self, report: &Report) {
        match report.kind {
            ReportKind::Fill {
                last_qty,
                cum_qty,
                fee,
                fee_asset,
                ..
            } => {
                let in_kind = match fee_asset {
                    FeeAsset::Base => fee,
                    FeeAsset::Quote => Money::ZERO,
                };
                self.sync.handle_foreign_fill(
                    report.instrument,
                    report.venue_order_id,
                    (Qty(last_qty.0.saturating_mul(report.side.sign())), in_kind),
                    cum_qty,
                );
            }
            ReportKind::Snapshot {
                order_qty, status, ..
            } if !status.is_terminal() => {
                let event = SyncEvent::ForeignOrder {
                    instrument: report.instrument,
                    qty: order_qty,
                };
                self.outbox.emit(Event::Sync(event));
            }
            _ => {}
        }
    }

    pub(super) fn handle_account(&mut self, report: &AccountReport) {
        let orders = &self.execution.orders;
        let books = (&self.books.account, self.instruments.as_slice());
        let outcome = self.sync.handle_account(self.now, report, orders, books);
        self.follow_sync(outcome);
    }

    /// Asks for executions that were told of behind their list, where they still are missing: an
    /// order that has ended is never looked at again.
    fn ask_for_missed(&mut self) {
        let orders = &self.execution.orders;
        let missed = |order: &Order| order.told_qty > order.cum_qty;
        let missing = orders.open().iter().any(missed) || orders.closed().any(missed);
        if let Some(since) = self.missed_since.take().filter(|_| missing) {
            self.execution.ask(Query::Fills { since });
        }
    }

    fn follow_sync(&mut self, outcome: SyncOutcome) {
        match outcome {
            SyncOutcome::Wait => {}
            SyncOutcome::Ask(queries) => {
                queries
                    .into_iter()
                    .for_each(|query| self.execution.ask(query));
            }
            SyncOutcome::Reconciled(cash) => {
                if let Some(cash) = cash {
                    self.books.account.set_cash(cash);
                    for own in &mut self.books.own {
                        own.portfolio.set_cash(cash);
                        own.risk.breaker.reset(self.now, own.portfolio.equity());
                    }
                    self.risk
                        .breaker
                        .reset(self.now, self.books.account.equity());
                }
                for (instrument, qty) in self.sync.foreign() {
                    let event = SyncEvent::ForeignPosition { instrument, qty };
                    self.outbox.emit(Event::Sync(event));
                }
                self.outbox.emit(Event::Sync(SyncEvent::Reconciled {
                    adopted_orders: self.sync.adopted_orders,
                    booked_fills: self.sync.booked_fills,
                }));
                self.ask_for_missed();
                self.start_if_ready();
            }
            SyncOutcome::Mismatch(event) => {
                self.outbox.emit(Event::Sync(event));
                self.restrict(TradingState::ReduceOnly, Cause::PositionMismatch);
            }
        }
    }
}

/// The part of a fee that belongs to the part of an execution which was not booked before.
fn part_of(fee: Money, fresh_qty: Qty, last_qty: Qty) -> Money {
    if fresh_qty == last_qty || last_qty.0 == 0 {
        return fee;
    }
    let (fresh, last) = (i128::from(fresh_qty.0), i128::from(last_qty.0));
    Money(fee.0 / last * fresh + fee.0 % last * fresh / last)
}
