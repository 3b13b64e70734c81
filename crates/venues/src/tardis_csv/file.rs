//! Files to market rows.
//!
//! Rows of a book that came together (one `local_timestamp`) are one message. A run of snapshot
//! rows begins with a `Clear`; what comes before the first snapshot is flagged invalid.

use alloc::string::String;
use alloc::vec::Vec;

use py_rt_types::{EventKind, InstrumentId, MarketEvent, Price, Qty, UnixNanos, END, GAP};

use crate::columns::{parse_decimal, BadLine, Columns, Place};
use crate::error::Malformed;
use crate::scale::{Growing, Places};

use super::table::Table;

/// Files on their way in, one after the other.
#[derive(Debug, Clone, Default)]
pub struct TardisFile {
    table: Option<Table>,
    place: Place,
    symbols: Vec<Vec<u8>>,
    venue: Vec<u8>,
    /// Whether the book of a symbol was seen whole, and whether its last row was of a snapshot.
    books: Vec<(bool, bool)>,
    prices: Growing,
    qtys: Growing,
    rows: Vec<MarketEvent>,
    /// The open message: symbol, time, snapshot.
    open: Option<(u32, i64, bool)>,
}

/// Price and quantity.
type Level = (i64, i64);

/// What every line begins with.
#[derive(Clone, Copy)]
struct Stamp {
    instrument: u32,
    ts_event: i64,
    ts_recv: i64,
}

impl TardisFile {
    /// Nothing read yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The venue's name in the first line.
    #[must_use]
    pub fn venue(&self) -> String {
        String::from_utf8_lossy(&self.venue).into_owned()
    }

    /// Symbols by the index of their instrument.
    #[must_use]
    pub fn symbols(&self) -> Vec<String> {
        let name = |symbol: &Vec<u8>| String::from_utf8_lossy(symbol).into_owned();
        self.symbols.iter().map(name).collect()
    }

    /// Takes bytes of a file in; returns how many were used. What is left has to come again, in
    /// front of what follows it; `last` says that the file ends, and another one may begin.
    ///
    /// # Errors
    /// [`BadLine`].
    pub fn handle_input(&mut self, bytes: &[u8], last: bool) -> Result<usize, BadLine> {
        let mut place = self.place;
        let used = place.read_lines(bytes, last, |line| self.handle_line(line));
        self.place = place;
        if last && used.is_ok() {
            self.close();
            self.table = None;
            self.place = Place::default();
        }
        used
    }

