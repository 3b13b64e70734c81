//! NASDAQ TotalView-ITCH 5.0.
//!
//! - [`message`]: every message type as a value.
//! - [`rows`]: messages to market rows; keeps the resting orders of the symbols that are wanted.
//! - [`file`]: whole recordings: length-prefixed, SoupBinTCP, or MoldUDP64 in a packet capture.
//!
//! Source: Nasdaq TotalView-ITCH 5.0 specification, sections 1.1 to 1.8; BinaryFILE 1.0;
//! SoupBinTCP 4.00; MoldUDP64 1.00.

pub mod file;
pub mod message;
pub mod rows;

#[cfg(test)]
mod tests;

pub use file::{ItchFile, ItchFraming};
pub use message::Message;
pub use rows::{ItchCounts, ItchRows};
