"""``vector_backtest``: against the event engine on the same fills, and against hand arithmetic."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

import py_rt as rt

FEES = rt.Fees(taker_bps=7.5, per_share=0.005, minimum=0.35)


def walk(rows: int, columns: int, seed: int) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    return 50.0 * np.exp(np.cumsum(0.01 * rng.standard_normal((rows, columns)), axis=0))


def naive(prices: Any, positions: Any, fees: rt.Fees, cash: float) -> list[float]:
    """Walk row by row, as a clerk would."""
    table = [cash]
    held, money = [0.0] * prices.shape[1], cash
    for t in range(len(prices)):
        for i in range(prices.shape[1]):
            traded = positions[t][i] - held[i]
            held[i] = positions[t][i]
            cost = abs(traded) * (prices[t][i] * 7.5e-4 + 0.005)
            money -= traded * prices[t][i] + (max(cost, 0.35) if traded else 0.0)
        if t:
            table.append(money + sum(h * p for h, p in zip(held, prices[t], strict=True)))
    assert fees == FEES
    return table


def test_equity_equals_a_clerk() -> None:
    prices = walk(200, 3, 1)
    rng = np.random.default_rng(2)
    positions = rng.integers(-5, 6, prices.shape) * rng.integers(0, 2, (200, 1))
    result = rt.vector_backtest(prices, positions=positions, fees=FEES, cash=10_000)
    expected = naive(prices, positions.tolist(), FEES, 10_000.0)
    np.testing.assert_allclose(result.equity["equity"], expected, rtol=0, atol=1e-8)
    returns = np.diff(expected) / expected[:-1]
    stats = result.stats
    assert stats.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1) * math.sqrt(252))
    assert stats.total_return == pytest.approx(expected[-1] / 10_000 - 1)
    peak = np.maximum.accumulate(expected)
    assert stats.max_drawdown == pytest.approx(float((np.array(expected) / peak - 1).min()))
    assert stats.n_fills == int((np.diff(positions, axis=0, prepend=0) != 0).sum())
    assert stats.exposure == pytest.approx((positions[1:] != 0).any(axis=1).mean())


@pytest.mark.parametrize("symbol", ["AAPL", "MSFT"])
def test_equals_the_event_engine_on_the_same_fills(symbol: str) -> None:
    """The engine's fills, laid out as positions at their prices, earn what the engine earned."""
    data = rt.data.sample("us_daily").select(symbol)
    fees = rt.Fees(taker_bps=10, per_share=0.01, minimum=1)
    strategy = rt.strategies.SmaCross(symbol=symbol, fast=5, slow=20, order_qty=100)
    run = rt.backtest(strategy, data, venue=rt.SimVenue(fees=fees), cash=10_000_000, progress=False)
    fills = run.arrays("fills")
    assert len(fills["fee"]) > 50
    bars = data.to_frame("bar")
    opens = bars["open"].to_numpy()
    at = np.searchsorted(data.bars()["ts_open"], fills["ts_event"])
    np.testing.assert_allclose(opens[at], fills["last_price"])
    traded = np.zeros(len(opens))
    np.add.at(traded, at, fills["signed_qty"])
    # Valued at the last close, as the engine values what is left open.
    prices = np.append(opens, bars["close"].to_numpy()[-1])
    positions = np.append(np.cumsum(traded), np.cumsum(traded)[-1])
    result = rt.vector_backtest(prices, positions=positions, fees=fees, cash=10_000_000)
    assert result.stats.n_fills == run.stats.n_fills
    assert result.stats.fees == pytest.approx(run.stats.fees, abs=1e-6)
    assert result.stats.total_return == pytest.approx(run.stats.total_return, abs=1e-12)
    assert result.stats.win_rate == run.stats.win_rate
    assert result.stats.profit_factor == pytest.approx(run.stats.profit_factor)
    np.testing.assert_allclose(result.round_trips["pnl"], run.round_trips["pnl"], atol=1e-6)


def test_weights_are_shares_of_equity() -> None:
    prices = walk(50, 2, 3)
    weights = np.tile([0.5, -0.25], (50, 1))
    result = rt.vector_backtest(prices, weights=weights, cash=1000)
    changes = prices[1:] / prices[:-1] - 1
    expected = 1000 * np.concatenate([[1.0], np.cumprod(1 + changes @ [0.5, -0.25])])
    np.testing.assert_allclose(result.equity_values, expected, rtol=1e-12)
    paid = rt.vector_backtest(prices, weights=weights, cash=1000, fees=FEES)
    as_units = rt.vector_backtest(prices, positions=paid.units, cash=1000, fees=FEES)
    np.testing.assert_allclose(paid.equity_values, as_units.equity_values, rtol=1e-12)
    assert paid.stats.fees > 0


def test_tables_carry_symbols_and_times() -> None:
    index = pd.date_range("2024-01-05 15:00", periods=6, freq="6h", tz="UTC")
    prices = pd.DataFrame({"B": [1.0, 2, 3, 4, 5, 6], "A": 2.0}, index=index)
    positions = pd.DataFrame({"A": 1, "B": [1, 1, 1, 2, 2, 0]}, index=index)
    result = rt.vector_backtest(prices, positions=positions, cash=100)
    assert result.symbols == ("B", "A")
    assert list(result.fills["symbol"]) == ["B", "A", "B", "B"]
    assert result.equity.index[-1] == index[-1]
    assert result.stats.n_days == 2
    assert result.stats.periods_per_year == 365
    assert result.round_trips["ts_exit"].iloc[0] == index[-1]
    polars = pytest.importorskip("polars")
    table = polars.DataFrame({"B": prices["B"].to_list(), "A": prices["A"].to_list()})
    assert rt.vector_backtest(table, positions=positions.to_numpy()[:, ::-1]).symbols == ("B", "A")


@pytest.mark.parametrize(
    ("prices", "positions", "named"),
    [
        ([1.0, math.nan], [1, 1], "row 1"),
        ([1.0, math.inf], [1, 1], "row 1"),
        ([1.0, 0.0], [1, 1], "not positive"),
        ([1.0, 2.0], [1, math.nan], "positions"),
        ([1.0, 2.0], [1, 1, 1], "shape"),
        ([], [], "empty"),
        (["a", "b"], [1, 1], "numbers"),
    ],
)
def test_bad_input_is_refused(prices: Any, positions: Any, named: str) -> None:
    with pytest.raises(rt.DataError, match=named):
        rt.vector_backtest(prices, positions=positions)


def test_arguments_are_checked() -> None:
    with pytest.raises(rt.ParameterError, match="exactly one"):
        rt.vector_backtest([1.0, 2.0])
    with pytest.raises(rt.ParameterError, match="Fees"):
        rt.vector_backtest([1.0, 2.0], positions=[1, 1], fees=0.001)  # type: ignore[arg-type]
    naive_times = pd.Series([1.0, 2.0], index=pd.date_range("2024-01-05 15:00", periods=2))
    with pytest.raises(rt.DataError, match="no zone"):
        rt.vector_backtest(naive_times, positions=[1, 1])
    with pytest.raises(rt.DataError, match="other columns"):
        rt.vector_backtest(pd.DataFrame({"A": [1.0]}), positions=pd.DataFrame({"B": [1.0]}))
    with pytest.raises(rt.DataError, match="used up"):
        rt.vector_backtest([1.0, 0.1, 0.1], weights=[2, 2, 2])


def test_what_the_data_cannot_support_is_none() -> None:
    stats = rt.vector_backtest([1.0, 2.0], positions=[0, 0]).stats
    assert stats.sharpe is None
    assert stats.win_rate is None
    assert stats.total_return == 0.0
