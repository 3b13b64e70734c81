//! What is asked of Coinbase about orders, executions and the account, and what the answers say.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/coinbase.rs"]
mod coinbase_support;
mod support;

use coinbase_support::*;
use py_rt_types::{
    AccountReport, ClientOrderId, FeeAsset, Money, OrderStatus, Price, Qty, Query, RejectReason,
    ReportKind,
};
use py_rt_venues::{Session, VenueEvent, VenueRequest};
use support::requests::{answer, reports};
use support::rest::SECOND;
use support::{events, T0};

const LOOKUP: VenueRequest = VenueRequest::Query(Query::Order {
    client_order_id: ClientOrderId::new(5),
    instrument: BTC_USD,
});
const ALL: &str = "GET orders/historical/batch?product_ids=BTC-USD&limit=100";

fn status_of(kind: ReportKind) -> (OrderStatus, Qty) {
    match kind {
        ReportKind::Snapshot {
            status, cum_qty, ..
        } => (status, cum_qty),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_order_is_looked_for_in_the_list_and_then_known() {
    let mut session = ask(LOOKUP);
    assert_eq!(call(&mut session).0, ALL);
    answer(&mut session, 200, &orders(&order(&[])));
    let told = kinds(&mut session);
    assert_eq!(status_of(told[0]), (OrderStatus::New, Qty(0)));
    session.handle_request(T0, LOOKUP);
    assert_eq!(
        call(&mut session).0,
        format!("GET orders/historical/{ORDER_ID}")
    );
    answer(
        &mut session,
        200,
        &one(&order(&[("\"OPEN\"", "\"CANCELLED\"")])),
    );
    assert_eq!(
        status_of(kinds(&mut session)[0]),
        (OrderStatus::Canceled, Qty(0))
    );
}

#[test]
fn a_search_ends_where_no_older_order_can_be_it() {
    let row = |id: &str, time: &str| {
        order(&[
            (OWN, id),
            ("2026-11-20T15:00:00Z", time),
            ("0001\"", "0007\""),
        ])
    };
    let page = |rows: &[String], cursor: &str| {
        let more = !cursor.is_empty();
        let rows = rows.join(",");
        format!(r#"{{"orders":[{rows}],"has_next":{more},"cursor":"{cursor}"}}"#)
    };
    let ours = row("rt-abcdef27-4", "2026-11-20T15:00:00Z");
    let recent = row("foreign", "2026-11-20T14:59:30Z");
    let older = row("foreign", "2026-11-20T14:58:30Z");
    // One of ours that is older, and rows that are older by more than orders overtake each other.
    let mut session = ask(LOOKUP);
    call(&mut session);
    answer(
        &mut session,
        200,
        &page(&[ours.clone(), recent.clone()], "next one"),
    );
    assert_eq!(call(&mut session).0, format!("{ALL}&cursor=next%20one"));
    answer(
        &mut session,
        200,
        &page(std::slice::from_ref(&older), "more"),
    );
    assert_eq!(kinds(&mut session), [ReportKind::NotFound]);
    // A list that is not the newest first ends no search.
    let mut session = ask(LOOKUP);
    call(&mut session);
    answer(&mut session, 200, &page(&[recent, ours, older], "more"));
    assert!(kinds(&mut session).is_empty());
    call(&mut session);
    answer(&mut session, 200, &page(&[], ""));
    assert_eq!(kinds(&mut session), [ReportKind::NotFound]);
}

#[test]
fn executions_are_told_before_the_end_and_only_once_they_add_up() {
    let by_id = VenueRequest::Query(Query::VenueOrder {
        venue_order_id: order_id(),
    });
    let cancelled = order(&[("\"OPEN\"", "\"CANCELLED\""), FILLED]);
    let of = format!("GET orders/historical/fills?order_ids={ORDER_ID}&limit=250");
    let mut session = ask(by_id);
    assert_eq!(
        call(&mut session).0,
        format!("GET orders/historical/{ORDER_ID}")
    );
    answer(&mut session, 200, &one(&cancelled));
    assert_eq!(call(&mut session).0, of);
    answer(&mut session, 200, &fills(&fill(&[])));
    let told = reports(&mut session);
    assert!(told
        .iter()
        .all(|one| one.client_order_id == ClientOrderId::new(5)));
    let ReportKind::Fill {
        last_qty,
        last_price,
        cum_qty,
        fee,
        fee_asset,
        ..
    } = told[0].kind
    else {
        panic!("{told:?}");
    };
    assert_eq!((last_qty, cum_qty), (Qty(4_000_000), Qty(4_000_000)));
    assert_eq!((last_price, fee_asset), (Price(8_900_000), FeeAsset::Quote));
    assert_eq!(fee, Money(8_900_000_000_000_000_000));
    assert_eq!(
        status_of(told[1].kind),
        (OrderStatus::Canceled, Qty(4_000_000))
    );
    assert_eq!(told.len(), 2);
    // The list lags behind the order: it works on, as far as anybody may count on.
    let mut session = ask(by_id);
    call(&mut session);
    answer(&mut session, 200, &one(&cancelled));
    call(&mut session);
    answer(&mut session, 200, &fills(""));
    let told = kinds(&mut session);
    assert_eq!(
        status_of(told[0]),
        (OrderStatus::PartiallyFilled, Qty(4_000_000))
    );
    assert_eq!(told.len(), 1);
}

#[test]
fn fills_keep_their_order_once_they_were_told() {
    let twin = "abc39e45-bbd3-44ec-bf02-61742dfb16a1";
    let by_id = VenueRequest::Query(Query::VenueOrder {
        venue_order_id: order_id(),
    });
    let mut session = live();
    let mut intervals = Vec::new();
    let second = fill(&[(TRADE_ID, twin), ("0.04", "0.06")]);
    for (executed, rows) in [
        ("0.04", fill(&[])),
        ("0.1", format!("{second},{}", fill(&[]))),
    ] {
        session.handle_request(T0, by_id);
        call(&mut session);
        let filled = format!("\"filled_size\":\"{executed}\"");
        answer(&mut session, 200, &one(&order(&[(FILLED.0, &filled)])));
        call(&mut session);
        answer(&mut session, 200, &fills(&rows));
        intervals.push(
            kinds(&mut session)
                .iter()
                .filter_map(|kind| match kind {
                    ReportKind::Fill {
                        last_qty, cum_qty, ..
                    } => Some((last_qty.0, cum_qty.0)),
                    _ => None,
                })
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(intervals[0], [(4_000_000, 4_000_000)]);
    // By id the other one would be first.
    assert_eq!(
        intervals[1],
        [(4_000_000, 4_000_000), (6_000_000, 10_000_000)]
    );
}

#[test]
fn a_list_of_fills_is_completed_and_ends_the_orders() {
    let since = T0.plus(2 * SECOND + 500_000_000);
    let query = Query::Fills { since };
    let mut session = ask(VenueRequest::Query(query));
    let start = "GET orders/historical/fills?start_sequence_timestamp=";
    let expected = format!("{start}2026-11-20T15%3A00%3A01.500000000Z&limit=250");
    assert_eq!(call(&mut session).0, expected);
    let twin = "abc39e45-bbd3-44ec-bf02-61742dfb16a1";
    let late = fill(&[
        (TRADE_ID, twin),
        ("0.04", "0.06"),
        ("15:00:02Z", "15:00:03Z"),
        ("15:00:02.123456", "15:00:03.5"),
    ]);
    answer(&mut session, 200, &fills(&late));
    let batch = format!("GET orders/historical/batch?order_ids={ORDER_ID}&limit=100");
    assert_eq!(call(&mut session).0, batch);
    let filled = order(&[
        ("\"OPEN\"", "\"FILLED\""),
        (FILLED.0, "\"filled_size\":\"0.1\""),
    ]);
    answer(&mut session, 200, &orders(&filled));
    let of = format!("GET orders/historical/fills?order_ids={ORDER_ID}&limit=250");
    assert_eq!(call(&mut session).0, of);
    answer(&mut session, 200, &fills(&format!("{late},{}", fill(&[]))));
    let all = events(&mut session);
    let VenueEvent::Report(first) = &all[0] else {
        panic!("{all:?}");
    };
    let ReportKind::Fill {
        last_qty, cum_qty, ..
    } = first.kind
    else {
        panic!("{all:?}");
    };
    assert_eq!(
        (last_qty, cum_qty),
        (Qty(6_000_000), Qty(10_000_000)),
        "the older one is known"
    );
    let VenueEvent::Report(end) = &all[1] else {
        panic!("{all:?}");
    };
    assert_eq!(status_of(end.kind), (OrderStatus::Filled, Qty(10_000_000)));
    assert_eq!(all[2..], [VenueEvent::Account(AccountReport::Done(query))]);
}

#[test]
fn live_orders_are_those_that_move_and_those_that_rest() {
    let query = Query::OpenOrders;
    let mut session = ask(VenueRequest::Query(query));
    let path = "GET orders/historical/batch?product_ids=BTC-USD";
    let moving = "&order_status=PENDING&order_status=QUEUED&order_status=CANCEL_QUEUED\
                  &order_status=EDIT_QUEUED&limit=100";
    assert_eq!(call(&mut session).0, format!("{path}{moving}"));
    answer(
        &mut session,
        200,
        &orders(&order(&[("\"OPEN\"", "\"PENDING\"")])),
    );
    assert_eq!(
        call(&mut session).0,
        format!("{path}&order_status=OPEN&limit=100")
    );
    answer(&mut session, 200, &orders(""));
    let all = events(&mut session);
    assert!(matches!(&all[0], VenueEvent::Report(one)
        if status_of(one.kind) == (OrderStatus::New, Qty(0))));
    assert_eq!(all[1], VenueEvent::Account(AccountReport::Done(query)));
}

#[test]
fn what_is_owned_is_free_and_held_on_every_page() {
    let Some(text) = fixture("accounts.json") else {
        return;
    };
    let dollars =
        r#"{"currency":"USD","available_balance":{"value":"95.5"},"hold":{"value":"4.5"}}"#;
    for (query, expected) in [
        (
            Query::Account,
            AccountReport::Cash(Money(100_000_000_000_000_000_000)),
        ),
        (
            Query::Positions,
            AccountReport::Position {
                instrument: BTC_USD,
                qty: Qty(100_500_000),
                cost: Money::ZERO,
            },
        ),
    ] {
        let mut session = ask(VenueRequest::Query(query));
        assert_eq!(call(&mut session).0, "GET accounts?limit=250");
        let first = text.replace("\"has_next\": false", "\"has_next\": true");
        answer(
            &mut session,
            200,
            &first.replace("\"cursor\": \"\"", "\"cursor\": \"two\""),
        );
        assert_eq!(call(&mut session).0, "GET accounts?limit=250&cursor=two");
        let last = format!(r#"{{"accounts":[{dollars}],"has_next":false,"cursor":""}}"#);
        answer(&mut session, 200, &last);
        let all = events(&mut session);
        assert_eq!(all[0], VenueEvent::Account(expected));
        assert_eq!(all[1], VenueEvent::Account(AccountReport::Done(query)));
    }
}

#[test]
fn the_quota_of_the_headers_keeps_a_reserve() {
    let mut session = ask(LOOKUP);
    call(&mut session);
    let body = orders("");
    let head = "x-ratelimit-limit: 30\r\nx-ratelimit-remaining: 10\r\nx-ratelimit-reset: 1\r\n";
    let length = body.len();
    let text = format!("HTTP/1.1 200 OK\r\n{head}Content-Length: {length}\r\n\r\n{body}");
    session.handle_input(T0, text.as_bytes());
    assert_eq!(session.rate_limit().reset, Some(T0.plus(SECOND)));
    assert_eq!(kinds(&mut session), [ReportKind::NotFound]);
    session.handle_request(T0, VenueRequest::New(new_order()));
    session.handle_request(T0, cancel(order_id()));
    assert_eq!(call(&mut session).0, "POST orders/batch_cancel");
    let reason = RejectReason::Venue;
    assert_eq!(kinds(&mut session), [ReportKind::Rejected { reason }]);
}

#[test]
fn flags_and_aliases_of_products_are_known() {
    use py_rt_venues::coinbase::products::decode_products;
    let Some(text) = fixture("product.json") else {
        return;
    };
    let product = |text: &str| {
        let list = format!(r#"{{"products":[{text}]}}"#);
        decode_products(list.as_bytes()).unwrap().remove(0)
    };
    let one = product(&text);
    assert_eq!(
        (one.status.as_str(), one.alias_is_known()),
        ("online", true)
    );
    let spec = one.spec("coinbase");
    assert_eq!(spec.tick_size.to_string(), "0.01");
    assert_eq!(spec.lot_size.to_string(), "0.00000001");
    for flag in [
        "is_disabled",
        "trading_disabled",
        "view_only",
        "cancel_only",
        "auction_mode",
        "limit_only",
        "post_only",
    ] {
        let set = text.replace(&format!("\"{flag}\": false"), &format!("\"{flag}\": true"));
        assert_eq!(product(&set).status, flag);
    }
    let alias = |name: &str| {
        let text = text.replace(
            "\"product_id\": \"BTC-USD\"",
            "\"product_id\": \"BTC-USDC\"",
        );
        product(&text.replace("\"alias\": \"\"", &format!("\"alias\": \"{name}\"")))
    };
    assert!(alias("BTC-USD").alias_is_known());
    assert!(!alias("BTC-EUR").alias_is_known());
    let known = dialect_of(&PRODUCT.replace("\"BTC-USD\"", "\"BTC-USDC\""));
    assert_eq!(
        known
            .symbols
            .find(b"BTC-USD")
            .unwrap()
            .instrument()
            .symbol(),
        "BTC-USDC"
    );
}
