"""Several series: what holds them together, and in which proportion."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from py_rt._core import quant as _core
from py_rt.errors import DataError, ParameterError
from py_rt.quant._arrays import Floats, bounded, choice, finite, naming, real, series, table, whole
from py_rt.quant._lookahead import known_at, refuse_unknown
from py_rt.quant._results import Result, plotly

__all__ = [
    "EngleGrangerResult",
    "HedgeResult",
    "JohansenResult",
    "KalmanHedge",
    "engle_granger",
    "johansen",
    "kalman_hedge",
    "screen_pairs",
]

_LEVELS = ("1%", "5%", "10%")
_TRENDS = ("n", "c", "ct", "ctt")
_RULES = ("aic", "bic", "t-stat", None)


@dataclass(frozen=True, repr=False)
class EngleGrangerResult(Result):
    """What :func:`engle_granger` says; ``hedge_ratio`` is a float, or an array for many columns."""

    statistic: float
    pvalue: float
    hedge_ratio: Any
    intercept: float
    lags: int
    critical_values: dict[str, float]
    nobs: int
    trend: str
    rule: str
    residual: Floats = field(repr=False)

    def plot(self) -> Any:
        """Draw the residual (the spread) with two standard deviations (Plotly figure)."""
        graph = plotly()
        figure = graph.Figure(graph.Scatter(y=self.residual, name="spread"))
        width = float(self.residual.std(ddof=1))
        for side in (-2.0, 0.0, 2.0):
            figure.add_hline(y=side * width, line_dash="dot")
        return figure.update_layout(
            title="spread", xaxis_title="observation", yaxis_title="units of y"
        )


def engle_granger(
    y: Any,
    x: Any,
    trend: Literal["n", "c", "ct", "ctt"] = "c",
    lags: int | None = None,
    autolag: Literal["aic", "bic", "t-stat"] | None = "aic",
    *,
    log: bool = False,
) -> EngleGrangerResult:
    """Test whether series are cointegrated: regression, then a unit-root test of its residual.

    ``y = a + b'x + u``, then ``du_t = g u_{t-1} + sum_i c_i du_{t-i} + e_t`` without deterministic
    terms; the statistic is ``g / se(g)``. Not symmetric: regress both ways before you believe it,
    and name the rule for the lags, which decides many a border case.

    Parameters
    ----------
    y : array_like, shape (n,)
        Levels, as they are.
    x : array_like, shape (n,) or (n, k)
        The other levels, k up to 11.
    trend : {"n", "c", "ct", "ctt"}
        Deterministic terms of the first regression.
    lags : int, optional
        This fixed number of lagged differences; None lets ``autolag`` choose.
    autolag : {"aic", "bic", "t-stat"} or None
        The rule, up to Schwert's maximum; None takes that maximum.
    log : bool
        Take logarithms first; prices must then be positive.

    Returns
    -------
    EngleGrangerResult
        ``statistic pvalue hedge_ratio intercept lags critical_values``. Critical values for n - 1
        rows; none exist without a constant. The p-value is asymptotic and NaN beyond six series.

    Raises
    ------
    DataError, Degenerate, ParameterError
        NaN, lengths that differ, too few values; constant, collinear or exactly related series;
        an unknown name.

    Notes
    -----
    Looks at the whole sample. Source: Engle and Granger 1987; MacKinnon 1994, 2010 (five cells of
    whose table other libraries have wrong). Checked against statsmodels 0.15.0.

    Examples
    --------
    >>> import numpy as np
    >>> import py_rt as rt
    >>> random = np.random.default_rng(0)
    >>> x = np.cumsum(random.normal(size=500))
    >>> test = rt.quant.engle_granger(2.0 * x + random.normal(size=500), x)
    >>> round(test.hedge_ratio, 1), test.pvalue < 0.01
    (2.0, True)
    """
    left, right = series(y, "y"), table(x, "x")
    if log:
        left, logged = _logs(left, "y"), _logs(right.values, "x")
    else:
        logged = right.values
    terms = choice(trend, "trend", _TRENDS)
    rule = choice(autolag, "autolag", _RULES) if lags is None else None
    number = None if lags is None else whole(lags, "lags", 0)
    with naming(right.names):
        found = _core.engle_granger(left, logged, terms, number, rule)
    ratio = found["hedge_ratio"]
    known = terms != "n"
    return EngleGrangerResult(
        statistic=found["statistic"],
        pvalue=found["pvalue"],
        hedge_ratio=float(ratio[0]) if np.ndim(x) == 1 else ratio,
        intercept=found["intercept"],
        lags=found["lags"],
        critical_values=dict(zip(_LEVELS, found["critical_values"], strict=True)) if known else {},
        nobs=found["nobs"],
        trend=terms,
        rule=f"{rule} up to Schwert's maximum" if rule else "fixed",
        residual=found["residual"],
    )


def _logs(numbers: Floats, name: str) -> Floats:
    finite(numbers, name)
    bad = np.argwhere(numbers <= 0.0)
    if bad.size:
        place = tuple(int(i) for i in bad[0])
        raise DataError(
            f"value is {numbers[place]}, which has no logarithm",
            field=name,
            remedy="pass positive prices, or log=False",
            row=place[0],
        )
    logs: Floats = np.log(numbers)
    return logs


@dataclass(frozen=True, repr=False)
class JohansenResult(Result):
    """What :func:`johansen` says; rows of the critical values are ranks 0, 1, ..."""

    eigenvalues: Floats
    eigenvectors: Floats
    trace: Floats
    max_eig: Floats
    trace_crit: Floats
    max_eig_crit: Floats
    rank_trace: int
    rank_max: int
    nobs: int
    case: int
    level: float
    names: list[Any]


def johansen(
    x: Any, case: int = 3, k_ar_diff: int = 1, seasons: int = 0, *, level: float = 0.05
) -> JohansenResult:
    """Test how many relations hold several series together.

    Differences and lagged levels, cleared of lagged differences and unrestricted terms, give the
    squared canonical correlations ``l_1 > l_2 > ...``: ``trace_r = -T sum_{i>r} ln(1 - l_i)``,
    ``max_r = -T ln(1 - l_{r+1})``.

    Parameters
    ----------
    x : array_like, shape (n, p)
        Levels in columns, p up to 12.
    case : {1, 2, 3, 4, 5}
        Deterministic terms: 1 none; 2 a constant in the relation; 3 a constant outside; 4 a trend
        in the relation, a constant outside; 5 a trend outside.
    k_ar_diff : int
        Lagged differences.
    seasons : int
        Observations a cycle (4, 12, ...): adds centred seasonal dummies; 0 for none.
    level : {0.1, 0.05, 0.01}
        Level of the tests that choose the ranks.

    Returns
    -------
    JohansenResult
        ``eigenvalues`` (p,) falling; ``eigenvectors`` (p, p) in columns, ``b' S11 b = I``, with the
        constant (case 2) or the trend (case 4) as last row; ``trace max_eig`` (p,);
        ``trace_crit max_eig_crit`` (p, 3) at 10, 5, 1 %; ``rank_trace rank_max`` (they may differ);
        ``nobs`` the rows used.

    Raises
    ------
    DataError, Degenerate, ParameterError
        NaN, too few rows; constant or collinear columns (named); more than 12 columns, unknown
        case or level.

    Notes
    -----
    Looks at the whole sample. Stationary columns count in the rank. Source: Johansen 1988, 1991;
    critical values: MacKinnon, Haug and Michelis 1999 (cases 2 and 4 at 10 and 1 %: simulated, to
    about 0.1 %). Checked against statsmodels' ``coint_johansen`` (cases 1, 3) and likelihood ratios
    of its ``VECM`` (all cases).

    Examples
    --------
    >>> import numpy as np
    >>> import py_rt as rt
    >>> random = np.random.default_rng(0)
    >>> walk = np.cumsum(random.normal(size=500))
    >>> noise = random.normal(size=(500, 2))
    >>> x = np.column_stack([walk + noise[:, 0], walk, np.cumsum(noise[:, 1])])
    >>> rt.quant.johansen(x).rank_trace
    1
    """
    given = table(x)
    column = {0.1: 0, 0.05: 1, 0.01: 2}.get(level)
    if column is None:
        raise ParameterError(
            f"level is {level!r}, but tables exist for 0.1, 0.05 and 0.01",
            field="level",
            remedy="choose one of them",
        )
    number = whole(case, "case", 1, 5)
    lags, cycle = whole(k_ar_diff, "k_ar_diff", 0), whole(seasons, "seasons", 0)
    with naming(given.names):
        found = _core.johansen(given.values, number, lags, cycle, column)
    return JohansenResult(**found, case=number, level=level, names=given.names)


def screen_pairs(
    prices: Any,
    names: Sequence[Any] | None = None,
    lags: int | Literal["aic"] = 1,
    fdr: float = 0.05,
    *,
    trend: Literal["n", "c", "ct", "ctt"] = "c",
    method: Literal["bh", "by"] = "bh",
    log: bool = False,
    threads: int | None = None,
    frame: Literal["pandas", "polars"] = "pandas",
    progress: Callable[[int, int], Any] | None = None,
) -> Any:
    """Test every ordered pair of a panel for cointegration, with the false discoveries counted.

    Engle-Granger with a constant for all ``k (k - 1)`` ordered pairs at once. Of 500 unrelated
    stocks some 6,000 pairs pass at 5 %: ``selected`` therefore asks for an adjusted p-value.

    Parameters
    ----------
    prices : array_like, shape (n, k)
        Levels in columns; a DataFrame or a dictionary brings its names.
    names : sequence, optional
        Names of the columns.
    lags : int or "aic"
        Lagged differences, 0 to 10; "aic" chooses 0 to 5, pair by pair.
    fdr : float
        Largest adjusted p-value of a selected pair.
    trend : {"n", "c", "ct", "ctt"}
        Deterministic terms of the first regression.
    method : {"bh", "by"}
        Benjamini-Hochberg, or Benjamini-Yekutieli (valid under any dependence).
    log : bool
        Take logarithms first.
    threads : int, optional
        As many as there are processors by default; the result does not depend on them.
    frame : {"pandas", "polars"}
        Kind of the table.
    progress : callable, optional
        Called with (done, total) now and then.

    Returns
    -------
    DataFrame
        ``y x statistic pvalue qvalue hedge_ratio half_life selected lags``, one row an ordered
        pair; ``y`` is regressed on ``x``. Half-life [observations] of the spread, infinite where it
        does not come back.

    Raises
    ------
    DataError, Degenerate, ParameterError
        NaN (row, column), too few rows or columns; a constant or collinear column, named.

    Notes
    -----
    Looks at the whole sample: confirm out of sample. The most significant pairs are tested again
    by QR of the prices. Equal to one :func:`engle_granger` a pair. Source: Engle and Granger 1987;
    Benjamini and Hochberg 1995; Benjamini and Yekutieli 2001.

    Examples
    --------
    >>> import numpy as np
    >>> import py_rt as rt
    >>> random = np.random.default_rng(0)
    >>> walk = np.cumsum(random.normal(size=500))
    >>> other = np.cumsum(random.normal(size=500))
    >>> found = rt.quant.screen_pairs({"A": walk, "B": walk + random.normal(size=500), "C": other})
    >>> found[found.selected][["y", "x"]].values.tolist()
    [['A', 'B'], ['B', 'A']]
    """
    given = table(prices, "prices", names)
    values = _logs(given.values, "prices") if log else given.values
    plan = {
        "lags": 5 if lags == "aic" else whole(lags, "lags", 0, 10),
        "search": lags == "aic",
        "trend": choice(trend, "trend", _TRENDS),
        "fdr": real(fdr, "fdr", 0.0, 1.0),
        "dependent": choice(method, "method", ("bh", "by")) == "by",
        "threads": whole(os.cpu_count() or 1 if threads is None else threads, "threads", 1),
    }
    kind = choice(frame, "frame", ("pandas", "polars"))
    with naming(given.names):
        columns = _core.screen_pairs(values, plan, progress)
    k = len(given.names)
    labels = np.asarray(given.names)
    if labels.ndim != 1:
        labels = np.fromiter(given.names, dtype=object, count=k)
    others = np.arange(k * (k - 1)).reshape(k, k - 1) % max(k - 1, 1)
    others += others >= np.arange(k)[:, None]
    order = ("statistic", "pvalue", "qvalue", "hedge_ratio", "half_life", "selected", "lags")
    data = {"y": np.repeat(labels, k - 1), "x": labels[others.ravel()]}
    data |= {name: columns[name] for name in order}
    if kind == "polars":
        import polars as pl

        return pl.DataFrame({name: column.tolist() for name, column in data.items()})
    import pandas as pd

    return pd.DataFrame(data, copy=False)


class KalmanHedge:
    """A moving hedge ratio, one pair at a time: ``update`` predicts, then learns.

    ``y_t = beta_t x_t + a_t + e_t``, ``(beta, a)`` a random walk. The same arithmetic as
    :func:`kalman_hedge`; :meth:`HedgeResult.filter` makes one with the fitted noises.

    Parameters
    ----------
    observation, beta, intercept : float
        Variances of the noises; those of beta and intercept per step.
    scale : float
        Root mean square of x, for the vague start.
    start : (float, float)
        Ratio and intercept about which it starts.

    Examples
    --------
    >>> import py_rt as rt
    >>> hedge = rt.quant.KalmanHedge(1.0, 1e-6, 1e-6)
    >>> for x in (1.0, 2.0, 3.0, 4.0):
    ...     seen = hedge.update(2.0 * x + 1.0, x)
    >>> round(seen["beta"], 3)
    2.0
    """

    def __init__(
        self,
        observation: float,
        beta: float,
        intercept: float,
        *,
        scale: float = 1.0,
        start: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        tiny = -np.finfo(float).tiny
        self._filter = _core.KalmanFilter(
            real(observation, "observation", 0.0),
            real(beta, "beta", tiny),
            real(intercept, "intercept", tiny),
            real(scale, "scale", 0.0),
            (real(start[0], "start"), real(start[1], "start")),
        )

    def update(self, y: float, x: float) -> dict[str, float]:
        """Return what was expected before (y, x): ``beta intercept spread spread_std``."""
        values = (real(y, "y"), real(x, "x"))
        names = ("beta", "intercept", "spread", "spread_std")
        return dict(zip(names, self._filter.update(*values), strict=True))


@dataclass(frozen=True, repr=False)
class HedgeResult(Result):
    """What :func:`kalman_hedge` says, each of shape (n,), NaN in the training part."""

    beta: Floats
    intercept: Floats
    spread: Floats
    spread_std: Floats
    noise: dict[str, float]
    loglik: float
    train: int
    scale: float = field(repr=False)
    start: tuple[float, float] = field(repr=False)
    known_at: int | None = field(default=None, repr=False)

    def filter(self) -> KalmanHedge:
        """Return a fresh filter with the fitted noises; feed it all pairs from the first on."""
        refuse_unknown(self.known_at, "the noise")
        return KalmanHedge(**self.noise, scale=self.scale, start=self.start)

    def plot(self) -> Any:
        """Draw the spread with two standard deviations of its prediction (Plotly figure)."""
        graph = plotly()
        figure = graph.Figure(graph.Scatter(y=self.spread, name="spread"))
        for side in (-2.0, 2.0):
            figure.add_scatter(y=side * self.spread_std, name=f"{side:+.0f} sd", line_dash="dot")
        return figure.update_layout(
            title="spread against its prediction",
            xaxis_title="observation",
            yaxis_title="units of y",
        )


def kalman_hedge(y: Any, x: Any, *, train: int | None = None) -> HedgeResult:
    """Follow a hedge ratio that moves, and the spread against it.

    ``y_t = beta_t x_t + a_t + e_t`` with ``(beta, a)`` a random walk; what stands at t was
    predicted from data before t (never smoothed). The noise variances maximise the likelihood of
    the first ``train`` pairs and are never touched by later data.

    Parameters
    ----------
    y, x : array_like, shape (n,)
        Levels, as they are.
    train : int, optional
        Pairs to train on; a quarter by default, at least 60.

    Returns
    -------
    HedgeResult
        ``beta intercept spread spread_std``, shape (n,), NaN in the training part; ``spread_std``
        is the predicted standard deviation of ``spread``. ``noise`` holds the variances.

    Raises
    ------
    DataError, Degenerate, ParameterError
        NaN, lengths that differ; a constant series or an exact relation; a training part that
        does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> import py_rt as rt
    >>> random = np.random.default_rng(0)
    >>> x = np.cumsum(random.normal(size=400)) + 50.0
    >>> found = rt.quant.kalman_hedge(1.5 * x + random.normal(size=400), x)
    >>> int(np.isnan(found.beta).sum()), round(float(found.beta[-1]), 1)
    (100, 1.5)
    """
    left, right = series(y, "y"), series(x, "x")
    part = max(60, len(left) // 4) if train is None else whole(train, "train", 10)
    found = _core.kalman_hedge(left, right, part)
    bounded(found["loglik"], "x")
    names = ("observation", "beta", "intercept")
    noise = dict(zip(names, found.pop("noise"), strict=True))
    trained = known_at(y.iloc[:part] if hasattr(y, "iloc") else y)
    return HedgeResult(**found, noise=noise, train=part, known_at=trained)
