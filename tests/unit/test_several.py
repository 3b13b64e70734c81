"""Several strategies on one account, against single runs and a ledger of fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import py_rt as rt
from py_rt.errors import ParameterError
from py_rt.market import BAR_DTYPE, Instrument, MarketData

DAY = 86_400_000_000_000
START = 19_724 * DAY
FREE = rt.RiskLimits(max_leverage=100, max_gross_notional=10**12, max_position_notional=10**12)


def walk(symbols: tuple[str, ...] = ("AAA", "BBB"), n: int = 400, seed: int = 3) -> MarketData:
    """Make daily bars of seeded random walks."""
    rng = np.random.default_rng(seed)
    parts = []
    for place in range(len(symbols)):
        close = np.rint(10_000 * np.exp(np.cumsum(rng.normal(0, 0.02, n)))).astype(np.int64)
        bars = np.zeros(n, dtype=BAR_DTYPE)
        bars["ts_open"] = START + np.arange(n) * DAY
        bars["ts_close"] = bars["ts_open"] + DAY
        bars["instrument"] = place
        bars["close"] = close
        bars["open"] = np.append(10_000, close[:-1]) + rng.integers(-20, 21, n)
        bars["high"] = np.maximum(bars["open"], close) + 5
        bars["low"] = np.minimum(bars["open"], close) - 5
        bars["volume"] = 1_000.0
        parts.append(bars)
    rows = np.concatenate(parts)
    rows = rows[np.argsort(rows["ts_close"], kind="stable")]
    return MarketData(None, rows, tuple(Instrument(s) for s in symbols), name="walk")


class Dice(rt.Strategy):
    """Orders at random, of a kind that its seed says, and keeps what it is told."""

    seed: int = 1

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.rng = np.random.default_rng(self.seed)
        self.told: list[tuple[str, str]] = []
        self.filled: list[str] = []
        self.rung = 0
        self.foreign = 0

    def on_start(self, ctx: Any) -> None:
        ctx.set_timer("beat", every="1d")

    def on_bar(self, ctx: Any, bar: Any) -> None:
        dice = self.rng.integers(0, 6)
        qty = float(self.rng.integers(1, 50))
        if dice == 0:
            ctx.buy(bar.symbol, qty, tag=str(self.seed))
        elif dice == 1:
            ctx.sell(bar.symbol, qty, tag=str(self.seed))
        elif dice == 2:
            price = ctx.round_price(bar.symbol, bar.close * 0.99)
            ctx.buy(bar.symbol, qty, limit_price=price, tif="GTC", tag=str(self.seed))
        elif dice == 3:
            ctx.cancel_all(bar.symbol)
        elif dice == 4:
            ctx.target(bar.symbol, float(self.rng.integers(-40, 41)))
        for order in ctx.orders():
            self.foreign += order.tag not in (str(self.seed), None)

    def on_order(self, ctx: Any, order: Any) -> None:
        self.told.append((order.client_order_id, order.status))

    def on_fill(self, ctx: Any, fill: Any) -> None:
        self.filled.append(fill.exec_id)
        assert ctx.position(fill.symbol).qty == pytest.approx(fill.position_qty)

    def on_timer(self, ctx: Any, timer: Any) -> None:
        self.rung += 1


class Keen(rt.Strategy):
    """Buys at every bar and remembers why it was not let."""

    qty: float = 10

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.reasons: list[str] = []
        self.tradable: list[bool] = []

    def on_bar(self, ctx: Any, bar: Any) -> None:
        self.tradable.append(ctx.tradable)
        ctx.buy(bar.symbol, self.qty)

    def on_order(self, ctx: Any, order: Any) -> None:
        if order.reason:
            self.reasons.append(order.reason)


def run(strategies: Any, data: MarketData, **how: Any) -> rt.BacktestResult:
    how.setdefault("risk", FREE)
    if not isinstance(strategies, rt.Strategy):
        names = strategies if isinstance(strategies, dict) else [s.name for s in strategies]
        how.setdefault("limits", dict.fromkeys(names, FREE))
    return rt.backtest(strategies, data, progress=False, **how)


def figures(result: rt.BacktestResult) -> Any:
    fills = result.fills.drop(columns=["client_order_id", "exec_id", "strategy"])
    return fills.reset_index(drop=True)


def test_each_does_what_it_does_alone() -> None:
    data = walk()
    team = {"one": Dice(seed=1), "two": Dice(seed=2), "three": Dice(seed=3)}
    result = run(team, data)
    assert list(result.by_strategy) == ["one", "two", "three"]
    for name, strategy in team.items():
        alone = run(Dice(seed=strategy.seed), data)
        own = result.by_strategy[name]
        assert len(alone.fills) > 100
        assert figures(own).equals(figures(alone))
        assert np.array_equal(own.equity.to_numpy(), alone.equity.to_numpy())
        assert own.stats.to_dict() == alone.stats.to_dict()
        assert own.positions.drop(columns="strategy").equals(
            alone.positions.drop(columns="strategy")
        )
    assert result.order_hash == run(team, data).order_hash


def test_a_ledger_of_fractions_agrees() -> None:
    data = walk(seed=11)
    venue = rt.SimVenue(fees=rt.Fees(taker_bps="2.5", maker_bps="-1"))
    result = run({"a": Dice(seed=5), "b": Dice(seed=8)}, data, venue=venue)
    raw = result.to_dict()["fills"]
    last = {i.symbol: Fraction(str(i.tick_size)) * int(data.bars()["close"][k - 2])
            for k, i in enumerate(data.instruments)}  # fmt: skip
    cash: dict[str, Fraction] = {}
    held: dict[tuple[str, str], Fraction] = {}
    for name, symbol, side, qty, price, fee in zip(
        *(raw[k] for k in ("strategy", "symbol", "side", "last_qty", "last_price", "fee")),
        strict=True,
    ):
        signed = Fraction(qty) * (1 if side == "buy" else -1)
        cash[name] = cash.get(name, Fraction(0)) - signed * Fraction(price) - Fraction(fee)
        held[name, symbol] = held.get((name, symbol), Fraction(0)) + signed
    total = Fraction(0)
    for name, own in result.by_strategy.items():
        value = sum(qty * last[symbol] for (who, symbol), qty in held.items() if who == name)
        profit = cash[name] + value
        total += profit
        assert own.equity["equity"].iloc[-1] == pytest.approx(float(1_000_000 + profit), abs=1e-6)
        table = own.positions.set_index("symbol")["qty"]
        assert {s: Fraction(q) for s, q in table.items()} == {
            s: held.get((name, s), Fraction(0)) for s in data.symbols
        }
    assert result.equity["equity"].iloc[-1] == pytest.approx(float(1_000_000 + total), abs=1e-6)


def test_nobody_hears_of_the_orders_of_another() -> None:
    one, two = Dice(seed=1), Dice(seed=2)
    result = run({"one": one, "two": two}, walk())
    for name, strategy in (("one", one), ("two", two)):
        own = result.by_strategy[name]
        heard = own.orders["client_order_id"].isin({order for order, _ in strategy.told})
        assert heard.sum() == len({order for order, _ in strategy.told})
        # What a target sends when orders expire at the end of the data, nobody is told of.
        over = own.orders.loc[own.orders["status"] == "Expired", "ts_updated"].max()
        assert (own.orders.loc[~heard, "ts_created"] >= over).all()
        assert strategy.filled == own.fills["exec_id"].tolist()
        assert strategy.foreign == 0
        assert strategy.rung > 300
    assert set(result.orders["strategy"]) == {"one", "two"}


class Meddler(rt.Strategy):
    """Cancels and replaces whatever order number it can think of."""

    def on_bar(self, ctx: Any, bar: Any) -> None:
        for number in range(1, 40):
            ctx.cancel(f"rt-backtest-{number}")
        ctx.cancel_all()


def test_nobody_touches_the_orders_of_another() -> None:
    data = walk(n=100)
    alone = run(Dice(seed=4), data)
    result = run({"dice": Dice(seed=4), "meddler": Meddler()}, data)
    assert figures(result.by_strategy["dice"]).equals(figures(alone))


def test_limits_of_its_own_stop_one_and_not_the_other() -> None:
    data = walk(("AAA",), n=60)
    tight, loose = Keen(qty=10), Keen(qty=10)
    limits = {"tight": rt.RiskLimits(max_position_notional=2_500), "loose": FREE}
    result = run({"tight": tight, "loose": loose}, data, limits=limits)
    assert all(r.startswith("max_position_notional: own limit 2500") for r in tight.reasons)
    assert tight.reasons
    assert not loose.reasons
    own = result.by_strategy
    assert own["tight"].positions["qty"].item() < 40 < own["loose"].positions["qty"].item()
    assert own["tight"].denied == len(tight.reasons) == result.denied


def test_the_limits_of_the_account_count_all() -> None:
    data = walk(("AAA",), n=60)
    one, two = Keen(qty=10), Keen(qty=10)
    risk = rt.RiskLimits(max_position_notional=5_000, max_gross_notional=10**9)
    result = run({"one": one, "two": two}, data, risk=risk)
    assert one.reasons
    assert two.reasons
    assert all(r.startswith("max_position_notional: limit 5000") for r in one.reasons)
    assert result.positions["qty"].sum() * 100 < 6_000


def test_one_that_loses_too_much_stops_alone() -> None:
    data = walk(("AAA",), n=300, seed=5)
    fallen, well = Keen(qty=100), Keen(qty=1)
    limits = {"fallen": rt.RiskLimits(max_drawdown=0.01, max_leverage=100), "well": FREE}
    result = run({"fallen": fallen, "well": well}, data, limits=limits)
    assert fallen.tradable[0]
    assert not fallen.tradable[-1]
    assert all(well.tradable)
    assert any(r.startswith("trading_state: own limit") for r in fallen.reasons)
    assert not well.reasons
    assert len(result.by_strategy["well"].fills) == 299


def test_cash_and_equity_are_those_of_the_account() -> None:
    class Looks(rt.Strategy):
        def on_bar(self, ctx: Any, bar: Any) -> None:
            self.cash, self.equity = ctx.cash, ctx.equity

    looks = Looks()
    result = run({"keen": Keen(), "looks": looks}, walk(("AAA",), n=30))
    assert looks.cash < 1_000_000
    assert looks.equity == pytest.approx(result.equity["equity"].iloc[-1], abs=50)


def test_compiled_and_python_ones_mix() -> None:
    data = walk()
    cross = rt.StrategyFactory.create("sma_cross", symbol="AAA", fast=5, slow=20, order_qty=7)
    twin = rt.strategies.SmaCross(symbol="AAA", fast=5, slow=20, order_qty=7)
    result = run({"compiled": cross, "dice": Dice(seed=9), "python": twin}, data)
    own = result.by_strategy
    assert len(own["compiled"].fills) > 10
    assert figures(own["compiled"]).equals(figures(own["python"]))
    assert figures(own["dice"]).equals(figures(run(Dice(seed=9), data)))


def test_a_failure_of_one_ends_the_run() -> None:
    class Breaks(rt.Strategy):
        def on_bar(self, ctx: Any, bar: Any) -> None:
            raise ZeroDivisionError("planted")

    with pytest.raises(ZeroDivisionError, match="planted"):
        run({"dice": Dice(), "breaks": Breaks()}, walk(n=30))


def test_the_receipt_names_all_and_verifies() -> None:
    data = rt.data.sample("us_daily").slice(end="1995-01-01T00:00:00Z")
    make = rt.StrategyFactory.create
    team = {
        "quick": make("sma_cross", symbol="AAPL", fast=5, slow=20),
        "slow": make("sma_cross", symbol="KO", fast=20, slow=90),
    }
    result = run(team, data, limits={"quick": rt.RiskLimits(max_open_orders=3)}, warmup=100)
    several = result.receipt["strategy"]["several"]
    assert [one["as"] for one in several] == ["quick", "slow"]
    assert rt.verify(result.receipt, data=data).equal
    changed = dict(result.receipt)
    changed["config"] = {**changed["config"], "limits": {}}
    assert not rt.verify(changed, data=data).equal


@pytest.mark.parametrize(
    ("given", "how", "field"),
    [
        ([], {}, "strategy"),
        ({}, {}, "strategy"),
        ([Dice(), Dice()], {}, "strategy"),
        ([Dice, Keen], {}, "strategy"),
        ({"": Dice()}, {}, "strategy"),
        ({1: Dice()}, {}, "strategy"),
        ("dice", {}, "strategy"),
        ({"a": Dice()}, {"limits": {"b": FREE}}, "limits"),
        ({"a": Dice()}, {"limits": {"a": 5}}, "limits['a']"),
        (Dice(), {"limits": {"Dice": FREE}}, "limits"),
    ],
)
def test_bad_line_ups_are_refused(given: Any, how: dict[str, Any], field: str) -> None:
    with pytest.raises(ParameterError) as caught:
        rt.backtest(given, walk(n=5), progress=False, **how)
    assert caught.value.field == field


def test_a_list_goes_by_class_names_and_one_alone_is_itself() -> None:
    data = walk(n=50)
    result = run([Dice(seed=1), Keen()], data)
    assert result.strategy == "Dice + Keen"
    assert result.params == {"Dice.seed": 1, "Keen.qty": 10.0}
    alone = run(Dice(seed=1), data)
    assert alone.by_strategy == {"Dice": alone}
    assert set(alone.orders["strategy"]) == {"Dice"}
