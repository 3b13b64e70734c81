"""The market of a stand-in venue: a book that walks, its checksum, and orders that it executes."""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

MAKER, TAKER = Decimal("0.0025"), Decimal("0.0040")
_LEVELS = 15


@dataclass(frozen=True)
class Pair:
    """A pair under all of its names."""

    symbol: str
    key: str
    short: str
    ws_name: str
    base: str
    quote: str
    price_decimals: int
    least: Decimal

    @property
    def tick(self) -> Decimal:
        return Decimal(1).scaleb(-self.price_decimals)

    def listed(self) -> dict[str, Any]:
        """What AssetPairs says."""
        return {
            "altname": self.short,
            "wsname": self.ws_name,
            "base": self.base,
            "quote": self.quote,
            "pair_decimals": self.price_decimals,
            "lot_decimals": 8,
            "ordermin": str(self.least),
            "costmin": "0.5",
            "tick_size": str(self.tick),
            "status": "online",
        }


BTC = Pair("BTC/USD", "XXBTZUSD", "XBTUSD", "XBT/USD", "XXBT", "ZUSD", 1, Decimal("0.00005"))
ETH = Pair("ETH/USD", "XETHZUSD", "ETHUSD", "ETH/USD", "XETH", "ZUSD", 2, Decimal("0.002"))


def level_text(price: Decimal, qty: Decimal) -> str:
    """Return a level as the checksum wants it: no point, no zeros before."""
    digits = (format(one, "f").replace(".", "").lstrip("0") for one in (price, qty))
    return "".join(digits)


def checksum(bids: dict[Decimal, Decimal], asks: dict[Decimal, Decimal]) -> int:
    """Return the CRC-32 of the ten best levels, asks first."""
    best = [(price, asks[price]) for price in sorted(asks)[:10]]
    best += [(price, bids[price]) for price in sorted(bids, reverse=True)[:10]]
    return zlib.crc32("".join(level_text(*level) for level in best).encode())


@dataclass
class Book:
    """A book around a price that walks."""

    pair: Pair
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
    pair: Pair
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

    @property
    def left(self) -> Decimal:
        return self.volume - self.executed

    def told(self, trades: bool) -> dict[str, Any]:
        """What OpenOrders and its like say."""
        price = self.price if self.price is not None else Decimal(0)
        row: dict[str, Any] = {
            "refid": None,
            "userref": 0,
            "cl_ord_id": self.client_id,
            "status": self.status,
            "opentm": self.opened,
            "starttm": 0,
            "expiretm": 0,
            "descr": {
                "pair": self.pair.short,
                "type": self.side,
                "ordertype": self.kind,
                "price": str(price),
                "price2": "0",
                "leverage": "none",
                "order": f"{self.side} {self.volume} {self.pair.short} @ {self.kind} {price}",
                "close": "",
            },
            "vol": str(self.volume),
            "vol_exec": str(self.executed),
            "cost": str(self.cost),
            "fee": str(self.fee),
            "price": "0",
            "stopprice": "0.00000",
            "limitprice": "0.00000",
            "misc": "",
            "oflags": "fciq,post" if self.post else "fciq",
        }
        if self.closed is not None:
            row |= {"closetm": self.closed, "reason": None}
        return row | ({"trades": self.trades} if trades and self.trades else {})


def fee_of(cost: Decimal, maker: bool) -> Decimal:
    """Return the fee of an execution in the quote currency."""
    rate = MAKER if maker else TAKER
    return (cost * rate).quantize(Decimal("0.00001"), ROUND_HALF_UP)
