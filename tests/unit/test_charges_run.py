"""Borrow and funding inside a run: by hand, by published examples, against ledgers of fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

import py_rt as rt
from py_rt._times import to_ns
from py_rt.errors import ParameterError
from py_rt.market import BAR_DTYPE, DEPTH, EVENT_DTYPE, FLAG_END, TRADE

FREE = rt.RiskLimits(
    max_leverage=100,
    max_gross_notional=10**12,
    max_position_notional=10**12,
    max_order_notional=10**12,
)
HOUR = 3_600_000_000_000
DAYS = ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"]
PERPETUAL = rt.Instrument(
    "BTCUSDT", "0.1", "0.001", currency="USDT", asset_class="future", sessions=False
)


def daily(close: list[float], symbol: str = "ABC") -> rt.MarketData:
    return rt.data.load({"ts": DAYS[: len(close)], "close": close}, symbols=symbol)


def hourly(close: list[float], instruments: tuple[rt.Instrument, ...] = (PERPETUAL,)) -> Any:
    first = to_ns("2024-01-08T00:00Z")
    rows = np.zeros(len(close) * len(instruments), dtype=BAR_DTYPE)
    for place, instrument in enumerate(instruments):
        own = rows[place :: len(instruments)]
        own["ts_open"] = first + np.arange(len(close)) * HOUR
        own["ts_close"] = own["ts_open"] + HOUR
        own["instrument"], own["volume"] = place, 1e9
        ticks = np.rint(np.array(close) / float(instrument.tick_size)).astype(np.int64)
        own["close"], own["open"] = ticks, np.append(ticks[:1], ticks[:-1])
        own["high"] = np.maximum(own["open"], own["close"])
        own["low"] = np.minimum(own["open"], own["close"])
    return rt.MarketData(None, rows, instruments, name="made hours")


class Plan(rt.Strategy):
    """Orders quantities by the number of the bar of their symbol."""

    def __init__(self, plan: dict[int, float], symbol: str | None = None) -> None:
        super().__init__()
        self.plan, self.symbol, self.bar = plan, symbol, 0
        self.cash: list[float] = []

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if self.symbol not in (None, bar.symbol):
            return
        qty = self.plan.get(self.bar, 0)
        if qty:
            (ctx.buy if qty > 0 else ctx.sell)(bar.symbol, abs(qty))
        self.cash.append(ctx.cash)
        self.bar += 1


def run(strategy: Any, data: rt.MarketData, **how: Any) -> rt.BacktestResult:
    return rt.backtest(strategy, data, progress=False, **{"risk": FREE, **how})


def test_a_short_pays_for_every_calendar_day_at_the_last_price() -> None:
    data = daily([10.0, 10.0, 20.0, 20.0, 20.0, 30.0])
    strategy = Plan({0: -100})
    result = run(strategy, data, borrow=rt.Borrow({"ABC": 0.36}))
    rows = result.charges
    # Sold at the open of the 3rd; nights to the 4th, the 5th, over the weekend to the 8th, the 9th.
    assert rows["qty"].tolist() == [-100.0] * 4
    assert rows["value"].tolist() == [-1000, -2000, -2000, -2000]
    assert rows["cash"].tolist() == [-1.0, -2.0, -6.0, -2.0]
    assert rows["rate"].tolist() == pytest.approx([0.001, 0.001, 0.003, 0.001])
    assert set(rows["kind"]) == {"borrow"}
    assert rows["ts"].iloc[2] == pd.Timestamp("2024-01-08T00:00:00.001Z")
    assert result.equity["cash"].iloc[-1] == 1_000_000 + 1000 - 11
    assert result.positions["realized_pnl"].iloc[0] == 0
    assert result.stats.fees == 0
    assert strategy.cash[-1] == 1_000_000 + 1000 - 11


def test_the_broker_s_examples_of_a_borrow_fee() -> None:
    # elitetrader.com, thread 308608, a broker: 1,000 shares at 20 with a rate of 5 % cost 2.74 a
    # day, and three days of that over a weekend.
    data = daily([20.0] * 5)
    result = run(Plan({0: -1000}), data, borrow=rt.Borrow({"ABC": 0.05}, day_count=365))
    assert (-result.charges["cash"]).round(2).tolist() == [2.74, 2.74, 8.22]
    # Interactive Brokers, "Borrow Fee Details": value x rate / 360, on 102 % of the price.
    data = daily([50.0, 50.0, 50.0])
    result = run(Plan({0: -100}), data, borrow=rt.Borrow(default=0.10, collateral=1.02))
    assert result.charges["cash"].tolist() == [pytest.approx(-5100 * 0.10 / 360)]
    none = run(Plan({0: 100}), data, borrow=rt.Borrow(default=0.10))
    assert none.charges.empty
    assert run(Plan({0: -100}), data, borrow=rt.Borrow()).charges.empty


def test_no_more_is_sold_short_than_can_be_borrowed() -> None:
    data = daily([10.0] * 6)
    none = run(Plan({0: -1}), data, borrow=rt.Borrow(locate={"ABC": 0}))
    assert none.denied == 1
    assert none.orders["reason"].iloc[0] == "not_shortable: limit 0, value 1"
    some = run(Plan({0: -60, 1: -40, 2: -1}), data, borrow=rt.Borrow(locate={"ABC": 100}))
    assert some.denied == 1
    assert some.orders["status"].tolist() == ["Filled", "Filled", "Rejected"]
    held = run(Plan({0: 50, 1: -50, 2: -1}), data, borrow=rt.Borrow(locate={"ABC": 0}))
    assert held.orders["status"].tolist() == ["Filled", "Filled", "Rejected"]
    tighter = rt.RiskLimits(instruments={"ABC": rt.InstrumentLimit(max_short_qty=5)})
    borrow = rt.Borrow(locate={"ABC": 100})
    assert run(Plan({0: -6}), data, borrow=borrow, risk=tighter).denied == 1


def test_the_exchange_s_example_of_funding() -> None:
    # Kraken, "Perpetual Contract Specifications", example 1: a short position worth 100,000 earns
    # 17.85 at a rate of 0.01785 %.
    data = hourly([7_000.0] * 12)
    at = ["2024-01-08T08:00Z"]
    for sign in (1, -1):
        funding = rt.Funding(at, ["0.0001785"], mark_prices=[10_000])
        result = run(Plan({0: 10 * sign}), data, funding=funding)
        row = result.to_dict()["charges"]
        assert row["cash"] == ["-17.85" if sign > 0 else "17.85"]
        assert row["value"] == ["100000" if sign > 0 else "-100000"]
        assert row["currency"] == ["USDT"]
        cash = 1_000_000 - sign * (70_000 + 17.85)
        assert result.equity["cash"].iloc[-1] == pytest.approx(cash)


def test_a_mark_price_between_two_ticks_is_exact() -> None:
    data = hourly([7_000.0] * 12)
    funding = rt.Funding(["2024-01-08T08:00Z"], ["0.000016"], mark_prices=["11329.5251"])
    result = run(Plan({0: 10}), data, funding=funding)
    assert result.to_dict()["charges"]["cash"] == ["-1.812724016"]


def test_funding_without_a_mark_price_takes_the_last_price() -> None:
    data = hourly([100.0, 100.0, 120.0, 150.0])
    funding = rt.Funding(["2024-01-08T03:00Z"], [-0.001])
    result = run(Plan({0: 2}), data, funding={"BTCUSDT": funding})
    assert result.charges["value"].tolist() == [240.0]
    assert result.charges["cash"].tolist() == [pytest.approx(0.24)]


def test_who_holds_at_the_time_pays_and_nobody_else() -> None:
    # Ordered at the close of 01:00 and 03:00: executed at the open of that moment, and after it.
    data = hourly([100.0] * 8)
    at = [f"2024-01-08T0{hour}:00Z" for hour in range(1, 8)]
    result = run(Plan({0: 1, 2: -1}), data, funding=rt.Funding(at, [0.01] * 7))
    hours = [ts.hour for ts in result.charges["ts"]]
    assert hours == [2, 3]
    outside = rt.Funding(["2024-01-07T23:00Z", "2024-02-01T00:00Z"], [0.5, 0.5])
    assert run(Plan({0: 1}), data, funding=outside).charges.empty


@pytest.mark.parametrize("seed", range(5))
def test_random_runs_equal_a_ledger_of_fractions(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    hours = 24 * 8
    other = rt.Instrument(
        "ETHUSDT", "0.01", "0.01", currency="USDT", asset_class="future", sessions=False
    )
    closes = (2000 + np.cumsum(rng.integers(-9, 10, hours)) * 0.1).round(1).tolist()
    data = hourly(closes, (PERPETUAL, other))
    plans = {
        symbol: Plan(
            {int(h): float(rng.integers(-9, 10)) for h in rng.integers(0, hours, 40)}, symbol
        )
        for symbol in data.symbols
    }
    start = to_ns("2024-01-08T00:00Z")
    times = [start + 8 * HOUR * k for k in range(1, 23)]
    rates = [f"{int(r) / 1e6:.6f}" for r in rng.integers(-900, 900, 22)]
    funding = {"BTCUSDT": rt.Funding(times, rates)}
    borrow = rt.Borrow({"ETHUSDT": "0.0731"}, day_count=365)
    result = run(plans, data, funding=funding, borrow=borrow)
    assert len(result.charges) > 15

    fills = result.to_dict()["fills"]
    delay = 1_000_000

    def held(symbol: str, at: int) -> Fraction:
        total = Fraction(0)
        rows = zip(fills["symbol"], fills["side"], fills["last_qty"], fills["ts_recv"], strict=True)
        for name, side, qty, ts in rows:
            if name == symbol and ts <= at + delay:
                total += Fraction(qty) * (1 if side == "buy" else -1)
        return total

    def price(at: int) -> Fraction:
        return Fraction(str(closes[(at - start) // HOUR - 1]))

    paid = Fraction(0)
    for at, rate in zip(times, rates, strict=True):
        paid += held("BTCUSDT", at) * price(at) * Fraction(rate)
    for day in range(1, 8):
        at = start + day * 24 * HOUR
        short = min(held("ETHUSDT", at), Fraction(0))
        paid -= short * price(at) * Fraction("0.0731") / 365
    table = result.to_dict()["charges"]
    assert sum(map(Fraction, table["cash"])) == pytest.approx(-float(paid), abs=1e-15)
    assert {int(ts) % HOUR - delay for ts in table["ts"]} <= {0, 1}
    flows = Fraction(0)
    for side, qty, at in zip(fills["side"], fills["last_qty"], fills["last_price"], strict=True):
        flows += Fraction(qty) * Fraction(at) * (-1 if side == "buy" else 1)
    assert result.equity["cash"].iloc[-1] == pytest.approx(
        float(1_000_000 + flows - paid), rel=1e-14
    )
    assert rt.verify(result, plans, data).equal


def test_on_ticks_a_fill_before_counts_though_we_hear_of_it_after() -> None:
    funding_at = to_ns("2024-01-08T08:00Z")
    rows = np.zeros(400, dtype=EVENT_DTYPE)
    rows["ts_event"] = funding_at + (np.arange(400) - 200) * 100_000
    rows["ts_recv"] = rows["ts_event"]
    rows["kind"], rows["flags"], rows["side"] = TRADE, FLAG_END, 1
    rows["price"], rows["qty"] = 500_000, 10**6
    rows["kind"][:2], rows["side"][:2], rows["price"][:2] = DEPTH, [1, -1], [499_999, 500_001]
    data = rt.MarketData(rows, None, (PERPETUAL,), name="made ticks")

    class Once(rt.Strategy):
        def __init__(self, at: int) -> None:
            super().__init__()
            self.at = at

        def on_trade(self, ctx: Any, trade: Any) -> None:
            if ctx.now >= self.at:
                self.at = 2**62
                ctx.buy("BTCUSDT", 1)

    funding = rt.Funding([funding_at], [0.01])
    early = run(Once(funding_at - 1_500_000), data, funding=funding)
    late = run(Once(funding_at - 500_000), data, funding=funding)
    assert early.fills["ts_recv"].iloc[0].value > funding_at
    assert early.charges["cash"].tolist() == [-500.0]
    assert late.charges.empty
    assert early.order_hash == run(Once(funding_at - 1_500_000), data).order_hash


def test_strategies_share_what_the_account_pays() -> None:
    data = daily([10.0] * 4)
    plans = {"a": Plan({0: -30}), "b": Plan({0: -20}), "c": Plan({0: 40})}
    result = run(plans, data, borrow=rt.Borrow(default=0.36))
    # The account is short 10: 0.1 a day, borne 3 to 2 by who is short.
    assert result.charges["strategy"].tolist() == ["a", "b"] * 2
    assert result.charges["cash"].tolist() == pytest.approx([-0.06, -0.04] * 2)
    total = sum(r.equity["equity"].iloc[-1] - 1e6 for r in result.by_strategy.values())
    assert total == pytest.approx(result.equity["equity"].iloc[-1] - 1e6)
    assert len(result.by_strategy["a"].charges) == 2


def test_the_report_names_what_was_charged(tmp_path: Any) -> None:
    data = daily([10.0] * 4)
    result = run(Plan({0: -100}), data, borrow=rt.Borrow(default=0.36))
    assert "Borrow, funding, interest" in result.report(tmp_path / "short.html").read_text()
    free = run(Plan({0: -100}), data)
    assert "Borrow, funding, interest" not in free.report(tmp_path / "free.html").read_text()


def test_a_charge_in_another_currency_is_paid_in_it() -> None:
    data = hourly([100.0] * 4)
    funding = rt.Funding(["2024-01-08T02:00Z"], [0.01])
    how = {"base_currency": "USD", "fx": {"USDT": 0.5}, "cash": {"USD": 100, "USDT": 300}}
    result = run(Plan({0: 1}), data, funding=funding, **how)
    assert result.charges["fx_rate"].tolist() == [0.5]
    assert result.cash_by_currency.iloc[-1].tolist() == [100, 300 - 100 - 1]
    assert result.equity["equity"].iloc[-1] == 100 + 0.5 * 299


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: rt.Borrow({"ABC": -1}), "annual['ABC']"),
        (lambda: rt.Borrow({"ABC": "much"}), "annual['ABC']"),
        (lambda: rt.Borrow(0.01), "annual"),  # type: ignore[arg-type]
        (lambda: rt.Borrow(locate={"ABC": -1}), "locate['ABC']"),
        (lambda: rt.Borrow(day_count=252), "day_count"),
        (lambda: rt.Borrow(collateral="0.5"), "collateral"),
        (lambda: rt.Funding([0, 1], [0.1]), "rates"),
        (lambda: rt.Funding([1, 1], [0.1, 0.1]), "times"),
        (lambda: rt.Funding([1], [2]), "rates"),
        (lambda: rt.Funding([1], [0.1], mark_prices=[0]), "mark_prices"),
        (lambda: run(Plan({}), daily([1.0]), borrow=rt.Borrow({"XYZ": 1})), "borrow"),
        (lambda: run(Plan({}), daily([1.0]), borrow=0.1), "borrow"),
        (lambda: run(Plan({}), daily([1.0]), funding={"XYZ": rt.Funding([], [])}), "funding"),
        (lambda: run(Plan({}), daily([1.0]), funding=0.1), "funding"),
        (lambda: rt.InstrumentLimit(max_short_qty=-1), "max_short_qty"),
    ],
)
def test_what_is_no_charge_is_refused(make: Any, field: str) -> None:
    with pytest.raises(ParameterError) as caught:
        make()
    assert caught.value.field == field
