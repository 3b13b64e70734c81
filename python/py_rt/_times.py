"""Times at the face: anything that names one instant becomes integer nanoseconds UTC.

A naive time names no instant and is refused. A bare date is taken as 00:00 UTC of that day.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import numpy as np

from py_rt.errors import ParameterError

__all__ = ["format_ns", "to_duration_ns", "to_ns"]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_NS = 1_000_000_000
_ISO = re.compile(
    r"^\s*(\d{4}-\d\d-\d\d)"
    r"(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?\s*(Z|z|[+-]\d\d:?\d\d)?)?\s*$"
)
_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|s|min|m|h|d)\s*$")
_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": _NS,
    "m": 60 * _NS,
    "min": 60 * _NS,
    "h": 3_600 * _NS,
    "d": 86_400 * _NS,
}
_NAIVE_REMEDY = "add a zone, for example '2024-01-02T09:30:00-05:00' or tz_localize('UTC')"


def to_ns(value: Any, name: str = "time") -> int:
    """Turn one instant into integer nanoseconds since 1970-01-01 UTC.

    Parameters
    ----------
    value : int, str, datetime, date or pandas.Timestamp
        Integers are nanoseconds already. Text is ISO 8601 with a zone. A date without a time is
        00:00 UTC.
    name : str
        How to call the value in an error.

    Returns
    -------
    int
        Nanoseconds UTC.

    Raises
    ------
    ParameterError
        The value has no zone, or is not a time.

    Examples
    --------
    >>> to_ns("2024-01-02T09:30:00-05:00") == to_ns("2024-01-02T14:30:00Z")
    True
    >>> to_ns("1970-01-02")
    86400000000000
    """
    if isinstance(value, bool):
        raise ParameterError(f"{value!r} is not a time", field=name, remedy=_NAIVE_REMEDY)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, str):
        return _from_text(value, name)
    if isinstance(value, dt.datetime):
        if value.tzinfo is None:
            raise ParameterError(f"{value!r} has no time zone", field=name, remedy=_NAIVE_REMEDY)
        exact = getattr(value, "as_unit", None)  # pandas.Timestamp keeps nanoseconds
        if exact is not None:
            return int(exact("ns").value)
        return _since_epoch(value)
    if isinstance(value, dt.date):
        return _since_epoch(dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC))
    if isinstance(value, np.datetime64):
        raise ParameterError(f"{value!r} has no time zone", field=name, remedy=_NAIVE_REMEDY)
    raise ParameterError(
        f"{value!r} is not a time",
        field=name,
        remedy="pass integer nanoseconds UTC, ISO text with a zone, or a datetime with a zone",
    )


def _from_text(text: str, name: str) -> int:
    found = _ISO.match(text)
    if found is None:
        raise ParameterError(
            f"{text!r} is not an ISO 8601 time",
            field=name,
            remedy="write it like '2024-01-02T09:30:00Z'",
        )
    day, clock, fraction, zone = found.groups()
    if clock is not None and zone is None:
        raise ParameterError(f"{text!r} has no time zone", field=name, remedy=_NAIVE_REMEDY)
    zone = "+00:00" if zone is None or zone in "Zz" else zone
    try:
        whole = dt.datetime.fromisoformat(f"{day}T{clock or '00:00'}{zone}")
    except ValueError as error:
        raise ParameterError(f"{text!r}: {error}", field=name, remedy="correct it") from None
    return _since_epoch(whole) + int((fraction or "0").ljust(9, "0"))


def _since_epoch(value: dt.datetime) -> int:
    delta = value - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * _NS + delta.microseconds * 1_000


def format_ns(ns: int) -> str:
    """Write an instant as ISO 8601 text in UTC, with as many decimals as it needs.

    Examples
    --------
    >>> format_ns(1_704_205_800_000_000_000)
    '2024-01-02T14:30:00Z'
    >>> format_ns(1_500_000)
    '1970-01-01T00:00:00.0015Z'
    """
    seconds, rest = divmod(int(ns), _NS)
    text = (_EPOCH + dt.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{text}{fraction}Z"


def to_duration_ns(value: Any, name: str = "duration") -> int:
    """Turn ``"100ms"``, ``"1s"``, ``"5min"`` or integer nanoseconds into nanoseconds.

    Raises
    ------
    ParameterError
        Not a duration, or not positive.

    Examples
    --------
    >>> to_duration_ns("100ms")
    100000000
    """
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        ns = int(value)
    else:
        found = _DURATION.match(value) if isinstance(value, str) else None
        if found is None:
            raise ParameterError(
                f"{value!r} is not a duration", field=name, remedy="write it like '100ms' or '5min'"
            )
        ns = round(float(found.group(1)) * _UNITS[found.group(2)])
    if ns <= 0:
        raise ParameterError(f"{value!r} is not positive", field=name, remedy="use at least '1ns'")
    return ns
