//! Every member of Coinbase's messages bent in every way: no panic, no wrong value, no silent zero.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/coinbase.rs"]
mod coinbase_support;
mod support;

use coinbase_support::*;
use py_rt_venues::coinbase::errors::Answer;
use py_rt_venues::coinbase::lists::{decode_accounts, decode_fills, decode_rights, decode_time};
use py_rt_venues::coinbase::orders::decode_orders;
use py_rt_venues::coinbase::products::decode_products;
use py_rt_venues::coinbase::AccountStream;
use py_rt_venues::{LinkConfig, Session, VenueEvent};
use support::bend::{bend, Reading};
use support::{connected, events, T0};

/// Without them a message says less: whose the order is, that there is another page or name.
const OPTIONAL: [&str; 14] = [
    "client_order_id",
    "cursor",
    "has_next",
    "last_fill_time",
    "edit_history",
    "replace_accept_timestamp",
    "base_size",
    "price",
    "size",
    "size_in_quote",
    "alias",
    "error",
    "type",
    "channel",
];

fn told<T: std::fmt::Debug>(all: &[T]) -> Vec<String> {
    all.iter().map(|one| format!("{one:?}")).collect()
}

fn read_message(bytes: &[u8]) -> Reading {
    let signer = Box::<PlainSigner>::default();
    let stream = AccountStream::new(LinkConfig::websocket(1), dialect(), signer);
    let mut stream = connected(stream);
    stream.handle_input(T0, user("snapshot", 0, "").as_bytes());
    events(&mut stream);
    stream.handle_input(T0, bytes);
    let all = events(&mut stream);
    let aside = |event: &VenueEvent| !matches!(event, VenueEvent::Report(_));
    let reports = all.iter().filter(|event| !aside(event));
    (told(&reports.collect::<Vec<_>>()), all.iter().any(aside))
}

fn result<T: std::fmt::Debug, E>(result: Result<T, E>) -> Reading {
    match result {
        Ok(value) => (vec![format!("{value:?}")], false),
        Err(_) => (Vec::new(), true),
    }
}

#[test]
fn states_of_the_account() {
    let row = state("CANCELLED", "0", "0");
    bend(&OPTIONAL, &user("update", 1, &row), &read_message);
}

#[test]
fn answers() {
    let read_orders = |bytes: &[u8]| match decode_orders(&dialect(), bytes) {
        Ok(page) => (told(&page.orders), page.wrong.is_some()),
        Err(_) => (Vec::new(), true),
    };
    let edits = r#""edit_history":[{"price":"89100.00","size":"0.2","replace_accept_timestamp":
        "2026-11-20T15:00:01Z"}]"#;
    for changes in [&[][..], &[("\"edit_history\":[]", edits)]] {
        bend(&OPTIONAL, &orders(&order(changes)), &read_orders);
    }
    let symbols = dialect().symbols;
    bend(
        &OPTIONAL,
        &fills(&fill(&[])),
        &|bytes| match decode_fills(&symbols, bytes) {
            Ok((page, _)) => (told(&page.trades), page.wrong.is_some()),
            Err(_) => (Vec::new(), true),
        },
    );
    let accounts = r#"{"accounts":[{"currency":"USD","available_balance":{"value":"9.5",
        "currency":"USD"},"hold":{"value":"0.5","currency":"USD"}}],"has_next":false,"cursor":""}"#;
    bend(&OPTIONAL, accounts, &|bytes| result(decode_accounts(bytes)));
    let products = format!(r#"{{"products":[{PRODUCT}]}}"#);
    bend(&OPTIONAL, &products, &|bytes| {
        result(decode_products(bytes))
    });
    let time = r#"{"iso":"2026-11-20T15:00:00Z","epochMillis":"1795186800000"}"#;
    bend(&OPTIONAL, time, &|bytes| result(decode_time(bytes)));
    let rights = r#"{"can_view":true,"can_trade":true,"can_transfer":false,"portfolio_uuid":"b1"}"#;
    bend(&OPTIONAL, rights, &|bytes| result(decode_rights(bytes)));
    let taken = r#"{"success":true,"success_response":{"order_id":
        "11111111-0000-4000-8000-000000000001","client_order_id":"rt-abcdef27-5"}}"#;
    bend(&OPTIONAL, taken, &|bytes| {
        result(Answer::decode(bytes).and_then(|answer| answer.worked()))
    });
}
