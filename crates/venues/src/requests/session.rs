//! The request connection as a session: one request in flight, the rest in a bounded queue.
//!
//! Rules that live here, so that the driver has none:
//! - a request that was handed out and not answered is unanswered, never rejected;
//! - a request of which no byte was sent is refused for certain (`NeverAccepted`);
//! - a question is answered to the end, in as many steps and pages as the venue needs for it;
//! - after a 429, and while the quota is down to its reserve, new orders and replaces are refused
//!   at once; cancels and queries wait for the reset and use the reserve; where only orders are
//!   counted out, cancels and queries pass; whole books never use the reserve;
//! - where the dialect counts questions itself, they wait until there is room for them;
//! - a question about one order that is being asked already is not asked twice; nor is one by the
//!   venue's id that still waits;
//! - "no such order" is told with the time at which the first step of the look was sent;
//! - after "not authorized" new orders and replaces are refused for good.

use alloc::collections::VecDeque;
use alloc::string::ToString;
use alloc::vec::Vec;

use py_rt_types::{Query, RejectReason, UnixNanos};

use super::queue::HOPS_MAX;
use super::subject::{unanswered, unsent};
use super::{Job, Limits, Next, Outcome, Requests, RestConfig, RestDialect, Subject, VenueRequest};
use crate::error::DecodeError;
use crate::http::{Response, ResponseReader, BODY_MAX};
use crate::link::{Link, Wish};
use crate::session::{Fatal, RateLimit, Session, Transmit, VenueEvent};

const WITHDRAWN: &str = "trading was restricted before the order was sent";

/// See the module.
#[derive(Debug)]
pub struct RequestSession<D: RestDialect> {
    config: RestConfig,
    dialect: D,
    link: Link,
    reader: ResponseReader,
    queue: VecDeque<Job<D::Step>>,
    in_flight: Option<(Job<D::Step>, UnixNanos)>,
    events: VecDeque<VenueEvent>,
    out: Vec<u8>,
    rate_limit: RateLimit,
    limited_until: UnixNanos,
    orders_until: UnixNanos,
    /// Questions wait until then, by our own count of them.
    held_until: UnixNanos,
    /// Until when something was last kept back, by the venue's limits or by our count.
    last_held: UnixNanos,
    answers: u64,
    not_authorized: bool,
}

impl<D: RestDialect> RequestSession<D> {
    /// A session that opens its connection at the first `handle_timeout`.
    #[must_use]
    pub fn new(config: RestConfig, dialect: D) -> Self {
        Self {
            link: Link::new(config.link),
            reader: ResponseReader::new(BODY_MAX),
            queue: VecDeque::new(),
            in_flight: None,
            events: VecDeque::new(),
            out: Vec::with_capacity(1024),
            rate_limit: RateLimit::default(),
            limited_until: UnixNanos::MIN,
            orders_until: UnixNanos::MIN,
            held_until: UnixNanos::MIN,
            last_held: UnixNanos::MIN,
            answers: 0,
            not_authorized: false,
            config,
            dialect,
        }
    }

    /// Takes a request; what comes of it comes out of `poll_event`, always.
    pub fn handle_request(&mut self, now: UnixNanos, request: VenueRequest) {
        let wait_ns = match request {
            // A cancel or a question is worth waiting for a quota to come back.
            VenueRequest::New(_) | VenueRequest::Replace(_) => self.config.queue_wait_ns,
            _ => self
                .limited_until
                .since(now)
                .max(0)
                .saturating_add(self.config.queue_wait_ns),
        };
        let job = Job {
            request,
            step: D::Step::default(),
            give_up_at: now.plus(wait_ns),
            hops: 0,
            withdrawn: false,
            asked_at: None,
        };
        let mut asked = self
            .queue
            .iter()
            .chain(self.in_flight.iter().map(|(job, _)| job));
        if matches!(request, VenueRequest::Query(Query::Order { .. }))
            && asked.any(|other| other.request == request)
        {
            // The answer to that is the answer to this, and says how old it is.
            return;
        }
        let waits = |job: &Job<D::Step>| job.request == request && job.asked_at.is_none();
        if matches!(request, VenueRequest::Query(Query::VenueOrder { .. }))
            && self.queue.iter().any(waits)
        {
            // The answer to that is not older than this.
            return;
        }
        if self.queue.len() >= self.config.queue_max {
            self.events
                .extend(unsent(&job.request, now, RejectReason::NeverAccepted));
        } else {
            self.queue.push_back(job);
        }
    }

