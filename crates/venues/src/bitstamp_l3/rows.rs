//! Changes of orders to market rows.
//!
//! The stream shows an order that takes liquidity as a new one, and then tells of each execution
//! twice: once for the order that rested and once for the one that came. One execution is one row
//! that executes, so the older order (the smaller id) gets `OrderExecute`, and what the younger one
//! loses is an `OrderReduce` or `OrderDelete`.
//!
//! An order that rested before the recording began is seen when it changes (it is added then) or
//! when it goes (there is nothing to remove).

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use py_rt_types::{EventKind, InstrumentId, MarketEvent, Price, Qty, UnixNanos, END};

use crate::columns::{BadLine, Place};
use crate::error::Malformed;
use crate::resting::{OrderTable, Resting};

use super::line::{Change, ChangeKind, Form, HEADER};

/// Executions of which the other side has not been told yet are remembered this long.
const PATIENCE_NS: i64 = 10_000_000_000;

/// The table was written from floats: the two sides of an execution may differ by this much.
const ROUNDING: i64 = 2;

/// What was seen beside the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BitstampCounts {
    /// Orders that were created.
    pub created: u64,
    /// Changes of orders.
    pub changed: u64,
    /// Orders that went.
    pub deleted: u64,
    /// Orders that changed or went without having been created.
    pub unknown: u64,
    /// Orders created under an id that still rested.
    pub twice: u64,
    /// Messages that change no order.
    pub others: u64,
}

#[derive(Debug, Clone, Copy)]
struct Half {
    ts_recv: i64,
    order_id: u64,
    side: i8,
    qty: i64,
}

/// A recording on its way in; prices and quantities in 1e-8.
#[derive(Debug, Clone, Default)]
pub struct BitstampFile {
    form: Option<Form>,
    place: Place,
    last: i64,
    orders: OrderTable,
    /// Price as a key (greater is better) and id, of bids and asks.
    sides: [BTreeSet<(i64, u64)>; 2],
    halves: Vec<Half>,
    counts: BitstampCounts,
}

impl BitstampFile {
    /// A recording of which nothing was read yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What was seen so far.
    #[must_use]
    pub const fn counts(&self) -> BitstampCounts {
        self.counts
    }

    /// How many orders rest.
    #[must_use]
    pub const fn resting(&self) -> usize {
        self.orders.len()
    }

    /// Takes bytes in and appends rows; returns how many bytes were used. What is left has to come
    /// again, in front of what follows it; `last` says that nothing follows.
    ///
    /// # Errors
    /// [`BadLine`] for a line that is no change, or a time that goes back.
    pub fn handle_input(
        &mut self,
        bytes: &[u8],
        last: bool,
        out: &mut Vec<MarketEvent>,
    ) -> Result<usize, BadLine> {
        let mut place = self.place;
        let used = place.read_lines(bytes, last, |line| self.handle_line(line, out));
        self.place = place;
        used
    }

    fn handle_line(&mut self, line: &[u8], out: &mut Vec<MarketEvent>) -> Result<(), Malformed> {
        let form = match self.form {
            Some(form) => form,
            None => {
                let form = Form::recognise(line).ok_or(Malformed {
                    offset: 0,
                    field: "first line",
                })?;
                self.form = Some(form);
                form
            }
        };
        if line == HEADER {
            return Ok(());
        }
        let Some(change) = form.parse(line)? else {
            self.counts.others += 1;
            return Ok(());
        };
        if change.ts_recv < self.last {
            return Err(Malformed {
                offset: 0,
                field: "time",
            });
        }
        self.last = change.ts_recv;
        self.apply(&change, out);
        Ok(())
    }

