//! The venue's books: the only truth about orders, executions, positions and cash.
//!
//! Written apart from the matching engine of backtests and from the paper venue; nothing here is
//! shared with the code that is judged but the spelling of UUIDs and instants.

use py_rt_types::UnixNanos;

use super::json;
use super::listing::{Listing, LISTINGS};

/// Cash of the account at the start: a hundred million.
pub(crate) const CASH: i128 = 100_000_000 * 10i128.pow(18);

/// How an order stands at the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Accepted,
    Working,
    PendingCancel,
    PendingReplace,
    Filled,
    Canceled,
    Rejected,
    Replaced,
}

impl Status {
    /// Whether it may be executed.
    pub(crate) const fn is_live(self) -> bool {
        matches!(
            self,
            Self::Working | Self::PendingCancel | Self::PendingReplace
        )
    }

    /// Whether it is listed among the open ones.
    pub(crate) const fn is_open(self) -> bool {
        self.is_live() || matches!(self, Self::Accepted)
    }
}

/// An order of the account, ours or not.
#[derive(Debug, Clone)]
pub(crate) struct VenueOrder {
    pub(crate) id: u128,
    pub(crate) client: String,
    pub(crate) instrument: usize,
    pub(crate) buy: bool,
    pub(crate) qty: i64,
    /// Executed, that of the orders it replaced included.
    pub(crate) cum: i64,
    pub(crate) limit: Option<i64>,
    pub(crate) tif: String,
    pub(crate) status: Status,
    pub(crate) replaces: u128,
    pub(crate) replaced_by: u128,
    pub(crate) updated: UnixNanos,
    /// Cannot be found before this.
    pub(crate) visible_from: UnixNanos,
    pub(crate) foreign: bool,
}

/// An execution; never changes.
#[derive(Debug, Clone)]
pub(crate) struct Execution {
    pub(crate) id: u128,
    pub(crate) order: usize,
    pub(crate) qty: i64,
    pub(crate) cum: i64,
    pub(crate) price: i64,
    pub(crate) at: UnixNanos,
    /// Its order had ended before.
    pub(crate) late: bool,
}

/// A new order as it was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    pub(crate) client: String,
    pub(crate) instrument: usize,
    pub(crate) buy: bool,
    pub(crate) qty: i64,
    pub(crate) limit: Option<i64>,
    pub(crate) tif: String,
    pub(crate) visible_from: UnixNanos,
    pub(crate) foreign: bool,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Truth {
    pub(crate) now: UnixNanos,
    pub(crate) orders: Vec<VenueOrder>,
    pub(crate) executions: Vec<Execution>,
    /// Twice the middle of the market, in ticks; bid and ask are one tick apart from it.
    pub(crate) mids: Vec<i64>,
    /// How often an id was used that was used before.
    pub(crate) duplicates: u64,
    /// Messages for the account stream, in order.
    pub(crate) told: Vec<String>,
}

impl Truth {
    pub(crate) fn new(now: UnixNanos, instruments: usize) -> Self {
        Self {
            now,
            orders: Vec::new(),
            executions: Vec::new(),
            mids: LISTINGS[..instruments].iter().map(|l| l.start).collect(),
            duplicates: 0,
            told: Vec::new(),
        }
    }

