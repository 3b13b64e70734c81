//! What is asked of Coinbase, and what comes of the answers that it documents.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/coinbase.rs"]
mod coinbase_support;
mod support;

use coinbase_support::*;
use py_rt_types::{
    NewOrder, OrderType, Price, Qty, Query, RejectReason, Report, ReportKind, Side, TimeInForce,
    VenueOrderId,
};
use py_rt_venues::coinbase::errors::judge_words;
use py_rt_venues::coinbase::Encoder;
use py_rt_venues::requests::Outcome;
use py_rt_venues::{Session, VenueEvent, VenueRequest};
use support::requests::{answer, reports};
use support::{events, written, Tree, T0};

const TAKEN: &str = r#"{"success":true,"success_response":{"order_id":
    "11111111-0000-4000-8000-000000000001","product_id":"BTC-USD","side":"BUY",
    "client_order_id":"rt-abcdef27-5"}}"#;

/// Every documented creation, as an order of ours, and what was sent for it.
#[test]
fn orders_are_written_as_documented() {
    let Some(text) = fixture("order_create.json") else {
        return;
    };
    let documented = Tree::parse(&text.replace("strat1-000001", OWN)).elements();
    let sent = documented[0].member("send").unwrap().text();
    let order = NewOrder {
        post_only: true,
        ..new_order()
    };
    let mut session = ask(VenueRequest::New(order));
    let (line, body) = call(&mut session);
    assert_eq!(line, "POST orders");
    // Zeros behind the point are no other price.
    assert_eq!(body, sent.replace("89000.00", "89000"));
    answer(
        &mut session,
        200,
        &documented[0].member("recv").unwrap().text(),
    );
    let [one] = reports(&mut session)[..] else {
        panic!("not one report");
    };
    assert_eq!(
        (one.kind, one.venue_order_id),
        (ReportKind::Accepted, order_id())
    );
    for (place, reason) in [
        (2, RejectReason::InsufficientFunds),
        (3, RejectReason::WouldCross),
    ] {
        let mut session = ask(VenueRequest::New(new_order()));
        call(&mut session);
        answer(
            &mut session,
            200,
            &documented[place].member("recv").unwrap().text(),
        );
        assert_eq!(kinds(&mut session), [ReportKind::Rejected { reason }]);
    }
}

#[test]
fn a_token_names_the_host_as_the_venue_does() {
    let Some(text) = fixture("jwt.json") else {
        return;
    };
    let rest = Tree::parse(&text).member("rest").unwrap().clone();
    let call = support::unquoted(rest.member("claims").unwrap().member("uri").unwrap());
    let signer = Box::<PlainSigner>::default();
    let mut encoder = Encoder::try_new("api.coinbase.com:443", signer, dialect()).unwrap();
    let mut request = Vec::new();
    encoder.encode_accounts(T0, b"", &mut request).unwrap();
    let request = String::from_utf8(request).unwrap();
    let signed = format!("0+120|{}\r\n", call.replace(' ', ":"));
    assert!(request.contains(&signed), "{request}");
}

