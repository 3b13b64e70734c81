//! What happens to a command.
//!
//! Idea: check, report what was accepted, trade against the best resting orders, then let what is
//! left rest or cancel it. Costs: O(1) a command and a trade near the touch; a fill-or-kill order
//! also walks the levels it would take.

use py_rt_kernel::hash::OrderHash;
use py_rt_kernel::market::{Level, RestingOrder, RestingOrders, Slot, NO_SLOT};
use py_rt_types::{Price, Qty, Side, UnixNanos};

use super::command::{
    op, order_type, tif, EngineCommand, EngineReport, EngineReportKind, Reason, POST_ONLY,
};
use super::self_trade::SelfTrade;
use super::session::{DayRules, Phase, DAY};

/// A matching engine for one instrument.
#[derive(Debug, Clone, Default)]
pub struct MatchingEngine {
    pub(super) orders: RestingOrders,
    pub(super) self_trade: SelfTrade,
    pub(super) day: DayRules,
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
    pub(super) marks: u8,
    pub(super) ts: UnixNanos,
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
const fn side_of(side: i8) -> Option<Side> {
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

    /// The resting orders, by price and time.
    #[must_use]
    pub const fn orders(&self) -> &RestingOrders {
        &self.orders
    }

    /// Forgets every order, and keeps what has grown.
    pub fn clear(&mut self) {
        self.orders.clear();
    }

    /// Takes one command in and appends what became of it.
    #[inline]
    pub fn handle_command(&mut self, command: &EngineCommand, reports: &mut Vec<EngineReport>) {
        let done = match command.op {
            op::NEW => self.handle_new(command, reports),
            op::CANCEL => self.handle_cancel(command, reports),
            op::REPLACE => self.handle_replace(command, reports),
            _ => Err((Reason::Malformed, Qty(0))),
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

    #[inline]
    fn handle_new(
        &mut self,
        command: &EngineCommand,
        reports: &mut Vec<EngineReport>,
    ) -> Result<(), (Reason, Qty)> {
        let mut taker = self.admit(command).map_err(|reason| (reason, Qty(0)))?;
        if self.day.in_force() {
            let admitted = self.day.admit(command, &mut taker);
            admitted.map_err(|reason| (reason, Qty(0)))?;
        }
        if command.flags & POST_ONLY != 0 && self.would_trade(taker.side, taker.limit) {
            return Err((Reason::PostOnly, Qty(0)));
        }
        reports.push(report(
            command,
            EngineReportKind::Accepted,
            Reason::None,
            command.qty,
        ));
        if command.tif == tif::FOK && !self.can_fill(&taker) {
            cancel_rest(&taker, Reason::FillOrKill, reports);
            return Ok(());
        }
        self.trade(&mut taker, reports);
        if taker.leaves_qty.0 == 0 {
            return Ok(());
        }
        let stays = command.tif == tif::GTC || command.tif == tif::DAY;
        if stays && command.order_type == order_type::LIMIT {
            self.rest(&taker, reports);
        } else {
            cancel_rest(&taker, Reason::Immediate, reports);
        }
        Ok(())
    }

    /// A new order that is well formed, or why it is not.
    #[inline]
    fn admit(&self, command: &EngineCommand) -> Result<Taker, Reason> {
        let side = side_of(command.side).ok_or(Reason::Malformed)?;
        let limit = match command.order_type {
            order_type::LIMIT => command.price,
            order_type::MARKET if side as i8 > 0 => Price(i64::MAX),
            order_type::MARKET => Price(i64::MIN),
            _ => return Err(Reason::Malformed),
        };
        if command.tif > tif::DAY || command.flags > POST_ONLY {
            return Err(Reason::Malformed);
        }
        if command.qty.0 <= 0 {
            return Err(Reason::BadQty);
        }
        if command.order_type == order_type::LIMIT && !is_limit(limit) {
            return Err(Reason::BadPrice);
        }
        if self.orders.find(command.order_id) != NO_SLOT {
            return Err(Reason::DuplicateId);
        }
        Ok(Taker {
            order_id: command.order_id,
            owner: command.owner,
            side,
            price: command.price,
            limit,
            leaves_qty: command.qty,
            cum_qty: Qty(0),
            marks: if command.tif == tif::DAY { DAY } else { 0 },
            ts: command.ts,
        })
    }

    #[inline]
    fn handle_cancel(
        &mut self,
        command: &EngineCommand,
        reports: &mut Vec<EngineReport>,
    ) -> Result<(), (Reason, Qty)> {
        let slot = self.open_slot(command)?;
        let order = self.orders.order(slot);
        reports.push(EngineReport {
            price: order.price,
            qty: order.leaves_qty,
            ..report(command, EngineReportKind::Canceled, Reason::None, Qty(0))
        });
        self.orders.remove(slot);
        Ok(())
    }

    #[inline]
    fn open_slot(&self, command: &EngineCommand) -> Result<Slot, (Reason, Qty)> {
        match self.orders.find(command.order_id) {
            NO_SLOT => Err((Reason::UnknownOrder, Qty(0))),
            slot => Ok(slot),
        }
    }

    fn handle_replace(
        &mut self,
        command: &EngineCommand,
        reports: &mut Vec<EngineReport>,
    ) -> Result<(), (Reason, Qty)> {
        let slot = self.open_slot(command)?;
        let order = *self.orders.order(slot);
        let refuse = |reason| Err((reason, order.leaves_qty));
        if command.flags > POST_ONLY {
            return refuse(Reason::Malformed);
        }
        if command.qty.0 <= 0 {
            return refuse(Reason::BadQty);
        }
        if !is_limit(command.price) {
            return refuse(Reason::BadPrice);
        }
        if self.day.in_force() {
            if let Err(reason) = self.day.admit_replace(command.price) {
                return refuse(reason);
            }
        }
        let leaves_qty = Qty(command.qty.0.saturating_sub(order.cum_qty.0).max(0));
        if leaves_qty.0 > 0
            && command.flags & POST_ONLY != 0
            && self.would_trade(order.side, command.price)
        {
            return refuse(Reason::PostOnly);
        }
        reports.push(EngineReport {
            qty: command.qty.max(order.cum_qty),
            ..report(
                command,
                EngineReportKind::Replaced,
                Reason::None,
                leaves_qty,
            )
        });
        if command.price == order.price && leaves_qty <= order.leaves_qty {
            let less = Qty(order.leaves_qty.0 - leaves_qty.0);
            self.orders.reduce(slot, less);
            return Ok(());
        }
        self.orders.remove(slot);
        let mut taker = Taker {
            order_id: order.order_id,
            owner: order.owner,
            side: order.side,
            price: command.price,
            limit: command.price,
            leaves_qty,
            cum_qty: order.cum_qty,
            marks: order.marks,
            ts: command.ts,
        };
        self.trade(&mut taker, reports);
        if taker.leaves_qty.0 > 0 {
            self.rest(&taker, reports);
        }
        Ok(())
    }

    /// Whether an order of `side` with this limit would trade at once.
    #[inline]
    fn would_trade(&self, side: Side, limit: Price) -> bool {
        if self.day.phase == Phase::Auction {
            return false;
        }
        let best = self.orders.best(side.opposite());
        best.is_some_and(|price| accepts(side, limit, price))
    }

    /// Trades while there is something at an acceptable price.
    #[inline]
    fn trade(&mut self, taker: &mut Taker, reports: &mut Vec<EngineReport>) {
        if self.day.phase == Phase::Auction {
            return;
        }
        let against = taker.side.opposite();
        while taker.leaves_qty.0 > 0 {
            let slot = self.orders.first(against);
            if slot == NO_SLOT {
                return;
            }
            let maker = self.orders.order(slot);
            if !accepts(taker.side, taker.limit, maker.price) {
                return;
            }
            if maker.owner == taker.owner && self.self_trade != SelfTrade::None {
                self.prevent_self_trade(taker, slot, reports);
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
            self.orders.execute_first(against, qty);
        }
    }

    /// Lets what is left of an order rest; what cannot be held is canceled.
    #[inline]
    fn rest(&mut self, taker: &Taker, reports: &mut Vec<EngineReport>) {
        let slot = self.orders.insert(RestingOrder {
            order_id: taker.order_id,
            price: taker.price,
            leaves_qty: taker.leaves_qty,
            cum_qty: taker.cum_qty,
            owner: taker.owner,
            side: taker.side,
            marks: taker.marks,
        });
        if slot == NO_SLOT {
            cancel_rest(taker, Reason::BadQty, reports);
        }
    }

    /// Calls `visit` for the levels of a side from the best on, until it returns false.
    pub fn visit(&self, side: Side, visit: impl FnMut(Level) -> bool) {
        self.orders.visit_levels(side, visit);
    }

    /// A hash of every resting order by priority: equal engines, equal hashes.
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
                true
            });
        }
        hash.finish()
    }
}

#[inline]
const fn is_limit(price: Price) -> bool {
    price.0 > 0 && RestingOrders::is_price(price)
}

/// A report about the command's own order.
#[inline]
fn report(
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
fn cancel_rest(taker: &Taker, reason: Reason, reports: &mut Vec<EngineReport>) {
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
