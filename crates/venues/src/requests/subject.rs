//! The order that a request is about, and what is said of it when an answer is missing or plain.

use py_rt_types::{
    AccountReport, ClientOrderId, InstrumentId, Query, RejectReason, Report, ReportKind, Side,
    UnixNanos, VenueOrderId,
};

use super::VenueRequest;
use crate::session::VenueEvent;

/// Which call an answer belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// A new order.
    New,
    /// Other terms of an order.
    Replace,
    /// The end of an order.
    Cancel,
    /// A question.
    Query,
}

/// The order that a request is about, as the request names it.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// What was asked.
    pub call: Call,
    /// Our id of it.
    pub client_order_id: ClientOrderId,
    /// The venue's, where the request names it.
    pub venue_order_id: VenueOrderId,
    /// Its instrument.
    pub instrument: InstrumentId,
    side: Side,
}

impl Subject {
    /// `None` for requests about no single order.
    #[must_use]
    pub const fn of(request: &VenueRequest) -> Option<Self> {
        let none = VenueOrderId(0);
        let (call, client_order_id, venue_order_id, instrument, side) = match request {
            VenueRequest::New(o) => (Call::New, o.client_order_id, none, o.instrument, o.side),
            VenueRequest::Replace(o) => (
                Call::Replace,
                o.client_order_id,
                o.venue_order_id,
                o.instrument,
                Side::Buy,
            ),
            VenueRequest::Cancel(o) => (
                Call::Cancel,
                o.client_order_id,
                o.venue_order_id,
                o.instrument,
                Side::Buy,
            ),
            VenueRequest::Query(Query::Order {
                client_order_id,
                instrument,
            }) => (Call::Query, *client_order_id, none, *instrument, Side::Buy),
            _ => return None,
        };
        Some(Self {
            call,
            client_order_id,
            venue_order_id,
            instrument,
            side,
        })
    }

    /// A report about the order; the side is only known for new orders and is `Buy` otherwise.
    #[must_use]
    pub const fn report(&self, now: UnixNanos, kind: ReportKind) -> Report {
        Report {
            ts_event: now,
            client_order_id: self.client_order_id,
            venue_order_id: self.venue_order_id,
            instrument: self.instrument,
            side: self.side,
            kind,
        }
    }

    /// The call was refused for certain.
    pub(super) const fn rejected(&self, now: UnixNanos, reason: RejectReason) -> Report {
        let kind = match self.call {
            Call::New => ReportKind::Rejected { reason },
            Call::Replace => ReportKind::ReplaceRejected { reason },
            Call::Cancel => ReportKind::CancelRejected { reason },
            Call::Query => ReportKind::QueryUnanswered,
        };
        self.report(now, kind)
    }

    /// Nothing is known about the call.
    pub(super) const fn unanswered(&self, now: UnixNanos) -> Report {
        let kind = match self.call {
            Call::New => ReportKind::NewUnanswered,
            Call::Replace => ReportKind::ReplaceUnanswered,
            Call::Cancel => ReportKind::CancelUnanswered,
            Call::Query => ReportKind::QueryUnanswered,
        };
        self.report(now, kind)
    }

    /// The venue has no such order; a look proves it for the time at which it began.
    pub(super) const fn not_found(&self, now: UnixNanos, asked_at: UnixNanos) -> Report {
        match self.call {
            Call::Query => self.report(asked_at, ReportKind::NotFound),
            _ => self.rejected(now, RejectReason::UnknownOrder),
        }
    }
}

/// What a request says when nothing is known about it.
pub(super) const fn unanswered(request: &VenueRequest, now: UnixNanos) -> Option<VenueEvent> {
    if let Some(subject) = Subject::of(request) {
        return Some(VenueEvent::Report(subject.unanswered(now)));
    }
    match request {
        VenueRequest::Query(query) => Some(VenueEvent::Account(AccountReport::Failed(*query))),
        _ => None,
    }
}

/// What a request says when not one byte of it was sent.
pub(super) const fn unsent(
    request: &VenueRequest,
    now: UnixNanos,
    reason: RejectReason,
) -> Option<VenueEvent> {
    match (Subject::of(request), request) {
        (Some(subject), VenueRequest::New(_) | VenueRequest::Replace(_)) => {
            Some(VenueEvent::Report(subject.rejected(now, reason)))
        }
        _ => unanswered(request, now),
    }
}
