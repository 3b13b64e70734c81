"""What the result is measured against: buying and holding a symbol of the data, or a series."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from py_rt._times import to_ns
from py_rt.backtest.measures import simple_returns
from py_rt.backtest.prices import prices_of
from py_rt.errors import DataError, Degenerate, ParameterError
from py_rt.market import MarketData

__all__ = ["DEFINITIONS", "Benchmark", "benchmark_of", "measures_of"]

DEFINITIONS: dict[str, str] = {
    "benchmark_return": "Final value of the benchmark over its value at the start, minus one.",
    "active_return": "Mean of the daily returns less those of the benchmark, times {periods}.",
    "tracking_error": "Standard deviation (ddof 1) of the daily returns less those of the "
    "benchmark, times the root of {periods}.",
    "information_ratio": "active_return over tracking_error. Source: Grinold and Kahn 1999.",
    "beta": "Slope of the daily returns on those of the benchmark, by least squares.",
    "alpha": "Mean of the daily returns less beta times that of the benchmark, times {periods}; "
    "riskless rate zero. Source: Jensen 1968.",
}
"""Words for each measure against a benchmark; ``{periods}`` is 252 or 365."""


@dataclass(frozen=True)
class Benchmark:
    """Prices to measure against.

    Attributes
    ----------
    name : str
    ts : ndarray, shape (n,), int64
        When each price was known, ns UTC, ascending.
    price : ndarray, shape (n,), float64
    """

    name: str
    ts: NDArray[np.int64]
    price: NDArray[np.float64]

    def worth(self, ts: NDArray[np.int64], cash: float) -> NDArray[np.float64]:
        """Return what ``cash`` is worth that was put into it at ``ts[0]``, at each of ``ts``.

        A price holds until the next; before the first one, that one holds.
        """
        place = np.maximum(np.searchsorted(self.ts, ts, side="right") - 1, 0)
        held = self.price[place]
        return np.asarray(cash * held / held[0], dtype=np.float64)


def benchmark_of(given: Any, market: MarketData, base: str | None = None) -> Benchmark | None:
    """Turn what was given as benchmark into prices.

    Parameters
    ----------
    given : None, str, pandas Series, or pair (times, prices)
        A symbol of the data, bought at the start and held; or prices with their times.
    base : str, optional
        The currency in which prices must be.

    Raises
    ------
    ParameterError
        A symbol that the data do not have, or something else.
    DataError
        Prices that are not finite and positive, or times that do not rise.
    """
    if given is None:
        return None
    if isinstance(given, str):
        found = next((i for i in market.instruments if i.symbol == given), None)
        if found is None:
            raise ParameterError(
                f"the data have no {given!r}",
                field="benchmark",
                remedy=f"use one of {', '.join(market.symbols[:9])}, or pass a series",
            )
        if base not in (None, found.currency):
            raise ParameterError(
                f"{given} is in {found.currency}, and the account in {base}",
                field="benchmark",
                remedy=f"pass its prices in {base}",
            )
        ts, price = prices_of(market, found)
        if not len(ts):
            raise DataError(f"{given} has no prices", field="benchmark", remedy="pass a series")
        return Benchmark(given, ts, price)
    index = getattr(given, "index", None)
    if index is not None and not callable(index):
        pair, name = (index, given), str(getattr(given, "name", None) or "benchmark")
    elif isinstance(given, (tuple, list)) and len(given) == 2:
        pair, name = (given[0], given[1]), "benchmark"
    else:
        raise ParameterError(
            f"{type(given).__name__} is no benchmark",
            field="benchmark",
            remedy="pass a symbol of the data, a pandas Series, or (times, prices)",
        )
    ts = np.array([to_ns(value, "benchmark") for value in pair[0]], dtype=np.int64)
    price = np.asarray(pair[1], dtype=np.float64)
    if price.shape != ts.shape or not len(ts):
        raise DataError(
            f"{len(ts)} times, {price.size} prices", field="benchmark", remedy="give one price each"
        )
    wrong = np.flatnonzero(~(np.isfinite(price) & (price > 0)))
    if len(wrong):
        raise DataError(
            f"{price[wrong[0]]} is no price",
            field="benchmark",
            row=int(wrong[0]),
            remedy="drop or fill it",
        )
    wrong = np.flatnonzero(np.diff(ts) <= 0)
    if len(wrong):
        raise DataError(
            "times do not rise", field="benchmark", row=int(wrong[0]) + 1, remedy="sort them"
        )
    return Benchmark(name, ts, price)


def measures_of(
    equity: NDArray[np.float64], worth: NDArray[np.float64], periods: int
) -> tuple[dict[str, float], dict[str, str]]:
    """Measure daily values against those of a benchmark.

    Parameters
    ----------
    equity, worth : ndarray, shape (n + 1,), float64
        Value at the start and at each close, of the account and of the benchmark.
    periods : int
        Days per year.

    Returns
    -------
    values, reasons : dict
        Each measure, or why there is none.
    """
    values: dict[str, float] = {"benchmark_return": float(worth[-1] / worth[0] - 1.0)}
    reasons: dict[str, str] = {}

    def add(name: str, make: Callable[[], float]) -> None:
        try:
            values[name] = make()
        except (Degenerate, DataError) as error:
            reasons[name] = error.what

    def returns() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        own, other = simple_returns(equity), simple_returns(worth)
        if len(own) < 2:
            raise Degenerate("one daily return")
        return own, other

    def spread() -> float:
        own, other = returns()
        wide = float(np.std(own - other, ddof=1))
        if wide <= 1e-15:
            raise Degenerate("the returns equal those of the benchmark")
        return wide * math.sqrt(periods)

    def active() -> float:
        own, other = returns()
        return float(np.mean(own - other)) * periods

    def slope() -> float:
        own, other = returns()
        variance = float(np.var(other, ddof=1))
        if variance <= 1e-30:
            raise Degenerate("the benchmark does not move")
        return float(np.cov(own, other, ddof=1)[0, 1]) / variance

    def intercept() -> float:
        own, other = returns()
        return (float(np.mean(own)) - slope() * float(np.mean(other))) * periods

    add("active_return", active)
    add("tracking_error", spread)
    add("information_ratio", lambda: active() / spread())
    add("beta", slope)
    add("alpha", intercept)
    return values, reasons
