"""One series: whether it comes back to its mean, how strongly, how fast."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from py_rt._core import quant as _core
from py_rt.errors import DataError, Degenerate, ParameterError
from py_rt.quant._arrays import Floats, choice, real, restored, series, tamed, whole
from py_rt.quant._results import Result, plotly

__all__ = [
    "AdfResult",
    "HalfLifeResult",
    "HurstResult",
    "OuFitResult",
    "SignalResult",
    "VarianceRatioResult",
    "adf",
    "half_life",
    "hurst",
    "mean_reversion_signal",
    "ou_fit",
    "ou_loglik",
    "variance_ratio",
    "zscore",
]

_LEVELS = ("1%", "5%", "10%")
_RULES = ("aic", "bic", "t-stat", None)


@dataclass(frozen=True, repr=False)
class AdfResult(Result):
    """What :func:`adf` says; ``nobs`` counts the rows of the final regression."""

    statistic: float
    pvalue: float
    lags: int
    nobs: int
    critical_values: dict[str, float]
    regression: str
    autolag: str | None
    criterion: float | None


def adf(
    x: Any,
    regression: Literal["n", "c", "ct", "ctt"] = "c",
    max_lag: int | None = None,
    autolag: Literal["aic", "bic", "t-stat"] | None = "aic",
) -> AdfResult:
    """Test for a unit root: augmented Dickey-Fuller.

    ``dx_t = d_t + g x_{t-1} + sum_i c_i dx_{t-i} + e_t``; the statistic is ``g / se(g)``. Small
    values reject the unit root. The p-value is asymptotic, the critical values belong to this
    sample, so the two can disagree at the border: decide by the critical value.

    Parameters
    ----------
    x : array_like, shape (n,)
        Levels (prices or log prices, as they are), at least 4 plus twice the deterministic terms.
    regression : {"n", "c", "ct", "ctt"}
        Deterministic terms: none, constant, and trend, and its square.
    max_lag : int, optional
        Largest number of lagged differences; Schwert's ``ceil(12 (n / 100)^(1/4))`` by default.
    autolag : {"aic", "bic", "t-stat"} or None
        How the number is chosen, on one common sample; None takes ``max_lag`` itself.

    Returns
    -------
    AdfResult
        ``statistic pvalue lags nobs critical_values`` (keys "1%", "5%", "10%"), ``criterion``: the
        chosen value of the rule.

    Raises
    ------
    DataError
        NaN or infinity (with its row), too few values.
    Degenerate
        A constant series, or one that its trend or lags explain exactly.
    ParameterError
        An unknown name, or more lags than half the sample carries.

    Notes
    -----
    Looks at the whole sample. O(n p) for all lag orders together.

    Source: Dickey and Fuller 1979; Said and Dickey 1984; MacKinnon 1994 (p-values) and 2010
    (critical values). Checked against statsmodels 0.15.0 and arch 8.0.0.

    Examples
    --------
    >>> import numpy as np
    >>> import py_rt as rt
    >>> walk = np.cumsum(np.random.default_rng(0).normal(size=500))
    >>> test = rt.quant.adf(walk)
    >>> test.statistic > test.critical_values["5%"]
    True
    """
    trend = choice(regression, "regression", ("n", "c", "ct", "ctt"))
    rule = choice(autolag, "autolag", _RULES)
    lag = None if max_lag is None else whole(max_lag, "max_lag", 0)
    statistic, pvalue, lags, nobs, critical, criterion = _core.adf(series(x), trend, lag, rule)
    return AdfResult(
        statistic,
        pvalue,
        lags,
        nobs,
        dict(zip(_LEVELS, critical, strict=True)),
        trend,
        rule,
        None if np.isnan(criterion) else criterion,
    )


@dataclass(frozen=True, repr=False)
class HurstResult(Result):
    """What :func:`hurst` says: the exponent and the standard error of its regression."""

    h: float
    stderr: float
    method: str


def hurst(x: Any, method: Literal["structure", "rs", "dfa"] = "structure") -> HurstResult:
    """Estimate the Hurst exponent of a path: below 1/2 it comes back, above it goes on.

    ``structure``: slope of ``ln sqrt(mean (x_{t+k} - x_t)^2)`` on ``ln k``, k = 1..20. ``rs``:
    rescaled range of the increments, less its expectation for independent ones. ``dfa``: detrended
    fluctuation of the increments, order 1.

    Parameters
    ----------
    x : array_like, shape (n,)
        The path (log prices); increments are taken inside. At least 40 values, 100 for "rs",
        300 for "dfa".
    method : {"structure", "rs", "dfa"}
        The estimator. The first is the least biased on paths of self-similar noise.

    Returns
    -------
    HurstResult
        ``h`` and ``stderr`` (of the regression: it does not know that windows overlap).

    Raises
    ------
    DataError, Degenerate, ParameterError
        NaN or too few values; a constant path; an unknown method.

    Notes
    -----
    Source: Hurst 1951; Anis and Lloyd 1976; Peng et al. 1994. Checked on exact fractional noise.

    Examples
    --------
    >>> import numpy as np
    >>> import py_rt as rt
    >>> walk = np.cumsum(np.random.default_rng(0).normal(size=4096))
    >>> round(rt.quant.hurst(walk).h, 1)
    0.5
    """
    name = choice(method, "method", ("structure", "rs", "dfa"))
    h, stderr = _core.hurst(series(x), name)
    return HurstResult(h, stderr, name)


@dataclass(frozen=True, repr=False)
class HalfLifeResult(Result):
    """What :func:`half_life` says [observations]; ``slope`` is ``phi - 1``."""

    half_life: float
    lower: float
    upper: float
    slope: float
    phi: float
    status: str


def half_life(
    x: Any,
    method: Literal["exact", "ou_euler"] = "exact",
    bias: Literal["none", "kendall", "jackknife"] = "none",
    level: float = 0.95,
) -> HalfLifeResult:
    """Estimate how many observations a deviation from the mean takes to halve.

    From ``x_t = a + phi x_{t-1} + e``: ``exact`` is ``-ln 2 / ln phi``, ``ou_euler`` the book
    formula ``-ln 2 / (phi - 1)``, its limit for slow reversion.

    Parameters
    ----------
    x : array_like, shape (n,)
        A spread or a log price, at least 4 values (10 for the jackknife).
    method : {"exact", "ou_euler"}
        The formula.
    bias : {"none", "kendall", "jackknife"}
        ``phi`` is estimated too low: ``kendall`` adds ``(1 + 3 phi) / T``, ``jackknife`` takes
        ``2 phi`` less the mean of both halves; both stay below 1.
    level : float
        Confidence of the interval, from the standard error of ``phi``.

    Returns
    -------
    HalfLifeResult
        ``half_life lower upper slope phi status``. ``status`` is "reverting", "none" (slope 0 or
        more: infinite) or "oscillating" (slope -1 or less: 0).

    Raises
    ------
    DataError, Degenerate, ParameterError
        NaN or too few values; a constant series; an unknown name or a level outside (0, 1).

    Notes
    -----
    Looks at the whole sample. Source: Kendall 1954; Quenouille 1956.

    Examples
    --------
    >>> import py_rt as rt
    >>> found = rt.quant.half_life([16.0, 8.0, 4.0, 2.0, 1.0, 0.5])
    >>> round(found.half_life, 6), found.status
    (1.0, 'reverting')
    """
    fields = _core.half_life(
        series(x),
        choice(method, "method", ("exact", "ou_euler")),
        choice(bias, "bias", ("none", "kendall", "jackknife")),
        real(level, "level", 0.0, 1.0),
    )
    return HalfLifeResult(**fields)


@dataclass(frozen=True, repr=False)
class OuFitResult(Result):
    """What :func:`ou_fit` says: ``dX = theta (mu - X) dt + sigma dW``."""

    theta: float
    mu: float
    sigma: float
    loglik: float
    phi: float
    half_life: float
    dt: float


def ou_fit(x: Any, dt: float = 1.0) -> OuFitResult:
    """Fit an Ornstein-Uhlenbeck process by exact maximum likelihood, given the first value.

    ``theta = -ln(phi) / dt``, ``sigma^2 = 2 theta s^2 / (1 - phi^2)``, ``mu = a / (1 - phi)`` from
    the regression ``x_t = a + phi x_{t-1} + e`` with ``s^2`` its mean squared residual.

    Parameters
    ----------
    x : array_like, shape (n,)
        Values at equal distances, at least 4.
    dt : float
        Time between two of them, in the unit that ``theta`` and ``sigma`` shall have.

    Returns
    -------
    OuFitResult
        ``theta mu sigma loglik``, and ``phi``, ``half_life`` [time].

    Raises
    ------
    Degenerate
        The series does not come back (``phi`` outside (0, 1)), is constant or has no noise.
    DataError, ParameterError
        NaN or too few values; ``dt`` not positive.

    Examples
    --------
    >>> import numpy as np
    >>> import py_rt as rt
    >>> e = np.random.default_rng(1).normal(size=5000)
    >>> x = np.zeros(5000)
    >>> for t in range(1, 5000):
    ...     x[t] = 0.9 * x[t - 1] + e[t]
    >>> round(rt.quant.ou_fit(x).theta, 1)
    0.1
    """
    step = real(dt, "dt", 0.0)
    column, power = tamed(series(x))
    theta, mu, sigma, loglik, phi = _core.ou_fit(column, step)
    loglik -= (len(column) - 1) * power * float(np.log(2.0))
    mu, sigma = (float(restored(value, power, "x")) for value in (mu, sigma))
    return OuFitResult(theta, mu, sigma, loglik, phi, float(np.log(2.0)) / theta, step)


def ou_loglik(x: Any, theta: float, mu: float, sigma: float, dt: float = 1.0) -> float:
    """Return the log likelihood of an Ornstein-Uhlenbeck process, given the first value.

    Parameters
    ----------
    x : array_like, shape (n,)
        Values at equal distances.
    theta, mu, sigma, dt : float
        As in :func:`ou_fit`; all but ``mu`` positive.

    Examples
    --------
    >>> import py_rt as rt
    >>> x = [0.0, 0.2, 0.4, 0.3, 0.5, 0.3, 0.2, 0.1, 0.2, 0.1]
    >>> fit = rt.quant.ou_fit(x)
    >>> abs(rt.quant.ou_loglik(x, fit.theta, fit.mu, fit.sigma) - fit.loglik) < 1e-9
    True
    """
    return _core.ou_loglik(
        series(x),
        real(theta, "theta", 0.0),
        real(mu, "mu"),
        real(sigma, "sigma", 0.0),
        real(dt, "dt", 0.0),
    )


@dataclass(frozen=True, repr=False)
class VarianceRatioResult(Result):
    """What :func:`variance_ratio` says."""

    vr: float
    z: float
    pvalue: float
    q: int


def variance_ratio(x: Any, q: int) -> VarianceRatioResult:
    """Test a path for a random walk: variance over q steps against q times that of one.

    Overlapping, unbiased, with the statistic that allows for changing variance. A ratio below 1
    means that the path comes back.

    Parameters
    ----------
    x : array_like, shape (n,)
        The path (log prices).
    q : int
        Steps, 2 to half the number of increments.

    Returns
    -------
    VarianceRatioResult
        ``vr``, ``z`` (standard normal for a random walk), ``pvalue`` (two-sided).

    Raises
    ------
    DataError, Degenerate, ParameterError
        NaN or too few values; a path without noise; ``q`` outside its range.

    Notes
    -----
    Source: Lo and MacKinlay 1988. Checked against arch 8.0.0.

    Examples
    --------
    >>> import numpy as np
    >>> import py_rt as rt
    >>> noise = np.random.default_rng(0).normal(size=500)
    >>> rt.quant.variance_ratio(noise, q=2).vr < 0.6
    True
    """
    steps = whole(q, "q", 2)
    vr, z, pvalue = _core.variance_ratio(tamed(series(x))[0], steps)
    return VarianceRatioResult(vr, z, pvalue, steps)


def zscore(
    x: Any, window: int, method: Literal["standard", "robust", "ewma"] = "standard"
) -> Floats:
    """Return the distance of every value from the middle of its window, in units of its spread.

    ``z_t = (x_t - m_t) / s_t`` on the causal window ``t - window + 1 .. t`` (it contains t
    and looks at nothing later).

    Parameters
    ----------
    x : array_like, shape (n,)
        Any series.
    window : int
        Values, 2 to n.
    method : {"standard", "robust", "ewma"}
        Mean and standard deviation (ddof 1); median and 1.4826 times the median absolute deviation;
        or exponentially weighted mean and deviation of span ``window``.

    Returns
    -------
    ndarray, shape (n,)
        NaN before the first full window; 0 where the window has no spread.

    Raises
    ------
    DataError, ParameterError
        NaN with its row; a window outside its range.

    Examples
    --------
    >>> import py_rt as rt
    >>> rt.quant.zscore([1.0, 2.0, 3.0, 3.0, 3.0], window=3).round(3)
    array([  nan,   nan, 1.   , 0.577, 0.   ])
    """
    name = choice(method, "method", ("standard", "robust", "ewma"))
    return _core.zscore(series(x), whole(window, "window", 2), name)


@dataclass(frozen=True, repr=False)
class SignalResult(Result):
    """What :func:`mean_reversion_signal` says at the last observation."""

    signal: int
    zscore: float
    entry_signal: bool
    exit_signal: bool
    mean: float
    std: float
    half_life: float
    _history: tuple[Floats, float, float] = field(repr=False)

    def plot(self) -> Any:
        """Draw the z-score with the thresholds (Plotly figure)."""
        graph = plotly()
        scores, enter, leave = self._history
        figure = graph.Figure(graph.Scatter(y=scores, name="z-score"))
        for side in (enter, -enter, leave, -leave):
            figure.add_hline(y=side, line_dash="solid" if abs(side) == enter else "dot")
        titles = {"xaxis_title": "observation", "yaxis_title": "standard deviations"}
        return figure.update_layout(title="z-score", **titles)


def mean_reversion_signal(
    prices: Any, threshold: float = 2.0, lookback: int = 20, exit_threshold: float = 0.5
) -> SignalResult:
    """Say what the last price means for a strategy that bets on the return to the mean.

    With ``z`` the z-score of the last ``lookback`` prices: +1 (buy) when ``z < -threshold``, -1
    (sell) when ``z > threshold``, else 0. ``exit_signal`` is ``|z| < exit_threshold``.

    Parameters
    ----------
    prices : array_like, shape (n,)
        Prices, as they are; at least ``lookback``.
    threshold, exit_threshold : float
        Standard deviations, ``0 <= exit_threshold < threshold``.
    lookback : int
        Window, 2 to n.

    Returns
    -------
    SignalResult
        ``signal zscore entry_signal exit_signal mean std half_life``, all at the last observation;
        mean and standard deviation (ddof 1) of the window, half-life of the whole series
        (infinite where it does not come back, 0 where it jumps over the mean).

    Raises
    ------
    DataError, ParameterError
        NaN with its row, too few prices; thresholds in the wrong order.

    Examples
    --------
    >>> import py_rt as rt
    >>> found = rt.quant.mean_reversion_signal([10, 11, 10, 11, 10, 30], lookback=6)
    >>> found.signal, found.entry_signal
    (-1, True)
    """
    column = series(prices, "prices")
    enter, leave = real(threshold, "threshold", 0.0), real(exit_threshold, "exit_threshold")
    if not 0.0 <= leave < enter:
        raise ParameterError(
            f"exit_threshold is {leave}, but must lie between 0 and threshold, which is {enter}",
            field="exit_threshold",
            remedy="leave nearer to the mean than you enter",
        )
    window = whole(lookback, "lookback", 2)
    if len(column) < window:
        raise DataError(
            f"{len(column)} prices, but lookback is {window}",
            field="prices",
            remedy="pass more prices, or a shorter lookback",
        )
    scores = _core.zscore(column, window, "standard")
    last, (recent, power) = float(scores[-1]), tamed(column[-window:])
    try:
        duration = float(_core.half_life(column, "exact", "none", 0.95)["half_life"])
    except (DataError, Degenerate):
        duration = float("inf")
    entered = abs(last) > enter
    return SignalResult(
        signal=-int(np.sign(last)) if entered else 0,
        zscore=last,
        entry_signal=entered,
        exit_signal=abs(last) < leave,
        mean=float(restored(recent.mean(), power, "prices")),
        std=float(restored(recent.std(ddof=1), power, "prices")),
        half_life=duration,
        _history=(scores, enter, leave),
    )
