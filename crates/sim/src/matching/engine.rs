//! What happens to a command.
//!
//! Idea: check, report what was accepted, trade against the best resting orders, then let what is
//! left rest or cancel it. Plain limit and market orders in an undisturbed market take the short
//! road here; everything else goes through `intake`. Costs: O(1) a command and a trade near the
//! touch; a fill-or-kill order also walks the levels it would take.

use py_rt_kernel::hash::OrderHash;
use py_rt_kernel::market::{Level, RestingOrder, RestingOrders, Slot, NO_SLOT};
use py_rt_types::{Price, Qty, Side, UnixNanos};

use super::command::{
    op, order_type, tif, EngineCommand, EngineReport, EngineReportKind, Reason, POST_ONLY,
};
use super::owners::Owners;
use super::self_trade::SelfTrade;
use super::session::{DayRules, Phase, DAY};
use super::shown::{Icebergs, MARKED};
use super::stops::Parked;

/// A matching engine for one instrument.
#[derive(Debug, Clone, Default)]
pub struct MatchingEngine {
    pub(super) orders: RestingOrders,
    pub(super) self_trade: SelfTrade,
    /// Something stands that plain orders must be checked against.
    pub(super) unusual: bool,
    /// Trades may have reached stop prices.
    pub(super) moved: bool,
    pub(super) last: Option<Price>,
    pub(super) day: DayRules,
    pub(super) owners: Owners,
    pub(super) icebergs: Icebergs,
    pub(super) parked: Option<Box<Parked>>,
}

/// An order on its way through the book.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taker {
    pub(super) order_id: u64,
    pub(super) owner: u32,
    pub(super) side: Side,
    /// The price the order names; what the reports show.
    pub(super) price: Price,
    /// The worst price it trades at.
    pub(super) limit: Price,
    pub(super) leaves_qty: Qty,
    pub(super) cum_qty: Qty,
    /// What it shows at once when it rests; 0 for all of it.
    pub(super) display: Qty,
    pub(super) marks: u8,
    pub(super) ts: UnixNanos,
}

impl Taker {
    /// The order as it would rest, all of it shown.
    #[inline]
    pub(super) const fn resting(&self) -> RestingOrder {
        RestingOrder {
            order_id: self.order_id,
            price: self.price,
            leaves_qty: self.leaves_qty,
            cum_qty: self.cum_qty,
            owner: self.owner,
            side: self.side,
            marks: self.marks,
        }
    }
}

/// Whether an order of `side` with this limit accepts `price`.
#[inline]
pub(super) const fn accepts(side: Side, limit: Price, price: Price) -> bool {
    match side {
        Side::Buy => price.0 <= limit.0,
        Side::Sell => price.0 >= limit.0,
    }
}

#[inline]
pub(super) const fn side_of(side: i8) -> Option<Side> {
    match side {
        1 => Some(Side::Buy),
        -1 => Some(Side::Sell),
        _ => None,
    }
}

impl MatchingEngine {
    /// An engine without orders.
    #[must_use]
    pub fn new(self_trade: SelfTrade) -> Self {
        Self {
            self_trade,
            ..Self::default()
        }
    }

    /// The resting orders, by price and time; of an iceberg the part that is shown.
    #[must_use]
    pub const fn orders(&self) -> &RestingOrders {
        &self.orders
    }

    /// All that is open of a resting order, shown or not, and what it shows at once (0 for all).
    #[must_use]
    pub fn leaves(&self, slot: Slot) -> (Qty, Qty) {
        (self.leaves_of(slot), self.display_of(slot))
    }

    /// What an owner bought less what it sold, in lots, since the engine was made or cleared.
    #[must_use]
    pub fn position(&self, owner: u32) -> i128 {
        self.owners.position(owner)
    }

    /// The price of the last trade.
    #[must_use]
    pub const fn last_price(&self) -> Option<Price> {
        self.last
    }

    /// Forgets every order, trade and position; keeps the rules, and what has grown.
    pub fn clear(&mut self) {
        self.orders.clear();
        self.owners.clear();
        self.icebergs.clear();
        if let Some(parked) = &mut self.parked {
            parked.clear();
        }
        (self.last, self.moved) = (None, false);
        self.note_rules();
    }

    /// Takes one command in and appends what became of it.
    #[inline]
    pub fn handle_command(&mut self, command: &EngineCommand, reports: &mut Vec<EngineReport>) {
        let done = match command.op {
            op::NEW if self.is_plain(command) => self.handle_plain(command, reports),
            op::CANCEL => self.handle_cancel(command, reports),
            _ => self.handle_other(command, reports),
        };
        if let Err((reason, leaves_qty)) = done {
            reports.push(report(
                command,
                EngineReportKind::Rejected,
                reason,
                leaves_qty,
            ));
        }
    }

