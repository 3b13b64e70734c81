"""From the compiled decoders to market data: blocks of bytes in, rows and instruments out.

A file is read in blocks and never as a whole; what a decoder cannot read is refused with the name
of the file and the line or byte. Nothing is kept of a file that is refused.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import numpy as np

from py_rt._layout import EVENT_DTYPE, Rows
from py_rt.data.build import step_of
from py_rt.data.opening import TORN, broken_off, open_unpacked
from py_rt.data.overrides import fit_instruments
from py_rt.data.quality import IssueLog
from py_rt.data.readers import Wishes
from py_rt.errors import DataError, ParameterError
from py_rt.market import Instrument, MarketData

__all__ = ["build_decoded", "day_of", "feed", "midnight_ns"]

BLOCK = 1 << 22
_NEW_YORK = ZoneInfo("America/New_York")
_DASHED = re.compile(r"(?<!\d)(\d{4})[-_](\d\d)[-_](\d\d)(?!\d)")
_EIGHT = re.compile(r"(?<!\d)(\d{8})(?!\d)")
_SIX = re.compile(r"^s(\d\d)(\d\d)(\d\d)-v\d+")


def feed(
    path: Path,
    take: Callable[[bytes, bool], Any],
    log: IssueLog,
    opened: Callable[[], IO[bytes]] | None = None,
    *,
    text: bool = False,
) -> None:
    """Hand a file over to a decoder, block by block; the last call says so.

    Parameters
    ----------
    path : Path
        Which file, for messages; packed or not.
    take : callable
        ``take(bytes, last)``.
    opened : callable, optional
        Opens it, where it is a member of a zip.
    text : bool
        Whether it has lines, for messages.

    Raises
    ------
    DataError
        The file is torn, or the decoder cannot read it: names file, line or byte, and field.
    """
    lines, read = 0, 0
    try:
        with opened() if opened else open_unpacked(path) as file:
            block = file.read(BLOCK)
            while True:
                lines += block.count(b"\n") if text else 0
                read += len(block)
                following = file.read(BLOCK) if block else b""
                take(block, not following)
                if not following:
                    return
                block = following
    except DataError as error:
        raise placed(error, path, log) from None
    except TORN as error:
        raise broken_off(path, error, log, lines if text else None, read) from None


def placed(error: DataError, path: Path, log: IssueLog) -> DataError:
    """Name the file of a decoder's error; raise what it returns."""
    if "byte" not in error.where:
        return error
    line, byte = error.where.get("line"), error.where["byte"]
    where = f"byte {byte}" if line is None else f"line {line}, byte {byte}"
    refused = log.refuse(
        "schema",
        f"{path.name}, {where}: {error.what}",
        error.remedy,
        rows=() if line is None else (line - 1,),
        column=error.field,
    )
    refused.where |= {"file": path.name, "line": line, "byte": byte}
    refused.where = {name: value for name, value in refused.where.items() if value is not None}
    return refused


def midnight_ns(day: dt.date, zone: ZoneInfo = _NEW_YORK) -> int:
    """Return the instant that seconds after midnight are counted from, ns UTC.

    It is twelve hours before noon, so that the clock is right in every session of a day on which
    it is set forward or back.

    Examples
    --------
    >>> import datetime as dt
    >>> from py_rt._times import format_ns
    >>> format_ns(midnight_ns(dt.date(2012, 6, 21)) + 34_200 * 10**9)
    '2012-06-21T13:30:00Z'
    >>> format_ns(midnight_ns(dt.date(2024, 3, 10)) + 34_200 * 10**9)
    '2024-03-10T13:30:00Z'
    """
    noon = dt.datetime(day.year, day.month, day.day, 12, tzinfo=zone)
    return (int(noon.timestamp()) - 43_200) * 10**9


def day_of(name: str, wishes: Wishes, log: IssueLog) -> dt.date:
    """Return the day of a recording: what the caller says, or what the file name says.

    Raises
    ------
    DataError
        Neither says it.
    ParameterError
        ``date`` is no date.
    """
    if wishes.date is not None:
        return _as_date(wishes.date)
    found = _named_day(name.lower())
    if found is None:
        raise log.refuse(
            "naive_time",
            f"{name} holds the time of day only, and its name does not say the day",
            'pass date="2024-01-30"',
        )
    return found


def _as_date(value: Any) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        raise ParameterError(
            f"{value!r} is no date", field="date", remedy='write it like "2024-01-30"'
        ) from None


def _named_day(name: str) -> dt.date | None:
    tries: list[tuple[str, str, str]] = []
    tries += [(y, m, d) for y, m, d in _DASHED.findall(name)]
    for eight in _EIGHT.findall(name):
        tries += [(eight[:4], eight[4:6], eight[6:]), (eight[4:], eight[:2], eight[2:4])]
    tries += [(f"20{y}", m, d) for m, d, y in _SIX.findall(name)]
    for year, month, day in tries:
        if 1990 <= int(year) < 2100:
            try:
                return dt.date(int(year), int(month), int(day))
            except ValueError:
                continue
    return None


def build_decoded(
    decoded: Mapping[str, Any],
    wishes: Wishes,
    log: IssueLog,
    *,
    name: str,
    attribution: str = "",
    **fields: Any,
) -> MarketData:
    """Make market data of what a decoder handed over.

    Parameters
    ----------
    decoded : mapping
        ``rows`` as bytes, ``symbols``, and ``price_places`` and ``qty_places`` by instrument.
    fields
        What every instrument is, such as ``venue="NASDAQ"``.

    Raises
    ------
    DataError
        No row; or a price that does not lie on the tick of an instrument that was given.
    """
    rows: Rows = decoded["rows"].view(EVENT_DTYPE)
    if rows.size == 0:
        asked = f" of {', '.join(wishes.symbols)}" if wishes.symbols else ""
        raise log.refuse("empty", f"{name} holds no market row{asked}", "check file and symbols")
    places = zip(decoded["symbols"], decoded["price_places"], decoded["qty_places"], strict=True)
    inferred = {
        symbol: Instrument(
            symbol, tick_size=step_of(int(price)), lot_size=step_of(int(qty)), **fields
        )
        for symbol, price, qty in places
    }
    known = fit_instruments(rows, inferred, wishes.instruments, log)
    back = np.flatnonzero(np.diff(rows["ts_recv"]) < 0)
    if back.size:
        log.note(f"{back.size} rows were received out of order; sorted")
        rows = rows[np.argsort(rows["ts_recv"], kind="stable")]
    return MarketData(rows, None, known, name, attribution, ())
