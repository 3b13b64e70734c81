//! What an answer means.

use py_rt_types::{RejectReason, Report, UnixNanos};

/// The reports of one message: at most two, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reports {
    /// The first.
    pub first: Option<Report>,
    /// The one behind it.
    pub second: Option<Report>,
}

impl Reports {
    pub(crate) const fn one(report: Report) -> Self {
        Self {
            first: Some(report),
            second: None,
        }
    }

    pub(crate) const fn two(first: Report, second: Report) -> Self {
        Self {
            first: Some(first),
            second: Some(second),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Report> {
        self.first.into_iter().chain(self.second)
    }
}

/// What an answer to an order call means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "lives on the stack for one call")]
pub enum Outcome {
    /// It says this about the order.
    Reports(Reports),
    /// Refused for certain.
    Rejected(RejectReason),
    /// The venue has no such order, as of now.
    NotFound,
    /// Nothing is known: ask the venue.
    Unanswered,
    /// Not looked at; ask again then.
    RateLimited {
        /// When.
        retry_at: UnixNanos,
    },
    /// Refused for certain, and so is every other new order until then; the rest passes.
    OrdersLimited {
        /// When.
        retry_at: UnixNanos,
    },
    /// Refused for certain, and everything else will be: credentials or rights.
    Fatal,
}

impl Outcome {
    /// One report.
    #[must_use]
    pub const fn report(report: Report) -> Self {
        Self::Reports(Reports::one(report))
    }
}
