"""Portfolios: weights from prices, returns, or means and covariances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from operator import is_
from typing import Any, Literal

import numpy as np

from py_rt._core import quant as _core
from py_rt.errors import DataError, ParameterError, TradingError
from py_rt.quant._arrays import _NUMBERS, Columns, Floats, bounded, choice, real, series, table
from py_rt.quant._limits import USUAL, is_usual, wanted
from py_rt.quant._results import Result, plotly
from py_rt.quant.moments import estimated

Method = Literal[
    "markowitz", "max_sharpe", "min_variance", "risk_parity", "equal_weight", "hrp",
    "max_diversification",
]  # fmt: skip
METHODS = (
    "markowitz", "max_sharpe", "min_variance", "risk_parity", "equal_weight", "hrp",
    "max_diversification",
)  # fmt: skip
# Defaults, named: what is passed can then be told from what is not without comparing values.
_BOUNDS, _AVERSION, _RATE, _BUDGET, _COSTS = (0, 1), 1.0, 0.0, 1.0, 0.0
_PERIODS: float = 1
# What follows a rule instead of minimising anything.
_RULES = ("equal_weight", "hrp")
_SHRINKAGES = (None, "ledoit_wolf", "oas")


@dataclass(frozen=True, repr=False)
class Portfolio(Result):
    """Weights, what they mean, and how well they are optimal.

    Attributes
    ----------
    weights : ndarray, shape (n,)
        One an asset, in the order of the input.
    expected_return : float or None
        None where no expected returns are known.
    volatility : float
    sharpe : float or None
        Expected return above the risk-free rate over volatility, costs not taken off.
    risk_contributions : ndarray, shape (n,)
        ``w_i (S w)_i / volatility``; they add up to the volatility.
    status : str
        ``"optimal"``, or ``"rule"`` for methods that optimise nothing (equal weight, HRP). What
        cannot be answered raises instead.
    method : str
    costs : float
        What going there from ``previous`` costs.
    iterations : int
    residual : float
        Largest violation of the optimality conditions, relative to the size of the problem.
    shrinkage : float or None
        Intensity with which the covariance was shrunk here; None where it was given.
    names : list
        What the assets are called.
    tree : dict or None
        Of HRP: ``joined`` (pairs of clusters, as SciPy numbers them), ``distance``, ``size``,
        ``order`` (leaves from left to right).
    """

    weights: Floats
    expected_return: float | None
    volatility: float
    sharpe: float | None
    risk_contributions: Floats
    status: str
    method: str = "markowitz"
    costs: float = 0.0
    iterations: int = 0
    residual: float = 0.0
    shrinkage: float | None = None
    names: list[Any] = field(default_factory=list, repr=False)
    tree: dict[str, Any] | None = field(default=None, repr=False)
    _scale: float = field(default=1.0, repr=False)
    _inputs: tuple[Floats | None, Floats] | None = field(default=None, repr=False)

    @property
    def converged(self) -> bool:
        """True: a search that does not end raises NotConverged."""
        return True

    @property
    def risk_shares(self) -> Floats:
        """Risk contributions over the volatility: they add up to one."""
        if self.volatility == 0.0:
            return np.zeros_like(self.weights)
        return self.risk_contributions / self.volatility

    def named(self) -> dict[Any, float]:
        """Return the weights by the names of the assets."""
        return dict(zip(self.names, self.weights.tolist(), strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Return all figures by name, names and risk shares included."""
        return super().to_dict() | {"risk_shares": self.risk_shares, "names": list(self.names)}

    def plot(self, kind: Literal["risk", "frontier", "tree"] | None = None) -> Any:
        """Draw risk shares beside weights, the efficient frontier, or the tree of HRP.

        Parameters
        ----------
        kind : str, optional
            ``"tree"`` where there is one, else ``"risk"``. ``"frontier"`` needs expected returns.

        Returns
        -------
        plotly.graph_objects.Figure
        """
        drawn = kind or ("tree" if self.tree else "risk")
        match choice(drawn, "kind", ("risk", "frontier", "tree")):
            case "risk":
                return self._plot_risk()
            case "frontier":
                return self._plot_frontier()
        return self._plot_tree()

    def _plot_risk(self) -> Any:
        graph = plotly()
        names = [str(name) for name in self.names]
        figure = graph.Figure()
        figure.add_bar(x=names, y=self.weights, name="weight")
        figure.add_bar(x=names, y=self.risk_shares, name="share of risk")
        figure.update_layout(
            title=f"{self.method}: volatility {self.volatility:.4g}",
            xaxis_title="asset",
            yaxis_title="share",
        )
        return figure

    def _plot_frontier(self) -> Any:
        graph = plotly()
        mean, cov = self._inputs if self._inputs is not None else (None, None)
        if mean is None or cov is None:
            raise ParameterError(
                "no expected returns are known", field="kind", remedy="pass mean or returns"
            )
        from py_rt.quant.frontier import efficient_frontier

        frontier = efficient_frontier(mean=mean, cov=cov)
        figure = graph.Figure()
        root = np.sqrt(self._scale)
        figure.add_scatter(
            x=frontier.volatility * root, y=frontier.expected_return * self._scale, name="frontier"
        )
        figure.add_scatter(
            x=np.sqrt(np.diag(cov)) * root, y=mean * self._scale, mode="markers+text",
            text=[str(name) for name in self.names], textposition="top center", name="assets",
        )  # fmt: skip
        figure.add_scatter(
            x=[self.volatility], y=[self.expected_return], mode="markers", name=self.method
        )
        figure.update_layout(xaxis_title="volatility", yaxis_title="expected return")
        return figure

    def _plot_tree(self) -> Any:
        graph = plotly()
        if self.tree is None:
            raise ParameterError("only HRP has a tree", field="kind", remedy="choose risk")
        order = self.tree["order"]
        place = {leaf: (float(at), 0.0) for at, leaf in enumerate(order)}
        figure = graph.Figure()
        joins = zip(self.tree["joined"], self.tree["distance"], strict=True)
        for number, ((a, b), height) in enumerate(joins, start=len(order)):
            (x0, y0), (x1, y1) = place[a], place[b]
            place[number] = ((x0 + x1) / 2, height)
            figure.add_scatter(
                x=[x0, x0, x1, x1], y=[y0, height, height, y1], mode="lines",
                line={"color": "#446"}, showlegend=False,
            )  # fmt: skip
        labels = [str(self.names[leaf]) for leaf in order]
        figure.update_xaxes(tickvals=list(range(len(order))), ticktext=labels)
        figure.update_yaxes(title="distance")
        figure.update_layout(title="single linkage", xaxis_title="asset")
        return figure


