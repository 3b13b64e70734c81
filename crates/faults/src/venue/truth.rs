//! The venue's books: the only truth about orders, executions, positions and cash.
//!
//! Written apart from the matching engine of backtests and from the paper venue; nothing here is
//! shared with the code that is judged. It speaks no dialect: what happens is put down as
//! [`Word`]s, and a mouth says them.

use py_rt_types::UnixNanos;

use super::listing::{Listing, LISTINGS};

/// Cash of the account at the start: a hundred million.
pub(crate) const CASH: i128 = 100_000_000 * 10i128.pow(18);
/// Fees are cut off behind so much, in 1e-18.
const FEE_STEP: i128 = 10i128.pow(10);

/// How an order stands at the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Accepted,
    Working,
    PendingCancel,
    PendingReplace,
    Filled,
    Canceled,
    Expired,
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
    /// Its number among those of its instrument, from 1.
    pub(crate) number: u64,
    pub(crate) client: String,
    /// The id of the request that ended it, where that has one.
    pub(crate) ender: String,
    pub(crate) instrument: usize,
    pub(crate) buy: bool,
    pub(crate) qty: i64,
    /// Executed, that of the orders it replaced included.
    pub(crate) cum: i64,
    pub(crate) limit: Option<i64>,
    /// It may not take what rests.
    pub(crate) post_only: bool,
    pub(crate) tif: String,
    pub(crate) status: Status,
    pub(crate) replaces: u128,
    pub(crate) replaced_by: u128,
    pub(crate) updated: UnixNanos,
    /// The same by the venue's clock.
    pub(crate) stamp: UnixNanos,
    /// Cannot be found before this.
    pub(crate) visible_from: UnixNanos,
    pub(crate) foreign: bool,
}

/// What an execution cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fee {
    /// So much of what is traded, in 1e-18.
    Base(i128),
    /// So much of what prices are in, in 1e-18.
    Quote(i128),
    /// So much of something else, in 1e-18: no position and no cash changes.
    Third(i128),
}

/// What the account pays for executions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Fees {
    /// Of what is received, in 1e-6.
    pub(crate) millionths: i64,
    /// In a third asset.
    pub(crate) third: bool,
}

/// An execution; never changes.
#[derive(Debug, Clone)]
pub(crate) struct Execution {
    pub(crate) id: u128,
    /// Its number among those of its instrument, from 1.
    pub(crate) number: u64,
    pub(crate) order: usize,
    pub(crate) qty: i64,
    pub(crate) cum: i64,
    pub(crate) price: i64,
    pub(crate) fee: Fee,
    pub(crate) maker: bool,
    pub(crate) at: UnixNanos,
    /// The same by the venue's clock.
    pub(crate) stamp: UnixNanos,
    /// Its order had ended before.
    pub(crate) late: bool,
}

/// A new order as it was asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ticket {
    pub(crate) client: String,
    pub(crate) instrument: usize,
    pub(crate) buy: bool,
    pub(crate) qty: i64,
    pub(crate) limit: Option<i64>,
    pub(crate) post_only: bool,
    pub(crate) tif: String,
    pub(crate) visible_from: UnixNanos,
    pub(crate) foreign: bool,
}

/// What happened to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    New,
    PendingCancel,
    PendingReplace,
    Executed(usize),
    Ended,
    Replaced,
    ReplaceRejected,
}

/// Something for whoever listens to the account.
#[derive(Debug, Clone)]
pub(crate) struct Word {
    pub(crate) what: What,
    /// The order as it stood then.
    pub(crate) order: VenueOrder,
    /// Said so many milliseconds later than it should be.
    pub(crate) late_ms: i64,
    /// When, by the venue's clock.
    pub(crate) stamp: UnixNanos,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Truth {
    pub(crate) now: UnixNanos,
    /// The venue's clock less the world's.
    pub(crate) skew_ns: i64,
    pub(crate) fees: Fees,
    /// What the account owned of each instrument before, in 1e-18.
    pub(crate) before: Vec<i128>,
    /// What others paid of the account's cash before.
    pub(crate) paid_before: i128,
    pub(crate) orders: Vec<VenueOrder>,
    pub(crate) executions: Vec<Execution>,
    /// Twice the middle of the market, in ticks; bid and ask are one tick apart from it.
    pub(crate) mids: Vec<i64>,
    /// How often an id was used that was used before.
    pub(crate) duplicates: u64,
    /// What is to be told, in order.
    pub(crate) told: Vec<Word>,
}

impl Truth {
    pub(crate) fn new(now: UnixNanos, instruments: usize) -> Self {
        Self {
            now,
            skew_ns: 0,
            fees: Fees::default(),
            before: vec![0; instruments],
            paid_before: 0,
            orders: Vec::new(),
            executions: Vec::new(),
            mids: LISTINGS[..instruments].iter().map(|l| l.start).collect(),
            duplicates: 0,
            told: Vec::new(),
        }
    }

