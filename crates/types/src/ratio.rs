//! Exact ratios: rates of exchange, of interest, of funding.

use crate::{Decimal, Money, TypeError};

/// A ratio of two whole numbers; the denominator is positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    numerator: i64,
    denominator: i64,
}

impl Ratio {
    /// One.
    pub const ONE: Self = Self {
        numerator: 1,
        denominator: 1,
    };

    /// `numerator / denominator`.
    ///
    /// # Errors
    /// [`TypeError::BadStep`] when the denominator is not positive.
    pub const fn try_new(numerator: i64, denominator: i64) -> Result<Self, TypeError> {
        if denominator <= 0 || numerator == i64::MIN {
            return Err(TypeError::BadStep);
        }
        Ok(Self {
            numerator,
            denominator,
        })
    }

    /// The ratio that a decimal is.
    ///
    /// # Errors
    /// [`TypeError::Overflow`] for a decimal of more than 18 digits.
    pub fn of_decimal(value: Decimal) -> Result<Self, TypeError> {
        let numerator = i64::try_from(value.mantissa()).map_err(|_| TypeError::Overflow)?;
        let denominator = 10i64.checked_pow(value.scale());
        Self::try_new(numerator, denominator.ok_or(TypeError::Overflow)?)
    }

    /// What stands above the line.
    #[must_use]
    pub const fn numerator(self) -> i64 {
        self.numerator
    }

    /// What stands below the line.
    #[must_use]
    pub const fn denominator(self) -> i64 {
        self.denominator
    }

    /// One over this.
    ///
    /// # Errors
    /// [`TypeError::BadStep`] when it is not positive.
    pub const fn inverse(self) -> Result<Self, TypeError> {
        Self::try_new(self.denominator, self.numerator)
    }

    /// This part of an amount, rounded half to even at the money unit: once, whatever its size.
    ///
    /// # Errors
    /// [`TypeError::Overflow`] when the part does not fit.
    pub fn of(self, amount: Money) -> Result<Money, TypeError> {
        let (times, by) = (
            u128::from(self.numerator.unsigned_abs()),
            self.denominator as u128,
        );
        let size = amount.0.unsigned_abs();
        // Two digits of 64 bits, divided as by hand: each product has less than 128 bits.
        let upper = (size >> 64) * times;
        let lower = ((upper % by) << 64) + (size & u128::from(u64::MAX)) * times;
        let high = upper / by;
        if high >> 63 != 0 {
            return Err(TypeError::Overflow);
        }
        let whole = (high << 64).checked_add(lower / by);
        let mut whole = whole.ok_or(TypeError::Overflow)?;
        let twice = (lower % by) * 2;
        if twice > by || (twice == by && whole % 2 == 1) {
            whole += 1;
        }
        let signed = i128::try_from(whole).map_err(|_| TypeError::Overflow)?;
        let negative = (amount.0 < 0) != (self.numerator < 0);
        Ok(Money(if negative { -signed } else { signed }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::divide_half_even;

    fn ratio(numerator: i64, denominator: i64) -> Ratio {
        Ratio::try_new(numerator, denominator).expect("a ratio")
    }

    #[test]
    fn a_part_is_rounded_once_and_to_the_even_neighbour() {
        assert_eq!(ratio(1, 2).of(Money(5)), Ok(Money(2)));
        assert_eq!(ratio(1, 2).of(Money(7)), Ok(Money(4)));
        assert_eq!(ratio(-1, 2).of(Money(7)), Ok(Money(-4)));
        assert_eq!(ratio(2, 3).of(Money(-10)), Ok(Money(-7)));
        assert_eq!(Ratio::ONE.of(Money(i128::MAX)), Ok(Money(i128::MAX)));
    }

    #[test]
    fn amounts_that_fit_are_those_of_plain_division() {
        let mut word = 0x9E37_79B9_7F4A_7C15_u64;
        let mut next = || {
            word ^= word << 13;
            word ^= word >> 7;
            word ^= word << 17;
            word
        };
        for _ in 0..100_000 {
            let amount = i128::from(next() as i64) * i128::from(next() as u32);
            let (times, by) = (i64::from(next() as i32), (next() >> 2) as i64 | 1);
            let by = by >> (next() % 60);
            let by = by.max(1);
            let Some(product) = amount.checked_mul(i128::from(times)) else {
                continue;
            };
            let expected = divide_half_even(product, i128::from(by));
            assert_eq!(ratio(times, by).of(Money(amount)), Ok(Money(expected)));
        }
    }

    #[test]
    fn a_product_beyond_128_bits_is_exact_when_the_part_fits() {
        let large = Money(i128::MAX - 6);
        let there = ratio(i64::MAX, i64::MAX - 1);
        assert_eq!(ratio(i64::MAX, i64::MAX).of(large), Ok(large));
        assert_eq!(there.of(large), Err(TypeError::Overflow));
        assert_eq!(ratio(2, 1).of(large), Err(TypeError::Overflow));
        assert_eq!(
            ratio(1, 7).of(Money(i128::MIN + 1)),
            Ok(Money(-(i128::MAX / 7)))
        );
    }

    #[test]
    fn a_decimal_and_its_inverse() {
        let rate = Ratio::of_decimal(Decimal::parse("156.25").expect("a decimal"));
        let rate = rate.expect("a ratio");
        assert_eq!((rate.numerator(), rate.denominator()), (15_625, 100));
        assert_eq!(rate.inverse(), Ratio::try_new(100, 15_625));
        assert_eq!(ratio(0, 1).inverse(), Err(TypeError::BadStep));
        assert_eq!(Ratio::try_new(1, 0), Err(TypeError::BadStep));
    }
}
