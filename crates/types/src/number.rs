//! Exact numbers: prices in ticks, quantities in lots, money in 1e-18 units of a currency.
//!
//! | operation | result |
//! |---|---|
//! | `Price - Price` | ticks, `i64`, checked |
//! | `Qty + Qty`, `Qty - Qty` | `Qty`, checked |
//! | `Instrument::notional(Price, Qty)` | `Money`, checked |
//! | `Money + Money` | `Money`, checked |
//! | `Price + Qty` | does not compile |

use crate::TypeError;

/// A price in ticks of its instrument. Negative prices are legal where the venue has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct Price(pub i64);

/// A quantity in lots of its instrument. Signed where it is a position, positive in an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct Qty(pub i64);

/// An amount of money in units of 1e-18 of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct Money(pub i128);

impl Qty {
    /// No quantity.
    pub const ZERO: Self = Self(0);

    /// Sum, or `Overflow`.
    ///
    /// # Errors
    /// [`TypeError::Overflow`] when the sum does not fit.
    #[inline]
    pub const fn checked_add(self, other: Self) -> Result<Self, TypeError> {
        match self.0.checked_add(other.0) {
            Some(v) => Ok(Self(v)),
            None => Err(TypeError::Overflow),
        }
    }

    /// Difference, or `Overflow`.
    ///
    /// # Errors
    /// [`TypeError::Overflow`] when the difference does not fit.
    #[inline]
    pub const fn checked_sub(self, other: Self) -> Result<Self, TypeError> {
        match self.0.checked_sub(other.0) {
            Some(v) => Ok(Self(v)),
            None => Err(TypeError::Overflow),
        }
    }
}

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);
    /// Decimal places of one unit.
    pub const SCALE: u32 = 18;
    /// One whole unit of the currency.
    pub const ONE: Self = Self(1_000_000_000_000_000_000);

    /// Sum, or `Overflow`.
    ///
    /// # Errors
    /// [`TypeError::Overflow`] when the sum does not fit.
    #[inline]
    pub const fn checked_add(self, other: Self) -> Result<Self, TypeError> {
        match self.0.checked_add(other.0) {
            Some(v) => Ok(Self(v)),
            None => Err(TypeError::Overflow),
        }
    }

    /// Difference, or `Overflow`.
    ///
    /// # Errors
    /// [`TypeError::Overflow`] when the difference does not fit.
    #[inline]
    pub const fn checked_sub(self, other: Self) -> Result<Self, TypeError> {
        match self.0.checked_sub(other.0) {
            Some(v) => Ok(Self(v)),
            None => Err(TypeError::Overflow),
        }
    }

    /// This amount times `rate` in parts of 1e-9, rounded half to even at the money unit.
    ///
    /// # Errors
    /// [`TypeError::Overflow`] when the product does not fit.
    pub const fn checked_rate(self, rate_e9: i64) -> Result<Self, TypeError> {
        match self.0.checked_mul(rate_e9 as i128) {
            Some(product) => Ok(Self(divide_half_even(product, 1_000_000_000))),
            None => Err(TypeError::Overflow),
        }
    }

    /// The amount without its sign, saturating at the end of the range.
    #[inline]
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }
}

/// `value / divisor` rounded half to even; `divisor` is positive.
#[must_use]
pub const fn divide_half_even(value: i128, divisor: i128) -> i128 {
    let quotient = value.div_euclid(divisor);
    let rest = value.rem_euclid(divisor);
    let twice = rest.saturating_mul(2);
    if twice > divisor || (twice == divisor && quotient % 2 != 0) {
        quotient + 1
    } else {
        quotient
    }
}

/// `value / 2` rounded half to even, without a division.
#[inline]
#[must_use]
pub const fn halve_to_even(value: i128) -> i128 {
    let half = value >> 1;
    half + (value & 1 & half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halving_is_dividing_by_two() {
        for value in -1_000..1_000 {
            assert_eq!(halve_to_even(value), divide_half_even(value, 2), "{value}");
        }
        assert_eq!(halve_to_even(i128::MAX), divide_half_even(i128::MAX, 2));
        assert_eq!(halve_to_even(i128::MIN), divide_half_even(i128::MIN, 2));
    }

    #[test]
    fn half_even_rounds_to_the_even_neighbour() {
        let rounded: [i128; 6] = [25, 35, -25, -35, 24, 26].map(|v| divide_half_even(v, 10));
        assert_eq!(rounded, [2, 4, -2, -4, 2, 3]);
    }

    #[test]
    fn overflow_is_an_error_never_a_wrap() {
        assert_eq!(Qty(i64::MAX).checked_add(Qty(1)), Err(TypeError::Overflow));
        assert_eq!(
            Money(i128::MAX).checked_add(Money(1)),
            Err(TypeError::Overflow)
        );
        assert_eq!(Money(i128::MAX).checked_rate(2), Err(TypeError::Overflow));
    }

    #[test]
    fn one_basis_point_of_one_dollar() {
        assert_eq!(
            Money::ONE.checked_rate(100_000),
            Ok(Money(100_000_000_000_000))
        );
    }
}
