//! LOBSTER: NASDAQ order flow of one symbol and day, with the book after each message.
//!
//! - [`message`]: the message file, line by line.
//! - [`row`]: the book file, line by line.
//! - [`ledger`]: the orders behind each level, and what is known of their future.
//! - [`session`]: both files together; the book that comes out equals the book file row by row.
//!
//! Source: LOBSTER sample files' ReadMe, version 01 Sept 2013; lobsterdata.com, "output".

pub mod ledger;
pub mod message;
pub mod row;
pub mod session;

#[cfg(test)]
mod tests;

pub use message::{LobsterKind, LobsterMessage, LobsterMessages};
pub use session::LobsterSession;
