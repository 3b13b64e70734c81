//! Keeps a database behind `store.sqlite`, as far behind as it likes.
//!
//! A thread of its own reads what changed and writes it there, with how far it has come in the
//! same transaction. Nobody waits for it and it holds nothing that is not in the file: a database
//! that is slow, gone, restarted, empty or put back to an older state is brought up by the same
//! loop. How far it has come stands in `store.json` of the state directory.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::changes::ChangeReader;
use super::lease::Lease;
use super::place::Place;
use super::postgres::{Epoch, Failure, Postgres};
use super::status::quoted;
use crate::clock::uptime_ns;
use crate::error::LiveError;
use crate::state::replace_file;

/// Rows of one transaction.
const BATCH_ROWS: i64 = 2_000;
/// How often the file is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// The first and the longest pause after a failure.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(3)];

/// How far a database has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivery {
    /// Rows that were written there.
    pub delivered: u64,
    /// Rows that wait; `None` before the database was asked.
    pub waiting: Option<i64>,
    /// Why nothing goes on, when it does not.
    pub error: Option<String>,
}

impl Delivery {
    fn to_json(&self, place: &Place) -> String {
        let text = |text: Option<String>| text.map_or("null".to_string(), |text| quoted(&text));
        let waiting = self.waiting.map_or("null".to_string(), |n| n.to_string());
        format!(
            "{{\"url\":{},\"delivered\":{},\"waiting\":{waiting},\"error\":{}}}\n",
            quoted(&place.to_string()),
            self.delivered,
            text(self.error.clone()),
        )
    }

    /// Whether everything is there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.waiting == Some(0) && self.error.is_none()
    }
}

/// Carries what changed from the file to the database, a batch a call.
#[derive(Debug)]
pub struct Courier {
    reader: ChangeReader,
    place: Place,
    lineage: String,
    database: Option<(Postgres, i64)>,
}

impl Courier {
    /// Reads the `store.sqlite` of a state directory.
    ///
    /// # Errors
    /// [`LiveError::Journal`] when there is none that keeps its changes.
    pub fn open(state_dir: &Path, lineage: &str, place: Place) -> Result<Self, LiveError> {
        let reader = ChangeReader::open(&state_dir.join("store.sqlite")).map_err(|error| {
            LiveError::Journal(format!(
                "`store.sqlite` keeps no list of its changes ({error}): let a session with \
                 `store.url` run in this state directory first"
            ))
        })?;
        Ok(Self {
            reader,
            place,
            lineage: lineage.to_string(),
            database: None,
        })
    }

    /// Brings one batch there; says how many rows it had and how many wait. A connection that
    /// failed is made anew at the next call.
    ///
    /// # Errors
    /// What the database, or the file, said.
    pub fn carry(&mut self, epoch: Option<&Epoch>) -> Result<(u64, i64), Failure> {
        let done = self.try_carry(epoch);
        if matches!(done, Err(Failure::Broken(_))) {
            self.database = None;
        }
        done
    }

    fn try_carry(&mut self, epoch: Option<&Epoch>) -> Result<(u64, i64), Failure> {
        let unread = |error| Failure::Broken(format!("`store.sqlite`: {error}"));
        if self.database.is_none() {
            let store = self.reader.read(0, 0).map_err(unread)?.progress.store;
            let mut database = Postgres::connect(&self.place)?;
            let position = database.position(&self.lineage, &store)?;
            self.database = Some((database, position));
        }
        let Some((database, position)) = &mut self.database else {
            return Ok((0, 0));
        };
        if !self.reader.has_more(*position).map_err(unread)? {
            return Ok((0, 0));
        }
        let batch = self.reader.read(*position, BATCH_ROWS).map_err(unread)?;
        database.write(&self.lineage, epoch, &batch)?;
        *position = batch.through;
        Ok((batch.changes.len() as u64, batch.waiting))
    }
}

