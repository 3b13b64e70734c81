//! The one file of this crate that reads a clock: real time in, virtual time out.
#![allow(clippy::disallowed_methods)]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use py_rt_types::UnixNanos;

/// Virtual time that runs `speed` times as fast as real time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VirtualClock {
    origin: Instant,
    start: UnixNanos,
    speed: f64,
}

impl VirtualClock {
    /// A clock that shows `start` now.
    pub(crate) fn new(start: UnixNanos, speed: f64) -> Self {
        Self {
            origin: Instant::now(),
            start,
            speed,
        }
    }

    /// Virtual time now.
    pub(crate) fn now(&self) -> UnixNanos {
        let real_ns = self.origin.elapsed().as_nanos() as f64;
        self.start.plus((real_ns * self.speed) as i64)
    }

    /// Goes on from another moment.
    pub(crate) fn jump(&mut self, to: UnixNanos) {
        *self = Self::new(to, self.speed);
    }

    /// How long to wait, in real time, until the virtual time `at`; at most `longest`.
    pub(crate) fn until(&self, at: UnixNanos, longest: Duration) -> Duration {
        if at == UnixNanos::MAX {
            return longest;
        }
        let virtual_ns = at.since(self.now()).max(0) as f64;
        Duration::from_nanos((virtual_ns / self.speed).ceil() as u64).min(longest)
    }
}

/// The wall clock.
pub(crate) fn wall_now() -> UnixNanos {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    UnixNanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
