//! The way back: a segment replayed into a fresh kernel, every decision compared.
//!
//! Replay and recovery are the same walk. Inputs go in at their recorded times; what the kernel
//! decides must be what the journal says was sent. A crash may have cut the decisions of the last
//! input of a life off: they were never sent, and the restart record that follows says so.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use py_rt_kernel::journal::{Decision, End, Entry, Header, OwnedInput, Totals};
use py_rt_kernel::{Control, Event, Kernel, Output, Session, Snapshot, Strategy};
use py_rt_types::Instrument;

use crate::driver::observe;
use crate::journal::frame::Chain;
use crate::journal::{seems_ended, JournalError, JournalReader, Record, TornTail};

/// Where code and journal part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divergence {
    /// The record that differs.
    pub record: u64,
    /// What is different.
    pub what: String,
}

/// A segment after its replay.
#[derive(Debug)]
pub struct Replayed<S> {
    /// The first record.
    pub header: Header,
    /// The kernel as it was after the last whole record.
    pub kernel: Kernel<S>,
    /// The clean end, if there was one.
    pub end: Option<End>,
    /// The first order id that was never reserved.
    pub ids_end: u64,
    /// The first place where code and journal part.
    pub divergence: Option<Divergence>,
    /// What was cut off at the end.
    pub torn: Option<TornTail>,
    /// Whole records.
    pub records: u64,
    /// Inputs among them.
    pub inputs: u64,
    /// Whether the strategy was started.
    pub started: bool,
    /// Whether the session was being stopped.
    pub stopping: bool,
    /// What happened since the first session of the state directory.
    pub totals: Totals,
}

/// What a replay says about a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayResult {
    /// The order hash of the replay, 32 hexadecimal digits.
    pub order_hash: String,
    /// The one that the journal ends with, if it ends cleanly.
    pub journaled_hash: Option<String>,
    /// Whether every decision and, where there is one, the hash are the same.
    pub equal: bool,
    /// The first record that differs.
    pub diverged_at: Option<u64>,
    /// What is different there.
    pub difference: Option<String>,
    /// Inputs in the journal.
    pub events: u64,
    /// What was cut off at the end.
    pub torn: Option<TornTail>,
}

/// An order hash as text.
#[must_use]
pub fn hash_text(hash: u128) -> String {
    format!("{hash:032x}")
}

/// Replays a segment with a strategy made by `make`, which is given the header's parameters and
/// the instruments.
///
/// # Errors
/// [`JournalError`] when the file is no journal, is corrupt, or has no whole header.
pub fn replay_journal<S: Strategy>(
    path: &Path,
    mut make: impl FnMut(&[u8], &[Instrument]) -> S,
) -> Result<ReplayResult, JournalError> {
    let mut reader = JournalReader::open(path)?;
    let mut make = |header: &Header| make(&header.parameters, &header.kernel.instruments);
    let Some(replayed) = replay(&mut reader, &mut make, &mut |_| {})? else {
        return Err(JournalError::Misplaced {
            path: path.to_path_buf(),
            record: 1,
            what: "the header was never written whole; the session sent nothing",
        });
    };
    let order_hash = replayed.kernel.order_hash();
    let same_end = replayed.end.is_none_or(|end| end.order_hash == order_hash);
    let divergence = replayed.divergence;
    Ok(ReplayResult {
        order_hash: hash_text(order_hash),
        journaled_hash: replayed.end.map(|end| hash_text(end.order_hash)),
        equal: divergence.is_none() && same_end,
        diverged_at: divergence.as_ref().map(|found| found.record),
        difference: divergence.map(|found| found.what),
        events: replayed.inputs,
        torn: replayed.torn,
    })
}

/// Who looks on while a segment is replayed.
pub trait Watcher<S> {
    /// The kernel is made; its books, if there are any, come with the next record.
    fn handle_start(&mut self, _header: &Header, _kernel: &mut Kernel<S>) {}
    /// The next record, before anything comes of it.
    fn handle_record(&mut self, _reader: &JournalReader, _record: &Record) {}
    /// The kernel told something.
    fn handle_event(&mut self, _event: &Event) {}
    /// The kernel has come to the end of what an input led to.
    fn handle_settled(&mut self, _kernel: &mut Kernel<S>) {}
}

/// Only the events are wanted.
struct Events<'a>(&'a mut dyn FnMut(&Event));

impl<S> Watcher<S> for Events<'_> {
    fn handle_event(&mut self, event: &Event) {
        (self.0)(event);
    }
}

struct Walk<S> {
    path: PathBuf,
    replayed: Replayed<S>,
    /// Decided by the kernel, not yet met in the journal.
    expected: VecDeque<Decision>,
    number: u64,
}

/// Replays everything that `reader` has. `None` when not even the header is whole.
///
/// # Errors
/// As [`replay_journal`].
pub fn replay<S: Strategy>(
    reader: &mut JournalReader,
    make: &mut dyn FnMut(&Header) -> S,
    on_event: &mut dyn FnMut(&Event),
) -> Result<Option<Replayed<S>>, JournalError> {
    replay_watched(reader, make, &mut Events(on_event))
}

