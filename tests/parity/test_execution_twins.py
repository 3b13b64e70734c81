"""Each execution schedule against a twin that was written apart, the plain way.

The twins are given the terms and the market, and say when which child should have left. They know
nothing of the kernel: fractions and lists.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import py_rt as rt

MINUTE = 60_000_000_000
START = 1_700_000_100_000_000_000
FREE = rt.RiskLimits(max_order_notional=1e12, max_position_notional=1e12, price_collar_bps=10_000)
SEEDS = range(20)


def minutes(count: int, volumes: Any) -> rt.MarketData:
    table = {
        "ts": [START + i * MINUTE for i in range(count)],
        "close": [100.0] * count,
        "volume": list(volumes),
    }
    return rt.data.load(table, symbols="ABC")


class Once(rt.Strategy):
    def __init__(self, qty: float, algorithm: Any, limit: float | None = None) -> None:
        super().__init__()
        self.qty, self.algorithm, self.limit, self.at = qty, algorithm, limit, 0

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if not self.at:
            self.at = ctx.now
            ctx.execute(bar.symbol, "buy", self.qty, self.algorithm, limit_price=self.limit)


def children(once: Once, data: rt.MarketData) -> list[tuple[int, float]]:
    """Return when each child left, counted from the parent, and how much it was."""
    result = rt.backtest(once, data, progress=False, risk=FREE)
    orders = result.arrays("orders")
    assert orders["cum_qty"].sum() == once.qty
    sent = zip(orders["ts_created"] - once.at, orders["order_qty"], strict=True)
    return [(int(at), float(qty)) for at, qty in sent]


def scheduled(qty: int, shares: list[Fraction], duration: int, least: int) -> list[tuple[int, int]]:
    """Return the slices of a schedule: the begin of each one that sends, and how much it sends."""
    rows, done = [], 0
    for k in range(len(shares)):
        due = int(qty * sum(shares[: k + 1]) / sum(shares))
        if k == len(shares) - 1 or qty - due < least:
            due = qty
        if due - done >= least or (due == qty and due > done):
            rows.append((k * (duration // len(shares)), due - done))
            done = due
    return rows


@pytest.mark.parametrize("seed", SEEDS)
def test_twap(seed: int) -> None:
    draw = np.random.default_rng(seed)
    qty, slices = int(draw.integers(1, 500)), int(draw.integers(1, 40))
    least, span = int(draw.integers(1, 12)), int(draw.integers(slices, 90)) * MINUTE
    algorithm = rt.TWAP(duration=span, slices=slices, min_child_qty=least)
    found = children(Once(qty, algorithm), minutes(200, [10] * 200))
    assert found == scheduled(qty, [Fraction(1)] * slices, span, least), f"seed {seed}"


@pytest.mark.parametrize("seed", SEEDS)
def test_vwap(seed: int) -> None:
    draw = np.random.default_rng(seed)
    qty, slices = int(draw.integers(1, 5_000)), int(draw.integers(1, 40))
    profile = draw.uniform(0, 9, slices)
    span = 60 * MINUTE
    found = children(Once(qty, rt.VWAP(duration=span, profile=profile)), minutes(200, [10] * 200))
    twin = scheduled(qty, [Fraction(float(v)) for v in profile], span, 1)
    assert found == twin, f"seed {seed}"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_share_of_the_volume(seed: int) -> None:
    draw = np.random.default_rng(seed)
    volumes = [int(v) for v in draw.integers(0, 400, 200)]
    share, every = int(draw.integers(1, 2_000)), int(draw.integers(1, 5)) * MINUTE
    least = int(draw.integers(1, 50))
    algorithm = rt.POV(participation=share / 10_000, interval=every, min_child_qty=least)
    qty = 600
    once = Once(qty, algorithm)
    result = rt.backtest(once, minutes(200, volumes), progress=False, risk=FREE)
    orders = result.arrays("orders")
    found = [
        (int(at), float(q))
        for at, q in zip(orders["ts_created"] - once.at, orders["order_qty"], strict=True)
    ]
    twin, done = [], 0
    for look in range(0, 198 * MINUTE, every):
        # A bar that closes at the moment of a look is seen just after it.
        seen = sum(volumes[1 : max(1, look // MINUTE)])
        due = min(qty, seen * share // 10_000)
        if due - done >= least or (due == qty and due > done):
            twin.append((look, float(due - done)))
            done = due
    assert [q for _, q in found] == [q for _, q in twin], f"seed {seed}"
    assert [at for at, _ in found] == [at for at, _ in twin], f"seed {seed}"
    assert len(found) == len(twin)


def test_an_iceberg_shows_part_after_part() -> None:
    found = children(Once(47, rt.Iceberg(shown_qty=10), limit=101.0), minutes(30, [10] * 30))
    assert [qty for _, qty in found] == [10, 10, 10, 10, 7]


@pytest.mark.parametrize("aversion", [1e-7, 1e-6, 1e-5])
def test_implementation_shortfall_is_the_minimum_of_its_cost(aversion: float) -> None:
    """The minimum of a quadratic form is where its gradient is zero: one linear system."""
    qty, slices, sigma, eta, gamma = 10_000, 12, 0.95, 2.5e-6, 2.5e-7
    algorithm = rt.ImplementationShortfall(
        duration=12 * MINUTE,
        unit=MINUTE,
        slices=slices,
        volatility=sigma,
        temporary_impact=eta,
        permanent_impact=gamma,
        risk_aversion=aversion,
    )
    n = slices - 1
    tilted = eta - gamma / 2
    # cost(x) = tilted * sum (x_j - x_(j-1))^2 + aversion * sigma^2 * sum x_j^2, x_0 = 1, x_n = 0.
    matrix = np.diag(np.full(n, 2 * tilted + aversion * sigma**2))
    matrix -= tilted * (np.eye(n, k=1) + np.eye(n, k=-1))
    right = np.zeros(n)
    right[0] = tilted * qty
    holdings = np.concatenate([[qty], np.linalg.solve(matrix, right), [0]])
    found = algorithm.trajectory(qty)
    np.testing.assert_allclose(found["holdings"], holdings, rtol=1e-9, atol=1e-6)
    sent = children(Once(qty, algorithm), minutes(40, [10] * 40))
    done = np.cumsum([child for _, child in sent])
    left = [qty - done[[at <= k * MINUTE for at, _ in sent]][-1] for k in range(slices)]
    np.testing.assert_allclose(left, holdings[1:], atol=1.0)
