//! What was seen of one instrument: last quote and trade, minute bars, short histories.

use std::collections::VecDeque;

use py_rt_types::{Price, Qty, UnixNanos};

pub(crate) const MINUTE_NS: i64 = 60_000_000_000;
const HISTORY: usize = 20_000;

/// The touch at a moment; a quantity of 0 means that the side is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quote {
    pub(crate) at: UnixNanos,
    pub(crate) bid: Price,
    pub(crate) bid_qty: Qty,
    pub(crate) ask: Price,
    pub(crate) ask_qty: Qty,
}

impl Quote {
    fn same_touch(&self, other: &Self) -> bool {
        Self {
            at: other.at,
            ..*self
        } == *other
    }
}

/// A trade of the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Print {
    pub(crate) at: UnixNanos,
    pub(crate) id: i64,
    pub(crate) price: Price,
    pub(crate) qty: Qty,
    /// +1 when a buyer took, -1 when a seller did, 0 unknown.
    pub(crate) side: i8,
}

/// A bar over trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TradeBar {
    /// Start of the interval.
    pub(crate) opens: UnixNanos,
    pub(crate) open: Price,
    pub(crate) high: Price,
    pub(crate) low: Price,
    pub(crate) close: Price,
    /// Lots.
    pub(crate) volume: i64,
    pub(crate) trades: i64,
    /// Ticks times lots.
    pub(crate) turnover: i128,
    /// Lots that buyers took, and their ticks times lots.
    pub(crate) taken: i64,
    pub(crate) taken_turnover: i128,
    /// Ids of the first and the last trade.
    pub(crate) ids: (i64, i64),
}

impl TradeBar {
    const fn first(opens: UnixNanos, print: &Print) -> Self {
        let turnover = print.price.0 as i128 * print.qty.0 as i128;
        let taken = print.side > 0;
        Self {
            opens,
            open: print.price,
            high: print.price,
            low: print.price,
            close: print.price,
            volume: print.qty.0,
            trades: 1,
            turnover,
            taken: if taken { print.qty.0 } else { 0 },
            taken_turnover: if taken { turnover } else { 0 },
            ids: (print.id, print.id),
        }
    }

    /// A bar without trades.
    pub(crate) const fn empty(opens: UnixNanos, price: Price) -> Self {
        Self {
            opens,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 0,
            trades: 0,
            turnover: 0,
            taken: 0,
            taken_turnover: 0,
            ids: (-1, -1),
        }
    }

    /// Two bars as one.
    pub(crate) fn joined(mut self, later: Self) -> Self {
        self.add(&later);
        self
    }

    fn add(&mut self, later: &Self) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume = self.volume.saturating_add(later.volume);
        self.trades += later.trades;
        self.turnover = self.turnover.saturating_add(later.turnover);
        self.taken = self.taken.saturating_add(later.taken);
        self.taken_turnover = self.taken_turnover.saturating_add(later.taken_turnover);
        self.ids.1 = later.ids.1;
    }
}

/// What was seen of one instrument.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    pub(crate) quotes: VecDeque<Quote>,
    pub(crate) prints: VecDeque<Print>,
    pub(crate) minutes: VecDeque<TradeBar>,
    /// The minute in progress.
    pub(crate) minute: Option<TradeBar>,
    next_print: i64,
}

fn keep<T>(history: &mut VecDeque<T>, item: T) {
    if history.len() == HISTORY {
        history.pop_front();
    }
    history.push_back(item);
}

impl Tape {
    pub(crate) fn last_quote(&self) -> Option<&Quote> {
        self.quotes.back()
    }

    pub(crate) fn last_print(&self) -> Option<&Print> {
        self.prints.back()
    }

    /// Notes the touch; returns whether it changed.
    pub(crate) fn note_quote(&mut self, quote: Quote) -> bool {
        if self
            .quotes
            .back()
            .is_some_and(|last| last.same_touch(&quote))
        {
            return false;
        }
        keep(&mut self.quotes, quote);
        true
    }

    /// Notes a trade and adds it to the minute in progress, which must be current.
    pub(crate) fn note_print(&mut self, at: UnixNanos, price: Price, qty: Qty, side: i8) -> Print {
        self.next_print += 1;
        let print = Print {
            at,
            id: self.next_print,
            price,
            qty,
            side,
        };
        keep(&mut self.prints, print);
        let bar = TradeBar::first(UnixNanos(at.0 - at.0.rem_euclid(MINUTE_NS)), &print);
        match &mut self.minute {
            Some(minute) => minute.add(&bar),
            None => self.minute = Some(bar),
        }
        print
    }

    /// A number for an execution that the tape does not show.
    pub(crate) fn number_trade(&mut self) -> i64 {
        self.next_print += 1;
        self.next_print
    }

    /// When the minute in progress ends.
    pub(crate) fn minute_ends(&self) -> UnixNanos {
        self.minute
            .map_or(UnixNanos::MAX, |bar| bar.opens.plus(MINUTE_NS))
    }

    /// Ends the minute in progress.
    pub(crate) fn close_minute(&mut self) -> Option<TradeBar> {
        let bar = self.minute.take()?;
        keep(&mut self.minutes, bar);
        Some(bar)
    }

    /// The bar that began last, the minute in progress included.
    pub(crate) fn last_bar(&self, start_of: impl Fn(UnixNanos) -> UnixNanos) -> Option<TradeBar> {
        let newest = self.minute.iter().chain(self.minutes.iter().rev());
        let mut bar: Option<TradeBar> = None;
        for minute in newest {
            let opens = start_of(minute.opens);
            bar = Some(match bar {
                None => TradeBar { opens, ..*minute },
                Some(later) if later.opens == opens => {
                    let mut whole = TradeBar { opens, ..*minute };
                    whole.add(&later);
                    whole
                }
                found => return found,
            });
        }
        bar
    }

    /// Minutes that have not ended by `since`, the one in progress included, oldest first.
    pub(crate) fn recent(&self, since: UnixNanos) -> impl Iterator<Item = &TradeBar> {
        let first = self
            .minutes
            .partition_point(|bar| bar.opens.plus(MINUTE_NS) <= since);
        self.minutes.range(first..).chain(self.minute.iter())
    }

    /// All minutes put together, the one in progress included.
    pub(crate) fn bars_so_far(&self, start_of: impl Fn(UnixNanos) -> UnixNanos) -> Vec<TradeBar> {
        let mut bars = self.bars(&start_of);
        if let Some(minute) = &self.minute {
            let opens = start_of(minute.opens);
            match bars.last_mut() {
                Some(bar) if bar.opens == opens => bar.add(minute),
                _ => bars.push(TradeBar { opens, ..*minute }),
            }
        }
        bars
    }

    /// Closed minutes put together: `start_of` says in which interval a moment lies.
    pub(crate) fn bars(&self, start_of: impl Fn(UnixNanos) -> UnixNanos) -> Vec<TradeBar> {
        let mut bars: Vec<TradeBar> = Vec::new();
        for minute in &self.minutes {
            let opens = start_of(minute.opens);
            match bars.last_mut() {
                Some(bar) if bar.opens == opens => bar.add(minute),
                _ => bars.push(TradeBar { opens, ..*minute }),
            }
        }
        bars
    }
}
