"""Order books by price from depth rows: the best levels after every message or at chosen times.

Idea: the two sides never meet, so each is replayed alone: a sorted list of price keys (bids
negated, so the best key is always first) beside a dict key -> quantity. The best levels are copied
out only at messages that are asked for, and only when a row came near enough to change them. Cost:
just under a microsecond a row; no look-ahead, a message is seen whole or not at all.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from py_rt._layout import (
    BOOK_KINDS,
    CLEAR,
    EVENT_DTYPE,
    FLAG_END,
    FLAG_INVALID,
    SNAPSHOT,
    Rows,
    join_rows,
)
from py_rt._scales import Floats, Ints, from_units
from py_rt._times import to_duration_ns, to_ns
from py_rt.errors import DataError, ParameterError

if TYPE_CHECKING:
    from py_rt.market import MarketData

__all__ = ["Books", "build_books", "opening_rows"]

_FIRST, _LAST = -(2**62), 2**62  # beyond any price key

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


@dataclass(frozen=True, eq=False)
class _Side:
    """One side of a book, replayed: its best levels after each stop, and all levels at the end."""

    copy_of_stop: npt.NDArray[np.intp]
    keys: Ints
    qtys: Ints
    last: dict[int, int]


def build_books(data: MarketData, depth: Any, at: Any, clock: str, symbol: str | None) -> Books:
    """Build ``MarketData.books``; see there."""
    if type(depth) is bool or not isinstance(depth, (int, np.integer)) or depth < 1:
        raise ParameterError(f"{depth!r} levels", field="depth", remedy="pass an integer >= 1")
    if clock not in ("event", "recv"):
        raise ParameterError(f"{clock!r} is no clock", field="clock", remedy="use event or recv")
    index = _which(data, symbol)
    rows = _book_rows(data.events(), index)
    ends = np.flatnonzero(rows["flags"] & FLAG_END)
    if ends.size == 0 or ends[-1] != rows.size - 1:
        ends = np.append(ends, rows.size - 1)
    ts, message = _sampling(at, rows[f"ts_{clock}"][ends], rows["ts_event"][ends])
    wanted, back = np.unique(message[message >= 0], return_inverse=True)
    valid = _validity(rows)[ends]
    seen = np.flatnonzero(message >= 0)
    shown = seen[valid[message[seen]]]
    stop = back[valid[message[seen]]]
    instrument = data.instruments[index]
    sides: dict[str, Floats] = {}
    for sign, word in ((1, "bid"), (-1, "ask")):
        side = _replay(rows, ends[wanted], sign, int(depth))
        copy = side.copy_of_stop[stop]
        price = np.full((ts.size, int(depth)), np.nan)
        qty = np.zeros((ts.size, int(depth)))
        price[shown] = _prices(-sign * side.keys, side.qtys, instrument.tick_size)[copy]
        qty[shown] = from_units(side.qtys, instrument.lot_size, "lot_size")[copy]
        sides[f"{word}_price"], sides[f"{word}_qty"] = price, qty
    stamped = np.zeros((2, ts.size), dtype=np.int64)
    stamped[0, seen] = rows["ts_event"][ends][message[seen]]
    stamped[1, seen] = rows["ts_recv"][ends][message[seen]]
    good = np.zeros(ts.size, dtype=np.bool_)
    good[shown] = True
    return Books(instrument.symbol, stamped[0], stamped[1], ts, valid=good, **sides)


def _which(data: MarketData, symbol: str | None) -> int:
    events = data.events()
    present = np.unique(events["instrument"][np.isin(events["kind"], BOOK_KINDS)])
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


def _book_rows(events: Rows, index: int) -> Rows:
    rows: Rows = events[(events["instrument"] == index) & np.isin(events["kind"], BOOK_KINDS)]
    return rows


def _sampling(at: Any, clock_ts: Ints, event_ts: Ints) -> tuple[Ints, npt.NDArray[np.intp]]:
    """Return the times asked for and, for each, the last message seen (-1: none yet)."""
    if isinstance(at, str) and at == "event":
        return event_ts.copy(), np.arange(event_ts.size)
    reached = np.maximum.accumulate(clock_ts)
    if isinstance(at, str):
        step = to_duration_ns(at, "at")
        ts = np.arange(-(-int(reached[0]) // step), int(reached[-1]) // step + 1) * step
    else:
        ts = _sampling_times(at)
    return ts, np.searchsorted(reached, ts, side="right") - 1


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


def _validity(rows: Rows) -> Bools:
    """Carry validity forward: a flag ends it, an unflagged snapshot or full clear restores it."""
    flagged = (rows["flags"] & FLAG_INVALID) != 0
    whole = (rows["kind"] == SNAPSHOT) | ((rows["kind"] == CLEAR) & (rows["side"] == 0))
    turns = flagged | whole
    last = np.maximum.accumulate(np.where(turns, np.arange(rows.size), -1))
    return np.where(last >= 0, ~flagged[last], True)


def _replay(rows: Rows, stops: npt.NDArray[np.intp], sign: int, depth: int) -> _Side:
    """Apply one side's rows; copy its best levels at each stop (a row index) that changed them."""
    clears = rows["kind"] == CLEAR
    mine = np.flatnonzero((rows["side"] == sign) | (clears & (rows["side"] == 0)))
    at_stop = np.searchsorted(stops, mine)
    mine, at_stop = mine[at_stop < stops.size], at_stop[at_stop < stops.size]
    keys = np.where(clears[mine], _FIRST, rows["price"][mine] * -sign)
    qtys = np.where(clears[mine], -1, rows["qty"][mine])
    starts = np.flatnonzero(np.diff(at_stop, prepend=-1))
    nearest = np.minimum.reduceat(keys, starts).tolist() if starts.size else []
    edges = [*starts.tolist(), mine.size]
    every_key, every_qty = keys.tolist(), qtys.tolist()
    changed = np.zeros(stops.size, dtype=np.intp)
    best: list[int] = []
    counts = [0]
    amounts: list[int] = []
    ordered: list[int] = []
    levels: dict[int, int] = {}
    for near, stop, (begin, end) in zip(
        nearest, at_stop[starts].tolist(), pairwise(edges), strict=True
    ):
        reach = ordered[depth - 1] if len(ordered) >= depth else _LAST
        for key, qty in zip(every_key[begin:end], every_qty[begin:end], strict=True):
            if qty > 0:
                if key not in levels:
                    insort(ordered, key)
                levels[key] = qty
            elif qty < 0:
                ordered.clear()
                levels.clear()
            elif key in levels:
                del levels[key]
                del ordered[bisect_left(ordered, key)]
        if near <= reach:
            top = ordered[:depth]
            best += top
            amounts += [levels[key] for key in top]
            counts.append(len(top))
            changed[stop] = 1
    filled = np.arange(depth) < np.array(counts)[:, None]
    table = np.zeros((2, len(counts), depth), dtype=np.int64)
    table[0][filled], table[1][filled] = best, amounts
    return _Side(np.cumsum(changed), table[0], table[1], levels)


