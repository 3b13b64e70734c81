"""Several series: published figures, libraries that are not ours, naive twins."""

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
X = np.array(GOLDEN["cointegration"]["x"])
MATLAB = np.array(GOLDEN["matlab"])


@pytest.mark.parametrize("row", GOLDEN["cointegration"]["engle_granger"], ids=str)
def test_engle_granger_equals_statsmodels(row: dict[str, Any]) -> None:
    found = rt.quant.engle_granger(X[:, 0], X[:, 1:3], trend=row["trend"], lags=row["lags"])
    assert found.statistic == pytest.approx(row["statistic"], rel=1e-9)
    assert found.pvalue == pytest.approx(row["pvalue"], abs=1e-9)


def test_the_critical_values_are_the_papers() -> None:
    """MacKinnon 2010, table 2, and the cells that other libraries have wrong."""
    found = rt.quant.engle_granger(X[:, 0], X[:, 1])
    t = len(X) - 1
    assert found.critical_values["1%"] == pytest.approx(-3.89644 - 10.9519 / t - 22.527 / t**2)
    three = rt.quant.engle_granger(X[:, 0], X[:, 1:3]).critical_values["5%"]
    cell = -3.74066 - 8.5631 / t - 10.852 / t**2 + 27.982 / t**3
    assert three == pytest.approx(cell, abs=1e-12)
    many = np.random.default_rng(0).normal(size=(150, 6)).cumsum(axis=0)
    seven = rt.quant.engle_granger(X[:, 0], many)
    cell = -4.69648 - 15.7315 / t - 6.922 / t**2 + 67.721 / t**3
    assert seven.critical_values["10%"] == pytest.approx(cell, abs=1e-12)
    assert np.isnan(seven.pvalue)
    adf = rt.quant.adf(X[:, 1], max_lag=0, autolag=None)
    cell = -2.86154 - 2.8903 / t - 4.234 / t**2 - 40.040 / t**3
    assert adf.critical_values["5%"] == pytest.approx(cell, abs=1e-12)


def test_engle_granger_names_the_culprit() -> None:
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    frame["sum"] = frame["b"] + frame["c"]
    with pytest.raises(rt.Degenerate) as error:
        rt.quant.engle_granger(frame["a"], frame[["b", "c", "sum"]])
    assert error.value.where["column"] == "sum"
    frame["flat"] = 1.0
    with pytest.raises(rt.Degenerate) as error:
        rt.quant.engle_granger(frame["a"], frame[["b", "flat"]])
    assert error.value.where["column"] == "flat"
    with pytest.raises(rt.Degenerate, match="exact"):
        rt.quant.engle_granger(2.0 * frame["b"] + 1.0, frame["b"])
    with pytest.raises(rt.DataError, match="rows"):
        rt.quant.engle_granger(frame["a"], X[:50, 1])
    with pytest.raises(rt.DataError, match="logarithm"):
        rt.quant.engle_granger(frame["a"], frame["b"], log=True)


@pytest.mark.parametrize("row", GOLDEN["cointegration"]["trace"], ids=lambda r: str(r)[:24])
def test_johansen_equals_likelihood_ratios(row: dict[str, Any]) -> None:
    found = rt.quant.johansen(X[:, :3], row["case"], k_ar_diff=2, seasons=row["seasons"])
    assert found.trace == pytest.approx(row["trace"], abs=1e-7)


@pytest.mark.parametrize("case", [1, 3])
def test_johansen_vectors_equal_statsmodels(case: int) -> None:
    golden = GOLDEN["cointegration"]["johansen"][str(case)]
    found = rt.quant.johansen(X, case)
    assert found.eigenvalues == pytest.approx(golden["eigenvalues"], rel=1e-9)
    assert found.max_eig == pytest.approx(golden["max_eig"], rel=1e-9)
    size = np.abs(np.array(golden["eigenvectors"]))
    assert np.abs(found.eigenvectors) == pytest.approx(size, rel=1e-6)


@pytest.mark.parametrize(
    ("case", "trace", "first"),
    [
        (1, (182.978510, 113.431353, 78.077376), 69.547157),
        (2, (224.905852, 149.267986, 98.081356), 75.637866),
        (3, (214.389985, 141.481613, 90.363179), 72.908372),
        (4, (257.185376, 177.908634, 115.875331), 79.276742),
        (5, (250.002185, 171.102964, 110.631179), 78.899221),
    ],
)
def test_johansen_on_eight_series(case: int, trace: tuple[float, ...], first: float) -> None:
    found = rt.quant.johansen(MATLAB, case, k_ar_diff=2)
    assert found.trace[:3] == pytest.approx(trace, abs=1e-6)
    assert found.max_eig[0] == pytest.approx(first, abs=1e-6)
    assert found.trace == pytest.approx(np.cumsum(found.max_eig[::-1])[::-1])


