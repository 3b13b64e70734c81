"""A stand-in for Kraken spot: REST and WebSocket v2, the truth of its orders, and faults on demand.

Written from the venue's documentation alone. `GET /admin/ledger` tells the truth in the form that a
session's books are compared with.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from system.kraken_exchange import Fault, iso
from system.kraken_market import Book, checksum
from system.kraken_rest import Calls, Refused
from system.kraken_wire import Gone, Request, Socket, answer, dump, read_request

ERRORS = {
    "timeout": "EService:Timeout",
    "busy": "EService:Busy",
    "internal": "EGeneral:Internal error",
    "unheard": "EOrder:A word of tomorrow",
    "limited": "EOrder:Rate limit exceeded",
    "questions": "EAPI:Rate limit exceeded",
}


class KrakenVenue(Calls):
    """Listens on a port of its own until it is closed."""

    dialect = "kraken"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.market: set[Socket] = set()
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._listening.wait(10)
        self.address = self.admin = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Cut everything and end the thread."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._start, "127.0.0.1", 0)
        self.port: int = server.sockets[0].getsockname()[1]
        self._listening.set()
        walking = asyncio.ensure_future(self._walk())
        await self._end.wait()
        server.close()
        for task in (walking, *self._tasks):
            task.cancel()
        await asyncio.gather(walking, *self._tasks, return_exceptions=True)

    def _start(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._talk(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = await read_request(reader)
                if "upgrade" in request.headers.get("connection", "").lower():
                    await self._stream(request, Socket.accept(request, reader, writer))
                    return
                writer.write(self._answer(request))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, Gone):
            return
        finally:
            writer.transport.abort()

    # ------------------------------------------------------------------------- requests

    def _answer(self, request: Request) -> bytes:
        if request.path == "/admin/ledger":
            return answer(200, dump(self.ledger()))
        method = request.path.rpartition("/")[2]
        fault = self._fault(method)
        if fault is not None and not fault.after:
            return self._broken(fault)
        try:
            if request.path.startswith("/0/private/"):
                self._check(request, method)
            name = re.sub("(?<!^)(?=[A-Z])", "_", method).lower()
            name = {"ticker": "price"}.get(name, name)
            result = getattr(self, f"call_{name}")(request.form or request.query)
            said = dump({"error": [], "result": result})
        except Refused as refusal:
            self.counts[str(refusal)] += 1
            said = dump({"error": [str(refusal)]})
        return answer(200, said) if fault is None else self._broken(fault)

    def _broken(self, fault: Fault) -> bytes:
        if fault.kind == "cut":
            raise Gone
        if fault.kind == "page":
            return answer(502, "<html>bad gateway</html>")
        return answer(200, dump({"error": [ERRORS[fault.kind]]}))

    # ------------------------------------------------------------------------- streams

    async def _stream(self, request: Request, socket: Socket) -> None:
        online = {"version": "2.0.10", "system": "online", "api_version": "v2"}
        data = [online | {"connection_id": 6447481662169813000}]
        socket.send({"channel": "status", "type": "update", "data": data})
        private = request.path.startswith("/auth")
        handle = self._handle_account if private else self._handle_market
        sockets = self.account if private else self.market

        async def take(message: Any) -> None:
            if message["method"] == "ping":
                socket.send({"method": "pong", "req_id": message.get("req_id")})
            else:
                handle(socket, message)

        try:
            await socket.run(take)
        finally:
            sockets.discard(socket)

    def _handle_account(self, socket: Socket, message: Any) -> None:
        params = message["params"]
        said = {"method": message["method"], "req_id": message.get("req_id")}
        issued = self.tokens.pop(params.get("token"), None)
        if issued is None or time.time() - issued > 900:
            socket.send(said | {"success": False, "error": "EGeneral:Permission denied"})
            return
        self.counts["tokens"] += 1
        result = {"channel": "executions", "maxratecount": 180, "snapshot": True}
        socket.send(said | {"success": True, "result": result})
        now = iso(time.time())
        live = [one for one in self.orders.values() if one.status == "open"]
        rows = [
            {"order_id": one.txid, "exec_type": "new", "order_status": "new", "timestamp": now}
            | self._terms(one)
            for one in live
        ]
        socket.sequence = 1
        self.account.add(socket)
        head = {"channel": "executions", "type": "snapshot", "data": rows}
        socket.send(head | {"sequence": 1})

    def _handle_market(self, socket: Socket, message: Any) -> None:
        params = message["params"]
        said = {"method": message["method"], "req_id": message.get("req_id")}
        for symbol in params["symbol"]:
            if symbol not in self.books:
                error = f"Currency pair not supported {symbol}"
                socket.send(said | {"success": False, "error": error, "symbol": symbol})
                continue
            channel = params["channel"]
            result: dict[str, Any] = {"channel": channel, "symbol": symbol}
            if channel == "book":
                socket.depth = params.get("depth", 10)
                result["depth"] = socket.depth
            socket.send(said | {"success": True, "result": result})
            self.counts[f"{message['method']} {channel}"] += 1
            if message["method"] == "unsubscribe":
                socket.subscribed.discard((channel, symbol))
                continue
            socket.subscribed.add((channel, symbol))
            self.market.add(socket)
            if channel == "book":
                book = self.books[symbol]
                sides = {
                    name: [{"price": price, "qty": side[price]} for price in sorted(side)]
                    for name, side in (("bids", book.bids), ("asks", book.asks))
                }
                socket.send(self._book_message("snapshot", book, sides))

    def _book_message(self, kind: str, book: Book, sides: dict[str, Any]) -> dict[str, Any]:
        row = {"symbol": book.pair.symbol, **sides, "checksum": checksum(book.bids, book.asks)}
        return {"channel": "book", "type": kind, "data": [row | {"timestamp": iso(time.time())}]}

    async def _walk(self) -> None:
        beat = 0
        while True:
            await asyncio.sleep(0.05)
            beat += 1
            for symbol, book in self.books.items():
                sides = book.walk()
                message = self._book_message("update", book, sides)
                if self._fault("book"):
                    message["data"][0]["checksum"] ^= 1
                price, qty = book.middle, Decimal("0.01000000")
                trade = {"symbol": symbol, "side": "buy", "price": price, "qty": qty}
                trade |= {"ord_type": "limit", "trade_id": beat, "timestamp": iso(time.time())}
                told = {"channel": "trade", "type": "update", "data": [trade]}
                for socket in self.market:
                    if ("book", symbol) in socket.subscribed:
                        socket.send(message)
                    if ("trade", symbol) in socket.subscribed:
                        socket.send(told)
                for order in list(self.orders.values()):
                    if order.status == "open" and order.pair.symbol == symbol:
                        self._match(order, maker=True)
            if beat % 20 == 0:
                for socket in (*self.market, *self.account):
                    socket.send({"channel": "heartbeat"})

    def on_loop(self, act: Callable[[], None]) -> None:
        """Do something between two messages."""
        done = threading.Event()

        def go() -> None:
            with contextlib.suppress(OSError):
                act()
            done.set()

        self._loop.call_soon_threadsafe(go)
        assert done.wait(10)

    def cut_streams(self) -> None:
        """Cut the account's streams as they stand."""
        self.on_loop(lambda: [socket.cut() for socket in list(self.account)] and None)
