//! One suite for the market data of every venue: chain kept, gap, wrong sum, crossing, lost
//! connection, resynchronisation, cut messages. What the messages say is in `scripts.rs`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod bends;
mod scripts;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use py_rt_types::market::{END, GAP};
use py_rt_types::{
    AssetClass, Decimal, EventKind, Instrument, InstrumentId, InstrumentSpec, MarketEvent,
    UnixNanos,
};
use py_rt_venues::binance::Binance;
use py_rt_venues::bitfinex::Bitfinex;
use py_rt_venues::bitstamp::Bitstamp;
use py_rt_venues::coinbase::Coinbase;
use py_rt_venues::deribit::Deribit;
use py_rt_venues::feed::{Context, Decoder, Stream};
use py_rt_venues::kraken::Kraken;
use py_rt_venues::okx::Okx;
use py_rt_venues::{Malformed, SymbolTable};
use scripts::{Script, Sent};

const T0: UnixNanos = UnixNanos(1_795_186_800_000_000_000);
const ID: InstrumentId = InstrumentId(3);

pub(crate) fn table(symbol: &str) -> Arc<SymbolTable> {
    let decimal = |text| Decimal::parse(text).unwrap();
    let instrument = Instrument::try_new(InstrumentSpec {
        symbol: symbol.into(),
        venue: "TEST".into(),
        tick_size: decimal("0.01"),
        order_tick: None,
        lot_size: decimal("0.001"),
        min_qty: Decimal::ZERO,
        min_notional: Decimal::ZERO,
        multiplier: decimal("1"),
        currency: "USD".into(),
        asset_class: AssetClass::Crypto,
        shortable: true,
        sessions: false,
    });
    Arc::new(SymbolTable::try_new([(ID, instrument.unwrap())]).unwrap())
}

/// A session under test, and what it published.
pub(crate) struct Session<D> {
    pub(crate) stream: Stream<D>,
    pub(crate) rows: Vec<MarketEvent>,
    symbol: &'static str,
}

impl<D: Decoder> Session<D> {
    pub(crate) fn new(script: &Script) -> Self {
        let mut session = Self {
            stream: Stream::new(table(script.symbol)),
            rows: Vec::new(),
            symbol: script.symbol,
        };
        for message in &script.prelude {
            session.read(message).unwrap();
        }
        assert!(session.rows.is_empty(), "{}", script.name);
        session
    }

    /// A session whose book is valid.
    pub(crate) fn up(script: &Script) -> Self {
        let mut session = Self::new(script);
        session.read(&script.snapshot).unwrap();
        assert!(session.valid(), "{}", script.name);
        session
    }

    pub(crate) fn after_changes(script: &Script) -> Self {
        let mut session = Self::up(script);
        for change in &script.changes {
            session.read(change).unwrap();
        }
        session
    }

    pub(crate) fn read(&mut self, message: &Sent) -> Result<(), Malformed> {
        self.read_bytes(message.url, message.text.as_bytes())
    }

    pub(crate) fn read_bytes(&mut self, url: Option<&str>, bytes: &[u8]) -> Result<(), Malformed> {
        let context = Context {
            ts_recv: T0,
            conn: 0,
            url: url.map(str::as_bytes),
        };
        self.stream.handle_message(&context, bytes, &mut self.rows)
    }

    pub(crate) fn valid(&mut self) -> bool {
        self.stream.valid(self.symbol.as_bytes())
    }

    fn take(&mut self) -> Vec<MarketEvent> {
        std::mem::take(&mut self.rows)
    }

    /// The ladders of the session's own book.
    fn ladders(&self) -> Option<[Vec<(i64, i64)>; 2]> {
        let book = self.stream.books().book(0)?;
        Some([book.bids(), book.asks()].map(|ladder| {
            let steps = ladder.from_best();
            steps.map(|step| (step.key, step.qty)).collect()
        }))
    }
}

/// The naive twin: rows to a map of levels and a validity.
fn replay(rows: &[MarketEvent]) -> (BTreeMap<(i8, i64), i64>, bool) {
    let (mut levels, mut valid) = (BTreeMap::new(), false);
    for row in rows {
        match row.event_kind().unwrap() {
            EventKind::Clear => {
                levels.retain(|(side, _), _| row.side != 0 && *side != row.side);
                valid = true;
            }
            EventKind::Depth | EventKind::Snapshot if row.qty.0 > 0 => {
                levels.insert((row.side, row.price.0), row.qty.0);
            }
            EventKind::Depth | EventKind::Snapshot => {
                levels.remove(&(row.side, row.price.0));
            }
            _ => {}
        }
        valid &= row.flags & GAP == 0;
    }
    (levels, valid)
}

