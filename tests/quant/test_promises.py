"""Names, fields, shapes and conventions of the public face, word by word."""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import py_rt as rt

q = rt.quant
RANDOM = np.random.default_rng(20)
N, K = 300, 4
WALK = RANDOM.normal(size=N).cumsum() + 100.0
NOISE = RANDOM.normal(size=N)
REVERTING = np.zeros(N)
for _t in range(1, N):
    REVERTING[_t] = 0.8 * REVERTING[_t - 1] + NOISE[_t]
PRICES = RANDOM.normal(size=(N, K)).cumsum(axis=0) + 100.0
PRICES[:, 1] = 2.0 * PRICES[:, 0] + REVERTING
RETURNS = RANDOM.normal(0.001, 0.01, size=(N, K))
TARGET = RETURNS @ [1.0, 0.0, 0.5, 0.0] + 0.01 * NOISE
COV = np.cov(RETURNS.T)
REGIMES = NOISE * np.repeat([1.0, 4.0, 1.0], N // 3)

CALLS: dict[str, tuple[Callable[[], Any], str]] = {
    "mean_reversion_signal": (
        lambda: q.mean_reversion_signal(WALK),
        "signal zscore entry_signal exit_signal mean std half_life",
    ),
    "adf": (lambda: q.adf(WALK), "statistic pvalue lags nobs critical_values"),
    "hurst": (lambda: q.hurst(WALK), "h stderr"),
    "half_life": (lambda: q.half_life(REVERTING), "half_life lower upper slope phi status"),
    "ou_fit": (lambda: q.ou_fit(REVERTING), "theta mu sigma loglik"),
    "variance_ratio": (lambda: q.variance_ratio(WALK, 2), "vr z pvalue"),
    "engle_granger": (
        lambda: q.engle_granger(PRICES[:, 1], PRICES[:, 0]),
        "statistic pvalue hedge_ratio intercept lags critical_values",
    ),
    "johansen": (
        lambda: q.johansen(PRICES),
        "eigenvalues eigenvectors trace max_eig trace_crit max_eig_crit rank_trace rank_max nobs",
    ),
    "kalman_hedge": (
        lambda: q.kalman_hedge(PRICES[:, 1], PRICES[:, 0]),
        "beta intercept spread spread_std",
    ),
    "lasso": (
        lambda: q.lasso(RETURNS, TARGET, 1e-5),
        "coef intercept dual_gap iterations converged",
    ),
    "elastic_net": (
        lambda: q.elastic_net(RETURNS, TARGET, 1e-5, 0.5),
        "coef intercept dual_gap iterations converged",
    ),
    "adaptive_lasso": (
        lambda: q.adaptive_lasso(RETURNS, TARGET, 1e-5),
        "coef intercept dual_gap iterations converged",
    ),
    "lasso_path": (lambda: q.lasso_path(RETURNS, TARGET), "alphas coef intercept dual_gap"),
    "robust_pca": (
        lambda: q.robust_pca(RETURNS),
        "low_rank sparse rank iterations converged residual",
    ),
    "box_tiao": (lambda: q.box_tiao(PRICES), "eigenvalues weights"),
    "sparse_mean_reversion": (
        lambda: q.sparse_mean_reversion(PRICES, 2),
        "weights support value optimal half_life",
    ),
    "sparse_portfolio": (lambda: q.sparse_portfolio(PRICES), "weights n_selected objective"),
    "GaussianHMM": (
        lambda: q.GaussianHMM(2, 3).fit(REGIMES),
        "loglik_ means_ variances_ transmat_ startprob_ converged_ iterations_",
    ),
    "detect_regime": (
        lambda: q.detect_regime(REGIMES, 2),
        "current_regime probabilities regimes filtered",
    ),
    "mcmc": (
        lambda: q.mcmc(lambda x: -0.5 * float(x @ x), [0.0, 0.0], 200, 100, 2),
        "samples acceptance_rate rhat ess_bulk ess_tail mcse",
    ),
    "differential_evolution": (
        lambda: q.differential_evolution(lambda x: float(x @ x), [(-1, 1)] * 2),
        "x fun evaluations converged history",
    ),
    "genetic": (
        lambda: q.genetic(lambda x: float(x @ x), [(-1, 1)] * 2, max_iter=20),
        "x fun evaluations converged history",
    ),
    "grid_search": (
        lambda: q.grid_search(lambda a: a, {"a": [1, 2]}),
        "x fun evaluations converged history",
    ),
    "portfolio": (
        lambda: q.portfolio(PRICES),
        "weights expected_return volatility sharpe risk_contributions status",
    ),
    "kupiec": (lambda: q.kupiec(NOISE > 1.5, 0.05), "lr pvalue"),
    "christoffersen": (lambda: q.christoffersen(NOISE > 1.5, 0.05), "lr_uc lr_ind lr_cc pvalue"),
}

SIGNATURES: dict[str, str] = {
    "zscore": "x, window",
    "mean_reversion_signal": "prices, threshold=2.0, lookback=20, exit_threshold=0.5",
    "adf": "x, regression='c', max_lag=None, autolag='aic'",
    "hurst": "x, method='structure'",
    "half_life": "x, method='exact', bias='none'",
    "ou_fit": "x, dt=1.0",
    "variance_ratio": "x, q",
    "engle_granger": "y, x, trend='c', lags=None, autolag='aic'",
    "johansen": "x, case=3, k_ar_diff=1, seasons=0",
    "screen_pairs": "prices, names=None, lags=1, fdr=0.05",
    "kalman_hedge": "y, x",
    "lasso": "X, y, alpha",
    "elastic_net": "X, y, alpha, l1_ratio=0.5",
    "adaptive_lasso": "X, y, alpha, gamma=1.0",
    "lasso_path": "X, y, n_alphas=100, eps=0.001",
    "robust_pca": "M, lam=None, tol=1e-07, max_iter=1000",
    "box_tao_decomposition": "M, lam=None, tol=1e-07, max_iter=1000",
    "sparse_mean_reversion": "x=None, k=None, method='greedy', criterion='predictability'",
    "GaussianHMM": "n_states=2, n_restarts=10, max_iter=500, tol=1e-08, seed=0",
    "detect_regime": "returns, n_regimes=3",
    "mcmc": "log_density, x0, n_samples=2000, burn_in=1000, chains=4, method='adaptive', seed=0",
    "value_at_risk": "returns, level=0.95, method='historical'",
    "expected_shortfall": "returns, level=0.95, method='historical'",
    "kupiec": "exceptions, p",
    "christoffersen": "exceptions, p",
    "sharpe": "returns, periods_per_year=1",
    "psr": "returns, benchmark=0.0",
    "dsr": "returns, n_trials, trials_variance",
    "min_track_record": "returns, benchmark=0.0, confidence=0.95",
    "pbo": "performance, n_splits=16",
    "cpcv_splits": "n, n_groups=6, n_test=2, purge=0, embargo=0",
}


@pytest.mark.parametrize("name", CALLS)
def test_results_have_the_promised_fields(name: str) -> None:
    call, fields = CALLS[name]
    found = call()
    for field in fields.split():
        assert hasattr(found, field), field
    if name == "GaussianHMM":
        return
    assert set(fields.split()) <= found.to_dict().keys()
    assert len(repr(found)) < 800
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(found, fields.split()[0], 1)


@pytest.mark.parametrize("name", SIGNATURES)
def test_arguments_stand_in_the_promised_order(name: str) -> None:
    promised = SIGNATURES[name].split(", ")
    given = [
        p.name if p.default is p.empty else f"{p.name}={p.default!r}"
        for p in inspect.signature(getattr(q, name)).parameters.values()
    ]
    assert given[: len(promised)] == promised


def test_portfolio_keywords() -> None:
    known = inspect.signature(q.portfolio).parameters
    defaults = {"bounds": (0, 1), "risk_aversion": 1.0, "budgets": None, "shrinkage": "ledoit_wolf"}
    assert {name: known[name].default for name in defaults} == defaults
    assert {"prices", "returns", "mean", "cov", "method"} <= known.keys()
    methods = "markowitz max_sharpe min_variance risk_parity equal_weight hrp max_diversification"
    for method in methods.split():
        found = q.portfolio(returns=RETURNS, method=method)  # type: ignore[arg-type]
        assert found.weights.shape == (K,)
        assert found.weights.sum() == pytest.approx(1.0)
        assert found.risk_contributions.sum() == pytest.approx(found.volatility)
        assert found.risk_shares.sum() == pytest.approx(1.0)
    best = q.portfolio(mean=RETURNS.mean(axis=0), cov=COV, risk_aversion=3.0, bounds=[(0, 1)] * K)
    rng = np.random.default_rng(0)

    def value(w: Any) -> float:
        return float(RETURNS.mean(axis=0) @ w - 1.5 * w @ COV @ w)

    assert value(best.weights) >= max(value(w) for w in rng.dirichlet(np.ones(K), 500))


def test_zscores() -> None:
    found = q.zscore(WALK, 20)
    frame = pd.Series(WALK)
    expected = (frame - frame.rolling(20).mean()) / frame.rolling(20).std(ddof=1)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert q.zscore(np.ones(30), 20)[-1] == 0.0
    last = q.mean_reversion_signal(WALK)
    assert (last.zscore, last.mean) == pytest.approx((found[-1], WALK[-20:].mean()))
    assert last.std == pytest.approx(WALK[-20:].std(ddof=1))
    assert type(last.signal) is int
    assert type(last.entry_signal) is bool


def test_unit_roots() -> None:
    assert set(q.adf(WALK).critical_values) == {"1%", "5%", "10%"}
    for regression in ("n", "c", "ct", "ctt"):
        for autolag in ("aic", "bic", "t-stat", None):
            found = q.adf(WALK, regression, 4, autolag)  # type: ignore[arg-type]
            assert found.lags == 4 or autolag is not None
    pair = PRICES[:, 1], PRICES[:, 0]
    assert q.engle_granger(*pair, lags=3).lags == 3
    assert isinstance(q.engle_granger(*pair).hedge_ratio, float)
    assert q.engle_granger(pair[0], PRICES[:, [0, 2]]).hedge_ratio.shape == (2,)
    many = q.screen_pairs(PRICES, list("ABCD"))
    promised = "y x statistic pvalue qvalue hedge_ratio half_life selected"
    assert " ".join(many.columns[:8]) == promised
    assert len(many) == K * (K - 1)
    assert ((many.qvalue <= 0.05) == many.selected).all()
    row = many[(many.y == "B") & (many.x == "A")].iloc[0]
    one = q.engle_granger(*pair, lags=1)
    assert (row.statistic, row.hedge_ratio) == pytest.approx((one.statistic, one.hedge_ratio))
    ranked = np.sort(many.pvalue.to_numpy()) * len(many) / np.arange(1, len(many) + 1)
    adjusted = np.minimum.accumulate(ranked[::-1])[::-1].clip(max=1.0)
    np.testing.assert_allclose(np.sort(many.qvalue), adjusted)


def test_half_lives() -> None:
    found = q.half_life(REVERTING)
    slope, _ = np.polyfit(REVERTING[:-1], np.diff(REVERTING), 1)
    assert found.slope == pytest.approx(slope)
    assert found.half_life == pytest.approx(-math.log(2) / math.log1p(slope))
    euler = q.half_life(REVERTING, "ou_euler")
    assert euler.half_life == pytest.approx(-math.log(2) / slope)
    kendall = q.half_life(REVERTING, bias="kendall")
    assert kendall.phi == pytest.approx(found.phi + (1 + 3 * found.phi) / (N - 1))
    assert q.half_life(1.01 ** np.arange(50.0)).half_life == math.inf
    with pytest.raises(rt.Degenerate):
        q.ou_fit(1.01 ** np.arange(50.0))


@pytest.mark.parametrize("case", [1, 2, 3, 4, 5])
def test_johansen_shapes(case: int) -> None:
    found = q.johansen(PRICES, case=case, k_ar_diff=2)
    rows = K + (case in (2, 4))
    assert found.eigenvectors.shape == (rows, K)
    assert (np.diff(found.eigenvalues) <= 0).all()
    assert found.trace_crit.shape == found.max_eig_crit.shape == (K, 3)
    assert (np.diff(found.trace_crit, axis=1) > 0).all()  # 10 %, 5 %, 1 %
    assert found.nobs == N - 3
    assert found.trace[0] == pytest.approx(-found.nobs * np.log1p(-found.eigenvalues).sum())
    assert found.rank_trace == int(np.cumprod(found.trace > found.trace_crit[:, 1]).sum())


def test_kalman_is_blind_before_its_training_ends() -> None:
    found = q.kalman_hedge(PRICES[:, 1], PRICES[:, 0])
    assert np.isnan(found.beta[:75]).all()
    assert np.isfinite(found.beta[75:]).all()
    short = q.kalman_hedge(PRICES[:100, 1], PRICES[:100, 0])
    assert np.isnan(short.spread).sum() == 60
    later = PRICES[:, 1] + np.where(np.arange(N) > 200, 50.0, 0.0)
    other = q.kalman_hedge(later, PRICES[:, 0])
    np.testing.assert_array_equal(other.beta[:201], found.beta[:201])


def test_sparse_shapes() -> None:
    path = q.lasso_path(RETURNS, TARGET)
    assert path.coef.shape == (100, K)
    assert path.alphas.shape == path.intercept.shape == path.dual_gap.shape == (100,)
    assert path.alphas[-1] / path.alphas[0] == pytest.approx(1e-3)
    held = q.sparse_portfolio(PRICES, target=1)
    assert held.weights.shape == (K,)
    assert np.abs(held.weights).sum() == pytest.approx(1.0)
    assert held.weights[1] > 0.0
    assert held.n_selected == np.count_nonzero(held.weights)
    assert q.box_tao_decomposition is q.robust_pca
    tiao = q.box_tiao(PRICES)
    assert (np.diff(tiao.eigenvalues) >= 0).all()
    np.testing.assert_allclose(np.abs(tiao.weights).sum(axis=0), 1.0)
    centred = PRICES - PRICES.mean(axis=0)
    a = np.linalg.lstsq(centred[:-1], centred[1:], rcond=None)[0].T
    gamma = np.cov(centred[:-1].T)
    root = np.linalg.inv(np.linalg.cholesky(gamma))
    expected = np.linalg.eigvalsh(root @ a @ gamma @ a.T @ root.T)
    np.testing.assert_allclose(tiao.eigenvalues, expected, rtol=1e-9)
    best = q.sparse_mean_reversion(PRICES, 2, "exhaustive")
    assert best.optimal
    assert not q.sparse_mean_reversion(PRICES, 2, "greedy").optimal
    assert np.count_nonzero(best.weights) == len(best.support) == 2


def test_regimes() -> None:
    model = q.GaussianHMM(2, 3)
    assert model.fit(REGIMES) is model
    assert model.means_.shape == (2,)
    assert model.variances_[0] < model.variances_[1]
    assert model.filter(REGIMES).shape == model.smooth(REGIMES).shape == (N, 2)
    assert model.viterbi(REGIMES).dtype.kind == "i"
    assert isinstance(model.score(REGIMES), float)
    ahead = model.forecast(REGIMES, steps=3)
    assert ahead.probabilities.shape == (2,)
    assert isinstance(ahead.mean, float)
    assert isinstance(ahead.variance, float)
    assert q.GaussianHMM(2, 3).fit(REGIMES.reshape(-1, 2)).means_.shape == (2, 2)
    with pytest.warns(RuntimeWarning, match="max_iter"):
        assert q.GaussianHMM(2, 1, max_iter=2).fit(REGIMES).converged_ is False
    found = q.detect_regime(REGIMES, 2)
    np.testing.assert_array_equal(found.filtered[-1], found.probabilities)
    assert found.current_regime == found.probabilities.argmax()
    assert set(found.regimes[0]) == {"mean", "volatility", "persistence"}
    assert found.regimes[1]["volatility"] == pytest.approx(math.sqrt(found.model.variances_[1]))
    assert found.regimes[1]["persistence"] == found.model.transmat_[1, 1]


def test_searches_count_nan_as_worst_and_keep_the_first_of_equals() -> None:
    found = q.grid_search(lambda a: math.nan if a == 0 else abs(a - 3), {"a": [0, 2, 4]})
    assert found.x == {"a": 2}
    for search in (q.differential_evolution, q.genetic):
        best = search(
            lambda x: math.nan if x[0] < 0 else float(x[0]), [(-1.0, 1.0)], max_evaluations=300
        )
        assert best.x[0] >= 0.0
        assert best.evaluations <= 300
    draws = q.mcmc(lambda x: -0.5 * float(x @ x), [0.0, 0.0], 120, 50, 3)
    assert draws.samples.shape == (3, 120, 2)
    assert draws.rhat.shape == draws.ess_bulk.shape == draws.ess_tail.shape == (2,)
    again = q.mcmc(lambda x: -0.5 * float(x @ x), [0.0, 0.0], 120, 50, 3)
    np.testing.assert_array_equal(draws.samples, again.samples)


def test_risk_and_sharpe() -> None:
    losses = -RETURNS[:, 0]
    assert q.value_at_risk(RETURNS[:, 0]) == np.sort(losses)[math.ceil(0.95 * N) - 1]
    tail = np.sort(losses)[-15:]
    assert q.expected_shortfall(RETURNS[:, 0]) == pytest.approx(tail.mean())
    for method in ("parametric", "cornish_fisher", "filtered_historical"):
        assert q.expected_shortfall(RETURNS[:, 0], method=method) > q.value_at_risk(
            RETURNS[:, 0], method=method
        )
    series = RETURNS[:, 0]
    ratio = series.mean() / series.std(ddof=1)
    assert q.sharpe(series) == pytest.approx(ratio)
    assert q.sharpe(series, periods_per_year=252) == pytest.approx(ratio * math.sqrt(252))
    assert 0.0 < q.psr(series) < 1.0
    assert q.dsr(series, 10, 0.01) < q.psr(series)
    splits = list(q.cpcv_splits(60, purge=2, embargo=1))
    assert len(splits) == 15
    assert all(not set(train) & set(test) for train, test in splits)
    assert sum(len(test) for _, test in splits) == 60 * 5


def test_errors_hang_together() -> None:
    assert issubclass(rt.ParameterError, ValueError)
    assert issubclass(rt.Degenerate, rt.DataError)
    for kind in (rt.DataError, rt.Degenerate, rt.Infeasible, rt.NotConverged, rt.ParameterError):
        assert issubclass(kind, rt.TradingError)
    with pytest.raises(rt.DataError) as nan:
        q.adf([1.0, np.nan, 2.0, 3.0, 4.0, 6.0])
    assert nan.value.where["row"] == 1
    with pytest.raises(rt.Degenerate) as flat:
        q.portfolio(returns={"A": RETURNS[:, 0], "B": np.zeros(N)}, method="min_variance")
    assert "B" in str(flat.value)
    with pytest.raises(rt.ParameterError) as wrong:
        q.zscore(WALK, 1)
    assert wrong.value.field == "window"
