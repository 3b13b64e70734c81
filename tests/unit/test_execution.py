"""Parent orders and stops from Python: what is refused, what is sent, what the tables say."""

from __future__ import annotations

from typing import Any

import pytest

import py_rt as rt
from py_rt.errors import ParameterError
from py_rt.execution import Algorithm

MINUTE = 60_000_000_000
FREE = rt.RiskLimits(max_order_notional=1e12, max_position_notional=1e12, price_collar_bps=10_000)


def bars(rows: list[tuple[float, float, float, float]], volume: float = 1_000) -> rt.MarketData:
    """Return minutes of open, high, low and close."""
    start = 1_700_000_100_000_000_000
    table = {
        "ts": [start + i * MINUTE for i in range(len(rows))],
        "open": [row[0] for row in rows],
        "high": [row[1] for row in rows],
        "low": [row[2] for row in rows],
        "close": [row[3] for row in rows],
        "volume": [volume] * len(rows),
    }
    return rt.data.load(table, symbols="ABC")


def flat(prices: list[float]) -> rt.MarketData:
    return bars([(p, p, p, p) for p in prices])


class Asks(rt.Strategy):
    """Does on bar ``n`` what ``script[n]`` says, and keeps what it is told."""

    def __init__(self, script: dict[int, Any]) -> None:
        super().__init__()
        self.script, self.bar, self.told, self.open = script, -1, [], []
        self.ids: list[str] = []

    def on_bar(self, ctx: Any, bar: Any) -> None:
        self.bar += 1
        if self.bar in self.script:
            made = self.script[self.bar](ctx, self)
            if isinstance(made, str):
                self.ids.append(made)
        self.open.append([(p.algorithm, p.stop_price) for p in ctx.parents(bar.symbol)])

    def on_parent(self, ctx: Any, parent: Any) -> None:
        self.told.append((parent.status, parent.cum_qty))


def run(script: dict[int, Any], data: rt.MarketData, **how: Any) -> tuple[Asks, rt.BacktestResult]:
    asks = Asks(script)
    result = rt.backtest(asks, data, progress=False, **{"risk": FREE, **how})
    return asks, result


WRONG: list[tuple[type[Algorithm], dict[str, Any], str]] = [
    (rt.TWAP, {}, "duration"),
    (rt.TWAP, {"duration": 0}, "duration"),
    (rt.TWAP, {"duration": "soon"}, "duration"),
    (rt.TWAP, {"duration": "1m", "slices": 0}, "slices"),
    (rt.TWAP, {"duration": "1m", "slices": 2.5}, "slices"),
    (rt.TWAP, {"duration": "1m", "min_child_qty": -1}, "min_child_qty"),
    (rt.TWAP, {"duration": "1m", "min_child_qty": float("nan")}, "min_child_qty"),
    (rt.TWAP, {"duration": "1m", "style": "fast"}, "style"),
    (rt.TWAP, {"duration": "1m", "at_end": "panic"}, "at_end"),
    (rt.TWAP, {"duration": "1m", "benchmark": "open"}, "benchmark"),
    (rt.TWAP, {"duration": "1m", "max_slippage_bps": 10_000}, "max_slippage_bps"),
    (rt.TWAP, {"duration": "1m", "start": "2024-01-02T10:00"}, "start"),
    (rt.VWAP, {"duration": "1m"}, "profile"),
    (rt.VWAP, {"duration": "1m", "profile": [0, 0]}, "profile"),
    (rt.VWAP, {"duration": "1m", "profile": [1, -1]}, "profile"),
    (rt.VWAP, {"duration": "1m", "profile": [1, float("inf")]}, "profile"),
    (rt.POV, {"participation": 0}, "participation"),
    (rt.POV, {"participation": 1.01}, "participation"),
    (rt.POV, {"participation": 0.00001}, "participation"),
    (rt.POV, {"participation": 0.1, "interval": -1}, "interval"),
    (rt.Iceberg, {}, "shown_qty"),
    (rt.ImplementationShortfall, {"duration": "1h"}, "temporary_impact"),
    (
        rt.ImplementationShortfall,
        {"duration": "1h", "temporary_impact": 1, "volatility": float("nan")},
        "volatility",
    ),
    (Algorithm, {"duration": "1m"}, "algorithm"),
]


