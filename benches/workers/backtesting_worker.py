"""The worker of backtesting.py: the same two averages by its own `I`, orders at opens."""

from __future__ import annotations

import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from workers.protocol import Run, serve


def average(close: Any, window: int) -> Any:
    """Return the rolling mean."""
    return pd.Series(close).rolling(window).mean()


class SmaCross(Strategy):
    """Long while the fast average is above the slow one."""

    def init(self) -> None:
        """Make the averages."""
        self.fast = self.I(average, self.data.Close, 10)
        self.slow = self.I(average, self.data.Close, 50)

    def next(self) -> None:
        """Aim at a position."""
        above = self.fast[-1] > self.slow[-1]
        if above and not self.position:
            self.buy(size=100)
        elif not above and self.position:
            self.position.close()


def prepare(_job: str, options: dict[str, Any]) -> Run:
    """Make the run of a job."""
    close = np.load(options["close"])[: options["n"]]
    opened = np.concatenate([[close[0]], close[:-1]])
    frame = pd.DataFrame(
        {"Open": opened, "High": np.maximum(opened, close), "Low": np.minimum(opened, close),
         "Close": close, "Volume": 1.0},
        index=pd.date_range("2023-01-01", periods=len(close), freq="min"),
    )  # fmt: skip
    warnings.simplefilter("ignore")

    def run() -> tuple[float, int, dict[str, Any]]:
        backtest = Backtest(frame, SmaCross, cash=1e7)
        begin = time.perf_counter()
        stats = backtest.run()
        seconds = time.perf_counter() - begin
        still_open = stats["_strategy"].position.size != 0
        orders = 2 * len(stats["_trades"]) + int(still_open)
        return seconds, len(close), {"orders": orders}

    return run


if __name__ == "__main__":
    serve(version("backtesting"), prepare)
