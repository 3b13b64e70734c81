"""The statistics of a backtest, each with its definition, and the reason where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from py_rt.backtest import measures
from py_rt.backtest.benchmark import DEFINITIONS as AGAINST
from py_rt.backtest.benchmark import measures_of
from py_rt.errors import DataError, Degenerate

if TYPE_CHECKING:
    from py_rt.backtest.sessions import DailyEquity

__all__ = ["DEFINITIONS", "Account", "Stats", "stats_of"]

_TAILS = {"var_95": 0.95, "es_975": 0.975}
_YEAR_OF_RETURNS = 252

DEFINITIONS: dict[str, str] = {
    "total_return": "Final equity over initial cash, minus one; after fees.",
    "cagr": "Compound annual growth rate: (1 + total return) to the power of {periods} over the "
    "number of daily returns, minus one.",
    "sharpe": "Mean of the daily returns over their standard deviation (ddof 1), times the root of "
    "{periods}; riskless rate zero. Source: Sharpe 1994.",
    "sortino": "Mean of the daily returns over the downside deviation, the root of the mean of "
    "min(r, 0) squared over all days, times the root of {periods}; target zero. Source: Sortino "
    "and Price 1994.",
    "calmar": "cagr over the absolute value of the maximum drawdown, over the whole run. Source: "
    "Young 1991.",
    "max_drawdown": "The lowest value of equity over its running maximum, minus one, over every "
    "row of the equity table; negative.",
    "volatility": "Standard deviation (ddof 1) of the daily returns times the root of {periods}.",
    "turnover": "Notional of all fills, buys and sells, over the mean of the equity table; over "
    "the whole run, not per year.",
    "win_rate": "Share of round trips with a profit after fees. Round trips match fills first in, "
    "first out.",
    "profit_factor": "Sum of the profits of winning round trips over the sum of the losses of "
    "losing ones, after fees.",
    "n_orders": "Orders the strategy asked for, also those that were rejected or expired.",
    "n_fills": "Fills: executions of our orders, partial ones counted each.",
    "fees": "Sum of the fees of all fills, in money; rebates count negative.",
    "exposure": "Share of the rows of the equity table, the first left out, at which a position "
    "was open.",
    "var_95": "Historical value at risk: the daily loss not exceeded on 95 % of the days, as a "
    "positive share of equity; empirical quantile without interpolation (Hyndman-Fan type 1).",
    "es_975": "Expected shortfall: the mean of the worst 2.5 % of the daily losses, the border "
    "observation counted by its fraction, as a positive share of equity. Source: Acerbi and "
    "Tasche 2002.",
    "psr": "Probabilistic Sharpe ratio: the probability that the true Sharpe ratio is above zero, "
    "given length, skewness and kurtosis of the daily returns. Source: Bailey and Lopez de Prado "
    "2012.",
}
"""Words for each statistic; ``{periods}`` is 252, or 365 where the venue never closes."""


@dataclass(frozen=True)
class Account:
    """What the statistics are made of; arrays are views.

    Attributes
    ----------
    ts : ndarray, shape (m,), int64
        Times of the equity table, ns UTC.
    equity : ndarray, shape (m,), float64
        Account value in money; the first is the initial cash.
    daily : DailyEquity
        The same at the close of each session day.
    fill_ts, fill_signed_qty, fill_notional, fill_fee : ndarray, shape (n,)
        When we heard of each fill (ns), its quantity (buys positive), notional and fee in money.
    fill_symbol : ndarray, shape (n,), object
    trip_pnl : ndarray, shape (k,), float64
        Profit of each round trip after fees, in money.
    n_orders : int
    held : ndarray, shape (m - 1,), bool, optional
        At which rows after the first a position was open; found from the fills when left out.
    benchmark : str, optional
        The name of what to measure against, and
    benchmark_daily : ndarray, shape of ``daily.equity``, optional
        its value at the same closes.
    """

    ts: NDArray[np.int64]
    equity: NDArray[np.float64]
    daily: DailyEquity
    fill_ts: NDArray[np.int64]
    fill_symbol: NDArray[Any]
    fill_signed_qty: NDArray[np.float64]
    fill_notional: NDArray[np.float64]
    fill_fee: NDArray[np.float64]
    trip_pnl: NDArray[np.float64]
    n_orders: int
    held: NDArray[np.bool_] | None = None
    benchmark: str | None = None
    benchmark_daily: NDArray[np.float64] | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Stats(Mapping[str, float | int | None]):
    """Performance statistics, as attributes and as a mapping in the same order.

    What the data cannot support is None, and ``reasons`` says why. ``cautions`` says where a value
    rests on little data. ``definitions`` says in words, with its source, what each one is. The
    measures against a benchmark are part of the mapping where there is one, named ``benchmark``.

    Examples
    --------
    >>> stats = Stats(total_return=0.1, n_fills=3, reasons={"sharpe": "one daily return"})
    >>> stats["total_return"], stats.sharpe, stats.reasons["sharpe"]
    (0.1, None, 'one daily return')
    >>> stats
    Stats(total_return=+10.00%, sharpe=None, max_drawdown=None, n_orders=0, n_fills=3)
    >>> list(stats)[:3]
    ['total_return', 'cagr', 'sharpe']
    """

    total_return: float | None = None
    cagr: float | None = None
    sharpe: float | None = None
    sortino: float | None = None
    calmar: float | None = None
    max_drawdown: float | None = None
    volatility: float | None = None
    turnover: float | None = None
    win_rate: float | None = None
    profit_factor: float | None = None
    n_orders: int = 0
    n_fills: int = 0
    fees: float = 0.0
    exposure: float | None = None
    var_95: float | None = None
    es_975: float | None = None
    psr: float | None = None
    benchmark: str | None = None
    benchmark_return: float | None = None
    active_return: float | None = None
    tracking_error: float | None = None
    information_ratio: float | None = None
    beta: float | None = None
    alpha: float | None = None
    reasons: dict[str, str] = field(default_factory=dict)
    cautions: dict[str, str] = field(default_factory=dict)
    periods_per_year: int = 252
    n_days: int = 0

    NAMES: ClassVar[tuple[str, ...]] = tuple(DEFINITIONS)

    @property
    def definitions(self) -> dict[str, str]:
        """What each statistic is, in words, with its source; by name."""
        return {k: v.format(periods=self.periods_per_year) for k, v in self._words.items()}

    @property
    def _words(self) -> dict[str, str]:
        return DEFINITIONS if self.benchmark is None else {**DEFINITIONS, **AGAINST}

    def __getitem__(self, name: str) -> float | int | None:
        if name not in self._words:
            raise KeyError(name)
        value: float | int | None = getattr(self, name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)

    def __repr__(self) -> str:
        def percent(value: float | None) -> str:
            return "None" if value is None else f"{value:+.2%}"

        sharpe = "None" if self.sharpe is None else f"{self.sharpe:.2f}"
        return (
            f"Stats(total_return={percent(self.total_return)}, sharpe={sharpe}, "
            f"max_drawdown={percent(self.max_drawdown)}, n_orders={self.n_orders}, "
            f"n_fills={self.n_fills})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the values by name, with ``reasons`` and ``cautions``; ready for JSON."""
        return {**self, "reasons": dict(self.reasons), "cautions": dict(self.cautions)}


