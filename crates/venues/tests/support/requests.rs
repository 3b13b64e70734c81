//! What the tests of all request connections share: our order 5, and sessions that are connected
//! and answered.

use py_rt_types::{
    CancelOrder, ClientOrderId, InstrumentId, NewOrder, OrderType, Price, Qty, ReplaceOrder,
    Report, Side, TimeInForce, VenueOrderId,
};
use py_rt_venues::alpaca::RestConfig;
use py_rt_venues::requests::{RequestSession, RestDialect};
use py_rt_venues::{Session, VenueEvent, VenueRequest};

use super::{connected, events, T0};

/// Our order 5: it buys, and it rests.
pub fn limit_order(instrument: InstrumentId, order_qty: Qty, limit_price: Price) -> NewOrder {
    NewOrder {
        client_order_id: ClientOrderId::new(5),
        instrument,
        side: Side::Buy,
        order_type: OrderType::Limit,
        tif: TimeInForce::Gtc,
        order_qty,
        limit_price: Some(limit_price),
        stop_price: None,
        post_only: false,
        reduce_only: false,
    }
}

/// Its first replacement.
pub fn replacement(
    instrument: InstrumentId,
    venue_order_id: VenueOrderId,
    order_qty: Qty,
    limit_price: Price,
) -> VenueRequest {
    VenueRequest::Replace(ReplaceOrder {
        client_order_id: ClientOrderId {
            sequence: 5,
            revision: 1,
        },
        venue_order_id,
        instrument,
        order_qty,
        limit_price: Some(limit_price),
    })
}

/// Its end.
pub fn cancel_of(instrument: InstrumentId, venue_order_id: VenueOrderId) -> VenueRequest {
    VenueRequest::Cancel(CancelOrder {
        client_order_id: ClientOrderId::new(5),
        venue_order_id,
        instrument,
    })
}

/// A message with some of its parts replaced by others; they must be there.
pub fn changed(mut text: String, changes: &[(&str, &str)]) -> String {
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    text
}

/// A request session that is connected and has said so.
pub fn session_of<D: RestDialect>(encoder: D) -> RequestSession<D> {
    let mut session = connected(RequestSession::new(RestConfig::new(1), encoder));
    while session.poll_event().is_some() {}
    session
}

pub fn answer(session: &mut impl Session, status: u16, body: &str) {
    let length = body.len();
    let text = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{body}");
    session.handle_input(T0, text.as_bytes());
}

pub fn reports(session: &mut impl Session) -> Vec<Report> {
    let all = events(session).into_iter();
    all.filter_map(|event| match event {
        VenueEvent::Report(report) => Some(report),
        _ => None,
    })
    .collect()
}
