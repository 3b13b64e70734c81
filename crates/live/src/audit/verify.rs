//! A whole journal checked without its strategy: the chain, and what records say of each other.
//!
//! Segments follow one another, every frame is whole and every root is the one that the chain comes
//! to. Sessions are numbered in order and begin with the books with which the one before ended.
//! Order ids grow and were reserved. A clean end counts and hashes the decisions before it. Whether
//! the code decides the same is for `replay` to say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use py_rt_kernel::journal::{Decision, DecisionHash, End, Entry, Header, OwnedInput};
use py_rt_kernel::signal::Idle;
use py_rt_kernel::{Kernel, Session, Snapshot};
use py_rt_types::UnixNanos;

use super::fields::kind;
use super::find_journal;
use crate::journal::frame::{Chain, Root};
use crate::journal::segment::{segment_path, segments, Preamble};
use crate::journal::{JournalError, JournalReader, TornTail};
use crate::recovery::hash_text;
use crate::session::rearrange;

/// Where and how a journal is damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Which file.
    pub file: PathBuf,
    /// Where in it, in bytes.
    pub offset: u64,
    /// The number of the record.
    pub sequence: u64,
    /// What is wrong, and what to do.
    pub what: String,
}

/// What was found in a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Segments that were read.
    pub segments: u64,
    /// The number of the first one; above 1 when older ones were removed.
    pub first_segment: u64,
    /// Sessions.
    pub sessions: u64,
    /// Those among them that ended cleanly.
    pub ended: u64,
    /// Records.
    pub records: u64,
    /// Records by kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// What the chain had come to before the first record that is here.
    pub before: Chain,
    /// What it has come to at the end.
    pub after: Chain,
    /// The record after which the chain had come to the root that was asked for.
    pub found_at: Option<u64>,
    /// What was cut off at the end.
    pub torn: Option<TornTail>,
    /// What is wrong, if anything is.
    pub damage: Option<Damage>,
}

/// Verifies a journal: a folder with all its sessions, or the one session of a file. `wanted` is a
/// root that was noted elsewhere: the chain must have come to it after some record.
///
/// # Errors
/// [`JournalError::NoJournal`], and [`JournalError::Io`] when a file cannot be read; damage is a
/// finding and no error.
pub fn verify(path: &Path, wanted: Option<Root>) -> Result<Verified, JournalError> {
    let (folder, file) = find_journal(path)?;
    let mut audit = Audit::new(wanted);
    let walked = match file {
        Some(file) => audit.read_session(&file).map(drop),
        None => audit.read_folder(&folder),
    };
    match walked {
        Err(error @ JournalError::Io { .. }) => return Err(error),
        Err(error) => audit.note(error),
        Ok(()) => audit.check_root(path),
    }
    Ok(audit.found)
}

/// Ids that are remembered one by one; one input never leads to as many.
const IDS_HELD: usize = 16_384;

/// The end of the session before.
struct Before {
    header: Header,
    books: Snapshot,
    end: End,
}

struct Audit {
    found: Verified,
    wanted: Option<Root>,
    before: Option<Before>,
    place: (PathBuf, u64),
}

/// What is remembered of the session that is read.
#[derive(Default)]
struct Seen {
    header: Option<Header>,
    books: Option<Vec<u8>>,
    end: Option<End>,
    hash: DecisionHash,
    latest: UnixNanos,
    inputs: u64,
    restarted: bool,
    ids_end: u64,
    given: BTreeSet<u64>,
    /// Ids up to this one are not given any more.
    given_below: u64,
}

impl Audit {
    fn new(wanted: Option<Root>) -> Self {
        Self {
            found: Verified {
                segments: 0,
                first_segment: 0,
                sessions: 0,
                ended: 0,
                records: 0,
                kinds: BTreeMap::new(),
                before: Chain::START,
                after: Chain::START,
                found_at: None,
                torn: None,
                damage: None,
            },
            wanted,
            before: None,
            place: (PathBuf::new(), 0),
        }
    }

