"""Long while the fast moving average of the close is above the slow one, else flat."""

from __future__ import annotations

from typing import Any

from py_rt.indicators import SMA
from py_rt.strategies._selection import selected
from py_rt.strategy import Context, Strategy

__all__ = ["SmaCross"]


class SmaCross(Strategy):
    """Long while the fast moving average of the close is above the slow one, else flat.

    Parameters
    ----------
    symbol : str
        The symbol to trade; "" for every one of the run, each with averages of its own.
    fast, slow : int
        Bars of the two averages, 1 or more.
    order_qty : float
        Position while long [units].

    Raises
    ------
    ParameterError
        When the run begins: a period outside its range, or a symbol that the run does not have.

    Examples
    --------
    >>> from py_rt.strategies import SmaCross
    >>> SmaCross(fast=5)
    SmaCross(symbol='', fast=5, slow=30, order_qty=100.0)
    """

    symbol: str = ""
    fast: int = 10
    slow: int = 30
    order_qty: float = 100.0

    def on_start(self, ctx: Context) -> None:
        """Make the averages."""
        self._updates = {
            symbol: (SMA(self.fast).update, SMA(self.slow).update)
            for symbol in selected(ctx, self.symbol)
        }

    def on_bar(self, ctx: Context, bar: Any) -> None:
        """Take the close in and say what to hold."""
        symbol = bar.symbol
        updates = self._updates.get(symbol)
        if updates is None:
            return
        close = bar.close
        fast, slow = updates[0](close), updates[1](close)
        if fast > slow:
            ctx.target(symbol, self.order_qty)
        elif fast <= slow:  # neither is true before both are ready: NaN compares with nothing
            ctx.target(symbol, 0.0)