def known(
    prices: Any, returns: Any, mean: Any, cov: Any, shrinkage: Any
) -> tuple[Floats | None, Columns, float | None]:
    """Return expected returns, covariance, and the shrinkage that was applied here."""
    how = choice(shrinkage, "shrinkage", _SHRINKAGES)
    if cov is not None and prices is None and returns is None:
        columns = table(cov, "cov")
        return None if mean is None else series(mean, "mean"), columns, None
    given = [
        name
        for name, v in (("prices", prices), ("returns", returns), ("cov", cov))
        if v is not None
    ]
    if len(given) != 1:
        raise ParameterError(
            f"pass one of prices, returns and cov, not {given or 'none'}",
            field="cov",
            remedy="mean= may accompany each of them",
        )
    columns = table(returns, "returns") if returns is not None else _simple_returns(prices)
    sample, matrix, shrunk = estimated(columns, how or "sample")
    expected = sample if mean is None else series(mean, "mean")
    return expected, Columns(matrix, columns.names), shrunk


def _simple_returns(prices: Any) -> Columns:
    columns = table(prices, "prices")
    values = columns.values
    wrong = np.argwhere(~(values > 0.0) | ~np.isfinite(values))
    if wrong.size:
        row, column = (int(i) for i in wrong[0])
        raise DataError(
            f"price is {values[row, column]}, and simple returns need positive ones",
            field="prices",
            row=row,
            column=columns.names[column],
            remedy="pass returns= instead",
        )
    if len(values) < 3:
        raise DataError(
            f"{len(values)} prices, but at least 3 are needed", field="prices", remedy="pass more"
        )
    return Columns(np.ascontiguousarray(values[1:] / values[:-1] - 1.0), columns.names)


