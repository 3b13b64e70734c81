//! What is asked of Kraken, and what comes of the answers that it documents.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/kraken.rs"]
mod kraken_support;
mod support;

use kraken_support::*;
use py_rt_types::{
    AccountReport, ClientOrderId, FeeAsset, Money, OrderStatus, OrderType, Price, Qty, Query,
    RejectReason, ReportKind, TimeInForce, VenueOrderId,
};
use py_rt_venues::kraken::errors::judge_text;
use py_rt_venues::requests::{Call, Outcome};
use py_rt_venues::{Session, VenueEvent, VenueRequest};
use support::requests::{answer, reports};
use support::rest::SECOND;
use support::{events, unquoted, Tree, T0};

const DEADLINE: &str = "deadline=2026-11-20T15%3A00%3A02.500Z";

#[test]
fn orders_are_written_as_documented() {
    let mut session = ask(VenueRequest::New(new_order()));
    let (method, form) = call(&mut session);
    let expected = format!(
        "ordertype=limit&type=buy&pair=XBTUSD&volume=0.1&price=45283.5&timeinforce=GTC&\
         oflags=fciq&cl_ord_id={OWN}&{DEADLINE}"
    );
    assert_eq!((method.as_str(), form), ("AddOrder", expected));
    let mut order = new_order();
    order.post_only = true;
    let mut session = ask(VenueRequest::New(order));
    assert!(call(&mut session).1.contains("&oflags=fciq%2Cpost&"));
    let mut order = new_order();
    (order.order_type, order.limit_price) = (OrderType::Stop, None);
    order.stop_price = Some(Price(440_000));
    let mut session = ask(VenueRequest::New(order));
    let form = call(&mut session).1;
    assert!(form.starts_with("ordertype=stop-loss&type=buy&pair=XBTUSD&volume=0.1&price=44000&"));
    order.limit_price = Some(Price(441_000));
    let mut session = ask(VenueRequest::New(order));
    let form = call(&mut session).1;
    let wanted = "ordertype=stop-loss-limit&type=buy&pair=XBTUSD&volume=0.1&price=44000&\
                  price2=44100&oflags=fciq&";
    assert!(form.starts_with(wanted), "{form}");
    for tif in [TimeInForce::Fok, TimeInForce::Day] {
        let mut session = ask(VenueRequest::New(py_rt_types::NewOrder {
            tif,
            ..new_order()
        }));
        assert!(support::written(&mut session, T0).is_empty());
        let [one] = reports(&mut session)[..] else {
            panic!("not one report");
        };
        let reason = RejectReason::NotSupported;
        assert_eq!(one.kind, ReportKind::Rejected { reason });
    }
}

#[test]
fn an_amendment_names_the_whole_quantity_and_keeps_the_order() {
    let mut session = ask(replace());
    let (method, form) = call(&mut session);
    // Nobody knows here whether the order only rests: then it must.
    let expected =
        format!("txid={TXID}&order_qty=0.05&limit_price=45283&post_only=true&{DEADLINE}");
    assert_eq!((method.as_str(), form), ("AmendOrder", expected));
    answer(
        &mut session,
        200,
        r#"{"error":[],"result":{"amend_id":"TTW6PD-RC36L-ZZSWNU"}}"#,
    );
    let [one] = reports(&mut session)[..] else {
        panic!("not one report");
    };
    assert_eq!(one.client_order_id.revision, 1);
    assert_eq!(one.venue_order_id, txid());
    let limit_price = Some(Price(452_830));
    let order_qty = Qty(5_000_000);
    assert_eq!(
        one.kind,
        ReportKind::Replaced {
            order_qty,
            limit_price
        }
    );
    let mut session = live();
    session.handle_request(T0, VenueRequest::New(new_order()));
    call(&mut session);
    answer(
        &mut session,
        200,
        r#"{"error":[],"result":{"txid":["OK4GJX-KSTLS-7DZZO5"]}}"#,
    );
    let [one] = reports(&mut session)[..] else {
        panic!("not one report");
    };
    assert_eq!(
        (one.kind, one.venue_order_id),
        (ReportKind::Accepted, txid())
    );
    session.handle_request(T0, replace());
    assert!(!call(&mut session).1.contains("post_only"), "it may take");
}

