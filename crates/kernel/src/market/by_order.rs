//! The book by order (L3): every resting order, in the queue of its price.

use py_rt_types::{EventKind, MarketEvent, Price, Qty, Side, GAP};

use super::by_price::Level;
use super::resting::{RestingOrder, RestingOrders, Slot, NO_SLOT};

/// The level that a row changed, and what is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touched {
    /// Which side.
    pub side: Side,
    /// Price in ticks.
    pub price: Price,
    /// Quantity of the level afterwards, 0 when it is gone.
    pub qty: Qty,
}

/// A book by order. It says what it was told, also when that is crossed: see [`ByOrder::valid`].
///
/// Quantity whose orders are not known (a recording that starts in the middle of a day) comes as
/// `Snapshot` or `Depth` rows without an order id. It stands before the known orders of its price,
/// and rows about orders that are not known take from it.
#[derive(Debug, Clone, Default)]
pub struct ByOrder {
    orders: RestingOrders,
    broken: bool,
    unmatched: u64,
    /// Orders that were added so far; each keeps its number, so that who came first is known.
    added: u32,
}

impl ByOrder {
    /// An empty book.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies one row; says which level changed, or nothing for other rows.
    ///
    /// What contradicts the book (an id that is there already, more taken than there is) makes it
    /// invalid. A row about an order that is not known changes the unknown quantity at its price;
    /// without such it changes nothing and is counted in [`ByOrder::unmatched`].
    pub fn apply(&mut self, event: &MarketEvent) -> Option<Touched> {
        if event.flags & GAP != 0 {
            self.broken = true;
        }
        match event.event_kind()? {
            EventKind::Snapshot if event.order_id == 0 => self.handle_depth(event),
            EventKind::OrderAdd | EventKind::Snapshot => self.handle_add(event),
            EventKind::OrderReduce => self.handle_taken(event, Taken::Canceled),
            EventKind::OrderExecute => self.handle_taken(event, Taken::Executed),
            EventKind::OrderDelete => self.handle_taken(event, Taken::Deleted),
            EventKind::Depth => self.handle_depth(event),
            EventKind::Clear => {
                self.handle_clear(event);
                None
            }
            EventKind::Trade | EventKind::Quote => None,
        }
    }

    fn handle_add(&mut self, event: &MarketEvent) -> Option<Touched> {
        let Some(side) = event.book_side() else {
            self.broken = true;
            return None;
        };
        let slot = if event.order_id == 0 || self.orders.find(event.order_id) != NO_SLOT {
            NO_SLOT
        } else {
            self.orders.insert(RestingOrder {
                order_id: event.order_id,
                price: event.price,
                leaves_qty: event.qty,
                cum_qty: Qty(0),
                owner: self.added,
                side,
                marks: 0,
            })
        };
        if slot == NO_SLOT {
            self.broken = true;
            return None;
        }
        self.added = self.added.wrapping_add(1);
        Some(self.touched(side, event.price))
    }

    fn handle_taken(&mut self, event: &MarketEvent, taken: Taken) -> Option<Touched> {
        let slot = match self.orders.find(event.order_id) {
            NO_SLOT => self.unknown_at(event)?,
            slot => slot,
        };
        let order = *self.orders.order(slot);
        let qty = match taken {
            Taken::Deleted if self.orders.is_known(slot) => order.leaves_qty,
            _ => event.qty,
        };
        self.broken |= qty.0 < 0 || qty > order.leaves_qty;
        match taken {
            Taken::Executed => self.orders.execute(slot, qty),
            Taken::Canceled | Taken::Deleted => self.orders.reduce(slot, qty),
        }
        Some(self.touched(order.side, order.price))
    }

    /// The quantity without orders at the row's price, which an order not known was part of.
    fn unknown_at(&mut self, event: &MarketEvent) -> Option<Slot> {
        let first = match event.book_side() {
            Some(side) => self.orders.first_at(side, event.price),
            None => NO_SLOT,
        };
        if first == NO_SLOT || self.orders.is_known(first) {
            self.unmatched += 1;
            return None;
        }
        Some(first)
    }

