//! The venue's clock, asked for within a job when a request was refused for its time.

use py_rt_types::UnixNanos;

/// Whether the venue was asked for its time within a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum VenueClock {
    /// Nobody doubts it.
    #[default]
    Believed,
    /// It was, then.
    Asking(UnixNanos),
    /// It was, and has said.
    Asked,
}

/// The venue's clock less ours, from its time in an answer to a question put at `asked_at`.
pub(crate) fn offset_ns(time: UnixNanos, asked_at: UnixNanos, now: UnixNanos) -> i64 {
    let half = now.since(asked_at) / 2;
    time.since(now.plus(-half))
}
