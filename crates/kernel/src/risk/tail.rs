//! Value at risk and expected shortfall by historical simulation, in integers.
//!
//! For every scenario each instrument loses what the worse of its two outermost positions would:
//! that with all open buys and that with all open sells executed. The sum is what the portfolio
//! loses at the most, whichever of its open orders are executed; without open orders it is exact.
//! A value is cut to 1e-9 of a unit of money before it is multiplied by a return of parts of 1e-9.
//!
//! Of `n` losses, the largest first, with `t = n (1 - level)`: value at risk is the one after the
//! first `floor(t)`; expected shortfall the mean of the first `t`, the last of them by its part
//! (Acerbi and Tasche 2002, definition 2.6).

use alloc::vec::Vec;
use py_rt_types::{Instrument, Money};

use super::TailLimit;

const E9: i128 = 1_000_000_000;

/// A limit whose symbols have become places.
#[derive(Debug, Clone)]
pub(super) struct Tail {
    /// Place of an instrument, and its returns.
    rows: Vec<(usize, Vec<i64>)>,
    scenarios: usize,
    level_e9: i64,
    pub(super) max_var: Option<Money>,
    pub(super) max_es: Option<Money>,
}

/// Both measures of one set of losses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Measured {
    pub(super) var: Money,
    pub(super) es: Money,
}

impl Tail {
    pub(super) fn new(limit: &TailLimit, instruments: &[Instrument]) -> Self {
        let place = |symbol: &str| instruments.iter().position(|i| i.symbol() == symbol);
        let rows = limit.scenarios.iter();
        let rows: Vec<_> = rows
            .filter_map(|(symbol, returns)| Some((place(symbol)?, returns.clone())))
            .collect();
        Self {
            scenarios: rows.iter().map(|row| row.1.len()).max().unwrap_or(0),
            rows,
            level_e9: limit.level_e9,
            max_var: limit.max_var,
            max_es: limit.max_es,
        }
    }

    /// Whether there are returns of an instrument.
    pub(super) fn covers(&self, place: usize) -> bool {
        self.rows.iter().any(|row| row.0 == place)
    }

    /// Measures positions whose values reach from `low` to `high`, by place; `None` when a number
    /// does not fit.
    pub(super) fn measure(
        &self,
        mut reach: impl FnMut(usize) -> Option<(Money, Money)>,
    ) -> Option<Measured> {
        let mut losses = alloc::vec![0i128; self.scenarios];
        for (place, returns) in &self.rows {
            let (low, high) = reach(*place)?;
            for (loss, &change) in losses.iter_mut().zip(returns) {
                let change = i128::from(change);
                let gain = |value: Money| (value.0 / E9).checked_mul(change);
                let least = gain(low)?.min(gain(high)?);
                *loss = loss.checked_sub(least)?;
            }
        }
        losses.sort_unstable_by(|a, b| b.cmp(a));
        let beyond = i128::from(self.scenarios as u64) * (E9 - i128::from(self.level_e9));
        let whole = usize::try_from(beyond / E9).ok()?;
        let part = beyond % E9;
        let boundary = losses.get(whole).copied().unwrap_or(0);
        if beyond == 0 {
            let worst = Money(boundary);
            return Some(Measured {
                var: worst,
                es: worst,
            });
        }
        let mut sum = (boundary / E9).checked_mul(part)?;
        for loss in losses.get(..whole)? {
            sum = sum.checked_add(*loss)?;
        }
        // The sum is in units of 1e-18 times observations; `beyond` in 1e-9 of an observation.
        let es = sum.checked_div(beyond)?.checked_mul(E9)?;
        let rest = sum.checked_rem(beyond)?.checked_mul(E9)? / beyond;
        Some(Measured {
            var: Money(boundary),
            es: Money(es.checked_add(rest)?),
        })
    }
}
