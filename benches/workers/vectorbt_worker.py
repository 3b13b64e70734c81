"""The worker of vectorbt: two averages, signals into a compiled portfolio.

Averages as NumPy running sums are the fastest setting; the job `ma_run` takes vectorbt's own
`MA.run`, the job `many` the closes of many symbols, each with an account of its own.
"""

from __future__ import annotations

import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import vectorbt as vbt

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from workers.protocol import Run, serve


def average(close: Any, window: int) -> Any:
    """Return the running mean of each column; NaN until the window is full."""
    sums = np.cumsum(close, axis=0)
    out = np.full(close.shape, np.nan)
    out[window - 1] = sums[window - 1] / window
    out[window:] = (sums[window:] - sums[:-window]) / window
    return out


def crossed(close: Any, values: Any, job: str) -> tuple[Any, Any]:
    """Return where the fast average is above the slow one, and where it is not."""
    if job == "ma_run":
        fast = vbt.MA.run(close, 10).ma.to_numpy()
        slow = vbt.MA.run(close, 50).ma.to_numpy()
    else:
        fast, slow = average(values, 10), average(values, 50)
    above, below = fast > slow, fast <= slow
    # Ours trades at the close after the signal: what the last bar says is never traded.
    above[-1] = below[-1] = False
    return above, below


def prepare(job: str, options: dict[str, Any]) -> Run:
    """Make the run of a job."""
    if job == "many":
        closes = np.load(options["closes"])
        close: Any = pd.DataFrame(closes[: options["n"] // closes.shape[1]])
    else:
        close = pd.Series(np.load(options["close"])[: options["n"]])
    values = close.to_numpy()

    def run() -> tuple[float, int, dict[str, Any]]:
        begin = time.perf_counter()
        above, below = crossed(close, values, job)
        portfolio = vbt.Portfolio.from_signals(
            close, above, below, size=100, init_cash=1e7, freq="1min"
        )
        orders = int(np.sum(portfolio.orders.count()))
        return time.perf_counter() - begin, values.size, {"orders": orders}

    return run


if __name__ == "__main__":
    serve(version("vectorbt"), prepare)
