"""Search and likelihood: minima of functions that are not smooth, and estimates with errors.

Whatever chooses the best of many backtests chooses luck as well: hand the number of evaluations on
to the deflated Sharpe ratio, and search under walk-forward only.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from py_rt._core import quant as _core
from py_rt.errors import NotConverged, ParameterError
from py_rt.quant._arrays import Floats, choice, finite, plain, real, whole
from py_rt.quant._results import Result, plotly

__all__ = [
    "GridResult",
    "LikelihoodResult",
    "SearchResult",
    "differential_evolution",
    "genetic",
    "grid_search",
    "maximum_likelihood",
]

_NEVER = 2**62


@dataclass(frozen=True, repr=False)
class SearchResult(Result):
    """What a search found; ``residual`` is the last spread over the tolerated one."""

    x: Floats
    fun: float
    evaluations: int
    converged: bool
    history: Floats
    iterations: int
    residual: float

    def plot(self) -> Any:
        """Draw the best value after every generation (Plotly figure)."""
        graph = plotly()
        return graph.Figure(graph.Scatter(y=self.history)).update_layout(title="best value")


def _bounds(bounds: Any) -> list[tuple[float, float]]:
    array = np.asarray(bounds, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 2 or not len(array):
        raise ParameterError(
            f"bounds has shape {array.shape}", field="bounds", remedy="give (low, high) pairs"
        )
    return [(float(low), float(high)) for low, high in array]


def _search(f: Callable[[Floats], float], plan: dict[str, Any]) -> SearchResult:
    return SearchResult(**_core.minimise(f, plan))


def differential_evolution(
    f: Callable[[Floats], float],
    bounds: Sequence[tuple[float, float]],
    *,
    strategy: Literal["best1bin", "rand1bin", "lshade"] = "best1bin",
    population: int | None = None,
    max_iter: int = 1000,
    max_evaluations: int | None = None,
    mutation: tuple[float, float] = (0.5, 0.9),
    crossover: float = 0.9,
    tol: float = 1e-8,
    seed: int = 0,
) -> SearchResult:
    """Minimise a function between bounds by differential evolution.

    A trial is a member (or the best) plus a weighted difference of two others, crossed with its
    parent; it replaces a parent that is no better. Out of bounds is reflected.

    Parameters
    ----------
    f : callable
        Takes an array of shape (dim,), returns a number; NaN counts as the worst.
    bounds : sequence of (low, high), length dim
    strategy : {"best1bin", "rand1bin", "lshade"}
        From the best; from a random member (slower, finds more); with an archive, learnt factors
        and a shrinking population (needs a budget: ``max_evaluations``, 10,000 a dimension by
        default).
    population : int, optional
        Members, at least 4; 15 a dimension by default (18 for "lshade").
    max_iter : int
        Generations.
    max_evaluations : int, optional
        Evaluations.
    mutation : (float, float)
        Range of the weight, drawn anew every generation.
    crossover : float
        Probability that a coordinate comes from the trial.
    tol : float
        Converged when the standard deviation of the values is at most ``tol |mean| + 1e-12``.
    seed : int
        Same seed, same run.

    Returns
    -------
    SearchResult
        ``x fun evaluations converged history iterations residual``; ``history`` is the best value
        after every generation. On equal values the first found stays.

    Raises
    ------
    ParameterError
        Bounds the wrong way round, or a parameter outside its range.

    Notes
    -----
    No search of this kind finds every minimum every time: compare seeds. Exceptions of ``f`` come
    out as they are. Source: Storn and Price 1997; Tanabe and Fukunaga 2014.

    Examples
    --------
    >>> import py_rt as rt
    >>> found = rt.quant.differential_evolution(lambda x: float((x**2).sum()), [(-5, 5)] * 3)
    >>> found.fun < 1e-8, found.converged
    (True, True)
    """
    box = _bounds(bounds)
    dim = len(box)
    name = choice(strategy, "strategy", ("best1bin", "rand1bin", "lshade"))
    size = (18 if name == "lshade" else 15) * dim if population is None else population
    budget = max_evaluations or (10_000 * dim if name == "lshade" else _NEVER)
    low, high = mutation
    plan = {
        "strategy": name,
        "bounds": box,
        "population": whole(size, "population", 4),
        "generations": whole(max_iter, "max_iter", 1),
        "evaluations": whole(budget, "max_evaluations", 1),
        "weight": (real(low, "mutation", 0.0, 2.0), real(high, "mutation", 0.0, 2.0)),
        "cross": real(crossover, "crossover", -1e-300, 1.0 + 1e-12),
        "tol": real(tol, "tol", -1e-300),
        "seed": whole(seed, "seed", 0),
    }
    return _search(f, plan)


def genetic(
    f: Callable[[Floats], float],
    bounds: Sequence[tuple[float, float]],
    *,
    population: int | None = None,
    max_iter: int = 500,
    max_evaluations: int | None = None,
    tol: float = 1e-8,
    seed: int = 0,
) -> SearchResult:
    """Minimise a function between bounds by a genetic algorithm for real numbers.

    Tournaments of two, simulated binary crossover, polynomial mutation; the best of parents and
    children live on.

    Parameters
    ----------
    f, bounds, max_evaluations, tol, seed
        As in :func:`differential_evolution`.
    population : int, optional
        Members; 20 a dimension by default, at least 40.
    max_iter : int
        Generations.

    Returns
    -------
    SearchResult
        ``x fun evaluations converged history iterations residual``.

    Notes
    -----
    Source: Deb and Agrawal 1995; Deb 2001.

    Examples
    --------
    >>> import py_rt as rt
    >>> rt.quant.genetic(lambda x: float((x**2).sum()), [(-5, 5)] * 2).fun < 1e-4
    True
    """
    box = _bounds(bounds)
    size = max(40, 20 * len(box)) if population is None else population
    plan = {
        "strategy": "genetic",
        "bounds": box,
        "population": whole(size, "population", 4),
        "generations": whole(max_iter, "max_iter", 1),
        "evaluations": whole(max_evaluations or _NEVER, "max_evaluations", 1),
        "weight": (0.5, 0.9),
        "cross": 0.9,
        "tol": real(tol, "tol", -1e-300),
        "seed": whole(seed, "seed", 0),
    }
    return _search(f, plan)


@dataclass(frozen=True, repr=False)
class GridResult(Result):
    """What :func:`grid_search` found; ``history`` holds every point in order, ``failures`` why."""

    x: dict[str, Any]
    fun: float
    evaluations: int
    converged: bool
    history: list[tuple[dict[str, Any], float]]
    failures: list[tuple[dict[str, Any], str]]


def grid_search(
    f: Callable[..., float],
    grid: Mapping[str, Sequence[Any]],
    *,
    max_evaluations: int | None = None,
    progress: Callable[[int, int], Any] | None = None,
) -> GridResult:
    """Try every point of a grid, in order, and keep the first of the smallest.

    Parameters
    ----------
    f : callable
        Called as ``f(**point)``, returns a number. NaN or an exception counts as the worst value
        and is recorded; Ctrl-C is not caught.
    grid : mapping
        Values by name; the last name changes fastest.
    max_evaluations : int, optional
        Points at most; ``converged`` says whether the whole grid was seen.
    progress : callable, optional
        Called with (done, total).

    Returns
    -------
    GridResult
        ``x`` (a dictionary), ``fun evaluations converged history failures``.

    Raises
    ------
    ParameterError
        An empty grid.
    NotConverged
        Every point failed; the message says how the first did.

    Examples
    --------
    >>> import py_rt as rt
    >>> found = rt.quant.grid_search(lambda a, b: (a - 2) ** 2 + b, {"a": [1, 2, 3], "b": [0, 1]})
    >>> found.x, found.evaluations
    ({'a': 2, 'b': 0}, 6)
    """
    columns = {name: list(values) for name, values in grid.items()}
    if not columns or not all(columns.values()):
        raise ParameterError("the grid is empty", field="grid", remedy="give values to every name")
    total = int(np.prod([len(values) for values in columns.values()]))
    limit = total if max_evaluations is None else whole(max_evaluations, "max_evaluations", 1)
    history: list[tuple[dict[str, Any], float]] = []
    failures: list[tuple[dict[str, Any], str]] = []
    best = -1
    for values in itertools.islice(itertools.product(*columns.values()), limit):
        point = dict(zip(columns, values, strict=True))
        try:
            value = float(f(**point))
        except Exception as error:  # noqa: BLE001 (a point that fails is the worst, and is kept)
            value = float("nan")
            failures.append((point, f"{type(error).__name__}: {error}"))
        else:
            if np.isnan(value):
                failures.append((point, "NaN"))
        history.append((point, float("inf") if np.isnan(value) else value))
        if not np.isnan(value) and (best < 0 or value < history[best][1]):
            best = len(history) - 1
        if progress is not None:
            progress(len(history), total)
    if best < 0:
        raise NotConverged(
            f"every point failed, the first with {failures[0][1]}",
            remedy="call the function at one point by hand",
        )
    point, value = history[best]
    return GridResult(point, value, len(history), len(history) == total, history, failures)


@dataclass(frozen=True, repr=False)
class LikelihoodResult(Result):
    """What :func:`maximum_likelihood` found; errors are NaN where the curvature is not negative."""

    x: Floats
    loglik: float
    stderr: Floats
    stderr_robust: Floats | None
    evaluations: int
    converged: bool
    residual: float
    at_bounds: list[int]
    hessian: Floats = field(repr=False)


def maximum_likelihood(
    loglik: Callable[[Floats], Any],
    x0: Any,
    bounds: Sequence[tuple[float | None, float | None]] | None = None,
    *,
    tol: float = 1e-8,
    max_iter: int = 200,
) -> LikelihoodResult:
    """Maximise a log likelihood and say how sure the estimates are.

    Quasi-Newton steps (BFGS on central differences) with halving; parameters stay between their
    bounds.

    Parameters
    ----------
    loglik : callable
        Takes an array of shape (dim,), returns the log likelihood, or its contributions of shape
        (n,): then sandwich errors are given as well.
    x0 : array_like, shape (dim,)
        Start, with a finite likelihood.
    bounds : sequence of (low, high), optional
        Infinite ends are allowed; estimates that lie on one are listed in ``at_bounds``.
    tol : float
        Converged when the largest scaled gradient is at most this, relative to the likelihood.
    max_iter : int
        Steps.

    Returns
    -------
    LikelihoodResult
        ``x loglik stderr stderr_robust evaluations converged residual at_bounds hessian``.

    Raises
    ------
    ParameterError
        A start outside its bounds or without likelihood.

    Notes
    -----
    Errors: the inverse of minus the Hessian; sandwich: ``H^-1 (sum g_t g_t') H^-1``. On a bound
    neither holds. Source: White 1982.

    Examples
    --------
    >>> import numpy as np
    >>> import py_rt as rt
    >>> x = np.random.default_rng(0).normal(2.0, 1.0, size=400)
    >>> fit = rt.quant.maximum_likelihood(lambda p: -0.5 * (x - p[0]) ** 2, [0.0])
    >>> bool(abs(fit.x[0] - x.mean()) < 1e-6), round(float(fit.stderr[0]), 3)
    (True, 0.05)
    """
    start = finite(np.atleast_1d(plain(x0, "x0")).copy(), "x0")
    if start.ndim != 1 or not len(start):
        raise ParameterError(
            f"x0 has shape {start.shape}", field="x0", remedy="pass one number a parameter"
        )
    low, high = (np.full(len(start), -np.inf), np.full(len(start), np.inf))
    if bounds is not None:
        ends = np.array([(-np.inf if a is None else a, np.inf if b is None else b)
                         for a, b in bounds], dtype=np.float64)  # fmt: skip
        if ends.shape != (len(start), 2) or not (ends[:, 0] < ends[:, 1]).all():
            raise ParameterError(
                "bounds do not fit x0", field="bounds", remedy="give (low, high) pairs"
            )
        low, high = ends[:, 0], ends[:, 1]
    if ((start < low) | (start > high)).any():
        raise ParameterError("x0 lies outside its bounds", field="x0", remedy="start inside")
    return _Climb(loglik, low, high).run(
        start, real(tol, "tol", 0.0), whole(max_iter, "max_iter", 1)
    )


class _Climb:
    """One maximisation: values, differences, BFGS."""

    def __init__(self, loglik: Callable[[Floats], Any], low: Floats, high: Floats) -> None:
        self.loglik, self.low, self.high = loglik, low, high
        self.evaluations = 0

    def terms(self, x: Floats) -> Floats:
        self.evaluations += 1
        return np.atleast_1d(np.asarray(self.loglik(x.copy()), dtype=np.float64))

    def value(self, x: Floats) -> float:
        total = float(self.terms(x).sum())
        return total if np.isfinite(total) else -np.inf

    def steps(self, x: Floats, power: float) -> tuple[Floats, Floats]:
        """Differences up and down that stay between the bounds."""
        size = np.finfo(float).eps ** power * np.maximum(np.abs(x), 1e-2)
        return np.minimum(size, self.high - x), np.minimum(size, x - self.low)

    def slopes(self, x: Floats) -> Floats:
        """Return the derivatives of every contribution, shape (n, dim)."""
        up, down = self.steps(x, 1 / 3)
        columns = []
        for i in range(len(x)):
            above, below = x.copy(), x.copy()
            above[i] += up[i]
            below[i] -= down[i]
            columns.append((self.terms(above) - self.terms(below)) / (up[i] + down[i]))
        return np.stack(columns, axis=1)

    def curvature(self, x: Floats) -> Floats:
        up, down = self.steps(x, 1 / 5)
        h = np.maximum(np.minimum(up, down), 1e-12)
        dim = len(x)
        matrix = np.empty((dim, dim))
        for i in range(dim):
            for j in range(i + 1):
                corners = []
                for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
                    moved = x.copy()
                    moved[i] += a * h[i]
                    moved[j] += b * h[j]
                    corners.append(a * b * self.value(np.clip(moved, self.low, self.high)))
                matrix[i, j] = matrix[j, i] = sum(corners) / (4.0 * h[i] * h[j])
        return matrix

    def run(self, x: Floats, tol: float, max_iter: int) -> LikelihoodResult:
        best = self.value(x)
        if not np.isfinite(best):
            raise ParameterError(
                f"x0 has log likelihood {best}", field="x0", remedy="start where it is finite"
            )
        inverse = np.diag(np.maximum(np.abs(x), 1e-2) ** 2) / max(abs(best), 1.0)
        gradient = self.slopes(x).sum(axis=0)
        residual, converged = np.inf, False
        for _ in range(max_iter):
            free = ~(((x <= self.low) & (gradient < 0)) | ((x >= self.high) & (gradient > 0)))
            scaled = np.abs(gradient * np.maximum(np.abs(x), 1e-2))[free]
            residual = float(scaled.max(initial=0.0)) / max(abs(best), 1.0)
            if residual <= tol:
                converged = True
                break
            direction = np.where(free, inverse @ np.where(free, gradient, 0.0), 0.0)
            if direction @ gradient <= 0.0:
                inverse = np.diag(np.maximum(np.abs(x), 1e-2) ** 2) / max(abs(best), 1.0)
                direction = np.where(free, inverse @ gradient, 0.0)
            moved, value = self.search(x, best, direction, gradient)
            if value <= best:
                # No digit left to gain: what remains is the error of the differences.
                converged = residual <= max(tol, 1e-5)
                break
            slope = self.slopes(moved).sum(axis=0)
            inverse = _updated(inverse, moved - x, gradient - slope)
            x, best, gradient = moved, value, slope
        return self.result(x, best, residual, converged)

    def search(
        self, x: Floats, best: float, direction: Floats, gradient: Floats
    ) -> tuple[Floats, float]:
        """Halve the step until the likelihood rises by a part of what the slope promises."""
        size = 1.0
        for _ in range(50):
            moved = np.clip(x + size * direction, self.low, self.high)
            value = self.value(moved)
            if value > best + 1e-4 * float(gradient @ (moved - x)):
                return moved, value
            size *= 0.5
        return x, best

    def result(self, x: Floats, best: float, residual: float, converged: bool) -> LikelihoodResult:
        hessian = self.curvature(x)
        slopes = self.slopes(x)
        unknown = np.full(len(x), np.nan)
        try:
            np.linalg.cholesky(-hessian)
            covariance = np.linalg.inv(-hessian)
            stderr = np.sqrt(np.diag(covariance))
        except np.linalg.LinAlgError:
            covariance, stderr = None, unknown
        robust: Floats | None = None
        if slopes.shape[0] > 1:
            robust = unknown
            if covariance is not None:
                robust = np.sqrt(np.diag(covariance @ (slopes.T @ slopes) @ covariance))
        edge = (x <= self.low) | (x >= self.high)
        return LikelihoodResult(
            x=x,
            loglik=best,
            stderr=stderr,
            stderr_robust=robust,
            evaluations=self.evaluations,
            converged=converged,
            residual=residual,
            at_bounds=[int(i) for i in np.flatnonzero(edge)],
            hessian=hessian,
        )


def _updated(inverse: Floats, step: Floats, change: Floats) -> Floats:
    """BFGS for the inverse of minus the Hessian; skipped where the curvature has no sign."""
    product = float(step @ change)
    if product <= 1e-12 * float(np.linalg.norm(step) * np.linalg.norm(change)):
        return inverse
    left = np.eye(len(step)) - np.outer(step, change) / product
    renewed: Floats = left @ inverse @ left.T + np.outer(step, step) / product
    return renewed
