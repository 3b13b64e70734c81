//! IEX DEEP (price levels) and DEEP+ (single orders), as in the venue's packet captures.
//!
//! - [`message`]: one message's bytes to a value.
//! - [`rows`]: messages to market rows, and whole captures.
//!
//! Source: IEX DEEP specification 1.08; IEX DEEP+ specification 1.02; IEX-TP 1.25. Prices have four
//! decimals, times are ns UTC.

pub mod message;
pub mod rows;

#[cfg(test)]
mod tests;

pub use message::IexMessage;
pub use rows::{is_iex, IexCounts, IexFile};
