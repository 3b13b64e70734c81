//! The request session's quotas, connections and lists.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use py_rt_types::{AccountReport, Money, Qty, Query, RejectReason, ReportKind, UnixNanos};
use py_rt_venues::alpaca::VenueRequest;
use py_rt_venues::{Fatal, Session, VenueEvent};
use support::rest::*;
use support::*;

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
