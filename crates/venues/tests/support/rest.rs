//! A request session that is asked and answered.

use py_rt_types::{
    ClientOrderId, NewOrder, Price, Qty, Query, ReportKind, TimeInForce, VenueOrderId,
};
use py_rt_venues::alpaca::{Encoder, RestConfig, RestSession, VenueRequest};
use py_rt_venues::{Session, VenueEvent};

use super::requests::{cancel_of, limit_order, replacement};
use super::*;

pub const LOT: i64 = 1_000_000_000;
pub const SECOND: i64 = 1_000_000_000;

pub fn new_order() -> NewOrder {
    NewOrder {
        tif: TimeInForce::Day,
        ..limit_order(AAPL, Qty(200 * LOT), Price(1_900_200))
    }
}

pub fn cancel(venue_order_id: u128) -> VenueRequest {
    cancel_of(AAPL, VenueOrderId(venue_order_id))
}

pub fn replace() -> VenueRequest {
    let order_qty = Qty(2 * LOT + LOT / 2);
    replacement(AAPL, VenueOrderId(VENUE_ID), order_qty, Price(1_910_000))
}

pub const LOOKUP: VenueRequest = VenueRequest::Query(Query::Order {
    client_order_id: ClientOrderId::new(5),
    instrument: AAPL,
});

pub fn live() -> RestSession {
    let encoder = Encoder::try_new("127.0.0.1:9", &credentials_plain(), dialect()).unwrap();
    let mut session = connected(RestSession::new(RestConfig::new(1), encoder));
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