def _prices(ticks: Ints, qtys: Ints, tick_size: str) -> Floats:
    prices = from_units(ticks, tick_size)
    prices[qtys == 0] = np.nan
    return prices


def opening_rows(data: MarketData, first: int, last: int | None) -> Rows:
    """Return the books that are open at ``first`` as snapshot messages, to start a slice."""
    events = data.events()
    kept = events["ts_event"] >= first
    if last is not None:
        kept &= events["ts_event"] < last
    if not kept.any():
        return np.empty(0, dtype=EVENT_DTYPE)
    ts_recv = int(events["ts_recv"][int(np.argmax(kept))])
    earlier = events[(events["ts_event"] < first) & np.isin(events["kind"], BOOK_KINDS)]
    parts: list[Rows] = []
    for index in np.unique(earlier["instrument"]):
        rows = earlier[earlier["instrument"] == index]
        stop = np.array([rows.size - 1])
        levels = [
            (sign, -sign * key, qty)
            for sign in (1, -1)
            for key, qty in sorted(_replay(rows, stop, sign, 1).last.items())
        ]
        message = np.zeros(len(levels) + 1, dtype=EVENT_DTYPE)
        message["ts_event"], message["ts_recv"], message["instrument"] = first, ts_recv, index
        message["kind"][0], message["kind"][1:] = CLEAR, SNAPSHOT
        if levels:
            message["side"][1:], message["price"][1:], message["qty"][1:] = zip(
                *levels, strict=True
            )
        if not _validity(rows)[-1]:
            message["flags"] |= FLAG_INVALID
        message["flags"][-1] |= FLAG_END
        parts.append(message)
    return join_rows(parts, EVENT_DTYPE)
