//! What waits in a request connection, and its limits.

use py_rt_types::UnixNanos;

use super::VenueRequest;
use crate::link::LinkConfig;

/// How many steps one question may take, beside its pages.
pub(super) const HOPS_MAX: u16 = 64;

/// The limits of a request connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestConfig {
    /// Its link.
    pub link: LinkConfig,
    /// How long an answer may take, in nanoseconds.
    pub answer_timeout_ns: i64,
    /// How long a request may wait to be sent, in nanoseconds.
    pub queue_wait_ns: i64,
    /// How many requests may wait.
    pub queue_max: usize,
    /// Requests of the quota that are kept for cancels and queries.
    pub reserve: u32,
}

impl RestConfig {
    /// Answers within 5 s, at most 1 s and 1024 requests in the queue, 10 requests in reserve.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            link: LinkConfig::requests(seed),
            answer_timeout_ns: 5_000_000_000,
            queue_wait_ns: 1_000_000_000,
            queue_max: 1024,
            reserve: 10,
        }
    }
}

/// A request and how far it is.
#[derive(Debug, Clone)]
pub struct Job<S> {
    /// What was asked for.
    pub request: VenueRequest,
    /// Which step is next, or was answered.
    pub step: S,
    pub(super) give_up_at: UnixNanos,
    pub(super) hops: u16,
    /// Trading was restricted meanwhile: no further step of it leaves.
    pub(super) withdrawn: bool,
    /// When its first step was handed out: what an answer shows is not newer than that for certain.
    pub(super) asked_at: Option<UnixNanos>,
}

impl<S> Job<S> {
    /// Whether it may still leave once trading is restricted.
    pub(super) const fn may_go(&self) -> bool {
        match &self.request {
            VenueRequest::New(order) => order.reduce_only,
            VenueRequest::Replace(_) => false,
            _ => true,
        }
    }

    pub(super) const fn is_risk(&self) -> bool {
        matches!(
            self.request,
            VenueRequest::New(_) | VenueRequest::Replace(_)
        )
    }

    pub(super) const fn is_order(&self) -> bool {
        self.is_risk() || matches!(self.request, VenueRequest::Cancel(_))
    }
}
