//! What every venue's market data has in common: decode, keep the book, say whether it is valid.
//!
//! - [`number`], [`grid`]: decimal text to ticks and lots, never through a float.
//! - [`sheet`]: where decoders write; a message is there whole or not at all.
//! - [`rules`]: how a venue chains its messages, and which sum proves a book.
//! - [`book`], [`books`]: the books of a session: chain, checksum, crossing, resynchronisation.
//! - [`stream`]: a decoder and its books for a live connection: bytes in, rows out.
//!
//! A venue is a [`Decoder`] with its [`Rules`]; everything else is here, once.

pub mod book;
pub mod books;
pub mod checksum;
pub(crate) mod cursor;
mod finding;
pub mod grid;
pub mod instant;
pub mod ladder;
pub mod number;
pub mod read;
mod rows;
pub mod rules;
pub mod session;
pub mod sheet;
pub mod stream;

pub use books::{Books, Finding, FindingKind};
pub use grid::{Axis, Grid, KnownGrid, LearntGrid, Precision};
pub use rules::{Chain, Checksum, Decoder, Rules};
pub use sheet::{Context, Level, Message, MessageKind, Sheet, Suspect};
pub use stream::{Stream, StreamCounters};
