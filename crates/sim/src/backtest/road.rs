//! Roads between kernel and venues: what was sent, with its arrival. On one road nothing overtakes.

use std::collections::VecDeque;

use py_rt_types::UnixNanos;

/// First in, first out; the arrival of the first is at hand.
#[derive(Debug)]
struct Road<T> {
    next: UnixNanos,
    /// When the one that was sent last arrives, or arrived.
    last: UnixNanos,
    queue: VecDeque<(UnixNanos, T)>,
}

impl<T> Road<T> {
    const fn new() -> Self {
        Self {
            next: UnixNanos::MAX,
            last: UnixNanos::MIN,
            queue: VecDeque::new(),
        }
    }

    /// When the first arrives; `UnixNanos::MAX` while the road is empty.
    #[inline]
    const fn peek(&self) -> UnixNanos {
        self.next
    }

    /// Sends one that arrives at `at`, or with the one before it when that is later.
    #[inline]
    fn push(&mut self, at: UnixNanos, sent: T) {
        // Also after one that was handed over already: the venue may be ahead of the kernel.
        let at = at.max(self.last);
        self.last = at;
        if self.queue.is_empty() {
            self.next = at;
        }
        self.queue.push_back((at, sent));
    }

    #[inline]
    fn drop_first(&mut self) {
        self.queue.pop_front();
        self.next = self.queue.front().map_or(UnixNanos::MAX, |next| next.0);
    }
}

/// One road for each venue. What arrives first is at hand; of equal times, on the first road.
#[derive(Debug)]
pub(super) struct Roads<T> {
    next: UnixNanos,
    first: Road<T>,
    others: Vec<Road<T>>,
}

impl<T> Roads<T> {
    /// One road.
    pub(super) const fn new() -> Self {
        Self {
            next: UnixNanos::MAX,
            first: Road::new(),
            others: Vec::new(),
        }
    }

    /// So many roads as there are venues.
    pub(super) fn widen(&mut self, venues: usize) {
        self.others.resize_with(venues.saturating_sub(1), Road::new);
    }

    /// When the first arrives; `UnixNanos::MAX` while all roads are empty.
    #[inline]
    pub(super) const fn peek(&self) -> UnixNanos {
        self.next
    }

    /// Sends one on a road, that arrives at `at`, or with the one before it there.
    #[inline]
    pub(super) fn push(&mut self, road: usize, at: UnixNanos, sent: T) {
        let road = match road {
            0 => &mut self.first,
            place => self.others.get_mut(place - 1).unwrap_or(&mut self.first),
        };
        road.push(at, sent);
        self.next = self.next.min(road.peek());
    }

    /// The one that arrives first, to be looked at in place; then [`Roads::drop_first`].
    #[inline]
    pub(super) fn first(&self) -> Option<(UnixNanos, &T)> {
        let road = if self.first.peek() == self.next {
            &self.first
        } else {
            self.others.iter().find(|road| road.peek() == self.next)?
        };
        road.queue.front().map(|(at, sent)| (*at, sent))
    }

    /// The one that arrives first has arrived.
    #[inline]
    pub(super) fn drop_first(&mut self) {
        if self.others.is_empty() {
            self.first.drop_first();
            self.next = self.first.peek();
            return;
        }
        let next = self.next;
        let mut roads = core::iter::once(&mut self.first).chain(&mut self.others);
        if let Some(road) = roads.find(|road| road.peek() == next) {
            road.drop_first();
        }
        let first = self.first.peek();
        self.next = self
            .others
            .iter()
            .map(Road::peek)
            .fold(first, UnixNanos::min);
    }
}
