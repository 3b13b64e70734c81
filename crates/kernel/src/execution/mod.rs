//! Execution stage: approved orders out, reports in, silence resolved.
//!
//! One state machine for all venues. An order that was sent and not answered is `Unknown`; only
//! evidence from the venue ends that. Executions are booked once, keyed by the order and the
//! quantity executed up to them.

mod life;
mod order;
mod orders;
pub mod parents;
mod replacing;
mod sync;
mod targets;

pub use order::{Order, PendingReplace};
pub use orders::{Exposure, Orders};
pub(crate) use parents::{Held, Leg, ParentStep, Parents};
pub(crate) use sync::{ForeignOrder, Sync, SyncOutcome};
pub(crate) use targets::{TargetStep, Targets};

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use py_rt_types::{
    CancelOrder, ClientOrderId, NewOrder, OrderStatus, Qty, Query, RejectReason, ReplaceOrder,
    Report, ReportKind, UnixNanos, VenueOrderId,
};

use crate::output::Request;
use crate::signal::StrategyId;

/// Times of the execution stage, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExecutionTimes {
    /// Silence after which a sent order is unknown and the venue is asked.
    pub ack_timeout_ns: i64,
    /// First pause between two looks for an unknown order; it doubles up to two seconds.
    pub query_pause_ns: i64,
    /// A look for an order that began earlier than this after its creation proves nothing: the
    /// order may still have been on its way.
    pub settle_ns: i64,
}

impl Default for ExecutionTimes {
    fn default() -> Self {
        Self {
            ack_timeout_ns: 5_000_000_000,
            query_pause_ns: 250_000_000,
            settle_ns: 3_000_000_000,
        }
    }
}

/// What a report did to our books.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ReportOutcome {
    /// Whether the order changed.
    pub(crate) changed: bool,
    /// Whether it had ended here before, and only its end at the venue is new.
    pub(crate) afterwards: bool,
    /// Quantity of the execution that was not booked before.
    pub(crate) fresh_qty: Qty,
    /// Executions are missing: the venue knows of more than we booked.
    pub(crate) missing_fills: bool,
}

/// What an order is sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Works {
    /// A strategy asked for it.
    Itself,
    /// A position to work towards.
    Target,
    /// A parent order, by its sequence.
    Parent(u64),
}

impl Works {
    const fn parent(self) -> u64 {
        match self {
            Self::Parent(sequence) => sequence,
            _ => 0,
        }
    }
}

/// The execution stage.
#[derive(Debug, Clone)]
pub(crate) struct Execution {
    pub(crate) orders: Orders,
    pub(crate) targets: Targets,
    pub(crate) parents: Parents,
    times: ExecutionTimes,
    /// Requests that need no approval: cancels and queries.
    requests: Vec<Request>,
    next_alarm: UnixNanos,
}

impl Execution {
    /// `strategies` is how many share the account; 0 where one has it to itself.
    pub(crate) fn new(instruments: usize, strategies: usize, times: ExecutionTimes) -> Self {
        Self {
            orders: Orders::new(instruments, strategies),
            targets: Targets::new(instruments, strategies),
            parents: Parents::default(),
            times,
            requests: Vec::with_capacity(16),
            next_alarm: UnixNanos::MAX,
        }
    }

    /// When an order must be looked after; `UnixNanos::MAX` for never.
    #[inline]
    pub(crate) const fn poll_timeout(&self) -> UnixNanos {
        self.next_alarm
    }

    /// Takes the cancels and queries that wait to be sent.
    pub(crate) fn take_requests(&mut self) -> Vec<Request> {
        core::mem::take(&mut self.requests)
    }

    /// Gives an emptied list back, so that nothing is allocated.
    pub(crate) fn restore_requests(&mut self, mut emptied: Vec<Request>) {
        emptied.clear();
        if self.requests.is_empty() {
            self.requests = emptied;
        }
    }

    /// Whether cancels or queries wait to be sent.
    #[inline]
    pub(crate) fn has_requests(&self) -> bool {
        !self.requests.is_empty()
    }

    pub(crate) fn ask(&mut self, query: Query) {
        self.requests.push(Request::Query(query));
    }

    /// Books a new order that is about to be sent.
    pub(crate) fn handle_new(
        &mut self,
        now: UnixNanos,
        strategy: StrategyId,
        order: &NewOrder,
        (tag, works): (u32, Works),
    ) {
        let mut order = Order::new(order, tag, works == Works::Target, now);
        order.strategy = strategy;
        order.parent = works.parent();
        order.alarm = now.plus(self.times.ack_timeout_ns);
        self.next_alarm = self.next_alarm.min(order.alarm);
        self.orders.insert(order);
    }

    /// Books an order that was refused before it was sent.
    pub(crate) fn handle_refused(
        &mut self,
        now: UnixNanos,
        strategy: StrategyId,
        order: &NewOrder,
        (tag, works): (u32, Works),
        reason: RejectReason,
    ) -> Order {
        let mut order = Order::new(order, tag, false, now);
        order.strategy = strategy;
        order.parent = works.parent();
        order.status = OrderStatus::Rejected;
        order.reason = Some(reason);
        self.orders.insert_closed(order);
        order
    }

