//! Messages of the Binance dialect, and a request session that is asked and answered.
#![allow(dead_code, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::sync::Arc;

use py_rt_types::{Instrument, InstrumentId, NewOrder, Price, Qty, VenueOrderId};
use py_rt_venues::binance::ids::order_id;
use py_rt_venues::binance::lists::decode_exchange_info;
use py_rt_venues::binance::sign::Signer;
use py_rt_venues::binance::{Encoder, RestSession};
use py_rt_venues::{Credentials, Dialect, Lineage, SymbolTable, VenueRequest};

use crate::support::requests::{cancel_of, limit_order, replacement, session_of};
use crate::support::{fixture_of, object, set, written, T0};

pub const BTCUSDT: InstrumentId = InstrumentId(0);

/// As the venue lists it.
pub const EXCHANGE_INFO: &str = r#"{"timezone":"UTC","serverTime":1795186800000,"symbols":[{
    "symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","filters":[
    {"filterType":"PRICE_FILTER","minPrice":"0.01000000","maxPrice":"1000000.00000000",
     "tickSize":"0.01000000"},
    {"filterType":"LOT_SIZE","minQty":"0.00001000","maxQty":"9000.00000000",
     "stepSize":"0.00001000"},
    {"filterType":"MARKET_LOT_SIZE","minQty":"0.00000000","maxQty":"120.00000000",
     "stepSize":"0.00000000"},
    {"filterType":"NOTIONAL","minNotional":"5.00000000","applyMinToMarket":true}]}]}"#;

/// A page of trades: one, of the order that [`report`] is about.
pub const TRADES: &str = r#"[{"symbol":"BTCUSDT","id":58,"orderId":29,"orderListId":-1,
    "price":"89000.00000000","qty":"0.04000000","quoteQty":"3560.00000000",
    "commission":"0.00004000","commissionAsset":"BTC","time":1795186801000,"isBuyer":true,
    "isMaker":true,"isBestMatch":true}]"#;

pub fn dialect() -> Dialect {
    let pair = decode_exchange_info(EXCHANGE_INFO.as_bytes()).unwrap();
    let one = Instrument::try_new(pair[0].spec("binance")).unwrap();
    Dialect {
        lineage: Lineage::parse("abcdef27").unwrap(),
        symbols: Arc::new(SymbolTable::try_new([(BTCUSDT, one)]).unwrap()),
    }
}

pub fn live() -> RestSession {
    let credentials = Credentials {
        key_id: "KEY".into(),
        secret_key: "SECRET".into(),
    };
    let encoder = Encoder::try_new("127.0.0.1:9", &credentials, dialect()).unwrap();
    session_of(encoder)
}

/// An order as the venue writes it in answers, with some members set.
pub fn order(changes: &[(&'static str, &str)]) -> String {
    let text = |value: &str| format!("\"{value}\"");
    let mut members = vec![
        ("symbol", text("BTCUSDT")),
        ("orderId", "29".to_string()),
        ("orderListId", "-1".to_string()),
        ("clientOrderId", text("rt-abcdef27-5")),
        ("transactTime", "1795186800000".to_string()),
        ("price", text("89000.00000000")),
        ("origQty", text("0.10000000")),
        ("executedQty", text("0.00000000")),
        ("cummulativeQuoteQty", text("0.00000000")),
        ("status", text("NEW")),
        ("timeInForce", text("GTC")),
        ("type", text("LIMIT")),
        ("side", text("BUY")),
        ("fills", "[]".to_string()),
    ];
    set(&mut members, changes);
    object(&members)
}

/// An execution report as the stream sends it, with some members set.
pub fn report(execution: &str, changes: &[(&'static str, &str)]) -> String {
    let text = |value: &str| format!("\"{value}\"");
    let mut members = vec![
        ("e", text("executionReport")),
        ("E", "1795186801000".to_string()),
        ("s", text("BTCUSDT")),
        ("c", text("rt-abcdef27-5")),
        ("S", text("BUY")),
        ("o", text("LIMIT")),
        ("f", text("GTC")),
        ("q", text("0.10000000")),
        ("p", text("89000.00000000")),
        ("C", text("")),
        ("x", text(execution)),
        ("X", text("NEW")),
        ("r", text("NONE")),
        ("i", "29".to_string()),
        ("l", text("0.00000000")),
        ("z", text("0.00000000")),
        ("L", text("0.00000000")),
        ("n", text("0")),
        ("N", "null".to_string()),
        ("T", "1795186801000".to_string()),
        ("t", "-1".to_string()),
        ("m", "false".to_string()),
    ];
    set(&mut members, changes);
    format!(r#"{{"subscriptionId":0,"event":{}}}"#, object(&members))
}

/// A fixture of the protocol references, or `None` with a word when they are not there.
pub fn fixture(name: &str) -> Option<String> {
    fixture_of("binance", name)
}

pub fn new_order() -> NewOrder {
    limit_order(BTCUSDT, Qty(10_000), Price(8_900_000))
}

pub fn replace() -> VenueRequest {
    replacement(
        BTCUSDT,
        order_id(b"BTCUSDT", 29),
        Qty(20_000),
        Price(8_910_000),
    )
}

pub fn cancel(venue_order_id: VenueOrderId) -> VenueRequest {
    cancel_of(BTCUSDT, venue_order_id)
}

/// The request line without its stamp and signature, which are checked.
pub fn line(session: &mut RestSession) -> String {
    let all = written(session, T0);
    assert_eq!(all.len(), 1, "{all:?}");
    let line = all[0].split(" HTTP/1.1\r\n").next().unwrap().to_string();
    let Some((signed, signature)) = line.split_once("&signature=") else {
        return line;
    };
    let query = signed.split_once('?').unwrap().1;
    let mut expected = Vec::new();
    Signer::new("SECRET").sign(query.as_bytes(), &mut expected);
    assert_eq!(signature.as_bytes(), expected);
    let unstamped = signed.strip_suffix("000&timestamp=1795186800000").unwrap();
    let plain = ["recvWindow=5", "recvWindow=2"];
    let plain = plain
        .iter()
        .find_map(|window| unstamped.strip_suffix(window));
    plain.unwrap().trim_end_matches(['&', '?']).to_string()
}

pub fn ask(request: VenueRequest) -> RestSession {
    let mut session = live();
    session.handle_request(T0, request);
    session
}
