"""The market of a stand-in venue: a book that walks, and orders that it executes."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

MAKER, TAKER = Decimal("0.0025"), Decimal("0.0040")
_LEVELS = 15


@dataclass(frozen=True)
class Product:
    """What is traded."""

    symbol: str
    base: str
    quote: str
    price_decimals: int
    least: Decimal

    @property
    def tick(self) -> Decimal:
        return Decimal(1).scaleb(-self.price_decimals)


@dataclass
class Book:
    """A book around a price that walks."""

    pair: Product
    middle: Decimal
    drawn: random.Random
    stride: int = 1
    """By how many steps it walks."""
    bids: dict[Decimal, Decimal] = field(default_factory=dict)
    asks: dict[Decimal, Decimal] = field(default_factory=dict)

    def walk(self) -> dict[str, list[dict[str, Decimal]]]:
        """Move; return the levels that changed, a quantity of zero for those that went."""
        tick = self.pair.tick
        self.middle += tick * self.stride * self.drawn.choice((-9, -5, -2, 0, 0, 2, 5, 9))
        changed: dict[str, list[dict[str, Decimal]]] = {"bids": [], "asks": []}
        for name, side, sign in (("bids", self.bids, -1), ("asks", self.asks, 1)):
            wanted = [self.middle + sign * tick * (2 + 3 * step) for step in range(_LEVELS)]
            for price in [price for price in side if price not in wanted]:
                del side[price]
                changed[name].append({"price": price, "qty": Decimal("0.00000000")})
            for price in wanted:
                if price not in side or self.drawn.random() < 0.2:
                    side[price] = Decimal(self.drawn.randint(1_000_000, 90_000_000)).scaleb(-8)
                    changed[name].append({"price": price, "qty": side[price]})
        return changed

    @property
    def best_bid(self) -> Decimal:
        return max(self.bids)

    @property
    def best_ask(self) -> Decimal:
        return min(self.asks)


@dataclass
class Order:
    """An order, and what became of it."""

    txid: str
    client_id: str
    pair: Product
    side: str
    kind: str
    tif: str
    volume: Decimal
    price: Decimal | None
    post: bool
    opened: float
    status: str = "open"
    executed: Decimal = Decimal("0.00000000")
    cost: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)
    closed: float | None = None
    trades: list[str] = field(default_factory=list)
    stop: Decimal | None = None
    """Until the market is there it waits beside the book."""

    def is_waiting(self, book: Book) -> bool:
        """Whether its stop is not reached yet; afterwards it is what it held back."""
        if self.stop is not None:
            buys = self.side == "buy"
            reached = book.best_ask >= self.stop if buys else book.best_bid <= self.stop
            self.stop = None if reached else self.stop
        return self.stop is not None

    @property
    def left(self) -> Decimal:
        return self.volume - self.executed


def fee_of(cost: Decimal, maker: bool) -> Decimal:
    """Return the fee of an execution in the quote currency."""
    rate = MAKER if maker else TAKER
    return (cost * rate).quantize(Decimal("0.00001"), ROUND_HALF_UP)