    /// The level's quantity as a whole: the difference to the known orders is unknown quantity.
    fn handle_depth(&mut self, event: &MarketEvent) -> Option<Touched> {
        let Some(side) = event.book_side().filter(|_| event.qty.0 >= 0) else {
            self.broken = true;
            return None;
        };
        let mut slot = self.orders.first_at(side, event.price);
        if event.qty.0 == 0 {
            while slot != NO_SLOT {
                let next = self.orders.next(slot);
                self.orders.remove(slot);
                slot = next;
            }
            return Some(self.touched(side, event.price));
        }
        if slot != NO_SLOT && !self.orders.is_known(slot) {
            self.orders.remove(slot);
        }
        let known = self.orders.qty_at(side, event.price);
        let rest = Qty(event.qty.0 - known.0);
        if rest.0 > 0 {
            let slot = self.orders.insert_unknown(side, event.price, rest);
            self.broken |= slot == NO_SLOT;
        } else {
            self.broken |= rest.0 < 0;
        }
        Some(self.touched(side, event.price))
    }

    fn handle_clear(&mut self, event: &MarketEvent) {
        match event.book_side() {
            Some(side) => self.orders.clear_side(side),
            None => self.orders.clear(),
        }
        if event.flags & GAP == 0 {
            self.broken = false;
        }
    }

    fn touched(&self, side: Side, price: Price) -> Touched {
        let qty = self.orders.qty_at(side, price);
        Touched { side, price, qty }
    }

    /// The orders, by price and time.
    #[inline]
    #[must_use]
    pub const fn orders(&self) -> &RestingOrders {
        &self.orders
    }

    /// Whether the book may be believed: no gap and no contradiction since the last snapshot, and
    /// not crossed.
    #[inline]
    #[must_use]
    pub const fn valid(&self) -> bool {
        !self.broken && !self.is_crossed()
    }

    /// Whether there was a gap or a contradiction since the last snapshot.
    #[inline]
    #[must_use]
    pub const fn is_broken(&self) -> bool {
        self.broken
    }

    /// Whether the best bid is at or above the best ask.
    #[inline]
    #[must_use]
    pub const fn is_crossed(&self) -> bool {
        match (self.orders.best(Side::Buy), self.orders.best(Side::Sell)) {
            (Some(bid), Some(ask)) => bid.0 >= ask.0,
            _ => false,
        }
    }

    /// How many orders were added so far, modulo 2^32.
    #[must_use]
    pub const fn added(&self) -> u32 {
        self.added
    }

    /// How many orders had been added before this one, modulo 2^32; none when it is not known.
    #[must_use]
    pub fn joined(&self, order_id: u64) -> Option<u32> {
        match self.orders.find(order_id) {
            NO_SLOT => None,
            slot => Some(self.orders.order(slot).owner),
        }
    }

    /// How many rows spoke about orders that are not known.
    #[must_use]
    pub const fn unmatched(&self) -> u64 {
        self.unmatched
    }

    /// Marks the book as not to be believed until the next snapshot.
    pub const fn invalidate(&mut self) {
        self.broken = true;
    }

    /// Best price of a side.
    #[inline]
    #[must_use]
    pub const fn best(&self, side: Side) -> Option<Price> {
        self.orders.best(side)
    }

    /// Displayed quantity before an order in its queue; `None` for an order that is not here.
    ///
    /// Walks the queue from its first order.
    #[must_use]
    pub fn qty_ahead(&self, order_id: u64) -> Option<Qty> {
        let wanted = self.orders.find(order_id);
        if wanted == NO_SLOT {
            return None;
        }
        let order = self.orders.order(wanted);
        let mut slot = self.orders.first_at(order.side, order.price);
        let mut ahead = 0;
        while slot != wanted && slot != NO_SLOT {
            ahead += self.orders.order(slot).leaves_qty.0;
            slot = self.orders.next(slot);
        }
        Some(Qty(ahead))
    }

    /// Calls `visit` for the levels of a side from the best on, until it returns false.
    pub fn visit(&self, side: Side, visit: impl FnMut(Level) -> bool) {
        self.orders.visit_levels(side, visit);
    }

    /// A hash of every order of both sides by priority: equal books, equal hashes.
    #[must_use]
    pub fn state_hash(&self) -> u128 {
        let mut hash = crate::hash::OrderHash::new();
        for side in [Side::Buy, Side::Sell] {
            hash.write(side as u64);
            self.orders.visit(side, |slot| {
                let order = self.orders.order(slot);
                hash.write(order.order_id);
                hash.write(order.price.0 as u64);
                hash.write(order.leaves_qty.0 as u64);
                true
            });
        }
        hash.finish()
    }
}

#[derive(Clone, Copy)]
enum Taken {
    Canceled,
    Executed,
    Deleted,
}
