"""Whatever is wrong with a file, the error names the file, the place and a remedy, and it is typed.

One small file of each family is written here and then cut, emptied, or torn in its packing.
"""

from __future__ import annotations

import gzip
import json
import lzma
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import py_rt as rt
from py_rt.errors import DataError

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
FAMILIES = [
    "binance_ws/spot_ethusdt_20240808.gz",
    "bitstamp_l3/orders_20150501.csv.xz",
    "bitstamp_l3/raw_20150501.log.xz",
    "cme_mbo/esh4_20231224.mbo.dbn.zst",
    "cme_mbo/esu4_20240701T2358_20240702T0002.trades.dbn.zst",
    "daily_sp500/sp500_ohlcv_20130208_20180207.parquet",
    "exchange_ws/BINANCE.jsonl.zst",
    "exchange_ws/BITFINEX.jsonl.zst",
    "exchange_ws/BITSTAMP.jsonl.zst",
    "exchange_ws/COINBASE.jsonl.zst",
    "exchange_ws/DERIBIT.jsonl.zst",
    "exchange_ws/KRAKEN.jsonl.zst",
    "exchange_ws/OKX.jsonl.zst",
    "exchange_ws/kraken_v2/btcusd_depth10.ndjson",
    "itch_wire/Iex/DeepPlus.IexTp.1.0.2/all_message_types.pcap",
    "itch_wire/Nasdaq/Nasdaq.Equities.TotalView.Itch.v5.0/Multiple.Packets.pcap",
    "lobster/LOBSTER_SampleFile_AAPL_2012-06-21_1.zip",
    "minute_bars/cme_6EH4_1min_202401.csv.gz",
    "ticks/tardis_binance_futures_BTCUSDT_trades_20200222.csv.zst",
]
LINES = [
    {"lastUpdateId": 10, "bids": [["100.5", "1"]], "asks": [["100.6", "2"]]},
    *({"e": "depthUpdate", "E": 1_700_000_000_000 + i, "s": "XUSDT", "U": 11 + i, "u": 11 + i,
       "b": [["100.1", "1"]], "a": []} for i in range(300)),
]  # fmt: skip


def refused(path: Path, **how: object) -> DataError:
    with pytest.raises(DataError) as caught:
        rt.data.load(path, **how)  # type: ignore[arg-type]
    error = caught.value
    assert error.where["file"] == path.name, error
    assert error.remedy
    report = rt.data.check(path, **how)  # type: ignore[arg-type]
    assert not report.ok
    return error


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data folder is not here")
@pytest.mark.parametrize("family", FAMILIES)
def test_a_file_of_every_family_that_breaks_off(family: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    source = SHARED / family
    path = tmp_path / source.name
    content = source.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    error = refused(path)
    assert error.where["kind"] == "truncated"
    text = source.name.endswith(("csv.gz", "ndjson", ".xz")) or "_ws/" in family
    assert "line" in error.where or not text, error
    path.write_bytes(b"")
    assert refused(path).where["kind"] == "empty"


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bytes])
def test_a_recording_that_breaks_off_says_where(
    pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    text = "".join(f"{1_700_000_000_000_000_000 + i} {json.dumps(m)}\n"
                   for i, m in enumerate(LINES)).encode()  # fmt: skip
    path = tmp_path / "day.bin"
    packed = pack(text)
    path.write_bytes(packed[:-25])
    error = refused(path)
    assert 'quality="warn"' in str(error.remedy)
    assert error.where["line"] > 1
    with pytest.warns(UserWarning, match="breaks off|torn"):
        kept = rt.data.load(path, quality="warn")
    whole = tmp_path / "whole.bin"
    whole.write_bytes(packed)
    same = kept.events() == rt.data.load(whole).events()[: len(kept)]
    assert same[:-1].all()


def test_binary_files_name_the_byte_and_texts_the_line(tmp_path: Path) -> None:
    path = tmp_path / "x.dbn.gz"
    prelude = b"DBN\x02" + struct.pack("<I", 200) + bytes(200)
    path.write_bytes(gzip.compress(np.random.default_rng(0).bytes(9_000))[:-300])
    assert "format is not recognised" in refused(path).what
    path.write_bytes(gzip.compress(prelude + bytes(40))[:-8])
    error = refused(path, format="dbn")
    assert "byte" in error.where
    assert "line" not in error.where
    path = tmp_path / "nobody.bin"
    path.write_bytes(bytes(100))
    assert "format is not recognised" in refused(path).what


def test_what_a_recording_is_not(tmp_path: Path) -> None:
    path = tmp_path / "day.txt"
    path.write_text("".join(json.dumps(m) + "\n" for m in LINES), encoding="utf-8")
    for form in ("bars", "trades", "quotes", "level2", "wide"):
        assert "binance_ws is no table" in refused(path, format=form).what
    assert "is no catalog" in refused(path, format="catalog").what
    given = {"tz": "America/New_York", "bar_stamp": "open", "columns": {"close": "b"}}
    notes = rt.data.load(path, **given).notes  # type: ignore[arg-type]
    for name in given:
        assert f"{name}= says nothing about binance_ws: not used" in notes


def table(symbols: list[str], days: int = 30) -> pd.DataFrame:
    stamps = pd.bdate_range("2024-01-02", periods=days).strftime("%Y-%m-%d")
    parts = [
        pd.DataFrame({"symbol": symbol, "ts": stamps, "close": 100.0 + np.arange(days) % 3})
        for symbol in symbols
    ]
    return pd.concat(parts, ignore_index=True)


def test_only_the_symbols_that_are_asked_for_are_judged(tmp_path: Path) -> None:
    rows = table(["GOOD", "BAD", "UGLY"])
    rows.loc[35, "close"] = np.nan
    rows.loc[70, "close"] = -1.0
    path = tmp_path / "bars.csv"
    rows.to_csv(path, index=False)
    for source in (rows, path):
        with pytest.raises(DataError, match="NaN"):
            rt.data.load(source)
        with pytest.raises(DataError, match="not positive") as caught:
            rt.data.load(source, symbols=["GOOD", "UGLY"])
        assert caught.value.where["row"] == 70, "rows are those of the source"
        good = rt.data.load(source, symbols="GOOD")
        assert good.to_frame("bar")["close"].tolist() == rows["close"][:30].tolist()
        assert rt.data.check(source, symbols=["GOOD"]).issues == ()
        assert {i.symbol for i in rt.data.check(source, symbols=["BAD"]).issues} == {"BAD"}
        with pytest.raises(DataError, match="there is no NOBODY here") as caught:
            rt.data.load(source, symbols="NOBODY")
        assert "GOOD" in str(caught.value.remedy)
        assert not rt.data.check(source, symbols=["NOBODY"]).ok
    named = {name: part.drop(columns="symbol") for name, part in rows.groupby("symbol")}
    assert rt.data.load(named, symbols=["GOOD"]).symbols == ("GOOD",)
    with pytest.raises(DataError, match="NaN"):
        rt.data.load(named, symbols=["GOOD", "BAD"])


def test_crossed_books_by_order_are_found() -> None:
    path = SHARED / "cme_mbo" / "esh4_20231225.mbo.dbn.zst"
    if not path.is_file():
        pytest.skip("the recorded day is not here")
    issues = [i for i in rt.data.check(path).issues if i.kind == "crossed"]
    # From 22:39:55, before the auction that opens the week, as the README of the set says.
    assert [issue.symbol for issue in issues] == ["ESH4"]
    first = int(issues[0].message.rpartition(" ")[2])
    assert pd.Timestamp(first, tz="UTC").strftime("%H:%M:%S") == "22:39:55"
