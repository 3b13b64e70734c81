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

impl VenueClock {
    /// Takes the question for the time back, where the venue took no questions at all: what waits
    /// for it is asked again then.
    pub(crate) fn put_off(&mut self, judge: impl FnOnce() -> Outcome) -> Option<Next> {
        if !matches!(self, Self::Asking(_)) {
            return None;
        }
        let outcome = judge();
        matches!(outcome, Outcome::RateLimited { .. }).then(|| {
            *self = Self::Believed;
            Next::Outcome(outcome)
        })
    }

    /// Reads the answer to the question for the time, where that was put, and hands the venue's
    /// clock less ours to `correct`; the call goes out once more by it.
    pub(crate) fn read(
        &mut self,
        now: UnixNanos,
        (request, response): (&VenueRequest, &Response<'_>),
        decode: impl Fn(&[u8]) -> Result<UnixNanos, Malformed>,
        correct: impl FnOnce(i64),
    ) -> Option<Next> {
        let Self::Asking(asked_at) = *self else {
            return None;
        };
        *self = Self::Asked;
        let time = decode(response.body).ok();
        Some(match time.filter(|_| response.status == 200) {
            Some(time) => {
                correct(offset_ns(time, asked_at, now));
                Next::Again
            }
            None => not_looked_at(request),
        })
    }
}

/// The venue's clock less ours, from its time in an answer to a question put at `asked_at`.
pub(crate) fn offset_ns(time: UnixNanos, asked_at: UnixNanos, now: UnixNanos) -> i64 {
    let half = now.since(asked_at) / 2;
    time.since(now.plus(-half))
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
