//! The search for an order by our id, through the list of an instrument's orders.
//!
//! The venue has no question by our id. The list may be long, and its order is not promised: the
//! search ends early only when all rows so far were the newest first and one of ours was passed
//! that was made before.

use alloc::vec::Vec;

use py_rt_types::UnixNanos;

use crate::coinbase::orders::OrdersPage;

/// Two orders of ours reach the venue in another order than they were made by no more than this.
const OVERTAKING_NS: i64 = 60_000_000_000;

/// How far it has come.
#[derive(Debug, Clone, Default)]
pub(super) struct Search {
    /// Where the next page begins.
    pub(super) cursor: Vec<u8>,
    /// When the last row was made.
    last: Option<UnixNanos>,
    unsorted: bool,
    /// No older row can be it.
    bound: Option<UnixNanos>,
}

impl Search {
    /// Takes a page in which it was not; whether it may be in the next one.
    pub(super) fn goes_on(&mut self, wanted: u64, page: &OrdersPage) -> bool {
        for (order, created) in &page.orders {
            self.unsorted |= self.last.is_some_and(|last| *created > last);
            self.last = Some(*created);
            let older = (1..wanted).contains(&order.client_order_id.sequence);
            if older && self.bound.is_none() {
                self.bound = Some(created.plus(-OVERTAKING_NS));
            }
        }
        let passed = self
            .bound
            .is_some_and(|bound| self.last.is_some_and(|at| at < bound));
        self.cursor.clone_from(&page.cursor);
        !(page.cursor.is_empty() || page.rows == 0 || (passed && !self.unsorted))
    }
}
