//! One record: its bytes to a value.

use crate::error::DecodeError;
use crate::wire::{le16, le32, le64, le64i, part};

/// Flag: last record of a venue event for this instrument.
pub const LAST: u8 = 1 << 7;
/// Flag: part of a snapshot.
pub const SNAPSHOT: u8 = 1 << 5;
/// Flag: an unrecoverable gap was seen in the channel.
pub const MAYBE_BAD_BOOK: u8 = 1 << 2;
/// Price of "none".
pub const NO_PRICE: i64 = i64::MAX;

/// What every record starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Bytes of the whole record.
    pub length: usize,
    /// Type.
    pub kind: u8,
    /// Dataset and venue.
    pub publisher: u16,
    /// Instrument.
    pub instrument: u32,
    /// Time at the venue, ns UTC.
    pub ts_event: u64,
}

/// An action of market by order, a trade, or the trade and update of best quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action {
    /// The order, 0 where there is none.
    pub order_id: u64,
    /// Price in 1e-9, [`NO_PRICE`] for none.
    pub price: i64,
    /// Quantity.
    pub qty: u32,
    /// [`LAST`], [`SNAPSHOT`], [`MAYBE_BAD_BOOK`] and others.
    pub flags: u8,
    /// A add, C cancel, M modify, R clear, T trade, F fill, N none.
    pub action: u8,
    /// B bid, A ask, N none.
    pub side: u8,
    /// Time of capture, ns UTC.
    pub ts_recv: u64,
}

/// The best level of both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Best {
    /// Price in 1e-9, [`NO_PRICE`] for none.
    pub bid_price: i64,
    /// Price in 1e-9, [`NO_PRICE`] for none.
    pub ask_price: i64,
    /// Quantity.
    pub bid_qty: u32,
    /// Quantity.
    pub ask_qty: u32,
}

/// Ten levels of both sides as they lie in the record, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Levels<'a>(&'a [u8; LEVELS]);

const LEVEL: usize = 32;
const LEVELS: usize = 10 * LEVEL;

impl Levels<'_> {
    /// The levels, decoded; those beyond the book have [`NO_PRICE`].
    pub fn iter(&self) -> impl Iterator<Item = Best> + '_ {
        let levels = self.0.chunks_exact(LEVEL);
        levels.filter_map(<[u8]>::first_chunk).map(best)
    }
}

/// Open, high, low, close and volume of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ohlcv {
    /// Price in 1e-9, as are the next three; [`NO_PRICE`] for none.
    pub open: i64,
    /// See `open`.
    pub high: i64,
    /// See `open`.
    pub low: i64,
    /// See `open`.
    pub close: i64,
    /// Quantity.
    pub volume: u64,
    /// Length of the interval, ns; it begins at the record's time.
    pub interval: u64,
}

/// A record that becomes rows, or another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record<'a> {
    /// Market by order.
    ByOrder(Action),
    /// A trade.
    Trade(Action),
    /// An update of the best quotes, and the action that caused it.
    Quote(Action, Best),
    /// An action, and the ten best levels as it left them.
    Depth(Action, Levels<'a>),
    /// A bar.
    Bar(Ohlcv),
    /// A record of another type, by its number.
    Other(u8),
}

/// Number of the MBO schema's records.
pub const BY_ORDER: u8 = 0xA0;
const TRADE: u8 = 0x00;
const QUOTE: u8 = 0x01;
const DEPTH: u8 = 0x0A;
/// Bytes of what trades and all schemas by price begin with.
const HEAD: usize = 48;
const SECOND: u64 = 1_000_000_000;

impl Header {
    /// Decodes the head of a record.
    ///
    /// # Errors
    /// `Incomplete`, or `Malformed` for a length that holds no head.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let head = part::<16>(bytes, 0)?;
        let length = usize::from(head[0]) * 4;
        if length < 16 {
            return Err(DecodeError::malformed(0, "record length"));
        }
        Ok(Self {
            length,
            kind: head[1],
            publisher: le16(head, 2),
            instrument: le32(head, 4),
            ts_event: le64(head, 8),
        })
    }
}

impl<'a> Record<'a> {
    /// Decodes one whole record with its head.
    ///
    /// # Errors
    /// `Malformed` when it is shorter than its type.
    #[inline]
    pub fn decode(bytes: &'a [u8], kind: u8) -> Result<Self, DecodeError> {
        let short = |_| DecodeError::malformed(0, "record length");
        Ok(match kind {
            BY_ORDER => {
                let m = part::<56>(bytes, 0).map_err(short)?;
                Self::ByOrder(Action {
                    order_id: le64(m, 16),
                    price: le64i(m, 24),
                    qty: le32(m, 32),
                    flags: m[36],
                    action: m[38],
                    side: m[39],
                    ts_recv: le64(m, 40),
                })
            }
            TRADE => Self::Trade(priced(part::<HEAD>(bytes, 0).map_err(short)?)),
            QUOTE => {
                let level = part::<LEVEL>(bytes, HEAD).map_err(short)?;
                let action = priced(part::<HEAD>(bytes, 0).map_err(short)?);
                Self::Quote(action, best(level))
            }
            DEPTH => {
                let levels = part::<LEVELS>(bytes, HEAD).map_err(short)?;
                let action = priced(part::<HEAD>(bytes, 0).map_err(short)?);
                Self::Depth(action, Levels(levels))
            }
            0x20 => Self::Bar(ohlcv(bytes, SECOND).map_err(short)?),
            0x21 => Self::Bar(ohlcv(bytes, 60 * SECOND).map_err(short)?),
            0x22 => Self::Bar(ohlcv(bytes, 3_600 * SECOND).map_err(short)?),
            0x23 => Self::Bar(ohlcv(bytes, 86_400 * SECOND).map_err(short)?),
            other => Self::Other(other),
        })
    }
}

fn ohlcv(bytes: &[u8], interval: u64) -> Result<Ohlcv, DecodeError> {
    let m = part::<56>(bytes, 0)?;
    Ok(Ohlcv {
        open: le64i(m, 16),
        high: le64i(m, 24),
        low: le64i(m, 32),
        close: le64i(m, 40),
        volume: le64(m, 48),
        interval,
    })
}

const fn best(level: &[u8; LEVEL]) -> Best {
    Best {
        bid_price: le64i(level, 0),
        ask_price: le64i(level, 8),
        bid_qty: le32(level, 16),
        ask_qty: le32(level, 20),
    }
}

/// The part that trades and all schemas by price begin with.
#[inline]
const fn priced(m: &[u8; HEAD]) -> Action {
    Action {
        order_id: 0,
        price: le64i(m, 16),
        qty: le32(m, 24),
        flags: m[30],
        action: m[28],
        side: m[29],
        ts_recv: le64(m, 32),
    }
}
