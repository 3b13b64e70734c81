"""Run one backtest: resolve what was written, call the engine, wrap what it returns."""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np

import py_rt._core as _core
from py_rt._amounts import Number, decimal, plain, whole
from py_rt._times import to_duration_ns
from py_rt.backtest.progress import Progress, StopBySecondLook
from py_rt.backtest.receipt import make_receipt
from py_rt.backtest.result import BacktestResult
from py_rt.config import RiskLimits, SimVenue
from py_rt.data import load
from py_rt.errors import DataError, ParameterError
from py_rt.market import MarketData
from py_rt.strategy import Strategy

__all__ = ["backtest"]

_EQUITY_POINTS = 20_000
_DAY_NS = 86_400_000_000_000


def backtest(
    strategy: Strategy,
    data: MarketData | str | os.PathLike[str] | Any,
    venue: SimVenue | None = None,
    risk: RiskLimits | None = None,
    cash: Number = 1_000_000,
    seed: int = 0,
    progress: bool | Callable[[int, int], object] = True,
    bars: str | int | None = None,
) -> BacktestResult:
    """Run a strategy over recorded data and return what happened.

    The kernel that decides here is the one that decides live. A decision at time t sees only what
    had arrived by t; an order reaches the venue after its latency; fills are pessimistic.

    Parameters
    ----------
    strategy : Strategy
        What to run. Each run works on a fresh copy; afterwards the object has what the copy left
        in its attributes, parameters excepted, and the next run begins as this one did.
    data : MarketData, path, ``"sample:NAME"`` or DataFrame
        What to run it on; anything but MarketData goes through ``rt.data.load``.
    venue : SimVenue, optional
        Latencies, queue, fees and fill rules of the simulated venue.
    risk : RiskLimits, optional
        Limits; what is unset has the documented default of a backtest.
    cash : number [money], default 1,000,000
        Cash to start with.
    seed : int
        Seed of everything random; kept in the receipt.
    progress : bool or callable ``(done, total)``
        True shows a bar on a terminal when the run lasts over a second.
    bars : duration such as ``"1m"``, optional
        Interval of bars that the kernel builds from trades. By default one minute when the
        strategy wants bars and the data have trades but no bars.

    Returns
    -------
    BacktestResult

    Raises
    ------
    ParameterError
        An argument of the wrong type or range.
    DataError
        Data that cannot be used.
    StrategyError
        The strategy misused its context. Exceptions of the strategy itself are raised as they are.

    Notes
    -----
    Time grows linearly with rows; memory with orders, fills and the equity curve (at most 20,000
    points). Deterministic: equal arguments give an equal ``order_hash``. No look-ahead.

    Examples
    --------
    >>> import py_rt as rt
    >>> result = rt.backtest(rt.strategies.SmaCross(order_qty=10), "sample:us_minute")
    >>> result.stats.n_orders > 0
    True
    """
    _check_strategy(strategy)
    market = data if isinstance(data, MarketData) else load(data)
    if len(market) == 0:
        raise DataError("there are no rows", field="data", remedy="check symbols, start and end")
    venue = venue if venue is not None else SimVenue()
    risk = risk if risk is not None else RiskLimits()
    _check_kind(venue, SimVenue, "venue")
    if venue.queue == "fifo" and "order" not in market.kinds:
        raise ParameterError(
            f"queue='fifo' needs data by order; these are {', '.join(market.kinds) or 'none'}",
            field="queue",
            remedy="use 'risk_averse', which comes nearest to it (docs/fill_study.md)",
        )
    _check_kind(risk, RiskLimits, "risk")
    seed = whole(seed, "seed", least=0, most=2**63 - 1)
    start_cash = decimal(cash, "cash", least=0, most=Decimal(10) ** 15)
    limits = risk.resolve("backtest", start_cash)
    interval_ns = _bar_interval(strategy, market, bars)
    run = {
        "instruments": [instrument.to_dict() for instrument in market.instruments],
        "venue": venue.to_core(),
        "risk": limits.to_core(),
        "cash": plain(start_cash),
        "seed": seed,
        "bar_interval_ns": interval_ns,
        "sample_every_ns": _sample_step(market),
    }
    events, rows, running = _bytes(market.events()), _bytes(market.bars()), strategy.fresh()
    try:
        with StopBySecondLook() as stop, Progress(progress, "backtest", stop.look) as shown:
            raw = _core.run_backtest(events, rows, running, run, shown.update)
    finally:
        strategy.adopt(running)
    config = {
        "venue": venue.to_dict(),
        "risk": limits.to_dict(),
        "cash": plain(start_cash),
        "bar_interval_ns": interval_ns,
        "seed": seed,
    }
    receipt = make_receipt(strategy, market, data, config, raw["order_hash"])
    assumptions = {
        "venue": venue.to_dict(),
        "risk": limits.to_dict(),
        "bars_built_ns": interval_ns,
        "partial_fills": venue.partial_fills,
        "own_market_impact": "none: our orders leave no mark on the recorded market",
    }
    return BacktestResult.from_core(
        raw,
        market,
        strategy=strategy.name,
        params=strategy.params,
        cash=plain(start_cash),
        assumptions=assumptions,
        receipt=receipt,
    )


def _check_strategy(strategy: object) -> None:
    if not isinstance(strategy, Strategy):
        name = strategy.__name__ if isinstance(strategy, type) else type(strategy).__name__
        remedy = "pass an instance of a subclass of rt.Strategy, e.g. SmaCross(fast=5)"
        raise ParameterError(f"{name} is no strategy object", field="strategy", remedy=remedy)


def _check_kind(value: object, kind: type, name: str) -> None:
    if not isinstance(value, kind):
        raise ParameterError(
            f"{value!r} is no {kind.__name__}", field=name, remedy=f"pass rt.{kind.__name__}(...)"
        )


def _bytes(rows: Any) -> Any:
    return None if len(rows) == 0 else np.ascontiguousarray(rows).view(np.uint8)


def _bar_interval(strategy: Strategy, market: MarketData, bars: str | int | None) -> int:
    if bars is not None:
        return to_duration_ns(bars, "bars")
    wants = "on_bar" in strategy._overridden()
    return 60_000_000_000 if wants and "bar" not in market.kinds else 0


def _sample_step(market: MarketData) -> int:
    """Return the step of the equity curve: every bar or second, at most 20,000 points.

    The shortest bar is looked for among some thousands of them.
    """
    rows = market.bars()
    rows = rows[:: max(1, len(rows) // 4096)]
    step = 1_000_000_000
    if len(rows):
        step = max(step, int((rows["ts_close"] - rows["ts_open"]).min()))
    longest = ((market.end or 0) - (market.start or 0)) // _EQUITY_POINTS
    return min(max(step, longest), _DAY_NS)
