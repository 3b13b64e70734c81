//! Orders: sides, types, states after FIX, ids.

use core::fmt;

/// Buy or sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i8)]
pub enum Side {
    /// Buy; the bid side of a book.
    Buy = 1,
    /// Sell; the ask side of a book.
    Sell = -1,
}

impl Side {
    /// +1 or -1.
    #[inline]
    #[must_use]
    pub const fn sign(self) -> i64 {
        self as i64
    }

    /// The other side.
    #[inline]
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }
}

/// How the price of an order is made (FIX `OrdType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OrderType {
    /// At the market, for what is shown.
    #[default]
    Market,
    /// At the limit price or better.
    Limit,
    /// Becomes a market order when a trade reaches the stop price.
    Stop,
}

/// How long an order lives (FIX `TimeInForce`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TimeInForce {
    /// Until the end of the session.
    #[default]
    Day,
    /// Until cancelled.
    Gtc,
    /// What fills at once; the rest is cancelled.
    Ioc,
    /// All at once or nothing.
    Fok,
}

/// State of an order: FIX `OrdStatus` and `Unknown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum OrderStatus {
    /// Sent, not answered yet.
    #[default]
    PendingNew,
    /// Working at the venue.
    New,
    /// Working, part of it filled.
    PartiallyFilled,
    /// A replace was sent, not answered yet.
    PendingReplace,
    /// A cancel was sent, not answered yet.
    PendingCancel,
    /// Sent and not answered in time: the venue may or may not have it.
    Unknown,
    /// Completely filled.
    Filled,
    /// Done until the next session.
    DoneForDay,
    /// Cancelled.
    Canceled,
    /// Refused, by us or by the venue.
    Rejected,
    /// Its time in force ended.
    Expired,
}

impl OrderStatus {
    /// Whether nothing more is expected of the order.
    #[inline]
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Filled | Self::DoneForDay | Self::Canceled | Self::Rejected | Self::Expired
        )
    }

    /// The FIX name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PendingNew => "PendingNew",
            Self::New => "New",
            Self::PartiallyFilled => "PartiallyFilled",
            Self::PendingReplace => "PendingReplace",
            Self::PendingCancel => "PendingCancel",
            Self::Unknown => "Unknown",
            Self::Filled => "Filled",
            Self::DoneForDay => "DoneForDay",
            Self::Canceled => "Canceled",
            Self::Rejected => "Rejected",
            Self::Expired => "Expired",
        }
    }
}

/// Whether a fill added or took liquidity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Liquidity {
    /// Rested in the book.
    Maker,
    /// Crossed the book.
    #[default]
    Taker,
}

/// Our id of an order: its number in the run's lineage and how often it was replaced.
///
/// The text on the wire is `rt-<lineage>-<sequence>` with `-<revision>` behind it once replaced.
/// Sequence 0 is nobody: the order is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ClientOrderId {
    /// Number within the lineage, from 1.
    pub sequence: u64,
    /// How often the order was replaced when this id was sent.
    pub revision: u16,
}

impl ClientOrderId {
    /// An order that is not ours.
    pub const FOREIGN: Self = Self {
        sequence: 0,
        revision: 0,
    };

    /// The first id of an order.
    #[inline]
    #[must_use]
    pub const fn new(sequence: u64) -> Self {
        Self {
            sequence,
            revision: 0,
        }
    }
}

/// The venue's id of an order: a UUID or a number, as 128 bits; 0 when not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct VenueOrderId(pub u128);

/// The venue's id of an execution, as 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ExecId(pub u128);

/// Why an order, a cancel or a replace was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectReason {
    /// The venue refused it for a rule of its own.
    Venue,
    /// A post-only order would have crossed.
    WouldCross,
    /// The venue has no such order.
    UnknownOrder,
    /// The venue does not allow it in the order's state.
    TooLate,
    /// Not enough cash or holdings.
    InsufficientFunds,
    /// The price does not lie on the tick or is out of range.
    BadPrice,
    /// The quantity does not lie on the lot or is out of range.
    BadQty,
    /// The venue cannot do this order type or time in force.
    NotSupported,
    /// The client order id was used before.
    DuplicateId,
    /// Credentials or rights.
    NotAuthorized,
    /// The venue proved that the order never reached it.
    NeverAccepted,
    /// A fill-or-kill order could not be filled at once.
    NotFillable,
    /// A limit of ours; the event carries which.
    Risk,
}

impl RejectReason {
    /// A stable word for tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Venue => "venue",
            Self::WouldCross => "would_cross",
            Self::UnknownOrder => "unknown_order",
            Self::TooLate => "too_late",
            Self::InsufficientFunds => "insufficient_funds",
            Self::BadPrice => "bad_price",
            Self::BadQty => "bad_qty",
            Self::NotSupported => "not_supported",
            Self::DuplicateId => "duplicate_id",
            Self::NotAuthorized => "not_authorized",
            Self::NeverAccepted => "never_accepted",
            Self::NotFillable => "not_fillable",
            Self::Risk => "risk",
        }
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
