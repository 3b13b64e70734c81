"""Each ready-made strategy sends equal orders, compiled and in Python.

Order hashes run over every order, replace and cancel with their times, so equal hashes mean equal
decisions. Parameters beside the defaults are drawn from fixed seeds.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import py_rt as rt
from py_rt import strategies
from py_rt.factory import StrategyFactory

TWINS: dict[str, type[rt.Strategy]] = {
    "sma_cross": strategies.SmaCross,
    "mean_reversion": strategies.MeanReversion,
    "market_maker": strategies.MarketMaker,
}


@cache
def minutes() -> rt.MarketData:
    return rt.data.sample("us_minute")


@cache
def seconds(name: str, length_s: int) -> rt.MarketData:
    data = rt.data.sample(name)
    return data.slice(data.start, data.start + length_s * 1_000_000_000)


def assert_twins(name: str, data: rt.MarketData, params: dict[str, Any], **run: Any) -> Any:
    compiled = rt.backtest(StrategyFactory.create(name, **params), data, progress=False, **run)
    python = rt.backtest(TWINS[name](**params), data, progress=False, **run)
    assert compiled.order_hash == python.order_hash, (name, params)
    assert len(compiled.orders) == len(python.orders) > 0, (name, params)
    assert len(compiled.fills) == len(python.fills), (name, params)
    assert compiled.stats.n_orders == python.stats.n_orders
    return compiled


def drawn(name: str, seed: int) -> dict[str, Any]:
    draw = np.random.default_rng(seed)
    if name == "sma_cross":
        return {
            "fast": int(draw.integers(1, 30)),
            "slow": int(draw.integers(2, 80)),
            "order_qty": int(draw.integers(1, 200)),
        }
    if name == "mean_reversion":
        entry = float(draw.uniform(0.5, 2.5))
        return {
            "lookback": int(draw.integers(2, 60)),
            "entry": entry,
            "exit": float(draw.uniform(0.0, entry * 0.9)),
            "order_qty": int(draw.integers(1, 200)),
        }
    order_qty = int(draw.integers(1, 50)) / 1000
    return {
        "order_qty": order_qty,
        "half_spread_ticks": float(draw.uniform(0.5, 80.0)),
        "skew_ticks": float(draw.uniform(0.0, 300.0)),
        "max_position": round(order_qty * float(draw.uniform(0.5, 8.0)), 5),
    }


@pytest.mark.parametrize("name", ["sma_cross", "mean_reversion"])
def test_bars_defaults(name: str) -> None:
    assert_twins(name, minutes(), {})


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", ["sma_cross", "mean_reversion"])
def test_bars_drawn(name: str, seed: int) -> None:
    assert_twins(name, minutes(), drawn(name, 100 + seed))


@pytest.mark.parametrize("name", ["sma_cross", "mean_reversion"])
def test_one_symbol_of_several(name: str) -> None:
    symbol = minutes().symbols[2]
    result = assert_twins(name, minutes(), {"symbol": symbol, "order_qty": 7})
    assert set(result.orders["symbol"]) == {symbol}


@pytest.mark.parametrize("bars", [None, "1m", "5s"])
def test_bars_built_from_trades(bars: str | None) -> None:
    params = {"fast": 1, "slow": 3, "order_qty": 0.05}
    assert_twins("sma_cross", seconds("btcusdt_l2", 600), params, bars=bars)
    params = {"lookback": 3, "entry": 0.6, "exit": 0.3, "order_qty": 0.05}
    assert_twins("mean_reversion", seconds("btcusdt_l2", 600), params, bars=bars)


def test_market_maker_defaults() -> None:
    result = assert_twins("market_maker", seconds("btcusdt_l2", 120), {})
    assert len(result.fills) >= 20


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("sample", ["btcusdt_l2", "ethusdt_l2"])
def test_market_maker_drawn(sample: str, seed: int) -> None:
    assert_twins("market_maker", seconds(sample, 60), drawn("market_maker", 200 + seed))


def test_market_maker_sells_only_what_it_holds_where_shorting_is_not_possible() -> None:
    from dataclasses import replace

    data = seconds("btcusdt_l2", 120)
    spot = tuple(
        replace(one, shortable=False, min_qty="0.002", min_notional="200")
        for one in data.instruments
    )
    held = rt.MarketData(data.events(), None, spot, name="spot")
    result = assert_twins("market_maker", held, {"order_qty": 0.007, "max_position": 0.03})
    fills = result.fills
    signed = np.where(fills["side"] == "buy", fills["last_qty"], -fills["last_qty"])
    assert len(fills) > 0
    assert np.cumsum(signed).min() > -1e-9
    assert set(result.orders["side"]) == {"buy", "sell"}
    assert result.orders["order_qty"].min() >= 0.002


@pytest.mark.parametrize(
    ("name", "params", "field"),
    [
        ("sma_cross", {"fast": 0}, "fast"),
        ("sma_cross", {"order_qty": 0}, "order_qty"),
        ("sma_cross", {"symbol": "NOPE"}, "symbol"),
        ("mean_reversion", {"lookback": 1}, "lookback"),
        ("mean_reversion", {"entry": 1.0, "exit": 1.0}, "exit"),
        ("market_maker", {"order_qty": 0.5}, "order_qty"),
        ("market_maker", {"half_spread_ticks": 0.1, "order_qty": 1}, "half_spread_ticks"),
    ],
)
def test_compiled_refuse_bad_parameters_by_name(
    name: str, params: dict[str, Any], field: str
) -> None:
    with pytest.raises(rt.ParameterError) as caught:
        rt.backtest(StrategyFactory.create(name, **params), minutes(), progress=False)
    assert caught.value.field == field
