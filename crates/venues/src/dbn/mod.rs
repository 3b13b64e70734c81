//! Databento Binary Encoding (DBN), versions 1 to 3: market by order, trades, best quotes, ten
//! levels a side, bars.
//!
//! - [`metadata`]: what stands before the records.
//! - [`record`]: one record's bytes to a value.
//! - [`rows`]: records to market rows, one venue event at a time.
//! - [`file`]: a whole file, in blocks of any size.
//!
//! Source: Databento, "DBN encoding" and "MBO schema"; field layouts of DBN versions 1, 2 and 3.

pub mod file;
mod ladder;
pub mod metadata;
pub mod record;
pub mod rows;

#[cfg(test)]
mod tests;

pub use file::DbnFile;
pub use metadata::Metadata;
pub use record::Record;
pub use rows::{DbnBar, DbnCounts, DbnRows};