    pub(crate) fn listing(&self, order: usize) -> &'static Listing {
        &LISTINGS[self.orders[order].instrument]
    }

    pub(crate) fn bid(&self, instrument: usize) -> i64 {
        self.mids[instrument] / 2 - 1
    }

    pub(crate) fn ask(&self, instrument: usize) -> i64 {
        self.mids[instrument] / 2 + 1
    }

    pub(crate) fn find_client(&self, client: &str) -> Option<usize> {
        let found = self.orders.iter().position(|o| o.client == client)?;
        (self.orders[found].visible_from <= self.now).then_some(found)
    }

    pub(crate) fn find(&self, id: u128) -> Option<usize> {
        self.orders.iter().position(|order| order.id == id)
    }

    pub(crate) fn tell(&mut self, order: usize, event: &str, execution: Option<usize>) {
        let text = json::update(self, order, event, execution);
        self.told.push(text);
    }

    /// Takes an order; `None` when its id was used before.
    pub(crate) fn place(&mut self, ticket: Ticket) -> Option<usize> {
        if self.orders.iter().any(|o| o.client == ticket.client) {
            self.duplicates += 1;
            return None;
        }
        let place = self.orders.len();
        self.orders.push(VenueOrder {
            id: 0x1000 + place as u128,
            client: ticket.client,
            instrument: ticket.instrument,
            buy: ticket.buy,
            qty: ticket.qty,
            cum: 0,
            limit: ticket.limit,
            tif: ticket.tif,
            status: Status::Working,
            replaces: 0,
            replaced_by: 0,
            updated: self.now,
            visible_from: ticket.visible_from,
            foreign: ticket.foreign,
        });
        self.tell(place, "new", None);
        Some(place)
    }

    fn mark(&mut self, order: usize, status: Status) {
        self.orders[order].status = status;
        self.orders[order].updated = self.now;
    }

    /// Asks for the end of an order; it ends later.
    pub(crate) fn begin_cancel(&mut self, order: usize) -> bool {
        if self.orders[order].status != Status::Working {
            return false;
        }
        self.mark(order, Status::PendingCancel);
        self.tell(order, "pending_cancel", None);
        true
    }

    /// Ends an order that is live, asked or not.
    pub(crate) fn end(&mut self, order: usize, status: Status) {
        if !self.orders[order].status.is_open() {
            return;
        }
        self.mark(order, status);
        let event = if status == Status::Rejected {
            "rejected"
        } else {
            "canceled"
        };
        self.tell(order, event, None);
    }

    /// Takes other terms; the new order works once the old one is out of the way.
    pub(crate) fn begin_replace(
        &mut self,
        old: usize,
        client: String,
        qty: i64,
        limit: Option<i64>,
    ) -> Option<usize> {
        let before = self.orders[old].clone();
        if before.status != Status::Working || qty <= before.cum {
            return None;
        }
        if self.orders.iter().any(|o| o.client == client) {
            self.duplicates += 1;
            return None;
        }
        let place = self.orders.len();
        self.orders.push(VenueOrder {
            id: 0x1000 + place as u128,
            client,
            qty,
            limit: limit.or(before.limit),
            status: Status::Accepted,
            replaces: before.id,
            updated: self.now,
            visible_from: self.now,
            ..before
        });
        self.mark(old, Status::PendingReplace);
        self.tell(old, "pending_replace", None);
        Some(place)
    }

    /// The replace happens, or is refused because the old order has ended or `refuse` says so.
    pub(crate) fn finish_replace(&mut self, old: usize, new: usize, refuse: bool) {
        if self.orders[new].status != Status::Accepted {
            return;
        }
        let before = self.orders[old].clone();
        let alive = before.status == Status::PendingReplace && before.cum < self.orders[new].qty;
        if refuse || !alive {
            self.mark(new, Status::Rejected);
            if before.status == Status::PendingReplace {
                self.mark(old, Status::Working);
            }
            self.tell(new, "order_replace_rejected", None);
            return;
        }
        self.orders[new].cum = before.cum;
        self.orders[old].replaced_by = self.orders[new].id;
        self.mark(old, Status::Replaced);
        self.mark(new, Status::Working);
        self.tell(old, "replaced", None);
        self.tell(new, "new", None);
    }

    /// Executes up to `qty`; an order that has ended is executed only when `late`.
    pub(crate) fn fill(&mut self, order: usize, qty: i64, late: bool) {
        let found = &self.orders[order];
        let qty = qty.min(found.qty - found.cum);
        let may = found.status.is_live() || (late && found.status == Status::Canceled);
        if qty <= 0 || !may {
            return;
        }
        let (instrument, buy) = (found.instrument, found.buy);
        let touch = if buy {
            self.ask(instrument)
        } else {
            self.bid(instrument)
        };
        let price = match (found.limit, buy) {
            (Some(limit), true) => limit.min(touch),
            (Some(limit), false) => limit.max(touch),
            (None, _) => touch,
        };
        let now = self.now;
        let late = !found.status.is_live();
        let found = &mut self.orders[order];
        found.cum += qty;
        found.updated = now;
        let full = found.cum == found.qty;
        if full && found.status.is_live() {
            found.status = Status::Filled;
        }
        let cum = found.cum;
        let id = 0x5000_0000 + self.executions.len() as u128;
        self.executions.push(Execution {
            id,
            order,
            qty,
            cum,
            price,
            at: now,
            late,
        });
        let event = if full { "fill" } else { "partial_fill" };
        self.tell(order, event, Some(self.executions.len() - 1));
    }

    fn signed(&self, one: &Execution) -> i64 {
        if self.orders[one.order].buy {
            one.qty
        } else {
            -one.qty
        }
    }

    /// Signed position in lots; ours alone, or the account's.
    pub(crate) fn position(&self, instrument: usize, ours_only: bool) -> i64 {
        let counts = |one: &&Execution| {
            let order = &self.orders[one.order];
            order.instrument == instrument && !(ours_only && order.foreign)
        };
        let counted = self.executions.iter().filter(counts);
        counted.map(|one| self.signed(one)).sum()
    }

    /// Cash of the account; or what it would be without the trades of others.
    pub(crate) fn cash(&self, ours_only: bool) -> i128 {
        let counts = |one: &&Execution| !(ours_only && self.orders[one.order].foreign);
        let paid = |one: &Execution| self.listing(one.order).value(one.price, self.signed(one));
        CASH - self
            .executions
            .iter()
            .filter(counts)
            .map(paid)
            .sum::<i128>()
    }
}
