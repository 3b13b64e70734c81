//! The request connection's dialect: which request a step is, and what its answer says.
//!
//! - an order that is asked for by our id is asked for by the venue's, where an answer told it, and
//!   looked for in the list of orders otherwise;
//! - whatever shows an order that was executed asks for its fills before it is told;
//! - an edit that was taken is looked at: taken means queued;
//! - a call whose token was refused is made again with a fresh one, once, by the venue's clock.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use py_rt_types::{Query, ReportKind, UnixNanos};

use crate::coinbase::encode::{Encoder, Live};
use crate::coinbase::errors::{judge, judge_refused, reset_at, Answer};
use crate::coinbase::fills::{unfinished, FillsWork, Wanted};
use crate::coinbase::ids::first_of;
use crate::coinbase::lists::{decode_accounts, decode_fills, decode_time, Purse};
use crate::coinbase::orders::{decode_orders, order_id, OrdersPage};
use crate::coinbase::search::Search;
use crate::error::Malformed;
use crate::fees::{base_of, quote_of};
use crate::http::Response;
use crate::requests::clock::{offset_ns, VenueClock};
use crate::requests::lists::{
    end_lookup, end_refused, finish_fills, finish_list, or_quarantine, tell_purse,
};
use crate::requests::terms::NOT_LISTED;
use crate::requests::{
    Call, Job, Next, Order, Outcome, Refusal, RequestSession, RestDialect, Subject, VenueRequest,
};
use crate::session::{RateLimit, VenueEvent};
use crate::symbols::Listing;

/// The request connection.
pub type RestSession = RequestSession<Encoder>;

/// Which of its steps a job is at.
#[derive(Debug, Clone, Default)]
enum At {
    /// What was asked for.
    #[default]
    First,
    /// The list of an instrument's orders is searched.
    Search(Search),
    /// An edit was taken: how does the order stand?
    Edited,
    /// A list of live orders.
    Live(Live, Vec<u8>),
    /// Fills; of one order, this is it.
    Fills(Box<FillsWork>, Option<Order>),
    /// Accounts.
    Purse(Purse, Vec<u8>),
}

