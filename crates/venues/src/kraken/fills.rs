//! The question for executions since a time, as many requests.
//!
//! Trades do not say how much of their order was executed with them. So the trades of the time are
//! collected page by page; their orders are asked how much was executed and by which trades; those
//! that are older or newer than the pages are asked for by id. An order whose trades then add up is
//! told: their sum so far is its total after each. One whose trades do not, because more was
//! executed meanwhile, leaves the answer unfinished: it is asked for again.

use alloc::vec::Vec;

use py_rt_types::{ExecId, Qty, Report, UnixNanos, VenueOrderId};

use crate::fees::{base_of, Fee};
use crate::kraken::lists::{Trade, TradesPage};
use crate::requests::executions::{tell, Gathered};
use crate::symbols::{Listing, SymbolTable};

/// Orders that one request may name.
const ORDERS_MAX: usize = 50;
/// Trades that one request may name.
const TRADES_MAX: usize = 20;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Trades from this place of the list on.
    Page(usize),
    /// These orders, with the ids of their trades.
    Orders(Vec<VenueOrderId>),
    /// These trades.
    Trades(Vec<ExecId>),
    /// Nothing more; and whether everything was told.
    Nothing(bool),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Pages,
    Orders,
    Missing,
}

/// What an order says of its executions.
#[derive(Debug, Clone)]
pub(super) struct Executed {
    pub(super) order: VenueOrderId,
    pub(super) qty: Qty,
    pub(super) in_base: bool,
    pub(super) trades: Vec<ExecId>,
}

/// How far the question has come.
#[derive(Debug, Clone, Default)]
pub(super) struct FillsWork {
    since: UnixNanos,
    stage: Stage,
    rows: usize,
    /// With each order, whether its fees are paid in what is traded.
    found: Gathered<u64, bool>,
    /// Trades that their orders name and no page had.
    missing: Vec<ExecId>,
}

impl FillsWork {
    pub(super) fn new(since: UnixNanos) -> Self {
        Self {
            since: since.max(UnixNanos(0)),
            ..Self::default()
        }
    }

    /// Since when, in whole seconds and with a margin: whether the venue means "from" or "after"
    /// need not be known.
    pub(super) fn since_seconds(&self) -> u64 {
        (self.since.0 / 1_000_000_000 - 1).max(0).unsigned_abs()
    }

    /// What is to be asked next.
    pub(super) fn wanted(&self) -> Wanted {
        match self.stage {
            Stage::Pages => Wanted::Page(self.rows),
            Stage::Orders => Wanted::Orders(self.found.unasked(ORDERS_MAX)),
            Stage::Missing if self.missing.is_empty() => Wanted::Nothing(self.found.is_empty()),
            Stage::Missing => {
                let ids = self.missing.iter().copied().take(TRADES_MAX);
                Wanted::Trades(ids.collect())
            }
        }
    }

    /// Takes a page of trades in; `count` is how many there are on all pages, where it is told.
    pub(super) fn handle_page(&mut self, page: TradesPage, count: Option<u64>) {
        self.rows += page.rows;
        self.found.take(page.trades);
        let all = count.is_none_or(|count| self.rows as u64 >= count);
        if page.rows > 0 && !all {
            return;
        }
        self.found.keep_since(self.since);
        self.stage = Stage::Orders;
        self.move_on();
    }

    /// Takes what the orders say that were asked for; one that says nothing is not told.
    pub(super) fn handle_orders(&mut self, asked: &[VenueOrderId], orders: &[Executed]) {
        for order in orders {
            let Some(one) = self.found.find(order.order) else {
                continue;
            };
            (one.executed, one.more) = (Some(order.qty), order.in_base);
            if !one.adds_up() {
                let known = |id: &&ExecId| one.trades.iter().any(|trade| trade.exec_id == **id);
                let missing = order.trades.iter().filter(|id| !known(id));
                self.missing.extend(missing.copied());
            }
        }
        self.found.note_asked(asked);
        self.move_on();
    }

    /// Takes the trades that were asked for by id.
    pub(super) fn handle_trades(&mut self, page: TradesPage) {
        self.found.take(page.trades);
        let asked = self.missing.len().min(TRADES_MAX);
        self.missing.drain(..asked);
    }

    /// The executions of every order whose trades are all there; those orders are forgotten.
    pub(super) fn tell(&mut self, symbols: &SymbolTable, reports: &mut Vec<Report>) {
        let since = self.since;
        self.found.tell(symbols, |listing, one| {
            let trades = one.trades.iter().map(|trade| match one.more {
                true => paid_in_base(*trade, listing),
                false => *trade,
            });
            tell(listing, trades.collect(), since, reports);
        });
    }

    fn move_on(&mut self) {
        if self.found.all_asked() {
            self.stage = Stage::Missing;
        }
    }
}

/// The same, of an order whose fees are paid in what is traded.
fn paid_in_base(trade: Trade, listing: &Listing) -> Trade {
    Trade {
        fee: Fee::paid(trade.fee.amount.0, base_of(listing), listing),
        ..trade
    }
}
