"""Matrix splitting and predictability against SciPy, cvxpy, brute force and exact values."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest

import py_rt as rt
from unit.quant_golden import golden, unwieldy


def model(rows: int = 80, columns: int = 60, rank: int = 3, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    low = rng.normal(size=(rows, rank)) @ rng.normal(size=(rank, columns)) / np.sqrt(columns)
    hit = rng.random((rows, columns)) < 0.05
    return low, np.where(hit, rng.choice([-1.0, 1.0], (rows, columns)), 0.0)


# ------------------------------------------------------------------------------------ robust PCA


@pytest.mark.parametrize("shape", [(80, 60, 3), (60, 80, 3), (100, 100, 5)])
def test_the_random_model_of_the_paper_is_recovered(shape: tuple[int, int, int]) -> None:
    low, sparse = model(*shape)
    parts = rt.quant.robust_pca(low + sparse)
    assert parts.converged
    assert parts.rank == shape[2]
    assert np.array_equal(np.abs(parts.sparse) > 1e-3, sparse != 0)
    np.testing.assert_allclose(parts.low_rank, low, atol=1e-4)
    assert parts.lam == pytest.approx(1 / np.sqrt(max(shape[:2])))


@pytest.mark.parametrize("case", range(2))
def test_the_objective_agrees_with_a_semidefinite_program(case: int) -> None:
    told = golden()["pursuit"]["cases"][case]
    parts = rt.quant.robust_pca(told["M"], noise=told["noise"], max_iter=5000)
    assert parts.converged
    assert parts.objective == pytest.approx(told["objective"], rel=2e-5)
    np.testing.assert_allclose(parts.low_rank, told["low_rank"], atol=2e-2)
    left = np.array(told["M"]) - parts.low_rank - parts.sparse
    assert np.linalg.norm(left) <= told["noise"] + 1e-5
    values = np.linalg.svd(parts.low_rank, compute_uv=False)
    total = values.sum() + parts.lam * np.abs(parts.sparse).sum()
    assert parts.objective == pytest.approx(total, rel=1e-9)


def test_the_founding_name_is_an_alias() -> None:
    assert rt.quant.box_tao_decomposition is rt.quant.robust_pca


def test_scale_and_shape_change_nothing() -> None:
    low, sparse = model()
    m = low + sparse
    plain = rt.quant.robust_pca(m)
    for scale in (1e-200, 1e200):
        scaled = rt.quant.robust_pca(m * scale)
        np.testing.assert_allclose(scaled.low_rank / scale, plain.low_rank, atol=1e-6)
    for same in unwieldy(m).values():
        assert rt.quant.robust_pca(same).sparse.tobytes() == plain.sparse.tobytes()


def test_small_and_odd_matrices() -> None:
    for m in ([[2.0]], [[1.0, 2.0]], [[1.0], [2.0]], np.ones((5, 4)), np.eye(4)):
        parts = rt.quant.robust_pca(m)
        np.testing.assert_allclose(parts.low_rank + parts.sparse, m, atol=1e-5)
    with pytest.raises(rt.Degenerate):
        rt.quant.robust_pca(np.zeros((4, 4)))
    with pytest.raises(rt.DataError):
        rt.quant.robust_pca(np.zeros((0, 4)))
    bad = np.ones((4, 4))
    bad[2, 1] = np.nan
    with pytest.raises(rt.DataError) as told:
        rt.quant.robust_pca(bad)
    assert (told.value.where["row"], told.value.where["column"]) == (2, 1)
    for wrong in ({"lam": 0.0}, {"tol": -1.0}, {"max_iter": 0}, {"noise": -1.0}, {"mu": 0.0}):
        with pytest.raises(rt.ParameterError):
            rt.quant.robust_pca(np.eye(3), **wrong)  # type: ignore[arg-type]
    with pytest.warns(RuntimeWarning, match="residual"):
        parts = rt.quant.robust_pca(np.random.default_rng(0).normal(size=(20, 20)), max_iter=2)
    assert not parts.converged


# --------------------------------------------------------------------------------------- Box-Tiao


def stationary(a: Any, shocks: Any) -> Any:
    gamma = shocks.copy()
    for _ in range(5000):
        gamma = a @ gamma @ a.T + shocks
    return gamma


def test_two_assets_exactly() -> None:
    a, shocks = np.array([[0.8, 0.4], [0, 0.3]]), np.array([[1, 0.2], [0.2, 0.5]])
    found = rt.quant.box_tiao(A=a, gamma=stationary(a, shocks))
    np.testing.assert_allclose(found.eigenvalues, [0.0784242429, 0.7344667651], atol=1e-10)
    first, second = found.weights.T
    np.testing.assert_allclose(first * np.sign(first[0]), [0.049369, -0.950631], atol=1e-6)
    np.testing.assert_allclose(second * -np.sign(second[0]), [-0.767804, 0.232196], atol=1e-6)


def test_agrees_with_generalised_eigenvalues_of_scipy() -> None:
    told = golden()["reversion"]
    found = rt.quant.box_tiao(A=told["A"], gamma=told["gamma"])
    np.testing.assert_allclose(found.eigenvalues, told["eigenvalues"], atol=1e-10)
    expected = np.array(told["weights"])
    signs = np.sign((expected * found.weights).sum(0))
    np.testing.assert_allclose(found.weights, expected * signs, atol=1e-7)
    np.testing.assert_allclose(np.abs(found.weights).sum(0), 1.0)


def simulated(n: int = 3000, seed: int = 4) -> Any:
    rng = np.random.default_rng(seed)
    a = np.array([[0.9, 0.1, 0.0], [0.0, 0.7, 0.2], [0.1, 0.0, 0.3]])
    x = np.zeros((n, 3))
    for t in range(1, n):
        x[t] = a @ x[t - 1] + rng.normal(size=3)
    return x * [1.0, 50.0, 1e-4] + [5.0, 1000.0, 0.0]


def test_from_observations_as_defined() -> None:
    x = simulated()
    centred = x - x.mean(0)
    a = np.linalg.lstsq(centred[:-1], centred[1:], rcond=None)[0].T
    gamma = np.cov(centred[:-1].T)
    given = rt.quant.box_tiao(A=a, gamma=gamma)
    found = rt.quant.box_tiao(pd.DataFrame(x, columns=list("abc")))
    np.testing.assert_allclose(found.eigenvalues, given.eigenvalues, rtol=1e-7)
    np.testing.assert_allclose(found.weights, given.weights, rtol=1e-5, atol=1e-9)
    assert found.names == list("abc")
    assert ((found.eigenvalues > 0) & (found.eigenvalues < 1)).all()
    # The half-life is that of an autoregression of the portfolio.
    for j in range(3):
        p = x @ found.weights[:, j]
        slope = np.polyfit(p[:-1], p[1:], 1)[0]
        assert found.half_life[j] == pytest.approx(-np.log(2) / np.log(slope), rel=1e-3)


def test_units_change_nothing() -> None:
    x = simulated()
    plain = rt.quant.box_tiao(x)
    scaled = rt.quant.box_tiao(x * [1e-100, 1e100, 3.0])
    np.testing.assert_allclose(scaled.eigenvalues, plain.eigenvalues, rtol=1e-6)
    for same in unwieldy(x).values():
        assert rt.quant.box_tiao(same).weights.tobytes() == plain.weights.tobytes()


# -------------------------------------------------------------------------- sparse mean reversion


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_exhaustive_is_brute_force(k: int) -> None:
    told = golden()["reversion"]
    value, support = told["best"][str(k)]
    given = {"A": told["A"], "gamma": told["gamma"]}
    found = rt.quant.sparse_mean_reversion(k=k, method="exhaustive", **given)
    assert found.optimal
    assert found.support.tolist() == support
    assert found.value == pytest.approx(value, abs=1e-10)
    assert np.flatnonzero(found.weights).tolist() == support
    greedy = rt.quant.sparse_mean_reversion(k=k, **given)
    assert greedy.value >= found.value - 1e-12
    assert not greedy.optimal
    relaxed = rt.quant.sparse_mean_reversion(k=k, method="sdp", **given)
    assert relaxed.bound is not None
    assert relaxed.bound <= found.value + 1e-9
    assert relaxed.value >= found.value - 1e-10
    if relaxed.optimal:
        assert relaxed.value == pytest.approx(found.value, rel=1e-5)


def test_the_relaxation_reaches_its_bound() -> None:
    told = golden()["reversion"]
    found = rt.quant.sparse_mean_reversion(k=3, method="sdp", A=told["A"], gamma=told["gamma"])
    assert found.bound is not None
    assert found.bound <= told["sdp_bound_k3"] + 1e-8
    assert found.bound >= told["sdp_bound_k3"] - 1e-3 * (1 + abs(told["sdp_bound_k3"]))


@pytest.mark.parametrize("seed", range(4))
def test_branch_and_bound_misses_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.cumsum(rng.normal(size=(300, 9)), axis=0)
    x[:, 5] = x[:, 1] - x[:, 7] + rng.normal(size=300)
    found = rt.quant.sparse_mean_reversion(x, 3, method="exhaustive")
    centred = x - x.mean(0)
    a = np.linalg.lstsq(centred[:-1], centred[1:], rcond=None)[0].T
    gamma = np.cov(centred[:-1].T)
    m = a @ gamma @ a.T
    values = {}
    for support in itertools.combinations(range(9), 3):
        block = np.ix_(support, support)
        root = np.linalg.inv(np.linalg.cholesky(gamma[block]))
        values[support] = np.linalg.eigvalsh(root @ m[block] @ root.T)[0]
    best = min(values, key=lambda support: values[support])
    assert found.support.tolist() == list(best)
    assert found.value == pytest.approx(values[best], rel=1e-6)
    assert found.optimal


@pytest.mark.parametrize("criterion", ["portmanteau", "crossing"])
@pytest.mark.parametrize("method", ["greedy", "exhaustive", "sdp"])
def test_other_criteria_mean_what_they_say(criterion: Any, method: Any) -> None:
    rng = np.random.default_rng(3)
    x = np.cumsum(rng.normal(size=(400, 6)), axis=0)
    x[:, 2] = x[:, 4] + rng.normal(size=400)
    found = rt.quant.sparse_mean_reversion(x, 2, method=method, criterion=criterion, lags=3)
    assert found.support.tolist() == [2, 4]
    assert not found.optimal or method == "sdp"
    p = x @ found.weights
    p -= p.mean()
    base = (p[:-1] ** 2).mean()
    acf = [(p[k:] * p[:-k]).sum() / (len(p) - k) / base for k in (1, 2, 3)]
    squares = np.square(acf)
    value = squares.mean() if criterion == "portmanteau" else acf[0] + squares[1:].sum()
    assert found.value == pytest.approx(value, abs=2e-2)
    if found.bound is not None:
        assert found.bound <= found.value + 1e-9


def test_all_assets_are_the_first_portfolio_of_box_tiao() -> None:
    x = simulated()
    first = rt.quant.box_tiao(x)
    found = rt.quant.sparse_mean_reversion(x, 3)
    assert found.optimal
    np.testing.assert_allclose(found.weights, first.weights[:, 0], atol=1e-9)
    assert found.value == pytest.approx(first.eigenvalues[0])


def test_refusals() -> None:
    x = simulated(200)
    for k in (0, 4, 1.5, None):
        with pytest.raises(rt.ParameterError):
            rt.quant.sparse_mean_reversion(x, k)  # type: ignore[arg-type]
    with pytest.raises(rt.ParameterError):
        rt.quant.box_tiao(x, A=np.eye(3), gamma=np.eye(3))
    with pytest.raises(rt.ParameterError):
        rt.quant.box_tiao(A=np.eye(3))
    with pytest.raises(rt.ParameterError, match="60 assets"):
        rt.quant.sparse_mean_reversion(A=np.eye(61), gamma=np.eye(61), k=2, method="sdp")
    big = np.random.default_rng(0).normal(size=(400, 45))
    with pytest.raises(rt.ParameterError, match="too many"):
        rt.quant.sparse_mean_reversion(big, 10, method="exhaustive", criterion="portmanteau")
    frame = pd.DataFrame(x, columns=list("abc"))
    frame["d"] = frame["a"] * 2 + frame["b"]
    for call in (rt.quant.box_tiao, lambda f: rt.quant.sparse_mean_reversion(f, 2)):
        with pytest.raises(rt.Degenerate) as told:
            call(frame)
        assert told.value.where["column"] == "d"
        with pytest.raises(rt.Degenerate) as told:
            call(frame[["a", "b"]].assign(c=7.0))
        assert told.value.where["column"] == "c"
        for short in (x[:1], x[:4], x[:0]):
            with pytest.raises(rt.DataError):
                call(short)
        bad = x.copy()
        bad[5, 2] = np.inf
        with pytest.raises(rt.DataError) as placed:
            call(bad)
        assert (placed.value.where["row"], placed.value.where["column"]) == (5, 2)
    with pytest.raises(rt.Degenerate):
        rt.quant.box_tiao(A=np.eye(2), gamma=np.ones((2, 2)))
    with pytest.raises(rt.DataError, match="symmetric"):
        rt.quant.box_tiao(A=np.eye(2), gamma=[[1, 0.5], [0.1, 1]])


@pytest.mark.parametrize("lam", [None, 0.05, 0.2])
@pytest.mark.parametrize("scales", [[1.0, 1.0, 1.0], [1.0, 2.0, 3.0], [1.0] * 5 + [-4.0] * 3])
def test_columns_that_repeat_one_another_are_of_low_rank(
    scales: list[float], lam: float | None
) -> None:
    rng = np.random.default_rng(11)
    for rows in (50, 250, 1000):
        matrix = np.outer(rng.normal(0, 0.01, rows), scales)
        found = rt.quant.robust_pca(matrix, lam=lam)
        assert found.converged, (rows, found.residual)
        assert found.rank <= 1
        missing = np.linalg.norm(found.low_rank + found.sparse - matrix)
        assert missing <= 2e-7 * np.linalg.norm(matrix)