def portfolio(
    prices: Any = None,
    method: Method = "markowitz",
    *,
    returns: Any = None,
    mean: Any = None,
    cov: Any = None,
    bounds: Any = _BOUNDS,
    risk_aversion: float = _AVERSION,
    risk_free: float = _RATE,
    budgets: Any = None,
    budget: Any = _BUDGET,
    groups: Mapping[str, tuple[Sequence[Any], float, float]] | None = None,
    target_return: float | None = None,
    gross: float | None = None,
    previous: Any = None,
    turnover: float | None = None,
    costs: Any = _COSTS,
    shrinkage: Literal["ledoit_wolf", "oas"] | None = "ledoit_wolf",
    periods_per_year: float = _PERIODS,
) -> Portfolio:
    """Choose portfolio weights.

    markowitz: maximise ``m'w - (risk_aversion/2) w'Sw - costs``; max_sharpe: ``(m'w - costs - rf) /
    sqrt(w'Sw)``; min_variance: least ``w'Sw``; risk_parity: ``w_i (Sw)_i`` proportional to
    ``budgets``; hrp: tree of correlations, cut in halves; max_diversification: largest ``s'w /
    sqrt(w'Sw)`` for volatilities s.

    Parameters
    ----------
    prices : array, shape (T, n), optional
        A column an asset, positive; turned into simple returns.
    method : str
        markowitz, max_sharpe, min_variance, risk_parity, equal_weight, hrp or max_diversification.
    returns : array, shape (T, n), optional
        Instead of prices.
    mean, cov : array, shape (n,) and (n, n), optional
        Instead of both; ``mean`` may also replace the sample mean. Columns of a DataFrame and keys
        of a dict name the assets.
    bounds : pair, or list of n pairs
        Least and largest weight; None for no bound.
    risk_aversion : float
        Of markowitz, positive.
    risk_free : float
        Rate without risk, for one period.
    budgets : array, shape (n,), optional
        Of risk_parity: positive shares of risk, any scale; equal by default.
    budget : float or pair
        Sum of all weights, or its range; 0 for a book that finances itself.
    groups : dict, optional
        ``{"energy": (["XOM", "CVX"], 0.0, 0.3)}``: sums of some weights.
    target_return : float, optional
        Least expected return of one period.
    gross : float, optional
        Largest sum of absolute weights.
    previous : array, shape (n,), optional
        Weights held now; zero for cash.
    turnover : float, optional
        Largest ``sum |w - previous|``.
    costs : float, array (n,), or pair of them
        Cost of a unit traded, in units of return; a pair is (buying, selling).
    shrinkage : str or None
        How the covariance is estimated from prices or returns; see :func:`covariance`.
    periods_per_year : float
        Scale of the figures in the result: 252 for daily data and figures of a year.

    Returns
    -------
    Portfolio

    Raises
    ------
    Infeasible
        Constraints that cannot hold together, by name; no portfolio above the risk-free rate.
    Degenerate
        An asset without variance, or assets that hedge each other completely; names them.
    DataError
        NaN, infinity, shapes, prices that are not positive, a matrix that is no covariance.
    ParameterError, NotConverged

    Notes
    -----
    Minimum variance, maximum Sharpe and diversification without constraints beyond ``bounds=(0,
    1)`` are solved by coordinate descent and block pivoting; risk parity by cyclical coordinate
    descent; all else by an interior point method and an exact solve on what binds. The sample mean
    and covariance look at all rows: inside a backtest pass only what is past.

    Source: Markowitz 1952; Griveau-Billion et al. 2013; Spinu 2013; López de Prado 2016;
    Choueifaty-Coignard 2008; Mehrotra 1992. Oracles: cvxpy, clarabel, skfolio, closed forms.

    Examples
    --------
    >>> import numpy as np, py_rt as rt
    >>> s = np.array([0.12, 0.18, 0.25])
    >>> cov = np.array([[1, 0.4, 0.1], [0.4, 1, 0.6], [0.1, 0.6, 1]]) * np.outer(s, s)
    >>> rt.quant.portfolio(cov=cov, method="risk_parity").weights.round(6).tolist()
    [0.504273, 0.269762, 0.225966]
    >>> rt.quant.portfolio(cov=cov, method="min_variance").weights.round(6).tolist()
    [0.80599, 0.057251, 0.136759]
    """
    if (
        type(cov) is np.ndarray and method == "min_variance"
        and prices is None and returns is None and mean is None and bounds is _BOUNDS
        and budget is _BUDGET and budgets is None and groups is None and target_return is None
        and gross is None and previous is None and turnover is None and costs is _COSTS
        and risk_aversion is _AVERSION and risk_free is _RATE and periods_per_year is _PERIODS
        and shrinkage == "ledoit_wolf"
    ):  # fmt: skip
        # An array has no times that could lie ahead, and nothing else was passed to be checked.
        short = _core.least_variance(cov)
        if short is not None:
            return _least(cov, short)
    how = choice(method, "method", METHODS)
    expected, columns, intensity = known(prices, returns, mean, cov, shrinkage)
    given = (
        bounds, risk_aversion, risk_free, budgets, budget, groups, target_return, gross, previous,
        turnover, costs,
    )  # fmt: skip
    # What is not passed is the default itself, which is told faster than by its value.
    usual = all(map(is_, given, _DEFAULTS)) or is_usual(given)
    asked = None if usual else wanted(columns.names, **dict(zip(USUAL, given, strict=True)))
    return chosen((expected, columns, intensity), how, asked, periods_per_year)


