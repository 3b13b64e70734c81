//! Messages of the Coinbase dialect, and a request session that is asked and answered.
#![allow(dead_code, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::sync::Arc;

use py_rt_types::{
    Instrument, InstrumentId, NewOrder, Price, Qty, ReportKind, UnixNanos, VenueOrderId,
};
use py_rt_venues::alpaca::ids::parse_uuid;
use py_rt_venues::coinbase::products::{decode_products, name_twins};
use py_rt_venues::coinbase::sign::Sign;
use py_rt_venues::coinbase::{Encoder, RestSession};
use py_rt_venues::{Dialect, Lineage, Session, SymbolTable, VenueRequest};

use crate::support::requests::{cancel_of, changed, limit_order, replacement, reports, session_of};
use crate::support::{fixture_of, written, T0};

pub const BTC_USD: InstrumentId = InstrumentId(0);
/// Our order 5 as the venue is told it.
pub const OWN: &str = "rt-abcdef27-5";
/// The venue's id of it.
pub const ORDER_ID: &str = "11111111-0000-4000-8000-000000000001";
pub const TRADE_ID: &str = "cdc39e45-bbd3-44ec-bf02-61742dfb16a1";

/// As the venue lists it.
pub const PRODUCT: &str = r#"{"product_id":"BTC-USD","price":"90000.01","base_increment":
    "0.00000001","quote_increment":"0.01","quote_min_size":"1","base_min_size":"0.00000001",
    "is_disabled":false,"status":"online","cancel_only":false,"limit_only":false,"post_only":false,
    "trading_disabled":false,"auction_mode":false,"view_only":false,"quote_currency_id":"USD",
    "base_currency_id":"BTC","alias":"","alias_to":["BTC-USDC"],"price_increment":"0.01"}"#;

/// Signs with the call itself, so that a test can read what was signed.
#[derive(Debug, Default)]
pub struct PlainSigner {
    count: u32,
    offset_ns: i64,
}

impl Sign for PlainSigner {
    fn token(
        &mut self,
        now: UnixNanos,
        call: Option<&str>,
        lifetime_s: u32,
        out: &mut Vec<u8>,
    ) -> bool {
        self.count += 1;
        let at = now.plus(self.offset_ns).since(T0) / 1_000_000_000;
        let call = call.unwrap_or("-").replace(' ', ":");
        out.extend_from_slice(format!("{}|{at}+{lifetime_s}|{call}", self.count).as_bytes());
        true
    }

    fn correct(&mut self, offset_ns: i64) {
        self.offset_ns = offset_ns;
    }
}

pub fn dialect_of(product: &str) -> Dialect {
    let products = decode_products(format!(r#"{{"products":[{product}]}}"#).as_bytes()).unwrap();
    let one = Instrument::try_new(products[0].spec("coinbase")).unwrap();
    let mut symbols = SymbolTable::try_new([(BTC_USD, one)]).unwrap();
    name_twins(&mut symbols);
    Dialect {
        lineage: Lineage::parse("abcdef27").unwrap(),
        symbols: Arc::new(symbols),
    }
}

pub fn dialect() -> Dialect {
    dialect_of(PRODUCT)
}

pub fn live() -> RestSession {
    let signer = Box::<PlainSigner>::default();
    let encoder = Encoder::try_new("127.0.0.1:9", signer, dialect()).unwrap();
    session_of(encoder)
}

/// An order of ours in an answer, with some members set.
pub fn order(changes: &[(&str, &str)]) -> String {
    let text = format!(
        r#"{{"order_id":"{ORDER_ID}","product_id":"BTC-USD","user_id":"2222","order_configuration":
        {{"limit_limit_gtc":{{"base_size":"0.1","limit_price":"89000.00","post_only":true}}}},
        "side":"BUY","client_order_id":"{OWN}","status":"OPEN","time_in_force":
        "GOOD_UNTIL_CANCELLED","created_time":"2026-11-20T15:00:00Z","filled_size":"0",
        "average_filled_price":"0","number_of_fills":"0","total_fees":"0","edit_history":[],
        "last_fill_time":null}}"#
    );
    changed(text, changes)
}

pub const FILLED: (&str, &str) = ("\"filled_size\":\"0\"", "\"filled_size\":\"0.04\"");

