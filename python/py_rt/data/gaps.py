"""Bars that should be there and are not, by the exchange calendar or by the data's own habit.

A missing bar is a gap when that many missing in a row are unlikely for that symbol at that time of
day: in a series without holes one is enough, in one where minutes without a trade are left out it
takes many.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from py_rt._scales import Floats, Ints
from py_rt.data.calendars import ALWAYS, DAY, guess_calendar, sessions_of

__all__ = ["Grid", "bar_grid", "missing_runs"]

HOUR = 3_600_000_000_000
_ZONE = "America/New_York"
_RARE = np.log(1e-6)
_OPEN_SHARE = 0.05
_LARGEST = 20_000_000


@dataclass(frozen=True)
class Grid:
    """Where bars are expected.

    Attributes
    ----------
    calendar : str
        Code of the calendar, "24/7", "weekdays" or "habit".
    step : int
        Length of a bar, ns.
    stamps : ndarray of int64
        Expected opens, ascending.
    bucket : ndarray of int64
        Time of day of each, in half hours from the session's open.
    """

    calendar: str
    step: int
    stamps: Ints
    bucket: Ints
    least: int = 1
    """Shortest run of missing bars that counts."""


def bar_grid(opened: Ints, step: int, calendar: str | None) -> Grid | None:
    """Lay out where bars of one length are expected; None when it cannot be known."""
    first, last = int(opened.min()), int(opened.max())
    daily = step == DAY
    if step > DAY or (last - first) // step > _LARGEST or last == first:
        return None
    code = calendar or guess_calendar(opened, daily=daily)
    if code == ALWAYS:
        phase = first % step
        stamps = np.arange(first - first % step + phase, last + 1, step)
        return Grid(code, step, stamps, stamps % DAY // (HOUR // 2))
    if code is not None:
        return _by_sessions(code, step, first, last)
    return _by_weekday(opened, first, last) if daily else _by_habit(opened, step, first, last)


def _by_sessions(code: str, step: int, first: int, last: int) -> Grid:
    sessions = sessions_of(code, first, last)
    if step == DAY:
        return Grid(code, step, sessions.days * DAY, np.zeros(sessions.days.size, dtype=np.int64))
    counts = -(-(sessions.closes - sessions.opens) // step)
    starts = np.repeat(sessions.opens, counts)
    place = np.arange(starts.size) - np.repeat(np.cumsum(counts) - counts, counts)
    stamps = starts + place * step
    inside = (stamps >= first) & (stamps <= last)
    return Grid(code, step, stamps[inside], (place * step // (HOUR // 2))[inside])


def _by_weekday(opened: Ints, first: int, last: int) -> Grid | None:
    """Expect every weekday; a holiday or two are no gap unless the series knows no holidays."""
    days = np.arange(first // DAY, last // DAY + 1)
    days = days[(days + 3) % 7 < 5]
    held = np.unique(opened // DAY)
    if ((held + 3) % 7 >= 5).any() or held.size < 0.6 * days.size:
        return None
    worldwide = np.array([_is_worldwide_holiday(int(day)) for day in held])
    return Grid("weekdays", DAY, days * DAY, np.zeros_like(days), 1 if worldwide.any() else 3)


def _is_worldwide_holiday(day: int) -> bool:
    """Say whether it is New Year, Good Friday or Christmas."""
    date: dt.date = np.datetime64(day, "D").item()
    if (date.month, date.day) in ((1, 1), (12, 25)):
        return True
    return date.month in (3, 4) and date.weekday() == 4 and date == _good_friday(date.year)


@cache
def _good_friday(year: int) -> dt.date:
    """Gregorian computus: the full moon of spring, then the Sunday after, then two days back."""
    golden = year % 19
    century = year // 100
    moon = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    moon -= (moon // 28) * (1 - (29 // (moon + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + moon + 2 - century + century // 4) % 7
    days = moon - weekday
    month = 3 + (days + 40) // 44
    easter = dt.date(year, month, days + 28 - 31 * (month // 4))
    return easter - dt.timedelta(days=2)


def _by_habit(opened: Ints, step: int, first: int, last: int) -> Grid | None:
    """Expect bars in the hours of the week in which the data usually have some."""
    if last - first < 14 * DAY:
        return None
    stamps = np.arange(first, last + 1, step)
    hours, held = _hour_of_week(stamps), _hour_of_week(np.unique(opened))
    expected = np.bincount(hours, minlength=168)
    share = np.bincount(held, minlength=168) / np.maximum(expected, 1)
    usual = share > max(_OPEN_SHARE, 0.25 * float(np.median(share[share > 0])))
    keep = usual[hours]
    return Grid("habit", step, stamps[keep], hours[keep])


def _hour_of_week(ts: Ints) -> Ints:
    """Hour of the week in New York, where the breaks of futures and currencies stand still."""
    import pandas as pd

    local = pd.to_datetime(ts, utc=True).tz_convert(_ZONE).tz_localize(None)
    hours = local.as_unit("ns").asi8 // HOUR
    return np.asarray(hours % 168, dtype=np.int64)


def missing_runs(opened: Ints, grid: Grid) -> tuple[npt.NDArray[np.intp], Ints]:
    """Find the gaps of one symbol.

    Parameters
    ----------
    opened : ndarray of int64, shape (n,)
        Opens of its bars, ascending.
    grid : Grid

    Returns
    -------
    after : ndarray of intp
        Row after each gap.
    missing : ndarray of int64
        How many bars are missing in it.
    """
    mine = grid.stamps[(grid.stamps >= opened[0]) & (grid.stamps <= opened[-1])]
    bucket = grid.bucket[(grid.stamps >= opened[0]) & (grid.stamps <= opened[-1])]
    if mine.size < 3:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.int64)
    at = np.searchsorted(mine, opened)
    missing = np.maximum(np.diff(at) - (mine[np.minimum(at[:-1], mine.size - 1)] == opened[:-1]), 0)
    rows = np.flatnonzero(missing > 0)
    if not rows.size:
        return rows, missing[rows]
    cost = np.concatenate([[0.0], np.cumsum(_surprise(mine, bucket, opened))])
    begin = at[rows] + (mine[np.minimum(at[rows], mine.size - 1)] == opened[rows])
    rare = cost[np.minimum(begin + missing[rows], mine.size)] - cost[begin]
    found = rows[(rare < _RARE - np.log(mine.size)) & (missing[rows] >= grid.least)]
    return found + 1, missing[found]


def _surprise(stamps: Ints, bucket: Ints, opened: Ints) -> Floats:
    """Return the log of how likely each expected bar is to be missing, by time of day."""
    absent = ~np.isin(stamps, opened)
    size = int(bucket.max()) + 1
    count = np.bincount(bucket, minlength=size)
    share = np.bincount(bucket, weights=absent, minlength=size) / np.maximum(count, 1)
    overall = float(absent.mean())
    if overall < 0.002 or (overall < 0.1 and _in_few_runs(absent)):
        return np.full(stamps.size, -1e3)
    share = np.maximum(share, overall / 2)
    # Minutes without a trade come in clusters: two of them say little more than one.
    return np.asarray(0.55 * np.log(np.clip(share, 1e-6, 0.995))[bucket], dtype=np.float64)


def _in_few_runs(absent: npt.NDArray[np.bool_]) -> bool:
    """Say whether what is absent is a few holes in a series that has none elsewhere."""
    runs = int((np.diff(absent.astype(np.int8), prepend=0) == 1).sum())
    return runs <= max(3, absent.size // 2_000)
