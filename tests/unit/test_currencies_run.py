"""Runs in several currencies: by hand, against a ledger of fractions, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

import py_rt as rt
from py_rt._times import to_ns
from py_rt.errors import DataError, ParameterError
from py_rt.market import BAR_DTYPE

FREE = rt.RiskLimits(
    max_leverage=100,
    max_gross_notional=10**12,
    max_position_notional=10**12,
    max_order_notional=10**12,
)
MINUTE, START = 60_000_000_000, to_ns("2024-01-08T00:00Z")
EUR_USD = rt.Instrument("EUR/USD", "0.0001", "1", asset_class="fx")
USD_JPY = rt.Instrument("USD/JPY", "0.01", "1", currency="JPY", asset_class="fx")
SAP = rt.Instrument("SAP", "0.01", "1", currency="EUR")
SONY = rt.Instrument("SONY", "1", "1", currency="JPY")
ABC = rt.Instrument("ABC", "0.01", "1")


def market(prices: dict[rt.Instrument, list[float]], first: int = START) -> rt.MarketData:
    """Make minute bars that open where the one before closed; NaN for no bar."""
    rows = []
    for place, (instrument, closes) in enumerate(prices.items()):
        before = None
        for number, close in enumerate(closes):
            if np.isnan(close):
                continue
            bar = np.zeros(1, dtype=BAR_DTYPE)
            ticks = round(close / float(instrument.tick_size))
            bar["ts_open"] = first + number * MINUTE
            bar["ts_close"] = bar["ts_open"] + MINUTE
            bar["instrument"], bar["volume"] = place, 1e6
            bar["open"] = ticks if before is None else before
            bar["close"] = before = ticks
            bar["high"] = max(int(bar["open"][0]), ticks)
            bar["low"] = min(int(bar["open"][0]), ticks)
            rows.append(bar)
    bars = np.concatenate(rows)
    bars = bars[np.lexsort((bars["instrument"], bars["ts_close"]))]
    return rt.MarketData(None, bars, tuple(prices), name="made")


class Plan(rt.Strategy):
    """Orders quantities by symbol and the number of the bar of the last symbol."""

    def __init__(
        self, plan: dict[int, list[tuple[str, float]]], codes: tuple[str, ...] = ()
    ) -> None:
        super().__init__()
        self.plan, self.codes = plan, codes
        self.seen: list[dict[str, float]] = []
        self.reasons: list[str | None] = []

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if bar.symbol != ctx.symbols[-1]:
            return
        for symbol, qty in self.plan.get(len(self.seen), []):
            (ctx.buy if qty > 0 else ctx.sell)(symbol, abs(qty))
        cash = {code: ctx.cash_in(code) for code in self.codes}
        self.seen.append({"cash": ctx.cash, "equity": ctx.equity, **cash})

    def on_order(self, ctx: Any, order: Any) -> None:
        if order.reason:
            self.reasons.append(order.reason)


def run(strategy: Any, data: rt.MarketData, **how: Any) -> rt.BacktestResult:
    return rt.backtest(strategy, data, progress=False, **{"risk": FREE, **how})


def test_a_fill_moves_the_cash_of_its_own_currency_by_hand() -> None:
    prices = {EUR_USD: [1.10, 1.10, 1.20, 1.20], SAP: [100.0, 100.0, 110.0, 110.0]}
    strategy = Plan({0: [("SAP", 10)]}, ("EUR", "USD"))
    fees = rt.SimVenue(fees=rt.Fees(taker_bps=10))
    result = run(
        strategy,
        market(prices),
        venue=fees,
        cash={"USD": 10_000, "EUR": 500},
        base_currency="USD",
        fx={"EUR": "EUR/USD"},
    )
    # 10 x 100 EUR and 1 EUR of fees are paid out of 500 EUR; dollars stay.
    cash = result.cash_by_currency
    assert list(cash.columns) == ["USD", "EUR"]
    assert cash.iloc[0].tolist() == [10_000, 500]
    assert cash.iloc[-1].tolist() == [10_000, -501]
    # 10 shares at 110 EUR less 501 EUR, at 1.20.
    assert result.equity["equity"].iloc[-1] == pytest.approx(10_000 + (1100 - 501) * 1.20)
    assert result.cash == pytest.approx(10_000 + 500 * 1.10)
    assert result.base_currency == "USD"
    assert result.stats.fees == pytest.approx(1.0 * 1.10)
    fill = result.fills.iloc[0]
    assert (fill["fee"], fill["fx_rate"]) == (1.0, 1.1)
    assert strategy.seen[-1] == {
        "cash": pytest.approx(10_000 - 501 * 1.2),
        "equity": pytest.approx(10_000 + 599 * 1.2),
        "EUR": -501,
        "USD": 10_000,
    }


def test_an_inverse_market_and_a_profit_at_the_rate_of_its_exit() -> None:
    prices = {USD_JPY: [150.0, 150.0, 160.0, 160.0], SONY: [3000.0, 3000.0, 3300.0, 3300.0]}
    result = run(
        Plan({0: [("SONY", 100)], 2: [("SONY", -100)]}),
        market(prices),
        cash={"USD": 10_000},
        fx={"JPY": "USD/JPY"},
        base_currency="USD",
    )
    gained = 100 * (3300 - 3000) / 160
    assert result.cash_by_currency["JPY"].iloc[-1] == 30_000
    assert result.equity["equity"].iloc[-1] == pytest.approx(10_000 + gained)
    assert result.round_trips["pnl"].tolist() == [pytest.approx(gained)]
    assert result.fills["fx_rate"].tolist() == [1 / 150, 1 / 160]


def test_no_order_leaves_before_a_rate_is_known() -> None:
    nan = float("nan")
    prices = {EUR_USD: [nan, nan, 1.1, 1.1, 1.1], SAP: [100.0] * 5}
    strategy = Plan({0: [("SAP", 1)], 1: [("SAP", 1)], 3: [("SAP", 1)]})
    result = run(strategy, market(prices), base_currency="USD", fx={"EUR": "EUR/USD"})
    assert result.denied == 2
    assert all("exchange_rate" in str(reason) for reason in strategy.reasons)
    assert len(result.fills) == 1
    # Euros at the start have no worth before: the curve begins when they have.
    later = run(
        Plan({}), market(prices), cash={"USD": 5, "EUR": 10}, base_currency="USD",
        fx={"EUR": "EUR/USD"},
    )  # fmt: skip
    assert later.equity["equity"].tolist()[0] == pytest.approx(16.0)
    assert later.equity.index[0] > pd.Timestamp(START + 3 * MINUTE, tz="UTC")


@pytest.mark.parametrize("seed", range(6))
def test_random_runs_equal_a_ledger_of_fractions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bars = 60

    def walk(start: float, step: float) -> list[float]:
        moves = rng.integers(-5, 6, bars)
        return [round(start + step * float(moved), 4) for moved in np.cumsum(moves)]

    prices = {
        ABC: walk(50, 0.01), EUR_USD: walk(1.1, 0.0001), SAP: walk(100, 0.01),
        USD_JPY: walk(150, 0.01), SONY: walk(3000, 1),
    }  # fmt: skip
    plan: dict[int, list[tuple[str, float]]] = {}
    for _ in range(40):
        symbol = ["ABC", "SAP", "SONY"][rng.integers(3)]
        qty = float(rng.integers(1, 50) * rng.choice([-1, 1]))
        plan.setdefault(int(rng.integers(bars - 2)), []).append((symbol, qty))
    fixed = {"EUR": 1.0873, "JPY": "0.0066"}
    read = {"EUR": "EUR/USD", "JPY": "USD/JPY"}
    data = market(prices)
    result = run(
        Plan(plan),
        data,
        venue=rt.SimVenue(fees=rt.Fees(taker_bps=3)),
        cash={"USD": 100_000, "EUR": 20_000, "JPY": 0},
        base_currency="USD",
        fx=read if seed % 2 else fixed,
    )
    assert len(result.fills) > 30

    rows = result.to_dict()["fills"]
    codes = {"ABC": "USD", "SAP": "EUR", "SONY": "JPY"}
    cash = {"USD": Fraction(100_000), "EUR": Fraction(20_000), "JPY": Fraction(0)}
    held = dict.fromkeys(codes, Fraction(0))
    for symbol, side, qty, price, fee in zip(
        rows["symbol"], rows["side"], rows["last_qty"], rows["last_price"], rows["fee"], strict=True
    ):
        signed = Fraction(qty) * (1 if side == "buy" else -1)
        held[symbol] += signed
        cash[codes[symbol]] -= signed * Fraction(price) + Fraction(fee)
    last = {i.symbol: Fraction(str(round(p[-1], 4))) for i, p in prices.items()}
    rate = {"USD": Fraction(1), "EUR": Fraction("1.0873"), "JPY": Fraction("0.0066")}
    if seed % 2:
        rate |= {"EUR": last["EUR/USD"], "JPY": 1 / last["USD/JPY"]}
    worth = sum((cash[code] * rate[code] for code in cash), Fraction(0))
    worth += sum(held[s] * last[s] * rate[codes[s]] for s in codes)
    assert result.cash_by_currency.iloc[-1].to_dict() == pytest.approx(
        {code: float(amount) for code, amount in cash.items()}, rel=1e-14, abs=1e-9
    )
    assert result.equity["equity"].iloc[-1] == pytest.approx(float(worth), rel=1e-14)
    again = rt.verify(result, Plan(plan), data)
    assert again.equal, again


def test_rates_of_a_table_hold_from_their_time_on() -> None:
    prices = {SAP: [100.0] * 6}
    times = [START - MINUTE, START, START + 2 * MINUTE + 1, START + 4 * MINUTE + 1]
    rates = pd.Series([9.0, 1.0, 1.25, 1.5], index=pd.to_datetime(times, utc=True))
    strategy = Plan({0: [("SAP", 1)]})
    how = {"cash": {"USD": 0, "EUR": 1000}, "base_currency": "USD", "fx": {"EUR": rates}}
    result = run(strategy, market(prices), **how)
    assert [row["equity"] for row in strategy.seen] == [1000, 1250, 1250, 1500, 1500, 1500]
    pair = run(
        Plan({0: [("SAP", 1)]}),
        market(prices),
        **{**how, "fx": {"EUR": (times, [9.0, 1.0, 1.25, 1.5])}},
    )
    assert pair.order_hash == result.order_hash
    assert pair.receipt["config"]["sha256"] == result.receipt["config"]["sha256"]


def test_limits_are_in_the_base_currency() -> None:
    prices = {USD_JPY: [150.0] * 4, SONY: [3000.0] * 4}
    how = {"base_currency": "USD", "fx": {"JPY": "USD/JPY"}, "cash": 100_000}
    limits = rt.RiskLimits(max_order_notional=2000)
    strategy = Plan({1: [("SONY", 100), ("SONY", 101)]})
    result = run(strategy, market(prices), risk=limits, **how)
    assert result.denied == 1
    assert "max_order_notional: limit 2000, value 2020" in str(strategy.reasons)
    limits = rt.RiskLimits(instruments={"SONY": rt.InstrumentLimit(max_position_notional=2000)})
    assert run(Plan({1: [("SONY", 101)]}), market(prices), risk=limits, **how).denied == 1


def test_a_fall_of_a_currency_trips_the_breaker() -> None:
    prices = {EUR_USD: [1.2, 1.2, 0.9, 0.9, 0.9], ABC: [10.0] * 5}
    result = run(
        Plan({3: [("ABC", 1)]}),
        market(prices),
        cash={"USD": 0, "EUR": 1000},
        base_currency="USD",
        fx={"EUR": "EUR/USD"},
        risk=rt.RiskLimits(max_drawdown=0.2),
    )
    assert result.denied == 1
    assert "trading_state" in result.orders["reason"].iloc[0]


def test_strategies_that_share_an_account_add_up() -> None:
    prices = {EUR_USD: [1.1, 1.1, 1.2, 1.3], SAP: [100.0, 100.0, 120.0, 90.0], ABC: [10.0] * 4}
    result = run(
        {"one": Plan({0: [("SAP", 10)]}), "two": Plan({0: [("SAP", -4)], 1: [("ABC", 5)]})},
        market(prices),
        cash={"USD": 5000, "EUR": 1000},
        base_currency="USD",
        fx={"EUR": "EUR/USD"},
    )
    flat = 5000 + 1000 * 1.3
    own = [r.equity["equity"].iloc[-1] - flat for r in result.by_strategy.values()]
    assert sum(own) == pytest.approx(result.equity["equity"].iloc[-1] - flat)
    assert own[0] == pytest.approx(10 * (90 - 100) * 1.3)


def test_one_currency_is_the_run_that_it_was() -> None:
    data = rt.data.sample("us_minute")
    plain = rt.backtest(rt.strategies.SmaCross(order_qty=10), data, progress=False)
    named = rt.backtest(
        rt.strategies.SmaCross(order_qty=10),
        data,
        progress=False,
        cash={"USD": 1_000_000},
        base_currency="USD",
    )
    assert named.order_hash == plain.order_hash
    assert named.receipt["config"] == plain.receipt["config"]
    assert named.cash_by_currency["USD"].tolist() == plain.equity["cash"].tolist()
    assert "fx_rate" not in plain.fills.columns


@pytest.mark.parametrize(
    ("how", "field"),
    [
        ({}, "base_currency"),
        ({"base_currency": "USD"}, "fx"),
        ({"base_currency": ""}, "base_currency"),
        ({"base_currency": "USD", "fx": {"EUR": "EURUSD"}}, "fx['EUR']"),
        ({"base_currency": "USD", "fx": {"EUR": 0}}, "fx['EUR']"),
        ({"base_currency": "USD", "fx": {"EUR": 1, "USD": 1}}, "fx"),
        ({"base_currency": "USD", "fx": {"EUR": ([0, 0], [1, 1])}}, "fx['EUR']"),
        ({"base_currency": "USD", "fx": {"EUR": ([0], [1, 1])}}, "fx['EUR']"),
        ({"base_currency": "USD", "fx": "EUR/USD"}, "fx"),
        ({"base_currency": "USD", "fx": {"EUR": "SAP"}}, "fx['EUR']"),
        ({"base_currency": "USD", "fx": {"EUR": 1}, "cash": {"GBP": 1}}, "fx"),
        ({"base_currency": "USD", "fx": {"EUR": 1}, "cash": {"EUR": -1}}, "cash['EUR']"),
        ({"cash": {}}, "cash"),
        ({"base_currency": "USD", "fx": {"EUR": "EUR/USD"}, "benchmark": "SAP"}, "benchmark"),
    ],
)
def test_what_names_no_rate_is_refused(how: dict[str, Any], field: str) -> None:
    prices = {EUR_USD: [1.1, 1.1], SAP: [100.0, 100.0]}
    with pytest.raises(ParameterError) as caught:
        run(Plan({}), market(prices), **how)
    assert caught.value.field == field


def test_a_price_the_wrong_way_round_is_refused() -> None:
    wrong = rt.Instrument("USDJPY", "0.01", "1", asset_class="fx")
    with pytest.raises(ParameterError, match="its name says JPY"):
        run(
            Plan({}), market({wrong: [150.0, 150.0], SONY: [1.0, 1.0]}), base_currency="USD",
            fx={"JPY": "USDJPY"},
        )  # fmt: skip


def test_rates_after_the_end_are_no_rates() -> None:
    late = ([START + 100 * MINUTE], [1.1])
    with pytest.raises(DataError, match="no rate was known"):
        run(
            Plan({}), market({SAP: [1.0, 1.0]}), cash={"EUR": 1}, base_currency="USD",
            fx={"EUR": late},
        )  # fmt: skip


def test_unknown_currencies_are_none_of_the_account() -> None:
    class Asks(rt.Strategy):
        def on_bar(self, ctx: Any, bar: Any) -> None:
            assert ctx.cash_in("USD") == ctx.cash
            ctx.cash_in("CHF")

    with pytest.raises(ParameterError, match="none of the account"):
        run(Asks(), market({ABC: [1.0, 1.0]}))
