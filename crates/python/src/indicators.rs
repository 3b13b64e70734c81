//! The indicators of `py_rt_quant` as Python classes: one bar at a time, or whole columns.
//!
//! What it is: conversion and nothing else. There is one class for each choice of columns; which
//! indicator an object is was said by name when it was made, and the documented class in
//! `py_rt.indicators` says it. `update` takes numbers, or one bar with attributes; `batch` takes
//! contiguous float64 arrays (the Python face makes them from whatever it is given) and holds the
//! interpreter, so nobody changes a column under way. NaN and infinity are refused with their row
//! before they reach the arithmetic; a refused `update` leaves the state as it was.

use std::ops::Range;

use numpy::PyArrayMethods;
use py_rt_quant::feature::FEATURES;
use py_rt_quant::indicator::{Entry, Streaming, CATALOG, LINES_MAX};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3::{ffi, intern};

use crate::direct::{getters, method, replace_method, Held, Quick, Usual};

mod bars;
mod books;
mod inputs;
mod lines;

pub(crate) use bars::BarStream;
pub(crate) use books::{realized_kernel, DepthStream, MicroTable};

use inputs::{
    are_usable, arguments, bad_parameter, contiguous, given, is_usable, of_bar, plain, unknown,
    unusable, usable, Column,
};
use lines::Form;
pub(crate) use lines::{
    AroonArrays, AroonValue, BandsArrays, BandsValue, MacdArrays, MacdValue, MamaArrays, MamaValue,
    MinMaxArrays, MinMaxValue, PhasorArrays, PhasorValue, SineArrays, SineValue, StochasticArrays,
    StochasticValue,
};

/// An indicator and what its host has to know.
struct Hosted {
    state: Held<State>,
    entry: &'static Entry,
    form: Form,
}

/// What changes with every bar.
struct State {
    inner: Box<dyn Streaming>,
    /// Bars taken in, which is the row that an error names.
    seen: usize,
}

impl State {
    #[inline]
    fn update(&mut self, row: &[f64]) -> [f64; LINES_MAX] {
        self.seen += 1;
        self.inner.update(row)
    }
}

impl Hosted {
    fn new(name: &str, columns: &[&str], given: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let py = given.py();
        let entry = Entry::find(name).filter(|entry| entry.columns == columns);
        let entry = entry.ok_or_else(|| unknown(py, name))?;
        let form = Form::of(entry.lines).ok_or_else(|| unknown(py, name))?;
        let made = entry.make(&arguments(entry, given)?);
        let inner = made.map_err(|error| bad_parameter(py, error))?;
        let state = Held::new(State { inner, seen: 0 });
        Ok(Self { state, entry, form })
    }

    #[inline]
    fn update<'py>(&self, py: Python<'py>, row: &[f64]) -> PyResult<Bound<'py, PyAny>> {
        let lines = self.state.with(py, |state| state.update(row));
        self.form.one(py, lines)
    }

    /// The value of one line after usable numbers; None when there are more lines, or others.
    #[inline]
    fn quick<const N: usize>(&self, py: Python<'_>, row: [f64; N]) -> Option<f64> {
        let positive = self.entry.positive;
        let fine = self.entry.lines.len() == 1 && row.iter().all(|x| is_usable(*x, positive));
        fine.then(|| self.state.with(py, |state| state.update(&row)[0]))
    }

    fn batch<'py>(
        &self,
        py: Python<'py>,
        columns: &[(&Column<'py>, &str)],
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut slices = Vec::with_capacity(columns.len());
        for &(column, name) in columns {
            slices.push(contiguous(column, name, py)?);
        }
        let n = slices.first().map_or(0, |slice| slice.len());
        let arrays = lines::empty(py, self.entry.lines.len(), n)?;
        let mut held: Vec<_> = arrays.iter().map(|array| array.readwrite()).collect();
        let mut rows = Vec::with_capacity(held.len());
        for line in &mut held {
            rows.push(line.as_slice_mut()?);
        }
        let positive = self.entry.positive;
        let mut ahead = |rows: Range<usize>| {
            let mut stretches = slices.iter().map(|slice| &slice[rows.clone()]);
            stretches.all(|stretch| are_usable(stretch, positive))
        };
        let write = |state: &mut State| state.inner.batch_into(&slices, &mut rows, &mut ahead);
        let done = self.state.with(py, write);
        if !done.map_err(|error| bad_parameter(py, error))? {
            let mut named = slices.iter().zip(columns);
            let bad = named.find_map(|(slice, (_, name))| unusable(slice, name, positive, py));
            return Err(bad.unwrap_or_else(|| unknown(py, self.entry.name)));
        }
        drop(held);
        self.form.many(py, arrays)
    }
}

