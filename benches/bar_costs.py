"""Say what a bar costs a strategy in Python, part by part: python benches/bar_costs.py [--n N].

Nanoseconds a bar, the least of some runs: a callback that does nothing, one that reads a price, one
that updates two averages, one that asks for a position, the whole SMA cross of row P4.python. The
last line is the same callback over objects of C that do nothing: what the interpreter itself takes,
which no engine can undercut.
"""

from __future__ import annotations

import argparse
import gc
import math
import sys
import time
from collections.abc import Callable
from typing import Any

import workloads
from run import describe_commit, describe_machine
from workers import ours

import py_rt as rt

RUNS = 7


class Nothing(rt.Strategy):
    """Is called."""

    def on_bar(self, ctx: Any, bar: Any) -> None:
        """Do nothing."""


class Reads(rt.Strategy):
    """Reads a price."""

    def on_bar(self, _ctx: Any, bar: Any) -> None:
        """Read it."""
        _ = bar.close


class Updates(rt.Strategy):
    """Keeps two averages."""

    def on_start(self, _ctx: Any) -> None:
        """Begin with empty averages."""
        self.f, self.s = rt.indicators.SMA(10), rt.indicators.SMA(50)

    def on_bar(self, _ctx: Any, bar: Any) -> None:
        """Feed them."""
        close = bar.close
        self.f.update(close)
        self.s.update(close)


class Targets(rt.Strategy):
    """Asks for the position that it has."""

    def on_bar(self, ctx: Any, bar: Any) -> None:
        """Ask."""
        ctx.target(bar.symbol, 0)


def engine(strategy: rt.Strategy, data: Any) -> Callable[[], float]:
    """Return a run that answers its seconds."""
    venue = rt.SimVenue(latency_feed=0, latency_order=0, latency_report=0, bar_fill="next_close")

    def run() -> float:
        gc.collect()
        given = {"venue": venue, "risk": ours.RISK, "cash": 10**7, "progress": False}
        return rt.backtest(strategy, data, **given).elapsed_s

    return run


class Average:
    """Says what it is given."""

    __slots__ = ()
    update = staticmethod(math.fabs)
    ready = True


class Bar:
    """A bar whose fields are slots."""

    __slots__ = ("close", "symbol")


class Asked:
    """Takes every question, answers none."""

    __slots__ = ()
    target = staticmethod({}.get)


class Alone:
    """The callback of the SMA cross, without an engine."""

    def __init__(self) -> None:
        self.f, self.s, self.order_qty = Average(), Average(), 100

    on_bar = ours.SmaCross.on_bar


def interpreter(n: int) -> Callable[[], float]:
    """Return a run of the same callback over objects that do nothing."""
    ctx, bar, callback = Asked(), Bar(), Alone().on_bar
    bar.close, bar.symbol = 1.5, "W3"

    def run() -> float:
        begin = time.perf_counter()
        for _ in range(n):
            callback(ctx, bar)
        between = time.perf_counter()
        for _ in range(n):
            pass
        return 2 * between - begin - time.perf_counter()

    return run


def main(words: list[str]) -> int:
    """Measure every part."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=1_000_000, help="bars")
    n = parser.parse_args(words).n
    data = workloads.minute_bars(n)
    print(f"{describe_machine()} | commit {describe_commit()} | n = {n:,}")
    parts = {
        "callback that does nothing": engine(Nothing(), data),
        "reads the close": engine(Reads(), data),
        "updates two averages": engine(Updates(), data),
        "asks for a position": engine(Targets(), data),
        "SMA cross": engine(ours.SmaCross(symbol="W3", fast=10, slow=50, order_qty=100), data),
        "SMA cross over nothing, no engine": interpreter(n),
    }
    for name, run in parts.items():
        least = min(run() for _ in range(RUNS))
        print(f"{name:36} {1e9 * least / n:6.0f} ns a bar")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
