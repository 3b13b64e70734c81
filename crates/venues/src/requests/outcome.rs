//! What an answer means.

use py_rt_types::{RejectReason, Report, UnixNanos};

use crate::http::Response;

const SECOND_NS: i64 = 1_000_000_000;

/// When to ask again: as the answer says, or after `default_ns`; between a second and `max_ns`.
pub(crate) fn retry_after(
    response: &Response<'_>,
    now: UnixNanos,
    default_ns: i64,
    max_ns: i64,
) -> UnixNanos {
    let told = response.header_number("retry-after");
    let told = told.and_then(|seconds| i64::try_from(seconds).ok()?.checked_mul(SECOND_NS));
    now.plus(told.unwrap_or(default_ns).clamp(SECOND_NS, max_ns))
}

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
