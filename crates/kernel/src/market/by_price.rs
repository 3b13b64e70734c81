//! The book by price (L2): two half books of ticks and lots.

use alloc::boxed::Box;

use py_rt_types::{EventKind, InstrumentId, MarketEvent, Price, Qty, Side, UnixNanos, GAP};

use super::by_order::ByOrder;
use super::half_book::{HalfBook, NONE};
use super::plain::Plain;
use super::Top;

/// A price level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Price in ticks.
    pub price: Price,
    /// Quantity in lots.
    pub qty: Qty,
}

const DEPTH: u8 = EventKind::Depth as u8;
const TRADE: u8 = EventKind::Trade as u8;
const SNAPSHOT: u8 = EventKind::Snapshot as u8;

/// Ticks beyond which a price is no price: sums of two prices still fit.
const TICKS_MAX: u64 = 1 << 60;
/// The sum of the best keys of a book with two sides lies above; with a side missing, below.
const TWO_SIDED: i64 = -(1 << 61);

/// A book by price. It says what it was told, also when that is crossed: see [`ByPrice::valid`].
///
/// Rows about single orders change it too: from the first one on it keeps a book by order beside
/// itself, which says what is left of a level.
#[derive(Debug, Clone)]
pub struct ByPrice {
    /// Bids, then asks: the side of a row chooses without a branch.
    halves: [HalfBook; 2],
    broken: bool,
    orders: Option<Box<ByOrder>>,
    /// 1 once there are such orders, so that a row is asked about both at once.
    by_order: u64,
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
            halves: [HalfBook::new(), HalfBook::new()],
            broken: false,
            orders: None,
            by_order: 0,
        }
    }

    /// Applies one row. Trades change nothing: a venue says what is left of a level by itself.
    #[inline]
    pub fn apply(&mut self, event: &MarketEvent) {
        self.step(event);
    }

    /// Applies one row; false when neither a best price nor validity can have changed.
    #[inline(always)]
    pub(crate) fn step(&mut self, event: &MarketEvent) -> bool {
        if !self.is_plain(event) {
            return self.apply_rare(event);
        }
        self.step_plain(event)
    }

    /// Whether the row is about a level or a trade and nothing else: no gap, no single order.
    #[inline(always)]
    const fn is_plain(&self, event: &MarketEvent) -> bool {
        // Each question is answered alike for nearly all rows, so they are asked one by one.
        (event.order_id | self.by_order | (event.flags & GAP) as u64 == 0)
            && is_of_price(event.kind)
            && event.side != 0
    }

    /// Which rows of an instrument are about a level or a trade and nothing else here; `None` where
    /// there are orders beside the levels.
    #[inline]
    #[must_use]
    pub const fn plain(&self, instrument: InstrumentId) -> Option<Plain> {
        match self.by_order {
            0 => Some(Plain::new(instrument)),
            _ => None,
        }
    }

    /// Applies a row that [`ByPrice::plain`] holds of.
    #[inline(always)]
    pub fn apply_plain(&mut self, event: &MarketEvent) {
        self.step_plain(event);
    }

    /// [`ByPrice::apply_plain`]; false when no best price can have changed.
    #[inline(always)]
    pub(crate) fn step_plain(&mut self, event: &MarketEvent) -> bool {
        let half = &mut self.halves[usize::from(event.side < 0)];
        let changes = i64::from(event.kind == TRADE) - 1;
        let key = key_of(event.side, event.price);
        match half.set_masked(key, event.qty.0.max(0), changes) {
            Some(moved) => moved,
            None => self.apply_outside(event),
        }
    }

    /// A level outside of the window around the touch.
    #[cold]
    #[inline(never)]
    fn apply_outside(&mut self, event: &MarketEvent) -> bool {
        if event.kind != TRADE {
            self.apply_level(event);
        }
        true
    }

    fn apply_level(&mut self, event: &MarketEvent) {
        match event.book_side() {
            Some(side) => {
                self.set(side, event.price, event.qty);
            }
            None => self.broken = true,
        }
    }

    #[cold]
    #[inline(never)]
    fn apply_rare(&mut self, event: &MarketEvent) -> bool {
        if event.flags & GAP != 0 {
            self.broken = true;
        }
        match event.event_kind() {
            Some(EventKind::Depth | EventKind::Snapshot)
                if self.orders.is_none() && event.order_id == 0 =>
            {
                self.apply_level(event);
            }
            Some(EventKind::Quote) => self.apply_quote(event),
            Some(EventKind::Clear) => self.apply_clear(event),
            Some(EventKind::Trade) | None => {}
            Some(_) => self.apply_by_order(event),
        }
        true
    }

    /// The book by order beside it, once a row spoke about a single order.
    #[must_use]
    pub fn by_order(&self) -> Option<&ByOrder> {
        self.orders.as_deref()
    }

    #[inline(never)]
    fn apply_by_order(&mut self, event: &MarketEvent) {
        let mut orders = match self.orders.take() {
            Some(orders) => orders,
            None => self.orders_unknown(),
        };
        if let Some(touched) = orders.apply(event) {
            self.set(touched.side, touched.price, touched.qty);
        }
        self.broken |= orders.is_broken();
        self.orders = Some(orders);
        self.by_order = 1;
    }

    /// A book by order of which nothing is known but the levels here.
    #[cold]
    fn orders_unknown(&self) -> Box<ByOrder> {
        let mut orders = Box::new(ByOrder::new());
        for side in [Side::Buy, Side::Sell] {
            self.visit(side, |level| {
                orders.apply(&MarketEvent {
                    ts_event: UnixNanos(0),
                    ts_recv: UnixNanos(0),
                    instrument: InstrumentId(0),
                    kind: EventKind::Snapshot as u8,
                    side: side as i8,
                    flags: 0,
                    price: level.price,
                    qty: level.qty,
                    order_id: 0,
                });
                true
            });
        }
        orders
    }

    fn apply_quote(&mut self, event: &MarketEvent) {
        let Some(side) = event.book_side() else {
            return;
        };
        self.half(side).clear();
        if event.qty.0 > 0 || !is_price(event.price) {
            self.set(side, event.price, event.qty);
        }
    }

    fn apply_clear(&mut self, event: &MarketEvent) {
        if let Some(orders) = self.orders.as_mut() {
            orders.apply(event);
        }
        match event.book_side() {
            Some(side) => self.half(side).clear(),
            None => self.halves.iter_mut().for_each(HalfBook::clear),
        }
        if event.flags & GAP == 0 {
            self.broken = false;
        }
    }

    const fn half(&mut self, side: Side) -> &mut HalfBook {
        &mut self.halves[((side as i8) < 0) as usize]
    }

    const fn bids(&self) -> &HalfBook {
        &self.halves[0]
    }

    const fn asks(&self) -> &HalfBook {
        &self.halves[1]
    }

    /// Sets the quantity of a level, 0 removes it; returns what was there before. What is no price
    /// makes the book one that must not be believed.
    #[inline]
    pub fn set(&mut self, side: Side, price: Price, qty: Qty) -> Qty {
        if !is_price(price) {
            self.broken = true;
            return Qty::ZERO;
        }
        let key = key_of(side as i8, price);
        Qty(self.half(side).set(key, qty.0.max(0)))
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
        self.keys() >= 0
    }

    /// The sum of the best keys: bid less ask, far below every difference where a side is missing.
    #[inline]
    const fn keys(&self) -> i64 {
        self.bids().best() + self.asks().best()
    }

    /// Marks the book as not to be believed until the next snapshot.
    pub const fn invalidate(&mut self) {
        self.broken = true;
    }

    /// Best bid price, if there is one.
    #[inline]
    #[must_use]
    pub const fn best_bid(&self) -> Option<Price> {
        match self.bids().best() {
            NONE => None,
            key => Some(Price(key)),
        }
    }

    /// Best ask price, if there is one.
    #[inline]
    #[must_use]
    pub const fn best_ask(&self) -> Option<Price> {
        match self.asks().best() {
            NONE => None,
            key => Some(Price(-key)),
        }
    }

    /// Whether the best bid is at or above `ask`, or the best ask at or below `bid`. A side that is
    /// missing is beyond every price.
    #[inline]
    #[must_use]
    pub const fn reaches(&self, bid: Price, ask: Price) -> bool {
        (self.bids().best() >= ask.0) | (-self.asks().best() <= bid.0)
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
        Qty(self.bids().best_qty())
    }

    /// Quantity at the best ask, 0 without one.
    #[inline]
    #[must_use]
    pub fn ask_qty(&self) -> Qty {
        Qty(self.asks().best_qty())
    }

    /// Best bid and ask, when there are both.
    #[inline]
    #[must_use]
    pub const fn touch(&self) -> Option<(Price, Price)> {
        let (bid, ask) = (self.bids().best(), self.asks().best());
        if (bid == NONE) | (ask == NONE) {
            return None;
        }
        Some((Price(bid), Price(-ask)))
    }

    /// Best prices and quantities.
    #[inline]
    #[must_use]
    pub fn top(&self) -> Top {
        Top {
            bid_price: self.best_bid().unwrap_or_default(),
            bid_qty: self.bid_qty(),
            ask_price: self.best_ask().unwrap_or_default(),
            ask_qty: self.ask_qty(),
        }
    }

    /// Quantity of a level, 0 where there is none.
    #[inline]
    #[must_use]
    pub fn qty_at(&self, side: Side, price: Price) -> Qty {
        Qty(match side {
            Side::Buy => self.bids().qty_at(price.0),
            Side::Sell => self.asks().qty_at(price.0.wrapping_neg()),
        })
    }

    /// Sum of bid and ask in ticks (twice the mid), when the book is valid and has both sides.
    #[inline]
    #[must_use]
    pub const fn bid_plus_ask(&self) -> Option<i64> {
        let keys = self.keys();
        if !self.broken & (keys > TWO_SIDED) & (keys < 0) {
            Some(self.bids().best() - self.asks().best())
        } else {
            None
        }
    }

    /// Calls `visit` for the levels of a side from the best on, until it returns false.
    pub fn visit(&self, side: Side, mut visit: impl FnMut(Level) -> bool) {
        match side {
            Side::Buy => {
                self.bids().visit(|key, qty| {
                    visit(Level {
                        price: Price(key),
                        qty: Qty(qty),
                    })
                });
            }
            Side::Sell => {
                self.asks().visit(|key, qty| {
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

/// Whether a kind is one of [`DEPTH`], [`TRADE`] and [`SNAPSHOT`]: 2, 3 and 1 with a bit turned.
#[inline(always)]
const fn is_of_price(kind: u8) -> bool {
    const _: () = assert!(DEPTH ^ 2 == 2 && TRADE ^ 2 == 3 && SNAPSHOT ^ 2 == 1);
    (kind ^ 2).wrapping_sub(1) < 3
}

/// Price as a key: better is greater on both sides.
#[inline]
const fn key_of(side: i8, price: Price) -> i64 {
    let sign = (side >> 7) as i64;
    (price.0 ^ sign).wrapping_sub(sign)
}

const fn is_price(price: Price) -> bool {
    price.0.unsigned_abs() < TICKS_MAX
}