    /// Everything off the short road; also what trades may have reached.
    #[inline(never)]
    fn handle_other(
        &mut self,
        command: &EngineCommand,
        reports: &mut Vec<EngineReport>,
    ) -> Result<(), (Reason, Qty)> {
        match command.op {
            op::NEW => self.handle_any(command, reports)?,
            op::REPLACE => self.handle_replace(command, reports)?,
            _ => self.handle_control(command, reports)?,
        }
        if self.moved {
            self.elect(command.ts, reports);
        }
        Ok(())
    }

    /// Whether a new order asks for nothing but what the short road knows.
    #[inline]
    const fn is_plain(&self, command: &EngineCommand) -> bool {
        command.order_type <= order_type::MARKET
            && command.tif <= tif::DAY
            && command.flags <= POST_ONLY
            && (command.stop_price.0 | command.display_qty.0) == 0
            && !self.unusual
    }

    #[inline]
    fn handle_plain(
        &mut self,
        command: &EngineCommand,
        reports: &mut Vec<EngineReport>,
    ) -> Result<(), (Reason, Qty)> {
        const { assert!(DAY == 1) };
        let marks = u8::from(command.tif == tif::DAY);
        let admitted = self.admit(command, marks);
        let mut taker = admitted.map_err(|reason| (reason, Qty(0)))?;
        if command.flags & POST_ONLY != 0 && self.would_trade(taker.side, taker.limit) {
            return Err((Reason::PostOnly, Qty(0)));
        }
        reports.push(report(
            command,
            EngineReportKind::Accepted,
            Reason::None,
            command.qty,
        ));
        self.work::<true>(command, &mut taker, reports);
        Ok(())
    }

    /// Trades what an accepted order can; lets the rest rest, or cancels it.
    #[inline]
    pub(super) fn work<const PLAIN: bool>(
        &mut self,
        command: &EngineCommand,
        taker: &mut Taker,
        reports: &mut Vec<EngineReport>,
    ) {
        if command.tif == tif::FOK && !self.can_fill(taker) {
            cancel_rest(taker, Reason::FillOrKill, reports);
            return;
        }
        self.trade::<PLAIN>(taker, reports);
        if taker.leaves_qty.0 == 0 {
            return;
        }
        if stays(command) {
            self.rest(taker, reports);
        } else {
            cancel_rest(taker, Reason::Immediate, reports);
        }
    }

    /// A new limit or market order that is well formed, or why it is not.
    #[inline]
    pub(super) fn admit(&self, command: &EngineCommand, marks: u8) -> Result<Taker, Reason> {
        let taker = taker_of(command, marks).ok_or(Reason::Malformed)?;
        if command.qty.0 <= 0 {
            return Err(Reason::BadQty);
        }
        if command.order_type == order_type::LIMIT && !is_limit(command.price) {
            return Err(Reason::BadPrice);
        }
        if self.orders.find(command.order_id) != NO_SLOT {
            return Err(Reason::DuplicateId);
        }
        Ok(taker)
    }

    #[inline]
    fn handle_cancel(
        &mut self,
        command: &EngineCommand,
        reports: &mut Vec<EngineReport>,
    ) -> Result<(), (Reason, Qty)> {
        let slot = self.orders.find(command.order_id);
        if slot == NO_SLOT && self.unusual {
            return self.cancel_parked(command, reports);
        }
        if slot == NO_SLOT {
            return Err((Reason::UnknownOrder, Qty(0)));
        }
        reports.push(EngineReport {
            price: self.orders.order(slot).price,
            qty: self.leaves_of(slot),
            ..report(command, EngineReportKind::Canceled, Reason::None, Qty(0))
        });
        self.take_out(slot);
        Ok(())
    }

    /// Whether an order of `side` with this limit would trade at once.
    #[inline]
    pub(super) fn would_trade(&self, side: Side, limit: Price) -> bool {
        if self.day.phase == Phase::Auction {
            return false;
        }
        let best = self.orders.best(side.opposite());
        best.is_some_and(|price| accepts(side, limit, price))
    }

