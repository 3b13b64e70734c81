//! A road between kernel and venue: what was sent, with its arrival. Nothing overtakes.

use std::collections::VecDeque;

use py_rt_types::UnixNanos;

/// First in, first out; the arrival of the first is at hand.
#[derive(Debug)]
pub(super) struct Road<T> {
    next: UnixNanos,
    queue: VecDeque<(UnixNanos, T)>,
}

impl<T> Road<T> {
    pub(super) const fn new() -> Self {
        Self {
            next: UnixNanos::MAX,
            queue: VecDeque::new(),
        }
    }

    /// When the first arrives; `UnixNanos::MAX` while the road is empty.
    #[inline]
    pub(super) const fn peek(&self) -> UnixNanos {
        self.next
    }

    /// Sends one that arrives at `at`, or with the one before it when that is later.
    #[inline]
    pub(super) fn push(&mut self, at: UnixNanos, sent: T) {
        let last = self.queue.back().map_or(UnixNanos::MIN, |last| last.0);
        let at = at.max(last);
        if self.queue.is_empty() {
            self.next = at;
        }
        self.queue.push_back((at, sent));
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<(UnixNanos, T)> {
        let first = self.queue.pop_front();
        self.next = self.queue.front().map_or(UnixNanos::MAX, |next| next.0);
        first
    }
}
