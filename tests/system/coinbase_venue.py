"""A stand-in for Coinbase Advanced Trade: REST and WebSocket, and faults on demand.

Written from the venue's documentation alone. Every call wants a token of its own; what was taken is
queued, and happens at the next beat.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from system.coinbase_keys import BadToken
from system.coinbase_rest import Calls, Refused
from system.stand_in import Fault, iso
from system.stand_in_market import Book
from system.stand_in_wire import Gone, Request, Socket, answer, dump

BASE = "/api/v3/brokerage/"
ROUTES = {
    r"orders": "create",
    r"orders/edit": "edit",
    r"orders/batch_cancel": "cancel",
    r"orders/historical/batch": "batch",
    r"orders/historical/fills": "fills",
    r"orders/historical/[^/]+": "order",
    r"accounts": "accounts",
    r"key_permissions": "key_permissions",
    r"products": "products",
    r"products/[^/]+": "product",
    r"time": "time",
}
ERRORS: dict[str, tuple[int, Any]] = {
    "internal": (500, {"error": "INTERNAL", "error_details": "", "message": ""}),
    "unavailable": (503, {"error": "UNAVAILABLE", "error_details": "", "message": ""}),
    "unheard": (200, {"success": False, "error_response": {"error": "UNKNOWN_FAILURE_REASON"}}),
    "limited": (429, {"errors": [{"id": "rate_limit_exceeded", "message": "Too many"}]}),
}


class CoinbaseVenue(Calls):
    """Listens on a port of its own until it is closed."""

    dialect = "coinbase"
    quota = 300
    """Calls a second."""

    def __init__(self, seed: int, form: str = "sec1") -> None:
        super().__init__(seed, form)
        self.window = (0, 0)
        self.listen()

    # ------------------------------------------------------------------------- requests

    def _answer(self, request: Request) -> bytes:
        end = request.path.removeprefix(BASE)
        name = next(name for path, name in ROUTES.items() if re.fullmatch(path, end))
        assert (request.method == "POST") == (name in self.acting)
        second, count = self.window
        count = count + 1 if second == int(time.time()) else 1
        self.window = (int(time.time()), count)
        left = f"x-ratelimit-limit: {self.quota}\r\nx-ratelimit-remaining: "
        left += f"{max(0, self.quota - count)}\r\nx-ratelimit-reset: 1\r\n"
        if count > self.quota:
            self.counts["over the quota"] += 1
            return answer(429, dump(ERRORS["limited"][1]), left)
        fault = self._fault(name)
        if fault is not None and not fault.after:
            return self._broken(fault)
        try:
            if name != "time":
                self._check(request)
            status, said = 200, getattr(self, f"call_{name}")(request)
        except BadToken as bad:
            self.counts[f"token: {bad}"] += 1
            return answer(401, "Unauthorized\n", left)
        except Refused as refusal:
            status, said = refusal.status, refusal.body
        return answer(status, dump(said), left) if fault is None else self._broken(fault)

    def _check(self, request: Request) -> None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer":
            raise BadToken("form")
        call = f"{request.method} {request.headers['host']}{request.path}"
        claims = self.keypair.check(token, call, self.ahead_s)
        self.counts["tokens"] += 1
        assert claims["exp"] - claims["nbf"] == (10 if request.method == "POST" else 120)

    def _broken(self, fault: Fault) -> bytes:
        if fault.kind == "cut":
            raise Gone
        if fault.kind == "page":
            return answer(502, "<html>bad gateway</html>")
        status, body = ERRORS[fault.kind]
        return answer(status, dump(body))

    # ------------------------------------------------------------------------- streams

    def _welcome(
        self, request: Request, socket: Socket
    ) -> tuple[set[Socket], Callable[[Any], Awaitable[None]]]:
        private = request.path.startswith("/user")

        async def take(message: Any) -> None:
            assert message["type"] == "subscribe"
            if private:
                try:
                    self.keypair.check(message.get("jwt", ""), None, self.ahead_s)
                except BadToken as bad:
                    self.counts[f"token: {bad}"] += 1
                    socket.send({"type": "error", "message": "authentication failure"})
                    return
            self.counts[f"subscribe {message['channel']}"] += 1
            channel = message["channel"]
            socket.subscribed |= {(channel, symbol) for symbol in message["product_ids"]}
            if channel == "user":
                self._greet_user(socket)
            if channel == "level2":
                self._greet_book(socket, message["product_ids"])
            names: dict[str, list[str]] = {}
            for name, symbol in sorted(socket.subscribed):
                names.setdefault(name, []).append(symbol)
            self.number(socket, "subscriptions", [{"subscriptions": names}])

        return (self.account if private else self.market), take

    def _greet_user(self, socket: Socket) -> None:
        live = [one.state(iso(one.opened)) for one in self.orders.values() if one.status == "open"]
        for first in range(0, len(live) + 1, 50):
            event = {"type": "snapshot", "orders": live[first : first + 50]}
            self.number(socket, "user", [event])
        self.account.add(socket)

    def _greet_book(self, socket: Socket, symbols: list[str]) -> None:
        self.market.add(socket)
        for symbol in symbols:
            book = self.books[symbol]
            sides = (("bid", book.bids), ("offer", book.asks))
            updates = [level(name, price, side[price]) for name, side in sides for price in side]
            event = {"type": "snapshot", "product_id": symbol, "updates": updates}
            self.number(socket, "l2_data", [event])

    def _tell_market(self, book: Book, beat: int) -> None:
        symbol, changes = book.pair.symbol, book.walk()
        updates = [
            level(name, row["price"], row["qty"])
            for name, side in (("bid", "bids"), ("offer", "asks"))
            for row in changes[side]
        ]
        event = {"type": "update", "product_id": symbol, "updates": updates}
        trade = {"trade_id": str(beat), "product_id": symbol, "price": str(book.middle)}
        trade |= {"size": "0.01", "side": "SELL", "time": iso(time.time())}
        heard = any(("level2", symbol) in socket.subscribed for socket in self.market)
        lost = heard and self._fault("book")
        for socket in self.market:
            if ("level2", symbol) in socket.subscribed:
                if lost:
                    socket.sequence += 1
                else:
                    self.number(socket, "l2_data", [event])
            if ("market_trades", symbol) in socket.subscribed:
                self.number(socket, "market_trades", [{"type": "update", "trades": [trade]}])

    def _beat(self) -> None:
        for socket in (*self.market, *self.account):
            event = {"current_time": iso(time.time()), "heartbeat_counter": int(time.time())}
            self.number(socket, "heartbeats", [event])


def level(side: str, price: Decimal, qty: Decimal) -> dict[str, str]:
    """Return a level of a book in the venue's words."""
    said = {"side": side, "event_time": iso(time.time()), "price_level": str(price)}
    return said | {"new_quantity": format(qty, "f")}
