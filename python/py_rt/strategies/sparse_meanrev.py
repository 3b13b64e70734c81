"""A portfolio of few symbols that returns to its mean fastest, traded against its z-score."""

from __future__ import annotations

from typing import Literal

import numpy as np

import py_rt.quant as quant
from py_rt.errors import ParameterError
from py_rt.strategies._panel import Floats, PanelStrategy, within
from py_rt.strategy import Context

__all__ = ["SparseMeanReversion"]

_BET = "portfolio"


class SparseMeanReversion(PanelStrategy):
    """A portfolio of few symbols that returns to its mean fastest, traded against its z-score.

    Every ``refit`` rows :func:`py_rt.quant.sparse_mean_reversion` chooses at most ``k`` symbols and
    weights w (units a symbol) with the least predictability over the last ``window`` closes. With
    m and s, mean and deviation of ``w'S`` in that window: ``z_t = (w'S_t - m) / s``. Below
    ``-entry`` the portfolio is bought, above ``entry`` sold; within ``exit``, on the other side,
    beyond ``stop``, or at the next fit it is closed. A portfolio whose half-life is not between one
    row and ``half_life`` is not traded.

    Parameters
    ----------
    symbols : tuple of str
        ``k`` or more, fewer than ``window`` less two; () for all of the run.
    window, refit : int
        Rows of a fit, and between two of them.
    k : int
        Symbols held, at most.
    criterion : {"predictability", "portmanteau", "crossing"}
        What is to be small.
    half_life : float
        Longest half-life of a portfolio that is traded [rows].
    entry, exit, stop : float
        In standard deviations, ``0 <= exit < entry < stop``.
    gross : float
        Value of all legs together [money].
    gaps, stale
        As in :class:`Pairs`.

    Raises
    ------
    ParameterError
        When the run begins: a parameter outside its range, a symbol that the run does not have.

    Notes
    -----
    Looks at nothing later than the row it acts on. Source: d'Aspremont 2011; Cuturi and d'Aspremont
    2015.

    Examples
    --------
    >>> from py_rt.strategies import SparseMeanReversion
    >>> SparseMeanReversion(k=3).params["criterion"]
    'predictability'
    """

    k: int = 4
    criterion: Literal["predictability", "portmanteau", "crossing"] = "predictability"
    half_life: float = 60.0
    entry: float = 1.5
    exit: float = 0.25
    stop: float = 5.0

    def check(self) -> None:
        """Refuse parameters outside their ranges."""
        within(self, "window", 12)
        within(self, "k", 1)
        within(self, "half_life", 1.0)
        if not 0.0 <= self.exit < self.entry < self.stop:
            raise ParameterError(
                f"exit, entry, stop are {self.exit}, {self.entry}, {self.stop}",
                field="entry",
                remedy="let them rise, exit from 0",
            )
        self.weights: dict[str, float] = {}
        self.mean = self.std = 0.0
        self.z = float("nan")
        self._side = 0

    def fit(self, ctx: Context, columns: list[int], closes: Floats) -> None:
        """Choose the portfolio anew; what the old one holds is closed."""
        self.weights = {}
        if self.legs.has(_BET):
            self.legs.drop(_BET)
            self.note(ctx, _BET, "closed: chosen anew")
        if len(columns) < self.k:
            return self.note(ctx, "fit", f"refused: {len(columns)} symbols with enough bars")
        told = self.estimated(
            ctx,
            columns,
            closes,
            lambda x: quant.sparse_mean_reversion(x, self.k, criterion=self.criterion),
        )
        if told is None:
            return None
        columns, closes, found = told
        if not 1.0 <= found.half_life <= self.half_life:
            return self.note(ctx, "fit", f"refused: a half-life of {found.half_life:.4g} rows")
        values = closes[:, found.support] @ found.weights[found.support]
        self.mean, self.std = float(values.mean()), float(values.std(ddof=1))
        self.weights = {
            self.panel.symbols[columns[j]]: float(found.weights[j]) for j in found.support
        }
        return self.note(ctx, "fit", f"half-life {found.half_life:.4g} rows, {self.weights}")

    def follow(self, ctx: Context) -> None:
        """Open or close by the newest row."""
        row, at = self.panel.window(1)[0], self.panel.at
        prices = {symbol: float(row[at[symbol]]) for symbol in self.weights}
        if not prices or not np.isfinite(list(prices.values())).all() or not self.std > 0.0:
            return
        value = sum(self.weights[s] * price for s, price in prices.items())
        self.z = (value - self.mean) / self.std
        for symbol in self.weights:
            ctx.signal(symbol, self.z)
        if self.legs.has(_BET):
            against = -self.z * self._side
            if against <= self.exit:
                self.legs.drop(_BET)
                self.note(ctx, _BET, f"closed: z {self.z:.3f}")
            elif against >= self.stop:
                self.drop(ctx, _BET, f"z {self.z:.3f} is beyond the stop")
        elif _BET not in self._broken and self.entry < abs(self.z) < self.stop:
            self._enter(ctx, prices)

    def _enter(self, ctx: Context, prices: dict[str, float]) -> None:
        side = -1 if self.z > 0.0 else 1
        wanted = {symbol: side * weight for symbol, weight in self.weights.items()}
        units, why = self.legs.sized(wanted, prices, self.gross)
        if not units:
            return self.note(ctx, _BET, f"refused: {why}")
        self._side = side
        self.legs.open(_BET, units)
        return self.note(ctx, _BET, f"opened: z {self.z:.3f}, {units}")
