//! The Binance streams as sessions: reports in their order, books that break and come back.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/binance.rs"]
mod binance_support;
mod support;

use binance_support::*;
use py_rt_types::market::GAP;
use py_rt_types::{
    ClientOrderId, EventKind, FeeAsset, Money, Price, Qty, Query, RejectReason, Report, ReportKind,
};
use py_rt_venues::binance::{MarketStream, UserStream};
use py_rt_venues::{
    BookAnswer, Credentials, Fatal, LinkConfig, MarketSession, Session, VenueEvent,
};
use support::rest::SECOND;
use support::streams::books_and_trades;
use support::{connected, credentials, events, written, Tree, T0};

const SUBSCRIBED: &str = r#"{"id":"subscribe","status":200,"result":{"subscriptionId":0}}"#;

fn user_stream() -> UserStream {
    let stream = UserStream::new(LinkConfig::websocket(1), &credentials(), dialect());
    connected(stream)
}

fn up() -> UserStream {
    let mut stream = user_stream();
    assert_eq!(written(&mut stream, T0).len(), 1);
    stream.handle_input(T0, SUBSCRIBED.as_bytes());
    assert!(events(&mut stream).contains(&VenueEvent::Up));
    stream
}

fn told(text: &str) -> Vec<Report> {
    let mut stream = up();
    stream.handle_input(T0, text.as_bytes());
    let all = events(&mut stream).into_iter();
    all.map(|event| match event {
        VenueEvent::Report(report) => report,
        other => panic!("{other:?}"),
    })
    .collect()
}

#[test]
fn the_subscription_is_signed_as_documented() {
    let Some(text) = fixture("signing.json") else {
        return;
    };
    let cases = Tree::parse(&text);
    let secret = support::unquoted(cases.member("hmac_secret").unwrap());
    let cases = cases.member("cases").unwrap().clone().elements();
    let mut checked = 0;
    for case in &cases {
        let member = |name| case.member(name).map(support::unquoted);
        if !member("algorithm").unwrap().starts_with("HMAC") {
            continue;
        }
        let mut signature = Vec::new();
        let signer = py_rt_venues::binance::sign::Signer::new(&secret);
        signer.sign(member("payload").unwrap().as_bytes(), &mut signature);
        assert_eq!(signature, member("signature").unwrap().as_bytes());
        checked += 1;
    }
    assert_eq!(checked, 4);
}

#[test]
fn the_stream_subscribes_and_is_up() {
    let mut stream = user_stream();
    let sent = written(&mut stream, T0);
    let start = concat!(
        r#"{"id":"subscribe","method":"userDataStream.subscribe.signature","params":"#,
        r#"{"apiKey":"KEY","recvWindow":5000,"timestamp":1795186800000,"signature":""#
    );
    assert!(sent[0].starts_with(start), "{sent:?}");
    stream.handle_input(T0, SUBSCRIBED.as_bytes());
    let all = events(&mut stream);
    assert_eq!(all, [VenueEvent::Open, VenueEvent::Up]);
    stream.handle_input(
        T0,
        br#"{"subscriptionId":0,"event":{"e":"eventStreamTerminated","E":1}}"#,
    );
    let all = events(&mut stream);
    assert!(all.contains(&VenueEvent::Close) && all.contains(&VenueEvent::Down));
}

