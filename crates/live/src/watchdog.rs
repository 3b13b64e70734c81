//! A second thread that looks whether the driver's thread comes back from the strategy.
//!
//! A callback that hangs holds the driver: no report is read, no cancel is sent. So this thread
//! acts without it, in three steps, each after one more `limit` (the last not before 2 s): what
//! comes after the callback may only reduce; the session's open orders are cancelled over a
//! connection of their own, and the callback is interrupted as by Ctrl-C; the process is killed,
//! which the journal is made for. The kill file holds the word, so that the next start stays where
//! this one was stopped, until a person says `resume`.

use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use py_rt_types::UnixNanos;
use rustix::process::{getpid, kill_process, Signal};

use crate::clock::Clock;
use crate::error::LiveError;
use crate::state::replace_file;

/// What an interrupted callback is given at least, to end and to let the session end.
const GRACE: Duration = Duration::from_secs(2);

/// Whether the driver's thread is inside the kernel: a count that is odd inside.
#[derive(Debug, Clone, Default)]
pub struct Pulse(Arc<AtomicU64>);

impl Pulse {
    /// The thread goes in or comes out. Only one thread may call this.
    #[inline]
    pub fn beat(&self) {
        let count = self.0.load(Ordering::Relaxed);
        self.0.store(count.wrapping_add(1), Ordering::Relaxed);
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The steps, in the order in which they are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    ReduceOnly,
    CancelAll,
    Kill,
}

/// How long the thread has been inside, as far as looks from outside can tell.
#[derive(Debug)]
struct Looks {
    /// After how long each step is due.
    due_ns: [i64; 3],
    seen: u64,
    since: UnixNanos,
    taken: usize,
}

impl Looks {
    const STEPS: [Step; 3] = [Step::ReduceOnly, Step::CancelAll, Step::Kill];

    fn new(limit: Duration) -> Self {
        let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
        let twice = limit.saturating_mul(2);
        let last = twice.saturating_add(limit.max(GRACE));
        Self {
            due_ns: [limit, twice, last].map(nanos),
            seen: 0,
            since: UnixNanos(0),
            taken: 0,
        }
    }

    /// The step that is due, each once while the thread stays inside.
    fn look(&mut self, now: UnixNanos, count: u64) -> Option<Step> {
        if count % 2 == 0 || count != self.seen {
            (self.seen, self.since, self.taken) = (count, now, 0);
            return None;
        }
        let due = *self.due_ns.get(self.taken)?;
        if now.since(self.since) < due {
            return None;
        }
        self.taken += 1;
        Self::STEPS.get(self.taken - 1).copied()
    }
}

/// What the steps are made of.
pub struct Remedies {
    /// The kill file.
    pub kill: PathBuf,
    /// Cancels the open orders of the session, on a connection of its own.
    pub cancel_all: Box<dyn FnMut() -> Result<(), LiveError> + Send>,
}

impl std::fmt::Debug for Remedies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remedies").finish_non_exhaustive()
    }
}

/// The thread; it ends with this value.
#[derive(Debug)]
pub struct Watchdog {
    over: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// Begins to look; a callback may take as long as `limit`.
    ///
    /// # Errors
    /// [`LiveError::Config`] when the machine gives no thread.
    pub fn start(limit: Duration, pulse: Pulse, remedies: Remedies) -> Result<Self, LiveError> {
        let over = Arc::new((Mutex::new(false), Condvar::new()));
        let told = Arc::clone(&over);
        let thread = std::thread::Builder::new()
            .name("watchdog".to_string())
            .spawn(move || watch(limit, &pulse, remedies, &told))
            .map_err(|error| LiveError::Config(format!("no thread for the watchdog: {error}")))?;
        Ok(Self {
            over,
            thread: Some(thread),
        })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        let (over, changed) = &*self.over;
        if let Ok(mut over) = over.lock() {
            *over = true;
        }
        changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // A watchdog that panicked has nothing more to tell.
            let _ended = thread.join();
        }
    }
}