def test_johansen_meets_the_published_figures() -> None:
    nine = rt.quant.johansen(MATLAB, 3, k_ar_diff=9).trace
    assert nine[:2] == pytest.approx([307.688893510, 205.383922940], abs=1e-8)
    eight = rt.quant.johansen(MATLAB, 1, k_ar_diff=8).trace
    assert eight[:2] == pytest.approx([260.678602974, 162.796607251], abs=1e-8)
    # Johansen and Juselius 1990, Danish money demand: tables 1 and 2.
    found = rt.quant.johansen(GOLDEN["danish_money"], 2, k_ar_diff=1, seasons=4)
    assert found.eigenvalues.round(3) == pytest.approx([0.433, 0.178, 0.113, 0.043])
    assert found.trace.round(2) == pytest.approx([49.14, 19.06, 8.69, 2.35])
    assert found.max_eig.round(2) == pytest.approx([30.09, 10.36, 6.34, 2.35])
    first = found.eigenvectors[:, 0] / found.eigenvectors[0, 0]
    assert first.round(2) == pytest.approx([1.0, -1.03, 5.21, -4.22, -6.06])
    assert (found.rank_trace, found.rank_max) == (0, 1)


def test_johansen_critical_values() -> None:
    """MacKinnon, Haug and Michelis 1999, 5 %, as regression packages print them."""
    five = {
        1: (4.129906, 12.32090, 24.27596), 2: (9.164546, 20.26184, 35.19275),
        3: (3.841466, 15.49471, 29.79707), 4: (12.51798, 25.87211, 42.91525),
        5: (3.841466, 18.39771, 35.01090),
    }  # fmt: skip
    largest = {2: (9.164546, 15.89210, 22.29962), 4: (12.51798, 19.38704, 25.82321)}
    for case, values in five.items():
        found = rt.quant.johansen(X[:, :3], case)
        assert found.trace_crit[::-1, 1] == pytest.approx(values)
        assert found.max_eig_crit[::-1, 1] == pytest.approx(
            largest.get(case, found.max_eig_crit[::-1, 1])
        )
        for table in (found.trace_crit, found.max_eig_crit):
            assert (np.diff(table, axis=1) > 0).all()
            assert (np.diff(table, axis=0) < 0).all()
    # With one series the last two cases have the law of a squared normal.
    for case in (3, 5):
        one = rt.quant.johansen(X[:, 0], case).trace_crit[0]
        assert one == pytest.approx([2.705543, 3.841459, 6.634897], abs=2e-3)


def test_johansen_relations_are_normalised_and_indifferent_to_units() -> None:
    for case in range(1, 6):
        plain = rt.quant.johansen(X, case)
        scaled = rt.quant.johansen(X * [1e-6, 1.0, 1e5, 3.0], case)
        assert scaled.eigenvalues == pytest.approx(plain.eigenvalues, rel=1e-9)
        assert scaled.eigenvectors[0] == pytest.approx(plain.eigenvectors[0] * 1e6, rel=1e-6)


