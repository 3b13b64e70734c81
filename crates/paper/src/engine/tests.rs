//! The engine alone, in virtual time: requests in, answers and stream frames out.

mod whole;

use py_rt_sim::{Fees, VenueConfig};
use py_rt_types::{EventKind, InstrumentId, MarketEvent, Price, Qty, UnixNanos, END};
use serde_json::{json, Value};
use tokio::sync::mpsc::{channel, Receiver};

use super::Engine;
use crate::answer::Request;
use crate::config::{PaperAccount, PaperConfig, PaperInstrument, Recording, StartClock, Synthetic};
use crate::fault::cut::Cut;
use crate::listing::Class;
use crate::stream::{Encoding, Frame, Outlet, Stream};

const SECOND: i64 = 1_000_000_000;
/// 2026-03-09T14:00:00Z, 10:00 in New York.
pub(crate) const START: UnixNanos = UnixNanos(1_773_064_800 * SECOND);

pub(crate) fn row(second: i64, kind: EventKind, side: i8, price: i64, qty: i64) -> MarketEvent {
    MarketEvent {
        ts_event: UnixNanos(second * SECOND),
        ts_recv: UnixNanos(second * SECOND),
        instrument: InstrumentId(0),
        kind: kind as u8,
        side,
        flags: END,
        price: Price(price),
        qty: Qty(qty),
        order_id: 0,
    }
}

/// A book of 100.00 × 5 and 99.00 × 10 against 101.00 × 5 and 102.00 × 10, and what follows.
pub(crate) fn recording(mut later: Vec<MarketEvent>) -> Recording {
    use EventKind::{Clear, Snapshot};
    let mut events = vec![
        row(0, Clear, 0, 0, 0),
        row(0, Snapshot, 1, 10_000, 5_000),
        row(0, Snapshot, 1, 9_900, 10_000),
        row(0, Snapshot, -1, 10_100, 5_000),
        row(0, Snapshot, -1, 10_200, 10_000),
    ];
    events[..4].iter_mut().for_each(|event| event.flags = 0);
    events.append(&mut later);
    Recording {
        events,
        instruments: vec![Some(0)],
    }
}

fn listed(crypto: bool) -> PaperInstrument {
    let base = if crypto {
        PaperInstrument::crypto("BTC/USD")
    } else {
        PaperInstrument::equity("AAPL")
    };
    PaperInstrument {
        lot_size: "0.001".to_owned(),
        ..base
    }
}

pub(crate) fn config(crypto: bool, later: Vec<MarketEvent>) -> PaperConfig {
    PaperConfig {
        accounts: vec![PaperAccount {
            key: "K".to_owned(),
            secret: "S".to_owned(),
            cash: "10000".to_owned(),
            ..PaperAccount::default()
        }],
        instruments: vec![listed(crypto)],
        recordings: vec![recording(later)],
        clock: StartClock::At(START),
        seed: 7,
        ..PaperConfig::default()
    }
}

pub(crate) fn engine(crypto: bool, later: Vec<MarketEvent>) -> Engine {
    Engine::try_new(config(crypto, later), START).unwrap()
}

pub(crate) fn call(engine: &mut Engine, method: &str, path: &str, body: Value) -> (u16, Value) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    };
    let request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query
            .split('&')
            .filter(|p| !p.is_empty())
            .map(pair)
            .collect(),
        key: Some("K".to_owned()),
        secret: Some("S".to_owned()),
        raw_query: query.to_owned(),
        wall: START,
        came_again: false,
        body: if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        },
    };
    let answer = if path.starts_with("/admin") {
        engine.handle_admin(&request)
    } else {
        engine.handle_request(&request)
    };
    let body = answer
        .body
        .map(|node| serde_json::from_slice(&node.to_json()).unwrap());
    (answer.status, body.unwrap_or(Value::Null))
}

pub(crate) fn ask(engine: &mut Engine, path: &str) -> Value {
    let (status, body) = call(engine, "GET", path, Value::Null);
    assert_eq!(status, 200, "{path}: {body}");
    body
}

