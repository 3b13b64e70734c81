"""Sparse regression: LASSO, elastic net, adaptive LASSO, paths, and portfolios made of them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from py_rt._core import quant as _core
from py_rt.errors import DataError, ParameterError
from py_rt.quant._arrays import Floats, choice, naming, real, restored, series, table, tamed, whole
from py_rt.quant._results import Result, plotly


@dataclass(frozen=True, repr=False)
class Regression(Result):
    """Coefficients of a sparse regression, with the certificate of their optimality.

    Attributes
    ----------
    coef : ndarray, shape (p,)
        Coefficients; exact zeros where a column is left out.
    intercept : float
        Level of y at zero.
    dual_gap : float
        The objective less a lower bound of its minimum, in units of the objective.
    iterations : int
        Sweeps over the working set.
    converged : bool
        Whether the gap is at most ``tol`` times the mean square of y.
    objective : float
        ``|y - Xb - b0|^2/(2n) + l1 |b|_1 + l2/2 |b|^2``.
    names : list
        What the columns are called.
    """

    coef: Floats
    intercept: float
    dual_gap: float
    iterations: int
    converged: bool
    objective: float
    names: list[Any] = field(repr=False)

    @property
    def residual(self) -> float:
        """The duality gap, under the name that all iterative results share."""
        return self.dual_gap


@dataclass(frozen=True, repr=False)
class RegressionPath(Result):
    """Coefficients for a sequence of penalties.

    Attributes
    ----------
    alphas : ndarray, shape (m,)
        Penalties, falling.
    coef : ndarray, shape (m, p)
        A row of coefficients a penalty.
    intercept : ndarray, shape (m,)
    dual_gap : ndarray, shape (m,)
        As in :class:`Regression`.
    iterations : int
        Sweeps in all.
    converged : bool
        Whether every penalty converged.
    names : list
        What the columns are called.
    """

    alphas: Floats
    coef: Floats
    intercept: Floats
    dual_gap: Floats
    iterations: int
    converged: bool
    names: list[Any] = field(repr=False)

    def plot(self) -> Any:
        """Draw the coefficients over the penalty as a plotly figure."""
        graph = plotly()
        figure = graph.Figure()
        for j, name in enumerate(self.names):
            figure.add_scatter(x=self.alphas, y=self.coef[:, j], name=str(name), mode="lines")
        figure.update_xaxes(title="alpha", type="log", autorange="reversed")
        figure.update_yaxes(title="coefficient")
        return figure


def _warn(what: str, gap: float) -> None:
    warnings.warn(
        f"{what} stopped at a duality gap of {gap:.3g}; raise max_iter or tol",
        RuntimeWarning,
        stacklevel=3,
    )


def _fit(
    X: Any,  # noqa: N803
    y: Any,
    penalty: tuple[float, float],
    gamma: float | None,
    settings: tuple[bool, float, int],
) -> Regression:
    columns, target = table(X, "X", by_column=True), series(y, "y")
    intercept, tol, max_iter = settings
    stop = (real(tol, "tol", 0.0), whole(max_iter, "max_iter", 1))
    with naming(columns.names):
        coef, level, gap, objective, iterations, converged = _core.elastic_net(
            (columns.values, target), penalty, gamma, bool(intercept), stop
        )
    return Regression(coef, level, gap, iterations, converged, objective, columns.names)


def lasso(
    X: Any,  # noqa: N803
    y: Any,
    alpha: float,
    *,
    intercept: bool = True,
    tol: float = 1e-8,
    max_iter: int = 10_000,
) -> Regression:
    """Fit the LASSO: minimise ``|y - Xb - b0|^2/(2n) + alpha |b|_1``.

    Coordinate descent on a working set; stops on the duality gap. Columns are taken as they are:
    bring them to one scale yourself if they should be penalised alike.

    Parameters
    ----------
    X : array, shape (n, p)
        Columns that explain.
    y : array, shape (n,)
        What is explained.
    alpha : float
        Penalty, positive, in units of y times X.
    intercept : bool
        Whether there is a level besides the columns.
    tol : float
        Largest duality gap, as a part of the mean square of (centred) y.
    max_iter : int
        Most sweeps; when they are used up, ``converged`` is false and a warning says so.

    Returns
    -------
    Regression

    Raises
    ------
    DataError
        NaN, infinity, lengths that differ.
    Degenerate
        A constant column, or a constant y.
    ParameterError
        alpha, tol or max_iter out of range.

    Source: Tibshirani 1996; Friedman et al. 2010; Ndiaye et al. 2017. Oracle: scikit-learn.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> X = np.random.default_rng(0).normal(size=(200, 5))
    >>> fit = rt.quant.lasso(X, 2 * X[:, 1] - X[:, 3], alpha=0.1)
    >>> np.flatnonzero(fit.coef).tolist(), fit.converged
    ([1, 3], True)
    """
    l1 = real(alpha, "alpha", 0.0)
    found = _fit(X, y, (l1, 0.0), None, (intercept, tol, max_iter))
    if not found.converged:
        _warn("lasso", found.dual_gap)
    return found


def elastic_net(
    X: Any,  # noqa: N803
    y: Any,
    alpha: float,
    l1_ratio: float = 0.5,
    *,
    intercept: bool = True,
    tol: float = 1e-8,
    max_iter: int = 10_000,
) -> Regression:
    """Fit the elastic net: :func:`lasso` with ``alpha (r |b|_1 + (1 - r)/2 |b|^2)``, r = l1_ratio.

    Parameters
    ----------
    X, y, alpha, intercept, tol, max_iter
        As in :func:`lasso`.
    l1_ratio : float
        Share of the first penalty, above 0 and up to 1.

    Returns
    -------
    Regression

    Raises
    ------
    DataError, Degenerate, ParameterError
        As in :func:`lasso`.

    Source: Zou-Hastie 2005. Oracle: scikit-learn.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> X = np.random.default_rng(0).normal(size=(200, 5))
    >>> rt.quant.elastic_net(X, X[:, 0] + X[:, 2], alpha=0.1, l1_ratio=0.9).converged
    True
    """
    share = _share(l1_ratio)
    weight = real(alpha, "alpha", 0.0)
    penalty = (weight * share, weight * (1.0 - share))
    found = _fit(X, y, penalty, None, (intercept, tol, max_iter))
    if not found.converged:
        _warn("elastic_net", found.dual_gap)
    return found


def _share(l1_ratio: float) -> float:
    share = real(l1_ratio, "l1_ratio", 0.0)
    if share > 1.0:
        raise ParameterError(
            f"l1_ratio is {l1_ratio!r}, but must be in (0, 1]",
            field="l1_ratio",
            remedy="1 is the LASSO; for ridge solve the normal equations",
        )
    return share


def adaptive_lasso(
    X: Any,  # noqa: N803
    y: Any,
    alpha: float,
    gamma: float = 1.0,
    *,
    intercept: bool = True,
    tol: float = 1e-8,
    max_iter: int = 10_000,
) -> Regression:
    """Fit the adaptive LASSO: ``|y - Xb - b0|^2/(2n) + alpha sum |b_j| / |b0_j|^gamma``.

    The first estimate b0 is least squares where it is determined (more rows than columns, none
    collinear), else ridge with a thousandth of the mean variance. Columns that matter are penalised
    less, so the estimate is consistent in selection.

    Parameters
    ----------
    X, y, alpha, intercept, tol, max_iter
        As in :func:`lasso`; ``dual_gap`` belongs to the reweighted problem.
    gamma : float
        Power of the weights, positive.

    Returns
    -------
    Regression

    Raises
    ------
    DataError, Degenerate, ParameterError
        As in :func:`lasso`.

    Source: Zou 2006. Oracle: scikit-learn on rescaled columns.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> X = np.random.default_rng(0).normal(size=(200, 5))
    >>> fit = rt.quant.adaptive_lasso(X, 2 * X[:, 1], alpha=0.1)
    >>> np.flatnonzero(fit.coef).tolist()
    [1]
    """
    power = real(gamma, "gamma", 0.0)
    l1 = real(alpha, "alpha", 0.0)
    found = _fit(X, y, (l1, 0.0), power, (intercept, tol, max_iter))
    if not found.converged:
        _warn("adaptive_lasso", found.dual_gap)
    return found


def lasso_path(
    X: Any,  # noqa: N803
    y: Any,
    *,
    n_alphas: int = 100,
    eps: float = 1e-3,
    alphas: Sequence[float] | None = None,
    l1_ratio: float = 1.0,
    intercept: bool = True,
    tol: float = 1e-8,
    max_iter: int = 10_000,
) -> RegressionPath:
    """Fit :func:`elastic_net` for falling penalties, each from the solution before.

    Parameters
    ----------
    X, y, intercept, tol, max_iter
        As in :func:`lasso`; max_iter counts for each penalty.
    n_alphas : int
        How many penalties, from the least that empties the model (``max |X'y|/n / l1_ratio``) ...
    eps : float
        ... down to this part of it, equally far apart in logarithms.
    alphas : sequence of float, optional
        Penalties instead of those; they are taken from the largest to the smallest.
    l1_ratio : float
        As in :func:`elastic_net`.

    Returns
    -------
    RegressionPath

    Raises
    ------
    DataError, Degenerate, ParameterError
        As in :func:`lasso`.

    Source: Friedman et al. 2010. Oracle: scikit-learn.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> X = np.random.default_rng(0).normal(size=(200, 5))
    >>> path = rt.quant.lasso_path(X, 2 * X[:, 1] - X[:, 3], n_alphas=20)
    >>> path.coef.shape, int(np.count_nonzero(path.coef[1]))
    ((20, 5), 1)
    """
    columns, target = table(X, "X", by_column=True), series(y, "y")
    given: list[float] | None = None
    if alphas is not None:
        given = [real(a, "alphas", 0.0) for a in np.asarray(alphas, dtype=np.float64).ravel()]
        given.sort(reverse=True)
    grid = (whole(n_alphas, "n_alphas", 1, 100_000), real(eps, "eps", 0.0, 1.0))
    settings = (bool(intercept), real(tol, "tol", 0.0), whole(max_iter, "max_iter", 1))
    with naming(columns.names):
        told = _core.lasso_path((columns.values, target), given, grid, _share(l1_ratio), settings)
    path = RegressionPath(*told, columns.names)
    if not path.converged:
        _warn("lasso_path", float(path.dual_gap.max()))
    return path


@dataclass(frozen=True, repr=False)
class SparsePortfolio(Result):
    """A portfolio of few assets.

    Attributes
    ----------
    weights : ndarray, shape (n,)
        One an asset, absolute values adding up to one.
    n_selected : int
        Weights that are not zero.
    objective : float
        Of the regression, or of the sparse component.
    alpha : float
        The penalty that was used.
    converged : bool
    iterations : int
    names : list
        What the assets are called.
    """

    weights: Floats
    n_selected: int
    objective: float
    alpha: float
    converged: bool
    iterations: int
    names: list[Any] = field(repr=False)


_METHODS = ("lasso", "elastic_net", "adaptive_lasso", "sparse_pca")


def sparse_portfolio(
    prices: Any,
    method: Literal["lasso", "elastic_net", "adaptive_lasso", "sparse_pca"] = "lasso",
    alpha: float | None = None,
    l1_ratio: float = 0.5,
    *,
    target: Any = None,
    gamma: float = 1.0,
    tol: float = 1e-8,
    max_iter: int = 10_000,
) -> SparsePortfolio:
    """Find few assets that follow another, or the first sparse principal component.

    A heuristic for cointegration: the target's price is regressed on the others' with a penalty;
    the portfolio holds 1 of the target and minus the coefficients of the others, scaled to
    ``sum |w| = 1``. For portfolios that are fast to return to their mean see
    :func:`sparse_mean_reversion`. The whole sample is used: for research, not inside a backtest.

    Parameters
    ----------
    prices : array, shape (n, k)
        A column an asset; taken as given (pass logarithms if you mean them).
    method : str
        ``"lasso"``, ``"elastic_net"``, ``"adaptive_lasso"``, or ``"sparse_pca"``: minimise
        ``|X - uv'|_F^2/(2n) + alpha |v|_1`` over ``|u|^2 = n``, weights proportional to v.
    alpha : float, optional
        Penalty; without it, a tenth of the least one that leaves nothing.
    l1_ratio : float
        Of the elastic net.
    target : int or name, optional
        The column to follow, the first by default.
    gamma : float
        Of the adaptive LASSO.
    tol, max_iter
        As in :func:`lasso`.

    Returns
    -------
    SparsePortfolio

    Raises
    ------
    DataError, Degenerate, ParameterError
        As in :func:`lasso`; a target that is not there.

    Source: Tibshirani 1996; Zou-Hastie 2005; Zou 2006; Shen-Huang 2008.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> walk = np.cumsum(np.random.default_rng(0).normal(size=(300, 4)), axis=0)
    >>> walk[:, 0] = 0.5 * walk[:, 2] + np.random.default_rng(1).normal(size=300)
    >>> fit = rt.quant.sparse_portfolio(walk)
    >>> np.flatnonzero(fit.weights).tolist()
    [0, 2]
    """
    columns = table(prices, "prices")
    values, names = columns.values, columns.names
    how = choice(method, "method", _METHODS)
    weight = None if alpha is None else real(alpha, "alpha", 0.0)
    if how == "sparse_pca":
        stop = (real(tol, "tol", 0.0), whole(max_iter, "max_iter", 1))
        values, unit = tamed(values)
        with naming(names):
            loads, objective, used, iterations, converged = _core.sparse_component(
                values, None if weight is None else float(np.ldexp(weight, -unit)), *stop
            )
        objective = float(restored(objective, 2 * unit, "prices"))
        used = float(np.ldexp(used, unit))
        weights = loads / np.abs(loads).sum()
        return _portfolio(weights, objective, used, (converged, iterations), names)
    if values.shape[1] < 2:
        raise DataError("one asset has none to follow", field="prices", remedy="pass two or more")
    at = _position(target, names)
    others = [j for j in range(len(names)) if j != at]
    rest, own = np.ascontiguousarray(values[:, others]), np.ascontiguousarray(values[:, at])
    with naming([names[j] for j in others]):
        if weight is None:
            weight = 0.1 * _core.largest_penalty(rest, own, True)
            if weight <= 0.0:
                raise DataError(
                    "no asset moves with the target", field="prices", remedy="choose another"
                )
    share = _share(l1_ratio) if how == "elastic_net" else 1.0
    penalty = (weight * share, weight * (1.0 - share))
    power = real(gamma, "gamma", 0.0) if how == "adaptive_lasso" else None
    with naming([names[j] for j in others]):
        fit = _fit(rest, own, penalty, power, (True, tol, max_iter))
    weights = np.zeros(len(names))
    weights[at] = 1.0
    weights[others] = -fit.coef
    weights /= np.abs(weights).sum()
    return _portfolio(weights, fit.objective, weight, (fit.converged, fit.iterations), names)


def _portfolio(
    weights: Floats, objective: float, alpha: float, told: tuple[bool, int], names: list[Any]
) -> SparsePortfolio:
    if not told[0]:
        warnings.warn(
            "sparse_portfolio stopped early; raise max_iter", RuntimeWarning, stacklevel=3
        )
    selected = int(np.count_nonzero(weights))
    return SparsePortfolio(weights, selected, objective, alpha, *told, names)


def _position(target: Any, names: list[Any]) -> int:
    if target is None:
        return 0
    if target in names:
        return names.index(target)
    if isinstance(target, int) and not isinstance(target, bool) and 0 <= target < len(names):
        return target
    raise ParameterError(
        f"target is {target!r}, which is no column",
        field="target",
        remedy=f"choose one of {names[:10]}",
    )
