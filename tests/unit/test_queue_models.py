"""Queue models and impact of the simulated venue, through a whole backtest."""

from __future__ import annotations

from typing import Any

import py_rt as rt


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
