"""The router's split against a search of every split there is, on random books of three venues."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest

import py_rt as rt
from py_rt.market import EVENT_DTYPE, Instrument, MarketData

SECOND = 10**9
START = 10**18
TICK = Fraction(1, 100)
WIDE = rt.RiskLimits(
    max_order_notional=10**12,
    max_position_notional=10**12,
    max_gross_notional=10**12,
    price_collar_bps=10_000,
    max_leverage=100,
)


class Venue(NamedTuple):
    """What one venue shows and takes: levels as (ticks, quantity), best first."""

    levels: list[tuple[int, int]]
    taker_bps: int
    per_unit: Fraction
    lot: int
    min_qty: int
    min_value: int


class Once(rt.Strategy):
    """Routes one parent, once every book is there."""

    side: str = "buy"
    qty: float = 1.0
    limit: float = 0.0

    def on_start(self, ctx: Any) -> None:
        ctx.set_timer("go", at=START + 5 * SECOND)

    def on_timer(self, ctx: Any, timer: Any) -> None:
        ctx.execute("ABC", self.side, self.qty, rt.SmartRoute(), limit_price=self.limit or None)


def any_venue(dice: random.Random, side: str, lots: bool) -> Venue:
    sign = 1 if side == "buy" else -1
    best = 10_000 + dice.randint(-3, 3)
    lot = dice.choice((1, 2, 4)) if lots else 1
    steps = itertools.accumulate(dice.randint(0 if i == 0 else 1, 3) for i in range(4))
    levels = [(best + sign * step, lot * dice.randint(1, 4)) for step in steps]
    return Venue(
        levels[: dice.randint(1, 4)],
        dice.choice((-2, 0, 1, 3)),
        Fraction(dice.choice((0, 0, 1, 2)), 100),
        lot,
        0 if lots else dice.choice((0, 0, 2, 4)),
        0 if lots else dice.choice((0, 0, 300, 700)),
    )


def recording(venue: Venue, side: str) -> MarketData:
    """Return a book that never changes, told every second."""
    shown = [(p, q, -1 if side == "buy" else 1) for p, q in venue.levels]
    far = min(p for p, _, _ in shown) - 50 if side == "buy" else max(p for p, _, _ in shown) + 50
    shown.append((far, 1_000 * venue.lot, 1 if side == "buy" else -1))
    rows = np.zeros(10 * len(shown), dtype=EVENT_DTYPE)
    rows["ts_event"] = rows["ts_recv"] = START + np.repeat(np.arange(10), len(shown)) * SECOND
    for name, place in (("price", 0), ("qty", 1), ("side", 2)):
        rows[name] = np.tile([level[place] for level in shown], 10)
    rows["qty"] //= venue.lot
    rows["flags"] = np.tile([0] * (len(shown) - 1) + [1], 10)
    instrument = Instrument(
        "ABC",
        lot_size=str(venue.lot),
        min_qty=str(venue.min_qty),
        min_notional=str(venue.min_value),
        sessions=False,
    )
    return MarketData(rows, None, [instrument], "made")


def cost_of(venue: Venue, side: str, qty: int) -> tuple[Fraction, int] | None:
    """Return what a quantity costs after fees, or None where the venue would not take it."""
    if qty == 0:
        return Fraction(0), 0
    left, cost, last, sign = qty, Fraction(0), 0, 1 if side == "buy" else -1
    for price, shown in venue.levels:
        take = min(left, shown)
        if take:
            value, last = take * price * TICK, price
            cost += sign * value + value * Fraction(venue.taker_bps, 10_000)
            cost += take * venue.per_unit
            left -= take
    enough = qty >= venue.min_qty and qty * last * TICK >= venue.min_value
    return (cost, last) if left == 0 and enough else None


def search(venues: list[Venue], side: str, qty: int) -> tuple[int, Fraction]:
    """Return the most that can be had and what that costs at least, by trying every split."""
    best: tuple[int, Fraction] = (0, Fraction(0))
    taken = [
        [(part, cost[0]) for part in range(0, sum(q for _, q in v.levels) + 1, v.lot)
         if (cost := cost_of(v, side, part))]
        for v in venues
    ]  # fmt: skip
    for split in itertools.product(*taken):
        total = sum(part for part, _ in split)
        if best[0] <= total <= qty:
            cost = sum((cost for _, cost in split), Fraction(0))
            best = max(best, (total, cost), key=lambda found: (found[0], -found[1]))
    return best


def routed(venues: list[Venue], side: str, qty: int) -> dict[int, tuple[int, int]]:
    """Return quantity and limit [ticks] of each venue's first child."""
    names = "xyz"[: len(venues)]
    data = {name: recording(v, side) for name, v in zip(names, venues, strict=True)}
    assumed = {
        name: rt.SimVenue(
            latency_feed=0,
            latency_order=0,
            fees=rt.Fees(taker_bps=v.taker_bps, per_share=str(float(v.per_unit))),
        )
        for name, v in zip(names, venues, strict=True)
    }
    once = Once(side=side, qty=float(qty))
    result = rt.backtest(once, data, venue=assumed, risk=WIDE, cash=10**9, progress=False)
    assert result.parents["reason"].isna().all()
    orders = result.orders
    first = orders[orders["ts_created"] == orders["ts_created"].min()] if len(orders) else orders
    return {
        names.index(row.symbol[-1]): (round(row.order_qty), round(row.limit_price * 100))
        for row in first.itertuples()
    }


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_the_split_is_the_cheapest_there_is(side: str) -> None:
    dice = random.Random(f"equal lots, {side}")
    bound = 0
    for trial in range(150):
        venues = [any_venue(dice, side, lots=False) for _ in range(3)]
        qty = dice.randint(1, 25)
        got = routed(venues, side, qty)
        told = f"{side}, trial {trial}: {venues}, {qty}: {got}"
        costs = {place: cost_of(venues[place], side, part) for place, (part, _) in got.items()}
        assert all(costs.values()), told
        for place, (_, limit) in got.items():
            assert costs[place][1] == limit, told  # type: ignore[index]
        filled = sum(part for part, _ in got.values())
        cost = sum((c[0] for c in costs.values() if c), Fraction(0))
        assert (filled, cost) == search(venues, side, qty), told
        bound += filled > 0 and any(v.min_qty or v.min_value for v in venues)
    assert bound > 50


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_with_unequal_lots_less_than_a_coarse_lot_is_given_away(side: str) -> None:
    dice = random.Random(f"unequal lots, {side}")
    for trial in range(100):
        venues = [any_venue(dice, side, lots=True) for _ in range(3)]
        venues[0] = venues[0]._replace(lot=1)
        qty = dice.randint(1, 40)
        got = routed(venues, side, qty)
        told = f"{side}, trial {trial}: {venues}, {qty}: {got}"
        assert all(part % venues[place].lot == 0 for place, (part, _) in got.items()), told
        filled = sum(part for part, _ in got.values())
        most, least = search(venues, side, qty)
        coarse = max(venue.lot for venue in venues)
        assert most - filled < coarse, told
        if filled == most:
            costs = [cost_of(venues[p], side, part) for p, (part, _) in got.items()]
            cost = sum((c[0] for c in costs if c), Fraction(0))
            assert least <= cost <= least + coarse * 25 * TICK, told
