"""Samplers, diagnostics, searches, likelihoods."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import py_rt as rt

GOLDEN = json.loads(
    (Path(__file__).parent.parent / "golden/quant_series.json").read_text(encoding="utf-8")
)["draws"]
PRECISION = np.linalg.inv(np.array([[1.0, 0.9], [0.9, 1.0]]))


def normal(x: np.ndarray) -> float:
    return -0.5 * float(x @ PRECISION @ x)


def test_diagnostics_equal_arviz() -> None:
    found = rt.quant.diagnose(GOLDEN["x"])
    for name in ("rhat", "ess_bulk", "ess_tail", "mcse"):
        assert found[name][0] == pytest.approx(GOLDEN[name], rel=1e-9), name


def test_diagnostics_see_chains_apart() -> None:
    draws = np.random.default_rng(0).normal(size=(4, 500))
    draws[0] += 3.0
    assert rt.quant.diagnose(draws)["rhat"][0] > 1.2
    wide = np.random.default_rng(0).normal(size=(4, 500))
    wide[0] *= 5.0
    assert rt.quant.diagnose(wide)["rhat"][0] > 1.05
    with pytest.raises(rt.DataError):
        rt.quant.diagnose([[1.0, np.nan, 2.0, 3.0]])


@pytest.mark.parametrize("method", ["adaptive", "rwm", "nuts"])
def test_samplers_have_the_moments_of_their_target(method: Any) -> None:
    starts = [[2.0, 2.0], [-2.0, -2.0], [1.0, -1.0], [0.0, 0.0]]
    count = 1500 if method == "nuts" else 6000
    found = rt.quant.mcmc(
        normal, starts, count, method=method, grad=lambda x: -PRECISION @ x, seed=2
    )
    flat = found.samples.reshape(-1, 2)
    assert (np.abs(found.mean) < 4.0 * found.mcse).all()
    assert np.cov(flat.T) == pytest.approx(np.array([[1.0, 0.9], [0.9, 1.0]]), abs=0.15)
    assert (found.rhat < 1.02).all()
    if method == "adaptive":
        assert 0.15 < found.acceptance_rate < 0.35


def test_draws_at_a_border_and_in_one_dimension() -> None:
    found = rt.quant.mcmc(lambda x: -float(x[0]) if x[0] >= 0 else -math.inf, [1.0], 8000)
    assert found.samples.min() >= 0.0
    assert found.mean[0] == pytest.approx(1.0, abs=4 * found.mcse[0])
    assert 0.3 < found.acceptance_rate < 0.6
    # NaN is refused like -infinity.
    lost = rt.quant.mcmc(lambda x: -float(x[0]) if x[0] >= 0 else math.nan, [1.0], 8000)
    assert np.array_equal(lost.samples, found.samples)


def test_nuts_without_a_gradient_and_same_seed_same_draws() -> None:
    plain = rt.quant.mcmc(normal, [0.0, 0.0], 200, 200, chains=2, method="nuts")
    again = rt.quant.mcmc(normal, [0.0, 0.0], 200, 200, chains=2, method="nuts")
    other = rt.quant.mcmc(normal, [0.0, 0.0], 200, 200, chains=2, method="nuts", seed=1)
    assert np.array_equal(plain.samples, again.samples)
    assert not np.array_equal(plain.samples, other.samples)
    assert not np.array_equal(plain.samples[0], plain.samples[1])
    assert (plain.rhat < 1.1).all()


def test_mcmc_refuses_and_lets_exceptions_out() -> None:
    with pytest.raises(rt.ParameterError, match="log density -inf"):
        rt.quant.mcmc(lambda x: -math.inf, [0.0])
    with pytest.raises(rt.ParameterError, match="x0"):
        rt.quant.mcmc(normal, [[0.0, 0.0]] * 3, chains=4)
    with pytest.raises(rt.DataError):
        rt.quant.mcmc(normal, [np.nan, 0.0])

    def broken(x: np.ndarray) -> float:
        raise ZeroDivisionError("mine")

    def stopped(x: np.ndarray) -> float:
        raise KeyboardInterrupt

    with pytest.raises(ZeroDivisionError, match="mine"):
        rt.quant.mcmc(broken, [0.0])
    with pytest.raises(KeyboardInterrupt):
        rt.quant.differential_evolution(stopped, [(0, 1)])


def rosenbrock(x: np.ndarray) -> float:
    return float((100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum())


def rastrigin(x: np.ndarray) -> float:
    return float((x * x - 10.0 * np.cos(2.0 * np.pi * x) + 10.0).sum())


@pytest.mark.parametrize("strategy", ["best1bin", "rand1bin", "lshade"])
def test_evolution_finds_the_valley(strategy: Any) -> None:
    """Rosenbrock in five dimensions has a second minimum of 3.930839: not every run must win."""
    ends = [
        rt.quant.differential_evolution(rosenbrock, [(-5, 5)] * 5, strategy=strategy, seed=seed)
        for seed in range(3)
    ]
    assert min(end.fun for end in ends) < 1e-8
    for end in ends:
        assert end.fun < 1e-8 or end.fun == pytest.approx(3.930839, abs=1e-4)
        assert (np.diff(end.history) <= 0.0).all()
        assert end.converged == (end.residual <= 1.0)
        assert rosenbrock(end.x) == end.fun


def test_searches_keep_to_bounds_budget_and_seed() -> None:
    seen: list[np.ndarray] = []

    def watched(x: np.ndarray) -> float:
        seen.append(x.copy())
        return math.nan if x[0] > 0.9 else float(-x.sum())

    box = [(-1.0, 1.0), (0.0, 0.5)]
    for search in (rt.quant.differential_evolution, rt.quant.genetic):
        seen.clear()
        found = search(watched, box, max_evaluations=500)
        points = np.array(seen)
        assert found.evaluations == len(points) <= 500
        assert (points >= [-1.0, 0.0]).all()
        assert (points <= [1.0, 0.5]).all()
        assert found.x[0] <= 0.9
        assert found.fun == pytest.approx(-1.4, abs=0.05)
        again = search(watched, box, max_evaluations=500)
        assert np.array_equal(again.x, found.x)
    for wrong in ([(1, 0)], [], [(0, math.inf)], [1, 2]):
        with pytest.raises(rt.ParameterError, match="bounds"):
            rt.quant.differential_evolution(rosenbrock, wrong)  # type: ignore[arg-type]


def test_hard_landscapes() -> None:
    box = [(-5.12, 5.12)] * 5
    for strategy in ("rand1bin", "lshade"):
        found = rt.quant.differential_evolution(rastrigin, box, strategy=strategy)  # type: ignore[arg-type]
        assert found.fun < 1e-8
    assert rt.quant.genetic(rastrigin, box).fun < 0.1


def test_the_grid_goes_in_order() -> None:
    def f(a: int, b: float) -> float:
        if b == 2.0:
            raise ValueError("no")
        return math.nan if a == 1 else abs(a) * 1.0

    found = rt.quant.grid_search(f, {"a": [1, -3, 3], "b": [0.0, 1.0, 2.0]})
    assert found.x == {"a": -3, "b": 0.0}
    assert (found.fun, found.evaluations, found.converged) == (3.0, 9, True)
    assert [point for point, _ in found.history][:4] == [
        {"a": 1, "b": 0.0}, {"a": 1, "b": 1.0}, {"a": 1, "b": 2.0}, {"a": -3, "b": 0.0},
    ]  # fmt: skip
    assert len(found.failures) == 5
    with pytest.raises(rt.NotConverged, match="every point failed"):
        rt.quant.grid_search(f, {"a": [1], "b": [2.0]})
    with pytest.raises(rt.ParameterError, match="empty"):
        rt.quant.grid_search(f, {})
    part = rt.quant.grid_search(f, {"a": [5, 4], "b": [0.0]}, max_evaluations=1)
    assert (part.fun, part.converged) == (5.0, False)


def test_likelihood_estimates_and_their_errors() -> None:
    x = np.random.default_rng(1).normal(3.0, 2.0, size=500)

    def terms(p: np.ndarray) -> np.ndarray:
        return -0.5 * ((x - p[0]) / p[1]) ** 2 - np.log(p[1])

    fit = rt.quant.maximum_likelihood(terms, [0.0, 1.0], [(None, None), (1e-6, None)])
    assert fit.converged
    assert fit.x == pytest.approx([x.mean(), x.std()], rel=1e-6)
    s = x.std() / np.sqrt(500)
    assert fit.stderr == pytest.approx([s, s / np.sqrt(2)], rel=1e-3)
    fourth = np.mean((x - x.mean()) ** 4)
    robust = np.sqrt((fourth - x.var() ** 2) / (4 * x.var()) / 500)
    assert fit.stderr_robust is not None
    assert fit.stderr_robust[1] == pytest.approx(robust, rel=1e-3)
    edge = rt.quant.maximum_likelihood(terms, [0.0, 1.0], [(None, 2.0), (1e-6, None)])
    assert edge.at_bounds == [0]
    assert edge.x[0] == 2.0
    with pytest.raises(rt.ParameterError, match="outside"):
        rt.quant.maximum_likelihood(terms, [5.0, 1.0], [(None, 2.0), (None, None)])
    with pytest.raises(rt.ParameterError, match="log likelihood"):
        rt.quant.maximum_likelihood(lambda p: -np.inf, [1.0])
