"""The catalog: what goes in comes out bit by bit; an import happens whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from py_rt import data as data_room
from py_rt.data.catalog import pages
from py_rt.data.catalog.store import _Folder
from py_rt.errors import DataError, ParameterError
from py_rt.market import BAR_DTYPE, EVENT_DTYPE, Instrument, MarketData

pytest.importorskip("pyarrow")
DAY = 86_400 * 10**9


def bars(closes: list[int], first_day: int = 0, **fields: Any) -> MarketData:
    rows = np.zeros(len(closes), dtype=BAR_DTYPE)
    rows["ts_open"] = (first_day + np.arange(len(closes))) * DAY
    rows["ts_close"] = rows["ts_open"] + DAY
    for name in ("open", "high", "low", "close"):
        rows[name] = closes
    return MarketData(None, rows, [Instrument("BTC/USD", **{"tick_size": "0.25", **fields})])


def equal(first: MarketData, second: MarketData) -> bool:
    return first.content_hash() == second.content_hash()


def state(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != ".lock"
    }


@pytest.mark.parametrize("name", ["btcusdt_l2", "us_minute", "us_daily"])
def test_samples_come_back_bit_by_bit(name: str, tmp_path: Path) -> None:
    data = data_room.sample(name)
    catalog = data_room.Catalog(tmp_path)
    assert catalog.write(data).added == len(data)
    again = catalog.query()
    assert equal(again, data)
    assert np.array_equal(again.events(), data.events())
    assert catalog.instruments() == data.instruments
    assert equal(data_room.load(tmp_path), data)
    assert equal(data_room.load(catalog), data)
    before = state(tmp_path)
    assert catalog.write(data).added == 0
    assert data_room.Catalog(tmp_path).write(data).files == 0
    assert state(tmp_path) == before


def test_a_part_equals_the_slice(tmp_path: Path) -> None:
    catalog = data_room.Catalog(tmp_path)
    data = data_room.sample("btcusdt_l2")
    catalog.write(data)
    assert data.start is not None
    span = (data.start + 20 * 10**9, data.start + 40 * 10**9)
    assert equal(catalog.query(start=span[0], end=span[1]), data.slice(*span))
    minute = data_room.sample("us_minute")
    catalog.write(minute)
    part = catalog.query(["NVR", "AZO"], kinds="bar", start="2024-02-01", end="2024-03-01")
    assert equal(part, minute.select(["NVR", "AZO"]).slice("2024-02-01", "2024-03-01"))
    trades = catalog.query("BTCUSDT", kinds=["trade"])
    assert trades.kinds == ("trade",)


def test_parts_become_the_whole(tmp_path: Path) -> None:
    catalog = data_room.Catalog(tmp_path)
    data = data_room.sample("us_minute")
    catalog.write(data.slice(None, "2024-01-20"))
    catalog.write(data.slice("2024-01-10", None))
    assert np.array_equal(catalog.query("NVR").bars(), data.select("NVR").bars())
    table = catalog.coverage().set_index(["symbol", "kind"])
    assert table.loc[("NVR", "bar"), "rows"] == data.select("NVR").bars().size
    assert list(catalog.coverage().columns[:4]) == ["symbol", "kind", "start", "end"]


def test_overlap_rules(tmp_path: Path) -> None:
    catalog = data_room.Catalog(tmp_path)
    catalog.write(bars([1, 2, 3, 4]))
    assert catalog.write(bars([3, 4, 5], 2)).added == 1
    with pytest.raises(DataError, match="with other rows"):
        catalog.write(bars([9, 5, 6], 3))
    assert catalog.query().bars()["close"].tolist() == [1, 2, 3, 4, 5]
    with pytest.raises(DataError, match="another bar"):
        catalog.write(bars([9, 5, 6], 3), overlap="merge")
    assert catalog.write(bars([8], 7)).added == 1
    assert catalog.write(bars([5, 6, 7, 8], 4), overlap="merge").added == 2
    catalog.write(bars([7, 7], 0), overlap="replace")
    assert catalog.query().bars()["close"].tolist() == [7, 7, 3, 4, 5, 6, 7, 8]
    with pytest.raises(ParameterError, match="overlap"):
        catalog.write(bars([1]), overlap="ignore")  # type: ignore[arg-type]


def test_finer_ticks_rescale_what_is_there(tmp_path: Path) -> None:
    catalog = data_room.Catalog(tmp_path)
    catalog.write(bars([4, 8]))
    catalog.write(bars([10], 2, tick_size="0.1"))
    again = catalog.query()
    assert again.instruments[0].tick_size == "0.05"
    assert again.bars()["close"].tolist() == [20, 40, 20]
    with pytest.raises(DataError, match="currency"):
        catalog.write(bars([1], 9, currency="EUR"))


@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_a_crash_leaves_the_old_state(
    at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = data_room.Catalog(tmp_path)
    data = data_room.sample("us_minute").select(["NVR", "AZO", "TDG"])
    middle = int(np.median(data.bars()["ts_open"]))
    catalog.write(data.slice(None, middle))
    old = catalog.query()
    calls = [0]
    put = _Folder.put

    def dying(self: _Folder, path: str, content: bytes) -> None:
        if calls[0] == at:
            (self.root / "data").mkdir(exist_ok=True)
            (self.root / "data" / ".torn.part").write_bytes(content[:10])
            raise KeyboardInterrupt
        calls[0] += 1
        put(self, path, content)

    monkeypatch.setattr(_Folder, "put", dying)
    with pytest.raises(KeyboardInterrupt):
        catalog.write(data)
    monkeypatch.setattr(_Folder, "put", put)
    assert equal(data_room.Catalog(tmp_path).query(), old)
    catalog.write(data)
    assert equal(catalog.query(), data)
    counted = {Path(name).name for name in catalog.files()}
    assert {p.name for p in (tmp_path / "data").rglob("*") if p.is_file()} == counted


KILLED = """
import os, signal, sys
from py_rt import data
from py_rt.data.catalog import pages
from py_rt.data.catalog.store import _Folder
put, left = _Folder.put, [int(sys.argv[2])]
def dying(self, path, content):
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    put(self, path, content)
_Folder.put = dying
data.Catalog(sys.argv[1]).write(data.sample("us_minute"))
"""


@pytest.mark.parametrize("after", ["0", "2"])
def test_a_killed_import_can_be_repeated(after: str, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), after], check=False)
    assert done.returncode == -9
    catalog = data_room.Catalog(tmp_path)
    assert len(catalog.query()) == 0
    data = data_room.sample("us_minute")
    catalog.write(data)
    assert equal(catalog.query(), data)


def test_other_programs_read_exact_decimals(tmp_path: Path) -> None:
    catalog = data_room.Catalog(tmp_path)
    catalog.write(bars([4, 9]))
    import pyarrow.dataset as ds

    table = ds.dataset(catalog.files("bar"), format="parquet").to_table()
    assert table.column("close").to_pylist() == [Decimal("1.00"), Decimal("2.25")]
    duckdb = pytest.importorskip("duckdb")
    found = duckdb.sql(
        f"select symbol, close from read_parquet('{tmp_path}/data/**/*.parquet', "
        "hive_partitioning=true) order by ts_open"
    ).fetchall()
    assert [row[1] for row in found] == [Decimal("1.00"), Decimal("2.25")]
    assert found[0][0] in ("BTC/USD", "BTC%2FUSD")


def test_a_damaged_file_is_noticed(tmp_path: Path) -> None:
    catalog = data_room.Catalog(tmp_path)
    catalog.write(bars([4, 9]))
    path = Path(catalog.files()[0])
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="checksum differs") as caught:
        catalog.query()
    assert caught.value.where["kind"] == "checksum"
    path.unlink()
    with pytest.raises(DataError, match="is missing"):
        catalog.query()
    (tmp_path / "catalog.json").write_text("{}")
    with pytest.raises(DataError, match="no catalog manifest"):
        data_room.Catalog(tmp_path)


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    catalog = data_room.Catalog(tmp_path)
    with catalog._store.locked(), pytest.raises(DataError, match="another process"):
        data_room.Catalog(tmp_path).write(bars([1]))


def test_a_file_system_of_objects() -> None:
    import pyarrow.fs as pafs

    system = pafs._MockFileSystem()
    catalog = data_room.Catalog("bucket/prices", filesystem=system)
    data = data_room.sample("us_daily")
    catalog.write(data)
    assert equal(data_room.Catalog("bucket/prices", filesystem=system).query(), data)
    catalog.write(data.select("AAPL").slice("2020-01-01", "2021-01-01"))
    assert equal(catalog.query(), data)


def test_a_path_as_url(tmp_path: Path) -> None:
    catalog = data_room.Catalog(tmp_path.as_uri())
    catalog.write(bars([1, 2]))
    assert equal(data_room.Catalog(tmp_path).query(), bars([1, 2]))
    with pytest.raises(DataError, match="cannot be opened"):
        data_room.Catalog("nowhere://x/y")


def test_wild_rows_survive(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    rows = np.zeros(5000, dtype=EVENT_DTYPE)
    rows["ts_recv"] = np.sort(rng.integers(0, 5 * DAY, rows.size) // 10**12 * 10**12)
    rows["ts_event"] = rows["ts_recv"] - rng.integers(0, 10**9, rows.size)
    rows["instrument"] = rng.integers(0, 3, rows.size)
    rows["kind"] = rng.integers(0, 5, rows.size)
    rows["side"] = rng.integers(-1, 2, rows.size)
    rows["price"] = rng.integers(-(10**16), 10**16, rows.size)
    rows["qty"] = rng.integers(0, 9 * 10**18, rows.size)
    rows["order_id"] = rng.integers(0, 2**64, rows.size, dtype=np.uint64)
    rows["flags"] = rng.integers(0, 2**16, rows.size)
    known = [
        Instrument(name, tick_size=tick, lot_size="1")
        for name, tick in (("c", "25"), ("A/b", "0.05"), ("ü", "1"))
    ]
    data = MarketData(rows, None, known)
    catalog = data_room.Catalog(tmp_path)
    catalog.write(data)
    assert np.array_equal(catalog.query().events(), rows)
    assert catalog.query("ü").events()["qty"].sum() == data.select("ü").events()["qty"].sum()


def test_pyarrow_is_asked_for_by_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(DataError, match=r"py-rt\[data\]"):
        data_room.Catalog(tmp_path)
    assert not os.listdir(tmp_path)


def test_unknown_symbols_and_kinds(tmp_path: Path) -> None:
    catalog = data_room.Catalog(tmp_path)
    assert len(catalog.query()) == 0
    assert catalog.coverage().empty
    with pytest.raises(DataError, match="none yet"):
        catalog.query("X")
    catalog.write(bars([1]))
    with pytest.raises(DataError, match="BTC/USD"):
        catalog.query("X")
    with pytest.raises(ParameterError, match="candles"):
        catalog.query(kinds="candles")


def test_single_orders_come_back_with_their_book(tmp_path: Path) -> None:
    """Kinds 5 to 8 among clears and trades, over two days of which the second begins anew."""
    story = [(2, 0, 0, 0), (5, 1, 100, 1), (5, -1, 105, 2), (6, 1, 100, 1), (1, 1, 105, 0),
             (8, -1, 105, 2), (5, 1, 101, 3), (7, 1, 100, 1)]  # fmt: skip
    rows = np.zeros(2 * len(story), dtype=EVENT_DTYPE)
    for at, (kind, side, price, order) in enumerate(2 * story):
        day = at // len(story)
        rows[at]["kind"], rows[at]["side"], rows[at]["price"] = kind, side, price
        rows[at]["order_id"], rows[at]["flags"] = order + 10 * day * (order > 0), 1
        rows[at]["qty"] = 0 if kind == 2 else 4 if kind == 5 else 1
        rows[at]["ts_event"] = rows[at]["ts_recv"] = (19_000 + day) * DAY + at
    data = MarketData(rows, None, [Instrument("ABC")])
    catalog = data_room.Catalog(tmp_path / "catalog")
    catalog.write(data)
    assert catalog.write(data).added == 0
    assert equal(catalog.query(), data)
    assert set(catalog.coverage()["kind"]) == {"depth", "trade", "order"}
    start = int(rows["ts_event"][11])
    part, whole = catalog.query(start=start), data.slice(start)
    assert equal(part, whole)
    books = part.books(depth=2)
    assert books.bid_qty[:2, 0].tolist() == [4.0, 3.0]
    catalog.export(tmp_path / "out.rows")
    assert equal(data_room.load(tmp_path / "out.rows"), data)


def test_an_export_of_a_day_needs_some_pages_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of unlike length with many equal times, merged in pages, in the order of the query."""
    rng = np.random.default_rng(5)
    rows = np.zeros(400_000, dtype=EVENT_DTYPE)
    rows["ts_recv"] = 1_700_000_000 * 10**9 + np.sort(rng.integers(0, 9_000, rows.size))
    rows["ts_event"] = rows["ts_recv"]
    rows["instrument"] = np.minimum(rng.geometric(0.6, rows.size) - 1, 5)
    rows["kind"] = rng.integers(0, 2, rows.size)
    rows["price"], rows["qty"] = rng.integers(1, 10**6, rows.size), rng.integers(1, 99, rows.size)
    rows["side"], rows["flags"] = 1, 1
    whole = MarketData(rows, None, [Instrument(f"S{n}") for n in range(6)])
    catalog = data_room.Catalog(tmp_path / "catalog")
    catalog.write(whole.select(["S1", "S3"]))
    catalog.write(whole)
    monkeypatch.setattr(pages, "PAGE_ROWS", 1 << 13)
    tracemalloc.start()
    catalog.export(tmp_path / "day.rows")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < rows.nbytes / 3, f"{peak:,} bytes for rows of {rows.nbytes:,}"
    assert equal(data_room.load(tmp_path / "day.rows"), catalog.query())
    path = next(path for path in catalog.files("trade") if "S0" in path)
    content = bytearray(Path(path).read_bytes())
    content[len(content) // 2] ^= 1
    Path(path).write_bytes(content)
    with pytest.raises(DataError, match="is damaged: its checksum differs"):
        catalog.export(tmp_path / "again.rows")
    Path(path).unlink()
    with pytest.raises(DataError, match="is missing"):
        catalog.export(tmp_path / "again.rows")
    assert not list(tmp_path.glob("*again*"))


def test_an_export_is_the_query(tmp_path: Path) -> None:
    catalog = data_room.Catalog(tmp_path / "catalog")
    first = data_room.sample("btcusdt_l2")
    rows = np.array(first.events())
    rows["ts_event"] += 3 * DAY
    rows["ts_recv"] += 3 * DAY
    catalog.write(first)
    catalog.write(MarketData(rows, None, first.instruments))
    catalog.write(data_room.sample("us_minute"))
    for symbols, kinds in ((None, None), ("BTCUSDT", "trade"), (["NVR", "BTCUSDT"], None)):
        catalog.export(tmp_path / "out.rows", symbols, kinds)
        assert equal(data_room.load(tmp_path / "out.rows"), catalog.query(symbols, kinds))
    with pytest.raises(DataError, match="no 'XYZ' in the catalog"):
        catalog.export(tmp_path / "none.rows", "XYZ")
    assert not (tmp_path / "none.rows").exists()
