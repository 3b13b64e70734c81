//! What a strategy asked for in one callback, in the order it asked.

use alloc::vec::Vec;
use py_rt_types::{ClientOrderId, InstrumentId, NewOrder, Price, Qty, RejectReason, UnixNanos};

use super::StrategyId;
use crate::execution::parents::ParentRequest;

/// One wish of a strategy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Intent {
    /// A new order.
    New {
        /// The order.
        order: NewOrder,
        /// The strategy's own number.
        tag: u32,
        /// Whether it works a target.
        target: bool,
    },
    /// A new order that cannot be expressed in ticks and lots.
    Invalid {
        /// What can be said of it.
        order: NewOrder,
        /// The strategy's own number.
        tag: u32,
        /// Why.
        reason: RejectReason,
    },
    /// The end of an order.
    Cancel {
        /// Which.
        id: ClientOrderId,
    },
    /// The end of all orders.
    CancelAll {
        /// Of one instrument only.
        instrument: Option<InstrumentId>,
    },
    /// Other terms for an order.
    Replace {
        /// Which.
        id: ClientOrderId,
        /// New total quantity.
        order_qty: Option<Qty>,
        /// New limit price.
        limit_price: Option<Price>,
    },
    /// A position to work towards.
    Target {
        /// Of which instrument.
        instrument: InstrumentId,
        /// Signed quantity.
        qty: Qty,
    },
    /// A timer.
    Timer {
        /// Its number.
        timer: u32,
        /// When first.
        at: UnixNanos,
        /// How often after that; 0 for never.
        every_ns: i64,
    },
    /// A published signal.
    Signal {
        /// Of which instrument.
        instrument: InstrumentId,
        /// Its value.
        value: f64,
        /// 0 to 1.
        confidence: f64,
    },
    /// A parent order; its terms wait beside the queue.
    Execute {
        /// Which.
        id: ClientOrderId,
    },
    /// The strategy cannot go on.
    Fail,
    /// What follows is asked by this one of several strategies.
    As(StrategyId),
}

/// The queue of intents and the counter of order ids.
#[derive(Debug, Clone)]
pub(crate) struct Intents {
    queue: Vec<Intent>,
    /// Parent orders that were asked for and are not handled yet.
    parents: Vec<(ClientOrderId, ParentRequest)>,
    /// Which strategy is called, and asks.
    pub(crate) strategy: StrategyId,
    next_sequence: u64,
    /// Ids that another life of this run may have given, from and to: an order of ours that bears
    /// one was never in these books, and may be adopted.
    gaps: Vec<(u64, u64)>,
}

impl Intents {
    pub(crate) fn new() -> Self {
        Self {
            queue: Vec::with_capacity(64),
            parents: Vec::new(),
            strategy: StrategyId::ACCOUNT,
            next_sequence: 1,
            gaps: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, intent: Intent) {
        self.queue.push(intent);
    }

    pub(crate) fn push_parent(&mut self, id: ClientOrderId, request: ParentRequest) {
        self.parents.push((id, request));
        self.queue.push(Intent::Execute { id });
    }

    /// The terms of a parent order that was asked for.
    pub(crate) fn take_parent(&mut self, id: ClientOrderId) -> Option<ParentRequest> {
        let place = self.parents.iter().position(|(asked, _)| *asked == id)?;
        Some(self.parents.swap_remove(place).1)
    }

    /// Parent orders that were asked for and are not handled yet.
    pub(crate) fn requested_parents(
        &self,
    ) -> impl Iterator<Item = &(ClientOrderId, ParentRequest)> {
        self.parents.iter()
    }

    pub(crate) const fn reserve_id(&mut self) -> ClientOrderId {
        let id = ClientOrderId::new(self.next_sequence);
        self.next_sequence += 1;
        id
    }

    pub(crate) const fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// Ids below `sequence` are never given again; these books have seen them all.
    pub(crate) fn skip_to(&mut self, sequence: u64) {
        self.next_sequence = self.next_sequence.max(sequence);
    }

    /// Ids below `sequence` are never given again; those that were not given here may be in use.
    pub(crate) fn leave_gap_to(&mut self, sequence: u64) {
        if sequence > self.next_sequence {
            self.gaps.push((self.next_sequence, sequence));
            self.next_sequence = sequence;
        }
    }

    /// Whether an order with this id, unknown here, can be one that these books never knew. Else
    /// it is one that was closed and forgotten, and what it executed is booked already.
    pub(crate) fn may_adopt(&self, sequence: u64) -> bool {
        let in_gap = |gap: &(u64, u64)| gap.0 <= sequence && sequence < gap.1;
        sequence >= self.next_sequence || self.gaps.iter().any(in_gap)
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// The target, when nothing else was asked for by the one that has the account to itself.
    #[inline]
    pub(crate) fn only_target(&self) -> Option<(InstrumentId, Qty)> {
        match self.queue.as_slice() {
            [Intent::Target { instrument, qty }] => Some((*instrument, *qty)),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn clear(&mut self) {
        self.queue.clear();
    }

    /// Takes the queue out, to be given back by [`Intents::restore`] so that nothing is allocated.
    pub(crate) fn take(&mut self) -> Vec<Intent> {
        core::mem::take(&mut self.queue)
    }

    /// Gives an emptied queue back; what was asked meanwhile stays.
    pub(crate) fn restore(&mut self, mut emptied: Vec<Intent>) {
        emptied.clear();
        emptied.append(&mut self.queue);
        self.queue = emptied;
    }

    /// Lets one of several strategies ask from here on; returns who asked before.
    pub(crate) fn lend_to(&mut self, strategy: StrategyId) -> StrategyId {
        self.queue.push(Intent::As(strategy));
        core::mem::replace(&mut self.strategy, strategy)
    }

    /// The end of [`Intents::lend_to`].
    pub(crate) fn give_back(&mut self, before: StrategyId) {
        if let Some(Intent::As(_)) = self.queue.last() {
            self.queue.pop();
        }
        self.strategy = before;
    }

    /// Orders that the strategy which is called asked for so far.
    pub(crate) fn requested(&self) -> impl Iterator<Item = &NewOrder> {
        let mut asks = StrategyId::ACCOUNT;
        self.queue.iter().filter_map(move |intent| match intent {
            Intent::As(strategy) => {
                asks = *strategy;
                None
            }
            Intent::New { order, .. } if asks == self.strategy => Some(order),
            _ => None,
        })
    }
}
