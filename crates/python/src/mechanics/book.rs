//! The door of the three order books.

use py_rt_kernel::market::{ByOrder, ByPrice, Level, TopBook};
use py_rt_types::{MarketEvent, Price, Qty, Side};
use pyo3::prelude::*;

use super::{hash_text, side_of};
use crate::arrays::Rows;
use crate::error::FaceError;

/// Rows between two looks at the signals.
const STRIDE: usize = 1 << 18;

enum Book {
    Top(TopBook),
    ByPrice(Box<ByPrice>),
    ByOrder(Box<ByOrder>),
}

/// An order book of one instrument; `py_rt.OrderBook` is its face.
#[pyclass(name = "OrderBook", module = "py_rt._core.mechanics")]
pub(crate) struct OrderBookDoor {
    book: Book,
}

impl Book {
    fn apply(&mut self, rows: &[MarketEvent]) {
        match self {
            Self::Top(book) => rows.iter().for_each(|row| book.apply(row)),
            Self::ByPrice(book) => rows.iter().for_each(|row| book.apply(row)),
            Self::ByOrder(book) => rows.iter().for_each(|row| {
                book.apply(row);
            }),
        }
    }

    fn visit(&self, side: Side, mut visit: impl FnMut(Level) -> bool) {
        match self {
            Self::ByPrice(book) => book.visit(side, visit),
            Self::ByOrder(book) => book.visit(side, visit),
            Self::Top(book) => {
                let top = book.top();
                let (price, qty) = match side {
                    Side::Buy => (top.bid_price, top.bid_qty),
                    Side::Sell => (top.ask_price, top.ask_qty),
                };
                if qty.0 > 0 {
                    visit(Level { price, qty });
                }
            }
        }
    }

    fn best(&self, side: Side) -> Option<(Price, Qty)> {
        let mut best = None;
        self.visit(side, |level| {
            best = Some((level.price, level.qty));
            false
        });
        best
    }
}

#[pymethods]
impl OrderBookDoor {
    #[new]
    fn new(kind: &str) -> PyResult<Self> {
        let book = match kind {
            "top" => Book::Top(TopBook::new()),
            "by_price" => Book::ByPrice(Box::new(ByPrice::new())),
            "by_order" => Book::ByOrder(Box::new(ByOrder::new())),
            other => {
                return Err(FaceError::parameter(
                    "kind",
                    format!("{other:?} is unknown"),
                    "use \"top\", \"by_price\" or \"by_order\"",
                ))
            }
        };
        Ok(Self { book })
    }

    /// Applies the rows of one instrument, handed over as bytes.
    fn apply(&mut self, py: Python<'_>, rows: &Bound<'_, PyAny>) -> PyResult<()> {
        let rows = Rows::try_new(rows)?;
        for part in rows.events()?.chunks(STRIDE) {
            py.detach(|| self.book.apply(part));
            py.check_signals()?;
        }
        Ok(())
    }

    /// Levels of a side, best first: price and quantity.
    fn levels(&self, side: i8, count: usize) -> PyResult<Vec<(i64, i64)>> {
        let mut levels = Vec::with_capacity(count.min(1_024));
        self.book.visit(side_of(side)?, |level| {
            if levels.len() < count {
                levels.push((level.price.0, level.qty.0));
            }
            levels.len() < count
        });
        Ok(levels)
    }

    /// Best price of a side and the quantity there.
    fn best(&self, side: i8) -> PyResult<Option<(i64, i64)>> {
        let best = self.book.best(side_of(side)?);
        Ok(best.map(|(price, qty)| (price.0, qty.0)))
    }

    /// Orders of a side by priority: id (0 unknown), price, quantity, quantity ahead in its queue.
    fn orders(&self, side: i8, count: usize) -> PyResult<Vec<(u64, i64, i64, i64)>> {
        let book = self.by_order()?;
        let mut orders = Vec::with_capacity(count.min(1_024));
        let (mut at, mut ahead) = (None, 0);
        book.orders().visit(side_of(side)?, |slot| {
            if orders.len() == count {
                return false;
            }
            let order = book.orders().order(slot);
            if at != Some(order.price) {
                (at, ahead) = (Some(order.price), 0);
            }
            orders.push((order.order_id, order.price.0, order.leaves_qty.0, ahead));
            ahead += order.leaves_qty.0;
            true
        });
        Ok(orders)
    }

    /// Quantity ahead of an order in its queue.
    fn qty_ahead(&self, order_id: u64) -> PyResult<Option<i64>> {
        Ok(self.by_order()?.qty_ahead(order_id).map(|qty| qty.0))
    }

    /// How many rows spoke about orders that are not known; 0 for books without orders.
    #[getter]
    fn unmatched(&self) -> u64 {
        match &self.book {
            Book::ByOrder(book) => book.unmatched(),
            Book::Top(_) | Book::ByPrice(_) => 0,
        }
    }

    /// Whether the book may be believed.
    #[getter]
    fn valid(&self) -> bool {
        match &self.book {
            Book::Top(book) => book.valid(),
            Book::ByPrice(book) => book.valid(),
            Book::ByOrder(book) => book.valid(),
        }
    }

    /// 128 bits over everything the book holds.
    fn state_hash(&self) -> String {
        hash_text(match &self.book {
            Book::Top(book) => book.state_hash(),
            Book::ByPrice(book) => book.state_hash(),
            Book::ByOrder(book) => book.state_hash(),
        })
    }
}

impl OrderBookDoor {
    fn by_order(&self) -> PyResult<&ByOrder> {
        match &self.book {
            Book::ByOrder(book) => Ok(book),
            Book::Top(_) | Book::ByPrice(_) => Err(FaceError::parameter(
                "kind",
                "this book holds no single orders",
                "use OrderBook(\"by_order\")",
            )),
        }
    }
}
