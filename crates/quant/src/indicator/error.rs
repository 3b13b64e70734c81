//! What can be wrong with the parameters or the columns of an indicator.

use core::fmt;

/// The longest period accepted [bars]; it bounds the memory of one indicator.
pub const PERIOD_MAX: usize = 1_000_000;

/// A parameter outside its range, or columns that do not belong together.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum IndicatorError {
    /// A number of bars is outside its range (both ends included).
    Period {
        /// The parameter.
        name: &'static str,
        /// What was given.
        value: usize,
        /// The smallest number of bars accepted.
        min: usize,
    },
    /// A number of standard deviations is not a positive finite number.
    Width {
        /// The parameter.
        name: &'static str,
        /// What was given.
        value: f64,
    },
    /// A real parameter is outside its range (both ends included).
    Range {
        /// The parameter.
        name: &'static str,
        /// What was given.
        value: f64,
        /// The smallest value accepted.
        min: f64,
        /// The greatest value accepted.
        max: f64,
    },
    /// The fast period is not shorter than the slow one.
    Order {
        /// The fast period.
        fast: usize,
        /// The slow period.
        slow: usize,
    },
    /// A column is not as long as the first one.
    Length {
        /// The place of the column, from 0.
        index: usize,
        /// The length of the first column.
        expected: usize,
        /// The length of this one.
        found: usize,
    },
    /// There are more or fewer columns than the indicator has.
    Columns {
        /// How many it has.
        expected: usize,
        /// How many were given.
        found: usize,
    },
}

impl IndicatorError {
    /// The parameter that is wrong, or "columns".
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Period { name, .. } | Self::Width { name, .. } | Self::Range { name, .. } => name,
            Self::Length { .. } | Self::Columns { .. } => "columns",
            Self::Order { .. } => "fast",
        }
    }
}

impl fmt::Display for IndicatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Period { name, value, min } => {
                write!(
                    f,
                    "{name} is {value}, but must lie between {min} and {PERIOD_MAX}"
                )
            }
            Self::Width { name, value } => {
                write!(f, "{name} is {value}, but must be a positive finite number")
            }
            Self::Range {
                name,
                value,
                min,
                max,
            } => {
                write!(f, "{name} is {value}, but must lie between {min} and {max}")
            }
            Self::Order { fast, slow } => {
                write!(
                    f,
                    "fast is {fast}, but must be less than slow, which is {slow}"
                )
            }
            Self::Length {
                index,
                expected,
                found,
            } => {
                write!(
                    f,
                    "column {index} has {found} values, but the first one has {expected}"
                )
            }
            Self::Columns { expected, found } => {
                write!(
                    f,
                    "{found} columns were given, but there must be {expected}"
                )
            }
        }
    }
}

impl core::error::Error for IndicatorError {}

/// Returns the period when it lies between `min` and `PERIOD_MAX`.
pub(crate) fn period(
    name: &'static str,
    value: usize,
    min: usize,
) -> Result<usize, IndicatorError> {
    if (min..=PERIOD_MAX).contains(&value) {
        Ok(value)
    } else {
        Err(IndicatorError::Period { name, value, min })
    }
}

/// Returns the number when it lies between `min` and `max`.
pub(crate) fn within(
    name: &'static str,
    value: f64,
    min: f64,
    max: f64,
) -> Result<f64, IndicatorError> {
    if value >= min && value <= max {
        Ok(value)
    } else {
        Err(IndicatorError::Range {
            name,
            value,
            min,
            max,
        })
    }
}

/// Returns the number when it is positive and finite.
pub(crate) fn width(name: &'static str, value: f64) -> Result<f64, IndicatorError> {
    if value.is_finite() && value > 0.0 {
        Ok(value)
    } else {
        Err(IndicatorError::Width { name, value })
    }
}
