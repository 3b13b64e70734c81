//! The hot road: market rows at the venue and here, each side for as long as the other cannot
//! matter to it.
//!
//! What the kernel decides at a time reaches the venue an order's latency later, and what the venue
//! tells takes a report's latency back. So either side may run ahead of the other by that much, and
//! everything happens as if rows had alternated one by one; but neither has to be fetched anew for
//! every row, and no processor has to guess which side is next.

use py_rt_kernel::{Input, Strategy};
use py_rt_types::UnixNanos;

use super::Backtest;

/// Rows that one side may be ahead of the other: few enough to be still in the nearest cache.
const AHEAD_MAX: usize = 256;

impl<S: Strategy> Backtest<'_, S> {
    /// Streams market rows until something else is due, or the kernel has seen `rows` of them.
    pub(super) fn stream(&mut self, rows: usize) {
        if self.at_kernel.peek() == UnixNanos::MAX && self.at_venue.peek() == UnixNanos::MAX {
            return;
        }
        let rows = rows.saturating_sub(self.bars.position());
        while !self.failed {
            let moved = self.stream_venue() | self.stream_kernel(rows);
            if !moved {
                return;
            }
        }
    }

    /// The earliest thing here that is not a market row.
    #[inline]
    fn due_here(&self) -> UnixNanos {
        let timer_at = self.timer_at();
        let sample_at = self.recording.next_sample();
        let bar_at = self.bars.peek().0;
        self.reports.peek().min(timer_at).min(sample_at).min(bar_at)
    }

    /// Rows at the venue: up to the next order's arrival, and to that of an order which the kernel
    /// may send next. True when there were any.
    #[inline]
    fn stream_venue(&mut self) -> bool {
        // A copy stays in registers, whatever the calls below do.
        let mut feed = self.at_venue;
        let most = self.at_kernel.position() + AHEAD_MAX;
        let decides_at = self.due_here().min(self.at_kernel.peek());
        let reach = decides_at.plus(self.latency.order_ns);
        let mut until = reach.min(self.orders.peek()).min(self.bars.peek().0);
        while let Some((now, event)) =
            feed.take(until.plus(1), most, |rows| self.venue.handle_far(rows))
        {
            self.venue.handle_market(now, event);
            if self.venue.has_report() {
                self.collect_reports();
                until = until.min(self.due_here().plus(self.latency.order_ns));
            }
        }
        let mut moved = feed.position() != self.at_venue.position();
        self.at_venue = feed;
        // Orders arrive when the market has moved; a bar at the same time is left to `step`.
        while self.orders.peek() < feed.peek().min(self.bars.peek().0) && self.is_first_order() {
            self.deliver_order();
            moved = true;
        }
        moved
    }

    /// Rows here: up to the next thing that is due, and to the report that the venue may send
    /// next. True when there were any.
    #[inline]
    fn stream_kernel(&mut self, rows: usize) -> bool {
        let mut feed = self.at_kernel;
        let most = rows.min(self.at_venue.position() + AHEAD_MAX);
        let mut until = self.due_here().min(self.next_report());
        while (feed.peek() < until) & (feed.position() < most) {
            feed.take(until, most, |rows| self.kernel.handle_rows(rows));
            self.drain();
            if self.failed {
                break;
            }
            until = self.due_here().min(self.next_report());
        }
        let mut moved = feed.position() != self.at_kernel.position();
        self.at_kernel = feed;
        // Reports are seen before rows of the same time; bars are left to `step`.
        let row_at = feed.peek();
        let others_at = self.bars.peek().0.min(self.inputs.next());
        while (self.reports.peek() <= row_at.min(self.kernel.poll_timeout()))
            & (self.reports.peek() < others_at)
            && self.is_first_report()
            && !self.failed
        {
            self.deliver_report();
            moved = true;
        }
        // A timer rings when nothing else can be seen by then, and more rows follow.
        let timer_at = self.kernel.poll_timeout();
        let seen_at = row_at.min(others_at).min(self.reports.peek());
        let more = (row_at != UnixNanos::MAX) & (feed.position() < rows);
        if (timer_at < seen_at.min(self.next_report())) & more & !self.failed {
            self.ring(timer_at);
            moved = true;
        }
        moved
    }

    /// Tells the kernel what time it is.
    #[inline]
    pub(super) fn ring(&mut self, timer_at: UnixNanos) {
        self.kernel.handle_input(timer_at, Input::Timer);
        self.after_kernel(timer_at);
    }

    /// Whether none that is sent later arrives before the next order. On one road none can.
    #[inline]
    fn is_first_order(&self) -> bool {
        let decides_at = self.due_here().min(self.at_kernel.peek());
        self.lanes.len() == 1 || self.orders.peek() <= decides_at.plus(self.latency.order_ns)
    }

    /// Whether none that is made later arrives before the next report. On one road none can.
    #[inline]
    fn is_first_report(&self) -> bool {
        self.lanes.len() == 1 || self.reports.peek() < self.next_report()
    }

    /// The earliest that a report may arrive which the venue has not made yet.
    #[inline]
    fn next_report(&self) -> UnixNanos {
        let market_at = if self.venue.is_idle() {
            UnixNanos::MAX
        } else {
            self.at_venue.peek()
        };
        market_at
            .min(self.orders.peek())
            .plus(self.latency.report_ns)
    }
}