/// A step, and what became of the token.
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
        if let At::Fills(work, _) = &job.step.at {
            return self.encode_fills(now, work, out);
        }
        match &job.request {
            VenueRequest::New(order) => self.encode_new(now, order, out),
            VenueRequest::Replace(order) => match job.step.at {
                At::Edited => self.encode_order(now, order.venue_order_id, out),
                _ => self.encode_replace(now, order, out),
            },
            VenueRequest::Cancel(order) => self.encode_cancel(now, order, out),
            VenueRequest::Query(query) => self.encode_query(now, query, &job.step.at, out),
            // The account's stream makes its tokens itself: it lacks the venue's time.
            VenueRequest::Clock | VenueRequest::Token => {
                self.encode_time(out);
                Ok(())
            }
            VenueRequest::Asset(_) | VenueRequest::Book(_) => Err(NOT_LISTED),
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
        if response.status == 401 && job.step.clock == VenueClock::Believed {
            job.step.clock = VenueClock::Asking(now);
            return Next::Again;
        }
        let subject = Subject::of(&job.request);
        let acts = subject.filter(|subject| subject.call != Call::Query);
        match (acts, response.status) {
            (Some(_), 200) if matches!(job.step.at, At::Edited) => {
                self.read_edited(job, response.body, events)
            }
            (Some(_), _) if matches!(job.step.at, At::Edited) => Next::Outcome(Outcome::Unanswered),
            (Some(subject), 200) => self.read_order_answer(now, job, &subject, response.body),
            (None, 200) => {
                let read = self.read_answer(now, job, response.body, events);
                or_quarantine(read, events)
            }
            (subject, _) => {
                let call = subject.map_or(Call::Query, |subject| subject.call);
                end_refused(judge(call, response, now), &job.request, events)
            }
        }
    }

    fn acts(&self, job: &Job<Step>) -> bool {
        !matches!(job.step.at, At::Edited)
    }

    fn rate_limit(&self, now: UnixNanos, response: &Response<'_>) -> RateLimit {
        let number = |name| {
            response
                .header_number(name)
                .and_then(|n| u32::try_from(n).ok())
        };
        RateLimit {
            limit: number("x-ratelimit-limit"),
            remaining: number("x-ratelimit-remaining"),
            reset: reset_at(response, now),
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
                client_order_id,
                instrument,
            } => match (at, self.known(*client_order_id)) {
                (At::Search(search), _) => {
                    self.encode_all_orders(now, (*instrument, &search.cursor), out)
                }
                (_, Some(id)) => self.encode_order(now, id, out),
                _ => self.encode_all_orders(now, (*instrument, b""), out),
            },
            Query::VenueOrder { venue_order_id } => self.encode_order(now, *venue_order_id, out),
            Query::OpenOrders => match at {
                At::Live(live, cursor) => self.encode_live_orders(now, (*live, cursor), out),
                _ => self.encode_live_orders(now, (Live::Moving, b""), out),
            },
            Query::Fills { since } => self.encode_fills(now, &FillsWork::since(*since), out),
            Query::Positions | Query::Account => match at {
                At::Purse(_, cursor) => self.encode_accounts(now, cursor, out),
                _ => self.encode_accounts(now, b"", out),
            },
        }
    }

    fn encode_fills(
        &mut self,
        now: UnixNanos,
        work: &FillsWork,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        match work.wanted() {
            Wanted::Since(cursor) => self.encode_fills_since(now, (work.from(), &cursor), out),
            Wanted::Orders(ids) => self.encode_orders(now, &ids, out),
            Wanted::Of(ids, cursor) => self.encode_fills_of(now, (&ids, &cursor), out),
            Wanted::Nothing => Err(NOT_LISTED),
        }
    }

    /// Reads the answer to an order call, whose status says nothing.
    fn read_order_answer(
        &mut self,
        now: UnixNanos,
        job: &mut Job<Step>,
        subject: &Subject,
        body: &[u8],
    ) -> Next {
        let unknown = Next::Outcome(Outcome::Unanswered);
        let Ok(answer) = Answer::decode(body) else {
            return unknown;
        };
        match answer.worked() {
            Err(_) => return unknown,
            Ok(false) => return Next::Outcome(judge_refused(now, subject, &answer)),
            Ok(true) => {}
        }
        match &job.request {
            VenueRequest::New(order) => {
                let named = answer.client_id.text("client_order_id").ok().flatten();
                let named = named.map(|text| self.dialect().lineage.decode_id(&text));
                match (order_id(&answer.order_id), named) {
                    (Ok(id), Some(named)) if named == first_of(order.client_order_id) => {
                        self.note(order.client_order_id, id);
                        let mut report = subject.report(now, ReportKind::Accepted);
                        report.venue_order_id = id;
                        Next::Outcome(Outcome::report(report))
                    }
                    _ => unknown,
                }
            }
            VenueRequest::Replace(_) => {
                job.step.at = At::Edited;
                Next::Again
            }
            // It is queued; its end is told by the stream, or asked for.
            _ => Next::Outcome(Outcome::report(
                subject.report(now, ReportKind::PendingCancel),
            )),
        }
    }

    /// After an edit was taken: the order has its new terms, or will have them.
    fn read_edited(&self, job: &Job<Step>, body: &[u8], events: &mut Events) -> Next {
        let unknown = Next::Outcome(Outcome::Unanswered);
        let (VenueRequest::Replace(wanted), Ok(page)) =
            (&job.request, decode_orders(self.dialect(), body))
        else {
            return unknown;
        };
        let Some((order, _)) = page.orders.first() else {
            return unknown;
        };
        if order.venue_order_id != wanted.venue_order_id {
            return unknown;
        }
        let happened =
            (order.order_qty, order.limit_price) == (wanted.order_qty, wanted.limit_price);
        if !happened {
            // Queued, or over meanwhile: nobody can say which of the two was first.
            return unknown;
        }
        let mut report = order.report(ReportKind::Replaced {
            order_qty: wanted.order_qty,
            limit_price: wanted.limit_price,
        });
        report.client_order_id = wanted.client_order_id;
        events.push_back(VenueEvent::Report(report));
        if order.cum_qty.0 > 0 || order.status.is_terminal() {
            let venue_order_id = order.venue_order_id;
            events.push_back(VenueEvent::Ask(Query::VenueOrder { venue_order_id }));
        }
        Next::Done
    }

    fn read_answer(
        &mut self,
        now: UnixNanos,
        job: &mut Job<Step>,
        body: &[u8],
        events: &mut Events,
    ) -> Result<Next, Malformed> {
        let symbols = self.dialect().symbols.clone();
        let VenueRequest::Query(query) = job.request else {
            // Good to the time that the answer took, which is little beside a token's life.
            self.set_offset(offset_ns(decode_time(body)?, now, now));
            return Ok(Next::Done);
        };
        if matches!(job.step.at, At::Fills(..)) {
            return self.read_fills(job, query, body, events);
        }
        match query {
            Query::Order { .. } | Query::VenueOrder { .. } | Query::OpenOrders => {
                let page = decode_orders(self.dialect(), body)?;
                page.orders
                    .iter()
                    .for_each(|(order, _)| self.note_order(order));
                match query {
                    Query::Order { .. } => self.read_lookup(job, &page, events),
                    Query::OpenOrders => Ok(read_live(job, query, page, events)),
                    _ => self.read_one(job, &page, events),
                }
            }
            Query::Fills { since } => {
                job.step.at = At::Fills(Box::new(FillsWork::since(since)), None);
                self.read_fills(job, query, body, events)
            }
            Query::Positions | Query::Account => {
                let (found, cursor) = decode_accounts(body)?;
                let mut purse = match core::mem::take(&mut job.step.at) {
                    At::Purse(purse, _) => purse,
                    _ => Purse::default(),
                };
                purse.extend(found);
                if !cursor.is_empty() {
                    job.step.at = At::Purse(purse, cursor);
                    return Ok(Next::Page);
                }
                let base = |one: &Listing| purse.owned(base_of(one));
                let quote = |one: &Listing| purse.owned(quote_of(one));
                tell_purse(query, &symbols, (base, quote), events)?;
                Ok(Next::Done)
            }
        }
    }

    /// An order by our id: the one of the venue's id, or one in a page of the list.
    fn read_lookup(
        &self,
        job: &mut Job<Step>,
        page: &OrdersPage,
        events: &mut Events,
    ) -> Result<Next, Malformed> {
        let Some(subject) = Subject::of(&job.request) else {
            return Ok(Next::Done);
        };
        let wanted = subject.client_order_id.sequence;
        let own = |order: &Order| order.client_order_id.sequence == wanted;
        let found = page.orders.iter().find(|(order, _)| own(order));
        if let Some((order, _)) = found {
            return Ok(tell_or_ask(job, order, events));
        }
        if let Some(malformed) = page.wrong {
            return Err(malformed);
        }
        let mut search = match core::mem::take(&mut job.step.at) {
            At::Search(search) => search,
            _ => Search::default(),
        };
        if !search.goes_on(wanted, page) {
            return Ok(Next::Outcome(Outcome::NotFound));
        }
        job.step.at = At::Search(search);
        Ok(Next::Page)
    }

    /// An order by the venue's id.
    fn read_one(
        &self,
        job: &mut Job<Step>,
        page: &OrdersPage,
        events: &mut Events,
    ) -> Result<Next, Malformed> {
        if let Some(malformed) = page.wrong {
            return Err(malformed);
        }
        match page.orders.first() {
            Some((order, _)) => Ok(tell_or_ask(job, order, events)),
            None => Ok(end_lookup(&job.request, events)),
        }
    }

    fn read_fills(
        &mut self,
        job: &mut Job<Step>,
        query: Query,
        body: &[u8],
        events: &mut Events,
    ) -> Result<Next, Malformed> {
        let symbols = self.dialect().symbols.clone();
        let dialect = self.dialect().clone();
        let At::Fills(work, asked) = &mut job.step.at else {
            return Ok(Next::Done);
        };
        let wrong = match work.wanted() {
            Wanted::Orders(ids) => {
                let page = decode_orders(&dialect, body)?;
                work.handle_orders(&ids, &page);
                page.wrong
            }
            _ => {
                let (page, cursor) = decode_fills(&symbols, body)?;
                let wrong = page.wrong;
                work.handle_page(page, cursor, &self.told);
                wrong
            }
        };
        if let Some(malformed) = wrong {
            if asked.is_some() {
                return Err(malformed);
            }
            finish_list(query, wrong, events);
            return Ok(Next::Done);
        }
        if work.wanted() != Wanted::Nothing && work.wanted() != Wanted::Orders(Vec::new()) {
            return Ok(Next::Page);
        }
        let mut reports = Vec::new();
        work.tell(&symbols, &mut self.told, &mut reports);
        events.extend(reports.into_iter().map(VenueEvent::Report));
        let done = work.is_done();
        if let Some(order) = asked {
            if !done {
                events.push_back(VenueEvent::Report(unfinished(order)));
            } else if !order.status.is_terminal() {
                events.push_back(VenueEvent::Report(order.report(order.snapshot())));
            }
            return Ok(match query {
                Query::VenueOrder { .. } => end_lookup(&job.request, events),
                _ => Next::Done,
            });
        }
        finish_fills(query, done, events);
        Ok(Next::Done)
    }
}

