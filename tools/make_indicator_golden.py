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
N_BARS = 160

Floats = npt.NDArray[np.float64]

X, HL, HLC = ("close",), ("high", "low"), ("high", "low", "close")
OHLC, CV, HLCV = ("open", *HLC), ("close", "volume"), (*HLC, "volume")

# Our name: columns, lines, arguments; TA-Lib's name and arguments where they are not the same. A
# period is a placeholder that several are put into.
PERIOD = None
CALLS: list[tuple[str, tuple[str, ...], tuple[str, ...], tuple[Any, ...], str, tuple[Any, ...]]] = [
    *((name, X, (), (PERIOD,), name, (PERIOD,)) for name in [
        "SMA", "EMA", "WMA", "DEMA", "TEMA", "TRIMA", "KAMA", "RSI", "CMO", "MOM", "ROC",
        "ROCP", "ROCR", "ROCR100", "TRIX", "MIDPOINT", "LINEARREG", "LINEARREG_ANGLE",
        "LINEARREG_INTERCEPT", "LINEARREG_SLOPE", "TSF", "VAR", "AVGDEV", "MAX", "MIN", "SUM",
    ]),
    *((name, X, (), (), name, ()) for name in (
        "HT_TRENDLINE", "HT_DCPERIOD", "HT_DCPHASE", "HT_TRENDMODE")),
    *((name, HL, (), (PERIOD,), name, (PERIOD,)) for name in (
        "MIDPRICE", "PLUS_DM", "MINUS_DM", "AROONOSC")),
    *((name, HLC, (), (PERIOD,), name, (PERIOD,)) for name in (
        ["ADX", "ADXR", "DX", "PLUS_DI", "MINUS_DI", "CCI", "WILLR", "ATR", "NATR"])),
    *((name, OHLC, (), (), name, ()) for name in ("BOP", "AVGPRICE")),
    *((name, HLC, (), (), name, ()) for name in ("TRANGE", "TYPPRICE", "WCLPRICE")),
    ("MEDPRICE", HL, (), (), "MEDPRICE", ()),
    ("MAMA", X, ("mama", "fama"), (0.5, 0.05), "MAMA", (0.5, 0.05)),
    ("T3", X, (), (PERIOD, 0.7), "T3", (PERIOD, 0.7)),
    *(("MA", X, (), (9, kind), "MA", (9, kind)) for kind in range(9)),
    ("Bollinger", X, ("upper", "middle", "lower"), (PERIOD, 2.5), "BBANDS", (PERIOD, 2.5, 2.5)),
    ("ACCBANDS", HLC, ("upper", "middle", "lower"), (PERIOD,), "ACCBANDS", (PERIOD,)),
    ("SAR", HL, (), (0.02, 0.2), "SAR", (0.02, 0.2)),
    ("SAREXT", HL, (), (0.0, 0.01, 0.02, 0.03, 0.2, 0.01, 0.02, 0.1), "SAREXT",
     (0.0, 0.01, 0.02, 0.03, 0.2, 0.01, 0.02, 0.1)),
    ("SAREXT", HL, (), (-101.0, 0.0, 0.02, 0.02, 0.2, 0.02, 0.02, 0.2), "SAREXT",
     (-101.0, 0.0, 0.02, 0.02, 0.2, 0.02, 0.02, 0.2)),
    *(("APO", X, (), (5, 12, kind), "APO", (5, 12, kind)) for kind in (0, 1, 4)),
    *(("PPO", X, (), (5, 12, kind), "PPO", (5, 12, kind)) for kind in (0, 1, 4)),
    ("AROON", HL, ("down", "up"), (PERIOD,), "AROON", (PERIOD,)),
    ("IMI", ("open", "close"), (), (PERIOD,), "IMI", (PERIOD,)),
    ("MACD", X, ("macd", "signal", "histogram"), (12, 26, 9), "MACD", (12, 26, 9)),
    *(("MACDEXT", X, ("macd", "signal", "histogram"), (5, a, 12, b, 4, c), "MACDEXT",
       (5, a, 12, b, 4, c)) for a, b, c in ((0, 0, 0), (1, 1, 1), (3, 6, 2), (8, 7, 5))),
    ("MACDFIX", X, ("macd", "signal", "histogram"), (9,), "MACDFIX", (9,)),
    ("MFI", HLCV, (), (PERIOD,), "MFI", (PERIOD,)),
    *(("Stochastic", HLC, ("k", "d"), (14, 3, 3, a, b), "STOCH", (14, 3, a, 3, b))
      for a, b in ((0, 0), (1, 2), (8, 5))),
    ("STOCHF", HLC, ("k", "d"), (5, 3, 0), "STOCHF", (5, 3, 0)),
    ("STOCHRSI", X, ("k", "d"), (14, 5, 3, 0), "STOCHRSI", (14, 5, 3, 0)),
    ("ULTOSC", HLC, (), (7, 14, 28), "ULTOSC", (7, 14, 28)),
    ("ULTOSC", HLC, (), (20, 3, 9), "ULTOSC", (20, 3, 9)),
    ("AD", HLCV, (), (), "AD", ()),
    ("ADOSC", HLCV, (), (3, 10), "ADOSC", (3, 10)),
    ("OBV", CV, (), (), "OBV", ()),
    ("HT_PHASOR", X, ("in_phase", "quadrature"), (), "HT_PHASOR", ()),
    ("HT_SINE", X, ("sine", "lead_sine"), (), "HT_SINE", ()),
    ("BETA", ("close", "y"), (), (PERIOD,), "BETA", (PERIOD,)),
    ("CORREL", ("close", "y"), (), (PERIOD,), "CORREL", (PERIOD,)),
    ("STDDEV", X, (), (PERIOD, 2.0), "STDDEV", (PERIOD, 2.0)),
    ("MINMAX", X, ("min", "max"), (PERIOD,), "MINMAX", (PERIOD,)),
    ("MAXINDEX", X, (), (60,), "MAXINDEX", (60,)),
    ("MININDEX", X, (), (60,), "MININDEX", (60,)),
]  # fmt: skip


