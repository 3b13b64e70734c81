//! The Kraken streams as sessions: a token, rows that say what changed, holes, books that break.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/kraken.rs"]
mod kraken_support;
mod support;

use kraken_support::*;
use py_rt_types::market::GAP;
use py_rt_types::{ClientOrderId, EventKind, FeeAsset, Money, OrderStatus, Qty, Query, ReportKind};
use py_rt_venues::kraken::{AccountStream, MarketStream};
use py_rt_venues::{AccountSession, Fatal, LinkConfig, Session, Token, VenueEvent};
use support::requests::reports;
use support::rest::SECOND;
use support::streams::books_and_trades;
use support::{connected, events, written, Tree, T0};

fn opened() -> AccountStream {
    let mut stream = connected(AccountStream::new(LinkConfig::websocket(1), dialect()));
    assert_eq!(
        events(&mut stream),
        [VenueEvent::Open, VenueEvent::AskToken]
    );
    stream.handle_token(T0, &Token("TOKEN".into()));
    stream
}

fn up() -> AccountStream {
    let mut stream = opened();
    let expected = concat!(
        r#"{"method":"subscribe","params":{"channel":"executions","token":"TOKEN","#,
        r#""snap_orders":true,"snap_trades":false,"order_status":true},"req_id":1}"#
    );
    assert_eq!(written(&mut stream, T0), [expected]);
    stream.handle_input(T0, message("snapshot", 1, "").as_bytes());
    assert_eq!(events(&mut stream), [VenueEvent::Up]);
    stream
}

fn row(execution: &str, more: &str) -> String {
    format!(
        r#"{{"order_id":"{TXID}","exec_type":"{execution}","order_status":"{execution}"{more},
        "timestamp":"2026-11-20T15:00:00.000001Z"}}"#
    )
}

fn pending() -> String {
    let more = format!(
        r#","cl_ord_id":"{OWN}","symbol":"BTC/USD","side":"buy","order_type":"limit",
        "time_in_force":"GTC","limit_price":45283.5,"order_qty":0.10000000,"cum_qty":0.00000000"#
    );
    row("pending_new", &more)
}

fn feed(stream: &mut AccountStream, sequence: u64, row: &str) -> Vec<VenueEvent> {
    stream.handle_input(T0, message("update", sequence, row).as_bytes());
    events(stream)
}

#[test]
fn the_documented_life_of_an_order() {
    let Some(text) = fixture("ws_executions.json") else {
        return;
    };
    let text = text.replace("strat1-000001", OWN);
    let mut stream = opened();
    written(&mut stream, T0);
    let frames = Tree::parse(&text)
        .member("frames")
        .unwrap()
        .clone()
        .elements();
    let mut told = Vec::new();
    for frame in &frames {
        stream.handle_input(T0, frame.text().as_bytes());
        told.extend(reports(&mut stream));
    }
    assert!(told
        .iter()
        .all(|one| one.client_order_id == ClientOrderId::new(5)));
    assert!(told.iter().all(|one| one.venue_order_id == txid()));
    let mut kinds = told.iter().map(|report| report.kind);
    assert_eq!(kinds.next(), Some(ReportKind::Accepted));
    for (last, total, fee) in [
        (4_000_000, 4_000_000, 4_528_350),
        (6_000_000, 10_000_000, 6_792_525),
    ] {
        let Some(ReportKind::Fill {
            last_qty,
            cum_qty,
            fee: paid,
            fee_asset,
            ..
        }) = kinds.next()
        else {
            panic!("{told:?}");
        };
        assert_eq!((last_qty, cum_qty), (Qty(last), Qty(total)));
        assert_eq!(
            (paid, fee_asset),
            (Money(fee * 1_000_000_000_000), FeeAsset::Quote)
        );
    }
    // The row that closes the order repeats its totals and is no execution.
    let Some(ReportKind::Snapshot {
        status, cum_qty, ..
    }) = kinds.next()
    else {
        panic!("{told:?}");
    };
    assert_eq!((status, cum_qty), (OrderStatus::Filled, Qty(10_000_000)));
    assert_eq!(kinds.next(), None);
}

#[test]
fn rows_say_only_what_changed() {
    let mut stream = up();
    assert!(feed(&mut stream, 2, &pending()).is_empty());
    let all = feed(&mut stream, 3, &row("new", ""));
    assert!(matches!(&all[0], VenueEvent::Report(one) if one.kind == ReportKind::Accepted));
    assert!(matches!(
        &feed(&mut stream, 4, FILL)[0],
        VenueEvent::Report(_)
    ));
    let all = feed(&mut stream, 5, &row("canceled", ""));
    let VenueEvent::Report(one) = &all[0] else {
        panic!("{all:?}");
    };
    assert_eq!(
        one.kind,
        ReportKind::Canceled {
            cum_qty: Qty(4_000_000)
        }
    );
    assert_eq!(one.client_order_id, ClientOrderId::new(5));
    // It is forgotten now: what comes still is asked for, by the venue's id.
    let ask = VenueEvent::Ask(Query::VenueOrder {
        venue_order_id: txid(),
    });
    assert_eq!(feed(&mut stream, 6, &row("restated", "")), [ask]);
}