def stats_of(account: Account) -> Stats:
    """Compute the statistics of one run.

    Parameters
    ----------
    account : Account

    Returns
    -------
    Stats

    Notes
    -----
    O(m + n log n) for m equity rows and n fills; deterministic.
    """
    made = _Sheet()
    daily = account.daily
    periods = daily.periods_per_year
    made.add("total_return", lambda: _total_return(account.equity))
    made.add("max_drawdown", lambda: _max_drawdown(account.equity))
    made.add("turnover", lambda: _turnover(account))
    made.add("exposure", lambda: _exposure(account))
    made.add("win_rate", lambda: _win_rate(account.trip_pnl))
    made.add("profit_factor", lambda: _profit_factor(account.trip_pnl))
    _add_daily(made, daily, account.equity)
    if account.benchmark is not None and account.benchmark_daily is not None:
        values, reasons = measures_of(daily.equity, account.benchmark_daily, periods)
        made.values.update(benchmark=account.benchmark, **values)
        made.reasons.update(reasons)
    made.values["n_orders"] = account.n_orders
    made.values["n_fills"] = len(account.fill_fee)
    made.values["fees"] = float(account.fill_fee.sum())
    return Stats(
        **made.values,
        reasons=made.reasons,
        cautions=_cautions(daily, made.values),
        periods_per_year=periods,
        n_days=len(daily.days),
    )