/// As [`replay`], with one who looks on at every step.
///
/// # Errors
/// As [`replay_journal`].
pub fn replay_watched<S: Strategy>(
    reader: &mut JournalReader,
    make: &mut dyn FnMut(&Header) -> S,
    watcher: &mut dyn Watcher<S>,
) -> Result<Option<Replayed<S>>, JournalError> {
    let Some(first) = reader.next_record()? else {
        return Ok(None);
    };
    let path = reader.path().to_path_buf();
    let Entry::Header(header) = first.entry else {
        return Err(JournalError::Misplaced {
            path,
            record: 1,
            what: "the first record is no header",
        });
    };
    let strategy = make(&header);
    let mut walk = Walk {
        path,
        replayed: Replayed {
            kernel: Kernel::new(header.kernel.clone(), strategy),
            ids_end: header.first_sequence,
            totals: header.totals_before,
            header: *header,
            end: None,
            divergence: None,
            torn: None,
            records: 1,
            inputs: 0,
            started: false,
            stopping: false,
        },
        expected: VecDeque::new(),
        number: 1,
    };
    watcher.handle_start(&walk.replayed.header, &mut walk.replayed.kernel);
    while let Some(record) = reader.next_record()? {
        walk.number = record.number;
        walk.replayed.records += 1;
        watcher.handle_record(reader, &record);
        walk.handle_entry(record.entry, watcher)?;
    }
    walk.replayed.torn = reader.torn();
    if walk.replayed.end.is_some() {
        walk.handle_missing();
    }
    Ok(Some(walk.replayed))
}

impl<S: Strategy> Walk<S> {
    fn handle_entry(
        &mut self,
        entry: Entry,
        watcher: &mut dyn Watcher<S>,
    ) -> Result<(), JournalError> {
        if self.replayed.end.is_some() {
            return Err(self.misplaced("there is a record behind the end of the session"));
        }
        match entry {
            Entry::Header(_) => return Err(self.misplaced("a second header")),
            Entry::Synced { .. } => {}
            Entry::Snapshot(bytes) => self.handle_snapshot(&bytes)?,
            Entry::IdBlock { end } => {
                self.replayed.ids_end = self.replayed.ids_end.max(end);
            }
            Entry::Input(now, input) => {
                let restarted = matches!(input, OwnedInput::Session(Session::Restarted { .. }));
                if restarted {
                    // What the last life decided and did not get into the journal was never sent.
                    self.expected.clear();
                } else {
                    self.handle_missing();
                }
                self.replayed.inputs += 1;
                self.replayed.started |= input == OwnedInput::Control(Control::Start);
                self.replayed.stopping |= input == OwnedInput::Control(Control::Stop);
                self.replayed.kernel.handle_input(now, input.as_input());
                self.drain(watcher);
                watcher.handle_settled(&mut self.replayed.kernel);
            }
            Entry::Decision(_, decision) => self.handle_decision(&decision),
            Entry::End(end) => self.replayed.end = Some(end),
        }
        Ok(())
    }

    fn drain(&mut self, watcher: &mut dyn Watcher<S>) {
        while let Some(output) = self.replayed.kernel.poll_output() {
            match output {
                Output::Send(request) => self.expected.push_back(Decision::from(&request)),
                Output::Emit(event) => {
                    observe(&mut self.replayed.totals, &event);
                    watcher.handle_event(&event);
                }
            }
        }
    }

    fn handle_decision(&mut self, journaled: &Decision) {
        if matches!(journaled, Decision::New(_)) {
            self.replayed.totals.orders += 1;
        }
        let decided = self.expected.pop_front();
        if decided.as_ref() != Some(journaled) {
            let decided = decided.map_or("nothing".to_string(), |d| format!("{d:?}"));
            self.diverge(format!(
                "the journal has {journaled:?}, the code decides {decided}"
            ));
        }
    }

    fn handle_missing(&mut self) {
        if let Some(decided) = self.expected.pop_front() {
            self.expected.clear();
            self.diverge(format!(
                "the code decides {decided:?}, the journal has nothing of it"
            ));
        }
    }

    fn diverge(&mut self, what: String) {
        let record = self.number;
        self.replayed
            .divergence
            .get_or_insert(Divergence { record, what });
    }

    /// The books to start from, or those of a later moment, which must be the ones we have come to.
    fn handle_snapshot(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        let malformed = |error| JournalError::Malformed {
            path: self.path.clone(),
            record: self.number,
            error,
        };
        let snapshot = Snapshot::decode(bytes).map_err(malformed)?;
        if self.replayed.inputs == 0 {
            return self.replayed.kernel.restore(&snapshot).map_err(malformed);
        }
        if self.replayed.kernel.snapshot() != snapshot {
            self.diverge("the books in the journal are not those of the code".to_string());
        }
        Ok(())
    }

    fn misplaced(&self, what: &'static str) -> JournalError {
        JournalError::Misplaced {
            path: self.path.clone(),
            record: self.number,
            what,
        }
    }
}

/// The clean end of a segment.
#[derive(Debug)]
pub struct Ending {
    /// Its first record.
    pub header: Header,
    /// The books.
    pub books: Snapshot,
    /// Its last record.
    pub end: End,
    /// What the chain has come to.
    pub chain: Chain,
}

/// The books at the clean end of a segment, without replaying it. `None` when it has no clean end
/// or no whole header.
///
/// # Errors
/// As [`replay_journal`].
pub fn last_books(path: &Path) -> Result<Option<Ending>, JournalError> {
    if !seems_ended(path)? {
        return Ok(None);
    }
    let mut reader = JournalReader::open(path)?;
    let (mut header, mut books, mut ended) = (None, None, None);
    while let Some(record) = reader.next_record()? {
        match record.entry {
            Entry::Header(found) => header = Some(*found),
            Entry::Snapshot(bytes) => books = Some((record.number, bytes)),
            Entry::End(end) => ended = Some(end),
            _ => {}
        }
    }
    let (Some(header), Some((number, bytes)), Some(end)) = (header, books, ended) else {
        return Ok(None);
    };
    let books = Snapshot::decode(&bytes).map_err(|error| JournalError::Malformed {
        path: path.to_path_buf(),
        record: number,
        error,
    })?;
    Ok(Some(Ending {
        header,
        books,
        end,
        chain: reader.chain(),
    }))
}
