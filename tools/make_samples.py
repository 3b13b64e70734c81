"""Rebuild the sample files in python/py_rt/samples from the shared data folder.

    python tools/make_samples.py --shared ../shared

Needs pandas and pyarrow. The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "python"))

from py_rt.data.formats.recordings import read_recording  # noqa: E402
from py_rt.data.packed import write_packed  # noqa: E402
from py_rt.data.quality import IssueLog  # noqa: E402
from py_rt.market import BAR_DTYPE, FLAG_INVALID, SNAPSHOT, Instrument, MarketData  # noqa: E402

Built = tuple[MarketData, dict[str, Any]]
JANUARY = (pd.Timestamp("2024-01-01", tz="UTC"), pd.Timestamp("2024-02-01", tz="UTC"))
DAY_NS = 86_400_000_000_000
MINUTE_NS = 60_000_000_000
FOLDER = ROOT / "python" / "py_rt" / "samples"

US_MINUTE = ("AZO", "BKNG", "FICO", "GWW", "LII", "NVR", "TDG", "TDY")
SP500_NAMES = (
    "AAPL ABT ADBE AMGN AMZN AXP BA BAC C CAT COST CSCO CVX DIS F FDX GE GILD GS HD HON IBM INTC "
    "JNJ JPM KO LLY LOW MA MCD MMM MRK MS MSFT NFLX NKE NVDA PEP PFE PG QCOM SBUX T TXN UNH UPS V "
    "VZ WMT XOM"
)
SP500 = tuple(SP500_NAMES.split())
BINANCE_LIMITS = {"BTCUSDT": "0.00001", "ETHUSDT": "0.0001"}


def us_minute(shared: Path) -> Built:
    """Eight US stocks, January 2024, one-minute bars."""
    table = pd.read_parquet(shared / "data" / "minute_bars" / "us_stocks_1min_2024.parquet")
    stamps = pd.to_datetime(table["ts"], utc=True)
    table["ts_open"] = stamps.dt.as_unit("ns").astype("int64")
    inside = stamps.between(*JANUARY, inclusive="left") & table["symbol"].isin(US_MINUTE)
    table = table[inside]
    bars = bar_rows(table, US_MINUTE, table["ts_open"].to_numpy() + MINUTE_NS, tick="0.0001")
    notes = (
        "Sparse: a minute without a trade has no bar. ts_close = ts_open + 1 minute.",
        "Stamped at the bar's open in the source; tick 0.0001: trades print inside the cent.",
        "The volume looks like one venue's.",
        "Some bars lie outside the regular session (09:30-16:00 New York).",
    )
    known = [Instrument(symbol, tick_size="0.0001") for symbol in US_MINUTE]
    attribution = "github.com/blaizard/market-data, commit 0c6dec77f856"
    data = MarketData(None, bars, known, "us_minute", attribution, notes)
    return data, about("Eight US stocks, one-minute bars, January 2024", "MIT", data)


def us_daily(shared: Path) -> Built:
    """Twenty US stocks, adjusted closes, 1990 to 2022."""
    wide = pd.read_csv(shared / "data" / "daily_long" / "skfolio_sp500_dataset.csv.gz")
    symbols = tuple(sorted(wide.columns[1:]))
    table = wide.melt("Date", var_name="symbol", value_name="close").dropna()
    table["ts_open"] = pd.to_datetime(table["Date"], utc=True).dt.as_unit("ns").astype("int64")
    for column in ("open", "high", "low"):
        table[column] = table["close"]
    table["volume"] = 0.0
    bars = bar_rows(table, symbols, table["ts_open"].to_numpy() + DAY_NS, tick="0.001")
    notes = (
        "The source has closes only: open = high = low = close, volume 0.",
        "Adjusted for splits and dividends, so early prices are small; tick 0.001.",
        "A session date: ts_open is 00:00 UTC of it, ts_close 00:00 UTC of the next day.",
        "Members of today's index only (survivorship bias).",
    )
    known = [Instrument(symbol, tick_size="0.001") for symbol in symbols]
    attribution = "skfolio (github.com/skfolio/skfolio, commit c06db8406385), example dataset"
    data = MarketData(None, bars, known, "us_daily", attribution, notes)
    return data, about("Twenty US stocks, daily adjusted closes, 1990-2022", "BSD-3-Clause", data)


def sp500_daily(shared: Path) -> Built:
    """Fifty large US stocks, daily bars, 2013 to 2018."""
    path = shared / "data" / "daily_sp500" / "sp500_ohlcv_20130208_20180207.parquet"
    table = pd.read_parquet(path)
    table = table[table["symbol"].isin(SP500)].copy()
    table["ts_open"] = pd.to_datetime(table["date"], utc=True).dt.as_unit("ns").astype("int64")
    bars = bar_rows(table, SP500, table["ts_open"].to_numpy() + DAY_NS, tick="0.0001")
    notes = (
        "Adjusted for splits, not for dividends; adjusted prices have up to 4 decimals.",
        "A session date: ts_open is 00:00 UTC of it, ts_close 00:00 UTC of the next day.",
        "Members of the index in early 2018 (survivorship bias).",
    )
    known = [Instrument(symbol, tick_size="0.0001") for symbol in SP500]
    attribution = "github.com/CNuge/kaggle-code, commit f1109438d6cf (c) 2017 Cam Nugent"
    data = MarketData(None, bars, known, "sp500_daily", attribution, notes)
    return data, about("Fifty large US stocks, daily bars, 2013-02-08 to 2018-02-07", "MIT", data)


def binance_l2(shared: Path, symbol: str) -> Built:
    """One Binance spot session: level-2 and trades, from the REST snapshot on."""
    stem = symbol.lower()
    paths = sorted((shared / "data" / "binance_ws").glob(f"spot_{stem}_*.gz"))
    log = IssueLog()
    whole = read_recording("binance", paths, log)
    events = whole.events()
    begin = int(np.argmax(events["kind"] == SNAPSHOT)) - 1
    events = events[begin:].copy()
    # The recorder's clock is behind the venue's ("disorder"), which changes no book.
    broken = [issue for issue in log.issues if issue.kind != "disorder"]
    if broken or (events["flags"] & FLAG_INVALID).any():
        raise SystemExit(f"{symbol}: the recording is not whole: {broken}")
    step = BINANCE_LIMITS[symbol]
    notes = (
        "Starts at the REST snapshot (1000 levels a side); levels beyond it are unknown.",
        "ts_recv is the recorder's clock, 1.3-1.5 s behind the venue's: ts_recv < ts_event here.",
        "The engine delivers at max(ts_recv, ts_event + latency).",
        "The snapshot's ts_event is that of the last update it contains.",
        f"Resting quantities go below the order step {step}: the lot is finer, min_qty is it.",
    )
    known = [whole.instruments[0].with_fields(min_qty=step)]
    attribution = "Binance public market data, recorded by github.com/nkaz001/hftbacktest, MIT"
    data = MarketData(events, None, known, f"{stem}_l2", attribution, notes)
    text = (
        f"Binance spot {symbol}, level-2 diffs and trades, 2024-08-08 23:54 to 2024-08-09 00:05 UTC"
    )
    return data, about(text, "MIT", data)


def bar_rows(
    table: pd.DataFrame,
    symbols: tuple[str, ...] | list[str],
    ts_close: npt.NDArray[np.int64],
    tick: str = "0.01",
) -> npt.NDArray[np.void]:
    """Lay out bars sorted by close, then symbol; every price must lie on the tick."""
    bars = np.zeros(len(table), dtype=BAR_DTYPE)
    bars["ts_open"], bars["ts_close"] = table["ts_open"], ts_close
    bars["instrument"] = pd.Categorical(table["symbol"].astype(str), list(symbols)).codes
    per_point = round(1 / float(tick))
    for column in ("open", "high", "low", "close"):
        ticks = np.rint(table[column].to_numpy() * per_point)
        if not np.array_equal(ticks / per_point, table[column].to_numpy()):
            off = table[ticks / per_point != table[column]]
            raise SystemExit(f"{column}: not on tick {tick}:\n{off.head()}")
        bars[column] = ticks.astype(np.int64)
    bars["volume"] = table["volume"]
    return bars[np.lexsort((bars["instrument"], bars["ts_close"]))]


def about(description: str, licence: str, data: MarketData) -> dict[str, Any]:
    """Return what the list of samples shows."""
    return {"description": description, "licence": licence, "kinds": list(data.kinds)}


BUILDERS: dict[str, Callable[[Path], Built]] = {
    "us_minute": us_minute,
    "us_daily": us_daily,
    "sp500_daily": sp500_daily,
    "btcusdt_l2": lambda shared: binance_l2(shared, "BTCUSDT"),
    "ethusdt_l2": lambda shared: binance_l2(shared, "ETHUSDT"),
}


def main() -> None:
    """Build the samples asked for and print one JSON line each."""
    parser = argparse.ArgumentParser(description="Rebuild the bundled samples.")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("names", nargs="*", choices=[*BUILDERS, []], help="default: all")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name in chosen.names or BUILDERS:
        data, facts = BUILDERS[name](chosen.shared)
        path = chosen.out / f"{name}.npz"
        write_packed(path, data, facts)
        size = path.stat().st_size
        line = {"name": name, "rows": len(data), "bytes": size, "sha256": data.content_hash()}
        sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
