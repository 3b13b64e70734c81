//! `ctx`: what a Python strategy sees and asks during a callback.

use py_rt_types::{InstrumentId, Qty, Side};
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::ask::Ask;
use super::asks::finite;
pub(crate) use super::lending::{callback_time, PyContext};
use super::orders::PyOrder;
use super::parents::PyParent;
use super::routes::PyConsolidated;
use super::views::{PyBook, PyInstrument, PyPosition};
use crate::error::FaceError;

#[pymethods]
impl PyContext {
    /// Time of this callback, integer nanoseconds UTC.
    #[getter]
    fn now(&self) -> PyResult<i64> {
        self.with(|ctx| ctx.now().0)
    }

    /// Symbols of the run.
    #[getter]
    fn symbols(&self) -> Vec<String> {
        self.shared
            .instruments
            .iter()
            .map(|i| i.symbol().to_owned())
            .collect()
    }

    /// Cash.
    #[getter]
    fn cash(&self) -> PyResult<f64> {
        self.money(|ctx| ctx.cash())
    }

    /// Cash in one currency.
    fn cash_in(&self, currency: &str) -> PyResult<f64> {
        let cash = self.with(|ctx| ctx.cash_in(currency))?;
        let cash = cash.ok_or_else(|| {
            FaceError::parameter(
                "currency",
                "is none of the account",
                "use one of the instruments, of cash or of fx",
            )
        })?;
        Ok(cash.0 as f64 / 1e18)
    }

    /// Cash and positions at their marks.
    #[getter]
    fn equity(&self) -> PyResult<f64> {
        self.money(|ctx| ctx.equity())
    }

    /// Whether new orders may be sent: reconciled with the venue, and not halted.
    #[getter]
    fn tradable(&self) -> PyResult<bool> {
        self.with(|ctx| ctx.tradable())
    }

    /// The book of a symbol.
    fn book(slf: &Bound<'_, Self>, symbol: &Bound<'_, PyString>) -> PyResult<Py<PyBook>> {
        let py = slf.py();
        let this = slf.get();
        let id = this.shared.find_object(symbol)?;
        let books = this.books.get_or_init(|| {
            let view = |index: usize| {
                let context = slf.clone().unbind();
                Py::new(
                    py,
                    PyBook {
                        context,
                        instrument: InstrumentId(index as u32),
                    },
                )
            };
            (0..this.shared.instruments.len())
                .filter_map(|index| view(index).ok())
                .collect()
        });
        match books.get(id.index()) {
            Some(book) => Ok(book.clone_ref(py)),
            None => Err(FaceError::parameter(
                "symbol",
                "has no book",
                "use a symbol of the run",
            )),
        }
    }

