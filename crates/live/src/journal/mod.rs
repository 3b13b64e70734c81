//! The journal: what went in and what was decided, on disk before anything leaves.
//!
//! A session begins in a segment `journal/<number>.journal` of the state directory and goes on in
//! the next one when it is full; as many processes append to it as it takes to end it cleanly.
//! [`segment`] says what stands at the head of a file, [`frame`] how a record is wrapped,
//! [`py_rt_kernel::journal`] what it says. The first record of a session is the header, then the
//! books to start from if there are any; a clean end is a snapshot and an end record. Each later
//! segment begins with the books as they were when it was begun.
//!
//! Durability: `process` hands records to the operating system before the first byte of an order
//! leaves, and a thread syncs them within 5 ms; `strict` syncs first. Order ids come from blocks
//! of [`ID_BLOCK`] that are synced before the first id of the block is used, in both grades.

pub mod frame;
mod reader;
mod retention;
pub mod segment;
mod tape;
mod writer;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
pub(crate) mod tests;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod segment_tests;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use py_rt_kernel::journal::Malformed;

pub use reader::{seems_ended, JournalReader, Record, TornTail};
pub use retention::remove_old;
pub use tape::{FileTape, Tape};
pub use writer::{Journal, Place, ID_BLOCK};

/// What can be wrong with a journal.
#[derive(Debug)]
pub enum JournalError {
    /// The file system refused.
    Io {
        /// Which file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What it said.
        error: io::Error,
    },
    /// The file begins with other bytes than a journal.
    NotAJournal(PathBuf),
    /// A record is whole, and does not go with what stands before it.
    Disagrees {
        /// Which file.
        path: PathBuf,
        /// The number of the record.
        record: u64,
        /// What does not agree.
        what: String,
    },
    /// There is no journal.
    NoJournal(PathBuf),
    /// The file is of another version of the frame.
    OtherVersion {
        /// Which file.
        path: PathBuf,
        /// Its version.
        version: u8,
    },
    /// A session began in a segment that is not there.
    Missing {
        /// The segment that goes on with it.
        path: PathBuf,
        /// The number of the one that is missing.
        segment: u64,
    },
    /// A segment does not go on where the one before it ends.
    Unchained {
        /// Which file.
        path: PathBuf,
        /// The number that its first record should have.
        sequence: u64,
        /// The segment before.
        before: PathBuf,
    },
    /// A record is broken, and a later one says that it was on the disk.
    Corrupt {
        /// Which file.
        path: PathBuf,
        /// The number of the broken record.
        record: u64,
        /// Where it starts, in bytes.
        offset: u64,
    },
    /// A record is whole and cannot be read: another format, or a defect.
    Malformed {
        /// Which file.
        path: PathBuf,
        /// The number of the record.
        record: u64,
        /// Where and what in it.
        error: Malformed,
    },
    /// A record stands where it must not.
    Misplaced {
        /// Which file.
        path: PathBuf,
        /// The number of the record.
        record: u64,
        /// What is wrong.
        what: &'static str,
    },
}

impl JournalError {
    pub(crate) fn io(path: &Path, action: &'static str, error: io::Error) -> Self {
        Self::Io {
            path: path.to_path_buf(),
            action,
            error,
        }
    }

    fn fmt_damage(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unchained {
                path,
                sequence,
                before,
            } => write!(
                f,
                "`{}` is damaged at byte 0: it does not go on with record {sequence} where `{}` \
                 ends; a segment was changed, exchanged or taken out. Restore both from a copy, \
                 or move the state directory away and check the account by hand",
                path.display(),
                before.display()
            ),
            Self::Corrupt {
                path,
                record,
                offset,
            } => write!(
                f,
                "`{}` is corrupt: record {record} at byte {offset} is broken and was on the disk \
                 before later ones were written; this is no torn tail, so nothing was cut. \
                 Restore the file from a copy, or move the state directory away and check the \
                 account by hand",
                path.display()
            ),
            Self::Disagrees { path, record, what } => write!(
                f,
                "`{}` is not as it was written: record {record}: {what}. Restore the file from a \
                 copy, or check the account by hand",
                path.display()
            ),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io {
                path,
                action,
                error,
            } => write!(f, "cannot {action} `{}`: {error}", path.display()),
            Self::NotAJournal(path) => {
                write!(f, "`{}` is no journal of this program", path.display())
            }
            Self::NoJournal(path) => write!(
                f,
                "there is no journal at `{}`: name a state directory, its journal folder, or one \
                 segment",
                path.display()
            ),
            Self::OtherVersion { path, version } => write!(
                f,
                "`{}` was written by another version of this program (journal {version}, this \
                 one reads 2): end the session with that version, then move the state directory \
                 away and start with a new one",
                path.display()
            ),
            Self::Missing { path, segment } => write!(
                f,
                "`{}` goes on with a session that began in segment {segment}, which is not \
                 there: restore it from a copy",
                path.display()
            ),
            Self::Malformed {
                path,
                record,
                error,
            } => write!(
                f,
                "`{}` cannot be read: record {record} is whole but {error}; it was written by \
                 another version of this program",
                path.display()
            ),
            Self::Unchained { .. } | Self::Corrupt { .. } | Self::Disagrees { .. } => {
                self.fmt_damage(f)
            }
            Self::Misplaced { path, record, what } => {
                write!(f, "`{}`: record {record}: {what}", path.display())
            }
        }
    }
}

impl std::error::Error for JournalError {}
