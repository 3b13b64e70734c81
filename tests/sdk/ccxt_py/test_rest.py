"""ccxt over REST: markets, books, orders, balances, refusals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import ccxt
import pytest

from sdk.ccxt_py.exchange import Venue, made

SYMBOL = "BTC/USDT"


def test_the_market_is_listed_with_its_filters(exchange: Any) -> None:
    market = exchange.market(SYMBOL)
    assert (market["id"], market["base"], market["quote"]) == ("BTCUSDT", "BTC", "USDT")
    assert market["precision"] == {"amount": 0.00001, "price": 0.01, **_rest(market)}
    assert market["limits"]["amount"]["min"] == 0.00001
    assert market["limits"]["cost"]["min"] == 5
    assert market["active"] is True


def _rest(market: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in market["precision"].items() if k not in {"amount", "price"}}


def test_the_book_is_two_sided_and_in_order(exchange: Any) -> None:
    book = exchange.fetch_order_book(SYMBOL, 5)
    bids, asks = [p for p, _ in book["bids"]], [p for p, _ in book["asks"]]
    assert len(bids) == len(asks) == 5
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    assert book["nonce"] > 0


def test_market_data_is_there(exchange: Any) -> None:
    trades = exchange.fetch_trades(SYMBOL, limit=5)
    assert trades
    assert {t["side"] for t in trades} <= {"buy", "sell"}
    candles = exchange.fetch_ohlcv(SYMBOL, "1m", limit=2)
    assert candles[-1][2] >= candles[-1][3] > 0
    day = exchange.fetch_ticker(SYMBOL)
    assert day["bid"] < day["ask"]
    assert day["last"] > 0
    assert exchange.fetch_time() > 0


def test_an_order_is_created_fetched_and_cancelled(exchange: Any, venue: Venue) -> None:
    order = exchange.create_order(SYMBOL, "limit", "buy", 0.01, 50_000)
    assert (order["status"], order["amount"], order["price"]) == ("open", 0.01, 50_000)
    assert exchange.fetch_order(order["id"], SYMBOL)["status"] == "open"
    assert [o["id"] for o in exchange.fetch_open_orders(SYMBOL)] == [order["id"]]
    locked = exchange.fetch_balance()["USDT"]["used"]
    assert locked == 500
    assert exchange.cancel_order(order["id"], SYMBOL)["status"] == "canceled"
    assert exchange.fetch_order(order["id"], SYMBOL)["status"] == "canceled"
    assert exchange.fetch_balance()["USDT"]["used"] == 0
    mine = [o for o in venue.ledger()["orders"] if o["client_order_id"] == order["clientOrderId"]]
    assert [(o["symbol"], o["status"]) for o in mine] == [("BTC/USD", "canceled")]


def test_a_market_order_pays_its_fee_in_coins(exchange: Any, venue: Venue) -> None:
    before = exchange.fetch_balance()
    order = exchange.create_order(SYMBOL, "market", "buy", 0.01)
    assert (order["status"], order["filled"]) == ("closed", 0.01)
    after = exchange.fetch_balance()
    gained = Decimal(str(after["BTC"]["total"])) - Decimal(str(before["BTC"]["total"]))
    assert gained == Decimal("0.00999")
    trades = [t for t in exchange.fetch_my_trades(SYMBOL) if t["order"] == order["id"]]
    assert sum(Decimal(str(t["amount"])) for t in trades) == Decimal("0.01")
    assert {t["fee"]["currency"] for t in trades} == {"BTC"}
    mine = [e for e in venue.ledger()["executions"] if e["client_order_id"]]
    assert sum(Decimal(e["qty"]) for e in mine[-len(trades) :]) == Decimal("0.01")


def test_an_order_is_edited_by_cancel_replace(exchange: Any) -> None:
    old = exchange.create_order(SYMBOL, "limit", "buy", 0.01, 50_000)
    new = exchange.edit_order(old["id"], SYMBOL, "limit", "buy", 0.02, 51_000)
    assert new["id"] != old["id"]
    assert exchange.fetch_order(old["id"], SYMBOL)["status"] == "canceled"
    shown = exchange.fetch_order(new["id"], SYMBOL)
    assert (shown["status"], shown["amount"], shown["price"]) == ("open", 0.02, 51_000)


def test_stop_orders_wait(exchange: Any) -> None:
    order = exchange.create_order(SYMBOL, "limit", "sell", 0.01, 40_000, {"stopLossPrice": 41_000})
    shown = exchange.fetch_order(order["id"], SYMBOL)
    assert (shown["status"], shown["stopPrice"]) == ("open", 41_000)
    exchange.cancel_order(order["id"], SYMBOL)
    assert order["id"] in [o["id"] for o in exchange.fetch_orders(SYMBOL)]


def test_refusals_are_the_ones_of_the_dialect(exchange: Any, venue: Venue) -> None:
    poor = made(ccxt.binance, venue, "B3", "B4")
    with pytest.raises(ccxt.InsufficientFunds):
        poor.create_order(SYMBOL, "limit", "buy", 1, 50_000)
    with pytest.raises(ccxt.OrderNotFound):
        exchange.cancel_order("999999", SYMBOL)
    with pytest.raises(ccxt.InvalidOrder, match="PRICE_FILTER"):
        exchange.private_post_order(raw(price="50000.001"))
    with pytest.raises(ccxt.InvalidOrder, match="LOT_SIZE"):
        exchange.private_post_order(raw(quantity="0.000001"))
    with pytest.raises(ccxt.BadRequest, match="NOTIONAL"):
        exchange.private_post_order(raw(quantity="0.00001"))
    with pytest.raises(ccxt.BadRequest, match="precision"):
        exchange.private_post_order(raw(quantity="0.000000001"))
    wrong = made(ccxt.binance, venue, "B1", "not the secret")
    with pytest.raises(ccxt.AuthenticationError):
        wrong.fetch_balance()


def raw(**changed: str) -> dict[str, str]:
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    return {**order, "quantity": "0.01", "price": "50000", **changed}
