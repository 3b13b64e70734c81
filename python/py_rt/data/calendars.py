"""When a market is open: exchange calendars, and a guess which of them the data keep."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from py_rt._scales import Ints
from py_rt.data.extras import require
from py_rt.errors import DataError, ParameterError

__all__ = ["ALWAYS", "Sessions", "guess_calendar", "sessions_of"]

DAY = 86_400_000_000_000
ALWAYS = "24/7"
_CANDIDATES = ("XNYS", "XLON", "XETR", "XTKS", "XHKG")
_FITS = 0.995


@dataclass(frozen=True)
class Sessions:
    """The sessions of one exchange in a span of days.

    Attributes
    ----------
    code : str
        ISO 10383 code, such as "XNYS".
    zone : str
    days : ndarray of int64
        Dates as days since 1970-01-01.
    opens, closes : ndarray of int64
        ns UTC; half days close early.
    """

    code: str
    zone: str
    days: Ints
    opens: Ints
    closes: Ints

    def inside(self, ts: Ints) -> npt.NDArray[np.bool_]:
        """Say which times lie in a session, [open, close)."""
        at = np.searchsorted(self.opens, ts, side="right") - 1
        return np.asarray((at >= 0) & (ts < self.closes[np.maximum(at, 0)]))


def sessions_of(code: str, first: int, last: int) -> Sessions:
    """Return the sessions from the day of ``first`` to that of ``last``, ns UTC.

    Raises
    ------
    DataError
        exchange-calendars is not installed, or does not reach so far.
    ParameterError
        No such calendar.
    """
    begin, end = int(first) // DAY // 366 * 366 - 366, int(last) // DAY // 366 * 366 + 732
    return _cut(_sessions(code, begin, end), first, last)


@cache
def _sessions(code: str, first_day: int, last_day: int) -> Sessions:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        calendars = require("exchange_calendars", "an exchange calendar")
    begin, end = _date(max(first_day, -7_000)), _date(last_day)
    try:
        with warnings.catch_warnings():  # the library warns about its own use of pandas
            warnings.simplefilter("ignore")
            calendar: Any = calendars.get_calendar(code, start=begin, end=end)
            schedule = calendar.schedule
    except calendars.errors.InvalidCalendarName:
        raise ParameterError(
            f"{code!r} is no exchange calendar",
            field="calendar",
            remedy="use an ISO code such as XNYS, XLON, CMES, or 24/7",
        ) from None
    except ValueError as error:
        raise DataError(f"the calendar {code} does not reach so far: {error}") from None
    days = schedule.index.to_numpy().astype("datetime64[D]").astype(np.int64)
    opens, closes = (
        schedule[name].dt.as_unit("ns").astype("int64").to_numpy() for name in ("open", "close")
    )
    return Sessions(code, str(calendar.tz), days, opens, closes)


def _cut(whole: Sessions, first: int, last: int) -> Sessions:
    keep = (whole.days >= first // DAY) & (whole.days <= last // DAY)
    return Sessions(whole.code, whole.zone, whole.days[keep], whole.opens[keep], whole.closes[keep])


def _date(day: int) -> str:
    return str(np.datetime64(day, "D"))


def guess_calendar(ts: Ints, *, daily: bool) -> str | None:
    """Find the calendar that the data keep.

    Parameters
    ----------
    ts : ndarray of int64
        Opens of bars or times of events, ns UTC, of all symbols.
    daily : bool
        The times are session dates.

    Returns
    -------
    str or None
        A code; "24/7" when weekends trade like other days; None when nothing fits, when there is
        too little to tell, or when exchange-calendars is not installed.
    """
    day_of = ts // DAY
    days = np.unique(day_of[np.diff(day_of, prepend=-1) != 0])
    weekday = (days + 3) % 7  # 0 is Monday
    if float((weekday >= 5).mean()) > 0.2 and {5, 6} <= set(weekday.tolist()):
        return ALWAYS
    if days.size < 3 or not (daily or _stays_closed(ts)):
        return None
    for code in _CANDIDATES:
        try:
            sessions = sessions_of(code, int(ts.min()), int(ts.max()))
        except DataError:
            return None
        if not sessions.days.size:
            continue
        held = np.isin(day_of, sessions.days).mean()
        kept = np.isin(sessions.days, days).mean()
        if held < _FITS or kept < 0.9:
            continue
        if daily or sessions.inside(ts).mean() > 0.6:
            return code
    return None


def _stays_closed(ts: Ints) -> bool:
    """Say whether 98 of 100 rows lie in twelve hours of the day: a stock exchange, not a future."""
    slots = np.bincount(ts % DAY // (DAY // 48), minlength=48)
    around = np.concatenate([slots, slots[:24]]).cumsum()
    return bool((around[24:] - around[:-24]).max() > 0.98 * ts.size)
