//! Executions from lists of trades, which do not say how much of their order they complete.

use alloc::vec::Vec;

use py_rt_types::{Qty, Report, UnixNanos};

use crate::symbols::Listing;

/// A trade as a list shows it.
pub(crate) trait Listed {
    /// The venue's number of it; a later trade of the order has a larger one.
    fn number(&self) -> u64;
    /// When.
    fn ts_event(&self) -> UnixNanos;
    /// How much.
    fn qty(&self) -> Qty;
    /// The execution, once the order's total after it is known.
    fn report(&self, listing: &Listing, cum_qty: Qty) -> Report;
}

/// Brings the trades of one order into their order; pages may overlap. Returns their sum in lots.
pub(crate) fn sort_out<T: Listed>(trades: &mut Vec<T>) -> i64 {
    trades.sort_unstable_by_key(Listed::number);
    trades.dedup_by_key(|trade| trade.number());
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
