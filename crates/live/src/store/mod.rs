//! Tables for people and tools: orders, fills, positions in SQLite, and the status file.
//!
//! A projection of the journal and never a source of it. A thread of its own writes; it is fed by
//! a bounded queue of [`QUEUE_MAX`]: nothing is dropped, the driver waits when it is full. On start
//! the rows of the unfinished session are taken out and written anew from the journal, so that the
//! tables never disagree with it.
//!
//! A database beyond the file follows it and is waited for by nobody: [`changes`] says what it does
//! not have yet, [`replica`] carries it there, [`postgres`] writes it. [`lease`] keeps two sessions
//! off one account. [`place`] is the address.

pub mod changes;
pub mod lease;
pub mod place;
pub mod postgres;
pub mod replica;
mod rows;
mod status;
mod tls;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use py_rt_kernel::event::PositionEvent;
use py_rt_kernel::execution::Order;
use py_rt_kernel::kernel::StrategySpec;
use py_rt_kernel::portfolio::Position;
use py_rt_kernel::signal::StrategyId;
use py_rt_kernel::{Event, Kernel, Strategy};
use py_rt_types::{Instrument, InstrumentId};
use py_rt_venues::Lineage;
use rusqlite::Connection;

use crate::clock::pause_for;
use crate::dialect::Dialect;
use crate::error::LiveError;
pub use rows::{average_price, exact_text};
pub use status::Status;

/// How far behind the thread may be.
pub const QUEUE_MAX: usize = 65_536;
/// How long rows are gathered into one transaction.
const GATHER: Duration = Duration::from_millis(20);
/// Rows of one transaction.
const BATCH_MAX: usize = 4_096;

/// What the rows of a session have in common.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// The name of the strategy; of several, all names.
    pub strategy: String,
    /// The names of several, in their order; empty for one.
    pub names: Vec<String>,
    /// The name of the venue.
    pub venue: Dialect,
    /// The name of the state directory in order ids.
    pub lineage: Lineage,
    /// The instruments of the run.
    pub instruments: Arc<[Instrument]>,
}

impl Ledger {
    /// Whose a row is: of several strategies the one, else the account.
    fn name_of(&self, strategy: StrategyId) -> &str {
        let own = strategy.place().and_then(|place| self.names.get(place));
        own.unwrap_or(&self.strategy)
    }
}

/// The names of several strategies.
#[must_use]
pub fn names_of(strategies: &[StrategySpec]) -> Vec<String> {
    strategies.iter().map(|one| one.name.clone()).collect()
}

/// The positions of the strategy, or of each of several.
pub fn books_of<S: Strategy>(kernel: &Kernel<S>) -> Vec<(StrategyId, &[Position])> {
    let account = (StrategyId::ACCOUNT, kernel.portfolio().positions());
    let own = kernel.strategies();
    let own = own.map(|id| (id, kernel.portfolio_of(id).positions()));
    let several: Vec<_> = own.collect();
    if several.is_empty() {
        [account].to_vec()
    } else {
        several
    }
}

enum Message {
    Event(Box<Event>),
    Status(Box<Status>),
    Record(u64),
    End,
}

/// The tables, open for writing on the calling thread.
#[derive(Debug)]
pub struct StoreWriter {
    connection: Option<Connection>,
    ledger: Ledger,
    status_path: PathBuf,
    session: u64,
    record: u64,
}

/// The tables, written by their own thread.
#[derive(Debug)]
pub struct Store {
    sender: SyncSender<Message>,
    thread: Option<JoinHandle<Result<(), rusqlite::Error>>>,
}

fn unusable(error: &rusqlite::Error) -> LiveError {
    LiveError::Journal(format!(
        "`store.sqlite` cannot be used: {error}; it holds nothing that the journal does not: move \
         it away and start again"
    ))
}

impl StoreWriter {
    /// Opens the tables of a state directory; only the status file when `tables` is false.
    ///
    /// # Errors
    /// [`LiveError::Journal`] when the file cannot be used.
    pub fn open(state_dir: &Path, ledger: Ledger, tables: bool) -> Result<Self, LiveError> {
        let connection = if tables {
            let path = state_dir.join("store.sqlite");
            Some(rows::open(&path).map_err(|e| unusable(&e))?)
        } else {
            None
        };
        Ok(Self {
            connection,
            ledger,
            status_path: state_dir.join("status.json"),
            session: 0,
            record: 0,
        })
    }

    /// Keeps a list of what changes from now on, for a database that follows.
    ///
    /// # Errors
    /// [`LiveError::Journal`] when the file cannot be used.
    pub fn keep_changes(&mut self) -> Result<(), LiveError> {
        let Some(connection) = &mut self.connection else {
            return Ok(());
        };
        changes::begin(connection).map_err(|e| unusable(&e))
    }

    /// Says of which session, and of how many of its records, the rows are.
    pub const fn set_progress(&mut self, session: u64, record: u64) {
        (self.session, self.record) = (session, record);
    }

    /// Takes out the rows of order ids from `first_sequence` on, and writes `events` in their
    /// place, all at once or not at all.
    ///
    /// # Errors
    /// [`LiveError::Journal`] when the file cannot be used.
    pub fn rebuild(&mut self, first_sequence: u64, events: &[Event]) -> Result<(), LiveError> {
        let Some(connection) = &mut self.connection else {
            return Ok(());
        };
        let ledger = &self.ledger;
        let mut written = || -> Result<(), rusqlite::Error> {
            let rows = connection.transaction()?;
            rows::remove_from(&rows, ledger, first_sequence)?;
            for event in events {
                rows::apply(&rows, ledger, event)?;
            }
            rows.commit()
        };
        written().map_err(|e| unusable(&e))
    }

