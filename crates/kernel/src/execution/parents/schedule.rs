//! How much of a parent order is due by when.
//!
//! A schedule of `n` slices cuts the time from start to end into `n` equal parts. When slice `k`
//! begins, `floor(order_qty * (w_0 + .. + w_k) / sum(w))` lots are due; all of it when the last one
//! begins, or when what would be left is too little for a child of its own. So the slices add up to
//! the order, exactly.

use alloc::vec::Vec;
use py_rt_types::{Qty, UnixNanos};

use super::parent::{ParentRequest, ParentTerms};

/// Slices that a schedule may have.
pub(super) const SLICES_MAX: usize = 10_000;

/// Cumulative weights; `None` when they are too many or add up to nothing.
pub(super) fn cumulate(request: &ParentRequest) -> Option<Vec<u64>> {
    if !request.algorithm.is_scheduled() {
        return request.weights.is_empty().then(Vec::new);
    }
    if request.weights.len() > SLICES_MAX {
        return None;
    }
    let mut sum = 0u64;
    let mut sums = Vec::with_capacity(request.weights.len());
    for &weight in &request.weights {
        sum = sum.saturating_add(u64::from(weight));
        sums.push(sum);
    }
    (sum > 0).then_some(sums)
}

/// What is due once slice `k` has begun; nothing before the first.
pub(super) fn due(sums: &[u64], order_qty: Qty, min_child: Qty, slice: i64) -> Qty {
    let last = sums.len() as i64 - 1;
    if slice < 0 || last < 0 {
        return Qty::ZERO;
    }
    let total = sums.last().copied().unwrap_or(1).max(1);
    let place = slice.min(last);
    let sum = sums.get(place as usize).copied().unwrap_or(total);
    let lots = i128::from(order_qty.0) * i128::from(sum) / i128::from(total);
    let lots = i64::try_from(lots).unwrap_or(order_qty.0);
    if place == last || order_qty.0 - lots < min_child.0 {
        return order_qty;
    }
    Qty(lots)
}

/// What is due of a share of the volume.
pub(super) fn share(volume: i64, participation_bps: u32, order_qty: Qty) -> Qty {
    let lots = i128::from(volume.max(0)) * i128::from(participation_bps) / 10_000;
    Qty(i64::try_from(lots).unwrap_or(i64::MAX).min(order_qty.0))
}

/// Length of a slice: at least one nanosecond.
pub(super) fn slice_ns(terms: &ParentTerms, slices: usize) -> i64 {
    let whole = terms.end.since(terms.start);
    (whole / (slices.max(1) as i64)).max(1)
}

/// The slice that runs at `now`, counted from 0; -1 before the start, the last one ever after.
pub(super) fn slice_at(
    terms: &ParentTerms,
    length: i64,
    slices: Option<usize>,
    now: UnixNanos,
) -> i64 {
    let since = now.since(terms.start);
    if since < 0 {
        return -1;
    }
    let slice = since / length;
    slices.map_or(slice, |slices| slice.min(slices as i64 - 1))
}

/// When a slice begins.
pub(super) fn begin(terms: &ParentTerms, length: i64, slice: i64) -> UnixNanos {
    terms.start.plus(length.saturating_mul(slice.max(0)))
}
