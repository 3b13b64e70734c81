"""Covariances from few observations, repaired ones, and expected returns with views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from py_rt._core import quant as _core
from py_rt.errors import DataError, ParameterError
from py_rt.quant._arrays import (
    Columns,
    Floats,
    bounded,
    choice,
    finite,
    naming,
    real,
    restored,
    series,
    table,
    tamed,
)
from py_rt.quant._results import Result


@dataclass(frozen=True, repr=False)
class Covariance(Result):
    """An estimated covariance.

    Attributes
    ----------
    cov : ndarray, shape (n, n)
    mean : ndarray, shape (n,)
        Mean return of each asset.
    intensity : float
        How far the estimate went towards a multiple of the identity, 0 to 1.
    names : list
        What the assets are called.
    """

    cov: Floats
    mean: Floats
    intensity: float
    names: list[Any] = field(repr=False)

    @property
    def condition_number(self) -> float:
        """The largest eigenvalue over the smallest; inf for a singular matrix."""
        values = np.linalg.eigvalsh(self.cov)
        return float(values[-1] / values[0]) if values[0] > 0.0 else float("inf")


def covariance(
    returns: Any, shrinkage: Literal["ledoit_wolf", "oas"] | None = "ledoit_wolf"
) -> Covariance:
    """Estimate the covariance of returns.

    Shrinkage: ``(1 - d) S + d tr(S)/n I`` with the d that minimises the expected squared error.

    Parameters
    ----------
    returns : array, shape (T, n)
        A column an asset.
    shrinkage : str or None
        ``"ledoit_wolf"`` or ``"oas"`` (S divides by T, as their authors do), or None: the sample
        covariance, which divides by T - 1 and is singular unless T > n.

    Returns
    -------
    Covariance

    Raises
    ------
    DataError
        NaN, infinity, fewer than two rows.
    Degenerate
        An asset that never moves: names it.

    Source: Ledoit-Wolf 2004 (J. Multivariate Anal. 88:365); Chen et al. 2010, eq. 23. Oracle:
    scikit-learn.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> found = rt.quant.covariance(np.random.default_rng(0).normal(size=(50, 40)))
    >>> 0.5 < found.intensity < 1.0, found.condition_number < 10
    (True, True)
    """
    columns = table(returns, "returns")
    how = choice(shrinkage, "shrinkage", (None, "ledoit_wolf", "oas"))
    mean, cov, intensity = estimated(columns, how or "sample")
    return Covariance(cov, mean, intensity, columns.names)


def estimated(columns: Columns, how: str) -> tuple[Floats, Floats, float]:
    """Return mean, covariance and intensity, whatever the unit."""
    values, power = tamed(columns.values)
    with naming(columns.names):
        mean, cov, intensity = _core.estimate_covariance(values, how)
    if power:
        mean, cov = restored(mean, power, "returns"), restored(cov, 2 * power, "returns")
    return mean, cov, intensity


def nearest_covariance(cov: Any, floor: float = 0.0) -> Floats:
    """Return the nearest covariance with the same variances, for a matrix that is none.

    The correlations are projected in turns onto positive semidefinite matrices and onto a unit
    diagonal, with Dykstra's correction.

    Parameters
    ----------
    cov : array, shape (n, n)
        Symmetric, positive diagonal; its eigenvalues may be negative.
    floor : float
        Least eigenvalue of the correlations, as a part of the largest, from 0 to below 1.

    Returns
    -------
    ndarray, shape (n, n)

    Raises
    ------
    DataError
        NaN, infinity, not square.
    Degenerate
        An asset without variance: names it.
    NotConverged

    Source: Higham 2002, algorithm 3.3.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> wrong = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    >>> rt.quant.nearest_covariance(wrong).round(4)[0].tolist()
    [1.0, 0.7607, 0.1573]
    """
    columns = table(cov, "cov")
    if columns.values.shape[0] != columns.values.shape[1]:
        raise DataError(
            f"a shape of {columns.values.shape} is no covariance", field="cov", remedy="pass (n, n)"
        )
    least = real(floor, "floor", -1e-300, 1.0)
    with naming(columns.names):
        return _core.nearest_covariance(columns.values, least)[0]


@dataclass(frozen=True, repr=False)
class BlackLitterman(Result):
    """Expected returns and covariance after views.

    Attributes
    ----------
    mean : ndarray, shape (n,)
        Expected returns.
    cov : ndarray, shape (n, n)
        Covariance of returns, the uncertainty of the mean included.
    prior : ndarray, shape (n,)
        Expected returns before the views.
    names : list
        What the assets are called.
    """

    mean: Floats
    cov: Floats
    prior: Floats
    names: list[Any] = field(repr=False)


def black_litterman(
    cov: Any,
    views: Any,
    expected: Any,
    *,
    market_weights: Any = None,
    prior: Any = None,
    risk_aversion: float = 2.5,
    tau: float = 0.05,
    uncertainty: Any = None,
    confidences: Any = None,
) -> BlackLitterman:
    """Blend views with the returns that would make the market's weights optimal.

    ``pi = risk_aversion S w``; ``mean = pi + tau S P' (P tau S P' + U)^-1 (q - P pi)``.

    Parameters
    ----------
    cov : array, shape (n, n)
        Covariance S of returns.
    views : array, shape (k, n), or sequence of dict
        P: a row a view, the weights of a portfolio; a dict gives weights by name.
    expected : array, shape (k,)
        q: the return expected of each.
    market_weights : array, shape (n,), optional
        Weights in equilibrium; or pass ``prior``.
    prior : array, shape (n,), optional
        Expected returns before the views, instead of the equilibrium.
    risk_aversion : float
        Of the market, positive.
    tau : float
        Variance of the prior mean, as a part of S.
    uncertainty : array, shape (k,), optional
        Variance of each view; by default as uncertain as the prior on the same portfolio.
    confidences : array, shape (k,), optional
        Between 0 and 1, instead: the view moves its own portfolio by that part of the way.

    Returns
    -------
    BlackLitterman

    Raises
    ------
    DataError, ParameterError
        Values, shapes, an asset that is not there.
    Degenerate
        Certain views that repeat or contradict each other.

    Source: Black-Litterman 1992; He-Litterman 1999, eq. 2-4; Idzorek 2005 for confidences.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> cov = np.diag([0.04, 0.09])
    >>> post = rt.quant.black_litterman(cov, [[1, -1]], [0.05], market_weights=[0.6, 0.4])
    >>> post.prior.round(4).tolist(), post.mean.round(4).tolist()
    ([0.06, 0.09], [0.0723, 0.0623])
    """
    columns = table(cov, "cov")
    finite(columns.values, "cov")
    n = len(columns.names)
    if columns.values.shape != (n, n):
        raise DataError(
            f"a shape of {columns.values.shape} is no covariance", field="cov", remedy="pass (n, n)"
        )
    if (market_weights is None) == (prior is None):
        raise ParameterError(
            "pass either market_weights or prior", field="prior", remedy="not both, not none"
        )
    if prior is None:
        weights = finite(series(market_weights, "market_weights"), "market_weights")
        if weights.shape != (n,):
            raise ParameterError(
                f"market_weights has {weights.size} entries for {n} assets",
                field="market_weights",
                remedy="pass one an asset",
            )
        aversion = real(risk_aversion, "risk_aversion", 0.0)
        with np.errstate(over="ignore", invalid="ignore"):
            before = bounded(aversion * (columns.values @ weights), "market_weights")
    else:
        before = finite(series(prior, "prior"), "prior")
    rows = finite(_view_rows(views, columns.names), "views")
    wanted = finite(series(expected, "expected"), "expected")
    if rows.shape[1] != n:
        raise ParameterError(
            f"views have {rows.shape[1]} columns for {n} assets",
            field="views",
            remedy="pass one weight an asset in each view",
        )
    size = real(tau, "tau", 0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        apart = bounded(size * np.sum(rows @ columns.values * rows, 1), "views")
    spread = _uncertainty(uncertainty, confidences, apart)
    with naming(columns.names):
        mean, blended = _core.black_litterman(
            (before, columns.values), (rows, wanted), spread, size
        )
    bounded(mean, "expected"), bounded(blended, "cov")
    return BlackLitterman(mean, blended, before, columns.names)


def _view_rows(views: Any, names: list[Any]) -> Floats:
    if not isinstance(views, Sequence) or not all(isinstance(view, dict) for view in views):
        return table(views, "views").values
    rows = np.zeros((len(views), len(names)))
    for i, view in enumerate(views):
        for name, weight in view.items():
            if name not in names:
                raise ParameterError(
                    f"view {i} names {name!r}, which is no asset",
                    field="views",
                    remedy=f"choose among {names[:10]}",
                )
            rows[i, names.index(name)] = weight
    return rows


def _uncertainty(uncertainty: Any, confidences: Any, prior: Floats) -> list[float] | None:
    if confidences is None:
        return None if uncertainty is None else series(uncertainty, "uncertainty").tolist()
    if uncertainty is not None:
        raise ParameterError(
            "pass either uncertainty or confidences", field="confidences", remedy="not both"
        )
    trust = series(confidences, "confidences")
    if trust.shape != prior.shape or not np.all((trust > 0.0) & (trust <= 1.0)):
        raise ParameterError(
            f"confidences is {trust}, but must be {prior.size} numbers in (0, 1]",
            field="confidences",
            remedy="leave a view out that you do not hold",
        )
    return list((1.0 / trust - 1.0) * prior)