@pytest.mark.parametrize(("kind", "given", "field"), WRONG)
def test_terms_out_of_range_are_named(
    kind: type[Algorithm], given: dict[str, Any], field: str
) -> None:
    with pytest.raises(ParameterError) as caught:
        kind(**given)
    assert caught.value.field == field
    assert caught.value.remedy


CALLS: list[tuple[Any, str]] = [
    (lambda ctx: ctx.execute("XYZ", "buy", 1, rt.TWAP(duration="1m")), "symbol"),
    (lambda ctx: ctx.execute("ABC", "up", 1, rt.TWAP(duration="1m")), "side"),
    (lambda ctx: ctx.execute("ABC", "buy", 0, rt.TWAP(duration="1m")), "qty"),
    (lambda ctx: ctx.execute("ABC", "buy", float("nan"), rt.TWAP(duration="1m")), "qty"),
    (lambda ctx: ctx.execute("ABC", "buy", 1.5, rt.TWAP(duration="1m")), "qty"),
    (lambda ctx: ctx.execute("ABC", "buy", 1, "twap"), "algorithm"),
    (lambda ctx: ctx.execute("ABC", "buy", 1, rt.TWAP(duration="1m"), -5), "limit_price"),
    (lambda ctx: ctx.execute("ABC", "buy", 1, rt.TWAP(duration="1m"), 1.001), "limit_price"),
    (lambda ctx: ctx.execute("ABC", "buy", 1, rt.TWAP(duration="1m", start=1)), "start"),
    (lambda ctx: ctx.buy("ABC", 1, stop_price=-1), "stop_price"),
    (lambda ctx: ctx.buy("ABC", 1, trail=0), "trail"),
    (lambda ctx: ctx.buy("ABC", 1, trail=float("nan")), "trail"),
    (lambda ctx: ctx.buy("ABC", 1, stop_price=5, trigger="mid"), "trigger"),
    (lambda ctx: ctx.buy("ABC", 1, stop_price=5, post_only=True), "post_only"),
    (lambda ctx: ctx.buy("ABC", 1, trigger="venue"), "stop_price"),
    (lambda ctx: ctx.sell("ABC", 1, stop_price=-1, trigger="venue"), "stop_price"),
    (lambda ctx: ctx.buy("ABC", 1, stop_price=5, trail=1, trigger="venue"), "trail"),
    (lambda ctx: ctx.buy("ABC", 1, stop_price=5, post_only=True, trigger="venue"), "post_only"),
]


@pytest.mark.parametrize(("call", "field"), CALLS)
def test_a_wrong_call_is_named(call: Any, field: str) -> None:
    with pytest.raises(ParameterError) as caught:
        run({0: lambda ctx, _: call(ctx)}, flat([100.0] * 3))
    assert caught.value.field == field


def test_an_iceberg_without_a_limit_is_refused_by_the_kernel() -> None:
    asks, result = run(
        {0: lambda ctx, _: ctx.execute("ABC", "buy", 9, rt.Iceberg(shown_qty=3))},
        flat([100.0] * 3),
    )
    assert asks.told == [("Rejected", 0.0)]
    assert result.parents[["status", "reason"]].iloc[0].tolist() == ["Rejected", "not_supported"]
    assert result.orders.empty


