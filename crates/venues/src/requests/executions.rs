//! Executions from lists of trades, which do not say how much of their order they complete.
//!
//! Trades are collected by order, from whatever pages had them, and each order is asked how much of
//! it was executed. One whose trades add up to that is told: their sum so far is its total after
//! each. One whose trades do not, because more was executed meanwhile, waits.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use py_rt_types::{
    ClientOrderId, ExecId, InstrumentId, Liquidity, Price, Qty, Report, ReportKind, Side,
    UnixNanos, VenueOrderId,
};

use crate::error::Malformed;
use crate::fees::Fee;
use crate::symbols::{Listing, SymbolTable};

/// A trade of the account as a list shows it; `K` is what orders those of one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trade<K> {
    /// A later trade of the order has a larger one; no two have the same.
    pub key: K,
    /// Its id.
    pub exec_id: ExecId,
    /// The venue's id of its order.
    pub order: VenueOrderId,
    /// Its instrument.
    pub instrument: InstrumentId,
    /// When.
    pub ts_event: UnixNanos,
    /// Whether the account bought or sold.
    pub side: Side,
    /// Price.
    pub price: Price,
    /// Quantity.
    pub qty: Qty,
    /// What it cost.
    pub fee: Fee,
    /// Added or took liquidity.
    pub liquidity: Liquidity,
}

impl<K> Trade<K> {
    /// The execution, once the order's total after it is known. Lists name the order by the
    /// venue's id only.
    fn report(&self, listing: &Listing, cum_qty: Qty) -> Report {
        Report {
            ts_event: self.ts_event,
            client_order_id: ClientOrderId::FOREIGN,
            venue_order_id: self.order,
            instrument: listing.id(),
            side: self.side,
            kind: ReportKind::Fill {
                exec_id: self.exec_id,
                last_qty: self.qty,
                last_price: self.price,
                cum_qty,
                fee: self.fee.amount,
                fee_asset: self.fee.asset,
                liquidity: self.liquidity,
            },
        }
    }
}

/// A page of a list of trades.
#[derive(Debug, Clone)]
pub struct TradesPage<K> {
    /// Those of instruments in the run, as far as they can be read.
    pub trades: Vec<Trade<K>>,
    /// How many rows there were.
    pub rows: usize,
    /// The first row that could not be read.
    pub wrong: Option<Malformed>,
}

impl<K> Default for TradesPage<K> {
    fn default() -> Self {
        Self {
            trades: Vec::new(),
            rows: 0,
            wrong: None,
        }
    }
}

impl<K> TradesPage<K> {
    /// Takes a row in; `Ok(None)` is of an instrument that is not in the run.
    pub(crate) fn push(&mut self, row: Result<Option<Trade<K>>, Malformed>) {
        self.rows += 1;
        match row {
            Ok(trade) => self.trades.extend(trade),
            Err(malformed) => self.wrong = self.wrong.or(Some(malformed)),
        }
    }
}

/// Brings the trades of one order into their order; pages may overlap. Returns their sum in lots.
pub(crate) fn sort_out<K: Ord + Copy>(trades: &mut Vec<Trade<K>>) -> i64 {
    trades.sort_unstable_by_key(|trade| trade.key);
    trades.dedup_by_key(|trade| trade.key);
    let sum = |total: i64, trade: &Trade<K>| total.saturating_add(trade.qty.0);
    trades.iter().fold(0, sum)
}

/// The executions of one order, of which these are all trades from the first on: their sum so far
/// is the order's total. Those from before `since` are left out.
pub(crate) fn tell<K: Ord + Copy>(
    listing: &Listing,
    mut trades: Vec<Trade<K>>,
    since: UnixNanos,
    reports: &mut Vec<Report>,
) {
    sort_out(&mut trades);
    let mut total = Qty::ZERO;
    for trade in &trades {
        total = Qty(total.0.saturating_add(trade.qty.0));
        if trade.ts_event >= since {
            reports.push(trade.report(listing, total));
        }
    }
}

/// What is known of an order whose trades were found; `more` is what else it says of itself.
#[derive(Debug, Clone)]
pub(crate) struct Found<K, M> {
    pub(crate) trades: Vec<Trade<K>>,
    /// What the order says was executed of it; -1 when it was asked and said nothing.
    pub(crate) executed: Option<Qty>,
    pub(crate) more: M,
}

impl<K: Ord + Copy, M> Found<K, M> {
    /// Brings the trades into their order; whether they add up to what the order says.
    pub(crate) fn adds_up(&mut self) -> bool {
        self.executed == Some(Qty(sort_out(&mut self.trades)))
    }
}

/// Trades by their orders.
#[derive(Debug, Clone)]
pub(crate) struct Gathered<K, M>(BTreeMap<VenueOrderId, Found<K, M>>);

impl<K, M> Default for Gathered<K, M> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord + Copy, M: Default> Gathered<K, M> {
    /// What is known of an order; nothing at first.
    pub(crate) fn of(&mut self, order: VenueOrderId) -> &mut Found<K, M> {
        self.0.entry(order).or_insert_with(|| Found {
            trades: Vec::new(),
            executed: None,
            more: M::default(),
        })
    }

    /// What is known of an order of which there are trades.
    pub(crate) fn find(&mut self, order: VenueOrderId) -> Option<&mut Found<K, M>> {
        self.0.get_mut(&order)
    }

    /// Takes trades in.
    pub(crate) fn take(&mut self, trades: Vec<Trade<K>>) {
        for trade in trades {
            self.of(trade.order).trades.push(trade);
        }
    }

    /// Forgets orders of which nothing was executed since then.
    pub(crate) fn keep_since(&mut self, since: UnixNanos) {
        let fresh = |trade: &Trade<K>| trade.ts_event >= since;
        self.0.retain(|_, one| one.trades.iter().any(fresh));
    }

    /// Orders that were not asked yet; so many and no more.
    pub(crate) fn unasked(&self, most: usize) -> Vec<VenueOrderId> {
        let unasked = self.0.iter().filter(|(_, one)| one.executed.is_none());
        unasked.map(|(id, _)| *id).take(most).collect()
    }

    /// Whether every order was asked.
    pub(crate) fn all_asked(&self) -> bool {
        self.0.values().all(|one| one.executed.is_some())
    }

    /// These were asked; those that said nothing are not told.
    pub(crate) fn note_asked(&mut self, asked: &[VenueOrderId]) {
        for id in asked {
            if let Some(one) = self.0.get_mut(id) {
                one.executed = one.executed.or(Some(Qty(-1)));
            }
        }
    }

    /// Whether everything was told.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Hands every order whose trades are all there to `say`, and forgets it.
    pub(crate) fn tell(
        &mut self,
        symbols: &SymbolTable,
        mut say: impl FnMut(&Listing, &Found<K, M>),
    ) {
        self.0.retain(|_, one| {
            let complete = one.adds_up();
            let first = one.trades.first().map(|trade| trade.instrument);
            let Some(listing) = first.and_then(|id| symbols.listing(id)) else {
                return true;
            };
            if complete {
                say(listing, one);
            }
            !complete
        });
    }
}