    /// Takes back new orders and replaces of which no byte was sent; each is refused for certain.
    /// One whose order is being looked up, or whose time was wrong, goes no further. Orders that
    /// can only reduce stay, and so do cancels and questions.
    pub fn withdraw(&mut self, now: UnixNanos) {
        if let Some((job, _)) = &mut self.in_flight {
            job.withdrawn = !job.may_go();
        }
        while let Some(at) = self.queue.iter().position(|job| !job.may_go()) {
            if let Some(job) = self.queue.remove(at) {
                self.refuse(now, &job, RejectReason::NeverAccepted, WITHDRAWN);
            }
        }
    }

    /// Whether a request given now would be sent at once.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.link.is_live() && self.in_flight.is_none() && self.queue.is_empty()
    }

    /// The quota as the last answer told it.
    #[must_use]
    pub const fn rate_limit(&self) -> RateLimit {
        self.rate_limit
    }

    /// The next job that may be sent; refuses on the way those that may not.
    fn next_job(&mut self, now: UnixNanos) -> Option<Job<D::Step>> {
        let limited = now < self.limited_until;
        while let Some(at) = self.queue.iter().position(Job::is_risk) {
            let reason = if self.not_authorized {
                RejectReason::NotAuthorized
            } else if limited || now < self.orders_until || self.is_reserve_only(now) {
                RejectReason::Venue
            } else {
                break;
            };
            if let Some(job) = self.queue.remove(at) {
                self.refuse(now, &job, reason, "the venue's request quota is used up");
            }
        }
        if limited {
            return None;
        }
        if self.is_reserve_only(now) {
            // The market session asks again for a book that did not come.
            self.queue
                .retain(|job| !matches!(job.request, VenueRequest::Book(_)));
        }
        let at = self.queue.iter().position(Job::is_order).unwrap_or(0);
        self.held_until = self.dialect.ready_at(now, self.queue.get(at)?);
        if self.held_until > now {
            self.last_held = self.held_until;
            self.lengthen_waits();
            return None;
        }
        self.queue.remove(at)
    }

    fn is_reserve_only(&self, now: UnixNanos) -> bool {
        let left = self.rate_limit.remaining;
        left.is_some_and(|left| left <= self.config.reserve)
            && self.rate_limit.reset.is_some_and(|reset| now < reset)
    }

    fn refuse(&mut self, now: UnixNanos, job: &Job<D::Step>, reason: RejectReason, text: &str) {
        self.events.push_back(VenueEvent::Notice(text.to_string()));
        self.events.extend(unsent(&job.request, now, reason));
    }

    fn handle_response(&mut self, now: UnixNanos, response: &Response<'_>) -> bool {
        let Some((mut job, _)) = self.in_flight.take() else {
            return false;
        };
        self.answers += 1;
        let told = self.dialect.rate_limit(now, response);
        self.rate_limit = RateLimit {
            limit: told.limit.or(self.rate_limit.limit),
            remaining: told.remaining,
            reset: told.reset.or(self.rate_limit.reset),
        };
        let read = self.dialect.read(now, &mut job, response, &mut self.events);
        match read {
            Next::Done => {}
            Next::Again if job.withdrawn && self.dialect.acts(&job) => {
                self.refuse(now, &job, RejectReason::NeverAccepted, WITHDRAWN);
            }
            Next::Again if job.hops < HOPS_MAX => {
                job.hops += 1;
                self.queue.push_front(job);
            }
            Next::Again => self.handle_outcome(now, job, Outcome::Unanswered),
            Next::Page => {
                job.give_up_at = now.plus(self.config.queue_wait_ns);
                self.queue.push_front(job);
            }
            Next::Outcome(outcome) => self.handle_outcome(now, job, outcome),
        }
        true
    }

    fn handle_outcome(&mut self, now: UnixNanos, mut job: Job<D::Step>, outcome: Outcome) {
        let subject = Subject::of(&job.request);
        match outcome {
            Outcome::Reports(reports) => {
                self.events.extend(reports.iter().map(VenueEvent::Report));
            }
            Outcome::Unanswered => self.events.extend(unanswered(&job.request, now)),
            Outcome::RateLimited { retry_at } => {
                self.limited_until = self.limited_until.max(retry_at);
                self.last_held = self.limited_until;
                self.events.push_back(VenueEvent::Limited { retry_at });
                if job.is_risk() {
                    self.events
                        .extend(unsent(&job.request, now, RejectReason::Venue));
                } else {
                    job.give_up_at = retry_at.plus(self.config.queue_wait_ns);
                    self.queue.push_front(job);
                }
                self.lengthen_waits();
            }
            Outcome::OrdersLimited { retry_at } => {
                self.orders_until = self.orders_until.max(retry_at);
                self.events.push_back(VenueEvent::Limited { retry_at });
                self.events
                    .extend(unsent(&job.request, now, RejectReason::Venue));
            }
            Outcome::Fatal => {
                if !self.not_authorized {
                    self.events
                        .push_back(VenueEvent::Fatal(Fatal::NotAuthorized));
                }
                self.not_authorized = true;
                let reason = RejectReason::NotAuthorized;
                self.events.extend(unsent(&job.request, now, reason));
            }
            Outcome::Rejected(reason) => {
                let report = subject.map(|subject| subject.rejected(now, reason));
                self.events.extend(report.map(VenueEvent::Report));
            }
            Outcome::NotFound => {
                let asked_at = job.asked_at.unwrap_or(now);
                let report = subject.map(|subject| subject.not_found(now, asked_at));
                match report {
                    Some(report) => self.events.push_back(VenueEvent::Report(report)),
                    None => self.events.extend(unanswered(&job.request, now)),
                }
            }
        }
    }

    /// Cancels and questions in the queue outlive the quota's reset.
    fn lengthen_waits(&mut self) {
        let until = self.limited_until.max(self.held_until);
        let until = until.plus(self.config.queue_wait_ns);
        for job in self.queue.iter_mut().filter(|job| !job.is_risk()) {
            job.give_up_at = job.give_up_at.max(until);
        }
    }

    /// Gives up the connection: the request in flight is unanswered.
    fn give_up(&mut self, now: UnixNanos, close: bool) {
        if close {
            self.events.push_back(VenueEvent::Close);
        }
        if let Some((job, _)) = self.in_flight.take() {
            self.events.extend(unanswered(&job.request, now));
        }
        self.reader.reset();
        if self.answers > 0 {
            self.link.handle_finished(now);
        } else {
            self.link.handle_closed(now, 0);
        }
        self.answers = 0;
    }

    fn read_responses(&mut self, now: UnixNanos, reader: &mut ResponseReader) -> bool {
        loop {
            match reader.poll_response() {
                Ok(None) => return true,
                Ok(Some(response)) => {
                    let keep_alive = response.keep_alive;
                    if !self.handle_response(now, &response) || !keep_alive {
                        return false;
                    }
                }
                Err(DecodeError::Incomplete) => return false,
                Err(DecodeError::Malformed(malformed)) => {
                    self.events.push_back(VenueEvent::Quarantined(malformed));
                    return false;
                }
            }
        }
    }

    fn with_reader(&mut self, now: UnixNanos, feed: impl FnOnce(&mut ResponseReader)) -> bool {
        let mut reader = core::mem::replace(&mut self.reader, ResponseReader::new(BODY_MAX));
        feed(&mut reader);
        let usable = self.read_responses(now, &mut reader);
        self.reader = reader;
        usable
    }
}

