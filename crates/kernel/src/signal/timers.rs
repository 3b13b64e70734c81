//! Timers of the strategy: a short list, earliest first to ring.

use alloc::vec::Vec;
use py_rt_types::UnixNanos;

use super::StrategyId;

#[derive(Debug, Clone, Copy)]
struct Timer {
    strategy: StrategyId,
    timer: u32,
    at: UnixNanos,
    every_ns: i64,
}

/// Pending timers. Setting a number again replaces the earlier one of the same strategy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timers {
    pending: Vec<Timer>,
}

impl Timers {
    pub(crate) fn set(&mut self, strategy: StrategyId, timer: u32, at: UnixNanos, every_ns: i64) {
        self.pending
            .retain(|pending| (pending.strategy, pending.timer) != (strategy, timer));
        self.pending.push(Timer {
            strategy,
            timer,
            at,
            every_ns,
        });
    }

    pub(crate) fn clear(&mut self) {
        self.pending.clear();
    }

    pub(crate) fn poll_timeout(&self) -> UnixNanos {
        self.pending
            .iter()
            .map(|timer| timer.at)
            .min()
            .unwrap_or(UnixNanos::MAX)
    }

    /// Takes one timer that is due, earliest first; a repeating one is set again.
    pub(crate) fn poll_due(&mut self, now: UnixNanos) -> Option<(StrategyId, u32)> {
        let (place, due) = self
            .pending
            .iter()
            .enumerate()
            .min_by_key(|(_, timer)| timer.at)?;
        if due.at > now {
            return None;
        }
        let rung = *due;
        if rung.every_ns > 0 {
            let missed = now.since(rung.at) / rung.every_ns;
            let next = rung
                .at
                .plus(missed.saturating_add(1).saturating_mul(rung.every_ns));
            self.pending[place].at = next;
        } else {
            self.pending.remove(place);
        }
        Some((rung.strategy, rung.timer))
    }
}
