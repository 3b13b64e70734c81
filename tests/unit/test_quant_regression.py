"""Sparse regression against scikit-learn, and by the conditions that define it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from unit.quant_golden import golden, unwieldy

import py_rt as rt


def problem(n: int = 120, p: int = 30, seed: int = 5) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) * rng.uniform(0.5, 2.0, p) + 3.0
    x[:, 1] = x[:, 0] + 0.01 * rng.normal(size=n)
    return x, x[:, :6] @ rng.normal(size=6) + rng.normal(size=n)


def conditions(x: Any, y: Any, fit: Any, l1: float, l2: float = 0.0) -> float:
    """How far the conditions of optimality are from holding, computed from the data."""
    rest = y - fit.intercept - x @ fit.coef
    slope = (x - x.mean(0)).T @ rest / len(y)
    held = fit.coef != 0
    wrong = np.abs(slope[held] - l1 * np.sign(fit.coef[held]) - l2 * fit.coef[held])
    outside = np.abs(slope[~held]) - l1
    return float(max(wrong.max(initial=0.0), outside.max(initial=0.0), abs(rest.mean())))


@pytest.mark.parametrize("case", range(2))
def test_agrees_with_scikit_learn(case: int) -> None:
    told = golden()["regressions"][case]
    x, y = np.array(told["X"]), np.array(told["y"])
    lasso = rt.quant.lasso(x, y, 0.1)
    np.testing.assert_allclose(lasso.coef, told["lasso"][0], atol=1e-6)
    assert lasso.intercept == pytest.approx(told["lasso"][1], abs=1e-6)
    net = rt.quant.elastic_net(x, y, 0.2, 0.3)
    np.testing.assert_allclose(net.coef, told["elastic_net"][0], atol=1e-6)
    path = rt.quant.lasso_path(x, y, eps=1e-2)
    np.testing.assert_allclose(path.alphas[::20], told["path"]["alphas"], rtol=1e-10)
    np.testing.assert_allclose(path.coef[::20], told["path"]["coef"], atol=1e-5)


@pytest.mark.parametrize("shape", [(120, 30), (40, 120), (30, 30)])
@pytest.mark.parametrize("alpha", [0.003, 0.05, 1.0])
def test_conditions_of_optimality_hold(shape: tuple[int, int], alpha: float) -> None:
    x, y = problem(*shape)
    scale = float(np.abs((x - x.mean(0)).T @ y).max() / len(y))
    fit = rt.quant.lasso(x, y, alpha * scale)
    assert fit.converged
    assert conditions(x, y, fit, alpha * scale) < 1e-7 * scale
    assert 0.0 <= fit.dual_gap <= 1e-8 * y.var()
    net = rt.quant.elastic_net(x, y, alpha * scale, 0.5)
    assert conditions(x, y, net, alpha * scale / 2, alpha * scale / 2) < 1e-7 * scale


def test_the_gap_bounds_the_distance_from_the_minimum() -> None:
    x, y = problem()
    exact = rt.quant.lasso(x, y, 0.05, tol=1e-13)
    for tol in (1e-1, 1e-2, 1e-4):
        rough = rt.quant.lasso(x, y, 0.05, tol=tol)
        assert rough.objective - exact.objective <= rough.dual_gap + 1e-13


def test_the_adaptive_lasso_is_a_lasso_on_scaled_columns() -> None:
    x, y = problem()
    centred = x - x.mean(0)
    first = np.linalg.lstsq(centred, y - y.mean(), rcond=None)[0]
    for gamma in (0.5, 1.0, 2.0):
        factors = np.abs(first) ** gamma
        plain = rt.quant.lasso(x * factors, y, 0.05)
        found = rt.quant.adaptive_lasso(x, y, 0.05, gamma)
        np.testing.assert_allclose(found.coef, plain.coef * factors, atol=1e-8)
    wide = problem(20, 50)
    assert rt.quant.adaptive_lasso(*wide, alpha=0.05).converged


def test_the_path_is_the_single_solutions() -> None:
    x, y = problem()
    path = rt.quant.lasso_path(x, y, n_alphas=25)
    assert np.count_nonzero(path.coef[0]) == 0
    for at in (1, 10, 24):
        single = rt.quant.lasso(x, y, float(path.alphas[at]))
        np.testing.assert_allclose(path.coef[at], single.coef, atol=1e-6)
        assert path.intercept[at] == pytest.approx(single.intercept, abs=1e-5)
    given = rt.quant.lasso_path(x, y, alphas=[0.1, 1.0])
    assert given.alphas.tolist() == [1.0, 0.1]


def test_columns_that_are_copies_are_no_problem() -> None:
    x, y = problem()
    x[:, 3] = x[:, 2]
    x[:, 5] = x[:, 2] + x[:, 4]
    fit = rt.quant.lasso(x, y, 0.01)
    assert fit.converged
    assert conditions(x, y, fit, 0.01) < 1e-5


def test_what_is_held_without_an_intercept() -> None:
    x, y = problem()
    fit = rt.quant.lasso(x, y, 0.05, intercept=False)
    assert fit.intercept == 0.0
    slope = x.T @ (y - x @ fit.coef) / len(y)
    assert np.abs(slope).max() <= 0.05 * (1 + 1e-6)


def test_few_steps_are_admitted() -> None:
    x, y = problem()
    with pytest.warns(RuntimeWarning, match="gap"):
        fit = rt.quant.lasso(x, y, 1e-4, max_iter=1)
    assert not fit.converged
    assert fit.residual == fit.dual_gap > 0


def test_every_shape_of_the_same_numbers() -> None:
    x, y = problem()
    plain = rt.quant.lasso(x, y, 0.05)
    for name, same in unwieldy(x).items():
        for other in unwieldy(y).values():
            assert rt.quant.lasso(same, other, 0.05).coef.tobytes() == plain.coef.tobytes(), name
    frame = pd.DataFrame(x, columns=[f"c{i}" for i in range(30)])
    named = rt.quant.lasso(frame, pd.Series(y), 0.05)
    assert named.names[:2] == ["c0", "c1"]
    whole = np.round(x).astype(np.int32)
    assert rt.quant.lasso(whole, y.astype(np.float32), 0.05).converged


@pytest.mark.parametrize("scale", [1e-150, 1e-9, 1e9, 1e150])
def test_scale(scale: float) -> None:
    x, y = problem()
    plain = rt.quant.lasso(x, y, 0.05)
    scaled = rt.quant.lasso(x, y * scale, 0.05 * scale)
    np.testing.assert_allclose(scaled.coef, plain.coef * scale, rtol=1e-6, atol=1e-12 * scale)


def test_a_level_far_above_its_noise() -> None:
    x, y = problem()
    plain = rt.quant.lasso(x, y, 0.05)
    lifted = rt.quant.lasso(x + 1e7, y, 0.05)
    np.testing.assert_allclose(lifted.coef, plain.coef, atol=1e-5)


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_numbers_whose_squares_leave_the_range(scale: float) -> None:
    x, y = problem()
    with pytest.raises(rt.DataError, match="scale"):
        rt.quant.lasso(x * scale, y, 0.05)
    with pytest.raises(rt.DataError, match="scale"):
        rt.quant.lasso(x, y * scale, 0.05)


def test_a_constant_column_is_named() -> None:
    x, y = problem()
    frame = pd.DataFrame(x, columns=[f"c{i}" for i in range(30)])
    frame["c7"] = 0.1
    with pytest.raises(rt.Degenerate) as told:
        rt.quant.lasso(frame, y, 0.05)
    assert told.value.where["column"] == "c7"
    with pytest.raises(rt.Degenerate) as told:
        rt.quant.lasso(x, np.full(120, 0.1), 0.05)
    assert told.value.field == "y"


@pytest.mark.parametrize("row", [0, 60, 119])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_placed(row: int, value: float) -> None:
    x, y = problem()
    bad = x.copy()
    bad[row, 3] = value
    for call in (rt.quant.lasso, rt.quant.adaptive_lasso, rt.quant.elastic_net):
        with pytest.raises(rt.DataError) as told:
            call(bad, y, 0.1)
        assert (told.value.where["row"], told.value.where["column"]) == (row, 3)
    missing = y.copy()
    missing[row] = value
    with pytest.raises(rt.DataError) as told:
        rt.quant.lasso_path(x, missing)
    assert told.value.where["row"] == row


def test_bad_shapes_and_parameters() -> None:
    x, y = problem()
    for bad_x, bad_y in ((x[:50], y), (x[:1], y[:1]), (np.zeros((0, 3)), []), (x[:, :0], y)):
        with pytest.raises(rt.DataError):
            rt.quant.lasso(bad_x, bad_y, 0.1)
    for alpha in (0.0, -1.0, np.nan, np.inf, "x"):
        with pytest.raises(rt.ParameterError):
            rt.quant.lasso(x, y, alpha)
    for share in (0.0, 1.5, np.nan):
        with pytest.raises(rt.ParameterError):
            rt.quant.elastic_net(x, y, 0.1, share)
    with pytest.raises(rt.ParameterError):
        rt.quant.lasso_path(x, y, n_alphas=0)
    with pytest.raises(rt.ParameterError):
        rt.quant.lasso_path(x, y, eps=2.0)


def test_a_million_rows() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1_000_000, 2))
    fit = rt.quant.lasso(x, 2 * x[:, 0], 0.1)
    np.testing.assert_allclose(fit.coef, [1.9, 0.0], atol=0.01)


# -------------------------------------------------------------------------- sparse portfolios


def walks(seed: int = 2) -> Any:
    rng = np.random.default_rng(seed)
    x = 100 + np.cumsum(rng.normal(size=(400, 6)), axis=0)
    x[:, 0] = 0.5 * x[:, 2] + 0.3 * x[:, 4] + rng.normal(size=400)
    return x


@pytest.mark.parametrize("method", ["lasso", "elastic_net", "adaptive_lasso"])
def test_a_portfolio_follows_its_target(method: Any) -> None:
    x = walks()
    found = rt.quant.sparse_portfolio(x, method)
    assert np.abs(found.weights).sum() == pytest.approx(1.0)
    assert found.n_selected == np.count_nonzero(found.weights)
    assert found.weights[0] > 0 > found.weights[2]
    if method == "lasso":
        fit = rt.quant.lasso(x[:, 1:], x[:, 0], found.alpha)
        raw = np.concatenate([[1.0], -fit.coef])
        np.testing.assert_allclose(found.weights, raw / np.abs(raw).sum(), atol=1e-12)
        assert found.objective == pytest.approx(fit.objective)
    frame = pd.DataFrame(x, columns=list("ABCDEF"))
    other = rt.quant.sparse_portfolio(frame, method, target="E")
    assert other.weights[4] == np.abs(other.weights).max() or other.weights[4] > 0
    with pytest.raises(rt.ParameterError, match="no column"):
        rt.quant.sparse_portfolio(frame, method, target="Z")
    with pytest.raises(rt.DataError, match="none to follow"):
        rt.quant.sparse_portfolio(x[:, :1], method)


def test_the_sparse_component_is_stationary() -> None:
    x = walks()
    found = rt.quant.sparse_portfolio(x, "sparse_pca", alpha=3.0)
    centred = x - x.mean(0)
    u = centred @ found.weights
    u *= np.sqrt(len(x)) / np.linalg.norm(u)
    full = centred.T @ u / len(x)
    v = np.sign(full) * np.maximum(np.abs(full) - 3.0, 0.0)
    np.testing.assert_allclose(v / np.abs(v).sum(), found.weights, atol=1e-4)
    rest = ((centred - np.outer(u, v)) ** 2).sum() / (2 * len(x)) + 3.0 * np.abs(v).sum()
    assert rest == pytest.approx(found.objective, rel=1e-6)
    dense = rt.quant.sparse_portfolio(x, "sparse_pca", alpha=1e-9)
    first = np.linalg.svd(centred, full_matrices=False)[2][0]
    np.testing.assert_allclose(np.abs(dense.weights), np.abs(first) / np.abs(first).sum(), atol=1e-3)
    with pytest.raises(rt.ParameterError, match="leaves no asset"):
        rt.quant.sparse_portfolio(x, "sparse_pca", alpha=1e6)


def test_plots() -> None:
    pytest.importorskip("plotly")
    assert len(rt.quant.lasso_path(*problem(), n_alphas=5).plot().data) == 30