/// An answer that lists orders.
pub fn orders(orders: &str) -> String {
    format!(r#"{{"orders":[{orders}],"sequence":"0","has_next":false,"cursor":""}}"#)
}

/// An answer that is one order.
pub fn one(order: &str) -> String {
    format!(r#"{{"order":{order}}}"#)
}

/// A fill of our order.
pub fn fill(changes: &[(&str, &str)]) -> String {
    let text = format!(
        r#"{{"entry_id":"e-1","trade_id":"{TRADE_ID}","order_id":"{ORDER_ID}","trade_time":
        "2026-11-20T15:00:02Z","trade_type":"FILL","price":"89000","size":"0.04","commission":
        "8.9","product_id":"BTC-USD","sequence_timestamp":"2026-11-20T15:00:02.123456Z",
        "liquidity_indicator":"MAKER","size_in_quote":false,"user_id":"2222","side":"BUY"}}"#
    );
    changed(text, changes)
}

pub fn fills(rows: &str) -> String {
    format!(r#"{{"fills":[{rows}],"cursor":""}}"#)
}

/// How our order stands, as the account's channel says it.
pub fn state(status: &str, executed: &str, left: &str) -> String {
    format!(
        r#"{{"order_id":"{ORDER_ID}","client_order_id":"{OWN}","cumulative_quantity":"{executed}",
        "leaves_quantity":"{left}","avg_price":"0","total_fees":"0","status":"{status}",
        "product_id":"BTC-USD","creation_time":"2026-11-20T15:00:00Z","order_side":"BUY",
        "order_type":"Limit","limit_price":"89000.00"}}"#
    )
}

/// A message of the account's connection.
pub fn message(channel: &str, sequence: u64, event: &str) -> String {
    format!(
        r#"{{"channel":"{channel}","client_id":"","timestamp":"2026-11-20T15:00:02.0Z",
        "sequence_num":{sequence},"events":[{event}]}}"#
    )
}

pub fn user(kind: &str, sequence: u64, rows: &str) -> String {
    let event = format!(r#"{{"type":"{kind}","orders":[{rows}]}}"#);
    message("user", sequence, &event)
}

/// A fixture of the protocol references, or `None` with a word when they are not there.
pub fn fixture(name: &str) -> Option<String> {
    fixture_of("coinbase", name)
}

pub fn new_order() -> NewOrder {
    limit_order(BTC_USD, Qty(10_000_000), Price(8_900_000))
}

pub fn order_id() -> VenueOrderId {
    VenueOrderId(parse_uuid(ORDER_ID.as_bytes()).unwrap())
}

pub fn replace() -> VenueRequest {
    replacement(BTC_USD, order_id(), Qty(10_000_000), Price(8_910_000))
}

pub fn cancel(venue_order_id: VenueOrderId) -> VenueRequest {
    cancel_of(BTC_USD, venue_order_id)
}

/// Method with path, and body, of the one request that is due; its token is checked: it is what was
/// signed, and no other request has it.
pub fn call(session: &mut RestSession) -> (String, String) {
    let all = written(session, T0);
    assert_eq!(all.len(), 1, "{all:?}");
    let (head, body) = all[0].split_once("\r\n\r\n").unwrap();
    let line = head.lines().next().unwrap();
    let line = line.strip_suffix(" HTTP/1.1").unwrap();
    let (method, path) = line.split_once(" /api/v3/brokerage/").unwrap();
    if path == "time" {
        assert!(!head.contains("Authorization"));
    } else {
        let plain = path.split('?').next().unwrap();
        let life = if method == "POST" { 10 } else { 120 };
        let signed = format!("+{life}|{method}:127.0.0.1:9/api/v3/brokerage/{plain}");
        let token = head
            .lines()
            .find(|line| line.starts_with("Authorization: Bearer "));
        assert!(token.unwrap().ends_with(&signed), "{head}");
    }
    (format!("{method} {path}"), body.to_string())
}

pub fn ask(request: VenueRequest) -> RestSession {
    let mut session = live();
    session.handle_request(T0, request);
    session
}

pub fn kinds(session: &mut impl Session) -> Vec<ReportKind> {
    reports(session).iter().map(|report| report.kind).collect()
}
