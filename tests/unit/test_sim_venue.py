"""What a simulated venue assumes: latencies that differ, impact, fees by traded value."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from math import sqrt
from typing import Any

import numpy as np
import pytest

import py_rt as rt
from py_rt.latency import received
from py_rt.market import BAR_DTYPE, EVENT_DTYPE, Instrument, MarketData
from py_rt.sim_venue import SimVenue

SECOND = 10**9
WIDE = rt.RiskLimits(
    max_order_notional=10**12,
    max_position_notional=10**12,
    max_gross_notional=10**12,
    max_orders_per_second=1000,
    price_collar_bps=10_000,
    max_leverage=100,
)


def quotes(count: int, step_ns: int = SECOND, ask: int = 10_000) -> MarketData:
    """Return quotes of one instrument that never change, bid and ask in turn."""
    rows = np.zeros(2 * count, dtype=EVENT_DTYPE)
    at = 10**18 + np.repeat(np.arange(count), 2) * step_ns
    rows["ts_event"] = rows["ts_recv"] = at
    rows["kind"] = 4
    rows["side"] = np.tile([1, -1], count)
    rows["price"] = np.tile([ask - 2, ask], count)
    rows["flags"] = np.tile([0, 1], count)
    rows["qty"] = 100_000 + np.arange(2 * count)
    return MarketData(rows, None, [Instrument("ABC", sessions=False)], "quotes")


class Taker(rt.Strategy):
    """Buys or sells the next quantity of a list at each quote."""

    symbol: str = "ABC"
    sizes: tuple[float, ...] = (100.0,)

    def on_start(self, ctx: Any) -> None:
        self.left = list(self.sizes)
        ctx.set_timer("next", every="1s")

    def on_timer(self, ctx: Any, timer: Any) -> None:
        if self.left:
            size = self.left.pop(0)
            (ctx.buy if size > 0 else ctx.sell)(self.symbol, abs(size))


def run(sizes: tuple[float, ...], count: int = 60, seed: int = 0, **assumed: Any) -> Any:
    venue = SimVenue(latency_feed=0, latency_report=0, **assumed)
    strategy = Taker(sizes=sizes)
    return rt.backtest(
        strategy, quotes(count), venue=venue, risk=WIDE, cash=10**9, seed=seed, progress=False
    )


def taken_ns(result: Any) -> list[int]:
    """Return how long each order was on its way: from its creation to its execution."""
    fills, orders = result.fills, result.orders
    sent = dict(zip(orders["client_order_id"], orders["ts_created"].astype("int64"), strict=True))
    at = fills["ts_event"].astype("int64")
    return [int(t - sent[i]) for i, t in zip(fills["client_order_id"], at, strict=True)]


def test_drawn_latencies_are_those_given_and_follow_the_seed() -> None:
    values = [1_000_000, 5_000_000, 40_000_000]
    first = taken_ns(run((1.0,) * 50, latency_order=rt.Latency.drawn(values)))
    again = taken_ns(run((1.0,) * 50, latency_order=rt.Latency.drawn(values)))
    other = taken_ns(run((1.0,) * 50, seed=1, latency_order=rt.Latency.drawn(values)))
    assert set(first) == set(values)
    assert first == again
    assert first != other


def test_draws_are_those_of_the_published_generator() -> None:
    values = list(range(1_000, 9_000, 7))
    word, want = 3, []
    for _ in range(20):
        word = (word + 0x9E3779B97F4A7C15) % 2**64
        mixed = word
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB % 2**64
        mixed ^= mixed >> 31
        want.append(values[(mixed >> 32) * len(values) >> 32])
    found = taken_ns(run((1.0,) * 20, seed=3, latency_order=rt.Latency.drawn(values)))
    assert found == want


def test_measured_latencies_are_joined_by_lines() -> None:
    at = [10**18, 10**18 + 10 * SECOND, 10**18 + 20 * SECOND]
    found = taken_ns(run((1.0,) * 30, latency_order=rt.Latency.measured(at, [10**6, 3 * 10**6, 0])))
    want = np.interp(10**18 + np.arange(1, 31) * SECOND, at, [10**6, 3 * 10**6, 0])
    np.testing.assert_allclose(found, want, atol=1)


def test_a_feed_is_received_later_and_in_order() -> None:
    latency = rt.Latency.lognormal("3ms", 0.8, least="1ms")
    data = quotes(5_000, step_ns=10**6)
    rows = received(data.events(), latency, seed=5)
    assert (np.diff(rows["ts_recv"]) >= 0).all()
    alone = received(quotes(20_000).events(), latency, seed=5)
    waits = alone["ts_recv"] - alone["ts_event"]
    # Rows of one time come together with the later of two draws: the median of the larger.
    first = waits[::2]
    assert first.min() >= 10**6
    logs = np.log(first / 1e6 - 1)
    assert abs(np.median(logs) - np.log(2)) < 0.02
    assert abs(logs.std() - 0.8) < 0.02
    seen: list[int] = []

    class Looks(rt.Strategy):
        def on_quote(self, ctx: Any, quote: Any) -> None:
            seen.append(ctx.now)

    rt.backtest(Looks(), data, venue=SimVenue(latency_feed=latency), seed=5, progress=False)
    assert set(seen) <= set(rows["ts_recv"].tolist())
    assert len(seen) > 1000


def test_bars_refuse_a_feed_that_differs() -> None:
    bars = np.zeros(3, dtype=BAR_DTYPE)
    bars["ts_open"] = np.arange(3) * 60 * SECOND
    bars["ts_close"] = bars["ts_open"] + 60 * SECOND
    for name in ("open", "high", "low", "close"):
        bars[name] = 100
    data = MarketData(None, bars, [Instrument("ABC")])
    with pytest.raises(rt.ParameterError, match="latency_feed"):
        rt.backtest(Taker(), data, venue=SimVenue(latency_feed=rt.Latency.drawn([1, 2])))


def test_the_square_root_law() -> None:
    law = rt.SquareRootImpact(daily_volatility=0.04, daily_volume=1_000_000, half_life="10s")
    result = run((2_500.0, 2_500.0, -1_000.0, 100.0), impact=law)
    found = [float(price) for price in result.fills["last_price"]]
    # By hand: area(q) = 2/3 q^1.5; a second of ten forgets a twentieth, straight.
    area = lambda q: np.sign(q) * abs(q) ** 1.5 * 2 / 3  # noqa: E731
    taken, want = 0.0, []
    for size in (2_500.0, 2_500.0, -1_000.0, 100.0):
        taken *= 0.95
        way = abs(area(taken + size) - area(taken)) / abs(size)
        toward = (taken + size / 2) * size > 0
        moved = 0.04 * way / sqrt(1_000_000) if toward else 0.0
        shown = 100.0 if size > 0 else 99.98
        want.append(shown * (1 + np.sign(size) * moved))
        taken += size
    worse = [(f - w) * np.sign(s) for f, w, s in zip(found, want, (1, 1, -1, 1), strict=True)]
    assert all(-1e-9 <= gap <= 0.01 + 1e-9 for gap in worse), (found, want)
    assert found[1] > found[0] > 100.0
    plain = run((2_500.0, 2_500.0, -1_000.0, 100.0))
    assert [float(p) for p in plain.fills["last_price"]] == [100.0, 100.0, 99.98, 100.0]


def test_impact_stops_at_the_limit_and_knows_its_symbols() -> None:
    class Limited(Taker):
        def on_timer(self, ctx: Any, timer: Any) -> None:
            if self.left:
                ctx.buy(self.symbol, self.left.pop(), limit_price=100.1)

    law = rt.SquareRootImpact(daily_volatility=0.5, daily_volume={"ABC": 10_000}, half_life=0)
    venue = SimVenue(latency_feed=0, impact=law)
    result = rt.backtest(
        Limited(sizes=(5_000.0,)), quotes(9), venue=venue, risk=WIDE, cash=10**9, progress=False
    )
    assert [float(p) for p in result.fills["last_price"]] == [100.1]
    other = SimVenue(impact=rt.SquareRootImpact(0.02, {"XYZ": 1e6}))
    with pytest.raises(rt.ParameterError, match="ABC is not in it"):
        rt.backtest(Taker(), quotes(9), venue=other)
    assert rt.verify(result, Limited(sizes=(5_000.0,)), quotes(9)).equal


def test_fees_fall_with_the_value_of_the_days_before() -> None:
    fees = rt.Fees(taker_bps=10, tiers=[(25_000, 0, 8), (60_000, 0, 5)], tier_days=2)
    day = 86_400 * SECOND
    data = quotes(20, step_ns=day // 4)
    sizes = (100.0,) * 18

    class Slow(Taker):
        def on_start(self, ctx: Any) -> None:
            self.left = list(self.sizes)
            ctx.set_timer("next", every=day // 4)

    venue = SimVenue(latency_feed=0, latency_order=0, fees=fees)
    result = rt.backtest(
        Slow(sizes=sizes), data, venue=venue, risk=WIDE, cash=10**9, progress=False
    )
    by_day: dict[int, Decimal] = {}
    for at, fee in zip(result.fills["ts_event"].astype("int64"), result.fills["fee"], strict=True):
        today = int(at) // day
        before = sum((v for d, v in by_day.items() if today - 2 <= d < today), Decimal(0))
        rate = 5 if before >= 60_000 else 8 if before >= 25_000 else 10
        value = Decimal(10_000)
        assert Decimal(str(fee)) == value * rate / 10_000, (today, before)
        by_day[today] = by_day.get(today, Decimal(0)) + value
    rates = {float(fee) for fee in result.fills["fee"]}
    assert rates == {10.0, 8.0, 5.0}


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: rt.Latency(()), "values"),
        (lambda: rt.Latency.drawn(["-1ms"]), "values"),
        (lambda: rt.Latency.drawn([-1]), "values"),
        (lambda: rt.Latency.measured([2, 1], [1, 1]), "at"),
        (lambda: rt.Latency.measured([2], [1, 1]), "at"),
        (lambda: rt.Latency.lognormal("1ms", 0.5, least="1ms"), "median"),
        (lambda: rt.Latency.lognormal("1ms", 9.0), "sigma"),
        (lambda: rt.SquareRootImpact(-0.1, 1), "daily_volatility"),
        (lambda: rt.SquareRootImpact(0.1, {"A": 0}), "daily_volume"),
        (lambda: rt.SquareRootImpact(0.1, 1, half_life="soon"), "half_life"),
        (lambda: rt.Fees(tiers=[(5, 1, 1), (5, 1, 1)]), "tiers"),
        (lambda: rt.Fees(tiers=[(5, 1)]), "tiers"),  # type: ignore[list-item]
        (lambda: rt.Fees(tier_days=0), "tier_days"),
        (lambda: SimVenue(impact="cubic"), "impact"),  # type: ignore[arg-type]
    ],
)
def test_bad_assumptions_name_their_field(make: Any, field: str) -> None:
    with pytest.raises(rt.ParameterError) as caught:
        make()
    assert caught.value.field == field


def test_assumptions_come_back_from_a_receipt() -> None:
    law = rt.SquareRootImpact({"ABC": "0.03"}, 10**6)
    venue = SimVenue(
        latency_order=rt.Latency.measured([1, 2], [5, 6]),
        latency_report=rt.Latency.drawn(["1ms"]),
        impact=law,
        fees=rt.Fees(tiers=[(5, 1, 2)]),
    )
    back = SimVenue.from_dict(venue.to_dict())
    assert back.to_dict() == venue.to_dict()
    assert back.to_core() == venue.to_core()
    assert all(len(str(value)) < 200 for value in venue.told().values())
    times = [int(a) for a, _ in pairwise([1, 2])]
    assert times == [1]
