"""Orders that come together, and a venue that goes wrong, seen by the unmodified SDK."""

from __future__ import annotations

import json
import urllib.request
import uuid
from typing import Any

import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderClass, OrderSide, OrderStatus, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (
    GetOrderByIdRequest,
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    StopLossRequest,
    TakeProfitRequest,
)

from sdk.alpaca_py.venue import Venue
from sdk.process import PATIENCE_S


def post(venue: Venue, **rule: Any) -> None:
    body = json.dumps(rule).encode()
    request = urllib.request.Request(f"{venue.admin}/admin/faults", body)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        assert answer.status == 200


def test_a_bracket_comes_with_its_legs(client: TradingClient) -> None:
    request = MarketOrderRequest(
        symbol="AAPL",
        qty=3,
        side=OrderSide.BUY,
        time_in_force=TimeInForce.DAY,
        order_class=OrderClass.BRACKET,
        take_profit=TakeProfitRequest(limit_price=400),
        stop_loss=StopLossRequest(stop_price=50),
    )
    order = client.submit_order(request)
    assert [leg.status for leg in order.legs] == [OrderStatus.HELD, OrderStatus.HELD]
    shown = client.get_order_by_id(order.id, GetOrderByIdRequest(nested=True))
    assert (shown.status, shown.order_class) == (OrderStatus.FILLED, OrderClass.BRACKET)
    assert [leg.status for leg in shown.legs] == [OrderStatus.NEW, OrderStatus.NEW]
    client.cancel_order_by_id(shown.legs[0].id)
    shown = client.get_order_by_id(order.id, GetOrderByIdRequest(nested=True))
    assert [leg.status for leg in shown.legs] == [OrderStatus.CANCELED, OrderStatus.CANCELED]


def test_one_cancels_the_other(client: TradingClient) -> None:
    client.submit_order(
        MarketOrderRequest(symbol="AAPL", qty=2, side=OrderSide.BUY, time_in_force=TimeInForce.DAY)
    )
    request = LimitOrderRequest(
        symbol="AAPL",
        qty=2,
        side=OrderSide.SELL,
        time_in_force=TimeInForce.GTC,
        order_class=OrderClass.OCO,
        limit_price=400,
        take_profit=TakeProfitRequest(limit_price=400),
        stop_loss=StopLossRequest(stop_price=50, limit_price=49),
    )
    order = client.submit_order(request)
    nested = client.get_orders(GetOrdersRequest(status=QueryOrderStatus.OPEN, nested=True))
    assert [o.id for o in nested] == [order.id]
    client.cancel_orders()
    assert client.get_orders() == []


def test_a_lost_answer_is_sent_again_and_refused(client: TradingClient, venue: Venue) -> None:
    post(venue, fault="F1", status=504, path="/v2/orders", method="POST")
    name = f"lost-{uuid.uuid4()}"
    request = LimitOrderRequest(
        symbol="AAPL",
        qty=1,
        side=OrderSide.BUY,
        time_in_force=TimeInForce.DAY,
        limit_price=100,
        client_order_id=name,
    )
    # The SDK posts again after a 504 by itself: only the id keeps it from a second order.
    with pytest.raises(APIError) as caught:
        client.submit_order(request)
    assert caught.value.code == 40010001
    mine = [o for o in venue.ledger()["orders"] if o["client_order_id"] == name]
    assert len(mine) == 1
