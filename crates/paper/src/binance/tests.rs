//! The dialect over the engine alone, in virtual time; signatures are made by other code.

mod sockets;

use base64::prelude::{Engine as _, BASE64_STANDARD};
use py_rt_types::{EventKind, InstrumentId, MarketEvent, Price, Qty, UnixNanos, END};
use ring::hmac;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{json, Value};
use tokio::sync::mpsc::{channel, Receiver};

use crate::answer::{Answer, Request};
use crate::binance::LineKind;
use crate::config::{PaperAccount, PaperConfig, PaperInstrument, Recording, StartClock};
use crate::engine::Engine;
use crate::fault::cut::Cut;
use crate::listing::Dialect;
use crate::stream::{Frame, Outlet};

const SECOND: i64 = 1_000_000_000;
pub(crate) const START: UnixNanos = UnixNanos(1_773_064_800 * SECOND);
const SYMBOL: &str = "symbol=BTCUSDT";

pub(crate) fn row(millis: i64, kind: EventKind, side: i8, price: i64, qty: i64) -> MarketEvent {
    MarketEvent {
        ts_event: UnixNanos(millis * 1_000_000),
        ts_recv: UnixNanos(millis * 1_000_000),
        instrument: InstrumentId(0),
        kind: kind as u8,
        side,
        flags: END,
        price: Price(price),
        qty: Qty(qty),
        order_id: 0,
    }
}

/// 100.00 × 5 and 99.00 × 10 against 101.00 × 5 and 102.00 × 10, and what follows.
pub(crate) fn engine(mut later: Vec<MarketEvent>) -> Engine {
    use EventKind::{Clear, Snapshot};
    let mut events = vec![
        row(0, Clear, 0, 0, 0),
        row(0, Snapshot, 1, 10_000, 500_000),
        row(0, Snapshot, 1, 9_900, 1_000_000),
        row(0, Snapshot, -1, 10_100, 500_000),
        row(0, Snapshot, -1, 10_200, 1_000_000),
    ];
    events[..4].iter_mut().for_each(|event| event.flags = 0);
    events.append(&mut later);
    let account = |key: &str, balances: &[(&str, &str)]| PaperAccount {
        dialect: Dialect::Binance,
        key: key.to_owned(),
        secret: format!("secret of {key}"),
        balances: balances
            .iter()
            .map(|(a, b)| ((*a).into(), (*b).into()))
            .collect(),
        ..PaperAccount::default()
    };
    let config = PaperConfig {
        accounts: vec![
            account("B", &[("USDT", "10000"), ("BTC", "5")]),
            account("C", &[("USDT", "10000")]),
            PaperAccount {
                public_key: Some(pair().public_key().as_ref().try_into().unwrap()),
                ..account("E", &[("USDT", "10000")])
            },
        ],
        instruments: vec![PaperInstrument {
            lot_size: "0.00001".to_owned(),
            ..PaperInstrument::crypto("BTC/USD")
        }],
        recordings: vec![Recording {
            events,
            instruments: vec![Some(0)],
        }],
        clock: StartClock::At(START),
        seed: 7,
        alpaca_port: None,
        binance_port: Some(0),
        ..PaperConfig::default()
    };
    Engine::try_new(config, START).unwrap()
}

/// The key pair of the Ed25519 account, from a fixed seed.
fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

fn signature(secret: &str, payload: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, payload.as_bytes());
    tag.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

pub(crate) fn send(
    engine: &mut Engine,
    method: &str,
    path: &str,
    query: &str,
    key: &str,
) -> Answer {
    engine.handle_binance(&Request {
        method: method.to_owned(),
        path: format!("/api/v3/{path}"),
        query: crate::serve::form(query),
        raw_query: query.to_owned(),
        key: Some(key.to_owned()).filter(|key| !key.is_empty()),
        wall: START,
        ..Request::default()
    })
}

pub(crate) fn read(answer: Answer) -> (u16, Value) {
    let body = answer
        .body
        .map(|node| serde_json::from_slice(&node.to_json()).unwrap());
    (answer.status, body.unwrap_or(Value::Null))
}

/// A signed call of account B.
pub(crate) fn call(engine: &mut Engine, method: &str, path: &str, query: &str) -> (u16, Value) {
    let stamp = engine.now.0 / 1_000_000;
    let query = format!("timestamp={stamp}&{query}");
    let signed = signature("secret of B", &query);
    let answer = send(
        engine,
        method,
        path,
        &format!("{query}&signature={signed}"),
        "B",
    );
    read(answer)
}

pub(crate) fn get(engine: &mut Engine, path: &str, query: &str) -> Value {
    let (status, body) = read(send(engine, "GET", path, query, ""));
    assert_eq!(status, 200, "{body}");
    body
}

