"""Against the z-score of the close: in beyond ``entry``, out within ``exit``."""

from __future__ import annotations

from typing import Any

from py_rt.errors import ParameterError
from py_rt.indicators import ZScore
from py_rt.strategies._selection import selected
from py_rt.strategy import Context, Strategy

__all__ = ["MeanReversion"]


class MeanReversion(Strategy):
    """Against the z-score of the close: in beyond ``entry``, out within ``exit``.

    Where selling short is not possible a high score closes the position.

    Parameters
    ----------
    symbol : str
        The symbol to trade; "" for every one of the run, each with a score of its own.
    lookback : int
        Bars of the z-score, 2 or more.
    entry, exit : float
        Distances that open and close [standard deviations], ``exit < entry``.
    order_qty : float
        Position while in [units].

    Raises
    ------
    ParameterError
        When the run begins: a parameter outside its range, or a symbol that the run does not have.

    Examples
    --------
    >>> from py_rt.strategies import MeanReversion
    >>> MeanReversion(lookback=60, entry=1.5).params["entry"]
    1.5
    """

    symbol: str = ""
    lookback: int = 20
    entry: float = 2.0
    exit: float = 0.5
    order_qty: float = 100.0

    def on_start(self, ctx: Context) -> None:
        """Make the scores."""
        if not 0.0 <= self.exit < self.entry:
            raise ParameterError(
                f"exit is {self.exit}, but entry is {self.entry}",
                field="exit",
                remedy="pass 0 or more and less than entry",
            )
        self._scores = {symbol: ZScore(self.lookback) for symbol in selected(ctx, self.symbol)}
        self._short = {
            symbol: -self.order_qty if ctx.instrument(symbol).shortable else 0.0
            for symbol in self._scores
        }

    def on_bar(self, ctx: Context, bar: Any) -> None:
        """Take the close in and say what to hold, if it changes."""
        symbol = bar.symbol
        score = self._scores.get(symbol)
        if score is None:
            return
        value = score.update(bar.close)
        if not score.ready:
            return
        if value > self.entry:
            ctx.target(symbol, self._short[symbol])
        elif value < -self.entry:
            ctx.target(symbol, self.order_qty)
        elif abs(value) <= self.exit:
            ctx.target(symbol, 0.0)
