"""The worker of py_rt: every engine row, by its public face."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import workloads
from workers.protocol import Run, serve

import py_rt as rt

FEES = rt.Fees(maker_bps=-0.5, taker_bps=7)
L2_VENUE = rt.SimVenue(
    latency_feed=0,
    latency_order="500us",
    latency_report="500us",
    partial_fills=False,
    fees=FEES,
)
WIDE = 10**14
RISK = rt.RiskLimits(
    max_order_notional=WIDE,
    max_position_notional=WIDE,
    max_gross_notional=WIDE,
    max_daily_loss=WIDE,
    max_open_orders=1_000_000,
    max_orders_per_second=1_000_000,
    price_collar_bps=100_000,
    max_drawdown=1,
    max_leverage=100,
)


# What a strategy saw: a run works on a copy of the object that it is given.
SEEN: dict[str, Any] = {}


class Idle(rt.Strategy):
    """Does nothing until the end, and reads the touch there."""

    symbol: str = "BTCUSDT"

    def on_stop(self, ctx: Any) -> None:
        """Keep the last touch."""
        book = ctx.book(self.symbol)
        SEEN["touch"] = [round(book.best_bid * 10), round(book.best_ask * 10)]


class Called(Idle):
    """Is called for every row and does nothing."""

    def on_book(self, ctx: Any, event: Any) -> None:
        """Do nothing."""

    def on_trade(self, ctx: Any, trade: Any) -> None:
        """Do nothing."""


class SmaCross(rt.Strategy):
    """Two moving averages of the close; long while the fast one is above."""

    symbol: str = "W3"
    fast: int = 10
    slow: int = 50
    order_qty: float = 100

    def on_start(self, _ctx: Any) -> None:
        """Begin with empty averages."""
        self.f, self.s = rt.indicators.SMA(self.fast), rt.indicators.SMA(self.slow)

    def on_bar(self, ctx: Any, bar: Any) -> None:
        """Aim at a position."""
        f, s = self.f.update(bar.close), self.s.update(bar.close)
        if self.s.ready:
            ctx.target(bar.symbol, self.order_qty if f > s else 0)


def compiled(name: str, **params: Any) -> rt.Strategy:
    """Make a compiled strategy."""
    return rt.StrategyFactory.create(name, **params)


def l2_data(options: dict[str, Any]) -> rt.MarketData:
    """Load W1, cut to n rows, each with its own receive stamp where asked."""
    rows = np.load(options["w1"])[: options["n"]]
    if options.get("distinct"):
        rows["local_ts"] += np.arange(len(rows))
    return workloads.to_market_data(rows)


def fills_before_arrival(result: Any) -> int:
    """Count fills that happened at the venue before their order can have been there."""
    sent = result.orders.set_index("client_order_id")["ts_created"].astype("int64")
    at = result.fills["ts_event"].astype("int64").to_numpy()
    return int((at - sent.loc[result.fills["client_order_id"]].to_numpy() < 500_000).sum())


def prepare(job: str, options: dict[str, Any]) -> Run:
    """Make the run of a job."""
    if job.startswith("bars"):
        return prepare_bars(job, options)
    data = l2_data(options)
    makers = {"none": Idle, "python": Called}
    # Buys and sells of some thousands of units on margin: the account must not be what stops it.
    cash = 10**10

    def run() -> tuple[float, int, dict[str, Any]]:
        name = job.split(":")[1]
        strategy = makers[name]() if name in makers else compiled(name)
        gc.collect()
        result = rt.backtest(strategy, data, venue=L2_VENUE, risk=RISK, cash=cash, progress=False)
        facts: dict[str, Any] = {"rows": result.events}
        if name in makers:
            facts["touch"] = SEEN["touch"]
        if "maker" in name:
            facts |= {"orders": len(result.orders), "trades": len(result.fills)}
            facts["early"] = fills_before_arrival(result)
        return result.elapsed_s, result.events, facts

    return run


def prepare_bars(job: str, options: dict[str, Any]) -> Run:
    """Make the run of a job on bars."""
    many = job == "bars:many"
    data = (workloads.many_minute_bars if many else workloads.minute_bars)(options["n"])
    venue = rt.SimVenue(
        latency_feed=0, latency_order=0, latency_report=0, bar_fill=options["bar_fill"]
    )

    def run() -> tuple[float, int, dict[str, Any]]:
        symbol = "" if many else "W3"
        params: dict[str, Any] = {"symbol": symbol, "fast": 10, "slow": 50, "order_qty": 100}
        strategy = SmaCross(**params) if job == "bars:python" else compiled("sma_cross", **params)
        gc.collect()
        result = rt.backtest(strategy, data, venue=venue, risk=RISK, cash=10**8, progress=False)
        return result.elapsed_s, result.events, {"orders": len(result.fills)}

    return run


if __name__ == "__main__":
    serve(rt.__version__, prepare)
