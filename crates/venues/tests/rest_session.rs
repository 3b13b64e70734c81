//! The request session against scripted answers: what goes out, what comes of it, what never does.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use py_rt_types::{
    AccountReport, CancelOrder, ClientOrderId, Money, NewOrder, OrderStatus, OrderType, Price, Qty,
    Query, RejectReason, ReplaceOrder, ReportKind, Side, TimeInForce, UnixNanos, VenueOrderId,
};
use py_rt_venues::alpaca::{Encoder, RestConfig, RestSession, VenueRequest};
use py_rt_venues::{Fatal, Session, VenueEvent};
use support::*;

const LOT: i64 = 1_000_000_000;
const SECOND: i64 = 1_000_000_000;

fn new_order() -> NewOrder {
    NewOrder {
        client_order_id: ClientOrderId::new(5),
        instrument: AAPL,
        side: Side::Buy,
        order_type: OrderType::Limit,
        tif: TimeInForce::Day,
        order_qty: Qty(200 * LOT),
        limit_price: Some(Price(1_900_200)),
        stop_price: None,
        post_only: false,
        reduce_only: false,
    }
}

fn cancel(venue_order_id: u128) -> VenueRequest {
    VenueRequest::Cancel(CancelOrder {
        client_order_id: ClientOrderId::new(5),
        venue_order_id: VenueOrderId(venue_order_id),
        instrument: AAPL,
    })
}

fn replace() -> VenueRequest {
    VenueRequest::Replace(ReplaceOrder {
        client_order_id: ClientOrderId {
            sequence: 5,
            revision: 1,
        },
        venue_order_id: VenueOrderId(VENUE_ID),
        instrument: AAPL,
        order_qty: Qty(2 * LOT + LOT / 2),
        limit_price: Some(Price(1_910_000)),
    })
}

const LOOKUP: VenueRequest = VenueRequest::Query(Query::Order {
    client_order_id: ClientOrderId::new(5),
    instrument: AAPL,
});

fn live() -> RestSession {
    let encoder = Encoder::try_new("127.0.0.1:9", &credentials_plain(), dialect()).unwrap();
    let mut session = RestSession::new(RestConfig::new(1), encoder);
    session.handle_timeout(T0);
    session.handle_connected(T0);
    assert_eq!(events(&mut session), [VenueEvent::Open]);
    session
}

fn credentials_plain() -> py_rt_venues::alpaca::Credentials {
    let mut credentials = credentials();
    credentials.secret_key = "SECRET".into();
    credentials
}

