//! What bars move up and down, summed as Wilder does.

use super::column::{each_row, each_row_twice, SCRATCH};
use super::error::{period, IndicatorError};
use super::smooth::{Recursion, Wilder};
use super::volatility::true_range;
use crate::linalg::lanes::wide;

/// Movement up or down of one bar, never both: the greater one, if positive.
#[inline(always)]
fn movement([high, low, last_high, last_low]: [f64; 4]) -> (f64, f64) {
    let (up, down) = (high - last_high, last_low - low);
    let falls = down > 0.0 && up < down;
    let rises = up > 0.0 && up > down;
    (if rises { up } else { 0.0 }, if falls { down } else { 0.0 })
}

/// Wilder's running sums of up movement, down movement and true range.
///
/// The first `period - 1` bars are summed; then each step lets 1/period go and adds the new bar, so
/// that the first value stands after `period` movements. Of period 1 it is the bar itself.
#[derive(Debug, Clone)]
pub(super) struct Movements {
    pub(super) period: usize,
    last: Option<[f64; 3]>,
    seen: usize,
    begun: [f64; 3],
    sums: [Wilder; 3],
}

impl Movements {
    pub(super) fn new(len: usize, min: usize) -> Result<Self, IndicatorError> {
        let period = period("period", len, min)?;
        let sum = Wilder::sum(period);
        Ok(Self {
            period,
            last: None,
            seen: 0,
            begun: [0.0; 3],
            sums: [sum.clone(), sum.clone(), sum],
        })
    }

    /// Takes one bar in; sums of up, down and range once `ready_at` movements were seen.
    #[inline]
    pub(super) fn update(&mut self, bar: [f64; 3], ready_at: usize) -> Option<[f64; 3]> {
        let last = self.last.replace(bar)?;
        let (up, down) = movement([bar[0], bar[1], last[0], last[1]]);
        let fresh = [up, down, true_range(bar[0], bar[1], last[2])];
        let told = self.step(fresh);
        (self.seen >= ready_at).then_some(told)
    }

    #[inline]
    fn step(&mut self, fresh: [f64; 3]) -> [f64; 3] {
        self.seen = self.seen.saturating_add(1);
        if self.period == 1 {
            return fresh;
        }
        if self.seen >= self.period {
            let [up, down, range] = &mut self.sums;
            return [up.one(fresh[0]), down.one(fresh[1]), range.one(fresh[2])];
        }
        for (sum, x) in self.begun.iter_mut().zip(fresh) {
            *sum += x;
        }
        if self.seen + 1 == self.period {
            for (sum, begun) in self.sums.iter_mut().zip(self.begun) {
                sum.start(begun);
            }
        }
        self.begun
    }

    /// Writes the sums after each row of a stretch of highs, lows and closes; returns how many of
    /// the first rows have none.
    fn run(
        &mut self,
        [high, low, close]: [&[f64]; 3],
        lines: [&mut [f64]; 3],
        ready_at: usize,
    ) -> usize {
        let n = high.len();
        let Some(end) = n.checked_sub(1) else {
            return 0;
        };
        let newest = [high[end], low[end], close[end]];
        let mut fresh = [SCRATCH; 3];
        let [ups, downs, ranges] = fresh.each_mut().map(|fresh| &mut fresh[..n]);
        let moves = [&high[1..], &low[1..], high, low];
        each_row_twice(moves, [&mut ups[1..], &mut downs[1..]], movement);
        each_row(
            [&high[1..], &low[1..], close],
            &mut ranges[1..],
            |[high, low, last]| true_range(high, low, last),
        );
        let before = self.last.replace(newest);
        // The first bar of all has none before it.
        let mut at = usize::from(before.is_none());
        if let Some([last_high, last_low, last_close]) = before {
            (ups[0], downs[0]) = movement([high[0], low[0], last_high, last_low]);
            ranges[0] = true_range(high[0], low[0], last_close);
        }
        let mut untold = at;
        let mut lines = lines.map(|line| &mut line[..n]);
        while at < n && (self.seen + 1 < self.period || self.period == 1) {
            let told = self.step([ups[at], downs[at], ranges[at]]);
            for (line, x) in lines.iter_mut().zip(told) {
                line[at] = x;
            }
            at += 1;
            untold += usize::from(self.seen < ready_at);
        }
        let sums = self.sums.iter_mut().zip([ups, downs, ranges]).zip(lines);
        self.seen = self.seen.saturating_add(n - at);
        wide(
            #[inline(always)]
            || sums.for_each(|((sum, fresh), line)| sum.run(&fresh[at..], &mut line[at..])),
        );
        untold
    }

    pub(super) fn reset(&mut self) {
        self.last = None;
        self.seen = 0;
        self.begun = [0.0; 3];
    }
}

/// Writes what is told of the three sums of a stretch; returns how many of the first rows have
/// none.
pub(super) fn run_told(
    (movements, ready_at): (&mut Movements, usize),
    columns: [&[f64]; 3],
    line: &mut [f64],
    told: impl Fn([f64; 3]) -> f64,
) -> usize {
    let n = line.len();
    let mut sums = [SCRATCH; 3];
    let slots = sums.each_mut().map(|sums| &mut sums[..n]);
    let untold = movements.run(columns, slots, ready_at);
    let sums = sums.each_ref().map(|sums| &sums[untold..n]);
    each_row(sums, &mut line[untold..], told);
    untold
}
