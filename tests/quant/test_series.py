"""One series: published figures, libraries that are not ours, inputs of every kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import py_rt as rt

GOLDEN = json.loads(
    (Path(__file__).parent.parent / "golden/quant_series.json").read_text(encoding="utf-8")
)
SERIES = {name: np.array(x) for name, x in GOLDEN["series"].items()}


def path_of_noise(h: float, n: int, random: np.random.Generator) -> np.ndarray:
    """Make exact fractional Gaussian noise (Davies and Harte 1987) and cumulate it."""
    k = np.arange(n + 1.0)
    covariance = 0.5 * ((k + 1) ** (2 * h) - 2 * k ** (2 * h) + np.abs(k - 1) ** (2 * h))
    row = np.concatenate([covariance, covariance[-2:0:-1]])
    values = np.sqrt(np.maximum(np.fft.fft(row).real, 0.0) / len(row))
    noise = random.normal(size=len(row)) + 1j * random.normal(size=len(row))
    return np.cumsum(np.fft.fft(values * noise).real[:n])


@pytest.mark.parametrize(
    "row", GOLDEN["adf"], ids=lambda row: "-".join(map(str, row.values()))[:24]
)
def test_adf_equals_statsmodels(row: dict[str, Any]) -> None:
    found = rt.quant.adf(SERIES[row["x"]], regression=row["regression"], autolag=row["autolag"])
    assert found.lags == row["lags"]
    assert found.statistic == pytest.approx(row["statistic"], rel=1e-8)
    assert found.pvalue == pytest.approx(row["pvalue"], abs=1e-9)


def test_adf_meets_the_published_figures() -> None:
    inflation = GOLDEN["inflation"]
    found = rt.quant.adf(inflation)
    assert found.lags == 2
    assert found.statistic == pytest.approx(-3.09310, abs=1e-4)
    assert found.pvalue == pytest.approx(0.027067, abs=1e-5)
    for trend, statistic in (("c", -6.56880), ("n", -3.88845), ("ct", -6.66705)):
        zero = rt.quant.adf(inflation, regression=trend, max_lag=0, autolag=None)
        assert zero.statistic == pytest.approx(statistic, abs=1e-4)
    ten = rt.quant.adf(inflation, max_lag=10, autolag=None)
    assert ten.statistic == pytest.approx(-2.28375, abs=1e-4)


def test_adf_of_the_bench_walk() -> None:
    walk = np.cumsum(np.random.default_rng(3).normal(size=1000))
    found = rt.quant.adf(walk)
    assert (round(found.statistic, 6), found.lags) == (-1.090222, 0)


def test_adf_does_not_mind_scale_and_level() -> None:
    walk = SERIES["walk"]
    plain = rt.quant.adf(walk)
    for other in (1e-290 * walk, 1e290 * walk, walk + 1e9):
        found = rt.quant.adf(other)
        assert found.lags == plain.lags
        assert found.statistic == pytest.approx(plain.statistic, rel=1e-5)


def test_adf_refuses_what_cannot_be_tested() -> None:
    with pytest.raises(rt.Degenerate, match="constant"):
        rt.quant.adf(np.full(50, 3.0))
    with pytest.raises(rt.Degenerate, match="trend"):
        rt.quant.adf(np.arange(50.0), regression="ct")
    with pytest.raises(rt.Degenerate, match="exactly"):
        rt.quant.adf(np.arange(50.0))
    with pytest.raises(rt.DataError, match="3 observations"):
        rt.quant.adf([1.0, 2.0, 4.0])
    with pytest.raises(rt.ParameterError, match="at most 23"):
        rt.quant.adf(SERIES["walk"][:50], max_lag=24)
    with pytest.raises(rt.ParameterError, match="regression"):
        rt.quant.adf(SERIES["walk"], regression="nc")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("h", "method", "mean", "within"),
    [
        (0.2, "structure", 0.200, 0.02), (0.4, "structure", 0.399, 0.02),
        (0.8, "structure", 0.798, 0.03), (0.2, "rs", 0.257, 0.02), (0.4, "rs", 0.417, 0.02),
        (0.8, "rs", 0.740, 0.03), (0.2, "dfa", 0.206, 0.02), (0.4, "dfa", 0.398, 0.02),
        (0.8, "dfa", 0.800, 0.03),
    ],
)  # fmt: skip
def test_hurst_is_calibrated(h: float, method: Any, mean: float, within: float) -> None:
    random = np.random.default_rng(8)
    found = [rt.quant.hurst(path_of_noise(h, 4096, random), method).h for _ in range(40)]
    assert np.mean(found) == pytest.approx(mean, abs=within)


def test_half_life_follows_its_definition() -> None:
    decay = 0.8 ** np.arange(12.0)
    exact = rt.quant.half_life(decay)
    assert exact.half_life == pytest.approx(3.106284, abs=1e-6)
    assert rt.quant.half_life(decay, method="ou_euler").half_life == pytest.approx(3.465736)
    grown = rt.quant.half_life(1.1 ** np.arange(12.0))
    assert (grown.half_life, grown.status) == (np.inf, "none")
    jumping = rt.quant.half_life((-0.5) ** np.arange(12.0))
    assert (jumping.half_life, jumping.status) == (0.0, "oscillating")


def test_half_life_corrections() -> None:
    random = np.random.default_rng(0)
    found: dict[str, list[float]] = {"none": [], "kendall": [], "jackknife": []}
    for _ in range(400):
        x = np.zeros(301)
        for t in range(1, 301):
            x[t] = 0.95 * x[t - 1] + random.normal()
        for bias, values in found.items():
            fit = rt.quant.half_life(x, bias=bias)  # type: ignore[arg-type]
            assert fit.lower <= fit.half_life <= fit.upper
            values.append(fit.half_life)
    assert np.median(found["none"]) == pytest.approx(11.11, abs=1.0)
    assert np.median(found["kendall"]) == pytest.approx(14.17, abs=1.5)
    assert np.median(found["jackknife"]) > np.median(found["none"])


def test_ou_fit_is_the_maximum_of_its_likelihood() -> None:
    x = SERIES["noise"].cumsum() * 0.1 + SERIES["noise"]
    fit = rt.quant.ou_fit(x, dt=0.5)
    assert rt.quant.ou_loglik(x, fit.theta, fit.mu, fit.sigma, 0.5) == pytest.approx(fit.loglik)
    for change in (0.99, 1.01):
        for name in ("theta", "sigma"):
            moved = {"theta": fit.theta, "mu": fit.mu, "sigma": fit.sigma}
            moved[name] *= change
            assert rt.quant.ou_loglik(x, **moved, dt=0.5) < fit.loglik
    with pytest.raises(rt.Degenerate, match="no mean reversion"):
        rt.quant.ou_fit(1.1 ** np.arange(20.0))


@pytest.mark.parametrize("row", GOLDEN["variance_ratio"], ids=lambda r: f"{r['x']}-{r['q']}")
def test_variance_ratio_equals_arch(row: dict[str, Any]) -> None:
    found = rt.quant.variance_ratio(SERIES[row["x"]], row["q"])
    for name in ("vr", "z", "pvalue"):
        assert getattr(found, name) == pytest.approx(row[name], rel=1e-9)


def test_zscore_looks_back_only() -> None:
    x = SERIES["prices"]
    for method in ("standard", "robust", "ewma"):
        whole = rt.quant.zscore(x, 10, method)
        assert np.isnan(whole[:9]).all()
        assert np.isfinite(whole[9:]).all()
        assert np.array_equal(rt.quant.zscore(x[:60], 10, method)[9:], whole[9:60])
    frame = pd.Series(x)
    standard = (frame - frame.rolling(10).mean()) / frame.rolling(10).std()
    assert rt.quant.zscore(x, 10)[9:] == pytest.approx(standard[9:].to_numpy(), rel=1e-6)
    ewm = frame.ewm(span=10)
    weighted = (frame - ewm.mean()) / ewm.std()
    assert rt.quant.zscore(x, 10, "ewma")[9:] == pytest.approx(weighted[9:].to_numpy(), rel=1e-5)
    window = x[50:60]
    spread = 1.4826 * np.median(np.abs(window - np.median(window)))
    robust = (x[59] - np.median(window)) / spread
    assert rt.quant.zscore(x, 10, "robust")[59] == pytest.approx(robust)
    assert rt.quant.zscore(np.ones(5), 3)[2:].tolist() == [0.0, 0.0, 0.0]


def test_the_signal_speaks_of_the_last_observation() -> None:
    prices = [10, 11, 10, 11, 10, 11, 10, 6]
    found = rt.quant.mean_reversion_signal(prices, lookback=8)
    z = (6 - np.mean(prices)) / np.std(prices, ddof=1)
    assert found.zscore == pytest.approx(z)
    assert (found.signal, found.entry_signal, found.exit_signal) == (1, True, False)
    assert set(found.to_dict()) == {
        "signal", "zscore", "entry_signal", "exit_signal", "mean", "std", "half_life",
    }  # fmt: skip
    flat = rt.quant.mean_reversion_signal(np.full(30, 5.0))
    assert (flat.signal, flat.zscore, flat.half_life) == (0, 0.0, np.inf)
    with pytest.raises(rt.DataError, match="3 prices"):
        rt.quant.mean_reversion_signal([1, 2, 3])
    with pytest.raises(rt.ParameterError, match="exit_threshold"):
        rt.quant.mean_reversion_signal(prices, threshold=1.0, exit_threshold=2.0, lookback=5)


@pytest.mark.parametrize(
    "call",
    [
        rt.quant.adf,
        rt.quant.hurst,
        rt.quant.half_life,
        rt.quant.ou_fit,
        lambda x: rt.quant.variance_ratio(x, 2),
        lambda x: rt.quant.zscore(x, 5),
        rt.quant.mean_reversion_signal,
    ],
)
def test_bad_values_are_named_and_good_ones_taken(call: Any) -> None:
    good = SERIES["noise"] + 50.0
    for place in (0, 40, 89):
        for value in (np.nan, np.inf):
            bad = good.copy()
            bad[place] = value
            with pytest.raises(rt.DataError) as error:
                call(bad)
            assert error.value.where["row"] == place
    for nothing in ([], [np.nan] * 80, ["a"] * 50, np.ones((60, 3)), np.zeros(0)):
        with pytest.raises((rt.DataError, rt.ParameterError)):
            call(nothing)
    locked = good.copy()
    locked.flags.writeable = False
    strided = np.repeat(good, 2)[::2]
    expected = str(call(good))
    for same in (good.tolist(), pd.Series(good), locked, strided, good[:, None]):
        assert str(call(same)) == expected
    call(np.round(good * 100).astype(np.int64))
    call(good.astype(np.float32))
