//! The request connection's dialect: which request a step is, and what its answer says.
//!
//! - a cancel whose venue id is not known first looks the order up;
//! - a question is answered to the end: pages are turned, a replaced order is followed, and of one
//!   that is to take another's place that other one is looked at.

use alloc::collections::VecDeque;
use alloc::string::ToString;
use alloc::vec::Vec;

use py_rt_types::{AccountReport, Query, ReportKind, UnixNanos, VenueOrderId};

use crate::alpaca::encode::{Encoder, FILLS_PAGE, NOT_SPOKEN, ORDERS_PAGE};
use crate::alpaca::errors::{decode_rate_limit, judge};
use crate::alpaca::orders::OrderState;
use crate::alpaca::rest::{
    decode_account, decode_asset, decode_clock, decode_fills, decode_order, decode_orders,
    decode_positions, Page,
};
use crate::error::Malformed;
use crate::http::Response;
use crate::requests::lists::{end_lookup, end_refused, or_quarantine};
use crate::requests::{
    Call, Job, Next, Outcome, Refusal, RequestSession, RestDialect, Subject, VenueRequest,
};
use crate::session::{RateLimit, VenueEvent};

/// The request connection.
pub type RestSession = RequestSession<Encoder>;

/// Which of its steps a job is at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Step {
    /// What was asked for.
    #[default]
    First,
    /// The cancel of an order that was looked up.
    CancelThis(VenueOrderId),
    /// The order whose place another is to take.
    ReadBefore(VenueOrderId),
    /// The order that took the place of another.
    Read(VenueOrderId),
    /// The page behind this row.
    Page(Vec<u8>),
}

type Events = VecDeque<VenueEvent>;

impl RestDialect for Encoder {
    type Step = Step;

    fn encode(
        &mut self,
        now: UnixNanos,
        job: &Job<Step>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        self.handle_time(now);
        match (&job.request, &job.step) {
            (_, Step::CancelThis(id)) => self.encode_cancel(*id, out),
            (_, Step::ReadBefore(id) | Step::Read(id)) => self.encode_order(*id, out),
            (VenueRequest::New(order), _) => return self.encode_new(order, out),
            (VenueRequest::Replace(order), _) => return self.encode_replace(order, out),
            (VenueRequest::Cancel(order), _) if order.venue_order_id.0 != 0 => {
                self.encode_cancel(order.venue_order_id, out);
            }
            (VenueRequest::Cancel(order), _) => self.encode_lookup(order.client_order_id, out),
            (VenueRequest::Query(query), step) => self.encode_query(query, step, out),
            (VenueRequest::Clock, _) => self.encode_clock(out),
            (VenueRequest::Asset(id), _) => return self.encode_asset(*id, out),
            (VenueRequest::Book(_) | VenueRequest::Token, _) => return Err(NOT_SPOKEN),
        }
        Ok(())
    }

    fn read(
        &mut self,
        now: UnixNanos,
        job: &mut Job<Step>,
        response: &Response<'_>,
        events: &mut Events,
    ) -> Next {
        if let Some(subject) = Subject::of(&job.request) {
            return self.read_order_answer(now, job, &subject, response);
        }
        if response.status != 200 {
            return end_refused(judge(Call::Query, response, now), &job.request, events);
        }
        let read = self.read_list(job, response.body, events);
        or_quarantine(read, events)
    }

    fn rate_limit(&self, _now: UnixNanos, response: &Response<'_>) -> RateLimit {
        decode_rate_limit(response)
    }
}

impl Encoder {
    fn encode_query(&mut self, query: &Query, step: &Step, out: &mut Vec<u8>) {
        let page = match step {
            Step::Page(token) => Some(token.as_slice()),
            _ => None,
        };
        match query {
            Query::Order {
                client_order_id, ..
            } => self.encode_lookup(*client_order_id, out),
            Query::VenueOrder { venue_order_id } => self.encode_order(*venue_order_id, out),
            Query::OpenOrders => self.encode_open_orders(page, out),
            Query::Fills { since } => self.encode_fills(*since, page, out),
            Query::Positions => self.encode_positions(out),
            Query::Account => self.encode_account(out),
        }
    }

    /// Reads the answer to a call about one order.
    fn read_order_answer(
        &self,
        now: UnixNanos,
        job: &mut Job<Step>,
        subject: &Subject,
        response: &Response<'_>,
    ) -> Next {
        let looking_up = match (&job.request, &job.step) {
            (VenueRequest::Cancel(order), Step::First) => order.venue_order_id.0 == 0,
            (_, Step::ReadBefore(_) | Step::Read(_)) => true,
            _ => false,
        };
        let call = if looking_up {
            Call::Query
        } else {
            subject.call
        };
        if !(200..300).contains(&response.status) {
            return Next::Outcome(judge(call, response, now));
        }
        if call == Call::Cancel {
            let report = subject.report(now, ReportKind::PendingCancel);
            return Next::Outcome(Outcome::report(report));
        }
        let Ok(Some(order)) = decode_order(self.dialect(), response.body) else {
            return Next::Outcome(Outcome::Unanswered);
        };
        let own = order.client_order_id.sequence == subject.client_order_id.sequence;
        if !own || order.instrument != subject.instrument {
            return Next::Outcome(Outcome::Unanswered);
        }
        let kind = match subject.call {
            Call::New => order.new_answer(),
            Call::Replace => order.replace_answer(),
            _ if order.state == OrderState::Replaced && order.replaced_by.0 != 0 => {
                job.step = Step::Read(order.replaced_by);
                return Next::Again;
            }
            Call::Cancel => {
                job.step = Step::CancelThis(order.venue_order_id);
                return Next::Again;
            }
            Call::Query if matches!(job.step, Step::Read(_)) => order.in_place().snapshot(),
            Call::Query if order.is_undecided() => {
                job.step = Step::ReadBefore(order.replaces);
                return Next::Again;
            }
            Call::Query => order.snapshot(),
        };
        Next::Outcome(Outcome::report(order.report(kind)))
    }

