//! Answers to reports: what the outcome of a call means for the order that it was about.

use py_rt_types::{
    AccountReport, ClientOrderId, InstrumentId, Query, RejectReason, Report, ReportKind, Side,
    UnixNanos, VenueOrderId,
};

use crate::alpaca::encode::VenueRequest;
use crate::alpaca::errors::{judge, Call, Outcome};
use crate::alpaca::orders::OrderState;
use crate::alpaca::rest::decode_order;
use crate::alpaca::Dialect;
use crate::http::Response;
use crate::session::VenueEvent;

/// The order that a request is about, as the request names it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject {
    call: Call,
    client_order_id: ClientOrderId,
    venue_order_id: VenueOrderId,
    instrument: InstrumentId,
    side: Side,
}

impl Subject {
    /// `None` for requests about no single order.
    pub(super) const fn of(request: &VenueRequest) -> Option<Self> {
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
    const fn report(&self, now: UnixNanos, kind: ReportKind) -> Report {
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

    /// The venue has no such order.
    pub(super) const fn not_found(&self, now: UnixNanos) -> Report {
        match self.call {
            Call::Query => self.report(now, ReportKind::NotFound),
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

/// What the next step of a call about one order is.
#[allow(clippy::large_enum_variant, reason = "lives on the stack for one call")]
pub(super) enum Next {
    /// It is over, with this.
    Done(Outcome),
    /// The order was found: send the cancel now.
    CancelThis(VenueOrderId),
    /// The order goes on as another one: read that.
    Follow(VenueOrderId),
}

/// Reads the answer to a call about one order. `looking_up` is a cancel's first step.
pub(super) fn read_order_answer(
    request: &VenueRequest,
    looking_up: bool,
    response: &Response<'_>,
    dialect: &Dialect,
    now: UnixNanos,
) -> Next {
    let Some(subject) = Subject::of(request) else {
        return Next::Done(Outcome::Unanswered);
    };
    let call = if looking_up {
        Call::Query
    } else {
        subject.call
    };
    if !(200..300).contains(&response.status) {
        return Next::Done(judge(call, response, now));
    }
    if call == Call::Cancel {
        let kind = ReportKind::PendingCancel;
        return Next::Done(Outcome::report(subject.report(now, kind)));
    }
    let Ok(Some(order)) = decode_order(dialect, response.body) else {
        return Next::Done(Outcome::Unanswered);
    };
    let own = order.client_order_id.sequence == subject.client_order_id.sequence;
    if !own || order.instrument != subject.instrument {
        return Next::Done(Outcome::Unanswered);
    }
    let kind = match subject.call {
        Call::New => order.new_answer(),
        Call::Replace => order.replace_answer(),
        _ if order.state == OrderState::Replaced && order.replaced_by.0 != 0 => {
            return Next::Follow(order.replaced_by);
        }
        Call::Cancel => return Next::CancelThis(order.venue_order_id),
        Call::Query => order.snapshot(),
    };
    Next::Done(Outcome::report(order.report(kind)))
}