    /// Asks for the end of an order; waits for the venue's id when it is not known yet.
    pub(crate) fn handle_cancel(&mut self, now: UnixNanos, id: ClientOrderId) -> Option<Order> {
        let alarm = now.plus(self.times.ack_timeout_ns);
        let changed = self.orders.update(id, |order| {
            if order.is_terminal() || order.cancel_requested {
                return None;
            }
            order.cancel_requested = true;
            order.ts_updated = now;
            if life::is_waiting(order) {
                return Some(*order);
            }
            order.status = order.working_status();
            order.alarm = alarm;
            Some(*order)
        })??;
        if !life::is_waiting(&changed) {
            self.send_cancel(&changed);
        }
        self.refresh_alarm();
        Some(changed)
    }

    fn send_cancel(&mut self, order: &Order) {
        self.requests.push(Request::Cancel(CancelOrder {
            client_order_id: order.client_order_id,
            venue_order_id: order.venue_order_id,
            instrument: order.instrument,
        }));
    }

    /// Books a replace that is about to be sent.
    pub(crate) fn handle_replace(
        &mut self,
        now: UnixNanos,
        replace: &ReplaceOrder,
    ) -> Option<Order> {
        let alarm = now.plus(self.times.ack_timeout_ns);
        let changed = self.orders.update(replace.client_order_id, |order| {
            order.pending_replace = Some(PendingReplace {
                order_qty: replace.order_qty,
                limit_price: replace.limit_price,
                revision: replace.client_order_id.revision,
            });
            order.revisions_sent = replace.client_order_id.revision;
            order.not_found = 0;
            order.status = order.working_status();
            order.alarm = alarm;
            order.ts_updated = now;
            *order
        });
        self.refresh_alarm();
        changed
    }

    /// Applies what the venue said about an open order, when that moves it on a plain way: it
    /// changes then, and nothing is missing. Returns the quantity that is newly executed.
    #[inline]
    pub(crate) fn handle_plain(&mut self, now: UnixNanos, report: &Report) -> Option<Qty> {
        let fresh_qty = self.orders.apply_plain(now, report)?;
        self.refresh_alarm();
        Some(fresh_qty)
    }

    /// Applies what the venue said about an order of ours that we know.
    pub(crate) fn handle_report(&mut self, now: UnixNanos, report: &Report) -> ReportOutcome {
        let id = report.client_order_id;
        let fresh_qty = match report.kind {
            ReportKind::Fill {
                last_qty, cum_qty, ..
            } => self.orders.book_interval(id, last_qty, cum_qty),
            _ => Qty::ZERO,
        };
        let times = self.times;
        let Some(step) = self.orders.update(id, |order| {
            life::apply(order, now, report, fresh_qty, &times)
        }) else {
            return ReportOutcome::default();
        };
        if let Some(former) = step.former {
            self.orders.remember_former(former, id);
        }
        if step.send_cancel {
            self.send_cancel(&step.order);
        }
        if step.query {
            self.ask(life::query(&step.order));
        }
        self.refresh_alarm();
        ReportOutcome {
            changed: step.changed,
            afterwards: step.afterwards,
            fresh_qty,
            missing_fills: step.missing_fills,
        }
    }

    /// Takes an order of ours that the journal did not know into the books.
    pub(crate) fn adopt(&mut self, order: Order) {
        self.orders.insert(order);
        self.refresh_alarm();
    }

    /// Takes over the orders of an earlier session.
    pub(crate) fn restore_orders(
        &mut self,
        open: &[Order],
        closed: &[Order],
        early: BTreeMap<u64, Vec<(i64, i64)>>,
        former: &[(VenueOrderId, u64)],
    ) {
        self.orders.restore(open, closed, early, former);
        self.refresh_alarm();
    }

    /// Looks after one order whose alarm is due; returns it when its state changed.
    pub(crate) fn handle_alarm(&mut self, now: UnixNanos) -> Option<Option<Order>> {
        let due = self
            .orders
            .open()
            .iter()
            .find(|order| order.alarm <= now)?
            .client_order_id;
        let times = self.times;
        let (order, changed) = self.orders.update(due, |order| {
            let changed = life::ring(order, now, &times);
            (*order, changed)
        })?;
        self.ask(life::query(&order));
        self.refresh_alarm();
        Some(changed.then_some(order))
    }

    /// After a restart: nothing that was on its way may be believed until the venue was asked.
    pub(crate) fn handle_restart(&mut self, now: UnixNanos) -> Vec<Order> {
        let ids: Vec<ClientOrderId> = self
            .orders
            .open()
            .iter()
            .map(|order| order.client_order_id)
            .collect();
        let mut changed = Vec::new();
        for id in ids {
            let order = self.orders.update(id, |order| {
                let was = order.status;
                if was == OrderStatus::PendingNew {
                    order.status = OrderStatus::Unknown;
                }
                order.alarm = UnixNanos::MAX;
                // What is settled keeps the time of its last sign; the rest may just have left.
                if order.status != was || order.pending_replace.is_some() {
                    order.ts_updated = now;
                }
                (order.status != was).then_some(*order)
            });
            changed.extend(order.flatten());
        }
        self.refresh_alarm();
        changed
    }

    fn refresh_alarm(&mut self) {
        self.next_alarm = self.orders.next_alarm();
    }
}
