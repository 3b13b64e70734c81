//! Sliding windows over the times of what happened, bounded by what they allow.

use alloc::collections::VecDeque;
use py_rt_types::UnixNanos;

use super::Pace;

/// The last times at which something happened; no more of them than the pace allows.
#[derive(Debug, Clone, Default)]
pub(super) struct Window {
    times: VecDeque<UnixNanos>,
}

impl Window {
    /// How many lie within the window that ends now, as far as the pace asks.
    pub(super) fn count(&self, pace: Pace, now: UnixNanos) -> usize {
        let old = |at: &UnixNanos| now.since(*at) >= pace.window_ns;
        self.times.len() - self.times.partition_point(old)
    }

    /// Whether one more is allowed.
    pub(super) fn admits(&self, pace: Pace, now: UnixNanos) -> bool {
        self.count(pace, now) < pace.most as usize
    }

    /// Counts one; the oldest is forgotten when it no longer matters.
    pub(super) fn record(&mut self, pace: Pace, now: UnixNanos) {
        while self.times.len() >= (pace.most as usize).max(1) {
            self.times.pop_front();
        }
        self.times.push_back(now);
    }

    /// Whether all of it is over.
    pub(super) fn is_over(&self, pace: Pace, now: UnixNanos) -> bool {
        let last = self.times.back();
        last.is_none_or(|&last| now.since(last) >= pace.window_ns)
    }
}

/// Parts into which a window of extremes is divided: it is longer by one of them at the most.
const PARTS: i64 = 16;

/// Lowest and highest value within a window, in a few parts of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Extremes {
    parts: VecDeque<(UnixNanos, i64, i64)>,
}

impl Extremes {
    /// Lowest and highest of the window that ends now.
    pub(super) fn range(&self, window_ns: i64, now: UnixNanos) -> Option<(i64, i64)> {
        let length = window_ns.saturating_add(window_ns / PARTS);
        let within = self.parts.iter().filter(|part| now.since(part.0) < length);
        within
            .map(|part| (part.1, part.2))
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    pub(super) fn record(&mut self, window_ns: i64, now: UnixNanos, value: i64) {
        let length = window_ns.saturating_add(window_ns / PARTS);
        let over = |part: &(UnixNanos, i64, i64)| now.since(part.0) >= length;
        while self.parts.front().is_some_and(over) {
            self.parts.pop_front();
        }
        match self.parts.back_mut() {
            Some(part) if now.since(part.0) < window_ns / PARTS => {
                (part.1, part.2) = (part.1.min(value), part.2.max(value));
            }
            _ => self.parts.push_back((now, value, value)),
        }
    }
}
