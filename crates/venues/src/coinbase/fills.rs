//! The question for executions, since a time or of one order, as many requests.
//!
//! Fills do not say how much of their order was executed with them. So those of the time are
//! collected page by page; their orders are asked how much was executed; those whose fills at hand
//! do not add up are asked for all of them. An order whose fills then add up is told, and with its
//! last one how it ended. One whose fills do not yet leaves the answer unfinished: it is asked for
//! again.
//!
//! The order of an order's fills is kept once it was told, also where two bear the same time.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use py_rt_types::{ExecId, OrderStatus, Report, ReportKind, UnixNanos, VenueOrderId};

use crate::coinbase::lists::{Place, Trade, TradesPage};
use crate::coinbase::orders::OrdersPage;
use crate::requests::executions::{tell, Gathered};
use crate::requests::Order;
use crate::symbols::SymbolTable;

/// Orders that one request may name.
const ORDERS_MAX: usize = 50;
/// Orders of which the order of their fills is remembered.
const TOLD_MAX: usize = 4096;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Fills since the time, from a cursor on.
    Since(Vec<u8>),
    /// These orders.
    Orders(Vec<VenueOrderId>),
    /// All fills of these orders, from a cursor on.
    Of(Vec<VenueOrderId>, Vec<u8>),
    /// Nothing more.
    Nothing,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Since,
    Orders,
    Of,
}

/// The fills of each order, as they were told.
#[derive(Debug, Clone, Default)]
pub(super) struct Told(BTreeMap<VenueOrderId, Vec<ExecId>>);

impl Told {
    /// Gives fills that were told before their old places.
    fn place(&self, trades: &mut [Trade]) {
        for trade in trades {
            let told = self.0.get(&trade.order);
            let mut told = told.into_iter().flatten();
            let place = told.position(|id| *id == trade.exec_id);
            let place = place.and_then(|one| u32::try_from(one).ok());
            trade.key.told = place.unwrap_or(u32::MAX);
        }
    }

    fn note(&mut self, order: VenueOrderId, trades: &[Trade]) {
        if self.0.len() >= TOLD_MAX {
            self.0.pop_first();
        }
        let ids = trades.iter().map(|trade| trade.exec_id);
        self.0.insert(order, ids.collect());
    }
}

/// How far the question has come.
#[derive(Debug, Clone, Default)]
pub(super) struct FillsWork {
    since: UnixNanos,
    stage: Stage,
    cursor: Vec<u8>,
    /// With each order, what it says of itself.
    found: Gathered<Place, Option<Order>>,
    /// Orders that are asked for all of their fills.
    of: Vec<VenueOrderId>,
}

impl FillsWork {
    /// Everything since a time.
    pub(super) fn since(since: UnixNanos) -> Self {
        Self {
            since: since.max(UnixNanos(0)),
            ..Self::default()
        }
    }

    /// Everything of an order that is known.
    pub(super) fn of(order: Order) -> Self {
        let mut work = Self {
            stage: Stage::Of,
            of: alloc::vec![order.venue_order_id],
            ..Self::default()
        };
        let one = work.found.of(order.venue_order_id);
        (one.executed, one.more) = (Some(order.cum_qty), Some(order));
        work
    }

    /// Since when, with a margin of a second.
    pub(super) fn from(&self) -> UnixNanos {
        self.since.plus(-1_000_000_000).max(UnixNanos(0))
    }

    /// What is to be asked next.
    pub(super) fn wanted(&self) -> Wanted {
        match self.stage {
            Stage::Since => Wanted::Since(self.cursor.clone()),
            Stage::Orders => Wanted::Orders(self.found.unasked(ORDERS_MAX)),
            Stage::Of if self.of.is_empty() => Wanted::Nothing,
            Stage::Of => {
                let ids = self.of.iter().copied().take(ORDERS_MAX);
                Wanted::Of(ids.collect(), self.cursor.clone())
            }
        }
    }

    /// Whether every order was told.
    pub(super) fn is_done(&self) -> bool {
        self.found.is_empty()
    }

    /// Takes a page of fills in, of either kind, and where the next one begins.
    pub(super) fn handle_page(&mut self, mut page: TradesPage, cursor: Vec<u8>, told: &Told) {
        told.place(&mut page.trades);
        self.found.take(page.trades);
        self.cursor = cursor;
        if !self.cursor.is_empty() && page.rows > 0 {
            return;
        }
        self.cursor.clear();
        if self.stage == Stage::Of {
            let asked = self.of.len().min(ORDERS_MAX);
            self.of.drain(..asked);
        } else {
            self.found.keep_since(self.since);
            self.stage = Stage::Orders;
            self.move_on();
        }
    }

    /// Takes what the orders say that were asked for; one that says nothing is not told.
    pub(super) fn handle_orders(&mut self, asked: &[VenueOrderId], page: &OrdersPage) {
        for (order, _) in &page.orders {
            let Some(one) = self.found.find(order.venue_order_id) else {
                continue;
            };
            (one.executed, one.more) = (Some(order.cum_qty), Some(*order));
            if !one.adds_up() {
                self.of.push(order.venue_order_id);
            }
        }
        // What a page had no room for is asked for next.
        if page.cursor.is_empty() || page.orders.is_empty() {
            self.found.note_asked(asked);
        }
        self.move_on();
    }

    /// The executions of every order whose fills are all there; those orders are forgotten. Behind
    /// them how the order stands, where that is its end, or where it alone was asked for.
    pub(super) fn tell(
        &mut self,
        symbols: &SymbolTable,
        told: &mut Told,
        reports: &mut Vec<Report>,
    ) {
        let since = self.since;
        self.found.tell(symbols, |listing, one| {
            let begin = reports.len();
            tell(listing, one.trades.clone(), since, reports);
            if let Some(first) = one.trades.first() {
                told.note(first.order, &one.trades);
            }
            let Some(order) = &one.more else {
                return;
            };
            for report in reports.iter_mut().skip(begin) {
                report.client_order_id = order.client_order_id;
            }
            if order.status.is_terminal() {
                reports.push(order.report(order.snapshot()));
            }
        });
    }

    fn move_on(&mut self) {
        if self.found.all_asked() {
            self.stage = Stage::Of;
        }
    }
}

/// How an order stands of which not all fills are known: it works on, so that nothing counts on
/// its end before its executions are booked.
pub(super) fn unfinished(order: &Order) -> Report {
    let status = if order.status.is_terminal() {
        OrderStatus::PartiallyFilled
    } else {
        order.status
    };
    let order = Order { status, ..*order };
    let kind: ReportKind = order.snapshot();
    order.report(kind)
}
