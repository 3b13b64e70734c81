"""When a bar opens and closes: length from the spacing, stamp convention from the session's edges.

A bar stamped at its open and read as stamped at its close would be seen before it is complete. So
an unknown stamp is taken as the open (seen late, never early) with a warning, and refused where
that would mix up bars of different length.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from py_rt._scales import Floats, Ints
from py_rt.data.quality import IssueLog

__all__ = ["bar_times"]

DAY = 86_400_000_000_000
MINUTE = 60_000_000_000
_ROUND = 30 * MINUTE
_OPENING, _CLOSING = 570, 960  # 09:30 and 16:00 New York, minutes


def bar_times(
    ts: Ints,
    codes: Ints,
    volume: Floats,
    *,
    date_only: bool,
    hint: str | None,
    bar_stamp: str | None,
    log: IssueLog,
) -> tuple[Ints, Ints, str]:
    """Work out ``ts_open`` and ``ts_close`` of bars that carry one stamp.

    Parameters
    ----------
    ts, codes : ndarray, shape (n,)
        Stamps in ns, and the symbol's number of each row.
    volume : ndarray, shape (n,)
    date_only : bool
        Bare dates: a daily bar lasts from 00:00 UTC to 00:00 UTC of the next day.
    hint, bar_stamp : {"open", "close"}, optional
        What the column's name says, and what the caller says.

    Returns
    -------
    ts_open, ts_close : ndarray of int64
    stamp : str
        "open", "close" or "date".
    """
    steps = _modal_steps(ts, codes)
    longest = max(steps.values(), default=DAY)
    stamp = bar_stamp or hint
    if date_only and longest < 5 * DAY:
        return ts.copy(), ts + DAY, "date"
    if not steps:
        raise log.refuse(
            "bar_stamp",
            "one bar does not tell how long it lasts",
            "give it columns ts_open and ts_close",
        )
    if stamp is None and not date_only:
        stamp = _guessed(ts, min(steps.values()), volume)
        if stamp is not None:
            log.note(f"bar_stamp={stamp!r} guessed from the edges of the session")
    if stamp is None:
        stamp = _assumed(steps, date_only, log)
    step = np.array([steps.get(int(code), longest) for code in range(int(codes.max()) + 1)])[codes]
    order = np.lexsort((ts, codes))
    if stamp == "open":
        bound = _neighbour(ts, codes, order, 1)
        return ts.copy(), np.where(bound > ts, np.minimum(ts + step, bound), ts + step), stamp
    bound = _neighbour(ts, codes, order, -1)
    return np.where((bound >= 0) & (bound < ts), np.maximum(ts - step, bound), ts - step), ts, stamp


def _assumed(steps: dict[int, int], date_only: bool, log: IssueLog) -> str:
    lengths = sorted(set(steps.values()))
    if date_only or len(lengths) > 1:
        spacing = ", ".join(f"{length / MINUTE:g} min" for length in lengths[:4])
        raise log.refuse(
            "bar_stamp",
            f"cannot tell whether bars (spacing {spacing}) are stamped at their open or close",
            'pass bar_stamp="open" or bar_stamp="close"',
        )
    log.add(
        "bar_stamp",
        "warning",
        "cannot tell whether bars are stamped at their open or close; taken as open, "
        "so none is seen early",
        'pass bar_stamp="open" or bar_stamp="close"',
    )
    return "open"


def _modal_steps(ts: Ints, codes: Ints) -> dict[int, int]:
    """Return the most common positive spacing of each symbol's stamps."""
    order = np.lexsort((ts, codes))
    sorted_ts, sorted_codes = ts[order], codes[order]
    edges = np.flatnonzero(np.diff(sorted_codes, prepend=-1, append=-1))
    steps: dict[int, int] = {}
    for begin, end in pairwise(edges.tolist()):
        gaps = np.diff(sorted_ts[begin:end])
        values, counts = np.unique(gaps[gaps > 0], return_counts=True)
        if values.size:
            steps[int(sorted_codes[begin])] = int(values[np.argmax(counts)])
    return steps


def _neighbour(ts: Ints, codes: Ints, order: npt.NDArray[np.intp], shift: int) -> Ints:
    """Return the next (1) or previous (-1) stamp of the same symbol, or -1."""
    sorted_ts, sorted_codes = ts[order], codes[order]
    found = np.full(ts.size, -1, dtype=np.int64)
    same = np.diff(sorted_codes) == 0
    if shift > 0:
        found[order[:-1][same]] = sorted_ts[1:][same]
    else:
        found[order[1:][same]] = sorted_ts[:-1][same]
    return found


def _guessed(ts: Ints, step: int, volume: Floats) -> str | None:
    import pandas as pd

    local: Any = pd.to_datetime(ts, utc=True).tz_convert("America/New_York")
    minute = np.asarray(local.hour * 60 + local.minute)
    width = step // MINUTE
    if step >= DAY:
        return _guessed_daily(ts, minute)
    if width == 0:
        return None
    first, last = int(minute.min()), int(minute.max())
    if first == _OPENING and last < _CLOSING:
        return "open"
    if first == _OPENING + width and last == _CLOSING:
        return "close"
    at_breaks = _guessed_at_breaks(ts, step)
    if at_breaks is not None:
        return at_breaks
    of_day = ts % DAY
    if of_day.max() == DAY - step and of_day.min() == 0 and ts[0] % DAY == 0:
        return "open" if int(ts.max()) % DAY == DAY - step else None
    if ts.min() % DAY == step and ts.max() % DAY == 0:
        return "close"
    return _guessed_at_opening(minute, int(width), volume)


def _guessed_at_breaks(ts: Ints, step: int) -> str | None:
    """Look at the first and last stamps around breaks: trading starts and stops at round times."""
    stamps = np.unique(ts)
    gaps = np.flatnonzero(np.diff(stamps) >= max(_ROUND, 5 * step))
    if gaps.size < 5 or step >= _ROUND or gaps.size > 0.02 * stamps.size:
        return None
    first, last = stamps[gaps + 1] % _ROUND, stamps[gaps] % _ROUND
    if (first == step).mean() > 0.6 and (last == 0).mean() > 0.6:
        return "close"
    if (first == 0).mean() > 0.6 and (last == _ROUND - step).mean() > 0.6:
        return "open"
    return None


def _guessed_daily(ts: Ints, minute: npt.NDArray[np.int64]) -> str | None:
    if (minute == _CLOSING).all():
        return "close"
    midnight = (ts % DAY == 0).all() or (minute == 0).all()
    return "open" if midnight or (minute == _OPENING).all() else None


def _guessed_at_opening(minute: npt.NDArray[np.int64], width: int, volume: Floats) -> str | None:
    """Find the stamp under which trading jumps at 09:30, in data with extended hours."""
    at = [minute == _OPENING + k * width for k in (-1, 0, 1)]
    for strength in (
        [float(rows.sum()) for rows in at],
        [float(volume[rows].mean()) if rows.any() else 0.0 for rows in at],
    ):
        before, opening, after = strength
        if opening > 2 * before and opening > 0.5 * after:
            return "open"
        if after > 2 * opening:
            return "close"
    return None
