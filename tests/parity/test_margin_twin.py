"""Margin calls of a run against account arithmetic in fractions over its fills."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import py_rt as rt
from py_rt._times import to_ns
from py_rt.market import BAR_DTYPE

HOUR = 3_600_000_000_000
FREE = rt.RiskLimits(
    max_leverage=100,
    max_gross_notional=10**12,
    max_position_notional=10**12,
    max_order_notional=10**12,
)


def hourly(paths: dict[str, list[int]]) -> rt.MarketData:
    first = to_ns("2024-01-08T00:00Z")
    length = len(next(iter(paths.values())))
    rows = np.zeros(length * len(paths), dtype=BAR_DTYPE)
    instruments = tuple(
        rt.Instrument(symbol, "0.01", "1", asset_class="crypto", sessions=False) for symbol in paths
    )
    for place, ticks in enumerate(paths.values()):
        own = rows[place :: len(paths)]
        own["ts_open"] = first + np.arange(length) * HOUR
        own["ts_close"] = own["ts_open"] + HOUR
        own["instrument"], own["volume"] = place, 1e9
        own["close"], own["open"] = ticks, [ticks[0], *ticks[:-1]]
        own["high"] = np.maximum(own["open"], own["close"])
        own["low"] = np.minimum(own["open"], own["close"])
    return rt.MarketData(None, rows, instruments, name="made hours")


class Reckless(rt.Strategy):
    """Orders at random, whatever it has."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.dice = random.Random(seed)

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if self.dice.random() < 0.5:
            act = ctx.buy if self.dice.random() < 0.5 else ctx.sell
            act(bar.symbol, self.dice.randint(1, 400))


def twin(
    data: rt.MarketData, result: rt.BacktestResult, rates: dict[str, float], maintenance: float
) -> list[tuple[str, Fraction, Fraction]]:
    """The steps that account-level arithmetic over the fills demands at each bar, naively.

    Knows nothing of orders: at each bar it values what the fills before it made, and says whether a
    call begins or ends.
    """
    fills = result.to_dict()["fills"]
    booked = sorted(
        zip(
            fills["ts_recv"],
            fills["symbol"],
            fills["side"],
            fills["last_qty"],
            fills["last_price"],
            fills["fee"],
            strict=True,
        ),
        key=lambda row: row[0],
    )
    cash, held = Fraction(10_000), dict.fromkeys(rates, Fraction(0))
    value = dict.fromkeys(rates, Fraction(0))
    called, steps = False, []

    def look(may_begin: bool) -> None:
        nonlocal called
        equity = cash + sum(value.values())
        part = {
            s: Fraction(str(rates[s])) if v < 0 else Fraction(str(maintenance))
            for s, v in value.items()
        }
        required = sum(abs(v) * part[s] for s, v in value.items())
        below = equity < required and any(held.values())
        if below and not called and may_begin:
            steps.append(("call", equity, required))
            called = True
        if called and not below:
            steps.append(("met", equity, required))
            called = False

    for bar in data.bars():
        symbol = data.symbols[int(bar["instrument"])]
        seen_at = int(bar["ts_close"]) + 1_000_000
        while booked and booked[0][0] < seen_at:
            _, what, side, qty, price, fee = booked.pop(0)
            signed = Fraction(qty) * (1 if side == "buy" else -1)
            cash -= signed * Fraction(price) + Fraction(fee)
            held[what] += signed
            value[what] = held[what] * Fraction(price)
            look(may_begin=False)
        value[symbol] = held[symbol] * Fraction(int(bar["close"]), 100)
        look(may_begin=True)
    return steps


@pytest.mark.parametrize("seed", [0, 1, 3, 4, 5, 6, 7, 9, 11, 12])
def test_calls_equal_those_of_a_naive_twin_over_the_fills(seed: int) -> None:
    dice = random.Random(seed)
    paths: dict[str, list[int]] = {}
    for symbol in ("AAA", "BBB", "CCC"):
        price, paths[symbol] = 10_000, []
        for _ in range(150):
            price = max(500, round(price * (1 + dice.gauss(0, 0.05))))
            paths[symbol].append(price)
    data = hourly(paths)
    rates = {"AAA": 0.2, "BBB": 0.2, "CCC": 0.35}
    margin = rt.Margin(
        0.25,
        0.15,
        maintenance_short=0.2,
        instruments={"CCC": {"initial_short": 0.5, "maintenance_short": 0.35}},
    )
    venue = rt.SimVenue(partial_fills=False, fees=rt.Fees(taker_bps=5))
    result = rt.backtest(
        Reckless(seed), data, venue=venue, progress=False, cash=10_000, margin=margin, risk=FREE
    )
    told = result.to_dict()["margin_calls"]
    found = [
        (kind, Fraction(equity), Fraction(required))
        for kind, equity, required in zip(
            told["kind"], told["equity"], told["required"], strict=True
        )
        if kind != "liquidation"
    ]
    assert found == twin(data, result, rates, 0.15)
    assert {"call", "liquidation", "met"} <= set(told["kind"]), "too tame to mean anything"
    assert (
        result.order_hash
        == rt.backtest(
            Reckless(seed), data, venue=venue, progress=False, cash=10_000, margin=margin, risk=FREE
        ).order_hash
    )


class Once(rt.Strategy):
    done: bool = False

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if not self.done:
            self.done = True
            ctx.buy("AAA", 350)


def test_the_twin_has_seen_calls_and_closings() -> None:
    data = hourly({"AAA": [10_000, 10_000, 8_000, 8_000, 8_000, 8_000]})
    margin = rt.Margin(0.25, 0.15)
    result = rt.backtest(Once(), data, progress=False, cash=10_000, margin=margin, risk=FREE)
    kinds = [step[0] for step in twin(data, result, {"AAA": 0.15}, 0.15)]
    assert (
        kinds
        == ["call", "met"]
        == [kind for kind in result.margin_calls["kind"] if kind != "liquidation"]
    )
