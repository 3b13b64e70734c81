//! Books, matching, queues: the doors of `py_rt._core.mechanics`.
//!
//! - [`matching`]: commands as bytes in, reports as rows out. [`book`]: the three order books.
//! - [`books`]: the best levels of a recorded book as arrays.
//! - [`study`]: real orders and what queue models say of them.
//! - [`rows`]: structured rows on both ways.

mod book;
mod books;
mod matching;
mod rows;
mod study;

pub(crate) use book::OrderBookDoor;
pub(crate) use books::{last_levels, sample_books};
pub(crate) use matching::MatchingDoor;
pub(crate) use study::follow_orders;

use py_rt_types::Side;
use pyo3::prelude::*;

use crate::error::FaceError;

/// +1 or -1 as a side.
fn side_of(side: i8) -> PyResult<Side> {
    match side {
        1 => Ok(Side::Buy),
        -1 => Ok(Side::Sell),
        _ => Err(FaceError::parameter(
            "side",
            format!("{side} is no side"),
            "use \"buy\" or \"sell\"",
        )),
    }
}

/// A state hash as the face shows it.
fn hash_text(hash: u128) -> String {
    format!("{hash:032x}")
}
