//! Market data messages to rows, and the life of both stream sessions.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use py_rt_types::market::{END, GAP};
use py_rt_types::{Bar, InstrumentId, MarketEvent, Price, Qty, UnixNanos};
use py_rt_venues::alpaca::{Feed, MarketStream, MarketStreamConfig};
use py_rt_venues::{Fatal, LinkConfig, Session, VenueEvent};
use support::*;

const LOT: i64 = 1_000_000_000;
const SECOND: i64 = 1_000_000_000;

fn session(feed: Feed) -> MarketStream {
    let config = MarketStreamConfig {
        link: LinkConfig::websocket(1),
        credentials: credentials(),
        feed,
        trades: true,
        quotes: true,
        bars: true,
        books: true,
    };
    MarketStream::new(config, dialect().symbols)
}

fn live(feed: Feed) -> MarketStream {
    let mut stream = session(feed);
    stream.handle_timeout(T0);
    stream.handle_connected(T0);
    stream.handle_input(T0, br#"[{"T":"success","msg":"connected"}]"#);
    stream.handle_input(T0, br#"[{"T":"success","msg":"authenticated"}]"#);
    stream.handle_input(T0, br#"[{"T":"subscription","trades":[]}]"#);
    assert_eq!(events(&mut stream), [VenueEvent::Open, VenueEvent::Up]);
    written(&mut stream, T0);
    stream
}

fn of(text: &str) -> Vec<VenueEvent> {
    let mut stream = live(Feed::Crypto);
    stream.handle_input(T0, text.as_bytes());
    events(&mut stream)
}

fn row(id: InstrumentId, ns: i64, kind: u8, side: i8, flags: u16, level: (i64, i64)) -> VenueEvent {
    VenueEvent::Market(MarketEvent {
        ts_event: UnixNanos(T0.0 + ns),
        ts_recv: T0,
        instrument: id,
        kind,
        side,
        flags,
        price: Price(level.0),
        qty: Qty(level.1),
        order_id: 0,
    })
}

#[test]
fn trades_and_quotes_become_rows() {
    let ns = 123_456_789;
    assert_eq!(
        of(TRADE),
        [row(AAPL, ns, 1, 0, END, (1_900_000, 100 * LOT))]
    );
    let taken = row(BTC, 327_000_000, 1, 1, END, (120_001, 42_919_000));
    assert_eq!(of(CRYPTO_TRADE), [taken]);
    let expected = [
        row(AAPL, ns, 4, 1, 0, (1_899_900, 200 * LOT)),
        row(AAPL, ns, 4, -1, END, (1_900_100, 300 * LOT)),
    ];
    assert_eq!(of(QUOTE), expected);
    let one_sided = of(&QUOTE.replace("189.99", "0"));
    assert_eq!(
        one_sided,
        [row(AAPL, ns, 4, 1, 0, (0, 0)), expected[1].clone()]
    );
}

#[test]
fn bars_are_seen_at_their_end() {
    let expected = Bar {
        ts_open: T0,
        ts_close: T0.plus(60 * SECOND),
        instrument: AAPL,
        flags: 0,
        open: Price(1_900_000),
        high: Price(1_905_000),
        low: Price(1_895_000),
        close: Price(1_902_000),
        volume: 1000.0,
    };
    assert_eq!(of(BAR), [VenueEvent::Bar(expected)]);
    let twisted = of(&BAR.replace("\"h\":190.5", "\"h\":189.9"));
    assert!(matches!(twisted[..], [VenueEvent::Quarantined(m)] if m.field == "h"));
}

#[test]
fn off_the_tick_is_malformed_and_the_rest_of_the_frame_stands() {
    let bad = CRYPTO_TRADE.replace("60000.5", "60000.3");
    let frame = format!(
        "{},{}",
        bad.trim_end_matches(']'),
        TRADE.trim_start_matches('[')
    );
    let mut stream = live(Feed::Crypto);
    stream.handle_input(T0, frame.as_bytes());
    let seen = events(&mut stream);
    assert!(matches!(seen[0], VenueEvent::Quarantined(m) if m.field == "p"));
    assert!(matches!(seen[1..], [VenueEvent::Market(_)]));
    assert_eq!(stream.counters().malformed, 1);
}

#[test]
fn a_book_is_a_clear_its_levels_and_an_end() {
    let ns = 500_000_000;
    let expected = [
        row(BTC, ns, 2, 0, 0, (0, 0)),
        row(BTC, ns, 3, 1, 0, (120_000, 400_000_000)),
        row(BTC, ns, 3, 1, 0, (119_999, 1_200_000_000)),
        row(BTC, ns, 3, -1, END, (120_002, 500_000_000)),
    ];
    let mut stream = live(Feed::Crypto);
    stream.handle_input(T0, BOOK_CHANGE.as_bytes());
    assert_eq!(
        events(&mut stream),
        [],
        "a change before the snapshot is dropped"
    );
    stream.handle_input(T0, BOOK.as_bytes());
    assert_eq!(events(&mut stream), expected);
    stream.handle_input(T0, BOOK_CHANGE.as_bytes());
    let removed = row(BTC, 600_000_000, 0, 1, END, (119_999, 0));
    assert_eq!(events(&mut stream), [removed]);
    let empty = BOOK.replace(r#"{"p":60000.0,"s":0.4},{"p":59999.5,"s":1.2}"#, "");
    let empty = empty.replace(r#"{"p":60001.0,"s":0.5}"#, "");
    assert_eq!(of(&empty), [row(BTC, ns, 2, 0, END, (0, 0))]);
}

#[test]
fn a_book_that_broke_says_so_and_is_asked_for_again() {
    let mut stream = live(Feed::Crypto);
    stream.handle_input(T0, BOOK.as_bytes());
    events(&mut stream);
    stream.handle_input(T0, BOOK_CHANGE.replace("59999.5", "59999.7").as_bytes());
    let seen = events(&mut stream);
    assert_eq!(seen[1..], [row(BTC, 0, 2, 0, END | GAP, (0, 0))]);
    stream.handle_input(T0, BOOK_CHANGE.as_bytes());
    assert_eq!(events(&mut stream), []);
    let due = stream.poll_timeout();
    assert_eq!(due, T0.plus(SECOND));
    stream.handle_timeout(due);
    let expected = [
        r#"{"action":"unsubscribe","orderbooks":["BTC/USD"]}"#,
        r#"{"action":"subscribe","orderbooks":["BTC/USD"]}"#,
    ];
    assert_eq!(written(&mut stream, due), expected);
    stream.handle_input(due, BOOK.as_bytes());
    stream.handle_input(due, BOOK_CHANGE.as_bytes());
    assert_eq!(events(&mut stream).len(), 5);
    stream.handle_disconnected(due);
    let seen = events(&mut stream);
    assert!(
        matches!(seen[..], [VenueEvent::Market(gap), VenueEvent::Down] if gap.flags == END | GAP)
    );
}

#[test]
fn the_data_session_greets_and_subscribes() {
    let mut stream = session(Feed::Stocks);
    assert_eq!(stream.poll_timeout(), UnixNanos::MIN);
    stream.handle_timeout(T0);
    assert_eq!(events(&mut stream), [VenueEvent::Open]);
    stream.handle_connected(T0);
    assert_eq!(written(&mut stream, T0), [""; 0]);
    stream.handle_input(T0, br#"[{"T":"success","msg":"connected"}]"#);
    let auth = r#"{"action":"auth","key":"KEY","secret":"SE\"CRET"}"#;
    assert_eq!(written(&mut stream, T0), [auth]);
    stream.handle_input(T0, br#"[{"T":"success","msg":"authenticated"}]"#);
    let subscribe = r#"{"action":"subscribe","trades":["AAPL"],"quotes":["AAPL"],"bars":["AAPL"]}"#;
    assert_eq!(written(&mut stream, T0), [subscribe]);
    // No subscription answer: the attempt is given up.
    let due = stream.poll_timeout();
    stream.handle_timeout(due);
    let told = "the market stream did not open within 10 s and is connected again";
    assert_eq!(
        events(&mut stream),
        [VenueEvent::Notice(told.into()), VenueEvent::Close]
    );
}

#[test]
fn refusals_of_the_data_stream_have_their_own_reactions() {
    let refuse = |code: u32| {
        let mut stream = live(Feed::Crypto);
        stream.handle_input(
            T0,
            format!(r#"[{{"T":"error","code":{code},"msg":"x"}}]"#).as_bytes(),
        );
        let seen = events(&mut stream);
        let fatal = seen.iter().find_map(|event| match event {
            VenueEvent::Fatal(fatal) => Some(*fatal),
            _ => None,
        });
        let closed = seen.contains(&VenueEvent::Close);
        (closed, fatal, stream.poll_timeout().since(T0))
    };
    assert!(!refuse(403).0);
    for (code, fatal) in [
        (400, Fatal::Protocol),
        (402, Fatal::NotAuthorized),
        (405, Fatal::NotSubscribed),
        (409, Fatal::NotSubscribed),
        (411, Fatal::NotAuthorized),
    ] {
        let (closed, seen, wait) = refuse(code);
        assert!(
            closed && seen == Some(fatal) && wait > 1000 * SECOND,
            "{code}"
        );
    }
    for code in [404, 407, 500, 999] {
        let (closed, fatal, wait) = refuse(code);
        assert!(closed && fatal.is_none() && wait <= SECOND, "{code}");
    }
    assert_eq!(refuse(406).2, 30 * SECOND);
}

#[test]
fn the_trading_session_greets_pings_and_gives_up() {
    let mut stream = streams::trading();
    let auth = r#"{"action":"authenticate","data":{"key_id":"KEY","secret_key":"SE\"CRET"}}"#;
    assert_eq!(written(&mut stream, T0), [auth]);
    stream.handle_input(
        T0,
        br#"{"stream":"authorization","data":{"status":"authorized","action":"authenticate"}}"#,
    );
    let listen = r#"{"action":"listen","data":{"streams":["trade_updates"]}}"#;
    assert_eq!(written(&mut stream, T0), [listen]);
    stream.handle_input(
        T0,
        br#"{"stream":"listening","data":{"streams":["trade_updates"]}}"#,
    );
    assert_eq!(events(&mut stream), [VenueEvent::Open, VenueEvent::Up]);
    let now = stream.poll_timeout();
    stream.handle_timeout(now);
    assert_eq!(written(&mut stream, now), ["PING"]);
    stream.handle_pong(now.plus(SECOND));
    let now = T0.plus(60 * SECOND);
    stream.handle_timeout(now);
    let told = "the account stream said nothing for 30 s and is connected again";
    let expected = [
        VenueEvent::Notice(told.into()),
        VenueEvent::Close,
        VenueEvent::Down,
    ];
    assert_eq!(events(&mut stream), expected);
    stream.handle_timeout(stream.poll_timeout());
    assert_eq!(events(&mut stream), [VenueEvent::Open]);
}

#[test]
fn a_bad_key_stops_the_trading_session() {
    let mut stream = streams::trading();
    stream.handle_input(
        T0,
        br#"{"stream":"authorization","data":{"status":"unauthorized","action":"authenticate"}}"#,
    );
    let expected = [
        VenueEvent::Open,
        VenueEvent::Fatal(Fatal::NotAuthorized),
        VenueEvent::Close,
    ];
    assert_eq!(events(&mut stream), expected);
    assert_eq!(stream.poll_timeout(), UnixNanos::MAX);
}

#[test]
fn the_fixture_session_and_messages_are_understood() {
    if let Some(text) = fixture("ws_data_session.json") {
        let mut stream = session(Feed::Stocks);
        stream.handle_timeout(T0);
        stream.handle_connected(T0);
        for step in Tree::parse(&text).elements() {
            if unquoted(step.member("dir").unwrap()) == "s2c" {
                stream.handle_input(T0, step.member("msg").unwrap().text().as_bytes());
            }
        }
        assert_eq!(events(&mut stream), [VenueEvent::Open, VenueEvent::Up]);
    }
    if let Some(text) = fixture("ws_data_messages.json") {
        let mut stream = live(Feed::Crypto);
        stream.handle_input(T0, text.as_bytes());
        let seen = events(&mut stream);
        assert_eq!(seen.len(), 1 + 2 + 1 + 4 + 1 + 1, "{seen:?}");
        assert_eq!(stream.counters().malformed, 0);
        assert_eq!(stream.counters().foreign, 7);
    }
}
