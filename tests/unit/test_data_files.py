"""Files and tables of every kind: read alike, or refused with file, line and remedy."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import random
import resource
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from py_rt import data as data_room
from py_rt.errors import DataError, ParameterError

HEADER = b"ts,open,high,low,close,volume\n"
ROW = "2024-01-{:02d},10.0,10.5,9.5,10.25,100\n"
TEXT = HEADER + "".join(ROW.format(day) for day in range(2, 12)).encode()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> data_room.QualityReport:
    path = tmp_path_factory.mktemp("plain") / "x.csv"
    path.write_bytes(TEXT)
    return data_room.load(path).bars()


def packed_zip(path: Path, content: bytes) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.csv", content)


def packed_zstd(path: Path, content: bytes) -> None:
    pa = pytest.importorskip("pyarrow")
    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        stream.write(content)


@pytest.mark.parametrize(
    ("suffix", "write"),
    [
        (".csv.gz", lambda path, content: path.write_bytes(gzip.compress(content))),
        (".csv.bz2", lambda path, content: path.write_bytes(bz2.compress(content))),
        (".csv.xz", lambda path, content: path.write_bytes(lzma.compress(content))),
        (".csv.zip", packed_zip),
        (".csv.zst", packed_zstd),
        (".dat", lambda path, content: path.write_bytes(content)),
        (".CSV", lambda path, content: path.write_bytes(b"\xef\xbb\xbf" + content)),
        (".txt", lambda path, content: path.write_bytes(content.replace(b",", b"\t"))),
        (".psv", lambda path, content: path.write_bytes(content.replace(b",", b"|"))),
        (".ssv.csv", lambda path, content: path.write_bytes(content.replace(b",", b";"))),
        (".crlf.csv", lambda path, content: path.write_bytes(content.replace(b"\n", b"\r\n"))),
        (".end.csv", lambda path, content: path.write_bytes(content[:-1])),
        (".gaps.csv", lambda path, content: path.write_bytes(content.replace(b"\n", b"\n\n"))),
        (".q.csv", lambda path, content: path.write_bytes(content.replace(b"100\n", b'"100"\n'))),
    ],
)
def test_text_of_every_kind_reads_alike(
    suffix: str, write: Callable[[Path, bytes], Any], plain: Any, tmp_path: Path
) -> None:
    path = tmp_path / f"x{suffix}"
    write(path, TEXT)
    data = data_room.load(path)
    assert np.array_equal(data.bars(), plain)
    assert data.symbols == ("x",)


def bars_frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "ts": pd.date_range("2024-01-02 15:00", periods=10, freq="1h", tz="UTC"),
            "open": 10.0, "high": 10.5, "low": 9.5, "close": 10.25, "volume": 100,
        }
    )  # fmt: skip


def structured(frame: pd.DataFrame) -> Any:
    kinds = [("ts", "M8[ns]"), *((name, "f8") for name in frame.columns[1:])]
    rows = np.zeros(len(frame), dtype=kinds)
    for name in frame.columns:
        rows[name] = frame[name].dt.tz_localize(None) if name == "ts" else frame[name]
    return rows


@pytest.mark.parametrize("way", ["table", "batch", "reader", "numpy", "dict", "lists", "polars"])
def test_tables_of_every_library_read_alike(way: str) -> None:
    frame = bars_frame()
    expected = data_room.load(frame, symbols="A", bar_stamp="open")
    if way in ("table", "batch", "reader"):
        pa = pytest.importorskip("pyarrow")
        table = pa.Table.from_pandas(frame)
        batch = table.to_batches()[0]
        source = {"table": table, "batch": batch, "reader": table.to_reader()}[way]
    elif way == "polars":
        polars = pytest.importorskip("polars")
        columns = {name: frame[name].to_list() for name in frame.columns[1:]}
        stamps = polars.Series(frame["ts"].dt.as_unit("us").astype("int64").to_numpy()).cast(
            polars.Datetime("us", "UTC")
        )
        source = polars.DataFrame({"ts": stamps, **columns})
    elif way == "numpy":
        source = structured(frame)
    else:
        source = {name: frame[name] if way == "dict" else frame[name].to_list() for name in frame}
    data = data_room.load(source, symbols="A", bar_stamp="open", tz="UTC")
    assert data.content_hash() == expected.content_hash()


def test_arrow_files(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.feather as feather
    import pyarrow.ipc as ipc

    expected = data_room.load(bars_frame(), symbols="x", bar_stamp="open")
    table = pa.Table.from_pandas(bars_frame())
    feather.write_feather(table, tmp_path / "x.feather")
    with ipc.new_file(tmp_path / "x.arrow", table.schema) as out:
        out.write_table(table)
    with ipc.new_stream(tmp_path / "x.ipc", table.schema) as out:
        out.write_table(table)
    for name in ("x.feather", "x.arrow", "x.ipc"):
        data = data_room.load(tmp_path / name, bar_stamp="open")
        assert data.content_hash() == expected.content_hash()
    for name in ("x.feather", "x.arrow", "x.ipc"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(DataError, match=r"no readable Arrow file|breaks off") as caught:
            data_room.load(path, bar_stamp="open")
        assert caught.value.where["file"] == name


BROKEN: list[tuple[str, bytes, str, int | None]] = [
    ("cut", TEXT[:-25], "truncated", 11),
    ("short line", TEXT.replace(b"2024-01-05,10.0,", b"2024-01-05,"), "schema", 5),
    ("long line", TEXT.replace(b"2024-01-05,", b"2024-01-05,1,"), "schema", 5),
    ("footer", TEXT + b"(c) somebody\n", "schema", 12),
    ("no header", TEXT.partition(b"\n")[2], "schema", 1),
    ("header only", HEADER, "empty", None),
    ("nothing", b"", "empty", None),
    ("other columns", b"a,b\n1,2\n", "schema", None),
    ("twice", TEXT.replace(b"volume", b"close", 1), "schema", 1),
    ("utf-16", TEXT.decode().encode("utf-16"), "encoding", 1),
    ("latin-1", TEXT.replace(b"10.25,100\n", b"10.25,\xe4\n", 1), "encoding", 2),
    ("zeros", TEXT + b"\0" * 5000, "truncated", 12),
    ("garbage", bytes(range(256)) * 40, "truncated", 1),
    ("decimal comma", TEXT.replace(b",", b";").replace(b".", b","), "schema", 2),
    ("thousands", TEXT.replace(b",100\n", b',"1,100"\n'), "schema", 2),
    ("currency", TEXT.replace(b"10.25", b"$10.25"), "schema", 2),
    ("serial dates", TEXT.replace(b"2024-01-", b"452"), "schema", 2),
    ("naive", TEXT.replace(b",10.0,", b"T10:00:00,10.0,"), "naive_time", 2),
    (
        "mixed zones",
        TEXT.replace(b",10.0,", b"T10:00:00Z,10.0,").replace(b"05T10:00:00Z", b"05T10:00:00"),
        "timezone",
        5,
    ),
    ("nan", TEXT.replace(b"2024-01-05,10.0", b"2024-01-05,"), "nan", 5),
    ("blank", TEXT.replace(b"05,10.0", b"05,-1").replace(b"\n", b"\n\n\n"), "nonpositive", 13),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "kind", "line"), [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN]
)
def test_broken_text_is_refused_at_its_line(
    content: bytes, kind: str, line: int | None, tmp_path: Path
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        data_room.load(path)
    where = caught.value.where
    assert where["kind"] == kind
    assert where["file"] == "x.csv"
    assert where.get("line") == line
    assert caught.value.remedy
    assert kind in [issue.kind for issue in data_room.check(path).issues]


@pytest.mark.parametrize("name", ["x.gz", "x.xz", "x.zst"])
def test_torn_archives(name: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    body = "".join(f"2024-01-02,{a},{a},{a},{a},1\n" for a in rng.uniform(1, 9, 50_000))
    content = HEADER + body.encode()
    path = tmp_path / name
    {"x.gz": lambda: path.write_bytes(gzip.compress(content)),
     "x.xz": lambda: path.write_bytes(lzma.compress(content, preset=0)),
     "x.zst": lambda: packed_zstd(path, content)}[name]()  # fmt: skip
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(DataError, match="breaks off") as caught:
        data_room.load(path)
    assert caught.value.where["kind"] == "truncated"
    assert caught.value.where["line"] > 1000


@pytest.mark.parametrize("head", [b"", TEXT])
@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "x.feather", "x.bin"])
def test_ten_gigabytes_of_nothing(name: str, head: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(head)
    os.truncate(path, 10 * 2**30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError) as caught:
        data_room.load(path)
    assert caught.value.remedy
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


def test_a_line_without_end(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(HEADER + b"1," * (3 << 20))
    with pytest.raises(DataError, match="no end"):
        data_room.load(path)


def test_mixed_units_of_time() -> None:
    seconds = np.array([1_704_205_800, 1_704_205_860, 1_704_205_920])
    table = pd.DataFrame({"ts": [seconds[0], seconds[1] * 1000, seconds[2]], "close": 1.0})
    with pytest.raises(DataError, match="different units"):
        data_room.load(table)


def test_wide_tables_are_closes(tmp_path: Path) -> None:
    wide = pd.DataFrame(
        {"Date": ["2024-01-02", "2024-01-03"], "AAPL": [1.0, 2.0], "BRK.B": [np.nan, 3.0]}
    )
    data = data_room.load(wide)
    assert data.symbols == ("AAPL", "BRK.B")
    assert data.to_frame()["close"].tolist() == [1.0, 2.0, 3.0]
    days = pd.bdate_range("2024-01-02", periods=200).strftime("%Y-%m-%d")
    planted = pd.DataFrame({"Date": days, "A": np.arange(1.0, 201), "BB": np.arange(1.0, 201)})
    planted.loc[17, "BB"] = -2.0
    issue = data_room.check(planted).errors[0]
    assert (issue.kind, issue.rows, issue.symbol) == ("nonpositive", (17,), "BB")
    returns = pd.DataFrame({"Date": ["2024-01-02", "2024-01-03"], "SMB": [0.1, -0.2]})
    with pytest.raises(DataError, match="no kind of table"):
        data_room.load(returns)
    lower = wide.rename(columns={"AAPL": "apple", "BRK.B": "berkshire"})
    with pytest.raises(DataError, match="no kind of table"):
        data_room.load(lower)
    assert data_room.load(lower, format="wide").symbols == ("apple", "berkshire")


def test_venues_of_one_symbol_stay_apart() -> None:
    table = pd.DataFrame(
        {
            "symbol": ["B", "B", "C"],
            "venue": ["x", "y", "x"],
            "ts": "2024-01-02",
            "close": [1.0, 1.5, 2.0],
        }
    )
    assert data_room.load(table).symbols == ("B.x", "B.y", "C")


def test_repairs_are_in_the_receipt() -> None:
    import py_rt as rt

    table = data_room.sample("us_daily").select("AAPL").to_frame("bar")[:300]
    table = pd.concat([table, table.iloc[[-1]]], ignore_index=True)
    table.loc[5, "close"] = -1.0
    with pytest.raises(DataError):
        data_room.load(table)
    data = data_room.load(table, quality="repair")
    run = rt.backtest(rt.strategies.SmaCross(symbol="AAPL"), data, progress=False)
    repairs = run.receipt["data"]["repairs"]
    assert "repair: 1 rows dropped: close is not positive: -1" in repairs
    assert any("is there already" in note for note in repairs)


def test_large_text_is_not_held_three_times(tmp_path: Path) -> None:
    """Peak memory of reading stays near what the table itself needs."""
    import subprocess
    import sys

    path = tmp_path / "x.csv"
    stamps = 1_704_067_200 + 60 * np.arange(1_000_000)
    table = pd.DataFrame({"ts": stamps, "close": 100.0 + np.arange(stamps.size) % 1000})
    table.to_csv(path, index=False)
    code = (
        "import resource, sys, py_rt.data\n"
        "import pandas, pyarrow, exchange_calendars\n"
        "from py_rt.data.formats.delimited import READERS\n"
        "from py_rt.data.quality import IssueLog\n"
        "from py_rt.data.readers import Wishes\n"
        "from pathlib import Path\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "sheet = next(iter(READERS[0].read([Path(sys.argv[1])], Wishes(), IssueLog())))\n"
        "peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "print(peak * 1024 / sheet.frame.memory_usage(deep=True).sum())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 3.0


SOURCES: list[tuple[str, Any, dict[str, Any]]] = [
    ("no columns", pd.DataFrame(), {}),
    ("no rows", bars_frame().iloc[:0], {}),
    ("one row", bars_frame().iloc[:1], {}),
    ("blank symbol", bars_frame().assign(symbol=["A", None] * 5), {}),
    ("nested", bars_frame().assign(close=[[1.0]] * 10), {}),
    ("too large", bars_frame().assign(open=1e300, high=1e300, low=1e300, close=1e300), {}),
    ("before 1970", bars_frame().assign(ts=np.arange(-10, 0)), {}),
    ("no time", bars_frame().assign(ts=pd.NaT), {}),
    ("durations", bars_frame().assign(ts=pd.to_timedelta(np.arange(10), unit="s")), {}),
    ("year 3000", {"date": ["3000-01-02", "3000-01-03"], "close": [1.0, 2.0]}, {}),
    ("a matrix", np.zeros((3, 3)), {}),
    ("nothing", None, {}),
    ("no tables", {}, {}),
    ("a table of nothing", {"A": None}, {}),
    ("numbers", {"ts": 5, "close": 1}, {}),
    ("uneven", {"ts": [1, 2], "close": [1]}, {}),
    ("columns", bars_frame(), {"columns": ["close"]}),
    ("calendar", bars_frame(), {"calendar": "NOPE"}),
]


@pytest.mark.parametrize(("name", "source", "how"), SOURCES, ids=[s[0] for s in SOURCES])
def test_odd_sources_are_refused_by_name(name: str, source: Any, how: dict[str, Any]) -> None:
    with pytest.raises((DataError, ParameterError)) as caught:
        data_room.load(source, bar_stamp="open", **how)
    assert caught.value.remedy, name


def test_damaged_bytes_never_escape(tmp_path: Path) -> None:
    """Random damage is read, or refused with a typed error; seed 3."""
    rng = random.Random(3)
    read, refused = 0, list[DataError]()
    for number in range(150):
        content = bytearray(TEXT if number % 3 else gzip.compress(TEXT))
        for _ in range(rng.randint(0, 2)):
            at = rng.randrange(len(content))
            way = rng.randrange(3)
            if way == 0:
                content[at] = rng.randrange(256)
            elif way == 1:
                del content[at : at + rng.randrange(30)]
            else:
                content[at:at] = rng.choice([b"\n", b",", b'"', b"nan", b"-", b"1e999", b"\r"])
        path = tmp_path / f"{number}.csv"
        path.write_bytes(content or b"x")
        try:
            data_room.load(path)
            read += 1
        except DataError as error:
            refused.append(error)
        data_room.check(path)
    assert 10 < read < 140
    assert all(error.remedy for error in refused)


def test_market_data_and_catalogs_are_checked_too(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip("exchange_calendars")
    table = data_room.sample("sp500_daily").select("KO").to_frame("bar").drop(index=[300, 301])
    data = data_room.load(table)
    catalog = data_room.Catalog(tmp_path)
    catalog.write(data)
    for source in (data, catalog):
        report = data_room.check(source)
        assert [(issue.kind, issue.rows) for issue in report.issues] == [("gap", (300,))]
        assert report.facts["calendar"] == "XNYS"
