//! The request connection of any venue: one request in flight, the rest in a bounded queue.
//!
//! - [`VenueRequest`]: what a venue may be asked. [`RestDialect`]: how one venue writes it and
//!   reads the answer.
//! - [`RequestSession`]: the rules of asking, once for all venues.
//! - [`Outcome`], [`Subject`]: what an answer means for the order that was asked about.

pub(crate) mod clock;
pub(crate) mod executions;
pub(crate) mod lists;
mod order;
mod outcome;
mod queue;
mod session;
mod subject;
pub(crate) mod terms;

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt::Debug;

use py_rt_types::{
    CancelOrder, InstrumentId, NewOrder, Query, RejectReason, ReplaceOrder, UnixNanos,
};

use crate::http::Response;
use crate::session::{RateLimit, Session, VenueEvent};

pub use executions::{Trade, TradesPage};
pub use order::Order;
pub(crate) use outcome::retry_after;
pub use outcome::{Outcome, Reports};
pub use queue::{Job, RestConfig};
pub use session::RequestSession;
pub use subject::{Call, Subject};

/// Something to ask of a venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VenueRequest {
    /// A new order.
    New(NewOrder),
    /// Another quantity or price.
    Replace(ReplaceOrder),
    /// The end of an order.
    Cancel(CancelOrder),
    /// A question.
    Query(Query),
    /// The venue's clock.
    Clock,
    /// What the venue says about an instrument.
    Asset(InstrumentId),
    /// The whole book of an instrument, where changes of it come by another road.
    Book(InstrumentId),
    /// A word that opens the account's stream, where the key itself does not.
    Token,
}

/// Why an order is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The reason for the kernel.
    pub reason: RejectReason,
    /// What is wrong and what to do, in one line.
    pub text: &'static str,
}

/// What comes after an answer was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "lives on the stack for one call")]
pub enum Next {
    /// Nothing: everything that it says is among the events.
    Done,
    /// The same job once more, at the step that it now stands at; so often and no more.
    Again,
    /// The same job once more, for the next page: as long as there are pages.
    Page,
    /// This, about the order or the question.
    Outcome(Outcome),
}

/// How a venue writes requests and reads answers.
pub trait RestDialect: Debug {
    /// Which of its steps a job is at; the default is the first.
    type Step: Clone + Debug + Default;

    /// Appends the request of a job's step.
    ///
    /// # Errors
    /// [`Refusal`] when the venue cannot do it at all; nothing is sent then.
    fn encode(
        &mut self,
        now: UnixNanos,
        job: &Job<Self::Step>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal>;

    /// Reads the answer to a job's step, and moves the job to its next one where there is one.
    fn read(
        &mut self,
        now: UnixNanos,
        job: &mut Job<Self::Step>,
        response: &Response<'_>,
        events: &mut VecDeque<VenueEvent>,
    ) -> Next;

    /// Whether the step at which a job stands still acts. One that only asks what came of a step
    /// before it leaves whatever was restricted meanwhile.
    fn acts(&self, _job: &Job<Self::Step>) -> bool {
        true
    }

    /// The quota as an answer tells it.
    fn rate_limit(&self, now: UnixNanos, response: &Response<'_>) -> RateLimit;

    /// From when on a question may be sent, where the venue counts questions and tells nobody. New
    /// orders never wait: what cannot be sent now is refused.
    fn ready_at(&self, _now: UnixNanos, _job: &Job<Self::Step>) -> UnixNanos {
        UnixNanos::MIN
    }
}

/// A request connection of any venue.
pub trait Requests: Session {
    /// Takes a request; what comes of it comes out of `poll_event`, always.
    fn handle_request(&mut self, now: UnixNanos, request: VenueRequest);

    /// Takes back new orders and replaces of which no byte was sent; each is refused for certain.
    /// Orders that can only reduce stay, and so do cancels and questions.
    fn withdraw(&mut self, now: UnixNanos);

    /// Until when something was last kept back, by the venue's limits or by our count of them.
    fn last_held(&self) -> UnixNanos;

    /// Until when the venue takes nothing, and no new orders, as it has said.
    fn limits(&self) -> Limits;

    /// Takes over what the venue has said on another connection, where all count together.
    fn hold(&mut self, limits: Limits);
}

/// Until when a venue takes nothing, by its own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// No requests at all.
    pub all_until: UnixNanos,
    /// No new orders.
    pub orders_until: UnixNanos,
}