    fn note(&mut self, error: JournalError) {
        let sequence = self.found.after.sequence + 1;
        let (file, offset) = match &error {
            JournalError::Corrupt { path, offset, .. } => (path.clone(), *offset),
            JournalError::Unchained { path, .. } | JournalError::Missing { path, .. } => {
                (path.clone(), 0)
            }
            JournalError::NotAJournal(path) | JournalError::OtherVersion { path, .. } => {
                (path.clone(), 0)
            }
            _ => self.place.clone(),
        };
        self.found.damage.get_or_insert(Damage {
            file,
            offset,
            sequence,
            what: error.to_string(),
        });
    }

    fn read_folder(&mut self, folder: &Path) -> Result<(), JournalError> {
        let numbers = segments(folder)?;
        self.found.first_segment = numbers.first().copied().unwrap_or(0);
        let mut next = self.found.first_segment;
        let last = numbers.last().copied().unwrap_or(0);
        while next <= last {
            let path = segment_path(folder, next);
            self.place = (path.clone(), 0);
            if !path.exists() {
                return Err(JournalError::Unchained {
                    before: segment_path(folder, next.saturating_sub(1)),
                    path,
                    sequence: self.found.after.sequence + 1,
                });
            }
            let torn_before = self.found.torn;
            let read = self.read_session(&path)?;
            if torn_before.is_some() && read > 0 {
                return Err(JournalError::Corrupt {
                    path: segment_path(folder, next.saturating_sub(1)),
                    record: self.found.after.sequence + 1,
                    offset: 0,
                });
            }
            next += read.max(1);
        }
        Ok(())
    }

    /// Reads one session; returns how many segments it has.
    fn read_session(&mut self, path: &Path) -> Result<u64, JournalError> {
        let mut reader = JournalReader::open(path)?;
        let Some(preamble) = reader.preamble() else {
            // It was being made when the process died: nothing stands in it.
            self.found.torn = reader.torn().or(self.found.torn);
            return Ok(0);
        };
        self.check_joint(reader.path(), &preamble)?;
        let mut seen = Seen::default();
        while let Some(record) = reader.next_record()? {
            self.place = (reader.path().to_path_buf(), reader.offset());
            self.found.records += 1;
            self.found.after = reader.chain();
            if self.wanted == Some(reader.chain().root) {
                self.found.found_at = Some(record.number);
            }
            *self.found.kinds.entry(kind(&record.entry)).or_default() += 1;
            self.take(&mut seen, record.entry)
                .map_err(|what| JournalError::Disagrees {
                    path: reader.path().to_path_buf(),
                    record: record.number,
                    what,
                })?;
        }
        self.found.torn = reader.torn().or(self.found.torn);
        let last = reader
            .preamble()
            .map_or(preamble.segment, |own| own.segment);
        let count = last - preamble.segment + 1;
        self.found.segments += count;
        self.found.sessions += 1;
        self.end_session(seen);
        Ok(count)
    }

    /// A session begins where the one before it ended.
    fn check_joint(&mut self, path: &Path, preamble: &Preamble) -> Result<(), JournalError> {
        if self.found.sessions == 0 {
            self.found.before = preamble.before;
            self.found.after = preamble.before;
            if self.wanted == Some(preamble.before.root) {
                self.found.found_at = Some(preamble.before.sequence);
            }
        }
        if preamble.before != self.found.after || !preamble.begins_session() {
            return Err(JournalError::Unchained {
                before: self.place.0.clone(),
                path: path.to_path_buf(),
                sequence: self.found.after.sequence + 1,
            });
        }
        Ok(())
    }

    fn take(&mut self, seen: &mut Seen, entry: Entry) -> Result<(), String> {
        if seen.end.is_some() {
            return Err("there is a record behind the end of the session".to_string());
        }
        if seen.header.is_none() != matches!(entry, Entry::Header(_)) {
            return Err(
                "a header stands at the beginning of a session, and only there".to_string(),
            );
        }
        match entry {
            Entry::Header(header) => self.take_header(seen, *header)?,
            Entry::Snapshot(bytes) => self.take_books(seen, bytes)?,
            Entry::IdBlock { end } => seen.ids_end = seen.ids_end.max(end),
            Entry::Synced { .. } => {}
            Entry::Input(now, input) => {
                seen.latest = seen.latest.max(now);
                let is_restart = matches!(input, OwnedInput::Session(Session::Restarted { .. }));
                seen.restarted |= is_restart && seen.inputs > 0;
                seen.inputs += 1;
            }
            Entry::Decision(_, decision) => seen.take_decision(&decision)?,
            Entry::End(end) => seen.take_end(end)?,
        }
        Ok(())
    }

