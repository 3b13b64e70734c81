//! Orders and executions of a run: kept as they were recorded, made into columns one at a time,
//! when somebody asks for one.

use std::collections::BTreeMap;
use std::sync::Arc;

use numpy::PyArray1;
use py_rt_sim::backtest::{FillRows, OrderRow, OrderRows};
use py_rt_types::{InstrumentId, Price, Qty, Ratio, UnixNanos};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::host::{
    avg_price, liquidity_name, parent_text, reason_text, side_name, tif_name, type_name, Shared,
};
use crate::money::real;
use crate::tables::{money_text, name_of};

const ORDERS: [&str; 17] = [
    "client_order_id",
    "symbol",
    "side",
    "order_type",
    "tif",
    "order_qty",
    "limit_price",
    "stop_price",
    "cum_qty",
    "avg_price",
    "status",
    "tag",
    "parent_id",
    "strategy",
    "ts_created",
    "ts_updated",
    "reason",
];
const FILLS: [&str; 12] = [
    "exec_id",
    "client_order_id",
    "symbol",
    "side",
    "last_qty",
    "last_price",
    "fee",
    "liquidity",
    "ts_event",
    "ts_recv",
    "strategy",
    "fx_rate",
];

/// Rows of a run.
enum Rows {
    Orders(OrderRows),
    /// With the rate of each, where there are several currencies.
    Fills(Box<FillRows>, Vec<Ratio>),
}

/// A table of a run.
#[pyclass(frozen, module = "py_rt._core")]
pub(crate) struct RunTable {
    rows: Rows,
    shared: Arc<Shared>,
    strategies: Vec<String>,
}

impl RunTable {
    pub(crate) fn orders(rows: OrderRows, shared: &Arc<Shared>, strategies: &[String]) -> Self {
        Self {
            rows: Rows::Orders(rows),
            shared: Arc::clone(shared),
            strategies: strategies.to_vec(),
        }
    }

    pub(crate) fn fills(
        rows: FillRows,
        rates: Vec<Ratio>,
        shared: &Arc<Shared>,
        strategies: &[String],
    ) -> Self {
        Self {
            rows: Rows::Fills(Box::new(rows), rates),
            shared: Arc::clone(shared),
            strategies: strategies.to_vec(),
        }
    }
}

#[pymethods]
impl RunTable {
    /// The names of the columns, in order.
    fn names(&self) -> &'static [&'static str] {
        match &self.rows {
            Rows::Orders(_) => &ORDERS,
            Rows::Fills(_, rates) if rates.is_empty() => &FILLS[..FILLS.len() - 1],
            Rows::Fills(..) => &FILLS,
        }
    }

    fn __len__(&self) -> usize {
        match &self.rows {
            Rows::Orders(rows) => rows.len(),
            Rows::Fills(rows, _) => rows.len(),
        }
    }

    /// One column, made now: times as an array, else a list with decimals as text.
    fn column<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let made = match &self.rows {
            Rows::Orders(rows) => self.order_column(py, rows, name),
            Rows::Fills(rows, rates) => self.fill_column(py, rows, rates, name),
        };
        made.unwrap_or_else(|| Err(PyKeyError::new_err(name.to_owned())))
    }
}

/// What becomes of a column; `None` where there is none of that name.
type Made<'py> = Option<PyResult<Bound<'py, PyAny>>>;

