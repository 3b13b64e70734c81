//! Doors of order books, the matching engine and what is studied with them.
//!
//! - [`books`]: the best levels of a recorded book as arrays.

mod books;

pub(crate) use books::{last_levels, sample_books};
