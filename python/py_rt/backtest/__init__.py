"""Backtests: a strategy over recorded data in virtual time, and what comes out of it."""

from typing import TYPE_CHECKING

from py_rt._later import later

if TYPE_CHECKING:
    from py_rt.backtest.receipt import verify
    from py_rt.backtest.result import BacktestResult
    from py_rt.backtest.run import backtest
    from py_rt.backtest.vector import VectorResult, vector_backtest

__all__ = ["BacktestResult", "VectorResult", "backtest", "vector_backtest", "verify"]

# A session needs only to know who trades (`lineup`).
__getattr__, __dir__ = later(
    __name__,
    __all__,
    {
        "receipt": ("verify",),
        "result": ("BacktestResult",),
        "run": ("backtest",),
        "vector": ("VectorResult", "vector_backtest"),
    },
)