impl RunTable {
    fn order_column<'py>(&self, py: Python<'py>, rows: &OrderRows, name: &str) -> Made<'py> {
        let (shared, mut texts) = (&*self.shared, Texts::new(py));
        macro_rules! list {
            ($row:ident => $value:expr) => {
                list(
                    py,
                    rows.iter().map(|row| {
                        let $row = &row.order;
                        $value
                    }),
                )
            };
        }
        Some(match name {
            "client_order_id" => list!(o => shared.id_text(o.client_order_id)),
            "symbol" => list!(o => shared.symbol(py, o.instrument)),
            "side" => list!(o => texts.of(side_name(o.side))),
            "order_type" => list!(o => texts.of(type_name(o.order_type))),
            "tif" => list!(o => texts.of(tif_name(o.tif))),
            "order_qty" => list!(o => texts.of(self.qty(o.instrument, o.order_qty))),
            "limit_price" => {
                list!(o => o.limit_price.map(|p| texts.of(self.price(o.instrument, p))))
            }
            "stop_price" => {
                list!(o => o.stop_price.map(|p| texts.of(self.price(o.instrument, p))))
            }
            "cum_qty" => list!(o => texts.of(self.qty(o.instrument, o.cum_qty))),
            "avg_price" => list!(o => avg_price(shared, o)),
            "status" => list!(o => texts.of(o.status.name())),
            "tag" => list!(o => shared.tag(o.tag)),
            "parent_id" => list!(o => parent_text(shared, o)),
            "strategy" => list!(o => texts.of(name_of(&self.strategies, o.strategy))),
            "ts_created" => times(py, rows.iter().map(|row| row.order.ts_created)),
            "ts_updated" => times(py, rows.iter().map(|row| row.order.ts_updated)),
            "reason" => {
                let of = |row: OrderRow| reason_text(shared, &row.order, row.denial.as_ref());
                list(py, rows.iter().map(of))
            }
            _ => return None,
        })
    }

    fn fill_column<'py>(
        &self,
        py: Python<'py>,
        rows: &FillRows,
        rates: &[Ratio],
        name: &str,
    ) -> Made<'py> {
        let (shared, mut texts) = (&*self.shared, Texts::new(py));
        macro_rules! list {
            ($row:ident => $value:expr) => {
                list(py, rows.iter().map(|$row| $value))
            };
        }
        Some(match name {
            "exec_id" => list!(f => f.exec_id.0.to_string()),
            "client_order_id" => list!(f => shared.id_text(f.client_order_id)),
            "symbol" => list!(f => shared.symbol(py, f.instrument)),
            "side" => list!(f => texts.of(side_name(f.side))),
            "last_qty" => list!(f => texts.of(self.qty(f.instrument, f.last_qty))),
            "last_price" => list!(f => texts.of(self.price(f.instrument, f.last_price))),
            "fee" => list!(f => texts.of(money_text(f.fee))),
            "liquidity" => list!(f => texts.of(liquidity_name(f.liquidity))),
            "ts_event" => times(py, rows.iter().map(|f| f.ts_event)),
            "ts_recv" => times(py, rows.iter().map(|f| f.ts_recv)),
            "strategy" => list!(f => texts.of(name_of(&self.strategies, f.strategy))),
            "fx_rate" if !rates.is_empty() => list(py, rates.iter().map(|rate| real(*rate))),
            _ => return None,
        })
    }

    fn qty(&self, id: InstrumentId, qty: Qty) -> String {
        let decimal = self.shared.instruments[id.index()].qty_decimal(qty);
        decimal.map(|d| d.to_string()).unwrap_or_default()
    }

    fn price(&self, id: InstrumentId, price: Price) -> String {
        let decimal = self.shared.instruments[id.index()].price_decimal(price);
        decimal.map(|d| d.to_string()).unwrap_or_default()
    }
}

/// Texts that occur many times, each made once.
struct Texts<'py> {
    py: Python<'py>,
    known: BTreeMap<String, Bound<'py, PyString>>,
}

impl<'py> Texts<'py> {
    const fn new(py: Python<'py>) -> Self {
        let known = BTreeMap::new();
        Self { py, known }
    }

    fn of(&mut self, text: impl Into<String>) -> Bound<'py, PyString> {
        let make = |text: &String| PyString::new(self.py, text);
        let entry = self.known.entry(text.into());
        entry.or_insert_with_key(make).clone()
    }
}

fn list<'py, T: IntoPyObject<'py>>(
    py: Python<'py>,
    values: impl ExactSizeIterator<Item = T>,
) -> PyResult<Bound<'py, PyAny>> {
    Ok(PyList::new(py, values)?.into_any())
}

/// Times as an array.
fn times<'py>(
    py: Python<'py>,
    of: impl ExactSizeIterator<Item = UnixNanos>,
) -> PyResult<Bound<'py, PyAny>> {
    Ok(PyArray1::from_iter(py, of.map(|at| at.0)).into_any())
}