/// Tells an order of which nothing was executed; asks for the fills of any other first.
fn tell_or_ask(job: &mut Job<Step>, order: &Order, events: &mut Events) -> Next {
    if order.cum_qty.0 > 0 {
        job.step.at = At::Fills(Box::new(FillsWork::of(*order)), Some(*order));
        return Next::Page;
    }
    events.push_back(VenueEvent::Report(order.report(order.snapshot())));
    match job.request {
        VenueRequest::Query(Query::VenueOrder { .. }) => end_lookup(&job.request, events),
        _ => Next::Done,
    }
}

/// A page of live orders; behind the last of one kind come those of the other.
fn read_live(job: &mut Job<Step>, query: Query, page: OrdersPage, events: &mut Events) -> Next {
    let told = page.orders.iter();
    let told = told.filter(|(order, _)| !order.status.is_terminal());
    events.extend(told.map(|(order, _)| VenueEvent::Report(order.report(order.snapshot()))));
    let live = match &job.step.at {
        At::Live(live, _) => *live,
        _ => Live::Moving,
    };
    let next = match (page.wrong, live) {
        (Some(_), _) => None,
        (None, _) if !page.cursor.is_empty() && page.rows > 0 => Some((live, page.cursor)),
        (None, Live::Moving) => Some((Live::Open, Vec::new())),
        (None, Live::Open) => None,
    };
    match next {
        Some((live, cursor)) => {
            job.step.at = At::Live(live, cursor);
            Next::Page
        }
        None => {
            finish_list(query, page.wrong, events);
            Next::Done
        }
    }
}
