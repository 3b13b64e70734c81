"""Row layouts of market data and the instrument record; ``py_rt.market`` is their public face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from py_rt._scales import parse_decimal
from py_rt.errors import ParameterError

__all__ = [
    "BAR_DTYPE",
    "BOOK_KINDS",
    "BUY",
    "CLEAR",
    "DEPTH",
    "EVENT_DTYPE",
    "FLAG_END",
    "FLAG_INVALID",
    "KIND_NAMES",
    "ORDER_ADD",
    "ORDER_DELETE",
    "ORDER_EXECUTE",
    "ORDER_KINDS",
    "ORDER_REDUCE",
    "QUOTE",
    "SELL",
    "SIDE_NONE",
    "SNAPSHOT",
    "TRADE",
    "Instrument",
    "Kind",
    "Rows",
    "join_rows",
]

Rows = npt.NDArray[np.void]

EVENT_DTYPE: np.dtype[np.void] = np.dtype(
    {
        "names": [
            "ts_event",
            "ts_recv",
            "instrument",
            "kind",
            "side",
            "price",
            "qty",
            "order_id",
            "flags",
        ],
        "formats": ["<i8", "<i8", "<u4", "u1", "i1", "<i8", "<i8", "<u8", "<u2"],
        "offsets": [0, 8, 16, 20, 21, 24, 32, 40, 22],
        "itemsize": 48,
    }
)
"""One row of ``events``: price in ticks, qty in lots, times in ns UTC."""

BAR_DTYPE: np.dtype[np.void] = np.dtype(
    [
        ("ts_open", "<i8"),
        ("ts_close", "<i8"),
        ("instrument", "<u4"),
        ("flags", "<u4"),
        ("open", "<i8"),
        ("high", "<i8"),
        ("low", "<i8"),
        ("close", "<i8"),
        ("volume", "<f8"),
    ]
)
"""One row of ``bars``: prices in ticks, volume in units, times in ns UTC."""

DEPTH, TRADE, CLEAR, SNAPSHOT, QUOTE = 0, 1, 2, 3, 4
ORDER_ADD, ORDER_REDUCE, ORDER_DELETE, ORDER_EXECUTE = 5, 6, 7, 8
KIND_NAMES = (
    "depth",
    "trade",
    "clear",
    "snapshot",
    "quote",
    "order_add",
    "order_reduce",
    "order_delete",
    "order_execute",
)
BUY, SELL, SIDE_NONE = 1, -1, 0
FLAG_END = 1
"""Last row of one venue message."""
FLAG_INVALID = 2
"""The book is invalid from this row until the next snapshot."""

AssetClass = Literal["equity", "crypto", "future", "fx", "other"]
Kind = Literal["depth", "order", "trade", "quote", "bar"]
_ASSET_CLASSES = ("equity", "crypto", "future", "fx", "other")
BOOK_KINDS = (DEPTH, CLEAR, SNAPSHOT)
ORDER_KINDS = (ORDER_ADD, ORDER_REDUCE, ORDER_DELETE, ORDER_EXECUTE)


def join_rows(parts: Sequence[Rows], dtype: np.dtype[np.void]) -> Rows:
    """Join row arrays; ``numpy.concatenate`` would repack the fields into another layout."""
    joined = np.empty(sum(part.size for part in parts), dtype=dtype)
    at = 0
    for part in parts:
        joined[at : at + part.size] = part
        at += part.size
    return joined


@dataclass(frozen=True)
class Instrument:
    """What is traded, and on which grid of prices and quantities.

    Parameters
    ----------
    symbol : str
        The name used everywhere.
    tick_size, lot_size : str
        Smallest step of price and of quantity, as decimal text.
    min_qty, min_notional : str
        Smallest order, as decimal text; "0" is none.
    multiplier : str
        Money per point and unit.
    currency : str
    asset_class : {"equity", "crypto", "future", "fx", "other"}
    shortable : bool
    sessions : bool
        True: the venue opens and closes. False: it never closes.
    venue : str

    Raises
    ------
    ParameterError
        A size is not decimal text or not positive; an unknown asset class; an empty symbol.

    Examples
    --------
    >>> Instrument("AAPL", tick_size="0.01", lot_size="1").to_dict()["tick_size"]
    '0.01'
    """

    symbol: str
    tick_size: str = "0.01"
    lot_size: str = "1"
    min_qty: str = "0"
    min_notional: str = "0"
    multiplier: str = "1"
    currency: str = "USD"
    asset_class: AssetClass = "equity"
    shortable: bool = True
    sessions: bool = True
    venue: str = "SIM"

    def __post_init__(self) -> None:
        if not self.symbol or not isinstance(self.symbol, str):
            raise ParameterError("the symbol is empty", field="symbol", remedy="give it a name")
        for name in ("tick_size", "lot_size", "min_qty", "min_notional", "multiplier"):
            mantissa, _ = parse_decimal(getattr(self, name), name)
            if mantissa == 0 and not name.startswith("min_"):
                raise ParameterError("0 is no step", field=name, remedy="pass a positive decimal")
        if self.asset_class not in _ASSET_CLASSES:
            raise ParameterError(
                f"{self.asset_class!r} is unknown",
                field="asset_class",
                remedy=f"use one of {', '.join(_ASSET_CLASSES)}",
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a plain dict."""
        return asdict(self)

    def with_fields(self, **changes: Any) -> Instrument:
        """Return a copy with some fields changed.

        Examples
        --------
        >>> Instrument("BTCUSDT").with_fields(sessions=False).sessions
        False
        """
        return replace(self, **changes)
