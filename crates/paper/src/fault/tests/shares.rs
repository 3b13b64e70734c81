//! Shares, and books of the other dialect.

use super::*;

fn shares() -> Engine {
    let mut config = config(false, vec![]);
    config.recordings.clear();
    config.instruments = vec![PaperInstrument {
        synthetic: Some(Synthetic {
            price: "100.00".to_owned(),
            volatility: 0.0,
            ..Synthetic::default()
        }),
        ..PaperInstrument::equity("AAPL")
    }];
    config.keep_sessions = true;
    Engine::try_new(config, START).unwrap()
}

fn share_order(side: &str, qty: &str, limit: Option<&str>) -> Value {
    json!({"symbol": "AAPL", "side": side, "qty": qty, "time_in_force": "day",
           "type": if limit.is_some() { "limit" } else { "market" }, "limit_price": limit})
}

#[test]
fn shares_split_and_equity_stays() {
    let mut engine = shares();
    place(&mut engine, share_order("buy", "7", None));
    let value = |engine: &mut Engine| {
        let account = ask(engine, "/v2/account");
        account["equity"].as_str().unwrap().parse::<f64>().unwrap()
    };
    let before = value(&mut engine);
    posted(
        &mut engine,
        json!({"fault": "F12", "kind": "split", "symbol": "AAPL",
                               "ratio": "4:1"}),
    );
    let held = ask(&mut engine, "/v2/positions/AAPL");
    assert_eq!(held["qty"], "28");
    assert!((value(&mut engine) - before).abs() < 1.0, "{before}");
    posted(
        &mut engine,
        json!({"fault": "F12", "kind": "split", "symbol": "AAPL",
                               "ratio": "1:10"}),
    );
    assert_eq!(
        ask(&mut engine, "/v2/positions/AAPL")["qty"],
        "2",
        "0.8 is paid out"
    );
    assert!((value(&mut engine) - before).abs() < 2.0, "{before}");
    posted(
        &mut engine,
        json!({"fault": "F12", "kind": "dividend", "symbol": "AAPL",
                               "amount": "1.50"}),
    );
    posted(
        &mut engine,
        json!({"fault": "F12", "kind": "rename", "symbol": "AAPL", "to": "PEAR"}),
    );
    assert_eq!(ask(&mut engine, "/v2/positions")[0]["symbol"], "PEAR");
    assert_eq!(
        call(&mut engine, "GET", "/v2/assets/AAPL", Value::Null).0,
        404
    );
}

#[test]
fn shares_wait_for_their_session() {
    let mut engine = shares();
    let resting = place(&mut engine, share_order("buy", "1", Some("90.00")));
    posted(
        &mut engine,
        json!({"fault": "F8", "kind": "jump", "to": "2026-03-09T16:30:00-04:00"}),
    );
    assert_eq!(shown(&mut engine, &resting)["status"], "expired");
    let waiting = place(&mut engine, share_order("buy", "1", Some("150.00")));
    assert_eq!(shown(&mut engine, &waiting)["status"], "accepted");
    let mut early = share_order("buy", "1", Some("150.00"));
    early["extended_hours"] = json!(true);
    let early = place(&mut engine, early);
    assert_eq!(shown(&mut engine, &early)["status"], "filled");
    posted(
        &mut engine,
        json!({"fault": "F8", "kind": "jump", "to": "2026-03-10T09:31:00-04:00"}),
    );
    assert_eq!(shown(&mut engine, &waiting)["status"], "filled");
}

#[test]
fn books_of_the_other_dialect_skip_cross_and_storm() {
    let mut engine = binance::engine(vec![
        binance::row(150, py_rt_types::EventKind::Depth, 1, 10_000, 7),
        binance::row(250, py_rt_types::EventKind::Depth, 1, 10_000, 8),
        binance::row(350, py_rt_types::EventKind::Depth, 1, 10_000, 9),
    ]);
    let mut frames = binance::line(&mut engine, LineKind::Raw, &["btcusdt@depth@100ms"]);
    let fault = |kind: &str| json!({"fault": "F5", "kind": kind, "symbol": "BTCUSDT"});
    posted(&mut engine, fault("skip_update"));
    posted(&mut engine, fault("crossed"));
    engine.advance(binance::START.plus(1_000_000_000), 1000);
    let events = binance::heard(&mut frames);
    assert_eq!(events.len(), 2, "one is missing");
    assert_eq!(events[0]["b"][0][0], "101.01000000");
    posted(&mut engine, fault("old_snapshot"));
    let id = |engine: &mut Engine| {
        binance::get(engine, "depth", "symbol=BTCUSDT")["lastUpdateId"]
            .as_i64()
            .unwrap()
    };
    assert_eq!(id(&mut engine) + 1000, id(&mut engine));
    assert_eq!(fired(&mut engine, "F5"), 3);
}

#[test]
fn a_jump_shows_nothing_of_what_lies_between_and_leaves_no_gap() {
    let mut engine = binance::engine(vec![
        binance::row(50, py_rt_types::EventKind::Depth, 1, 10_000, 7),
        binance::row(700, py_rt_types::EventKind::Depth, 1, 10_000, 8),
    ]);
    let mut frames = binance::line(&mut engine, LineKind::Raw, &["btcusdt@depth@100ms"]);
    engine.advance(binance::START.plus(60_000_000), 1000);
    posted(
        &mut engine,
        json!({"fault": "F8", "kind": "jump", "ms": 20_000_000_000_i64}),
    );
    engine.advance(engine.now.plus(1_000_000_000), 1000);
    let events = binance::heard(&mut frames);
    assert_eq!(events.len(), 2, "{events:?}");
    let id = |event: &Value, name: &str| event[name].as_i64().unwrap();
    assert_eq!(id(&events[1], "U"), id(&events[0], "u") + 1);
}

#[test]
fn the_other_dialect_is_halted_and_banned() {
    let mut engine = binance::engine(vec![]);
    posted(&mut engine, json!({"fault": "F7", "kind": "halt"}));
    let found = binance::refused(&mut engine, &binance::limit("BUY", "1", "90"));
    assert_eq!(found.2, "Market is closed.");
    let info = binance::get(&mut engine, "exchangeInfo", "");
    assert_eq!(info["symbols"][0]["status"], "HALT");
    posted(
        &mut engine,
        json!({"fault": "F9", "kind": "ban", "seconds": 5}),
    );
    let answer = binance::send(&mut engine, "GET", "ping", "", "");
    assert_eq!(answer.status, 418);
    let wait = answer
        .headers
        .iter()
        .find(|(name, _)| *name == "retry-after");
    assert_eq!(wait.map(|(_, value)| value.as_str()), Some("5"));
}
