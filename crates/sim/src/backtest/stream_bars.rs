//! The hot road of bars: they end and begin at the venue and are seen here, one after the other.

use py_rt_kernel::Strategy;
use py_rt_types::UnixNanos;

use super::feed::BarStep;
use super::Backtest;

impl<S: Strategy> Backtest<'_, S> {
    /// Takes the step of a bar that is due, and further ones while nothing else comes in between
    /// and the kernel has not seen `rows` of rows and bars. What is due at the same time as a bar
    /// has its order in `step`.
    pub(super) fn stream_bars(&mut self, rows: usize) {
        let most = rows.saturating_sub(self.at_kernel.position());
        if self.stream_seen(most) {
            return;
        }
        let (mut now, mut step) = self.bars.peek();
        let mut others = self.beside_bars();
        loop {
            if step == BarStep::Seen {
                self.see_bar(now);
                if self.failed || self.bars.position() >= most {
                    return;
                }
                others = self.beside_bars();
            } else {
                self.bars.step_venue(&mut self.venue);
                if self.venue.has_report() {
                    self.collect_reports();
                    others = self.beside_bars();
                }
            }
            (now, step) = self.bars.peek();
            if now >= others {
                return;
            }
        }
    }

    /// Bars while nothing waits at the venue and nothing is on its way: they are only seen here,
    /// and the venue is brought up to them in one go. False when there was none.
    #[inline]
    fn stream_seen(&mut self, most: usize) -> bool {
        let roads = self.orders.peek().min(self.reports.peek());
        if roads != UnixNanos::MAX || !self.venue.is_idle() || !self.bars.is_plain() {
            return false;
        }
        let feeds = self.at_kernel.peek().min(self.at_venue.peek());
        let mut seen_at = None;
        while self.bars.position() < most {
            let others = feeds.min(self.timer_at());
            let Some((now, bar)) = self.bars.see_ahead(others) else {
                break;
            };
            seen_at = Some(now);
            self.kernel.handle_closed_bar(now, bar);
            self.after_kernel(now);
            if self.failed || self.orders.peek() != UnixNanos::MAX {
                break;
            }
        }
        if let Some(at) = seen_at {
            self.bars.catch_up(at, &mut self.venue);
        }
        seen_at.is_some()
    }

    /// The earliest thing that is not a bar's.
    #[inline]
    fn beside_bars(&self) -> UnixNanos {
        let feeds = self.at_kernel.peek().min(self.at_venue.peek());
        let roads = self.orders.peek().min(self.reports.peek());
        feeds.min(roads).min(self.timer_at())
    }

    #[inline(always)]
    pub(super) fn see_bar(&mut self, now: UnixNanos) {
        if let Some(bar) = self.bars.step_kernel() {
            self.kernel.handle_closed_bar(now, bar);
        }
        self.after_kernel(now);
    }
}
