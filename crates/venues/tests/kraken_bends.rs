//! Every member of Kraken's messages bent in every way: no panic, no wrong value, no silent zero.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/kraken.rs"]
mod kraken_support;
mod support;

use kraken_support::*;
use py_rt_venues::kraken::lists::{decode_balances, decode_time, decode_token, decode_trades};
use py_rt_venues::kraken::names::decode_pairs;
use py_rt_venues::kraken::orders::decode_orders;
use py_rt_venues::kraken::AccountStream;
use py_rt_venues::{LinkConfig, Session, VenueEvent};
use support::bend::{bend, Reading};
use support::{connected, events, T0};

/// Without them a message says less: whose the order is, how coarse a price may be; or a row less,
/// whose id is its name.
const OPTIONAL: [&str; 9] = [
    "cl_ord_id",
    "tick_size",
    "costmin",
    "limit_price",
    "count",
    TXID,
    "T5DIUI-5N4KO-Z5BPX1",
    "XXBTZUSD",
    "ZUSD",
];

fn told<T: std::fmt::Debug>(all: &[T]) -> Vec<String> {
    all.iter().map(|one| format!("{one:?}")).collect()
}

fn read_message(bytes: &[u8]) -> Reading {
    let mut stream = connected(AccountStream::new(LinkConfig::websocket(1), dialect()));
    stream.handle_input(T0, message("snapshot", 1, "").as_bytes());
    stream.handle_input(T0, bytes);
    let all = events(&mut stream);
    let aside =
        |event: &VenueEvent| matches!(event, VenueEvent::Quarantined(_) | VenueEvent::Ask(_));
    let reports = all
        .iter()
        .filter(|event| matches!(event, VenueEvent::Report(_)));
    (told(&reports.collect::<Vec<_>>()), all.iter().any(aside))
}

fn read_orders(bytes: &[u8]) -> Reading {
    let mut reports = Vec::new();
    let read = decode_orders((&dialect(), &names()), bytes, b"open", &mut reports);
    (told(&reports), read.map_or(true, |wrong| wrong.is_some()))
}

fn read_trades(bytes: &[u8]) -> Reading {
    let symbols = dialect().symbols;
    match decode_trades((&symbols, &names()), bytes, b"trades") {
        Ok((page, _)) => (told(&page.trades), page.wrong.is_some()),
        Err(_) => (Vec::new(), true),
    }
}

fn result<T: std::fmt::Debug, E>(result: Result<T, E>) -> Reading {
    match result {
        Ok(value) => (vec![format!("{value:?}")], false),
        Err(_) => (Vec::new(), true),
    }
}

#[test]
fn rows_of_the_account() {
    bend(&OPTIONAL, &message("update", 2, FILL), &read_message);
    let pending = format!(
        r#"{{"order_id":"{TXID}","exec_type":"canceled","order_status":"canceled",
        "cl_ord_id":"{OWN}","symbol":"BTC/USD","side":"buy","order_type":"limit",
        "limit_price":45283.5,"order_qty":0.10000000,
        "timestamp":"2026-11-20T15:00:00.000001Z"}}"#
    );
    bend(&OPTIONAL, &message("update", 2, &pending), &read_message);
}

#[test]
fn answers() {
    bend(&OPTIONAL, &orders("open", &order(&[])), &read_orders);
    bend(&OPTIONAL, TRADES, &read_trades);
    bend(&OPTIONAL, PAIRS, &|bytes| result(decode_pairs(bytes)));
    let balances = r#"{"error":[],"result":{"ZUSD":{"balance":"9.5","hold_trade":"0.0"}}}"#;
    bend(&OPTIONAL, balances, &|bytes| result(decode_balances(bytes)));
    let token = r#"{"error":[],"result":{"token":"TOKEN","expires":900}}"#;
    bend(&OPTIONAL, token, &|bytes| result(decode_token(bytes)));
    let time = r#"{"error":[],"result":{"unixtime":1795186800}}"#;
    bend(&OPTIONAL, time, &|bytes| result(decode_time(bytes)));
}