def test_the_table_says_what_a_parent_cost() -> None:
    prices = [100.0, 100, 100, 101, 102, 103, 104, 104]
    asks, result = run(
        {0: lambda ctx, _: ctx.execute("ABC", "buy", 40, rt.TWAP(duration="4m", slices=4))},
        flat(prices),
    )
    parent = result.parents.iloc[0]
    assert parent["client_order_id"] == asks.ids[0]
    assert (parent["algorithm"], parent["status"], parent["children"]) == ("twap", "Filled", 4)
    assert (parent["order_qty"], parent["cum_qty"], parent["arrival_price"]) == (40, 40, 100)
    fills = result.fills
    paid = (fills["last_qty"] * fills["last_price"]).sum() / fills["last_qty"].sum()
    assert parent["avg_price"] == pytest.approx(paid, abs=1e-12)
    assert parent["slippage_bps"] == pytest.approx((paid / 100 - 1) * 1e4, abs=1e-9)
    assert set(result.orders["parent_id"]) == {asks.ids[0]}
    assert asks.told[0] == ("New", 0.0)
    assert asks.told[-1] == ("Filled", 40.0)


def test_a_sale_above_arrival_has_slippage_below_zero() -> None:
    _, result = run(
        {0: lambda ctx, _: ctx.execute("ABC", "sell", 10, rt.TWAP(duration="2m", slices=1))},
        flat([100.0, 101, 101, 101]),
    )
    assert result.parents["slippage_bps"].item() == pytest.approx(-100)


def test_a_stop_is_met_by_the_range_of_a_bar_and_filled_at_the_next_open() -> None:
    data = bars([(100, 100, 100, 100), (100, 101, 99, 100), (100, 101, 94, 97), (96, 97, 95, 96)])
    asks, result = run(
        {
            0: lambda ctx, _: ctx.buy("ABC", 10) and None,
            1: lambda ctx, _: ctx.sell("ABC", 10, stop_price=95),
        },
        data,
    )
    assert asks.open[2] == [("stop", 95.0)], "its order is on the way"
    assert asks.open[3] == []
    sold = result.fills.iloc[-1]
    assert (sold["side"], sold["last_price"]) == ("sell", 96)
    assert result.parents["status"].tolist() == ["Filled"]
    assert result.orders["parent_id"].dropna().tolist() == asks.ids


@pytest.mark.parametrize(("limit", "sold_at"), [(None, [90.0]), (94.0, []), (88.0, [90.0])])
def test_a_stop_at_the_venue_is_an_order_that_rests_there(
    limit: float | None, sold_at: list[float]
) -> None:
    data = bars([(100, 100, 100, 100)] * 4 + [(90, 91, 89, 90), (90, 90, 90, 90)])
    told: list[Any] = []
    stop = {"stop_price": 95, "limit_price": limit, "trigger": "venue"}
    asks, result = run(
        {
            0: lambda ctx, _: ctx.buy("ABC", 10) and None,
            1: lambda ctx, _: ctx.sell("ABC", 10, **stop),
            2: lambda ctx, _: told.extend(ctx.orders("ABC")),
        },
        data,
    )
    [order] = told
    assert (order.order_type, order.stop_price, order.limit_price) == ("stop", 95, limit)
    assert asks.open == [[]] * 6, "no parent of the kernel"
    sold = result.fills[result.fills["side"] == "sell"]
    assert sold["last_price"].tolist() == sold_at, "at the open beyond it, or not at all"
    row = result.orders[result.orders["order_type"] == "stop"]
    assert row["stop_price"].astype(float).tolist() == [95]


def test_a_trailing_stop_follows_the_highs() -> None:
    rows = [(p, p, p, p) for p in (100.0, 100, 104, 108, 106, 103.01, 102.99, 101, 101)]
    asks, result = run(
        {
            0: lambda ctx, _: ctx.buy("ABC", 10) and None,
            1: lambda ctx, _: ctx.sell("ABC", 10, trail=5),
        },
        bars(rows),
    )
    assert [open_[0][1] for open_ in asks.open[2:6]] == [99, 103, 103, 103]
    assert result.fills["last_price"].iloc[-1] == 101
    assert result.parents["algorithm"].item() == "trailing_stop"