def _least(cov: Floats, short: tuple[Floats, float, Floats, int, float]) -> Portfolio:
    """Make the result of the short road."""
    weights, volatility, contributions, iterations, residual = short
    return Portfolio.made({
        "weights": weights, "expected_return": None, "volatility": volatility, "sharpe": None,
        "risk_contributions": contributions, "status": "optimal", "method": "min_variance",
        "costs": 0.0, "iterations": iterations, "residual": residual, "shrinkage": None,
        "names": _NUMBERS[: len(weights)], "tree": None, "_scale": 1.0,
        "_inputs": (None, cov),
    })  # fmt: skip


_DEFAULTS = tuple((portfolio.__kwdefaults__ or {})[name] for name in USUAL)


def chosen(
    assets: tuple[Floats | None, Columns, float | None],
    method: str,
    asked: dict[str, Any] | None,
    periods_per_year: float,
) -> Portfolio:
    """Ask the kernel, with figures scaled to the periods of a year."""
    expected, columns, intensity = assets
    try:
        told = _core.choose_weights(expected, columns.values, method, asked)
    except TradingError as error:
        _say_names(error, columns.names)
        raise
    weights, gain, volatility, ratio, contributions, costs, iterations, residual, tree = told
    if not (isfinite(volatility) and isfinite(gain or 0.0) and isfinite(ratio or 0.0)):
        bounded(np.inf, "mean")
    scale = real(periods_per_year, "periods_per_year", 0.0)
    if scale != 1.0:
        root = scale**0.5
        gain = None if gain is None else gain * scale
        ratio = None if ratio is None else ratio * root
        volatility, contributions = volatility * root, contributions * root
    status = "rule" if method in _RULES else "optimal"
    return Portfolio.made({
        "weights": weights, "expected_return": gain, "volatility": volatility, "sharpe": ratio,
        "risk_contributions": contributions, "status": status, "method": method, "costs": costs,
        "iterations": iterations, "residual": residual, "shrinkage": intensity,
        "names": columns.names, "tree": tree, "_scale": scale,
        "_inputs": (expected, columns.values),
    })  # fmt: skip


def _say_names(error: TradingError, names: list[Any]) -> None:
    """Say the name of an asset where the kernel says its number."""
    column = error.where.get("column")
    if isinstance(column, int) and column < len(names):
        error.where["column"] = names[column]
