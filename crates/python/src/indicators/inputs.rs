//! What the indicators are given: parameters, numbers, bars, columns; and how they refuse it.

use numpy::PyReadonlyArray1;
use py_rt_quant::indicator::{AverageKind, Entry, IndicatorError, Kind, Parameter};
use py_rt_quant::linalg::lanes::all_finite;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyString, PyTuple};

/// What a parameter of a kind is called.
pub(super) fn word_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Whole => "whole",
        Kind::Real => "real",
        Kind::Average => "average",
    }
}

/// The arguments of a constructor as numbers, in the order of the entry's parameters.
pub(super) fn arguments(entry: &Entry, given: &Bound<'_, PyTuple>) -> PyResult<Vec<f64>> {
    let mut numbers = Vec::with_capacity(entry.parameters.len());
    for (place, parameter) in entry.parameters.iter().enumerate() {
        let value = given.get_item(place).ok();
        let number = match (&value, parameter.default) {
            (Some(value), _) => argument(parameter, value)?,
            (None, Some(default)) => default,
            (None, None) => return Err(bad_argument(given.py(), parameter, "missing")),
        };
        numbers.push(number);
    }
    Ok(numbers)
}

fn argument(parameter: &Parameter, value: &Bound<'_, PyAny>) -> PyResult<f64> {
    let number = match parameter.kind {
        Kind::Whole => value.extract::<usize>().ok().map(|x| x as f64),
        Kind::Real => value.extract::<f64>().ok(),
        Kind::Average => average(value).map(|x| x as f64),
    };
    match number {
        Some(number) => Ok(number),
        None => Err(bad_argument(
            value.py(),
            parameter,
            &value.repr()?.to_string(),
        )),
    }
}

/// The number of a kind of average, from itself or its name.
fn average(value: &Bound<'_, PyAny>) -> Option<usize> {
    if let Ok(number) = value.extract::<usize>() {
        return AverageKind::of(number).map(|_| number);
    }
    let text = value.extract::<String>().ok()?.to_ascii_uppercase();
    AverageKind::ALL.iter().position(|(_, name)| *name == text)
}

#[cold]
fn bad_argument(py: Python<'_>, parameter: &Parameter, text: &str) -> PyErr {
    let name = parameter.name;
    let (words, remedy) = match parameter.kind {
        Kind::Whole => ("a whole number of bars", "correct it"),
        Kind::Real => ("a number", "correct it"),
        Kind::Average => (
            "a kind of average",
            "pass SMA, EMA, WMA, DEMA, TEMA, TRIMA, KAMA, MAMA or T3",
        ),
    };
    let what = format!("{name} is {text}, but must be {words}");
    refusal(py, "ParameterError", &what, name, None, remedy)
}

#[cold]
pub(super) fn unknown(py: Python<'_>, name: &str) -> PyErr {
    let what = format!("there is no indicator {name:?} of these columns");
    let remedy = "use a class of py_rt.indicators";
    refusal(py, "ParameterError", &what, "name", None, remedy)
}

#[cold]
pub(super) fn refusal(
    py: Python<'_>,
    class: &str,
    what: &str,
    field: &str,
    row: Option<usize>,
    remedy: &str,
) -> PyErr {
    let raised = || -> PyResult<PyErr> {
        let words = PyDict::new(py);
        words.set_item("field", field)?;
        words.set_item("row", row)?;
        words.set_item("remedy", remedy)?;
        let class = py.import("py_rt.errors")?.getattr(class)?;
        Ok(PyErr::from_value(class.call((what,), Some(&words))?))
    };
    raised().unwrap_or_else(|error| error)
}

pub(super) fn bad_parameter(py: Python<'_>, error: IndicatorError) -> PyErr {
    let remedy = "choose a value in that range";
    refusal(
        py,
        "ParameterError",
        &error.to_string(),
        error.name(),
        None,
        remedy,
    )
}

