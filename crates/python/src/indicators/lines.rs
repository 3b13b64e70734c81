//! What an indicator says, as Python sees it: a float, or an object with a name for every line.

use numpy::PyArray1;
use py_rt_quant::indicator::LINES_MAX;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyFloat, PyIterator, PyTuple};

/// Which classes hold the lines of one indicator.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    one: for<'py> fn(Python<'py>, [f64; LINES_MAX]) -> PyResult<Bound<'py, PyAny>>,
    many: for<'py> fn(Python<'py>, Vec<Bound<'py, PyArray1<f64>>>) -> PyResult<Bound<'py, PyAny>>,
}

impl Form {
    /// The form for lines of these names; None when no class has them.
    pub(super) fn of(lines: &[&str]) -> Option<Self> {
        FORMS
            .iter()
            .find(|(names, _)| *names == lines)
            .map(|(_, form)| *form)
    }

    #[inline]
    pub(super) fn one<'py>(
        self,
        py: Python<'py>,
        numbers: [f64; LINES_MAX],
    ) -> PyResult<Bound<'py, PyAny>> {
        (self.one)(py, numbers)
    }

    pub(super) fn many<'py>(
        self,
        py: Python<'py>,
        columns: Vec<Bound<'py, PyArray1<f64>>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        (self.many)(py, columns)
    }
}

fn float(py: Python<'_>, [x, ..]: [f64; LINES_MAX]) -> PyResult<Bound<'_, PyAny>> {
    Ok(PyFloat::new(py, x).into_any())
}

fn array<'py>(
    py: Python<'py>,
    columns: Vec<Bound<'py, PyArray1<f64>>>,
) -> PyResult<Bound<'py, PyAny>> {
    let first = columns.into_iter().next();
    Ok(first
        .unwrap_or_else(|| PyArray1::zeros(py, 0, false))
        .into_any())
}

/// Arrays to write into. NumPy's own memory: it is kept for the next call, and not cleared.
pub(super) fn empty(
    py: Python<'_>,
    count: usize,
    n: usize,
) -> PyResult<Vec<Bound<'_, PyArray1<f64>>>> {
    static EMPTY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let empty = EMPTY.import(py, "numpy", "empty")?;
    let array = |_| Ok(empty.call1((n,))?.cast_into::<PyArray1<f64>>()?);
    (0..count).map(array).collect()
}

/// The classes for outputs of several lines: `$one` of floats, `$many` of arrays.
macro_rules! lines {
    ($($one:ident, $many:ident { $($line:ident),+ })+) => {
        $(
            lines!(@class $one { $($line: f64),+ });
            lines!(@class $many { $($line: Py<PyArray1<f64>>),+ });

            impl $one {
                fn made(py: Python<'_>, numbers: [f64; LINES_MAX]) -> PyResult<Bound<'_, PyAny>> {
                    let mut numbers = numbers.into_iter();
                    let made = Self { $($line: numbers.next().unwrap_or(f64::NAN)),+ };
                    Ok(Bound::new(py, made)?.into_any())
                }
            }

            impl $many {
                fn made<'py>(
                    py: Python<'py>,
                    columns: Vec<Bound<'py, PyArray1<f64>>>,
                ) -> PyResult<Bound<'py, PyAny>> {
                    let mut columns = columns.into_iter();
                    let mut next =
                        || columns.next().unwrap_or_else(|| PyArray1::zeros(py, 0, false)).unbind();
                    let made = Self { $($line: next()),+ };
                    Ok(Bound::new(py, made)?.into_any())
                }
            }
        )+

        const FORMS: &[(&[&str], Form)] = &[
            (&["value"], Form { one: float, many: array }),
            $((&[$(stringify!($line)),+], Form { one: $one::made, many: $many::made })),+
        ];
    };
    (@class $class:ident { $($line:ident: $kind:ty),+ }) => {
        #[doc = concat!("Lines in the order ", $(stringify!($line), " "),+)]
        #[pyclass(frozen, get_all, module = "py_rt._core.indicators")]
        pub(crate) struct $class {
            $($line: $kind),+
        }

        #[pymethods]
        impl $class {
            /// Iterate over the lines in their order, so that they can be unpacked.
            fn __iter__<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyIterator>> {
                let lines = [$(this.getattr(stringify!($line))?),+];
                PyTuple::new(this.py(), lines)?.try_iter()
            }

            fn __repr__(this: &Bound<'_, Self>) -> PyResult<String> {
                let lines: Vec<String> = vec![
                    $({
                        let line = this.getattr(stringify!($line))?.repr()?;
                        format!("{}={line}", stringify!($line))
                    }),+
                ];
                Ok(format!("{}({})", stringify!($class), lines.join(", ")))
            }

            /// Return the lines by name.
            fn to_dict<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
                let lines = PyDict::new(this.py());
                $(lines.set_item(stringify!($line), this.getattr(stringify!($line))?)?;)+
                Ok(lines)
            }
        }
    };
}

lines! {
    BandsValue, BandsArrays { upper, middle, lower }
    MacdValue, MacdArrays { macd, signal, histogram }
    StochasticValue, StochasticArrays { k, d }
    AroonValue, AroonArrays { down, up }
    PhasorValue, PhasorArrays { in_phase, quadrature }
    MamaValue, MamaArrays { mama, fama }
    SineValue, SineArrays { sine, lead_sine }
    MinMaxValue, MinMaxArrays { min, max }
}
