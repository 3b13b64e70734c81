//! The indicators of `py_rt_quant` as Python classes: one bar at a time, or whole columns.
//!
//! What it is: conversion and nothing else. `update` takes numbers, or one bar with attributes;
//! `batch` takes contiguous float64 arrays (the Python face makes them from whatever it is given)
//! and holds the interpreter, so nobody changes a column under way. NaN and infinity are refused
//! with their row before they reach the arithmetic; a refused `update` leaves the state as it was.
#![allow(clippy::upper_case_acronyms)] // The names Python sees.

use numpy::PyArray1;
use py_rt_quant as quant;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyTuple};

mod inputs;

use inputs::{bad_parameter, checked, finite, given, of_bar, plain, Column, Real, Whole};

/// What can fail and what cannot, alike.
trait Settled<T> {
    fn settled(self) -> Result<T, quant::IndicatorError>;
}

macro_rules! settled {
    ($kind:ty => $inner:ty, |$this:ident| $settled:expr $(, $generic:ident)?) => {
        impl$(<$generic>)? Settled<$inner> for $kind {
            fn settled(self) -> Result<$inner, quant::IndicatorError> {
                let $this = self;
                $settled
            }
        }
    };
}
settled!(Result<T, quant::IndicatorError> => T, |this| this, T);
settled!(Vec<T> => Vec<T>, |this| Ok(this), T);
settled!(quant::Obv => Self, |this| Ok(this));
settled!(quant::Vwap => Self, |this| Ok(this));

/// What an indicator says, for one bar and for many.
trait Lines: Sized {
    type One;
    type Many<'py>;
    fn one(self) -> Self::One;
    fn many(py: Python<'_>, rows: Vec<Self>) -> Self::Many<'_>;
}

impl Lines for f64 {
    type One = f64;
    type Many<'py> = Bound<'py, PyArray1<f64>>;

    #[inline]
    fn one(self) -> f64 {
        self
    }

