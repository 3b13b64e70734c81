//! The request connection's dialect: which request a step is, and what its answer says.
//!
//! - a question about one order by our id looks among the open ones and then among the closed;
//! - a question for executions is many requests, see [`FillsWork`];
//! - the venue's own names of the pairs are asked for before the first question;
//! - a call that the venue did not look at, for its nonce or its deadline, is repeated.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use py_rt_types::{ExecId, Query, RejectReason, Report, ReportKind, UnixNanos, VenueOrderId};

use crate::error::Malformed;
use crate::http::Response;
use crate::kraken::counters::FOR_URGENT;
use crate::kraken::encode::Encoder;
use crate::kraken::envelope::{member, Envelope};
use crate::kraken::errors::{is_cancel_pending, judge, only_error, TOO_OLD, WRONG_NONCE};
use crate::kraken::fills::{Executed, FillsWork, Wanted};
use crate::kraken::ids::decode_venue_id;
use crate::kraken::lists::{
    decode_balances, decode_system_status, decode_time, decode_token, decode_trades,
};
use crate::kraken::names::{decode_pairs, Names};
use crate::kraken::orders::{decode_orders, RawOrder};
use crate::requests::clock::{not_looked_at, VenueClock};
use crate::requests::lists::{
    end_lookup, end_refused, finish_fills, finish_list, or_quarantine, tell_purse,
};
use crate::requests::terms::NOT_LISTED;
use crate::requests::{
    Call, Job, Next, Outcome, Refusal, RequestSession, RestDialect, Subject, VenueRequest,
};
use crate::session::{RateLimit, VenueEvent};
use crate::symbols::Listing;

/// The request connection.
pub type RestSession = RequestSession<Encoder>;

/// How often a call is repeated with a new nonce.
const NONCES_MAX: u8 = 4;

/// Which of its steps a job is at.
#[derive(Debug, Clone, Default)]
enum At {
    /// What was asked for.
    #[default]
    First,
    /// The order is not among the open ones: is it among the closed?
    Closed,
    /// A question for executions.
    Fills(Box<FillsWork>),
}

/// A step, and what became of the venue's time and of the nonces.
#[derive(Debug, Clone, Default)]
pub struct Step {
    at: At,
    clock: VenueClock,
    nonces: u8,
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
        if let VenueClock::Asking(_) = job.step.clock {
            self.encode_time(out);
            return Ok(());
        }
        match &job.request {
            VenueRequest::New(order) => self.encode_new(now, order, out),
            VenueRequest::Replace(order) => self.encode_replace(now, order, out),
            VenueRequest::Cancel(order) => self.encode_cancel(now, order, out),
            VenueRequest::Token => self.encode_token(now, out),
            VenueRequest::Clock => {
                self.encode_system_status(out);
                Ok(())
            }
            VenueRequest::Asset(_) | VenueRequest::Book(_) => Err(NOT_LISTED),
            VenueRequest::Query(query) => {
                if !self.names.cover(&self.dialect().symbols) {
                    self.encode_own_pairs(out);
                    return Ok(());
                }
                self.encode_query(now, query, &job.step.at, out)
            }
        }
    }

    fn read(
        &mut self,
        now: UnixNanos,
        job: &mut Job<Step>,
        response: &Response<'_>,
        events: &mut Events,
    ) -> Next {
        let limited = || judge(Call::Query, response, now);
        if let Some(next) = job.step.clock.put_off(limited) {
            return next;
        }
        let asked = (&job.request, response);
        let correct = |offset_ns| self.set_offset(offset_ns);
        if let Some(next) = job.step.clock.read(now, asked, decode_time, correct) {
            return next;
        }
        let error = only_error(response.body).unwrap_or_default();
        if error.starts_with(WRONG_NONCE) {
            job.step.nonces += 1;
            return match job.step.nonces {
                ..=NONCES_MAX => Next::Again,
                _ => not_looked_at(&job.request),
            };
        }
        if error.starts_with(TOO_OLD) && Subject::of(&job.request).is_some() {
            if job.step.clock == VenueClock::Asked {
                return not_looked_at(&job.request);
            }
            job.step.clock = VenueClock::Asking(now);
            return Next::Again;
        }
        let good = response.status == 200
            && Envelope::decode(response.body).is_ok_and(|one| one.errors.is_empty());
        let subject = Subject::of(&job.request);
        match subject.filter(|subject| subject.call != Call::Query) {
            Some(subject) if good => self.read_order_answer(now, job, &subject, response),
            Some(subject) => self.read_refusal(now, &subject, response),
            None if good => {
                let read = self.read_answer(job, response.body, events);
                or_quarantine(read, events)
            }
            None => {
                let outcome = judge(Call::Query, response, now);
                if let Outcome::RateLimited { .. } = outcome {
                    self.fill_questions(now);
                }
                end_refused(outcome, &job.request, events)
            }
        }
    }

    fn rate_limit(&self, _now: UnixNanos, _response: &Response<'_>) -> RateLimit {
        // The venue tells nothing; see `counters`.
        RateLimit::default()
    }

    fn ready_at(&self, now: UnixNanos, job: &Job<Step>) -> UnixNanos {
        match &job.request {
            VenueRequest::Token | VenueRequest::Query(Query::Order { .. }) => {
                self.ready_for(now, 1, None)
            }
            VenueRequest::Query(_) => self.ready_for(now, 2, FOR_URGENT),
            _ => UnixNanos::MIN,
        }
    }
}

