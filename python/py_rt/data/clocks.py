"""Time columns: any common way of writing times becomes int64 nanoseconds UTC, or is refused.

Integers are counted from 1970 in s, ms, us or ns (by magnitude). Text and datetimes need a zone.
The one exception are bare dates: a session date, stamped 00:00 UTC.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from py_rt._scales import Ints
from py_rt.data.quality import IssueLog
from py_rt.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Clock", "read_times"]

_UNITS = ((10**11, 10**9, "s"), (10**14, 10**6, "ms"), (10**17, 10**3, "us"), (2**63, 1, "ns"))
_ZONE = r"\d\s*(?:Z|z|UTC|[+-]\d\d(?::?\d\d)?)$"
_DATE = re.compile(r"^\d{4}-?\d\d-?\d\d$")
_SLASHED = re.compile(r"^(\d{1,2})/(\d{1,2})/(\d{4})")
_REMEDY = (
    'pass tz="America/New_York" (where the clock stood), or localise first: '
    "frame[column].dt.tz_localize(...)"
)


@dataclass(frozen=True)
class Clock:
    """One time column, read.

    Attributes
    ----------
    ns : ndarray of int64
        0 where ``absent``.
    absent : ndarray of bool
    date_only : bool
        True when the column holds bare dates.
    """

    ns: Ints
    absent: npt.NDArray[np.bool_]
    date_only: bool


def read_times(column: pd.Series[Any], name: str, tz: str | None, log: IssueLog) -> Clock:
    """Read one time column.

    Raises
    ------
    DataError
        Naive intraday times and no ``tz``; zones on some rows only; text that is no time.
    """
    import pandas as pd

    column = column.reset_index(drop=True)
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return _clock(column.dt.tz_convert("UTC"), date_only=False)
    if pd.api.types.is_datetime64_dtype(column.dtype):
        return _naive(column, name, tz, log)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return _counted(column, name, log)
    return _written(column, name, tz, log)


def _clock(aware: pd.Series[Any], *, date_only: bool) -> Clock:
    absent = aware.isna().to_numpy(dtype=bool)
    years = aware.dt.year
    far = np.flatnonzero(((years < 1678) | (years > 2261)).to_numpy(dtype=bool))
    if far.size:
        raise DataError(
            f"the year {years.iloc[int(far[0])]:.0f} does not fit into nanoseconds",
            row=int(far[0]),
            kind="schema",
            remedy="use times between 1678 and 2261",
        )
    ns = aware.dt.as_unit("ns").astype("int64").to_numpy().copy()
    ns[absent] = 0
    return Clock(ns, absent, date_only)


def _naive(column: pd.Series[Any], name: str, tz: str | None, log: IssueLog) -> Clock:
    known = column.dropna()
    if tz is None and re.search(r"(?i)utc$|gmt$", name):
        log.note(f"{name}: read as UTC, as its name says")
        tz = "UTC"
    if bool((known == known.dt.normalize()).all()):
        log.note(f"{name}: bare dates read as session dates, 00:00 UTC")
        return _clock(column.dt.tz_localize("UTC"), date_only=True)
    if tz is None:
        row = int(np.argmax((known != known.dt.normalize()).to_numpy()))
        raise log.refuse(
            "naive_time",
            f"{name} has no time zone: {known.iloc[row]}",
            _REMEDY,
            rows=[int(known.index[row])],
            column=name,
        )
    try:
        aware = column.dt.tz_localize(tz, ambiguous="raise", nonexistent="raise")
    except (ValueError, KeyError, OSError) as error:
        raise log.refuse(
            "timezone",
            f"{name} cannot be placed in {tz}: {error}",
            "use the name of a zone such as 'America/New_York'; write times that occur twice or "
            "never (clock changes) with their offset",
            column=name,
        ) from None
    log.note(f"{name}: read as {tz} time")
    return _clock(aware.dt.tz_convert("UTC"), date_only=False)


def _counted(column: pd.Series[Any], name: str, log: IssueLog) -> Clock:
    import pandas as pd

    absent = column.isna().to_numpy(dtype=bool)
    known = column.to_numpy(dtype=np.float64, na_value=np.nan)[~absent]
    most = float(np.abs(known).max()) if known.size else 0.0
    if known.size and known.min() >= 19000101 and most <= 22001231:
        texts = column.astype("Int64").astype(str).mask(absent)
        dates = pd.to_datetime(texts, format="%Y%m%d", errors="coerce")
        log.note(f"{name}: numbers read as dates YYYYMMDD")
        return _clock(dates.dt.tz_localize("UTC"), date_only=True)
    factor, unit = next((f, u) for limit, f, u in _UNITS if most < limit)
    _refuse_odd_counts(known, np.flatnonzero(~absent), (factor, unit), name, log)
    if pd.api.types.is_integer_dtype(column.dtype) and not absent.any():
        ns = column.to_numpy(dtype=np.int64) * factor
    else:
        ns = np.zeros(len(column), dtype=np.int64)
        whole = np.floor(known)
        ns[~absent] = whole.astype(np.int64) * factor
        ns[~absent] += np.rint((known - whole) * 1e6).astype(np.int64) * (factor // 10**6)
    if unit != "ns":
        log.note(f"{name}: numbers read as {unit} since 1970 UTC")
    return Clock(ns, absent, date_only=False)


def _refuse_odd_counts(
    known: npt.NDArray[np.float64],
    rows: npt.NDArray[np.intp],
    unit: tuple[int, str],
    name: str,
    log: IssueLog,
) -> None:
    """Refuse serial dates of spreadsheets, and counts of different units in one column."""
    if not known.size:
        return
    if known.min() > 15_000 and known.max() < 80_000:
        day = np.datetime64("1899-12-30") + np.timedelta64(int(known[0]), "D")
        raise log.refuse(
            "schema",
            f"{name} holds {known[0]:g}, which looks like a spreadsheet's serial date ({day})",
            "write dates as 2024-12-31, or convert: "
            "pd.to_datetime(column, unit='D', origin='1899-12-30')",
            rows=rows[:1],
            column=name,
        )
    counted = known * unit[0]
    small = np.flatnonzero((counted != 0) & (np.abs(counted) < 1e-2 * np.abs(counted).max()))
    if small.size and np.abs(counted).max() > 3e17:
        raise log.refuse(
            "schema",
            f"{name} mixes counts of different units: {known[small[0]]:.0f} is no time in {unit[1]}"
            f" like {known[int(np.argmax(np.abs(counted)))]:.0f}",
            "write all times in one unit",
            rows=rows[small],
            column=name,
        )
    if np.abs(counted).max() < 3e17 and unit[1] == "s" and known.size > 1:
        raise log.refuse(
            "schema",
            f"{name} holds {known[0]:g}, which is no time since 1970 that markets have seen",
            "write ISO 8601 with a zone, or integers since 1970 in s, ms, us or ns",
            rows=rows[:1],
            column=name,
        )


def _written(column: pd.Series[Any], name: str, tz: str | None, log: IssueLog) -> Clock:
    import pandas as pd

    absent = column.isna().to_numpy(dtype=bool)
    known = column[~absent]
    if len(known) and not isinstance(known.iloc[0], str):
        return _objects(column, known, name, tz, log)
    text = known.astype(str).str.strip()
    if len(text) and bool(text.str.fullmatch(r"\d{8,19}").all()):
        return _counted(pd.to_numeric(column), name, log)
    zoned = text.str.contains(_ZONE, regex=True) & text.str.contains(":", regex=False)
    if bool(zoned.all()) and len(text):
        _note_offsets(text, name, log)
        return _parsed(column, text, name, log, utc=True)
    if bool(zoned.any()):
        row = int(text.index[int(np.argmin(zoned.to_numpy()))])
        raise log.refuse(
            "timezone",
            f"{name} has a zone on some rows only; not on {text[row]!r}",
            "write the zone on every row, or on none and pass tz=",
            rows=[row],
            column=name,
        )
    slashed = text.str.extract(_SLASHED).dropna()
    if len(slashed):
        text = _unslashed(text, slashed, name, log)
    if len(text) and bool(text.str.match(_DATE).all()):
        log.note(f"{name}: bare dates read as session dates, 00:00 UTC")
        return _parsed(column, text, name, log, utc=True, date_only=True)
    parsed = _parsed(column, text, name, log, utc=True)
    naive = pd.Series(pd.to_datetime(parsed.ns, unit="ns")).mask(parsed.absent)
    return _naive(naive, name, tz, log)


def _parsed(
    column: pd.Series[Any],
    text: pd.Series[Any],
    name: str,
    log: IssueLog,
    *,
    utc: bool,
    date_only: bool = False,
) -> Clock:
    import pandas as pd

    read = pd.to_datetime(text, utc=utc, format="ISO8601", errors="coerce")
    wrong = text.index[read.isna().to_numpy()]
    if len(wrong):
        raise log.refuse(
            "schema",
            f"{name} is no time: {text[wrong[0]]!r}",
            "write ISO 8601 with a zone, like 2024-01-02T09:30:00-05:00",
            rows=wrong.to_numpy(),
            column=name,
        )
    return _clock(read.reindex(column.index), date_only=date_only)


def _objects(
    column: pd.Series[Any], known: pd.Series[Any], name: str, tz: str | None, log: IssueLog
) -> Clock:
    import pandas as pd

    bare = [isinstance(v, dt.date) and not isinstance(v, dt.datetime) for v in known]
    if all(bare):
        return _naive(pd.to_datetime(column), name, tz, log)
    zoned = [isinstance(v, dt.datetime) and v.tzinfo is not None for v in known]
    if any(zoned) and not all(zoned):
        row = int(known.index[zoned.index(False)])
        raise log.refuse(
            "timezone",
            f"{name} has a zone on some rows only; not on {known[row]!r}",
            "give every datetime its zone",
            rows=[row],
            column=name,
        )
    if not all(zoned) and not all(isinstance(v, dt.datetime) for v in known):
        raise log.refuse(
            "schema",
            f"{name} holds {type(known.iloc[0]).__name__}, which is no time",
            "pass integers, ISO text or datetimes with a zone",
            column=name,
        )
    if all(zoned):
        return _clock(pd.to_datetime(column, utc=True), date_only=False)
    return _naive(pd.to_datetime(column), name, tz, log)


def _note_offsets(text: pd.Series[Any], name: str, log: IssueLog) -> None:
    """Warn when offsets differ by more than a clock change: instants stay right, but it is odd."""
    offsets = text.str.extract(r"([+-]\d\d):?(\d\d)?$")[0].fillna("+00").astype(int)
    if int(offsets.max()) - int(offsets.min()) > 1:
        log.add(
            "timezone",
            "warning",
            f"{name} mixes zones (UTC{offsets.min():+d} to UTC{offsets.max():+d}); kept",
            "check that the rows come from one clock",
            column=name,
        )


def _unslashed(
    text: pd.Series[Any], parts: pd.DataFrame, name: str, log: IssueLog
) -> pd.Series[Any]:
    """Rewrite 31/12/2024 or 12/31/2024 as ISO when the numbers say which is which."""
    first, second = parts[0].astype(int).max(), parts[1].astype(int).max()
    if (first > 12) == (second > 12):
        raise log.refuse(
            "schema",
            f"{name}: day and month cannot be told apart in {text.iloc[0]!r}",
            "write dates as 2024-12-31",
            rows=[int(text.index[0])],
            column=name,
        )
    order = r"\3-\2-\1" if first > 12 else r"\3-\1-\2"
    padded = text.str.replace(r"\b(\d)/", r"0\1/", regex=True)
    return padded.str.replace(r"^(\d\d)/(\d\d)/(\d{4})", order, regex=True)
