//! What breaks a book.

use py_rt_types::UnixNanos;

/// What broke or was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingKind {
    /// A hole in the chain of ids.
    Gap,
    /// A hole in the sequence of the connection.
    Lost,
    /// The sum over the book is not the venue's.
    Checksum,
    /// The best bid is at or above the best ask.
    Crossed,
    /// A message that cannot be read.
    Unreadable,
    /// The connection was opened anew.
    Opened,
}

/// One finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// Whose book, or [`NOWHERE`](super::sheet::NOWHERE) for every book of the connection.
    pub place: u32,
    /// When.
    pub ts_recv: UnixNanos,
    /// The id, number or sum that was due.
    pub expected: u64,
    /// The one that came.
    pub found: u64,
}
