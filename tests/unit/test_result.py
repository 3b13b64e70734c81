"""The result: tables, exactness, laziness, and what it says when something is missing."""

from __future__ import annotations

import dataclasses
import json
import pickle
import sys

import numpy as np
import pandas as pd
import pytest

from py_rt.backtest.columns import Columns, rows_of
from py_rt.backtest.result import BacktestResult
from py_rt.errors import ConfigError, DataError
from unit import made_runs


@pytest.fixture(scope="module")
def result() -> BacktestResult:
    return made_runs.cross_run(made_runs.minute_market(("AAPL", "MSFT"), days=8))


def test_the_equity_table_starts_with_the_initial_cash(result: BacktestResult) -> None:
    table = result.equity
    assert list(table.columns) == ["equity", "cash", "drawdown"]
    assert table["equity"].iloc[0] == table["cash"].iloc[0] == made_runs.CASH
    assert str(table.index.tz) == "UTC"
    assert table.index.is_monotonic_increasing
    assert table.index.is_unique
    assert (table["drawdown"] <= 0).all()
    assert result.stats.max_drawdown == table["drawdown"].min()


def test_an_engine_that_starts_with_the_cash_gets_no_second_row() -> None:
    data = made_runs.minute_market(days=1)
    raw = made_runs.raw_of(data, [], made_runs.CASH)
    made = made_runs.result_of(data, [], "Nothing", {})
    assert len(made.equity) == len(raw["equity"]["ts"])


def test_a_first_row_that_already_moved_gets_the_cash_before_it() -> None:
    data = made_runs.minute_market(days=1)
    raw = made_runs.raw_of(data, [], made_runs.CASH)
    raw["equity"]["equity"] = raw["equity"]["equity"] - 5.0
    made = BacktestResult.from_core(
        raw, data, strategy="S", params={}, cash="1000000", assumptions={}, receipt={}
    )
    assert made.equity["equity"].iloc[0] == made_runs.CASH
    assert made.equity.index[0] < made.equity.index[1]
    assert made.stats.total_return == pytest.approx(-5e-6)


def test_tables_have_numbers_and_times(result: BacktestResult) -> None:
    fills, orders = result.fills, result.orders
    assert len(fills) == result.stats.n_fills
    assert len(orders) == result.stats.n_orders
    assert fills["last_price"].dtype == orders["order_qty"].dtype == np.float64
    assert orders["limit_price"].isna().all()
    assert fills["ts_event"].dtype == pd.DatetimeTZDtype("ns", "UTC")
    assert set(result.positions["symbol"]) == {"AAPL", "MSFT"}
    assert set(result.round_trips["side"]) == {"long"}


def test_round_trips_add_up_to_the_account(result: BacktestResult) -> None:
    # Every position that is flat at the end has its whole profit in its round trips.
    held = result.fills.groupby("symbol")["last_qty"].count() % 2 == 0
    assert held.any()
    for symbol in held[held].index:
        fills = result.fills[result.fills["symbol"] == symbol]
        signed = np.where(fills["side"] == "sell", 1, -1) * fills["last_qty"] * fills["last_price"]
        trips = result.round_trips[result.round_trips["symbol"] == symbol]
        assert trips["pnl"].sum() == pytest.approx(signed.sum() - fills["fee"].sum(), abs=1e-6)


def test_sharpe_equals_the_definition_on_the_equity_table(result: BacktestResult) -> None:
    local = result.equity["equity"].tz_convert("America/New_York")
    closes = local.groupby(local.index.date).last()
    daily = pd.concat([pd.Series([made_runs.CASH]), closes]).pct_change().dropna()
    assert result.stats.sharpe == pytest.approx(daily.mean() / daily.std() * np.sqrt(252))
    assert result.stats.n_days == 8


def test_it_is_short_frozen_and_lazy(result: BacktestResult) -> None:
    assert len(repr(result)) < 250
    assert "SmaCross" in repr(result)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.events = 3  # type: ignore[misc]
    fresh = made_runs.cross_run(made_runs.minute_market(days=1))
    assert "stats" not in vars(fresh)
    assert fresh.stats is fresh.stats


def test_to_dict_is_json_and_keeps_exact_decimals(result: BacktestResult) -> None:
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert plain["fills"]["last_price"][0] == f"{result.fills['last_price'].iloc[0]:.2f}"
    assert plain["equity"]["equity"][0] == made_runs.CASH
    assert plain["stats"]["n_fills"] == len(plain["fills"]["fee"])
    assert plain["order_hash"] == result.order_hash
    assert plain["round_trips"]["pnl"]


@pytest.mark.parametrize("fault", ["missing", "uneven"])
def test_a_broken_engine_answer_is_named(fault: str) -> None:
    data = made_runs.minute_market(days=1)
    raw = made_runs.raw_of(data, [], made_runs.CASH)
    if fault == "missing":
        del raw["fills"]
    else:
        raw["fills"]["fee"] = ["1"]
    with pytest.raises(DataError, match="fills"):
        BacktestResult.from_core(
            raw, data, strategy="S", params={}, cash=1.0, assumptions={}, receipt={}
        )


def test_no_fills_at_all() -> None:
    made = made_runs.result_of(made_runs.minute_market(days=3), [], "Nothing", {})
    assert made.fills.empty
    assert made.round_trips.empty
    assert made.stats.exposure == 0.0
    assert made.stats.turnover == 0.0
    assert made.stats.sharpe is None


def test_plot_without_plotly_names_the_remedy(
    result: BacktestResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(ConfigError, match=r'pip install "py-rt\[plot\]"'):
        result.plot()


def test_plot_is_a_figure(result: BacktestResult) -> None:
    pytest.importorskip("plotly")
    figure = result.plot()
    assert [trace.name for trace in figure.data] == ["Equity", "Drawdown"]
    assert len(figure.data[0].y) == len(result.equity)


def test_columns_are_made_when_asked_for_and_travel_as_they_are() -> None:
    import py_rt as rt

    strategy = rt.StrategyFactory.create("sma_cross")
    ran = rt.backtest(strategy, rt.data.sample("us_minute"), progress=False)
    orders = ran._columns["orders"]
    assert isinstance(orders, Columns)
    assert len(orders["status"]) == rows_of(orders) == ran.stats.n_orders
    with pytest.raises(KeyError):
        orders["nothing"]
    there = pickle.loads(pickle.dumps(ran))
    assert there.to_dict()["orders"] == ran.to_dict()["orders"]
    assert there.fills.equals(ran.fills)