def test_stops_and_parents_can_be_cancelled_and_changed() -> None:
    asks, result = run(
        {
            0: lambda ctx, _: ctx.buy("ABC", 5, stop_price=120),
            1: lambda ctx, s: ctx.replace(s.ids[0], qty=7),
            2: lambda ctx, s: ctx.cancel(s.ids[0]),
            3: lambda ctx, _: ctx.execute("ABC", "buy", 50, rt.TWAP(duration="5m", slices=5)),
            5: lambda ctx, _: ctx.cancel_all(),
        },
        flat([100.0] * 10),
    )
    assert result.parents["order_qty"].tolist() == [7, 50]
    assert result.parents["status"].tolist() == ["Canceled", "Canceled"]
    assert result.parents["cum_qty"].tolist()[0] == 0
    assert 0 < result.parents["cum_qty"].tolist()[1] < 50
    assert asks.open[-1] == []


def test_each_of_several_strategies_sees_its_own() -> None:
    one = Asks({0: lambda ctx, _: ctx.buy("ABC", 5, stop_price=120)})
    two = Asks({2: lambda ctx, _: ctx.cancel_all()})
    result = rt.backtest({"one": one, "two": two}, flat([100.0] * 5), progress=False, risk=FREE)
    assert one.open[-1] == [("stop", 120.0)]
    assert two.open[-1] == []
    assert two.told == []
    assert result.parents["strategy"].tolist() == ["one"]


def test_the_same_run_sends_the_same_orders() -> None:
    data = rt.data.sample("btcusdt_l2")
    data = data.slice(data.start, data.start + 60_000_000_000)
    hashes = {run_all(data) for _ in range(2)}
    assert len(hashes) == 1


class Everything(rt.Strategy):
    """Asks for every algorithm and both stops, one after the other."""

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.turn = 0

    def on_start(self, ctx: Any) -> None:
        ctx.set_timer("turn", every="4s")

    def on_timer(self, ctx: Any, timer: Any) -> None:
        symbol = ctx.symbols[0]
        book = ctx.book(symbol)
        if not book.valid:
            return
        self.turn += 1
        qty = ctx.round_qty(symbol, 0.4)
        low = ctx.round_price(symbol, book.mid * 0.9997)
        shape = {"duration": "3s", "min_child_qty": ctx.instrument(symbol).lot_size * 10}
        match self.turn % 7:
            case 0:
                ctx.execute(symbol, "buy", qty, rt.TWAP(slices=6, **shape))
            case 1:
                ctx.execute(symbol, "sell", qty, rt.VWAP(profile=[3, 1, 2], **shape))
            case 2:
                pov = rt.POV(participation=0.3, interval="500ms", style="passive", **shape)
                ctx.execute(symbol, "buy", qty, pov)
            case 3:
                shown = ctx.round_qty(symbol, 0.05)
                ctx.execute(symbol, "sell", qty, rt.Iceberg(shown_qty=shown), limit_price=low)
            case 4:
                best = rt.ImplementationShortfall(
                    slices=6, unit="1s", volatility=5, temporary_impact=1, risk_aversion=0.1,
                    style="passive", at_end="complete", **shape,
                )  # fmt: skip
                ctx.execute(symbol, "buy", qty, best)
            case 5:
                ctx.sell(symbol, qty, stop_price=low)
            case _:
                ctx.buy(symbol, qty, trail=ctx.round_price(symbol, 20), trigger="touch")


def run_all(data: rt.MarketData) -> str:
    result = rt.backtest(Everything(), data, progress=False, risk=FREE)
    children = result.orders.groupby("parent_id")
    for row in result.parents.itertuples():
        if row.children:
            done = children.get_group(row.client_order_id)["cum_qty"].sum()
            assert done <= row.order_qty + 1e-12
            assert done == pytest.approx(row.cum_qty)
    assert result.parents["children"].sum() > 20
    assert len(set(result.parents["algorithm"])) == 7
    return result.order_hash
