//! What goes into a matching engine and what comes out, laid out as the arrays Python holds.

use py_rt_types::{Price, Qty, UnixNanos};

/// Bit of [`EngineCommand::flags`]: never take; reject instead.
pub const POST_ONLY: u8 = 1;
/// Bit of [`EngineCommand::flags`]: never open or turn the owner's position.
pub const REDUCE_ONLY: u8 = 2;

/// What a command asks for, as [`EngineCommand::op`].
pub mod op {
    /// A new order.
    pub const NEW: u8 = 0;
    /// Cancel what is open of an order.
    pub const CANCEL: u8 = 1;
    /// Change price and total quantity of an order.
    pub const REPLACE: u8 = 2;
    /// Trade continuously from now on.
    pub const CONTINUOUS: u8 = 3;
    /// Collect orders for an auction from now on.
    pub const AUCTION: u8 = 4;
    /// Take nothing but cancels from now on.
    pub const HALT: u8 = 5;
    /// End the auction: one price; `price` is the reference, 0 for none.
    pub const UNCROSS: u8 = 6;
    /// End the day: what is for the day is canceled.
    pub const CLOSE: u8 = 7;
    /// Take limits from `price` to `stop_price` only, both included; 0 and 0 for any.
    pub const BAND: u8 = 8;
    /// Take multiples of `price` ticks and of `qty` lots only; 1 and 1 for any.
    pub const STEPS: u8 = 9;
}

/// How an order is priced, as [`EngineCommand::order_type`].
pub mod order_type {
    /// At its price or better.
    pub const LIMIT: u8 = 0;
    /// At whatever is there.
    pub const MARKET: u8 = 1;
    /// A market order once the last trade has reached its stop price.
    pub const STOP: u8 = 2;
    /// A limit order once the last trade has reached its stop price.
    pub const STOP_LIMIT: u8 = 3;
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
    /// In this auction only.
    pub const AUCTION: u8 = 4;
}

/// One command, in NumPy's aligned layout of the fields in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct EngineCommand {
    /// One of [`op`].
    pub op: u8,
    /// The order it is about.
    pub order_id: u64,
    /// Whose order it is, for self-trade prevention and positions.
    pub owner: u32,
    /// +1 buy, -1 sell; not read for cancel and replace.
    pub side: i8,
    /// One of [`order_type`]; not read for cancel and replace.
    pub order_type: u8,
    /// One of [`tif`]; not read for cancel and replace.
    pub tif: u8,
    /// [`POST_ONLY`], [`REDUCE_ONLY`].
    pub flags: u8,
    /// Limit price in ticks; not read for market orders.
    pub price: Price,
    /// Quantity in lots; of a replace, the new total (FIX OrderQty).
    pub qty: Qty,
    /// When; echoed in the reports and never compared.
    pub ts: UnixNanos,
    /// Of a stop order, the last trade's price that elects it, in ticks; else 0.
    pub stop_price: Price,
    /// How much of a resting order is shown at once, in lots; 0 for all (FIX DisplayQty).
    pub display_qty: Qty,
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
    /// The last trade has reached the stop price; what becomes of the order follows.
    Triggered = 5,
    /// A command about the market was taken; of an uncross price, volume and imbalance.
    Status = 6,
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
    /// An operation, side, type, time in force or flag outside its list, or not to go together.
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
    /// An auction takes no order that must trade at once; nothing else is for an auction.
    Auction = 11,
    /// The price lies outside of the band.
    PriceBand = 12,
    /// The day is over.
    Expired = 13,
    /// It would not reduce its owner's position.
    ReduceOnly = 14,
    /// The shown quantity is negative, or less than one in [`PARTS_MAX`] of the order.
    BadDisplay = 15,
    /// The price is not a multiple of the price step.
    Tick = 16,
    /// The quantity is not a multiple of the quantity step.
    Lot = 17,
    /// The market cannot do this now.
    Phase = 18,
}

/// Shown parts an order may consist of, so that no order makes more trades than this.
pub const PARTS_MAX: i64 = 100;

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

const _: () = assert!(core::mem::size_of::<EngineCommand>() == 64);
const _: () = assert!(core::mem::size_of::<EngineReport>() == 64);
