//! A request session that is asked and answered.

use py_rt_types::{
    CancelOrder, ClientOrderId, NewOrder, OrderType, Price, Qty, Query, ReplaceOrder, ReportKind,
    Side, TimeInForce, VenueOrderId,
};
use py_rt_venues::alpaca::{Encoder, RestConfig, RestSession, VenueRequest};
use py_rt_venues::{Session, VenueEvent};

use super::*;

pub const LOT: i64 = 1_000_000_000;
pub const SECOND: i64 = 1_000_000_000;

pub fn new_order() -> NewOrder {
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

pub fn cancel(venue_order_id: u128) -> VenueRequest {
    VenueRequest::Cancel(CancelOrder {
        client_order_id: ClientOrderId::new(5),
        venue_order_id: VenueOrderId(venue_order_id),
        instrument: AAPL,
    })
}

pub fn replace() -> VenueRequest {
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

pub const LOOKUP: VenueRequest = VenueRequest::Query(Query::Order {
    client_order_id: ClientOrderId::new(5),
    instrument: AAPL,
});

pub fn live() -> RestSession {
    let encoder = Encoder::try_new("127.0.0.1:9", &credentials_plain(), dialect()).unwrap();
    let mut session = RestSession::new(RestConfig::new(1), encoder);
    session.handle_timeout(T0);
    session.handle_connected(T0);
    assert_eq!(events(&mut session), [VenueEvent::Open]);
    session
}

pub fn credentials_plain() -> py_rt_venues::alpaca::Credentials {
    let mut credentials = credentials();
    credentials.secret_key = "SECRET".into();
    credentials
}

pub fn answer(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// First line and body of the one request that is due.
pub fn request(session: &mut RestSession) -> (String, String) {
    let all = written(session, T0);
    let [text] = all.as_slice() else {
        panic!("{all:?}");
    };
    assert!(text.contains("\r\nAPCA-API-KEY-ID: KEY\r\nAPCA-API-SECRET-KEY: SECRET\r\n"));
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let line = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1");
    (line.to_string(), body.to_string())
}

pub fn exchange(ask: VenueRequest, status: u16, body: &str) -> Vec<VenueEvent> {
    let mut session = live();
    session.handle_request(T0, ask);
    request(&mut session);
    session.handle_input(T0, &answer(status, "", body));
    events(&mut session)
}

pub fn kind(ask: VenueRequest, status: u16, body: &str) -> ReportKind {
    let all = exchange(ask, status, body);
    match all
        .iter()
        .find(|event| matches!(event, VenueEvent::Report(_)))
    {
        Some(VenueEvent::Report(report)) => report.kind,
        _ => panic!("{all:?}"),
    }
}