pub(crate) fn place(engine: &mut Engine, terms: &str) -> (u16, Value) {
    call(engine, "POST", "order", &format!("{SYMBOL}&{terms}"))
}

pub(crate) fn limit(side: &str, qty: &str, price: &str) -> String {
    format!("side={side}&type=LIMIT&timeInForce=GTC&quantity={qty}&price={price}")
}

pub(crate) fn placed(engine: &mut Engine, terms: &str) -> Value {
    let (status, body) = place(engine, terms);
    assert_eq!(status, 200, "{terms}: {body}");
    body
}

pub(crate) fn refused(engine: &mut Engine, terms: &str) -> (u16, i64, String) {
    let (status, body) = place(engine, terms);
    let code = body["code"]
        .as_i64()
        .unwrap_or_else(|| panic!("{terms}: {body}"));
    (status, code, body["msg"].as_str().unwrap().to_owned())
}

pub(crate) fn balances(engine: &mut Engine) -> [String; 4] {
    let (_, body) = call(engine, "GET", "account", "");
    let find = |asset: &str, name: &str| {
        let rows = body["balances"].as_array().unwrap();
        let row = rows.iter().find(|row| row["asset"] == asset).unwrap();
        row[name].as_str().unwrap().to_owned()
    };
    [
        find("BTC", "free"),
        find("BTC", "locked"),
        find("USDT", "free"),
        find("USDT", "locked"),
    ]
}

pub(crate) fn line(engine: &mut Engine, kind: LineKind, names: &[&str]) -> Receiver<Frame> {
    let (outbox, frames) = channel(100);
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    let wire = Outlet {
        frames: outbox,
        cut: Cut::default(),
    };
    engine.open_line(1, kind, names, wire);
    frames
}

pub(crate) fn heard(frames: &mut Receiver<Frame>) -> Vec<Value> {
    let mut messages = Vec::new();
    while let Ok(Frame::Text(text)) = frames.try_recv() {
        messages.push(serde_json::from_str(&text).unwrap());
    }
    messages
}

pub(crate) fn say(engine: &mut Engine, message: &Value) {
    engine.handle_said(1, message.to_string().as_bytes(), START);
}

#[test]
fn a_market_order_takes_the_book_and_pays_in_coins() {
    let mut engine = engine(Vec::new());
    let order = placed(&mut engine, "side=BUY&type=MARKET&quantity=6");
    assert_eq!(order["status"], "FILLED");
    assert_eq!(order["cummulativeQuoteQty"], "607.00000000");
    let fills = order["fills"].as_array().unwrap();
    assert_eq!(fills.len(), 2);
    assert_eq!(fills[0]["price"], "101.00000000");
    assert_eq!(fills[0]["commission"], "0.00500000");
    assert_eq!(fills[0]["commissionAsset"], "BTC");
    assert_eq!(
        balances(&mut engine),
        ["10.99400000", "0.00000000", "9393.00000000", "0.00000000"]
    );
    let sold = placed(&mut engine, "side=SELL&type=MARKET&quantity=1");
    assert_eq!(sold["fills"][0]["commission"], "0.10000000");
    assert_eq!(sold["fills"][0]["commissionAsset"], "USDT");
    let (_, trades) = call(&mut engine, "GET", "myTrades", SYMBOL);
    assert_eq!(trades.as_array().unwrap().len(), 3);
    assert_eq!(trades[2]["quoteQty"], "100.00000000");
}

#[test]
fn a_resting_order_locks_and_its_cancel_frees() {
    let mut engine = engine(Vec::new());
    let order = placed(
        &mut engine,
        &(limit("BUY", "2", "90.5") + "&newClientOrderId=mine"),
    );
    assert_eq!(
        (order["status"].as_str(), &order["fills"]),
        (Some("NEW"), &json!([]))
    );
    assert_eq!(
        balances(&mut engine)[2..],
        ["9819.00000000", "181.00000000"]
    );
    let (_, open) = call(&mut engine, "GET", "openOrders", SYMBOL);
    assert_eq!(open[0]["clientOrderId"], "mine");
    let query = format!("{SYMBOL}&origClientOrderId=mine");
    let (status, gone) = call(&mut engine, "DELETE", "order", &query);
    assert_eq!((status, gone["status"].as_str()), (200, Some("CANCELED")));
    assert_eq!(gone["origClientOrderId"], "mine");
    assert_ne!(gone["clientOrderId"], "mine");
    assert_eq!(balances(&mut engine)[2..], ["10000.00000000", "0.00000000"]);
    let (status, again) = call(&mut engine, "DELETE", "order", &query);
    assert_eq!((status, again["code"].as_i64()), (400, Some(-2011)));
    let (_, shown) = call(&mut engine, "GET", "order", &query);
    assert_eq!(
        (&shown["status"], &shown["isWorking"]),
        (&json!("CANCELED"), &json!(true))
    );
}

