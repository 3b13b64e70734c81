"""Hidden Markov models: an exact example, libraries that are not ours, laws that must hold."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

import py_rt as rt
from py_rt.quant import GaussianHMM

GOLDEN = json.loads(
    (Path(__file__).parent.parent / "golden/quant_series.json").read_text(encoding="utf-8")
)["regimes"]
X = np.array(GOLDEN["x"])
START = [0.2, 0.5, 0.3]
MOVES = [[0.9, 0.05, 0.05], [0.1, 0.85, 0.05], [0.02, 0.08, 0.9]]


def known() -> GaussianHMM:
    return GaussianHMM.from_parameters(START, MOVES, [0.0, -1.0, 1.4], [0.1, 0.3, 0.7])


def densities(model: GaussianHMM, x: np.ndarray) -> np.ndarray:
    apart = x[:, None] - model.means_
    return np.exp(-0.5 * apart**2 / model.variances_) / np.sqrt(2 * np.pi * model.variances_)


def test_it_equals_hmmlearn_at_the_same_parameters() -> None:
    model = known()
    assert model.score(X) == pytest.approx(GOLDEN["score"], abs=1e-9)
    assert model.score(X, lengths=[100, 200]) == pytest.approx(GOLDEN["score_two"], abs=1e-9)
    assert model.smooth(X)[::25] == pytest.approx(np.array(GOLDEN["smooth"]), abs=1e-12)
    assert model.viterbi(X).tolist() == GOLDEN["viterbi"]


def test_the_fit_is_at_least_as_likely_as_hmmlearns() -> None:
    model = GaussianHMM(3).fit(X)
    assert model.converged_
    assert model.loglik_ > GOLDEN["best"] - 1e-4
    assert model.score(X) == pytest.approx(model.loglik_, abs=1e-8)
    assert (np.diff(model.variances_) >= 0.0).all()
    assert model.transmat_.sum(axis=1) == pytest.approx(np.ones(3))


def test_every_path_is_counted() -> None:
    """Sum and maximum over all paths, by hand."""
    model, x = known(), X[:7]
    b = densities(model, x)
    paths = {}
    for path in itertools.product(range(3), repeat=7):
        p = START[path[0]] * b[0, path[0]]
        for t in range(1, 7):
            p *= MOVES[path[t - 1]][path[t]] * b[t, path[t]]
        paths[path] = p
    total = sum(paths.values())
    assert model.score(x) == pytest.approx(np.log(total))
    best = max(paths, key=lambda path: paths[path])
    assert tuple(model.viterbi(x).tolist()) == best
    smooth = np.zeros((7, 3))
    for path, p in paths.items():
        smooth[range(7), path] += p / total
    assert model.smooth(x) == pytest.approx(smooth)
    assert model.filter(x)[-1] == pytest.approx(smooth[-1])


def test_the_filter_is_causal_and_the_smoother_is_not() -> None:
    model = known()
    changed = X.copy()
    changed[200:] = 9.0
    assert np.array_equal(model.filter(changed)[:200], model.filter(X)[:200])
    assert not np.array_equal(model.smooth(changed)[:200], model.smooth(X)[:200])


def test_units_do_not_matter() -> None:
    plain = GaussianHMM(3).fit(X)
    scaled = GaussianHMM(3).fit(1e-4 * X + 5.0)
    assert scaled.filter(1e-4 * X + 5.0) == pytest.approx(plain.filter(X), abs=1e-6)
    assert scaled.loglik_ == pytest.approx(plain.loglik_ - len(X) * np.log(1e-4), abs=1e-5)
    assert scaled.means_ == pytest.approx(1e-4 * plain.means_ + 5.0)


def test_the_same_on_any_number_of_threads() -> None:
    one = GaussianHMM(3, threads=1).fit(X)
    two = GaussianHMM(3, threads=3).fit(X)
    assert one.loglik_ == two.loglik_
    assert np.array_equal(one.transmat_, two.transmat_)
    assert np.array_equal(one.restart_logliks_, two.restart_logliks_)


def test_the_stationary_start() -> None:
    model = GaussianHMM(2, startprob="stationary").fit(X)
    assert model.startprob_ == pytest.approx(model.stationary(), abs=1e-12)
    assert model.stationary() @ model.transmat_ == pytest.approx(model.stationary())
    # No step in any direction does better.
    for i in range(2):
        for change in (-0.01, 0.01):
            moves = model.transmat_.copy()
            moves[i, i] += change
            moves[i, 1 - i] -= change
            other = GaussianHMM.from_parameters([1, 0], moves, model.means_, model.variances_)
            other.startprob_ = other.stationary()
            assert other.score(X) < model.loglik_


def test_one_variance_and_columns() -> None:
    model = GaussianHMM(3, variances="common").fit(X)
    assert np.ptp(model.variances_) == pytest.approx(0.0, abs=1e-12)
    two = np.column_stack([X, np.random.default_rng(0).normal(size=len(X))])
    wide = GaussianHMM(3).fit(two, lengths=[100, 200])
    assert wide.means_.shape == (3, 2)
    assert wide.forecast(two).mean.shape == (2,)
    with pytest.raises(rt.DataError, match="Expected 2D array"):
        wide.filter(X)


def test_the_forecast_mixes() -> None:
    model = known()
    law = model.filter(X)[-1]
    for steps in (0, 1, 5):
        found = model.forecast(X, steps)
        ahead = law @ np.linalg.matrix_power(np.array(MOVES), steps)
        assert found.probabilities == pytest.approx(ahead)
        mean = float(ahead @ model.means_)
        assert found.mean == pytest.approx(mean)
        square = float(ahead @ (model.variances_ + model.means_**2))
        assert found.variance == pytest.approx(square - mean**2)


def test_hard_inputs() -> None:
    with pytest.raises(rt.DataError) as error:
        GaussianHMM().fit([0.0, 1.0, np.nan, 2.0])
    assert error.value.where["row"] == 2
    with pytest.raises(rt.Degenerate, match="constant"):
        GaussianHMM().fit(np.ones(50))
    with pytest.raises(rt.DataError, match="observations"):
        GaussianHMM(5).fit(np.arange(9.0))
    with pytest.raises(rt.ParameterError, match="lengths"):
        GaussianHMM().fit(X, lengths=[100, 100])
    with pytest.raises(rt.ParameterError, match="not fitted"):
        GaussianHMM().filter(X)
    with pytest.raises(rt.ParameterError, match="n_states"):
        GaussianHMM(0).fit(X)
    one = GaussianHMM(1).fit(X)
    assert one.means_[0] == pytest.approx(X.mean())
    assert one.variances_[0] == pytest.approx(X.var())
    repeated = np.concatenate([np.full(60, 0.25), X[:60]])
    found = GaussianHMM(2).fit(repeated)
    assert found.collapsed_
    assert np.isfinite(found.loglik_)
    with pytest.warns(RuntimeWarning, match="max_iter"):
        stopped = GaussianHMM(3, max_iter=2).fit(X)
    assert not stopped.converged_
    far = X.copy()
    far[50] = 1e6
    assert np.isfinite(known().score(far))
    assert known().filter(far).sum(axis=1) == pytest.approx(np.ones(len(far)))


def test_a_long_sample() -> None:
    long = np.tile(X, 3334)[:1_000_000]
    law = known().filter(long)
    assert np.isfinite(law).all()
    assert known().score(long) / 1e6 == pytest.approx(known().score(X) / len(X), rel=0.01)


def test_it_behaves_like_an_estimator() -> None:
    model = GaussianHMM(3, seed=4)
    assert model.get_params()["seed"] == 4
    assert model.set_params(n_states=2) is model
    with pytest.raises(rt.ParameterError, match="colour"):
        model.set_params(colour="red")
    warm = GaussianHMM(2, n_restarts=0).fit(X, warm=GaussianHMM(2).fit(X))
    assert warm.iterations_ <= 3


def test_regimes_of_returns() -> None:
    random = np.random.default_rng(0)
    parts = [random.normal(0.0, s, 250) for s in (0.01, 0.03, 0.01, 0.06)]
    returns = np.concatenate(parts)
    found = rt.quant.detect_regime(returns, n_regimes=3)
    assert found.current_regime == 2
    assert found.filtered.shape == (1000, 3)
    assert np.array_equal(found.filtered[-1], found.probabilities)
    volatility = [regime["volatility"] for regime in found.regimes]
    assert volatility == pytest.approx([0.01, 0.03, 0.06], rel=0.15)
    assert all(regime["persistence"] > 0.9 for regime in found.regimes)
