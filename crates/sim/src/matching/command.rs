//! What goes into a matching engine and what comes out, laid out as the arrays Python holds.

use py_rt_types::{Price, Qty, UnixNanos};

/// Bit of [`EngineCommand::flags`]: never take; reject instead.
pub const POST_ONLY: u8 = 1;

/// What a command asks for, as [`EngineCommand::op`].
pub mod op {
    /// A new order.
    pub const NEW: u8 = 0;
    /// Cancel what is open of an order.
    pub const CANCEL: u8 = 1;
    /// Change price and total quantity of an order.
    pub const REPLACE: u8 = 2;
}

/// How an order is priced, as [`EngineCommand::order_type`].
pub mod order_type {
    /// At its price or better.
    pub const LIMIT: u8 = 0;
    /// At whatever is there.
    pub const MARKET: u8 = 1;
}

/// How long an order stays, as [`EngineCommand::tif`].
pub mod tif {
    /// Until it is canceled.
    pub const GTC: u8 = 0;
    /// What does not trade at once is canceled.
    pub const IOC: u8 = 1;
    /// All at once or nothing.
    pub const FOK: u8 = 2;
    /// Until the end of the day.
    pub const DAY: u8 = 3;
}

/// One command, in NumPy's aligned layout of the fields in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct EngineCommand {
    /// One of [`op`].
    pub op: u8,
    /// The order it is about.
    pub order_id: u64,
    /// Whose order it is, for self-trade prevention.
    pub owner: u32,
    /// +1 buy, -1 sell; not read for cancel and replace.
    pub side: i8,
    /// One of [`order_type`]; not read for cancel and replace.
    pub order_type: u8,
    /// One of [`tif`]; not read for cancel and replace.
    pub tif: u8,
    /// [`POST_ONLY`].
    pub flags: u8,
    /// Limit price in ticks; not read for market orders.
    pub price: Price,
    /// Quantity in lots; of a replace, the new total (FIX OrderQty).
    pub qty: Qty,
    /// When; echoed in the reports and never compared.
    pub ts: UnixNanos,
}

/// What a report says, as its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum EngineReportKind {
    /// A new order was taken in; what becomes of it follows.
    Accepted = 0,
    /// Nothing changed; the reason says why.
    Rejected = 1,
    /// `qty` traded at the resting order's price.
    Trade = 2,
    /// `qty` that was open is open no more.
    Canceled = 3,
    /// The order has a new price or quantity.
    Replaced = 4,
}

/// Why a report came, as its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// As asked for.
    None = 0,
    /// No such order is open.
    UnknownOrder = 1,
    /// An order with this id is open.
    DuplicateId = 2,
    /// The quantity is not positive, or more than can be held.
    BadQty = 3,
    /// The price is not positive, or more than can be held.
    BadPrice = 4,
    /// An operation, side, type, time in force or flag outside its list.
    Malformed = 5,
    /// It would have traded at once.
    PostOnly = 6,
    /// Not all of it could trade at once.
    FillOrKill = 7,
    /// What did not trade at once does not stay.
    Immediate = 8,
    /// It would have traded with its own owner.
    SelfTrade = 9,
    /// Trading is halted.
    Halted = 10,
    /// An auction takes only limit orders that stay.
    Auction = 11,
    /// The price lies outside of the band.
    PriceBand = 12,
    /// The day is over.
    Expired = 13,
}

/// One report, in NumPy's aligned layout of the fields in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct EngineReport {
    /// One of [`EngineReportKind`].
    pub kind: u8,
    /// The order it is about; in a trade the taker's.
    pub order_id: u64,
    /// In a trade the resting order's id, else 0.
    pub maker_order_id: u64,
    /// Price in ticks; in a trade the resting order's.
    pub price: Price,
    /// The quantity the report is about, in lots.
    pub qty: Qty,
    /// What is open of `order_id` afterwards, in lots.
    pub leaves_qty: Qty,
    /// One of [`Reason`].
    pub reason: u8,
    /// The command's time.
    pub ts: UnixNanos,
}

const _: () = assert!(core::mem::size_of::<EngineCommand>() == 48);
const _: () = assert!(core::mem::size_of::<EngineReport>() == 64);