    /// The time by the venue's clock.
    pub(crate) fn clock(&self) -> UnixNanos {
        self.now.plus(self.skew_ns)
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

    /// Whether an order would be executed at once.
    pub(crate) fn crosses(&self, order: usize) -> bool {
        let one = &self.orders[order];
        match (one.limit, one.buy) {
            (None, _) => true,
            (Some(limit), true) => limit >= self.ask(one.instrument),
            (Some(limit), false) => limit <= self.bid(one.instrument),
        }
    }

    pub(crate) fn tell(&mut self, order: usize, what: What) {
        self.told.push(Word {
            what,
            order: self.orders[order].clone(),
            late_ms: 0,
            stamp: self.clock(),
        });
    }

    fn next_number(&self, instrument: usize) -> u64 {
        let same = self.orders.iter().filter(|o| o.instrument == instrument);
        same.count() as u64 + 1
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
            number: self.next_number(ticket.instrument),
            client: ticket.client,
            ender: String::new(),
            instrument: ticket.instrument,
            buy: ticket.buy,
            qty: ticket.qty,
            cum: 0,
            limit: ticket.limit,
            post_only: ticket.post_only,
            tif: ticket.tif,
            status: Status::Working,
            replaces: 0,
            replaced_by: 0,
            updated: self.now,
            stamp: self.clock(),
            visible_from: ticket.visible_from,
            foreign: ticket.foreign,
        });
        self.tell(place, What::New);
        Some(place)
    }

    fn mark(&mut self, order: usize, status: Status) {
        let stamp = self.clock();
        let order = &mut self.orders[order];
        order.status = status;
        order.updated = self.now;
        order.stamp = stamp;
    }

    /// Asks for the end of an order; it ends later.
    pub(crate) fn begin_cancel(&mut self, order: usize) -> bool {
        if self.orders[order].status != Status::Working {
            return false;
        }
        self.mark(order, Status::PendingCancel);
        self.tell(order, What::PendingCancel);
        true
    }

    /// Ends an order that is live, asked or not.
    pub(crate) fn end(&mut self, order: usize, status: Status) {
        if !self.orders[order].status.is_open() {
            return;
        }
        self.mark(order, status);
        self.tell(order, What::Ended);
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
            number: self.next_number(before.instrument),
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
        self.tell(old, What::PendingReplace);
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
            self.tell(new, What::ReplaceRejected);
            return;
        }
        self.orders[new].cum = before.cum;
        self.orders[old].replaced_by = self.orders[new].id;
        self.mark(old, Status::Replaced);
        self.mark(new, Status::Working);
        self.tell(old, What::Replaced);
        self.tell(new, What::New);
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
        let (now, stamp) = (self.now, self.clock());
        let (late, maker) = (!found.status.is_live(), !self.crosses(order));
        let found = &mut self.orders[order];
        found.cum += qty;
        (found.updated, found.stamp) = (now, stamp);
        let full = found.cum == found.qty;
        if full && found.status.is_live() {
            found.status = Status::Filled;
        }
        let cum = found.cum;
        let id = 0x5000_0000 + self.executions.len() as u128;
        let same = |one: &&Execution| self.orders[one.order].instrument == instrument;
        let number = self.executions.iter().filter(same).count() as u64 + 1;
        self.executions.push(Execution {
            id,
            number,
            order,
            qty,
            cum,
            price,
            fee: self.fee(order, qty, price),
            maker,
            at: now,
            stamp,
            late,
        });
        self.tell(order, What::Executed(self.executions.len() - 1));
    }

    /// A part of what is received: what is traded for a buy, money for a sale.
    fn fee(&self, order: usize, qty: i64, price: i64) -> Fee {
        let listing = self.listing(order);
        let part = |received: i128| {
            let fee = received / 1_000_000 * i128::from(self.fees.millionths);
            fee / FEE_STEP * FEE_STEP
        };
        match (self.fees.third, self.orders[order].buy) {
            (true, _) => Fee::Third(part(10i128.pow(18))),
            (false, true) => Fee::Base(part(i128::from(qty) * listing.lot_atto())),
            (false, false) => Fee::Quote(part(listing.value(price, qty))),
        }
    }

    fn signed(&self, one: &Execution) -> i64 {
        if self.orders[one.order].buy {
            one.qty
        } else {
            -one.qty
        }
    }

    /// What came of executions, less the fees paid in it, in 1e-18; ours alone, or the account's.
    pub(crate) fn owned(&self, instrument: usize, ours_only: bool) -> i128 {
        let counts = |one: &&Execution| {
            let order = &self.orders[one.order];
            order.instrument == instrument && !(ours_only && order.foreign)
        };
        let lot = LISTINGS[instrument].lot_atto();
        let counted = self.executions.iter().filter(counts);
        let amounts = counted.map(|one| {
            let fee = match one.fee {
                Fee::Base(fee) => fee,
                Fee::Quote(_) | Fee::Third(_) => 0,
            };
            i128::from(self.signed(one)) * lot - fee
        });
        amounts.sum()
    }

    /// Signed position in whole lots; ours alone, or the account's.
    pub(crate) fn position(&self, instrument: usize, ours_only: bool) -> i64 {
        let lot = LISTINGS[instrument].lot_atto();
        self.owned(instrument, ours_only).div_euclid(lot) as i64
    }

    /// Cash of the account; or what it would be without the trades of others.
    pub(crate) fn cash(&self, ours_only: bool) -> i128 {
        let counts = |one: &&Execution| !(ours_only && self.orders[one.order].foreign);
        let paid = |one: &Execution| {
            let fee = match one.fee {
                Fee::Quote(fee) => fee,
                Fee::Base(_) | Fee::Third(_) => 0,
            };
            self.listing(one.order).value(one.price, self.signed(one)) + fee
        };
        let before = if ours_only { self.paid_before } else { 0 };
        let counted = self.executions.iter().filter(counts);
        CASH - before - counted.map(paid).sum::<i128>()
    }
}