class _Sheet:
    """Values as they are found, and the reasons where they are not."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.reasons: dict[str, str] = {}

    def add(self, name: str, measure: Callable[[], float]) -> float | None:
        try:
            value = float(measure())
        except DataError as error:
            self.reasons[name] = error.what
            return None
        if not np.isfinite(value):
            self.reasons[name] = "the value is not finite"
            return None
        self.values[name] = value
        return value


def _add_daily(made: _Sheet, daily: DailyEquity, equity: NDArray[np.float64]) -> None:
    periods = daily.periods_per_year

    def returns() -> NDArray[np.float64]:
        return measures.simple_returns(daily.equity)

    made.add("sharpe", lambda: measures.sharpe_ratio(returns(), periods))
    made.add("sortino", lambda: measures.sortino_ratio(returns(), periods))
    made.add("volatility", lambda: measures.annual_volatility(returns(), periods))
    made.add("psr", lambda: measures.probabilistic_sharpe(returns()))
    made.add("var_95", lambda: measures.value_at_risk(returns(), _TAILS["var_95"]))
    made.add("es_975", lambda: measures.expected_shortfall(returns(), _TAILS["es_975"]))
    n = len(daily.days)
    growth = made.add("cagr", lambda: measures.annual_growth(_total_return(equity), n, periods))
    fall = made.values.get("max_drawdown")
    if growth is None:
        made.reasons["calmar"] = made.reasons["cagr"]
    elif not fall:
        made.reasons["calmar"] = "there was no drawdown"
    else:
        made.add("calmar", lambda: growth / abs(fall))


def _cautions(daily: DailyEquity, values: Mapping[str, Any]) -> dict[str, str]:
    """Say which values rest on little data."""
    n = len(daily.days)
    found: dict[str, str] = {}
    if "sharpe" in values and n < _YEAR_OF_RETURNS:
        error = measures.sharpe_error(measures.simple_returns(daily.equity), daily.periods_per_year)
        found["sharpe"] = f"{n} daily returns; standard error {error:.1f} (Lo 2002)"
    if "cagr" in values and n < _YEAR_OF_RETURNS:
        found["cagr"] = f"extrapolated from {n} daily returns to {daily.periods_per_year}"
    for name, level in _TAILS.items():
        if name in values and n * (1 - level) < 1:
            found[name] = f"{n} daily returns; the tail is the single worst day"
    return found


def _total_return(equity: NDArray[np.float64]) -> float:
    if not len(equity) or equity[0] <= 0:
        raise Degenerate("the account started without money")
    return float(equity[-1] / equity[0] - 1.0)


def _max_drawdown(equity: NDArray[np.float64]) -> float:
    if not len(equity) or equity[0] <= 0:
        raise Degenerate("the account started without money")
    return float(measures.drawdowns(equity).min()) + 0.0


def _turnover(account: Account) -> float:
    mean = float(account.equity.mean()) if len(account.equity) else 0.0
    if mean <= 0:
        raise Degenerate("the mean equity is not positive")
    return float(account.fill_notional.sum()) / mean


def _exposure(account: Account) -> float:
    rows = account.ts[1:]
    if not len(rows):
        raise Degenerate("the equity table holds the initial cash only")
    if account.held is not None:
        return float(account.held.mean())
    held = np.zeros(len(rows), dtype=bool)
    for symbol in dict.fromkeys(account.fill_symbol.tolist()):
        own = account.fill_symbol == symbol
        position = np.cumsum(account.fill_signed_qty[own])
        largest = float(np.abs(account.fill_signed_qty[own]).max())
        open_after = np.concatenate([[False], np.abs(position) > 1e-9 * largest])
        held |= open_after[np.searchsorted(account.fill_ts[own], rows, side="right")]
    return float(held.mean())


def _win_rate(pnl: NDArray[np.float64]) -> float:
    if not len(pnl):
        raise Degenerate("no round trip was closed")
    return float((pnl > 0).mean())


def _profit_factor(pnl: NDArray[np.float64]) -> float:
    if not len(pnl):
        raise Degenerate("no round trip was closed")
    losses = -float(pnl[pnl < 0].sum())
    if losses == 0.0:
        raise Degenerate("no round trip lost money")
    return float(pnl[pnl > 0].sum()) / losses
