"""Splits, dividends and symbol changes inside a run, against ledgers of fractions and real data."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import py_rt as rt
from py_rt._times import to_ns
from py_rt.data import CorporateAction, adjust, corporate_actions
from py_rt.errors import ParameterError

ROOT = Path(__file__).resolve().parents[2]
DATA = [ROOT.parent / "shared" / "data", ROOT.parent.parent / "shared" / "data"]
DAILY = next((d / "daily_long" for d in DATA if d.is_dir()), ROOT / "nowhere")
ETF = DAILY / "etf_stock_ohlcv_adj_19991101_20201211.parquet"
FREE = rt.RiskLimits(
    max_leverage=100,
    max_gross_notional=10**12,
    max_position_notional=10**12,
    max_order_notional=10**12,
)
DAYS = ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"]


def bars(close: list[float], symbol: str = "ABC", **more: Any) -> rt.MarketData:
    return rt.data.load({"ts": DAYS[: len(close)], "close": close, **more}, symbols=symbol)


class Hold(rt.Strategy):
    """Buys once and holds; remembers what it is told."""

    qty: float = 100

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.seen: list[tuple[str, float, float, float]] = []
        self.held: list[float] = []
        self.asked = False

    def on_bar(self, ctx: Any, bar: Any) -> None:
        self.held.append(ctx.position(bar.symbol).qty)
        if not self.asked:
            self.asked = True
            if self.qty > 0:
                ctx.buy(bar.symbol, self.qty)
            else:
                ctx.sell(bar.symbol, -self.qty)

    def on_action(self, ctx: Any, action: Any) -> None:
        assert ctx.position(action.symbol).qty == action.position_qty
        self.seen.append((action.kind, action.before_qty, action.position_qty, action.cash))


class Rests(rt.Strategy):
    """Leaves orders far from the market."""

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.orders: list[list[tuple[str, float, Any, Any]]] = []

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if not self.orders:
            ctx.buy(bar.symbol, 7, limit_price=60.01, tif="GTC")
            ctx.sell(bar.symbol, 7, limit_price=140.01, tif="GTC")
            ctx.sell(bar.symbol, 7, stop_price=55.01, tif="GTC")
            ctx.buy(bar.symbol, 7, stop_price=150.01, tif="GTC")
        self.orders.append(
            [
                (o.side, o.order_qty, o.limit_price, o.stop_price)
                for o in (*ctx.orders(), *ctx.parents())
            ]
        )


def run(strategy: Any, data: rt.MarketData, **how: Any) -> rt.BacktestResult:
    return rt.backtest(strategy, data, risk=FREE, progress=False, **how)


def split(day: str, ratio: float, symbol: str = "ABC") -> CorporateAction:
    return CorporateAction("split", symbol, to_ns(day), ratio=ratio)


def dividend(day: str, amount: float, symbol: str = "ABC") -> CorporateAction:
    return CorporateAction("dividend", symbol, to_ns(day), amount=amount)


def test_a_split_multiplies_what_is_held_and_costs_nothing() -> None:
    hold = Hold(qty=100)
    result = run(hold, bars([100, 100, 104, 26, 27, 28]), actions=[split("2024-01-05", 4.0)])
    assert hold.held == [0, 100, 100, 400, 400, 400]
    assert hold.seen == [("split", 100, 400, 0)]
    assert result.equity["equity"].tolist()[-4:] == [1_000_400, 1_000_400, 1_000_800, 1_001_200]
    row = result.positions.iloc[0]
    assert (row["qty"], row["avg_price"], row["unrealized_pnl"]) == (400, 25.0, 1_200)
    assert result.actions[["kind", "qty_before", "qty_after", "cash"]].to_numpy().tolist() == [
        ["split", 100, 400, 0]
    ]


def test_what_is_left_of_a_share_is_paid_at_the_last_price() -> None:
    result = run(Hold(qty=7), bars([90, 90, 90, 60, 60]), actions=[split("2024-01-05", 1.5)])
    # 7 shares become 10.5: ten and half a share, worth 60 each.
    assert result.actions["cash"].item() == 30.0
    assert result.positions["qty"].item() == 10
    assert result.equity["equity"].iloc[-1] == 1_000_000
    assert result.positions["realized_pnl"].item() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("qty", "cash"), [(50, 125.0), (-50, -125.0)])
def test_a_dividend_is_paid_to_holders_and_by_the_short(qty: float, cash: float) -> None:
    result = run(Hold(qty=qty), bars([100] * 5), actions=[dividend("2024-01-05", 2.5)])
    assert result.actions["cash"].item() == cash
    assert result.equity["equity"].iloc[-1] == 1_000_000 + cash
    assert result.positions["realized_pnl"].item() == cash


def test_who_buys_on_the_ex_date_gets_nothing() -> None:
    result = run(Hold(qty=50), bars([100] * 5), actions=[dividend("2024-01-03", 2.5)])
    assert result.fills["ts_event"].iloc[0].isoformat().startswith("2024-01-03")
    assert result.actions["cash"].item() == 0
    assert result.equity["equity"].iloc[-1] == 1_000_000


def test_an_order_decided_before_a_split_is_executed_in_new_shares() -> None:
    hold = Hold(qty=100)
    result = run(hold, bars([100, 25, 25, 25]), actions=[split("2024-01-03", 4.0)])
    fill = result.fills.iloc[0]
    assert (fill["last_qty"], fill["last_price"]) == (400, 25.0)
    assert result.orders["order_qty"].tolist() == [400]
    assert result.equity["equity"].iloc[-1] == 1_000_000


def test_open_orders_get_the_terms_of_the_new_shares() -> None:
    rests = Rests()
    run(rests, bars([100.01, 100.01, 50.01, 50.01]), actions=[split("2024-01-04", 2.0)])
    assert rests.orders[1] == [
        ("buy", 7, 60.01, None),
        ("sell", 7, 140.01, None),
        ("sell", 7, None, 55.01),
        ("buy", 7, None, 150.01),
    ]
    # A limit is never worse than it was, a stop never nearer.
    assert (
        rests.orders[2]
        == rests.orders[3]
        == [
            ("buy", 14, 30.0, None),
            ("sell", 14, 70.01, None),
            ("sell", 14, None, 27.5),
            ("buy", 14, None, 75.01),
        ]
    )


def test_a_reverse_split_ends_open_orders() -> None:
    rests = Rests()
    result = run(
        rests, bars([100.01, 100.01, 1000.01, 1000.01]), actions=[split("2024-01-04", 0.1)]
    )
    assert len(rests.orders[1]) == 4
    assert rests.orders[2] == []
    assert set(result.orders["status"]) == {"Canceled"}


class Targets(rt.Strategy):
    def on_bar(self, ctx: Any, bar: Any) -> None:
        if not hasattr(self, "once"):
            self.once = True
            ctx.target(bar.symbol, 30)


def test_a_target_counts_in_new_shares() -> None:
    result = run(Targets(), bars([100, 100, 50, 50]), actions=[split("2024-01-04", 2.0)])
    assert result.positions["qty"].item() == 60
    assert len(result.orders) == 1


def test_several_share_what_the_account_has() -> None:
    team = {"a": Hold(qty=1), "b": Hold(qty=3), "short": Hold(qty=-1)}
    actions = [split("2024-01-04", 1.5), dividend("2024-01-05", 0.5)]
    result = run(
        team, bars([90, 90, 60, 60, 60]), actions=actions, limits=dict.fromkeys(team, FREE)
    )
    assert result.positions.set_index("strategy")["qty"].to_dict() == {"a": 1, "b": 4, "short": -1}
    table = result.actions
    assert table["cash"].tolist() == [30.0, 30.0, -30.0, 0.5, 2.0, -0.5]
    assert result.equity["equity"].iloc[-1] == 1_000_002
    profits = [r.equity["equity"].iloc[-1] - 1_000_000 for r in result.by_strategy.values()]
    assert profits == [0.5, 2.0, -0.5]


def test_a_symbol_change_is_the_same_instrument_throughout() -> None:
    table = {"ts": DAYS[:5], "symbol": ["FB"] * 3 + ["META"] * 2, "close": range(100, 105)}
    data = rt.data.load(pd.DataFrame(table))
    change = CorporateAction("symbol_change", "FB", to_ns("2024-01-05"), new_symbol="META")
    hold = Hold(qty=10)
    result = run(hold, data, actions=[change])
    assert result.data.symbols == ("META",)
    assert rt.verify(result.receipt, strategy=Hold(qty=10), data=data).equal
    assert hold.held == [0, 10, 10, 10, 10]
    assert result.equity["equity"].iloc[-1] == 1_000_000 + 10 * 3


def test_round_trips_and_exposure_count_in_one_kind_of_share() -> None:
    class InOut(rt.Strategy):
        bars: int = 0

        def on_bar(self, ctx: Any, bar: Any) -> None:
            self.seen = getattr(self, "seen", 0) + 1
            ctx.target(bar.symbol, {1: 10, 2: 10, 3: 20}.get(self.seen, 0))

    result = run(InOut(), bars([100, 100, 55, 55, 55, 55]), actions=[split("2024-01-04", 2.0)])
    trip = result.round_trips.iloc[0]
    assert len(result.round_trips) == 1
    assert (trip["qty"], trip["entry_price"], trip["exit_price"]) == (20, 50.0, 55.0)
    assert trip["pnl"] == pytest.approx(100)
    assert result.equity["equity"].iloc[-1] == pytest.approx(1_000_100)
    assert result.stats.exposure == pytest.approx(3 / 6, abs=0.2)


def test_the_receipt_holds_the_actions() -> None:
    actions = [split("2024-01-04", 1.5), dividend("2024-01-05", 0.5), split("2030-01-01", 3.0)]
    data = bars([90, 90, 60, 60, 60])
    result = run(Hold(qty=5), data, actions=actions)
    assert [a["kind"] for a in result.receipt["config"]["actions"]] == ["split", "dividend"]
    assert rt.verify(result.receipt, strategy=Hold(qty=5), data=data).equal


def test_a_ratio_that_is_no_fraction_is_refused() -> None:
    with pytest.raises(ParameterError) as caught:
        run(Hold(), bars([90] * 4), actions=[split("2024-01-04", 2**0.5)])
    assert caught.value.field == "ratio"


def ledger(table: pd.DataFrame, qty: int) -> list[Fraction]:
    """Hold by hand: bought at the second open, exact, equity at every close from there on."""
    cash, held, worth = Fraction(1_000_000), Fraction(0), []
    last = Fraction(0)
    for row, day in enumerate(table.itertuples()):
        # The vendor divides rounded prices: 7.000007 for 7.
        ratio, paid = Fraction(day.split).limit_denominator(100), Fraction(str(day.dividend))
        if row and ratio != 1:
            fresh = held * ratio
            whole = Fraction(int(fresh))
            cash += (fresh - whole) * last / ratio
            held = whole
        if row:
            cash += held * paid
        if row == 1:
            buys = Fraction(int(qty * ratio))
            cash -= buys * Fraction(str(day.open))
            held += buys
        last = Fraction(str(day.close))
        worth.append(cash + held * last)
    return worth


@pytest.mark.skipif(not ETF.is_file(), reason="the shared data folder is not beside the house")
@pytest.mark.parametrize("symbol", ["AAPL", "KO", "SPY", "VXX", "MSFT", "GLD", "JPM", "TLT"])
def test_twenty_years_of_real_actions_to_the_cent(symbol: str) -> None:
    table = pd.read_parquet(ETF)
    table = table[table["symbol"] == symbol].reset_index(drop=True)
    raw = rt.data.load(table.drop(columns=["split", "dividend", "adjusted_close"]))
    result = run(Hold(qty=101), raw, actions=corporate_actions(table))
    expected = np.array([float(value) for value in ledger(table, 101)])
    assert len(result.fills) == 1
    closes = result.daily.equity[1:]
    assert len(closes) == len(expected)
    np.testing.assert_allclose(closes, expected, atol=0.005, rtol=0)
    np.testing.assert_allclose(closes, expected, rtol=1e-13)


@pytest.mark.skipif(not ETF.is_file(), reason="the shared data folder is not beside the house")
@pytest.mark.parametrize(("symbol", "factor"), [("AAPL", 56), ("KO", 2), ("MSFT", 2)])
def test_raw_prices_with_splits_earn_what_adjusted_prices_do(symbol: str, factor: int) -> None:
    table = pd.read_parquet(ETF)
    table = table[table["symbol"] == symbol].reset_index(drop=True)
    raw = rt.data.load(table.drop(columns=["split", "dividend", "adjusted_close"]))
    splits = [
        replace(a, ratio=round(a.ratio, 3)) for a in corporate_actions(table) if a.kind == "split"
    ]
    product = np.prod([a.ratio for a in splits])
    one = run(Hold(qty=100), raw, actions=splits)
    other = run(Hold(qty=100 * product), adjust(raw, splits))
    np.testing.assert_allclose(one.daily.equity, other.daily.equity, atol=0.005, rtol=0)
    assert product >= factor
