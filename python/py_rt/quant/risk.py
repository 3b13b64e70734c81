"""Losses in the tail, and whether a model of them holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from py_rt._core import quant as _core
from py_rt.errors import DataError
from py_rt.quant._arrays import bounded, choice, finite, real, series
from py_rt.quant._results import Result

_METHODS = ("historical", "parametric", "cornish_fisher", "filtered_historical")
Method = Literal["historical", "parametric", "cornish_fisher", "filtered_historical"]


def _tail(returns: Any, level: float, method: str, decay: float) -> tuple[float, float]:
    how = choice(method, "method", _METHODS)
    share = real(level, "level", 0.0, 1.0)
    weight = real(decay, "decay", 0.0, 1.0)
    quantile, mean = _core.tail_risk(series(returns, "returns"), share, how, weight)
    bounded([quantile, mean], "returns")
    return quantile, mean


def value_at_risk(
    returns: Any, level: float = 0.95, method: Method = "historical", *, decay: float = 0.94
) -> float:
    """Return the loss that is exceeded with probability ``1 - level``, as a positive number.

    Parameters
    ----------
    returns : array, shape (T,)
        Returns of one period; the result is for one period too.
    level : float
        Between 0 and 1.
    method : str
        ``"historical"``: the least loss that at most ``1 - level`` of the sample exceed (the lower
        quantile, no interpolation). ``"parametric"``: ``s z - m`` of a normal law, ddof 1.
        ``"cornish_fisher"``: its quantile corrected for skewness and kurtosis.
        ``"filtered_historical"``: the historical quantile of returns over their expected volatility
        (exponentially weighted, causal), times the volatility expected next.
    decay : float
        Of that volatility: weight of yesterday's variance.

    Returns
    -------
    float
        Negative when even the tail gains.

    Raises
    ------
    DataError
        NaN, infinity, fewer than two returns.
    Degenerate
        Constant returns (not historical); moments for which Cornish-Fisher quantiles do not rise
        out to five deviations.
    ParameterError

    Source: Jorion 2006; Cornish-Fisher 1937, Maillard 2012; Barone-Adesi et al. 1999.

    Examples
    --------
    >>> import py_rt as rt
    >>> rt.quant.value_at_risk([-float(i) for i in range(1, 41)], level=0.96)
    39.0
    """
    return _tail(returns, level, method, decay)[0]


def expected_shortfall(
    returns: Any, level: float = 0.95, method: Method = "historical", *, decay: float = 0.94
) -> float:
    """Return the mean loss in the worst ``1 - level`` of cases, as a positive number.

    Historically the observation at the boundary counts by its part; parametric
    ``s phi(z)/(1 - level) - m``; Cornish-Fisher the integral of its own quantile.

    Parameters
    ----------
    returns, level, method, decay
        As in :func:`value_at_risk`.

    Returns
    -------
    float

    Raises
    ------
    DataError, Degenerate, ParameterError
        As in :func:`value_at_risk`.

    Source: Acerbi-Tasche 2002, definition 2.6; Maillard 2012.

    Examples
    --------
    >>> import py_rt as rt
    >>> rt.quant.expected_shortfall([-float(i) for i in range(1, 41)], level=0.96)
    39.625
    """
    return _tail(returns, level, method, decay)[1]


@dataclass(frozen=True, repr=False)
class Kupiec(Result):
    """Likelihood ratio of coverage (chi squared, one degree of freedom) and its p-value."""

    lr: float
    pvalue: float


@dataclass(frozen=True, repr=False)
class Christoffersen(Result):
    """Likelihood ratios of coverage, of independence, and of both, with the p-value of both.

    The last is chi squared with two degrees of freedom.
    """

    lr_uc: float
    lr_ind: float
    lr_cc: float
    pvalue: float


def _exceptions(exceptions: Any) -> list[bool]:
    numbers = finite(series(exceptions, "exceptions"), "exceptions")
    wrong = np.flatnonzero((numbers != 0.0) & (numbers != 1.0))
    if wrong.size:
        raise DataError(
            f"value is {numbers[wrong[0]]}, but must be 0 or 1",
            field="exceptions",
            row=int(wrong[0]),
            remedy="pass loss > value_at_risk, day by day",
        )
    told: list[bool] = (numbers == 1.0).tolist()
    return told


def kupiec(exceptions: Any, p: float) -> Kupiec:
    """Test whether exceptions come as often as promised (unconditional coverage).

    ``LR = -2 ln[(1-p)^(T-x) p^x] + 2 ln[(1-x/T)^(T-x) (x/T)^x]`` with ``0 ln 0 = 0``.

    Parameters
    ----------
    exceptions : array of bool, shape (T,)
        Whether the loss of each day exceeded its value at risk.
    p : float
        Promised probability of an exception: one less the level.

    Returns
    -------
    Kupiec

    Raises
    ------
    DataError
        Values that are neither 0 nor 1, none at all.
    ParameterError

    Source: Kupiec 1995.

    Examples
    --------
    >>> import py_rt as rt
    >>> round(rt.quant.kupiec([False] * 255, 0.01).lr, 2)
    5.13
    """
    return Kupiec(*_core.kupiec(_exceptions(exceptions), real(p, "p", 0.0, 1.0)))


def christoffersen(exceptions: Any, p: float) -> Christoffersen:
    """Test whether exceptions come as often as promised and independently of the day before.

    ``LR_cc = LR_uc + LR_ind``; independence against a chain of two states.

    Parameters
    ----------
    exceptions, p
        As in :func:`kupiec`; at least two observations.

    Returns
    -------
    Christoffersen

    Raises
    ------
    DataError, ParameterError
        As in :func:`kupiec`.

    Source: Christoffersen 1998, eq. 7-11.

    Examples
    --------
    >>> import py_rt as rt
    >>> clustered = [i in (100, 101, 102, 103) for i in range(250)]
    >>> rt.quant.christoffersen(clustered, 0.01).lr_ind > 6.63
    True
    """
    return Christoffersen(*_core.christoffersen(_exceptions(exceptions), real(p, "p", 0.0, 1.0)))