    /// Writes orders and positions as they stand.
    ///
    /// # Errors
    /// [`LiveError::Journal`] when the file cannot be used.
    pub fn write_books(
        &mut self,
        orders: &[Order],
        held: &[(StrategyId, &[Position])],
    ) -> Result<(), LiveError> {
        let Some(connection) = &mut self.connection else {
            return Ok(());
        };
        let ledger = &self.ledger;
        let (session, record) = (self.session, self.record);
        let mut written = || -> Result<(), rusqlite::Error> {
            let rows = connection.transaction()?;
            rows::mark(&rows, session, record)?;
            for order in orders {
                rows::put_order(&rows, ledger, order)?;
            }
            rows::clear_positions(&rows, ledger)?;
            for &(strategy, positions) in held {
                for (place, position) in positions.iter().enumerate() {
                    let event = PositionEvent {
                        strategy,
                        instrument: InstrumentId(place as u32),
                        qty: position.qty,
                        cost: position.cost,
                        realized_pnl: position.realized_pnl,
                    };
                    if event.qty.0 != 0 || event.realized_pnl.0 != 0 {
                        rows::put_position(&rows, ledger, &event)?;
                    }
                }
            }
            rows.commit()
        };
        written().map_err(|e| unusable(&e))
    }

    /// Hands the tables to a thread.
    ///
    /// # Errors
    /// [`LiveError::Journal`] when no thread can be made.
    pub fn start(self) -> Result<Store, LiveError> {
        let (sender, messages) = sync_channel(QUEUE_MAX);
        let thread = thread::Builder::new()
            .name("store".to_string())
            .spawn(move || self.write(&messages))
            .map_err(|error| LiveError::Journal(format!("no thread for the tables: {error}")))?;
        Ok(Store {
            sender,
            thread: Some(thread),
        })
    }

    /// Writes what comes, [`GATHER`] after the first of it: a burst is one transaction, and who
    /// sends meanwhile has nobody to wake.
    fn write(mut self, messages: &Receiver<Message>) -> Result<(), rusqlite::Error> {
        let mut events = Vec::with_capacity(BATCH_MAX);
        let (mut ended, mut room) = (false, true);
        while !ended {
            let mut next = Some(messages.recv().unwrap_or(Message::End));
            if room && !matches!(next, Some(Message::End)) {
                pause_for(GATHER);
            }
            while let Some(message) = next {
                match message {
                    Message::Event(event) => events.push(*event),
                    Message::Status(status) => self.write_status(&status),
                    Message::Record(record) => self.record = record,
                    Message::End => ended = true,
                }
                room = events.len() < BATCH_MAX;
                next = match room && !ended {
                    true => messages.try_recv().ok(),
                    false => None,
                };
            }
            self.write_events(&events)?;
            events.clear();
        }
        self.connection.as_ref().map_or(Ok(()), rows::checkpoint)
    }

    fn write_events(&mut self, events: &[Event]) -> Result<(), rusqlite::Error> {
        let Some(connection) = self.connection.as_mut().filter(|_| !events.is_empty()) else {
            return Ok(());
        };
        let rows = connection.transaction()?;
        for event in events {
            rows::apply(&rows, &self.ledger, event)?;
        }
        rows::mark(&rows, self.session, self.record)?;
        rows.commit()
    }

    fn write_status(&self, status: &Status) {
        let text = status.to_json(&self.ledger);
        // The status file is a courtesy: a full disk ends the session through the journal.
        let _written = crate::state::replace_file(&self.status_path, text.as_bytes(), false);
    }
}

impl Store {
    /// Takes an event; waits when the thread is [`QUEUE_MAX`] behind.
    pub fn handle_event(&self, event: &Event) {
        if matches!(event, Event::Order(_) | Event::Fill(_) | Event::Position(_)) {
            self.send(Message::Event(Box::new(*event)));
        }
    }

    /// Takes how many records of the journal the events so far come from.
    pub fn handle_record(&self, record: u64) {
        self.send(Message::Record(record));
    }

    /// Takes the state of the session for the status file.
    pub fn handle_status(&self, status: Status) {
        self.send(Message::Status(Box::new(status)));
    }

    fn send(&self, message: Message) {
        // A thread that has failed says why when the session ends.
        let _sent = self.sender.send(message);
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// [`LiveError::Journal`] when the tables could not be written; the journal is whole.
    pub fn finish(mut self) -> Result<(), LiveError> {
        self.join()
    }

    fn join(&mut self) -> Result<(), LiveError> {
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        self.send(Message::End);
        match thread.join() {
            Ok(written) => written.map_err(|e| unusable(&e)),
            Err(_) => Err(LiveError::Journal(
                "the thread of the tables died".to_string(),
            )),
        }
    }
}

/// A session that ends in an error leaves no thread behind that still writes.
impl Drop for Store {
    fn drop(&mut self) {
        // The error that ended the session is the one to be told.
        let _joined = self.join();
    }
}

#[cfg(test)]
mod tests;
