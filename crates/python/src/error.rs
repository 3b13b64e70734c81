//! The one file that turns Rust errors into Python's.

use py_rt_quant::{Fault, QuantError};
use py_rt_serve::{Place, Refusal};
use py_rt_types::TypeError;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// What can go wrong at the boundary, before it has a Python class.
#[derive(Debug)]
pub(crate) enum FaceError {
    /// A configuration value.
    Config {
        field: String,
        problem: String,
        remedy: String,
    },
    /// A parameter of a call.
    Parameter {
        field: String,
        problem: String,
        remedy: String,
    },
    /// Market data.
    Data {
        field: String,
        problem: String,
        remedy: String,
    },
    /// The venue or the road to it, by the code of the live room.
    Venue {
        class: &'static str,
        problem: String,
        remedy: String,
    },
    /// A use of an object at the wrong time.
    Strategy { problem: String, remedy: String },
}

impl FaceError {
    pub(crate) fn config(field: &str, problem: impl ToString, remedy: &str) -> PyErr {
        let (field, problem) = (field.to_owned(), problem.to_string());
        Self::Config {
            field,
            problem,
            remedy: remedy.to_owned(),
        }
        .into()
    }

    pub(crate) fn parameter(field: &str, problem: impl ToString, remedy: &str) -> PyErr {
        let (field, problem) = (field.to_owned(), problem.to_string());
        Self::Parameter {
            field,
            problem,
            remedy: remedy.to_owned(),
        }
        .into()
    }

    pub(crate) fn data(field: &str, problem: impl ToString, remedy: &str) -> PyErr {
        let (field, problem) = (field.to_owned(), problem.to_string());
        Self::Data {
            field,
            problem,
            remedy: remedy.to_owned(),
        }
        .into()
    }

    pub(crate) fn venue(problem: impl ToString, remedy: &str) -> PyErr {
        let (problem, remedy) = (problem.to_string(), remedy.to_owned());
        Self::Venue {
            class: "VenueError",
            problem,
            remedy,
        }
        .into()
    }

    /// An error of a session by its code; the message says what to do.
    pub(crate) fn live(code: &str, message: &str) -> PyErr {
        let class = match code {
            "config" => "ConfigError",
            "connection" => "ConnectionLost",
            "journal" => "JournalError",
            "halted" => "RiskHalted",
            "fenced" => "Fenced",
            _ => "VenueError",
        };
        let (problem, remedy) = match message.split_once(": ") {
            Some((problem, remedy)) => (problem.to_owned(), remedy.to_owned()),
            None => (message.to_owned(), "see the message".to_owned()),
        };
        Self::Venue {
            class,
            problem,
            remedy,
        }
        .into()
    }

    pub(crate) fn strategy(problem: &str, remedy: &str) -> PyErr {
        Self::Strategy {
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        }
        .into()
    }
}

impl From<FaceError> for PyErr {
    fn from(error: FaceError) -> Self {
        let (class, problem, field, remedy) = match error {
            FaceError::Config {
                field,
                problem,
                remedy,
            } => ("ConfigError", problem, Some(field), remedy),
            FaceError::Parameter {
                field,
                problem,
                remedy,
            } => ("ParameterError", problem, Some(field), remedy),
            FaceError::Data {
                field,
                problem,
                remedy,
            } => ("DataError", problem, Some(field), remedy),
            FaceError::Venue {
                class,
                problem,
                remedy,
            } => (class, problem, None, remedy),
            FaceError::Strategy { problem, remedy } => ("StrategyError", problem, None, remedy),
        };
        Python::attach(|py| raise(py, class, &problem, field.as_deref(), &remedy))
    }
}

fn raise(py: Python<'_>, class: &str, problem: &str, field: Option<&str>, remedy: &str) -> PyErr {
    let build = || -> PyResult<Bound<'_, PyAny>> {
        let named = PyDict::new(py);
        if let Some(field) = field {
            named.set_item("field", field)?;
        }
        named.set_item("remedy", remedy)?;
        py.import("py_rt.errors")?
            .getattr(class)?
            .call((problem,), Some(&named))
    };
    match build() {
        Ok(error) => PyErr::from_value(error),
        Err(_) => PyRuntimeError::new_err(format!("{problem}; {remedy}")),
    }
}