/// One class: its name, and the columns it takes (the first one with the attribute of a bar that it
/// stands for).
macro_rules! streams {
    ($name:ident, $first:ident = $attr:ident $(, $rest:ident)*) => {
        /// Streaming indicator; the documented classes are those in `py_rt.indicators`.
        #[pyclass(frozen, subclass, generic, module = "py_rt._core.indicators")]
        pub(crate) struct $name(Hosted);

        #[pymethods]
        impl $name {
            #[new]
            #[pyo3(signature = (name, *arguments))]
            fn new(name: &str, arguments: &Bound<'_, PyTuple>) -> PyResult<Self> {
                let columns = [stringify!($first) $(, stringify!($rest))*];
                Hosted::new(name, &columns, arguments).map(Self)
            }

            /// Take one bar in, as numbers or as one object, and return the value.
            #[pyo3(signature = ($first, $($rest = None),*))]
            fn update<'py>(
                &self,
                $first: &Bound<'py, PyAny>,
                $($rest: Option<&Bound<'py, PyAny>>),*
            ) -> PyResult<Bound<'py, PyAny>> {
                let py = $first.py();
                let row = self.0.state.with(py, |state| state.seen);
                let positive = self.0.entry.positive;
                let numbers = match plain($first, intern!(py, stringify!($attr))) {
                    Some(x) => [
                        usable(py, x, positive, stringify!($first), row)?
                        $(, usable(py, given(py, $rest, stringify!($rest))?, positive,
                            stringify!($rest), row)?)*
                    ],
                    None => [
                        of_bar($first, intern!(py, stringify!($attr)), positive, row)?
                        $(, of_bar($first, intern!(py, stringify!($rest)), positive, row)?)*
                    ],
                };
                self.0.update(py, &numbers)
            }

            /// The last value, NaN until ready.
            #[getter]
            fn value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                self.0.form.one(py, self.0.state.with(py, |state| state.inner.value()))
            }

            /// Whether enough bars were seen.
            #[getter]
            fn ready(&self, py: Python<'_>) -> bool {
                self.0.state.with(py, |state| state.inner.ready())
            }

            /// Forget every bar.
            fn reset(&self, py: Python<'_>) {
                self.0.state.with(py, |state| {
                    state.inner.reset();
                    state.seen = 0;
                });
            }

            /// Run a fresh copy over contiguous float64 columns.
            fn batch<'py>(
                &self,
                py: Python<'py>,
                $first: Column<'py>,
                $($rest: Column<'py>),*
            ) -> PyResult<Bound<'py, PyAny>> {
                let columns = [
                    (&$first, stringify!($first))
                    $(, (&$rest, stringify!($rest)))*
                ];
                self.0.batch(py, &columns)
            }
        }

        impl $name {
            const WIDTH: usize = [stringify!($first) $(, stringify!($rest))*].len();

            /// Puts the short road of plain floats in front.
            fn shorten(py: Python<'_>) -> PyResult<()> {
                static USUAL: Usual<{ $name::WIDTH }> = Usual::new();
                // SAFETY: the interpreter calls a method of this class in this convention.
                #[allow(unsafe_code)]
                unsafe extern "C" fn update(
                    own: *mut ffi::PyObject,
                    values: *const *mut ffi::PyObject,
                    count: ffi::Py_ssize_t,
                    names: *mut ffi::PyObject,
                ) -> *mut ffi::PyObject {
                    method::<$name, { $name::WIDTH }>(&USUAL, own, (values, count, names))
                }
                let names = [stringify!($attr) $(, stringify!($rest))*];
                let class = py.get_type::<Self>();
                replace_method(&class, (c"update", names), &USUAL, update)?;
                getters!(py, $name {
                    ready: |py, this| this.0.state.with(py, |state| state.inner.ready()),
                })
            }
        }

        impl Quick<{ $name::WIDTH }> for $name {
            #[inline]
            fn quick(&self, py: Python<'_>, row: [f64; $name::WIDTH]) -> Option<f64> {
                self.0.quick(py, row)
            }
        }
    };
}

streams!(OfValue, x = close);
streams!(OfPair, x = x, y);
streams!(OfHighLow, high = high, low);
streams!(OfOpenClose, open = open, close);
streams!(OfCloseVolume, close = close, volume);
streams!(OfHighLowClose, high = high, low, close);
streams!(OfOpenHighLowClose, open = open, high, low, close);
streams!(OfHighLowCloseVolume, high = high, low, close, volume);
streams!(OfPaid, price = price, side, mid);
streams!(OfSigned, price = price, signed_qty);
streams!(OfFlow, qty = qty, side);
streams!(OfElapsed, elapsed = elapsed);

/// Shortens the road of the calls that happen on every bar.
pub(crate) fn shorten(py: Python<'_>) -> PyResult<()> {
    [
        OfValue::shorten,
        OfPair::shorten,
        OfHighLow::shorten,
        OfOpenClose::shorten,
        OfCloseVolume::shorten,
        OfHighLowClose::shorten,
        OfOpenHighLowClose::shorten,
        OfHighLowCloseVolume::shorten,
        OfPaid::shorten,
        OfSigned::shorten,
        OfFlow::shorten,
        OfElapsed::shorten,
    ]
    .iter()
    .try_for_each(|shorten| shorten(py))
}

/// A parameter: its name, kind ("whole", "real", "average") and default.
type Parameter = (&'static str, &'static str, Option<f64>);
/// An indicator: name, columns, lines, parameters, TA-Lib's function, where it differs, positive.
type Row = (
    &'static str,
    Vec<&'static str>,
    Vec<&'static str>,
    Vec<Parameter>,
    &'static str,
    &'static str,
    bool,
);

/// Describe every indicator, or every feature of fixed columns.
#[pyfunction]
#[pyo3(signature = (features = false))]
pub(crate) fn catalog(features: bool) -> Vec<Row> {
    let described = |entry: &'static Entry| {
        let parameters = entry.parameters.iter();
        let parameters = parameters.map(|p| (p.name, inputs::word_of(p.kind), p.default));
        (
            entry.name,
            entry.columns.to_vec(),
            entry.lines.to_vec(),
            parameters.collect(),
            entry.talib,
            entry.note,
            entry.positive,
        )
    };
    let all = if features { FEATURES } else { CATALOG };
    all.iter().map(described).collect()
}