    /// All rows, and the decimals that they are written in.
    ///
    /// # Errors
    /// The column whose numbers do not fit into 64 bits at the finest scale.
    pub fn finish(mut self) -> Result<(Vec<MarketEvent>, Places), &'static str> {
        self.prices
            .finish(&mut self.rows, |row| &mut row.price.0)
            .ok_or("price")?;
        self.qtys
            .finish(&mut self.rows, |row| &mut row.qty.0)
            .ok_or("amount")?;
        let places = Places {
            price: self.prices.scale(),
            qty: self.qtys.scale(),
        };
        Ok((self.rows, places))
    }

    fn handle_line(&mut self, line: &[u8]) -> Result<(), Malformed> {
        let Some(table) = self.table else {
            let table = Table::recognise(line);
            self.table = Some(table.ok_or(Malformed {
                offset: 0,
                field: "names of columns",
            })?);
            return Ok(());
        };
        let mut columns = Columns::new(line);
        let stamp = self.read_stamp(&mut columns)?;
        match table {
            Table::Trades => self.read_trade(stamp, &mut columns)?,
            Table::Changes => self.read_change(stamp, &mut columns)?,
            Table::Quotes => self.read_quote(stamp, &mut columns)?,
            Table::Snapshots { depth } => self.read_snapshot(stamp, depth, &mut columns)?,
        }
        columns.finish()
    }

    fn read_stamp(&mut self, columns: &mut Columns<'_>) -> Result<Stamp, Malformed> {
        let venue = columns.text("exchange")?;
        let symbol = columns.text("symbol")?;
        let at = columns.at();
        let micros = |value: i64, field| {
            let ns = value.checked_mul(1_000).filter(|ns| *ns >= 0);
            ns.ok_or(Malformed { offset: at, field })
        };
        let ts_event = micros(columns.integer("timestamp")?, "timestamp")?;
        let ts_recv = micros(columns.integer("local_timestamp")?, "local_timestamp")?;
        if self.venue.is_empty() {
            self.venue = venue.to_vec();
        }
        let known = self.symbols.iter().rposition(|known| known == symbol);
        let place = known.unwrap_or_else(|| {
            self.symbols.push(symbol.to_vec());
            self.books.push((false, false));
            self.symbols.len() - 1
        });
        let instrument = u32::try_from(place).unwrap_or(u32::MAX);
        Ok(Stamp {
            instrument,
            ts_event,
            ts_recv,
        })
    }

    /// A price and an amount in the scale of the moment, or `None` where the columns are empty.
    fn read_level(&mut self, columns: &mut Columns<'_>) -> Result<Option<Level>, Malformed> {
        let at = columns.at();
        let price = columns.text("price")?;
        let qty = columns.text("amount")?;
        self.level(price, qty, at)
    }

    fn level(&mut self, price: &[u8], qty: &[u8], at: usize) -> Result<Option<Level>, Malformed> {
        if price.is_empty() {
            return Ok(None);
        }
        let bad = |field| Malformed { offset: at, field };
        let row = self.rows.len();
        let price = parse_decimal(price).and_then(|price| self.prices.value(price, row));
        let qty = parse_decimal(qty).and_then(|qty| self.qtys.value(qty, row));
        let price = price.ok_or(bad("price"))?;
        let qty = qty.filter(|qty| *qty >= 0).ok_or(bad("amount"))?;
        Ok(Some((price, qty)))
    }

    fn push(&mut self, stamp: Stamp, kind: EventKind, side: i8, level: Level, flags: u16) {
        self.rows.push(MarketEvent {
            ts_event: UnixNanos(stamp.ts_event),
            ts_recv: UnixNanos(stamp.ts_recv),
            instrument: InstrumentId(stamp.instrument),
            kind: kind as u8,
            side,
            flags,
            price: Price(level.0),
            qty: Qty(level.1),
            order_id: 0,
        });
    }

    fn read_trade(&mut self, stamp: Stamp, columns: &mut Columns<'_>) -> Result<(), Malformed> {
        columns.text("id")?;
        let at = columns.at();
        let side = match columns.text("side")? {
            b"buy" => 1,
            b"sell" => -1,
            b"unknown" | b"" => 0,
            _ => {
                return Err(Malformed {
                    offset: at,
                    field: "side",
                })
            }
        };
        let level = self.read_level(columns)?;
        let level = level.ok_or(Malformed {
            offset: at,
            field: "price",
        })?;
        self.push(stamp, EventKind::Trade, side, level, END);
        Ok(())
    }

    fn read_change(&mut self, stamp: Stamp, columns: &mut Columns<'_>) -> Result<(), Malformed> {
        let at = columns.at();
        let bad = |field| Malformed { offset: at, field };
        let snapshot = match columns.text("is_snapshot")? {
            b"true" => true,
            b"false" => false,
            _ => return Err(bad("is_snapshot")),
        };
        let side = match columns.text("side")? {
            b"bid" => 1,
            b"ask" => -1,
            _ => return Err(bad("side")),
        };
        let message = (stamp.instrument, stamp.ts_recv, snapshot);
        if self.open != Some(message) {
            self.close();
            self.open = Some(message);
        }
        let (whole, was_snapshot) = self.books[stamp.instrument as usize];
        let mut flags = 0;
        if snapshot && !was_snapshot {
            self.push(stamp, EventKind::Clear, 0, (0, 0), 0);
        } else if !snapshot && !whole {
            flags = GAP;
        }
        self.books[stamp.instrument as usize] = (whole || snapshot, snapshot);
        let level = self.read_level(columns)?.ok_or(bad("price"))?;
        let kind = if snapshot {
            EventKind::Snapshot
        } else {
            EventKind::Depth
        };
        self.push(stamp, kind, side, level, flags);
        Ok(())
    }

    fn read_quote(&mut self, stamp: Stamp, columns: &mut Columns<'_>) -> Result<(), Malformed> {
        let at = columns.at();
        let (ask_qty, ask_price) = (columns.text("ask_amount")?, columns.text("ask_price")?);
        let (bid_price, bid_qty) = (columns.text("bid_price")?, columns.text("bid_amount")?);
        // Both sides are read before a row is there, and the first again when the second was finer.
        self.level(ask_price, ask_qty, at)?;
        let bid = self.level(bid_price, bid_qty, at)?.unwrap_or_default();
        let ask = self.level(ask_price, ask_qty, at)?.unwrap_or_default();
        self.push(stamp, EventKind::Quote, 1, bid, 0);
        self.push(stamp, EventKind::Quote, -1, ask, END);
        Ok(())
    }

    fn read_snapshot(
        &mut self,
        stamp: Stamp,
        depth: usize,
        columns: &mut Columns<'_>,
    ) -> Result<(), Malformed> {
        self.push(stamp, EventKind::Clear, 0, (0, 0), 0);
        for _ in 0..depth {
            for side in [-1, 1] {
                if let Some(level) = self.read_level(columns)? {
                    self.push(stamp, EventKind::Snapshot, side, level, 0);
                }
            }
        }
        self.close();
        Ok(())
    }

    /// The open message ends with the last row.
    fn close(&mut self) {
        self.open = None;
        if let Some(row) = self.rows.last_mut() {
            row.flags |= END;
        }
    }
}
