"""Rows of closes of several symbols, as they become known, and strategies that work on them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from py_rt.errors import Degenerate, ParameterError, TradingError
from py_rt.strategies._legs import Legs
from py_rt.strategy import Context, Strategy

__all__ = ["Panel", "PanelStrategy", "within"]

Floats = npt.NDArray[np.float64]
_T = TypeVar("_T")
_TIMER = "row"
_GRACE_NS = 2_000_000_000
_NOTES = 10_000


def within(strategy: Strategy, name: str, low: float, high: float = float("inf")) -> None:
    """Refuse a parameter outside ``[low, high]``."""
    value = getattr(strategy, name)
    if not low <= value <= high:
        raise ParameterError(
            f"{name} is {value}", field=name, remedy=f"pass a number from {low:g} to {high:g}"
        )


class Panel:
    """The last rows of closes, a column a symbol; NaN where a bar is missing."""

    def __init__(self, symbols: list[str], keep: int) -> None:
        self.symbols = symbols
        self.at = {symbol: place for place, symbol in enumerate(symbols)}
        self.count = 0
        self._keep = keep
        self._rows = np.full((2 * keep, len(symbols)), np.nan)
        self._end = 0
        self.last = np.full(len(symbols), np.nan)
        self.age = np.full(len(symbols), np.iinfo(np.int64).max // 2)

    def append(self, row: Floats) -> None:
        """Take a row in."""
        if self._end == len(self._rows):
            self._rows[: self._keep] = self._rows[-self._keep :]
            self._end = self._keep
        self._rows[self._end] = row
        self._end += 1
        self.count += 1
        seen = ~np.isnan(row)
        self.last[seen] = row[seen]
        self.age += 1
        self.age[seen] = 0

    def window(self, length: int) -> Floats:
        """Return the last rows, a view; fewer while there are fewer."""
        return self._rows[max(self._end - length, 0) : self._end]

    def usable(self, length: int, gaps: float) -> tuple[list[int], Floats]:
        """Return the columns fit for an estimate, and their last rows with gaps carried forward.

        Fit is what has a first and a last value, positive prices, at most a share ``gaps`` of rows
        missing, and at least two values that differ.
        """
        rows = self.window(length)
        missing = np.isnan(rows)
        good = ~missing[0] & ~missing[-1] & (missing.mean(axis=0) <= gaps)
        with np.errstate(invalid="ignore"):
            good &= (missing | (rows > 0.0)).all(axis=0)
        columns = np.flatnonzero(good)
        filled = rows[:, columns].copy()
        for t in np.flatnonzero(missing[:, columns].any(axis=1)):
            hole = np.isnan(filled[t])
            filled[t, hole] = filled[t - 1, hole]
        moving = (filled != filled[0]).any(axis=0) if len(filled) else np.zeros(0, bool)
        return [int(c) for c in columns[moving]], np.ascontiguousarray(filled[:, moving])


class PanelStrategy(Strategy):
    """What strategies on rows of closes have in common; subclasses say what to do with a row.

    A row is complete when every symbol has sent its bar, at the latest two seconds (a quarter of
    the bar, where that is less) after the first one came; what comes later is left out of it. What
    holds a symbol whose last bar is more than ``stale`` rows back is closed.

    Attributes
    ----------
    notes : deque of (int, str, str)
        Time [ns UTC], what, why: every bet that was opened, closed or refused, newest last.
    """

    symbols: tuple[str, ...] = ()
    window: int = 252
    refit: int = 21
    gross: float = 10_000.0
    gaps: float = 0.02
    stale: int = 5

    def on_start(self, ctx: Context) -> None:
        """Check the parameters and make the panel."""
        for symbol in self.symbols:
            if symbol not in ctx.symbols:
                raise ParameterError(
                    f"symbols names {symbol!r}, which the run does not have",
                    field="symbols",
                    remedy=f"use some of {', '.join(ctx.symbols)}, or () for all",
                )
        within(self, "refit", 1)
        within(self, "gaps", 0.0, 0.5)
        within(self, "stale", 1)
        within(self, "gross", 1e-9, 1e15)
        self.check()
        self.notes: deque[tuple[int, str, str]] = deque(maxlen=_NOTES)
        self.panel = Panel(list(self.symbols or ctx.symbols), self.window + 1)
        self.legs = Legs({s: ctx.instrument(s) for s in self.panel.symbols})
        self._row = np.full(len(self.panel.symbols), np.nan)
        self._missing: set[int] = set()
        self._row_ts = -1
        self._closed_ts = -1
        self._fitted_at = -self.refit
        self._broken: set[str] = set()

    def check(self) -> None:
        """Refuse parameters outside their ranges."""

    def fit(self, ctx: Context, columns: list[int], closes: Floats) -> None:
        """Estimate again on the trailing window."""

    def follow(self, ctx: Context) -> None:
        """Take the newest row in and open or close bets."""

    def estimated(
        self, ctx: Context, columns: list[int], closes: Floats, estimate: Callable[[Floats], _T]
    ) -> tuple[list[int], Floats, _T] | None:
        """Return an estimate and the columns it rests on; None, and a note, when there is none.

        A column that the estimate refuses by its place (constant, or a combination of others) is
        left out, and the rest is tried again.
        """
        while True:
            try:
                return columns, closes, estimate(closes)
            except TradingError as error:
                place = error.where.get("column")
                if not isinstance(error, Degenerate) or not isinstance(place, int):
                    self.note(ctx, "fit", f"refused: {error}")
                    return None
                self.note(ctx, self.panel.symbols[columns[place]], f"refused: {error}")
                if len(columns) < 3:
                    return None
            columns = columns[:place] + columns[place + 1 :]
            closes = np.ascontiguousarray(np.delete(closes, place, axis=1))

    def note(self, ctx: Context, what: str, why: str) -> None:
        """Keep what happened and why."""
        self.notes.append((ctx.now, what, why))

    def on_bar(self, ctx: Context, bar: Any) -> None:
        """Put the close into its row; act when the row is complete."""
        place = self.panel.at.get(bar.symbol)
        if place is None:
            return
        ts = bar.ts_close
        if ts <= self._closed_ts:
            if ts == self._closed_ts and place in self._missing:
                self.note(ctx, bar.symbol, "its bar came too late for its row")
            return
        if self._row_ts >= 0 and ts > self._row_ts:
            self._close_row(ctx)
        if self._row_ts < 0:
            self._row_ts = ts
            self._row[:] = np.nan
            self._missing = set(self.panel.at.values())
            grace = min(_GRACE_NS, (ts - bar.ts_open) // 4)
            ctx.set_timer(_TIMER, at=ctx.now + max(grace, 1))
        elif ts < self._row_ts:
            return
        self._row[place] = bar.close
        self._missing.discard(place)
        if not self._missing:
            self._close_row(ctx)

    def on_timer(self, ctx: Context, timer: Any) -> None:
        """Act on a row that did not become complete."""
        if timer.name == _TIMER and self._row_ts >= 0:
            self._close_row(ctx)

    def _close_row(self, ctx: Context) -> None:
        self._closed_ts, self._row_ts = self._row_ts, -1
        self.panel.append(self._row)
        self._drop_stopped(ctx)
        due = self.panel.count - self._fitted_at >= self.refit
        if due and self.panel.count >= self.window:
            self._fitted_at = self.panel.count
            self._broken.clear()
            columns, closes = self.panel.usable(self.window, self.gaps)
            self.fit(ctx, columns, closes)
        self.follow(ctx)
        self.legs.work(ctx)

    def _drop_stopped(self, ctx: Context) -> None:
        """Close what holds a symbol that has no bars any more."""
        stopped = {self.panel.symbols[c] for c in np.flatnonzero(self.panel.age > self.stale)}
        for name in self.legs.names() if stopped else ():
            gone = stopped.intersection(self.legs.symbols(name))
            if gone:
                self.drop(ctx, name, f"{min(gone)} has had no bar for over {self.stale} rows")

    def on_order(self, ctx: Context, order: Any) -> None:
        """Close what cannot be held in full: a leg was refused."""
        if order.status != "Rejected":
            return
        hit = [name for name in self.legs.names() if order.symbol in self.legs.symbols(name)]
        for name in hit:
            self.drop(ctx, name, f"an order in {order.symbol} was refused: {order.reason}")
        if hit:
            self.legs.work(ctx)

    def drop(self, ctx: Context, name: str, why: str) -> None:
        """Close a bet and leave it alone until the next fit."""
        self.legs.drop(name)
        self._broken.add(name)
        self.note(ctx, name, f"closed: {why}")
