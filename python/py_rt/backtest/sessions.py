"""Session days: which days the data hold, and the account value at the close of each.

A day is named by its calendar date and ends at a fixed time of day in UTC, chosen so that no
session of that kind of venue is cut, in winter or in summer time:

=====================================  =========================  ================================
instruments                            a day turns at             because
=====================================  =========================  ================================
equities in USD                        05:00 UTC                  New York trades 04:00 to 20:00
futures and currencies with sessions   22:00 UTC the day before   the daily break of the exchanges
everything else                        00:00 UTC                  calendar days
=====================================  =========================  ================================

Where a venue never closes every calendar day counts; elsewhere the days present in the data do.
There, less than 24 hours in all are one day, also when they lie on both sides of midnight.
Times stamp the end of what they describe, so midnight itself belongs to the day it closes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from py_rt.market import Instrument, MarketData

__all__ = ["DailyEquity", "daily_equity", "day_shift_ns", "session_days", "session_zone"]

_HOUR_NS = 3_600_000_000_000
_DAY_NS = 24 * _HOUR_NS
_SATURDAY_OF_EPOCH = 2  # 1970-01-03
_SESSIONS_PER_YEAR = 252
_DAYS_PER_YEAR = 365


@dataclass(frozen=True)
class DailyEquity:
    """The account value at the close of each session day.

    Attributes
    ----------
    days : ndarray, shape (n,), int64
        Calendar dates as days since 1970-01-01.
    equity : ndarray, shape (n + 1,), float64
        Initial cash, then the value at each close.
    periods_per_year : int
        252 with sessions, 365 where the venue never closes.
    """

    days: NDArray[np.int64]
    equity: NDArray[np.float64]
    periods_per_year: int

    @property
    def dates(self) -> NDArray[np.datetime64]:
        """The dates as ``datetime64[D]``, shape (n,)."""
        return self.days.astype("datetime64[D]")


def daily_equity(
    ts: NDArray[np.int64],
    equity: NDArray[np.float64],
    data: MarketData,
    after: int | None = None,
) -> DailyEquity:
    """Sample an equity curve at the close of each session day of the data.

    Parameters
    ----------
    ts : ndarray, shape (m,), int64
        Times of the equity samples, ns UTC, ascending; the first is the initial cash.
    equity : ndarray, shape (m,), float64
        Account value in money.
    data : MarketData
        What was traded; gives the days and the calendar.
    after : int, optional
        When a warm-up ended, ns UTC; days of which the data have nothing after it do not count.

    Returns
    -------
    DailyEquity
        The last day closes at the last sample, whatever its time.
    """
    instruments = data.instruments
    shift = day_shift_ns(instruments)
    days = session_days(data, after)
    closes = (days + 1) * _DAY_NS - shift
    last = np.searchsorted(ts, closes, side="right") - 1
    if len(last):
        last[-1] = len(ts) - 1
    values = np.concatenate([equity[:1], equity[np.maximum(last, 0)]])
    per_year = _DAYS_PER_YEAR if _never_closes(instruments) else _SESSIONS_PER_YEAR
    return DailyEquity(days, values, per_year)


def session_days(data: MarketData, after: int | None = None) -> NDArray[np.int64]:
    """Return the days of the data's calendar, ascending, as days since 1970-01-01.

    Of the rows after a time, where it is given.

    Cost: a binary search per day, without copying the data.
    """
    shift = day_shift_ns(data.instruments)
    found: set[int] = set()
    for rows, column in ((data.bars(), "ts_close"), (data.events(), "ts_recv")):
        ts = rows[column]
        first = 0 if after is None else bisect_right(ts, after)
        found |= _days_of(ts[first:], shift)
    if not found:
        return np.empty(0, dtype=np.int64)
    if _never_closes(data.instruments):
        if _span_ns(data) < _DAY_NS:
            found = {max(found)}
        return np.arange(min(found), max(found) + 1, dtype=np.int64)
    if shift == 2 * _HOUR_NS:
        found = {_weekday(day) for day in found}
    return np.array(sorted(found), dtype=np.int64)


def day_shift_ns(instruments: Sequence[Instrument]) -> int:
    """Return what to add to a time in UTC so that midnight is where its session day turns."""
    if _never_closes(instruments):
        return 0
    kinds = {(i.asset_class, i.currency) for i in instruments}
    if kinds == {("equity", "USD")}:
        return -5 * _HOUR_NS
    if kinds and all(asset_class in ("future", "fx") for asset_class, _ in kinds):
        return 2 * _HOUR_NS
    return 0


def session_zone(instruments: Sequence[Instrument]) -> str:
    """Return the time zone in which people read these sessions."""
    kinds = {(i.asset_class, i.currency) for i in instruments if i.sessions}
    one_kind = kinds == {("equity", "USD")} and not _never_closes(instruments)
    return "America/New_York" if one_kind else "UTC"


def _never_closes(instruments: Sequence[Instrument]) -> bool:
    return any(not instrument.sessions for instrument in instruments)


def _days_of(ts: Any, shift: int) -> set[int]:
    days: set[int] = set()
    at, n = 0, len(ts)
    while at < n:
        day = (int(ts[at]) - 1 + shift) // _DAY_NS
        days.add(day)
        at = bisect_right(ts, (day + 1) * _DAY_NS - shift, lo=at)
    return days


def _span_ns(data: MarketData) -> int:
    ends = [rows[c] for rows, c in ((data.bars(), "ts_close"), (data.events(), "ts_recv"))]
    known = [ts for ts in ends if len(ts)]
    return max(int(ts[-1]) for ts in known) - min(int(ts[0]) for ts in known)


def _weekday(day: int) -> int:
    """Move a Saturday to the Friday before and a Sunday to the Monday after."""
    weekend = (day - _SATURDAY_OF_EPOCH) % 7
    return day - 1 if weekend == 0 else day + 1 if weekend == 1 else day
