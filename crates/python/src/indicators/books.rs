//! Features of books with several levels, the micro-price, and the realised kernel.

use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use py_rt_quant::feature::{
    DepthError, DepthFeature, DepthKind, KernelError, Levels, MicroError, MicroPrice, Touch,
};
use pyo3::prelude::*;

use super::inputs::refusal;

type Column<'py> = PyReadonlyArray1<'py, f64>;
type Side<'py> = PyReadonlyArray2<'py, f64>;

fn wrong_depth(py: Python<'_>, error: DepthError) -> PyErr {
    let remedy = "pass both sides with as many levels as the feature has";
    refusal(
        py,
        "ParameterError",
        &error.to_string(),
        "depth",
        None,
        remedy,
    )
}

/// Refuses prices that are infinite, and quantities that are no numbers or negative.
fn check(py: Python<'_>, book: Levels<'_>, depth: usize) -> PyResult<()> {
    let sides: [(&[f64], &str, fn(f64) -> bool); 4] = [
        (book.bid_price, "bid_price", f64::is_infinite),
        (book.bid_qty, "bid_qty", is_no_qty),
        (book.ask_price, "ask_price", f64::is_infinite),
        (book.ask_qty, "ask_qty", is_no_qty),
    ];
    for (numbers, name, is_bad) in sides {
        if let Some(place) = numbers.iter().position(|x| is_bad(*x)) {
            let what = format!("value is {}", numbers[place]);
            let remedy = "pass finite prices (NaN where there is no level), quantities from 0 up";
            let row = Some(place / depth);
            return Err(refusal(py, "DataError", &what, name, row, remedy));
        }
    }
    Ok(())
}

fn is_no_qty(x: f64) -> bool {
    !(x.is_finite() && x >= 0.0)
}

/// A feature of books with several levels; the documented classes are those in `py_rt.features`.
#[pyclass(module = "py_rt._core.indicators")]
pub(crate) struct DepthStream(DepthFeature);

impl DepthStream {
    fn told(&mut self, py: Python<'_>, book: Levels<'_>) -> PyResult<Vec<f64>> {
        check(py, book, self.0.depth())?;
        let mut told = vec![f64::NAN; self.0.width()];
        let done = self.0.update(book, &mut told);
        done.map_err(|error| wrong_depth(py, error))?;
        Ok(told)
    }
}

#[pymethods]
impl DepthStream {
    #[new]
    fn new(py: Python<'_>, order_flow: bool, depth: usize) -> PyResult<Self> {
        let kind = if order_flow {
            DepthKind::OrderFlow
        } else {
            DepthKind::QueueImbalance
        };
        let made = DepthFeature::new(kind, depth);
        made.map(Self).map_err(|error| wrong_depth(py, error))
    }

    /// Take one book in and return what it tells, NaN until there is something.
    fn update<'py>(
        &mut self,
        py: Python<'py>,
        bid_price: Column<'py>,
        bid_qty: Column<'py>,
        ask_price: Column<'py>,
        ask_qty: Column<'py>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let book = Levels {
            bid_price: bid_price.as_slice()?,
            bid_qty: bid_qty.as_slice()?,
            ask_price: ask_price.as_slice()?,
            ask_qty: ask_qty.as_slice()?,
        };
        Ok(PyArray1::from_vec(py, self.told(py, book)?))
    }

    /// The same of a book with one level.
    fn update_best(
        &mut self,
        py: Python<'_>,
        bid_price: f64,
        bid_qty: f64,
        ask_price: f64,
        ask_qty: f64,
    ) -> PyResult<f64> {
        let book = Levels {
            bid_price: &[bid_price],
            bid_qty: &[bid_qty],
            ask_price: &[ask_price],
            ask_qty: &[ask_qty],
        };
        Ok(self.told(py, book)?.first().copied().unwrap_or(f64::NAN))
    }

    /// Forget the last book.
    fn reset(&mut self) {
        self.0.reset();
    }

    /// Run a fresh copy over books, shape (n, depth), and return shape (n, numbers told).
    fn batch<'py>(
        &self,
        py: Python<'py>,
        bid_price: Side<'py>,
        bid_qty: Side<'py>,
        ask_price: Side<'py>,
        ask_qty: Side<'py>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let (depth, width) = (self.0.depth(), self.0.width());
        let bids = (bid_price.as_slice()?, bid_qty.as_slice()?);
        let asks = (ask_price.as_slice()?, ask_qty.as_slice()?);
        let whole = Levels {
            bid_price: bids.0,
            bid_qty: bids.1,
            ask_price: asks.0,
            ask_qty: asks.1,
        };
        check(py, whole, depth)?;
        let n = bids.0.len() / depth;
        let mut fresh = self.0.clone();
        fresh.reset();
        let mut told = vec![f64::NAN; n * width];
        let bids = bids.0.chunks_exact(depth).zip(bids.1.chunks_exact(depth));
        let asks = asks.0.chunks_exact(depth).zip(asks.1.chunks_exact(depth));
        for ((bid, ask), row) in bids.zip(asks).zip(told.chunks_exact_mut(width)) {
            let book = Levels {
                bid_price: bid.0,
                bid_qty: bid.1,
                ask_price: ask.0,
                ask_qty: ask.1,
            };
            let done = fresh.update(book, row);
            done.map_err(|error| wrong_depth(py, error))?;
        }
        PyArray1::from_vec(py, told).reshape([n, width])
    }
}

