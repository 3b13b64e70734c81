"""The strategies built from rt.quant against slow twins, against the future, against golden hashes.

The twins (`strategy_references`) are expanding loops over a table of closes. A golden hash that
changed without a reason in the commit is a defect.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import py_rt as rt
from parity import strategy_references as references

SECOND = 1_000_000_000
TWINS: dict[str, dict[str, Any]] = {
    "pairs": {"fdr": 0.5, "window": 200, "pairs": 3},
    "sparse_meanrev": {"k": 3},
    "adaptive_meanrev": {"n_regimes": 3, "window": 252},
    "regime_momentum": {"short": True, "lookback": 60},
    "stat_arb_portfolio": {"n_factors": 2},
}


@cache
def daily(symbols: int) -> rt.MarketData:
    data = rt.data.sample("sp500_daily")
    return data.select(data.symbols[:symbols])


def closes(data: rt.MarketData) -> pd.DataFrame:
    bars = data.to_frame("bar")
    return bars.pivot_table(index="ts_close", columns="symbol", values="close")[list(data.symbols)]


def run(name: str, data: rt.MarketData, **params: Any) -> tuple[Any, Any]:
    strategy = rt.StrategyFactory.create(name, **params)
    return strategy, rt.backtest(strategy, data, progress=False)


@cache
def twins_run(name: str) -> tuple[Any, Any]:
    return run(name, daily(6), **TWINS[name])


def sent(result: Any) -> dict[tuple[int, str], float]:
    """Signed quantity by second and symbol."""
    orders = result.orders
    signed = np.where(orders["side"] == "buy", orders["order_qty"], -orders["order_qty"])
    seconds = [pd.Timestamp(ts).value // SECOND for ts in orders["ts_created"]]
    return dict(zip(zip(seconds, orders["symbol"], strict=True), signed.tolist(), strict=True))


@pytest.mark.parametrize("name", TWINS)
def test_orders_are_those_of_the_slow_twin(name: str) -> None:
    strategy, result = twins_run(name)
    table = closes(daily(6))
    wanted = pd.DataFrame(
        getattr(references, name)(table, strategy), index=table.index, columns=table.columns
    ).fillna(0.0)
    steps = wanted.diff().fillna(wanted)
    expected = {
        (row.value // SECOND, symbol): qty
        for row, values in steps.iterrows()
        for symbol, qty in values.items()
        if qty
    }
    assert len(expected) > 30
    assert sent(result) == expected


@pytest.mark.parametrize("name", TWINS)
def test_the_future_changes_nothing(name: str) -> None:
    data = daily(6)
    table = closes(data)
    cut = table.index[700].value
    _, whole = twins_run(name)
    bars = data.bars().copy()
    late = bars["ts_close"] > cut
    for price in ("open", "high", "low", "close"):
        bars[price][late] = bars[price][late][::-1] // 2 + 1
    changed = rt.MarketData(None, bars, data.instruments, name="another future")
    _, other = run(name, changed, **TWINS[name])
    past = [{k: v for k, v in sent(r).items() if k[0] * SECOND <= cut} for r in (whole, other)]
    assert past[0] == past[1]
    assert len(past[0]) > 10
    assert whole.order_hash != other.order_hash


MINUTES = {"window": 390, "refit": 195}
THIN = {"window": 60, "lookback": 30, "n_factors": 1, "refit": 10, "gaps": 0.5}
GOLDEN: list[tuple[str, str, dict[str, Any], str]] = [
    ("pairs", "sp500_daily", {}, "8c2a81c4104185e6df64af3437aef92b"),
    ("pairs", "us_daily", {"fdr": 0.3}, "2fdf35b308e678ebf14d7e6c64fa5413"),
    (
        "pairs",
        "us_minute",
        {**MINUTES, "gaps": 0.5, "fdr": 0.3},
        "92d00ca498d41d40341129bd1d2f95a8",
    ),
    ("sparse_meanrev", "sp500_daily", {}, "2a18501181a92f5e24c3d0db0bc4c2fe"),
    ("sparse_meanrev", "us_daily", {}, "d11a3226158483391ecfe1bbfc945da7"),
    (
        "sparse_meanrev",
        "us_minute",
        {**MINUTES, "gaps": 0.5, "k": 2},
        "07ea15902c419483baa1d38ba71ca4c1",
    ),
    ("adaptive_meanrev", "sp500_daily", {"symbol": "JPM"}, "e9ad40be391b0b48226449454f299db0"),
    ("adaptive_meanrev", "us_daily", {"symbol": "KO"}, "0fe2c541e415a532e8e601a35f0ab8a9"),
    ("adaptive_meanrev", "us_minute", MINUTES, "40e9934454f4c4c9363c1a7080535d42"),
    ("regime_momentum", "sp500_daily", {"symbol": "JPM"}, "f589e4513dff8c1c1fdc9bc28c03cd0e"),
    ("regime_momentum", "us_daily", {"symbol": "KO"}, "fade6bc410bb0fccde9741569cd451fb"),
    (
        "regime_momentum",
        "us_minute",
        {**MINUTES, "volatility": 0.0005},
        "8a170b50de2e63eb8246a7e22e29310c",
    ),
    ("stat_arb_portfolio", "sp500_daily", {}, "8a564a6f0e32a40f1efa5d82facf25e6"),
    ("stat_arb_portfolio", "us_daily", {}, "b1ffd3711b9e9fb78337bdd9e1c2b0c3"),
    ("stat_arb_portfolio", "us_minute", THIN, "664f87fb0a5cbcf845cf01a13f914b6a"),
]


@cache
def golden_data(sample: str) -> rt.MarketData:
    data = rt.data.sample(sample)
    if sample == "us_minute":
        return data
    return data.select(data.symbols[:12]).slice("2013-01-01", "2018-01-01")


@pytest.mark.parametrize(("name", "sample", "params", "order_hash"), GOLDEN)
def test_golden_orders(name: str, sample: str, params: dict[str, Any], order_hash: str) -> None:
    data = golden_data(sample)
    if "symbol" in params:
        data = rt.data.sample(sample).select([params["symbol"]])
        data = data.slice("2010-01-01", "2018-01-01")
    _, result = run(name, data, **params)
    assert result.order_hash == order_hash, (name, sample, len(result.orders))
