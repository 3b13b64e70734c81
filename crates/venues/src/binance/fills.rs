//! The question for executions since a time, as many requests.
//!
//! The venue lists trades by symbol, and a trade does not say how much of its order was executed
//! with it. So the trades of the time are collected for each symbol, a day at a time, and then
//! those of each order from its first trade on: their sum so far is the order's total.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use py_rt_types::{Qty, Report, UnixNanos};

use crate::binance::encode::{Trades, TRADES_PAGE};
use crate::binance::lists::Trade;
use crate::symbols::Listing;

/// The venue answers for a day at most.
const DAY_NS: i64 = 24 * 3_600_000_000_000;
/// Whether the venue means "from" or "after", and how it rounds, need not be known.
const MARGIN_NS: i64 = 1_000_000_000;

/// How far the question has come.
#[derive(Debug, Clone, Default)]
pub(super) struct FillsWork {
    since: UnixNanos,
    /// The venue's time when it was asked.
    until: UnixNanos,
    /// The symbol, by its place in the table.
    place: usize,
    /// Start of the day that is asked for.
    from: UnixNanos,
    /// Behind the last trade of a full page.
    from_trade: Option<u64>,
    orders: BTreeSet<u64>,
    /// The order whose trades are being read, and those read so far.
    order: Option<u64>,
    trades: Vec<Trade>,
}

impl FillsWork {
    /// Begins; `until` is the venue's time now.
    pub(super) fn new(since: UnixNanos, until: UnixNanos) -> Self {
        let since = since.max(UnixNanos(0));
        Self {
            since,
            until,
            from: since.plus(-MARGIN_NS),
            ..Self::default()
        }
    }

    /// Which symbol is asked for, by its place in the table.
    pub(super) const fn place(&self) -> usize {
        self.place
    }

    /// What is to be asked next.
    pub(super) fn wanted(&self) -> Trades {
        match (self.order, self.from_trade) {
            (Some(order), from) => Trades::OfOrder(order, from.unwrap_or(0)),
            (None, Some(from)) => Trades::From(from),
            (None, None) => Trades::Between(self.from, self.from.plus(DAY_NS - 1)),
        }
    }

    /// Takes a page of `rows` rows in; true when there is more to ask of some symbol below `count`.
    /// Reports come out as soon as an order's trades are whole.
    pub(super) fn handle_page(
        &mut self,
        listing: &Listing,
        trades: Vec<Trade>,
        rows: usize,
        count: usize,
        reports: &mut Vec<Report>,
    ) -> bool {
        let rolling = self.from_trade.is_some();
        let last = trades.iter().map(|trade| trade.number).max();
        self.from_trade = last
            .filter(|_| rows >= TRADES_PAGE)
            .map(|last| last.saturating_add(1));
        match self.order {
            None => {
                let fresh = trades.iter().filter(|trade| trade.ts_event >= self.since);
                self.orders.extend(fresh.map(|trade| trade.order));
                if self.from_trade.is_some() {
                    return true;
                }
                self.from = self.from.plus(DAY_NS);
                // What followed a full page was read to the newest trade.
                if rolling || self.from > self.until {
                    return self.next_order(count);
                }
                true
            }
            Some(_) => {
                self.trades.extend(trades);
                if self.from_trade.is_some() {
                    return true;
                }
                self.tell(listing, reports);
                self.next_order(count)
            }
        }
    }

    /// The order's executions, from its first on; those from before the time are left out.
    fn tell(&mut self, listing: &Listing, reports: &mut Vec<Report>) {
        let mut trades = core::mem::take(&mut self.trades);
        trades.sort_unstable_by_key(|trade| trade.number);
        trades.dedup_by_key(|trade| trade.number);
        let mut total = Qty::ZERO;
        for trade in &trades {
            total = Qty(total.0.saturating_add(trade.qty.0));
            if trade.ts_event >= self.since {
                reports.push(trade.report(listing, total));
            }
        }
    }

    fn next_order(&mut self, count: usize) -> bool {
        self.order = self.orders.pop_first();
        if self.order.is_some() {
            return true;
        }
        self.place += 1;
        self.from = self.since.plus(-MARGIN_NS);
        self.place < count
    }
}