def bars(n: int, seed: int) -> dict[str, Floats]:
    """Draw a random walk, fine enough that no two extremes are equal."""
    random = np.random.default_rng(seed)
    close = np.round(100.0 * np.exp(np.cumsum(random.normal(0.0, 0.01, n))), 4)
    opened = np.concatenate([close[:1], close[:-1]])
    high = np.maximum(opened, close) + np.round(random.uniform(0.0, 0.5, n), 2)
    low = np.minimum(opened, close) - np.round(random.uniform(0.0, 0.5, n), 2)
    volume = np.floor(random.uniform(0.0, 10_000.0, n))
    y = (close * random.uniform(0.98, 1.02, n)).round(2)
    return {
        "open": opened,
        "high": high.round(4),
        "low": low.round(4),
        "close": close,
        "volume": volume,
        "y": y,
    }


def answers(given: dict[str, Floats], periods: tuple[int, ...] = (14,)) -> dict[str, Floats]:
    """Ask TA-Lib; the keys are the calls of py_rt.indicators, with the line after a dot."""
    import talib

    found: dict[str, Floats] = {}
    for name, columns, lines, ours, function, theirs in CALLS:
        arrays = [given[column] for column in columns]
        for period in periods if PERIOD in ours else (0,):
            arguments = [period if x is PERIOD else x for x in ours]
            passed = [period if x is PERIOD else x for x in theirs]
            told = getattr(talib, function)(*arrays, *passed)
            call = f"{name}({', '.join(map(str, arguments))})"
            for line, values in zip(lines or ("",), told if lines else (told,), strict=True):
                known = values.astype(np.float64)
                # TA-Lib's whole numbers are 0 where others are NaN.
                if name == "HT_TRENDMODE":
                    known[:63] = np.nan
                if name in {"MAXINDEX", "MININDEX"}:
                    known[: arguments[0] - 1] = np.nan
                found[f"{call}.{line}" if line else call] = known
    return found


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