impl<D: RestDialect> Session for RequestSession<D> {
    fn handle_connected(&mut self, now: UnixNanos) {
        self.reader.reset();
        self.link.handle_connected(now);
        self.link.handle_live(now);
    }

    fn handle_disconnected(&mut self, now: UnixNanos) {
        self.with_reader(now, ResponseReader::handle_close);
        self.give_up(now, false);
    }

    fn handle_input(&mut self, now: UnixNanos, bytes: &[u8]) {
        if !self.with_reader(now, |reader| reader.handle_input(bytes)) {
            self.give_up(now, true);
        }
    }

    fn handle_pong(&mut self, _now: UnixNanos) {}

    fn handle_timeout(&mut self, now: UnixNanos) {
        if self.limited_until <= now {
            self.limited_until = UnixNanos::MIN;
        }
        if self.held_until <= now {
            self.held_until = UnixNanos::MIN;
        }
        if self.in_flight.as_ref().is_some_and(|(_, due)| *due <= now) {
            self.give_up(now, true);
        }
        while let Some(at) = self.queue.iter().position(|job| job.give_up_at <= now) {
            if let Some(job) = self.queue.remove(at) {
                let reason = RejectReason::NeverAccepted;
                self.refuse(now, &job, reason, "the request waited too long to be sent");
            }
        }
        match self.link.poll_wish(now) {
            Wish::Open => self.events.push_back(VenueEvent::Open),
            Wish::Close => {
                let told = self.link.tell_close("connection for requests");
                self.events.push_back(VenueEvent::Notice(told));
                self.give_up(now, true);
            }
            Wish::Ping | Wish::Nothing => {}
        }
    }

