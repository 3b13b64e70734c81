"""A table with its columns understood: NumPy columns, symbols as numbers, times in ns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from py_rt._scales import Floats, Ints
from py_rt.data.clocks import Clock, read_times
from py_rt.data.columns import BLANKS, Layout, recognise
from py_rt.data.quality import IssueLog
from py_rt.data.shapes import long_form, venue_symbols
from py_rt.data.stamps import bar_times
from py_rt.market import KIND_NAMES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Table", "read_table"]

_SIDES = {"buy": 1, "b": 1, "bid": 1, "1": 1, "sell": -1, "s": -1, "ask": -1, "a": -1, "-1": -1}
_SIDES |= {"": 0, "0": 0, "none": 0, "nan": 0, "unknown": 0, "n": 0, "both": 0}
NUMBERS = ("open", "high", "low", "close", "volume", "price", "qty")
QUOTE_NUMBERS = ("bid_price", "bid_qty", "ask_price", "ask_qty")


@dataclass(frozen=True)
class Table:
    """Rows of one kind.

    Attributes
    ----------
    kind : {"bar", "trade", "quote", "level2"}
    symbols : tuple of str
    codes : ndarray of int64
        Number of each row's symbol.
    rows : ndarray of int64
        Row number in the source.
    times : dict of str to ndarray of int64
        "ts_open" and "ts_close" of bars; else "ts_event" and "ts_recv".
    absent : ndarray of bool
        The time is missing.
    numbers : dict of str to ndarray of float64
    side, row_kind, flags : ndarray of int64 or None
    ids : ndarray of int64 or None
        Number of each trade's id, equal for equal ids; blank ids are all different.
    stamp : str or None
        How bars are stamped.
    """

    kind: str
    symbols: tuple[str, ...]
    codes: Ints
    rows: Ints
    times: dict[str, Ints]
    absent: npt.NDArray[np.bool_]
    numbers: dict[str, Floats]
    side: Ints | None = None
    row_kind: Ints | None = None
    flags: Ints | None = None
    ids: Ints | None = None
    stamp: str | None = None

    def __len__(self) -> int:
        return int(self.rows.size)

    @property
    def clock(self) -> Ints:
        """The time that rows are ordered by."""
        return self.times["ts_close" if self.kind == "bar" else "ts_recv"]

    def take(self, which: npt.NDArray[Any]) -> Table:
        """Return the rows chosen by a mask or an order."""
        optional: dict[str, Any] = {
            name: None if column is None else column[which]
            for name, column in (
                ("side", self.side),
                ("row_kind", self.row_kind),
                ("flags", self.flags),
                ("ids", self.ids),
            )
        }
        return replace(
            self,
            codes=self.codes[which],
            rows=self.rows[which],
            times={name: column[which] for name, column in self.times.items()},
            absent=self.absent[which],
            numbers={name: column[which] for name, column in self.numbers.items()},
            **optional,
        )


def read_table(
    frame: pd.DataFrame,
    log: IssueLog,
    *,
    kind: str | None = None,
    columns: Mapping[str, str] | None = None,
    tz: str | None = None,
    bar_stamp: str | None = None,
    symbol: str | None = None,
) -> Table:
    """Understand a pandas table.

    Parameters
    ----------
    frame : DataFrame
        A DatetimeIndex counts as the time column when no column is one.
    kind, columns, tz, bar_stamp :
        What the caller knows better; see ``py_rt.data.load``.
    symbol : str, optional
        Name when there is no symbol column.

    Raises
    ------
    DataError
        Structure that cannot be understood: columns, times, sides, bar stamps; an empty table.
    """
    frame = _with_index(frame)
    rows = np.arange(len(frame))
    if kind in (None, "bar", "wide"):
        frame, rows = long_form(frame, columns, log, wanted=kind == "wide")
        kind = "bar" if kind == "wide" else kind
    layout = recognise(list(frame.columns), columns, kind, log)
    if layout.kind == "bar":
        frame = venue_symbols(frame, layout.columns, log)
    frame = _joined_date_and_time(frame, layout, log)
    if len(frame) == 0:
        raise log.refuse("empty", "the table has no rows", "check the file or the filter before it")
    symbols, codes = _symbol_codes(frame, layout, symbol, log)
    names = QUOTE_NUMBERS if layout.kind == "quote" else NUMBERS
    numbers = {
        name: _numbers(frame[layout.columns[name]], str(layout.columns[name]), log)
        for name in names
        if name in layout.columns
    }
    if layout.kind == "bar":
        for name in ("open", "high", "low"):
            numbers.setdefault(name, numbers["close"])
        numbers.setdefault("volume", np.zeros(len(frame)))
    times, absent, stamp = _times(frame, layout, codes, numbers, tz, bar_stamp, log)
    row_kind = _kinds(frame, layout, log) if layout.kind == "level2" else None
    return Table(
        kind=layout.kind,
        symbols=symbols,
        codes=codes,
        rows=rows,
        times=times,
        absent=absent,
        numbers=numbers,
        side=_sides(frame, layout, log),
        row_kind=row_kind,
        flags=_flags(frame, layout),
        ids=_ids(frame, layout),
        stamp=stamp,
    )


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    if any(isinstance(name, tuple) for name in frame.columns):
        flat = ["_".join(str(part) for part in name if part) for name in frame.columns]
        frame = frame.set_axis(flat, axis="columns")
    named = any(name is not None for name in frame.index.names)
    if isinstance(frame.index, pd.DatetimeIndex) and frame.index.name is None:
        return frame.reset_index(names="ts")
    return frame.reset_index() if named else frame.reset_index(drop=True)


def _joined_date_and_time(frame: pd.DataFrame, layout: Layout, log: IssueLog) -> pd.DataFrame:
    """Join a column of dates and a column of clock times when the table splits them."""
    lower = {str(name).strip().lower(): name for name in frame.columns}
    if "date" not in lower or "time" not in lower or not len(frame):
        return frame
    if layout.columns.get("ts_event") not in (lower["date"], lower["time"]):
        return frame
    clock = frame[lower["time"]].astype(str).str.strip()
    if not bool(clock.str.match(r"^\d{1,2}:\d\d").all()):
        return frame
    joined = (
        frame[lower["date"]].astype(str).str.strip()
        + " "
        + clock.str.replace(r"^(\d):", r"0\1:", regex=True)
    )
    log.note("date and time columns joined")
    layout.columns["ts_event"] = "date and time"
    return frame.assign(**{"date and time": joined})


def _symbol_codes(
    frame: pd.DataFrame, layout: Layout, symbol: str | None, log: IssueLog
) -> tuple[tuple[str, ...], Ints]:
    import pandas as pd

    if "symbol" not in layout.columns:
        name = symbol or "ASSET"
        log.note(f"no symbol column: all rows are {name}")
        return (name,), np.zeros(len(frame), dtype=np.int64)
    column = frame[layout.columns["symbol"]]
    codes, names = pd.factorize(column)
    empty = [str(name).strip() == "" for name in names] + [True]
    blank = np.flatnonzero(np.array(empty)[codes])
    if blank.size:
        raise log.refuse(
            "mixed_symbols",
            "the symbol is empty",
            "fill the column, or drop the rows",
            rows=blank,
            column=str(layout.columns["symbol"]),
        )
    stripped = [str(name).strip() for name in names]
    merged = sorted(set(stripped))
    if len(merged) != len(stripped) or set(merged) != {str(name) for name in names}:
        log.note("spaces around symbols removed")
    folded: dict[str, list[str]] = {}
    for name in merged:
        folded.setdefault(name.upper(), []).append(name)
    for twins in folded.values():
        if len(twins) > 1:
            log.add(
                "mixed_symbols",
                "warning",
                f"symbols differ only in case: {', '.join(twins)}",
                "spell each symbol one way",
                column=str(layout.columns["symbol"]),
            )
    place = {name: at for at, name in enumerate(merged)}
    renumber = np.array([place[name] for name in stripped], dtype=np.int64)
    return tuple(merged), renumber[codes]


def _numbers(column: pd.Series[Any], name: str, log: IssueLog) -> Floats:
    import pandas as pd

    read = pd.to_numeric(column, errors="coerce")
    wrong = np.flatnonzero((read.isna() & column.notna()).to_numpy(dtype=bool))
    if wrong.size:
        blank = column.iloc[wrong].astype(str).str.strip().str.lower().isin(BLANKS)
        wrong = wrong[~blank.to_numpy(dtype=bool)]
    if wrong.size:
        text = str(column.iloc[int(wrong[0])]).strip()
        raise log.refuse(
            "schema",
            f"{name} is no number: {text!r}",
            _number_remedy(text),
            rows=wrong,
            column=name,
        )
    return read.to_numpy(dtype=np.float64, na_value=np.nan).copy()


def _number_remedy(text: str) -> str:
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text):
        return (
            "these look like thousands separators: write 1234.5, or read the file with pandas, "
            "pd.read_csv(path, thousands=','), and pass the table"
        )
    if re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})*,\d+", text):
        return (
            "this looks like a decimal comma: write 1234.5, or read the file with pandas, "
            "pd.read_csv(path, sep=';', decimal=',', thousands='.'), and pass the table"
        )
    return "write plain decimals, without thousands separators or currency signs"


def _times(
    frame: pd.DataFrame,
    layout: Layout,
    codes: Ints,
    numbers: dict[str, Floats],
    tz: str | None,
    bar_stamp: str | None,
    log: IssueLog,
) -> tuple[dict[str, Ints], npt.NDArray[np.bool_], str | None]:
    clocks: dict[str, Clock] = {
        name: read_times(frame[theirs], str(theirs), tz, log)
        for name, theirs in layout.columns.items()
        if name.startswith("ts_")
    }
    absent = np.any([clock.absent for clock in clocks.values()], axis=0)
    if layout.kind != "bar":
        event = clocks["ts_event"].ns
        recv = clocks["ts_recv"].ns if "ts_recv" in clocks else event
        return {"ts_event": event, "ts_recv": recv}, absent, None
    if {"ts_open", "ts_close"} <= set(clocks):
        opened, closed = clocks["ts_open"].ns, clocks["ts_close"].ns
        wrong = np.flatnonzero((closed <= opened) & ~absent)
        if wrong.size:
            raise log.refuse(
                "bar_stamp",
                "a bar closes at or before its open",
                "check ts_open and ts_close",
                rows=wrong,
                column=str(layout.columns["ts_close"]),
            )
        return {"ts_open": opened, "ts_close": closed}, absent, "both"
    name = next(part for part in ("ts_event", "ts_open", "ts_close") if part in clocks)
    hint = {"ts_open": "open", "ts_close": "close"}.get(name)
    known = ~absent
    opened = np.zeros(len(frame), dtype=np.int64)
    closed = opened.copy()
    if not known.any():
        return {"ts_open": opened, "ts_close": closed}, absent, None
    opened[known], closed[known], stamp = bar_times(
        clocks[name].ns[known],
        codes[known],
        numbers["volume"][known],
        date_only=clocks[name].date_only,
        hint=hint,
        bar_stamp=bar_stamp,
        log=log,
    )
    return {"ts_open": opened, "ts_close": closed}, absent, stamp


def _kinds(frame: pd.DataFrame, layout: Layout, log: IssueLog) -> Ints:
    known = {name: code for code, name in enumerate(KIND_NAMES[:4])}
    remedy = f"use {', '.join(known)}"
    return _coded(frame[layout.columns["kind"]], "kind", known, remedy, log)


def _sides(frame: pd.DataFrame, layout: Layout, log: IssueLog) -> Ints | None:
    if "side" not in layout.columns:
        return None
    remedy = "use buy and sell (or bid and ask, 1 and -1); empty when it is not known"
    return _coded(frame[layout.columns["side"]], "side", _SIDES, remedy, log)


def _coded(
    column: pd.Series[Any], name: str, known: Mapping[str, int], remedy: str, log: IssueLog
) -> Ints:
    """Turn a column of few words into numbers."""
    import pandas as pd

    codes, words = pd.factorize(column)
    spelled = [str(word).strip().lower().removesuffix(".0") for word in words] + [""]
    numbers = np.array([known.get(word, -99) for word in spelled], dtype=np.int64)[codes]
    wrong = np.flatnonzero(numbers == -99)
    if wrong.size:
        raise log.refuse(
            "schema",
            f"{name} {column.iloc[int(wrong[0])]!r} is unknown",
            remedy,
            rows=wrong,
            column=str(column.name),
        )
    return numbers


def _flags(frame: pd.DataFrame, layout: Layout) -> Ints | None:
    if "flags" not in layout.columns:
        return None
    return frame[layout.columns["flags"]].to_numpy(dtype=np.int64)


def _ids(frame: pd.DataFrame, layout: Layout) -> Ints | None:
    import pandas as pd

    if "id" not in layout.columns:
        return None
    codes, _ = pd.factorize(frame[layout.columns["id"]])
    blank = codes < 0
    return np.where(blank, -1 - np.arange(codes.size), codes).astype(np.int64)
