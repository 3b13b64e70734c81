"""ccxt.pro: books, trades and orders by WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import ccxt.pro

from sdk.ccxt_py.exchange import Venue, made
from sdk.process import PATIENCE_S

SYMBOL = "BTC/USDT"


@asynccontextmanager
async def opened(venue: Venue) -> AsyncIterator[Any]:
    client = made(ccxt.pro.binance, venue)
    try:
        await client.load_markets()
        yield client
    finally:
        await client.close()


def run(venue: Venue, body: Callable[[Any], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE_S), opened(venue) as client:
            await body(client)

    asyncio.run(bounded())


def test_a_watched_book_stays_whole(venue: Venue) -> None:
    async def body(client: Any) -> None:
        nonces = []
        for _ in range(8):
            book = await client.watch_order_book(SYMBOL)
            assert book["bids"][0][0] < book["asks"][0][0]
            nonces.append(book["nonce"])
        assert nonces == sorted(nonces)
        assert nonces[-1] > nonces[0]
        # A snapshot of the same id shows the same levels.
        for _ in range(60):
            await client.watch_order_book(SYMBOL)
            shown = await client.fetch_order_book(SYMBOL, 10)
            held = client.orderbooks[SYMBOL]
            if held["nonce"] == shown["nonce"]:
                assert [list(row) for row in held["bids"][:10]] == shown["bids"]
                assert [list(row) for row in held["asks"][:10]] == shown["asks"]
                return
        raise AssertionError("the ids never met")

    run(venue, body)


def test_trades_and_bars_are_watched(venue: Venue) -> None:
    async def body(client: Any) -> None:
        trades = await client.watch_trades(SYMBOL)
        assert trades[0]["amount"] > 0
        assert trades[0]["side"] in {"buy", "sell"}
        day = await client.watch_ticker(SYMBOL)
        assert day["last"] > 0
        candles = await client.watch_ohlcv(SYMBOL, "1m")
        assert candles[-1][4] > 0

    run(venue, body)


def test_orders_and_balances_are_watched(venue: Venue) -> None:
    async def body(client: Any) -> None:
        watching = asyncio.ensure_future(client.watch_orders(SYMBOL))
        balances = asyncio.ensure_future(client.watch_balance())
        await subscribed(client)
        order = await client.create_order(SYMBOL, "limit", "buy", 0.01, 50_000)
        seen = await watching
        assert [(o["id"], o["status"]) for o in seen] == [(order["id"], "open")]
        assert (await balances)["USDT"]["used"] == 500
        watching = asyncio.ensure_future(client.watch_orders(SYMBOL))
        await asyncio.sleep(0)
        await client.cancel_order(order["id"], SYMBOL)
        assert (await watching)[-1]["status"] == "canceled"
        mine = asyncio.ensure_future(client.watch_my_trades(SYMBOL))
        await asyncio.sleep(0)
        await client.create_order(SYMBOL, "market", "buy", 0.01)
        assert (await mine)[-1]["amount"] <= 0.01

    run(venue, body)


async def subscribed(client: Any) -> None:
    """Wait until the venue has answered the subscriptions: a refused order shows that it did."""
    for _ in range(2):
        await client.fetch_balance_ws()


def test_orders_are_placed_by_socket(venue: Venue) -> None:
    async def body(client: Any) -> None:
        order = await client.create_order_ws(SYMBOL, "limit", "buy", 0.01, 50_000)
        shown = await client.fetch_order_ws(order["id"], SYMBOL)
        assert (shown["status"], shown["price"]) == ("open", 50_000)
        gone = await client.cancel_order_ws(order["id"], SYMBOL)
        assert gone["status"] == "canceled"

    run(venue, body)
