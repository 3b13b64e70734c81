//! The Coinbase streams as sessions: tokens, states that say what stands, holes, books that break.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/coinbase.rs"]
mod coinbase_support;
mod support;

use coinbase_support::*;
use py_rt_types::market::GAP;
use py_rt_types::{EventKind, Qty, Query, RejectReason, ReportKind};
use py_rt_venues::coinbase::{AccountStream, MarketStream};
use py_rt_venues::{LinkConfig, Session, VenueEvent};
use support::rest::SECOND;
use support::streams::books_and_trades;
use support::{connected, events, written, Tree, T0};

fn opened() -> AccountStream {
    let signer = Box::<PlainSigner>::default();
    let stream = AccountStream::new(LinkConfig::websocket(1), dialect(), signer);
    let mut stream = connected(stream);
    assert_eq!(events(&mut stream), [VenueEvent::Open]);
    stream
}

fn up() -> AccountStream {
    let mut stream = opened();
    let frame = |channel: &str, token: u32| {
        format!(
            r#"{{"type":"subscribe","product_ids":["BTC-USD"],"channel":"{channel}",{}}}"#,
            format_args!(r#""jwt":"{token}|0+120|-""#)
        )
    };
    assert_eq!(
        written(&mut stream, T0),
        [frame("user", 1), frame("heartbeats", 2)]
    );
    stream.handle_input(T0, user("snapshot", 0, "").as_bytes());
    assert_eq!(events(&mut stream), [VenueEvent::Up]);
    stream
}

fn asked() -> VenueEvent {
    VenueEvent::Ask(Query::VenueOrder {
        venue_order_id: order_id(),
    })
}

fn feed(stream: &mut AccountStream, sequence: u64, row: &str) -> Vec<VenueEvent> {
    stream.handle_input(T0, user("update", sequence, row).as_bytes());
    events(stream)
}

fn kind(all: &[VenueEvent]) -> ReportKind {
    match all {
        [VenueEvent::Report(report)] => report.kind,
        _ => panic!("{all:?}"),
    }
}

#[test]
fn the_documented_life_of_an_order() {
    let Some(text) = fixture("ws_user_lifecycle.json") else {
        return;
    };
    let text = text.replace("strat1-000001", OWN);
    let parsed = Tree::parse(&text);
    let mut stream = opened();
    written(&mut stream, T0);
    let mut told = Vec::new();
    let frames = parsed.member("frames").unwrap().clone().elements();
    for frame in &frames {
        stream.handle_input(T0, frame.text().as_bytes());
        told.push(events(&mut stream));
    }
    assert_eq!(told[0], [VenueEvent::Up]);
    // The reference leaves numbers out for other channels: a hole, as nobody told of them.
    let said = |place: usize| -> Vec<VenueEvent> {
        let hole = |one: &VenueEvent| {
            matches!(
                one,
                VenueEvent::Up | VenueEvent::Down | VenueEvent::Notice(_)
            )
        };
        told[place]
            .iter()
            .filter(|one| !hole(one))
            .cloned()
            .collect()
    };
    assert_eq!(kind(&said(1)), ReportKind::Accepted);
    assert!(said(2).is_empty(), "it is known");
    assert_eq!(said(3), [asked()]);
    assert_eq!(said(4), [asked()]);
    // What is sent again after another connection is asked for, and the answer books nothing.
    stream.handle_disconnected(T0);
    events(&mut stream);
    let later = T0.plus(60 * SECOND);
    stream.handle_timeout(later);
    stream.handle_connected(later);
    for frame in parsed.member("after_reconnect").unwrap().clone().elements() {
        stream.handle_input(later, frame.text().as_bytes());
    }
    let all = events(&mut stream);
    assert!(
        !all.iter().any(|one| matches!(one, VenueEvent::Report(_))),
        "{all:?}"
    );
}

#[test]
fn a_state_is_a_report_only_where_nothing_was_executed() {
    let mut stream = up();
    assert_eq!(
        kind(&feed(&mut stream, 1, &state("PENDING", "0", "0.1"))),
        ReportKind::Accepted
    );
    assert!(feed(&mut stream, 2, &state("OPEN", "0", "0.1")).is_empty());
    assert_eq!(
        feed(&mut stream, 3, &state("OPEN", "0.04", "0.06")),
        [asked()]
    );
    assert!(
        feed(&mut stream, 4, &state("OPEN", "0.04", "0.06")).is_empty(),
        "sent again"
    );
    assert!(
        feed(&mut stream, 5, &state("OPEN", "0", "0.1")).is_empty(),
        "late"
    );
    let pending = feed(&mut stream, 6, &state("CANCEL_QUEUED", "0.04", "0.06"));
    assert_eq!(kind(&pending), ReportKind::PendingCancel);
    assert_eq!(
        feed(&mut stream, 7, &state("CANCELLED", "0.04", "0")),
        [asked()]
    );
    let cum_qty = Qty::ZERO;
    let reason = RejectReason::Venue;
    for (sequence, word, expected) in [
        (8, "CANCELLED", ReportKind::Canceled { cum_qty }),
        (9, "EXPIRED", ReportKind::Expired { cum_qty }),
        (10, "FAILED", ReportKind::Rejected { reason }),
    ] {
        assert_eq!(
            kind(&feed(&mut stream, sequence, &state(word, "0", "0"))),
            expected
        );
    }
    assert_eq!(
        feed(&mut stream, 11, &state("A_WORD", "0", "0.1")),
        [asked()]
    );
    assert!(feed(&mut stream, 12, &state("EDIT_QUEUED", "0", "0.1")).is_empty());
    assert_eq!(
        feed(&mut stream, 13, &state("OPEN", "0", "0.1")),
        [asked()],
        "other terms"
    );
    let elsewhere = state("OPEN", "0", "0.1").replace("BTC-USD", "SOL-EUR");
    assert!(feed(&mut stream, 14, &elsewhere).is_empty());
}

#[test]
fn holes_are_told_also_by_heartbeats_and_what_comes_again_is_left_out() {
    let mut stream = up();
    let beat = |number| message("heartbeats", number, r#"{"heartbeat_counter":7}"#);
    stream.handle_input(T0, beat(1).as_bytes());
    assert!(events(&mut stream).is_empty());
    assert_eq!(feed(&mut stream, 2, &state("OPEN", "0", "0.1")).len(), 1);
    assert!(
        feed(&mut stream, 2, &state("OPEN", "0.04", "0.06")).is_empty(),
        "twice"
    );
    stream.handle_input(T0, beat(4).as_bytes());
    let all = events(&mut stream);
    assert!(matches!(&all[0], VenueEvent::Notice(text) if text.contains("1 messages")));
    assert_eq!(all[1..], [VenueEvent::Down, VenueEvent::Up]);
    stream.handle_input(
        T0,
        br#"{"type":"error","message":"authentication failure"}"#,
    );
    let all = events(&mut stream);
    assert!(matches!(&all[0], VenueEvent::Notice(text) if text.contains("authentication")));
    assert_eq!(
        all[1..],
        [VenueEvent::AskToken, VenueEvent::Close, VenueEvent::Down]
    );
    assert!(stream.poll_timeout() > T0, "it is tried again");
}

fn market() -> MarketStream {
    connected(MarketStream::new(books_and_trades(), dialect().symbols))
}

fn confirmed(sequence: u64, channels: &str) -> String {
    let event = format!(r#"{{"subscriptions":{{{channels}}}}}"#);
    message("subscriptions", sequence, &event)
}

const CONFIRMED: &str = r#""level2":["BTC-USD"],"market_trades":["BTC-USD"],"heartbeats":["x"]"#;

#[test]
fn the_documented_book_and_its_hole() {
    let Some(text) = fixture("ws_level2_scenario.json") else {
        return;
    };
    let mut stream = market();
    let frame = |channel: &str| {
        format!(r#"{{"type":"subscribe","product_ids":["BTC-USD"],"channel":"{channel}"}}"#)
    };
    let expected = ["level2", "market_trades", "heartbeats"].map(frame);
    assert_eq!(written(&mut stream, T0), expected);
    events(&mut stream);
    let frames = Tree::parse(&text)
        .member("frames")
        .unwrap()
        .clone()
        .elements();
    let texts: Vec<String> = frames
        .iter()
        .map(|frame| frame.member("frame").unwrap().text())
        .map(|text| text.replace(r#""level2":"#, r#""market_trades":["BTC-USD"],"level2":"#))
        .collect();
    for text in &texts[..4] {
        stream.handle_input(T0, text.as_bytes());
    }
    let all = events(&mut stream);
    assert!(all.contains(&VenueEvent::Up), "{all:?}");
    let rows: Vec<_> = all
        .iter()
        .filter_map(|event| match event {
            VenueEvent::Market(row) => Some(row),
            _ => None,
        })
        .collect();
    assert!(rows.iter().all(|row| row.flags & GAP == 0));
    let of = |kind| {
        rows.iter()
            .filter(|row| row.event_kind() == Some(kind))
            .count()
    };
    assert_eq!(
        (
            of(EventKind::Clear),
            of(EventKind::Snapshot),
            of(EventKind::Depth)
        ),
        (1, 4, 2)
    );
    stream.handle_input(T0, texts[4].as_bytes());
    let all = events(&mut stream);
    assert!(
        matches!(&all[..], [VenueEvent::Market(row)] if row.flags & GAP != 0),
        "{all:?}"
    );
    // Every book of the connection is suspect: it is opened anew.
    let due = stream.poll_timeout();
    assert!(due.since(T0) < SECOND);
    stream.handle_timeout(due);
    assert_eq!(events(&mut stream), [VenueEvent::Close, VenueEvent::Down]);
    let again = stream.poll_timeout();
    stream.handle_timeout(again);
    assert_eq!(events(&mut stream), [VenueEvent::Open]);
    stream.handle_connected(again);
    for text in &texts[..4] {
        stream.handle_input(again, text.as_bytes());
    }
    let all = events(&mut stream);
    assert!(
        all.contains(&VenueEvent::Up),
        "numbers begin again: {all:?}"
    );
}

#[test]
fn a_stream_is_live_once_every_channel_is_and_a_refusal_ends_it() {
    let mut stream = market();
    events(&mut stream);
    stream.handle_input(T0, confirmed(0, r#""level2":["BTC-USD"]"#).as_bytes());
    assert!(events(&mut stream).is_empty());
    stream.handle_input(T0, confirmed(1, CONFIRMED).as_bytes());
    assert_eq!(events(&mut stream), [VenueEvent::Up]);
    let mut stream = market();
    events(&mut stream);
    stream.handle_input(T0, br#"{"type":"error","message":"no such channel"}"#);
    let all = events(&mut stream);
    assert!(matches!(&all[0], VenueEvent::Notice(text) if text.contains("no such channel")));
    assert!(all.contains(&VenueEvent::Close));
}
