"""Every call over gRPC, asynchronously and in process: equal, and equal to `rt.quant`."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

import py_rt as rt
from client.serving import MATRIX, NAMES, PRICES, QUESTIONS, RETURNS, SERIES, same
from py_rt.client import (
    AsyncTradingGrpcClient,
    GrpcConfig,
    LocalTradingClient,
    TradingGrpcClient,
)

pytestmark = pytest.mark.system


@pytest.mark.parametrize(("name", "positional", "named"), QUESTIONS, ids=NAMES)
def test_over_grpc_and_in_process_are_equal(
    client: TradingGrpcClient,
    local: LocalTradingClient,
    name: str,
    positional: tuple[Any, ...],
    named: dict[str, Any],
) -> None:
    same(getattr(client, name)(*positional, **named), getattr(local, name)(*positional, **named))


def test_the_asynchronous_twin_answers_equally(port: int, local: LocalTradingClient) -> None:
    async def ask() -> list[Any]:
        async with AsyncTradingGrpcClient(GrpcConfig(port=port, compression=True)) as client:
            asked = [getattr(client, name)(*args, **named) for name, args, named in QUESTIONS]
            return await asyncio.gather(*asked)

    for told, (name, args, named) in zip(asyncio.run(ask()), QUESTIONS, strict=True):
        same(told, getattr(local, name)(*args, **named))


def test_compressed_and_over_a_unix_socket_too(
    running: dict[str, Any], port: int, local: LocalTradingClient
) -> None:
    for config in (GrpcConfig(port=port, compression=True), GrpcConfig(unix=running["unix"])):
        with TradingGrpcClient(config) as client:
            for name, args, named in QUESTIONS[:5]:
                same(getattr(client, name)(*args, **named), getattr(local, name)(*args, **named))


def test_mean_reversion_is_the_kernel_s(local: LocalTradingClient) -> None:
    told = local.calculate_mean_reversion(SERIES, threshold=1.0, lookback=30)
    found = rt.quant.mean_reversion_signal(SERIES, threshold=1.0, lookback=30)
    assert list(told) == ["signal", "zscore", "entry_signal", "exit_signal", "metrics"]
    assert (told["signal"], told["zscore"]) == (found.signal, found.zscore)
    assert (told["entry_signal"], told["exit_signal"]) == (found.entry_signal, found.exit_signal)
    metrics = told["metrics"]
    assert metrics["half_life"] == found.half_life
    assert metrics["mean"] == pytest.approx(found.mean, rel=1e-14)
    assert metrics["std"] == pytest.approx(found.std, rel=1e-12)


@pytest.mark.parametrize(
    "method", ["markowitz", "max_sharpe", "min_variance", "risk_parity", "hrp"]
)
def test_portfolios_are_the_kernel_s(local: LocalTradingClient, method: str) -> None:
    limits: dict[str, Any] = {} if method == "hrp" else {"bounds": (0.05, 0.6)}
    if method == "risk_parity":
        limits = {}
    told = local.optimize_portfolio(PRICES, method, limits)
    found = rt.quant.portfolio(prices=PRICES, method=method, **limits)  # type: ignore[arg-type]
    assert told["weights"] == found.named()
    assert (told["volatility"], told["sharpe_ratio"]) == (found.volatility, found.sharpe)
    assert told["expected_return"] == found.expected_return
    shares = dict(zip(found.names, found.risk_contributions.tolist(), strict=True))
    assert told["metrics"]["risk_contributions"] == shares
    assert told["metrics"]["status"] == found.status


def test_regimes_are_the_kernel_s(local: LocalTradingClient) -> None:
    told = local.detect_regime(RETURNS, 2)
    found = rt.quant.detect_regime(RETURNS, 2)
    assert told["current_regime"] == found.current_regime
    np.testing.assert_array_equal(told["regime_probabilities"], found.probabilities)
    assert told["regimes"] == found.regimes
    model = rt.quant.GaussianHMM(2, max_iter=200, tol=1e-7).fit(RETURNS)
    hmm = local.run_hmm(RETURNS, 2, 200, 1e-7)
    np.testing.assert_array_equal(hmm["means"], model.means_)
    np.testing.assert_array_equal(hmm["variances"], model.variances_)
    np.testing.assert_array_equal(hmm["transition_matrix"], model.transmat_)
    np.testing.assert_array_equal(hmm["states"], model.viterbi(RETURNS))
    np.testing.assert_array_equal(hmm["filtered_probabilities"], model.filter(RETURNS))
    assert (hmm["loglik"], hmm["iterations"]) == (model.loglik_, model.iterations_)


@pytest.mark.parametrize("method", ["lasso", "elastic_net", "adaptive_lasso", "sparse_pca"])
def test_sparse_portfolios_are_the_kernel_s(local: LocalTradingClient, method: str) -> None:
    told = local.calculate_sparse_portfolio(PRICES, method, 0.2, 0.6)
    found = rt.quant.sparse_portfolio(PRICES, method, 0.2, 0.6)  # type: ignore[arg-type]
    assert told["weights"] == dict(zip(found.names, found.weights.tolist(), strict=True))
    assert (told["n_selected"], told["objective"]) == (found.n_selected, found.objective)


def test_decomposition_and_risk_are_the_kernel_s(local: LocalTradingClient) -> None:
    told, found = local.box_tao_decomposition(MATRIX), rt.quant.robust_pca(MATRIX)
    np.testing.assert_array_equal(told["low_rank"], found.low_rank)
    np.testing.assert_array_equal(told["sparse"], found.sparse)
    assert (told["rank"], told["converged"]) == (found.rank, found.converged)
    methods = ("historical", "parametric", "cornish_fisher", "filtered_historical")
    risk = local.risk_analytics(RETURNS, 0.97, methods)
    for method in methods:
        value = rt.quant.value_at_risk(RETURNS, 0.97, method)  # type: ignore[arg-type]
        assert risk["value_at_risk"][method] == value
        tail = rt.quant.expected_shortfall(RETURNS, 0.97, method)  # type: ignore[arg-type]
        assert risk["expected_shortfall"][method] == tail
    assert risk["volatility"] == pytest.approx(RETURNS.std(ddof=1), rel=1e-12)
    wealth = np.cumprod(np.concatenate([[1.0], 1.0 + RETURNS]))
    deepest = (wealth / np.maximum.accumulate(wealth) - 1.0).min()
    assert risk["max_drawdown"] == pytest.approx(deepest, rel=1e-12)


def test_a_posterior_lies_where_theory_says(local: LocalTradingClient) -> None:
    data = np.random.default_rng(11).normal(2.0, 3.0, 400)
    told = local.run_mcmc(
        {"mu": (-10, 10), "sigma": (0.1, 20)}, data, n_samples=4000, burn_in=1000, seed=1
    )
    assert told["samples"].shape == (4, 4000, 2)
    # Flat priors: mu | data is Student t around the mean; sigma^2 scaled inverse chi squared.
    spread = data.std(ddof=1) / np.sqrt(data.size)
    errors = 5 * told["mcse"]
    assert abs(told["mean"][0] - data.mean()) < errors[0]
    assert told["std"][0] == pytest.approx(spread, rel=0.1)
    assert abs(told["mean"][1] - data.std(ddof=1)) < errors[1] + 0.01
    assert told["converged"]
    ar1 = np.zeros(800)
    noise = np.random.default_rng(5).normal(0.0, 0.5, 800)
    for t in range(1, 800):
        ar1[t] = 0.8 * ar1[t - 1] + noise[t]
    slope = float(ar1[:-1] @ ar1[1:] / (ar1[:-1] @ ar1[:-1]))
    found = local.run_mcmc({"phi": (-1, 1), "sigma": (0.01, 5)}, ar1, "ar1", seed=2)
    assert found["parameters"] == ["phi", "sigma"]
    assert found["mean"][0] == pytest.approx(slope, abs=0.01)
    assert found["mean"][1] == pytest.approx(0.5, abs=0.05)


def test_backtests_are_those_of_this_process(
    client: TradingGrpcClient, local: LocalTradingClient
) -> None:
    seen: list[tuple[int, int]] = []
    asked: dict[str, Any] = {
        "parameters": {"order_qty": 10},
        "venue": rt.SimVenue(fees=rt.Fees(taker_bps=1)),
        "risk": {"max_open_orders": 3},
    }
    told = client.run_backtest(
        "sma_cross", "us_minute", **asked, progress=lambda done, total: seen.append((done, total))
    )
    same(told, local.run_backtest("sma_cross", "sample:us_minute", **asked))
    found = rt.backtest(
        rt.StrategyFactory.create("sma_cross", order_qty=10),
        "sample:us_minute",
        venue=rt.SimVenue(fees=rt.Fees(taker_bps=1)),
        risk=rt.RiskLimits(max_open_orders=3),
        progress=False,
    )
    assert told["order_hash"] == found.order_hash
    assert told["stats"]["sharpe"] == found.stats.sharpe
    assert seen[-1][0] <= seen[-1][1] == found.events


def test_the_founding_snippet_runs(port: int) -> None:
    config = GrpcConfig(host="localhost", port=port, timeout=30.0, max_retries=3, compression=True)
    with TradingGrpcClient(config) as client:
        assert client.health()["status"] == "SERVING"
        assert client.calculate_mean_reversion(SERIES, threshold=2.0, lookback=20)["signal"] in (
            -1,
            0,
            1,
        )
        weights = client.optimize_portfolio(PRICES, method="markowitz", parameters=None)["weights"]
        assert sum(weights.values()) == pytest.approx(1.0)
    with pytest.raises(rt.TradingError, match="closed"):
        client.health()
