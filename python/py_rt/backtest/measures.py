"""Performance measures: arrays in, one number out, no tables and no state.

Each function states its source. What an input cannot support raises ``Degenerate`` or ``DataError``
with the reason; ``py_rt.backtest.stats`` turns that into None beside the reason. Returns are simple
returns per period, losses are positive numbers, standard deviations have ddof 1.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from py_rt.errors import DataError, Degenerate

__all__ = [
    "annual_growth",
    "annual_volatility",
    "drawdowns",
    "expected_shortfall",
    "probabilistic_sharpe",
    "sharpe_error",
    "sharpe_ratio",
    "simple_returns",
    "sortino_ratio",
    "value_at_risk",
]

Floats = NDArray[np.float64]
# A spread of returns below this share of their size is rounding, not risk.
_NOISE = 1e-12
# 40 * (1 - 0.975) is one observation, not 1.0000000000000009.
_TAIL_DIGITS = 9


def simple_returns(equity: ArrayLike) -> Floats:
    """Return equity[t] / equity[t-1] - 1.

    Parameters
    ----------
    equity : array, shape (n + 1,)
        Account value in money, first value included; all but the last must be positive.

    Returns
    -------
    ndarray, shape (n,), float64
        A copy.

    Raises
    ------
    Degenerate
        The equity reached zero or less before the end: a return on nothing has no meaning.

    Examples
    --------
    >>> simple_returns([100.0, 110.0, 99.0]).round(6).tolist()
    [0.1, -0.1]
    """
    values = np.asarray(equity, dtype=np.float64)
    if (values[:-1] <= 0).any():
        raise Degenerate("the equity fell to zero or below, so later returns have no meaning")
    return values[1:] / values[:-1] - 1.0


def drawdowns(equity: ArrayLike) -> Floats:
    """Return equity / running maximum - 1: zero at a peak, negative below it.

    Parameters
    ----------
    equity : array, shape (n,)
        Account value in money; the first value positive.

    Returns
    -------
    ndarray, shape (n,), float64
        A copy; its minimum is the maximum drawdown.

    Examples
    --------
    >>> drawdowns([100.0, 120.0, 90.0, 130.0]).tolist()
    [0.0, 0.0, -0.25, 0.0]
    """
    values = np.asarray(equity, dtype=np.float64)
    if not len(values):
        return values.copy()
    return values / np.maximum.accumulate(values) - 1.0


def annual_growth(total_return: float, n_returns: int, periods_per_year: float) -> float:
    """Return (1 + total_return) ** (periods_per_year / n_returns) - 1; -1 after a total loss.

    Examples
    --------
    >>> round(annual_growth(0.21, 504, 252), 6)
    0.1
    """
    if n_returns < 2:
        raise _too_few(n_returns)
    if total_return <= -1.0:
        return -1.0
    return math.expm1(math.log1p(total_return) * periods_per_year / n_returns)


def annual_volatility(returns: ArrayLike, periods_per_year: float) -> float:
    """Return the standard deviation (ddof 1) times the root of the periods in a year.

    Examples
    --------
    >>> round(annual_volatility([0.01, -0.01, 0.02], 252), 6)
    0.242487
    """
    values = _enough(returns)
    return float(values.std(ddof=1)) * math.sqrt(periods_per_year)


def sharpe_ratio(returns: ArrayLike, periods_per_year: float) -> float:
    """Return mean / standard deviation (ddof 1), annualised; the riskless rate is zero.

    Source
    ------
    Sharpe 1994, "The Sharpe Ratio", Journal of Portfolio Management 21 (1), ex-post ratio.

    Raises
    ------
    Degenerate
        The returns do not vary.

    Examples
    --------
    >>> round(sharpe_ratio([0.01, -0.01, 0.02], 252), 4)
    6.9282
    """
    values = _enough(returns)
    return float(values.mean()) / _spread(values) * math.sqrt(periods_per_year)


def sharpe_error(returns: ArrayLike, periods_per_year: float) -> float:
    """Return the standard error of the annualised Sharpe ratio for independent returns.

    Source
    ------
    Lo 2002, "The Statistics of Sharpe Ratios", Financial Analysts Journal 58 (4): per period
    sqrt((1 + SR^2 / 2) / T).

    Examples
    --------
    >>> round(sharpe_error([0.01, -0.01, 0.02], 252), 4)
    9.5917
    """
    per_period = sharpe_ratio(returns, 1.0)
    n = len(np.asarray(returns))
    return math.sqrt((1.0 + per_period**2 / 2.0) / n * periods_per_year)


def sortino_ratio(returns: ArrayLike, periods_per_year: float) -> float:
    """Return mean / downside deviation, annualised; the target is zero.

    The downside deviation is the root of the mean of min(r, 0)^2 over all periods. No mean is
    estimated in it, so the divisor is the number of returns.

    Source
    ------
    Sortino and Price 1994, "Performance Measurement in a Downside Risk Framework", Journal of
    Investing 3 (3).

    Raises
    ------
    Degenerate
        No period lost money.

    Examples
    --------
    >>> round(sortino_ratio([0.01, -0.01, 0.02], 252), 4)
    18.3303
    """
    values = _enough(returns)
    downside = math.sqrt(float(np.square(np.minimum(values, 0.0)).mean()))
    if downside == 0.0:
        raise Degenerate("no daily return is negative")
    return float(values.mean()) / downside * math.sqrt(periods_per_year)


def value_at_risk(returns: ArrayLike, level: float = 0.95) -> float:
    """Return the loss that is not exceeded with probability ``level``, as a positive number.

    The empirical quantile without interpolation (the inverse of the distribution function,
    Hyndman-Fan type 1), so that the expected shortfall at the same level is never below it.

    Examples
    --------
    >>> value_at_risk([-0.04, -0.03, -0.02, -0.01, 0.0], level=0.8)
    0.03
    """
    losses = np.sort(-_enough(returns))
    rank = math.ceil(round(len(losses) * level, _TAIL_DIGITS))
    return float(losses[max(rank, 1) - 1]) + 0.0


def expected_shortfall(returns: ArrayLike, level: float = 0.975) -> float:
    """Return the mean loss in the worst ``1 - level`` of the periods, as a positive number.

    The tail holds n * (1 - level) observations; the one at its border counts by its fraction.

    Source
    ------
    Acerbi and Tasche 2002, "On the coherence of expected shortfall", Journal of Banking and
    Finance 26 (7).

    Examples
    --------
    >>> import numpy as np
    >>> round(expected_shortfall(-np.arange(1.0, 41.0), level=0.96), 6)
    39.625
    """
    losses = np.sort(-_enough(returns))[::-1]
    tail = round(len(losses) * (1.0 - level), _TAIL_DIGITS)
    whole = math.floor(tail)
    if whole < 1:
        return float(losses[0]) + 0.0
    border = float(losses[whole]) * (tail - whole) if tail > whole else 0.0
    return (float(losses[:whole].sum()) + border) / tail


def probabilistic_sharpe(returns: ArrayLike, benchmark: float = 0.0) -> float:
    """Return the probability that the true Sharpe ratio per period exceeds ``benchmark``.

    Phi((SR - SR*) sqrt(T - 1) / sqrt(1 - g3 SR + (g4 - 1) / 4 SR^2)) with SR per period, skewness
    g3 and raw kurtosis g4 as moment ratios.

    Source
    ------
    Bailey and Lopez de Prado 2012, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15 (2).

    Raises
    ------
    Degenerate
        The returns do not vary, or their moments leave the variance of the estimate undefined.

    Examples
    --------
    >>> round(probabilistic_sharpe([0.01, -0.01, 0.02, 0.005, -0.003]), 6)
    0.777247
    """
    values = _enough(returns)
    ratio = float(values.mean()) / _spread(values)
    centred = values - values.mean()
    variance = float(np.square(centred).mean())
    skewness = float((centred**3).mean()) / variance**1.5
    kurtosis = float((centred**4).mean()) / variance**2
    width = 1.0 - skewness * ratio + (kurtosis - 1.0) / 4.0 * ratio**2
    if width <= 0.0:
        raise Degenerate("skewness and kurtosis of so few returns leave its variance undefined")
    score = (ratio - benchmark) * math.sqrt(len(values) - 1.0) / math.sqrt(width)
    return 0.5 * math.erfc(-score / math.sqrt(2.0))


def _enough(returns: ArrayLike) -> Floats:
    values = np.asarray(returns, dtype=np.float64)
    if len(values) < 2:
        raise _too_few(len(values))
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise DataError("a return is NaN or infinite", field="returns", row=int(bad[0]))
    return values


def _too_few(n: int) -> Degenerate:
    count = {0: "no daily return", 1: "one daily return"}[max(n, 0)]
    return Degenerate(f"{count} in the data; at least two are needed")


def _spread(values: Floats) -> float:
    spread = float(values.std(ddof=1))
    if spread <= _NOISE * float(np.abs(values).max()):
        raise Degenerate("the daily returns do not vary")
    return spread