pub(crate) fn order(side: &str, qty: &str, price: Option<&str>, tif: &str) -> Value {
    let kind = if price.is_some() { "limit" } else { "market" };
    json!({"symbol": "BTCUSD", "side": side, "qty": qty, "type": kind, "time_in_force": tif,
           "limit_price": price})
}

pub(crate) fn place(engine: &mut Engine, order: Value) -> String {
    let (status, body) = call(engine, "POST", "/v2/orders", order);
    assert_eq!(status, 200, "{body}");
    body["id"].as_str().unwrap().to_owned()
}

pub(crate) fn shown(engine: &mut Engine, id: &str) -> Value {
    ask(engine, &format!("/v2/orders/{id}"))
}

pub(crate) fn pass(engine: &mut Engine, seconds: i64) {
    assert!(!engine.advance(START.plus(seconds * SECOND), usize::MAX));
}

pub(crate) fn listen(engine: &mut Engine, stream: Stream, encoding: Encoding) -> Receiver<Frame> {
    let (outbox, frames) = channel(1000);
    let wire = Outlet {
        frames: outbox,
        cut: Cut::default(),
    };
    engine.open_stream(1, stream, encoding, wire);
    frames
}

pub(crate) fn say(engine: &mut Engine, message: &Value) {
    engine.handle_stream(1, message.to_string().as_bytes());
}

pub(crate) fn heard(frames: &mut Receiver<Frame>) -> Vec<Value> {
    let mut seen = Vec::new();
    while let Ok(frame) = frames.try_recv() {
        seen.push(match frame {
            Frame::Text(text) => serde_json::from_str(&text).unwrap(),
            Frame::Binary(bytes) => serde_json::from_slice(&bytes).unwrap(),
            other => panic!("{other:?}"),
        });
    }
    seen
}

#[test]
fn a_market_order_takes_level_by_level_and_pays() {
    let mut engine = engine(true, vec![]);
    let id = place(&mut engine, order("buy", "7", None, "gtc"));
    let order = shown(&mut engine, &id);
    assert_eq!(order["status"], "filled");
    assert_eq!(order["filled_avg_price"], "101.28571428571");
    let ledger = ask(&mut engine, "/admin/ledger");
    assert_eq!(ledger["executions"].as_array().unwrap().len(), 2);
    assert_eq!(ledger["positions"], json!({"BTC/USD": "7"}));
    assert_eq!(ledger["cash"], "9291");
    let position = ask(&mut engine, "/v2/positions/BTCUSD");
    assert_eq!(
        (&position["cost_basis"], &position["qty"]),
        (&json!("709"), &json!("7"))
    );
}

#[test]
fn a_resting_order_fills_behind_the_queue_by_trades() {
    use EventKind::Trade;
    let later = vec![
        row(1, Trade, -1, 10_000, 5_000),
        row(2, Trade, -1, 10_000, 1_500),
        row(3, Trade, -1, 10_000, 9_000),
    ];
    let mut engine = engine(true, later);
    let mut frames = listen(&mut engine, Stream::Trading, Encoding::Json);
    let login = json!({"action": "authenticate", "data": {"key_id": "K", "secret_key": "S"}});
    say(&mut engine, &login);
    say(
        &mut engine,
        &json!({"action": "listen", "data": {"streams": ["trade_updates"]}}),
    );
    let id = place(&mut engine, order("buy", "2.0", Some("100"), "gtc"));
    pass(&mut engine, 1);
    assert_eq!(
        shown(&mut engine, &id)["filled_qty"],
        "0",
        "the queue in front was traded"
    );
    pass(&mut engine, 2);
    let order = shown(&mut engine, &id);
    assert_eq!(
        (&order["status"], &order["filled_qty"]),
        (&json!("partially_filled"), &json!("1.5"))
    );
    pass(&mut engine, 3);
    let seen = heard(&mut frames);
    assert_eq!(seen[0]["data"]["status"], "authorized");
    assert_eq!(seen[1]["stream"], "listening");
    let updates: Vec<_> = seen[2..].iter().map(|update| &update["data"]).collect();
    let events: Vec<_> = updates
        .iter()
        .map(|data| data["event"].as_str().unwrap())
        .collect();
    assert_eq!(events, ["new", "partial_fill", "fill"]);
    assert_eq!(updates[2]["qty"], "0.5");
    assert_eq!(updates[2]["position_qty"], "2");
    assert_eq!(updates[2]["liquidity"], "maker");
    assert_eq!(updates[2]["timestamp"], "2026-03-09T14:00:03Z");
    let activities = ask(&mut engine, "/v2/account/activities/FILL?direction=asc");
    for (update, activity) in updates[1..].iter().zip(activities.as_array().unwrap()) {
        let id = activity["id"].as_str().unwrap().split("::").nth(1).unwrap();
        assert_eq!(update["execution_id"], id);
    }
    assert_eq!(
        activities[0]["id"].as_str().unwrap().split("::").next(),
        Some("20260309100002000")
    );
}

