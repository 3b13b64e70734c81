//! Every member of every message, bent in every way: no panic, no wrong value.
//!
//! A bent message either says exactly what the whole one said, or it is set aside. Members that the
//! venue may leave out are listed by name: without them a message says less, never something else.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use py_rt_venues::alpaca::{rest, Feed, MarketStream, MarketStreamConfig, TradingStream};
use py_rt_venues::{LinkConfig, Session, VenueEvent};
use support::*;

use py_rt_types::market::GAP;

/// What a decoder made of a message: its facts, and whether something was set aside.
type Reading = (Vec<String>, bool);

/// A decoder.
type Read<'a> = &'a dyn Fn(&[u8]) -> Reading;

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

const FORTY: &str = "1234567890123456789012345678901234567890";

/// The values to put in place of a leaf.
fn bent(leaf: &str) -> Vec<String> {
    let inner = leaf.trim_matches('"');
    let number = inner.parse::<f64>().is_ok();
    let mut all = vec!["null".into(), "{}".into(), "[1,[2]]".into(), "-".into()];
    if number {
        let other = if leaf.starts_with('"') {
            inner.into()
        } else {
            format!("\"{inner}\"")
        };
        all.extend([
            other,
            format!("{inner}00e-2").replacen("00e-2", "e0", usize::from(inner.contains('.'))),
            format!("\"{inner}e0\""),
            FORTY.into(),
            format!("\"{FORTY}\""),
            format!(
                "{inner}{}{FORTY}",
                if inner.contains('.') { "" } else { "." }
            ),
            "NaN".into(),
            "\"NaN\"".into(),
            "Infinity".into(),
            "\"-inf\"".into(),
            "1e400".into(),
            "\"\"".into(),
        ]);
    }
    all
}

/// Every message that differs from `tree` in one place, the member that was touched, and whether
/// it was emptied: left out or `null`.
fn mutations(tree: &Tree) -> Vec<(String, bool, String)> {
    let mut all = Vec::new();
    walk(tree, &mut |bent: &Tree, member: &str, emptied: bool| {
        all.push((member.to_string(), emptied, bent.text()));
    });
    all
}

/// Calls `each` with every single change of `tree`.
fn walk(tree: &Tree, each: &mut dyn FnMut(&Tree, &str, bool)) {
    match tree {
        Tree::Leaf(_) => {}
        Tree::Array(elements) => {
            for (place, element) in elements.iter().enumerate() {
                walk(element, &mut |bent, member, emptied| {
                    let mut copy = elements.clone();
                    copy[place] = bent.clone();
                    each(&Tree::Array(copy), member, emptied);
                });
            }
        }
        Tree::Object(members) => walk_object(members, each),
    }
}

fn walk_object(members: &[(String, Tree)], each: &mut dyn FnMut(&Tree, &str, bool)) {
    let mut extra = members.to_vec();
    extra.insert(
        0,
        ("zzz".into(), Tree::Leaf("{\"a\":[1,{}],\"p\":5}".into())),
    );
    each(&Tree::Object(extra), "zzz", false);
    for (place, (name, value)) in members.iter().enumerate() {
        let mut with = |value: Tree| {
            let mut copy = members.to_vec();
            let emptied = value == Tree::Leaf("null".into());
            copy[place].1 = value;
            each(&Tree::Object(copy), name, emptied);
        };
        if let Tree::Leaf(leaf) = value {
            bent(leaf)
                .into_iter()
                .for_each(|leaf| with(Tree::Leaf(leaf)));
        } else {
            with(Tree::Leaf("null".into()));
            with(Tree::Leaf("7".into()));
        }
        walk(value, &mut |bent, member, emptied| {
            let mut copy = members.to_vec();
            copy[place].1 = bent.clone();
            each(&Tree::Object(copy), member, emptied);
        });
        let mut missing = members.to_vec();
        missing.remove(place);
        each(&Tree::Object(missing), name, true);
        for twin in [
            value.clone(),
            Tree::Leaf("\"1\"".into()),
            Tree::Leaf("null".into()),
        ] {
            let mut twice = members.to_vec();
            twice.push((name.clone(), twin));
            each(&Tree::Object(twice), name, false);
        }
    }
}

/// Bends a message everywhere and cuts it everywhere.
fn bend(message: &str, read: Read<'_>) {
    let tree = Tree::parse(message);
    let whole = tree.text();
    let (facts, aside) = read(whole.as_bytes());
    assert!(!aside, "the whole message was set aside: {whole}");
    for (member, emptied, text) in mutations(&tree) {
        let (seen, aside) = read(text.as_bytes());
        let less = emptied && OPTIONAL.contains(&member.as_str());
        assert!(
            aside || seen == facts || less,
            "{member}: {text}\n{seen:?}\n{facts:?}"
        );
        if aside && !less {
            assert!(
                seen.iter().all(|fact| facts.contains(fact)),
                "{member}: {text}\n{seen:?}"
            );
        }
    }
    for end in 0..whole.len() {
        let (seen, aside) = read(&whole.as_bytes()[..end]);
        assert!(
            aside && seen.iter().all(|fact| facts.contains(fact)),
            "cut at {end}"
        );
    }
    for place in 0..whole.len() {
        for byte in [0u8, b'"', b'\\', b'{', b']', b'9', 0xff] {
            let mut bytes = whole.clone().into_bytes();
            bytes[place] = byte;
            let _ = read(&bytes);
        }
    }
}

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
    let mut stream = TradingStream::new(LinkConfig::websocket(1), credentials(), dialect());
    stream.handle_timeout(T0);
    stream.handle_connected(T0);
    stream.handle_input(T0, bytes);
    reading(&mut stream)
}

fn read_market(bytes: &[u8]) -> Reading {
    let config = MarketStreamConfig {
        link: LinkConfig::websocket(1),
        credentials: credentials(),
        feed: Feed::Crypto,
        trades: true,
        quotes: true,
        bars: true,
        books: true,
    };
    let mut stream = MarketStream::new(config, dialect().symbols);
    stream.handle_timeout(T0);
    stream.handle_connected(T0);
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
    bend(&fill_update(), &read_update);
    bend(&update("new", "", &order(&[])), &read_update);
    for message in [TRADE, QUOTE, BAR, CRYPTO_TRADE, BOOK] {
        bend(message, &read_market);
    }
    bend(&order(&[]), &read_order);
    bend(&format!("[{}]", order(&[])), &read_orders);
    bend(FILLS, &read_fills);
    bend(POSITION, &read_positions);
    bend(ACCOUNT, &|bytes| result(rest::decode_account(bytes)));
}

#[test]
fn every_fixture_message_of_the_account_stream() {
    let Some(text) = fixture("ws_trade_updates.json") else {
        return;
    };
    for message in Tree::parse(&text).elements() {
        bend(&message.text(), &read_update);
    }
}

#[test]
fn every_fixture_message_of_the_data_stream() {
    let Some(text) = fixture("ws_data_messages.json") else {
        return;
    };
    for message in Tree::parse(&text).elements() {
        bend(&Tree::Array(vec![message]).text(), &read_market);
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
            bend(&if wrap { format!("[{text}]") } else { text }, read);
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
