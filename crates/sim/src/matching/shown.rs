//! Orders that show a part of themselves, and orders that may only reduce: what both need beside
//! the book.
//!
//! Iceberg: the book holds the shown part; the rest is kept here by the order's slot. When the
//! shown part is used up, the next one is shown at the end of the queue of its price (CME Globex,
//! display quantity; Coinbase Exchange, iceberg orders). A taker trades with all it has.
//!
//! Reduce-only: after each trade the orders of the two owners are cut down to what still reduces
//! their positions, oldest first (as OKX and Bybit keep them).

use py_rt_kernel::market::{RestingOrder, Slot, NO_SLOT};
use py_rt_types::{Price, Qty, UnixNanos};

use super::command::{EngineReport, EngineReportKind, Reason, PARTS_MAX};
use super::engine::{cancel_rest, MatchingEngine, Taker};

/// Mark of an order that may only reduce its owner's position.
pub(super) const REDUCE: u8 = 2;
/// Mark of an order that shows a part of itself.
pub(super) const ICEBERG: u8 = 4;
/// Marks of orders that need more than the book.
pub(super) const MARKED: u8 = REDUCE | ICEBERG;

/// What an iceberg shows at once, and what it does not show now, in lots.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Iceberg {
    pub(super) display: i64,
    pub(super) hidden: i64,
}

/// Icebergs by slot.
#[derive(Debug, Clone, Default)]
pub(super) struct Icebergs {
    parts: Vec<Iceberg>,
    pub(super) count: usize,
}

impl Icebergs {
    /// The iceberg in a slot; of another order, or none, nothing is hidden.
    pub(super) fn part(&self, slot: Slot) -> Iceberg {
        self.parts.get(slot as usize).copied().unwrap_or_default()
    }

    pub(super) fn put(&mut self, slot: Slot, part: Iceberg) {
        let at = slot as usize;
        if self.parts.len() <= at {
            self.parts.resize(at + 1, Iceberg::default());
        }
        self.count += usize::from(self.parts[at].display == 0);
        self.parts[at] = part;
    }

    fn take(&mut self, slot: Slot) {
        if let Some(part) = self.parts.get_mut(slot as usize) {
            self.count -= usize::from(part.display > 0);
            *part = Iceberg::default();
        }
    }

    pub(super) fn clear(&mut self) {
        self.parts.clear();
        self.count = 0;
    }
}

/// Whether an order of `qty` may show `display` at once.
pub(super) fn may_show(display: Qty, qty: Qty) -> bool {
    display.0 == 0 || (display.0 > 0 && qty.0.saturating_sub(1) / display.0 < PARTS_MAX)
}

impl MatchingEngine {
    /// All that is open of a resting order, shown or not.
    #[inline]
    pub(super) fn leaves_of(&self, slot: Slot) -> Qty {
        let order = self.orders.order(slot);
        if order.marks & ICEBERG == 0 {
            return order.leaves_qty;
        }
        Qty(order.leaves_qty.0 + self.icebergs.part(slot).hidden)
    }

    /// What a resting order shows at once; 0 for all of it.
    pub(super) fn display_of(&self, slot: Slot) -> Qty {
        Qty(self.icebergs.part(slot).display)
    }

    /// Lets a marked order rest; what cannot be held is canceled.
    #[cold]
    pub(super) fn rest_marked(&mut self, taker: &Taker, reports: &mut Vec<EngineReport>) {
        let shown = match taker.display.0 {
            0 => taker.leaves_qty,
            display => Qty(display.min(taker.leaves_qty.0)),
        };
        let slot = self.orders.insert(RestingOrder {
            leaves_qty: shown,
            ..taker.resting()
        });
        if slot == NO_SLOT {
            cancel_rest(taker, Reason::BadQty, reports);
            return;
        }
        if taker.marks & ICEBERG != 0 {
            let (display, hidden) = (taker.display.0, taker.leaves_qty.0 - shown.0);
            self.icebergs.put(slot, Iceberg { display, hidden });
        }
        if taker.marks & REDUCE != 0 {
            self.owners.remember(taker.owner, taker.order_id);
            self.unusual = true;
        }
    }

    /// Takes a marked or unmarked order out.
    #[inline]
    pub(super) fn take_out(&mut self, slot: Slot) {
        let order = self.orders.order(slot);
        if order.marks & MARKED != 0 {
            let order = *order;
            self.release(slot, &order);
        }
        self.orders.remove(slot);
    }