#[test]
fn a_partly_filled_order_is_replaced_and_carries_its_fills() {
    let later = vec![
        row(1, EventKind::Trade, -1, 10_000, 6_000),
        row(3, EventKind::Depth, -1, 9_950, 50_000),
    ];
    let mut engine = engine(true, later);
    let old = place(&mut engine, order("buy", "2", Some("100"), "gtc"));
    pass(&mut engine, 2);
    let change = json!({"qty": 5, "limit_price": 99.5, "client_order_id": "second"});
    let (status, new) = call(&mut engine, "PATCH", &format!("/v2/orders/{old}"), change);
    assert_eq!((status, &new["replaces"]), (200, &json!(old)));
    let before = shown(&mut engine, &old);
    assert_eq!(
        (&before["status"], &before["replaced_by"]),
        (&json!("replaced"), &new["id"])
    );
    let after = ask(
        &mut engine,
        "/v2/orders:by_client_order_id?client_order_id=second",
    );
    assert_eq!(
        (&after["status"], &after["filled_qty"]),
        (&json!("partially_filled"), &json!("1"))
    );
    pass(&mut engine, 3);
    let after = shown(&mut engine, new["id"].as_str().unwrap());
    assert_eq!(
        (&after["status"], &after["filled_qty"]),
        (&json!("filled"), &json!("5"))
    );
    assert_eq!(
        ask(&mut engine, "/admin/ledger")["positions"]["BTC/USD"],
        "5"
    );
    let again = call(
        &mut engine,
        "PATCH",
        &format!("/v2/orders/{old}"),
        json!({"qty": 9}),
    );
    assert_eq!((again.0, &again.1["code"]), (422, &json!(42_210_000)));
}

#[test]
fn coins_are_neither_sold_short_nor_bought_with_money_that_is_reserved() {
    let mut engine = engine(true, vec![]);
    let (status, body) = call(
        &mut engine,
        "POST",
        "/v2/orders",
        order("sell", "1", None, "gtc"),
    );
    assert_eq!((status, &body["code"]), (403, &json!(40_310_000)));
    place(&mut engine, order("buy", "90", Some("100"), "gtc"));
    let (status, body) = call(
        &mut engine,
        "POST",
        "/v2/orders",
        order("buy", "11", Some("99"), "gtc"),
    );
    assert_eq!(status, 403);
    let text = "insufficient balance for USD (requested: 1089, available: 1000)";
    assert_eq!(body["message"], text);
    place(&mut engine, order("buy", "10", Some("99"), "gtc"));
    let (status, body) = call(
        &mut engine,
        "POST",
        "/v2/orders",
        order("sell", "5", Some("100"), "gtc"),
    );
    assert_eq!((status, &body["symbol"]), (403, &json!("BTC")));
}

