"""Place, watch, replace and cancel orders with the unmodified SDK."""

from __future__ import annotations

import uuid

import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import (
    OrderSide,
    OrderStatus,
    OrderType,
    QueryOrderStatus,
    TimeInForce,
    TradeEvent,
)
from alpaca.trading.requests import (
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    StopOrderRequest,
    TrailingStopOrderRequest,
)

from sdk.alpaca_py.venue import Venue, trade_updates, until


def limit(price: float, *, qty: float = 10, side: OrderSide = OrderSide.BUY) -> LimitOrderRequest:
    return LimitOrderRequest(
        symbol="AAPL",
        qty=qty,
        side=side,
        time_in_force=TimeInForce.DAY,
        limit_price=price,
        client_order_id=f"sdk-{uuid.uuid4()}",
    )


def market(symbol: str, qty: float, side: OrderSide = OrderSide.BUY) -> MarketOrderRequest:
    tif = TimeInForce.GTC if "/" in symbol else TimeInForce.DAY
    return MarketOrderRequest(symbol=symbol, qty=qty, side=side, time_in_force=tif)


def test_a_resting_order_is_placed_watched_and_cancelled(
    client: TradingClient, venue: Venue
) -> None:
    with trade_updates(venue) as updates:
        request = limit(100.25)
        order = client.submit_order(request)
        assert order.client_order_id == request.client_order_id
        new = until(updates, lambda u: u.order.id == order.id)[-1]
        assert new.event == TradeEvent.NEW
        shown = client.get_order_by_id(order.id)
        assert (shown.status, shown.limit_price) == (OrderStatus.NEW, "100.25")
        assert client.get_order_by_client_id(request.client_order_id).id == order.id
        client.cancel_order_by_id(order.id)
        gone = until(updates, lambda u: u.order.id == order.id)[-1]
        assert gone.event == TradeEvent.CANCELED
        assert gone.order.canceled_at is not None
    assert client.get_order_by_id(order.id).status == OrderStatus.CANCELED


def test_a_market_order_fills_and_its_executions_add_up(
    client: TradingClient, venue: Venue
) -> None:
    with trade_updates(venue) as updates:
        order = client.submit_order(market("AAPL", 700))
        seen = until(updates, lambda u: u.event == TradeEvent.FILL)
    mine = [u for u in seen if u.order.id == order.id]
    fills = [u for u in mine if u.event in (TradeEvent.FILL, TradeEvent.PARTIAL_FILL)]
    assert mine[0].event == TradeEvent.NEW
    assert sum(u.qty for u in fills) == 700
    assert float(fills[-1].order.filled_qty) == 700
    assert fills[-1].position_qty == 700
    ids = {str(u.execution_id) for u in fills}
    assert len(ids) == len(fills)
    activities = client.get("/account/activities/FILL", {"page_size": 100})
    assert ids <= {row["id"].split("::")[1] for row in activities}
    assert ids <= {row["id"] for row in venue.ledger()["executions"]}


def test_a_replaced_order_is_another_order(client: TradingClient, venue: Venue) -> None:
    with trade_updates(venue) as updates:
        old = client.submit_order(limit(100))
        until(updates, lambda u: u.event == TradeEvent.NEW)
        new = client.replace_order_by_id(old.id, ReplaceOrderRequest(qty=4, limit_price=101.5))
        seen = until(updates, lambda u: u.order.id == new.id)
    assert [u.event for u in seen] == [TradeEvent.REPLACED, TradeEvent.NEW]
    assert seen[0].order.replaced_by == new.id
    shown = client.get_order_by_id(new.id)
    assert (shown.replaces, shown.qty, shown.limit_price) == (old.id, "4", "101.5")
    assert client.get_order_by_id(old.id).status == OrderStatus.REPLACED
    open_ids = [order.id for order in client.get_orders()]
    assert open_ids == [new.id]


