"""Search: minima of functions that are not smooth.

Whatever chooses the best of many backtests chooses luck as well: hand the number of evaluations on
to the deflated Sharpe ratio, and search under walk-forward only.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from py_rt._core import quant as _core
from py_rt.errors import NotConverged, ParameterError
from py_rt.quant._arrays import Floats, choice, real, whole
from py_rt.quant._results import Result, plotly

__all__ = [
    "GridResult",
    "SearchResult",
    "differential_evolution",
    "genetic",
    "grid_search",
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
        figure = graph.Figure(graph.Scatter(y=self.history))
        return figure.update_layout(
            title="best value", xaxis_title="generation", yaxis_title="value"
        )


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
