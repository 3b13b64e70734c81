//! Reports: what a venue said about our orders and our account.

use crate::{
    ClientOrderId, ExecId, InstrumentId, Liquidity, Money, OrderStatus, OrderType, Price, Qty,
    RejectReason, Side, TimeInForce, UnixNanos, VenueOrderId,
};

/// What a venue said about one order (FIX `ExecutionReport` and `OrderCancelReject`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// When the venue says it happened.
    pub ts_event: UnixNanos,
    /// Our id, or [`ClientOrderId::FOREIGN`].
    pub client_order_id: ClientOrderId,
    /// The venue's id, 0 when it did not say.
    pub venue_order_id: VenueOrderId,
    /// Its instrument.
    pub instrument: InstrumentId,
    /// Its side.
    pub side: Side,
    /// What happened.
    pub kind: ReportKind,
}

/// What a fee is an amount of, in units of 1e-18.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FeeAsset {
    /// The instrument's currency.
    #[default]
    Quote,
    /// What is traded itself, such as the coins that a buyer gets.
    Base,
}

impl FeeAsset {
    /// A stable word for tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quote => "quote",
            Self::Base => "base",
        }
    }
}

/// What happened to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// The venue has it.
    Accepted,
    /// Part or all of it was executed.
    Fill {
        /// The venue's id of the execution.
        exec_id: ExecId,
        /// Quantity of this execution.
        last_qty: Qty,
        /// Price of this execution.
        last_price: Price,
        /// Total executed after it: with the order, the key of the execution.
        cum_qty: Qty,
        /// Fee; negative is a rebate.
        fee: Money,
        /// What the fee is an amount of.
        fee_asset: FeeAsset,
        /// Added or took liquidity.
        liquidity: Liquidity,
    },
    /// Ended by a cancel, ours or not.
    Canceled {
        /// Total executed.
        cum_qty: Qty,
    },
    /// Ended by its time in force.
    Expired {
        /// Total executed.
        cum_qty: Qty,
    },
    /// Done until the next session.
    DoneForDay {
        /// Total executed.
        cum_qty: Qty,
    },
    /// Refused, also after it was accepted.
    Rejected {
        /// Why.
        reason: RejectReason,
    },
    /// Replaced: it goes on under this id with these terms.
    Replaced {
        /// New total quantity.
        order_qty: Qty,
        /// New limit price.
        limit_price: Option<Price>,
    },
    /// The cancel is being worked on.
    PendingCancel,
    /// The replace is being worked on.
    PendingReplace,
    /// The cancel was refused; the order stands.
    CancelRejected {
        /// Why.
        reason: RejectReason,
    },
    /// The replace was refused; the order stands as it was.
    ReplaceRejected {
        /// Why.
        reason: RejectReason,
    },
    /// How the order stands at the venue: the answer to a query.
    Snapshot {
        /// State.
        status: OrderStatus,
        /// Total quantity.
        order_qty: Qty,
        /// Total executed.
        cum_qty: Qty,
        /// Type.
        order_type: OrderType,
        /// Time in force.
        tif: TimeInForce,
        /// Limit price, if any.
        limit_price: Option<Price>,
    },
    /// The venue says that it has no such order, as of now.
    NotFound,
    /// A new order got no definite answer: time-out, 5xx, connection lost.
    NewUnanswered,
    /// A cancel got no definite answer.
    CancelUnanswered,
    /// A replace got no definite answer.
    ReplaceUnanswered,
    /// A query got no definite answer.
    QueryUnanswered,
}

/// What a venue said about the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountReport {
    /// A position as the venue holds it.
    Position {
        /// Its instrument.
        instrument: InstrumentId,
        /// Signed quantity in lots.
        qty: Qty,
        /// What was paid for it, signed as the quantity.
        cost: Money,
    },
    /// Cash as the venue holds it.
    Cash(Money),
    /// All answers to the query were given.
    Done(crate::Query),
    /// The query failed; it must be asked again.
    Failed(crate::Query),
}
