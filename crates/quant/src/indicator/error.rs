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
    /// The fast period is not shorter than the slow one.
    Order {
        /// The fast period.
        fast: usize,
        /// The slow period.
        slow: usize,
    },
    /// A column is not as long as the first one.
    Length {
        /// The column.
        name: &'static str,
        /// The length of the first column.
        expected: usize,
        /// The length of this one.
        found: usize,
    },
}

impl IndicatorError {
    /// The parameter or column that is wrong.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Period { name, .. } | Self::Width { name, .. } | Self::Length { name, .. } => {
                name
            }
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
            Self::Order { fast, slow } => {
                write!(
                    f,
                    "fast is {fast}, but must be less than slow, which is {slow}"
                )
            }
            Self::Length {
                name,
                expected,
                found,
            } => {
                write!(
                    f,
                    "{name} has {found} values, but the first column has {expected}"
                )
            }
        }
    }
}

impl core::error::Error for IndicatorError {}

/// Returns the period when it lies between `min` and `PERIOD_MAX`.
pub(super) fn period(
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

/// Checks that every named column is as long as the first.
pub(super) fn same_length(columns: &[(&'static str, &[f64])]) -> Result<(), IndicatorError> {
    let expected = columns.first().map_or(0, |(_, column)| column.len());
    match columns.iter().find(|(_, column)| column.len() != expected) {
        None => Ok(()),
        Some((name, column)) => Err(IndicatorError::Length {
            name,
            expected,
            found: column.len(),
        }),
    }
}
