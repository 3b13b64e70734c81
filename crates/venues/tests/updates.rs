//! Account stream messages to reports, one by one and as the fixture tells the story.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use py_rt_types::{
    ClientOrderId, ExecId, Liquidity, Money, OrderStatus, OrderType, Price, Qty, Query,
    RejectReason, Report, ReportKind, Side, TimeInForce, UnixNanos, VenueOrderId,
};
use py_rt_venues::alpaca::TradingStream;
use py_rt_venues::{LinkConfig, Session, VenueEvent};
use support::*;

const LOT: i64 = 1_000_000_000;
const TICK: i64 = 10_000;

fn live() -> TradingStream {
    let mut stream = TradingStream::new(LinkConfig::websocket(1), credentials(), dialect());
    stream.handle_timeout(T0);
    stream.handle_connected(T0);
    stream.handle_input(
        T0,
        br#"{"stream":"authorization","data":{"status":"authorized","action":"authenticate"}}"#,
    );
    stream.handle_input(
        T0,
        br#"{"stream":"listening","data":{"streams":["trade_updates"]}}"#,
    );
    let seen = events(&mut stream);
    assert_eq!(seen, [VenueEvent::Open, VenueEvent::Up]);
    stream
}

fn of(text: &str) -> Vec<VenueEvent> {
    let mut stream = live();
    stream.handle_input(T0, text.as_bytes());
    events(&mut stream)
}

