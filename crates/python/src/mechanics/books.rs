//! The best levels of a recorded book as arrays.

use numpy::{PyArray1, PyReadonlyArray1};
use py_rt_kernel::market::{last_book, sample_book, Level, Sample, SampleClock, Times};
use py_rt_types::{InstrumentId, Side};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::Rows;
use crate::error::FaceError;

/// Units to the nearest float of a decimal: `count × mantissa / 10^scale`.
#[derive(Clone, Copy)]
struct Unit {
    mantissa: i64,
    scale: u32,
    divisor: f64,
}

/// Below this an integer is a float without loss.
const EXACT: i64 = 1 << 53;

impl Unit {
    fn new((mantissa, scale): (i64, u32)) -> PyResult<Self> {
        if mantissa <= 0 || scale > 18 {
            let problem = format!("{mantissa} / 10**{scale} is no step");
            return Err(FaceError::parameter("step", problem, "pass a decimal"));
        }
        let divisor = 10f64.powi(scale as i32);
        Ok(Self {
            mantissa,
            scale,
            divisor,
        })
    }

    #[inline]
    fn float(self, count: i64) -> f64 {
        match count.checked_mul(self.mantissa) {
            Some(product) if -EXACT < product && product < EXACT => product as f64 / self.divisor,
            _ => self.slow(count),
        }
    }

    /// Text of a decimal is read as the nearest float.
    #[cold]
    fn slow(self, count: i64) -> f64 {
        let product = i128::from(count) * i128::from(self.mantissa);
        let text = format!("{product}e-{}", self.scale);
        text.parse().unwrap_or(f64::NAN)
    }
}

/// Columns of n looks; levels lie depth by depth.
#[derive(Default)]
struct Columns {
    ts: Vec<i64>,
    ts_event: Vec<i64>,
    ts_recv: Vec<i64>,
    valid: Vec<bool>,
    prices: [Vec<f64>; 2],
    qtys: [Vec<f64>; 2],
}

impl Columns {
    fn push(&mut self, sample: &Sample<'_>, depth: usize, price: Unit, qty: Unit) {
        self.ts.push(sample.ts);
        self.ts_event.push(sample.ts_event.0);
        self.ts_recv.push(sample.ts_recv.0);
        self.valid.push(sample.valid);
        for (at, levels) in [sample.bids, sample.asks].into_iter().enumerate() {
            let (prices, qtys) = (&mut self.prices[at], &mut self.qtys[at]);
            let end = prices.len() + depth;
            for Level { price: p, qty: q } in levels {
                prices.push(price.float(p.0));
                qtys.push(qty.float(q.0));
            }
            prices.resize(end, f64::NAN);
            qtys.resize(end, 0.0);
        }
    }

    fn into_dict(self, py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("ts", PyArray1::from_vec(py, self.ts))?;
        dict.set_item("ts_event", PyArray1::from_vec(py, self.ts_event))?;
        dict.set_item("ts_recv", PyArray1::from_vec(py, self.ts_recv))?;
        dict.set_item("valid", PyArray1::from_vec(py, self.valid))?;
        for (word, column) in ["bid_price", "ask_price"].into_iter().zip(self.prices) {
            dict.set_item(word, PyArray1::from_vec(py, column))?;
        }
        for (word, column) in ["bid_qty", "ask_qty"].into_iter().zip(self.qtys) {
            dict.set_item(word, PyArray1::from_vec(py, column))?;
        }
        Ok(dict)
    }
}

/// The best levels of one instrument after every message, at multiples of a step, or at times.
#[pyfunction]
#[pyo3(signature = (rows, instrument, depth, units, recv, every=None, at=None))]
pub(crate) fn sample_books<'py>(
    py: Python<'py>,
    rows: &Bound<'py, PyAny>,
    instrument: u32,
    depth: usize,
    units: ((i64, u32), (i64, u32)),
    recv: bool,
    every: Option<i64>,
    at: Option<PyReadonlyArray1<'py, i64>>,
) -> PyResult<Bound<'py, PyDict>> {
    let held = Rows::try_new(rows)?;
    let events = held.events()?;
    let (price, qty) = (Unit::new(units.0)?, Unit::new(units.1)?);
    let listed = at.as_ref().map(|array| array.as_slice()).transpose()?;
    let times = match (every, listed) {
        (Some(step), _) => Times::Every(step),
        (None, Some(listed)) => Times::At(listed),
        (None, None) => Times::EveryMessage,
    };
    let clock = if recv {
        SampleClock::Recv
    } else {
        SampleClock::Event
    };
    let columns = py.detach(|| {
        let mut columns = Columns::default();
        let id = InstrumentId(instrument);
        sample_book(events, id, depth, (times, clock), |sample| {
            columns.push(sample, depth, price, qty);
        });
        columns
    });
    columns.into_dict(py)
}

/// Levels as three columns: side, ticks, lots.
type Levels<'py> = (
    Bound<'py, PyArray1<i8>>,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<i64>>,
);

/// Side, ticks and lots of every level behind the last row, best first; whether it is valid.
#[pyfunction]
pub(crate) fn last_levels<'py>(
    py: Python<'py>,
    rows: &Bound<'py, PyAny>,
    instrument: u32,
) -> PyResult<(Levels<'py>, bool)> {
    let held = Rows::try_new(rows)?;
    let events = held.events()?;
    let (sides, prices, qtys, valid) = py.detach(|| {
        let (book, valid) = last_book(events, InstrumentId(instrument));
        let (mut sides, mut prices, mut qtys) = (Vec::new(), Vec::new(), Vec::new());
        for side in [Side::Buy, Side::Sell] {
            book.visit(side, |level| {
                sides.push(side as i8);
                prices.push(level.price.0);
                qtys.push(level.qty.0);
                true
            });
        }
        (sides, prices, qtys, valid)
    });
    let columns = (
        PyArray1::from_vec(py, sides),
        PyArray1::from_vec(py, prices),
        PyArray1::from_vec(py, qtys),
    );
    Ok((columns, valid))
}
