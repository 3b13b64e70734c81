//! Where an order stands in the queue of its price, when only the quantity of the price is known.
//!
//! Idea: quantity that was there before the order stands in front of it. Trades at the price take
//! from the front. A level that shrinks without a trade lost a cancelled order: in front of ours or
//! behind it? The models differ in that guess. With `front` and `back` the others' quantity before
//! and behind ours, the share of a cancellation that was in front is
//!
//! ```text
//! p = f(front) / (f(front) + f(back)),   f(x) = x^n (power)  or  ln(1 + x) (log)
//! ```
//!
//! Source: Rigtorp, "Estimating order queue position" (2013); risk-averse: nobody in front leaves
//! unless the level gets shorter than the queue was. Quantities are counted in 1/65536 lots, so
//! and the functions are made of the four operations alone: the same rows give the same position
//! on every machine.
//!
//! - [`study`]: real orders as if they were ours, and what each model says of them.

pub mod study;

use py_rt_types::Qty;

/// Parts of a lot that positions are counted in, as a power of two.
const SHIFT: u32 = 16;
/// Quantities beyond this many lots are treated as this many.
const LOTS_MAX: i64 = 1 << 46;

/// How cancellations at a price are shared out around our order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueModel {
    /// All of them behind ours.
    RiskAverse,
    /// By the power of the quantities in front and behind; 1 shares them out evenly.
    Power(u32),
    /// By the logarithm of the quantities in front and behind.
    Log,
    /// Exactly, on data by order: who canceled is known, and who joined earlier stands in front.
    Fifo,
}

/// An order's place: what the others have in front of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueuePosition {
    /// In 1/65536 lots.
    front: i64,
    /// Traded at the price since the level was last seen.
    traded: i64,
}

/// Whether an order joined before ours; both count added orders modulo 2^32. Quantity of unknown
/// orders stands in front.
#[inline]
#[must_use]
pub fn is_in_front(joined: Option<u32>, ours: u32) -> bool {
    joined.is_none_or(|joined| ours.wrapping_sub(joined).wrapping_sub(1) < u32::MAX / 2)
}

#[inline]
fn parts(qty: Qty) -> i64 {
    qty.0.clamp(0, LOTS_MAX) << SHIFT
}

impl QueuePosition {
    /// Behind all that is shown.
    #[must_use]
    pub fn behind(shown: Qty) -> Self {
        Self {
            front: parts(shown),
            traded: 0,
        }
    }

    /// Whole lots in front, rounded up.
    #[must_use]
    pub const fn front(&self) -> Qty {
        Qty((self.front + (1 << SHIFT) - 1) >> SHIFT)
    }

    /// `qty` traded at the price; returns how much of it reached our order.
    #[inline]
    pub fn handle_trade(&mut self, qty: Qty) -> Qty {
        let traded = parts(qty);
        self.traded = self.traded.saturating_add(traded);
        let reached = traded - self.front;
        self.front = (self.front - traded).max(0);
        Qty(reached.max(0) >> SHIFT)
    }

    /// The others' quantity at the price went from `before` to `after`.
    ///
    /// `chance` turns the share that was in front into what is taken as such: the share itself
    /// (the expected position), all or nothing by a random number (one possible position), or, for
    /// [`QueueModel::Fifo`], all or nothing by [`is_in_front`].
    #[inline]
    pub fn handle_depth(
        &mut self,
        model: QueueModel,
        (before, after): (Qty, Qty),
        chance: impl FnOnce(f64) -> f64,
    ) {
        let (before, after) = (parts(before), parts(after));
        let before = (before - self.traded).max(0);
        self.traded = 0;
        let canceled = before - after;
        if canceled > 0 && self.front > 0 {
            if let Some(share) = model.share_in_front(self.front, before - self.front) {
                let back = (before - self.front).max(0);
                let in_front = (canceled as f64 * chance(share)) as i64;
                self.front -= in_front.max(canceled - back);
            }
        }
        self.front = self.front.clamp(0, after);
    }
}

impl QueueModel {
    /// The share of a cancellation that was in front; None when it never is.
    #[inline]
    fn share_in_front(self, front: i64, back: i64) -> Option<f64> {
        let lots = |parts: i64| parts.max(0) as f64 / f64::from(1u32 << SHIFT);
        let (front, back) = (lots(front), lots(back));
        let (front, back) = match self {
            Self::RiskAverse => return None,
            Self::Power(n) => {
                let ratio = front.max(back);
                (power(front / ratio, n), power(back / ratio, n))
            }
            Self::Fifo => return Some(1.0),
            Self::Log => (logarithm(1.0 + front), logarithm(1.0 + back)),
        };
        Some(front / (front + back))
    }
}