impl Encoder {
    fn encode_query(
        &mut self,
        now: UnixNanos,
        query: &Query,
        at: &At,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        match query {
            Query::Order {
                client_order_id, ..
            } => {
                let closed = matches!(at, At::Closed);
                self.encode_lookup(now, (*client_order_id, closed), out)
            }
            Query::VenueOrder { venue_order_id } => {
                self.encode_orders(now, &[*venue_order_id], out)
            }
            Query::OpenOrders => self.encode_open_orders(now, out),
            Query::Fills { since } => {
                let begun = FillsWork::new(*since);
                let work = match at {
                    At::Fills(work) => work,
                    _ => &begun,
                };
                match work.wanted() {
                    Wanted::Page(from) => {
                        self.encode_history(now, (work.since_seconds(), from), out)
                    }
                    Wanted::Orders(ids) => self.encode_orders(now, &ids, out),
                    Wanted::Trades(ids) => self.encode_trades(now, &ids, out),
                    Wanted::Nothing(_) => Err(NOT_LISTED),
                }
            }
            Query::Positions | Query::Account => self.encode_balances(now, out),
        }
    }

    fn read_order_answer(
        &self,
        now: UnixNanos,
        job: &Job<Step>,
        subject: &Subject,
        response: &Response<'_>,
    ) -> Next {
        let unknown = Next::Outcome(Outcome::Unanswered);
        let said = |kind: ReportKind| Next::Outcome(Outcome::report(subject.report(now, kind)));
        let result = Envelope::decode(response.body).and_then(|envelope| envelope.result());
        let Ok(result) = result else {
            return unknown;
        };
        match &job.request {
            VenueRequest::New(_) => match first_id(result) {
                Some(id) => {
                    let mut report = subject.report(now, ReportKind::Accepted);
                    report.venue_order_id = id;
                    Next::Outcome(Outcome::report(report))
                }
                None => unknown,
            },
            VenueRequest::Replace(order) => {
                let amended = member(result, b"amend_id");
                match amended.and_then(|slot| slot.required_text("amend_id")) {
                    Ok(_) => said(ReportKind::Replaced {
                        order_qty: order.order_qty,
                        limit_price: order.limit_price,
                    }),
                    Err(_) => unknown,
                }
            }
            _ => match member(result, b"count").and_then(|slot| slot.required_digits("count")) {
                Ok(b"0") => Next::Outcome(Outcome::Rejected(RejectReason::UnknownOrder)),
                // Its end is told by the stream, or asked for.
                Ok(_) => said(ReportKind::PendingCancel),
                Err(_) => unknown,
            },
        }
    }

