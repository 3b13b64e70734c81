//! The question for executions since a time, as many requests.
//!
//! The venue lists trades by symbol, and a trade does not say how much of its order was executed
//! with it. So the trades of the time are collected for each symbol, a day at a time. Orders tell
//! how much of them was executed: where the trades at hand add up to that, they are all, and their
//! sum so far is the order's total. The others, which began earlier or go on, are asked for their
//! trades from the first on, one by one.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use py_rt_types::{Qty, Report, UnixNanos};

use crate::binance::encode::{Trades, TRADES_PAGE};
use crate::binance::ids::number_of;
use crate::binance::lists::{Trade, TradesPage};
use crate::requests::executions::{sort_out, tell};
use crate::symbols::Listing;

/// The venue answers for a day at most.
const DAY_NS: i64 = 24 * 3_600_000_000_000;
/// Whether the venue means "from" or "after", and how it rounds, need not be known.
const MARGIN_NS: i64 = 1_000_000_000;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Trades of the symbol.
    Trades(Trades),
    /// Orders of the symbol from this one on.
    Orders(u64),
}

#[derive(Debug, Clone, Copy, Default)]
enum Stage {
    /// The trades of the time.
    #[default]
    Trades,
    /// How much of each order was executed, from this order on.
    Orders(u64),
    /// All trades of this order.
    Order(u64),
}

/// How far the question has come.
#[derive(Debug, Clone, Default)]
pub(super) struct FillsWork {
    since: UnixNanos,
    /// The venue's time when it was asked.
    until: UnixNanos,
    /// The symbol, by its place in the table.
    place: usize,
    stage: Stage,
    /// Start of the day that is asked for.
    from: UnixNanos,
    /// Behind the last trade of a full page.
    from_trade: Option<u64>,
    /// The trades of the time, by order.
    found: BTreeMap<u64, Vec<Trade>>,
    /// Those of the one order.
    whole: Vec<Trade>,
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
    pub(super) fn wanted(&self) -> Wanted {
        let from = self.from_trade;
        match self.stage {
            Stage::Orders(order) => Wanted::Orders(order),
            Stage::Order(order) => Wanted::Trades(Trades::OfOrder(order, from.unwrap_or(0))),
            Stage::Trades => Wanted::Trades(match from {
                Some(from) => Trades::From(from),
                None => Trades::Between(self.from, self.from.plus(DAY_NS - 1)),
            }),
        }
    }

    /// Takes a page of trades in; true when there is more to ask of some symbol below
    /// `count`. Reports come out as soon as an order's trades are whole.
    pub(super) fn handle_trades(
        &mut self,
        listing: &Listing,
        page: TradesPage,
        count: usize,
        reports: &mut Vec<Report>,
    ) -> bool {
        let rolling = self.from_trade.is_some();
        let last = page.trades.iter().map(|trade| trade.key).max();
        self.from_trade = last
            .filter(|_| page.rows >= TRADES_PAGE)
            .map(|last| last.saturating_add(1));
        if let Stage::Order(_) = self.stage {
            self.whole.extend(page.trades);
            if self.from_trade.is_some() {
                return true;
            }
            let whole = core::mem::take(&mut self.whole);
            tell(listing, whole, self.since, reports);
            return self.next_order(count);
        }
        for trade in page.trades {
            let order = number_of(trade.order.0);
            self.found.entry(order).or_default().push(trade);
        }
        if self.from_trade.is_some() {
            return true;
        }
        self.from = self.from.plus(DAY_NS);
        // What followed a full page was read to the newest trade.
        if !rolling && self.from <= self.until {
            return true;
        }
        let since = self.since;
        let fresh = |trades: &Vec<Trade>| trades.iter().any(|trade| trade.ts_event >= since);
        self.found.retain(|_, trades| fresh(trades));
        match self.found.keys().next() {
            Some(&first) => {
                self.stage = Stage::Orders(first);
                true
            }
            None => self.next_order(count),
        }
    }

    /// Takes a page of `rows` orders in, their numbers and how much of each was executed.
    pub(super) fn handle_orders(
        &mut self,
        listing: &Listing,
        (orders, rows): (&[(u64, Qty)], usize),
        count: usize,
        reports: &mut Vec<Report>,
    ) -> bool {
        for &(order, executed) in orders {
            let Some(trades) = self.found.get_mut(&order) else {
                continue;
            };
            if sort_out(trades) != executed.0 {
                continue;
            }
            if let Some(trades) = self.found.remove(&order) {
                tell(listing, trades, self.since, reports);
            }
        }
        let last = orders.iter().map(|order| order.0).max();
        let missing = self.found.keys().next_back().copied();
        match (last, missing) {
            (Some(last), Some(missing)) if rows >= TRADES_PAGE && last < missing => {
                self.stage = Stage::Orders(last.saturating_add(1));
                true
            }
            _ => self.next_order(count),
        }
    }

    fn next_order(&mut self, count: usize) -> bool {
        if let Some((order, _)) = self.found.pop_first() {
            self.stage = Stage::Order(order);
            return true;
        }
        self.place += 1;
        self.stage = Stage::Trades;
        self.from = self.since.plus(-MARGIN_NS);
        self.place < count
    }
}