#[test]
fn every_kind_has_its_configuration() {
    let Some(text) = fixture("order_configurations.json") else {
        return;
    };
    let documented = Tree::parse(&text);
    let base = new_order();
    let stop = |side, price| NewOrder {
        order_type: OrderType::Stop,
        side,
        stop_price: Some(Price(price)),
        ..base
    };
    for (order, name, terms) in [
        (
            NewOrder {
                order_type: OrderType::Market,
                limit_price: None,
                tif: TimeInForce::Ioc,
                ..base
            },
            "market_market_ioc",
            r#"{"base_size":"0.1"}"#,
        ),
        (
            base,
            "limit_limit_gtc",
            r#"{"base_size":"0.1","limit_price":"89000","post_only":false}"#,
        ),
        (
            NewOrder {
                tif: TimeInForce::Ioc,
                ..base
            },
            "sor_limit_ioc",
            r#"{"base_size":"0.1","limit_price":"89000"}"#,
        ),
        (
            NewOrder {
                tif: TimeInForce::Fok,
                ..base
            },
            "limit_limit_fok",
            r#"{"base_size":"0.1","limit_price":"89000"}"#,
        ),
        (
            stop(Side::Buy, 8_850_000),
            "stop_limit_stop_limit_gtc",
            concat!(
                r#"{"base_size":"0.1","limit_price":"89000","stop_price":"88500","#,
                r#""stop_direction":"STOP_DIRECTION_STOP_UP"}"#
            ),
        ),
        (
            stop(Side::Sell, 8_950_000),
            "stop_limit_stop_limit_gtc",
            concat!(
                r#"{"base_size":"0.1","limit_price":"89000","stop_price":"89500","#,
                r#""stop_direction":"STOP_DIRECTION_STOP_DOWN"}"#
            ),
        ),
    ] {
        assert!(documented.member(name).is_some(), "{name}");
        let mut session = ask(VenueRequest::New(order));
        let (_, body) = call(&mut session);
        let wanted = format!(r#""order_configuration":{{"{name}":{terms}}}}}"#);
        assert!(body.ends_with(&wanted), "{body}");
    }
}

#[test]
fn what_the_venue_cannot_do_is_not_sent() {
    let base = new_order();
    let market = NewOrder {
        order_type: OrderType::Market,
        limit_price: None,
        ..base
    };
    for order in [
        NewOrder {
            tif: TimeInForce::Day,
            ..base
        },
        NewOrder {
            tif: TimeInForce::Fok,
            ..market
        },
        NewOrder {
            order_type: OrderType::Stop,
            limit_price: None,
            stop_price: Some(Price(9_000_000)),
            ..base
        },
        NewOrder {
            post_only: true,
            tif: TimeInForce::Ioc,
            ..base
        },
        NewOrder {
            post_only: true,
            ..market
        },
    ] {
        let mut session = ask(VenueRequest::New(order));
        assert!(written(&mut session, T0).is_empty(), "{order:?}");
        let reason = RejectReason::NotSupported;
        assert_eq!(kinds(&mut session), [ReportKind::Rejected { reason }]);
    }
    let mut session = ask(cancel(VenueOrderId(0)));
    assert!(written(&mut session, T0).is_empty());
}

#[test]
fn status_200_may_be_a_refusal_and_a_word_that_says_nothing_is_none() {
    let refused = |words: &str| format!(r#"{{"success":false,"error_response":{words}}}"#);
    let rejected = |reason| ReportKind::Rejected { reason };
    for (words, kind) in [
        (
            r#"{"error":"UNKNOWN_FAILURE_REASON"}"#,
            ReportKind::NewUnanswered,
        ),
        ("{}", ReportKind::NewUnanswered),
        (r#"{"error":""}"#, ReportKind::NewUnanswered),
        (
            r#"{"error":"UNKNOWN_FAILURE_REASON","preview_failure_reason":
                "PREVIEW_INVALID_SIZE_PRECISION"}"#,
            rejected(RejectReason::BadQty),
        ),
        (
            r#"{"error":"A_WORD_OF_TOMORROW"}"#,
            rejected(RejectReason::Venue),
        ),
        (
            r#"{"error":"INVALID_PRICE_PRECISION"}"#,
            rejected(RejectReason::BadPrice),
        ),
    ] {
        let mut session = ask(VenueRequest::New(new_order()));
        call(&mut session);
        answer(&mut session, 200, &refused(words));
        assert_eq!(kinds(&mut session), [kind], "{words}");
    }
    for body in [
        r#"{"success":true}"#.to_string(),
        TAKEN.replace(OWN, "rt-abcdef27-6"),
        TAKEN.replace(ORDER_ID, "no uuid"),
        TAKEN.replace("\"success\":true", "\"success\":null"),
    ] {
        let mut session = ask(VenueRequest::New(new_order()));
        call(&mut session);
        answer(&mut session, 200, &body);
        assert_eq!(kinds(&mut session), [ReportKind::NewUnanswered], "{body}");
    }
    let told = judge_words(&[b"PREVIEW_INSUFFICIENT_FUND"[..].into()]);
    assert_eq!(told, Outcome::Rejected(RejectReason::InsufficientFunds));
}

#[test]
fn documented_errors_mean_what_the_table_says() {
    let Some(text) = fixture("errors.json") else {
        return;
    };
    for error in Tree::parse(&text).elements() {
        let status: u16 = error.member("http").unwrap().text().parse().unwrap();
        let body = match error.member("body").unwrap() {
            leaf @ Tree::Leaf(_) => support::unquoted(leaf),
            tree => tree.text(),
        };
        let mut session = ask(VenueRequest::New(new_order()));
        call(&mut session);
        answer(&mut session, status, &body);
        if status == 401 {
            assert_eq!(call(&mut session).0, "GET time");
            continue;
        }
        let reason = match status {
            403 => Some(RejectReason::NotAuthorized),
            400 | 429 => Some(RejectReason::Venue),
            _ => None,
        };
        let kind = reason.map_or(ReportKind::NewUnanswered, |reason| ReportKind::Rejected {
            reason,
        });
        assert_eq!(kinds(&mut session), [kind], "{status}");
    }
    let body = r#"{"error":"INVALID_ARGUMENT","message":"client_order_id is taken"}"#;
    let mut session = ask(VenueRequest::New(new_order()));
    call(&mut session);
    answer(&mut session, 400, body);
    assert_eq!(kinds(&mut session), [ReportKind::NewUnanswered]);
}

#[test]
fn a_refused_token_is_made_again_by_the_venues_clock_and_once() {
    let mut session = ask(VenueRequest::New(new_order()));
    let first = call(&mut session);
    answer(&mut session, 401, "Unauthorized\n");
    assert_eq!(call(&mut session).0, "GET time");
    let time = r#"{"iso":"2026-11-20T15:05:00Z","epochSeconds":"1795187100",
        "epochMillis":"1795187100000"}"#;
    answer(&mut session, 200, time);
    let all = written(&mut session, T0);
    assert!(
        all[0].contains("Authorization: Bearer 2|300+10|POST"),
        "{all:?}"
    );
    assert!(all[0].ends_with(&first.1), "the same order");
    answer(&mut session, 401, "Unauthorized\n");
    let all = events(&mut session);
    assert!(matches!(all[0], VenueEvent::Fatal(_)), "{all:?}");
    assert!(written(&mut session, T0).is_empty());
}

#[test]
fn a_limit_that_is_told_when_the_venue_is_asked_for_its_time_holds() {
    let mut session = ask(VenueRequest::Query(Query::Account));
    let first = call(&mut session);
    answer(&mut session, 401, "Unauthorized\n");
    assert_eq!(call(&mut session).0, "GET time");
    answer(&mut session, 429, "Too many requests");
    assert!(written(&mut session, T0).is_empty());
    let all = events(&mut session);
    let &[VenueEvent::Limited { retry_at }] = &all[..] else {
        panic!("{all:?}");
    };
    assert!(retry_at > T0);
    session.handle_timeout(retry_at);
    let again = written(&mut session, retry_at);
    assert!(
        again[0].contains(first.0.trim_start_matches("GET ")),
        "{again:?}"
    );
}

#[test]
fn a_cancel_is_queued_and_its_end_comes_by_the_stream() {
    let Some(text) = fixture("batch_cancel.json") else {
        return;
    };
    let answers = Tree::parse(&text).member("recv").unwrap().clone();
    let results = answers.member("results").unwrap().clone().elements();
    let mut session = ask(cancel(order_id()));
    let (line, body) = call(&mut session);
    assert_eq!(line, "POST orders/batch_cancel");
    assert_eq!(body, format!(r#"{{"order_ids":["{ORDER_ID}"]}}"#));
    let wrap = |one: &str| format!(r#"{{"results":[{one}]}}"#);
    answer(&mut session, 200, &wrap(&results[0].text()));
    assert_eq!(kinds(&mut session), [ReportKind::PendingCancel]);
    let word = |word: &str| results[1].text().replace("UNKNOWN_CANCEL_ORDER", word);
    let reason = RejectReason::UnknownOrder;
    let rejected = ReportKind::CancelRejected { reason };
    for (body, kind) in [
        (wrap(&results[1].text()), rejected),
        (wrap(&word("INVALID_CANCEL_REQUEST")), rejected),
        (
            wrap(&word("DUPLICATE_CANCEL_REQUEST")),
            ReportKind::PendingCancel,
        ),
        (
            wrap(&word("UNKNOWN_CANCEL_FAILURE_REASON")),
            ReportKind::CancelUnanswered,
        ),
        (wrap(""), ReportKind::CancelUnanswered),
    ] {
        let mut session = ask(cancel(order_id()));
        call(&mut session);
        answer(&mut session, 200, &body);
        assert_eq!(kinds(&mut session), [kind], "{body}");
    }
}

#[test]
fn an_edit_names_the_whole_quantity_and_is_looked_at() {
    let Some(text) = fixture("edit_order.json") else {
        return;
    };
    let documented = Tree::parse(&text);
    let mut session = ask(replace());
    let (line, body) = call(&mut session);
    assert_eq!(line, "POST orders/edit");
    let sent = documented.member("send").unwrap().text();
    assert_eq!(body, sent.replace("89100.00", "89100"));
    answer(
        &mut session,
        200,
        &documented.member("recv_ok").unwrap().text(),
    );
    let look = format!("GET orders/historical/{ORDER_ID}");
    assert_eq!(call(&mut session).0, look);
    let edits = r#""edit_history":[{"price":"89100.00","size":"0.1","replace_accept_timestamp":
        "2026-11-20T15:00:01Z"},{"price":"89050.00","size":"0.1","replace_accept_timestamp":
        "2026-11-20T15:00:00.5Z"}]"#;
    let edited = order(&[("\"edit_history\":[]", edits), FILLED]);
    answer(&mut session, 200, &one(&edited));
    let all = events(&mut session);
    let limit_price = Some(Price(8_910_000));
    let order_qty = Qty(10_000_000);
    let kind = ReportKind::Replaced {
        order_qty,
        limit_price,
    };
    assert!(
        matches!(&all[0], VenueEvent::Report(Report { kind: told, client_order_id, .. })
            if *told == kind && client_order_id.revision == 1),
        "{all:?}"
    );
    let ask_it = Query::VenueOrder {
        venue_order_id: order_id(),
    };
    assert_eq!(all[1..], [VenueEvent::Ask(ask_it)]);
    // Not there yet: nobody can say.
    let mut session = ask(replace());
    call(&mut session);
    answer(&mut session, 200, r#"{"success":true,"errors":[]}"#);
    call(&mut session);
    answer(
        &mut session,
        200,
        &one(&order(&[("\"OPEN\"", "\"EDIT_QUEUED\"")])),
    );
    assert_eq!(kinds(&mut session), [ReportKind::ReplaceUnanswered]);
    let failed = documented.member("recv_fail").unwrap().text();
    for (word, reason) in [
        ("ORDER_NOT_FOUND", RejectReason::UnknownOrder),
        ("CANNOT_EDIT_TO_BELOW_FILLED_SIZE", RejectReason::TooLate),
        (
            "EXCEEDED_MAX_ALLOWED_EDIT_REQUEST_COUNT",
            RejectReason::Venue,
        ),
    ] {
        let mut session = ask(replace());
        call(&mut session);
        answer(&mut session, 200, &failed.replace("ORDER_NOT_FOUND", word));
        assert_eq!(
            kinds(&mut session),
            [ReportKind::ReplaceRejected { reason }],
            "{word}"
        );
    }
}
