//! Builders of bars, as Python sees them.

use numpy::{PyArray1, PyReadonlyArray1};
use py_rt_quant::bars::{
    ActivityBars, Bar, BarError, Bars, Expectations, ImbalanceBars, Measure, RunsBars, Session,
    TimeBars, Trade,
};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::inputs::refusal;

/// One bar: ts_open, ts_close, frame, open, high, low, close, volume, value, buy_volume, count.
type Row = (i64, i64, i64, f64, f64, f64, f64, f64, f64, f64, u64);

fn row_of(bar: &Bar) -> Row {
    (
        bar.ts_open,
        bar.ts_close,
        bar.frame,
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.volume,
        bar.value,
        bar.buy_volume,
        bar.count,
    )
}

/// The columns of a table of bars, in the order of a row.
fn columns_of<'py>(py: Python<'py>, bars: &[Bar]) -> PyResult<Bound<'py, PyTuple>> {
    let whole = |of: fn(&Bar) -> i64| PyArray1::from_iter(py, bars.iter().map(of)).into_any();
    let real = |of: fn(&Bar) -> f64| PyArray1::from_iter(py, bars.iter().map(of)).into_any();
    PyTuple::new(
        py,
        [
            whole(|bar| bar.ts_open),
            whole(|bar| bar.ts_close),
            whole(|bar| bar.frame),
            real(|bar| bar.open),
            real(|bar| bar.high),
            real(|bar| bar.low),
            real(|bar| bar.close),
            real(|bar| bar.volume),
            real(|bar| bar.value),
            real(|bar| bar.buy_volume),
            PyArray1::from_iter(py, bars.iter().map(|bar| bar.count)).into_any(),
        ],
    )
}

fn refused(py: Python<'_>, error: BarError, row: Option<usize>) -> PyErr {
    let (class, remedy) = match error {
        BarError::Parameter { .. } => ("ParameterError", "correct it"),
        BarError::Disorder { .. } => ("DataError", "sort the trades by time"),
        _ => ("DataError", "drop or correct the row"),
    };
    refusal(py, class, &error.to_string(), error.name(), row, remedy)
}

fn measure(py: Python<'_>, name: &str) -> PyResult<Measure> {
    match name {
        "tick" => Ok(Measure::Ticks),
        "volume" => Ok(Measure::Volume),
        "dollar" => Ok(Measure::Dollars),
        _ => {
            let what = format!("measure is {name:?}, but must be tick, volume or dollar");
            let remedy = "choose one of them";
            Err(refusal(
                py,
                "ParameterError",
                &what,
                "measure",
                None,
                remedy,
            ))
        }
    }
}

/// A builder of bars; the documented classes are those in `py_rt.bars`.
#[pyclass(module = "py_rt._core.indicators")]
pub(crate) struct BarStream {
    inner: Box<dyn Bars>,
    seen: usize,
}

impl BarStream {
    fn hold<B: Bars + 'static>(py: Python<'_>, made: Result<B, BarError>) -> PyResult<Self> {
        let inner: Box<dyn Bars> = Box::new(made.map_err(|error| refused(py, error, None))?);
        Ok(Self { inner, seen: 0 })
    }
}

#[pymethods]
impl BarStream {
    /// Bars of one or more lengths [ns]; sessions as (open, close) [ns UTC].
    #[staticmethod]
    fn time(py: Python<'_>, frames: Vec<i64>, sessions: Vec<(i64, i64)>) -> PyResult<Self> {
        let session = |&(open, close): &(i64, i64)| Session { open, close };
        let sessions: Vec<Session> = sessions.iter().map(session).collect();
        Self::hold(py, TimeBars::new(&frames, &sessions))
    }

    /// Bars of equal activity.
    #[staticmethod]
    fn activity(py: Python<'_>, measure: &str, size: f64) -> PyResult<Self> {
        let measure = self::measure(py, measure)?;
        Self::hold(py, ActivityBars::new(measure, size))
    }

    /// Imbalance bars, or runs bars.
    #[staticmethod]
    fn information(
        py: Python<'_>,
        measure: &str,
        runs: bool,
        expectations: (f64, f64, f64, f64),
    ) -> PyResult<Self> {
        let measure = self::measure(py, measure)?;
        let (count, count_min, count_max, span) = expectations;
        let expectations = Expectations {
            count,
            count_min,
            count_max,
            span,
        };
        if runs {
            Self::hold(py, RunsBars::new(measure, expectations))
        } else {
            Self::hold(py, ImbalanceBars::new(measure, expectations))
        }
    }

    /// Take one trade in and return the bars that it closed.
    #[pyo3(signature = (ts, price, qty, side = 0))]
    fn update(
        &mut self,
        py: Python<'_>,
        ts: i64,
        price: f64,
        qty: f64,
        side: i8,
    ) -> PyResult<Vec<Row>> {
        let trade = Trade {
            ts,
            price,
            qty,
            side,
        };
        let mut closed = Vec::new();
        let done = self.inner.update(&trade, &mut closed);
        done.map_err(|error| refused(py, error, Some(self.seen)))?;
        self.seen += 1;
        Ok(closed.iter().map(row_of).collect())
    }

    /// Let time pass and return the bars that end by then.
    fn advance(&mut self, now: i64) -> Vec<Row> {
        let mut closed = Vec::new();
        self.inner.advance(now, &mut closed);
        closed.iter().map(row_of).collect()
    }

    /// Return the bars that are open, and forget everything.
    fn finish(&mut self) -> Vec<Row> {
        let mut open = Vec::new();
        self.inner.finish(&mut open);
        self.seen = 0;
        open.iter().map(row_of).collect()
    }

    /// Run a fresh builder over columns; `partial` adds the bars that are open at the end.
    fn batch<'py>(
        &self,
        py: Python<'py>,
        columns: (
            PyReadonlyArray1<'py, i64>,
            PyReadonlyArray1<'py, f64>,
            PyReadonlyArray1<'py, f64>,
            PyReadonlyArray1<'py, i8>,
        ),
        partial: bool,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let (ts, price) = (columns.0.as_slice()?, columns.1.as_slice()?);
        let (qty, side) = (columns.2.as_slice()?, columns.3.as_slice()?);
        let mut builder = self.inner.fresh();
        let mut bars = Vec::new();
        let rows = ts.iter().zip(price).zip(qty).zip(side);
        for (row, (((&ts, &price), &qty), &side)) in rows.enumerate() {
            let trade = Trade {
                ts,
                price,
                qty,
                side,
            };
            let done = builder.update(&trade, &mut bars);
            done.map_err(|error| refused(py, error, Some(row)))?;
        }
        if partial {
            builder.finish(&mut bars);
        }
        columns_of(py, &bars)
    }
}
