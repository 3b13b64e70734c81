"""The efficient frontier."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from py_rt.errors import ParameterError
from py_rt.quant._arrays import Floats, whole
from py_rt.quant._limits import USUAL, wanted
from py_rt.quant._results import Result, plotly
from py_rt.quant.portfolios import Portfolio, chosen, known


@dataclass(frozen=True, repr=False)
class Frontier(Result):
    """Efficient portfolios, from least variance to largest return.

    Attributes
    ----------
    expected_return, volatility : ndarray, shape (m,)
    weights : ndarray, shape (m, n)
    names : list
        What the assets are called.
    """

    expected_return: Floats
    volatility: Floats
    weights: Floats
    names: list[Any] = field(repr=False)

    def plot(self) -> Any:
        """Draw expected return over volatility as a plotly figure."""
        graph = plotly()
        figure = graph.Figure(graph.Scatter(x=self.volatility, y=self.expected_return))
        figure.update_layout(
            title="efficient frontier", xaxis_title="volatility", yaxis_title="expected return"
        )
        return figure


def efficient_frontier(
    prices: Any = None,
    n_points: int = 30,
    *,
    returns: Any = None,
    mean: Any = None,
    cov: Any = None,
    shrinkage: Literal["ledoit_wolf", "oas"] | None = "ledoit_wolf",
    **constraints: Any,
) -> Frontier:
    """Trace the portfolios of least variance for rising expected returns.

    Parameters
    ----------
    prices, returns, mean, cov, shrinkage
        As in :func:`portfolio`; expected returns must be known.
    n_points : int
        How many, at least two.
    **constraints
        ``bounds``, ``budget``, ``groups``, ``gross``, ``previous``, ``turnover``, ``costs`` as in
        :func:`portfolio`.

    Returns
    -------
    Frontier

    Raises
    ------
    Infeasible, Degenerate, DataError, ParameterError, NotConverged
        As in :func:`portfolio`.

    Source: Markowitz 1952. Oracle: cvxpy.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> frontier = rt.quant.efficient_frontier(
    ...     mean=[0.04, 0.06, 0.09], cov=np.diag([0.01, 0.03, 0.06]), n_points=5
    ... )
    >>> bool((np.diff(frontier.volatility) > 0).all()), frontier.weights[-1].round(6).tolist()
    (True, [0.0, 0.0, 1.0])
    """
    allowed = {"bounds", "budget", "groups", "gross", "previous", "turnover", "costs"}
    unknown = sorted(set(constraints) - allowed)
    if unknown:
        raise ParameterError(
            f"unknown constraint {unknown[0]!r}",
            field=unknown[0],
            remedy=f"one of {sorted(allowed)}",
        )
    points = whole(n_points, "n_points", 2, 100_000)
    expected, columns, _ = known(prices, returns, mean, cov, shrinkage)
    if expected is None:
        raise ParameterError("mean is missing", field="mean", remedy="pass mean=, or returns=")

    def solve(how: str, **more: Any) -> Portfolio:
        asked = USUAL | constraints | more
        assets = (expected, columns, None)
        return chosen(assets, how, wanted(columns.names, **asked), 1.0)

    least = solve("min_variance")
    # So little aversion that only return counts.
    size = float(np.abs(expected).max()) / float(np.diag(columns.values).max())
    most = solve("markowitz", risk_aversion=max(1e-9 * size, 1e-300))
    assert least.expected_return is not None
    assert most.expected_return is not None
    targets = np.linspace(least.expected_return, most.expected_return, points)[1:-1]
    between = [solve("min_variance", target_return=float(t)) for t in targets]
    found = [least, *between, most]
    return Frontier(
        np.array([p.expected_return for p in found]),
        np.array([p.volatility for p in found]),
        np.array([p.weights for p in found]),
        columns.names,
    )
