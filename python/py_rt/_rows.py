"""Rows looked at once: whether they are what they should be, and what is in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from py_rt._layout import BAR_DTYPE, EVENT_DTYPE, Rows
from py_rt._pages import blocks
from py_rt.errors import DataError

__all__ = ["Seen", "between", "checked"]

_CLOCKS = {
    EVENT_DTYPE: ("ts_recv", "ts_event", "ts_event"),
    BAR_DTYPE: ("ts_close", "ts_open", "ts_close"),
}


@dataclass(frozen=True)
class Seen:
    """What one pass over rows found.

    Attributes
    ----------
    kinds : frozenset of int
        Kinds of events that occur; of bars none.
    start, end : int or None
        Earliest ``ts_event`` or ``ts_open`` and latest ``ts_event`` or ``ts_close``; None of none.
    """

    kinds: frozenset[int] = frozenset()
    start: int | None = None
    end: int | None = None


def checked(
    rows: Rows | None, dtype: np.dtype[np.void], name: str, n_instruments: int
) -> tuple[Rows, Seen]:
    """Return a read-only view of rows, and what is in them.

    Raises
    ------
    DataError
        Wrong dtype or shape, an instrument out of range, or time goes back.
    """
    if rows is None:
        rows = np.empty(0, dtype=dtype)
    shape: Any = rows
    if not isinstance(shape, np.ndarray) or rows.dtype != dtype or rows.ndim != 1:
        raise DataError(
            f"{name} must be a one-dimensional array of {name[:-1].upper()}_DTYPE",
            field=name,
            remedy="build it with numpy.empty(n, py_rt.market.<the dtype>) or use py_rt.data.load",
        )
    rows = np.ascontiguousarray(rows)
    seen = _look(rows, name, n_instruments)
    view = rows.view()
    view.flags.writeable = False
    return view, seen


def _look(rows: Rows, name: str, n_instruments: int) -> Seen:
    clock, opens, closes = _CLOCKS[rows.dtype]
    kinds: set[int] = set()
    starts: list[int] = []
    ends: list[int] = []
    at, before = 0, np.iinfo(np.int64).min
    for block in blocks(rows):
        if int(block["instrument"].max()) >= n_instruments:
            row = int(np.argmax(block["instrument"] >= n_instruments))
            raise DataError(
                f"instrument index {block['instrument'][row]} of {n_instruments} instruments",
                field=f"{name}.instrument",
                row=at + row,
                remedy="pass every instrument that the rows name",
            )
        ts = block[clock]
        late = np.flatnonzero(ts[1:] < ts[:-1]) + 1
        if int(ts[0]) < before or late.size:
            raise DataError(
                "time goes back",
                field=f"{name}.{clock}",
                row=at + (0 if int(ts[0]) < before else int(late[0])),
                remedy=f"sort the rows by {clock} (stable)",
            )
        if name == "events":
            kinds |= set(np.flatnonzero(np.bincount(block["kind"])).tolist())
        starts.append(int(block[opens].min()))
        ends.append(int(block[closes].max()))
        at, before = at + len(block), int(ts[-1])
    return Seen(frozenset(kinds), min(starts, default=None), max(ends, default=None))


def between(
    ts: npt.NDArray[np.int64], first: int | None, last: int | None
) -> npt.NDArray[np.bool_]:
    """Say which times lie in [first, last); an end that is None is open."""
    inside = np.ones(ts.shape, dtype=np.bool_)
    if first is not None:
        inside &= ts >= first
    if last is not None:
        inside &= ts < last
    return inside
