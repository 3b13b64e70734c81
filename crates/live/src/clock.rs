//! The one clock of this crate.
// Real time is what this room is for, and this is the only file that reads it.
#![allow(clippy::disallowed_methods)]

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use py_rt_types::UnixNanos;

/// Wall time that never goes back: read once, then carried on by the monotonic clock.
///
/// A step of the machine's clock during a session changes nothing here, neither the order of
/// events nor a time-out.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    anchor: Instant,
    start: UnixNanos,
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock {
    /// A clock that shows the machine's time now.
    #[must_use]
    pub fn new() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        let nanos = since_epoch.map_or(0, |passed| passed.as_nanos());
        Self {
            anchor: Instant::now(),
            start: UnixNanos(i64::try_from(nanos).unwrap_or(i64::MAX)),
        }
    }

    /// The time now.
    #[inline]
    #[must_use]
    pub fn now(&self) -> UnixNanos {
        let passed = i64::try_from(self.anchor.elapsed().as_nanos());
        self.start.plus(passed.unwrap_or(i64::MAX))
    }
}

/// Waits for something outside a session's sockets; on those the driver waits itself.
pub fn pause_for(duration: std::time::Duration) {
    std::thread::sleep(duration);
}

/// Nanoseconds since the machine was started, those in which it slept or the process was stopped
/// included: what a promise that runs out is measured by.
#[inline]
#[must_use]
pub fn uptime_ns() -> i64 {
    let read = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    read.tv_sec
        .saturating_mul(1_000_000_000)
        .saturating_add(read.tv_nsec)
}