#[test]
fn own_orders_never_meet() {
    let mut engine = engine(true, vec![]);
    place(&mut engine, order("buy", "2", None, "gtc"));
    place(&mut engine, order("sell", "1", Some("100.5"), "gtc"));
    let crossing = order("buy", "1", Some("100.5"), "gtc");
    let (status, body) = call(&mut engine, "POST", "/v2/orders", crossing);
    assert_eq!((status, &body["code"]), (422, &json!(42_210_000)));
    place(&mut engine, order("buy", "1", Some("100.4"), "gtc"));
}

#[test]
fn day_orders_end_with_the_session_and_stops_wait_for_a_trade() {
    let later = vec![
        row(5, EventKind::Trade, -1, 9_950, 1),
        row(6, EventKind::Trade, -1, 9_900, 1),
    ];
    let mut engine = engine(false, later);
    let stock = |kind: &str, side: &str, extra: Value| {
        let mut order = json!({"symbol": "AAPL", "side": side, "qty": 2, "type": kind,
                               "time_in_force": "day"});
        order
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        order
    };
    place(&mut engine, stock("market", "buy", json!({})));
    let resting = place(
        &mut engine,
        stock("limit", "buy", json!({"limit_price": 50})),
    );
    let stop = place(
        &mut engine,
        stock("stop", "sell", json!({"stop_price": "99"})),
    );
    assert_eq!(
        shown(&mut engine, &resting)["expires_at"],
        "2026-03-09T20:00:00Z"
    );
    pass(&mut engine, 5);
    assert_eq!(shown(&mut engine, &stop)["status"], "new");
    pass(&mut engine, 6);
    assert_eq!(shown(&mut engine, &stop)["status"], "filled");
    pass(&mut engine, 6 * 3600 - 1);
    assert_eq!(shown(&mut engine, &resting)["status"], "new");
    pass(&mut engine, 6 * 3600);
    let order = shown(&mut engine, &resting);
    assert_eq!(order["status"], "expired");
    assert_eq!(order["expired_at"], "2026-03-09T20:00:00Z");
    let clock = ask(&mut engine, "/v2/clock");
    assert_eq!(
        (&clock["is_open"], &clock["next_open"]),
        (&json!(false), &json!("2026-03-10T09:30:00-04:00"))
    );
}

#[test]
fn a_trailing_stop_follows_the_best_price() {
    let later = vec![
        row(1, EventKind::Trade, 1, 10_000, 1),
        row(2, EventKind::Trade, 1, 11_000, 1),
        row(3, EventKind::Trade, 1, 10_500, 1),
        row(4, EventKind::Trade, -1, 10_000, 1),
    ];
    let mut engine = engine(false, later);
    let stock = json!({"symbol": "AAPL", "side": "buy", "qty": 1, "type": "market",
                       "time_in_force": "day"});
    place(&mut engine, stock);
    pass(&mut engine, 1);
    let trail = json!({"symbol": "AAPL", "side": "sell", "qty": 1, "type": "trailing_stop",
                       "time_in_force": "gtc", "trail_price": "10"});
    let id = place(&mut engine, trail);
    assert_eq!(shown(&mut engine, &id)["stop_price"], "90");
    pass(&mut engine, 3);
    let order = shown(&mut engine, &id);
    assert_eq!(
        (&order["hwm"], &order["stop_price"]),
        (&json!("110"), &json!("100"))
    );
    assert_eq!(order["status"], "new");
    pass(&mut engine, 4);
    assert_eq!(shown(&mut engine, &id)["status"], "filled");
}

#[test]
fn fees_are_charged_when_they_are_configured() {
    let mut raw = config(true, vec![]);
    raw.venue = VenueConfig {
        fees: Fees {
            taker_e9: 1_000_000,
            ..Fees::default()
        },
        ..VenueConfig::default()
    };
    let mut engine = Engine::try_new(raw, START).unwrap();
    place(&mut engine, order("buy", "1", None, "gtc"));
    let ledger = ask(&mut engine, "/admin/ledger");
    assert_eq!(ledger["executions"][0]["fee"], "0.101");
    assert_eq!(ledger["cash"], "9898.899");
}
