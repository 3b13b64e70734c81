"""The pairs and the orders of a stand-in for Kraken in its words, and the checksum of its books."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from system.stand_in_market import Order, Product


@dataclass(frozen=True)
class Pair(Product):
    """A pair under all of its names."""

    key: str
    short: str
    ws_name: str

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


BTC = Pair("BTC/USD", "XXBT", "ZUSD", 1, Decimal("0.00005"), "XXBTZUSD", "XBTUSD", "XBT/USD")
ETH = Pair("ETH/USD", "XETH", "ZUSD", 2, Decimal("0.002"), "XETHZUSD", "ETHUSD", "ETH/USD")


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
class KrakenOrder(Order):
    """An order in the venue's words."""

    pair: Pair
    stop_price: Decimal | None = None
    """Its stop, reached or not."""

    def __post_init__(self) -> None:
        self.stop_price = self.stop

    def told(self, trades: bool) -> dict[str, Any]:
        """What OpenOrders and its like say."""
        price, second = (
            (self.stop_price, self.price or 0)
            if self.kind.startswith("stop")
            else (self.price or 0, 0)
        )
        row: dict[str, Any] = {
            "refid": None,
            "userref": 0,
            "cl_ord_id": self.client_id,
            "status": {"filled": "closed"}.get(self.status, self.status),
            "opentm": self.opened,
            "starttm": 0,
            "expiretm": 0,
            "descr": {
                "pair": self.pair.short,
                "type": self.side,
                "ordertype": self.kind,
                "price": str(price),
                "price2": str(second),
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