fn watch(limit: Duration, pulse: &Pulse, mut remedies: Remedies, over: &(Mutex<bool>, Condvar)) {
    let clock = Clock::new();
    let mut looks = Looks::new(limit);
    let pause = (limit / 8).max(Duration::from_millis(1));
    let (over, changed) = over;
    let Ok(mut ended) = over.lock() else { return };
    while !*ended {
        let Ok((next, _)) = changed.wait_timeout(ended, pause) else {
            return;
        };
        ended = next;
        if let Some(step) = looks.look(clock.now(), pulse.count()) {
            take(step, limit, &mut remedies);
        }
    }
}

fn take(step: Step, limit: Duration, remedies: &mut Remedies) {
    match step {
        Step::ReduceOnly => {
            say(&format!(
                "a callback has not returned for {} s: reduce-only from now on, until \
                 `py-rt kill --level resume`",
                limit.as_secs_f64()
            ));
            if !remedies.kill.exists() {
                latch(remedies, b"reduce_only\n");
            }
        }
        Step::CancelAll => {
            say("the callback still hangs: cancelling the open orders");
            latch(remedies, b"halt\n");
            match (remedies.cancel_all)() {
                Ok(()) => say("the venue was told to cancel every open order of ours"),
                Err(error) => say(&format!("the orders could not be cancelled: {error}")),
            }
            signal_self(Signal::INT);
        }
        Step::Kill => {
            say("the callback cannot be interrupted: killing the session; its journal is whole");
            signal_self(Signal::KILL);
        }
    }
}

fn latch(remedies: &Remedies, word: &[u8]) {
    if let Err(error) = replace_file(&remedies.kill, word, true) {
        say(&format!("the kill file could not be written: {error}"));
    }
}

/// A line for whoever watches the process: its log is in the hands of the thread that hangs.
fn say(text: &str) {
    // Without a standard error there is nobody to tell.
    let _told = writeln!(std::io::stderr(), "watchdog: {text}");
}

fn signal_self(signal: Signal) {
    // A process may always signal itself.
    let _sent = kill_process(getpid(), signal);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn look(looks: &mut Looks, tenths: i64, count: u64) -> Option<Step> {
        looks.look(UnixNanos(tenths * SECOND / 10), count)
    }

    #[test]
    fn a_callback_that_stays_leads_to_each_step_once() {
        let mut looks = Looks::new(Duration::from_secs(1));
        let steps: Vec<_> = (0..60)
            .filter_map(|tenths| look(&mut looks, tenths, 7).map(|step| (tenths, step)))
            .collect();
        let expected = [
            (10, Step::ReduceOnly),
            (20, Step::CancelAll),
            (40, Step::Kill),
        ];
        assert_eq!(steps, expected);
    }

    #[test]
    fn a_thread_outside_or_on_its_way_is_left_alone() {
        let mut looks = Looks::new(Duration::from_secs(1));
        assert!((0..100).all(|tenths| look(&mut looks, tenths, 8).is_none()));
        // Inside at every look, but each time in another input.
        assert!((100..200).all(|tenths| {
            let count = u64::try_from(tenths).unwrap_or(0) * 2 + 1;
            look(&mut looks, tenths, count).is_none()
        }));
    }

    #[test]
    fn the_second_hang_counts_from_its_own_beginning() {
        let mut looks = Looks::new(Duration::from_secs(1));
        let first: Vec<_> = (0..15).filter_map(|t| look(&mut looks, t, 3)).collect();
        assert_eq!(first, [Step::ReduceOnly]);
        let second: Vec<_> = (15..30).filter_map(|t| look(&mut looks, t, 5)).collect();
        assert_eq!(second, [Step::ReduceOnly]);
    }

    #[test]
    fn the_thread_ends_with_its_owner() {
        let remedies = Remedies {
            kill: PathBuf::new(),
            cancel_all: Box::new(|| Ok(())),
        };
        let dog = Watchdog::start(Duration::from_secs(3600), Pulse::default(), remedies);
        assert!(dog.is_ok());
        drop(dog);
    }
}
