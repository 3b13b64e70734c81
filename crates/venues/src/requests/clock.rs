//! The venue's clock, asked for within a job when a request was refused for its time.

use py_rt_types::{RejectReason, UnixNanos};

use super::{Next, Outcome, VenueRequest};
use crate::error::Malformed;
use crate::http::Response;

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

/// The same from the answer itself; `None` when that is none.
pub(crate) fn told_offset_ns(
    response: &Response<'_>,
    decode: impl Fn(&[u8]) -> Result<UnixNanos, Malformed>,
    (asked_at, now): (UnixNanos, UnixNanos),
) -> Option<i64> {
    let time = decode(response.body).ok();
    let time = time.filter(|_| response.status == 200)?;
    Some(offset_ns(time, asked_at, now))
}

/// The call was refused before it was looked at, and is not repeated again.
pub(crate) const fn not_looked_at(request: &VenueRequest) -> Next {
    Next::Outcome(match request {
        VenueRequest::New(_) | VenueRequest::Replace(_) | VenueRequest::Cancel(_) => {
            Outcome::Rejected(RejectReason::Venue)
        }
        _ => Outcome::Unanswered,
    })
}