#[test]
fn a_clock_that_differs_is_asked_for_and_a_refused_key_is_the_end() {
    let late = r#"{"id":"subscribe","status":400,"error":{"code":-1021,"msg":"x"}}"#;
    let mut stream = user_stream();
    assert_eq!(written(&mut stream, T0).len(), 1);
    stream.handle_input(T0, late.as_bytes());
    assert_eq!(
        written(&mut stream, T0),
        [r#"{"id":"time","method":"time"}"#]
    );
    let time = r#"{"id":"time","status":200,"result":{"serverTime":1795186860000}}"#;
    stream.handle_input(T0, time.as_bytes());
    let again = written(&mut stream, T0);
    assert!(
        again[0].contains("\"timestamp\":1795186860000"),
        "{again:?}"
    );
    stream.handle_input(T0, late.as_bytes());
    assert!(events(&mut stream).contains(&VenueEvent::Close));

    let mut stream = user_stream();
    let refused = r#"{"id":"subscribe","status":401,"error":{"code":-2015,"msg":"x"}}"#;
    stream.handle_input(T0, refused.as_bytes());
    let all = events(&mut stream);
    assert!(
        all.contains(&VenueEvent::Fatal(Fatal::NotAuthorized)),
        "{all:?}"
    );
}

#[test]
fn reports_say_what_happened() {
    let kind = |text: &str| {
        let all = told(text);
        assert_eq!(all.len(), 1);
        all[0].kind
    };
    assert_eq!(kind(&report("NEW", &[])), ReportKind::Accepted);
    let replaced = report(
        "NEW",
        &[("c", "\"rt-abcdef27-5-1\""), ("q", "\"0.20000000\"")],
    );
    assert_eq!(
        kind(&replaced),
        ReportKind::Replaced {
            order_qty: Qty(20_000),
            limit_price: Some(Price(8_900_000)),
        }
    );
    let ended = |cancel: &'static str| {
        report(
            "CANCELED",
            &[
                ("X", "\"CANCELED\""),
                ("c", cancel),
                ("C", "\"rt-abcdef27-5\""),
                ("z", "\"0.04000000\""),
            ],
        )
    };
    let cum_qty = Qty(4_000);
    assert_eq!(kind(&ended("\"web_7\"")), ReportKind::Canceled { cum_qty });
    assert_eq!(
        kind(&ended("\"rt-abcdef27-5-1_\"")),
        ReportKind::PendingReplace
    );
    let all = told(&ended("\"web_7\""));
    assert_eq!(all[0].client_order_id, ClientOrderId::new(5));
    let refused = report(
        "REJECTED",
        &[
            ("X", "\"REJECTED\""),
            ("r", "\"WOULD_MATCH_IMMEDIATELY\""),
            ("i", "-1"),
        ],
    );
    let reason = RejectReason::WouldCross;
    assert_eq!(kind(&refused), ReportKind::Rejected { reason });
    let expired = report("TRADE_PREVENTION", &[("X", "\"EXPIRED_IN_MATCH\"")]);
    assert_eq!(kind(&expired), ReportKind::Expired { cum_qty: Qty(0) });
}

#[test]
fn the_documented_life_of_an_order_is_read() {
    let Some(text) = fixture("user_data_lifecycle.json") else {
        return;
    };
    let frames = Tree::parse(&text).member("frames").unwrap().clone();
    let mut stream = up();
    for frame in frames.elements() {
        let ours = frame.text().replace("strat1-000002", "rt-abcdef27-5");
        stream.handle_input(T0, ours.as_bytes());
    }
    let all = events(&mut stream);
    let kinds: Vec<ReportKind> = all
        .iter()
        .map(|event| match event {
            VenueEvent::Report(report) => report.kind,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds.len(), 3);
    assert_eq!(kinds[0], ReportKind::Accepted);
    let ReportKind::Fill {
        last_qty,
        cum_qty,
        fee,
        fee_asset,
        ..
    } = kinds[1]
    else {
        panic!("{kinds:?}");
    };
    assert_eq!((last_qty, cum_qty), (Qty(4_000), Qty(4_000)));
    assert_eq!(
        (fee, fee_asset),
        (Money(40_000 * 1_000_000_000), FeeAsset::Base)
    );
    let cum_qty = Qty(4_000);
    assert_eq!(kinds[2], ReportKind::Canceled { cum_qty });
}

#[test]
fn a_fee_in_a_third_asset_is_told_to_a_person() {
    let fill = report(
        "TRADE",
        &[
            ("X", "\"PARTIALLY_FILLED\""),
            ("l", "\"0.04000000\""),
            ("z", "\"0.04000000\""),
            ("L", "\"89000.00000000\""),
            ("n", "\"0.00500000\""),
            ("N", "\"BNB\""),
            ("t", "58"),
        ],
    );
    let mut stream = up();
    stream.handle_input(T0, fill.as_bytes());
    let all = events(&mut stream);
    assert!(
        matches!(&all[1], VenueEvent::Notice(text) if text.contains("BNB")),
        "{all:?}"
    );
}

#[test]
fn a_report_that_cannot_be_read_is_asked_for() {
    let mut stream = up();
    let wrong = report("TRADE", &[("l", "\"x\""), ("z", "\"x\"")]);
    stream.handle_input(T0, wrong.as_bytes());
    let all = events(&mut stream);
    let question = Query::Order {
        client_order_id: ClientOrderId::new(5),
        instrument: BTCUSDT,
    };
    assert!(all.contains(&VenueEvent::Ask(question)), "{all:?}");
    stream.handle_input(T0, b"{\"subscriptionId\":0,\"event\":");
    let all = events(&mut stream);
    assert!(
        all.ends_with(&[VenueEvent::Down, VenueEvent::Up]),
        "{all:?}"
    );
}

fn market_stream() -> MarketStream {
    let mut stream = connected(MarketStream::new(books_and_trades(), dialect().symbols));
    let sent = written(&mut stream, T0);
    let subscribe =
        r#"{"method":"SUBSCRIBE","params":["btcusdt@trade","btcusdt@depth@100ms"],"id":1}"#;
    assert_eq!(sent, [subscribe]);
    stream.handle_input(T0, br#"{"result":null,"id":1}"#);
    stream.handle_timeout(T0);
    let all = events(&mut stream);
    let ask = VenueEvent::AskBook(BTCUSDT);
    assert_eq!(all, [VenueEvent::Open, VenueEvent::Up, ask]);
    stream
}

fn depth(first: u64, last: u64) -> String {
    format!(
        r#"{{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":1795186800000,
        "s":"BTCUSDT","U":{first},"u":{last},"b":[["90000.00","1.5"]],"a":[]}}}}"#
    )
}

