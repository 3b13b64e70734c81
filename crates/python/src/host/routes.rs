//! The same product at several venues: what a strategy sees of it.

use py_rt_kernel::execution::parents::Parent;
use py_rt_types::{InstrumentId, Side};
use pyo3::prelude::*;

use super::context::PyContext;
use super::convert::{duration_ns, parse_side};
use super::Shared;
use crate::error::FaceError;

/// The symbol that a parent goes by; of one that is routed, its product.
pub(crate) fn symbol_of(shared: &Shared, parent: &Parent) -> String {
    let id = parent.instrument;
    let own = shared
        .instruments
        .get(id.index())
        .map_or("?", |i| i.symbol());
    let name = if parent.algorithm.is_routed() {
        shared.product(id)
    } else {
        own
    };
    name.to_owned()
}

/// The books of one product at all its venues, during a callback.
#[pyclass(frozen, name = "Consolidated", module = "py_rt")]
pub(crate) struct PyConsolidated {
    context: Py<PyContext>,
    product: InstrumentId,
    max_age_ns: i64,
}

/// A level: price after the taker's fee, quantity, symbol, price as shown.
type Level = (f64, f64, String, f64);

impl PyConsolidated {
    pub(crate) fn new(
        context: Py<PyContext>,
        product: &str,
        max_age: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let max_age_ns = max_age.map(|age| duration_ns("max_age", age)).transpose()?;
        let product = context.get().shared.find_product(product)?;
        Ok(Self {
            context,
            product,
            max_age_ns: max_age_ns.unwrap_or(i64::MAX),
        })
    }

    fn read(&self, side: Side, depth: usize) -> PyResult<Vec<Level>> {
        let context = self.context.get();
        let age = self.max_age_ns;
        let levels = context.with(|ctx| ctx.consolidated(self.product, side, age, depth))?;
        let shared = &context.shared;
        let level = |level: &py_rt_kernel::market::VenueLevel| {
            let id = level.instrument;
            let tick = shared.price_scale(id).value(1);
            let symbol = shared
                .instruments
                .get(id.index())
                .map_or("?", |i| i.symbol());
            let net = level.net_e9 as f64 / 1e9 * tick;
            (
                net,
                shared.qty(id, level.qty),
                symbol.to_owned(),
                shared.price(id, level.price),
            )
        };
        Ok(levels.iter().map(level).collect())
    }

    fn best(&self, side: Side) -> PyResult<Option<Level>> {
        Ok(self.read(side, 1)?.into_iter().next())
    }
}

#[pymethods]
impl PyConsolidated {
    /// Best bid less the fee for taking it; NaN when there is none.
    #[getter]
    fn best_bid(&self) -> PyResult<f64> {
        Ok(self.best(Side::Buy)?.map_or(f64::NAN, |level| level.0))
    }

    /// Best ask with the fee for taking it; NaN when there is none.
    #[getter]
    fn best_ask(&self) -> PyResult<f64> {
        Ok(self.best(Side::Sell)?.map_or(f64::NAN, |level| level.0))
    }

    /// Quantity at the best bid; 0 when there is none.
    #[getter]
    fn bid_qty(&self) -> PyResult<f64> {
        Ok(self.best(Side::Buy)?.map_or(0.0, |level| level.1))
    }

    /// Quantity at the best ask; 0 when there is none.
    #[getter]
    fn ask_qty(&self) -> PyResult<f64> {
        Ok(self.best(Side::Sell)?.map_or(0.0, |level| level.1))
    }

    /// Where the best bid is; None when there is none.
    #[getter]
    fn bid_symbol(&self) -> PyResult<Option<String>> {
        Ok(self.best(Side::Buy)?.map(|level| level.2))
    }

    /// Where the best ask is; None when there is none.
    #[getter]
    fn ask_symbol(&self) -> PyResult<Option<String>> {
        Ok(self.best(Side::Sell)?.map(|level| level.2))
    }

    /// Symbols whose books count.
    #[getter]
    fn symbols(&self) -> PyResult<Vec<String>> {
        let context = self.context.get();
        let counted = context.with(|ctx| ctx.counted(self.product, self.max_age_ns))?;
        let symbol = |id: &InstrumentId| context.shared.instruments[id.index()].symbol().to_owned();
        Ok(counted.iter().map(symbol).collect())
    }

    /// Whether any book counts.
    #[getter]
    fn valid(&self) -> PyResult<bool> {
        Ok(!self.symbols()?.is_empty())
    }

    /// The first `n` levels of a side, best after fees first.
    #[pyo3(signature = (side, n=10, /))]
    fn levels(&self, side: &str, n: usize) -> PyResult<Vec<Level>> {
        if n == 0 {
            return Err(FaceError::parameter("n", "is 0", "ask for 1 level or more"));
        }
        self.read(parse_side(side)?, n)
    }
}