fn refused(py: Python<'_>, error: MicroError) -> PyErr {
    let text = error.to_string();
    let (class, field, remedy) = match error {
        MicroError::Parameter { name, .. } => ("ParameterError", name, "correct it"),
        MicroError::NotConverged { .. } => {
            ("NotConverged", "buckets", "pass fewer states or more rows")
        }
        MicroError::NoChange => ("Degenerate", "rows", "pass more rows or fewer states"),
        _ => ("DataError", "columns", "pass columns of one length"),
    };
    refusal(py, class, &text, field, None, remedy)
}

/// Stoikov's micro-price, learned; the documented class is the one in `py_rt.features`.
#[pyclass(module = "py_rt._core.indicators")]
pub(crate) struct MicroTable(MicroPrice);

#[pymethods]
impl MicroTable {
    /// Learn from best bids and asks: bid, bid_qty, ask, ask_qty.
    #[new]
    fn new<'py>(
        py: Python<'py>,
        columns: (Column<'py>, Column<'py>, Column<'py>, Column<'py>),
        buckets: usize,
        spreads: usize,
        tick: f64,
    ) -> PyResult<Self> {
        let rows = Touch {
            bid: columns.0.as_slice()?,
            bid_qty: columns.1.as_slice()?,
            ask: columns.2.as_slice()?,
            ask_qty: columns.3.as_slice()?,
        };
        let fitted = MicroPrice::fit(rows, buckets, spreads, tick);
        fitted.map(Self).map_err(|error| refused(py, error))
    }

    /// What is added to the mid, by spread, then bucket.
    fn adjustments<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_slice(py, self.0.adjustments())
    }

    /// The micro-price of one row.
    fn price(&self, bid_price: f64, bid_qty: f64, ask_price: f64, ask_qty: f64) -> f64 {
        self.0.price([bid_price, bid_qty, ask_price, ask_qty])
    }

    /// The micro-price of every row.
    fn prices<'py>(
        &self,
        py: Python<'py>,
        columns: (Column<'py>, Column<'py>, Column<'py>, Column<'py>),
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let (bid, bid_qty) = (columns.0.as_slice()?, columns.1.as_slice()?);
        let (ask, ask_qty) = (columns.2.as_slice()?, columns.3.as_slice()?);
        let rows = bid.iter().zip(bid_qty).zip(ask).zip(ask_qty);
        let prices = rows.map(|(((&b, &bq), &a), &aq)| self.0.price([b, bq, a, aq]));
        Ok(PyArray1::from_iter(py, prices))
    }
}

/// Realised kernel of log returns.
#[pyfunction]
pub(crate) fn realized_kernel(
    py: Python<'_>,
    prices: Column<'_>,
    bandwidth: usize,
) -> PyResult<f64> {
    let found = py_rt_quant::feature::realized_kernel(prices.as_slice()?, bandwidth);
    found.map_err(|error| match error {
        KernelError::Price { row } => {
            let remedy = "drop or correct it";
            refusal(
                py,
                "DataError",
                &error.to_string(),
                "prices",
                Some(row),
                remedy,
            )
        }
        KernelError::Short { .. } => {
            let remedy = "pass more prices or a smaller bandwidth";
            refusal(py, "DataError", &error.to_string(), "prices", None, remedy)
        }
    })
}
