"""Warm-up and benchmark: what they leave out, and the measures against plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import py_rt as rt
from py_rt.backtest.benchmark import measures_of
from py_rt.errors import DataError, ParameterError

DAY = 86_400_000_000_000
START = 19_724 * DAY
CLOSES = [100, 101, 99, 102, 103, 101, 104, 106, 105, 107]


def data(closes: list[float] | None = None, symbol: str = "ABC") -> rt.MarketData:
    closes = CLOSES if closes is None else closes
    days = pd.bdate_range("2024-01-02", periods=len(closes)).strftime("%Y-%m-%d")
    return rt.data.load({"ts": list(days), "close": closes}, symbols=symbol)


class Eager(rt.Strategy):
    """Asks for everything on every bar."""

    aims: bool = False

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.bars, self.rung, self.reasons = 0, 0, []
        self.open: list[int] = []

    def on_start(self, ctx: Any) -> None:
        ctx.set_timer("beat", every="1d")

    def on_bar(self, ctx: Any, bar: Any) -> None:
        self.bars += 1
        if self.aims:
            ctx.target(bar.symbol, 5)
        else:
            ctx.buy(bar.symbol, 1)
            self.open.append(len(ctx.orders()))

    def on_order(self, ctx: Any, order: Any) -> None:
        if order.reason:
            self.reasons.append(order.reason)

    def on_timer(self, ctx: Any, timer: Any) -> None:
        self.rung += 1


def run(strategy: rt.Strategy, market: rt.MarketData, **how: Any) -> rt.BacktestResult:
    return rt.backtest(strategy, market, progress=False, **how)


@pytest.mark.parametrize("warmup", [4, "5d", "2024-01-06T00:00:00.001000001Z"])
def test_orders_are_refused_until_it_ends(warmup: Any) -> None:
    eager, market = Eager(), data()
    result = run(eager, market, warmup=warmup)
    seen = sum(int(t) + 1_000_000 < result.opens_at for t in market.bars()["ts_close"])
    assert (eager.bars, seen) == (10, 4)
    assert eager.rung >= 8
    assert eager.reasons == ["warmup: no order leaves before its end"] * seen
    assert result.assumptions["warmup_refused"] == seen
    assert len(result.orders) == 10 - seen
    assert result.denied == 0
    assert result.equity.index[0].value == result.opens_at
    assert result.fills["ts_recv"].min() > result.equity.index[0]


def test_statistics_begin_when_it_ends() -> None:
    market = data()
    result = run(Eager(), market, warmup=4)
    assert result.stats.n_days == 6
    assert result.stats.n_orders == 6
    # A run on the days after it alone, by a strategy without memory, is the same.
    rest = market.slice(start=int(market.bars()["ts_open"][4]))
    alone = run(Eager(), rest)
    np.testing.assert_allclose(result.daily.equity, alone.daily.equity)
    assert result.stats.sharpe == pytest.approx(alone.stats.sharpe)


def test_targets_are_forgotten_not_kept() -> None:
    result = run(Eager(aims=True), data(), warmup=4)
    assert len(result.orders) == 1
    assert result.orders["ts_created"].iloc[0] > result.equity.index[0]
    assert result.positions["qty"].item() == 5


def test_each_of_several_warms_up() -> None:
    team = {"a": Eager(), "b": Eager(aims=True)}
    result = run(team, data(), warmup=4)
    for own in result.by_strategy.values():
        assert own.equity.index[0].value == result.opens_at
        assert own.stats.n_days == 6


@pytest.mark.parametrize(
    "warmup", [-1, 11, True, "soon", "90d", "2030-01-01", 1.5, "2024-01-05 10:00"]
)
def test_what_is_no_warm_up_is_refused(warmup: Any) -> None:
    with pytest.raises(ParameterError) as caught:
        run(Eager(), data(), warmup=warmup)
    assert caught.value.field == "warmup"


def test_measures_equal_least_squares() -> None:
    dice = np.random.default_rng(7)
    other = dice.normal(0.0005, 0.01, 300)
    own = 0.0002 + 1.3 * other + dice.normal(0, 0.004, 300)
    equity, worth = (np.concatenate([[1.0], np.cumprod(1 + r)]) for r in (own, other))
    values, reasons = measures_of(1e6 * equity, 50 * worth, 252)
    beta, alpha = np.polyfit(other, own, 1)
    active = own - other
    assert not reasons
    assert values["beta"] == pytest.approx(beta, rel=1e-9)
    assert values["alpha"] == pytest.approx(alpha * 252, rel=1e-9)
    assert values["tracking_error"] == pytest.approx(active.std(ddof=1) * 252**0.5, rel=1e-9)
    assert values["active_return"] == pytest.approx(active.mean() * 252, rel=1e-9)
    ratio = active.mean() / active.std(ddof=1) * 252**0.5
    assert values["information_ratio"] == pytest.approx(ratio, rel=1e-9)
    assert values["benchmark_return"] == pytest.approx(worth[-1] - 1, rel=1e-12)


class AllIn(rt.Strategy):
    def on_start(self, ctx: Any) -> None:
        self.asked = False

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if not self.asked:
            self.asked = True
            ctx.buy(bar.symbol, 100)


def test_who_holds_the_benchmark_has_its_beta() -> None:
    result = run(AllIn(), data(), cash=10_100, benchmark="ABC", risk=rt.RiskLimits(max_leverage=2))
    stats = result.stats
    assert stats.benchmark == "ABC"
    assert stats.benchmark_return == pytest.approx(107 / 100 - 1)
    assert stats.beta == pytest.approx(1, abs=0.1)
    assert list(stats)[-6:] == [
        "benchmark_return",
        "active_return",
        "tracking_error",
        "information_ratio",
        "beta",
        "alpha",
    ]
    assert set(stats.definitions) == set(stats)
    series = pd.Series(CLOSES, index=pd.DatetimeIndex(result.data.bars()["ts_close"], tz="UTC"))
    other = run(AllIn(), data(), cash=10_100, benchmark=series).stats
    assert other.beta == pytest.approx(stats.beta, abs=0.05)


def test_without_one_there_are_no_such_measures() -> None:
    stats = run(AllIn(), data()).stats
    assert "beta" not in stats
    assert stats.beta is None


def test_the_report_draws_it(tmp_path: Any) -> None:
    page = run(AllIn(), data(), benchmark="ABC").report(tmp_path / "report.html").read_text()
    assert '"benchmark_name":"ABC"' in page.replace(": ", ":")
    assert "Information ratio" in page


@pytest.mark.parametrize(
    ("benchmark", "error"),
    [
        ("XYZ", ParameterError),
        (5, ParameterError),
        ([[1, 2], [1.0]], DataError),
        ([[1, 2], [1.0, np.nan]], DataError),
        ([[2, 1], [1.0, 2.0]], DataError),
        ([[], []], DataError),
    ],
)
def test_what_is_no_benchmark_is_refused(benchmark: Any, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        run(AllIn(), data(), benchmark=benchmark)
    assert caught.value.field == "benchmark"
