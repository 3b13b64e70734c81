//! What the tests of this crate share: a dialect, our own golden messages, fixtures, a JSON tree.
#![allow(dead_code, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

pub mod bend;
pub mod requests;
pub mod rest;
pub mod streams;

use std::path::Path;
use std::sync::Arc;

use py_rt_types::{AssetClass, Decimal, Instrument, InstrumentId, InstrumentSpec, UnixNanos};
use py_rt_venues::alpaca::{Credentials, Dialect, Lineage};
use py_rt_venues::json::{Kind, Scalar, Scanner};
use py_rt_venues::{Session, SymbolTable, Transmit, VenueEvent};

pub const AAPL: InstrumentId = InstrumentId(0);
pub const BTC: InstrumentId = InstrumentId(1);
pub const T0: UnixNanos = UnixNanos(1_795_186_800_000_000_000);

pub const UUID: &str = "61e69015-8549-4bfd-b9c3-01e75843f47d";
pub const UUID_2: &str = "7b08df51-c1ac-453c-99f9-323a5f075f0d";
pub const VENUE_ID: u128 = 0x61e6_9015_8549_4bfd_b9c3_01e7_5843_f47d;
pub const VENUE_ID_2: u128 = 0x7b08_df51_c1ac_453c_99f9_323a_5f07_5f0d;

pub const TRADE: &str = include_str!("../golden/trade.json");
pub const QUOTE: &str = include_str!("../golden/quote.json");
pub const BAR: &str = include_str!("../golden/bar.json");
pub const CRYPTO_TRADE: &str = include_str!("../golden/crypto_trade.json");
pub const BOOK: &str = include_str!("../golden/book.json");
pub const BOOK_CHANGE: &str = include_str!("../golden/book_change.json");
pub const ACCOUNT: &str = include_str!("../golden/account.json");
pub const POSITION: &str = include_str!("../golden/position.json");
pub const FILLS: &str = include_str!("../golden/fills.json");

/// An order as the venue writes it, with some members set.
pub fn order(changes: &[(&str, &str)]) -> String {
    let mut members = vec![
        ("id", format!("\"{UUID}\"")),
        ("client_order_id", "\"rt-abcdef27-5\"".to_string()),
        (
            "created_at",
            "\"2026-11-20T15:00:00.668464435Z\"".to_string(),
        ),
        (
            "updated_at",
            "\"2026-11-20T15:00:00.702100200Z\"".to_string(),
        ),
        ("replaced_by", "null".to_string()),
        ("replaces", "null".to_string()),
        ("symbol", "\"AAPL\"".to_string()),
        ("notional", "null".to_string()),
        ("qty", "\"200\"".to_string()),
        ("filled_qty", "\"0\"".to_string()),
        ("filled_avg_price", "null".to_string()),
        ("order_class", "\"\"".to_string()),
        ("type", "\"limit\"".to_string()),
        ("side", "\"buy\"".to_string()),
        ("time_in_force", "\"day\"".to_string()),
        ("limit_price", "\"190.02\"".to_string()),
        ("stop_price", "null".to_string()),
        ("status", "\"new\"".to_string()),
        ("legs", "null".to_string()),
    ];
    set(&mut members, changes);
    object(&members)
}

