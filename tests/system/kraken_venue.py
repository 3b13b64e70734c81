"""A stand-in for Kraken spot: REST and WebSocket v2, the truth of its orders, and faults on demand.

Written from the venue's documentation alone. `GET /admin/ledger` tells the truth in the form that a
session's books are compared with.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from system.kraken_market import checksum
from system.kraken_rest import Calls, Refused
from system.stand_in import Fault, iso
from system.stand_in_market import Book
from system.stand_in_wire import Gone, Request, Socket, answer, dump

ERRORS = {
    "timeout": "EService:Timeout",
    "busy": "EService:Busy",
    "internal": "EGeneral:Internal error",
    "unheard": "EOrder:A word of tomorrow",
    "limited": "EOrder:Rate limit exceeded",
}


class KrakenVenue(Calls):
    """Listens on a port of its own until it is closed."""

    dialect = "kraken"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.listen()

    # ------------------------------------------------------------------------- requests

    def _answer(self, request: Request) -> bytes:
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

    def _welcome(
        self, request: Request, socket: Socket
    ) -> tuple[set[Socket], Callable[[Any], Awaitable[None]]]:
        online = {"version": "2.0.10", "system": "online", "api_version": "v2"}
        data = [online | {"connection_id": 6447481662169813000}]
        socket.send({"channel": "status", "type": "update", "data": data})
        private = request.path.startswith("/auth")
        handle = self._handle_account if private else self._handle_market

        async def take(message: Any) -> None:
            if message["method"] == "ping":
                socket.send({"method": "pong", "req_id": message.get("req_id")})
            else:
                handle(socket, message)

        return (self.account if private else self.market), take

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
                result["depth"] = params.get("depth", 10)
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

    def _tell_market(self, book: Book, beat: int) -> None:
        symbol = book.pair.symbol
        sides = book.walk()
        message = self._book_message("update", book, sides)
        heard = any(("book", symbol) in socket.subscribed for socket in self.market)
        if heard and self._fault("book"):
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

    def _beat(self) -> None:
        for socket in (*self.market, *self.account):
            socket.send({"channel": "heartbeat"})
