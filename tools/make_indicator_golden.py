"""Write tests/golden/indicators.json: bars, and what TA-Lib says about them.

Run it after a deliberate change of convention, with TA-Lib 0.8.2 installed::

    python tools/make_indicator_golden.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

TARGET = Path(__file__).resolve().parent.parent / "tests" / "golden" / "indicators.json"
N_BARS = 72
FLAT = slice(40, 46)  # bars without any movement, long enough to fill the short windows

Floats = npt.NDArray[np.float64]


def bars(n: int, seed: int) -> dict[str, Floats]:
    """Draw a random walk in cents with a flat stretch."""
    random = np.random.default_rng(seed)
    close = np.round(100.0 * np.exp(np.cumsum(random.normal(0.0, 0.01, n))), 2)
    close[FLAT] = close[FLAT.start]
    opened = np.concatenate([close[:1], close[:-1]])
    high = np.maximum(opened, close) + np.round(random.uniform(0.0, 0.5, n), 2)
    low = np.minimum(opened, close) - np.round(random.uniform(0.0, 0.5, n), 2)
    high[FLAT] = low[FLAT] = close[FLAT]
    volume = np.floor(random.uniform(0.0, 10_000.0, n))
    return {"high": high.round(2), "low": low.round(2), "close": close, "volume": volume}


def answers(given: dict[str, Floats]) -> dict[str, Floats]:
    """Ask TA-Lib; the keys are the calls of py_rt.indicators, with the line after a dot."""
    import talib

    high, low, close, volume = (given[name] for name in ("high", "low", "close", "volume"))
    macd, signal, histogram = talib.MACD(close, 12, 26, 9)
    upper, middle, lower = talib.BBANDS(close, 20, 2.0, 2.0)
    k, d = talib.STOCH(high, low, close, 14, 3, 0, 3, 0)
    return {
        "SMA(10)": talib.SMA(close, 10),
        "EMA(10)": talib.EMA(close, 10),
        "WMA(10)": talib.WMA(close, 10),
        "RSI(14)": talib.RSI(close, 14),
        "RSI(3)": talib.RSI(close, 3),
        "MACD(12, 26, 9).macd": macd,
        "MACD(12, 26, 9).signal": signal,
        "MACD(12, 26, 9).histogram": histogram,
        "Stochastic(14, 3, 3).k": k,
        "Stochastic(14, 3, 3).d": d,
        "Stochastic(3, 2, 2).k": talib.STOCH(high, low, close, 3, 2, 0, 2, 0)[0],
        "ATR(14)": talib.ATR(high, low, close, 14),
        "Bollinger(20, 2.0).upper": upper,
        "Bollinger(20, 2.0).middle": middle,
        "Bollinger(20, 2.0).lower": lower,
        "OBV()": talib.OBV(close, volume),
    }


def plain(values: Floats) -> list[Any]:
    """Turn an array into JSON: NaN becomes null, everything else keeps every digit."""
    return [None if np.isnan(value) else float(value) for value in values]


def main() -> None:
    """Write the file."""
    given = bars(N_BARS, seed=20)
    found = {call: plain(values) for call, values in answers(given).items()}
    content = {
        "source": "TA-Lib 0.8.2 from PyPI, tools/make_indicator_golden.py",
        "bars": {name: plain(values) for name, values in given.items()},
        "answers": found,
    }
    lines = json.dumps(content, indent=1).replace("\n   ", " ").replace("\n  ]", " ]")
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
