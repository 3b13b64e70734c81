"""The worker of the indicators: one series through SMA, EMA, RSI or ATR, by py_rt or by TA-Lib.

Which library it is, is which one its environment has.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from workers.protocol import Run, serve

REPEATS = 5


def calls(name: str, period: int, bars: dict[str, Any]) -> Callable[[], Any]:
    """Return the call that is measured."""
    columns = ("high", "low", "close") if name == "ATR" else ("close",)
    arrays = [bars[column] for column in columns]
    try:
        from py_rt import indicators
    except ImportError:
        import talib

        function = getattr(talib, name)
        return lambda: function(*arrays, period)
    return lambda: getattr(indicators, name)(period).batch(*arrays)


def prepare(job: str, options: dict[str, Any]) -> Run:
    """Make the run of a job, `NAME:period`."""
    name, _, period = job.partition(":")
    random = np.random.default_rng(20)
    close = 100.0 + random.normal(0.0, 0.01, options["n"]).cumsum()
    wick = random.uniform(0.0, 0.05, (2, options["n"]))
    bars = {"high": close + wick[0], "low": close - wick[1], "close": close}
    call = calls(name, int(period), bars)

    def run() -> tuple[float, int, dict[str, Any]]:
        seconds = []
        for _ in range(REPEATS):
            begin = time.perf_counter()
            told = call()
            seconds.append(time.perf_counter() - begin)
        facts = {"sum": f"{np.nansum(told):.9g}", "nan": int(np.isnan(told).sum())}
        return min(seconds), len(close), facts

    return run


if __name__ == "__main__":
    try:
        named = version("TA-Lib")
    except PackageNotFoundError:
        named = version("py-rt")
    serve(named, prepare)
