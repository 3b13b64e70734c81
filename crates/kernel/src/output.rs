//! Outputs: what a driver has to do after an input.

use alloc::vec::Vec;
use py_rt_types::{CancelOrder, InstrumentId, NewOrder, Price, Query, ReplaceOrder, UnixNanos};

use crate::event::{Denial, Event, OrderEvent};
use crate::execution::Order;
use crate::hash::OrderHash;
use crate::journal::Decision;
use crate::risk::Approved;

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(
    clippy::large_enum_variant,
    reason = "copied within a queue that never allocates"
)]
pub enum Output {
    /// Send this to the venue, after it is in the journal.
    Send(Request),
    /// Tell those who watch.
    Emit(Event),
}

/// Something for the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// A new order.
    New(Approved<NewOrder>),
    /// Other terms for an order.
    Replace(Approved<ReplaceOrder>),
    /// The end of an order; needs no approval.
    Cancel(CancelOrder),
    /// A question; needs no approval.
    Query(Query),
}

impl Request {
    /// The instrument that it is about, and with it the venue; none of a question about everything.
    #[inline]
    #[must_use]
    pub const fn instrument(&self) -> Option<InstrumentId> {
        match self {
            Self::New(approved) => Some(approved.order().instrument),
            Self::Replace(approved) => Some(approved.order().instrument),
            Self::Cancel(cancel) => Some(cancel.instrument),
            Self::Query(Query::Order { instrument, .. }) => Some(*instrument),
            Self::Query(_) => None,
        }
    }
}

/// Outputs that wait to be polled, and the hash over every decision so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox {
    queue: Vec<Output>,
    /// How many of the queue were polled.
    polled: usize,
    hash: DecisionHash,
}

impl Outbox {
    #[inline]
    pub(crate) fn poll(&mut self) -> Option<Output> {
        let output = self.queue.get(self.polled).copied();
        self.polled += 1;
        if self.polled >= self.queue.len() {
            self.clear();
        }
        output
    }

    /// What waits to be polled, in order.
    #[inline]
    pub(crate) fn waiting(&self) -> &[Output] {
        self.queue.get(self.polled..).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn clear(&mut self) {
        self.queue.clear();
        self.polled = 0;
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    #[inline]
    pub(crate) fn emit(&mut self, event: Event) {
        self.queue.push(Output::Emit(event));
    }

    /// Tells how an order stands.
    #[inline]
    pub(crate) fn emit_order(&mut self, now: UnixNanos, order: &Order, denial: Option<Denial>) {
        // Made in its place, and not copied there: an order is large.
        self.queue.extend(core::iter::once_with(|| {
            Output::Emit(Event::Order(OrderEvent {
                ts_recv: now,
                order: *order,
                denial,
            }))
        }));
    }

    pub(crate) fn send(&mut self, now: UnixNanos, request: Request) {
        self.absorb(now, &request);
        self.queue.push(Output::Send(request));
    }

    pub(crate) const fn order_hash(&self) -> u128 {
        self.hash.finish()
    }

    pub(crate) const fn decisions(&self) -> u64 {
        self.hash.decisions()
    }

    /// Orders, replaces and cancels enter the hash, with their time; questions do not.
    fn absorb(&mut self, now: UnixNanos, request: &Request) {
        let words = match request {
            Request::New(approved) => words_of_new(approved.order()),
            Request::Replace(approved) => words_of_replace(approved.order()),
            Request::Cancel(order) => words_of_cancel(order),
            Request::Query(_) => return,
        };
        self.hash.take(now, &words);
    }
}

const NO_PRICE: u64 = u64::MAX;

fn price(price: Option<Price>) -> u64 {
    price.map_or(NO_PRICE, |price| price.0 as u64)
}

fn words_of_new(o: &NewOrder) -> [u64; 6] {
    let flags = u64::from(o.post_only) | u64::from(o.reduce_only) << 1;
    let kind = (o.order_type as u64) << 8 | (o.tif as u64) << 16 | flags << 24;
    let side = (o.side.sign() as u64) << 32;
    let id = o.client_order_id.sequence;
    let (instrument, qty) = (u64::from(o.instrument.0), o.order_qty.0 as u64);
    let (limit, stop) = (price(o.limit_price), price(o.stop_price));
    [1 | kind | side, id, instrument, qty, limit, stop]
}

fn words_of_replace(o: &ReplaceOrder) -> [u64; 6] {
    let (id, qty) = (o.client_order_id, o.order_qty.0 as u64);
    let (revision, instrument) = (u64::from(id.revision), u64::from(o.instrument.0));
    let limit = price(o.limit_price);
    [2, id.sequence, revision, instrument, qty, limit]
}

fn words_of_cancel(o: &CancelOrder) -> [u64; 6] {
    let id = o.client_order_id.sequence;
    [3, id, 0, u64::from(o.instrument.0), 0, 0]
}

/// The order hash over decisions as they stand in a journal: what [`Kernel::order_hash`] comes to.
///
/// [`Kernel::order_hash`]: crate::kernel::Kernel::order_hash
#[derive(Debug, Clone, Copy, Default)]
pub struct DecisionHash {
    hash: OrderHash,
    decisions: u64,
}

impl DecisionHash {
    /// Takes a decision that the kernel made at `now`; questions are not among them.
    pub fn absorb(&mut self, now: UnixNanos, decision: &Decision) {
        let words = match decision {
            Decision::New(order) => words_of_new(order),
            Decision::Replace(order) => words_of_replace(order),
            Decision::Cancel(order) => words_of_cancel(order),
            Decision::Query(_) => return,
        };
        self.take(now, &words);
    }

    fn take(&mut self, now: UnixNanos, words: &[u64; 6]) {
        self.decisions += 1;
        self.hash.write(now.0 as u64);
        words.iter().for_each(|&word| self.hash.write(word));
    }

    /// How many there were.
    #[must_use]
    pub const fn decisions(&self) -> u64 {
        self.decisions
    }

    /// The hash so far.
    #[must_use]
    pub const fn finish(&self) -> u128 {
        self.hash.finish()
    }
}
