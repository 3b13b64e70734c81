"""Pairs: screen a panel for cointegration, follow each hedge, trade what leaves its prediction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import py_rt.quant as quant
from py_rt.errors import ParameterError, TradingError
from py_rt.strategies._panel import Floats, PanelStrategy, within
from py_rt.strategy import Context

__all__ = ["Pairs"]


@dataclass
class _Pair:
    """A pair under watch."""

    y: str
    x: str
    hedge: quant.KalmanHedge
    beta: float = 0.0
    z: float = 0.0
    side: int = 0

    @property
    def name(self) -> str:
        return f"{self.y}~{self.x}"


class Pairs(PanelStrategy):
    """Pairs: screen a panel for cointegration, follow each hedge, trade what leaves its prediction.

    Every ``refit`` rows all ordered pairs of the last ``window`` closes are tested by Engle and
    Granger; of those whose false discovery rate is at most ``fdr`` the ``pairs`` most significant
    are kept. A Kalman filter, its noises fitted on the same window, then predicts
    ``y = beta x + a`` one row ahead: ``z = (y - beta x - a) / s``. Below ``-entry`` the pair is
    bought (long y, short beta x), above ``entry`` sold; within ``exit``, on the other side, beyond
    ``stop``, or when the next screen does not name it any more it is closed.

    Parameters
    ----------
    symbols : tuple of str
        Two or more; () for all of the run.
    window, refit : int
        Rows of the screen, and between two of them.
    fdr : float
        Largest q-value of a pair.
    pairs : int
        Pairs held at once, at most.
    entry, exit, stop : float
        In standard deviations of the prediction, ``0 <= exit < entry < stop``.
    gross : float
        Value of both legs of a pair together [money].
    gaps : float
        Largest share of missing bars of a symbol in the window; smaller gaps are carried forward.
    stale : int
        Rows without a bar after which a symbol has stopped trading.

    Raises
    ------
    ParameterError
        When the run begins: a parameter outside its range, a symbol that the run does not have.

    Notes
    -----
    Looks at nothing later than the row it acts on. Source: Engle and Granger 1987; Benjamini and
    Hochberg 1995; the filter of :func:`py_rt.quant.kalman_hedge`.

    Examples
    --------
    >>> from py_rt.strategies import Pairs
    >>> Pairs(window=120, fdr=0.1).params["entry"]
    2.0
    """

    fdr: float = 0.05
    pairs: int = 5
    entry: float = 2.0
    exit: float = 0.5
    stop: float = 6.0

    def check(self) -> None:
        """Refuse parameters outside their ranges."""
        within(self, "window", 12)
        within(self, "pairs", 1)
        within(self, "fdr", 1e-12, 1.0 - 1e-12)
        if not 0.0 <= self.exit < self.entry < self.stop:
            raise ParameterError(
                f"exit, entry, stop are {self.exit}, {self.entry}, {self.stop}",
                field="entry",
                remedy="let them rise, exit from 0",
            )
        self.watched: dict[str, _Pair] = {}

    def fit(self, ctx: Context, columns: list[int], closes: Floats) -> None:
        """Screen the window and make the filters of the pairs that pass."""
        before, self.watched = self.watched, {}
        for y, x in self._screened(ctx, columns, closes):
            left, right = closes[:, columns.index(y)], closes[:, columns.index(x)]
            names = self.panel.symbols[y], self.panel.symbols[x]
            try:
                hedge = quant.kalman_hedge(left, right, train=len(left) - 1).filter()
            except TradingError as error:
                self.note(ctx, "~".join(names), f"refused: {error}")
                continue
            pair = _Pair(*names, hedge)
            for values in zip(left, right, strict=True):
                self._see(pair, *values)
            kept = before.get(pair.name)
            pair.side = kept.side if kept and self.legs.has(pair.name) else 0
            self.watched[pair.name] = pair
        for name in self.legs.names():
            if name not in self.watched:
                self.legs.drop(name)
                self.note(ctx, name, "closed: the screen does not name it any more")

    def _screened(self, ctx: Context, columns: list[int], closes: Floats) -> list[tuple[int, int]]:
        """Return the columns (y, x) of the pairs that pass, most significant first."""
        if len(columns) < 2:
            self.note(ctx, "fit", f"refused: {len(columns)} symbols with enough bars")
            return []
        told = self.estimated(
            ctx, columns, closes, lambda x: quant.screen_pairs(x, fdr=self.fdr, threads=1)
        )
        if told is None:
            return []
        known, _, found = told
        passed = found[found["selected"] & (found["hedge_ratio"] > 0.0)]
        passed = passed.sort_values(["pvalue", "y", "x"], kind="stable")
        chosen: list[tuple[int, int]] = []
        for y, x in zip(passed["y"], passed["x"], strict=True):
            if len(chosen) < self.pairs and (known[x], known[y]) not in chosen:
                chosen.append((known[y], known[x]))
        return chosen

    @staticmethod
    def _see(pair: _Pair, y: float, x: float) -> None:
        seen = pair.hedge.update(y, x)
        pair.beta, pair.z = seen["beta"], seen["spread"] / seen["spread_std"]

    def follow(self, ctx: Context) -> None:
        """Update the filters with the newest row and open or close."""
        fresh = self._fitted_at == self.panel.count
        at, row = self.panel.at, self.panel.window(1)[0]
        for name, pair in self.watched.items():
            y, x = row[at[pair.y]], row[at[pair.x]]
            if np.isnan(y) or np.isnan(x):
                continue
            if not fresh:
                self._see(pair, y, x)
            if not np.isfinite(pair.z):
                continue
            ctx.signal(pair.y, pair.z)
            if self.legs.has(name):
                self._leave(ctx, pair)
            elif name not in self._broken:
                pair.side = 0
                self._enter(ctx, pair, {pair.y: y, pair.x: x})

    def _enter(self, ctx: Context, pair: _Pair, prices: dict[str, float]) -> None:
        if not self.entry < abs(pair.z) < self.stop:
            return None
        side = -1 if pair.z > 0.0 else 1
        if pair.beta <= 0.0:
            return self.note(ctx, pair.name, f"refused: a hedge of {pair.beta:.4g}")
        weights = {pair.y: float(side), pair.x: -side * pair.beta}
        units, why = self.legs.sized(weights, prices, self.gross)
        if not units:
            return self.note(ctx, pair.name, f"refused: {why}")
        pair.side = side
        self.legs.open(pair.name, units)
        return self.note(ctx, pair.name, f"opened: z {pair.z:.3f}, {units}")

    def _leave(self, ctx: Context, pair: _Pair) -> None:
        against = -pair.z * pair.side
        if against <= self.exit:
            self.legs.drop(pair.name)
            self.note(ctx, pair.name, f"closed: z {pair.z:.3f}")
        elif against >= self.stop:
            self.drop(ctx, pair.name, f"z {pair.z:.3f} is beyond the stop")