def test_orders_are_listed_by_what_is_asked_for(client: TradingClient) -> None:
    first = client.submit_order(limit(100))
    second = client.submit_order(limit(101))
    client.cancel_order_by_id(first.id)
    everything = GetOrdersRequest(
        status=QueryOrderStatus.ALL, after=first.submitted_at, symbols=["AAPL"], limit=500
    )
    assert [order.id for order in client.get_orders()] == [second.id]
    assert second.id in [order.id for order in client.get_orders(everything)]
    answers = client.cancel_orders()
    assert [(str(a.id), a.status) for a in answers] == [(str(second.id), 200)]
    closed = client.get_orders(GetOrdersRequest(status=QueryOrderStatus.CLOSED, limit=2))
    assert [order.id for order in closed] == [second.id, first.id]


def test_stop_orders_wait_for_their_price(client: TradingClient) -> None:
    client.submit_order(market("AAPL", 5))
    stop = StopOrderRequest(
        symbol="AAPL", qty=2, side=OrderSide.SELL, time_in_force=TimeInForce.GTC, stop_price=10
    )
    waiting = client.submit_order(stop)
    assert client.get_order_by_id(waiting.id).status == OrderStatus.NEW
    trail = TrailingStopOrderRequest(
        symbol="AAPL", qty=3, side=OrderSide.SELL, time_in_force=TimeInForce.DAY, trail_percent=50
    )
    trailing = client.get_order_by_id(client.submit_order(trail).id)
    assert trailing.type == OrderType.TRAILING_STOP
    assert 90 < float(trailing.stop_price) < 100
    assert client.cancel_orders() != []


def test_notional_orders_buy_what_the_money_is_worth(client: TradingClient) -> None:
    request = MarketOrderRequest(
        symbol="AAPL", notional=500.75, side=OrderSide.BUY, time_in_force=TimeInForce.DAY
    )
    order = client.get_order_by_id(client.submit_order(request).id)
    assert (order.status, order.qty, order.notional) == (OrderStatus.FILLED, None, "500.75")
    spent = float(order.filled_qty) * float(order.filled_avg_price)
    assert 500.74 < spent <= 500.75


def refused(client: TradingClient, request: object) -> tuple[int, int, str]:
    with pytest.raises(APIError) as caught:
        client.submit_order(request)
    return caught.value.status_code, caught.value.code, caught.value.message


def test_refusals_carry_the_codes_of_the_dialect(client: TradingClient) -> None:
    used = limit(100)
    client.submit_order(used)
    assert refused(client, used) == (422, 40010001, "client_order_id must be unique")
    assert refused(client, limit(100.123))[:2] == (422, 42210000)
    assert refused(client, limit(190, qty=10_000_000))[:2] == (403, 40310000)
    assert refused(client, market("NOPE", 1))[:2] == (422, 40010001)
    status, code, message = refused(client, market("BTC/USD", 1, OrderSide.SELL))
    assert (status, code) == (403, 40310000)
    assert message.startswith("insufficient balance for BTC (requested: 1, available: 0")
    status, code, message = refused(client, market("BTC/USD", 50))
    assert (status, code) == (403, 40310000)
    assert message.startswith("insufficient balance for USD (requested: ")
    day = MarketOrderRequest(
        symbol="BTC/USD", qty=1, side=OrderSide.BUY, time_in_force=TimeInForce.DAY
    )
    assert refused(client, day) == (422, 42210000, "invalid crypto time_in_force")


def test_what_is_not_there_is_said(client: TradingClient, venue: Venue) -> None:
    with pytest.raises(APIError) as caught:
        client.get_order_by_id(uuid.uuid4())
    assert (caught.value.status_code, caught.value.code) == (404, 40410000)
    order = client.submit_order(market("AAPL", 1))
    with pytest.raises(APIError) as caught:
        client.cancel_order_by_id(order.id)
    assert (caught.value.status_code, caught.value.code) == (422, 42210000)
    stranger = TradingClient("no", "body", paper=True, url_override=venue.alpaca)
    with pytest.raises(APIError) as caught:
        stranger.get_account()
    assert caught.value.status_code in {401, 403}
