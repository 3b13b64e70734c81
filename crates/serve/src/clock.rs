//! The one file of this crate that reads a clock: the pace of a replay, the age of a call.
#![allow(clippy::disallowed_methods)] // the one place of this crate that reads the clock

use std::time::{Duration, Instant};

/// Time since the server, or a replay, began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
