//! The thread that feeds a board, and the replay of recorded rows in real time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use py_rt_types::{EventKind, MarketEvent};

use super::{Board, Session};
use crate::clock::Stopwatch;

/// Rows between two looks whether to stop, when a replay runs as fast as it can.
const BUDGET: usize = 16 * super::STEP_ROWS;
/// Longest sleep: so soon a stop is noticed.
const PATIENCE: Duration = Duration::from_millis(20);
/// Market time between the end of a repeated recording and its beginning.
const REPEAT_PAUSE_NS: i64 = 1_000_000_000;

/// Recorded rows, in the order of their times.
#[derive(Debug)]
pub struct Replay {
    /// The rows; instruments count in the order of the board's listings.
    pub rows: Vec<MarketEvent>,
    /// Recorded seconds a real second; 0 for as fast as the machine can.
    pub speed: f64,
    /// Begin again at the end, later by the length of the recording and a second.
    pub repeat: bool,
}

/// A running feed; it ends when dropped.
#[derive(Debug)]
pub struct Feed {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Feed {
    /// Plays a recording on a board. The first book stands when this returns.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn replay(board: &Arc<Board>, replay: Replay) -> std::io::Result<Self> {
        let first = first_book(&replay.rows);
        board.handle_rows(&replay.rows[..first]);
        Self::run("market-replay", board, move |board, stop| {
            play(board, &replay, first, stop);
        })
    }

    /// Follows the journal of a session, from what stands there already.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn session(board: &Arc<Board>, mut session: Session) -> std::io::Result<Self> {
        session.catch_up(board);
        Self::run("market-session", board, move |board, stop| {
            while !stop.load(Ordering::Acquire) {
                if !session.catch_up(board) {
                    thread::park_timeout(PATIENCE);
                }
            }
        })
    }

    fn run(
        name: &str,
        board: &Arc<Board>,
        work: impl FnOnce(&Board, &AtomicBool) + Send + 'static,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (seen, board) = (Arc::clone(&stop), Arc::clone(board));
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                work(&board, &seen);
                board.end();
            })?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A feed that panicked has nothing left to say.
            let _ = thread.join();
        }
    }
}

/// How many rows make a first book with two sides; none where there never is one.
fn first_book(rows: &[MarketEvent]) -> usize {
    let mut sides = [false; 2];
    let complete = rows.iter().position(|row| {
        let sets = !matches!(row.event_kind(), Some(EventKind::Trade) | None);
        if sets && row.qty.0 > 0 {
            sides[0] |= row.side > 0;
            sides[1] |= row.side < 0;
        }
        sets && row.is_end() && sides == [true; 2]
    });
    complete.map_or(0, |last| last + 1)
}

/// When a row was received; recordings without that clock carry the venue's.
fn recorded_at(row: &MarketEvent) -> i64 {
    row.ts_recv.0.max(row.ts_event.0)
}

fn play(board: &Board, replay: &Replay, first: usize, stop: &AtomicBool) {
    let rows = &replay.rows;
    let (Some(begin), Some(end)) = (rows.first(), rows.last()) else {
        return;
    };
    let length = recorded_at(end) - recorded_at(begin) + REPEAT_PAUSE_NS;
    let (mut at, mut shift) = (first, 0_i64);
    let origin = rows.get(first.saturating_sub(1)).map_or(0, recorded_at);
    let watch = Stopwatch::start();
    let mut batch = Vec::with_capacity(BUDGET);
    while !stop.load(Ordering::Acquire) {
        if at == rows.len() {
            if !replay.repeat {
                return;
            }
            at = 0;
            shift = shift.saturating_add(length);
        }
        let ahead = if replay.speed > 0.0 {
            (watch.elapsed().as_nanos() as f64 * replay.speed) as i64
        } else {
            i64::MAX
        };
        let now = origin.saturating_add(ahead);
        batch.clear();
        let due = rows[at..].iter().take(BUDGET);
        let due = due.take_while(|row| recorded_at(row).saturating_add(shift) <= now);
        batch.extend(due.map(|row| shifted(row, shift)));
        if batch.is_empty() {
            let wait = recorded_at(&rows[at]).saturating_add(shift) - now;
            let wait = Duration::from_nanos((wait.max(0) as f64 / replay.speed) as u64);
            thread::park_timeout(wait.min(PATIENCE));
            continue;
        }
        at += batch.len();
        board.handle_rows(&batch);
    }
}

fn shifted(row: &MarketEvent, shift: i64) -> MarketEvent {
    MarketEvent {
        ts_event: row.ts_event.plus(shift),
        ts_recv: row.ts_recv.plus(shift),
        ..*row
    }
}
