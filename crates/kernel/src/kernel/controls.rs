//! What a person, a breaker or the connection can ask of the whole run.

use alloc::vec::Vec;
use py_rt_types::{ClientOrderId, InstrumentId, UnixNanos};

use super::Kernel;
use crate::event::{Cause, Event, SyncEvent, TradingState};
use crate::execution::Order;
use crate::input::{Control, Session};
use crate::signal::Strategy;

/// How far back fills are asked for beyond the last one booked.
pub(super) const FILLS_OVERLAP_NS: i64 = 600_000_000_000;

impl<S: Strategy> Kernel<S> {
    pub(super) fn handle_control(&mut self, control: Control) {
        match control {
            Control::Start => {
                self.start_asked = !self.running;
                self.start_if_ready();
            }
            Control::Stop => self.handle_stop(),
            Control::Halt => {
                self.restrict(TradingState::Halted, Cause::Operator);
                self.cancel_all(None);
            }
            Control::ReduceOnly => self.restrict(TradingState::ReduceOnly, Cause::Operator),
            Control::Resume { .. } => {
                self.outbox.emit(Event::Command(control));
                self.handle_resume();
            }
            Control::LeaseLost => self.restrict(TradingState::ReduceOnly, Cause::Lease),
            Control::LeaseHeld => self.handle_lease_held(),
            Control::Loosen { .. } => self.outbox.emit(Event::Command(control)),
            Control::Flatten => {
                self.outbox.emit(Event::Command(control));
                self.begin_flatten();
            }
            Control::CancelAll => {
                self.execution.targets.clear();
                self.cancel_all(None);
            }
        }
    }

    pub(super) fn start_if_ready(&mut self) {
        if self.start_asked && self.sync.is_online() {
            self.start_asked = false;
            self.running = true;
            self.call(|strategy, ctx| strategy.on_start(ctx));
        }
    }

    fn handle_stop(&mut self) {
        self.start_asked = false;
        if self.running {
            self.call(|strategy, ctx| strategy.on_stop(ctx));
            self.settle();
            self.running = false;
        }
        self.timers.clear();
        self.flatten = None;
        self.execution.targets.clear();
        let state = self.risk.state.max(TradingState::ReduceOnly);
        self.set_state(state, Cause::Stopping);
        if self.cancel_on_stop {
            self.cancel_all(None);
        }
    }

    fn handle_resume(&mut self) {
        self.flatten = None;
        self.risk.resume(self.now, self.books.account.equity());
        self.resume_own();
        self.set_state(TradingState::Active, Cause::Operator);
    }

    /// Lifts what the loss of the lease did, unless something else holds since.
    fn handle_lease_held(&mut self) {
        if self.by_lease {
            self.set_state(TradingState::Active, Cause::Lease);
        }
    }

    /// Tightens what is allowed; never loosens it.
    pub(super) fn restrict(&mut self, state: TradingState, cause: Cause) {
        self.by_lease &= cause == Cause::Lease;
        if !self.risk.restrict(state, cause) {
            return;
        }
        self.set_state(state, cause);
        self.execution.targets.clear();
        if state == TradingState::Halted {
            self.cancel_all(None);
        }
    }

    fn set_state(&mut self, state: TradingState, cause: Cause) {
        self.by_lease = cause == Cause::Lease && state != TradingState::Active;
        self.risk.state = state;
        self.outbox.emit(Event::Trading { state, cause });
    }

    pub(super) fn cancel_all(&mut self, instrument: Option<InstrumentId>) {
        self.end_parents_of(instrument, |_| true);
        self.cancel_where(|order| instrument.is_none_or(|id| order.instrument == id));
    }

    pub(super) fn cancel_where(&mut self, which: impl Fn(&Order) -> bool) {
        let ids: Vec<ClientOrderId> = self
            .execution
            .orders
            .open()
            .iter()
            .filter(|order| which(order))
            .map(|order| order.client_order_id)
            .collect();
        for id in ids {
            self.cancel(id);
        }
    }

    pub(super) fn cancel(&mut self, id: ClientOrderId) {
        if let Some(order) = self.execution.handle_cancel(self.now, id) {
            if self.guarded {
                self.note_cancel(order.strategy);
            }
            self.publish_order(&order, None);
        }
    }

    /// From when on executions may be unknown, in the venue's own time: its clock need not be ours.
    pub(super) fn fills_since(&self) -> UnixNanos {
        let known = match self.last_fill.0 {
            0 => self.first_sent().0,
            known => known,
        };
        UnixNanos(known.saturating_sub(FILLS_OVERLAP_NS).max(0))
    }

    /// When the first order may have left of which the venue never told; now for none. There are
    /// venues where every day more is a request more, so this is no day of long ago.
    fn first_sent(&self) -> UnixNanos {
        let orders = &self.execution.orders;
        let sent = orders.open().iter().chain(orders.closed());
        let first = sent.map(|order| order.ts_created).min();
        let unsure = self.sync.unsure_since();
        let first = first.unwrap_or(self.now).min(unsure.unwrap_or(self.now));
        first.min(self.now)
    }

    pub(super) fn handle_session(&mut self, session: Session) {
        match session {
            Session::Connected => {
                self.outbox.emit(Event::Sync(SyncEvent::Started));
                let since = self.fills_since();
                let queries = self.sync.start(self.now, &self.execution.orders, since);
                queries
                    .into_iter()
                    .for_each(|query| self.execution.ask(query));
            }
            Session::Disconnected => {
                self.sync.handle_lost();
                self.outbox.emit(Event::Sync(SyncEvent::Lost));
            }
            Session::Restarted { next_sequence } => {
                self.intents.leave_gap_to(next_sequence);
                self.sync.handle_restart();
                for order in self.execution.handle_restart(self.now) {
                    self.publish_order(&order, None);
                }
            }
        }
    }
}
