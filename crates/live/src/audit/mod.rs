//! The journal as an audit log: read as lines, verified, and asked for the story of an order.
//!
//! - [`lines`]: entries with typed fields, read lazily. [`fields`]: what the fields are.
//! - [`verify`]: the whole chain and what the records say of each other, without a strategy.
//! - [`explain`]: one order from the market before it to its end, by replay.
//!
//! Nothing here is on the road of an order; a running session may be read.

pub mod explain;
pub mod fields;
pub mod lines;
mod rebuild;
mod spelling;
pub mod verify;
mod witness;

pub use explain::{explain, Story};
pub use fields::{Field, Value};
pub use lines::{Line, Lines};
pub use rebuild::{rebuild_store, Rebuilt};
pub use verify::{verify, Damage, Verified};

use std::path::{Path, PathBuf};

use crate::journal::segment::segments;
use crate::journal::JournalError;

/// The journal folder that a path means, and the one session if a file was named: a segment, a
/// journal folder, a state directory, or the directory of a paper session.
///
/// # Errors
/// [`JournalError::NoJournal`] when there is none.
pub fn find_journal(path: &Path) -> Result<(PathBuf, Option<PathBuf>), JournalError> {
    if path.is_file() {
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        return Ok((folder, Some(path.to_path_buf())));
    }
    let session = path.join("session").join("journal");
    for folder in [session, path.join("journal"), path.to_path_buf()] {
        if !segments(&folder)?.is_empty() {
            return Ok((folder, None));
        }
    }
    Err(JournalError::NoJournal(path.to_path_buf()))
}