#[derive(Debug, Default)]
struct Shared {
    ending: AtomicBool,
    cut: AtomicBool,
    delivery: Mutex<Delivery>,
}

/// The thread.
#[derive(Debug)]
pub struct Replica {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Replica {
    /// Starts it.
    ///
    /// # Errors
    /// [`LiveError::Journal`] when no thread can be made.
    pub fn start(
        state_dir: &Path,
        lineage: &str,
        place: Place,
        lease: Option<Arc<Lease>>,
    ) -> Result<Self, LiveError> {
        let courier = Courier::open(state_dir, lineage, place)?;
        let shared = Arc::new(Shared::default());
        let mut run = Run {
            courier,
            lease,
            path: state_dir.join("store.json"),
            shared: Arc::clone(&shared),
            written: None,
            pause: PAUSES[0],
        };
        let thread = thread::Builder::new()
            .name("replica".to_string())
            .spawn(move || run.run())
            .map_err(|error| LiveError::Journal(format!("no thread for `store.url`: {error}")))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Waits until everything is there, at most so long; says how far it came. A database that
    /// answers after that finds a thread that has ended, and gets the rest from the next session.
    #[must_use]
    pub fn finish(mut self, longest: Duration) -> Delivery {
        self.shared.ending.store(true, Ordering::Release);
        let until = uptime_ns().saturating_add(i64::try_from(longest.as_nanos()).unwrap_or(0));
        if let Some(thread) = self.thread.take() {
            while !thread.is_finished() && uptime_ns() < until {
                thread.thread().unpark();
                crate::clock::pause_for(Duration::from_millis(5));
            }
        }
        self.delivery()
    }

    /// How far it has come.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        let known = self.shared.delivery.lock();
        known.map_or_else(|broken| broken.into_inner().clone(), |known| known.clone())
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.shared.ending.store(true, Ordering::Release);
        self.shared.cut.store(true, Ordering::Release);
    }
}

struct Run {
    courier: Courier,
    lease: Option<Arc<Lease>>,
    path: PathBuf,
    shared: Arc<Shared>,
    written: Option<String>,
    pause: Duration,
}

impl Run {
    fn run(&mut self) {
        while !self.shared.cut.load(Ordering::Acquire) {
            // Looked at first: what was written before the end was asked for is still carried.
            let ending = self.shared.ending.load(Ordering::Acquire);
            let epoch = self.lease.as_ref().and_then(|lease| lease.epoch());
            let (wait, over) = match self.courier.carry(epoch.as_ref()) {
                Ok((rows, waiting)) => {
                    self.pause = PAUSES[0];
                    self.tell(rows, Some(waiting), None);
                    let more = waiting > 0;
                    (if more { Duration::ZERO } else { LOOK }, !more && ending)
                }
                Err(Failure::Fenced(holder)) => {
                    if let Some(lease) = &self.lease {
                        lease.fence(&holder);
                    }
                    self.tell(
                        0,
                        None,
                        Some(format!("the account was taken over by {holder}")),
                    );
                    (Duration::ZERO, true)
                }
                Err(failure) => {
                    self.tell(0, None, Some(failure.text().to_string()));
                    self.pause = (self.pause * 2).min(PAUSES[1]);
                    (if ending { PAUSES[0] } else { self.pause }, false)
                }
            };
            if over {
                return;
            }
            if !wait.is_zero() {
                thread::park_timeout(wait);
            }
        }
    }

    fn tell(&mut self, rows: u64, waiting: Option<i64>, error: Option<String>) {
        let mut known = match self.shared.delivery.lock() {
            Ok(known) => known,
            Err(broken) => broken.into_inner(),
        };
        known.delivered += rows;
        known.waiting = waiting.or(known.waiting);
        known.error = error;
        let text = known.to_json(&self.courier.place);
        drop(known);
        if self.written.as_ref() != Some(&text) {
            // A courtesy, like the status file.
            let _written = replace_file(&self.path, text.as_bytes(), false);
            self.written = Some(text);
        }
    }
}
