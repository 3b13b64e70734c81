//! Every member of every message, bent in every way: no panic, no wrong value.
//!
//! A bent message either says exactly what the whole one said, or it is set aside. Members that the
//! venue may leave out are listed by name: without them a message says less, never something else.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use py_rt_venues::alpaca::rest;
use py_rt_venues::{Session, VenueEvent};
use support::bend::{bend, Read, Reading};
use support::*;

use py_rt_types::market::GAP;

/// Members that may be absent or `null`, so that the message then says something less.
const OPTIONAL: [&str; 17] = [
    "limit_price",
    "stop_price",
    "replaces",
    "replaced_by",
    "timestamp",
    "tks",
    "r",
    "equity",
    "buying_power",
    "min_order_size",
    "min_trade_increment",
    "price_increment",
    "tradable",
    "shortable",
    "fractionable",
    "trading_blocked",
    "fee",
];

fn reading(session: &mut impl Session) -> Reading {
    let (mut facts, mut aside) = (Vec::new(), false);
    for event in events(session) {
        match event {
            VenueEvent::Market(row) if row.flags & GAP != 0 => {}
            VenueEvent::Report(_) | VenueEvent::Market(_) | VenueEvent::Bar(_) => {
                facts.push(format!("{event:?}"));
            }
            VenueEvent::Quarantined(_) => aside = true,
            _ => {}
        }
    }
    (facts, aside)
}

fn read_update(bytes: &[u8]) -> Reading {
    let mut stream = streams::trading();
    stream.handle_input(T0, bytes);
    reading(&mut stream)
}

fn read_market(bytes: &[u8]) -> Reading {
    let mut stream = streams::market();
    stream.handle_input(T0, bytes);
    reading(&mut stream)
}

fn result<T: std::fmt::Debug, E>(result: Result<T, E>) -> Reading {
    match result {
        Ok(value) => (vec![format!("{value:?}")], false),
        Err(_) => (Vec::new(), true),
    }
}

fn read_order(bytes: &[u8]) -> Reading {
    result(rest::decode_order(&dialect(), bytes))
}

fn read_orders(bytes: &[u8]) -> Reading {
    let mut reports = Vec::new();
    let page = rest::decode_orders(&dialect(), bytes, &mut reports);
    let aside = page.map_or(true, |page| page.malformed.is_some() || page.foreign > 0);
    (
        reports.iter().map(|report| format!("{report:?}")).collect(),
        aside,
    )
}

fn read_fills(bytes: &[u8]) -> Reading {
    let mut reports = Vec::new();
    let page = rest::decode_fills(&dialect(), bytes, T0, &mut reports);
    let aside = page.map_or(true, |page| page.malformed.is_some());
    (
        reports.iter().map(|report| format!("{report:?}")).collect(),
        aside,
    )
}

fn read_positions(bytes: &[u8]) -> Reading {
    let mut reports = Vec::new();
    let page = rest::decode_positions(&dialect(), bytes, &mut reports);
    let aside = page.map_or(true, |page| page.malformed.is_some());
    (
        reports.iter().map(|report| format!("{report:?}")).collect(),
        aside,
    )
}

#[test]
fn our_own_messages() {
    bend(&OPTIONAL, &fill_update(), &read_update);
    bend(&OPTIONAL, &update("new", "", &order(&[])), &read_update);
    for message in [TRADE, QUOTE, BAR, CRYPTO_TRADE, BOOK] {
        bend(&OPTIONAL, message, &read_market);
    }
    bend(&OPTIONAL, &order(&[]), &read_order);
    bend(&OPTIONAL, &format!("[{}]", order(&[])), &read_orders);
    bend(&OPTIONAL, FILLS, &read_fills);
    bend(&OPTIONAL, POSITION, &read_positions);
    bend(&OPTIONAL, ACCOUNT, &|bytes| {
        result(rest::decode_account(bytes))
    });
}

#[test]
fn every_fixture_message_of_the_account_stream() {
    let Some(text) = fixture("ws_trade_updates.json") else {
        return;
    };
    for message in Tree::parse(&text).elements() {
        bend(&OPTIONAL, &message.text(), &read_update);
    }
}

#[test]
fn every_fixture_message_of_the_data_stream() {
    let Some(text) = fixture("ws_data_messages.json") else {
        return;
    };
    for message in Tree::parse(&text).elements() {
        bend(&OPTIONAL, &Tree::Array(vec![message]).text(), &read_market);
    }
}

#[test]
fn every_fixture_answer() {
    let account = |bytes: &[u8]| result(rest::decode_account(bytes));
    let clock = |bytes: &[u8]| result(rest::decode_clock(bytes));
    let asset = |bytes: &[u8]| result(rest::decode_asset(bytes));
    let list: [(&str, bool, Read<'_>); 11] = [
        ("order_accepted_limit.json", false, &read_order),
        ("order_filled_market.json", false, &read_order),
        ("order_bracket_nested.json", false, &read_order),
        ("activities_fill.json", false, &read_fills),
        ("position.json", true, &read_positions),
        ("position_crypto.json", true, &read_positions),
        ("account.json", false, &account),
        ("clock.json", false, &clock),
        ("clock_before_early_close.json", false, &clock),
        ("asset_equity.json", false, &asset),
        ("asset_crypto.json", false, &asset),
    ];
    for (name, wrap, read) in list {
        if let Some(text) = fixture(name) {
            bend(
                &OPTIONAL,
                &if wrap { format!("[{text}]") } else { text },
                read,
            );
        }
    }
}

#[test]
fn an_order_for_money_has_no_quantity_to_report() {
    let Some(text) = fixture("order_notional.json") else {
        return;
    };
    let malformed = rest::decode_order(&dialect(), text.as_bytes()).unwrap_err();
    assert_eq!(malformed.field, "qty");
    let mut reports = Vec::new();
    let page = rest::decode_orders(&dialect(), format!("[{text}]").as_bytes(), &mut reports);
    assert_eq!(
        page.map(|page| (page.foreign, page.malformed)),
        Ok((1, None))
    );
}
