//! What can be wrong with the name or the parameters of a strategy.

use core::fmt;

/// A strategy that cannot be made from what was given.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StrategyError {
    /// No strategy has this name.
    UnknownStrategy {
        /// The name.
        name: String,
    },
    /// The strategy has no such parameter.
    UnknownParameter {
        /// The strategy.
        strategy: &'static str,
        /// The name.
        name: String,
        /// The parameters it has.
        known: Vec<&'static str>,
    },
    /// A parameter's value is of another type or outside its range.
    BadValue {
        /// The parameter.
        name: &'static str,
        /// What is wrong with its value.
        problem: String,
        /// What to pass instead.
        remedy: String,
    },
}

impl StrategyError {
    /// A value that is of another type or outside its range.
    #[must_use]
    pub fn bad_value(name: &'static str, problem: String, remedy: impl Into<String>) -> Self {
        Self::BadValue {
            name,
            problem,
            remedy: remedy.into(),
        }
    }

    /// The parameter that is wrong, or "strategy" when its name is.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::UnknownStrategy { .. } => "strategy",
            Self::UnknownParameter { name, .. } => name,
            Self::BadValue { name, .. } => name,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::UnknownStrategy { .. } => {
                let names: Vec<&str> = crate::registry::names().collect();
                format!("use one of {}", names.join(", "))
            }
            Self::UnknownParameter { known, .. } if known.is_empty() => "pass none".to_owned(),
            Self::UnknownParameter { known, .. } => format!("use one of {}", known.join(", ")),
            Self::BadValue { remedy, .. } => remedy.clone(),
        }
    }
}

impl fmt::Display for StrategyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownStrategy { name } => write!(f, "no compiled strategy is called {name:?}"),
            Self::UnknownParameter { strategy, name, .. } => {
                write!(f, "{strategy} has no parameter {name:?}")
            }
            Self::BadValue { name, problem, .. } => write!(f, "{name} {problem}"),
        }
    }
}

impl core::error::Error for StrategyError {}
