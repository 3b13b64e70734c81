//! What risk asked of an order, for those who want to know why it passed.

use alloc::vec::Vec;
use py_rt_types::{ClientOrderId, UnixNanos};

use crate::event::Denial;

/// One question of risk: the control with its limit and what the order would have made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// Whether the order held it.
    pub holds: bool,
    /// Control, limit and value, and whose limit it is.
    pub found: Denial,
}

/// The questions that risk asked of one order or replace, in their order; after one that does not
/// hold there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// When.
    pub now: UnixNanos,
    /// Of which order; a replace by its revision.
    pub client_order_id: ClientOrderId,
    /// The questions.
    pub checks: Vec<Check>,
}

/// Who is told of every question. On the road of orders nobody is, and it costs nothing.
pub(crate) trait Notes {
    /// Whether the order held it, and what was found.
    fn note(&mut self, holds: bool, found: impl FnOnce() -> Denial);
}

impl Notes for () {
    #[inline(always)]
    fn note(&mut self, _holds: bool, _found: impl FnOnce() -> Denial) {}
}

impl Notes for Vec<Check> {
    fn note(&mut self, holds: bool, found: impl FnOnce() -> Denial) {
        let found = found();
        self.push(Check { holds, found });
    }
}