/// What a kernel of `py_rt_quant` refuses, with row and column.
pub(crate) fn quant(py: Python<'_>, error: QuantError) -> PyErr {
    let build = || -> PyResult<Bound<'_, PyAny>> {
        let named = PyDict::new(py);
        let place = |fault: &Fault| {
            named.set_item("field", fault.field)?;
            named.set_item("column", fault.column)?;
            named.set_item("row", fault.row)?;
            named.set_item("remedy", fault.remedy)
        };
        let (class, what) = match &error {
            QuantError::Parameter {
                name,
                problem,
                remedy,
            } => {
                named.set_item("field", name)?;
                named.set_item("remedy", remedy)?;
                ("ParameterError", format!("{name} {problem}"))
            }
            QuantError::Data(fault) => {
                place(fault)?;
                ("DataError", fault.problem.clone())
            }
            QuantError::Degenerate(fault) => {
                place(fault)?;
                ("Degenerate", fault.problem.clone())
            }
            QuantError::Infeasible { problem, remedy } => {
                named.set_item("remedy", remedy)?;
                ("Infeasible", problem.clone())
            }
            QuantError::NotConverged {
                problem,
                iterations,
                residual,
            } => {
                named.set_item("iterations", iterations)?;
                named.set_item("residual", residual)?;
                named.set_item("remedy", "allow more iterations, or a larger tolerance")?;
                ("NotConverged", problem.clone())
            }
            other => ("TradingError", other.to_string()),
        };
        py.import("py_rt.errors")?
            .getattr(class)?
            .call((what,), Some(&named))
    };
    match build() {
        Ok(raised) => PyErr::from_value(raised),
        Err(_) => PyRuntimeError::new_err(error.to_string()),
    }
}

/// The class in `py_rt.errors` of a stable code.
const CLASSES: [(&str, &str); 13] = [
    ("parameter", "ParameterError"),
    ("data", "DataError"),
    ("degenerate", "Degenerate"),
    ("config", "ConfigError"),
    ("infeasible", "Infeasible"),
    ("not_converged", "NotConverged"),
    ("strategy", "StrategyError"),
    ("venue", "VenueError"),
    ("connection", "ConnectionLost"),
    ("risk", "RiskHalted"),
    ("journal", "JournalError"),
    ("unavailable", "ServerUnavailable"),
    ("access", "AccessDenied"),
];

/// What a call of the interface refuses.
pub(crate) fn refused(py: Python<'_>, refusal: Refusal) -> PyErr {
    let known = CLASSES.iter().find(|(code, _)| *code == refusal.code);
    let class = known.map_or("TradingError", |(_, class)| class);
    let build = || -> PyResult<Bound<'_, PyAny>> {
        let named = PyDict::new(py);
        named.set_item("field", &refusal.field)?;
        named.set_item("remedy", &refusal.remedy)?;
        for (key, place) in &refusal.place {
            match place {
                Place::Number(n) => named.set_item(key, n)?,
                Place::Size(x) => named.set_item(key, x)?,
                Place::Name(name) => named.set_item(key, name)?,
            }
        }
        py.import("py_rt.errors")?
            .getattr(class)?
            .call((&refusal.what,), Some(&named))
    };
    match build() {
        Ok(raised) => PyErr::from_value(raised),
        Err(_) => PyRuntimeError::new_err(refusal.what),
    }
}

/// An error of Python as a call of the interface refuses it.
pub(crate) fn refusal(py: Python<'_>, error: &PyErr) -> Refusal {
    let value = error.value(py);
    let text = |name: &str| value.getattr(name).and_then(|v| v.extract::<String>());
    let (Ok(code), Ok(what), Ok(remedy)) = (text("code"), text("what"), text("remedy")) else {
        let what = error.to_string();
        return Refusal::new("strategy", what, "see the strategy, or the server's log");
    };
    let mut refusal = Refusal::new(&code, what, &remedy);
    refusal.field = text("field").ok();
    let place = value
        .getattr("where")
        .and_then(|w| Ok(w.cast_into::<PyDict>()?));
    for (key, value) in place.iter().flatten() {
        let key = key.to_string();
        if key == "field" {
            continue;
        }
        let place = match (value.extract::<u64>(), value.extract::<f64>()) {
            (Ok(n), _) => Place::Number(n),
            (_, Ok(x)) => Place::Size(x),
            _ => Place::Name(value.to_string()),
        };
        refusal.place.push((key, place));
    }
    refusal
}

/// A number that does not fit, as a configuration error.
pub(crate) fn number(field: &str, text: &str, error: TypeError) -> PyErr {
    FaceError::config(
        field,
        format!("{text:?}: {error}"),
        "write a plain decimal such as 0.01",
    )
}
