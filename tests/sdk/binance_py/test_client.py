"""python-binance over REST."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from binance.client import Client
from binance.exceptions import BinanceAPIException

SYMBOL = "BTCUSDT"


def test_market_data(client: Client) -> None:
    info = client.get_symbol_info(SYMBOL)
    kinds = {row["filterType"] for row in info["filters"]}
    assert {"PRICE_FILTER", "LOT_SIZE", "NOTIONAL"} <= kinds
    book = client.get_order_book(symbol=SYMBOL, limit=5)
    assert Decimal(book["bids"][0][0]) < Decimal(book["asks"][0][0])
    assert client.get_recent_trades(symbol=SYMBOL)[-1]["id"] > 0
    assert client.get_aggregate_trades(symbol=SYMBOL)[-1]["a"] > 0
    rows = client.get_klines(symbol=SYMBOL, interval=Client.KLINE_INTERVAL_1MINUTE)
    assert len(rows[-1]) == 12
    day = client.get_orderbook_ticker(symbol=SYMBOL)
    assert all(len(day[name].split(".")[1]) == 8 for name in ("bidPrice", "askQty"))
    assert client.get_symbol_ticker(symbol=SYMBOL)["symbol"] == SYMBOL
    assert client.get_ticker(symbol=SYMBOL)["count"] > 0
    assert client.get_avg_price(symbol=SYMBOL)["mins"] == 5
    assert client.get_server_time()["serverTime"] > 0


def test_orders(client: Client) -> None:
    client.create_test_order(
        symbol=SYMBOL, side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.1", price="50000"
    )
    order = client.order_limit_buy(symbol=SYMBOL, quantity="0.1", price="50000")
    assert (order["status"], order["fills"]) == ("NEW", [])
    shown = client.get_order(symbol=SYMBOL, orderId=order["orderId"])
    assert (shown["price"], shown["origQty"]) == ("50000.00000000", "0.10000000")
    by_client = client.get_order(symbol=SYMBOL, origClientOrderId=order["clientOrderId"])
    assert by_client["orderId"] == order["orderId"]
    gone = client.cancel_order(symbol=SYMBOL, orderId=order["orderId"])
    assert (gone["status"], gone["origClientOrderId"]) == ("CANCELED", order["clientOrderId"])
    assert order["orderId"] in [o["orderId"] for o in client.get_all_orders(symbol=SYMBOL)]


def test_a_market_order_reports_its_fills(client: Client) -> None:
    order = client.order_market_buy(symbol=SYMBOL, quantity="0.02")
    assert order["status"] == "FILLED"
    assert sum(Decimal(f["qty"]) for f in order["fills"]) == Decimal(order["executedQty"])
    cost = sum(Decimal(f["price"]) * Decimal(f["qty"]) for f in order["fills"])
    assert cost == Decimal(order["cummulativeQuoteQty"])
    assert {f["commissionAsset"] for f in order["fills"]} == {"BTC"}
    trades = client.get_my_trades(symbol=SYMBOL, orderId=order["orderId"])
    assert [t["id"] for t in trades] == [f["tradeId"] for f in order["fills"]]
    sold = client.order_market_sell(symbol=SYMBOL, quantity="0.01999")
    assert {f["commissionAsset"] for f in sold["fills"]} == {"USDT"}
    balances = {row["asset"]: row for row in client.get_account()["balances"]}
    assert Decimal(balances["BTC"]["free"]) < 6
    bought = client.order_market_buy(symbol=SYMBOL, quoteOrderQty="100")
    assert 99 < Decimal(bought["cummulativeQuoteQty"]) <= 100


def refused(client: Client, **order: Any) -> tuple[int, int, str]:
    with pytest.raises(BinanceAPIException) as caught:
        client.create_order(symbol=SYMBOL, side="BUY", **order)
    return caught.value.status_code, caught.value.code, caught.value.message


def test_refusals(client: Client) -> None:
    limit: dict[str, Any] = {"type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1"}
    assert refused(client, **limit, price="50000.001")[1] == -1013
    assert refused(client, **limit, price="0.000000001")[1] == -1111
    assert refused(client, type="LIMIT", quantity="0.1", price="50000")[1] == -1102
    assert refused(client, type="MARKET")[1] == -1102
    maker = refused(client, type="LIMIT_MAKER", quantity="0.1", price="70000")
    assert maker == (400, -2010, "Order would immediately match and take.")
    funds = refused(client, type="LIMIT", timeInForce="GTC", quantity="100", price="59000")
    assert funds[1:] == (-2010, "Account has insufficient balance for requested action.")
    client.create_order(symbol=SYMBOL, side="BUY", newClientOrderId="one", **limit, price="50000")
    again = refused(client, newClientOrderId="one", **limit, price="50000")
    assert again == (400, -2010, "Duplicate order sent.")
    client.cancel_order(symbol=SYMBOL, origClientOrderId="one")
    client.create_order(symbol=SYMBOL, side="BUY", newClientOrderId="one", **limit, price="50000")
    with pytest.raises(BinanceAPIException) as caught:
        client.get_order(symbol=SYMBOL, orderId=10**9)
    assert caught.value.code == -2013
    with pytest.raises(BinanceAPIException) as caught:
        client.get_order_book(symbol="NOPE")
    assert caught.value.code == -1121
