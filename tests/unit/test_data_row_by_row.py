"""Tables beside the house row by row: what ``load`` gives against pandas' own readers.

No value may change on the way through ticks and lots; times are those of the file in UTC.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import py_rt as rt

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data folder is not here")
pytest.importorskip("pyarrow")
PRICES = ["open", "high", "low", "close"]
BARS: list[tuple[str, str, dict[str, Any], str]] = [
    ("daily_long/etf_stock_ohlcv_adj_19991101_20201211.parquet", "date", {}, "bars_parquet"),
    ("daily_sp500/sp500_ohlcv_20130208_20180207.parquet", "date", {"quality": "warn"}, "parquet"),
    ("minute_bars/us_stocks_1min_2024.parquet", "ts", {}, "parquet"),
    ("minute_bars/btc_stablecoin_1min_2023Q1.parquet", "ts", {}, "bars_parquet"),
    ("minute_bars/btc_perp_1min_20211231_20220201.parquet", "timestamp", {"tz": "UTC"}, "bars"),
    ("minute_bars/cme_6EH4_1min_202401.csv.gz", "timestamp_utc", {}, "bars_csv"),
]


def read(path: str) -> pd.DataFrame:
    full = SHARED / path
    return pd.read_csv(full) if ".csv" in path else pd.read_parquet(full)


def as_ns(times: pd.Series, tz: str | None = None) -> np.ndarray:
    stamps = pd.to_datetime(times)
    if stamps.dt.tz is None:
        stamps = stamps.dt.tz_localize(tz or "UTC")
    return stamps.dt.tz_convert("UTC").dt.as_unit("ns").astype("int64").to_numpy()


@pytest.mark.parametrize(("path", "time", "how", "form"), BARS, ids=lambda v: str(v)[:32])
def test_bars(path: str, time: str, how: dict[str, Any], form: str) -> None:
    theirs = read(path)
    alone = path.rpartition("/")[2].split(".")[0]
    symbol = theirs["symbol"].astype(str) if "symbol" in theirs else pd.Series(alone, theirs.index)
    if "venue" in theirs:  # one symbol of several venues
        several = theirs.groupby("symbol")["venue"].transform("nunique") > 1
        symbol = symbol.where(~several, symbol + "." + theirs["venue"])
    theirs = theirs.assign(symbol=symbol, at=as_ns(theirs[time]))
    theirs = theirs[theirs[PRICES].notna().all(axis=1)].sort_values(["symbol", "at"])
    for hint in (None, form):
        ours = rt.data.load(SHARED / path, format=hint, **how)
        table = ours.to_frame("bar")
        stamp = "ts_close" if any("'close'" in note for note in ours.notes) else "ts_open"
        table = table.assign(at=as_ns(table[stamp])).sort_values(["symbol", "at"])
        assert table["symbol"].tolist() == theirs["symbol"].tolist()
        for name in ("at", *PRICES, "volume"):
            np.testing.assert_array_equal(table[name].to_numpy(), theirs[name].to_numpy())


def test_a_table_of_closes() -> None:
    path = "daily_long/skfolio_sp500_dataset.csv.gz"
    theirs = read(path).set_index("Date")
    table = rt.data.load(SHARED / path).to_frame("bar")
    table["day"] = table["ts_open"].dt.strftime("%Y-%m-%d")
    ours = table.pivot_table(index="day", columns="symbol", values="close")
    assert ours.index.tolist() == theirs.index.tolist()
    np.testing.assert_array_equal(ours[theirs.columns].to_numpy(), theirs.to_numpy())


def test_quotes() -> None:
    for path, tz, columns in (
        ("ticks/eurusd_quotes_20200130_20200131.parquet", None,
         {"ts_event": "ts_ns", "bid_price": "bid", "ask_price": "ask"}),
        ("ticks/taq_xxx_quotes_20180102_20180103.parquet", "America/New_York",
         {"ts_event": "dt", "bid_price": "bid", "ask_price": "ofr", "bid_qty": "bidsiz",
          "ask_qty": "ofrsiz"}),
    ):  # fmt: skip
        theirs = read(path)
        ours = rt.data.load(SHARED / path, tz=tz, quality="warn").to_frame("quote")
        at = theirs.pop(columns["ts_event"])
        times = at.to_numpy() if at.dtype == np.int64 else as_ns(at, tz)
        order = np.argsort(times, kind="stable")
        np.testing.assert_array_equal(as_ns(ours["ts_event"]), times[order])
        for name, column in list(columns.items())[1:]:
            values = theirs[column].to_numpy(dtype=np.float64)[order]
            if name.endswith("price"):  # price and quantity 0: there is no such side
                values = np.where(values == 0, np.nan, values)
            np.testing.assert_array_equal(ours[name].to_numpy(), values)


def test_trades() -> None:
    for path in ("ticks/taq_multi_trades_20140917.parquet",
                 "ticks/taq_xxx_trades_20180102_20180103.parquet"):  # fmt: skip
        theirs = read(path)
        zone = "America/New_York"
        ours = rt.data.load(SHARED / path, tz=zone).to_frame("trade")
        times = as_ns(theirs["dt"], zone)
        order = np.argsort(times, kind="stable")
        np.testing.assert_array_equal(as_ns(ours["ts_event"]), times[order])
        assert ours["symbol"].tolist() == theirs["symbol"].to_numpy()[order].tolist()
        for name, column in (("price", "price"), ("qty", "size")):
            np.testing.assert_array_equal(
                ours[name].to_numpy(), theirs[column].to_numpy(dtype=np.float64)[order]
            )
