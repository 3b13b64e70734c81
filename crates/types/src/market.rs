//! Market events and bars, laid out exactly as the arrays that Python holds.

use crate::{InstrumentId, Price, Qty, Side, UnixNanos};

/// Flag bit: this row is the last of its venue message.
pub const END: u16 = 1;
/// Flag bit: the book is invalid from this row until the next snapshot.
pub const GAP: u16 = 2;

/// What a market row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EventKind {
    /// The absolute quantity of a price level; zero removes it.
    Depth = 0,
    /// A trade in the market; the side is the aggressor's.
    Trade = 1,
    /// Remove the levels of this side, or of both when the side is 0.
    Clear = 2,
    /// A level of a full snapshot; the snapshot's first row is a `Clear`.
    Snapshot = 3,
    /// The best price and quantity of one side, from a top-of-book source.
    Quote = 4,
    /// By order: a new order (side, price, qty, order_id) at the end of the queue of its price.
    ///
    /// A replacement that loses its place is an `OrderDelete` and an `OrderAdd`; the last row of
    /// the message carries [`END`]. In the same feeds a `Snapshot` or `Depth` row without an
    /// order id is quantity whose orders are not known; it stands before the known ones.
    OrderAdd = 5,
    /// By order: `qty` of a resting order was canceled; the rest keeps its place.
    OrderReduce = 6,
    /// By order: a resting order is gone; `qty` is what it took away, 0 where it is not said.
    OrderDelete = 7,
    /// By order: `qty` of a resting order was executed at `price`; the side is the order's own.
    ///
    /// Executions against hidden orders change no book and are plain `Trade` rows.
    OrderExecute = 8,
}

impl EventKind {
    /// Whether the row speaks about one resting order.
    #[inline]
    #[must_use]
    pub const fn is_by_order(self) -> bool {
        self as u8 >= Self::OrderAdd as u8
    }
}

/// One market row: 48 bytes, the layout of `py_rt.market.EVENT_DTYPE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct MarketEvent {
    /// When the venue says it happened.
    pub ts_event: UnixNanos,
    /// When it was received; 0 or earlier than `ts_event` where the recorder's clock was behind.
    pub ts_recv: UnixNanos,
    /// Which instrument, by its place in the run's list.
    pub instrument: InstrumentId,
    /// One of [`EventKind`], as its number.
    pub kind: u8,
    /// +1 buy or bid, -1 sell or ask, 0 unknown or both.
    pub side: i8,
    /// [`END`] and [`GAP`].
    pub flags: u16,
    /// Price in ticks.
    pub price: Price,
    /// Quantity in lots.
    pub qty: Qty,
    /// The venue's order id in by-order feeds, else 0.
    pub order_id: u64,
}

impl MarketEvent {
    /// Instrument, kind, side and flags in one word, lowest first: to be compared at once.
    #[inline(always)]
    #[must_use]
    pub const fn head(&self) -> u64 {
        let sides = (self.kind as u64) << 32 | (self.side as u8 as u64) << 40;
        self.instrument.0 as u64 | sides | (self.flags as u64) << 48
    }

    /// The kind as a value, or `None` for a number outside the list.
    #[inline]
    #[must_use]
    pub const fn event_kind(&self) -> Option<EventKind> {
        Some(match self.kind {
            0 => EventKind::Depth,
            1 => EventKind::Trade,
            2 => EventKind::Clear,
            3 => EventKind::Snapshot,
            4 => EventKind::Quote,
            5 => EventKind::OrderAdd,
            6 => EventKind::OrderReduce,
            7 => EventKind::OrderDelete,
            8 => EventKind::OrderExecute,
            _ => return None,
        })
    }

    /// The side, or `None` when the row has none.
    #[inline]
    #[must_use]
    pub const fn book_side(&self) -> Option<Side> {
        match self.side {
            1 => Some(Side::Buy),
            -1 => Some(Side::Sell),
            _ => None,
        }
    }

    /// The print that this row tells of, if any: a `Trade` itself, or the execution of a resting
    /// order with the side of the aggressor.
    #[inline]
    #[must_use]
    pub const fn print(&self) -> Option<Self> {
        if self.kind == EventKind::Trade as u8 {
            return Some(*self);
        }
        if self.kind != EventKind::OrderExecute as u8 {
            return None;
        }
        let mut print = *self;
        print.kind = EventKind::Trade as u8;
        print.side = -self.side;
        Some(print)
    }

    /// Whether this row is the last of its venue message.
    #[inline]
    #[must_use]
    pub const fn is_end(&self) -> bool {
        self.flags & END != 0
    }
}

/// One bar: 64 bytes, the layout of `py_rt.market.BAR_DTYPE`.
///
/// The volume is data for indicators, never money, and so the one float here.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C)]
pub struct Bar {
    /// Start of the interval, inclusive.
    pub ts_open: UnixNanos,
    /// End of the interval, exclusive; the bar is seen from here on.
    pub ts_close: UnixNanos,
    /// Which instrument, by its place in the run's list.
    pub instrument: InstrumentId,
    /// Reserved, 0.
    pub flags: u32,
    /// First traded price in ticks.
    pub open: Price,
    /// Highest traded price in ticks.
    pub high: Price,
    /// Lowest traded price in ticks.
    pub low: Price,
    /// Last traded price in ticks.
    pub close: Price,
    /// Traded volume in units of the instrument.
    pub volume: f64,
}

const _: () = assert!(core::mem::size_of::<MarketEvent>() == 48);
const _: () = assert!(core::mem::size_of::<Bar>() == 64);
