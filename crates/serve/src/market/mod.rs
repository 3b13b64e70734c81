//! The market that the server shows: books and touches, followed from a replay or a session.
//!
//! One thread feeds the [`Board`]; calls read it. Subscribers get every change through a bounded
//! ring of steps (what one look of the feed brought): one that is more than [`RING`] steps behind
//! misses the oldest and goes on.

mod feed;
mod session;
mod teller;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use py_rt_kernel::market::ByPrice;
use py_rt_types::{EventKind, InstrumentSpec, MarketEvent, Price, Qty, Side};
use tokio::sync::{broadcast, watch};

pub use feed::{Feed, Replay};
pub use session::Session;
pub use teller::{Look, Reader, Teller, BATCH_MAX};

use crate::proto::{BookLevel, GetOrderBookRequest, GetOrderBookResponse, StreamMarketDataRequest};
use crate::refusal::Refusal;

/// Steps that a subscriber may be behind.
pub const RING: usize = 1 << 12;
/// Rows of one step at most.
pub const STEP_ROWS: usize = 256;
/// Rows of one venue message that are kept until it is complete.
const MESSAGE_ROWS_MAX: usize = 1 << 20;
const DEPTH_MAX: u32 = 1000;

/// Best prices after a change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Touch {
    /// Which instrument, by its place in the listings.
    pub instrument: usize,
    /// When, in nanoseconds.
    pub ts_event: i64,
    bid: Price,
    ask: Price,
    volume: i64,
}

#[derive(Debug, Default)]
struct Seen {
    book: ByPrice,
    /// Rows of a message that is not complete yet.
    pending: Vec<MarketEvent>,
    last: Option<Touch>,
    ts_event: i64,
    volume: i64,
}

/// What is known of the market now.
#[derive(Debug)]
pub struct Board {
    listings: Vec<InstrumentSpec>,
    seen: Mutex<Vec<Seen>>,
    changes: broadcast::Sender<Arc<[Touch]>>,
    ended: watch::Sender<bool>,
}

impl Board {
    /// A board on which nothing has happened yet. An empty venue is not known.
    #[must_use]
    pub fn new(listings: Vec<InstrumentSpec>) -> Self {
        let seen = listings.iter().map(|_| Seen::default()).collect();
        Self {
            listings,
            seen: Mutex::new(seen),
            changes: broadcast::Sender::new(RING),
            ended: watch::Sender::new(false),
        }
    }

    /// Symbols, in the order of the listings.
    pub fn symbols(&self) -> impl Iterator<Item = &str> {
        self.listings.iter().map(|l| l.symbol.as_str())
    }

    fn seen(&self) -> MutexGuard<'_, Vec<Seen>> {
        // A thread that panicked with the lock held left whole rows behind.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes rows in; the changes are told when a venue message is complete.
    pub fn handle_rows(&self, rows: &[MarketEvent]) {
        for step in rows.chunks(STEP_ROWS) {
            let mut all = self.seen();
            let changed = step.iter().filter_map(|row| {
                let at = row.instrument.index();
                all.get_mut(at)?.handle_row(at, row)
            });
            let changed: Vec<Touch> = changed.collect();
            if !changed.is_empty() {
                // Told with the books held, so that nobody subscribes between the two. Nobody may
                // listen: nothing to tell.
                let _ = self.changes.send(changed.into());
            }
        }
    }

    /// Says that nothing more will come.
    pub fn end(&self) {
        self.ended.send_replace(true);
    }