    fn poll_transmit(&mut self, now: UnixNanos) -> Option<Transmit<'_>> {
        if !self.link.is_live() || self.in_flight.is_some() {
            return None;
        }
        while let Some(mut job) = self.next_job(now) {
            self.out.clear();
            match self.dialect.encode(now, &job, &mut self.out) {
                Ok(()) => {
                    job.asked_at = job.asked_at.or(Some(now));
                    let due = now.plus(self.config.answer_timeout_ns);
                    self.in_flight = Some((job, due));
                    return Some(Transmit::Bytes(&self.out));
                }
                Err(refusal) => self.refuse(now, &job, refusal.reason, refusal.text),
            }
        }
        None
    }

    fn poll_event(&mut self) -> Option<VenueEvent> {
        self.events.pop_front()
    }

    fn poll_timeout(&self) -> UnixNanos {
        let answer = self.in_flight.as_ref().map(|(_, due)| *due);
        let queued = self.queue.iter().map(|job| job.give_up_at).min();
        let held = self.limited_until.max(self.held_until);
        let waiting = !self.queue.is_empty() && held > UnixNanos::MIN;
        let limited = waiting.then_some(held);
        [answer, queued, limited.filter(|_| self.in_flight.is_none())]
            .into_iter()
            .flatten()
            .fold(self.link.poll_timeout(), UnixNanos::min)
    }
}

impl<D: RestDialect> Requests for RequestSession<D> {
    fn last_held(&self) -> UnixNanos {
        self.last_held
    }

    fn limits(&self) -> Limits {
        Limits {
            all_until: self.limited_until,
            orders_until: self.orders_until,
        }
    }

    fn hold(&mut self, limits: Limits) {
        self.orders_until = self.orders_until.max(limits.orders_until);
        if limits.all_until > self.limited_until {
            self.limited_until = limits.all_until;
            self.last_held = self.last_held.max(limits.all_until);
            self.lengthen_waits();
        }
    }

    fn handle_request(&mut self, now: UnixNanos, request: VenueRequest) {
        Self::handle_request(self, now, request);
    }

    fn withdraw(&mut self, now: UnixNanos) {
        Self::withdraw(self, now);
    }
}