/// Gives members of an object other values; those that it lacks are added.
pub fn set<'a>(members: &mut Vec<(&'a str, String)>, changes: &[(&'a str, &str)]) {
    for &(name, value) in changes {
        match members.iter_mut().find(|(known, _)| *known == name) {
            Some(member) => member.1 = value.to_string(),
            None => members.push((name, value.to_string())),
        }
    }
}

/// An object of these members.
pub fn object(members: &[(&str, String)]) -> String {
    let all: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", all.join(","))
}

/// A `trade_updates` message.
pub fn update(event: &str, more: &str, order: &str) -> String {
    format!(
        "{{\"stream\":\"trade_updates\",\"data\":{{\"event\":\"{event}\",\"execution_id\":\
         \"bbd6d4fe-c25c-50c0-b4af-83b03728ad94\",\"order\":{order},\"timestamp\":\
         \"2026-11-20T15:00:00.981482000Z\"{more}}}}}"
    )
}

pub fn fill_update() -> String {
    let order = order(&[
        ("filled_qty", "\"100\""),
        ("status", "\"partially_filled\""),
    ]);
    update(
        "partial_fill",
        ",\"price\":\"190.01\",\"qty\":\"100\",\"position_qty\":\"100\"",
        &order,
    )
}

pub fn instrument(symbol: &str, tick: &str, lot: &str, asset_class: AssetClass) -> Instrument {
    Instrument::try_new(InstrumentSpec {
        symbol: symbol.into(),
        venue: "ALPACA".into(),
        tick_size: Decimal::parse(tick).unwrap(),
        order_tick: None,
        lot_size: Decimal::parse(lot).unwrap(),
        min_qty: Decimal::ZERO,
        min_notional: Decimal::ZERO,
        multiplier: Decimal::parse("1").unwrap(),
        currency: "USD".into(),
        asset_class,
        shortable: true,
        sessions: asset_class == AssetClass::Equity,
    })
    .unwrap()
}

pub fn dialect() -> Dialect {
    let table = SymbolTable::try_new([
        (
            AAPL,
            instrument("AAPL", "0.0001", "0.000000001", AssetClass::Equity),
        ),
        (
            BTC,
            instrument("BTC/USD", "0.5", "0.000000001", AssetClass::Crypto),
        ),
    ]);
    Dialect {
        lineage: Lineage::parse("abcdef27").unwrap(),
        symbols: Arc::new(table.unwrap()),
    }
}

pub fn credentials() -> Credentials {
    Credentials {
        key_id: "KEY".into(),
        secret_key: "SE\"CRET".into(),
    }
}

/// A fixture of the protocol references, or `None` with a word when they are not there.
pub fn fixture(name: &str) -> Option<String> {
    fixture_of("alpaca", name)
}

/// The same of any venue.
pub fn fixture_of(venue: &str, name: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/protocols/fixtures");
    let text = std::fs::read_to_string(folder.join(venue).join(name)).ok();
    if text.is_none() {
        eprintln!("skipped: fixture {name} is not there");
    }
    text
}

/// A session whose connection was opened.
pub fn connected<S: Session>(mut session: S) -> S {
    session.handle_timeout(T0);
    session.handle_connected(T0);
    session
}

pub fn events(session: &mut impl Session) -> Vec<VenueEvent> {
    std::iter::from_fn(|| session.poll_event()).collect()
}

/// Everything that a session wants to write, as text; pings as `PING`.
pub fn written(session: &mut impl Session, now: UnixNanos) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(transmit) = session.poll_transmit(now) {
        all.push(match transmit {
            Transmit::Bytes(bytes) | Transmit::Text(bytes) => {
                String::from_utf8(bytes.to_vec()).unwrap()
            }
            Transmit::Ping => "PING".to_string(),
        });
    }
    all
}

/// A JSON tree that keeps the raw text of its leaves.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    Leaf(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    pub fn parse(text: &str) -> Self {
        let mut scanner = Scanner::new(text.as_bytes());
        let tree = Self::read(&mut scanner);
        scanner.finish().unwrap();
        tree
    }

    fn read(scanner: &mut Scanner<'_>) -> Self {
        match scanner.peek().unwrap() {
            Kind::Object => {
                let mut members = Vec::new();
                scanner.begin_object().unwrap();
                while let Some(name) = scanner.next_key().unwrap() {
                    let name = String::from_utf8(name.to_vec()).unwrap();
                    members.push((name, Self::read(scanner)));
                }
                Self::Object(members)
            }
            Kind::Array => {
                let mut elements = Vec::new();
                scanner.begin_array().unwrap();
                while scanner.next_element().unwrap() {
                    elements.push(Self::read(scanner));
                }
                Self::Array(elements)
            }
            _ => {
                let raw = scanner.raw().unwrap();
                Self::Leaf(String::from_utf8(raw.bytes.to_vec()).unwrap())
            }
        }
    }

    pub fn text(&self) -> String {
        match self {
            Self::Leaf(text) => text.clone(),
            Self::Array(all) => {
                let all: Vec<String> = all.iter().map(Self::text).collect();
                format!("[{}]", all.join(","))
            }
            Self::Object(all) => {
                let all: Vec<String> = all
                    .iter()
                    .map(|(name, value)| format!("\"{name}\":{}", value.text()))
                    .collect();
                format!("{{{}}}", all.join(","))
            }
        }
    }

    /// The elements of an array.
    pub fn elements(self) -> Vec<Tree> {
        match self {
            Self::Array(elements) => elements,
            other => panic!("no array: {other:?}"),
        }
    }

    /// A member of an object.
    pub fn member(&self, name: &str) -> Option<&Tree> {
        match self {
            Self::Object(all) => all.iter().find(|(known, _)| known == name).map(|(_, v)| v),
            _ => None,
        }
    }
}

/// The text of a JSON string leaf.
pub fn unquoted(tree: &Tree) -> String {
    let text = tree.text();
    match Scanner::new(text.as_bytes()).scalar().unwrap() {
        Scalar::Text(text) => String::from_utf8(text.unescape().into_owned()).unwrap(),
        _ => text,
    }
}
