//! What fault simulation found at Binance: requests that must not leave, or not arrive.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/binance.rs"]
mod binance_support;
mod support;

use binance_support::*;
use py_rt_types::{AccountReport, Query, RejectReason, ReportKind, VenueOrderId};
use py_rt_venues::binance::ids::order_id;
use py_rt_venues::{Requests, Session, VenueEvent, VenueRequest};
use support::requests::{answer, reports};
use support::{events, written, T0};

const SECOND_NS: i64 = 1_000_000_000;
const LATE: &str =
    r#"{"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}"#;

/// The one request that leaves now.
fn sent(session: &mut impl Session) -> String {
    let mut all = written(session, T0);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn an_order_that_is_under_way_for_too_long_is_refused_by_the_venue() {
    let placed = sent(&mut ask(VenueRequest::New(new_order())));
    assert!(placed.contains("&recvWindow=2000&timestamp="), "{placed}");
    let mut session = ask(replace());
    let looked_up = sent(&mut session);
    assert!(looked_up.contains("&recvWindow=5000&"), "{looked_up}");
    answer(&mut session, 200, &order(&[]));
    let replaced = sent(&mut session);
    assert!(replaced.starts_with("POST /api/v3/order/cancelReplace?"));
    assert!(replaced.contains("&recvWindow=2000&"), "{replaced}");
    let canceled = sent(&mut ask(cancel(VenueOrderId(0))));
    assert!(canceled.contains("&recvWindow=5000&"), "{canceled}");
}

#[test]
fn trading_was_restricted_while_the_venue_was_asked_for_its_time() {
    let mut session = ask(VenueRequest::New(new_order()));
    sent(&mut session);
    answer(&mut session, 400, LATE);
    assert!(sent(&mut session).starts_with("GET /api/v3/time "));
    session.withdraw(T0);
    answer(&mut session, 200, r#"{"serverTime":1795186805000}"#);
    assert_eq!(written(&mut session, T0), [""; 0]);
    let reason = RejectReason::NeverAccepted;
    let kinds: Vec<ReportKind> = reports(&mut session).iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [ReportKind::Rejected { reason }]);
}

#[test]
fn trading_was_restricted_while_the_order_to_replace_was_looked_up() {
    let mut session = ask(replace());
    sent(&mut session);
    session.withdraw(T0);
    answer(&mut session, 200, &order(&[]));
    assert_eq!(written(&mut session, T0), [""; 0]);
    let reason = RejectReason::NeverAccepted;
    let kinds: Vec<ReportKind> = reports(&mut session).iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [ReportKind::ReplaceRejected { reason }]);
}

#[test]
fn an_order_that_was_handed_out_is_not_taken_back() {
    let mut session = ask(VenueRequest::New(new_order()));
    sent(&mut session);
    session.withdraw(T0);
    answer(&mut session, 200, &order(&[]));
    let kinds: Vec<ReportKind> = reports(&mut session).iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [ReportKind::Accepted]);
}

#[test]
fn a_limit_that_was_told_on_one_connection_holds_on_the_others() {
    let mut told = ask(VenueRequest::Query(Query::OpenOrders));
    sent(&mut told);
    answer(
        &mut told,
        429,
        r#"{"code":-1003,"msg":"Too many requests."}"#,
    );
    let mut other = live();
    other.hold(told.limits());
    other.handle_request(T0, VenueRequest::New(new_order()));
    other.handle_request(T0, cancel(VenueOrderId(0)));
    assert_eq!(written(&mut other, T0), [""; 0]);
    let reason = RejectReason::Venue;
    let kinds: Vec<ReportKind> = reports(&mut other).iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [ReportKind::Rejected { reason }]);
    let later = T0.plus(60 * SECOND_NS);
    other.handle_timeout(later);
    let all = written(&mut other, later);
    assert!(all[0].starts_with("DELETE "), "{all:?}");
}

#[test]
fn whole_books_leave_the_reserve_to_orders_and_questions() {
    let mut session = ask(VenueRequest::Clock);
    sent(&mut session);
    let head = "HTTP/1.1 200 X\r\nX-MBX-USED-WEIGHT-1M: 5995\r\nContent-Length: 28\r\n\r\n";
    let text = format!("{head}{{\"serverTime\":1795186800000}}");
    session.handle_input(T0, text.as_bytes());
    session.handle_request(T0, VenueRequest::Book(BTCUSDT));
    assert_eq!(written(&mut session, T0), [""; 0]);
    session.handle_request(T0, VenueRequest::Query(Query::OpenOrders));
    assert!(sent(&mut session).starts_with("GET /api/v3/openOrders"));
}

#[test]
fn an_order_of_somebody_else_may_be_of_a_kind_that_nobody_knows() {
    let venue_order_id = order_id(b"BTCUSDT", 29);
    let query = Query::VenueOrder { venue_order_id };
    let asked = |id: &str| {
        let mut session = ask(VenueRequest::Query(query));
        sent(&mut session);
        let body = order(&[("clientOrderId", id), ("timeInForce", "\"GTX\"")]);
        answer(&mut session, 200, &body);
        events(&mut session)
    };
    let done = VenueEvent::Account(AccountReport::Done(query));
    assert_eq!(asked("\"web_1\""), [done]);
    let failed = VenueEvent::Account(AccountReport::Failed(query));
    assert!(asked("\"rt-abcdef27-5\"").contains(&failed));
}

#[test]
fn a_limit_that_is_told_when_the_venue_is_asked_for_its_time_holds() {
    let mut session = ask(VenueRequest::Query(Query::OpenOrders));
    sent(&mut session);
    answer(&mut session, 400, LATE);
    assert!(sent(&mut session).starts_with("GET /api/v3/time "));
    let limited = r#"{"code":-1003,"msg":"Too many requests."}"#;
    answer(&mut session, 429, limited);
    assert_eq!(written(&mut session, T0), [""; 0]);
    let retry_at = T0.plus(60 * SECOND_NS);
    assert_eq!(events(&mut session), [VenueEvent::Limited { retry_at }]);
    session.handle_timeout(retry_at);
    let all = written(&mut session, retry_at);
    assert!(all[0].starts_with("GET /api/v3/openOrders"), "{all:?}");
}
