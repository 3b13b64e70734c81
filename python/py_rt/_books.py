"""Order books by price from depth rows: the best levels after every message or at chosen times.

The replay itself is ``crates/kernel``'s (``market::sample``): the kernel's own book, row by row, no
look-ahead; a message is seen whole or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from py_rt._core import mechanics
from py_rt._layout import (
    BOOK_KINDS,
    CLEAR,
    EVENT_DTYPE,
    FLAG_END,
    FLAG_INVALID,
    ORDER_KINDS,
    SNAPSHOT,
    Rows,
    join_rows,
)
from py_rt._scales import Floats, Ints, parse_decimal
from py_rt._times import to_duration_ns, to_ns
from py_rt.errors import DataError, ParameterError

if TYPE_CHECKING:
    from py_rt.market import MarketData

__all__ = ["Books", "build_books", "opening_rows"]

_OF_BOOKS = (*BOOK_KINDS, *ORDER_KINDS)

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Books:
    """The best levels of one order book at n times.

    Attributes
    ----------
    symbol : str
    ts_event, ts_recv : ndarray of int64, shape (n,)
        Times of the last message applied; 0 before the first one.
    ts : ndarray of int64, shape (n,)
        ``ts_event``, or the sampling times.
    bid_price, bid_qty, ask_price, ask_qty : ndarray of float64, shape (n, depth)
        Best level first; price NaN and quantity 0 where there is no level.
    valid : ndarray of bool, shape (n,)
        False before a snapshot that is needed and across gaps.

    Examples
    --------
    >>> import py_rt.data
    >>> books = py_rt.data.sample("btcusdt_l2").books(depth=3, at="1s")
    >>> books.bid_price.shape == (len(books), 3)
    True
    """

    symbol: str
    ts_event: Ints
    ts_recv: Ints
    ts: Ints
    bid_price: Floats
    bid_qty: Floats
    ask_price: Floats
    ask_qty: Floats
    valid: Bools

    def __len__(self) -> int:
        return int(self.ts.size)

    def __repr__(self) -> str:
        depth = self.bid_price.shape[1]
        return (
            f"<Books {self.symbol}: {len(self):,} x {depth} levels, {self.valid.mean():.1%} valid>"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dict of arrays."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def build_books(data: MarketData, depth: Any, at: Any, clock: str, symbol: str | None) -> Books:
    """Build ``MarketData.books``; see there."""
    if type(depth) is bool or not isinstance(depth, (int, np.integer)) or depth < 1:
        raise ParameterError(f"{depth!r} levels", field="depth", remedy="pass an integer >= 1")
    if clock not in ("event", "recv"):
        raise ParameterError(f"{clock!r} is no clock", field="clock", remedy="use event or recv")
    index = _which(data, symbol)
    instrument = data.instruments[index]
    units = (
        parse_decimal(instrument.tick_size, "tick_size"),
        parse_decimal(instrument.lot_size, "lot_size"),
    )
    every, times = _sampling(at)
    columns: dict[str, Any] = mechanics.sample_books(
        data.events().view(np.uint8), index, int(depth), units, clock == "recv", every, times
    )
    for name in ("bid_price", "bid_qty", "ask_price", "ask_qty"):
        columns[name] = columns[name].reshape(-1, int(depth))
    return Books(instrument.symbol, **columns)


def _which(data: MarketData, symbol: str | None) -> int:
    events = data.events()
    present = np.unique(events["instrument"][np.isin(events["kind"], _OF_BOOKS)])
    if present.size == 0:
        raise DataError(
            "there are no depth rows to build a book from",
            field="kind",
            remedy=f"load level-2 data; this holds {', '.join(data.kinds) or 'nothing'}",
        )
    names = [data.symbols[i] for i in present]
    if symbol is None and present.size > 1:
        raise DataError(
            f"{present.size} instruments have a book",
            field="symbol",
            remedy=f"pass symbol=, one of {', '.join(names)}",
        )
    if symbol is not None and symbol not in names:
        raise DataError(
            f"{symbol!r} has no book here", field="symbol", remedy=f"use one of {', '.join(names)}"
        )
    return int(present[0]) if symbol is None else data.symbols.index(symbol)


def _sampling(at: Any) -> tuple[int | None, Ints | None]:
    """Return the step, or the times asked for, or neither: after every message."""
    if isinstance(at, str):
        return (None, None) if at == "event" else (to_duration_ns(at, "at"), None)
    return None, np.ascontiguousarray(_sampling_times(at))


def _sampling_times(at: Any) -> Ints:
    listed = np.asarray(at)
    if listed.dtype.kind in "iu":
        ts = listed.astype(np.int64).ravel()
    else:
        ts = np.array([to_ns(value, "at") for value in at], dtype=np.int64)
    back = np.flatnonzero(np.diff(ts) < 0)
    if back.size:
        raise ParameterError(
            "sampling times go back", field="at", row=int(back[0]) + 1, remedy="sort them"
        )
    return ts


def opening_rows(data: MarketData, first: int, last: int | None) -> Rows:
    """Return the books that are open at ``first`` as snapshot messages, to start a slice."""
    events = data.events()
    kept = events["ts_event"] >= first
    if last is not None:
        kept &= events["ts_event"] < last
    if not kept.any():
        return np.empty(0, dtype=EVENT_DTYPE)
    ts_recv = int(events["ts_recv"][int(np.argmax(kept))])
    earlier = events[(events["ts_event"] < first) & np.isin(events["kind"], _OF_BOOKS)]
    flat = earlier.view(np.uint8)
    parts: list[Rows] = []
    for index in np.unique(earlier["instrument"]):
        (sides, prices, qtys), valid = mechanics.last_levels(flat, int(index))
        message = np.zeros(sides.size + 1, dtype=EVENT_DTYPE)
        message["ts_event"], message["ts_recv"], message["instrument"] = first, ts_recv, index
        message["kind"][0], message["kind"][1:] = CLEAR, SNAPSHOT
        message["side"][1:], message["price"][1:], message["qty"][1:] = sides, prices, qtys
        if not valid:
            message["flags"] |= FLAG_INVALID
        message["flags"][-1] |= FLAG_END
        parts.append(message)
    return join_rows(parts, EVENT_DTYPE)