#[test]
fn the_rules_refuse_in_the_words_of_the_dialect() {
    let mut engine = engine(Vec::new());
    let filter = "Filter failure: ";
    let cases = [
        ("1", "90.001", -1013, format!("{filter}PRICE_FILTER")),
        ("0.000001", "90", -1013, format!("{filter}LOT_SIZE")),
        ("0.00002", "90", -1013, format!("{filter}NOTIONAL")),
        ("1", "900", -1013, format!("{filter}PERCENT_PRICE_BY_SIDE")),
        ("1", "90.000000001", -1111, "'price' has too much".into()),
        ("1e1", "90", -1100, "in parameter 'quantity'".into()),
        ("1000", "90", -2010, "insufficient balance".into()),
    ];
    for (qty, price, code, words) in cases {
        let found = refused(&mut engine, &limit("BUY", qty, price));
        assert_eq!(
            (found.0, found.1),
            (400, code),
            "{qty} {price}: {}",
            found.2
        );
        assert!(found.2.contains(&words), "{qty} {price}: {}", found.2);
    }
    let cases = [
        ("side=UP&type=MARKET&quantity=1", -1117, "Invalid side."),
        (
            "side=SELL&type=MARKET&quantity=6",
            -2010,
            "insufficient balance",
        ),
        (
            "side=BUY&type=LIMIT&quantity=1&price=90",
            -1102,
            "'timeInForce'",
        ),
        ("side=BUY&type=MARKET&quantity=1&price=90", -1106, "'price'"),
        ("side=BUY&type=MARKET", -1102, "'quantity'"),
        ("side=BUY&type=NOPE&quantity=1", -1116, "Invalid orderType."),
        (
            "side=BUY&type=LIMIT_MAKER&quantity=1&price=101",
            -2010,
            "would immediately match",
        ),
        (
            "side=BUY&type=STOP_LOSS&quantity=1&stopPrice=90",
            -2010,
            "trigger immediately",
        ),
    ];
    for (terms, code, words) in cases {
        let found = refused(&mut engine, terms);
        assert_eq!((found.0, found.1), (400, code), "{terms}: {}", found.2);
        assert!(found.2.contains(words), "{terms}: {}", found.2);
    }
    assert!(engine.orders.is_empty());
}

#[test]
fn what_is_not_there_is_said() {
    let mut engine = engine(Vec::new());
    let (status, body) = read(send(&mut engine, "GET", "depth", "symbol=NOPE", ""));
    assert_eq!((status, body["code"].as_i64()), (400, Some(-1121)));
    let (status, _) = read(send(&mut engine, "POST", "depth", SYMBOL, ""));
    assert_eq!(status, 405);
    let (status, _) = read(send(&mut engine, "POST", "userDataStream", "", "B"));
    assert_eq!(status, 410);
}

#[test]
fn a_client_id_is_free_again_when_its_order_has_ended() {
    let mut engine = engine(Vec::new());
    let terms = limit("BUY", "1", "90") + "&newClientOrderId=one";
    placed(&mut engine, &terms);
    assert_eq!(refused(&mut engine, &terms).2, "Duplicate order sent.");
    call(&mut engine, "DELETE", "openOrders", SYMBOL);
    let second = placed(&mut engine, &terms);
    let (_, shown) = call(
        &mut engine,
        "GET",
        "order",
        &format!("{SYMBOL}&origClientOrderId=one"),
    );
    assert_eq!(shown["orderId"], second["orderId"]);
}

#[test]
fn who_signs_wrongly_or_late_is_refused() {
    let mut engine = engine(Vec::new());
    let stamp = START.0 / 1_000_000;
    let signed = |query: String, secret: &str| {
        let signature = signature(secret, &query);
        format!("{query}&signature={signature}")
    };
    let good = format!("timestamp={stamp}");
    let late = format!("timestamp={}", stamp - 5001);
    let early = format!("timestamp={}", stamp + 1000);
    let cases = [
        (signed(good.clone(), "secret of B"), "B", (200, 0)),
        (signed(good.clone(), "secret of C"), "B", (400, -1022)),
        (format!("{good}&signature="), "B", (400, -1102)),
        (signed(late, "secret of B"), "B", (400, -1021)),
        (signed(early, "secret of B"), "B", (400, -1021)),
        (signed(String::new(), "secret of B"), "B", (400, -1102)),
        (signed(good.clone(), "secret of B"), "", (401, -2014)),
        (signed(good, "secret of B"), "X", (401, -2015)),
    ];
    for (query, key, wanted) in cases {
        let (status, body) = read(send(&mut engine, "GET", "account", &query, key));
        assert_eq!(
            (status, body["code"].as_i64().unwrap_or(0)),
            wanted,
            "{query}"
        );
    }
}

