//! A sliding window of one second over the times of what was sent.

use alloc::collections::VecDeque;
use py_rt_types::UnixNanos;

const SECOND_NS: i64 = 1_000_000_000;

/// Counts what was sent within the last second.
#[derive(Debug, Clone)]
pub(crate) struct RateWindow {
    sent: VecDeque<UnixNanos>,
}

impl RateWindow {
    pub(crate) fn new(most: u32) -> Self {
        Self {
            sent: VecDeque::with_capacity((most as usize).min(16_384)),
        }
    }

    /// How many were sent in the second before `now`.
    pub(crate) fn count(&self, now: UnixNanos) -> usize {
        let first = self.sent.front();
        if first.is_none_or(|&first| now.since(first) < SECOND_NS) {
            return self.sent.len();
        }
        self.sent.len()
            - self
                .sent
                .partition_point(|&sent| now.since(sent) >= SECOND_NS)
    }

    pub(crate) fn record(&mut self, now: UnixNanos) {
        self.advance(now);
        self.sent.push_back(now);
    }

    /// Forgets what was sent more than a second ago.
    #[inline]
    pub(crate) fn advance(&mut self, now: UnixNanos) {
        while self
            .sent
            .front()
            .is_some_and(|&first| now.since(first) >= SECOND_NS)
        {
            self.sent.pop_front();
        }
    }
}
