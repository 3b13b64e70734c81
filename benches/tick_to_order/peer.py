"""The fastest usual client: websockets and aiohttp on uvloop, orjson for both ends."""

from __future__ import annotations

import socket
import sys

import aiohttp
import orjson
import uvloop
import websockets


async def trade(port: int) -> None:
    """Send an order for every quote until the exchange hangs up."""
    connector = aiohttp.TCPConnector(limit=4)
    url = f"http://127.0.0.1:{port}/v2/orders"
    headers = {"Content-Type": "application/json"}
    market = await websockets.connect(f"ws://127.0.0.1:{port}/v2/iex", compression=None)
    market.transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    async with aiohttp.ClientSession(connector=connector) as session, market:

        async def send(body: bytes) -> None:
            async with session.post(url, data=body, headers=headers) as answer:
                await answer.read()

        for _ in range(20):  # warm connections and code
            async with session.get(f"http://127.0.0.1:{port}/v2/clock") as answer:
                await answer.read()
        await market.send(b'{"action":"subscribe","quotes":["AAPL"]}', text=True)
        number = 0
        async for message in market:
            for quote in orjson.loads(message):
                if quote["T"] != "q":
                    continue
                number += 1
                order = {
                    "symbol": "AAPL",
                    "qty": "1",
                    "side": "buy",
                    "type": "limit",
                    "time_in_force": "ioc",
                    "limit_price": f"{quote['bp']:.2f}",
                    "client_order_id": f"peer-{number}",
                }
                await send(orjson.dumps(order))


if __name__ == "__main__":
    if sys.argv[1] == "version":
        print(f"{aiohttp.__version__} + websockets {websockets.__version__}")
    else:
        uvloop.run(trade(int(sys.argv[1])))
