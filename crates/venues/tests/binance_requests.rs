//! What the Binance dialect sends, and what it refuses to send.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/binance.rs"]
mod binance_support;
mod support;

use binance_support::*;
use py_rt_types::{
    ClientOrderId, NewOrder, OrderType, Price, Qty, Query, RejectReason, ReportKind, Side,
    TimeInForce, VenueOrderId,
};
use py_rt_venues::binance::ids::order_id;
use py_rt_venues::{VenueEvent, VenueRequest};
use support::{events, written, T0};

#[test]
fn requests_are_written_as_the_venue_reads_them() {
    let sent = |request| line(&mut ask(request));
    assert_eq!(
        sent(VenueRequest::New(new_order())),
        "POST /api/v3/order?symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.1&\
         price=89000&newClientOrderId=rt-abcdef27-5&newOrderRespType=FULL"
    );
    let maker = NewOrder {
        post_only: true,
        side: Side::Sell,
        ..new_order()
    };
    assert_eq!(
        sent(VenueRequest::New(maker)),
        "POST /api/v3/order?symbol=BTCUSDT&side=SELL&type=LIMIT_MAKER&quantity=0.1&price=89000&\
         newClientOrderId=rt-abcdef27-5&newOrderRespType=FULL"
    );
    let market = NewOrder {
        order_type: OrderType::Market,
        limit_price: None,
        ..new_order()
    };
    assert_eq!(
        sent(VenueRequest::New(market)),
        "POST /api/v3/order?symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.1&\
         newClientOrderId=rt-abcdef27-5&newOrderRespType=FULL"
    );
    let stop = NewOrder {
        order_type: OrderType::Stop,
        limit_price: None,
        stop_price: Some(Price(9_100_000)),
        ..new_order()
    };
    assert_eq!(
        sent(VenueRequest::New(stop)),
        "POST /api/v3/order?symbol=BTCUSDT&side=BUY&type=STOP_LOSS&quantity=0.1&stopPrice=91000&\
         newClientOrderId=rt-abcdef27-5&newOrderRespType=FULL"
    );
    let with_limit = NewOrder {
        limit_price: Some(Price(9_150_000)),
        ..stop
    };
    assert_eq!(
        sent(VenueRequest::New(with_limit)),
        "POST /api/v3/order?symbol=BTCUSDT&side=BUY&type=STOP_LOSS_LIMIT&timeInForce=GTC&\
         quantity=0.1&price=91500&stopPrice=91000&newClientOrderId=rt-abcdef27-5&\
         newOrderRespType=FULL"
    );
}

#[test]
fn questions_are_written_as_the_venue_reads_them() {
    let sent = |request| line(&mut ask(request));
    let ours = "symbol=BTCUSDT&origClientOrderId=rt-abcdef27-5";
    assert_eq!(
        sent(cancel(VenueOrderId(0))),
        format!("DELETE /api/v3/order?{ours}")
    );
    assert_eq!(
        sent(cancel(order_id(b"BTCUSDT", 29))),
        "DELETE /api/v3/order?symbol=BTCUSDT&orderId=29"
    );
    let order = Query::Order {
        client_order_id: ClientOrderId::new(5),
        instrument: BTCUSDT,
    };
    assert_eq!(
        sent(VenueRequest::Query(order)),
        format!("GET /api/v3/order?{ours}")
    );
    let number = Query::VenueOrder {
        venue_order_id: order_id(b"BTCUSDT", 29),
    };
    assert_eq!(
        sent(VenueRequest::Query(number)),
        "GET /api/v3/order?symbol=BTCUSDT&orderId=29"
    );
    assert_eq!(
        sent(VenueRequest::Query(Query::OpenOrders)),
        "GET /api/v3/openOrders?symbol=BTCUSDT"
    );
    assert_eq!(
        sent(VenueRequest::Query(Query::Positions)),
        "GET /api/v3/account?omitZeroBalances=true"
    );
    assert_eq!(
        sent(VenueRequest::Book(BTCUSDT)),
        "GET /api/v3/depth?limit=1000&symbol=BTCUSDT"
    );
}

#[test]
fn what_binance_cannot_do_is_refused_before_it_is_sent() {
    use RejectReason::{BadPrice, BadQty, NotSupported};
    let bent = |change: &dyn Fn(&mut NewOrder)| {
        let mut order = new_order();
        change(&mut order);
        VenueRequest::New(order)
    };
    let cases = [
        (bent(&|order| order.tif = TimeInForce::Day), NotSupported),
        (
            bent(&|order| (order.post_only, order.tif) = (true, TimeInForce::Ioc)),
            NotSupported,
        ),
        (
            bent(&|order| {
                (order.order_type, order.limit_price) = (OrderType::Market, None);
                order.tif = TimeInForce::Fok;
            }),
            NotSupported,
        ),
        (bent(&|order| order.order_qty = Qty(0)), BadQty),
        (bent(&|order| order.limit_price = None), BadPrice),
        (bent(&|order| order.limit_price = Some(Price(0))), BadPrice),
        (
            bent(&|order| order.instrument = py_rt_types::InstrumentId(9)),
            NotSupported,
        ),
    ];
    for (request, reason) in cases {
        let mut session = ask(request);
        assert_eq!(written(&mut session, T0), [""; 0], "{request:?}");
        let all = events(&mut session);
        let [VenueEvent::Notice(_), VenueEvent::Report(report)] = all.as_slice() else {
            panic!("{request:?}: {all:?}");
        };
        assert_eq!(report.kind, ReportKind::Rejected { reason }, "{request:?}");
    }
}
