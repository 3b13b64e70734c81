//! A decoder and its books for a live connection: bytes in, rows out.

use alloc::sync::Arc;
use alloc::vec::Vec;

use py_rt_types::{InstrumentId, MarketEvent, UnixNanos};

use crate::error::Malformed;
use crate::feed::books::{Books, Finding, Mode};
use crate::feed::grid::{Grid, KnownGrid};
use crate::feed::rules::{read_whole, Decoder};
use crate::feed::sheet::{Context, Sheet};
use crate::symbols::SymbolTable;

/// What was read and what was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamCounters {
    /// Messages that came.
    pub messages: u64,
    /// Messages that could not be read.
    pub malformed: u64,
    /// Messages of books that were not newer than the book.
    pub stale: u64,
}

/// Market data of one venue over any number of connections.
///
/// # Examples
/// ```
/// use py_rt_venues::feed::{Context, Stream};
/// use py_rt_venues::{binance::Binance, SymbolTable};
/// # use std::sync::Arc;
/// let mut stream = Stream::<Binance>::new(Arc::new(SymbolTable::try_new([])?));
/// let mut rows = Vec::new();
/// let trade = br#"{"e":"trade","s":"BTCUSDT","p":"1","q":"2","T":3,"m":true}"#;
/// stream.handle_message(&Context::default(), trade, &mut rows)?;
/// assert!(rows.is_empty(), "an instrument that is not in the run");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Stream<D> {
    decoder: D,
    sheet: Sheet<KnownGrid>,
    books: Books,
    ids: Vec<InstrumentId>,
    counters: StreamCounters,
}

impl<D: Decoder> Stream<D> {
    /// A stream of the instruments of a table.
    #[must_use]
    pub fn new(symbols: Arc<SymbolTable>) -> Self {
        let ids = symbols.listings().iter().map(|one| one.id()).collect();
        Self {
            decoder: D::default(),
            sheet: Sheet::new(KnownGrid::new(symbols)),
            books: Books::new(D::RULES, Mode::Live),
            ids,
            counters: StreamCounters::default(),
        }
    }

    /// Quotes go out too.
    #[must_use]
    pub fn with_quotes(mut self) -> Self {
        self.sheet.quotes = true;
        self
    }

    /// Takes one whole message in and appends its rows.
    ///
    /// # Errors
    /// [`Malformed`]: the message was set aside; the books that it may have changed are broken, and
    /// the rows that say so were appended.
    #[inline]
    pub fn handle_message(
        &mut self,
        context: &Context<'_>,
        bytes: &[u8],
        out: &mut Vec<MarketEvent>,
    ) -> Result<(), Malformed> {
        self.counters.messages += 1;
        self.sheet.clear();
        let start = out.len();
        let result = read_whole(&mut self.decoder, context, bytes, &mut self.sheet);
        match result {
            Ok(()) => {
                for message in &self.sheet.messages {
                    let levels = self.sheet.levels.get(message.levels());
                    let levels = levels.unwrap_or_default();
                    self.books
                        .handle_message(message, levels, &self.sheet.grid, out);
                }
            }
            Err(_) => {
                self.counters.malformed += 1;
                let suspect = self.sheet.suspect;
                self.books
                    .handle_unreadable(suspect, context.conn, context.ts_recv, out);
            }
        }
        self.name_rows(start, out);
        result
    }

    /// The connection is gone.
    pub fn handle_disconnected(&mut self, conn: u32, now: UnixNanos, out: &mut Vec<MarketEvent>) {
        let start = out.len();
        self.books.handle_disconnected(conn, now, out);
        self.name_rows(start, out);
    }

    /// Places become the ids of the run.
    fn name_rows(&self, start: usize, out: &mut [MarketEvent]) {
        for row in out.get_mut(start..).unwrap_or_default() {
            if let Some(id) = self.ids.get(row.instrument.index()) {
                row.instrument = *id;
            }
        }
    }

    /// Whether the book of a symbol may be believed.
    #[must_use]
    pub fn valid(&mut self, symbol: &[u8]) -> bool {
        let place = self.sheet.grid.place(symbol);
        place.is_some_and(|place| self.books.valid(place))
    }

    /// The books.
    #[must_use]
    pub const fn books(&self) -> &Books {
        &self.books
    }

    /// What broke since the last call.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        self.books.take_findings()
    }

    /// What was read and what was set aside.
    #[must_use]
    pub const fn counters(&self) -> StreamCounters {
        StreamCounters {
            stale: self.books.stale(),
            ..self.counters
        }
    }
}