#[cold]
fn not_usable(py: Python<'_>, x: f64, field: &str, row: usize) -> PyErr {
    let (what, remedy) = if x.is_nan() {
        ("value is NaN".to_owned(), "drop or fill it before")
    } else if x.is_infinite() {
        ("value is infinite".to_owned(), "drop or fill it before")
    } else {
        let what = format!("value is {x}, but a logarithm is taken");
        (what, "pass prices above 0")
    };
    refusal(py, "DataError", &what, field, Some(row), remedy)
}

#[inline]
pub(super) fn is_usable(x: f64, positive: bool) -> bool {
    x.abs() < f64::INFINITY && (!positive || x > 0.0)
}

/// The number itself, None when it is a bar (or neither, which `of_bar` will say).
#[inline]
pub(super) fn plain(value: &Bound<'_, PyAny>, name: &Bound<'_, PyString>) -> Option<f64> {
    match value.cast::<PyFloat>() {
        Ok(number) => Some(number.value()),
        Err(_) if value.hasattr(name).unwrap_or(false) => None,
        Err(_) => value.extract().ok(),
    }
}

#[inline]
pub(super) fn usable(
    py: Python<'_>,
    x: f64,
    positive: bool,
    field: &str,
    row: usize,
) -> PyResult<f64> {
    if is_usable(x, positive) {
        Ok(x)
    } else {
        Err(not_usable(py, x, field, row))
    }
}

#[inline]
pub(super) fn given(py: Python<'_>, x: Option<&Bound<'_, PyAny>>, field: &str) -> PyResult<f64> {
    match x.and_then(|x| x.extract().ok()) {
        Some(x) => Ok(x),
        None => {
            let remedy = "pass every number by its name, or one bar";
            let what = format!("{field} is missing or no number");
            Err(refusal(py, "ParameterError", &what, field, None, remedy))
        }
    }
}

pub(super) fn of_bar(
    bar: &Bound<'_, PyAny>,
    name: &Bound<'_, PyString>,
    positive: bool,
    row: usize,
) -> PyResult<f64> {
    let py = bar.py();
    match bar.getattr(name).ok().and_then(|x| x.extract::<f64>().ok()) {
        Some(x) if is_usable(x, positive) => Ok(x),
        Some(x) => Err(not_usable(py, x, &name.to_string(), row)),
        None => {
            let field = name.to_string();
            let what = format!("{} is no number and no bar", bar.get_type().name()?);
            let remedy = format!("pass a number, or an object with a number as .{field}");
            Err(refusal(py, "ParameterError", &what, &field, None, &remedy))
        }
    }
}

pub(super) type Column<'py> = PyReadonlyArray1<'py, f64>;

/// Values that are looked at together; a few thousand stay in the nearest cache.
const CHUNK: usize = 2048;

/// The values of a column.
pub(super) fn contiguous<'a>(
    column: &'a Column<'_>,
    field: &str,
    py: Python<'_>,
) -> PyResult<&'a [f64]> {
    column.as_slice().map_err(|_| {
        let remedy = "pass numpy.ascontiguousarray of it";
        refusal(
            py,
            "DataError",
            "column is not contiguous",
            field,
            None,
            remedy,
        )
    })
}

/// Whether an indicator takes all of these values.
pub(super) fn are_usable(values: &[f64], positive: bool) -> bool {
    let fine = |chunk: &[f64]| all_finite(chunk) && !(positive && chunk.iter().any(|x| *x <= 0.0));
    values.chunks(CHUNK).all(fine)
}

/// What is to be said of the first value that it does not take; None when there is none.
#[cold]
pub(super) fn unusable(
    values: &[f64],
    field: &str,
    positive: bool,
    py: Python<'_>,
) -> Option<PyErr> {
    let row = values.iter().position(|x| !is_usable(*x, positive))?;
    Some(not_usable(py, values[row], field, row))
}
