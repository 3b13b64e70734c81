//! Inputs of a run that are known before it begins: rates of exchange, charges.

use py_rt_kernel::journal::OwnedInput;
use py_rt_kernel::Strategy;
use py_rt_types::UnixNanos;

use super::Backtest;

/// Inputs by rising time, and how many were taken.
#[derive(Debug)]
pub(super) struct Inputs {
    rows: Vec<(UnixNanos, OwnedInput)>,
    taken: usize,
    /// When the next one is due; `UnixNanos::MAX` for never.
    next: UnixNanos,
}

impl Default for Inputs {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            taken: 0,
            next: UnixNanos::MAX,
        }
    }
}

impl Inputs {
    /// When the next one is due; `UnixNanos::MAX` for never.
    #[inline]
    pub(super) const fn next(&self) -> UnixNanos {
        self.next
    }

    /// Whether one is due by then.
    #[inline]
    pub(super) fn due(&self, now: UnixNanos) -> bool {
        self.next <= now
    }

    fn load(&mut self) {
        let next = self.rows.get(self.taken);
        self.next = next.map_or(UnixNanos::MAX, |(at, _)| *at);
    }
}

impl<S: Strategy> Backtest<'_, S> {
    /// Hands the kernel these inputs, by rising time: each when it is due, after the market of the
    /// same moment and before reports. Those of a time before the data come first of all, those
    /// after it last.
    #[must_use]
    pub fn with_inputs(mut self, rows: Vec<(UnixNanos, OwnedInput)>) -> Self {
        self.inputs.rows = rows;
        self.inputs.load();
        self
    }

    /// The next thing here that is due by the clock alone.
    #[inline]
    pub(super) fn timer_at(&self) -> UnixNanos {
        self.kernel.poll_timeout().min(self.inputs.next)
    }

    /// Hands over what is due.
    #[inline]
    pub(super) fn take_inputs(&mut self, now: UnixNanos) {
        if self.inputs.next <= now {
            self.take_due(now);
        }
    }

    #[cold]
    #[inline(never)]
    fn take_due(&mut self, now: UnixNanos) {
        while let Some((at, input)) = self.inputs.rows.get(self.inputs.taken).copied() {
            if at > now {
                break;
            }
            self.inputs.taken += 1;
            self.kernel.handle_input(at, input.as_input());
            self.after_kernel(at);
        }
        self.inputs.load();
    }
}