fn book(last: u64) -> BookAnswer {
    let body = format!(
        r#"{{"lastUpdateId":{last},"bids":[["90000.00","1.0"]],"asks":[["90000.01","0.75"]]}}"#
    );
    BookAnswer {
        instrument: BTCUSDT,
        body: body.into_bytes(),
    }
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
fn a_book_is_a_snapshot_and_the_changes_behind_it() {
    let mut stream = market_stream();
    stream.handle_input(T0, depth(990, 995).as_bytes());
    stream.handle_input(T0, depth(996, 1002).as_bytes());
    assert!(
        rows(&mut stream).is_empty(),
        "changes wait for the whole book"
    );
    stream.handle_book(T0, &book(1000));
    let told = rows(&mut stream);
    let kinds: Vec<_> = told.iter().map(|row| row.0).collect();
    let (clear, snapshot) = (Some(EventKind::Clear), Some(EventKind::Snapshot));
    assert_eq!(kinds, [clear, snapshot, snapshot, Some(EventKind::Depth)]);
    stream.handle_input(T0, depth(1003, 1003).as_bytes());
    assert_eq!(rows(&mut stream), [(Some(EventKind::Depth), false)]);
    // A hole in the chain: the book is invalid at once, and asked for again.
    stream.handle_input(T0, depth(1005, 1006).as_bytes());
    assert!(rows(&mut stream)[0].1);
    let later = stream.poll_timeout();
    assert!(later.since(T0) <= SECOND);
    stream.handle_timeout(later);
    assert_eq!(events(&mut stream), [VenueEvent::AskBook(BTCUSDT)]);
    // A whole book from before the hole is of no use; the next one is.
    stream.handle_book(later, &book(1003));
    stream.handle_timeout(stream.poll_timeout());
    assert!(events(&mut stream).contains(&VenueEvent::AskBook(BTCUSDT)));
    stream.handle_book(later, &book(1006));
    assert!(rows(&mut stream).iter().all(|row| !row.1));
    stream.handle_input(later, depth(1007, 1008).as_bytes());
    assert_eq!(rows(&mut stream), [(Some(EventKind::Depth), false)]);
}

#[test]
fn a_lost_connection_breaks_the_book() {
    let mut stream = market_stream();
    stream.handle_book(T0, &book(1000));
    assert!(!rows(&mut stream).is_empty());
    stream.handle_disconnected(T0);
    let all = events(&mut stream);
    let gap = |event: &VenueEvent| matches!(event, VenueEvent::Market(row) if row.flags & GAP != 0);
    assert!(
        all.iter().any(gap) && all.contains(&VenueEvent::Down),
        "{all:?}"
    );
}

#[test]
fn secrets_are_not_printed() {
    let credentials = Credentials {
        key_id: "KEY".into(),
        secret_key: "CANARY".into(),
    };
    let stream = UserStream::new(LinkConfig::websocket(1), &credentials, dialect());
    assert!(!format!("{stream:?}").contains("CANARY"));
}