fn kinds(event: &str, set: &[(&str, &str)]) -> Vec<ReportKind> {
    of(&update(event, "", &order(set)))
        .into_iter()
        .map(|event| match event {
            VenueEvent::Report(report) => report.kind,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_fill_is_read_to_the_last_digit() {
    let expected = Report {
        ts_event: UnixNanos(T0.0 + 981_482_000),
        client_order_id: ClientOrderId::new(5),
        venue_order_id: VenueOrderId(VENUE_ID),
        instrument: AAPL,
        side: Side::Buy,
        kind: ReportKind::Fill {
            exec_id: ExecId(0xbbd6_d4fe_c25c_50c0_b4af_83b0_3728_ad94),
            last_qty: Qty(100 * LOT),
            last_price: Price(190 * TICK + 100),
            cum_qty: Qty(100 * LOT),
            fee: Money::ZERO,
            fee_asset: py_rt_types::FeeAsset::Quote,
            liquidity: Liquidity::Taker,
        },
    };
    assert_eq!(of(&fill_update()), [VenueEvent::Report(expected)]);
    let local = fill_update().replace(
        "\"position_qty\"",
        "\"fee\":\"-0.05\",\"liquidity\":\"maker\",\"position_qty\"",
    );
    let VenueEvent::Report(report) = of(&local)[0] else {
        panic!("no report");
    };
    let ReportKind::Fill { fee, liquidity, .. } = report.kind else {
        panic!("no fill");
    };
    assert_eq!(fee, Money(-50_000_000_000_000_000));
    assert_eq!(liquidity, Liquidity::Maker);
}

#[test]
fn the_order_of_members_does_not_matter() {
    let payload = Tree::parse(&fill_update());
    let data = payload.member("data").unwrap().text();
    let turned = format!("{{\"data\":{data},\"stream\":\"trade_updates\"}}");
    assert_eq!(of(&turned), of(&fill_update()));
}

fn snapshot(status: OrderStatus, cum: i64) -> ReportKind {
    ReportKind::Snapshot {
        status,
        order_qty: Qty(200 * LOT),
        cum_qty: Qty(cum * LOT),
        order_type: OrderType::Limit,
        tif: TimeInForce::Day,
        limit_price: Some(Price(190 * TICK + 200)),
    }
}

#[test]
fn every_event_has_its_report() {
    let reason = RejectReason::Venue;
    let zero = Qty::ZERO;
    let table = [
        ("new", ReportKind::Accepted),
        ("accepted", ReportKind::Accepted),
        ("pending_new", ReportKind::Accepted),
        ("canceled", ReportKind::Canceled { cum_qty: zero }),
        ("expired", ReportKind::Expired { cum_qty: zero }),
        ("done_for_day", ReportKind::DoneForDay { cum_qty: zero }),
        ("rejected", ReportKind::Rejected { reason }),
        ("pending_cancel", ReportKind::PendingCancel),
        ("pending_replace", ReportKind::PendingReplace),
        ("replaced", ReportKind::PendingReplace),
        (
            "order_cancel_rejected",
            ReportKind::CancelRejected { reason },
        ),
        (
            "order_replace_rejected",
            ReportKind::ReplaceRejected { reason },
        ),
        ("restated", snapshot(OrderStatus::New, 0)),
        ("some_new_word", snapshot(OrderStatus::New, 0)),
    ];
    for (event, expected) in table {
        assert_eq!(kinds(event, &[]), [expected], "{event}");
    }
    let unknown = kinds("some_new_word", &[("status", "\"another\"")]);
    assert_eq!(unknown, [snapshot(OrderStatus::Unknown, 0)]);
}

#[test]
fn a_total_that_moved_is_never_lost() {
    let filled = [("filled_qty", "\"50\"")];
    assert_eq!(
        kinds("new", &filled),
        [snapshot(OrderStatus::PartiallyFilled, 50)]
    );
    let cum_qty = Qty(50 * LOT);
    assert_eq!(
        kinds("canceled", &filled),
        [ReportKind::Canceled { cum_qty }]
    );
    let pending = [("filled_qty", "\"50\""), ("status", "\"pending_cancel\"")];
    let expected = [
        snapshot(OrderStatus::PendingCancel, 50),
        ReportKind::PendingCancel,
    ];
    assert_eq!(kinds("pending_cancel", &pending), expected);
    let old = [("filled_qty", "\"50\""), ("status", "\"replaced\"")];
    let expected = [
        snapshot(OrderStatus::PendingReplace, 50),
        ReportKind::PendingReplace,
    ];
    assert_eq!(kinds("replaced", &old), expected);
}

#[test]
fn a_replacement_is_told_by_the_order_that_took_the_place() {
    let link = format!("\"{UUID_2}\"");
    let terms = [
        ("replaces", link.as_str()),
        ("client_order_id", "\"rt-abcdef27-5-1\""),
    ];
    let events = of(&update("new", "", &order(&terms)));
    let [VenueEvent::Report(report)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(report.client_order_id.revision, 1);
    assert_eq!(report.venue_order_id, VenueOrderId(VENUE_ID));
    let replaced = ReportKind::Replaced {
        order_qty: Qty(200 * LOT),
        limit_price: Some(Price(190 * TICK + 200)),
    };
    assert_eq!(report.kind, replaced);
    assert_eq!(kinds("accepted", &terms), [ReportKind::PendingReplace]);
    let reason = RejectReason::Venue;
    assert_eq!(
        kinds("rejected", &terms),
        [ReportKind::ReplaceRejected { reason }]
    );
}

#[test]
fn what_cannot_be_read_is_asked_for() {
    let ours = of(&update(
        "fill",
        ",\"price\":\"NaN\",\"qty\":\"1\"",
        &order(&[("filled_qty", "\"1\"")]),
    ));
    assert!(matches!(ours[0], VenueEvent::Quarantined(m) if m.field == "price"));
    let question = Query::Order {
        client_order_id: ClientOrderId::new(5),
        instrument: AAPL,
    };
    assert_eq!(ours[1..], [VenueEvent::Ask(question)]);

    let foreign = of(&update(
        "fill",
        "",
        &order(&[("client_order_id", "\"by-hand\"")]),
    ));
    assert_eq!(foreign.len(), 1, "{foreign:?}");

    let nameless = of(&update("fill", "", &order(&[("client_order_id", "7")])));
    assert_eq!(nameless[1..], [VenueEvent::Down, VenueEvent::Up]);
    let broken = of("{\"stream\":\"trade_updates\",\"data\":{");
    assert_eq!(broken[1..], [VenueEvent::Down, VenueEvent::Up]);

    assert_eq!(
        of(&update("new", "", &order(&[("symbol", "\"TSLA\"")]))),
        []
    );
}

#[test]
fn the_fixture_tells_one_story() {
    let Some(text) = fixture("ws_trade_updates.json") else {
        return;
    };
    let mut stream = live();
    for message in Tree::parse(&text).elements() {
        stream.handle_input(T0, message.text().as_bytes());
    }
    let mut sum = 0;
    let names: Vec<String> = events(&mut stream)
        .into_iter()
        .map(|event| match event {
            VenueEvent::Report(report) => {
                assert_eq!(report.client_order_id, ClientOrderId::FOREIGN);
                if let ReportKind::Fill {
                    last_qty, cum_qty, ..
                } = report.kind
                {
                    sum += last_qty.0;
                    assert_eq!(sum, cum_qty.0);
                }
                let name = format!("{:?}", report.kind);
                name.split([' ', '{']).next().unwrap().to_string()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        "Accepted",
        "Accepted",
        "Fill",
        "Fill",
        "Accepted",
        "PendingCancel",
        "Canceled",
        "PendingReplace",
        "Rejected",
        "Expired",
    ];
    assert_eq!(names, expected);
    assert_eq!(sum, 200 * LOT);
    assert_eq!(stream.counters().malformed, 0);
}
