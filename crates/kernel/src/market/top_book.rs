//! The best bid and ask alone (L1), from quotes.

use py_rt_types::{EventKind, MarketEvent, Price, Qty, Side, GAP};

use super::Top;

/// Best prices as the venue publishes them. It says what it was told, also when that is crossed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TopBook {
    top: Top,
    broken: bool,
}

impl TopBook {
    /// An empty book.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies one row; only quotes and clears change anything.
    pub fn apply(&mut self, event: &MarketEvent) {
        if event.flags & GAP != 0 {
            self.broken = true;
        }
        match (event.event_kind(), event.book_side()) {
            (Some(EventKind::Quote), Some(side)) => self.set(side, event.price, event.qty),
            (Some(EventKind::Clear), side) => {
                for each in [Side::Buy, Side::Sell] {
                    if side.is_none_or(|only| only == each) {
                        self.set(each, Price(0), Qty(0));
                    }
                }
                if event.flags & GAP == 0 {
                    self.broken = false;
                }
            }
            _ => {}
        }
    }

    fn set(&mut self, side: Side, price: Price, qty: Qty) {
        let (price, qty) = if qty.0 > 0 {
            (price, qty)
        } else {
            (Price(0), Qty(0))
        };
        match side {
            Side::Buy => (self.top.bid_price, self.top.bid_qty) = (price, qty),
            Side::Sell => (self.top.ask_price, self.top.ask_qty) = (price, qty),
        }
    }

    /// Best prices and quantities; quantity 0 and price 0 where a side is empty.
    #[must_use]
    pub const fn top(&self) -> Top {
        self.top
    }

    /// Whether the book may be believed: no gap, and not crossed.
    #[must_use]
    pub const fn valid(&self) -> bool {
        let (bid, ask) = (self.top.bid_qty.0 > 0, self.top.ask_qty.0 > 0);
        let crossed = bid && ask && self.top.bid_price.0 >= self.top.ask_price.0;
        !self.broken && !crossed
    }

    /// A hash of both sides: equal books, equal hashes.
    #[must_use]
    pub fn state_hash(&self) -> u128 {
        let mut hash = crate::hash::OrderHash::new();
        let top = self.top;
        for word in [
            top.bid_price.0,
            top.bid_qty.0,
            top.ask_price.0,
            top.ask_qty.0,
        ] {
            hash.write(word as u64);
        }
        hash.finish()
    }
}
