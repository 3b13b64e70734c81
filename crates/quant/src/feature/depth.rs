//! Features of books with several levels: order flow imbalance level by level, and queue imbalance.

use core::fmt;

use super::touch::{balance, flow, Side};

/// The two sides of one book, the best level first; a level that is not there has price NaN.
#[derive(Debug, Clone, Copy)]
pub struct Levels<'a> {
    /// Bid prices, descending.
    pub bid_price: &'a [f64],
    /// Bid quantities.
    pub bid_qty: &'a [f64],
    /// Ask prices, ascending.
    pub ask_price: &'a [f64],
    /// Ask quantities.
    pub ask_qty: &'a [f64],
}

/// A number of levels outside its range, or a side with another number of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DepthError {
    /// How many there must be.
    pub expected: usize,
    /// How many there are.
    pub found: usize,
}

impl fmt::Display for DepthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { expected, found } = self;
        write!(f, "{found} levels, but there must be {expected}")
    }
}

impl core::error::Error for DepthError {}

/// What is told about a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DepthKind {
    /// One order flow imbalance a level.
    ///
    /// # Source
    /// Cont, Kukanov and Stoikov 2014, equation 10; level by level in Xu, Gould and Howison 2019,
    /// Multi-level order-flow imbalance in a limit order book, equations 2 to 4.
    OrderFlow,
    /// (bids - asks) / (bids + asks) of the quantities of all levels; 0 without quantity.
    ///
    /// # Source
    /// Gould and Bonart 2016, Queue imbalance as a one-tick-ahead price predictor, equation 1.
    QueueImbalance,
}

/// A feature of books with `depth` levels.
#[derive(Debug, Clone)]
pub struct DepthFeature {
    kind: DepthKind,
    depth: usize,
    /// Bid and ask of each level of the last book.
    last: Vec<(Side, Side)>,
    seen: bool,
}

/// The most levels accepted.
const DEPTH_MAX: usize = 1000;

impl DepthFeature {
    /// For books of `depth` levels a side, 1 to 1000.
    ///
    /// # Errors
    /// When the depth is outside its range.
    pub fn new(kind: DepthKind, depth: usize) -> Result<Self, DepthError> {
        if !(1..=DEPTH_MAX).contains(&depth) {
            return Err(DepthError {
                expected: depth.clamp(1, DEPTH_MAX),
                found: depth,
            });
        }
        Ok(Self {
            kind,
            depth,
            last: vec![((0.0, 0.0), (0.0, 0.0)); depth],
            seen: false,
        })
    }

    /// Levels a side.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Numbers told about one book.
    #[must_use]
    pub fn width(&self) -> usize {
        match self.kind {
            DepthKind::OrderFlow => self.depth,
            DepthKind::QueueImbalance => 1,
        }
    }

    /// Takes one book in and writes what it tells; NaN until there is something to tell.
    ///
    /// # Errors
    /// When a side does not have `depth` levels, or there is not room for every number.
    pub fn update(&mut self, book: Levels<'_>, told: &mut [f64]) -> Result<(), DepthError> {
        let sides = [book.bid_price, book.bid_qty, book.ask_price, book.ask_qty];
        for side in sides {
            self.expect(self.depth, side.len())?;
        }
        self.expect(self.width(), told.len())?;
        let gone = |side: &[f64]| side.first().is_some_and(|price| price.is_nan());
        if gone(book.bid_price) && gone(book.ask_price) {
            // No book at all: nothing to tell, and nothing to compare the next one with.
            self.seen = false;
            told.fill(f64::NAN);
            return Ok(());
        }
        match self.kind {
            DepthKind::OrderFlow => self.order_flow(book, told),
            DepthKind::QueueImbalance => {
                let (bids, asks) = (book.bid_qty.iter().sum(), book.ask_qty.iter().sum());
                told.fill(balance(bids, asks));
            }
        }
        Ok(())
    }

    fn expect(&self, expected: usize, found: usize) -> Result<(), DepthError> {
        if expected == found {
            Ok(())
        } else {
            Err(DepthError { expected, found })
        }
    }

    fn order_flow(&mut self, book: Levels<'_>, told: &mut [f64]) {
        let bids = book.bid_price.iter().zip(book.bid_qty);
        let asks = book.ask_price.iter().zip(book.ask_qty);
        let states = self.last.iter_mut().zip(told);
        for ((bid, ask), (last, slot)) in bids.zip(asks).zip(states) {
            // A level that is not there lies infinitely far away and holds nothing.
            let bid = present(bid, f64::NEG_INFINITY);
            let ask = present(ask, f64::INFINITY);
            *slot = if self.seen {
                flow((last.0, bid), (last.1, ask))
            } else {
                f64::NAN
            };
            *last = (bid, ask);
        }
        self.seen = true;
    }

    /// Forgets the last book.
    pub fn reset(&mut self) {
        self.seen = false;
    }
}

#[inline]
fn present((price, qty): (&f64, &f64), absent: f64) -> Side {
    if price.is_nan() {
        (absent, 0.0)
    } else {
        (*price, *qty)
    }
}
