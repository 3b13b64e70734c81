//! Books, whole runs and absurd numbers.

use super::*;

#[test]
fn a_book_is_followed_from_its_snapshot_on() {
    let mut later = vec![
        row(1, EventKind::Depth, 1, 10_050, 3_000),
        row(1, EventKind::Depth, -1, 10_100, 0),
        row(2, EventKind::Trade, 1, 10_200, 700),
        row(61, EventKind::Trade, 1, 10_300, 300),
    ];
    later[0].flags = 0;
    let mut engine = engine(true, later);
    let mut frames = listen(&mut engine, Stream::Market(Class::Crypto), Encoding::Json);
    say(
        &mut engine,
        &json!({"action": "subscribe", "quotes": ["BTC/USD"]}),
    );
    say(
        &mut engine,
        &json!({"action": "auth", "key": "K", "secret": "S"}),
    );
    let all = json!({"action": "subscribe", "trades": ["*"], "quotes": ["BTCUSD"],
                     "bars": ["BTC/USD"], "orderbooks": ["BTC/USD"]});
    say(&mut engine, &all);
    pass(&mut engine, 100);
    pass(&mut engine, 121);
    let seen = heard(&mut frames);
    let first: Vec<_> = seen.iter().map(|message| &message[0]).collect();
    assert_eq!(first[0]["msg"], "connected");
    assert_eq!(first[1]["code"], 401);
    assert_eq!(first[2]["msg"], "authenticated");
    assert_eq!(first[3]["quotes"], json!(["BTC/USD"]));
    assert_eq!(
        (&first[4]["T"], &first[4]["r"]),
        (&json!("o"), &json!(true))
    );
    assert_eq!(
        first[4]["b"],
        json!([{"p": 100, "s": 5}, {"p": 99, "s": 10}])
    );
    let kinds: Vec<_> = first[5..]
        .iter()
        .map(|m| m["T"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["q", "o", "t", "b", "t", "b"]);
    assert_eq!(
        (&first[5]["bp"], &first[5]["ap"]),
        (&json!(100.5), &json!(102))
    );
    assert_eq!(first[6]["a"], json!([{"p": 101, "s": 0}]));
    assert_eq!(first[7]["tks"], "B");
    assert_eq!(
        (&first[8]["v"], &first[8]["t"]),
        (&json!(0.7), &json!("2026-03-09T14:00:00Z"))
    );
    let bars = ask(
        &mut engine,
        "/v1beta3/crypto/us/bars?symbols=BTC/USD&timeframe=5Min",
    );
    assert_eq!(bars["bars"]["BTC/USD"][0]["n"], 2);
}

#[test]
fn same_seed_same_inputs_same_bytes() {
    let run = || {
        let mut raw = config(true, vec![]);
        raw.recordings.clear();
        raw.instruments = vec![PaperInstrument {
            synthetic: Some(Synthetic::default()),
            ..PaperInstrument::crypto("BTC/USD")
        }];
        let mut engine = Engine::try_new(raw, START).unwrap();
        for second in 1..200 {
            pass(&mut engine, second);
            let price = ask(
                &mut engine,
                "/v1beta3/crypto/us/latest/quotes?symbols=BTC/USD",
            );
            let bid = price["quotes"]["BTC/USD"]["bp"].to_string();
            let side = if second % 3 == 0 { "sell" } else { "buy" };
            call(
                &mut engine,
                "POST",
                "/v2/orders",
                order(side, "1", Some(&bid), "gtc"),
            );
            if second % 10 == 0 {
                call(&mut engine, "DELETE", "/v2/orders", Value::Null);
            }
        }
        ask(&mut engine, "/admin/ledger")
    };
    let ledger = run();
    assert!(ledger["executions"].as_array().unwrap().len() > 20);
    assert_eq!(ledger, run());
    conserved(&ledger);
}

#[test]
fn absurd_numbers_are_refused_and_break_nothing() {
    let mut engine = engine(false, vec![row(5, EventKind::Trade, 1, 10_100, 1)]);
    let stock = |side: &str, extra: Value| {
        let mut order = json!({"symbol": "AAPL", "side": side, "qty": "1", "type": "limit",
                               "time_in_force": "day"});
        order
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        order
    };
    let huge = "90000000000000000";
    let market = json!({"type": "market", "qty": "4"});
    place(&mut engine, stock("buy", market));
    place(
        &mut engine,
        stock("sell", json!({"limit_price": huge, "qty": "2"})),
    );
    let absurd = [
        json!({"limit_price": huge, "qty": "9000000000000000"}),
        json!({"limit_price": "1", "qty": "1e30"}),
        json!({"limit_price": "1e30"}),
        json!({"limit_price": null, "type": "stop", "stop_price": huge}),
        json!({"limit_price": null, "type": "market", "qty": null, "notional": huge}),
    ];
    for extra in absurd {
        let (status, body) = call(
            &mut engine,
            "POST",
            "/v2/orders",
            stock("buy", extra.clone()),
        );
        assert!([403, 422].contains(&status), "{extra}: {status} {body}");
    }
    let trail = json!({"type": "trailing_stop", "trail_percent": huge, "qty": "1"});
    place(&mut engine, stock("sell", trail));
    call(
        &mut engine,
        "DELETE",
        "/v2/positions/AAPL?qty=1",
        Value::Null,
    );
    pass(&mut engine, 10);
    assert_eq!(ask(&mut engine, "/v2/account")["status"], "ACTIVE");
}

/// Cash and positions are exactly what the executions make of them.
fn conserved(ledger: &Value) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let atto = |value: &Value| {
        py_rt_types::Decimal::parse(&text(value))
            .unwrap()
            .to_atto()
            .unwrap()
    };
    let (mut cash, mut held) = (10_000 * i128::pow(10, 18), 0);
    for execution in ledger["executions"].as_array().unwrap() {
        let sign = if execution["side"] == "buy" { 1 } else { -1 };
        let (price, qty) = (atto(&execution["price"]), atto(&execution["qty"]));
        cash -= sign * (price / i128::pow(10, 9)) * (qty / i128::pow(10, 9));
        held += sign * qty;
    }
    assert_eq!(atto(&ledger["cash"]), cash);
    let position = ledger["positions"].get("BTC/USD").map_or(0, atto);
    assert_eq!(position, held);
}
