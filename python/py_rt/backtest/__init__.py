"""Backtests: a strategy over recorded data in virtual time, and what comes out of it."""

from py_rt.backtest.receipt import verify
from py_rt.backtest.result import BacktestResult
from py_rt.backtest.run import backtest
from py_rt.backtest.vector import VectorResult, vector_backtest

__all__ = ["BacktestResult", "VectorResult", "backtest", "vector_backtest", "verify"]
