//! What the indicators are given: parameters, numbers, bars, columns; and how they refuse it.

use numpy::PyReadonlyArray1;
use py_rt_quant as quant;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyString};

/// A parameter; what is none is kept as text, so that the error can name it.
macro_rules! parameter {
    ($class:ident, $good:ident($raw:ty), $words:literal) => {
        pub(super) enum $class {
            $good($raw),
            Other(String),
        }

        impl<'py> FromPyObject<'_, 'py> for $class {
            type Error = PyErr;

            fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
                match value.extract::<$raw>() {
                    Ok(good) => Ok(Self::$good(good)),
                    Err(_) => Ok(Self::Other(value.repr()?.to_string())),
                }
            }
        }

        impl $class {
            pub(super) fn named(self, py: Python<'_>, name: &str) -> PyResult<$raw> {
                match self {
                    Self::$good(good) => Ok(good),
                    Self::Other(text) => {
                        let what = format!("{name} is {text}, but must be {}", $words);
                        Err(refusal(
                            py,
                            "ParameterError",
                            &what,
                            name,
                            None,
                            "correct it",
                        ))
                    }
                }
            }
        }
    };
}
parameter!(Whole, Bars(usize), "a whole number of bars");
parameter!(Real, Number(f64), "a number");

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

pub(super) fn bad_parameter(py: Python<'_>, error: quant::IndicatorError) -> PyErr {
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
pub(super) fn not_finite(py: Python<'_>, x: f64, field: &str, row: usize) -> PyErr {
    let what = if x.is_nan() {
        "value is NaN"
    } else {
        "value is infinite"
    };
    refusal(
        py,
        "DataError",
        what,
        field,
        Some(row),
        "drop or fill it before",
    )
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
pub(super) fn finite(py: Python<'_>, x: f64, field: &str, row: usize) -> PyResult<f64> {
    if x.is_finite() {
        Ok(x)
    } else {
        Err(not_finite(py, x, field, row))
    }
}

pub(super) fn given(
    py: Python<'_>,
    x: Option<&Bound<'_, PyAny>>,
    field: &str,
    row: usize,
) -> PyResult<f64> {
    match x.and_then(|x| x.extract().ok()) {
        Some(x) => finite(py, x, field, row),
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
    row: usize,
) -> PyResult<f64> {
    let py = bar.py();
    match bar.getattr(name).ok().and_then(|x| x.extract::<f64>().ok()) {
        Some(x) if x.is_finite() => Ok(x),
        Some(x) => Err(not_finite(py, x, &name.to_string(), row)),
        None => {
            let field = name.to_string();
            let what = format!("{} is no number and no bar", bar.get_type().name()?);
            let remedy = format!("pass a number, or an object with a number as .{field}");
            Err(refusal(py, "ParameterError", &what, &field, None, &remedy))
        }
    }
}

pub(super) type Column<'py> = PyReadonlyArray1<'py, f64>;

pub(super) fn checked<'a>(
    column: &'a Column<'_>,
    field: &str,
    py: Python<'_>,
) -> PyResult<&'a [f64]> {
    let Ok(values) = column.as_slice() else {
        let remedy = "pass numpy.ascontiguousarray of it";
        return Err(refusal(
            py,
            "DataError",
            "column is not contiguous",
            field,
            None,
            remedy,
        ));
    };
    match values.iter().position(|x| !x.is_finite()) {
        None => Ok(values),
        Some(row) => Err(not_finite(py, values[row], field, row)),
    }
}
