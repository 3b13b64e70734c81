//! Parameters: what a strategy lists, what a caller gives, and the checked step between.

use py_rt_types::Decimal;

use crate::error::StrategyError;

/// A value of a parameter, as given or as default.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamValue {
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text: a symbol, or a number as exact decimal text.
    Text(String),
}

/// One parameter of a strategy. Its type is that of its default; a whole number or exact decimal
/// text is also taken where a number is wanted.
#[derive(Debug)]
pub struct ParamSpec {
    /// Its name.
    pub name: &'static str,
    /// Its value when none is given.
    pub default: ParamValue,
    /// What it means, with its unit.
    pub doc: &'static str,
}

impl ParamSpec {
    pub(crate) const fn text(name: &'static str, doc: &'static str) -> Self {
        let default = ParamValue::Text(String::new());
        Self { name, default, doc }
    }

    pub(crate) const fn int(name: &'static str, default: i64, doc: &'static str) -> Self {
        let default = ParamValue::Int(default);
        Self { name, default, doc }
    }

    pub(crate) const fn float(name: &'static str, default: f64, doc: &'static str) -> Self {
        let default = ParamValue::Float(default);
        Self { name, default, doc }
    }
}

/// The given parameters of one strategy over its defaults.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Params<'a> {
    specs: &'static [ParamSpec],
    given: &'a [(String, ParamValue)],
}

impl<'a> Params<'a> {
    /// Refuses names that the strategy does not list.
    pub(crate) fn try_new(
        strategy: &'static str,
        specs: &'static [ParamSpec],
        given: &'a [(String, ParamValue)],
    ) -> Result<Self, StrategyError> {
        let known = |name: &str| specs.iter().any(|spec| spec.name == name);
        match given.iter().find(|(name, _)| !known(name)) {
            None => Ok(Self { specs, given }),
            Some((name, _)) => Err(StrategyError::UnknownParameter {
                strategy,
                name: name.clone(),
                known: specs.iter().map(|spec| spec.name).collect(),
            }),
        }
    }

    fn value(&self, name: &'static str) -> Option<&ParamValue> {
        let given = self.given.iter().rev().find(|(given, _)| given == name);
        let listed = self.specs.iter().find(|spec| spec.name == name);
        given
            .map(|(_, value)| value)
            .or(listed.map(|spec| &spec.default))
    }

    fn mistyped(&self, name: &'static str, expected: &str) -> StrategyError {
        let problem = match self.value(name) {
            Some(ParamValue::Int(value)) => format!("is {value}"),
            Some(ParamValue::Float(value)) => format!("is {value}"),
            Some(ParamValue::Text(value)) => format!("is {value:?}"),
            None => "is missing".to_owned(),
        };
        StrategyError::bad_value(name, problem, format!("pass {expected}"))
    }

    /// A text.
    pub(crate) fn text(&self, name: &'static str) -> Result<&str, StrategyError> {
        match self.value(name) {
            Some(ParamValue::Text(text)) => Ok(text),
            _ => Err(self.mistyped(name, "text")),
        }
    }

    /// A whole number, `min` or more.
    pub(crate) fn count(&self, name: &'static str, min: i64) -> Result<usize, StrategyError> {
        let expected = format!("a whole number, {min} or more");
        match self.value(name) {
            Some(ParamValue::Int(value)) if *value >= min => {
                usize::try_from(*value).map_err(|_| self.mistyped(name, &expected))
            }
            _ => Err(self.mistyped(name, &expected)),
        }
    }

    /// A finite number, `min` or more.
    pub(crate) fn number(&self, name: &'static str, min: f64) -> Result<f64, StrategyError> {
        let number = match self.value(name) {
            Some(ParamValue::Float(value)) => Some(*value),
            Some(ParamValue::Int(value)) => Some(*value as f64),
            Some(ParamValue::Text(text)) => text.parse().ok(),
            None => None,
        };
        match number {
            Some(number) if number.is_finite() && number >= min => Ok(number),
            _ => Err(self.mistyped(name, &format!("a number, {min} or more"))),
        }
    }

    /// A positive decimal; a float counts as the shortest decimal that names it.
    pub(crate) fn decimal(&self, name: &'static str) -> Result<Decimal, StrategyError> {
        let text = match self.value(name) {
            Some(ParamValue::Float(value)) => format!("{value}"),
            Some(ParamValue::Int(value)) => format!("{value}"),
            Some(ParamValue::Text(text)) => text.clone(),
            None => String::new(),
        };
        match Decimal::parse(&text) {
            Ok(decimal) if decimal.mantissa() > 0 => Ok(decimal),
            _ => Err(self.mistyped(name, "a positive decimal number")),
        }
    }
}