    fn read_list(
        &self,
        job: &mut Job<Step>,
        body: &[u8],
        events: &mut Events,
    ) -> Result<Next, Malformed> {
        let dialect = self.dialect();
        let mut reports = Vec::new();
        match job.request {
            VenueRequest::Clock => events.push_back(VenueEvent::Clock(decode_clock(body)?)),
            VenueRequest::Asset(_) => {
                events.push_back(VenueEvent::Asset(decode_asset(body)?.into()));
            }
            VenueRequest::Query(query @ Query::Account) => {
                let account = decode_account(body)?;
                if account.blocked {
                    let text = "the venue refuses orders of this account".to_string();
                    events.push_back(VenueEvent::Notice(text));
                }
                let cash = AccountReport::Cash(account.cash);
                events.extend([cash, AccountReport::Done(query)].map(VenueEvent::Account));
            }
            VenueRequest::Query(Query::VenueOrder { venue_order_id }) => {
                return self.read_venue_order(job, venue_order_id, body, events);
            }
            VenueRequest::Query(query @ Query::Positions) => {
                let mut positions = Vec::new();
                let page = decode_positions(dialect, body, &mut positions)?;
                events.extend(positions.into_iter().map(VenueEvent::Account));
                finish_list(query, &page, events);
            }
            VenueRequest::Query(query @ Query::OpenOrders) => {
                let page = decode_orders(dialect, body, &mut reports)?;
                events.extend(reports.into_iter().map(VenueEvent::Report));
                return Ok(turn_page(job, query, &page, ORDERS_PAGE, events));
            }
            VenueRequest::Query(query @ Query::Fills { since }) => {
                let page = decode_fills(dialect, body, since, &mut reports)?;
                events.extend(reports.into_iter().map(VenueEvent::Report));
                return Ok(turn_page(job, query, &page, FILLS_PAGE, events));
            }
            _ => {}
        }
        Ok(Next::Done)
    }

    /// Takes the answer about an order by the venue's id. An order that was replaced is followed to
    /// what it is now; its executions from before name the id that it had then, so that id is told
    /// as well.
    fn read_venue_order(
        &self,
        job: &mut Job<Step>,
        asked: VenueOrderId,
        body: &[u8],
        events: &mut Events,
    ) -> Result<Next, Malformed> {
        let Some(order) = decode_order(self.dialect(), body)? else {
            return Ok(end_lookup(&job.request, events));
        };
        if order.state == OrderState::Replaced && order.replaced_by.0 != 0 {
            job.step = Step::Read(order.replaced_by);
            return Ok(Next::Again);
        }
        let followed = order.venue_order_id != asked;
        let shown = if followed { order.in_place() } else { order };
        let mut reports = Vec::from([order.report(shown.snapshot())]);
        if followed {
            let mut before = order.report(ReportKind::Accepted);
            before.client_order_id.revision = 0;
            before.venue_order_id = asked;
            reports.push(before);
        }
        events.extend(reports.into_iter().map(VenueEvent::Report));
        Ok(end_lookup(&job.request, events))
    }
}

/// Asks for the next page, or ends the answer. A page that could not be read whole, or that
/// repeats itself, ends it as failed.
fn turn_page(
    job: &mut Job<Step>,
    query: Query,
    page: &Page,
    rows: usize,
    events: &mut Events,
) -> Next {
    if page.rows < rows || page.malformed.is_some() {
        finish_list(query, page, events);
        return Next::Done;
    }
    match &page.last {
        Some(last) if job.step != Step::Page(last.clone()) => {
            job.step = Step::Page(last.clone());
            Next::Page
        }
        _ => {
            events.push_back(VenueEvent::Account(AccountReport::Failed(query)));
            Next::Done
        }
    }
}

fn finish_list(query: Query, page: &Page, events: &mut Events) {
    let end = match page.malformed {
        None => AccountReport::Done(query),
        Some(malformed) => {
            let text = alloc::format!(
                "a row of the venue's answer could not be read ({malformed}); if it is an \
                 execution off the tick or lot, set the instrument's steps finer"
            );
            events.push_back(VenueEvent::Quarantined(malformed));
            events.push_back(VenueEvent::Notice(text));
            AccountReport::Failed(query)
        }
    };
    events.push_back(VenueEvent::Account(end));
}
