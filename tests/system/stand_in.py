"""A stand-in for a venue: the truth of its orders, faults on demand, and a server of its own.

`GET /admin/ledger` tells the truth in the form that a session's books are compared with.
"""

from __future__ import annotations

import abc
import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from system.loop_thread import LoopThread
from system.stand_in_market import Book, Order, fee_of
from system.stand_in_wire import Gone, Request, Socket, answer, dump, read_request


@dataclass
class Fault:
    """Something that goes wrong with calls of a method, or with a stream.

    `kind` is an error of the venue's, ``cut``, ``page`` (a 502 of a gateway), or of streams
    ``drop``, ``twice``, ``swap``, ``cut_account``, and whatever else the venue knows. `after`: the
    venue has acted on the call.
    """

    kind: str
    methods: tuple[str, ...] = ()
    """Which calls or messages; all that act on an order, where none is named."""
    chance: float = 1.0
    after: bool = True
    left: int = 1_000_000


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Faulty:
    """What goes wrong on demand."""

    acting: ClassVar[tuple[str, ...]]
    """The calls that act on an order."""
    faults: list[Fault]
    counts: Counter[str]
    drawn: random.Random

    def _fault(self, name: str) -> Fault | None:
        for fault in self.faults:
            named = name in (fault.methods or self.acting)
            if named and fault.left > 0 and self.drawn.random() < fault.chance:
                fault.left -= 1
                self.counts[fault.kind] += 1
                return fault
        return None


class Exchange(Faulty, abc.ABC):
    """One account, which begins with dollars; every order of it is kept for ever."""

    dollar: ClassVar[str]

    def __init__(self, seed: int, prices: dict[Any, Decimal]) -> None:
        self.drawn = random.Random(seed)
        self.books = {pair.symbol: Book(pair, prices[pair], self.drawn) for pair in prices}
        for book in self.books.values():
            book.walk()
        self.orders: dict[str, Any] = {}
        self.trades: dict[str, dict[str, Any]] = {}
        self.balances = {self.dollar: Decimal("100000.0000")}
        self.faults = []
        self.counts = Counter()
        self.account: set[Socket] = set()

    def _held(self, asset: str) -> Decimal:
        total = Decimal(0)
        for order in self.orders.values():
            if order.status == "open":
                if order.side == "buy" and asset == self.dollar:
                    total += order.left * (order.price or Decimal(0))
                elif order.side == "sell" and asset == order.pair.base:
                    total += order.left
        return total

    def _match(self, order: Order, maker: bool) -> None:
        """Execute what the book allows: all at once for a taker, in parts for what rests."""
        book = self.books[order.pair.symbol]
        buys = order.side == "buy"
        waited = order.stop is not None
        if order.is_waiting(book):
            return
        maker = maker and not waited
        while order.status == "open" and order.left > 0:
            best = book.best_ask if buys else book.best_bid
            crosses = order.price is None or (order.price >= best if buys else order.price <= best)
            if not crosses:
                return
            if order.post and not maker:
                self._close(order, "canceled")
                return
            price = order.price if maker and order.price is not None else best
            qty = order.left
            if self.drawn.random() < 0.4:
                part = qty * self.drawn.choice((Decimal("0.3"), Decimal("0.5")))
                qty = max(part.quantize(Decimal("1e-8")), Decimal("1e-8"))
            self._execute(order, qty, price, maker)
            if maker:
                return

    def _execute(self, order: Order, qty: Decimal, price: Decimal, maker: bool) -> None:
        cost = qty * price
        fee = fee_of(cost, maker)
        base, sign = order.pair.base, 1 if order.side == "buy" else -1
        self.balances[self.dollar] -= sign * cost + fee
        self.balances[base] = self.balances.get(base, Decimal(0)) + sign * qty
        order.executed, order.cost, order.fee = (
            order.executed + qty,
            order.cost + cost,
            order.fee + fee,
        )
        self._record(order, (qty, price, fee), maker)
        if order.left == 0:
            self._close(order, "filled")

    @abc.abstractmethod
    def _record(self, order: Any, terms: tuple[Decimal, Decimal, Decimal], maker: bool) -> None:
        """Keep an execution, with its quantity, price and fee, and tell of it."""

    @abc.abstractmethod
    def _close(self, order: Any, status: str) -> None:
        """End an order, and tell of it."""

    def _deliver(self, socket: Socket, text: str, name: str) -> None:
        """Send a message of the account, or what a fault makes of it."""
        fault = self._fault(name)
        what = fault.kind if fault else ""
        if what == "swap" and socket.held is None:
            socket.held = text
            return
        if what == "cut_account":
            self.account.discard(socket)
            socket.cut()
            return
        if what != "drop":
            socket.send(text)
        if what == "twice":
            socket.send(text)
        if socket.held is not None:
            late, socket.held = socket.held, None
            socket.send(late)

    def own_id(self, client_id: str) -> str:
        """Return an id of ours as the session writes it."""
        return client_id

    @abc.abstractmethod
    def _executions(self) -> list[dict[str, Any]]:
        """Return what was executed, in the ledger's words."""

    def ledger(self) -> dict[str, Any]:
        """Return the truth in the form that sessions are compared with."""
        by_base = {book.pair.base: symbol for symbol, book in self.books.items()}
        return {
            "orders": [
                {
                    "client_order_id": self.own_id(order.client_id),
                    "status": {"open": "new"}.get(order.status, order.status),
                }
                for order in self.orders.values()
            ],
            "executions": self._executions(),
            "positions": {
                by_base[asset]: str(owned)
                for asset, owned in self.balances.items()
                if asset in by_base and owned
            },
            "cash": str(self.balances[self.dollar]),
        }


class StandIn(Exchange, LoopThread):
    """Listens on a port of its own until it is closed."""

    dialect: ClassVar[str]
    key: str
    secret: str

    async def _open(self) -> None:
        self.market: set[Socket] = set()
        self.port = await self._serve_with(self._talk)
        self.address = self.admin = f"http://127.0.0.1:{self.port}"

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = await read_request(reader)
                if "upgrade" in request.headers.get("connection", "").lower():
                    await self._stream(request, Socket.accept(request.headers, reader, writer))
                    return
                if request.path == "/admin/ledger":
                    writer.write(answer(200, dump(self.ledger())))
                else:
                    writer.write(self._answer(request))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, Gone):
            return
        finally:
            writer.transport.abort()

    async def _stream(self, request: Request, socket: Socket) -> None:
        sockets, take = self._welcome(request, socket)
        try:
            await socket.run(take)
        finally:
            sockets.discard(socket)

    @abc.abstractmethod
    def _welcome(
        self, request: Request, socket: Socket
    ) -> tuple[set[Socket], Callable[[Any], Awaitable[None]]]:
        """Return which sockets it becomes one of, and what takes its messages."""

    @abc.abstractmethod
    def _answer(self, request: Request) -> bytes:
        """Answer a request."""

    async def _walk(self) -> None:
        beat = 0
        while True:
            await asyncio.sleep(0.05)
            beat += 1
            for symbol, book in self.books.items():
                self._tell_market(book, beat)
                for order in list(self.orders.values()):
                    if order.status == "open" and order.pair.symbol == symbol:
                        self._work(order)
            if beat % 20 == 0:
                self._beat()

    def _work(self, order: Any) -> None:
        """Do with an order that lives what is due."""
        self._match(order, maker=True)

    @abc.abstractmethod
    def _tell_market(self, book: Book, beat: int) -> None:
        """Move a book and tell of it."""

    @abc.abstractmethod
    def _beat(self) -> None:
        """Say that the streams live."""
