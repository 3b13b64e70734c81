"""Clocks that do not say what they seem to: local time stored as UTC, rows of another zone."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from py_rt._scales import Ints
from py_rt.data.calendars import DAY, Sessions, sessions_of
from py_rt.data.gaps import HOUR
from py_rt.data.quality import IssueLog
from py_rt.data.tables import Table
from py_rt.errors import DataError

__all__ = ["find_shifted_clock"]

_CURRENCIES = frozenset(
    ("USD", "EUR", "GBP", "JPY", "CHF", "AUD", "CAD", "NZD", "SEK", "NOK", "DKK", "HKD", "SGD")
)
_REMEDY = 'if so, strip the zone and pass tz="America/New_York"'


def find_shifted_clock(table: Table, log: IssueLog) -> None:
    """Record a clock that seems to run in another zone than it says, on all rows or on some."""
    if table.stamp == "date" or not len(table):
        return
    ts = table.times["ts_open" if table.kind == "bar" else "ts_event"][~table.absent]
    if not ts.size:
        return
    if any(_is_pair(symbol) for symbol in table.symbols):
        _week_end_of_currencies(ts, log)
        return
    _stock_hours(table, ts, log)


def _is_pair(symbol: str) -> bool:
    letters = "".join(c for c in symbol.upper() if c.isalpha())[:6]
    return {letters[:3], letters[3:]} <= _CURRENCIES


def _week_end_of_currencies(ts: Ints, log: IssueLog) -> None:
    """Currencies stop on Friday at 17:00 New York, 21:00 or 22:00 UTC."""
    second = ts // 10**9
    friday = (second // 86_400 + 3) % 7 == 4
    of_day = second % 86_400
    late, weekend = friday & (of_day >= 17 * 3600), (second // 86_400 + 3) % 7 == 5
    end = friday & (of_day >= 16.5 * 3600) & (of_day < 17 * 3600)
    if end.any() and not late.any() and not weekend.any():
        log.add(
            "timezone",
            "warning",
            "the week of a currency pair ends on Friday just before 17:00 UTC: the times look like "
            "New York time stored as UTC",
            _REMEDY,
            rows=(),
            column="ts",
        )


def _stock_hours(table: Table, ts: Ints, log: IssueLog) -> None:
    """Compare the times of day with the session of New York, where the days keep its calendar."""
    days = np.unique(ts // DAY)
    if days.size > 1 and ((days + 3) % 7 >= 5).any():
        return
    try:
        sessions = sessions_of("XNYS", int(ts.min()), int(ts.max()))
    except DataError:
        return
    if not sessions.days.size or not np.isin(days, sessions.days).mean() > 0.98:
        return
    inside = sessions.inside(ts)
    if inside.mean() < 0.9:
        shift = _better_shift(ts, sessions, float(inside.mean()))
        if shift is not None:
            log.add("timezone", "warning", shift, _REMEDY, column="ts")
        return
    if inside.mean() > 0.995 or days.size < 5:
        _rows_elsewhere(table, sessions, inside, log)
        return
    _rows_elsewhere(table, sessions, inside, log)


def _better_shift(ts: Ints, sessions: Sessions, share: float) -> str | None:
    """Say which other reading of the clock fills the sessions, if one does."""
    if float(sessions.inside(_as_wall(ts)).mean()) > max(0.97, share + 0.1) and _touches(
        _as_wall(ts), sessions
    ):
        return "the times fit the sessions of New York only when read as its local time"
    for hours in (*range(-12, 0), *range(1, 13)):
        moved = ts + hours * HOUR
        if float(sessions.inside(moved).mean()) > max(0.97, share + 0.1) and _touches(
            moved, sessions
        ):
            return f"the times fit the sessions of New York only when moved by {hours:+d} h"
    return None


def _touches(ts: Ints, sessions: Sessions) -> bool:
    """Say whether the times reach from the open to the close of the sessions, as bars do."""
    at = np.searchsorted(sessions.opens, ts, side="right") - 1
    known = at >= 0
    after = ts[known] - sessions.opens[at[known]]
    before = sessions.closes[at[known]] - ts[known]
    near = 10 * 60 * 10**9
    return bool(
        (after[after >= 0].min(initial=DAY) < near) and (before[before > 0].min(initial=DAY) < near)
    )


def _as_wall(ts: Ints) -> Ints:
    """Read times as New York clock time and return their UTC."""
    import pandas as pd

    naive: Any = pd.to_datetime(ts)
    zoned = naive.tz_localize("America/New_York", ambiguous=False, nonexistent="shift_forward")
    return np.asarray(zoned.tz_convert("UTC").as_unit("ns").asi8, dtype=np.int64)


def _rows_elsewhere(
    table: Table, sessions: Sessions, inside: npt.NDArray[np.bool_], log: IssueLog
) -> None:
    """Record whole stretches outside of the session in data that keep to it otherwise."""
    outside = ~inside
    if table.kind != "bar" or not outside.any() or outside.mean() > 0.1:
        return
    ts = table.times["ts_open"][~table.absent]
    at = np.clip(np.searchsorted(sessions.opens, ts, side="right") - 1, 0, None)
    late = ts - sessions.closes[at]
    early = sessions.opens[np.minimum(at + 1, sessions.opens.size - 1)] - ts
    distance = np.where(outside, np.minimum(np.abs(late), np.abs(early)), 0)
    day_of = sessions.days[
        np.clip(np.searchsorted(sessions.days, ts // DAY), 0, sessions.days.size - 1)
    ]
    extended = np.unique(day_of[outside]).size
    if extended > 0.2 * sessions.days.size or int(distance.max()) < HOUR // 2:
        return
    rows = np.flatnonzero(~table.absent)[outside]
    log.add(
        "timezone",
        "warning",
        f"{rows.size} rows lie outside of the session that the others keep to",
        "check the zone of these rows",
        rows=table.rows[rows],
        column="ts",
    )
