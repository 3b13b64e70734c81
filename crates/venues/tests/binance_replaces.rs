//! Replacements at Binance: a cancel and a new order, of which one may fail.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/binance.rs"]
mod binance_support;
mod support;

use binance_support::*;
use py_rt_types::{ClientOrderId, Price, Qty, RejectReason, Report, ReportKind};
use py_rt_venues::binance::ids::order_id;
use py_rt_venues::binance::RestSession;
use support::requests::{answer, reports};
use support::{written, T0};

/// A replacement whose order was looked up.
fn replacing(looked_up: &str) -> RestSession {
    let mut session = ask(replace());
    let lookup = "GET /api/v3/order?symbol=BTCUSDT&orderId=29";
    assert_eq!(line(&mut session), lookup);
    answer(&mut session, 200, looked_up);
    session
}

#[test]
fn a_replacement_takes_over_the_terms_and_only_what_is_untouched() {
    let sell = order(&[("side", "\"SELL\""), ("type", "\"LIMIT_MAKER\"")]);
    assert_eq!(
        line(&mut replacing(&sell)),
        "POST /api/v3/order/cancelReplace?symbol=BTCUSDT&side=SELL&type=LIMIT_MAKER&quantity=0.2&\
         price=89100&cancelReplaceMode=STOP_ON_FAILURE&cancelRestrictions=ONLY_NEW&\
         cancelOrderId=29&cancelNewClientOrderId=rt-abcdef27-5-1_&\
         newClientOrderId=rt-abcdef27-5-1&newOrderRespType=FULL"
    );
    for touched in [
        order(&[
            ("status", "\"PARTIALLY_FILLED\""),
            ("executedQty", "\"0.04000000\""),
        ]),
        order(&[("status", "\"CANCELED\"")]),
        order(&[("type", "\"STOP_LOSS\"")]),
    ] {
        let mut session = replacing(&touched);
        assert_eq!(written(&mut session, T0), [""; 0], "{touched}");
        let reason = RejectReason::TooLate;
        let told = reports(&mut session);
        assert_eq!(told[0].kind, ReportKind::ReplaceRejected { reason });
        assert_eq!(told[0].client_order_id.revision, 1);
    }
}

/// What comes of a replacement that is answered so.
fn replaced(status: u16, body: &str) -> Vec<Report> {
    let mut session = replacing(&order(&[]));
    assert!(!line(&mut session).is_empty());
    answer(&mut session, status, body);
    reports(&mut session)
}

#[test]
fn the_four_outcomes_of_a_replacement() {
    let canceled = order(&[
        ("status", "\"CANCELED\""),
        ("clientOrderId", "\"rt-abcdef27-5-1_\""),
        ("origClientOrderId", "\"rt-abcdef27-5\""),
    ]);
    let placed = order(&[
        ("orderId", "30"),
        ("clientOrderId", "\"rt-abcdef27-5-1\""),
        ("origQty", "\"0.20000000\""),
        ("price", "\"89100.00000000\""),
    ]);
    let half = |cancel: &str, new: &str, first: &str, second: &str| {
        format!(
            r#"{{"cancelResult":"{cancel}","newOrderResult":"{new}","cancelResponse":{first},
            "newOrderResponse":{second}}}"#
        )
    };
    let both = half("SUCCESS", "SUCCESS", &canceled, &placed);
    let told = replaced(200, &both);
    let kind = ReportKind::Replaced {
        order_qty: Qty(20_000),
        limit_price: Some(Price(8_910_000)),
    };
    assert_eq!((told.len(), told[0].kind), (1, kind));
    assert_eq!(told[0].venue_order_id, order_id(b"BTCUSDT", 30));

    let unknown = r#"{"code":-2011,"msg":"Unknown order sent."}"#;
    let wrap = |code: i32, data: &str| format!(r#"{{"code":{code},"msg":"x","data":{data}}}"#);
    let none = half("FAILURE", "NOT_ATTEMPTED", unknown, "null");
    let reason = RejectReason::TooLate;
    let told = replaced(400, &wrap(-2022, &none));
    assert_eq!(told[0].kind, ReportKind::ReplaceRejected { reason });

    let poor = r#"{"code":-2010,"msg":"Account has insufficient balance for requested action."}"#;
    let gone = half("SUCCESS", "FAILURE", &canceled, poor);
    let told = replaced(409, &wrap(-2021, &gone));
    assert_eq!(told[0].kind, ReportKind::Canceled { cum_qty: Qty(0) });
    assert_eq!(told[0].client_order_id, ClientOrderId::new(5));

    // Nobody can say what became of one half.
    for (status, body) in [
        (
            409,
            wrap(-2021, &half("FAILURE", "SUCCESS", unknown, &placed)),
        ),
        (
            409,
            wrap(-2021, &half("SUCCESS", "FAILURE", &canceled, "null")),
        ),
        (
            400,
            wrap(-2022, &half("FAILURE", "NOT_ATTEMPTED", "null", "null")),
        ),
        (409, wrap(-2021, "{}")),
        (200, half("SUCCESS", "SUCCESS", &canceled, "null")),
        (504, both.clone()),
        (200, "<html>".to_string()),
    ] {
        let told = replaced(status, &body);
        assert_eq!(
            told[0].kind,
            ReportKind::ReplaceUnanswered,
            "{status} {body}"
        );
    }
}
