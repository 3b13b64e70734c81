//! Market stage: books, last prices, bars. Market rows in, what changed out.
//!
//! One [`Instrument`](py_rt_types::Instrument) has one [`InstrumentMarket`]: a book by price once
//! the first level arrives, the last trade, the last bar, and the reference price with its age.

mod bars;
mod by_order;
mod by_price;
mod consolidated;
mod half_book;
mod listings;
mod plain;
mod quiet;
mod resting;
mod sample;
mod top_book;

pub(crate) use bars::volume_lots;
pub use bars::BarBuilder;
pub use by_order::{ByOrder, Touched};
pub use by_price::{ByPrice, Level};
pub use consolidated::{consolidated, VenueLevel};
pub use listings::{ListingError, ListingTerms, Listings, VENUES_MAX};
pub use plain::Plain;
pub(crate) use quiet::Stop;
pub use resting::{RestingOrder, RestingOrders, Slot, NO_SLOT};
pub use sample::{last_book, sample_book, Sample, SampleClock, Times};
pub use top_book::TopBook;

use crate::actions::Split;
use crate::input::Phase;
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

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    #[inline]
    pub(crate) const fn with(self, other: Self, on: bool) -> Self {
        Self(self.0 | (other.0 * on as u8))
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
    /// Best prices before the message that is not complete yet.
    before: Option<Top>,
    valid: bool,
    traded: bool,
    /// Whether the book gives a mark.
    marks: bool,
    /// Twice the price that positions are marked at, 0 before there is one.
    mark: i64,
    ts_mark: UnixNanos,
    /// The last trade, and beside it a place that other rows are written to, without a branch.
    last: [(Price, Qty); 2],
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
    pub fn top(&self) -> Top {
        match (self.before, &self.book) {
            (Some(before), _) => before,
            (None, Some(book)) => book.top(),
            (None, None) => Top::default(),
        }
    }

    /// Best bid and ask after the last complete message, when there are both.
    #[inline]
    #[must_use]
    pub fn touch(&self) -> Option<(Price, Price)> {
        match (self.before, &self.book) {
            (None, Some(book)) => book.touch(),
            (Some(top), _) if (top.bid_qty.0 > 0) & (top.ask_qty.0 > 0) => {
                Some((top.bid_price, top.ask_price))
            }
            _ => None,
        }
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
        if self.traded {
            Some(self.last[1])
        } else {
            None
        }
    }

    /// The last closed bar.
    #[must_use]
    pub const fn last_bar(&self) -> Option<&Bar> {
        self.last_bar.as_ref()
    }

    /// Applies one row. Rows of trades and of books come mixed so that no processor guesses which
    /// is next: what they do is chosen without a branch.
    #[inline(always)]
    fn handle_event(&mut self, now: UnixNanos, event: &MarketEvent, quotes: bool) -> Change {
        let Some(book) = self.book.as_deref_mut() else {
            return self.begin(now, event, quotes);
        };
        let trade = event.kind == EventKind::Trade as u8;
        let prints = trade | (event.kind == EventKind::OrderExecute as u8);
        let ends = event.is_end() & !trade;
        let mut change = Change::NONE
            .with(Change::TRADE, prints)
            .with(Change::BOOK, ends);
        let alone = event.is_end() & self.before.is_none() & !quotes;
        let moved = if alone {
            book.step(event)
        } else {
            let changed = step_message(&mut self.before, book, event);
            change = change.with(Change::QUOTE, changed);
            true
        };
        self.last[usize::from(prints)] = (event.price, event.qty);
        self.traded |= prints;
        if moved & ends {
            return self.follow_best(now, change);
        }
        self.ts_mark = if ends & self.marks { now } else { self.ts_mark };
        change
    }

    /// After a complete message that moved a best price or validity.
    #[inline]
    fn follow_best(&mut self, now: UnixNanos, change: Change) -> Change {
        let Some(book) = self.book.as_deref() else {
            return change;
        };
        let (valid, mid) = (book.valid(), book.bid_plus_ask());
        let mark = mid.unwrap_or(self.mark);
        let change = change
            .with(Change::MARK, mark != self.mark)
            .with(Change::VALIDITY, valid != self.valid);
        self.valid = valid;
        self.mark = mark;
        self.marks = mid.is_some();
        if self.marks {
            self.ts_mark = now;
        }
        change
    }

    /// A row while there is no book: a trade marks, anything else begins one.
    #[cold]
    #[inline(never)]
    fn begin(&mut self, now: UnixNanos, event: &MarketEvent, quotes: bool) -> Change {
        if event.kind != EventKind::Trade as u8 {
            self.book = Some(Box::new(ByPrice::new()));
            return self.handle_event(now, event, quotes);
        }
        self.last[1] = (event.price, event.qty);
        self.traded = true;
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

/// Applies a row of a message of several rows, keeping the best prices before it until it is
/// complete. Says at its end whether they changed; a trade is no part of a message about a book.
fn step_message(before: &mut Option<Top>, book: &mut ByPrice, event: &MarketEvent) -> bool {
    if event.kind == EventKind::Trade as u8 {
        book.apply(event);
        return false;
    }
    let top = *before.get_or_insert_with(|| book.top());
    book.apply(event);
    if !event.is_end() {
        return false;
    }
    *before = None;
    top != book.top()
}

/// The market stage.
#[derive(Debug, Clone)]
pub struct Market {
    instruments: Vec<InstrumentMarket>,
    /// Whether anybody asks for changes of best price or quantity.
    quotes: bool,
    /// The phases of the markets, by instrument; empty before one was told.
    pub(crate) phases: Vec<Phase>,
    /// Which instruments are the same product.
    listings: Listings,
}

impl Market {
    /// A market of `count` instruments, nothing known yet.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self {
            instruments: alloc::vec![InstrumentMarket::default(); count],
            quotes: true,
            phases: Vec::new(),
            listings: Listings::default(),
        }
    }

    /// Lets instruments be the same product at several venues.
    #[must_use]
    pub(crate) fn with_listings(mut self, listings: Listings) -> Self {
        self.listings = listings;
        self
    }

    /// Which instruments are the same product.
    #[must_use]
    pub const fn listings(&self) -> &Listings {
        &self.listings
    }

    /// Leaves [`Change::QUOTE`] out, for a strategy that never asks.
    #[must_use]
    pub(crate) fn with_quotes(mut self, quotes: bool) -> Self {
        self.quotes = quotes;
        self
    }

    /// One instrument's market, or `None` for an id outside the run.
    #[inline]
    #[must_use]
    pub fn instrument(&self, id: InstrumentId) -> Option<&InstrumentMarket> {
        self.instruments.get(id.index())
    }

    /// Applies one row and says what changed.
    #[inline(always)]
    pub fn handle_event(&mut self, now: UnixNanos, event: &MarketEvent) -> Change {
        match self.instruments.get_mut(event.instrument.index()) {
            Some(market) => market.handle_event(now, event, self.quotes),
            None => Change::NONE,
        }
    }

    /// Scales the mark of an instrument; its book and last trade are of the old shares and gone.
    pub(crate) fn handle_split(&mut self, id: InstrumentId, split: Split) {
        if let Some(market) = self.instruments.get_mut(id.index()) {
            let (mark, ts_mark) = (market.mark, market.ts_mark);
            *market = InstrumentMarket::default();
            if mark != 0 {
                (market.mark, market.ts_mark) = (split.price(Price(mark), false).0, ts_mark);
            }
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
