"""The truth of a stand-in for TWS: orders, executions, what is owned."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from system.stand_in import Fault, Faulty

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Stock:
    """What is traded."""

    symbol: str
    con_id: int


@dataclass(eq=False)
class Order:
    """An order, as TWS has it."""

    order_id: int
    client_id: int
    perm: int
    ref: str
    stock: Stock
    action: str
    qty: Decimal
    kind: str
    limit: str
    stop: str
    tif: str
    account: str
    status: str = "Submitted"
    filled: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    last: Decimal = Decimal(0)

    @property
    def works(self) -> bool:
        return self.status in ("PreSubmitted", "Submitted")

    @property
    def average(self) -> Decimal:
        return (self.cost / self.filled).quantize(Decimal("1e-8")) if self.filled else Decimal(0)


@dataclass(frozen=True)
class Trade:
    """An execution."""

    exec_id: str
    order: Order
    qty: Decimal
    price: Decimal
    cum: Decimal
    fee: Decimal
    maker: bool
    at: datetime


@dataclass
class Book:
    """The best prices of a stock, which walk."""

    stock: Stock
    bid: Decimal
    drawn: random.Random
    size: int = 5
    stride: int = 1

    @property
    def ask(self) -> Decimal:
        return self.bid + 2 * CENT

    def walk(self) -> None:
        self.bid += self.drawn.randint(-self.stride, self.stride) * CENT
        self.size = self.drawn.randint(1, 9)


@dataclass
class Exchange(Faulty):
    """One account that begins with dollars; every order of it is kept for ever.

    Faults of an ``order``: ``cut`` (the connection, `after` TWS acted or before), ``mute`` (taken,
    and nothing is said of it), ``refused`` (201); of a ``cancel`` any, which cuts; of an
    ``execution`` that is told: ``twice``, ``late_fee``, ``cut`` (in front of it). Any of a
    ``status`` says it twice, and any of the ``market`` lets it stand still.
    """

    acting = ("order",)
    seed: int
    account: str = ""
    cash: Decimal = Decimal(1_000_000)
    orders: dict[int, Order] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)
    held: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    drawn: random.Random = field(init=False)
    books: dict[str, Book] = field(init=False)

    def __post_init__(self) -> None:
        self.drawn = random.Random(self.seed)
        stocks = {"AAPL": (265598, "190.00"), "MSFT": (272093, "410.00")}
        self.books = {
            symbol: Book(Stock(symbol, number), Decimal(price), self.drawn)
            for symbol, (number, price) in stocks.items()
        }

    def match(self, order: Order, taker: bool) -> list[Trade]:
        """Execute what the book allows: all for a taker, in parts for what rests."""
        book, found = self.books[order.stock.symbol], []
        while order.works and order.filled < order.qty:
            best = book.ask if order.action == "BUY" else book.bid
            limit = Decimal(order.limit) if order.kind == "LMT" else best
            crosses = best <= limit if order.action == "BUY" else best >= limit
            if not crosses:
                break
            left = order.qty - order.filled
            qty = left if self.drawn.random() < 0.6 else Decimal(self.drawn.randint(1, int(left)))
            found.append(self._execute(order, qty, best if taker else limit, not taker))
            if not taker:
                break
        return found

    def _execute(self, order: Order, qty: Decimal, price: Decimal, maker: bool) -> Trade:
        order.filled, order.cost, order.last = order.filled + qty, order.cost + qty * price, price
        if order.filled == order.qty:
            order.status = "Filled"
        sign = 1 if order.action == "BUY" else -1
        fee = max(Decimal("0.35"), qty * Decimal("0.0035")) + Decimal("0.000135") * qty
        self.cash -= sign * qty * price + fee
        self.held[order.stock.symbol] += sign * int(qty)
        number = len(self.trades) + 1
        exec_id = f"00025b46.{number:08x}.01.01"
        now = datetime.now(UTC).replace(microsecond=0)
        trade = Trade(exec_id, order, qty, price, order.filled, fee, maker, now)
        self.trades.append(trade)
        return trade

    def ledger(self) -> dict[str, Any]:
        """Return the truth in the form that a session's books are compared with."""
        words = {"Filled": "filled", "Cancelled": "canceled", "Inactive": "rejected"}
        return {
            "orders": [
                {"client_order_id": one.ref, "status": words.get(one.status, "new")}
                for one in self.orders.values()
            ],
            "executions": [
                {
                    "id": one.exec_id,
                    "client_order_id": one.order.ref,
                    "side": one.order.action.lower(),
                    "qty": str(one.qty),
                    "price": str(one.price),
                    "fee": str(one.fee),
                }
                for one in self.trades
            ],
            "positions": {symbol: str(qty) for symbol, qty in self.held.items() if qty},
            "cash": str(self.cash),
        }
