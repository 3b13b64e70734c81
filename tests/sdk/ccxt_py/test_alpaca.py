"""ccxt and ccxt.pro on the Alpaca side: coins, by its own options."""

from __future__ import annotations

import asyncio
from typing import Any

import ccxt
import ccxt.pro
import pytest

from sdk.ccxt_py.exchange import Venue
from sdk.process import PATIENCE_S

SYMBOL = "BTC/USD"


def made(family: Any, venue: Venue) -> Any:
    client = family({"apiKey": "K1", "secret": "S1", "timeout": 10_000})
    streams = venue.alpaca.replace("http://", "ws://", 1)
    client.urls["api"] = {
        **dict.fromkeys(("trader", "market", "broker"), venue.alpaca),
        "ws": {"crypto": f"{streams}/v1beta2/crypto", "trading": f"{streams}/stream"},
    }
    return client


@pytest.fixture
def client(venue: Venue) -> Any:
    found = made(ccxt.alpaca, venue)
    found.load_markets()
    return found


def test_market_data(client: Any) -> None:
    book = client.fetch_order_book(SYMBOL)
    assert book["bids"][0][0] < book["asks"][0][0]
    assert client.fetch_trades(SYMBOL)[-1]["price"] > 0
    assert client.fetch_ohlcv(SYMBOL, "1m") is not None


def test_an_order_is_placed_and_cancelled(client: Any) -> None:
    order = client.create_order(SYMBOL, "limit", "buy", 0.01, 50_000)
    assert client.fetch_order(order["id"])["status"] == "open"
    assert order["id"] in [o["id"] for o in client.fetch_open_orders(SYMBOL)]
    client.cancel_order(order["id"])
    assert client.fetch_order(order["id"])["status"] == "canceled"
    with pytest.raises(ccxt.InsufficientFunds):
        client.create_order(SYMBOL, "limit", "buy", 1000, 50_000)


def test_orders_and_books_are_watched(venue: Venue) -> None:
    async def bounded() -> None:
        client = made(ccxt.pro.alpaca, venue)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await client.load_markets()
                book = await client.watch_order_book(SYMBOL)
                assert book["bids"][0][0] < book["asks"][0][0]
                watching = asyncio.ensure_future(client.watch_orders(SYMBOL))
                # The subscription has no answer that ccxt shows: an order that is seen is one.
                while not watching.done():
                    order = await client.create_order(SYMBOL, "limit", "buy", 0.01, 50_000)
                    await asyncio.wait([watching], timeout=0.3)
                    await client.cancel_order(order["id"])
                assert watching.result()[-1]["symbol"] == SYMBOL
        finally:
            await client.close()

    asyncio.run(bounded())
