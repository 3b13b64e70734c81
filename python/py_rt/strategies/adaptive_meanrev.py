"""Against the z-score of the close, with thresholds that widen in turbulent regimes."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from py_rt.errors import ParameterError
from py_rt.indicators import ZScore
from py_rt.strategies._panel import within
from py_rt.strategies._regimes import RegimeWatch
from py_rt.strategies._selection import affordable, selected
from py_rt.strategy import Context, Strategy

__all__ = ["AdaptiveMeanReversion"]


class AdaptiveMeanReversion(Strategy):
    """Against the z-score of the close, with thresholds that widen in turbulent regimes.

    A hidden Markov model of log returns, fitted every ``refit`` bars on the last ``window``, gives
    the filtered probabilities p of the regimes k = 0..K-1, in order of rising volatility. The
    threshold of the bar is ``entry (1 + widen sum_k p_k k / (K - 1))``. The symbol is bought when
    the z-score of its close over ``lookback`` bars is below the threshold's negative, sold above
    it, and closed within ``exit`` or on the other side. Until there is a model nothing is opened.

    Parameters
    ----------
    symbol : str
        The symbol to trade; "" for every one of the run, each with a model of its own.
    n_regimes : int
        Regimes, 1 to 8.
    lookback : int
        Bars of the z-score, 2 or more.
    entry, exit : float
        In standard deviations, ``0 <= exit < entry``.
    widen : float
        By how much the threshold grows, as a part, from the calmest to the most turbulent regime.
    window, refit : int
        Returns that the model is fitted on, and between two fits.
    gross : float
        Value of a position [money].

    Raises
    ------
    ParameterError
        When the run begins: a parameter outside its range, a symbol that the run does not have.

    Notes
    -----
    Looks at nothing later than the bar it acts on: filtered probabilities, never smoothed ones.
    Where selling short is not possible a high score closes the position. Source: Hamilton 1989 for
    the model.

    Examples
    --------
    >>> import py_rt as rt
    >>> rt.StrategyFactory.create("adaptive_meanrev", n_regimes=3).params["widen"]
    1.0
    """

    symbol: str = ""
    n_regimes: int = 3
    lookback: int = 20
    entry: float = 1.5
    exit: float = 0.25
    widen: float = 1.0
    window: int = 504
    refit: int = 63
    gross: float = 10_000.0

    def on_start(self, ctx: Context) -> None:
        """Check the parameters and make scores and models."""
        within(self, "n_regimes", 1, 8)
        within(self, "lookback", 2)
        within(self, "widen", 0.0, 100.0)
        within(self, "window", max(20, 10 * self.n_regimes))
        within(self, "refit", 1)
        within(self, "gross", 1e-9, 1e15)
        if not 0.0 <= self.exit < self.entry:
            raise ParameterError(
                f"exit is {self.exit}, but entry is {self.entry}",
                field="exit",
                remedy="pass 0 or more and less than entry",
            )
        self.notes: deque[tuple[int, str, str]] = deque(maxlen=10_000)
        names = selected(ctx, self.symbol)
        self._scores = {symbol: ZScore(self.lookback) for symbol in names}
        self._watch = {
            symbol: RegimeWatch(self.n_regimes, self.window, self.refit) for symbol in names
        }
        self._side = dict.fromkeys(names, 0)
        self._qty = dict.fromkeys(names, 0.0)

    def on_bar(self, ctx: Context, bar: Any) -> None:
        """Take the close in and say what to hold."""
        symbol = bar.symbol
        watch = self._watch.get(symbol)
        if watch is None:
            return
        close = bar.close
        z = self._scores[symbol].update(close)
        fits, known = watch.fits, watch.update(close)
        if watch.trouble and watch.fits == fits:
            self._note(ctx, symbol, f"refused: {watch.trouble}")
            watch.trouble = ""
        if not self._scores[symbol].ready:
            return
        side = self._side[symbol]
        if side and -z * side <= self.exit:
            side = 0
        if not side and known and watch.law is not None:
            side = self._opened(z, self.threshold(watch.law))
            ctx.signal(symbol, float(-z), confidence=float(min(watch.law.max(), 1.0)))
        if side != self._side[symbol]:
            self._turn(ctx, symbol, side, close)
        ctx.target(symbol, self._qty[symbol])

    def threshold(self, law: Any) -> float:
        """Return the threshold for these probabilities of the regimes [standard deviations]."""
        steps = max(len(law) - 1, 1)
        return self.entry * (1.0 + self.widen * float(law @ np.arange(len(law))) / steps)

    @staticmethod
    def _opened(z: float, threshold: float) -> int:
        return -1 if z > threshold else 1 if z < -threshold else 0

    def _turn(self, ctx: Context, symbol: str, side: int, close: float) -> None:
        qty, why = affordable(ctx, symbol, side, self.gross, close)
        if side and not qty:
            self._note(ctx, symbol, f"refused: {why}")
        self._side[symbol] = side if qty else 0
        self._qty[symbol] = qty

    def _note(self, ctx: Context, what: str, why: str) -> None:
        self.notes.append((ctx.now, what, why))
