//! What comes of the answers that Binance documents.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/binance.rs"]
mod binance_support;
mod support;

use binance_support::*;
use py_rt_types::{
    AccountReport, ClientOrderId, FeeAsset, Money, OrderStatus, Qty, Query, RejectReason, Report,
    ReportKind,
};
use py_rt_venues::binance::errors::{judge_body, ErrorBody};
use py_rt_venues::binance::ids::{number_of, order_id};
use py_rt_venues::requests::{Call, Outcome};
use py_rt_venues::{Session, VenueEvent, VenueRequest};
use support::requests::{answer, reports};
use support::rest::SECOND;
use support::{events, unquoted, written, Tree, T0};

#[test]
fn the_answer_to_an_order_tells_its_executions() {
    let fills = r#"[
        {"price":"88999.00000000","qty":"0.06000000","commission":"0.00006000",
         "commissionAsset":"BTC","tradeId":56},
        {"price":"88999.50000000","qty":"0.04000000","commission":"0.00000000",
         "commissionAsset":"BTC","tradeId":57}]"#;
    let filled = order(&[
        ("status", "\"FILLED\""),
        ("executedQty", "\"0.10000000\""),
        ("fills", fills),
    ]);
    let mut session = ask(VenueRequest::New(new_order()));
    assert!(!line(&mut session).is_empty());
    answer(&mut session, 200, &filled);
    let told = reports(&mut session);
    let expected = [(6_000, 6_000, 56, 60_000), (4_000, 10_000, 57, 0)];
    assert_eq!(told.len(), 2, "{told:?}");
    for (report, (last, total, trade, fee)) in told.iter().zip(expected) {
        let ReportKind::Fill {
            exec_id,
            last_qty,
            cum_qty,
            fee: paid,
            fee_asset,
            ..
        } = report.kind
        else {
            panic!("{report:?}");
        };
        assert_eq!((last_qty, cum_qty), (Qty(last), Qty(total)));
        assert_eq!(number_of(exec_id.0), trade);
        assert_eq!(paid, Money(fee * 1_000_000_000));
        let asset = if fee == 0 {
            FeeAsset::Quote
        } else {
            FeeAsset::Base
        };
        assert_eq!(fee_asset, asset);
        assert_eq!(report.venue_order_id, order_id(b"BTCUSDT", 29));
    }
    // Executions that do not add up are asked for: the total alone is told.
    let short = order(&[
        ("status", "\"PARTIALLY_FILLED\""),
        ("executedQty", "\"0.10000000\""),
        ("fills", "[]"),
    ]);
    let mut session = ask(VenueRequest::New(new_order()));
    assert!(!line(&mut session).is_empty());
    answer(&mut session, 200, &short);
    let [one] = reports(&mut session)[..] else {
        panic!("not one report");
    };
    assert!(matches!(
        one.kind,
        ReportKind::Snapshot {
            cum_qty: Qty(10_000),
            ..
        }
    ));
    let expired = order(&[("status", "\"EXPIRED\""), ("timeInForce", "\"IOC\"")]);
    let mut session = ask(VenueRequest::New(new_order()));
    assert!(!line(&mut session).is_empty());
    answer(&mut session, 200, &expired);
    let [one] = reports(&mut session)[..] else {
        panic!("not one report");
    };
    assert_eq!(one.kind, ReportKind::Expired { cum_qty: Qty(0) });
}

#[test]
fn a_cancel_is_over_with_its_answer() {
    let canceled = order(&[
        ("status", "\"CANCELED\""),
        ("clientOrderId", "\"web_1\""),
        ("origClientOrderId", "\"rt-abcdef27-5\""),
        ("executedQty", "\"0.04000000\""),
    ]);
    let mut session = ask(cancel(order_id(b"BTCUSDT", 29)));
    assert!(!line(&mut session).is_empty());
    answer(&mut session, 200, &canceled);
    let [one] = reports(&mut session)[..] else {
        panic!("not one report");
    };
    assert_eq!(one.client_order_id, ClientOrderId::new(5));
    assert_eq!(
        one.kind,
        ReportKind::Canceled {
            cum_qty: Qty(4_000)
        }
    );
    let mut session = ask(cancel(order_id(b"BTCUSDT", 29)));
    assert!(!line(&mut session).is_empty());
    answer(
        &mut session,
        400,
        r#"{"code":-2011,"msg":"Unknown order sent."}"#,
    );
    let reason = RejectReason::UnknownOrder;
    let [one] = reports(&mut session)[..] else {
        panic!("not one report");
    };
    assert_eq!(one.kind, ReportKind::CancelRejected { reason });
}

