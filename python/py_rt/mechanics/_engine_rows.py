"""What goes into the matching engine and what comes out: rows, their names, its book."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from py_rt._scales import Floats, Ints, from_units

__all__ = [
    "COMMAND_DTYPE",
    "EXTENDED_COMMAND_DTYPE",
    "EXTRA",
    "OPS",
    "OPTIONAL",
    "ORDER_DTYPE",
    "ORDER_TYPES",
    "REASONS",
    "REPORT_DTYPE",
    "REPORT_KINDS",
    "STOP_DTYPE",
    "TIFS",
    "EngineBook",
    "Indicative",
    "dtype_of",
]

COMMAND_DTYPE: np.dtype[np.void] = np.dtype(
    [
        ("op", "u1"),
        ("order_id", "<u8"),
        ("owner", "<u4"),
        ("side", "i1"),
        ("order_type", "u1"),
        ("tif", "u1"),
        ("flags", "u1"),
        ("price", "<i8"),
        ("qty", "<i8"),
        ("ts", "<i8"),
    ],
    align=True,
)
"""One command: ``op`` 0 new, 1 cancel, 2 replace ...; price in ticks, qty in lots."""

EXTENDED_COMMAND_DTYPE: np.dtype[np.void] = np.dtype(
    [
        *((name, COMMAND_DTYPE[name]) for name in COMMAND_DTYPE.names or ()),
        ("stop_price", "<i8"),
        ("display_qty", "<i8"),
    ],
    align=True,
)
"""A command with the fields that only some orders need; both are 0 where they are left out."""

OPS = (
    "new",
    "cancel",
    "replace",
    "continuous",
    "auction",
    "halt",
    "uncross",
    "close",
    "band",
    "steps",
)
ORDER_TYPES = ("limit", "market", "stop", "stop_limit")
TIFS = ("gtc", "ioc", "fok", "day", "auction")

REPORT_DTYPE: np.dtype[np.void] = np.dtype(
    [
        ("kind", "u1"),
        ("order_id", "<u8"),
        ("maker_order_id", "<u8"),
        ("price", "<i8"),
        ("qty", "<i8"),
        ("leaves_qty", "<i8"),
        ("reason", "u1"),
        ("ts", "<i8"),
    ],
    align=True,
)
"""One report; ``kind`` indexes REPORT_KINDS, ``reason`` REASONS."""

REPORT_KINDS = (
    "accepted",
    "rejected",
    "trade",
    "canceled",
    "replaced",
    "triggered",
    "status",
)
REASONS = (
    "none",
    "unknown_order",
    "duplicate_id",
    "bad_qty",
    "bad_price",
    "malformed",
    "post_only",
    "fill_or_kill",
    "immediate",
    "self_trade",
    "halted",
    "auction",
    "price_band",
    "expired",
    "reduce_only",
    "bad_display",
    "tick",
    "lot",
    "phase",
)

EXTRA = ("stop_price", "display_qty")
OPTIONAL = frozenset(EXTENDED_COMMAND_DTYPE.names or ()) - {"op", "order_id"}

ORDER_DTYPE: np.dtype[np.void] = np.dtype(
    [
        ("order_id", "<u8"),
        ("owner", "<u4"),
        ("side", "i1"),
        ("price", "<i8"),
        ("leaves_qty", "<i8"),
        ("cum_qty", "<i8"),
        ("display_qty", "<i8"),
        ("shown_qty", "<i8"),
    ]
)

STOP_DTYPE: np.dtype[np.void] = np.dtype(
    [
        ("order_id", "<u8"),
        ("owner", "<u4"),
        ("side", "i1"),
        ("order_type", "u1"),
        ("stop_price", "<i8"),
        ("price", "<i8"),
        ("qty", "<i8"),
    ]
)


@dataclass(frozen=True, eq=False)
class EngineBook:
    """Levels of a matching engine, best first.

    Attributes
    ----------
    bid_price, ask_price : ndarray of int64
        Ticks. Each side is as long as it has levels, at most the depth asked for.
    bid_qty, ask_qty : ndarray of int64
        Lots.
    bid_orders, ask_orders : ndarray of int64
        How many orders queue at the level.
    tick_size, lot_size : str
        What one tick and one lot are worth, as decimal text.
    """

    bid_price: Ints
    bid_qty: Ints
    bid_orders: Ints
    ask_price: Ints
    ask_qty: Ints
    ask_orders: Ints
    tick_size: str
    lot_size: str

    def __repr__(self) -> str:
        best = [
            f"{qty[0]:,} at {price[0]:,}" if price.size else "nothing"
            for price, qty in (
                (self.bid_price, self.bid_qty),
                (self.ask_price, self.ask_qty),
            )
        ]
        return f"<EngineBook bid {best[0]}, ask {best[1]}>"

    def prices(self) -> tuple[Floats, Floats]:
        """Return bid and ask prices as decimals: ticks times ``tick_size``."""
        return from_units(self.bid_price, self.tick_size), from_units(
            self.ask_price, self.tick_size
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dict of arrays and texts."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True)
class Indicative:
    """What an auction would come to if it ended now.

    Attributes
    ----------
    price : int or None
        The one price, in ticks; None when nothing would trade.
    volume : int
        What would trade, in lots.
    imbalance : int
        How many lots more are bid than asked at the price (below 0: asked than bid); without a
        price, of market orders alone.
    """

    price: int | None
    volume: int
    imbalance: int


def dtype_of(commands: Any) -> np.dtype[np.void]:
    """Return the layout that commands are read in: the short one where it holds all they have."""
    rows = isinstance(commands, (list, tuple)) and len(commands) > 0
    first = commands[0] if rows else commands
    names = getattr(getattr(first, "dtype", None), "names", None)
    if names is not None:
        return EXTENDED_COMMAND_DTYPE if set(names) & set(EXTRA) else COMMAND_DTYPE
    short = (
        rows and isinstance(first, (list, tuple)) and len(first) == len(COMMAND_DTYPE.names or ())
    )
    return COMMAND_DTYPE if short else EXTENDED_COMMAND_DTYPE
