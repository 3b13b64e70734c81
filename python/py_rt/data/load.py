"""``load`` and ``check``: find the format, read, look for defects, build."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from py_rt._times import format_ns
from py_rt.data.books import find_crossed_books
from py_rt.data.build import Instruments, build_market
from py_rt.data.bundled import sample
from py_rt.data.catalog import Catalog
from py_rt.data.checks import find_defects, mend
from py_rt.data.files import frame_of, is_columns, locate
from py_rt.data.oddities import find_oddities
from py_rt.data.overrides import overridden
from py_rt.data.quality import IssueLog, QualityReport
from py_rt.data.readers import Sheet, Wishes, split
from py_rt.data.tables import Table, read_table
from py_rt.errors import DataError, ParameterError
from py_rt.market import MarketData

__all__ = ["check", "load"]

Quality = Literal["refuse", "warn", "repair"]
_LOUD = frozenset({"sequence", "truncated", "checksum"})


def load(
    source: Any,
    symbols: str | Iterable[str] | None = None,
    start: Any = None,
    end: Any = None,
    *,
    format: str | None = None,  # noqa: A002 - the name is promised
    instruments: Instruments | None = None,
    bar_stamp: Literal["open", "close"] | None = None,
    tz: str | None = None,
    columns: Mapping[str, str] | None = None,
    quality: Quality = "refuse",
    date: Any = None,
    calendar: str | None = None,
) -> MarketData:
    """Load market data from a file, a glob, a list of files, a table, or a bundled sample.

    Parameters
    ----------
    source : str, Path, list of them, table, mapping, Catalog or MarketData
        "sample:us_daily"; a path or glob; several files are one session in name order; a table of
        pandas, polars, Arrow or NumPy (structured); a mapping from symbol to table, or from name
        to column.
    symbols : str or iterable of str, optional
        Which to keep. For a table without a symbol column: its name.
    start, end : time, optional
        Keep [start, end); see ``MarketData.slice``.
    format : str, optional
        "bars", "trades", "quotes", "level2" and "wide" (a column of closes for each symbol) say
        what a table is; "csv", "parquet", "sample", "binance_ws kraken_ws coinbase_ws okx_ws
        bitstamp_ws bitfinex_ws deribit_ws", "lobster itch iex dbn bitstamp_l3 tardis_csv
        hftbacktest rows" how a file is
        written, "bars_csv" and the like both. Recognised when left out.
    instruments : sequence of Instrument, or mapping from symbol to Instrument or fields, optional
        Instead of tick and lot inferred from the decimals, or known to the source: amounts stay
        what they are, and one that is no multiple of a step given here is refused.
    bar_stamp : {"open", "close"}, optional
        Which end of its bar a time names.
    tz : str, optional
        Zone of times that carry none, such as "America/New_York".
    columns : mapping, optional
        Our column name -> the table's, where the guess fails.
    quality : {"refuse", "warn", "repair"}
        "refuse": the first defect of severity error raises. "warn": rows that cannot be represented
        (NaN, non-positive prices) are dropped, the others stay, disorder is sorted. "repair":
        duplicates and crossed quotes are dropped too, bars widened; each repair is in ``notes``.
    date : date, optional
        The day of a recording that holds only times of day and whose name does not tell.
    calendar : str, optional
        Code of the exchange calendar that gaps are judged by, such as "XNYS" or "24/7"; guessed
        when left out.

    Returns
    -------
    MarketData
        ``notes`` says what was guessed, repaired and left as a warning.

    Raises
    ------
    DataError
        The source cannot be found, read or understood, or has defects; names the column, the row
        (0-based) and the remedy.
    ParameterError
        A bad argument.

    Notes
    -----
    A bare date is a session date: a daily bar opens at 00:00 UTC of it and closes at 00:00 UTC of
    the next day. Other times without a zone are refused. Bars with one stamp last as long as the
    most common spacing, and never beyond the next bar.

    Examples
    --------
    >>> import pandas as pd
    >>> import py_rt.data
    >>> table = pd.DataFrame({
    ...     "Date": ["2024-01-02", "2024-01-03"], "Open": [10.0, 10.5], "High": [11.0, 10.75],
    ...     "Low": [9.5, 10.25], "Close": [10.5, 10.5], "Volume": [900, 800]})
    >>> data = py_rt.data.load(table, symbols="ABC")
    >>> data.symbols, data.kinds, data.instruments[0].tick_size
    (('ABC',), ('bar',), '0.01')
    """
    wishes = _wishes(
        {
            "symbols": symbols,
            "format": format,
            "instruments": instruments,
            "bar_stamp": bar_stamp,
            "tz": tz,
            "columns": columns,
            "quality": quality,
            "date": date,
            "calendar": calendar,
        }
    )
    log = IssueLog()
    data = _read(source, wishes, log, raising=True)
    if wishes.symbols is not None:
        data = data.select(wishes.symbols)
    if start is not None or end is not None:
        data = data.slice(start, end)
    for issue in log.issues:
        if issue.kind in _LOUD or issue.column == "book":
            warnings.warn(f"{issue.symbol or data.name}: {issue.message}", stacklevel=2)
    notes = [*data.notes, *log.notes, *(f"{i.kind}: {i.message}" for i in log.issues)]
    return data.noted(dict.fromkeys(notes))


def check(
    source: Any,
    symbols: str | Iterable[str] | None = None,
    *,
    format: str | None = None,  # noqa: A002 - the name is promised
    instruments: Instruments | None = None,
    bar_stamp: Literal["open", "close"] | None = None,
    tz: str | None = None,
    columns: Mapping[str, str] | None = None,
    date: Any = None,
    calendar: str | None = None,
) -> QualityReport:
    """Look for defects without refusing.

    Parameters
    ----------
    source, symbols, format, instruments, bar_stamp, tz, columns, date, calendar
        As in ``load``.

    Returns
    -------
    QualityReport
        ``ok``, ``issues``, ``notes``, ``facts``; prints as a table.

    Examples
    --------
    >>> import pandas as pd
    >>> import py_rt.data
    >>> table = pd.DataFrame({"ts": ["2024-01-02", "2024-01-03"], "close": [10.0, float("nan")]})
    >>> report = py_rt.data.check(table)
    >>> report.ok, report.issues[0].kind, report.issues[0].rows
    (False, 'nan', (1,))
    """
    wishes = _wishes(
        {
            "symbols": symbols,
            "format": format,
            "instruments": instruments,
            "bar_stamp": bar_stamp,
            "tz": tz,
            "columns": columns,
            "quality": "warn",
            "date": date,
            "calendar": calendar,
        }
    )
    log = IssueLog()
    facts: dict[str, Any] = {}
    try:
        data = _read(source, wishes, log, raising=False)
        if wishes.symbols is not None:
            data = data.select(wishes.symbols)
            log.issues = [i for i in log.issues if i.symbol in (None, *wishes.symbols)]
        facts = _facts(data)
        if isinstance(source, (MarketData, Catalog)):
            _check_rows(data, wishes, log)
        booked = {"depth", "order"}.intersection(data.kinds)
        if booked and not any(i.kind == "crossed" for i in log.issues):
            find_crossed_books(data, log, "warning")
        notes = tuple(dict.fromkeys([*data.notes, *log.notes]))
    except DataError as error:
        if not any(issue.severity == "error" for issue in log.issues):
            kind = str(error.where.get("kind", "schema"))
            log.add(kind, "error", error.what, error.remedy, column=error.field)
        notes = tuple(log.notes)
    stamp = next((note for note in notes if note.startswith("bar_stamp")), None)
    if stamp is not None:
        facts["bar_stamp"] = stamp.split("'")[1]
    judged = next((note for note in notes if note.startswith("calendar: ")), None)
    if judged is not None:
        facts["calendar"] = judged.rpartition(" ")[2]
    return QualityReport(_called(source), tuple(log.issues), notes, facts)


def _wishes(given: Mapping[str, Any]) -> Wishes:
    symbols = given["symbols"]
    chosen = (symbols,) if isinstance(symbols, str) else tuple(symbols) if symbols else None
    for name, allowed in (
        ("bar_stamp", (None, "open", "close")),
        ("quality", ("refuse", "warn", "repair")),
    ):
        if given[name] not in allowed:
            listed = ", ".join(str(word) for word in allowed if word)
            raise ParameterError(
                f"{given[name]!r} is unknown", field=name, remedy=f"use one of {listed}"
            )
    if given["columns"] is not None and not isinstance(given["columns"], Mapping):
        raise ParameterError(
            f"{given['columns']!r} is no mapping",
            field="columns",
            remedy="pass {'close': 'the name in the table'}",
        )
    return Wishes(**{**given, "symbols": chosen})


def _called(source: Any) -> str:
    if isinstance(source, (str, Path)):
        return str(source)
    return type(source).__name__


def _facts(data: MarketData) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "kinds": ", ".join(data.kinds),
        "rows": len(data),
        "symbols": ", ".join(data.symbols[:10]) + (", ..." if len(data.symbols) > 10 else ""),
    }
    if data.start is not None and data.end is not None:
        facts |= {"start": format_ns(data.start), "end": format_ns(data.end)}
    return facts


def _read(source: Any, wishes: Wishes, log: IssueLog, *, raising: bool) -> MarketData:
    reader, kind = split(wishes.format)
    if isinstance(source, MarketData):
        return overridden(source, wishes.instruments, log)
    if isinstance(source, str) and source.startswith("sample:"):
        return overridden(sample(source), wishes.instruments, log)
    if isinstance(source, Catalog):
        return overridden(source.query(wishes.symbols), wishes.instruments, log)
    if isinstance(source, Mapping) and not is_columns(source):
        tables = sorted(source.items())
        sheets = [Sheet(frame_of(table), str(name)) for name, table in tables]
        return _from_sheets(sheets, "", kind, wishes, log, raising=raising)
    if not isinstance(source, (str, Path, Sequence)):
        default = wishes.symbols[0] if wishes.symbols and len(wishes.symbols) == 1 else None
        sheets = [Sheet(frame_of(source), default)]
        return _from_sheets(sheets, "", kind, wishes, log, raising=raising)
    paths, reader = locate(source, reader, log)
    try:
        content = reader.read(paths, wishes, log)
    except DataError as error:
        if len(paths) == 1:
            error.where.setdefault("file", paths[0].name)
        raise
    if isinstance(content, MarketData):
        _note_unused(reader.name, paths[0].name, kind, wishes, log)
        return overridden(content, wishes.instruments, log)
    title = paths[0].name.split(".")[0] if len(paths) == 1 else ""
    return _from_sheets(content, title, kind, wishes, log, raising=raising)


def _note_unused(reader: str, file: str, kind: str | None, wishes: Wishes, log: IssueLog) -> None:
    """Refuse a kind of table for what is none, and note what else says nothing about it."""
    if kind is not None:
        raise log.refuse(
            "schema",
            f"{reader} is no table that could hold {wishes.format}",
            f"leave format= out, or pass {reader!r}",
            file=file,
        )
    for name in ("tz", "columns", "bar_stamp"):
        if getattr(wishes, name) is not None:
            log.note(f"{name}= says nothing about {reader}: not used")


def _from_sheets(
    sheets: Iterable[Sheet],
    title: str,
    kind: str | None,
    wishes: Wishes,
    log: IssueLog,
    *,
    raising: bool,
) -> MarketData:
    tables, fields, seen = [], dict[str, Any](), dict[str, None]()
    for sheet in sheets:
        fields |= sheet.fields
        before = len(log.issues)
        try:
            table = _sound(sheet, kind, wishes, log, seen, raising=raising)
            tables += [] if table is None else [table]
        except DataError:
            if len(log.issues) == before:
                raise
            log.locate(before, sheet.file, sheet.line_of)
            fresh = [issue for issue in log.issues[before:] if issue.severity == "error"]
            raise fresh[0].to_error(len(fresh) - 1) from None
        log.locate(before, sheet.file, sheet.line_of)
    if not tables and seen:
        missing = ", ".join(wishes.symbols or ())
        remedy = f"use one of {', '.join(list(seen)[:20])}"
        raise log.refuse("missing", f"there is no {missing} here", remedy, column="symbol")
    if not tables:
        raise log.refuse("empty", "there is no table", "pass at least one")
    data = build_market(tables, title, wishes.instruments, log, fields)
    if "depth" in data.kinds:
        before = len(log.issues)
        find_crossed_books(data, log, "error")
        if raising and wishes.quality == "refuse" and len(log.issues) > before:
            raise log.issues[-1].to_error()
    return data


def _sound(
    sheet: Sheet,
    kind: str | None,
    wishes: Wishes,
    log: IssueLog,
    seen: dict[str, None],
    *,
    raising: bool,
) -> Table | None:
    """Return the rows of a sheet that may stay; None when none is of a symbol that is wanted."""
    table = read_table(
        sheet.frame,
        log,
        kind=kind,
        columns=wishes.columns,
        tz=wishes.tz,
        bar_stamp=wishes.bar_stamp,
        symbol=sheet.symbol,
    )
    seen |= dict.fromkeys(table.symbols)
    if wishes.symbols is not None:
        wanted = [code for code, symbol in enumerate(table.symbols) if symbol in wishes.symbols]
        table = (
            table if len(wanted) == len(table.symbols) else table.take(np.isin(table.codes, wanted))
        )
        if not wanted:
            return None
    before = len(log.issues)
    defects = find_defects(table, log)
    if defects and raising and wishes.quality == "refuse":
        raise log.issues[before].to_error()
    kept = mend(table, defects, repair=wishes.quality == "repair", log=log)
    if len(kept) == 0:
        raise log.refuse("empty", "no row is left after dropping bad ones", "look at the source")
    find_oddities(kept, table, log, wishes.calendar)
    return kept


def _check_rows(data: MarketData, wishes: Wishes, log: IssueLog) -> None:
    """Look at rows that come without a table. Bundled samples were looked at by people."""
    for kind in ("bar", "trade", "quote"):
        if kind in data.kinds:
            fresh = IssueLog()
            table = read_table(data.to_frame(kind), fresh, kind=kind)
            defects = find_defects(table, fresh)
            find_oddities(
                mend(table, defects, repair=False, log=fresh), table, log, wishes.calendar
            )
            log.issues += fresh.issues