#[test]
fn a_cancel_is_asked_for_and_its_end_comes_by_the_stream() {
    for (id, named) in [
        (txid(), format!("txid={TXID}")),
        (VenueOrderId(0), format!("cl_ord_id={OWN}")),
    ] {
        let mut session = ask(cancel(id));
        assert_eq!(call(&mut session), ("CancelOrder".to_string(), named));
        answer(&mut session, 200, r#"{"error":[],"result":{"count":1}}"#);
        let [one] = reports(&mut session)[..] else {
            panic!("not one report");
        };
        assert_eq!(one.kind, ReportKind::PendingCancel);
    }
    let unknown = RejectReason::UnknownOrder;
    for (body, kind) in [
        (
            error("EOrder:Unknown order"),
            ReportKind::CancelRejected { reason: unknown },
        ),
        (
            r#"{"error":[],"result":{"count":0}}"#.to_string(),
            ReportKind::CancelRejected { reason: unknown },
        ),
        (error("EOrder:Cancel pending"), ReportKind::PendingCancel),
        (error("EService:Busy"), ReportKind::CancelUnanswered),
    ] {
        let mut session = ask(cancel(txid()));
        call(&mut session);
        answer(&mut session, 200, &body);
        let [one] = reports(&mut session)[..] else {
            panic!("not one report");
        };
        assert_eq!(one.kind, kind, "{body}");
    }
}

#[test]
fn an_order_is_looked_for_among_the_open_and_then_the_closed() {
    let lookup = VenueRequest::Query(Query::Order {
        client_order_id: ClientOrderId::new(5),
        instrument: XBT,
    });
    let own = format!("cl_ord_id={OWN}");
    let mut session = ask(lookup);
    assert_eq!(call(&mut session), ("OpenOrders".to_string(), own.clone()));
    // The question that is being asked is the same question.
    session.handle_request(T0, lookup);
    answer(&mut session, 200, r#"{"error":[],"result":{"open":{}}}"#);
    session.handle_request(T0, lookup);
    assert_eq!(
        call(&mut session),
        ("ClosedOrders".to_string(), own.clone())
    );
    let closed = order(&[
        (
            "\"status\":\"open\"",
            "\"status\":\"canceled\",\"closetm\":1795186811.5",
        ),
        ("\"vol_exec\":\"0.00000000\"", "\"vol_exec\":\"0.04000000\""),
    ]);
    answer(&mut session, 200, &orders("closed", &closed));
    let [one] = reports(&mut session)[..] else {
        panic!("not one report");
    };
    let ReportKind::Snapshot {
        status, cum_qty, ..
    } = one.kind
    else {
        panic!("{one:?}");
    };
    assert_eq!((status, cum_qty), (OrderStatus::Canceled, Qty(4_000_000)));
    assert_eq!(one.ts_event.0, 1_795_186_811_500_000_000);
    assert!(support::written(&mut session, T0).is_empty());
    session.handle_request(T0, lookup);
    assert_eq!(call(&mut session).0, "OpenOrders");
    answer(&mut session, 200, r#"{"error":[],"result":{"open":{}}}"#);
    let later = T0.plus(9_000_000_000);
    assert_eq!(support::written(&mut session, later).len(), 1);
    answer(
        &mut session,
        200,
        r#"{"error":[],"result":{"closed":{},"count":0}}"#,
    );
    let [one] = reports(&mut session)[..] else {
        panic!("not one report");
    };
    assert_eq!(one.kind, ReportKind::NotFound);
    assert_eq!(one.ts_event, T0, "what it shows may be that old");
    assert!(support::written(&mut session, later).is_empty());
}

#[test]
fn a_call_that_was_not_looked_at_is_made_again() {
    let mut session = ask(VenueRequest::New(new_order()));
    let first = call(&mut session);
    for _ in 0..4 {
        answer(&mut session, 200, &error("EAPI:Invalid nonce"));
        assert_eq!(call(&mut session), first, "with another nonce");
    }
    answer(&mut session, 200, &error("EAPI:Invalid nonce"));
    let reason = RejectReason::Venue;
    let [one] = reports(&mut session)[..] else {
        panic!("not one report");
    };
    assert_eq!(one.kind, ReportKind::Rejected { reason });
    let mut session = ask(VenueRequest::New(new_order()));
    call(&mut session);
    answer(&mut session, 200, &error("EService:Deadline elapsed"));
    assert_eq!(call(&mut session).0, "Time");
    answer(
        &mut session,
        200,
        r#"{"error":[],"result":{"unixtime":1795186860}}"#,
    );
    let form = call(&mut session).1;
    assert!(
        form.ends_with("&deadline=2026-11-20T15%3A01%3A03.000Z"),
        "{form}"
    );
    answer(&mut session, 200, &error("EService:Deadline elapsed"));
    let [one] = reports(&mut session)[..] else {
        panic!("not one report");
    };
    assert_eq!(one.kind, ReportKind::Rejected { reason });
    assert!(support::written(&mut session, T0).is_empty());
}

#[test]
fn a_limit_that_is_told_when_the_venue_is_asked_for_its_time_holds() {
    let mut session = ask(VenueRequest::New(new_order()));
    call(&mut session);
    answer(&mut session, 200, &error("EService:Deadline elapsed"));
    assert_eq!(call(&mut session).0, "Time");
    answer(&mut session, 429, "");
    assert!(support::written(&mut session, T0).is_empty());
    let all = support::events(&mut session);
    let limited = |event: &VenueEvent| matches!(event, VenueEvent::Limited { .. });
    assert!(all.iter().any(limited), "{all:?}");
}

#[test]
fn the_counter_of_a_pair_keeps_a_third_for_cancels() {
    let mut session = live();
    for sequence in 1..=40 {
        let mut order = new_order();
        order.client_order_id = ClientOrderId::new(sequence);
        session.handle_request(T0, VenueRequest::New(order));
        assert_eq!(call(&mut session).0, "AddOrder");
        answer(
            &mut session,
            200,
            r#"{"error":[],"result":{"txid":["OK4GJX-KSTLS-7DZZO5"]}}"#,
        );
    }
    events(&mut session);
    session.handle_request(T0, VenueRequest::New(new_order()));
    session.handle_request(T0, replace());
    assert!(support::written(&mut session, T0).is_empty());
    let told = reports(&mut session);
    let reason = RejectReason::Venue;
    assert_eq!(told[0].kind, ReportKind::Rejected { reason });
    assert_eq!(told[1].kind, ReportKind::ReplaceRejected { reason });
    session.handle_request(T0, cancel(txid()));
    assert_eq!(call(&mut session).0, "CancelOrder");
}

#[test]
fn questions_wait_for_the_counter_and_urgent_ones_have_a_reserve() {
    let mut session = live();
    for _ in 0..5 {
        session.handle_request(T0, VenueRequest::Query(Query::Account));
        session.handle_request(T0, VenueRequest::Query(Query::OpenOrders));
    }
    for _ in 0..10 {
        assert_eq!(support::written(&mut session, T0).len(), 1);
        answer(&mut session, 200, &error("EService:Unavailable"));
    }
    session.handle_request(T0, VenueRequest::Query(Query::OpenOrders));
    session.handle_request(T0, VenueRequest::Query(Query::OpenOrders));
    assert_eq!(call(&mut session).0, "OpenOrders");
    answer(&mut session, 200, &error("EService:Unavailable"));
    assert!(
        support::written(&mut session, T0).is_empty(),
        "a fifth is kept"
    );
    let wakes = session.poll_timeout();
    assert!(wakes > T0 && wakes < T0.plus(5 * SECOND), "{wakes:?}");
    session.handle_timeout(wakes);
    assert_eq!(support::written(&mut session, wakes).len(), 1);
    let mut session = live();
    for _ in 0..12 {
        session.handle_request(T0, VenueRequest::Token);
        assert_eq!(call(&mut session).0, "GetWebSocketsToken");
        answer(
            &mut session,
            200,
            r#"{"error":[],"result":{"token":"1Dwc4lzSwNWOAwkM","expires":900}}"#,
        );
    }
    let all = events(&mut session);
    assert!(matches!(all[0], VenueEvent::Token(_)) && !format!("{all:?}").contains("1Dwc4"));
}

#[test]
fn names_are_asked_for_before_the_first_question() {
    let mut session = nameless();
    session.handle_request(T0, VenueRequest::Query(Query::Account));
    assert_eq!(call(&mut session).0, "AssetPairs?pair=XBTUSD");
    answer(&mut session, 200, PAIRS);
    assert_eq!(call(&mut session).0, "BalanceEx");
    let Some(body) = fixture("rest_balance_ex.json") else {
        return;
    };
    answer(&mut session, 200, &body);
    let cash = AccountReport::Cash(Money(95_471_650_000_000_000_000_000));
    let done = AccountReport::Done(Query::Account);
    assert_eq!(events(&mut session), [cash, done].map(VenueEvent::Account));
    session.handle_request(T0, VenueRequest::Query(Query::Positions));
    assert_eq!(call(&mut session).0, "BalanceEx");
    answer(&mut session, 200, &body);
    let all = events(&mut session);
    let expected = AccountReport::Position {
        instrument: XBT,
        qty: Qty(10_000_000),
        cost: Money::ZERO,
    };
    assert_eq!(all[0], VenueEvent::Account(expected));
}

#[test]
fn documented_answers_are_read() {
    if let Some(text) = fixture("rest_asset_pairs.json") {
        let pairs = py_rt_venues::kraken::names::decode_pairs(text.as_bytes()).unwrap();
        assert_eq!(pairs[0].symbol, "BTC/USD");
        let spec = pairs[0].spec("kraken");
        assert_eq!(spec.currency, "USD");
        assert_eq!(
            (spec.tick_size.to_string(), spec.lot_size.to_string()),
            ("0.1".into(), "0.00000001".into())
        );
    }
    if let Some(text) = fixture("rest_add_order.json") {
        let expected = [
            ReportKind::Accepted,
            ReportKind::Rejected {
                reason: RejectReason::InsufficientFunds,
            },
            ReportKind::Rejected {
                reason: RejectReason::BadQty,
            },
        ];
        for (row, expected) in Tree::parse(&text).elements().iter().zip(expected) {
            let mut session = ask(VenueRequest::New(new_order()));
            call(&mut session);
            answer(&mut session, 200, &row.text());
            assert_eq!(reports(&mut session)[0].kind, expected);
        }
    }
    if let Some(text) = fixture("rest_open_orders.json") {
        let mut session = ask(VenueRequest::Query(Query::OpenOrders));
        call(&mut session);
        answer(&mut session, 200, &text);
        let told = reports(&mut session);
        assert_eq!(told[0].client_order_id, ClientOrderId::FOREIGN);
        assert_eq!(told[0].venue_order_id, txid());
    }
}

#[test]
fn documented_errors_are_judged_by_the_table() {
    let Some(text) = fixture("errors.json") else {
        return;
    };
    let mut rows = 0;
    for row in Tree::parse(&text).elements() {
        let member = |name| unquoted(row.member(name).unwrap());
        let (words, retry) = (member("error"), member("retry"));
        rows += 1;
        let outcome = judge_text(Call::New, words.as_bytes(), T0);
        let sure = matches!(outcome, Outcome::Rejected(_));
        match words.as_str() {
            // Made again by the session, with another nonce or by the venue's clock.
            "EAPI:Invalid nonce" | "EService:Deadline elapsed" => {
                assert_eq!(outcome, Outcome::Unanswered);
            }
            "EAPI:Invalid key" | "EAPI:Invalid signature" | "EGeneral:Permission denied" => {
                assert_eq!(outcome, Outcome::Fatal, "{words}");
            }
            "EAPI:Rate limit exceeded" | "EGeneral:Temporary lockout" => {
                assert!(matches!(outcome, Outcome::RateLimited { .. }), "{words}");
            }
            "EOrder:Rate limit exceeded" => {
                assert!(matches!(outcome, Outcome::OrdersLimited { .. }));
            }
            "EOrder:Unknown order" | "EOrder:Cancel pending" | "EService:Busy" => {
                assert_eq!(outcome, Outcome::Unanswered, "{words}");
            }
            _ if retry.starts_with("UNKNOWN") => assert_eq!(outcome, Outcome::Unanswered),
            _ => assert!(sure, "{words}: {outcome:?}"),
        }
        // A question is never refused for certain.
        let asked = judge_text(Call::Query, words.as_bytes(), T0);
        assert!(!matches!(asked, Outcome::Rejected(_)), "{words}");
    }
    assert_eq!(rows, 26);
    for words in [
        "EOrder:A word of tomorrow",
        "EGeneral:Invalid arguments:cl_ord_id",
        "",
    ] {
        let outcome = judge_text(Call::New, words.as_bytes(), T0);
        assert_eq!(outcome, Outcome::Unanswered, "{words}");
    }
    // Two errors that say different things say nothing for certain.
    let mut session = ask(VenueRequest::New(new_order()));
    call(&mut session);
    let body = r#"{"error":["EOrder:Insufficient funds","EService:Timeout"]}"#;
    answer(&mut session, 200, body);
    assert_eq!(reports(&mut session)[0].kind, ReportKind::NewUnanswered);
}

#[test]
fn executions_are_told_with_their_totals() {
    let query = Query::Fills {
        since: T0.plus(-SECOND),
    };
    let mut session = ask(VenueRequest::Query(query));
    let (method, form) = call(&mut session);
    assert_eq!(method, "TradesHistory");
    assert_eq!(form, "consolidate_taker=false&start=1795186798&ofs=0");
    answer(&mut session, 200, TRADES);
    let (method, form) = call(&mut session);
    assert_eq!(method, "QueryOrders");
    assert_eq!(
        form,
        format!("trades=true&consolidate_taker=false&txid={TXID}")
    );
    // An older trade of the same order, which no page had.
    let trades =
        r#""vol_exec":"0.10000000","trades":["T5DIUI-5N4KO-Z5BPX0","T5DIUI-5N4KO-Z5BPX1"]"#;
    let executed = order(&[
        ("\"vol_exec\":\"0.00000000\"", trades),
        ("\"oflags\":\"fciq\"", "\"oflags\":\"fcib\""),
    ]);
    answer(&mut session, 200, &orders("", &executed));
    let (method, form) = call(&mut session);
    assert_eq!(
        (method.as_str(), form.as_str()),
        ("QueryTrades", "txid=T5DIUI-5N4KO-Z5BPX0")
    );
    let older = TRADES
        .replace("{\"trades\":{", "{")
        .replace("},\"count\":1}}", "}}")
        .replace("BPX1", "BPX0")
        .replace("8253473", "8253400")
        .replace("1795186802.1", "1795186000.5")
        .replace("\"vol\":\"0.04000000\"", "\"vol\":\"0.06000000\"");
    answer(&mut session, 200, &older);
    let all = events(&mut session);
    let VenueEvent::Report(report) = &all[0] else {
        panic!("{all:?}");
    };
    let ReportKind::Fill {
        last_qty,
        cum_qty,
        fee_asset,
        ..
    } = report.kind
    else {
        panic!("{report:?}");
    };
    // The older one is from before the time; its quantity counts.
    assert_eq!((last_qty, cum_qty), (Qty(4_000_000), Qty(10_000_000)));
    assert_eq!(fee_asset, FeeAsset::Base, "as the order says");
    assert_eq!(all[1..], [VenueEvent::Account(AccountReport::Done(query))]);
}

#[test]
fn executions_that_do_not_add_up_are_asked_for_again() {
    let query = Query::Fills { since: T0 };
    let mut session = ask(VenueRequest::Query(query));
    call(&mut session);
    answer(&mut session, 200, TRADES);
    call(&mut session);
    let executed = order(&[("\"vol_exec\":\"0.00000000\"", "\"vol_exec\":\"0.05000000\"")]);
    answer(&mut session, 200, &orders("", &executed));
    let all = events(&mut session);
    let failed = VenueEvent::Account(AccountReport::Failed(query));
    assert_eq!(all.last(), Some(&failed), "{all:?}");
    assert!(!all
        .iter()
        .any(|event| matches!(event, VenueEvent::Report(_))));
}