#[test]
fn a_request_out_of_time_is_repeated_once_by_the_venues_clock() {
    let late = r#"{"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}"#;
    let mut session = ask(VenueRequest::New(new_order()));
    assert!(line(&mut session).starts_with("POST"));
    answer(&mut session, 400, late);
    assert_eq!(line(&mut session), "GET /api/v3/time");
    answer(&mut session, 200, r#"{"serverTime":1795186860000}"#);
    let again = written(&mut session, T0);
    assert!(again[0].contains("timestamp=1795186860000&"), "{again:?}");
    answer(&mut session, 400, late);
    let reason = RejectReason::Venue;
    let told = reports(&mut session);
    assert_eq!(
        (told.len(), told[0].kind),
        (1, ReportKind::Rejected { reason })
    );
    assert_eq!(written(&mut session, T0), [""; 0]);
}

#[test]
fn documented_errors_are_judged_by_the_table() {
    let Some(text) = fixture("errors.json") else {
        return;
    };
    for row in Tree::parse(&text).elements() {
        let http = row.member("http").unwrap().text();
        let advice = unquoted(row.member("retry").unwrap());
        let body = row.member("body").unwrap().text();
        let Ok(parsed) = ErrorBody::decode(body.as_bytes()) else {
            continue;
        };
        if parsed.code == 0 {
            // The page of the firewall, which is no JSON.
            continue;
        }
        let mut session = ask(VenueRequest::New(new_order()));
        assert!(!line(&mut session).is_empty());
        answer(&mut session, http.parse().unwrap(), &body);
        if parsed.code == -1021 {
            assert_eq!(line(&mut session), "GET /api/v3/time");
            continue;
        }
        let all = events(&mut session);
        let kind = all.iter().find_map(|event| match event {
            VenueEvent::Report(report) => Some(report.kind),
            _ => None,
        });
        let definite = matches!(kind, Some(ReportKind::Rejected { .. }));
        let is_unknown = advice.contains("query") || [-2011, -2013, -2026].contains(&parsed.code);
        assert_eq!(definite, !is_unknown, "{http} {body} {advice}: {all:?}");
    }
}

#[test]
fn a_text_that_nobody_knows_is_no_rejection() {
    let judged = |text: &str| {
        let body = format!(r#"{{"code":-2010,"msg":"{text}"}}"#);
        judge_body(Call::New, &ErrorBody::decode(body.as_bytes()).unwrap())
    };
    assert_eq!(judged("Duplicate order sent."), Outcome::Unanswered);
    assert_eq!(judged("A text of tomorrow."), Outcome::Unanswered);
    assert_eq!(
        judged("Order would immediately match and take."),
        Outcome::Rejected(RejectReason::WouldCross)
    );
}

#[test]
fn executions_are_told_from_the_first_of_their_order_on() {
    let trade = |id: u64, order: u64, qty: &str, time: u64| {
        format!(
            r#"{{"symbol":"BTCUSDT","id":{id},"orderId":{order},"price":"89000.00","qty":"{qty}",
            "commission":"0","commissionAsset":"BTC","time":{time},"isBuyer":true,
            "isMaker":false}}"#
        )
    };
    let (day, now) = (86_400_000u64, 1_795_186_800_000u64);
    let (old, mid, new) = (
        trade(7, 3, "0.01", now - 3 * day),
        trade(9, 3, "0.02", now - day),
        trade(11, 4, "0.05", now - 5),
    );
    let since = T0.plus(-2 * 86_400 * SECOND);
    let query = Query::Fills { since };
    let mut session = ask(VenueRequest::Query(query));
    assert_eq!(line(&mut session), "GET /api/v3/time");
    answer(&mut session, 200, &format!(r#"{{"serverTime":{now}}}"#));
    let orders = |touched: &str| {
        let first = order(&[("orderId", "3"), ("executedQty", touched)]);
        let second = order(&[("orderId", "4"), ("executedQty", "\"0.05000000\"")]);
        format!("[{first},{second}]")
    };
    let mut asked = Vec::new();
    for page in [
        format!("[{mid}]"),
        format!("[{new}]"),
        "[]".to_string(),
        orders("\"0.03000000\""),
        format!("[{old},{mid}]"),
    ] {
        let mut line = line(&mut session);
        line.drain(.."GET /api/v3/".len());
        asked.push(line);
        answer(&mut session, 200, &page);
    }
    assert_eq!(written(&mut session, T0), [""; 0]);
    let start = now - 2 * day - 1000;
    let window = |number: u64| {
        let from = start + number * day;
        format!(
            "myTrades?symbol=BTCUSDT&startTime={from}&endTime={}&limit=1000",
            from + day - 1
        )
    };
    let expected = [
        window(0),
        window(1),
        window(2),
        "allOrders?symbol=BTCUSDT&orderId=3&limit=1000".to_string(),
        // The trades at hand are fewer than what was executed of this one.
        "myTrades?symbol=BTCUSDT&orderId=3&fromId=0&limit=1000".to_string(),
    ];
    assert_eq!(asked, expected);
    let all = events(&mut session);
    let totals: Vec<(u64, i64)> = all
        .iter()
        .filter_map(|event| match event {
            VenueEvent::Report(Report {
                kind: ReportKind::Fill {
                    exec_id, cum_qty, ..
                },
                ..
            }) => Some((number_of(exec_id.0), cum_qty.0)),
            _ => None,
        })
        .collect();
    assert_eq!(totals, [(11, 5_000), (9, 3_000)]);
    let done = VenueEvent::Account(AccountReport::Done(query));
    assert_eq!(all.last(), Some(&done));
}

#[test]
fn balances_become_positions_and_cash() {
    let body = r#"{"canTrade":true,"uid":354937868,"balances":[
        {"asset":"BTC","free":"1.00000999","locked":"0.00000000"},
        {"asset":"USDT","free":"91000.00000000","locked":"9000.00000000"}]}"#;
    let mut session = ask(VenueRequest::Query(Query::Positions));
    assert!(!line(&mut session).is_empty());
    answer(&mut session, 200, body);
    let all = events(&mut session);
    let position = AccountReport::Position {
        instrument: BTCUSDT,
        qty: Qty(100_000),
        cost: Money::ZERO,
    };
    assert_eq!(all[0], VenueEvent::Account(position));
    let mut session = ask(VenueRequest::Query(Query::Account));
    assert!(!line(&mut session).is_empty());
    answer(&mut session, 200, body);
    let cash = AccountReport::Cash(Money(100_000 * Money::ONE.0));
    assert_eq!(events(&mut session)[0], VenueEvent::Account(cash));
}

