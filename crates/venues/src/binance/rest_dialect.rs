//! The request connection's dialect: which request a step is, and what its answer says.
//!
//! - a replacement first looks the order up: the venue wants its terms again, and refuses to
//!   replace what was executed in part;
//! - a question for executions is many requests, see [`FillsWork`];
//! - a request that the venue did not look at because the clocks differ is repeated once, by the
//!   venue's time.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::ToString;
use alloc::vec::Vec;

use py_rt_types::{Query, RejectReason, ReportKind, Side, UnixNanos};

use crate::binance::encode::Encoder;
use crate::binance::errors::{decode_rate_limit, judge, ErrorBody, WRONG_TIME};
use crate::binance::fills::{FillsWork, Wanted};
use crate::binance::lists::{
    decode_account, decode_executed, decode_orders, decode_time, decode_trades,
};
use crate::binance::orders::{RawOrder, Terms};
use crate::binance::replace::{read_replace, Replaced};
use crate::error::Malformed;
use crate::fees::{base_of, quote_of, warn_of_fee};
use crate::http::Response;
use crate::requests::clock::{not_looked_at, VenueClock};
use crate::requests::lists::{end_lookup, end_refused, finish_list, or_quarantine, tell_purse};
use crate::requests::terms::NOT_LISTED;
use crate::requests::{
    Call, Job, Next, Outcome, Refusal, RequestSession, RestDialect, Subject, VenueRequest,
};
use crate::session::{BookAnswer, RateLimit, VenueEvent};
use crate::symbols::Listing;

/// The request connection.
pub type RestSession = RequestSession<Encoder>;

/// Which of its steps a job is at.
#[derive(Debug, Clone, Default)]
enum At {
    /// What was asked for.
    #[default]
    First,
    /// A replacement whose order was looked up: side, type and time in force.
    ReplaceWith(Side, Vec<u8>, Vec<u8>),
    /// A question for executions.
    Fills(Box<FillsWork>),
}

