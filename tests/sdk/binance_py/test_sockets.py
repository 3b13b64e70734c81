"""python-binance's sockets: on an event loop of one's own, and on its threads."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Awaitable, Callable
from typing import Any

from binance import AsyncClient, BinanceSocketManager, ThreadedWebsocketManager

from sdk.process import PATIENCE_S

SYMBOL = "BTCUSDT"


def run(body: Callable[[AsyncClient, BinanceSocketManager], Awaitable[None]]) -> None:
    async def bounded() -> None:
        client = await AsyncClient.create("B1", "B2")
        try:
            async with asyncio.timeout(PATIENCE_S):
                await body(client, BinanceSocketManager(client))
        finally:
            await client.close_connection()

    asyncio.run(bounded())


def test_market_streams(ready: dict[str, Any]) -> None:
    async def body(_client: AsyncClient, sockets: BinanceSocketManager) -> None:
        async with sockets.trade_socket(SYMBOL) as socket:
            trade = await socket.recv()
            assert (trade["e"], trade["s"]) == ("trade", SYMBOL)
        async with sockets.depth_socket(SYMBOL, interval=100) as socket:
            first, second = await socket.recv(), await socket.recv()
            assert second["U"] == first["u"] + 1
        async with sockets.multiplex_socket(["btcusdt@bookTicker", "btcusdt@depth5"]) as socket:
            names = set()
            while len(names) < 2:
                names.add((await socket.recv())["stream"])

    run(body)


def test_user_data(ready: dict[str, Any]) -> None:
    async def body(client: AsyncClient, sockets: BinanceSocketManager) -> None:
        async with sockets.user_socket() as socket:
            order = await client.order_limit_buy(symbol=SYMBOL, quantity="0.1", price="50000")
            report, position = await socket.recv(), await socket.recv()
            assert (report["e"], report["x"], report["i"]) == (
                "executionReport",
                "NEW",
                order["orderId"],
            )
            assert position["e"] == "outboundAccountPosition"
            await client.cancel_order(symbol=SYMBOL, orderId=order["orderId"])
            report = await socket.recv()
            assert (report["x"], report["C"]) == ("CANCELED", order["clientOrderId"])

    run(body)


def test_orders_by_socket(ready: dict[str, Any]) -> None:
    async def body(client: AsyncClient, _sockets: BinanceSocketManager) -> None:
        order = await client.ws_order_limit_buy(symbol=SYMBOL, quantity="0.1", price="50000")
        assert order["status"] == "NEW"
        gone = await client.ws_cancel_order(symbol=SYMBOL, orderId=order["orderId"])
        assert gone["status"] == "CANCELED"
        assert (await client.ws_get_order_book(symbol=SYMBOL))["lastUpdateId"] > 0

    run(body)


def test_threaded_sockets(ready: dict[str, Any]) -> None:
    heard: queue.Queue[dict[str, Any]] = queue.Queue()
    sockets = ThreadedWebsocketManager("B1", "B2")
    sockets.start()
    try:
        sockets.start_kline_socket(callback=heard.put, symbol=SYMBOL)
        message = heard.get(timeout=PATIENCE_S)
        assert (message["e"], message["k"]["i"]) == ("kline", "1m")
    finally:
        sockets.stop()
        sockets.join(timeout=PATIENCE_S)
    assert not sockets.is_alive()
