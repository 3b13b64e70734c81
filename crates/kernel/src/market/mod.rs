//! Market stage: books, last prices, bars. Market rows in, what changed out.
//!
//! One [`Instrument`](py_rt_types::Instrument) has one [`InstrumentMarket`]: a book by price once
//! the first level arrives, the last trade, the last bar, and the reference price with its age.

mod bars;
mod by_order;
mod by_price;
mod half_book;
mod resting;
mod sample;
mod top_book;

pub use bars::BarBuilder;
pub use by_order::{ByOrder, Touched};
pub use by_price::{ByPrice, Level};
pub use resting::{RestingOrder, RestingOrders, Slot, NO_SLOT};
pub use sample::{last_book, sample_book, Sample, SampleClock, Times};
pub use top_book::TopBook;

use alloc::boxed::Box;
use alloc::vec::Vec;
use py_rt_types::{Bar, EventKind, InstrumentId, MarketEvent, Price, Qty, UnixNanos};

/// What one market row changed. A set of flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Change(u8);

impl Change {
    /// Nothing that anybody waits for.
    pub const NONE: Self = Self(0);
    /// The last row of a venue message about a book.
    pub const BOOK: Self = Self(1);
    /// A trade.
    pub const TRADE: Self = Self(2);
    /// Best price or quantity changed, at the end of a message.
    pub const QUOTE: Self = Self(4);
    /// The price that positions are marked at changed.
    pub const MARK: Self = Self(8);
    /// The book became valid or invalid.
    pub const VALIDITY: Self = Self(16);

    /// Whether any flag of `other` is set.
    #[inline]
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    #[inline]
    const fn with(self, other: Self, on: bool) -> Self {
        Self(self.0 | if on { other.0 } else { 0 })
    }
}

/// Best prices and quantities; quantity 0 and price 0 where a side is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Top {
    /// Best bid in ticks.
    pub bid_price: Price,
    /// Quantity there.
    pub bid_qty: Qty,
    /// Best ask in ticks.
    pub ask_price: Price,
    /// Quantity there.
    pub ask_qty: Qty,
}

/// All that is known of one instrument's market.
#[derive(Debug, Clone, Default)]
pub struct InstrumentMarket {
    book: Option<Box<ByPrice>>,
    top: Top,
    valid: bool,
    /// Twice the price that positions are marked at, 0 before there is one.
    mark: i64,
    ts_mark: UnixNanos,
    last_trade: Option<(Price, Qty)>,
    last_bar: Option<Bar>,
}

impl InstrumentMarket {
    /// The book by price, once a level or quote arrived.
    #[must_use]
    pub fn book(&self) -> Option<&ByPrice> {
        self.book.as_deref()
    }

    /// Best prices after the last complete message.
    #[inline]
    #[must_use]
    pub const fn top(&self) -> Top {
        self.top
    }

    /// Whether the book may be believed; true while there is none.
    #[inline]
    #[must_use]
    pub const fn valid(&self) -> bool {
        self.valid || self.book.is_none()
    }

    /// Twice the price that positions are marked at, and when it was last confirmed.
    #[inline]
    #[must_use]
    pub const fn mark(&self) -> Option<(i64, UnixNanos)> {
        match self.mark {
            0 => None,
            mark => Some((mark, self.ts_mark)),
        }
    }

    /// Price and quantity of the last trade.
    #[must_use]
    pub const fn last_trade(&self) -> Option<(Price, Qty)> {
        self.last_trade
    }

    /// The last closed bar.
    #[must_use]
    pub const fn last_bar(&self) -> Option<&Bar> {
        self.last_bar.as_ref()
    }

    #[inline]
    fn handle_event(&mut self, now: UnixNanos, event: &MarketEvent) -> Change {
        if event.kind == EventKind::Trade as u8 {
            return self.handle_trade(now, event);
        }
        let book = self.book.get_or_insert_with(|| Box::new(ByPrice::new()));
        book.apply(event);
        let executed = event.kind == EventKind::OrderExecute as u8;
        if executed {
            self.last_trade = Some((event.price, event.qty));
        }
        if !event.is_end() {
            return Change::NONE.with(Change::TRADE, executed);
        }
        let top = Top {
            bid_price: book.best_bid().unwrap_or_default(),
            bid_qty: book.bid_qty(),
            ask_price: book.best_ask().unwrap_or_default(),
            ask_qty: book.ask_qty(),
        };
        let valid = book.valid();
        let mid = book.bid_plus_ask();
        let mark = mid.unwrap_or(self.mark);
        let change = Change::BOOK
            .with(Change::TRADE, executed)
            .with(Change::QUOTE, top != self.top)
            .with(Change::MARK, mark != self.mark)
            .with(Change::VALIDITY, valid != self.valid);
        self.top = top;
        self.valid = valid;
        self.mark = mark;
        if mid.is_some() {
            self.ts_mark = now;
        }
        change
    }

    fn handle_trade(&mut self, now: UnixNanos, event: &MarketEvent) -> Change {
        self.last_trade = Some((event.price, event.qty));
        if self.book.is_some() {
            return Change::TRADE;
        }
        let mark = event.price.0.saturating_mul(2);
        let change = Change::TRADE.with(Change::MARK, mark != self.mark);
        self.mark = mark;
        self.ts_mark = now;
        change
    }

    fn handle_bar(&mut self, now: UnixNanos, bar: &Bar) -> Change {
        self.last_bar = Some(*bar);
        if self.book.is_some() {
            return Change::NONE;
        }
        let mark = bar.close.0.saturating_mul(2);
        let change = Change::NONE.with(Change::MARK, mark != self.mark);
        self.mark = mark;
        self.ts_mark = now;
        change
    }
}

/// The market stage.
#[derive(Debug, Clone)]
pub struct Market {
    instruments: Vec<InstrumentMarket>,
}

impl Market {
    /// A market of `count` instruments, nothing known yet.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self {
            instruments: alloc::vec![InstrumentMarket::default(); count],
        }
    }

    /// One instrument's market, or `None` for an id outside the run.
    #[inline]
    #[must_use]
    pub fn instrument(&self, id: InstrumentId) -> Option<&InstrumentMarket> {
        self.instruments.get(id.index())
    }

    /// Applies one row and says what changed.
    #[inline]
    pub fn handle_event(&mut self, now: UnixNanos, event: &MarketEvent) -> Change {
        match self.instruments.get_mut(event.instrument.index()) {
            Some(market) => market.handle_event(now, event),
            None => Change::NONE,
        }
    }

    /// Applies one closed bar and says what changed.
    pub fn handle_bar(&mut self, now: UnixNanos, bar: &Bar) -> Change {
        match self.instruments.get_mut(bar.instrument.index()) {
            Some(market) => market.handle_bar(now, bar),
            None => Change::NONE,
        }
    }
}
