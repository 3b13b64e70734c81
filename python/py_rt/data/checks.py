"""Defects of a table, row by row, and what repairing each would mean."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from py_rt._layout import CLEAR, DEPTH, SNAPSHOT, TRADE
from py_rt._scales import Ints
from py_rt.data.quality import IssueLog
from py_rt.data.tables import Table

__all__ = ["Finding", "find_defects", "mend"]

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Finding:
    """One defect: the rows, whether they can be kept at all, and how they are repaired."""

    kind: str
    column: str | None
    rows: Mask
    message: str
    suggestion: str
    representable: bool
    repair: str
    """"drop", "sort" or "widen"."""


def find_defects(table: Table, log: IssueLog) -> list[Finding]:
    """Find the defects of severity error and record them.

    Returns
    -------
    list of Finding
        With masks over the table's rows, for ``mend``.
    """
    findings = [
        *_absent_values(table),
        *_bad_signs(table),
        *(_ohlc(table) if table.kind == "bar" else ()),
        *(_crossed(table) if table.kind == "quote" else ()),
        *_disorder(table),
        *(_duplicates(table) if table.kind == "bar" else ()),
        *(_sideless(table) if table.kind == "level2" else ()),
    ]
    for finding in findings:
        first = int(np.argmax(finding.rows))
        log.add(
            finding.kind,
            "error",
            finding.message + _more(int(finding.rows.sum())),
            finding.suggestion,
            rows=table.rows[finding.rows],
            symbol=table.symbols[int(table.codes[first])],
            column=finding.column,
        )
    return findings


def mend(table: Table, findings: list[Finding], *, repair: bool, log: IssueLog) -> Table:
    """Return the table without what cannot be kept; with ``repair`` without any defect."""
    keep = np.ones(len(table), dtype=np.bool_)
    for finding in findings:
        count = int(finding.rows.sum())
        if finding.repair == "drop" and (repair or not finding.representable):
            keep &= ~finding.rows
            log.note(f"{count} rows dropped: {finding.message}")
        elif finding.repair == "widen" and repair:
            table = _widened(table)
            log.note(f"{count} bars widened so that high and low contain open and close")
        elif finding.repair == "sort":
            log.note(f"{count} rows were out of order; sorted by time")
    return table.take(keep)


def _more(count: int) -> str:
    return f" ({count} such rows)" if count > 1 else ""


def _value(table: Table, name: str, rows: Mask) -> str:
    return f"{table.numbers[name][int(np.argmax(rows))]:g}"


def _needs_value(table: Table, name: str) -> Mask:
    """Say in which rows a NaN is a defect: not in clear rows, nor for an absent side of a quote."""
    if table.kind == "level2" and table.row_kind is not None:
        return np.asarray(table.row_kind != CLEAR)
    if table.kind == "quote":
        qty = table.numbers.get(f"{name[:3]}_qty")
        return np.ones(len(table), dtype=np.bool_) if qty is None else np.asarray(qty != 0)
    return np.ones(len(table), dtype=np.bool_)


def _absent_values(table: Table) -> list[Finding]:
    findings = []
    if table.absent.any():
        findings.append(
            Finding("nan", "ts", table.absent, "the time is missing", "drop the row", False, "drop")
        )
    for name, values in table.numbers.items():
        rows = ~np.isfinite(values) & _needs_value(table, name)
        if rows.any():
            label = "NaN" if np.isnan(values[int(np.argmax(rows))]) else "infinite"
            remedy = 'drop or fill the row, or pass quality="repair" to drop it'
            findings.append(Finding("nan", name, rows, f"{name} is {label}", remedy, False, "drop"))
    return findings


def _bad_signs(table: Table) -> list[Finding]:
    findings = []
    for name, values in table.numbers.items():
        if (
            name.endswith("price")
            or name in ("open", "high", "low", "close")
            or (name == "qty" and table.kind == "trade")
        ):
            rows, what = values <= 0, "not positive"
        else:
            rows, what = values < 0, "negative"
            if name == "qty" and table.row_kind is not None:
                resting = np.isin(table.row_kind, (SNAPSHOT, TRADE))
                rows = rows | (resting & (values == 0))
        rows = rows & _needs_value(table, name)
        if rows.any():
            text = f"{name} is {what}: {_value(table, name, rows)}"
            remedy = 'correct the row, or pass quality="repair" to drop it'
            findings.append(Finding("nonpositive", name, rows, text, remedy, False, "drop"))
    return findings


def _ohlc(table: Table) -> list[Finding]:
    top = np.maximum(table.numbers["open"], table.numbers["close"])
    bottom = np.minimum(table.numbers["open"], table.numbers["close"])
    high, low = table.numbers["high"], table.numbers["low"]
    findings = []
    for column, rows, text in (
        ("high", high < np.maximum(top, low), "high is below open, close or low"),
        ("low", (low > bottom) & (low <= high), "low is above open or close"),
    ):
        if rows.any():
            remedy = 'correct the bar, or pass quality="repair" to widen it'
            findings.append(Finding("ohlc", column, rows, text, remedy, True, "widen"))
    return findings


def _widened(table: Table) -> Table:
    four = np.vstack([table.numbers[name] for name in ("open", "high", "low", "close")])
    numbers = {**table.numbers, "high": four.max(axis=0), "low": four.min(axis=0)}
    return replace(table, numbers=numbers)


def _crossed(table: Table) -> list[Finding]:
    bid, ask = table.numbers["bid_price"], table.numbers["ask_price"]
    rows = (bid > ask) & _needs_value(table, "bid_price") & _needs_value(table, "ask_price")
    if not rows.any():
        return []
    text = f"crossed quote: bid {_value(table, 'bid_price', rows)} > ask "
    text += _value(table, "ask_price", rows)
    remedy = 'correct the row, or pass quality="repair" to drop it'
    return [Finding("crossed", "bid_price", rows, text, remedy, True, "drop")]


def _steps_back(ts: Ints, codes: Ints, skip: Mask) -> Mask:
    """Mark rows whose time is before one that their symbol already reached."""
    rows = np.zeros(ts.size, dtype=np.bool_)
    order = np.argsort(codes, kind="stable")
    order = order[~skip[order]]
    fresh = np.diff(codes[order], prepend=-1) != 0
    back = np.diff(ts[order], prepend=np.int64(0)) < 0
    rows[order] = back & ~fresh
    return rows


def _disorder(table: Table) -> list[Finding]:
    name = "ts_open" if table.kind == "bar" else "ts_recv"
    rows = _steps_back(table.times[name], table.codes, table.absent)
    if not rows.any():
        return []
    text = "time goes back within a symbol"
    remedy = 'sort by time, or pass quality="repair" to have it sorted'
    return [Finding("disorder", "ts", rows, text, remedy, True, "sort")]


def _duplicates(table: Table) -> list[Finding]:
    ts = table.times["ts_open"]
    order = np.lexsort((table.rows, ts, table.codes))
    order = order[~table.absent[order]]
    same = (np.diff(ts[order]) == 0) & (np.diff(table.codes[order]) == 0)
    rows = np.zeros(len(table), dtype=np.bool_)
    rows[order[1:][same]] = True
    if not rows.any():
        return []
    text = "a bar with this symbol and time is there already"
    remedy = (
        'keep one, or pass quality="repair" to keep the first; '
        "a missing symbol column looks like this too"
    )
    return [Finding("duplicate", "ts", rows, text, remedy, True, "drop")]


def _sideless(table: Table) -> list[Finding]:
    if table.side is None or table.row_kind is None:
        return []
    rows = np.isin(table.row_kind, (DEPTH, SNAPSHOT)) & (table.side == 0)
    if not rows.any():
        return []
    text = "a depth row has no side"
    return [Finding("schema", "side", rows, text, "fill in buy or sell", False, "drop")]
