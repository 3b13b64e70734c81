//! The one place of this crate that reads a clock: how long a run took. No decision depends on it.
#![allow(clippy::disallowed_methods)]

use std::time::{Duration, Instant};

/// Measures real time.
#[derive(Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
