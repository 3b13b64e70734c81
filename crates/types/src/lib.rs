//! The nouns of py_rt.
//!
//! What it is: plain values that every room shares. Time in integer nanoseconds, prices in ticks,
//! quantities in lots, money as a checked 128-bit integer, instruments, market events, orders,
//! commands and reports. What it is not: it reads no clock, opens nothing, allocates only for
//! names, and holds no float in any value that decides about money.
//!
//! - [`time`]: `UnixNanos`, the only clock value.
//! - [`number`]: `Price`, `Qty`, `Money` and their checked arithmetic.
//! - [`decimal`]: exact decimal text in and out. [`ratio`]: rates, exact.
//! - [`instrument`]: what is traded, with its tick, lot and rules.
//! - [`market`]: market events and bars, laid out as the arrays that Python holds.
//! - [`order`]: sides, order types, states after FIX, ids.
//! - [`command`]: please do. [`report`]: the venue said.
//! - [`error`]: what can be wrong with a number or an instrument.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod command;
pub mod decimal;
pub mod error;
pub mod instrument;
pub mod market;
pub mod number;
pub mod order;
pub mod ratio;
pub mod report;
pub mod time;

pub use command::{CancelOrder, NewOrder, Query, ReplaceOrder};
pub use decimal::Decimal;
pub use error::TypeError;
pub use instrument::{AssetClass, Instrument, InstrumentId, InstrumentSpec, OrderTick};
pub use market::{Bar, EventKind, MarketEvent, END, GAP};
pub use number::{Money, Price, Qty};
pub use order::{
    ClientOrderId, ExecId, Liquidity, OrderStatus, OrderType, RejectReason, Side, TimeInForce,
    VenueOrderId,
};
pub use ratio::Ratio;
pub use report::{AccountReport, FeeAsset, Report, ReportKind};
pub use time::UnixNanos;