    fn apply(&mut self, change: &Change, out: &mut Vec<MarketEvent>) {
        let from = out.len();
        let mut writer = Writer {
            ts: UnixNanos(change.ts_recv),
            out,
        };
        let known = self.orders.find_order(change.order_id).copied();
        let new = Resting {
            order_id: change.order_id,
            price: change.price,
            qty: change.qty,
            instrument: 0,
            side: change.side,
        };
        match (change.kind, known) {
            (ChangeKind::Created, None) => {
                self.counts.created += 1;
                self.add(new, &mut writer);
            }
            (ChangeKind::Created, Some(before)) => {
                self.counts.created += 1;
                self.counts.twice += 1;
                self.remove(before, before.qty, EventKind::OrderDelete, &mut writer);
                self.add(new, &mut writer);
            }
            (ChangeKind::Changed, Some(before)) => {
                self.counts.changed += 1;
                self.change(before, new, &mut writer);
            }
            (ChangeKind::Changed, None) => {
                self.counts.changed += 1;
                self.counts.unknown += 1;
                self.add(new, &mut writer);
            }
            (ChangeKind::Deleted, Some(before)) => {
                self.counts.deleted += 1;
                if change.qty < before.qty {
                    self.fill(before, before.qty - change.qty, &mut writer);
                }
                if let Some(rest) = self.orders.find_order(change.order_id).copied() {
                    self.remove(rest, rest.qty, EventKind::OrderDelete, &mut writer);
                }
            }
            (ChangeKind::Deleted, None) => {
                self.counts.deleted += 1;
                self.counts.unknown += 1;
            }
        }
        if let Some(row) = out.get_mut(from..).and_then(|rows| rows.last_mut()) {
            row.flags |= END;
        }
    }

    fn change(&mut self, before: Resting, new: Resting, writer: &mut Writer<'_>) {
        if new.qty < before.qty {
            self.fill(before, before.qty - new.qty, writer);
        }
        if new.qty > before.qty || new.price != before.price || new.side != before.side {
            if let Some(rest) = self.orders.find_order(new.order_id).copied() {
                self.remove(rest, rest.qty, EventKind::OrderDelete, writer);
            }
            self.add(new, writer);
        }
    }

    const fn index(side: i8) -> usize {
        (side < 0) as usize
    }

    fn add(&mut self, order: Resting, writer: &mut Writer<'_>) {
        if order.qty == 0 {
            return;
        }
        self.orders.insert(order);
        let key = order.price * i64::from(order.side);
        self.sides[Self::index(order.side)].insert((key, order.order_id));
        writer.push(EventKind::OrderAdd, &order);
    }

    fn remove(&mut self, order: Resting, qty: i64, kind: EventKind, writer: &mut Writer<'_>) {
        if let Some((before, taken)) = self.orders.reduce(order.order_id, qty) {
            if taken == before.qty {
                let key = before.price * i64::from(before.side);
                self.sides[Self::index(before.side)].remove(&(key, before.order_id));
            }
            writer.push(
                kind,
                &Resting {
                    qty: taken,
                    ..before
                },
            );
        }
    }

    /// An order lost `qty` in an execution.
    fn fill(&mut self, order: Resting, qty: i64, writer: &mut Writer<'_>) {
        let kind = if self.rested(&order, qty, writer.ts.0) {
            EventKind::OrderExecute
        } else if qty == order.qty {
            EventKind::OrderDelete
        } else {
            EventKind::OrderReduce
        };
        self.remove(order, qty, kind, writer);
    }

    /// Whether it was this order that rested when the other one came.
    fn rested(&mut self, order: &Resting, qty: i64, now: i64) -> bool {
        self.halves.retain(|half| now - half.ts_recv < PATIENCE_NS);
        let other = self
            .halves
            .iter()
            .position(|half| half.side != order.side && (half.qty - qty).abs() <= ROUNDING);
        if let Some(at) = other {
            return order.order_id < self.halves.swap_remove(at).order_id;
        }
        let half = Half {
            ts_recv: now,
            order_id: order.order_id,
            side: order.side,
            qty,
        };
        self.halves.push(half);
        // The other side was not told yet: it is the best one that this order crosses.
        let reach = -(order.price * i64::from(order.side));
        let opposite = &self.sides[1 - Self::index(order.side)];
        let crossed = opposite.range((reach, 0)..).next_back();
        crossed.is_none_or(|(_, order_id)| order.order_id < *order_id)
    }
}

struct Writer<'a> {
    ts: UnixNanos,
    out: &'a mut Vec<MarketEvent>,
}

impl Writer<'_> {
    fn push(&mut self, kind: EventKind, order: &Resting) {
        self.out.push(MarketEvent {
            ts_event: self.ts,
            ts_recv: self.ts,
            instrument: InstrumentId(0),
            kind: kind as u8,
            side: order.side,
            flags: 0,
            price: Price(order.price),
            qty: Qty(order.qty),
            order_id: order.order_id,
        });
    }
}