    /// From now on: every change, whether the market has ended, and what is known already.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        let all = self.seen();
        Subscription {
            changes: self.changes.subscribe(),
            ended: self.ended.subscribe(),
            known: all.iter().filter_map(|seen| seen.last).collect(),
        }
    }

    /// A change as the wire shows it: symbol, bid, ask, volume.
    fn shown(&self, touch: &Touch) -> Option<(&str, f64, f64, f64)> {
        let spec = self.listings.get(touch.instrument)?;
        Some((
            &spec.symbol,
            price(spec, touch.bid),
            price(spec, touch.ask),
            quantity(spec, Qty(touch.volume)),
        ))
    }

    /// Which instruments a subscription is about.
    ///
    /// # Errors
    /// An unknown symbol, another exchange than the one they trade on.
    pub fn wanted(&self, request: &StreamMarketDataRequest) -> Result<Vec<bool>, Refusal> {
        let all = request.symbols.is_empty();
        let mut wanted = vec![all; self.listings.len()];
        for symbol in &request.symbols {
            wanted[self.find(symbol, &request.exchange)?] = true;
        }
        Ok(wanted)
    }

    fn find(&self, symbol: &str, exchange: &str) -> Result<usize, Refusal> {
        let exact = self.symbols().position(|known| known == symbol);
        let plain = |text: &str| text.replace(['/', '-'], "").to_uppercase();
        let alike = || {
            self.symbols()
                .position(|known| plain(known) == plain(symbol))
        };
        let at = exact.or_else(alike).ok_or_else(|| {
            let known: Vec<&str> = self.symbols().take(10).collect();
            Refusal::parameter(
                "symbol",
                format!("{symbol:?} is not listed here"),
                &format!("known are {}", known.join(", ")),
            )
        })?;
        let here = &self.listings[at].venue;
        if exchange.is_empty() || here.is_empty() || here.eq_ignore_ascii_case(exchange) {
            return Ok(at);
        }
        Err(Refusal::parameter(
            "exchange",
            format!("{symbol} trades on {here} here, not on {exchange:?}"),
            &format!("ask for {}", here.to_lowercase()),
        ))
    }

    /// The book of one instrument now.
    ///
    /// # Errors
    /// An unknown symbol or another exchange, a depth outside its range.
    pub fn order_book(
        &self,
        request: &GetOrderBookRequest,
    ) -> Result<GetOrderBookResponse, Refusal> {
        let at = self.find(&request.symbol, &request.exchange)?;
        let depth = request.depth.unwrap_or(10);
        if !(1..=DEPTH_MAX).contains(&depth) {
            let what = format!("depth is {depth}, but must lie between 1 and {DEPTH_MAX}");
            return Err(Refusal::parameter(
                "depth",
                what,
                "choose a value in that range",
            ));
        }
        let spec = &self.listings[at];
        let all = self.seen();
        let seen = &all[at];
        let levels = |side| {
            let mut levels = Vec::new();
            seen.book.visit(side, |level| {
                levels.push(BookLevel {
                    price: price(spec, level.price),
                    quantity: quantity(spec, level.qty),
                });
                levels.len() < depth as usize
            });
            levels
        };
        Ok(GetOrderBookResponse {
            symbol: spec.symbol.clone(),
            timestamp: seen.ts_event,
            bids: levels(Side::Buy),
            asks: levels(Side::Sell),
            valid: seen.book.valid(),
        })
    }
}

impl Seen {
    fn handle_row(&mut self, instrument: usize, row: &MarketEvent) -> Option<Touch> {
        self.ts_event = self.ts_event.max(row.ts_event.0);
        if row.event_kind() == Some(EventKind::Trade) {
            self.volume = self.volume.saturating_add(row.qty.0);
            return self.touch(instrument);
        }
        if self.pending.len() < MESSAGE_ROWS_MAX {
            self.pending.push(*row);
        }
        if !row.is_end() {
            return None;
        }
        for row in &self.pending {
            self.book.apply(row);
        }
        self.pending.clear();
        self.touch(instrument)
    }

    /// Best prices, when there are both and something about them changed.
    fn touch(&mut self, instrument: usize) -> Option<Touch> {
        let top = self.book.top();
        if top.bid_qty.0 <= 0 || top.ask_qty.0 <= 0 || !self.book.valid() {
            return None;
        }
        let touch = Touch {
            instrument,
            ts_event: self.ts_event,
            bid: top.bid_price,
            ask: top.ask_price,
            volume: self.volume,
        };
        let same = self.last.is_some_and(|last| {
            (last.bid, last.ask, last.volume) == (touch.bid, touch.ask, touch.volume)
        });
        self.last = Some(touch);
        (!same).then_some(touch)
    }
}

/// What a subscriber holds.
#[derive(Debug)]
pub struct Subscription {
    /// Every change from now on, step by step.
    pub changes: broadcast::Receiver<Arc<[Touch]>>,
    /// Whether nothing more will come.
    pub ended: watch::Receiver<bool>,
    /// Last touches until now.
    pub known: Vec<Touch>,
}

/// Ticks as a number, correctly rounded.
fn price(spec: &InstrumentSpec, price: Price) -> f64 {
    steps(spec.tick_size, price.0)
}

fn quantity(spec: &InstrumentSpec, qty: Qty) -> f64 {
    steps(spec.lot_size, qty.0)
}

fn steps(step: py_rt_types::Decimal, count: i64) -> f64 {
    let scale = i32::try_from(step.scale()).unwrap_or(0);
    (step.mantissa() * i128::from(count)) as f64 / 10_f64.powi(scale)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
