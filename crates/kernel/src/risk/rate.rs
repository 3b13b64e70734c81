//! A sliding window of one second over the times of what was sent.

use alloc::collections::VecDeque;
use py_rt_types::UnixNanos;

const SECOND_NS: i64 = 1_000_000_000;

/// Counts what was sent within the last second.
#[derive(Debug, Clone)]
pub(crate) struct RateWindow {
    sent: VecDeque<UnixNanos>,
    most: usize,
}

impl RateWindow {
    pub(crate) fn new(most: u32) -> Self {
        let most = most as usize;
        Self {
            sent: VecDeque::with_capacity(most.min(16_384)),
            most,
        }
    }

    /// How many were sent in the second before `now`.
    pub(crate) fn count(&self, now: UnixNanos) -> usize {
        self.sent.len()
            - self
                .sent
                .partition_point(|&sent| now.since(sent) >= SECOND_NS)
    }

    /// Whether one more is within the limit.
    pub(crate) fn allows(&self, now: UnixNanos) -> bool {
        self.count(now) < self.most
    }

    pub(crate) fn record(&mut self, now: UnixNanos) {
        while self
            .sent
            .front()
            .is_some_and(|&first| now.since(first) >= SECOND_NS)
        {
            self.sent.pop_front();
        }
        self.sent.push_back(now);
    }
}