/// `x` to the n-th by multiplication alone: the same bits everywhere.
#[inline]
fn power(x: f64, n: u32) -> f64 {
    (0..n).fold(1.0, |product, _| product * x)
}

/// The natural logarithm of a number from 1 on, to 1e-12, by the four operations alone.
///
/// With x = m 2^e and s = (m - 1)/(m + 1): ln x = e ln 2 + 2 (s + s^3/3 + s^5/5 + ...).
fn logarithm(x: f64) -> f64 {
    const EXPONENT: u32 = 52;
    const BIAS: i64 = 1_023;
    let bits = x.to_bits();
    let exponent = (bits >> EXPONENT) as i64 - BIAS;
    let mantissa = f64::from_bits((bits & ((1 << EXPONENT) - 1)) | ((BIAS as u64) << EXPONENT));
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let sum = (0..13)
        .rev()
        .fold(0.0, |sum, k| sum * s * s + 1.0 / f64::from(2 * k + 1));
    exponent as f64 * std::f64::consts::LN_2 + 2.0 * s * sum
}

#[cfg(test)]
mod tests {
    use super::{logarithm, QueueModel, QueuePosition};
    use py_rt_types::Qty;

    const MODELS: [QueueModel; 4] = [
        QueueModel::RiskAverse,
        QueueModel::Power(1),
        QueueModel::Power(3),
        QueueModel::Log,
    ];

    fn after(model: QueueModel, start: i64, levels: &[(i64, i64)]) -> i64 {
        let mut position = QueuePosition::behind(Qty(start));
        for &(before, after) in levels {
            position.handle_depth(model, (Qty(before), Qty(after)), |share| share);
        }
        position.front().0
    }

    #[test]
    fn trades_take_from_the_front_and_what_is_left_reaches_us() {
        for _ in MODELS {
            let mut position = QueuePosition::behind(Qty(10));
            assert_eq!(position.handle_trade(Qty(4)), Qty(0));
            assert_eq!(position.front(), Qty(6));
            assert_eq!(position.handle_trade(Qty(9)), Qty(3));
            assert_eq!(position.handle_trade(Qty(2)), Qty(2));
        }
    }

    #[test]
    fn a_trade_is_not_a_cancellation_too() {
        for model in MODELS {
            let mut position = QueuePosition::behind(Qty(10));
            position.handle_trade(Qty(4));
            position.handle_depth(model, (Qty(20), Qty(16)), |share| share);
            assert_eq!(position.front(), Qty(6), "{model:?}");
        }
    }

    #[test]
    fn cancellations_are_shared_out_as_the_formula_says() {
        let cases = [
            (QueueModel::RiskAverse, 30),
            // 30 in front of 10: 30/40 of 8 is 6.
            (QueueModel::Power(1), 24),
            // 27000/(27000 + 1000) of 8 is 7.714.
            (QueueModel::Power(3), 23),
            // ln 31/(ln 31 + ln 11) of 8 is 4.711.
            (QueueModel::Log, 26),
        ];
        for (model, front) in cases {
            assert_eq!(after(model, 30, &[(40, 32)]), front, "{model:?}");
        }
    }

    #[test]
    fn what_the_back_does_not_have_came_from_the_front() {
        for model in MODELS {
            assert_eq!(after(model, 30, &[(30, 25)]), 25, "{model:?}");
            assert!(after(model, 30, &[(32, 3)]) <= 3, "{model:?}");
            assert_eq!(after(model, 30, &[(40, 0)]), 0, "{model:?}");
            assert_eq!(
                after(model, 30, &[(30, 90)]),
                30,
                "joined behind, {model:?}"
            );
        }
    }

    #[test]
    fn the_logarithm_is_one() {
        for x in [1.0, 1.0 + 1e-9, 1.5, 2.0, 10.0, 12_345.678, 7e13] {
            let error = (logarithm(x) - f64::ln(x)).abs();
            assert!(error <= 1e-12 * f64::ln(x).max(1.0), "{x}: {error:e}");
        }
    }

    #[test]
    fn no_quantity_is_too_large() {
        for model in MODELS {
            let huge = i64::MAX;
            assert!(after(model, huge, &[(huge, 5), (5, huge)]) <= 5);
        }
    }
}
