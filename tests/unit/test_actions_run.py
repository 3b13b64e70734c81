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


@pytest.mark.parametrize(
    ("lot", "qty", "after", "cash"),
    [
        # 100 shares become 133 1/3: a third of a new share is paid, 90 the old one.
        ("1", 100, 133, Fraction(1, 3) * 90 * Fraction(3, 4)),
        ("1", -100, -133, -Fraction(1, 3) * 90 * Fraction(3, 4)),
        # Where parts of a share are held, they stay: what is below the lot is paid.
        ("0.001", 100, 133.333, Fraction(1, 3000) * 90 * Fraction(3, 4)),
        ("1", 99, 132, 0),
    ],
)
@pytest.mark.parametrize("ratio", [4 / 3, "4:3", 1.333333])
def test_four_for_three_leaves_fractions_that_are_kept_or_paid(
    lot: str, qty: float, after: float, cash: Fraction, ratio: Any
) -> None:
    data = rt.data.load(
        {"ts": DAYS[:5], "close": [90, 90, 90, 67.5, 67.5]},
        symbols="ABC",
        instruments={"ABC": {"lot_size": lot}},
    )
    result = run(Hold(qty=qty), data, actions=[split("2024-01-05", ratio)])
    told = result.to_dict()["actions"]
    assert told["qty_after"] == [str(after)]
    assert Fraction(told["cash"][0]) == cash
    assert result.equity["equity"].iloc[-1] == 1_000_000


def test_four_for_three_with_orders_open() -> None:
    """Whole new shares towards zero; nothing is paid for what was only asked for."""
    rests = Rests()
    result = run(rests, bars([100.01] * 2 + [75.01] * 2), actions=[split("2024-01-04", 4 / 3)])
    assert rests.orders[1] != rests.orders[2]
    # 7 become 9 1/3; 60.01 becomes 45.0075, 140.01 105.0075, 55.01 41.2575, 150.01 112.5075.
    assert (
        rests.orders[2]
        == rests.orders[3]
        == [
            ("buy", 9, 45.0, None),
            ("sell", 9, 105.01, None),
            ("sell", 9, None, 41.25),
            ("buy", 9, None, 112.51),
        ]
    )
    assert result.actions["cash"].sum() == 0


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


def change(day: str, old: str, new: str) -> CorporateAction:
    return CorporateAction("symbol_change", old, to_ns(day), new_symbol=new)


def test_a_chain_of_symbol_changes_with_orders_open_all_the_way() -> None:
    """A became B became C; an action under each of the names reaches the one instrument."""
    symbols = ["A", "A", "B", "B", "C", "C"]
    data = rt.data.load(pd.DataFrame({"ts": DAYS, "symbol": symbols, "close": [100.01] * 6}))
    chain = [change("2024-01-08", "B", "C"), change("2024-01-04", "A", "B")]
    paid = [dividend("2024-01-03", 1.0, "A"), dividend("2024-01-05", 2.0, "B"),
            dividend("2024-01-09", 4.0, "C"), dividend("2024-01-08", 8.0, "B")]  # fmt: skip
    hold, rests = Hold(qty=10), Rests()
    result = run({"hold": hold, "rests": rests}, data, actions=[*chain, *paid])
    assert result.data.symbols == ("C",)
    assert hold.held == [0] + [10] * 5
    # Bought at the open of the 3rd, which is the ex-date of the first.
    assert [cash for _, _, _, cash in hold.seen] == [0, 20, 80, 40]
    assert all(asked == rests.orders[1] and len(asked) == 4 for asked in rests.orders[1:])
    again = {"hold": Hold(qty=10), "rests": Rests()}
    assert rt.verify(result.receipt, strategy=again, data=data).equal
    # The middle name need not have rows, and the last name need not be the vendor's.
    for names in (["A", "A", "A", "C", "C", "C"], ["A"] * 6, ["C"] * 6):
        rows = data.to_frame("bar").assign(symbol=names)
        if names[3] == "C" and names[0] == "A":
            rows = rows.drop(index=[2, 3])  # while it was called B
        other = run(Hold(qty=10), rt.data.load(rows), actions=chain)
        assert other.data.symbols == ("C",), names


def test_a_symbol_of_two_companies_is_refused() -> None:
    def with_symbols(*symbols: str) -> rt.MarketData:
        days = DAYS[: len(symbols)]
        table = pd.DataFrame({"ts": days, "symbol": symbols, "close": [100.0] * len(days)})
        return rt.data.load(table)

    existing = with_symbols("A", "B", "A", "B", "B")
    for act in (lambda a: run(Hold(), existing, actions=a), lambda a: adjust(existing, a)):
        with pytest.raises(rt.DataError, match="A became B on 2024-01-05, and B has 1 rows of bef"):
            act([change("2024-01-05", "A", "B")])
    going_on = with_symbols("A", "A", "B", "A", "B")
    with pytest.raises(rt.DataError, match="A became B on 2024-01-04, and A has 1 rows of after"):
        run(Hold(), going_on, actions=[change("2024-01-04", "A", "B")])
    with pytest.raises(rt.DataError, match=r"on one day; .*say A became C"):
        run(Hold(), with_symbols("A", "A", "C", "C"),
            actions=[change("2024-01-04", "A", "B"), change("2024-01-04", "B", "C")])  # fmt: skip


def test_a_symbol_that_was_handed_on_is_one_instrument_before_and_another_after() -> None:
    """On one day B became C and A became B, as when a company takes a better ticker over."""
    days = [day for day in DAYS[:4] for _ in (0, 1)]
    table = pd.DataFrame({"ts": days, "symbol": ["A", "B"] * 2 + ["B", "C"] * 2,
                          "close": [10.0, 20, 11, 21, 12, 22, 13, 23]})  # fmt: skip
    data = rt.data.load(table)
    handed = [change("2024-01-04", "A", "B"), change("2024-01-04", "B", "C")]
    joined = adjust(data, handed).to_frame("bar")
    assert joined[joined["symbol"] == "B"]["close"].tolist() == [10, 11, 12, 13]
    assert joined[joined["symbol"] == "C"]["close"].tolist() == [20, 21, 22, 23]
    paid = [dividend("2024-01-05", 1.0, "B"), dividend("2024-01-03", 0.5, "B")]
    result = run(Hold(), data, actions=[*handed, *paid])
    assert result.actions["symbol"].tolist() == ["C", "B"]


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