fn chain_kept<D: Decoder>(script: &Script) {
    let mut session = Session::<D>::new(script);
    session.read(&script.snapshot).unwrap();
    let first = session.rows[0];
    assert_eq!(
        (first.event_kind(), first.side),
        (Some(EventKind::Clear), 0)
    );
    for change in &script.changes {
        let before = session.rows.len();
        session.read(change).unwrap();
        assert!(session.rows.len() > before, "{}: {change:?}", script.name);
        assert!(session.rows.last().unwrap().is_end());
    }
    assert!(session.valid(), "{}", script.name);
    assert!(session.stream.take_findings().is_empty());
    for row in &session.rows {
        assert_eq!((row.instrument, row.ts_recv), (ID, T0));
        assert!(row.ts_event.0 > 0 && row.flags & GAP == 0, "{row:?}");
    }
    let ends = session.rows.iter().filter(|row| row.flags & END != 0);
    assert_eq!(ends.count(), 3, "{}: one end a message", script.name);
    let (levels, valid) = replay(&session.rows);
    let bitfinex = script.name.starts_with("bitfinex");
    let mut expected = vec![((-1, 10_100), if bitfinex { 3_000 } else { 1_000 })];
    expected.extend([((1, 10_000), 2_000), ((1, 10_050), 1_250)]);
    expected.extend(bitfinex.then_some(((1, 10_060), 500)));
    assert_eq!(
        levels.into_iter().collect::<Vec<_>>(),
        expected,
        "{}",
        script.name
    );
    assert!(valid);
}

/// `breaker` makes the book invalid at once, published once; only a snapshot heals it.
fn breaks<D: Decoder>(script: &Script, breaker: &Sent, what: &str) {
    let mut session = Session::<D>::after_changes(script);
    session.take();
    session.read(breaker).unwrap();
    assert!(!session.valid(), "{}: {what}", script.name);
    let rows = session.take();
    let flagged = rows.iter().filter(|row| row.flags & GAP != 0).count();
    assert_eq!(flagged, 1, "{}: {what}: {rows:?}", script.name);
    assert!(rows
        .iter()
        .all(|row| row.is_end() && row.kind != EventKind::Depth as u8));
    assert_eq!(session.stream.take_findings().len(), 1);
    let last = &script.changes[1];
    let _ = session.read(last);
    assert!(
        !session.valid() && session.take().is_empty(),
        "{}: {what}",
        script.name
    );
    session.read(&script.again).unwrap();
    assert!(session.valid(), "{}: {what}: a snapshot heals", script.name);
    assert_eq!(replay(&session.take()).0.len(), 4);
}

fn lost_connection<D: Decoder>(script: &Script) {
    let mut session = Session::<D>::after_changes(script);
    session.take();
    session.stream.handle_disconnected(1, T0, &mut session.rows);
    assert!(session.valid(), "another connection");
    session.stream.handle_disconnected(0, T0, &mut session.rows);
    assert!(!session.valid());
    assert_eq!(session.take().len(), 1);
    session.stream.handle_disconnected(0, T0, &mut session.rows);
    assert!(session.take().is_empty(), "said once");
}

/// A message that is cut anywhere is set aside whole, and its book is not to be believed.
fn cut_messages<D: Decoder>(script: &Script) {
    for message in script.changes.iter().chain([&script.again]) {
        for end in 0..message.text.len() {
            let mut session = Session::<D>::up(script);
            session.take();
            let before = session.ladders();
            let bytes = &message.text.as_bytes()[..end];
            let result = session.read_bytes(message.url, bytes);
            assert!(result.is_err(), "{}: cut at {end}", script.name);
            assert_eq!(session.ladders(), before, "{}: half-applied", script.name);
            let rows = session.take();
            assert!(rows.iter().all(|row| row.flags & GAP != 0));
            assert_eq!(session.valid(), rows.is_empty());
        }
    }
}

fn trades<D: Decoder>(script: &Script) {
    let Some(trade) = &script.trade else { return };
    let mut session = Session::<D>::after_changes(script);
    session.take();
    session.read(trade).unwrap();
    let rows = session.take();
    let row = rows[0];
    assert_eq!(rows.len(), 1);
    assert_eq!(row.event_kind(), Some(EventKind::Trade), "{}", script.name);
    assert_eq!(
        (row.side, row.price.0, row.qty.0),
        (1, 10_100, 500),
        "{}",
        script.name
    );
    assert!(row.is_end() && session.valid());
}

fn conform<D: Decoder>(script: &Script) {
    chain_kept::<D>(script);
    for (breaker, what) in [
        (&script.gap, "gap"),
        (&script.wrong_sum, "wrong sum"),
        (&script.crossing, "crossing"),
    ] {
        if let Some(breaker) = breaker {
            breaks::<D>(script, breaker, what);
        }
    }
    lost_connection::<D>(script);
    cut_messages::<D>(script);
    trades::<D>(script);
    bends::every_member::<D>(script);
}

#[test]
fn binance() {
    conform::<Binance>(&scripts::binance_spot());
    conform::<Binance>(&scripts::binance_usdm());
}

#[test]
fn kraken() {
    conform::<Kraken>(&scripts::kraken());
    conform::<Kraken>(&scripts::kraken_v1());
}

#[test]
fn coinbase() {
    conform::<Coinbase>(&scripts::coinbase());
    conform::<Coinbase>(&scripts::coinbase_exchange());
}

#[test]
fn okx() {
    conform::<Okx>(&scripts::okx());
}

#[test]
fn bitstamp() {
    conform::<Bitstamp>(&scripts::bitstamp());
}

#[test]
fn bitfinex() {
    conform::<Bitfinex>(&scripts::bitfinex());
}

#[test]
fn deribit() {
    conform::<Deribit>(&scripts::deribit());
}
