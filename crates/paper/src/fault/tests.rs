//! Faults over the engine alone: what strikes, when, and what the ledger says afterwards.

mod shares;

use serde_json::{json, Value};
use tokio::sync::mpsc::Receiver;

use super::cut::{Breach, Cut};
use super::{Ending, Served};
use crate::answer::Request;
use crate::binance::tests as binance;
use crate::binance::LineKind;
use crate::config::{PaperInstrument, Synthetic};
use crate::engine::tests::{
    ask, call, config, engine, heard, listen, order, pass, place, row, say, shown, START,
};
use crate::engine::Engine;
use crate::listing::Dialect;
use crate::stream::{Encoding, Frame, Outlet, Stream};

fn post(engine: &mut Engine, rule: Value) -> (u16, Value) {
    call(engine, "POST", "/admin/faults", rule)
}

fn posted(engine: &mut Engine, rule: Value) -> Value {
    let (status, body) = post(engine, rule);
    assert_eq!(status, 200, "{body}");
    body
}

fn fired(engine: &mut Engine, fault: &str) -> i64 {
    ask(engine, "/admin/faults")["counters"][fault]
        .as_i64()
        .unwrap()
}

fn serve(engine: &mut Engine, method: &str, path: &str, body: &Value) -> Served {
    let request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        key: Some("K".to_owned()),
        secret: Some("S".to_owned()),
        body: match body {
            Value::Null => Vec::new(),
            body => body.to_string().into_bytes(),
        },
        wall: START,
        ..Request::default()
    };
    engine.serve(Dialect::Alpaca, &request)
}

fn buy(engine: &mut Engine) -> Served {
    serve(
        engine,
        "POST",
        "/v2/orders",
        &order("buy", "1", Some("90"), "gtc"),
    )
}

fn count_orders(engine: &mut Engine) -> usize {
    ask(engine, "/admin/ledger")["orders"]
        .as_array()
        .unwrap()
        .len()
}

fn trading(engine: &mut Engine) -> (Receiver<Frame>, Cut) {
    let (frames, received) = tokio::sync::mpsc::channel(100);
    let cut = Cut::default();
    let wire = Outlet {
        frames,
        cut: cut.clone(),
    };
    engine.open_stream(1, Stream::Trading, Encoding::Json, wire);
    say(
        engine,
        &json!({"action": "auth", "key": "K", "secret": "S"}),
    );
    say(
        engine,
        &json!({"action": "listen", "data": {"streams": ["trade_updates"]}}),
    );
    (received, cut)
}

fn events(frames: &mut Receiver<Frame>) -> Vec<String> {
    let messages = heard(frames);
    let named = messages
        .iter()
        .filter_map(|message| message["data"]["event"].as_str());
    named.map(str::to_owned).collect()
}

#[test]
fn an_answer_is_replaced_before_or_after_the_request_was_applied() {
    let mut engine = engine(true, vec![]);
    posted(
        &mut engine,
        json!({"fault": "F1", "when": "after", "status": 504, "path": "/v2/orders"}),
    );
    assert_eq!(buy(&mut engine).status, 504);
    assert_eq!(count_orders(&mut engine), 1);
    assert_eq!(buy(&mut engine).status, 200);
    posted(
        &mut engine,
        json!({"fault": "F1", "when": "before", "status": 500, "body": "html", "method": "post"}),
    );
    let page = buy(&mut engine);
    assert_eq!((page.status, page.content_type), (500, "text/html"));
    assert_eq!(count_orders(&mut engine), 2);
    assert_eq!(fired(&mut engine, "F1"), 2);
}

#[test]
fn latency_and_breaks_leave_the_order_or_not() {
    let mut engine = engine(true, vec![]);
    posted(
        &mut engine,
        json!({"fault": "F2", "when": "before", "delay_ms": 70}),
    );
    assert_eq!(buy(&mut engine).ending, Ending::Again(70));
    assert_eq!(count_orders(&mut engine), 0);
    posted(&mut engine, json!({"fault": "F2", "delay_ms": [10, 20]}));
    let late = buy(&mut engine);
    assert!(matches!(late.ending, Ending::Answer(10..=20)), "{late:?}");
    for (kind, when, ending, orders) in [
        ("reset", "before", Ending::Broken(Breach::Reset), 1),
        ("reset", "after", Ending::Broken(Breach::Reset), 2),
        ("hang", "after", Ending::Hang, 3),
        ("half_body", "after", Ending::Broken(Breach::HalfBody), 4),
    ] {
        posted(
            &mut engine,
            json!({"fault": "F3", "kind": kind, "when": when}),
        );
        assert_eq!(buy(&mut engine).ending, ending, "{kind} {when}");
        assert_eq!(count_orders(&mut engine), orders);
    }
}

