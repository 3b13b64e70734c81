//! The door of the matching engine.

use numpy::{PyArray1, PyReadonlyArray1};
use py_rt_kernel::market::NO_SLOT;
use py_rt_sim::matching::{EngineReport, MatchingEngine, Phase, SelfTrade};
use py_rt_types::{Price, Side, UnixNanos};
use pyo3::prelude::*;

use super::rows::{append_words, CommandLayout};
use super::{hash_text, side_of};
use crate::error::FaceError;

/// Commands between two looks at the signals.
const STRIDE: usize = 1 << 16;

/// Id, owner, side, price; leaves, executed, displayed at once and shown quantity.
type OrderRow = (u64, u32, i8, i64, (i64, i64, i64, i64));
/// Id, owner, side, type; stop price, limit price, quantity.
type StopRow = (u64, u32, i8, u8, (i64, i64, i64));

/// A matching engine; `py_rt.MatchingEngine` is its face.
#[pyclass(name = "MatchingEngine", module = "py_rt._core.mechanics")]
pub(crate) struct MatchingDoor {
    engine: MatchingEngine,
}

#[pymethods]
impl MatchingDoor {
    #[new]
    fn new(self_trade: &str) -> PyResult<Self> {
        let Some(mode) = SelfTrade::parse(self_trade) else {
            let names = SelfTrade::NAMES.map(|(_, name)| name).join(", ");
            return Err(FaceError::parameter(
                "self_trade",
                format!("{self_trade:?} is unknown"),
                &format!("use one of {names}"),
            ));
        };
        Ok(Self {
            engine: MatchingEngine::new(mode),
        })
    }

    /// Runs the commands in `rows` (bytes), whose fields stand at `offsets` of every `width` bytes,
    /// `more` where there are any; returns the reports as words.
    fn run<'py>(
        &mut self,
        py: Python<'py>,
        rows: PyReadonlyArray1<'py, u8>,
        width: usize,
        offsets: [usize; 10],
        more: [Option<usize>; 2],
    ) -> PyResult<Bound<'py, PyArray1<u64>>> {
        let Some(layout) = CommandLayout::new(width, offsets, more) else {
            return Err(FaceError::data(
                "commands",
                "a field lies outside of its row",
                "use COMMAND_DTYPE",
            ));
        };
        let bytes = rows.as_slice()?;
        let (mut words, mut reports) = (Vec::new(), Vec::new());
        for part in bytes.chunks(STRIDE * width) {
            py.detach(|| {
                reports.clear();
                for row in part.chunks_exact(layout.row) {
                    let command = layout.read(row);
                    self.engine.handle_command(&command, &mut reports);
                }
                append_words(&mut words, &reports);
            });
            py.check_signals()?;
        }
        Ok(PyArray1::from_vec(py, words))
    }

    /// Levels of a side, best first: price, quantity and number of orders.
    fn levels(&self, side: i8, count: usize) -> PyResult<Vec<(i64, i64, u64)>> {
        let side = side_of(side)?;
        let orders = self.engine.orders();
        let mut levels = Vec::with_capacity(count.min(1_024));
        self.engine.visit(side, |level| {
            if levels.len() == count {
                return false;
            }
            let mut slot = orders.first_at(side, level.price);
            let mut queued = 0;
            while slot != NO_SLOT {
                queued += 1;
                slot = orders.next(slot);
            }
            levels.push((level.price.0, level.qty.0, queued));
            true
        });
        Ok(levels)
    }

    /// Open orders by side, price and time, market orders of an auction first, at price 0.
    fn orders(&self) -> Vec<OrderRow> {
        let orders = self.engine.orders();
        let mut rows = Vec::with_capacity(orders.len());
        for side in [Side::Buy, Side::Sell] {
            self.engine.visit_queued(side, |order| {
                let open = (order.leaves_qty.0, order.cum_qty.0, 0, 0);
                rows.push((order.order_id, order.owner, side as i8, 0, open));
            });
            orders.visit(side, |slot| {
                let order = orders.order(slot);
                let (leaves, display) = self.engine.leaves(slot);
                let open = (leaves.0, order.cum_qty.0, display.0, order.leaves_qty.0);
                rows.push((order.order_id, order.owner, side as i8, order.price.0, open));
                true
            });
        }
        rows
    }

    /// Stop orders that wait: id, owner, side, type, stop price, and limit price and quantity.
    fn stops(&self) -> Vec<StopRow> {
        let mut rows = Vec::new();
        self.engine.visit_stops(|stop| {
            rows.push((
                stop.order_id,
                stop.owner,
                stop.side,
                stop.order_type,
                (stop.stop_price.0, stop.price.0, stop.qty.0),
            ));
        });
        rows
    }

    /// What an owner bought less what it sold.
    fn position(&self, owner: u32) -> i128 {
        self.engine.position(owner)
    }

    /// The price of the last trade.
    fn last_price(&self) -> Option<i64> {
        self.engine.last_price().map(|price| price.0)
    }

    /// The name of the phase.
    fn phase(&self) -> &'static str {
        match self.engine.phase() {
            Phase::Continuous => "continuous",
            Phase::Auction => "auction",
            Phase::Halted => "halted",
        }
    }

    /// Begins a phase; false where collected orders would trade.
    fn begin(&mut self, phase: &str) -> PyResult<bool> {
        let phase = match phase {
            "continuous" => Phase::Continuous,
            "auction" => Phase::Auction,
            "halted" => Phase::Halted,
            other => {
                return Err(FaceError::parameter(
                    "phase",
                    format!("{other:?} is unknown"),
                    "use \"continuous\", \"auction\" or \"halted\"",
                ))
            }
        };
        Ok(self.engine.begin(phase))
    }

    /// Lowest and highest price that is taken from now on.
    fn limit_prices(&mut self, band: Option<(i64, i64)>) {
        self.engine
            .limit_prices(band.map(|(low, high)| (Price(low), Price(high))));
    }

    /// Price and volume of the auction as it stands.
    fn auction_price(&self, reference: Option<i64>) -> Option<(i64, i64)> {
        let found = self.engine.auction_price(reference.map(Price));
        found.map(|found| (found.price.0, found.volume.0))
    }

    /// Price, volume and imbalance of an auction that would end now.
    fn indicative(&self, reference: Option<i64>) -> (Option<i64>, i64, i64) {
        let (price, volume, imbalance) = self.engine.indicative(reference.map(Price));
        (price.map(|price| price.0), volume.0, imbalance.0)
    }

    /// Ends the auction; returns what happened as words.
    fn uncross<'py>(
        &mut self,
        py: Python<'py>,
        reference: Option<i64>,
        ts: i64,
    ) -> Bound<'py, PyArray1<u64>> {
        let mut reports = Vec::new();
        self.engine
            .uncross(reference.map(Price), UnixNanos(ts), &mut reports);
        words(py, &reports)
    }

    /// Cancels every order for the day; returns the reports as words.
    fn end_day<'py>(&mut self, py: Python<'py>, ts: i64) -> Bound<'py, PyArray1<u64>> {
        let mut reports = Vec::new();
        self.engine.end_day(UnixNanos(ts), &mut reports);
        words(py, &reports)
    }

    /// 128 bits over every open order by priority.
    fn state_hash(&self) -> String {
        hash_text(self.engine.state_hash())
    }
}

fn words<'py>(py: Python<'py>, reports: &[EngineReport]) -> Bound<'py, PyArray1<u64>> {
    let mut words = Vec::new();
    append_words(&mut words, reports);
    PyArray1::from_vec(py, words)
}
