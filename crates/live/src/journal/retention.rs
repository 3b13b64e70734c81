//! What of a journal may be removed: sessions whose books a later session has taken over.

use std::fs;
use std::path::Path;

use py_rt_kernel::journal::Entry;
use py_rt_types::UnixNanos;

use super::segment::{segment_path, sessions};
use super::{JournalError, JournalReader};

/// Removes the segments of sessions that had ended `retention_ns` before `now`; returns a line for
/// each. `current` is the segment in which the running session began: its books are on the disk.
/// The session before it stays, so that its end can be compared with them. The oldest goes first,
/// so that what is left is always the end of the chain.
///
/// # Errors
/// [`JournalError::Io`], and what reading the first record of a session may say.
pub fn remove_old(
    folder: &Path,
    current: u64,
    now: UnixNanos,
    retention_ns: Option<i64>,
) -> Result<Vec<String>, JournalError> {
    let mut lines = Vec::new();
    let Some(retention_ns) = retention_ns else {
        return Ok(lines);
    };
    let begun: Vec<u64> = sessions(folder)?
        .into_iter()
        .filter(|first| *first <= current)
        .collect();
    for three in begun.windows(3) {
        let (first, next) = (three[0], three[1]);
        // A session had ended when the one behind it began.
        let ended = started(&segment_path(folder, next))?;
        if ended.is_none_or(|ended| now.since(ended) < retention_ns) {
            break;
        }
        for number in first..next {
            let path = segment_path(folder, number);
            if path.exists() {
                fs::remove_file(&path).map_err(|e| JournalError::io(&path, "remove", e))?;
                lines.push(format!(
                    "`{}` was older than its retention: removed",
                    path.display()
                ));
            }
        }
    }
    Ok(lines)
}

fn started(path: &Path) -> Result<Option<UnixNanos>, JournalError> {
    let first = JournalReader::open(path)?.next_record()?;
    Ok(first.and_then(|record| match record.entry {
        Entry::Header(header) => Some(header.ts_start),
        _ => None,
    }))
}