    fn read_refusal(&mut self, now: UnixNanos, subject: &Subject, response: &Response<'_>) -> Next {
        let pending = is_cancel_pending(response.body);
        if let Some(kind) = pending.filter(|_| subject.call == Call::Cancel) {
            return Next::Outcome(Outcome::report(subject.report(now, kind)));
        }
        let outcome = judge(subject.call, response, now);
        if let Outcome::OrdersLimited { .. } = outcome {
            self.fill_counters(now, subject.instrument);
        }
        Next::Outcome(outcome)
    }

    fn read_answer(
        &mut self,
        job: &mut Job<Step>,
        body: &[u8],
        events: &mut Events,
    ) -> Result<Next, Malformed> {
        let symbols = self.dialect().symbols.clone();
        let query = match job.request {
            VenueRequest::Token => {
                events.push_back(VenueEvent::Token(decode_token(body)?));
                return Ok(Next::Done);
            }
            VenueRequest::Clock => {
                let status = decode_system_status(body)?;
                if status != "online" {
                    let text = alloc::format!("the venue says that it is in {status}");
                    events.push_back(VenueEvent::Notice(text));
                }
                return Ok(Next::Done);
            }
            VenueRequest::Query(query) => query,
            _ => return Ok(Next::Done),
        };
        if !self.names.cover(&symbols) {
            return self.read_names(body);
        }
        match query {
            Query::Order { .. } => return self.read_lookup(job, body, events),
            Query::VenueOrder { .. } => {
                let mut reports = Vec::new();
                let about = (self.dialect(), &self.names);
                if let Some(malformed) = decode_orders(about, body, b"", &mut reports)? {
                    return Err(malformed);
                }
                events.extend(reports.into_iter().map(VenueEvent::Report));
                return Ok(end_lookup(&job.request, events));
            }
            Query::OpenOrders => {
                let mut reports = Vec::new();
                let about = (self.dialect(), &self.names);
                let wrong = decode_orders(about, body, b"open", &mut reports)?;
                events.extend(reports.into_iter().map(VenueEvent::Report));
                finish_list(query, wrong, events);
            }
            Query::Fills { since } => return self.read_fills(job, since, body, events),
            Query::Positions | Query::Account => {
                let purse = decode_balances(body)?;
                let pair = |one: &Listing| self.names.pair(one.id());
                let base = |one: &Listing| pair(one).map_or(0, |pair| purse.owned(&pair.base));
                let quote = |one: &Listing| pair(one).map_or(0, |pair| purse.owned(&pair.quote));
                tell_purse(query, &symbols, (base, quote), events)?;
            }
        }
        Ok(Next::Done)
    }

    /// Takes the venue's names; what was asked for is asked next.
    fn read_names(&mut self, body: &[u8]) -> Result<Next, Malformed> {
        let symbols = self.dialect().symbols.clone();
        self.names = Names::of(&symbols, decode_pairs(body)?);
        if self.names.cover(&symbols) {
            return Ok(Next::Again);
        }
        Err(Malformed {
            offset: 0,
            field: "AssetPairs",
        })
    }

