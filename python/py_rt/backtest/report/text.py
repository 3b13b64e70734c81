"""Numbers and times as people read them."""

from __future__ import annotations

import datetime as dt
import math
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

__all__ = ["MISSING", "Clock", "count", "label", "money", "percent", "quantity", "ratio", "span"]

MISSING = "–"
_MINUS = "−"
_THIN = "\u202f"
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_BASIS_POINT = 1e-4


def percent(value: float | None, *, sign: bool = False, digits: int = 2) -> str:
    """Return a share as percent; small values get the digits they need.

    Examples
    --------
    >>> print(percent(0.0321, sign=True), percent(-0.5), percent(None), percent(0.000012))
    +3.21 % −50.00 % – 0.0012 %
    """
    if value is None:
        return MISSING
    if 0 < abs(value) < _BASIS_POINT:
        digits = max(digits, 4)
    return f"{_number(value * 100, digits, sign=sign)}{_THIN}%"


def ratio(value: float | None, digits: int = 2) -> str:
    """Return a plain number.

    Examples
    --------
    >>> ratio(-1.234), ratio(None), ratio(0.00012)
    ('−1.23', '–', '0.00012')
    """
    if value is None:
        return MISSING
    if 0 < abs(value) < 0.5 * 10**-digits:
        return _number(value, 1 - math.floor(math.log10(abs(value))))
    return _number(value, digits)


def money(value: float | None, currency: str, *, sign: bool = False) -> str:
    """Return an amount of money: cents below 100,000, more digits below one unit.

    Examples
    --------
    >>> print(money(-1234.5, "USD"), money(1_000_000, "USD"), money(0.01234, "USDT"))
    −$1,234.50 $1,000,000 0.0123 USDT
    """
    if value is None:
        return MISSING
    size = abs(value)
    digits = 0 if size >= 100_000 else 4 if 0 < size < 0.1 else 2
    text = _number(size, digits)
    lead = _lead(value, digits, sign=sign)
    symbol = _SIGNS.get(currency)
    return f"{lead}{symbol}{text}" if symbol else f"{lead}{text}{_THIN}{currency}"


def count(value: int) -> str:
    """Return a whole number with separators.

    Examples
    --------
    >>> count(1234567)
    '1,234,567'
    """
    return _number(value, 0)


def quantity(value: float) -> str:
    """Return a quantity with the decimals it has, at most eight.

    Examples
    --------
    >>> quantity(1200.0), quantity(0.0105), quantity(-3.5)
    ('1,200', '0.0105', '−3.5')
    """
    text = f"{abs(value):,.8f}".rstrip("0").rstrip(".")
    return _lead(value, 8, sign=False) + text


def span(seconds: float) -> str:
    """Return a length of time in its largest fitting unit.

    Examples
    --------
    >>> print(span(0.0042), span(75), span(5400), span(200_000))
    4.2 ms 1.2 min 1.5 h 2.3 days
    """
    units = ((86_400.0, "days"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"))
    for size, name in units:
        if seconds >= size * (2 if name == "days" else 1):
            return f"{seconds / size:.1f}{_THIN}{name}"
    return f"{seconds * 1e6:.0f}{_THIN}µs"


def label(key: str) -> str:
    """Return the name of a setting as words.

    Examples
    --------
    >>> label("latency_order"), label("maker_bps")
    ('Latency order', 'Maker bps')
    """
    words = str(key).replace("_", " ").replace(".", " · ").strip()
    return words[:1].upper() + words[1:]


class Clock:
    """Times of day in one zone; UTC where the zone is not installed.

    Examples
    --------
    >>> Clock("UTC").minute(1_704_205_800_000_000_000)
    '2 Jan 2024 14:30'
    """

    def __init__(self, zone: str) -> None:
        try:
            self.zone: dt.tzinfo = ZoneInfo(zone)
            self.name = zone
        except (ZoneInfoNotFoundError, OSError):
            self.zone, self.name = dt.UTC, "UTC"

    @property
    def words(self) -> str:
        """The zone as people say it."""
        return "New York time" if self.name == "America/New_York" else self.name

    def minute(self, ns: int) -> str:
        """Return date and time to the minute."""
        at = self._at(ns)
        return f"{self._day(at)} {at:%H:%M}"

    def second(self, ns: int) -> str:
        """Return date and time to the second."""
        at = self._at(ns)
        return f"{self._day(at)} {at:%H:%M:%S}"

    def day(self, ns: int) -> str:
        """Return the date."""
        return self._day(self._at(ns))

    def _at(self, ns: int) -> dt.datetime:
        return (_EPOCH + dt.timedelta(microseconds=int(ns) // 1_000)).astimezone(self.zone)

    def _day(self, at: dt.datetime) -> str:
        return f"{at.day} {at:%b %Y}"


def _number(value: float, digits: int, *, sign: bool = False) -> str:
    if not np.isfinite(value):
        return MISSING
    return _lead(value, digits, sign=sign) + f"{abs(value):,.{digits}f}"


def _lead(value: float, digits: int, *, sign: bool) -> str:
    """Return the sign to print, which is none for what rounds to zero."""
    if round(abs(value), digits) == 0:
        return ""
    return _MINUS if value < 0 else "+" if sign else ""
