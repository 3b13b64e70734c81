"""What happens when an import meets rows that are there already."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

from py_rt._layout import join_rows
from py_rt._times import format_ns
from py_rt.data.catalog.rows import Rows, Stretch
from py_rt.errors import DataError

__all__ = ["RULES", "clock_of", "combine"]

RULES = ("refuse", "merge", "replace")


def clock_of(rows: Rows) -> npt.NDArray[np.int64]:
    """Return the time that rows are ordered by."""
    names = rows.dtype.names or ()
    clock: npt.NDArray[np.int64] = rows["ts_close" if "ts_close" in names else "ts_recv"]
    return clock


def combine(old: Stretch, new: Stretch, rule: str, where: str) -> Stretch | None:
    """Join the rows of one symbol and kind that are there with those that come.

    Parameters
    ----------
    old, new : Stretch
        In clock order, in the same ticks and lots.
    rule : {"refuse", "merge", "replace"}
        "refuse": in the stretch of time that both cover the rows must be equal; only what lies
        outside of it is added. "merge": rows that are not there yet are added; two different bars
        of one time are refused. "replace": old rows in the new rows' span go.
    where : str
        Names symbol and kind in errors.

    Returns
    -------
    Stretch or None
        None when nothing changes.

    Raises
    ------
    DataError
        The rows contradict each other.
    """
    ours, theirs = clock_of(old.rows), clock_of(new.rows)
    inside = (ours >= theirs[0]) & (ours <= theirs[-1])
    if not inside.any():
        return _joined(old, new)
    if rule == "replace":
        if np.array_equal(old.rows[inside], new.rows):
            return None
        return _joined(old.take(~inside), new)
    if rule == "merge":
        added = new.take(_not_there(old.rows[inside], new.rows))
        _refuse_contradictions(old, added, where)
        return _joined(old, added) if len(added.rows) else None
    first, last = ours[inside][0], ours[inside][-1]
    shared = (theirs >= first) & (theirs <= last)
    if not np.array_equal(old.rows[inside], new.rows[shared]):
        raise DataError(
            f"{where} is there already from {format_ns(int(first))} to {format_ns(int(last))}, "
            "with other rows",
            field="overlap",
            remedy='pass overlap="merge" to add what is new, or "replace" to believe the import',
        )
    added = new.take(~shared)
    return _joined(old, added) if len(added.rows) else None


def _joined(old: Stretch, new: Stretch) -> Stretch:
    parts = [old.rows, new.rows]
    rows = join_rows(parts, old.rows.dtype)
    batch = np.concatenate([old.batch, new.batch])
    seq = np.concatenate([old.seq, new.seq])
    whole = Stretch(rows, batch, seq)
    return whole.take(np.lexsort((seq, batch, clock_of(rows))))


def _not_there(old: Rows, new: Rows) -> npt.NDArray[np.bool_]:
    """Mark new rows beyond those that are there, counting equal rows."""
    width = f"V{old.dtype.itemsize}"
    left = Counter(np.ascontiguousarray(old).view(width).tolist())
    fresh = np.ones(new.size, dtype=np.bool_)
    for at, row in enumerate(np.ascontiguousarray(new).view(width).tolist()):
        if left[row]:
            left[row] -= 1
            fresh[at] = False
    return fresh


def _refuse_contradictions(old: Stretch, added: Stretch, where: str) -> None:
    if "ts_open" not in (old.rows.dtype.names or ()):
        return
    twice = np.intersect1d(old.rows["ts_open"], added.rows["ts_open"])
    if twice.size:
        raise DataError(
            f"{where} has another bar at {format_ns(int(twice[0]))} ({twice.size} such times)",
            field="overlap",
            remedy='pass overlap="replace" to believe the import',
        )
