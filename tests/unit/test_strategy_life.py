"""What happens to strategies of several legs: missing bars, legs that stop, refusals, no shorts."""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import py_rt as rt

DAY_NS = 86_400_000_000_000
PANEL: dict[str, dict[str, Any]] = {
    "pairs": {"fdr": 0.9, "window": 120, "refit": 40},
    "sparse_meanrev": {"k": 3, "window": 120},
    "stat_arb_portfolio": {"n_factors": 1, "window": 120},
}
ALL = PANEL | {
    "adaptive_meanrev": {"window": 120, "n_regimes": 2},
    "regime_momentum": {"window": 120, "lookback": 20},
}


@cache
def daily() -> rt.MarketData:
    data = rt.data.sample("sp500_daily")
    return data.select(data.symbols[:6]).slice("2013-01-01", "2016-01-01")


def with_bars(change: Any, **rules: Any) -> rt.MarketData:
    """The data with bars changed, and instruments."""
    bars = change(daily().bars().copy())
    known = tuple(replace(one, **rules) for one in daily().instruments)
    return rt.MarketData(None, bars, known, name="changed")


def run(name: str, data: rt.MarketData, **more: Any) -> tuple[Any, Any]:
    params = ALL[name] | more.pop("params", {})
    strategy = rt.StrategyFactory.create(name, **params)
    return strategy, rt.backtest(strategy, data, progress=False, **more)


def held(result: Any) -> pd.DataFrame:
    """Positions after every second with a fill, a column a symbol."""
    fills = result.fills
    signed = np.where(fills["side"] == "buy", fills["last_qty"], -fills["last_qty"])
    table = pd.DataFrame({"ts": fills["ts_event"], "symbol": fills["symbol"], "qty": signed})
    return table.pivot_table(
        index="ts", columns="symbol", values="qty", aggfunc="sum", fill_value=0.0
    ).cumsum()


def keep_all(bars: Any) -> Any:
    return bars


@pytest.mark.parametrize("name", ALL)
def test_missing_bars_are_survived(name: str) -> None:
    chance = np.random.default_rng(3)
    _, result = run(name, with_bars(lambda bars: bars[chance.random(len(bars)) > 0.01]))
    assert len(result.orders) > 10


def units(why: str) -> dict[str, float]:
    """The units of a note about a bet that was opened."""
    return dict(ast.literal_eval(why[why.index("{") :])) if "{" in why else {}


@pytest.mark.parametrize("name", PANEL)
def test_a_leg_that_stops_trading_takes_its_bet_with_it(name: str) -> None:
    healthy, _ = run(name, daily())
    opened = next((ts, what, why) for ts, what, why in healthy.notes if "opened" in why)
    dead = min(units(opened[2]) or [opened[1]])
    place = daily().symbols.index(dead)

    def stop(bars: Any) -> Any:
        last = np.unique(bars["ts_close"][bars["ts_close"] > opened[0]])[0]
        return bars[(bars["instrument"] != place) | (bars["ts_close"] <= last)]

    strategy, result = run(name, with_bars(stop))
    dropped = [ts for ts, _, why in strategy.notes if f"{dead} has had no bar" in why]
    assert dropped
    assert dropped[0] <= opened[0] + 15 * DAY_NS
    assert not [n for n in strategy.legs.names() if dead in strategy.legs.symbols(n)]
    others = held(result).drop(columns=dead)
    if name != "stat_arb_portfolio":
        assert (others == 0.0).all(axis=1).any()


@pytest.mark.parametrize("name", ALL)
def test_constant_prices_are_no_trade(name: str) -> None:
    def flat(bars: Any) -> Any:
        for price in ("open", "high", "low", "close"):
            bars[price] = 1_000_000
        return bars

    strategy, result = run(name, with_bars(flat))
    assert len(result.orders) == 0
    assert any("refused" in why for _, _, why in strategy.notes)


@pytest.mark.parametrize("name", PANEL)
def test_one_constant_and_one_doubled_series_stop_nobody_else(name: str) -> None:
    def spoil(bars: Any) -> Any:
        first, second, third = (bars["instrument"] == i for i in range(3))
        for price in ("open", "high", "low", "close"):
            bars[price][second] = bars[price][first]
            bars[price][third] = 1_000_000
        return bars

    _, result = run(name, with_bars(spoil))
    symbols = daily().symbols
    assert len(result.orders) > 10
    assert symbols[2] not in set(result.orders["symbol"])


@pytest.mark.parametrize("name", ALL)
def test_too_little_money_is_no_trade_and_says_so(name: str) -> None:
    strategy, result = run(name, daily(), params={"gross": 1.0})
    assert len(result.orders) == 0
    assert any("too little" in why for _, _, why in strategy.notes)


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_sold_short_where_that_is_not_possible(name: str) -> None:
    _, result = run(name, with_bars(keep_all, shortable=False))
    if len(result.fills):
        assert (held(result) >= 0.0).all(axis=None)
    assert len(result.orders) or name in {"pairs", "stat_arb_portfolio"}


@pytest.mark.parametrize("name", ["pairs", "sparse_meanrev"])
def test_legs_balance_and_end_flat(name: str) -> None:
    strategy, result = run(name, daily(), params={"pairs": 1} if name == "pairs" else {})
    opened = [units(why) for _, _, why in strategy.notes if "opened" in why]
    assert len(opened) > 5
    positions = held(result)
    states = {tuple(row[row != 0.0].sort_index().items()) for _, row in positions.iterrows()}
    wanted = {tuple(sorted(bet.items())) for bet in opened} | {()}
    assert states <= wanted  # both legs in the same bar, in whole lots, and flat between two bets
    assert () in states


def test_a_refused_leg_closes_the_others() -> None:
    limits = rt.RiskLimits(max_order_qty=100)
    strategy, result = run("pairs", daily(), params={"pairs": 1}, risk=limits)
    refused = [why for _, _, why in strategy.notes if "was refused" in why]
    assert refused
    assert (result.orders["status"] == "Rejected").sum() >= len(refused)
    positions = held(result)
    alone = (positions != 0.0).sum(axis=1) == 1
    assert not (alone & alone.shift(fill_value=False)).any()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("field", "value"),
    [("window", 3), ("refit", 0), ("gross", -1.0), ("symbols", ("NOPE",)), ("exit", 9.0)],
)
def test_parameters_are_refused_by_name(name: str, field: str, value: Any) -> None:
    strategy = rt.StrategyFactory.create(name)
    if field == "symbols" and "symbol" in strategy.params:
        field, value = "symbol", "NOPE"
    if field not in strategy.params:
        return
    with pytest.raises(rt.ParameterError) as caught:
        run(name, daily(), params={field: value})
    assert caught.value.field in {field, "entry"}
