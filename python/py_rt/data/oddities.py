"""What is odd and may be real: gaps, jumps, standing still, other clocks, locked quotes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from py_rt._scales import Ints
from py_rt.data.calendars import DAY
from py_rt.data.gaps import HOUR, Grid, bar_grid, missing_runs
from py_rt.data.jumps import Series, find_jumps, find_stale, find_wicks, spikes
from py_rt.data.quality import IssueLog
from py_rt.data.tables import Table
from py_rt.data.zones import find_shifted_clock

__all__ = ["find_oddities"]


def find_oddities(table: Table, whole: Table, log: IssueLog, calendar: str | None = None) -> None:
    """Record findings of severity warning.

    Parameters
    ----------
    table : Table
        Without defects that cannot be represented.
    whole : Table
        With them: a bar that is there and damaged is no gap.
    log : IssueLog
    calendar : str, optional
        Code of the exchange calendar; guessed when left out.
    """
    find_shifted_clock(table, log)
    if table.kind == "quote":
        _locked(table, log)
    if table.kind in ("quote", "trade"):
        _odd_ticks(table, log)
    if table.kind != "bar":
        return
    _strays(table, log)
    step = _step(table)
    grid = None if step is None else bar_grid(table.times["ts_open"], step, calendar)
    if grid is not None:
        log.note(f"calendar: gaps judged by {grid.calendar}")
    for symbol, mine in _by_symbol(table):
        numbers = {name: values[mine] for name, values in table.numbers.items()}
        bars = Series(symbol, table.rows[mine], **numbers)
        if bars.usable:
            find_jumps(bars, log)
            find_wicks(bars, log)
            find_stale(bars, log)
    for symbol, mine in _by_symbol(whole):
        _gaps(whole, symbol, mine[~whole.absent[mine]], grid, log)
    _copied_days(table, log)


def _by_symbol(table: Table) -> Iterator[tuple[str, npt.NDArray[np.intp]]]:
    """Yield the rows of each symbol in the order of time."""
    clock = table.times["ts_open" if table.kind == "bar" else "ts_recv"]
    order = np.lexsort((table.rows, clock, table.codes))
    codes = table.codes[order]
    edges = np.flatnonzero(np.diff(codes, prepend=-1, append=-1))
    for begin, end in pairwise(edges.tolist()):
        yield table.symbols[int(codes[begin])], order[begin:end]


def _locked(table: Table, log: IssueLog) -> None:
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


def _odd_ticks(table: Table, log: IssueLog) -> None:
    names = ("price",) if table.kind == "trade" else ("bid_price", "ask_price")
    for symbol, mine in _by_symbol(table):
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


def _step(table: Table) -> int | None:
    """Return the length of the bars when all have the same, as far as it is known."""
    if table.stamp == "date":
        return DAY
    lengths = table.times["ts_close"] - table.times["ts_open"]
    values, counts = np.unique(lengths, return_counts=True)
    step = int(values[np.argmax(counts)])
    return step if counts.max() > 0.5 * lengths.size else None


def _gaps(
    table: Table, symbol: str, mine: npt.NDArray[np.intp], grid: Grid | None, log: IssueLog
) -> None:
    opened = table.times["ts_open"][mine]
    if opened.size < 3:
        return
    if grid is not None and _on_grid(opened, grid):
        after, missing = missing_runs(opened, grid)
        where = f"by the calendar {grid.calendar}" if grid.calendar != "habit" else "by habit"
    else:
        after, missing = _uneven(opened)
        where = "by the usual spacing"
    if after.size:
        log.add(
            "gap",
            "warning",
            f"{int(missing.sum()):,} bars are missing {where}, in {after.size} gaps, "
            f"the longest of {int(missing.max()):,}",
            "fetch the missing bars, or accept that nothing traded there",
            rows=table.rows[mine[after]],
            symbol=symbol,
            column="ts",
        )


def _on_grid(opened: Ints, grid: Grid) -> bool:
    inside = (
        opened[(opened >= grid.stamps[0]) & (opened <= grid.stamps[-1])]
        if len(grid.stamps)
        else opened[:0]
    )
    present = np.isin(inside, grid.stamps).sum()
    return bool(present > 0.5 * opened.size)


def _uneven(opened: Ints) -> tuple[npt.NDArray[np.intp], Ints]:
    """Find gaps in a series of even spacing without a calendar; breaks of six hours are nights."""
    spacing = np.diff(opened)
    none = np.empty(0, dtype=np.intp), np.empty(0, dtype=np.int64)
    if spacing.size < 10:
        return none
    step = int(np.median(spacing))
    if step <= 0 or (spacing == step).mean() < 0.9:
        return none
    least, most = (step, 6 * HOUR) if step < DAY else (7 * DAY if step == DAY else 2 * step, 2**62)
    found = np.flatnonzero((spacing > least) & (spacing < most))
    return found + 1, spacing[found] // step - 1


def _strays(table: Table, log: IssueLog) -> None:
    """Record a symbol of a few rows that stand exactly in the holes of another."""
    counts = np.bincount(table.codes, minlength=len(table.symbols))
    largest = int(np.argmax(counts))
    few = np.flatnonzero((counts > 0) & (counts <= max(3, counts[largest] // 200)))
    if counts[largest] < 20 or not few.size:
        return
    held = table.times["ts_open"][table.codes == largest]
    for code in few.tolist():
        rows = np.flatnonzero(table.codes == code)
        stamps = table.times["ts_open"][rows]
        inside = (stamps > held.min()) & (stamps < held.max())
        if inside.all() and not np.isin(stamps, held).any():
            log.add(
                "mixed_symbols",
                "warning",
                f"{rows.size} rows of {table.symbols[code]} stand where {table.symbols[largest]} "
                "has none",
                "check the symbol of these rows",
                rows=table.rows[rows],
                symbol=table.symbols[code],
                column="symbol",
            )


def _copied_days(table: Table, log: IssueLog) -> None:
    """Record days on which nearly every symbol repeats its bar of the day before."""
    if table.stamp != "date" or len(table.symbols) < 5:
        return
    order = np.lexsort((table.times["ts_open"], table.codes))
    same = np.diff(table.codes[order]) == 0
    for name in ("open", "high", "low", "close"):
        same &= np.diff(table.numbers[name][order]) == 0
    days = table.times["ts_open"] // DAY
    copies = order[1:][same]
    listed, held = np.unique(days, return_counts=True)
    repeated = np.bincount(np.searchsorted(listed, days[copies]), minlength=listed.size)
    for day in listed[(repeated > 0.9 * held) & (held >= 5)].tolist():
        rows = copies[days[copies] == day]
        log.add(
            "stale",
            "warning",
            f"{rows.size} symbols repeat the day before on {np.datetime64(day, 'D')}",
            "a holiday that was filled: drop the day",
            rows=table.rows[rows],
            column="close",
        )
