//! User data, the socket API, and what is left of orders.

use super::*;

#[test]
fn user_data_tells_the_life_of_an_order() {
    let mut engine = engine(vec![row(100, EventKind::Trade, -1, 9_000, 40_000)]);
    let mut frames = line(&mut engine, LineKind::Api, &[]);
    let stamp = START.0 / 1_000_000;
    let signed = signature("secret of B", &format!("apiKey=B&timestamp={stamp}"));
    let params = json!({"apiKey": "B", "timestamp": stamp, "signature": signed});
    say(
        &mut engine,
        &json!({"id": "u", "method": "userDataStream.subscribe.signature", "params": params}),
    );
    let answer = heard(&mut frames).remove(0);
    assert_eq!(answer["result"], json!({"subscriptionId": 0}), "{answer}");
    placed(&mut engine, &limit("BUY", "1", "95"));
    engine.advance(START.plus(SECOND), 1000);
    call(&mut engine, "DELETE", "openOrders", SYMBOL);
    let events = heard(&mut frames);
    let reports: Vec<_> = events.iter().map(|frame| &frame["event"]).collect();
    let kinds: Vec<_> = reports
        .iter()
        .map(|e| (e["x"].as_str(), e["X"].as_str()))
        .collect();
    assert_eq!(kinds[0], (Some("NEW"), Some("NEW")));
    assert_eq!(kinds[2], (Some("TRADE"), Some("FILLED")));
    assert_eq!(reports[2]["n"], "0.00100000");
    assert_eq!(reports[2]["m"], true);
    assert_eq!(
        reports[1]["B"][0],
        json!({"a": "USDT", "f": "9905.00000000", "l": "95.00000000"})
    );
    assert_eq!(
        reports[3]["B"][1],
        json!({"a": "BTC", "f": "5.99900000", "l": "0.00000000"})
    );
}

#[test]
fn frames_of_the_socket_api_are_the_same_calls() {
    let mut engine = engine(Vec::new());
    let mut frames = line(&mut engine, LineKind::Api, &[]);
    let mut ask = |engine: &mut Engine, message: Value| {
        say(engine, &message);
        heard(&mut frames).pop().unwrap()
    };
    let pong = ask(&mut engine, json!({"id": 1, "method": "ping"}));
    assert_eq!((&pong["id"], &pong["status"]), (&json!(1), &json!(200)));
    assert_eq!(pong["rateLimits"][0]["count"], 1);
    let stamp = START.0 / 1_000_000;
    let params = format!(
        "apiKey=B&price=90&quantity=1&side=BUY&symbol=BTCUSDT&timeInForce=GTC&\
         timestamp={stamp}&type=LIMIT"
    );
    let mut named: serde_json::Map<String, Value> = crate::serve::form(&params)
        .into_iter()
        .map(|(name, value)| (name, Value::String(value)))
        .collect();
    named.insert("timestamp".into(), json!(stamp));
    named.insert("signature".into(), json!(signature("secret of B", &params)));
    let order = ask(
        &mut engine,
        json!({"id": "o", "method": "order.place", "params": named}),
    );
    assert_eq!(order["result"]["status"], "NEW", "{order}");
    assert_eq!(order["rateLimits"][0]["rateLimitType"], "ORDERS");
    let bad = ask(&mut engine, json!({"id": null, "method": "nope"}));
    assert_eq!(
        (&bad["status"], &bad["error"]["code"]),
        (&json!(400), &json!(-1134))
    );
    let unread = ask(&mut engine, json!([1]));
    assert_eq!(unread["error"]["code"], -1135);
}

#[test]
fn who_logs_on_with_a_key_signs_no_more() {
    let mut engine = engine(Vec::new());
    let mut frames = line(&mut engine, LineKind::Api, &[]);
    let mut ask = |engine: &mut Engine, method: &str, params: Value| {
        say(
            engine,
            &json!({"id": 1, "method": method, "params": params}),
        );
        heard(&mut frames).pop().unwrap()
    };
    let stamp = START.0 / 1_000_000;
    let early = ask(&mut engine, "userDataStream.subscribe", json!({}));
    assert_eq!(early["error"]["code"], -1002);
    let secret = signature("secret of B", &format!("apiKey=B&timestamp={stamp}"));
    let params = json!({"apiKey": "B", "timestamp": stamp, "signature": secret});
    assert_eq!(
        ask(&mut engine, "session.logon", params)["error"]["code"],
        -4056
    );
    let payload = format!("apiKey=E&timestamp={stamp}");
    let signed = BASE64_STANDARD.encode(pair().sign(payload.as_bytes()));
    let params = json!({"apiKey": "E", "timestamp": stamp, "signature": signed});
    let on = ask(&mut engine, "session.logon", params);
    assert_eq!(on["result"]["authorizedSince"], stamp, "{on}");
    let subscribed = ask(&mut engine, "userDataStream.subscribe", json!({}));
    assert_eq!(subscribed["result"]["subscriptionId"], 0);
    let account = ask(&mut engine, "account.status", json!({"timestamp": stamp}));
    assert_eq!(account["result"]["uid"], 3);
    let late = ask(
        &mut engine,
        "account.status",
        json!({"timestamp": stamp - 5001}),
    );
    assert_eq!(late["error"]["code"], -1021);
    ask(&mut engine, "session.logout", json!({}));
    let off = ask(&mut engine, "account.status", json!({"timestamp": stamp}));
    assert_eq!(off["error"]["code"], -2014);
}

#[test]
fn an_account_does_not_trade_with_itself() {
    let mut engine = engine(Vec::new());
    placed(&mut engine, &limit("SELL", "1", "100.5"));
    let taker = limit("BUY", "1", "101");
    let stopped = placed(
        &mut engine,
        &(taker.clone() + "&selfTradePreventionMode=EXPIRE_TAKER"),
    );
    assert_eq!(stopped["status"], "EXPIRED_IN_MATCH");
    let order = placed(&mut engine, &taker);
    assert_eq!(order["status"], "FILLED");
    let (_, all) = call(&mut engine, "GET", "allOrders", SYMBOL);
    assert_eq!(all[0]["status"], "EXPIRED_IN_MATCH");
}

#[test]
fn stops_and_profits_wait_for_the_other_side() {
    let later = vec![row(100, EventKind::Trade, 1, 10_500, 1)];
    let mut engine = engine(later);
    let stop = "side=BUY&type=STOP_LOSS&quantity=1&stopPrice=104";
    let profit = "side=BUY&type=TAKE_PROFIT_LIMIT&timeInForce=GTC&quantity=1&stopPrice=95&price=95";
    let (stop, profit) = (placed(&mut engine, stop), placed(&mut engine, profit));
    assert!(stop.get("status").is_none(), "an acknowledgement");
    engine.advance(START.plus(SECOND), 1000);
    let mut state = |order: &Value| {
        let query = format!("{SYMBOL}&orderId={}", order["orderId"]);
        let (_, shown) = call(&mut engine, "GET", "order", &query);
        (
            shown["status"].clone(),
            shown["type"].clone(),
            shown["isWorking"].clone(),
        )
    };
    assert_eq!(
        state(&stop),
        (json!("FILLED"), json!("STOP_LOSS"), json!(true))
    );
    assert_eq!(
        state(&profit),
        (json!("NEW"), json!("TAKE_PROFIT_LIMIT"), json!(false))
    );
}
