//! Exact decimal text in and out: never through a float.

use alloc::string::String;
use core::fmt;

use crate::TypeError;

/// The largest number of decimal places a decimal holds.
pub const MAX_SCALE: u32 = 18;

/// A decimal number `mantissa × 10^-scale`, kept without trailing zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Decimal {
    mantissa: i128,
    scale: u32,
}

impl Decimal {
    /// Zero.
    pub const ZERO: Self = Self {
        mantissa: 0,
        scale: 0,
    };

    /// `mantissa × 10^-scale`, normalised.
    ///
    /// # Errors
    /// [`TypeError::Overflow`] when `scale` is above [`MAX_SCALE`] after normalising.
    pub const fn try_new(mut mantissa: i128, mut scale: u32) -> Result<Self, TypeError> {
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        if scale > MAX_SCALE {
            return Err(TypeError::Overflow);
        }
        Ok(Self { mantissa, scale })
    }

    /// Parses plain or exponent decimal text such as `-12.50` or `1e-8`.
    ///
    /// # Errors
    /// [`TypeError::NotDecimal`] for anything else, [`TypeError::Overflow`] when it does not fit.
    pub fn parse(text: &str) -> Result<Self, TypeError> {
        let (number, exponent) = split_exponent(text)?;
        let (negative, digits) = match number.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let mut mantissa: i128 = 0;
        let mut scale: i64 = 0;
        let (mut seen_point, mut seen_digit) = (false, false);
        for &byte in digits {
            match byte {
                b'0'..=b'9' => {
                    seen_digit = true;
                    mantissa = mantissa
                        .checked_mul(10)
                        .and_then(|m| m.checked_add(i128::from(byte - b'0')))
                        .ok_or(TypeError::Overflow)?;
                    scale += i64::from(seen_point);
                }
                b'.' if !seen_point => seen_point = true,
                _ => return Err(TypeError::NotDecimal),
            }
        }
        if !seen_digit {
            return Err(TypeError::NotDecimal);
        }
        if negative {
            mantissa = -mantissa;
        }
        Self::from_scaled(mantissa, scale - exponent)
    }

    fn from_scaled(mantissa: i128, scale: i64) -> Result<Self, TypeError> {
        if mantissa == 0 {
            return Ok(Self::ZERO);
        }
        if scale >= 0 {
            let scale = u32::try_from(scale).map_err(|_| TypeError::Overflow)?;
            return Self::try_new(mantissa, scale);
        }
        let power = u32::try_from(-scale).map_err(|_| TypeError::Overflow)?;
        let factor = 10i128.checked_pow(power).ok_or(TypeError::Overflow)?;
        Self::try_new(mantissa.checked_mul(factor).ok_or(TypeError::Overflow)?, 0)
    }

    /// The digits without the point.
    #[must_use]
    pub const fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// How many of the digits stand behind the point.
    #[must_use]
    pub const fn scale(self) -> u32 {
        self.scale
    }

    /// The value as an integer of 1e-18.
    ///
    /// # Errors
    /// [`TypeError::Overflow`] when it does not fit.
    pub fn to_atto(self) -> Result<i128, TypeError> {
        10i128
            .checked_pow(MAX_SCALE - self.scale)
            .and_then(|factor| self.mantissa.checked_mul(factor))
            .ok_or(TypeError::Overflow)
    }

    /// The value from an integer of 1e-18.
    #[must_use]
    pub const fn from_atto(atto: i128) -> Self {
        let (mut mantissa, mut scale) = (atto, MAX_SCALE);
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        Self { mantissa, scale }
    }

    /// How many whole `step`s this value is, or `None` when it does not lie on the step.
    ///
    /// # Errors
    /// [`TypeError::BadStep`] for a step that is not positive, [`TypeError::Overflow`] when the
    /// count does not fit 64 bits.
    pub fn steps(self, step: Self) -> Result<Option<i64>, TypeError> {
        if step.mantissa <= 0 {
            return Err(TypeError::BadStep);
        }
        let (value, unit) = (self.to_atto()?, step.to_atto()?);
        if value % unit != 0 {
            return Ok(None);
        }
        i64::try_from(value / unit)
            .map(Some)
            .map_err(|_| TypeError::Overflow)
    }

    /// `count × self`.
    ///
    /// # Errors
    /// [`TypeError::Overflow`] when the product does not fit.
    pub fn times(self, count: i64) -> Result<Self, TypeError> {
        let mantissa = self
            .mantissa
            .checked_mul(i128::from(count))
            .ok_or(TypeError::Overflow)?;
        Self::try_new(mantissa, self.scale)
    }
}

fn split_exponent(text: &str) -> Result<(&str, i64), TypeError> {
    match text.find(['e', 'E']) {
        None => Ok((text, 0)),
        Some(at) => {
            let exponent: i64 = text[at + 1..].parse().map_err(|_| TypeError::NotDecimal)?;
            if exponent.unsigned_abs() > 60 {
                return Err(TypeError::Overflow);
            }
            Ok((&text[..at], exponent))
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let magnitude = self.mantissa.unsigned_abs();
        if self.scale == 0 {
            return write!(f, "{sign}{magnitude}");
        }
        let unit = 10u128.pow(self.scale);
        let width = self.scale as usize;
        write!(f, "{sign}{}.{:0width$}", magnitude / unit, magnitude % unit)
    }
}

impl From<Decimal> for String {
    fn from(value: Decimal) -> Self {
        alloc::format!("{value}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn text_survives_a_round_trip_in_canonical_form() {
        let cases = [
            ("1", "1"),
            ("-0.50", "-0.5"),
            ("+3.0", "3"),
            ("1e-8", "0.00000001"),
            ("2.5E3", "2500"),
            ("0.000", "0"),
            (".5", "0.5"),
            ("61837.63000000", "61837.63"),
        ];
        for (text, expected) in cases {
            assert_eq!(
                Decimal::parse(text).unwrap().to_string(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn bad_text_is_refused() {
        for text in [
            "", "-", ".", "1.2.3", "NaN", "inf", "0x10", "1e", "1 ", "1_000", "١",
        ] {
            assert_eq!(Decimal::parse(text), Err(TypeError::NotDecimal), "{text:?}");
        }
        for text in ["1e99", "1e-99", &"9".repeat(60), "1e-19"] {
            assert_eq!(Decimal::parse(text), Err(TypeError::Overflow), "{text:?}");
        }
    }

    #[test]
    fn steps_say_whether_a_value_lies_on_them() {
        let tick = Decimal::parse("0.25").unwrap();
        assert_eq!(Decimal::parse("100.75").unwrap().steps(tick), Ok(Some(403)));
        assert_eq!(Decimal::parse("100.80").unwrap().steps(tick), Ok(None));
        assert_eq!(Decimal::ZERO.steps(Decimal::ZERO), Err(TypeError::BadStep));
    }
}
