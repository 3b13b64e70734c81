"""Tail risk, coverage tests and track records against published tables and exact values."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from unit.quant_golden import golden, unwieldy

import py_rt as rt


def draws(n: int = 400, seed: int = 1) -> Any:
    return np.random.default_rng(seed).standard_t(5, size=n) * 0.01 + 0.0005


# ------------------------------------------------------------------------------------ tail risk


def test_the_boundary_counts_by_its_part() -> None:
    losses = -np.arange(1.0, 41.0)
    assert rt.quant.expected_shortfall(losses, 0.96) == pytest.approx((40 + 0.6 * 39) / 1.6)
    assert rt.quant.value_at_risk(losses, 0.96) == 39.0
    # 1 - 0.95 is a little more than 0.05 in binary; five of a hundred are five.
    hundred = -np.arange(1.0, 101.0)
    assert rt.quant.value_at_risk(hundred, 0.95) == 95.0
    assert rt.quant.expected_shortfall(hundred, 0.95) == 98.0


def test_parametric_values_of_a_normal_law() -> None:
    x = np.array([-1.0, 1.0]) / math.sqrt(2)
    assert rt.quant.value_at_risk(x, 0.95, "parametric") == pytest.approx(1.644853627, abs=1e-9)
    for level, value in ((0.975, 2.337802792), (0.99, 2.665214220)):
        found = rt.quant.expected_shortfall(x, level, "parametric")
        assert found == pytest.approx(value, abs=1e-9)


def test_cornish_fisher_integrates_its_own_quantile() -> None:
    x = np.random.default_rng(5).gamma(40.0, size=800) * 0.001
    found = rt.quant.expected_shortfall(-x, 0.95, "cornish_fisher")
    levels = 0.95 + 0.05 * (np.arange(20_000) + 0.5) / 20_000
    quantiles = [rt.quant.value_at_risk(-x, float(p), "cornish_fisher") for p in levels[::20]]
    assert found == pytest.approx(np.mean(quantiles), rel=2e-3)
    plain = rt.quant.value_at_risk(-x, 0.95, "parametric")
    assert rt.quant.value_at_risk(-x, 0.95, "cornish_fisher") > plain
    wild = np.concatenate([np.zeros(99) + np.linspace(-1e-3, 1e-3, 99), [5.0]])
    with pytest.raises(rt.Degenerate, match="monotone"):
        rt.quant.value_at_risk(wild, 0.95, "cornish_fisher")


def test_filtered_history_follows_volatility() -> None:
    x = draws()
    x[-60:] *= 5.0
    plain = rt.quant.value_at_risk(x, 0.95)
    filtered = rt.quant.value_at_risk(x, 0.95, "filtered_historical")
    assert filtered > 1.5 * plain
    variance = (x**2).mean()
    standard = []
    for r in x:
        standard.append(r / math.sqrt(variance))
        variance = 0.94 * variance + 0.06 * r * r
    by_hand = rt.quant.value_at_risk(standard, 0.95) * math.sqrt(variance)
    assert filtered == pytest.approx(by_hand, rel=1e-12)


METHODS = ("historical", "parametric", "cornish_fisher", "filtered_historical")


@pytest.mark.parametrize("method", METHODS)
def test_shortfall_is_beyond_value_at_risk(method: Any) -> None:
    x = np.random.default_rng(2).normal(0.0, 0.01, 3000)
    for level in (0.9, 0.95, 0.99):
        value = rt.quant.value_at_risk(x, level, method)
        assert 0.0 < value < rt.quant.expected_shortfall(x, level, method)
    base = rt.quant.value_at_risk(x, 0.95, method)
    for scale in (1e-100, 1e100):
        scaled = rt.quant.value_at_risk(x * scale, 0.95, method)
        assert scaled == pytest.approx(base * scale, rel=1e-9)
    for same in unwieldy(x).values():
        assert rt.quant.value_at_risk(same, 0.95, method) == base
    assert rt.quant.value_at_risk(pd.Series(x), 0.95, method) == base


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("call", [rt.quant.value_at_risk, rt.quant.expected_shortfall])
def test_bad_returns(call: Any, method: Any) -> None:
    for row in (0, 50, 99):
        x = draws(100)
        x[row] = np.nan
        with pytest.raises(rt.DataError) as told:
            call(x, 0.95, method)
        assert told.value.where["row"] == row
    for short in ([], [0.1]):
        with pytest.raises(rt.DataError):
            call(short, 0.95, method)
    for level in (0.0, 1.0, -1, np.nan, "x"):
        with pytest.raises(rt.ParameterError):
            call(draws(), level, method)
    with pytest.raises(rt.ParameterError):
        call(draws(), 0.95, "guess")
    if method == "historical":
        assert call(np.full(10, 0.1), 0.95, method) == -0.1
    else:
        with pytest.raises(rt.Degenerate):
            call(np.full(10, 0.1), 0.95, method)


# -------------------------------------------------------------------------------------- coverage


def days(n: int, hits: int) -> list[bool]:
    return [i < hits for i in range(n)]


@pytest.mark.parametrize(
    ("n", "p", "low", "high"),
    [
        (255, 0.01, 1, 6), (255, 0.025, 3, 11), (255, 0.05, 7, 20),
        (510, 0.01, 2, 10), (510, 0.025, 7, 20), (510, 0.05, 17, 35),
        (1000, 0.01, 5, 16), (1000, 0.025, 16, 35), (1000, 0.05, 38, 64),
    ],
)  # fmt: skip
def test_kupiec_s_table(n: int, p: float, low: int, high: int) -> None:
    kept = [x for x in range(n // 4) if rt.quant.kupiec(days(n, x), p).pvalue > 0.05]
    assert (kept[0], kept[-1]) == (low, high)
    assert kept == list(range(low, high + 1))


def test_no_exceptions_and_nothing_else() -> None:
    assert rt.quant.kupiec(days(255, 0), 0.01).lr == pytest.approx(5.13, abs=5e-3)
    assert rt.quant.kupiec(days(255, 0), 0.01).lr == pytest.approx(-2 * 255 * math.log(0.99))
    assert rt.quant.kupiec(days(50, 50), 0.01).lr == pytest.approx(-2 * 50 * math.log(0.01))


def test_christoffersen_by_hand() -> None:
    told = [0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0]
    found = rt.quant.christoffersen(told, 0.1)
    # 00: 6, 01: 2, 10: 2, 11: 1
    apart = 6 * math.log(6 / 8) + 2 * math.log(2 / 8) + 2 * math.log(2 / 3) + math.log(1 / 3)
    together = 8 * math.log(8 / 11) + 3 * math.log(3 / 11)
    assert found.lr_ind == pytest.approx(2 * (apart - together))
    assert found.lr_uc == pytest.approx(rt.quant.kupiec(told, 0.1).lr)
    assert found.lr_cc == pytest.approx(found.lr_uc + found.lr_ind)
    assert found.pvalue == pytest.approx(math.exp(-found.lr_cc / 2))
    assert rt.quant.christoffersen(days(250, 0), 0.01).lr_ind == 0.0


@pytest.mark.parametrize("call", [rt.quant.kupiec, rt.quant.christoffersen])
def test_bad_exceptions(call: Any) -> None:
    with pytest.raises(rt.DataError) as told:
        call([0, 1, 2], 0.01)
    assert told.value.where["row"] == 2
    for bad in ([], [0, np.nan], ["a"], [[0, 1], [1, 0]]):
        with pytest.raises(rt.DataError):
            call(bad, 0.01)
    for p in (0.0, 1.0, np.nan):
        with pytest.raises(rt.ParameterError):
            call([0, 1, 0], p)
    frozen = np.array([True, False] * 20)
    frozen.flags.writeable = False
    assert call(frozen[::2], 0.01) == call([True] * 20, 0.01)
    assert call(np.zeros(1_000_000, dtype=bool), 1e-6).pvalue > 0.05


# ----------------------------------------------------------------------------------- track record


def test_probabilistic_and_deflated_ratios_agree_with_skfolio() -> None:
    told = golden()["records"]
    x = told["returns"]
    assert rt.quant.psr(x) == pytest.approx(told["psr"], abs=1e-12)
    assert rt.quant.psr(x, 0.05) == pytest.approx(told["psr_05"], abs=1e-12)
    found = rt.quant.dsr(x, told["n_trials"], told["trials_variance"])
    assert found == pytest.approx(told["dsr"], abs=1e-12)
    assert rt.quant.dsr(x, 1, told["trials_variance"]) == rt.quant.psr(x)


def test_published_ratios() -> None:
    from py_rt._core import quant as core

    best = core.expected_maximum_sharpe(50, 4e-4)
    assert best == pytest.approx(0.045526062, abs=1e-9)
    record = (0.10, -0.5, 5.0, 500.0)
    assert core.psr(record, best) == pytest.approx(0.881380214, abs=1e-9)
    assert core.psr(record, 0.0) == pytest.approx(0.984984765, abs=1e-9)
    # SR 2 against 1 a year, monthly, skewness -.72, kurtosis 5.78: 4.99 years.
    root = math.sqrt(12)
    months = core.min_track_record((2 / root, -0.72, 5.78, 0.0), 1 / root, 0.95)
    assert months / 12 == pytest.approx(4.99, abs=5e-3)
    # The example of the paper of 2014: SR 2.5 a year, five years of days, 100 trials, variance 1/2
    # a year, skewness -3, kurtosis 10: .9004.
    best = core.expected_maximum_sharpe(100, 0.5 / 250)
    assert core.psr((2.5 / math.sqrt(250), -3.0, 10.0, 1250.0), best) == pytest.approx(
        0.9004, abs=1e-4
    )


def test_the_ratio_itself() -> None:
    x = draws()
    assert rt.quant.sharpe(x) == pytest.approx(x.mean() / x.std(ddof=1))
    assert rt.quant.sharpe(x, 252) == pytest.approx(rt.quant.sharpe(x) * math.sqrt(252))
    for scale in (1e-200, 1e200):
        assert rt.quant.sharpe(x * scale) == pytest.approx(rt.quant.sharpe(x))
    for same in unwieldy(x).values():
        assert rt.quant.sharpe(same) == rt.quant.sharpe(x)
    long = np.random.default_rng(0).normal(0.1, 1.0, 1_000_000)
    assert rt.quant.sharpe(long) == pytest.approx(0.1, abs=0.005)


@pytest.mark.parametrize(
    "call",
    [
        rt.quant.sharpe,
        rt.quant.psr,
        lambda x: rt.quant.dsr(x, 10, 0.01),
        rt.quant.min_track_record,
    ],
)
def test_bad_records(call: Any) -> None:
    for constant in ([0.1] * 9, [0.0, 0.0], [1e-300] * 5):
        with pytest.raises(rt.Degenerate):
            call(constant)
    for short in ([], [0.1]):
        with pytest.raises(rt.DataError):
            call(short)
    with pytest.raises(rt.DataError) as told:
        call([0.1, 0.2, np.inf])
    assert told.value.where["row"] == 2


def test_bad_arguments() -> None:
    x = draws()
    for trials, variance in ((0, 0.1), (np.nan, 0.1), (10, -1.0), (10, np.inf)):
        with pytest.raises(rt.ParameterError):
            rt.quant.dsr(x, trials, variance)
    with pytest.raises(rt.Infeasible, match="never"):
        rt.quant.min_track_record(x, benchmark=5.0)
    for confidence in (0.0, 1.0):
        with pytest.raises(rt.ParameterError):
            rt.quant.min_track_record(x + 1, confidence=confidence)
    with pytest.raises(rt.ParameterError):
        rt.quant.sharpe(x, 0)


# ------------------------------------------------------------------------------------ overfitting


def by_definition(performance: Any, blocks: int) -> float:
    """Count the splits one by one."""
    rows = len(performance)
    ends = [b * (rows // blocks) + min(b, rows % blocks) for b in range(blocks + 1)]
    parts = [performance[ends[b] : ends[b + 1]] for b in range(blocks)]
    worse, splits = 0, 0
    for chosen in combinations(range(blocks), blocks // 2):
        inside = np.concatenate([parts[b] for b in chosen])
        outside = np.concatenate([parts[b] for b in range(blocks) if b not in chosen])
        best = np.argmax(inside.mean(0) / inside.std(0, ddof=1))
        ratios = outside.mean(0) / outside.std(0, ddof=1)
        rank = (ratios < ratios[best]).sum() + 1
        share = rank / (performance.shape[1] + 1)
        worse += math.log(share / (1 - share)) <= 0
        splits += 1
    return worse / splits


@pytest.mark.parametrize("shape", [(50, 4), (83, 7)])
def test_pbo_by_definition(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(7)
    performance = rng.normal(size=shape) + rng.normal(0, 0.1, shape[1])
    found = rt.quant.pbo(performance, n_splits=8)
    assert found == pytest.approx(by_definition(performance, 8))
    assert len(found.logits) == 70
    assert found.pbo == float(found)


def test_noise_and_skill() -> None:
    rng = np.random.default_rng(11)
    noise = [rt.quant.pbo(rng.normal(size=(320, 12)), n_splits=8) for _ in range(40)]
    assert np.mean(noise) == pytest.approx(0.5, abs=0.12)
    skilled = rng.normal(size=(320, 12))
    skilled[:, 5] += 0.6
    found = rt.quant.pbo(skilled)
    assert len(found.logits) == 12_870
    assert found < 0.01
    lifted = rt.quant.pbo(skilled * 1e-9 + 1e-3, n_splits=8)
    assert len(lifted.logits) == 70


def test_bad_performance() -> None:
    rng = np.random.default_rng(0)
    good = rng.normal(size=(64, 3))
    frame = pd.DataFrame(good, columns=list("abc")).assign(b=0.1)
    with pytest.raises(rt.Degenerate) as told:
        rt.quant.pbo(frame)
    assert told.value.where["column"] == "b"
    for splits in (1, 3, 22, 1.5):
        with pytest.raises(rt.ParameterError):
            rt.quant.pbo(good, splits)  # type: ignore[arg-type]
    for bad in (good[:20], good[:, :1], good[:0]):
        with pytest.raises(rt.DataError):
            rt.quant.pbo(bad)


# ---------------------------------------------------------------------------------------- splits


@pytest.mark.parametrize("case", range(3))
def test_splits_agree_with_skfolio(case: int) -> None:
    told = golden()["records"]["splits"][case]
    found = list(rt.quant.cpcv_splits(*told["arguments"]))
    assert len(found) == len(told["pairs"])
    for (train, test), (their_train, their_test) in zip(found, told["pairs"], strict=True):
        assert train.tolist() == their_train
        assert test.tolist() == their_test


def test_counts_and_refusals_of_splits() -> None:
    splits = list(rt.quant.cpcv_splits(1000, n_groups=10, n_test=2, purge=5, embargo=10))
    assert len(splits) == 45
    tested = np.zeros(1000)
    for train, test in splits:
        tested[test] += 1
        assert not set(train) & set(test)
        near = {int(i) + shift for i in test for shift in (*range(-5, 0), *range(1, 16))}
        assert not near & set(train.tolist())
    assert (tested == 9).all()
    for bad in ((1, 6, 2), (10, 11, 2), (10, 5, 5), (10, 5, 0), (10, 5, 2, -1)):
        with pytest.raises(rt.ParameterError):
            rt.quant.cpcv_splits(*bad)
    with pytest.raises(rt.ParameterError, match="nothing to train"):
        list(rt.quant.cpcv_splits(20, 4, 2, purge=50))