def test_johansen_refuses() -> None:
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    frame["sum"] = frame["a"] + frame["b"]
    with pytest.raises(rt.Degenerate) as error:
        rt.quant.johansen(frame)
    assert error.value.where["column"] == "sum"
    with pytest.raises(rt.Degenerate) as error:
        rt.quant.johansen(frame.assign(d=2.0)[["a", "d"]])
    assert error.value.where["column"] == "d"
    with pytest.raises(rt.ParameterError, match="13 columns"):
        rt.quant.johansen(np.random.default_rng(0).normal(size=(200, 13)))
    with pytest.raises(rt.DataError, match="observations"):
        rt.quant.johansen(X[:6])
    for wrong in ({"case": 6}, {"case": 0}, {"level": 0.2}, {"k_ar_diff": -1}):
        with pytest.raises(rt.ParameterError):
            rt.quant.johansen(X, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("trend", ["n", "c", "ct", "ctt"])
@pytest.mark.parametrize("lags", [0, 1, 3, "aic"])
def test_the_screen_is_one_test_a_pair(trend: Any, lags: Any) -> None:
    random = np.random.default_rng(5)
    prices = random.normal(size=(260, 5)).cumsum(axis=0) + 40.0
    prices[:, 4] = 3.0 * prices[:, 0] + random.normal(size=260)
    found = rt.quant.screen_pairs(prices, lags=lags, trend=trend)
    assert len(found) == 20
    for row in found.itertuples():
        one = rt.quant.engle_granger(
            prices[:, row.y], prices[:, row.x], trend=trend, lags=int(row.lags)
        )
        assert row.statistic == pytest.approx(one.statistic, rel=1e-8)
        assert row.pvalue == pytest.approx(one.pvalue, abs=1e-9)
        assert row.hedge_ratio == pytest.approx(one.hedge_ratio, rel=1e-9)
        life = rt.quant.half_life(one.residual).half_life
        assert row.half_life == pytest.approx(life, rel=1e-6)


def test_the_screen_counts_false_discoveries() -> None:
    walks = np.random.default_rng(17).normal(size=(500, 40)).cumsum(axis=0)
    found = rt.quant.screen_pairs(walks, names=[f"S{i}" for i in range(40)])
    assert list(found.columns) == [
        "y", "x", "statistic", "pvalue", "qvalue", "hedge_ratio", "half_life", "selected", "lags",
    ]  # fmt: skip
    assert 0.02 < (found.pvalue < 0.05).mean() < 0.25
    assert found.selected.sum() <= 5
    order = np.sort(found.pvalue.to_numpy())
    rank = np.arange(1, len(order) + 1)
    naive = np.minimum.accumulate((order * len(order) / rank)[::-1])[::-1]
    assert np.sort(found.qvalue.to_numpy()) == pytest.approx(np.minimum(naive, 1.0))
    dependent = rt.quant.screen_pairs(walks, method="by").qvalue.to_numpy()
    assert (dependent >= found.qvalue.to_numpy() - 1e-12).all()
    serial = rt.quant.screen_pairs(walks, names=found.y.unique(), threads=1)
    pd.testing.assert_frame_equal(serial, found, check_exact=True)


def test_the_screen_refuses_and_tells() -> None:
    walks = pd.DataFrame(np.random.default_rng(1).normal(size=(99, 4)).cumsum(axis=0))
    walks.columns = list("abcd")
    with pytest.raises(rt.Degenerate) as error:
        rt.quant.screen_pairs(walks.assign(c=7.0))
    assert error.value.where["column"] == "c"
    with pytest.raises(rt.Degenerate) as error:
        rt.quant.screen_pairs(walks.assign(d=2.0 * walks["b"] + 1.0))
    assert error.value.where["column"] == "d"
    bad = walks.copy()
    bad.loc[30, "b"] = np.nan
    with pytest.raises(rt.DataError) as error:
        rt.quant.screen_pairs(bad)
    assert error.value.where == {"field": "prices", "column": "b", "row": 30}
    with pytest.raises(rt.DataError, match="no pair"):
        rt.quant.screen_pairs(walks["a"])
    told: list[tuple[int, int]] = []
    rt.quant.screen_pairs(walks, progress=lambda done, total: told.append((done, total)))

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    big = np.random.default_rng(1).normal(size=(2000, 300)).cumsum(axis=0)
    with pytest.raises(KeyboardInterrupt):
        rt.quant.screen_pairs(big, progress=stop)


def naive_filter(y: np.ndarray, x: np.ndarray, fit: Any) -> np.ndarray:
    """Filter with matrices, as the books write it."""
    noise, state = fit.noise, np.array(fit.start)
    vague = 1e7 * noise["observation"]
    covariance = np.diag([vague / fit.scale**2, vague])
    rows = []
    for value, level in zip(y, x, strict=True):
        covariance = covariance + np.diag([noise["beta"], noise["intercept"]])
        h = np.array([level, 1.0])
        variance = h @ covariance @ h + noise["observation"]
        spread = value - h @ state
        rows.append([*state, spread, np.sqrt(variance)])
        gain = covariance @ h / variance
        state = state + gain * spread
        covariance = covariance - np.outer(gain, h @ covariance)
    return np.array(rows)


def test_the_kalman_hedge_predicts() -> None:
    random = np.random.default_rng(4)
    x = random.normal(size=600).cumsum() + 80.0
    slope = 1.0 + 0.02 * random.normal(size=600).cumsum()
    y = slope * x + 5.0 + random.normal(size=600)
    found = rt.quant.kalman_hedge(y, x)
    assert np.isnan(found.beta[:150]).all()
    assert np.isfinite(found.beta[150:]).all()
    naive = naive_filter(y, x, found)[150:]
    for i, name in enumerate(("beta", "intercept", "spread", "spread_std")):
        assert getattr(found, name)[150:] == pytest.approx(naive[:, i], rel=1e-4, abs=1e-4)
    standard = (found.spread / found.spread_std)[150:]
    assert 0.8 < standard.std() < 1.25
    assert abs(found.beta[150:] - slope[149:-1]).mean() < 0.2


def test_the_kalman_hedge_does_not_look_ahead_and_streams() -> None:
    random = np.random.default_rng(4)
    x = random.normal(size=400).cumsum() + 80.0
    y = 2.0 * x + random.normal(size=400)
    whole = rt.quant.kalman_hedge(y, x, train=100)
    changed = y.copy()
    changed[300:] += 1000.0
    part = rt.quant.kalman_hedge(changed, x, train=100)
    assert np.array_equal(part.beta[100:301], whole.beta[100:301])
    assert part.noise == whole.noise
    stream = whole.filter()
    rows = [stream.update(a, b) for a, b in zip(y, x, strict=True)]
    for name in ("beta", "intercept", "spread", "spread_std"):
        assert [row[name] for row in rows[100:]] == getattr(whole, name)[100:].tolist()
    with pytest.raises(rt.Degenerate, match="constant"):
        rt.quant.kalman_hedge(y, np.ones(400))
    with pytest.raises(rt.Degenerate, match="exactly"):
        rt.quant.kalman_hedge(2.0 * x, x)
    with pytest.raises(rt.ParameterError, match="train"):
        rt.quant.kalman_hedge(y[:50], x[:50])