    /// Forgets what was kept beside the book of an order that is going.
    fn release(&mut self, slot: Slot, order: &RestingOrder) {
        if order.marks & ICEBERG != 0 {
            self.icebergs.take(slot);
        }
        if order.marks & REDUCE != 0 {
            self.owners.forget(order.owner, order.order_id);
            self.note_rules();
        }
    }

    /// Cancels `qty` of an order, at most all of it: first what is not shown, then what is, which
    /// keeps its place.
    pub(super) fn cut(&mut self, slot: Slot, qty: Qty) {
        let order = self.orders.order(slot);
        if order.marks & ICEBERG != 0 {
            let mut part = self.icebergs.part(slot);
            let hidden = qty.0.min(part.hidden);
            part.hidden -= hidden;
            self.icebergs.put(slot, part);
            self.cut_shown(slot, Qty(qty.0 - hidden));
        } else {
            self.cut_shown(slot, qty);
        }
    }

    fn cut_shown(&mut self, slot: Slot, qty: Qty) {
        if qty >= self.orders.order(slot).leaves_qty {
            self.take_out(slot);
        } else {
            self.orders.reduce(slot, qty);
        }
    }

    /// Uses up `qty` of what a marked order shows, executed or not; shows the next part.
    pub(super) fn use_up(
        &mut self,
        slot: Slot,
        qty: Qty,
        executed: bool,
        (ts, reports): (UnixNanos, &mut Vec<EngineReport>),
    ) {
        let mut order = *self.orders.order(slot);
        if qty < order.leaves_qty {
            if executed {
                self.orders.execute(slot, qty);
            } else {
                self.orders.reduce(slot, qty);
            }
            return;
        }
        let Iceberg { display, hidden } = self.icebergs.part(slot);
        if hidden == 0 {
            self.take_out(slot);
            return;
        }
        self.icebergs.take(slot);
        self.orders.remove(slot);
        if executed {
            order.cum_qty.0 = order.cum_qty.0.saturating_add(qty.0);
        }
        order.leaves_qty = Qty(display.min(hidden));
        let next = self.orders.insert(order);
        if next == NO_SLOT {
            // The sum of the level would overflow.
            self.release(slot, &order);
            reports.push(canceled(&order, Qty(hidden), Qty(0), (Reason::BadQty, ts)));
            return;
        }
        let hidden = hidden - order.leaves_qty.0;
        self.icebergs.put(next, Iceberg { display, hidden });
    }

    /// Trades with the order in a slot where somebody's marks must be looked at.
    #[cold]
    pub(super) fn trade_marked(
        &mut self,
        taker: &mut Taker,
        slot: Slot,
        reports: &mut Vec<EngineReport>,
    ) {
        let maker = *self.orders.order(slot);
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
        self.use_up(slot, qty, true, (taker.ts, &mut *reports));
        if maker.owner == taker.owner {
            return;
        }
        self.owners.book(taker.owner, taker.side, qty.0);
        self.owners.book(maker.owner, maker.side, qty.0);
        if self.owners.any_reducing() {
            self.trim(taker.owner, taker.ts, reports);
            self.trim(maker.owner, taker.ts, reports);
        }
    }

    /// Cuts an owner's reduce-only orders down to what still reduces, oldest first.
    pub(super) fn trim(&mut self, owner: u32, ts: UnixNanos, reports: &mut Vec<EngineReport>) {
        let mut at = 0;
        while let Some(order_id) = self.owners.reducing(owner, at) {
            let slot = self.orders.find(order_id);
            let order = *self.orders.order(slot);
            let allowed = self.owners.reducible(owner, order.side);
            let over = self.leaves_of(slot).0 - allowed;
            if slot == NO_SLOT || over <= 0 {
                at += 1;
                continue;
            }
            self.cut(slot, Qty(over));
            let why = (Reason::ReduceOnly, ts);
            reports.push(canceled(&order, Qty(over), Qty(allowed), why));
            at += usize::from(allowed > 0);
        }
    }
}

/// A report that `qty` of a resting order is open no more.
pub(super) fn canceled(
    order: &RestingOrder,
    qty: Qty,
    leaves_qty: Qty,
    (reason, ts): (Reason, UnixNanos),
) -> EngineReport {
    EngineReport {
        kind: EngineReportKind::Canceled as u8,
        order_id: order.order_id,
        maker_order_id: 0,
        price: order.price,
        qty,
        leaves_qty,
        reason: reason as u8,
        ts,
    }
}

/// The price that a queued market order is held at; it has none.
pub(super) const NO_PRICE: Price = Price(1);
