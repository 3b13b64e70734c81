//! Bitstamp's single orders, as recorded: a table of changes, or the raw log of the live streams.
//!
//! - [`line`]: one line of either to a change of an order.
//! - [`rows`]: changes to market rows; who was resting when two orders met.
//!
//! Source: Bitstamp WebSocket API, "Live orders" (order_created, order_changed, order_deleted);
//! the data set of the R package obAnalytics, `orders.csv` and its raw log.

pub mod line;
pub mod rows;

#[cfg(test)]
mod tests;

pub use line::{Change, ChangeKind, Form};
pub use rows::{BitstampCounts, BitstampFile};
