//! A session's market, read from its journal as it grows. The session knows nothing of it.

use std::path::{Path, PathBuf};

use py_rt_kernel::journal::{Entry, OwnedInput};
use py_rt_live::journal::segment::{segment_path, segments, Preamble};
use py_rt_live::journal::{JournalError, JournalReader};
use py_rt_types::{Instrument, InstrumentSpec};

use super::Board;
use crate::refusal::Refusal;

/// Rows between two hand-overs.
const BUDGET: usize = 4096;

/// Follows the journal of a state directory.
#[derive(Debug)]
pub struct Session {
    folder: PathBuf,
    reader: JournalReader,
}

impl Session {
    /// Opens the newest segment of a state directory and reads what is traded.
    ///
    /// # Errors
    /// A directory without a journal, or a journal that cannot be read.
    pub fn open(state_dir: &Path) -> Result<(Self, Vec<InstrumentSpec>), Refusal> {
        let folder = state_dir.join("journal");
        let nothing = |what: String| Refusal {
            code: "journal".to_owned(),
            ..Refusal::new("journal", what, "name the state directory of a session").of("session")
        };
        let unread = |error: JournalError| nothing(error.to_string());
        let newest = segments(&folder).map_err(unread)?.last().copied();
        let newest =
            newest.ok_or_else(|| nothing(format!("no journal in {}", folder.display())))?;
        let mut reader = JournalReader::open(&segment_path(&folder, newest)).map_err(unread)?;
        let Some(first) = reader.next_record().map_err(unread)? else {
            return Err(nothing(format!("{} is empty", reader.path().display())));
        };
        let Entry::Header(header) = first.entry else {
            return Err(nothing(format!(
                "{} has no header",
                reader.path().display()
            )));
        };
        // The caller may call the venue by the name that it has elsewhere: it is not checked.
        let listing = |instrument: &Instrument| InstrumentSpec {
            venue: String::new(),
            ..instrument.spec().clone()
        };
        let listings = header.kernel.instruments.iter().map(listing).collect();
        let session = Self { folder, reader };
        Ok((session, listings))
    }

    /// Hands over what was written since the last time; says whether there was anything.
    ///
    /// A journal that turns out broken is left where it is: the session itself will say so.
    pub fn catch_up(&mut self, board: &Board) -> bool {
        let mut rows = Vec::new();
        let mut progress = false;
        while let Ok(Some(record)) = self.reader.next_record() {
            progress = true;
            match record.entry {
                Entry::Input(_, OwnedInput::Market(event)) => rows.push(event),
                Entry::End(_) => self.follow_next(),
                _ => {}
            }
            if rows.len() == BUDGET {
                board.handle_rows(&rows);
                rows.clear();
            }
        }
        board.handle_rows(&rows);
        if !progress && !self.reader.refresh().unwrap_or(false) {
            self.follow_next();
        }
        progress
    }

    /// Goes on to the next session of the directory, if it has begun.
    fn follow_next(&mut self) {
        let Some(segment) = self.reader.preamble().map(|own| own.segment) else {
            return;
        };
        let next = segment_path(&self.folder, segment + 1);
        let begun = Preamble::read(&next).ok().flatten();
        if !begun.is_some_and(|preamble| preamble.begins_session()) {
            return;
        }
        if let Ok(reader) = JournalReader::open(&next) {
            self.reader = reader;
        }
    }
}
