//! The request session against scripted answers: what goes out, what comes of it, what never does.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use py_rt_types::{
    NewOrder, OrderStatus, OrderType, Price, Qty, Query, RejectReason, ReportKind, TimeInForce,
    VenueOrderId,
};
use py_rt_venues::alpaca::{tws, Encoder, RestConfig, RestSession, VenueRequest};
use py_rt_venues::{Session, VenueEvent};
use support::rest::*;
use support::*;

#[test]
fn a_bridge_is_told_until_when_an_order_may_be_handed_on() {
    let dated = || {
        let encoder = Encoder::try_new("127.0.0.1:9", &credentials_plain(), dialect()).unwrap();
        let encoder = encoder.with_deadline(tws::DEADLINE_NS);
        let mut session = RestSession::new(RestConfig::new(1), encoder);
        session.handle_timeout(T0);
        session.handle_connected(T0);
        session
    };
    let until = r#""deadline":"2026-11-20T15:00:03.500000000Z","client_order_id""#;
    for ask in [VenueRequest::New(new_order()), replace()] {
        let mut session = dated();
        let later = T0.plus(SECOND / 2);
        session.handle_request(later, ask);
        let sent = written(&mut session, later).concat();
        assert!(sent.contains(until), "{sent}");
    }
    let mut session = dated();
    session.handle_request(T0, cancel(VENUE_ID));
    let (_, body) = request(&mut session);
    assert_eq!(body, "", "cancels may always be handed on");
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
    let stopped = |limit: Option<i64>| {
        let order = bent(|order| {
            (order.order_type, order.stop_price) = (OrderType::Stop, Some(Price(1_900_100)));
            order.limit_price = limit.map(Price);
        });
        line(VenueRequest::New(order)).1
    };
    let terms = r#""type":"stop","time_in_force":"day","stop_price":"190.01","client"#;
    assert!(stopped(None).contains(terms));
    let terms = concat!(
        r#""type":"stop_limit","time_in_force":"day","limit_price":"190.02","#,
        r#""stop_price":"190.01","client"#
    );
    assert!(stopped(Some(1_900_200)).contains(terms));
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
fn an_order_that_is_to_take_anothers_place_has_it_when_that_one_is_replaced() {
    let (old_id, new_id) = (format!("\"{UUID}\""), format!("\"{UUID_2}\""));
    let new = order(&[
        ("id", &new_id),
        ("client_order_id", "\"rt-abcdef27-5-1\""),
        ("status", "\"accepted\""),
        ("replaces", &old_id),
    ]);
    for (word, revision, status) in [
        ("replaced", 1, OrderStatus::New),
        ("pending_replace", 0, OrderStatus::PendingReplace),
        ("new", 0, OrderStatus::New),
    ] {
        let mut session = live();
        session.handle_request(T0, LOOKUP);
        request(&mut session);
        session.handle_input(T0, &answer(200, "", &new));
        assert_eq!(request(&mut session).0, format!("GET /v2/orders/{UUID}"));
        let by = if word == "replaced" { &new_id } else { "null" };
        let old = order(&[("status", &format!("\"{word}\"")), ("replaced_by", by)]);
        session.handle_input(T0, &answer(200, "", &old));
        if word == "replaced" {
            assert_eq!(request(&mut session).0, format!("GET /v2/orders/{UUID_2}"));
            session.handle_input(T0, &answer(200, "", &new));
        }
        let all = events(&mut session);
        let [VenueEvent::Report(report)] = all[..] else {
            panic!("{all:?}");
        };
        let ReportKind::Snapshot { status: told, .. } = report.kind else {
            panic!("{report:?}");
        };
        assert_eq!((report.client_order_id.revision, told), (revision, status));
    }
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