#[test]
fn cancel_replace_has_four_outcomes() {
    let mut engine = engine(Vec::new());
    let replace = |engine: &mut Engine, mode: &str, id: i64, qty: &str| {
        let terms = limit("BUY", qty, "91");
        let query = format!("{SYMBOL}&{terms}&cancelReplaceMode={mode}&cancelOrderId={id}");
        let (status, body) = call(engine, "POST", "order/cancelReplace", &query);
        let halves = if status == 200 { &body } else { &body["data"] };
        let word = |name: &str| {
            halves[name]
                .as_str()
                .unwrap_or_else(|| panic!("{body}"))
                .to_owned()
        };
        (status, word("cancelResult"), word("newOrderResult"))
    };
    let words = |status, a: &str, b: &str| (status, a.to_owned(), b.to_owned());
    let first = placed(&mut engine, &limit("BUY", "1", "90"))["orderId"]
        .as_i64()
        .unwrap();
    let found = replace(&mut engine, "STOP_ON_FAILURE", first, "1");
    assert_eq!(found, words(200, "SUCCESS", "SUCCESS"));
    let found = replace(&mut engine, "STOP_ON_FAILURE", first, "1");
    assert_eq!(found, words(400, "FAILURE", "NOT_ATTEMPTED"));
    let found = replace(&mut engine, "ALLOW_FAILURE", first, "1");
    assert_eq!(found, words(409, "FAILURE", "SUCCESS"));
    let found = replace(&mut engine, "STOP_ON_FAILURE", first + 1, "1000");
    assert_eq!(found, words(409, "SUCCESS", "FAILURE"));
    let (_, open) = call(&mut engine, "GET", "openOrders", "");
    assert_eq!(open.as_array().unwrap().len(), 1);
}

#[test]
fn differences_continue_the_snapshot() {
    use EventKind::{Clear, Depth, Snapshot};
    let mut engine = engine(vec![
        row(150, Depth, 1, 10_000, 0),
        row(160, Depth, -1, 10_100, 7),
        row(450, Clear, 0, 0, 0),
        row(451, Snapshot, 1, 9_900, 3),
        row(451, Snapshot, -1, 10_100, 7),
    ]);
    let snapshot = get(&mut engine, "depth", SYMBOL);
    assert_eq!(snapshot["bids"][0], json!(["100.00000000", "5.00000000"]));
    let mut frames = line(&mut engine, LineKind::Raw, &["btcusdt@depth@100ms"]);
    engine.advance(START.plus(SECOND), 1000);
    let events = heard(&mut frames);
    let mut last = snapshot["lastUpdateId"].as_i64().unwrap();
    for event in &events {
        assert_eq!(event["U"].as_i64(), Some(last + 1), "{events:?}");
        last = event["u"].as_i64().unwrap();
    }
    assert_eq!(events[0]["b"], json!([["100.00000000", "0.00000000"]]));
    assert_eq!(events[0]["a"], json!([["101.00000000", "0.00007000"]]));
    let now = get(&mut engine, "depth", SYMBOL);
    assert_eq!(now["lastUpdateId"], last);
    assert_eq!(now["bids"], json!([["99.00000000", "0.00003000"]]));
}

#[test]
fn streams_are_followed_by_message_and_by_path() {
    let mut engine = engine(vec![row(100, EventKind::Trade, -1, 10_000, 100_000)]);
    let mut frames = line(&mut engine, LineKind::Combined, &["btcusdt@aggTrade"]);
    say(
        &mut engine,
        &json!({"method": "SUBSCRIBE", "params": ["btcusdt@trade"], "id": 1}),
    );
    say(
        &mut engine,
        &json!({"method": "LIST_SUBSCRIPTIONS", "id": "x"}),
    );
    say(&mut engine, &json!({"method": "NOPE", "id": 3}));
    engine.advance(START.plus(SECOND), 1000);
    let all = heard(&mut frames);
    assert_eq!(all[0], json!({"result": null, "id": 1}));
    assert_eq!(
        all[1],
        json!({"result": ["btcusdt@aggTrade", "btcusdt@trade"], "id": "x"})
    );
    assert_eq!(all[2]["error"]["code"], 2);
    assert_eq!(all[3]["stream"], "btcusdt@trade");
    assert_eq!(all[3]["data"]["p"], "100.00000000");
    assert_eq!(
        (&all[3]["data"]["m"], &all[3]["data"]["q"]),
        (&json!(true), &json!("1.00000000"))
    );
    assert_eq!(all[4]["data"]["e"], "aggTrade");
}
