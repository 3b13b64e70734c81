//! The end of a session: who asks for it, how far it has come, what is written last.

use py_rt_kernel::execution::Order;
use py_rt_kernel::journal::{End, Entry};
use py_rt_kernel::{Control, Input, Session, Strategy};
use py_rt_types::{OrderStatus, UnixNanos};

use super::{unwritten, Driver, Phase, Reason, SECOND_NS};
use crate::error::LiveError;
use crate::journal::Tape;
use crate::net::Transport;
use crate::store::Status;

/// How often the stop flag and the kill file are looked at.
const WATCH_NS: i64 = 100_000_000;
/// How long an end may take: cancels to be confirmed, books to be compared.
const STOP_NS: i64 = 5 * SECOND_NS;
/// How long it takes to ask for an unknown order once its absence can be proved.
const PROOF_NS: i64 = 5 * SECOND_NS;
/// How long an answer to what was kept back may take to come, and to be asked on.
const ANSWER_NS: i64 = 3 * SECOND_NS;
/// How long it may take where the venue's limits keep the questions back.
const HELD_NS: i64 = 30 * SECOND_NS;

impl<S: Strategy, T: Transport, J: Tape> Driver<'_, S, T, J> {
    /// Looks at the clock, the stop flag, the kill file, and how far the end has come.
    pub(super) fn watch(&mut self, now: UnixNanos) -> Result<(), LiveError> {
        if now >= self.duty.ends_at {
            self.begin_stop(now, Reason::TimeOver)?;
        }
        if self.duty.ends_at_once && self.kernel.is_reconciled() {
            self.begin_stop(now, Reason::Interrupted)?;
        }
        if now >= self.duty.watch_at {
            self.duty.watch_at = now.plus(WATCH_NS);
            self.look_at_lease(now)?;
            self.kill.renew();
            if self.hooks.should_stop() {
                self.begin_stop(now, Reason::Stopped)?;
            }
            match self.kill.poll().map(crate::state::KillWord::control) {
                Some(Control::Stop) => self.begin_stop(now, Reason::Killed)?,
                Some(control) => self.feed(now, Input::Control(control))?,
                None => {}
            }
            self.rotate_when_full()?;
            self.ask_clock(now);
            let next = self.kernel.next_sequence();
            self.journal.reserve_ahead(next).map_err(unwritten)?;
        }
        if now >= self.duty.status_at {
            self.duty.status_at = now.plus(SECOND_NS);
            self.report_status(now, "trading");
        }
        self.advance_end(now)
    }

    pub(super) fn begin_stop(&mut self, now: UnixNanos, reason: Reason) -> Result<(), LiveError> {
        if self.duty.phase != Phase::Trading {
            return Ok(());
        }
        let until = now.plus(STOP_NS);
        self.duty.phase = Phase::Closing {
            until,
            last: until.max(now.plus(self.duty.settle_ns).plus(PROOF_NS)),
        };
        self.duty.reason = Some(reason);
        self.feed(now, Input::Control(Control::Stop))
    }

    /// The end: cancels are confirmed, books are compared once more, then it is over.
    fn advance_end(&mut self, now: UnixNanos) -> Result<(), LiveError> {
        match self.duty.phase {
            Phase::Trading | Phase::Done => {}
            Phase::Closing { until, last } => {
                let orders = self.kernel.orders().open();
                let works = self.duty.cancels_on_stop && !orders.is_empty();
                if (works && now < until) || (now < last && orders.iter().any(is_in_doubt)) {
                    return Ok(());
                }
                if !self.duty.was_connected {
                    self.duty.phase = Phase::Done;
                    return Ok(());
                }
                let until = until.max(now.plus(SECOND_NS));
                let last = now.plus(HELD_NS);
                self.duty.phase = Phase::Comparing { until, last };
                self.compare_again(now)?;
            }
            Phase::Comparing { until, last } => {
                // What was kept back is still to be answered, and what appears now is to be ended.
                let mut waits = self.lanes.last_held().plus(ANSWER_NS);
                let doubts = self.kernel.orders().open().iter().any(is_in_doubt);
                if doubts {
                    waits = waits.max(last.plus(PROOF_NS - HELD_NS));
                }
                let agreed = self.kernel.is_reconciled() && (!doubts || now >= waits);
                if agreed || (now >= until && (waits <= now || now >= last)) {
                    self.duty.phase = Phase::Done;
                } else if now >= until {
                    let until = waits.min(last);
                    self.duty.phase = Phase::Comparing { until, last };
                }
            }
        }
        Ok(())
    }

    /// At the end the books are compared even when the account's stream is down: the questions
    /// have a connection of their own.
    pub(super) fn compare_again(&mut self, now: UnixNanos) -> Result<(), LiveError> {
        match self.duty.phase {
            Phase::Comparing { .. } => self.feed(now, Input::Session(Session::Connected)),
            _ => Ok(()),
        }
    }

    /// Goes on in a new segment, which begins with the books of now, when this one is full.
    fn rotate_when_full(&mut self) -> Result<(), LiveError> {
        if self.journal.is_full() {
            let books = Entry::Snapshot(self.kernel.snapshot().encode());
            self.journal.rotate(&books).map_err(unwritten)?;
        }
        Ok(())
    }

    fn report_status(&mut self, now: UnixNanos, phase: &'static str) {
        let Some(store) = &self.store else {
            return;
        };
        store.handle_status(Status {
            now,
            phase,
            trading: self.kernel.trading_state().name(),
            connected: self.duty.account_up,
            reconciled: self.kernel.is_reconciled(),
            totals: self.duty.totals,
            open_orders: self.kernel.orders().open().len(),
            cash: self.kernel.portfolio().cash(),
            equity: self.kernel.portfolio().equity(),
            positions: self.kernel.portfolio().positions().to_vec(),
            order_hash: self.kernel.order_hash(),
            records: self.journal.records(),
        });
    }

    /// The clean end: the tables are whole, then the books and the order hash, then a sync.
    pub(super) fn finish(&mut self) -> Result<(), LiveError> {
        let now = self.transport.now();
        self.report_status(now, "ended");
        if let Some(store) = self.store.take() {
            store.finish()?;
        }
        let books = self.kernel.snapshot().encode();
        self.journal.append(&Entry::Snapshot(books));
        let end = End {
            now,
            order_hash: self.kernel.order_hash(),
            decisions: self.kernel.decisions(),
            totals: self.duty.totals,
        };
        self.journal.end(end).map_err(unwritten)?;
        self.kill.lay_down();
        Ok(())
    }
}

/// Whether the venue may or may not have it, or its replacement.
fn is_in_doubt(order: &Order) -> bool {
    let unconfirmed = matches!(order.status, OrderStatus::PendingNew | OrderStatus::Unknown);
    unconfirmed || order.pending_replace.is_some() || order.returned
}
