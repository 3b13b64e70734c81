//! The tables made anew from the journal, at any time.

use std::path::Path;
use std::sync::Arc;

use py_rt_kernel::journal::Header;
use py_rt_kernel::{Event, Strategy};

use crate::dialect::Dialect;
use crate::error::LiveError;
use crate::journal::segment::{segment_path, sessions};
use crate::journal::JournalReader;
use crate::recovery::replay;
use crate::state::StateDir;
use crate::store::{books_of, names_of, Ledger, StoreWriter};

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rebuilt {
    /// Sessions that were replayed.
    pub sessions: u64,
    /// Events of orders, executions and positions that went into the tables.
    pub events: u64,
}

/// Replays every session of a state directory and writes its rows anew. Rows of sessions that the
/// journal does not hold any more stay as they are. The directory must not be in use.
///
/// # Errors
/// [`LiveError::Config`] when a process uses the directory or the code decides other than a session
/// did, naming it; [`LiveError::Journal`] when journal or tables cannot be used.
pub fn rebuild_store<S: Strategy>(
    state_dir: &Path,
    mut make: impl FnMut(&Header) -> S,
) -> Result<Rebuilt, LiveError> {
    if !state_dir.join("journal").is_dir() {
        return Err(LiveError::Journal(format!(
            "there is no journal in `{}`: name the state directory of a session",
            state_dir.display()
        )));
    }
    let state = StateDir::lock(state_dir)?;
    let mut rebuilt = Rebuilt::default();
    for number in sessions(&state.journal())? {
        let path = segment_path(&state.journal(), number);
        let mut events = Vec::new();
        let mut reader = JournalReader::open(&path)?;
        let replayed = replay(&mut reader, &mut make, &mut |event| {
            if matches!(event, Event::Order(_) | Event::Fill(_) | Event::Position(_)) {
                events.push(*event);
            }
        })?;
        let Some(replayed) = replayed else {
            break;
        };
        if let Some(found) = replayed.divergence {
            return Err(LiveError::Config(format!(
                "the code or the parameters changed since the session in `{}`: at record {} {}. \
                 Rebuild with the code of that session",
                path.display(),
                found.record,
                found.what
            )));
        }
        let ledger = Ledger {
            strategy: replayed.header.strategy.clone(),
            names: names_of(&replayed.header.kernel.strategies),
            venue: Dialect::of(&replayed.header.kernel.instruments),
            lineage: state.lineage()?,
            instruments: Arc::from(replayed.header.kernel.instruments.clone()),
        };
        let mut writer = StoreWriter::open(state.path(), ledger, true)?;
        writer.rebuild(replayed.header.first_sequence, &events)?;
        writer.write_books(&[], &books_of(&replayed.kernel))?;
        rebuilt.sessions += 1;
        rebuilt.events += events.len() as u64;
    }
    Ok(rebuilt)
}
