//! Tardis CSV: trades, quotes, changes of books and snapshots of books.
//!
//! - [`table`]: which of the tables a file is, by its line of names.
//! - [`file`]: files to market rows.
//!
//! Source: docs.tardis.dev, "Downloadable CSV files": trades, incremental_book_L2,
//! book_snapshot_5 and _25, quotes, book_ticker. Times are microseconds UTC.

pub mod file;
pub mod table;

#[cfg(test)]
mod tests;

pub use file::TardisFile;
pub use table::Table;
