//! What can be wrong with a number or an instrument.

use core::fmt;

/// A value that cannot be represented or does not fit its instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TypeError {
    /// The text is not a plain decimal number.
    NotDecimal,
    /// The result does not fit the integer that holds it.
    Overflow,
    /// The value does not lie on the instrument's tick.
    OffTick,
    /// The value does not lie on the instrument's lot.
    OffLot,
    /// A step (tick, lot, multiplier) is zero or negative.
    BadStep,
    /// One tick times one lot is finer than the money unit of 1e-18.
    TooFine,
}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotDecimal => "not a plain decimal number",
            Self::Overflow => "the value does not fit its integer",
            Self::OffTick => "the price does not lie on the tick",
            Self::OffLot => "the quantity does not lie on the lot",
            Self::BadStep => "tick, lot and multiplier must be positive",
            Self::TooFine => "tick times lot times multiplier is finer than 1e-18",
        })
    }
}

impl core::error::Error for TypeError {}
