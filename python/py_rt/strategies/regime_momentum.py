"""With the trend of the close while the regime is calm, sized by the volatility expected."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

from py_rt.strategies._panel import within
from py_rt.strategies._regimes import RegimeWatch
from py_rt.strategies._selection import affordable, selected
from py_rt.strategy import Context, Strategy

__all__ = ["RegimeMomentum"]


class RegimeMomentum(Strategy):
    """With the trend of the close while the regime is calm, sized by the volatility expected.

    The trend is ``ln(close_t / close_{t-lookback})``. A hidden Markov model of log returns, fitted
    every ``refit`` bars on the last ``window``, gives the probabilities q of the regimes of the
    next bar. While that of the most volatile one is at most ``turbulent`` the position follows the
    sign of the trend, worth ``gross min(1, volatility / v)`` with v the deviation of the next
    return, ``v^2 = sum q_k (s_k^2 + m_k^2) - (sum q_k m_k)^2``; else it is closed. A position is
    sized when it is opened.

    Parameters
    ----------
    symbol : str
        The symbol to trade; "" for every one of the run, each with a model of its own.
    n_regimes : int
        Regimes, 2 to 8.
    lookback : int
        Bars of the trend, 1 or more.
    turbulent : float
        Largest probability of the most volatile regime with which a position is held.
    volatility : float
        Deviation of a bar's return at which a position is worth ``gross``.
    short : bool
        Sell short on falling trends, where that is possible; else stay out.
    window, refit : int
        Returns that the model is fitted on, and between two fits.
    gross : float
        Largest value of a position [money].

    Raises
    ------
    ParameterError
        When the run begins: a parameter outside its range, a symbol that the run does not have.

    Notes
    -----
    Looks at nothing later than the bar it acts on. Source: Moskowitz, Ooi and Pedersen 2012 for the
    trend; Hamilton 1989 for the model; Moreira and Muir 2017 for the size.

    Examples
    --------
    >>> from py_rt.strategies import RegimeMomentum
    >>> RegimeMomentum(lookback=60).params["turbulent"]
    0.5
    """

    symbol: str = ""
    n_regimes: int = 2
    lookback: int = 120
    turbulent: float = 0.5
    volatility: float = 0.01
    short: bool = False
    window: int = 504
    refit: int = 63
    gross: float = 10_000.0

    def on_start(self, ctx: Context) -> None:
        """Check the parameters and make the models."""
        within(self, "n_regimes", 2, 8)
        within(self, "lookback", 1)
        within(self, "turbulent", 0.0, 1.0)
        within(self, "volatility", 1e-12)
        within(self, "window", 10 * self.n_regimes)
        within(self, "refit", 1)
        within(self, "gross", 1e-9, 1e15)
        self.notes: deque[tuple[int, str, str]] = deque(maxlen=10_000)
        names = selected(ctx, self.symbol)
        self._watch = {
            symbol: RegimeWatch(self.n_regimes, self.window, self.refit) for symbol in names
        }
        self._closes: dict[str, deque[float]] = {s: deque(maxlen=self.lookback + 1) for s in names}
        self._side = dict.fromkeys(names, 0)
        self._qty = dict.fromkeys(names, 0.0)

    def on_bar(self, ctx: Context, bar: Any) -> None:
        """Take the close in and say what to hold."""
        symbol = bar.symbol
        watch = self._watch.get(symbol)
        if watch is None:
            return
        close, closes = bar.close, self._closes[symbol]
        closes.append(close)
        fits, known = watch.fits, watch.update(close)
        if watch.trouble and watch.fits == fits:
            self._note(ctx, symbol, f"refused: {watch.trouble}")
            watch.trouble = ""
        if not known or len(closes) < self.lookback + 1 or not closes[0] > 0.0:
            return
        trend = math.log(close / closes[0])
        turbulent, v = self.expected(watch)
        side = 0
        if turbulent <= self.turbulent and trend != 0.0:
            side = 1 if trend > 0.0 else -1 if self._may_short(ctx, symbol) else 0
        ctx.signal(symbol, trend, confidence=min(max(1.0 - turbulent, 0.0), 1.0))
        if side != self._side[symbol]:
            worth = self.gross * min(1.0, self.volatility / v)
            qty, why = affordable(ctx, symbol, side, worth, close)
            if side and not qty:
                self._note(ctx, symbol, f"refused: {why}")
            self._side[symbol], self._qty[symbol] = side, qty
        ctx.target(symbol, self._qty[symbol])

    @staticmethod
    def expected(watch: RegimeWatch) -> tuple[float, float]:
        """Return the next bar's probability of the most volatile regime, and its deviation."""
        model, law = watch.model, watch.expected()
        assert model is not None
        mean = float(law @ model.means_)
        square = float(law @ (model.variances_ + model.means_**2))
        return float(law[-1]), math.sqrt(max(square - mean * mean, 1e-300))

    def _may_short(self, ctx: Context, symbol: str) -> bool:
        return self.short and bool(ctx.instrument(symbol).shortable)

    def _note(self, ctx: Context, what: str, why: str) -> None:
        self.notes.append((ctx.now, what, why))
