"""Portfolios against published values, closed forms, other solvers, and their own optimality."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from typing import Any

import numpy as np
import pandas as pd
import pytest

import py_rt as rt
from py_rt.quant._limits import USUAL, is_usual
from unit.quant_golden import golden, unwieldy

DEVIATIONS = np.array([0.12, 0.18, 0.25])
CORRELATIONS = np.array([[1, 0.4, 0.1], [0.4, 1, 0.6], [0.1, 0.6, 1]])
COV = CORRELATIONS * np.outer(DEVIATIONS, DEVIATIONS)
MEAN = np.array([0.04, 0.06, 0.09])
OPTIMAL = ("markowitz", "max_sharpe", "min_variance", "risk_parity", "max_diversification")
METHODS = (*OPTIMAL, "equal_weight", "hrp")


def returns(rows: int = 200, columns: int = 5, seed: int = 3) -> Any:
    rng = np.random.default_rng(seed)
    mixing = np.eye(columns) + 0.3 * rng.normal(size=(columns, columns))
    return 0.01 * rng.normal(size=(rows, columns)) @ mixing + 5e-4


def near(found: Any, expected: Any, tolerance: float = 1e-9) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


# ------------------------------------------------------------------------------ published values


def test_three_assets() -> None:
    parity = rt.quant.portfolio(cov=COV, method="risk_parity")
    near(parity.weights, [0.5042725044, 0.2697618477, 0.2259656479])
    near(parity.risk_shares, [1 / 3] * 3)
    shared = rt.quant.portfolio(cov=COV, method="risk_parity", budgets=[0.5, 0.3, 0.2])
    near(shared.weights, [0.6072070178, 0.2395477584, 0.1532452238])
    least = rt.quant.portfolio(cov=COV, method="min_variance")
    near(least.weights, [0.8059899095, 0.0572512255, 0.1367588650])
    best = rt.quant.portfolio(cov=COV, mean=MEAN, method="max_sharpe")
    near(best.weights, [0.6308818923, 0.0421333652, 0.3269847425])
    assert best.sharpe == pytest.approx(0.4683404438, abs=1e-10)


def test_the_frontier_without_bounds_has_its_closed_form() -> None:
    ones = np.ones(3)
    inverse = np.linalg.inv(COV)
    a, b, c = ones @ inverse @ ones, ones @ inverse @ MEAN, MEAN @ inverse @ MEAN
    for target in (0.03, 0.05, 0.12):
        found = rt.quant.portfolio(
            cov=COV, mean=MEAN, method="min_variance", bounds=None, target_return=target
        )
        m = max(target, b / a)
        assert found.volatility**2 == pytest.approx((a * m * m - 2 * b * m + c) / (a * c - b * b))
    tangent = rt.quant.portfolio(cov=COV, mean=MEAN, method="max_sharpe", bounds=None)
    near(tangent.weights, inverse @ MEAN / b)
    near(
        rt.quant.portfolio(cov=COV, method="min_variance", bounds=None).weights, inverse @ ones / a
    )


def test_closed_forms_of_risk_parity() -> None:
    for correlation in (-0.9, -0.3, 0.0, 0.7, 0.999):
        pair = np.array([[1, correlation], [correlation, 1]]) * np.outer([0.1, 0.3], [0.1, 0.3])
        near(rt.quant.portfolio(cov=pair, method="risk_parity").weights, [0.75, 0.25])
    equal = 0.3 * np.ones((4, 4)) + 0.7 * np.eye(4)
    deviations = np.array([0.1, 0.2, 0.3, 0.4])
    found = rt.quant.portfolio(cov=equal * np.outer(deviations, deviations), method="risk_parity")
    near(found.weights, (1 / deviations) / (1 / deviations).sum())


def test_a_duplicated_asset_still_has_an_answer() -> None:
    twice = np.array([[1, 1, 0.5], [1, 1, 0.5], [0.5, 0.5, 1.0]])
    parity = rt.quant.portfolio(cov=twice, method="risk_parity")
    near(parity.risk_shares, [1 / 3] * 3)
    least = rt.quant.portfolio(cov=twice, method="min_variance")
    assert least.volatility**2 == pytest.approx(0.75)


# ------------------------------------------------------------------------------- other libraries


@pytest.mark.parametrize("case", range(3))
@pytest.mark.parametrize(
    "method", ["min_variance", "max_sharpe", "max_diversification", "risk_parity", "hrp"]
)
def test_simple_portfolios_agree_with_cvxpy_and_pypfopt(case: int, method: Any) -> None:
    told = golden()["simple"][case]
    budgets = told["budgets"] if method == "risk_parity" else None
    found = rt.quant.portfolio(cov=told["cov"], mean=told["mean"], method=method, budgets=budgets)
    near(found.weights, told[method], 1e-10 if method == "hrp" else 1e-5)
    assert found.residual < 1e-9


@pytest.mark.parametrize("case", range(12))
def test_constrained_portfolios_agree_with_cvxpy(case: int) -> None:
    told = golden()["constrained"][case]
    members, low, high = told["group"]
    asked: dict[str, Any] = {
        "bounds": tuple(told["bounds"]),
        "groups": {"some": (members, low, high)},
        "previous": told["previous"],
        "turnover": told["turnover"],
        "costs": told["costs"],
        "gross": told["gross"],
        "risk_aversion": told["risk_aversion"],
    }
    found = rt.quant.portfolio(cov=told["cov"], mean=told["mean"], **asked)
    near(found.weights, told["weights"], 1e-5)
    w, before = found.weights, np.array(told["previous"])
    traded = np.abs(w - before).sum()
    assert found.costs == pytest.approx(told["costs"] * traded, abs=1e-15)
    value = np.array(told["mean"]) @ w - told["risk_aversion"] / 2 * found.volatility**2
    assert value - found.costs >= told["value"] - 1e-11
    assert w.sum() == pytest.approx(1.0, abs=1e-12)
    assert traded <= told["turnover"] + 1e-10
    assert w.min() >= told["bounds"][0]
    assert w.max() <= told["bounds"][1]
    assert low - 1e-12 <= w[members].sum() <= high + 1e-12
    assert np.abs(w).sum() <= (told["gross"] or np.inf) + 1e-10


@pytest.mark.parametrize("name", ["ledoit_wolf", "oas"])
def test_shrinkage_agrees_with_scikit_learn(name: Any) -> None:
    told = golden()["shrinkage"]
    found = rt.quant.covariance(told["X"], name)
    near(found.cov, told[name]["cov"], 1e-13)
    assert found.intensity == pytest.approx(told[name]["intensity"], abs=1e-13)
    near(rt.quant.covariance(told["X"], None).cov, np.cov(np.array(told["X"]).T), 1e-13)


# --------------------------------------------------------------------------------- optimality


@pytest.mark.parametrize("seed", range(6))
def test_every_condition_of_optimality_holds(seed: int) -> None:
    """The gradient is level on held assets and no smaller on the others; computed here."""
    x = returns(columns=12, seed=seed)
    cov, mean = np.cov(x.T), x.mean(0)
    found = rt.quant.portfolio(cov=cov, mean=mean, risk_aversion=3.0, bounds=(0, 0.3))
    w = found.weights
    slope = 3.0 * cov @ w - mean
    inside = (w > 0) & (w < 0.3)
    level = slope[inside].mean() if inside.any() else np.median(slope)
    near(slope[inside], level, 1e-12)
    assert (slope[w == 0] >= level - 1e-12).all()
    assert (slope[w == 0.3] <= level + 1e-12).all()


def test_the_largest_sharpe_ratio_is_a_maximum_under_constraints() -> None:
    x = returns(columns=8)
    cov, mean = np.cov(x.T), x.mean(0) + 3e-4
    asked: dict[str, Any] = {"bounds": (-0.1, 0.4), "groups": {"some": ([0, 1, 2], 0.2, 0.5)}}
    best = rt.quant.portfolio(cov=cov, mean=mean, method="max_sharpe", **asked)
    assert best.sharpe is not None
    for aversion in np.geomspace(0.01, 1000, 60):
        other = rt.quant.portfolio(cov=cov, mean=mean, risk_aversion=float(aversion), **asked)
        assert other.sharpe is not None
        assert other.sharpe <= best.sharpe + 1e-12


def test_the_frontier_rises_and_bends() -> None:
    frontier = rt.quant.efficient_frontier(returns=returns(), n_points=12)
    assert (np.diff(frontier.expected_return) > 0).all()
    slopes = np.diff(frontier.volatility) / np.diff(frontier.expected_return)
    assert (np.diff(slopes) > -1e-9).all()
    near(frontier.weights.sum(axis=1), 1.0, 1e-12)


def test_a_book_that_finances_itself() -> None:
    found = rt.quant.portfolio(cov=COV, mean=MEAN, bounds=(-1, 1), budget=0, gross=1.0)
    near(found.weights.sum(), 0.0)
    assert np.abs(found.weights).sum() <= 1.0 + 1e-12
    assert rt.quant.portfolio(cov=COV, method="min_variance", bounds=None, budget=0).sharpe is None


# ------------------------------------------------------------------------------------- the face


def test_names_travel() -> None:
    frame = pd.DataFrame(100 * np.cumprod(1 + returns(), axis=0), columns=list("VWXYZ"))
    found = rt.quant.portfolio(frame, "hrp")
    assert list(found.named()) == list("VWXYZ")
    assert found.tree is not None
    assert sorted(found.tree["order"]) == [0, 1, 2, 3, 4]
    told = found.to_dict()
    assert {"weights", "risk_shares", "status", "names"} <= set(told)
    assert len(repr(found)) < 400
    with pytest.raises(AttributeError):
        found.weights = None  # type: ignore[misc]
    by_name = rt.quant.portfolio(frame, "min_variance", groups={"ends": (["V", "Z"], None, 0.1)})
    assert by_name.weights[[0, 4]].sum() <= 0.1 + 1e-12


def test_figures_of_a_year() -> None:
    day = rt.quant.portfolio(returns=returns(), method="min_variance")
    year = rt.quant.portfolio(returns=returns(), method="min_variance", periods_per_year=252)
    assert day.expected_return is not None
    assert day.sharpe is not None
    assert year.expected_return == pytest.approx(252 * day.expected_return)
    assert year.sharpe == pytest.approx(252**0.5 * day.sharpe)
    assert year.risk_contributions.sum() == pytest.approx(year.volatility)


@pytest.mark.parametrize("method", METHODS)
def test_every_shape_of_the_same_numbers_gives_the_same_answer(method: Any) -> None:
    x = returns()
    plain = rt.quant.portfolio(returns=x, method=method)
    for name, same in unwieldy(x).items():
        other = rt.quant.portfolio(returns=same, method=method)
        assert other.weights.tobytes() == plain.weights.tobytes(), name
    assert plain.weights.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("scale", [1e-140, 1e-8, 1e8, 1e140])
@pytest.mark.parametrize("method", ["min_variance", "risk_parity", "max_diversification", "hrp"])
def test_scale_changes_nothing(method: Any, scale: float) -> None:
    plain = rt.quant.portfolio(cov=COV, method=method)
    scaled = rt.quant.portfolio(cov=COV * scale, method=method)
    near(scaled.weights, plain.weights, 1e-9)


# -------------------------------------------------------------------------------------- refusals


def test_what_cannot_hold_together_is_named() -> None:
    with pytest.raises(rt.Infeasible, match="budget"):
        rt.quant.portfolio(cov=COV, method="min_variance", bounds=(0, 0.2))
    with pytest.raises(rt.Infeasible, match="target_return"):
        rt.quant.portfolio(cov=COV, mean=MEAN, method="min_variance", target_return=0.5)
    with pytest.raises(rt.Infeasible, match="turnover"):
        rt.quant.portfolio(
            cov=COV, method="min_variance", previous=[0, 0, 0], turnover=0.5, budget=1.0
        )
    groups = {"left": ([0, 1], 0.0, 0.3), "right": ([2], 0.0, 0.3)}
    with pytest.raises(rt.Infeasible, match=r"left.*right"):
        rt.quant.portfolio(cov=COV, method="min_variance", groups=groups)
    with pytest.raises(rt.Infeasible, match="risk-free"):
        rt.quant.portfolio(cov=COV, mean=-MEAN, method="max_sharpe")
    with pytest.raises(rt.Infeasible, match="hrp has one answer"):
        rt.quant.portfolio(cov=COV, method="hrp", bounds=(0, 0.1))


def test_an_asset_without_risk_is_named() -> None:
    frame = pd.DataFrame(returns(), columns=list("ABCDE"))
    frame["C"] = 0.001
    for method in METHODS:
        with pytest.raises(rt.Degenerate) as told:
            rt.quant.portfolio(returns=frame, method=method)
        assert told.value.where["column"] == "C"
    with pytest.raises(rt.Degenerate) as told:
        rt.quant.portfolio(cov=np.diag([1.0, 0.0]), method="min_variance")
    assert told.value.where["column"] == 1


def test_assets_that_hedge_each_other() -> None:
    opposite = [[1.0, -1.0], [-1.0, 1.0]]
    with pytest.raises(rt.Degenerate, match="hedge"):
        rt.quant.portfolio(cov=opposite, method="risk_parity")
    with pytest.raises(rt.Degenerate, match="no risk"):
        rt.quant.portfolio(cov=opposite, mean=[0.1, 0.2], method="max_sharpe")


def test_a_matrix_that_is_no_covariance() -> None:
    with pytest.raises(rt.DataError, match="symmetric"):
        rt.quant.portfolio(cov=[[1.0, 0.5], [0.2, 1.0]], method="min_variance")
    with pytest.raises(rt.DataError, match="above one"):
        rt.quant.portfolio(cov=[[1.0, 2.0], [2.0, 1.0]], method="min_variance")
    wrong = np.array([[1, -0.9, -0.9], [-0.9, 1, -0.9], [-0.9, -0.9, 1]])
    for method in ("min_variance", "risk_parity"):
        with pytest.raises(rt.DataError, match="negative"):
            rt.quant.portfolio(cov=wrong, method=method)  # type: ignore[arg-type]
    repaired = rt.quant.nearest_covariance(wrong)
    assert np.linalg.eigvalsh(repaired)[0] > -1e-9
    near(np.diag(repaired), 1.0)


def test_higham_s_own_example() -> None:
    wrong = np.array([[1.0, 1, 0], [1, 1, 1], [0, 1, 1]])
    found = rt.quant.nearest_covariance(wrong)
    near(found, [[1, 0.7607, 0.1573], [0.7607, 1, 0.7607], [0.1573, 0.7607, 1]], 5e-5)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"cov": [[np.nan, 0], [0, 1]]}, "cov"),
        ({"cov": [[1, 0], [0, 1]], "mean": [0.1, np.inf]}, "mean"),
        ({"cov": [[1, 0], [0, 1]], "mean": [0.1]}, "mean"),
        ({"cov": np.zeros((0, 0))}, "cov"),
        ({"cov": np.ones((2, 3))}, "cov"),
        ({"prices": [[1.0, 2], [1, -1], [2, 2], [1, 1]]}, "prices"),
        ({"prices": [[1.0, 2], [1, 0], [2, 2], [1, 1]]}, "prices"),
        ({"prices": [[1.0, 2]]}, "prices"),
        ({"returns": [[0.1, np.nan], [0.2, 0.1]]}, "returns"),
        ({"returns": [[0.1, 0.2]]}, "returns"),
        ({"returns": ["a", "b"]}, "returns"),
    ],
)
def test_bad_data_is_placed(arguments: dict[str, Any], field: str) -> None:
    with pytest.raises(rt.DataError) as told:
        rt.quant.portfolio(**arguments, method="min_variance")
    assert told.value.field == field
    assert told.value.remedy


@pytest.mark.parametrize(
    "arguments",
    [
        {"method": "best"},
        {"method": "risk_parity", "budgets": [1, 0, 1]},
        {"method": "risk_parity", "budgets": [1, 1]},
        {"risk_aversion": 0.0, "mean": MEAN},
        {"risk_aversion": np.nan, "mean": MEAN},
        {},
        {"method": "min_variance", "bounds": [(0, 1)]},
        {"method": "min_variance", "bounds": 3},
        {"method": "min_variance", "turnover": 0.1},
        {"method": "min_variance", "previous": [1, 0, 0], "costs": -0.1},
        {"method": "min_variance", "previous": [1, 0]},
        {"method": "min_variance", "groups": {"x": ([7], 0, 1)}},
        {"method": "min_variance", "target_return": 0.1},
        {"method": "min_variance", "periods_per_year": 0},
        {"method": "min_variance", "shrinkage": "yes"},
        {"method": "min_variance", "returns": [[1.0]]},
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any]) -> None:
    with pytest.raises(rt.ParameterError) as told:
        rt.quant.portfolio(cov=COV, **arguments)
    assert told.value.remedy


def test_few_observations_many_assets() -> None:
    x = returns(rows=30, columns=60)
    shrunk = rt.quant.portfolio(returns=x, method="min_variance")
    assert shrunk.shrinkage is not None
    assert 0 < shrunk.shrinkage < 1
    singular = rt.quant.portfolio(returns=x, method="min_variance", shrinkage=None)
    assert singular.weights.min() >= 0
    assert rt.quant.covariance(x, None).condition_number > 1e12


def test_a_million_rows() -> None:
    x = np.random.default_rng(0).normal(size=(1_000_000, 3))
    near(rt.quant.portfolio(returns=x, method="risk_parity").weights, [1 / 3] * 3, 1e-3)


# ---------------------------------------------------------------------------- Black-Litterman


def test_the_tables_of_he_and_litterman() -> None:
    deviations = np.array([16.0, 20.3, 24.8, 27.1, 21.0, 20.0, 18.7]) / 100
    upper = np.zeros((7, 7))
    upper[np.triu_indices(7, 1)] = [
        0.488, 0.478, 0.515, 0.439, 0.512, 0.491, 0.664, 0.655, 0.310, 0.608, 0.779, 0.861,
        0.355, 0.783, 0.668, 0.354, 0.777, 0.653, 0.405, 0.306, 0.652,
    ]  # fmt: skip
    cov = (upper + upper.T + np.eye(7)) * np.outer(deviations, deviations)
    weights = np.array([1.6, 2.2, 5.2, 5.5, 11.6, 12.4, 61.5]) / 100
    view = [0, 0, -0.295, 1, 0, -0.705, 0]
    post = rt.quant.black_litterman(cov, [view], [0.05], market_weights=weights)
    near(100 * post.prior, [3.9, 6.9, 8.4, 9.0, 4.3, 6.8, 7.6], 0.051)
    near(100 * post.mean, [4.3, 7.6, 9.3, 11.0, 4.5, 7.0, 8.1], 0.051)
    certain = rt.quant.black_litterman(
        cov, [view], [0.05], market_weights=weights, confidences=[1.0]
    )
    assert np.dot(view, certain.mean) == pytest.approx(0.05)
    with pytest.raises(rt.Degenerate, match="view 1"):
        rt.quant.black_litterman(
            cov, [view, view], [0.05, 0.1], prior=post.prior, confidences=[1.0, 1.0]
        )
    with pytest.raises(rt.ParameterError, match="no asset"):
        rt.quant.black_litterman(cov, [{"USA": 1.0}], [0.05], market_weights=weights)


def test_plots() -> None:
    pytest.importorskip("plotly")
    found = rt.quant.portfolio(returns=returns(), method="hrp")
    assert len(found.plot().data) == 4
    assert len(found.plot("frontier").data) == 3
    assert len(found.plot("risk").data) == 2
    assert len(rt.quant.efficient_frontier(returns=returns(), n_points=3).plot().data) == 1


def test_the_short_way_asks_for_the_usual_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        "py_rt.quant.portfolios.is_usual", lambda given: bool(asked.append(given)) or True
    )
    plain = rt.quant.portfolio(cov=COV, method="min_variance")
    assert not asked
    same = rt.quant.portfolio(cov=COV, method="min_variance", **(USUAL | {"bounds": (0.0, 1.0)}))
    monkeypatch.undo()
    assert asked == [tuple(USUAL.values())]
    assert same.weights.tolist() == plain.weights.tolist()
    assert is_usual(tuple(USUAL.values()))
    assert is_usual(tuple((USUAL | {"bounds": (0.0, 1.0), "risk_aversion": 1}).values()))
    other = {
        "bounds": [(0, 1)] * 3, "risk_aversion": 2.0, "risk_free": 1e-9, "budgets": [1, 1, 1],
        "budget": (0, 1), "groups": {}, "target_return": 0.0, "gross": 1.0,
        "previous": np.zeros(3), "turnover": np.float64(1.0), "costs": True,
    }  # fmt: skip
    for name, value in other.items():
        assert not is_usual(tuple((USUAL | {name: value}).values())), name


def test_a_portfolio_has_all_its_fields() -> None:
    found = rt.quant.portfolio(cov=COV, method="min_variance")
    assert list(vars(found)) == [field.name for field in fields(found)]
    with pytest.raises(FrozenInstanceError):
        found.volatility = 1.0  # type: ignore[misc]


@pytest.mark.parametrize("count", [1, 2, 5, 20, 50, 51])
def test_the_short_road_says_what_the_usual_one_says(count: int) -> None:
    rng = np.random.default_rng(count)
    load = rng.normal(1, 0.4, (count, 3))
    cov = (load @ load.T + np.diag(rng.uniform(0.5, 2.0, count))) * 1e-4
    cov = (cov + cov.T) / 2
    short = rt.quant.portfolio(cov=cov, method="min_variance")
    # A list is no plain array, and takes the usual road.
    usual = rt.quant.portfolio(cov=cov.tolist(), method="min_variance")
    for field in fields(usual):
        one, other = getattr(short, field.name), getattr(usual, field.name)
        if field.name == "_inputs":
            assert one[0] is other[0] is None
            one, other = one[1], other[1]
        assert type(one) is type(other), field.name
        np.testing.assert_array_equal(one, other, err_msg=field.name)
    assert short.names == list(range(count))


@pytest.mark.parametrize(
    "cov",
    [
        np.full((2, 2), np.nan),
        np.array([[1.0, 0.5], [0.4, 1.0]]),
        np.array([[1.0, 0.0], [0.0, 0.0]]),
        np.array([[1.0, 2.0], [2.0, 1.0]]),
        np.ones((2, 3)),
        np.ones(3),
        np.empty((0, 0)),
        np.array([[1e308, 1e308], [1e308, 1.5e308]]),
        np.ones((2, 2)),
    ],
    ids=["nan", "lopsided", "riskless", "correlated", "wide", "flat", "empty", "huge", "equal"],
)
def test_the_short_road_refuses_what_the_usual_one_refuses(cov: Any) -> None:
    def told(given: Any) -> Any:
        try:
            return rt.quant.portfolio(cov=given, method="min_variance").weights.tolist()
        except rt.errors.TradingError as error:
            return type(error), str(error)

    strided = np.repeat(cov, 2, axis=0)[::2]
    assert told(cov) == told(cov.tolist() if cov.size else np.empty((0, 0), np.float32))
    assert told(cov) == told(strided)
