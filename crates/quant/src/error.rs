//! What can be wrong with a question, and how an answer can fail to come.

use core::fmt;

use crate::linalg::lanes::all_finite;

/// The answer of every kernel.
pub type Result<T> = core::result::Result<T, QuantError>;

/// Why there is no number, by what the caller can do about it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum QuantError {
    /// A parameter is outside its range: choose another.
    Parameter {
        /// The parameter.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The data cannot be used as they are: correct them.
    Data(Fault),
    /// The data tell nothing of the kind asked for: constant, collinear, without variance.
    Degenerate(Fault),
    /// No solution satisfies the constraints: loosen one.
    Infeasible {
        /// Which constraints contradict each other.
        problem: String,
        /// What to do.
        remedy: &'static str,
    },
    /// An iteration ended before its tolerance was met.
    NotConverged {
        /// Which iteration.
        problem: String,
        /// How many steps were taken.
        iterations: usize,
        /// How far it still was.
        residual: f64,
    },
    /// The caller asked to stop.
    Interrupted,
}

/// What is wrong with data, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// The argument.
    pub field: &'static str,
    /// What is wrong.
    pub problem: String,
    /// Row of the first wrong value.
    pub row: Option<usize>,
    /// Column of it.
    pub column: Option<usize>,
    /// What to do.
    pub remedy: &'static str,
}

impl Fault {
    /// A fault of a whole argument.
    pub fn new(field: &'static str, problem: impl Into<String>, remedy: &'static str) -> Self {
        Self {
            field,
            problem: problem.into(),
            row: None,
            column: None,
            remedy,
        }
    }

    /// The same fault, at a row.
    #[must_use]
    pub fn at_row(mut self, row: usize) -> Self {
        self.row = Some(row);
        self
    }

    /// The same fault, in a column.
    #[must_use]
    pub fn in_column(mut self, column: usize) -> Self {
        self.column = Some(column);
        self
    }
}

impl QuantError {
    /// A parameter outside its range.
    pub fn parameter(name: &'static str, problem: impl Into<String>, remedy: &'static str) -> Self {
        Self::Parameter {
            name,
            problem: problem.into(),
            remedy,
        }
    }

    /// Fewer observations than the question needs.
    #[must_use]
    pub fn too_short(field: &'static str, found: usize, needed: usize) -> Self {
        Self::Data(Fault::new(
            field,
            format!("{found} observations, but at least {needed} are needed"),
            "pass a longer sample, or ask for fewer lags",
        ))
    }

    /// A column that never changes.
    #[must_use]
    pub fn constant(field: &'static str, column: Option<usize>) -> Self {
        let fault = Fault::new(field, "the series is constant", "leave it out");
        Self::Degenerate(match column {
            Some(column) => fault.in_column(column),
            None => fault,
        })
    }

    /// A column that is a linear combination of others.
    #[must_use]
    pub fn collinear(field: &'static str, column: Option<usize>) -> Self {
        let problem = "the series is a linear combination of the others";
        let fault = Fault::new(field, problem, "leave it out");
        Self::Degenerate(match column {
            Some(column) => fault.in_column(column),
            None => fault,
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        if let Some(row) = self.row {
            write!(f, ", row {row}")?;
        }
        write!(f, "; {}", self.remedy)
    }
}

impl fmt::Display for QuantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter {
                name,
                problem,
                remedy,
            } => write!(f, "{name} {problem}; {remedy}"),
            Self::Data(fault) | Self::Degenerate(fault) => fault.fmt(f),
            Self::Infeasible { problem, remedy } => write!(f, "{problem}; {remedy}"),
            Self::NotConverged {
                problem,
                iterations,
                residual,
            } => write!(
                f,
                "{problem} after {iterations} iterations (residual {residual:e})"
            ),
            Self::Interrupted => write!(f, "interrupted"),
        }
    }
}

impl core::error::Error for QuantError {}

/// Checks that every value is finite and that there are at least `needed`.
///
/// # Errors
/// [`QuantError::Data`] with the row of the first NaN or infinity, or with both lengths.
pub fn checked(field: &'static str, x: &[f64], needed: usize) -> Result<()> {
    let bad = (!all_finite(x)).then(|| x.iter().position(|v| !v.is_finite()));
    if let Some(row) = bad.flatten() {
        let problem = format!("value is {}", x[row]);
        let fault = Fault::new(field, problem, "drop or fill it before");
        return Err(QuantError::Data(fault.at_row(row)));
    }
    if x.len() < needed {
        return Err(QuantError::too_short(field, x.len(), needed));
    }
    Ok(())
}