    fn many(py: Python<'_>, rows: Vec<Self>) -> Self::Many<'_> {
        PyArray1::from_vec(py, rows)
    }
}

/// The classes for an output of several lines: `$one` of floats, `$many` of arrays.
macro_rules! lines {
    ($one:ident, $many:ident { $($line:ident),+ }) => {
        lines!(@class $one { $($line: f64),+ });
        lines!(@class $many { $($line: Py<PyArray1<f64>>),+ });

        impl Lines for quant::$one {
            type One = $one;
            type Many<'py> = $many;

            fn one(self) -> $one {
                $one { $($line: self.$line),+ }
            }

            fn many(py: Python<'_>, rows: Vec<Self>) -> $many {
                $(let $line = PyArray1::from_iter(py, rows.iter().map(|row| row.$line)).unbind();)+
                $many { $($line),+ }
            }
        }
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

lines!(
    MacdValue,
    MacdArrays {
        macd,
        signal,
        histogram
    }
);
lines!(StochasticValue, StochasticArrays { k, d });
lines!(
    BollingerValue,
    BollingerArrays {
        upper,
        middle,
        lower
    }
);

/// One class: its name, the indicator inside, what it says, its signature, its parameters, and the
/// columns it eats (the first one with the attribute of a bar that it stands for).
macro_rules! indicator {
    ($name:ident, $inner:ty => $says:ty, $text:literal,
     [$($arg:ident: $kind:ty $(= $default:expr)?),*],
     $first:ident = $attr:ident $(, $rest:ident)*) => {
        /// Streaming indicator; the documented class is the one in `py_rt.indicators`.
        #[pyclass(subclass, module = "py_rt._core.indicators")]
        pub(crate) struct $name {
            inner: $inner,
            /// Bars taken in, which is the row that an error names.
            seen: usize,
        }

        #[pymethods]
        impl $name {
            #[new]
            #[pyo3(signature = ($($arg $(= $default)?),*), text_signature = $text)]
            fn new(py: Python<'_>, $($arg: $kind),*) -> PyResult<Self> {
                let made = <$inner>::new($($arg.named(py, stringify!($arg))?),*).settled();
                Ok(Self { inner: made.map_err(|error| bad_parameter(py, error))?, seen: 0 })
            }

            /// Take one bar in, as numbers or as one object, and return the value.
            #[pyo3(signature = ($first, $($rest = None),*))]
            fn update(
                &mut self,
                $first: &Bound<'_, PyAny>,
                $($rest: Option<&Bound<'_, PyAny>>),*
            ) -> PyResult<<$says as Lines>::One> {
                let (py, row) = ($first.py(), self.seen);
                let value = match plain($first, intern!(py, stringify!($attr))) {
                    Some(x) => {
                        let $first = finite(py, x, stringify!($first), row)?;
                        $(let $rest = given(py, $rest, stringify!($rest), row)?;)*
                        self.inner.update($first $(, $rest)*)
                    }
                    None => {
                        let bar = $first;
                        let $first = of_bar(bar, intern!(py, stringify!($attr)), row)?;
                        $(let $rest = of_bar(bar, intern!(py, stringify!($rest)), row)?;)*
                        self.inner.update($first $(, $rest)*)
                    }
                };
                self.seen += 1;
                Ok(Lines::one(value))
            }

            /// The last value, NaN until ready.
            #[getter]
            fn value(&self) -> <$says as Lines>::One {
                Lines::one(self.inner.value())
            }

            /// Whether enough bars were seen.
            #[getter]
            fn ready(&self) -> bool {
                self.inner.ready()
            }

            /// Forget every bar.
            fn reset(&mut self) {
                self.inner.reset();
                self.seen = 0;
            }

            /// Run a fresh copy over contiguous float64 columns.
            fn batch<'py>(
                &self,
                py: Python<'py>,
                $first: Column<'py>,
                $($rest: Column<'py>),*
            ) -> PyResult<<$says as Lines>::Many<'py>> {
                let rows = self.inner.batch(
                    checked(&$first, stringify!($first), py)?
                    $(, checked(&$rest, stringify!($rest), py)?)*
                );
                let rows: Vec<$says> = rows.settled().map_err(|error| bad_parameter(py, error))?;
                Ok(<$says as Lines>::many(py, rows))
            }
        }
    };
}

indicator!(SMA, quant::Sma => f64, "(period)", [period: Whole], x = close);
indicator!(EMA, quant::Ema => f64, "(period)", [period: Whole], x = close);
indicator!(WMA, quant::Wma => f64, "(period)", [period: Whole], x = close);
indicator!(RSI, quant::Rsi => f64, "(period=14)", [period: Whole = Whole::Bars(14)], x = close);
indicator!(MACD, quant::Macd => quant::MacdValue, "(fast=12, slow=26, signal=9)",
    [fast: Whole = Whole::Bars(12), slow: Whole = Whole::Bars(26), signal: Whole = Whole::Bars(9)],
    x = close);
indicator!(Stochastic, quant::Stochastic => quant::StochasticValue,
    "(period=14, k_smooth=3, d_smooth=3)",
    [period: Whole = Whole::Bars(14), k_smooth: Whole = Whole::Bars(3),
     d_smooth: Whole = Whole::Bars(3)],
    high = high, low, close);
indicator!(ATR, quant::Atr => f64, "(period=14)", [period: Whole = Whole::Bars(14)],
    high = high, low, close);
indicator!(Bollinger, quant::Bollinger => quant::BollingerValue, "(period=20, width=2.0)",
    [period: Whole = Whole::Bars(20), width: Real = Real::Number(2.0)], x = close);
indicator!(ZScore, quant::ZScore => f64, "(period)", [period: Whole], x = close);
indicator!(OBV, quant::Obv => f64, "()", [], close = close, volume);
indicator!(VWAP, quant::Vwap => f64, "()", [], high = high, low, close, volume);
