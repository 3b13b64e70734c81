"""The products and the orders of a stand-in for Coinbase in its words."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from system.stand_in_market import Order, Product

BTC = Product("BTC-USD", "BTC", "USD", 2, Decimal("0.00001"))
ETH = Product("ETH-USD", "ETH", "USD", 2, Decimal("0.0001"))
FLAGS = (
    *("is_disabled", "trading_disabled", "view_only", "cancel_only"),
    *("auction_mode", "limit_only", "post_only"),
)
WORDS = {
    "open": "OPEN",
    "filled": "FILLED",
    "canceled": "CANCELLED",
    "rejected": "FAILED",
}


def listed(product: Product, price: Decimal, flags: set[str]) -> dict[str, Any]:
    """Return what the list of products says."""
    return {
        "product_id": product.symbol,
        "price": str(price),
        "base_increment": "0.00000001",
        "quote_increment": "0.01",
        "quote_min_size": "1",
        "base_min_size": str(product.least),
        "status": "online",
        "product_type": "SPOT",
        "quote_currency_id": product.quote,
        "base_currency_id": product.base,
        "alias": "",
        "alias_to": [],
        "price_increment": str(product.tick),
        **{flag: flag in flags for flag in FLAGS},
    }


@dataclass
class CoinbaseOrder(Order):
    """An order in the venue's words."""

    configuration: str = ""
    terms: dict[str, Any] = field(default_factory=dict)
    moving: str | None = "PENDING"
    """On its way into the book, out of it, or to other terms."""
    edit: tuple[Decimal, Decimal] | None = None
    edits: list[dict[str, str]] = field(default_factory=list)

    @property
    def word(self) -> str:
        return self.moving if self.moving and self.status == "open" else WORDS[self.status]

    def told(self, created: str) -> dict[str, Any]:
        """What the list of orders says."""
        average = self.cost / self.executed if self.executed else Decimal(0)
        return {
            "order_id": self.txid,
            "product_id": self.pair.symbol,
            "user_id": "2222",
            "order_configuration": {self.configuration: self.terms},
            "side": self.side.upper(),
            "client_order_id": self.client_id,
            "status": self.word,
            "time_in_force": "GOOD_UNTIL_CANCELLED",
            "created_time": created,
            "filled_size": str(self.executed.normalize()) if self.executed else "",
            "average_filled_price": str(average),
            "number_of_fills": str(len(self.trades)),
            "total_fees": str(self.fee),
            "size_in_quote": False,
            "edit_history": self.edits,
            "last_fill_time": None,
            "product_type": "SPOT",
        }

    def state(self, created: str) -> dict[str, Any]:
        """What the channel of the account says: how it stands, and no execution."""
        average = self.cost / self.executed if self.executed else Decimal(0)
        return {
            "order_id": self.txid,
            "client_order_id": self.client_id,
            "cumulative_quantity": format(self.executed.normalize(), "f"),
            "leaves_quantity": format(self.left.normalize(), "f") if self.status == "open" else "0",
            "avg_price": str(average),
            "total_fees": str(self.fee),
            "status": self.word,
            "product_id": self.pair.symbol,
            "creation_time": created,
            "order_side": self.side.upper(),
            "order_type": "Limit" if self.price is not None else "Market",
            "cancel_reason": "",
            "reject_reason": "",
            "number_of_fills": str(len(self.trades)),
        }