    /// The books of a product at all its venues, by price after fees.
    #[pyo3(signature = (product, max_age=None))]
    fn consolidated(
        slf: &Bound<'_, Self>,
        product: &str,
        max_age: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyConsolidated> {
        PyConsolidated::new(slf.clone().unbind(), product, max_age)
    }

    /// The position in a symbol.
    fn position(&self, symbol: &Bound<'_, PyString>) -> PyResult<PyPosition> {
        self.held(symbol)
    }

    /// Open orders, also those asked for in this callback; of one symbol or of all.
    #[pyo3(signature = (symbol=None))]
    fn orders(&self, symbol: Option<&str>) -> PyResult<Vec<PyOrder>> {
        self.open_orders(symbol)
    }

    /// Asks to buy; returns the client_order_id.
    #[pyo3(signature = (symbol, qty, limit_price=None, tif=None, post_only=false,
        reduce_only=false, tag=None, stop_price=None, trail=None, trigger="last_trade"))]
    #[allow(clippy::too_many_arguments)]
    fn buy(
        &self,
        symbol: &Bound<'_, PyString>,
        qty: f64,
        limit_price: Option<f64>,
        tif: Option<&str>,
        post_only: bool,
        reduce_only: bool,
        tag: Option<&str>,
        stop_price: Option<f64>,
        trail: Option<f64>,
        trigger: &str,
    ) -> PyResult<String> {
        let ask = Ask {
            qty,
            limit_price,
            tif,
            post_only,
            reduce_only,
            tag,
            stop_price,
            trail,
            trigger,
        };
        self.submit(Side::Buy, symbol, &ask)
    }

    /// Asks to sell; returns the client_order_id.
    #[pyo3(signature = (symbol, qty, limit_price=None, tif=None, post_only=false,
        reduce_only=false, tag=None, stop_price=None, trail=None, trigger="last_trade"))]
    #[allow(clippy::too_many_arguments)]
    fn sell(
        &self,
        symbol: &Bound<'_, PyString>,
        qty: f64,
        limit_price: Option<f64>,
        tif: Option<&str>,
        post_only: bool,
        reduce_only: bool,
        tag: Option<&str>,
        stop_price: Option<f64>,
        trail: Option<f64>,
        trigger: &str,
    ) -> PyResult<String> {
        let ask = Ask {
            qty,
            limit_price,
            tif,
            post_only,
            reduce_only,
            tag,
            stop_price,
            trail,
            trigger,
        };
        self.submit(Side::Sell, symbol, &ask)
    }

    /// Asks for a parent order, worked by the kernel; returns its client_order_id.
    #[pyo3(signature = (symbol, side, qty, algorithm, limit_price=None, reduce_only=false,
        tag=None))]
    #[allow(clippy::too_many_arguments)]
    fn execute(
        &self,
        symbol: &Bound<'_, PyString>,
        side: &str,
        qty: f64,
        algorithm: &Bound<'_, PyAny>,
        limit_price: Option<f64>,
        reduce_only: bool,
        tag: Option<&str>,
    ) -> PyResult<String> {
        let rest = (limit_price, reduce_only, tag);
        self.work(symbol, (side, qty), algorithm, rest)
    }

    /// Parent orders that have not ended, oldest first; of one symbol or of all.
    #[pyo3(signature = (symbol=None))]
    fn parents(&self, symbol: Option<&str>) -> PyResult<Vec<PyParent>> {
        self.open_parents(symbol)
    }

    /// Asks for the end of an order, or of a parent order.
    fn cancel(&self, client_order_id: &str) -> PyResult<()> {
        let id = self.shared.parse_id(client_order_id)?;
        self.with(|ctx| ctx.cancel(id))
    }

    /// Asks for the end of all orders, or of those of one symbol.
    #[pyo3(signature = (symbol=None))]
    fn cancel_all(&self, symbol: Option<&str>) -> PyResult<()> {
        let id = symbol.map(|symbol| self.shared.find(symbol)).transpose()?;
        self.with(|ctx| ctx.cancel_all(id))
    }

    /// Asks for another total quantity, limit price, or both.
    #[pyo3(signature = (client_order_id, qty=None, limit_price=None))]
    fn replace(
        &self,
        client_order_id: &str,
        qty: Option<f64>,
        limit_price: Option<f64>,
    ) -> PyResult<()> {
        self.change(client_order_id, qty, limit_price)
    }

    /// Works the position towards `qty`; repeated calls change nothing while orders are open.
    fn target(&self, symbol: &Bound<'_, PyString>, qty: f64) -> PyResult<()> {
        let id = self.shared.find_object(symbol)?;
        let lots = self.qty(id, qty)?.map_err(|off| {
            FaceError::parameter("qty", off.text, "use ctx.round_qty(symbol, qty)")
        })?;
        self.with(|ctx| ctx.target(id, Qty(lots)))
    }

    /// Works the position towards nothing.
    fn close(&self, symbol: &Bound<'_, PyString>) -> PyResult<()> {
        self.target(symbol, 0.0)
    }

    /// Rings at a time, or after `every`, and then again every `every`.
    #[pyo3(signature = (name, at=None, every=None))]
    fn set_timer(
        &self,
        name: &str,
        at: Option<&Bound<'_, PyAny>>,
        every: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.ring(name, at, every)
    }

    /// Publishes a signal for those who watch.
    #[pyo3(signature = (symbol, value, confidence=1.0))]
    fn signal(&self, symbol: &str, value: f64, confidence: f64) -> PyResult<()> {
        let id = self.shared.find(symbol)?;
        finite("value", value)?;
        if !(0.0..=1.0).contains(&confidence) {
            let problem = format!("{confidence} is outside 0 to 1");
            return Err(FaceError::parameter("confidence", problem, "pass a share"));
        }
        self.with(|ctx| ctx.signal(id, value, confidence))
    }

    /// The nearest valid price: "nearest", "down" or "up".
    #[pyo3(signature = (symbol, price, direction="nearest"))]
    fn round_price(&self, symbol: &str, price: f64, direction: &str) -> PyResult<f64> {
        self.nearest_price(symbol, price, direction)
    }

    /// The largest valid quantity not above `qty`.
    fn round_qty(&self, symbol: &str, qty: f64) -> PyResult<f64> {
        let id = self.shared.find(symbol)?;
        finite("qty", qty)?;
        let scale = self.shared.qtys[id.index()];
        let count = scale
            .count(qty)
            .unwrap_or_else(|| scale.steps(qty).floor() as i64);
        Ok(scale.value(count))
    }

    /// Steps and rules of a symbol.
    fn instrument(&self, symbol: &str) -> PyResult<PyInstrument> {
        PyInstrument::new(&self.shared, self.shared.find(symbol)?)
    }
}