#[test]
fn holes_are_told_and_what_comes_again_is_left_out() {
    let mut stream = up();
    feed(&mut stream, 2, &pending());
    assert_eq!(feed(&mut stream, 3, FILL).len(), 1);
    assert!(feed(&mut stream, 3, FILL).is_empty(), "twice");
    let all = feed(&mut stream, 5, &row("new", ""));
    assert!(
        all.ends_with(&[VenueEvent::Down, VenueEvent::Up]),
        "{all:?}"
    );
    assert!(feed(&mut stream, 4, FILL).is_empty(), "late");
    assert_eq!(feed(&mut stream, 6, &row("canceled", "")).len(), 1);
    // A message that cannot be read at all is a hole of its own.
    stream.handle_input(T0, br#"{"channel":"executions","type":"update","data":[{"#);
    let all = events(&mut stream);
    assert!(
        all.ends_with(&[VenueEvent::Down, VenueEvent::Up]),
        "{all:?}"
    );
    // One row that cannot be read: its order is asked for.
    let bent = FILL.replace("\"last_qty\":0.04000000", "\"last_qty\":0.0");
    let all = feed(&mut stream, 7, &bent);
    let ask = VenueEvent::Ask(Query::VenueOrder {
        venue_order_id: txid(),
    });
    assert_eq!(all.last(), Some(&ask), "{all:?}");
}

#[test]
fn a_connection_has_a_token_of_its_own() {
    let mut stream = up();
    stream.handle_disconnected(T0);
    assert_eq!(events(&mut stream), [VenueEvent::Down]);
    stream.handle_token(T0, &Token("LATE".into()));
    assert!(written(&mut stream, T0).is_empty());
    let later = stream.poll_timeout();
    stream.handle_timeout(later);
    stream.handle_connected(later);
    assert_eq!(
        events(&mut stream),
        [VenueEvent::Open, VenueEvent::AskToken]
    );
    let refused = r#"{"method":"subscribe","success":false,"error":"EGeneral:Permission denied"}"#;
    stream.handle_input(later, refused.as_bytes());
    let all = events(&mut stream);
    assert!(
        all.contains(&VenueEvent::Fatal(Fatal::NotAuthorized)),
        "{all:?}"
    );
}

fn market() -> MarketStream {
    let mut stream = connected(MarketStream::new(books_and_trades(), dialect().symbols));
    let book = concat!(
        r#"{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"],"#,
        r#""depth":100,"snapshot":true}}"#
    );
    let trade = concat!(
        r#"{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"],"#,
        r#""snapshot":false}}"#
    );
    assert_eq!(written(&mut stream, T0), [book, trade]);
    stream.handle_input(
        T0,
        br#"{"channel":"status","type":"update","data":[{"system":"online"}]}"#,
    );
    let subscribed = concat!(
        r#"{"method":"subscribe","result":{"channel":"book","symbol":"BTC/USD","depth":10,"#,
        r#""snapshot":true},"success":true}"#
    );
    stream.handle_input(T0, subscribed.as_bytes());
    assert_eq!(events(&mut stream), [VenueEvent::Open]);
    stream
}

fn rows(stream: &mut MarketStream) -> Vec<(Option<EventKind>, bool)> {
    let all = events(stream).into_iter();
    all.filter_map(|event| match event {
        VenueEvent::Market(row) => Some((row.event_kind(), row.flags & GAP != 0)),
        _ => None,
    })
    .collect()
}

#[test]
fn a_book_that_breaks_is_subscribed_to_anew_and_then_the_connection_is() {
    let (Some(snapshot), Some(updates)) = (
        fixture("book_snapshot_documented.json"),
        fixture("book_updates_selfcomputed.json"),
    ) else {
        return;
    };
    let mut stream = market();
    stream.handle_input(T0, snapshot.as_bytes());
    stream.handle_input(
        T0,
        br#"{"method":"subscribe","result":{"channel":"trade","symbol":"BTC/USD"},"success":true}"#,
    );
    let all = events(&mut stream);
    assert!(all.contains(&VenueEvent::Up));
    assert!(
        stream.poll_timeout() >= T0.plus(10 * SECOND),
        "nothing to repair"
    );
    let steps = Tree::parse(&updates)
        .member("steps")
        .unwrap()
        .clone()
        .elements();
    for step in &steps {
        let message = step.member("message").unwrap().text();
        stream.handle_input(T0, message.as_bytes());
        assert!(rows(&mut stream).iter().all(|row| !row.1));
    }
    let last = steps[4].member("message").unwrap().text();
    let wrong = last.replace("1601720471", "1601720472");
    stream.handle_input(T0, wrong.as_bytes());
    assert!(rows(&mut stream).iter().any(|row| row.1), "invalid at once");
    let mut now = stream.poll_timeout();
    assert!(now <= T0.plus(SECOND));
    for _ in 0..3 {
        stream.handle_timeout(now);
        let unsubscribe = concat!(
            r#"{"method":"unsubscribe","params":{"channel":"book","symbol":["BTC/USD"],"#,
            r#""depth":100}}"#
        );
        let sent = written(&mut stream, now);
        assert_eq!((sent.len(), sent[0].as_str()), (2, unsubscribe));
        stream.handle_input(now, br#"{"channel":"heartbeat"}"#);
        now = stream.poll_timeout();
    }
    stream.handle_timeout(now);
    let all = events(&mut stream);
    assert!(
        all.contains(&VenueEvent::Close) && all.contains(&VenueEvent::Down),
        "{all:?}"
    );
}

#[test]
fn the_state_of_the_venue_is_told_and_a_refusal_ends_the_connection() {
    let mut stream = market();
    stream.handle_input(
        T0,
        br#"{"channel":"status","type":"update","data":[{"system":"cancel_only"}]}"#,
    );
    let all = events(&mut stream);
    assert!(matches!(&all[0], VenueEvent::Notice(text) if text.contains("cancel_only")));
    let refused =
        r#"{"error":"Currency pair not supported NOPE/USD","method":"subscribe","success":false}"#;
    stream.handle_input(T0, refused.as_bytes());
    assert!(events(&mut stream).contains(&VenueEvent::Close));
}