/// A step, and what became of the venue's time.
#[derive(Debug, Clone, Default)]
pub struct Step {
    at: At,
    clock: VenueClock,
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
            VenueRequest::Replace(order) => match &job.step.at {
                At::ReplaceWith(side, kind, tif) => {
                    let (side, kind, tif) = (*side, kind.as_slice(), tif.as_slice());
                    self.encode_replace(now, order, &Terms { side, kind, tif }, out)
                }
                _ if order.venue_order_id.0 == 0 => Err(NOT_KNOWN),
                _ => self.encode_order(now, order.venue_order_id, out),
            },
            VenueRequest::Cancel(order) => self.encode_cancel(now, order, out),
            VenueRequest::Query(query) => self.encode_query(now, query, &job.step.at, out),
            VenueRequest::Clock => {
                self.encode_time(out);
                Ok(())
            }
            VenueRequest::Book(id) => self.encode_book(*id, out),
            VenueRequest::Asset(_) | VenueRequest::Token => Err(NOT_LISTED),
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
        let good = (200..300).contains(&response.status);
        if !good && job.step.clock == VenueClock::Believed {
            let body = ErrorBody::decode(response.body);
            if body.is_ok_and(|body| body.code == WRONG_TIME) {
                job.step.clock = VenueClock::Asking(now);
                return Next::Again;
            }
        }
        match Subject::of(&job.request) {
            Some(subject) => self.read_order_answer(now, job, &subject, response, events),
            None if good => {
                let read = self.read_list(job, response.body, events);
                or_quarantine(read, events)
            }
            None => end_refused(judge(Call::Query, response, now), &job.request, events),
        }
    }

    fn rate_limit(&self, now: UnixNanos, response: &Response<'_>) -> RateLimit {
        decode_rate_limit(response, now)
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
                client_order_id,
                instrument,
            } => return self.encode_lookup(now, (*client_order_id, *instrument), out),
            Query::VenueOrder { venue_order_id } => {
                return self.encode_order(now, *venue_order_id, out);
            }
            Query::OpenOrders => self.encode_open_orders(now, out),
            Query::Fills { .. } => match at {
                At::Fills(work) => {
                    let symbols = self.dialect().symbols.clone();
                    let listing = symbols.listings().get(work.place()).ok_or(NOT_LISTED)?;
                    match work.wanted() {
                        Wanted::Trades(trades) => self.encode_trades(now, (listing, trades), out),
                        Wanted::Orders(order) => {
                            self.encode_orders_from(now, (listing, order), out);
                        }
                    }
                }
                // Times of executions are the venue's: so must be the end of the question.
                _ => self.encode_time(out),
            },
            Query::Positions | Query::Account => self.encode_account(now, out),
        }
        Ok(())
    }

    fn read_order_answer(
        &self,
        now: UnixNanos,
        job: &mut Job<Step>,
        subject: &Subject,
        response: &Response<'_>,
        events: &mut Events,
    ) -> Next {
        let good = (200..300).contains(&response.status);
        let looking_up = subject.call == Call::Replace && matches!(job.step.at, At::First);
        if !good && looking_up {
            // Nothing was asked of the order yet.
            let outcome = judge(Call::Query, response, now);
            return Next::Outcome(match outcome {
                Outcome::NotFound => Outcome::Rejected(RejectReason::UnknownOrder),
                Outcome::Unanswered => Outcome::Rejected(RejectReason::TooLate),
                other => other,
            });
        }
        if subject.call == Call::Replace && !looking_up {
            return match read_replace(self.dialect(), response, now) {
                Replaced::Order(raw) => self.read_order(&raw, subject, events),
                Replaced::Outcome(outcome) => Next::Outcome(outcome),
            };
        }
        if !good {
            if is_wrong_time(response) {
                return not_looked_at(&job.request);
            }
            return Next::Outcome(judge(subject.call, response, now));
        }
        let Ok(raw) = RawOrder::decode(response.body) else {
            return Next::Outcome(Outcome::Unanswered);
        };
        if !looking_up {
            return self.read_order(&raw, subject, events);
        }
        let order = raw.resolve(self.dialect()).ok().flatten();
        let found = order.and_then(|order| Some((order, raw.replaceable(&order)?)));
        match found {
            Some((order, terms)) if order.venue_order_id == subject.venue_order_id => {
                let (kind, tif) = (terms.kind.to_vec(), terms.tif.to_vec());
                job.step.at = At::ReplaceWith(terms.side, kind, tif);
                Next::Again
            }
            _ => {
                let text = "an order that was executed in part, or is over, is not replaced at \
                            Binance; cancel it and send another";
                events.push_back(VenueEvent::Notice(text.to_string()));
                Next::Outcome(Outcome::Rejected(RejectReason::TooLate))
            }
        }
    }

    /// Reads an order in an answer; what it says goes out at once.
    fn read_order(&self, raw: &RawOrder<'_>, subject: &Subject, events: &mut Events) -> Next {
        let Ok(Some(order)) = raw.resolve(self.dialect()) else {
            return Next::Outcome(Outcome::Unanswered);
        };
        if order.client_order_id != subject.client_order_id
            || order.instrument != subject.instrument
        {
            return Next::Outcome(Outcome::Unanswered);
        }
        let mut say = |kind: ReportKind| events.push_back(VenueEvent::Report(order.report(kind)));
        let replaces = subject.call == Call::Replace;
        match subject.call {
            Call::Query => say(order.snapshot()),
            Call::Cancel => say(order.outcome(false).unwrap_or(order.snapshot())),
            Call::New | Call::Replace => {
                let Ok(Some(fills)) = raw.fills(self.dialect(), &order) else {
                    say(order.snapshot());
                    return Next::Done;
                };
                let outcome = order.outcome(replaces);
                // The terms of a replacement first; the end of an order last.
                if let Some(kind) = outcome.filter(|_| replaces) {
                    say(kind);
                }
                for (report, fee) in fills {
                    events.push_back(VenueEvent::Report(report));
                    warn_of_fee(fee.elsewhere, events);
                }
                if let Some(kind) = outcome.filter(|_| !replaces) {
                    events.push_back(VenueEvent::Report(order.report(kind)));
                }
            }
        }
        Next::Done
    }

    fn read_list(
        &self,
        job: &mut Job<Step>,
        body: &[u8],
        events: &mut Events,
    ) -> Result<Next, Malformed> {
        let dialect = self.dialect();
        match job.request {
            VenueRequest::Book(instrument) => {
                let body = body.to_vec();
                events.push_back(VenueEvent::Book(BookAnswer { instrument, body }));
            }
            VenueRequest::Query(query @ (Query::Account | Query::Positions)) => {
                let account = decode_account(body)?;
                if query == Query::Account && !account.can_trade {
                    let text = "the venue refuses orders of this account".to_string();
                    events.push_back(VenueEvent::Notice(text));
                }
                let base = |one: &Listing| account.owned(base_of(one));
                let quote = |one: &Listing| account.owned(quote_of(one));
                tell_purse(query, &dialect.symbols, (base, quote), events)?;
            }
            VenueRequest::Query(Query::VenueOrder { .. }) => {
                let raw = RawOrder::decode(body)?;
                match raw.resolve(dialect) {
                    Ok(Some(order)) => {
                        events.push_back(VenueEvent::Report(order.report(order.snapshot())));
                    }
                    // Somebody else's may be of any kind.
                    Err(malformed) if !raw.is_foreign(dialect) => return Err(malformed),
                    Ok(None) | Err(_) => {}
                }
                return Ok(end_lookup(&job.request, events));
            }
            VenueRequest::Query(query @ Query::OpenOrders) => {
                let mut reports = Vec::new();
                let wrong = decode_orders(dialect, body, &mut reports)?;
                events.extend(reports.into_iter().map(VenueEvent::Report));
                finish_list(query, wrong, events);
            }
            VenueRequest::Query(query @ Query::Fills { since }) => {
                return self.read_fills(job, query, since, body, events);
            }
            _ => {}
        }
        Ok(Next::Done)
    }

    fn read_fills(
        &self,
        job: &mut Job<Step>,
        query: Query,
        since: UnixNanos,
        body: &[u8],
        events: &mut Events,
    ) -> Result<Next, Malformed> {
        let At::Fills(work) = &mut job.step.at else {
            let until = decode_time(body)?;
            job.step.at = At::Fills(Box::new(FillsWork::new(since, until)));
            return Ok(Next::Page);
        };
        let listings = self.dialect().symbols.listings();
        let Some(listing) = listings.get(work.place()) else {
            finish_list(query, None, events);
            return Ok(Next::Done);
        };
        let (count, mut reports) = (listings.len(), Vec::new());
        let more = if let Wanted::Orders(_) = work.wanted() {
            let (orders, rows) = decode_executed(listing, body)?;
            work.handle_orders(listing, (&orders, rows), count, &mut reports)
        } else {
            let page = decode_trades(listing, body)?;
            if page.wrong.is_some() {
                finish_list(query, page.wrong, events);
                return Ok(Next::Done);
            }
            warn_of_fee(page.trades.iter().any(|trade| trade.fee.elsewhere), events);
            work.handle_trades(listing, page, count, &mut reports)
        };
        events.extend(reports.into_iter().map(VenueEvent::Report));
        if more {
            return Ok(Next::Page);
        }
        finish_list(query, None, events);
        Ok(Next::Done)
    }
}

fn is_wrong_time(response: &Response<'_>) -> bool {
    ErrorBody::decode(response.body).is_ok_and(|body| body.code == WRONG_TIME)
}

const NOT_KNOWN: Refusal = Refusal {
    reason: RejectReason::UnknownOrder,
    text: "a replace names the venue's order id; query the order first",
};