#[test]
fn documented_answers_are_read() {
    let Some(text) = fixture("order_full.json") else {
        return;
    };
    let full = Tree::parse(&text).member("response").unwrap().text();
    let ours = full.replace("strat1-000001", "rt-abcdef27-5");
    let mut session = ask(VenueRequest::New(new_order()));
    assert!(!line(&mut session).is_empty());
    answer(&mut session, 200, &ours);
    let told = reports(&mut session);
    assert_eq!(told.len(), 2);
    let query = fixture("order_query.json").unwrap();
    let query = query.replace("strat1-000002", "rt-abcdef27-5");
    let mut session = ask(VenueRequest::Query(Query::Order {
        client_order_id: ClientOrderId::new(5),
        instrument: BTCUSDT,
    }));
    assert!(!line(&mut session).is_empty());
    answer(&mut session, 200, &query);
    let told = reports(&mut session);
    assert!(matches!(
        told[0].kind,
        ReportKind::Snapshot {
            status: OrderStatus::New,
            order_qty: Qty(10_000),
            ..
        }
    ));
    let account = fixture("account.json").unwrap();
    let account = py_rt_venues::binance::lists::decode_account(account.as_bytes()).unwrap();
    assert_eq!(account.uid, "354937868");
    assert_eq!(account.owned(b"USDT"), 100_000 * Money::ONE.0);
    let info = fixture("exchange_info.json").unwrap();
    let pairs = py_rt_venues::binance::lists::decode_exchange_info(info.as_bytes()).unwrap();
    assert_eq!(pairs[0].symbol, "BTCUSDT");
    assert_eq!(pairs[0].step_size.to_string(), "0.00001");
}

#[test]
fn too_many_orders_stop_orders_and_nothing_else() {
    let mut session = ask(VenueRequest::New(new_order()));
    assert!(!line(&mut session).is_empty());
    let body =
        r#"{"code":-1015,"msg":"Too many new orders; current limit is 100 orders per 10 S."}"#;
    let length = body.len();
    let text =
        format!("HTTP/1.1 429 X\r\nContent-Length: {length}\r\nRetry-After: 7\r\n\r\n{body}");
    session.handle_input(T0, text.as_bytes());
    let reason = RejectReason::Venue;
    let told = reports(&mut session);
    assert_eq!(told[0].kind, ReportKind::Rejected { reason });
    session.handle_request(T0, cancel(order_id(b"BTCUSDT", 29)));
    assert!(line(&mut session).starts_with("DELETE"));
    answer(
        &mut session,
        400,
        r#"{"code":-2011,"msg":"Unknown order sent."}"#,
    );
    assert_eq!(reports(&mut session).len(), 1);
    session.handle_request(T0, VenueRequest::New(new_order()));
    assert_eq!(written(&mut session, T0), [""; 0]);
    assert_eq!(
        reports(&mut session)[0].kind,
        ReportKind::Rejected { reason }
    );
    let later = T0.plus(7 * SECOND);
    session.handle_request(later, VenueRequest::New(new_order()));
    assert_eq!(written(&mut session, later).len(), 1);
}
