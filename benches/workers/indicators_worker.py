"""The worker of the indicators: columns through one of them, by py_rt or by TA-Lib.

The job says which: an environment may have both, where PYTHONPATH names a checkout.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from make_indicator_golden import CALLS, PERIOD
from workers.protocol import Run, clock, serve

REPEATS = 5
WARM = 1_000


def columns(n: int) -> dict[str, Any]:
    """Make bars."""
    random = np.random.default_rng(20)
    close = 100.0 + random.normal(0.0, 0.01, n).cumsum()
    wick = random.uniform(0.0, 0.05, (2, n))
    high, low = close + wick[0], close - wick[1]
    opened = np.clip(np.concatenate([close[:1], close[:-1]]), low, high)
    volume, y = random.uniform(1.0, 1e4, n), close * random.uniform(0.98, 1.02, n)
    return {"open": opened, "high": high, "low": low, "close": close, "volume": volume, "y": y}


def calls(library: str, name: str, period: int, bars: dict[str, Any]) -> Callable[[], Any]:
    """Return the call that is measured."""
    known = next(call for call in CALLS if call[0] == name)
    arrays = [bars[column] for column in known[1]]
    if library == "talib":
        import talib

        function = getattr(talib, known[4])
        theirs = [period if x is PERIOD else x for x in known[5]]
        return lambda: function(*arrays, *theirs)
    from py_rt import indicators

    ours = [period if x is PERIOD else x for x in known[3]]
    return lambda: getattr(indicators, name)(*ours).batch(*arrays)


def prepare(job: str, options: dict[str, Any]) -> Run:
    """Make the run of a job, `NAME:period`."""
    name, _, period = job.partition(":")
    call = calls(options["library"], name, int(period), columns(options["n"]))

    def run() -> tuple[float, int, dict[str, Any]]:
        seconds = []
        for _ in range(REPEATS):
            begin = clock()
            told = call()
            seconds.append(clock() - begin)
        lines = [told] if isinstance(told, np.ndarray) else list(told)
        # The first rows differ by convention: TA-Lib's whole numbers know no NaN.
        return min(seconds), options["n"], {"sums": [f"{line[WARM:].sum():.6g}" for line in lines]}

    return run


if __name__ == "__main__":
    try:
        named = version("TA-Lib")
    except PackageNotFoundError:
        named = version("py-rt")
    serve(named, prepare)