#[test]
fn rules_count_skip_and_repeat_with_their_seed() {
    let strikes = |seed: u64| {
        let mut engine = engine(true, vec![]);
        posted(
            &mut engine,
            json!({"fault": "F1", "count": 0, "probability": 0.5, "seed": seed}),
        );
        (0..40).map(|_| buy(&mut engine).status).collect::<Vec<_>>()
    };
    assert_eq!(strikes(3), strikes(3));
    assert_ne!(strikes(3), strikes(4));
    let mut engine = engine(true, vec![]);
    posted(&mut engine, json!({"fault": "F1", "skip": 2, "count": 2}));
    let statuses: Vec<u16> = (0..6).map(|_| buy(&mut engine).status).collect();
    assert_eq!(statuses, [200, 200, 504, 504, 200, 200]);
    let rule = &ask(&mut engine, "/admin/faults")["faults"][0];
    assert_eq!((&rule["fired"], &rule["left"]), (&json!(2), &json!(0)));
    let (status, _) = call(&mut engine, "DELETE", "/admin/faults/1", Value::Null);
    assert_eq!(status, 200);
    assert_eq!(fired(&mut engine, "F1"), 2, "counters stay");
}

#[test]
fn what_is_wrong_with_a_rule_is_named() {
    let mut engine = engine(true, vec![]);
    for (rule, words) in [
        (json!([]), "JSON object"),
        (json!({"fault": "F13"}), "use F1 to F12"),
        (
            json!({"fault": "F1", "stauts": 500}),
            "did you mean status?",
        ),
        (json!({"fault": "F3"}), "use one of reset, hang, half_body"),
        (
            json!({"fault": "F5", "kind": "wrong_checksum"}),
            "kind is not known",
        ),
        (json!({"fault": "F1", "probability": 2}), "probability"),
        (
            json!({"fault": "F7", "kind": "halt", "symbol": "NOPE"}),
            "symbol is not listed",
        ),
        (
            json!({"fault": "F8", "kind": "jump", "to": "2020-01-01"}),
            "never goes back",
        ),
        (json!({"fault": "F10", "kind": "null"}), "member is missing"),
        (
            json!({"fault": "F12", "kind": "split", "symbol": "BTCUSD"}),
            "is no share",
        ),
    ] {
        let (status, body) = post(&mut engine, rule.clone());
        assert_eq!(status, 422, "{rule}");
        assert!(
            body["message"].as_str().unwrap().contains(words),
            "{rule}: {body}"
        );
    }
}

#[test]
fn stream_messages_are_dropped_doubled_and_put_aside() {
    let mut engine = engine(true, vec![]);
    let (mut frames, cut) = trading(&mut engine);
    heard(&mut frames);
    for (kind, seen) in [("drop", 0), ("duplicate", 2)] {
        posted(
            &mut engine,
            json!({"fault": "F4", "kind": kind, "channel": "trading"}),
        );
        buy(&mut engine);
        assert_eq!(events(&mut frames).len(), seen, "{kind}");
    }
    posted(
        &mut engine,
        json!({"fault": "F4", "kind": "delay", "delay_ms": 5}),
    );
    posted(&mut engine, json!({"fault": "F4", "kind": "reorder"}));
    buy(&mut engine);
    assert!(matches!(frames.try_recv(), Ok(Frame::Late(5, _))));
    buy(&mut engine);
    assert!(matches!(frames.try_recv(), Ok(Frame::Loose(..))));
    posted(
        &mut engine,
        json!({"fault": "F10", "kind": "null", "member": "qty",
                               "channel": "trading"}),
    );
    buy(&mut engine);
    assert_eq!(heard(&mut frames)[0]["data"]["order"]["qty"], Value::Null);
    let broken = posted(
        &mut engine,
        json!({"fault": "F4", "kind": "mute", "channel": "market"}),
    );
    assert_eq!(
        (broken["fired"].as_i64(), cut.breach()),
        (Some(0), Breach::None)
    );
    posted(
        &mut engine,
        json!({"fault": "F4", "kind": "cut", "skip": 1}),
    );
    buy(&mut engine);
    assert_eq!(cut.breach(), Breach::None, "not at this message");
    buy(&mut engine);
    assert_eq!(cut.breach(), Breach::Reset);
    let broken = posted(&mut engine, json!({"fault": "F4", "kind": "mute"}));
    assert_eq!(
        (broken["fired"].as_i64(), cut.breach()),
        (Some(1), Breach::Mute)
    );
}