    fn take_header(&mut self, seen: &mut Seen, header: Header) -> Result<(), String> {
        seen.latest = UnixNanos::MIN;
        seen.ids_end = header.first_sequence;
        seen.given_below = header.first_sequence;
        if let Some(before) = &self.before {
            let wanted = before.header.session + 1;
            if header.session != wanted {
                let found = header.session;
                return Err(format!(
                    "session {found} follows where session {wanted} belongs"
                ));
            }
            if header.lineage != before.header.lineage {
                return Err("it is of another state directory than the session before".to_string());
            }
            if header.totals_before != before.end.totals {
                return Err("its counts do not go on where the session before ended".to_string());
            }
        }
        seen.header = Some(header);
        Ok(())
    }

    /// Books can be read; those at the beginning are those with which the session before ended.
    fn take_books(&mut self, seen: &mut Seen, bytes: Vec<u8>) -> Result<(), String> {
        let books = Snapshot::decode(&bytes).map_err(|error| format!("the books: {error}"))?;
        if let (0, Some(header), Some(before)) = (seen.inputs, &seen.header, &self.before) {
            let instruments = &header.kernel.instruments;
            let moved = rearrange(&before.header, &before.books, instruments)
                .map_err(|error| error.to_string())?;
            let mut kernel = Kernel::new(header.kernel.clone(), Idle);
            let restored = kernel.restore(&moved);
            if restored.is_err() || kernel.snapshot() != books {
                return Err("it does not begin with the books of the session before".to_string());
            }
        }
        seen.books = Some(bytes);
        Ok(())
    }

    fn end_session(&mut self, seen: Seen) {
        let (Some(header), Some(books), Some(end)) = (seen.header, seen.books, seen.end) else {
            self.before = None;
            return;
        };
        self.found.ended += 1;
        let books = Snapshot::decode(&books).ok();
        self.before = books.map(|books| Before { header, books, end });
    }

    fn check_root(&mut self, path: &Path) {
        let Some(wanted) = self.wanted.filter(|_| self.found.found_at.is_none()) else {
            return;
        };
        self.found.damage.get_or_insert(Damage {
            file: path.to_path_buf(),
            offset: 0,
            sequence: 0,
            what: format!(
                "the chain never comes to {wanted}: the journal was rewritten after that root was \
                 noted, it was noted of another journal, or the records before it were removed. \
                 Compare with a copy from the time of the note"
            ),
        });
    }
}

impl Seen {
    fn take_decision(&mut self, decision: &Decision) -> Result<(), String> {
        self.hash.absorb(self.latest, decision);
        if let Decision::New(order) = decision {
            let id = order.client_order_id.sequence;
            if id < self.given_below || !self.given.insert(id) {
                return Err(format!("order id {id} was given before"));
            }
            if id >= self.ids_end {
                return Err(format!("order id {id} was never reserved"));
            }
            if self.given.len() > IDS_HELD {
                self.given_below = self.given.pop_first().map_or(0, |oldest| oldest + 1);
            }
        }
        Ok(())
    }

    fn take_end(&mut self, end: End) -> Result<(), String> {
        if self.books.is_none() {
            return Err("the session ends without its books".to_string());
        }
        // Decisions that a crash cut off count in the end and do not stand here.
        let (count, hash) = (self.hash.decisions(), self.hash.finish());
        if !self.restarted && (count, hash) != (end.decisions, end.order_hash) {
            return Err(format!(
                "the end says {} decisions with hash {}, the records before it are {count} with \
                 {}",
                end.decisions,
                hash_text(end.order_hash),
                hash_text(hash)
            ));
        }
        self.end = Some(end);
        Ok(())
    }
}
