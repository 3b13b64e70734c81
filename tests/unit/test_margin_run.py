"""Margin inside a run: textbook numbers, interest by hand, a naive twin over the fills."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import py_rt as rt
from py_rt._times import to_ns
from py_rt.errors import ParameterError
from py_rt.market import DEPTH, EVENT_DTYPE, FLAG_END

DAYS = ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"]
DAYS += ["2024-01-10", "2024-01-11", "2024-01-12"]
REG_T = rt.Margin(0.5, 0.25, maintenance_short=0.30)
FREE = rt.RiskLimits(
    max_leverage=100,
    max_gross_notional=10**12,
    max_position_notional=10**12,
    max_order_notional=10**12,
)


def daily(**close: list[float]) -> rt.MarketData:
    """Bars by symbol; each opens where the one before it closed."""
    length = len(next(iter(close.values())))
    table: dict[str, list[Any]] = {name: [] for name in ("ts", "symbol", "open", "close")}
    for symbol, values in close.items():
        table["ts"] += DAYS[:length]
        table["symbol"] += [symbol] * length
        table["open"] += [values[0], *values[:-1]]
        table["close"] += values
    table["high"] = [max(a, b) for a, b in zip(table["open"], table["close"], strict=True)]
    table["low"] = [min(a, b) for a, b in zip(table["open"], table["close"], strict=True)]
    return rt.data.load(table)


class Plan(rt.Strategy):
    """Orders quantities by the number of the bar of their symbol."""

    def __init__(self, plan: dict[tuple[str, int], float]) -> None:
        super().__init__()
        self.plan, self.bars = plan, {}
        self.refused: list[str] = []

    def on_bar(self, ctx: Any, bar: Any) -> None:
        number = self.bars.get(bar.symbol, 0)
        self.bars[bar.symbol] = number + 1
        qty = self.plan.get((bar.symbol, number), 0)
        if qty:
            (ctx.buy if qty > 0 else ctx.sell)(bar.symbol, abs(qty))

    def on_order(self, ctx: Any, order: Any) -> None:
        if order.status == "Rejected":
            self.refused.append(order.reason)


def run(strategy: Any, data: rt.MarketData, **how: Any) -> rt.BacktestResult:
    venue = rt.SimVenue(partial_fills=False)
    return rt.backtest(strategy, data, venue=venue, progress=False, **how)


def test_regulation_t_lets_10000_dollars_buy_20000_worth_of_shares() -> None:
    # Regulation T, 12 CFR 220.12(a): 50 % of the market value; so 10,000 buy 200 shares at 100.
    data = daily(ABC=[100.0] * 4)
    bought = run(Plan({("ABC", 0): 200}), data, cash=10_000, margin=REG_T)
    assert bought.fills["last_qty"].tolist() == [200]
    assert bought.margin_calls.empty
    refused = run(Plan({("ABC", 0): 201}), data, cash=10_000, margin=REG_T, risk=FREE)
    assert refused.orders["reason"].tolist() == ["initial_margin: limit 10000, value 10050"]
    short = run(Plan({("ABC", 0): -201}), data, cash=10_000, margin=REG_T, risk=FREE)
    assert short.orders["reason"].tolist() == ["initial_margin: limit 10000, value 10050"]


@pytest.mark.parametrize(("price", "calls"), [(66.67, 0), (66.66, 1)])
def test_the_maintenance_call_of_a_long_position_comes_below_the_textbook_price(
    price: float, calls: int
) -> None:
    # FINRA 4210(c)(1), the usual example: 200 shares at 100, half of it borrowed. The price of the
    # call is debit / (1 - 25 %) a share = 10,000 / 0.75 / 200 = 66.67.
    data = daily(ABC=[100.0, 100.0, price, price, price])
    result = run(Plan({("ABC", 0): 200}), data, cash=10_000, margin=REG_T)
    steps = result.margin_calls
    assert (steps["kind"] == "call").sum() == calls
    if calls:
        assert steps["required"].iloc[0] == pytest.approx(200 * price * 0.25)
        assert steps["equity"].iloc[0] == pytest.approx(200 * price - 10_000)


@pytest.mark.parametrize(("price", "calls"), [(115.38, 0), (115.39, 1)])
def test_the_maintenance_call_of_a_short_position_comes_above_the_textbook_price(
    price: float, calls: int
) -> None:
    # FINRA 4210(c)(3): short 100 at 100 with 5,000 of margin; the price of the call is
    # (proceeds + margin) / (1 + 30 %) a share = 15,000 / 1.3 / 100 = 115.38.
    data = daily(ABC=[100.0, 100.0, price, price, price])
    result = run(Plan({("ABC", 0): -100}), data, cash=5_000, margin=REG_T)
    assert (result.margin_calls["kind"] == "call").sum() == calls


def test_positions_are_closed_until_equity_covers_the_rest() -> None:
    data = daily(ABC=[100.0, 100.0, 60.0, 60.0, 60.0])
    result = run(Plan({("ABC", 0): 200}), data, cash=10_000, margin=REG_T)
    # At 60: equity 2,000, required 3,000. Each share that is sold frees 15, so 67 of them.
    steps = result.margin_calls
    assert steps["kind"].tolist() == ["call", "liquidation", "met"]
    assert steps["qty"].tolist()[1] == -67
    assert steps["equity"].tolist() == [2000, 2000, 2000]
    assert steps["required"].tolist() == [3000, 3000, 133 * 60 * 0.25]
    closing = result.orders.iloc[1]
    assert closing["client_order_id"] == steps["client_order_id"].iloc[1]
    assert (closing["side"], closing["status"], closing["cum_qty"]) == ("sell", "Filled", 67)
    assert result.positions["qty"].tolist() == [133]


def test_the_largest_requirement_is_closed_first() -> None:
    data = daily(BIG=[100.0, 100.0, 60.0, 60.0], MID=[50.0, 50.0, 40.0, 40.0])
    plan = Plan({("BIG", 0): 120, ("MID", 0): 100})
    result = run(plan, data, cash=10_000, margin=REG_T)
    # 12,000 + 5,000 bought, 7,000 owed; BIG falls first: equity 7,200 + 5,000 - 7,000 = 5,200.
    assert result.margin_calls.empty
    hard = rt.Margin(0.5, 0.45)
    result = run(Plan(plan.plan), data, cash=10_000, margin=hard)
    steps = result.margin_calls
    assert steps["symbol"].tolist()[1] == "BIG"
    # BIG alone is marked down at first: required (7,200 + 5,000) x 0.45 = 5,490, short 290, and a
    # share of BIG frees 27, so 11. With MID at 40: 7,200 + 4,000 - 7,000 = 4,200 against 5,040.
    assert steps["qty"].tolist()[1] == -11
    # With what is on its way 297 of those 840 are freed; the rest is MID's, 18 a share.
    assert (steps["symbol"].iloc[2], steps["qty"].iloc[2]) == ("MID", -31)


def test_working_orders_are_cancelled_and_nobody_else_orders_meanwhile() -> None:
    class Stubborn(Plan):
        def on_bar(self, ctx: Any, bar: Any) -> None:
            super().on_bar(ctx, bar)
            if self.bars["ABC"] == 2:
                ctx.buy("ABC", 1, limit_price=55, tif="GTC")
            if self.bars["ABC"] == 3:
                ctx.sell("ABC", 1)

    data = daily(ABC=[100.0, 100.0, 60.0, 60.0, 60.0])
    strategy = Stubborn({("ABC", 0): 199})
    result = run(strategy, data, cash=10_000, margin=REG_T)
    assert strategy.refused == ["margin_call: limit 0, value 0"]
    assert result.orders["status"].tolist()[1] == "Canceled"


def test_what_is_on_its_way_counts_before_it_is_executed() -> None:
    class Resting(rt.Strategy):
        def on_bar(self, ctx: Any, bar: Any) -> None:
            if not ctx.orders():
                for _ in range(3):
                    ctx.buy("ABC", 100, limit_price=95, tif="GTC")

    data = daily(ABC=[100.0] * 3)
    result = run(Resting(), data, cash=10_000, margin=REG_T, risk=FREE)
    # Each counts at the mark: 5,000, 10,000, and the third would make it 15,000.
    assert result.orders["reason"].tolist()[2] == "initial_margin: limit 10000, value 15000"
    assert result.denied == 1


@pytest.mark.parametrize("latency", ["0ms", "1ms"])
def test_on_ticks_what_the_book_does_not_take_is_tried_again_at_the_next_price(
    latency: str,
) -> None:
    first = to_ns("2024-01-08T12:00Z")
    bids = [9_999, *range(7_000, 6_990, -1)]
    rows = np.zeros(4 * len(bids), dtype=EVENT_DTYPE)
    for step, bid in enumerate(bids):
        own = rows[4 * step : 4 * step + 4]
        before = bids[max(step - 1, 0)]
        own["side"] = [1, -1, 1, -1]
        own["price"], own["qty"] = [before, before + 2, bid, bid + 2], [0, 0, 20, 500]
        own["ts_event"], own["flags"][3] = first + step * 1_000_000_000, FLAG_END
    rows["ts_recv"], rows["kind"] = rows["ts_event"], DEPTH
    coin = rt.Instrument("AAA", "0.01", "1", asset_class="crypto", sessions=False)
    data = rt.MarketData(rows, None, (coin,), name="made ticks")

    class Once(rt.Strategy):
        def on_book(self, ctx: Any, book: Any) -> None:
            if not self.done and ctx.book("AAA").best_ask == 100.01:
                self.done = True
                ctx.buy("AAA", 300)

        done: bool = False

    venue = rt.SimVenue(latency_feed=latency, latency_order=latency, latency_report=latency)
    margin = rt.Margin(0.5, 0.35)
    how = {"venue": venue, "cash": 15_100, "margin": margin, "progress": False, "risk": FREE}
    result = rt.backtest(Once(), data, **how)
    steps = result.margin_calls
    # Bought 300 at 100.01 with 15,100: at 70.01 equity is 6,100 and has to be 7,351, so 52 of them
    # are to be closed. The book takes 20 at each price.
    assert steps["kind"].tolist() == ["call", *["liquidation"] * 3, "met"]
    assert steps["qty"].tolist()[1:4] == [-52, -32, -12]
    assert result.fills["last_qty"].tolist() == [300, 20, 20, 12]
    assert result.order_hash == rt.backtest(Once(), data, **how).order_hash


def test_a_grace_lets_the_strategy_close_by_itself() -> None:
    data = daily(ABC=[100.0, 100.0, 60.0, 60.0, 60.0, 60.0])
    margin = rt.Margin(0.5, 0.25, grace="2d")
    result = run(Plan({("ABC", 0): 200, ("ABC", 2): -100}), data, cash=10_000, margin=margin)
    assert result.margin_calls["kind"].tolist() == ["call", "met"]
    left = run(Plan({("ABC", 0): 200}), data, cash=10_000, margin=margin)
    steps = left.margin_calls
    assert steps["kind"].tolist() == ["call", "liquidation", "met"]
    assert (steps["ts"].iloc[1] - steps["ts"].iloc[0]).days >= 2


def test_more_is_lost_than_there_was_and_everything_is_closed() -> None:
    data = daily(ABC=[100.0, 100.0, 40.0, 40.0, 40.0])
    result = run(Plan({("ABC", 0): 200, ("ABC", 3): 1}), data, cash=10_000, margin=REG_T)
    assert result.margin_calls["kind"].tolist() == ["call", "liquidation", "met"]
    assert result.positions["qty"].tolist() == [0]
    assert result.equity["equity"].iloc[-1] == -2000


def test_interest_is_paid_on_money_that_is_owed_for_every_calendar_day() -> None:
    data = daily(ABC=[100.0] * 6)
    margin = rt.Margin(interest=0.0583)
    result = run(Plan({("ABC", 0): 200}), data, cash=10_000, margin=margin)
    rows = result.charges
    # Bought at the open of the 3rd; nights to the 4th, the 5th, over the weekend, to the 9th.
    assert set(rows["kind"]) == {"interest"}
    owed, expected = Fraction(10_000), []
    for days in (1, 1, 3, 1):
        paid = owed * Fraction(583, 10_000) * days / 360
        expected.append((-float(owed), -float(paid)))
        owed += paid
    assert rows["value"].tolist() == pytest.approx([value for value, _ in expected])
    assert rows["cash"].tolist() == pytest.approx([paid for _, paid in expected])
    assert rows["symbol"].tolist() == [None] * 4
    assert rows["currency"].tolist() == ["USD"] * 4
    assert result.equity["cash"].iloc[-1] == pytest.approx(-float(owed))
    days_365 = run(
        Plan({("ABC", 0): 200}), data, cash=10_000, margin=rt.Margin(interest=0.1, day_count=365)
    )
    assert days_365.charges["cash"].iloc[0] == pytest.approx(-10_000 * 0.1 / 365)


def test_a_published_example_of_margin_interest() -> None:
    # Charles Schwab, "Margin interest": 30,000 borrowed for 10 days at 8 %, a year of 360 days:
    # 0.08 x 30,000 = 2,400; 2,400 / 360 = 6.67 a day; 66.67 for ten days. Here without compounding
    # of the days before, so each is 6.67 on what was owed that day.
    data = daily(ABC=[100.0] * 9)
    margin = rt.Margin(interest=0.08)
    result = run(Plan({("ABC", 0): 600}), data, cash=30_000, margin=margin)
    first = result.charges.iloc[0]
    assert (first["value"], round(first["cash"], 2)) == (-30_000, -6.67)


def test_short_proceeds_lower_no_debt_and_earn_nothing() -> None:
    data = daily(ABC=[100.0] * 4, XYZ=[50.0, 50.0, 60.0, 60.0])
    margin = rt.Margin(interest=0.36)
    plan = {("ABC", 0): 150, ("XYZ", 0): -60}
    result = run(Plan(plan), data, cash=10_000, margin=margin)
    # Cash 10,000 - 15,000 + 3,000 = -2,000; the shorts are worth 3,000, then 3,600.
    assert result.charges["value"].tolist() == pytest.approx([-5000, -5605])
    alone = run(Plan({("XYZ", 0): -60}), data, cash=10_000, margin=margin)
    assert alone.charges.empty


def test_interest_of_several_strategies_adds_up_to_the_account_s() -> None:
    data = daily(ABC=[100.0] * 6, XYZ=[50.0] * 6)
    margin = rt.Margin(interest=0.36)
    team = {"a": Plan({("ABC", 0): 90}), "b": Plan({("XYZ", 0): 140}), "c": Plan({})}
    result = run(team, data, cash=10_000, margin=margin)
    paid = result.charges
    assert paid["strategy"].tolist()[:2] == ["a", "b"]
    assert paid["cash"].iloc[:2].tolist() == pytest.approx([-6 * 9 / 16, -6 * 7 / 16])
    total = sum(r.equity["equity"].iloc[-1] - 10_000 for r in result.by_strategy.values())
    assert total == pytest.approx(result.equity["equity"].iloc[-1] - 10_000)
    assert result.equity["equity"].iloc[-1] - 10_000 == pytest.approx(paid["cash"].sum())


def test_several_strategies_are_closed_by_who_holds_most() -> None:
    data = daily(ABC=[100.0, 100.0, 60.0, 60.0, 60.0])
    team = {"a": Plan({("ABC", 0): 20}), "b": Plan({("ABC", 0): 180})}
    result = run(team, data, cash=10_000, margin=REG_T)
    steps = result.margin_calls
    assert steps["strategy"].tolist() == ["", "b", ""]
    assert result.by_strategy["b"].positions["qty"].tolist() == [113]
    hedged = {"a": Plan({("ABC", 0): 250}), "b": Plan({("ABC", 1): -50})}
    hedged_result = run(hedged, data, cash=14_000, margin=REG_T)
    sold = hedged_result.fills[hedged_result.fills["ts_event"] > hedged_result.fills["ts_event"][1]]
    assert set(sold["strategy"]) <= {"a"}


def test_debts_in_another_currency_pay_its_own_rate() -> None:
    table = {
        "ts": DAYS[:4] * 2,
        "symbol": ["SAP"] * 4 + ["EURUSD"] * 4,
        "close": [100.0] * 4 + [1.1] * 4,
    }
    instruments = {
        "SAP": rt.Instrument("SAP", "0.01", "1", currency="EUR"),
        "EURUSD": rt.Instrument("EURUSD", "0.0001", "1", asset_class="fx"),
    }
    data = rt.data.load(table, instruments=instruments)
    margin = rt.Margin(interest={"EUR": 0.036, "USD": 0.072})
    result = run(
        Plan({("SAP", 0): 10}),
        data,
        cash={"USD": 10_000, "EUR": 400},
        base_currency="USD",
        fx={"EUR": "EURUSD"},
        margin=margin,
    )
    rows = result.charges
    assert rows["currency"].tolist() == ["EUR"] * 2
    assert rows["cash"].tolist() == pytest.approx([-0.06, -0.060006])
    assert rows["fx_rate"].tolist() == [1.1] * 2


def test_a_receipt_holds_the_margin_and_can_be_verified() -> None:
    data = daily(ABC=[100.0, 100.0, 60.0, 60.0, 60.0])
    margin = rt.Margin(
        instruments={"ABC": {"maintenance": 0.3}}, interest={"USD": 0.05}, grace="1d"
    )
    strategy = Plan({("ABC", 0): 200})
    result = run(strategy, data, cash=10_000, margin=margin)
    assert result.receipt["config"]["margin"] == margin.to_dict()
    assert rt.Margin(**margin.to_dict()).to_dict() == margin.to_dict()
    assert rt.verify(result.receipt, strategy=Plan({("ABC", 0): 200}), data=data).equal


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"initial": 0}, "initial"),
        ({"initial": 11}, "initial"),
        ({"maintenance": 0.6}, "maintenance"),
        ({"maintenance_short": 0.6}, "maintenance_short"),
        ({"instruments": {"ABC": {"initial": 0.2}}}, "instruments['ABC'].maintenance"),
        ({"instruments": {"ABC": {"inital": 0.2}}}, "instruments['ABC']"),
        ({"instruments": [0.5]}, "instruments"),
        ({"interest": -0.1}, "interest['']"),
        ({"interest": {"USD": 101}}, "interest['USD']"),
        ({"day_count": 364}, "day_count"),
        ({"grace": "soon"}, "grace"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(ParameterError) as error:
        rt.Margin(**wrong)
    assert error.value.field == field


@pytest.mark.parametrize(
    ("margin", "field"),
    [
        (0.5, "margin"),
        (rt.Margin(instruments={"XYZ": {"initial": 1}}), "margin.instruments"),
        (rt.Margin(interest={"EUR": 0.1}), "margin.interest"),
    ],
)
def test_what_does_not_fit_the_data_is_refused_by_name(margin: Any, field: str) -> None:
    with pytest.raises(ParameterError) as error:
        run(Plan({}), daily(ABC=[100.0] * 3), margin=margin)
    assert error.value.field == field