#[test]
fn orders_end_otherwise_than_they_should() {
    let trade = row(5, py_rt_types::EventKind::Trade, -1, 8_900, 400);
    let mut engine = engine(true, vec![trade]);
    let (mut frames, _) = trading(&mut engine);
    posted(
        &mut engine,
        json!({"fault": "F6", "kind": "split_fill", "parts": 4}),
    );
    place(&mut engine, order("buy", "2", None, "gtc"));
    let ledger = ask(&mut engine, "/admin/ledger");
    assert_eq!(ledger["executions"].as_array().unwrap().len(), 4);
    assert_eq!(ledger["positions"]["BTC/USD"], "2");
    events(&mut frames);
    posted(
        &mut engine,
        json!({"fault": "F6", "kind": "reject_after_accept"}),
    );
    let id = place(&mut engine, order("buy", "1", Some("90"), "gtc"));
    assert_eq!(shown(&mut engine, &id)["status"], "rejected");
    assert_eq!(events(&mut frames), ["new", "rejected"]);
    posted(
        &mut engine,
        json!({"fault": "F6", "kind": "fill_on_cancel", "when": "after"}),
    );
    let id = place(&mut engine, order("buy", "1", Some("90"), "gtc"));
    call(
        &mut engine,
        "DELETE",
        &format!("/v2/orders/{id}"),
        Value::Null,
    );
    assert_eq!(shown(&mut engine, &id)["status"], "filled");
    assert_eq!(events(&mut frames), ["new", "canceled", "fill"]);
    posted(
        &mut engine,
        json!({"fault": "F6", "kind": "fill_on_cancel", "when": "before"}),
    );
    let id = place(&mut engine, order("buy", "1", Some("90"), "gtc"));
    call(
        &mut engine,
        "DELETE",
        &format!("/v2/orders/{id}"),
        Value::Null,
    );
    let order_now = shown(&mut engine, &id);
    assert_eq!(
        (&order_now["status"], &order_now["filled_qty"]),
        (&json!("canceled"), &json!("0.5"))
    );
    let id = place(&mut engine, order("buy", "1", Some("90"), "gtc"));
    let done = posted(
        &mut engine,
        json!({"fault": "F6", "kind": "unsolicited_cancel"}),
    );
    assert_eq!(done["fired"], 1);
    assert_eq!(shown(&mut engine, &id)["status"], "canceled");
    let before = ask(&mut engine, "/admin/ledger");
    assert_eq!(
        posted(&mut engine, json!({"fault": "F6", "kind": "bust"}))["fired"],
        1
    );
    let after = ask(&mut engine, "/admin/ledger");
    assert_eq!(before["positions"]["BTC/USD"], "3.5");
    assert_eq!(after["positions"]["BTC/USD"], "3");
    pass(&mut engine, 10);
    assert_eq!(ask(&mut engine, "/admin/ledger"), {
        let mut same = after.clone();
        same["virtual_time"] = ask(&mut engine, "/admin/ledger")["virtual_time"].clone();
        same
    });
}

#[test]
fn a_cancel_stays_pending_until_it_is_asked_for_again() {
    let mut engine = engine(true, vec![]);
    posted(&mut engine, json!({"fault": "F6", "kind": "hold_cancel"}));
    let id = place(&mut engine, order("buy", "1", Some("90"), "gtc"));
    for state in ["pending_cancel", "canceled"] {
        call(
            &mut engine,
            "DELETE",
            &format!("/v2/orders/{id}"),
            Value::Null,
        );
        assert_eq!(shown(&mut engine, &id)["status"], state);
    }
}

