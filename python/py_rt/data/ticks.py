"""What is odd in trades and quotes: spikes, silence, rows that are there twice, locked quotes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from py_rt._scales import Ints
from py_rt.data.gaps import HOUR
from py_rt.data.jumps import spikes
from py_rt.data.quality import IssueLog
from py_rt.data.tables import Table

__all__ = ["by_symbol", "find_locked", "find_odd_ticks"]

_SILENCE = 150.0
"""Ticks that the slower side of a silence would have brought; real ones stay below 130."""
_SHORTEST = 30 * 10**9
_WINDOWS = (100, 500)
_FEW = 0.002


def by_symbol(table: Table) -> Iterator[tuple[str, npt.NDArray[np.intp]]]:
    """Yield the rows of each symbol in the order of time."""
    clock = table.times["ts_open" if table.kind == "bar" else "ts_recv"]
    order = np.lexsort((table.rows, clock, table.codes))
    codes = table.codes[order]
    edges = np.flatnonzero(np.diff(codes, prepend=-1, append=-1))
    for begin, end in pairwise(edges.tolist()):
        yield table.symbols[int(codes[begin])], order[begin:end]


def find_locked(table: Table, log: IssueLog) -> None:
    """Record quotes whose bid equals their ask."""
    locked = table.numbers["bid_price"] == table.numbers["ask_price"]
    if locked.any():
        log.add(
            "crossed",
            "warning",
            f"bid equals ask in {int(locked.sum())} quotes (locked)",
            "normal across venues, odd on one",
            rows=table.rows[locked],
            column="bid_price",
        )


def find_odd_ticks(table: Table, log: IssueLog) -> None:
    """Record prices far from their neighbours, silences, and rows that are there twice."""
    names = ("price",) if table.kind == "trade" else ("bid_price", "ask_price")
    for symbol, mine in by_symbol(table):
        _silences(table, symbol, mine, log)
        for name in names:
            values = table.numbers[name][mine]
            known = np.isfinite(values) & (values > 0)
            rows = mine[known][spikes(values[known])]
            if rows.size:
                first = table.numbers[name][rows[0]]
                log.add(
                    "outlier",
                    "warning",
                    f"{name} {first:g} is far from its neighbours"
                    + (f" ({rows.size} such rows)" if rows.size > 1 else ""),
                    "compare with another source",
                    rows=table.rows[rows],
                    symbol=symbol,
                    column=name,
                )
    _repeated(table, log)


def _silences(table: Table, symbol: str, mine: npt.NDArray[np.intp], log: IssueLog) -> None:
    """Record stretches without a tick, far longer than the pace on both sides lets expect."""
    ts = table.times["ts_recv"][mine]
    if ts.size < 2 * _WINDOWS[-1]:
        return
    gaps = np.diff(ts)
    rows = np.flatnonzero((gaps >= _SHORTEST) & (gaps < 6 * HOUR))
    rows = rows[(rows >= _WINDOWS[0]) & (rows < ts.size - 1 - _WINDOWS[0])]
    for window in _WINDOWS:
        rows = rows[_expected(ts, rows, window) > _SILENCE]
    if rows.size:
        log.add(
            "gap",
            "warning",
            f"nothing for {gaps[rows].max() / 1e9:,.0f} s in a busy market"
            + (f" ({rows.size} such silences)" if rows.size > 1 else ""),
            "check that the recorder was connected",
            rows=table.rows[mine[rows + 1]],
            symbol=symbol,
            column="ts",
        )


def _expected(ts: Ints, rows: npt.NDArray[np.intp], window: int) -> npt.NDArray[np.float64]:
    first, last = np.maximum(rows - window, 0), np.minimum(rows + 1 + window, ts.size - 1)
    before = (rows - first) / np.maximum(ts[rows] - ts[first], 1)
    after = (last - rows - 1) / np.maximum(ts[last] - ts[rows + 1], 1)
    return np.asarray(np.minimum(before, after) * (ts[rows + 1] - ts[rows]))


def _repeated(table: Table, log: IssueLog) -> None:
    """Record rows equal to an earlier one, where that is rare: coarse clocks repeat by nature."""
    import pandas as pd

    columns: dict[str, object] = {"symbol": table.codes, **table.times, **table.numbers}
    if table.side is not None:
        columns["side"] = table.side
    if table.ids is not None:
        columns = {"symbol": table.codes, "id": table.ids}
    again = pd.DataFrame(columns).duplicated().to_numpy()
    share = float(again.mean())
    if share == 0.0 or (table.ids is None and share > _FEW):
        return
    what = "trade ids are" if table.ids is not None else "rows are"
    log.add(
        "duplicate",
        "warning",
        f"{int(again.sum())} {what} there already",
        "keep one of each, unless they are real",
        rows=table.rows[again],
        column="id" if table.ids is not None else None,
    )
