"""Queue models and impact of the simulated venue, through a whole backtest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import py_rt as rt
from py_rt.errors import ParameterError
from py_rt.market import EVENT_DTYPE, Instrument, MarketData


def run(**venue: Any) -> rt.BacktestResult:
    """A maker on the level-2 sample: it waits in queues at both sides."""
    return rt.backtest(
        rt.StrategyFactory.create("market_maker"),
        rt.data.sample("btcusdt_l2"),
        venue=rt.SimVenue(**venue),
        progress=False,
    )


def test_who_cancels_in_front_lets_more_be_filled() -> None:
    cautious, even, log = (run(queue=name) for name in ("risk_averse", "power", "log"))
    assert cautious.stats.n_fills > 0
    assert cautious.order_hash == run().order_hash
    for other in (even, log):
        assert other.stats.n_fills >= cautious.stats.n_fills
    assert len({cautious.order_hash, even.order_hash, log.order_hash}) > 1
    assert (
        run(queue="power", queue_exponent=1).order_hash
        == run(queue="power", queue_exponent=1).order_hash
    )


class _TakeTwice(rt.Strategy):
    """Takes all that the best ask shows, twice in a row."""

    done: bool = False

    def on_book(self, ctx: Any, book: Any) -> None:
        shown = ctx.book("BTCUSDT")
        if not self.done and shown.valid and shown.ask_qty > 0:
            self.done = True
            for _ in range(2):
                ctx.buy("BTCUSDT", shown.ask_qty)


def test_what_was_taken_costs_the_next_order_more() -> None:
    data = rt.data.sample("btcusdt_l2")
    prices = []
    for impact in (None, "removes"):
        venue = rt.SimVenue(
            impact=impact,
            latency_feed=0,
            latency_order=0,
            latency_report=0,  # type: ignore[arg-type]
        )
        result = rt.backtest(_TakeTwice(), data, venue=venue, cash=100_000_000, progress=False)
        prices.append([float(price) for price in result.fills["last_price"]])
    free, paid = prices
    assert len(set(free)) == 1
    assert max(paid) > free[0] == min(paid)


class _JoinOnce(rt.Strategy):
    """Joins the best bid once, right after the first trade."""

    done: bool = False

    def on_trade(self, ctx: Any, trade: Any) -> None:
        if not self.done:
            self.done = True
            ctx.buy("A", 5, limit_price=100.0)


def by_order() -> MarketData:
    """Two orders in front of ours, one behind; who is behind cancels, then the front trades."""
    lines = [
        (5, -1, 110, 9, 70),
        (5, 1, 100, 10, 71),
        (5, 1, 100, 6, 72),
        (8, -1, 110, 1, 70),  # the trade after which we join: 16 in front
        (5, 1, 100, 9, 73),
        (7, 1, 100, 6, 72),  # in front: 10 left
        (8, 1, 100, 10, 71),  # nothing left in front
        (8, 1, 100, 3, 73),  # that is ours
    ]
    rows = np.zeros(len(lines), dtype=EVENT_DTYPE)
    for at, line in enumerate(lines):
        for name, value in zip(("kind", "side", "price", "qty", "order_id"), line, strict=True):
            rows[name][at] = value
    rows["ts_event"] = rows["ts_recv"] = np.arange(len(lines)) * 10**8 + 10**18
    rows["flags"] = 1
    return MarketData(rows, None, [Instrument("A", tick_size="1", sessions=False)])


def test_on_data_by_order_the_queue_is_exact() -> None:
    filled = {}
    for queue in ("fifo", "risk_averse"):
        venue = rt.SimVenue(queue=queue)  # type: ignore[arg-type]
        result = rt.backtest(_JoinOnce(), by_order(), venue=venue, cash=10_000, progress=False)
        filled[queue] = float(result.fills["last_qty"].astype(float).sum())
    assert filled == {"fifo": 3.0, "risk_averse": 0.0}


def test_without_orders_there_is_no_exact_queue() -> None:
    with pytest.raises(ParameterError, match="needs data by order"):
        run(queue="fifo")
