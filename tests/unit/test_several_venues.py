"""Several venues in one run: names, times, the consolidated book, routing, arbitrages."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import py_rt as rt
from py_rt.backtest.venues import venues_of
from py_rt.errors import DataError, ParameterError
from py_rt.market import EVENT_DTYPE, Instrument, MarketData

SECOND = 10**9
MS = 10**6
START = 10**18
WIDE = rt.RiskLimits(
    max_order_notional=10**12,
    max_position_notional=10**12,
    max_gross_notional=10**12,
    price_collar_bps=10_000,
    max_leverage=100,
    max_orders_per_second=1000,
)
CALM = rt.SimVenue(latency_feed=0, latency_order=0, latency_report=0)


def book(
    asks: list[tuple[int, int, int]], symbol: str = "ABC", every: int = 100 * MS, **fields: Any
) -> MarketData:
    """Return a book told every so often: (from which message on, best ask [ticks], quantity)."""
    count = 100
    ask, qty = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    for begin, price, shown in asks:
        ask[begin:], qty[begin:] = price, shown
    rows = np.zeros(4 * count, dtype=EVENT_DTYPE)
    rows["ts_event"] = rows["ts_recv"] = START + np.repeat(np.arange(count), 4) * every
    rows["kind"] = np.tile([2, 0, 0, 0], count)
    rows["side"] = np.tile([0, 1, -1, -1], count)
    rows["price"] = np.stack([0 * ask, ask - 2, ask, ask + 50], axis=1).ravel()
    rows["qty"] = np.stack([0 * qty, qty, qty, 1_000 + 0 * qty], axis=1).ravel()
    rows["flags"] = np.tile([0, 0, 0, 1], count)
    made = Instrument(symbol, sessions=False, **fields)
    return MarketData(rows, None, [made], "made")


class Looks(rt.Strategy):
    """Notes what the books look like, and routes what it is told to, after a second."""

    qty: float = 0.0
    side: str = "buy"
    limit: float = 0.0

    def on_start(self, ctx: Any) -> None:
        self.looks: list[Any] = []
        self.told: list[tuple[str, str, int]] = []
        ctx.set_timer("look", at=START + SECOND)

    def on_timer(self, ctx: Any, timer: Any) -> None:
        seen = ctx.consolidated("ABC", max_age="500ms")
        self.looks.append((seen.symbols, seen.levels("sell", 2), seen.best_bid, seen.bid_symbol))
        if self.qty:
            limit = self.limit or None
            ctx.execute("ABC", self.side, self.qty, rt.SmartRoute(), limit_price=limit)

    def on_parent(self, ctx: Any, parent: Any) -> None:
        self.told.append((parent.symbol, parent.status, parent.children))


def run(strategy: rt.Strategy, data: Any, venue: Any = CALM, **other: Any) -> rt.BacktestResult:
    return rt.backtest(
        strategy, data, venue=venue, cash=10**8, progress=False, **{"risk": WIDE, **other}
    )


def test_a_symbol_is_named_with_its_venue_and_rows_come_as_they_are_seen() -> None:
    slow = rt.SimVenue(latency_feed="130ms")
    data = {"x": book([(0, 100, 5)]), "y": book([(0, 101, 5)], symbol="A-B/C")}
    venues = venues_of(data, {"x": CALM, "y": slow}, 0)
    assert venues.market.symbols == ("ABC@x", "A-B/C@y")
    assert venues.products() == ["ABC", "ABC"]
    assert [i.venue for i in venues.market.instruments] == ["x", "y"]
    rows = venues.market.events()
    late = rows["ts_recv"] - rows["ts_event"]
    assert set(late[rows["instrument"] == 0].tolist()) == {0}
    assert set(late[rows["instrument"] == 1].tolist()) == {130 * MS}
    assert (np.diff(rows["ts_recv"]) >= 0).all()
    assert venues.happens is not None
    assert (np.diff(venues.happens["ts_event"]) >= 0).all()
    # Of rows seen at one time the first venue's come first; both orders are then the same.
    equal = venues_of({"x": data["x"], "y": data["y"]}, CALM, 0)
    assert equal.happens is None
    assert equal.market.events()["instrument"][:8].tolist() == [0] * 4 + [1] * 4


def test_one_venue_with_a_name_sends_the_orders_of_one_without() -> None:
    data = rt.data.sample("btcusdt_l2").slice(None, "2024-08-08T23:57Z")
    maker = rt.StrategyFactory.create("market_maker", language="python")
    plain = run(maker, data, rt.SimVenue())
    named = run(maker, {"binance": data}, rt.SimVenue())
    assert plain.order_hash == named.order_hash
    assert len(plain.fills) == len(named.fills) > 0
    assert set(named.fills["symbol"]) == {"BTCUSDT@binance"}


def test_the_consolidated_book_is_after_fees_and_without_what_is_stale() -> None:
    dear = rt.SimVenue(latency_feed=0, fees=rt.Fees(taker_bps=200))
    data = {"x": book([(0, 10_000, 5)]), "y": book([(0, 10_050, 7)])}
    looks = Looks()
    run(looks, data, {"x": dear, "y": CALM})
    symbols, asks, best_bid, where = looks.looks[0]
    assert symbols == ["ABC@x", "ABC@y"]
    assert asks == [(100.5, 7.0, "ABC@y", 100.5), (101.0, 1000.0, "ABC@y", 101.0)]
    assert (best_bid, where) == (100.48, "ABC@y")
    looks = Looks()
    run(looks, {"x": data["x"], "y": book([(0, 10_050, 7)], every=2 * SECOND)}, CALM)
    assert looks.looks[0][0] == ["ABC@x"]


def test_a_parent_is_split_and_what_our_limits_refuse_goes_elsewhere() -> None:
    data = {"x": book([(0, 10_000, 5)]), "y": book([(0, 10_010, 50)])}
    looks = Looks(qty=20.0)
    result = run(looks, data)
    orders = result.orders.sort_values("ts_created")
    assert orders["symbol"].tolist() == ["ABC@x", "ABC@y"]
    assert orders["order_qty"].tolist() == [5.0, 15.0]
    parents = result.parents
    assert parents["symbol"].tolist() == ["ABC"]
    assert parents["algorithm"].tolist() == ["smart_route"]
    assert parents["status"].tolist() == ["Filled"]
    assert looks.told[-1] == ("ABC", "Filled", 2)
    held = result.positions.set_index("symbol")["qty"]
    assert held["ABC@x"] == 5.0
    assert held["ABC@y"] == 15.0
    blocked = rt.RiskLimits(
        max_order_notional=10**12,
        max_position_notional=10**12,
        max_gross_notional=10**12,
        price_collar_bps=10_000,
        max_leverage=100,
        instruments={"ABC@x": rt.InstrumentLimit(max_order_qty=1)},
    )
    result = run(Looks(qty=20.0), data, risk=blocked)
    filled = result.orders[result.orders["cum_qty"] > 0].groupby("symbol")["cum_qty"].sum()
    assert filled.get("ABC@y", 0.0) >= 15.0
    assert result.parents["status"].tolist() == ["Filled"]


def test_latency_decides_what_an_order_meets_at_each_venue() -> None:
    # The price at y rises at 1.05 s; our order takes 100 ms to get there, and 0 to x.
    data = {"x": book([(0, 10_000, 5)]), "y": book([(0, 9_990, 50)], every=50 * MS)}
    late = rt.SimVenue(latency_feed=0, latency_order="100ms")
    rising = book([(0, 9_990, 50), (21, 10_020, 50)], every=50 * MS)
    result = run(Looks(qty=20.0, limit=100.0), {**data, "y": rising}, {"x": CALM, "y": late})
    first = result.orders.sort_values("ts_created").iloc[0]
    assert (first["symbol"], first["order_qty"], first["cum_qty"]) == ("ABC@y", 20.0, 0.0)
    result = run(Looks(qty=20.0, limit=100.0), {**data, "y": rising})
    assert result.parents["avg_price"].tolist() == [99.9]


def test_a_receipt_of_several_venues_can_be_run_again(tmp_path: Path) -> None:
    data = {"x": book([(0, 10_000, 5)]), "y": book([(0, 10_010, 50)])}
    paths = {name: str(tmp_path / f"{name}.rows") for name in data}
    for name, path in paths.items():
        data[name].save(path)
    venue = {"x": CALM, "y": rt.SimVenue(fees=rt.Fees(taker_bps=3))}
    result = run(Looks(qty=20.0), paths, venue)
    receipt = json.loads(json.dumps(result.receipt))
    assert receipt["data"]["source"] == paths
    assert receipt["config"]["venue"]["y"]["fees"]["taker_bps"] == "3"
    again = rt.verify(receipt, strategy=Looks(qty=20.0))
    assert again.order_hash == again.expected_hash
    assert not set(again.differences) & {"data", "config"}
    assert result.assumptions["venue"].keys() == {"x", "y"}


@pytest.mark.parametrize(
    ("data", "venue", "field"),
    [
        ({"x": "sample:us_daily"}, {"z": CALM}, "venue"),
        ({"x@1": "sample:us_daily"}, None, "data"),
        ("sample:us_daily", {"x": CALM}, "data"),
        ({"x": "sample:us_daily"}, {"x": 5}, "venue['x']"),
        (
            {"x": "sample:us_daily", "y": "sample:us_daily"},
            {"y": rt.SimVenue("3ms")},
            "latency_feed",
        ),
        (
            {"x": book([(0, 9, 5)], lot_size="2"), "y": book([(0, 9, 5)], lot_size="3")},
            None,
            "data",
        ),
        ({"x": book([(0, 9, 5)]), "y": book([(0, 9, 5)], currency="EUR")}, None, "base_currency"),
    ],
)
def test_what_cannot_be_joined_is_refused(data: Any, venue: Any, field: str) -> None:
    with pytest.raises((ParameterError, DataError)) as caught:
        run(Looks(), data, venue)
    assert caught.value.field == field
    assert caught.value.remedy


def test_a_product_is_paid_in_one_currency() -> None:
    data = {"x": book([(0, 9, 5)]), "y": book([(0, 9, 5)], currency="EUR")}
    with pytest.raises(ParameterError, match="another currency") as caught:
        run(Looks(), data, None, base_currency="USD", fx={"EUR": 1.1})
    assert caught.value.field == "data"


def test_actions_and_unknown_products_are_refused() -> None:
    data = {"x": book([(0, 10_000, 5)]), "y": book([(0, 10_010, 50)])}
    split = rt.data.CorporateAction("split", "ABC", START, ratio=2.0)
    with pytest.raises(ParameterError, match="one venue"):
        run(Looks(), data, actions=[split])

    class Wrong(rt.Strategy):
        def on_start(self, ctx: Any) -> None:
            ctx.execute("ABC@x", "buy", 1, rt.SmartRoute())

    with pytest.raises(ParameterError, match="no product"):
        run(Wrong(), data)
    with pytest.raises(ParameterError, match="not routed"):
        rt.SmartRoute(style="passive")


def test_a_cross_venue_arbitrage_takes_the_gap_and_holds_nothing_on_balance() -> None:
    # From some moment on, the second venue asks less than the first bids.
    data = {
        "x": book([(0, 10_000, 5)]),
        "y": book([(0, 10_000, 5), (20, 9_950, 5)]),
    }
    fees = rt.SimVenue(latency_feed=0, fees=rt.Fees(taker_bps=5), impact="removes")
    pair = rt.StrategyFactory.create("cross_venue_arbitrage", qty=3.0, max_position=100.0)
    result = run(pair, data, fees)
    fills = result.fills
    assert pair.begun >= 1
    assert pair.unwound == 0
    assert set(zip(fills["side"], fills["symbol"], strict=True)) == {
        ("buy", "ABC@y"),
        ("sell", "ABC@x"),
    }
    assert abs(pair.held["units"]) < 1e-9
    gain = pair.held["money"] - fills["fee"].sum()
    assert gain > 0
    # No gain after fees, no legs.
    dear = rt.SimVenue(latency_feed=0, fees=rt.Fees(taker_bps=30))
    pair = rt.StrategyFactory.create("cross_venue_arbitrage", product="ABC", qty=3.0)
    assert run(pair, data, dear).fills.empty
    assert pair.begun == 0


def test_a_leg_that_fails_is_unwound() -> None:
    # The bid at x is gone before our sell arrives.
    gap = {
        "x": book([(0, 10_000, 5), (21, 9_900, 5)]),
        "y": book([(0, 10_000, 5), (20, 9_950, 5)]),
    }
    venue = {
        "x": rt.SimVenue(latency_feed=0, latency_order="150ms"),
        "y": rt.SimVenue(latency_feed=0, latency_order=0),
    }
    pair = rt.StrategyFactory.create("cross_venue_arbitrage", qty=3.0, edge_bps=1)
    result = run(pair, gap, venue)
    assert pair.begun >= 1
    assert pair.unwound >= 1
    assert abs(pair.held["units"]) < 1e-9
    assert result.positions["qty"].sum() == pytest.approx(0.0)
    assert "smart_route" in set(result.parents["algorithm"])


def _example() -> Any:
    path = Path(__file__).parents[2] / "examples" / "arbitrage.py"
    spec = importlib.util.spec_from_file_location("arbitrage_example", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_triangle_comes_back_to_money(capsys: pytest.CaptureFixture[str]) -> None:
    example = _example()
    samples = [rt.data.sample(name) for name in ("btcusdt_l2", "ethusdt_l2")]
    market = example.triangle(*samples)
    names = {"base": "BTCUSDT", "cross": "ETHBTC", "quoted": "ETHUSDT"}
    way = rt.StrategyFactory.create("triangular_arbitrage", qty=0.5, edge_bps=2, **names)
    venue = rt.SimVenue(latency_order="2ms", fees=rt.Fees(taker_bps=0.1), impact="removes")
    result = rt.backtest(
        way,
        market,
        venue=venue,
        risk=example.LIMITS,
        cash={"USDT": 1e7},
        base_currency="USDT",
        fx=example.RATES,
        progress=False,
    )
    assert way.begun > 10
    assert abs(way.held["other"]) < 1e-3
    assert abs(way.held["base"]) < 1e-4
    # The strategy's own count, with the cross's fees at the rates of their moments, and what the
    # positions of the two sides are worth apart: the cross swings about what the others imply.
    fees = (result.fills["fee"] * result.fills["fx_rate"]).sum()
    mids = [float(np.mean([b.bid_price[-1, 0], b.ask_price[-1, 0]])) for b in books(samples)]
    cross = market.events()[market.events()["instrument"] == 2]["price"][-2:].mean() * 1e-5
    held = result.positions.set_index("symbol")["qty"]["ETHBTC"]
    apart = held * (cross * mids[0] - mids[1])
    earned = result.equity["equity"].iloc[-1] - result.equity["equity"].iloc[0]
    assert earned == pytest.approx(way.held["money"] - fees + apart, abs=1.0)
    assert earned > 0
    example.main()
    assert "triangular" in capsys.readouterr().out


def books(samples: list[rt.MarketData]) -> list[Any]:
    return [data.books(depth=1) for data in samples]


SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "binance_ws"


class Sweeps(rt.Strategy):
    """Buys ten coins wherever they are, once both books are there."""

    def on_book(self, ctx: Any, event: Any) -> None:
        if not hasattr(self, "parent") and len(ctx.consolidated("BTCUSDT", "1s").symbols) == 2:
            way = rt.SmartRoute(interval="50ms", duration="1m")
            self.parent = ctx.execute("BTCUSDT", "buy", 10.0, way)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data folder is not beside the house")
def test_two_recordings_of_the_same_minutes() -> None:
    # Spot and perpetual are no equal things; their books are real, and of the same minutes.
    data = {
        name: rt.data.load(SHARED / f"{name}_btcusdt_20240808.gz").slice(None, "2024-08-08T23:56Z")
        for name in ("spot", "usdm")
    }
    venue = {
        "spot": rt.SimVenue(latency_order="3ms", fees=rt.Fees(taker_bps=1), impact="removes"),
        "usdm": rt.SimVenue(latency_order="9ms", fees=rt.Fees(taker_bps=1), impact="removes"),
    }
    runs = [run(Sweeps(), data, venue) for _ in range(2)]
    assert runs[0].order_hash == runs[1].order_hash
    (parent,) = runs[0].parents.itertuples()
    assert parent.status == "Filled"
    assert parent.cum_qty == 10.0
    bought = runs[0].fills.groupby("symbol")["last_qty"].sum()
    assert set(bought.index) <= {"BTCUSDT@spot", "BTCUSDT@usdm"}
    assert bought.sum() == pytest.approx(10.0)
    # The cheaper of the two in these minutes, after equal fees, is where most was bought.
    cheaper = min(data, key=lambda name: float(data[name].books(1, "1s").ask_price[-1, 0]))
    assert bought.idxmax() == f"BTCUSDT@{cheaper}"
