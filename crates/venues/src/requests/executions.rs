//! Executions from lists of trades, which do not say how much of their order they complete.
//!
//! Trades are collected by order, from whatever pages had them, and each order is asked how much of
//! it was executed. One whose trades add up to that is told: their sum so far is its total after
//! each. One whose trades do not, because more was executed meanwhile, waits.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use py_rt_types::{InstrumentId, Qty, Report, UnixNanos, VenueOrderId};

use crate::symbols::{Listing, SymbolTable};

/// A trade as a list shows it.
pub(crate) trait Listed {
    /// What brings the trades of an order into their order; no two have the same.
    type Key: Ord;

    /// A later trade of the order has a larger one.
    fn key(&self) -> Self::Key;
    /// When.
    fn ts_event(&self) -> UnixNanos;
    /// How much.
    fn qty(&self) -> Qty;
    /// The execution, once the order's total after it is known.
    fn report(&self, listing: &Listing, cum_qty: Qty) -> Report;
}

/// A trade that names its order.
pub(crate) trait Ordered: Listed {
    /// The venue's id of its order.
    fn order(&self) -> VenueOrderId;
    /// Its instrument.
    fn instrument(&self) -> InstrumentId;
}

/// Brings the trades of one order into their order; pages may overlap. Returns their sum in lots.
pub(crate) fn sort_out<T: Listed>(trades: &mut Vec<T>) -> i64 {
    trades.sort_unstable_by_key(Listed::key);
    trades.dedup_by_key(|trade| trade.key());
    let sum = |total: i64, trade: &T| total.saturating_add(trade.qty().0);
    trades.iter().fold(0, sum)
}

/// The executions of one order, of which these are all trades from the first on: their sum so far
/// is the order's total. Those from before `since` are left out.
pub(crate) fn tell<T: Listed>(
    listing: &Listing,
    mut trades: Vec<T>,
    since: UnixNanos,
    reports: &mut Vec<Report>,
) {
    sort_out(&mut trades);
    let mut total = Qty::ZERO;
    for trade in &trades {
        total = Qty(total.0.saturating_add(trade.qty().0));
        if trade.ts_event() >= since {
            reports.push(trade.report(listing, total));
        }
    }
}

/// What is known of an order whose trades were found; `more` is what else it says of itself.
#[derive(Debug, Clone)]
pub(crate) struct Found<T, M> {
    pub(crate) trades: Vec<T>,
    /// What the order says was executed of it; -1 when it was asked and said nothing.
    pub(crate) executed: Option<Qty>,
    pub(crate) more: M,
}

impl<T: Listed, M> Found<T, M> {
    /// Brings the trades into their order; whether they add up to what the order says.
    pub(crate) fn adds_up(&mut self) -> bool {
        self.executed == Some(Qty(sort_out(&mut self.trades)))
    }
}

/// Trades by their orders.
#[derive(Debug, Clone)]
pub(crate) struct Gathered<T, M>(BTreeMap<VenueOrderId, Found<T, M>>);

impl<T, M> Default for Gathered<T, M> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Ordered, M: Default> Gathered<T, M> {
    /// What is known of an order; nothing at first.
    pub(crate) fn of(&mut self, order: VenueOrderId) -> &mut Found<T, M> {
        self.0.entry(order).or_insert_with(|| Found {
            trades: Vec::new(),
            executed: None,
            more: M::default(),
        })
    }

    /// What is known of an order of which there are trades.
    pub(crate) fn find(&mut self, order: VenueOrderId) -> Option<&mut Found<T, M>> {
        self.0.get_mut(&order)
    }

    /// Takes trades in.
    pub(crate) fn take(&mut self, trades: Vec<T>) {
        for trade in trades {
            self.of(trade.order()).trades.push(trade);
        }
    }

    /// Forgets orders of which nothing was executed since then.
    pub(crate) fn keep_since(&mut self, since: UnixNanos) {
        let fresh = |trade: &T| trade.ts_event() >= since;
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
        mut say: impl FnMut(&Listing, &Found<T, M>),
    ) {
        self.0.retain(|_, one| {
            let complete = one.adds_up();
            let first = one.trades.first().map(Ordered::instrument);
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
