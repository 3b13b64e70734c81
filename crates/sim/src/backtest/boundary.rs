//! Corporate actions inside a run: the data are cut where they take effect.
//!
//! Up to such a boundary a run sees the data as if they ended there: what was on its way arrives,
//! and timers ring. Then the action is applied at the venue and here, and the data go on. So no
//! order is sent in old shares and executed in new ones, and the hot road knows nothing of it.

use py_rt_kernel::{CorporateAction, Input, Strategy};
use py_rt_types::{MarketEvent, UnixNanos};

use super::{Backtest, BacktestData};

/// The actions of a run, and how far their data have been let in.
#[derive(Debug)]
pub(super) struct Boundaries<'a> {
    data: BacktestData<'a>,
    /// The rows in the order in which they happen at the venues.
    happens: &'a [MarketEvent],
    actions: Vec<(UnixNanos, CorporateAction)>,
    passed: usize,
}

impl<'a> Boundaries<'a> {
    pub(super) const fn none(data: BacktestData<'a>) -> Self {
        Self {
            data,
            happens: data.events,
            actions: Vec::new(),
            passed: 0,
        }
    }

    /// Gives the venues the rows in an order of their own; returns the kernel's.
    pub(super) const fn let_happen(&mut self, happens: &'a [MarketEvent]) -> &'a [MarketEvent] {
        self.happens = happens;
        self.data.events
    }

    pub(super) const fn len(&self) -> usize {
        self.data.events.len() + self.data.bars.len()
    }

    /// The data before the next boundary, and the rows as they happen; all when there is none.
    fn before_next(&self) -> (BacktestData<'a>, &'a [MarketEvent]) {
        let Some((at, _)) = self.actions.get(self.passed) else {
            return (self.data, self.happens);
        };
        let BacktestData { events, bars } = self.data;
        let before = |events: &'a [MarketEvent]| {
            &events[..events.partition_point(|event| event.ts_event < *at)]
        };
        let data = BacktestData {
            events: before(events),
            bars: &bars[..bars.partition_point(|bar| bar.ts_close <= *at)],
        };
        (data, before(self.happens))
    }
}

impl<S: Strategy> Backtest<'_, S> {
    /// Applies these actions inside the run, by rising time.
    #[must_use]
    pub fn with_actions(mut self, actions: Vec<(UnixNanos, CorporateAction)>) -> Self {
        if !actions.is_empty() {
            self.boundaries.actions = actions;
            let (first, happens) = self.boundaries.before_next();
            self.at_venue.extend(happens);
            self.at_kernel.extend(first.events);
            self.bars.extend(first.bars);
        }
        self
    }

    /// Ends the sessions of the venue at these times, ascending; else each day in UTC is one.
    #[must_use]
    pub fn with_sessions(mut self, closes: Vec<UnixNanos>) -> Self {
        self.venue = self.venue.with_sessions(closes);
        self
    }

    /// Applies what takes effect where the data were cut, and lets the next ones in. False when
    /// there is nothing left.
    #[cold]
    #[inline(never)]
    pub(super) fn pass_boundary(&mut self) -> bool {
        let passed = self.boundaries.passed;
        let Some((at, _)) = self.boundaries.actions.get(passed).copied() else {
            return false;
        };
        self.take_inputs(at);
        self.kernel.handle_input(at, Input::Timer);
        self.after_kernel(at);
        while self.orders.peek().min(self.reports.peek()) != UnixNanos::MAX {
            if self.orders.peek() <= self.reports.peek() {
                self.deliver_order();
            } else {
                self.deliver_report();
            }
        }
        while let Some((_, action)) = self.boundaries.actions.get(self.boundaries.passed).copied() {
            if self.boundaries.actions[self.boundaries.passed].0 != at {
                break;
            }
            self.boundaries.passed += 1;
            self.venue.handle_action(at, &action);
            self.kernel.handle_input(at, Input::Action(&action));
            self.collect_reports_at(at);
            self.after_kernel(at);
        }
        self.over_at = None;
        let (next, happens) = self.boundaries.before_next();
        self.at_venue.extend(happens);
        self.at_kernel.extend(next.events);
        self.bars.extend(next.bars);
        true
    }
}