fn answer(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// First line and body of the one request that is due.
fn request(session: &mut RestSession) -> (String, String) {
    let all = written(session, T0);
    let [text] = all.as_slice() else {
        panic!("{all:?}");
    };
    assert!(text.contains("\r\nAPCA-API-KEY-ID: KEY\r\nAPCA-API-SECRET-KEY: SECRET\r\n"));
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let line = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1");
    (line.to_string(), body.to_string())
}

fn exchange(ask: VenueRequest, status: u16, body: &str) -> Vec<VenueEvent> {
    let mut session = live();
    session.handle_request(T0, ask);
    request(&mut session);
    session.handle_input(T0, &answer(status, "", body));
    events(&mut session)
}

fn kind(ask: VenueRequest, status: u16, body: &str) -> ReportKind {
    let all = exchange(ask, status, body);
    match all
        .iter()
        .find(|event| matches!(event, VenueEvent::Report(_)))
    {
        Some(VenueEvent::Report(report)) => report.kind,
        _ => panic!("{all:?}"),
    }
}

#[test]
fn requests_are_written_as_the_venue_reads_them() {
    let mut session = live();
    session.handle_request(T0, VenueRequest::New(new_order()));
    let (line, body) = request(&mut session);
    assert_eq!(line, "POST /v2/orders");
    assert_eq!(
        body,
        concat!(
            r#"{"symbol":"AAPL","qty":"200","side":"buy","type":"limit","time_in_force":"day","#,
            r#""limit_price":"190.02","client_order_id":"rt-abcdef27-5"}"#
        )
    );
    let line = |ask: VenueRequest| {
        let mut session = live();
        session.handle_request(T0, ask);
        request(&mut session)
    };
    let (path, body) = line(replace());
    assert_eq!(path, format!("PATCH /v2/orders/{UUID}"));
    assert_eq!(
        body,
        r#"{"qty":"2.5","limit_price":"191","client_order_id":"rt-abcdef27-5-1"}"#
    );
    assert_eq!(
        line(cancel(VENUE_ID)),
        (format!("DELETE /v2/orders/{UUID}"), String::new())
    );
    let lookup = "GET /v2/orders:by_client_order_id?client_order_id=rt-abcdef27-5";
    assert_eq!(line(LOOKUP).0, lookup);
    assert_eq!(
        line(cancel(0)).0,
        lookup,
        "an unknown id is looked up first"
    );
    let open = "GET /v2/orders?status=open&limit=500&nested=false&direction=asc";
    assert_eq!(line(VenueRequest::Query(Query::OpenOrders)).0, open);
    let fills = "GET /v2/account/activities/FILL?page_size=100&direction=asc&\
                 after=2026-11-20T14%3A59%3A59.000000000Z";
    assert_eq!(
        line(VenueRequest::Query(Query::Fills { since: T0 })).0,
        fills
    );
    assert_eq!(
        line(VenueRequest::Query(Query::Positions)).0,
        "GET /v2/positions"
    );
    assert_eq!(
        line(VenueRequest::Query(Query::Account)).0,
        "GET /v2/account"
    );
    assert_eq!(line(VenueRequest::Clock).0, "GET /v2/clock");
    assert_eq!(line(VenueRequest::Asset(BTC)).0, "GET /v2/assets/BTC/USD");
}

fn bent(change: impl FnOnce(&mut NewOrder)) -> NewOrder {
    let mut order = new_order();
    change(&mut order);
    order
}

fn crypto(tif: TimeInForce) -> NewOrder {
    bent(|order| {
        order.instrument = BTC;
        order.limit_price = Some(Price(120_000));
        order.tif = tif;
    })
}

#[test]
fn what_alpaca_cannot_do_is_refused_before_it_is_sent() {
    use RejectReason::{BadPrice, BadQty, NotSupported};
    let half = bent(|order| (order.order_qty, order.tif) = (Qty(LOT / 2), TimeInForce::Gtc));
    let nowhere = bent(|order| order.instrument = py_rt_types::InstrumentId(9));
    let mut stop = crypto(TimeInForce::Gtc);
    (stop.order_type, stop.stop_price) = (OrderType::Stop, stop.limit_price.take());
    let cases = [
        (bent(|order| order.post_only = true), NotSupported),
        (crypto(TimeInForce::Fok), NotSupported),
        (crypto(TimeInForce::Day), NotSupported),
        (stop, NotSupported),
        (bent(|order| order.order_qty = Qty(0)), BadQty),
        (bent(|order| order.limit_price = None), BadPrice),
        (
            bent(|order| order.limit_price = Some(Price(1_900_201))),
            BadPrice,
        ),
        (bent(|order| order.limit_price = Some(Price(0))), BadPrice),
        (half, NotSupported),
        (nowhere, NotSupported),
    ];
    for (order, reason) in cases {
        let mut session = live();
        session.handle_request(T0, VenueRequest::New(order));
        assert_eq!(written(&mut session, T0), [""; 0], "{order:?}");
        let all = events(&mut session);
        let [VenueEvent::Notice(_), VenueEvent::Report(report)] = all.as_slice() else {
            panic!("{order:?}: {all:?}");
        };
        assert_eq!(report.kind, ReportKind::Rejected { reason }, "{order:?}");
    }
}

#[test]
fn what_alpaca_can_do_is_sent() {
    let penny = bent(|order| order.limit_price = Some(Price(9_999)));
    let reduce = bent(|order| order.reduce_only = true);
    for good in [
        penny,
        reduce,
        crypto(TimeInForce::Ioc),
        crypto(TimeInForce::Gtc),
    ] {
        let mut session = live();
        session.handle_request(T0, VenueRequest::New(good));
        assert_eq!(written(&mut session, T0).len(), 1, "{good:?}");
    }
}

#[test]
fn answers_to_orders_become_reports() {
    let new = VenueRequest::New(new_order());
    assert_eq!(kind(new, 200, &order(&[])), ReportKind::Accepted);
    let status = |word: &str| order(&[("status", &format!("\"{word}\""))]);
    assert_eq!(kind(new, 200, &status("pending_new")), ReportKind::Accepted);
    let reason = RejectReason::Venue;
    assert_eq!(
        kind(new, 200, &status("rejected")),
        ReportKind::Rejected { reason }
    );
    let filled = order(&[("status", "\"filled\""), ("filled_qty", "\"200\"")]);
    let ReportKind::Snapshot {
        status: state,
        cum_qty,
        ..
    } = kind(new, 200, &filled)
    else {
        panic!("no snapshot");
    };
    assert_eq!((state, cum_qty), (OrderStatus::Filled, Qty(200 * LOT)));
    assert!(matches!(
        kind(new, 200, &status("brand_new_word")),
        ReportKind::Snapshot {
            status: OrderStatus::Unknown,
            ..
        }
    ));
    assert_eq!(kind(cancel(VENUE_ID), 204, ""), ReportKind::PendingCancel);
    assert_eq!(
        kind(replace(), 200, &status("accepted")),
        ReportKind::PendingReplace
    );
    assert!(matches!(
        kind(replace(), 200, &status("new")),
        ReportKind::Replaced { .. }
    ));
    assert_eq!(
        kind(replace(), 200, &status("rejected")),
        ReportKind::ReplaceRejected { reason }
    );
    assert!(matches!(
        kind(LOOKUP, 200, &status("canceled")),
        ReportKind::Snapshot {
            status: OrderStatus::Canceled,
            ..
        }
    ));
}

#[test]
fn silence_and_nonsense_are_unknown_never_rejected() {
    let new = VenueRequest::New(new_order());
    let other = order(&[("client_order_id", "\"rt-abcdef27-6\"")]);
    for (status, body) in [
        (
            500,
            r#"{"code":50010000,"message":"internal server error occurred"}"#,
        ),
        (504, "<html>gateway timeout</html>"),
        (503, ""),
        (403, "<html>forbidden</html>"),
        (302, ""),
        (200, ""),
        (200, "{}"),
        (200, "<html>"),
        (200, other.as_str()),
        (404, r#"{"code":40410000,"message":"?"}"#),
        (
            422,
            r#"{"code":40010001,"message":"client_order_id must be unique"}"#,
        ),
        (422, r#"{"code":40010001,"message":"a text nobody knows"}"#),
        (422, r#"{"code":49999999,"message":"qty"}"#),
        (418, r#"{"message":"?"}"#),
    ] {
        assert_eq!(
            kind(new, status, body),
            ReportKind::NewUnanswered,
            "{status} {body}"
        );
    }
    assert_eq!(kind(replace(), 500, ""), ReportKind::ReplaceUnanswered);
    assert_eq!(
        kind(cancel(VENUE_ID), 500, ""),
        ReportKind::CancelUnanswered
    );
    assert_eq!(kind(LOOKUP, 500, ""), ReportKind::QueryUnanswered);

    for end in ["time-out", "reset", "garbage", "half"] {
        let mut session = live();
        session.handle_request(T0, new);
        request(&mut session);
        match end {
            "time-out" => {
                assert_eq!(session.poll_timeout(), T0.plus(5 * SECOND));
                session.handle_timeout(T0.plus(5 * SECOND));
            }
            "reset" => session.handle_disconnected(T0),
            "garbage" => session.handle_input(T0, b"SMTP ready\r\n\r\n"),
            _ => {
                session.handle_input(T0, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{");
                session.handle_disconnected(T0);
            }
        }
        let all = events(&mut session);
        let unknown = all.iter().any(
            |event| matches!(event, VenueEvent::Report(r) if r.kind == ReportKind::NewUnanswered),
        );
        assert!(unknown, "{end}: {all:?}");
        assert!(!session.is_idle());
    }
}

#[test]
fn the_error_fixture_is_judged_row_by_row() {
    let Some(text) = fixture("errors.json") else {
        return;
    };
    use RejectReason::{BadPrice, BadQty, InsufficientFunds, NotAuthorized, NotSupported, Venue};
    let expected = [
        Some(NotAuthorized),
        Some(NotAuthorized),
        Some(NotAuthorized),
        Some(InsufficientFunds),
        Some(InsufficientFunds),
        Some(InsufficientFunds),
        Some(Venue),
        Some(Venue),
        Some(Venue),
        None,
        None,
        None,
        Some(BadQty),
        Some(BadPrice),
        Some(Venue),
        Some(Venue),
        Some(NotSupported),
        Some(Venue),
        None,
        None,
    ];
    for (row, expected) in Tree::parse(&text).elements().iter().zip(expected) {
        let status: u16 = row.member("http").unwrap().text().parse().unwrap();
        let body = match row.member("body").unwrap() {
            Tree::Leaf(_) => unquoted(row.member("body").unwrap()),
            tree => tree.text(),
        };
        let expected = match expected {
            Some(reason) => ReportKind::Rejected { reason },
            None => ReportKind::NewUnanswered,
        };
        assert_eq!(
            kind(VenueRequest::New(new_order()), status, &body),
            expected,
            "{body}"
        );
    }
    let late = r#"{"code":42210000,"message":"order is already in \"filled\" state"}"#;
    let reason = RejectReason::TooLate;
    assert_eq!(
        kind(cancel(VENUE_ID), 422, late),
        ReportKind::CancelRejected { reason }
    );
    let gone = r#"{"code":40410000,"message":"order not found for x"}"#;
    let reason = RejectReason::UnknownOrder;
    assert_eq!(
        kind(cancel(VENUE_ID), 404, gone),
        ReportKind::CancelRejected { reason }
    );
    assert_eq!(
        kind(cancel(0), 404, gone),
        ReportKind::CancelRejected { reason }
    );
    assert_eq!(kind(LOOKUP, 404, gone), ReportKind::NotFound);
}

#[test]
fn a_cancel_without_venue_id_looks_the_order_up() {
    let mut session = live();
    session.handle_request(T0, cancel(0));
    request(&mut session);
    session.handle_input(T0, &answer(200, "", &order(&[])));
    assert_eq!(events(&mut session), []);
    assert_eq!(request(&mut session).0, format!("DELETE /v2/orders/{UUID}"));
    session.handle_input(T0, &answer(204, "", ""));
    assert!(matches!(events(&mut session)[..],
        [VenueEvent::Report(r)] if r.kind == ReportKind::PendingCancel));
}

#[test]
fn a_replaced_order_is_followed_to_the_one_that_stands() {
    let mut session = live();
    session.handle_request(T0, LOOKUP);
    request(&mut session);
    let next = format!("\"{UUID_2}\"");
    let old = order(&[("status", "\"replaced\""), ("replaced_by", &next)]);
    session.handle_input(T0, &answer(200, "", &old));
    assert_eq!(request(&mut session).0, format!("GET /v2/orders/{UUID_2}"));
    let new = order(&[("id", &next), ("client_order_id", "\"rt-abcdef27-5-1\"")]);
    session.handle_input(T0, &answer(200, "", &new));
    let all = events(&mut session);
    assert!(matches!(all[..], [VenueEvent::Report(r)]
        if r.client_order_id.revision == 1 && r.venue_order_id == VenueOrderId(VENUE_ID_2)));
}

#[test]
fn a_quota_refuses_risk_and_keeps_cancels() {
    let mut session = live();
    session.handle_request(T0, VenueRequest::New(new_order()));
    request(&mut session);
    let reset = T0.0 / SECOND + 7;
    let limited = answer(429, &format!("X-RateLimit-Reset: {reset}\r\n"), "");
    session.handle_input(T0, &limited);
    let retry_at = T0.plus(7 * SECOND);
    let all = events(&mut session);
    assert_eq!(all[0], VenueEvent::Limited { retry_at });
    let venue = ReportKind::Rejected {
        reason: RejectReason::Venue,
    };
    assert!(matches!(all[1], VenueEvent::Report(r) if r.kind == venue));

    session.handle_request(T0, cancel(VENUE_ID));
    session.handle_request(T0, VenueRequest::New(new_order()));
    assert_eq!(written(&mut session, T0), [""; 0]);
    assert!(events(&mut session)
        .iter()
        .any(|e| matches!(e, VenueEvent::Report(r) if r.kind == venue)));
    assert_eq!(session.poll_timeout(), retry_at);
    session.handle_timeout(retry_at);
    let sent = written(&mut session, retry_at);
    assert!(sent[0].starts_with("DELETE"), "{sent:?}");

    // The last requests of a minute are for cancels and questions.
    let told = format!(
        "X-RateLimit-Remaining: 10\r\nX-RateLimit-Reset: {}\r\n",
        reset + 60
    );
    session.handle_input(retry_at, &answer(204, &told, ""));
    session.handle_request(retry_at, VenueRequest::New(new_order()));
    session.handle_request(retry_at, LOOKUP);
    let sent = written(&mut session, retry_at);
    assert!(sent.len() == 1 && sent[0].starts_with("GET"), "{sent:?}");
    assert_eq!(session.rate_limit().remaining, Some(10));
}

#[test]
fn a_bad_key_refuses_new_orders_for_good_and_says_so_once() {
    let mut session = live();
    for _ in 0..2 {
        session.handle_request(T0, LOOKUP);
        request(&mut session);
        session.handle_input(T0, &answer(401, "", r#"{"message":"unauthorized"}"#));
    }
    session.handle_request(T0, VenueRequest::New(new_order()));
    assert_eq!(written(&mut session, T0), [""; 0]);
    let all = events(&mut session);
    let fatal = VenueEvent::Fatal(Fatal::NotAuthorized);
    assert_eq!(all.iter().filter(|event| **event == fatal).count(), 1);
    let reason = RejectReason::NotAuthorized;
    let Some(VenueEvent::Report(last)) = all.last() else {
        panic!("{all:?}");
    };
    assert_eq!(last.kind, ReportKind::Rejected { reason });
}

#[test]
fn what_was_never_sent_was_never_accepted() {
    let mut session = live();
    session.handle_disconnected(T0);
    session.handle_request(T0, VenueRequest::New(new_order()));
    session.handle_request(T0, VenueRequest::Query(Query::Positions));
    assert_eq!(written(&mut session, T0), [""; 0]);
    session.handle_timeout(T0.plus(SECOND));
    let all = events(&mut session);
    let reason = RejectReason::NeverAccepted;
    assert!(all
        .iter()
        .any(|e| matches!(e, VenueEvent::Report(r) if r.kind == ReportKind::Rejected { reason })));
    assert!(all.contains(&VenueEvent::Account(AccountReport::Failed(
        Query::Positions
    ))));
    assert!(all.contains(&VenueEvent::Open));
}

#[test]
fn a_polite_end_of_the_connection_opens_the_next_at_once() {
    let mut session = live();
    session.handle_request(T0, cancel(VENUE_ID));
    session.handle_request(T0, LOOKUP);
    request(&mut session);
    session.handle_input(T0, b"HTTP/1.1 204 X\r\nConnection: close\r\n\r\n");
    let all = events(&mut session);
    assert!(matches!(
        all[..],
        [VenueEvent::Report(_), VenueEvent::Close]
    ));
    assert_eq!(session.poll_timeout(), T0);
    session.handle_timeout(T0);
    assert_eq!(events(&mut session), [VenueEvent::Open]);
    session.handle_connected(T0);
    assert!(request(&mut session).0.starts_with("GET"));
}

#[test]
fn lists_are_read_to_their_last_page() {
    let mut session = live();
    let query = Query::Fills {
        since: UnixNanos(0),
    };
    session.handle_request(T0, VenueRequest::Query(query));
    request(&mut session);
    let row = FILLS.trim_matches(['[', ']']);
    let page = |n: usize| format!("[{}]", vec![row; n].join(","));
    session.handle_input(T0, &answer(200, "", &page(100)));
    assert_eq!(events(&mut session).len(), 100);
    let token = "&page_token=20261120100000981%3A%3A2d7be4ff-d1f3-43e9-856a-0f5cf5c5088e";
    assert!(request(&mut session).0.ends_with(token));
    session.handle_input(T0, &answer(200, "", &page(3)));
    let all = events(&mut session);
    assert_eq!(all.len(), 4);
    assert_eq!(all[3], VenueEvent::Account(AccountReport::Done(query)));

    // A venue that repeats a page for ever is not followed.
    session.handle_request(T0, VenueRequest::Query(query));
    for _ in 0..2 {
        request(&mut session);
        session.handle_input(T0, &answer(200, "", &page(100)));
    }
    assert_eq!(
        events(&mut session).last(),
        Some(&VenueEvent::Account(AccountReport::Failed(query)))
    );
    assert!(session.is_idle());
}

#[test]
fn a_row_that_cannot_be_read_fails_the_list_and_loses_nothing_else() {
    let bad = order(&[("qty", "\"x\"")]);
    let body = format!(
        "[{},{bad},{}]",
        order(&[]),
        order(&[("symbol", "\"TSLA\"")])
    );
    let all = exchange(VenueRequest::Query(Query::OpenOrders), 200, &body);
    assert!(matches!(all[0], VenueEvent::Report(_)));
    let failed = VenueEvent::Account(AccountReport::Failed(Query::OpenOrders));
    assert_eq!(all.last(), Some(&failed));
    assert_eq!(
        exchange(VenueRequest::Query(Query::OpenOrders), 200, "{}").last(),
        Some(&failed)
    );
}

#[test]
fn positions_and_cash_are_exact() {
    let one = Money::ONE.0;
    let all = exchange(VenueRequest::Query(Query::Positions), 200, POSITION);
    let short = AccountReport::Position {
        instrument: AAPL,
        qty: Qty(-2 * LOT),
        cost: Money(-349 * one - one / 100 * 56),
    };
    let long = AccountReport::Position {
        instrument: BTC,
        qty: Qty(LOT / 2),
        cost: Money(30_000 * one),
    };
    let done = AccountReport::Done(Query::Positions);
    assert_eq!(all, [short, long, done].map(VenueEvent::Account));
    let all = exchange(VenueRequest::Query(Query::Account), 200, ACCOUNT);
    let cash = AccountReport::Cash(Money(-100_000 * one - one / 8));
    assert_eq!(
        all,
        [cash, AccountReport::Done(Query::Account)].map(VenueEvent::Account)
    );
}
