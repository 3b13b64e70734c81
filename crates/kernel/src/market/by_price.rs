//! The book by price (L2): two half books of ticks and lots.

use py_rt_types::{EventKind, MarketEvent, Price, Qty, Side, GAP};

use super::half_book::{HalfBook, NONE};

/// A price level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Price in ticks.
    pub price: Price,
    /// Quantity in lots.
    pub qty: Qty,
}

/// Ticks beyond which a price is no price: sums of two prices still fit.
const TICKS_MAX: u64 = 1 << 61;

/// A book by price. It says what it was told, also when that is crossed: see [`ByPrice::valid`].
#[derive(Debug, Clone)]
pub struct ByPrice {
    bids: HalfBook,
    asks: HalfBook,
    broken: bool,
}

impl Default for ByPrice {
    fn default() -> Self {
        Self::new()
    }
}

impl ByPrice {
    /// An empty book.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bids: HalfBook::new(),
            asks: HalfBook::new(),
            broken: false,
        }
    }

    /// Applies one row. Trades change nothing: a venue says what is left of a level by itself.
    /// Rows about single orders change nothing either: they need the book by order.
    #[inline]
    pub fn apply(&mut self, event: &MarketEvent) {
        if event.flags & GAP != 0 {
            self.broken = true;
        }
        match event.event_kind() {
            Some(EventKind::Depth | EventKind::Snapshot) => match event.book_side() {
                Some(side) if is_price(event.price) => {
                    self.set(side, event.price, event.qty);
                }
                _ => self.broken = true,
            },
            Some(EventKind::Quote) => self.apply_quote(event),
            Some(EventKind::Clear) => self.apply_clear(event),
            _ => {}
        }
    }

    fn apply_quote(&mut self, event: &MarketEvent) {
        let Some(side) = event.book_side() else {
            return;
        };
        self.half(side).clear();
        if !is_price(event.price) {
            self.broken = true;
        } else if event.qty.0 > 0 {
            self.set(side, event.price, event.qty);
        }
    }

    fn apply_clear(&mut self, event: &MarketEvent) {
        match event.book_side() {
            Some(side) => self.half(side).clear(),
            None => {
                self.bids.clear();
                self.asks.clear();
            }
        }
        if event.flags & GAP == 0 {
            self.broken = false;
        }
    }

    fn half(&mut self, side: Side) -> &mut HalfBook {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// Sets the quantity of a level, 0 removes it; returns what was there before.
    #[inline]
    pub fn set(&mut self, side: Side, price: Price, qty: Qty) -> Qty {
        let qty = qty.0.max(0);
        Qty(match side {
            Side::Buy => self.bids.set(price.0, qty),
            Side::Sell => self.asks.set(price.0.wrapping_neg(), qty),
        })
    }

    /// Whether the book may be believed: no gap since the last snapshot, and not crossed.
    #[inline]
    #[must_use]
    pub const fn valid(&self) -> bool {
        !self.broken && !self.is_crossed()
    }

    /// Whether the best bid is at or above the best ask.
    #[inline]
    #[must_use]
    pub const fn is_crossed(&self) -> bool {
        self.bids.best() != NONE
            && self.asks.best() != NONE
            && self.bids.best() + self.asks.best() >= 0
    }

    /// Marks the book as not to be believed until the next snapshot.
    pub const fn invalidate(&mut self) {
        self.broken = true;
    }

    /// Best bid price, if there is one.
    #[inline]
    #[must_use]
    pub const fn best_bid(&self) -> Option<Price> {
        match self.bids.best() {
            NONE => None,
            key => Some(Price(key)),
        }
    }

    /// Best ask price, if there is one.
    #[inline]
    #[must_use]
    pub const fn best_ask(&self) -> Option<Price> {
        match self.asks.best() {
            NONE => None,
            key => Some(Price(-key)),
        }
    }

    /// Best price of a side.
    #[inline]
    #[must_use]
    pub const fn best(&self, side: Side) -> Option<Price> {
        match side {
            Side::Buy => self.best_bid(),
            Side::Sell => self.best_ask(),
        }
    }

    /// Quantity at the best bid, 0 without one.
    #[inline]
    #[must_use]
    pub fn bid_qty(&self) -> Qty {
        Qty(self.bids.best_qty())
    }

    /// Quantity at the best ask, 0 without one.
    #[inline]
    #[must_use]
    pub fn ask_qty(&self) -> Qty {
        Qty(self.asks.best_qty())
    }

    /// Quantity of a level, 0 where there is none.
    #[inline]
    #[must_use]
    pub fn qty_at(&self, side: Side, price: Price) -> Qty {
        Qty(match side {
            Side::Buy => self.bids.qty_at(price.0),
            Side::Sell => self.asks.qty_at(price.0.wrapping_neg()),
        })
    }

    /// Sum of bid and ask in ticks (twice the mid), when the book is valid and has both sides.
    #[inline]
    #[must_use]
    pub const fn bid_plus_ask(&self) -> Option<i64> {
        match (self.best_bid(), self.best_ask()) {
            (Some(bid), Some(ask)) if !self.broken && bid.0 < ask.0 => Some(bid.0 + ask.0),
            _ => None,
        }
    }

    /// Calls `visit` for the levels of a side from the best on, until it returns false.
    pub fn visit(&self, side: Side, mut visit: impl FnMut(Level) -> bool) {
        match side {
            Side::Buy => {
                self.bids.visit(|key, qty| {
                    visit(Level {
                        price: Price(key),
                        qty: Qty(qty),
                    })
                });
            }
            Side::Sell => {
                self.asks.visit(|key, qty| {
                    visit(Level {
                        price: Price(-key),
                        qty: Qty(qty),
                    })
                });
            }
        }
    }

    /// A hash of every level of both sides, best first: equal books, equal hashes.
    #[must_use]
    pub fn state_hash(&self) -> u128 {
        let mut hash = crate::hash::OrderHash::new();
        for side in [Side::Buy, Side::Sell] {
            hash.write(side as u64);
            self.visit(side, |level| {
                hash.write(level.price.0 as u64);
                hash.write(level.qty.0 as u64);
                true
            });
        }
        hash.finish()
    }
}

const fn is_price(price: Price) -> bool {
    price.0.unsigned_abs() < TICKS_MAX
}
