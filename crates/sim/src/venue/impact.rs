//! What our own trading does to the prices that we get.

use py_rt_types::{Price, Side, UnixNanos};

/// What an order that takes does to the recorded book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Impact {
    /// Nothing: the next order finds everything there again.
    #[default]
    None,
    /// What it took is gone until the market says anew what the level shows.
    Removes,
}

/// The square-root law: taking `q` moves the price by `coefficient * sqrt(q / volume)` of it.
///
/// `coefficient` is the daily volatility times a number near one, `volume` the daily volume in
/// lots (Tóth et al. 2011, Phys. Rev. X 1, 021006, equation 1). What was taken is forgotten by
/// halves, straight between two of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SquareRoot {
    /// Part of the price by which a day's whole volume would move it.
    pub coefficient: f64,
    /// A day's volume, lots.
    pub volume: f64,
    /// How long until half of what was taken is forgotten; 0 for within no time.
    pub half_life_ns: i64,
}

/// What was taken lately of an instrument: bought less sold, lots.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pressure {
    taken: f64,
    at: UnixNanos,
}

impl Pressure {
    /// The price at which `qty` lots are really had where `price` is shown. It is never better.
    pub(super) fn price(
        &mut self,
        now: UnixNanos,
        (side, price, qty): (Side, Price, i64),
        law: &SquareRoot,
    ) -> Price {
        let sign = match side {
            Side::Buy => 1.0,
            Side::Sell => -1.0,
        };
        let before = sign * self.left(now, law.half_life_ns);
        let after = before + qty as f64;
        *self = Self {
            taken: sign * after,
            at: now,
        };
        // The mean of the law over the way from `before` to `after`.
        let mean = (area(after) - area(before)) / (qty as f64 * law.volume.sqrt());
        let moved = law.coefficient * mean.max(0.0) * price.0.unsigned_abs() as f64;
        let ticks = moved.ceil() as i64;
        match side {
            Side::Buy => Price(price.0.saturating_add(ticks)),
            Side::Sell => Price(price.0.saturating_sub(ticks)),
        }
    }

    fn left(&self, now: UnixNanos, half_life_ns: i64) -> f64 {
        let gone = now.since(self.at).max(0);
        if half_life_ns <= 0 {
            return if gone > 0 { 0.0 } else { self.taken };
        }
        let halves = (gone / half_life_ns).min(1_000);
        let part = (gone % half_life_ns) as f64 / half_life_ns as f64;
        let mut left = self.taken * (1.0 - part / 2.0);
        for _ in 0..halves {
            left /= 2.0;
        }
        left
    }
}

/// The integral of the signed square root from 0.
fn area(taken: f64) -> f64 {
    let size = taken.abs();
    size * size.sqrt() * 2.0 / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAW: SquareRoot = SquareRoot {
        coefficient: 0.02,
        volume: 1_000_000.0,
        half_life_ns: 1_000,
    };

    #[test]
    fn a_hundredth_of_the_volume_costs_what_the_law_says() {
        // 0.02 * sqrt(0.01) = 0.002 at the end of the way, two thirds of it on the mean.
        let mut pressure = Pressure::default();
        let deal = (Side::Buy, Price(1_000_000), 10_000);
        assert_eq!(pressure.price(UnixNanos(0), deal, &LAW), Price(1_001_334));
        let mut pressure = Pressure::default();
        let deal = (Side::Sell, Price(1_000_000), 10_000);
        assert_eq!(pressure.price(UnixNanos(0), deal, &LAW), Price(998_666));
    }

    #[test]
    fn pieces_at_one_time_cost_what_the_whole_costs() {
        let mut pressure = Pressure::default();
        let whole = pressure.price(UnixNanos(0), (Side::Buy, Price(100_000_000), 4_000), &LAW);
        let mut pressure = Pressure::default();
        let pieces: Vec<i64> = [1_000; 4]
            .iter()
            .map(|&qty| {
                pressure
                    .price(UnixNanos(0), (Side::Buy, Price(100_000_000), qty), &LAW)
                    .0
            })
            .collect();
        assert!(pieces.is_sorted());
        let mean = pieces.iter().sum::<i64>() as f64 / 4.0;
        assert!((mean - whole.0 as f64).abs() <= 1.0, "{mean} {whole:?}");
    }

    #[test]
    fn what_was_taken_is_forgotten_by_halves_and_turning_back_gains_nothing() {
        let taken = Pressure {
            taken: 800.0,
            at: UnixNanos(5_000),
        };
        let left = |at| taken.left(UnixNanos(at), 1_000) as i64;
        let found = [5_000, 5_500, 6_000, 7_000, 8_000].map(left);
        assert_eq!(found, [800, 600, 400, 200, 100]);
        let mut after = taken;
        let back = after.price(UnixNanos(5_000), (Side::Sell, Price(1_000_000), 10), &LAW);
        assert_eq!(back, Price(1_000_000));
        assert!((after.taken - 790.0).abs() < 1e-9);
    }
}