    /// Trades while there is something at an acceptable price. `PLAIN` promises that nothing is
    /// unusual, so that neither phase nor stop orders nor reduce-only orders must be looked at.
    #[inline]
    pub(super) fn trade<const PLAIN: bool>(
        &mut self,
        taker: &mut Taker,
        reports: &mut Vec<EngineReport>,
    ) {
        if !PLAIN && self.day.phase == Phase::Auction {
            return;
        }
        let against = taker.side.opposite();
        let (mut first, mut last, mut booked) = (Price(0), Price(0), 0);
        while taker.leaves_qty.0 > 0 {
            let slot = self.orders.first(against);
            if slot == NO_SLOT {
                break;
            }
            let maker = self.orders.order(slot);
            if !accepts(taker.side, taker.limit, maker.price) {
                break;
            }
            if maker.owner == taker.owner && self.self_trade != SelfTrade::None {
                self.prevent_self_trade(taker, slot, reports);
                continue;
            }
            last = maker.price;
            if !PLAIN && first.0 == 0 {
                first = last;
            }
            if maker.marks & MARKED != 0 || (!PLAIN && self.owners.any_reducing()) {
                self.trade_marked(taker, slot, reports);
                continue;
            }
            let qty = taker.leaves_qty.min(maker.leaves_qty);
            taker.leaves_qty.0 -= qty.0;
            taker.cum_qty.0 += qty.0;
            reports.push(EngineReport {
                order_id: taker.order_id,
                maker_order_id: maker.order_id,
                price: maker.price,
                qty,
                leaves_qty: taker.leaves_qty,
                ts: taker.ts,
                kind: EngineReportKind::Trade as u8,
                reason: Reason::None as u8,
            });
            if maker.owner != taker.owner {
                self.owners.book(maker.owner, against, qty.0);
                booked += qty.0;
            }
            self.orders.execute_first(against, qty);
        }
        if booked > 0 {
            self.owners.book(taker.owner, taker.side, booked);
        }
        if last.0 != 0 {
            self.last = Some(last);
            if !PLAIN {
                self.note_reach(first.min(last), first.max(last));
            }
        }
    }

    /// Lets what is left of an order rest; what cannot be held is canceled.
    #[inline]
    pub(super) fn rest(&mut self, taker: &Taker, reports: &mut Vec<EngineReport>) {
        if taker.marks & MARKED != 0 {
            self.rest_marked(taker, reports);
        } else if self.orders.insert(taker.resting()) == NO_SLOT {
            cancel_rest(taker, Reason::BadQty, reports);
        }
    }

    /// Calls `visit` for the levels of a side from the best on, until it returns false.
    pub fn visit(&self, side: Side, visit: impl FnMut(Level) -> bool) {
        self.orders.visit_levels(side, visit);
    }

    /// A hash of every open order by priority: equal engines, equal hashes.
    #[must_use]
    pub fn state_hash(&self) -> u128 {
        let mut hash = OrderHash::new();
        for side in [Side::Buy, Side::Sell] {
            hash.write(side as u64);
            self.orders.visit(side, |slot| {
                let order = self.orders.order(slot);
                hash.write(order.order_id);
                hash.write(u64::from(order.owner));
                hash.write(order.price.0 as u64);
                hash.write(order.leaves_qty.0 as u64);
                hash.write(order.cum_qty.0 as u64);
                if order.marks & MARKED != 0 {
                    let part = self.icebergs.part(slot);
                    hash.write(u64::from(order.marks & MARKED));
                    hash.write(part.display as u64);
                    hash.write(part.hidden as u64);
                }
                true
            });
        }
        if let Some(parked) = &self.parked {
            parked.write_hash(&mut hash);
        }
        hash.finish()
    }
}

/// Whether what an order does not trade at once stays.
#[inline]
pub(super) const fn stays(command: &EngineCommand) -> bool {
    let until = command.tif == tif::GTC || command.tif == tif::DAY || command.tif == tif::AUCTION;
    until && command.order_type == order_type::LIMIT
}

/// The order of a limit or market command on its way, if its side is one.
#[inline]
pub(super) fn taker_of(command: &EngineCommand, marks: u8) -> Option<Taker> {
    let side = side_of(command.side)?;
    let limit = match command.order_type {
        order_type::LIMIT => command.price,
        order_type::MARKET if side as i8 > 0 => Price(i64::MAX),
        order_type::MARKET => Price(i64::MIN),
        _ => return None,
    };
    Some(Taker {
        order_id: command.order_id,
        owner: command.owner,
        side,
        price: command.price,
        limit,
        leaves_qty: command.qty,
        cum_qty: Qty(0),
        display: Qty(0),
        marks,
        ts: command.ts,
    })
}

#[inline]
pub(super) const fn is_limit(price: Price) -> bool {
    price.0 > 0 && RestingOrders::is_price(price)
}

/// A report about the command's own order.
#[inline]
pub(super) fn report(
    command: &EngineCommand,
    kind: EngineReportKind,
    reason: Reason,
    leaves_qty: Qty,
) -> EngineReport {
    EngineReport {
        order_id: command.order_id,
        maker_order_id: 0,
        price: command.price,
        qty: command.qty,
        leaves_qty,
        ts: command.ts,
        kind: kind as u8,
        reason: reason as u8,
    }
}

#[inline]
pub(super) fn cancel_rest(taker: &Taker, reason: Reason, reports: &mut Vec<EngineReport>) {
    reports.push(EngineReport {
        order_id: taker.order_id,
        maker_order_id: 0,
        price: taker.price,
        qty: taker.leaves_qty,
        leaves_qty: Qty(0),
        ts: taker.ts,
        kind: EngineReportKind::Canceled as u8,
        reason: reason as u8,
    });
}
