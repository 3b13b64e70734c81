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
        self._averages = {
            symbol: (SMA(self.fast), SMA(self.slow)) for symbol in selected(ctx, self.symbol)
        }

    def on_bar(self, ctx: Context, bar: Any) -> None:
        """Take the close in and say what to hold."""
        symbol = bar.symbol
        averages = self._averages.get(symbol)
        if averages is None:
            return
        fast, slow = averages
        close = bar.close
        fast_value, slow_value = fast.update(close), slow.update(close)
        if fast.ready and slow.ready:
            ctx.target(symbol, self.order_qty if fast_value > slow_value else 0.0)