    /// An order by our id: among the open ones, then among the closed.
    fn read_lookup(
        &self,
        job: &mut Job<Step>,
        body: &[u8],
        events: &mut Events,
    ) -> Result<Next, Malformed> {
        let Some(subject) = Subject::of(&job.request) else {
            return Ok(Next::Done);
        };
        let closed = matches!(job.step.at, At::Closed);
        let inside: &[u8] = if closed { b"closed" } else { b"open" };
        let mut reports: Vec<Report> = Vec::new();
        let wrong = decode_orders((self.dialect(), &self.names), body, inside, &mut reports)?;
        let own = |report: &Report| {
            report.client_order_id.sequence == subject.client_order_id.sequence
                && report.instrument == subject.instrument
        };
        let found = reports.iter().rev().find(|report| own(report));
        if let Some(report) = found {
            events.push_back(VenueEvent::Report(*report));
            return Ok(Next::Done);
        }
        match wrong {
            Some(malformed) => Err(malformed),
            None if closed => Ok(Next::Outcome(Outcome::NotFound)),
            None => {
                job.step.at = At::Closed;
                Ok(Next::Again)
            }
        }
    }

    fn read_fills(
        &mut self,
        job: &mut Job<Step>,
        since: UnixNanos,
        body: &[u8],
        events: &mut Events,
    ) -> Result<Next, Malformed> {
        let query = Query::Fills { since };
        let symbols = self.dialect().symbols.clone();
        if !matches!(job.step.at, At::Fills(_)) {
            job.step.at = At::Fills(Box::new(FillsWork::new(since)));
        }
        let At::Fills(work) = &mut job.step.at else {
            return Ok(Next::Done);
        };
        let mut wrong = None;
        match work.wanted() {
            Wanted::Page(_) => {
                let (page, count) = decode_trades((&symbols, &self.names), body, b"trades")?;
                wrong = page.wrong;
                work.handle_page(page, count);
            }
            Wanted::Orders(asked) => work.handle_orders(&asked, &self.read_executed(body)?),
            Wanted::Trades(_) => {
                let (page, _) = decode_trades((&symbols, &self.names), body, b"")?;
                wrong = page.wrong;
                work.handle_trades(page);
            }
            Wanted::Nothing(_) => {}
        }
        if wrong.is_some() {
            finish_list(query, wrong, events);
            return Ok(Next::Done);
        }
        if !matches!(work.wanted(), Wanted::Nothing(_)) {
            return Ok(Next::Page);
        }
        let mut reports = Vec::new();
        work.tell(&symbols, &mut reports);
        events.extend(reports.into_iter().map(VenueEvent::Report));
        finish_fills(query, work.wanted() == Wanted::Nothing(true), events);
        Ok(Next::Done)
    }

    /// How much of each order was executed, and by which trades.
    fn read_executed(&self, body: &[u8]) -> Result<Vec<Executed>, Malformed> {
        let mut found = Vec::new();
        Envelope::each_member(body, b"", |id, scanner| {
            let raw = RawOrder::scan(id, scanner)?;
            if let Some(listing) = raw.listing(self.dialect(), &self.names)? {
                let trades = raw.trades.iter().map(|slot| {
                    let id = decode_venue_id(&slot.required_text("trades")?);
                    id.map(ExecId).ok_or_else(|| slot.malformed("trades"))
                });
                found.push(Executed {
                    order: raw.venue_order_id()?,
                    qty: raw.executed(listing)?,
                    in_base: raw.pays_in_base(),
                    trades: trades.collect::<Result<_, Malformed>>()?,
                });
            }
            Ok(())
        })?;
        Ok(found)
    }
}

/// The first of the ids in the answer to a new order.
fn first_id(result: crate::json::Raw<'_>) -> Option<VenueOrderId> {
    let mut scanner = crate::json::Scanner::within(result);
    scanner.begin_object().ok()?;
    let mut found = None;
    while let Ok(Some(name)) = scanner.next_key() {
        if name == b"txid" && found.is_none() {
            scanner.begin_array().ok()?;
            while scanner.next_element().ok()? {
                let mut slot = crate::json::Slot::default();
                slot.fill(&mut scanner).ok()?;
                let id = decode_venue_id(&slot.required_text("txid").ok()?)?;
                found = found.or(Some(VenueOrderId(id)));
            }
        } else {
            scanner.skip().ok()?;
        }
    }
    found
}
