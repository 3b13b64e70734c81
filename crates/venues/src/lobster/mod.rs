//! LOBSTER: NASDAQ order flow of one symbol and day, with the book after each message.
//!
//! - [`message`]: the message file, line by line.
//! - [`row`]: the book file, line by line.
//! - [`line`]: the line that the book file should show next.
//! - [`ledger`]: the levels of a side, and the orders behind each.
//! - [`orders`]: the orders of the day, and what is known of their future.
//! - `book`: what messages and rows do to them.
//! - [`session`]: both files together; the book that comes out equals the book file row by row.
//!
//! Source: LOBSTER sample files' ReadMe, version 01 Sept 2013; lobsterdata.com, "output".

mod book;
pub mod ledger;
pub mod line;
pub mod message;
pub mod orders;
pub mod row;
pub mod session;

#[cfg(test)]
mod tests;

pub use message::{LobsterKind, LobsterMessage, LobsterMessages};
pub use session::LobsterSession;