#[test]
fn a_halt_parks_orders_and_a_resume_sends_them() {
    let mut engine = engine(true, vec![]);
    let id = place(&mut engine, order("buy", "1", Some("90"), "gtc"));
    posted(
        &mut engine,
        json!({"fault": "F7", "kind": "halt", "symbol": "BTC/USD"}),
    );
    let taking = place(&mut engine, order("buy", "1", Some("101"), "gtc"));
    assert_eq!(shown(&mut engine, &taking)["status"], "accepted");
    call(
        &mut engine,
        "DELETE",
        &format!("/v2/orders/{id}"),
        Value::Null,
    );
    assert_eq!(shown(&mut engine, &id)["status"], "canceled");
    posted(&mut engine, json!({"fault": "F7", "kind": "resume"}));
    assert_eq!(shown(&mut engine, &taking)["status"], "filled");
}

#[test]
fn books_are_distorted_and_come_back() {
    let mut engine = engine(true, vec![]);
    let book = |engine: &mut Engine| {
        let path = "/v1beta3/crypto/us/latest/orderbooks?symbols=BTC/USD";
        ask(engine, path)["orderbooks"]["BTC/USD"].clone()
    };
    let whole = book(&mut engine);
    posted(
        &mut engine,
        json!({"fault": "F7", "kind": "one_sided", "side": "ask"}),
    );
    let seen = book(&mut engine);
    assert_eq!((&seen["a"], &seen["b"]), (&json!([]), &whole["b"]));
    posted(
        &mut engine,
        json!({"fault": "F7", "kind": "gap", "ticks": -500}),
    );
    assert_eq!(book(&mut engine)["b"][0]["p"], json!(95));
    posted(
        &mut engine,
        json!({"fault": "F7", "kind": "wide_spread", "ticks": 200}),
    );
    assert_eq!(book(&mut engine)["a"][0]["p"], json!(103));
    posted(&mut engine, json!({"fault": "F7", "kind": "normal"}));
    assert_eq!(book(&mut engine)["b"], whole["b"]);
    posted(
        &mut engine,
        json!({"fault": "F7", "kind": "limit_bands", "percent": 1}),
    );
    let (status, _) = call(
        &mut engine,
        "POST",
        "/v2/orders",
        order("buy", "1", Some("90"), "gtc"),
    );
    assert_eq!(status, 422);
}

#[test]
fn clocks_quotas_and_memory() {
    let mut engine = engine(true, vec![]);
    posted(
        &mut engine,
        json!({"fault": "F8", "kind": "offset", "ms": -3000}),
    );
    assert_eq!(
        ask(&mut engine, "/v2/clock")["timestamp"],
        "2026-03-09T09:59:57-04:00"
    );
    posted(
        &mut engine,
        json!({"fault": "F8", "kind": "offset", "ms": 0}),
    );
    let day = place(&mut engine, order("buy", "1", Some("90"), "gtc"));
    posted(
        &mut engine,
        json!({"fault": "F8", "kind": "jump",
                               "to": "2026-11-27T13:30:00-05:00"}),
    );
    assert_eq!(
        shown(&mut engine, &day)["status"],
        "expired",
        "after ninety days"
    );
    assert_eq!(
        ask(&mut engine, "/v2/clock")["is_open"],
        false,
        "a half day"
    );
    posted(
        &mut engine,
        json!({"fault": "F9", "kind": "buckets", "requests_per_minute": 1}),
    );
    assert_eq!(call(&mut engine, "GET", "/v2/clock", Value::Null).0, 429);
    posted(&mut engine, json!({"fault": "F9", "kind": "normal"}));
    place(&mut engine, order("buy", "2", None, "gtc"));
    posted(
        &mut engine,
        json!({"fault": "F11", "kind": "restart", "state": false}),
    );
    let ledger = ask(&mut engine, "/admin/ledger");
    assert_eq!(
        (&ledger["orders"], &ledger["cash"]),
        (&json!([]), &json!("10000"))
    );
    posted(
        &mut engine,
        json!({"fault": "F9", "kind": "connections", "limit": 1}),
    );
    let mut first = listen(
        &mut engine,
        Stream::Market(crate::listing::Class::Crypto),
        Encoding::Json,
    );
    let wire = tokio::sync::mpsc::channel(10);
    let outlet = Outlet {
        frames: wire.0,
        cut: Cut::default(),
    };
    engine.open_stream(
        2,
        Stream::Market(crate::listing::Class::Crypto),
        Encoding::Json,
        outlet,
    );
    let mut second = wire.1;
    assert_eq!(heard(&mut second)[1][0]["code"], 406);
    assert_eq!(heard(&mut first).len(), 1);
}
