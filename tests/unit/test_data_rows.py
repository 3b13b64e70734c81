"""Rows in a mapped file: equal to rows in memory, damaged never, and in little memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import py_rt as rt
from py_rt._pages import Passed, blocks
from py_rt.market import BAR_DTYPE, EVENT_DTYPE, Instrument, MarketData

SEED = 20261130


def made(seed: int = SEED, count: int = 1000) -> MarketData:
    """Return some random events and bars of two instruments."""
    drawn = np.random.default_rng(seed)
    events = np.zeros(count, dtype=EVENT_DTYPE)
    events["ts_recv"] = np.sort(drawn.integers(10**18, 10**18 + 10**12, count))
    events["ts_event"] = events["ts_recv"] - drawn.integers(0, 1000, count)
    events["instrument"] = drawn.integers(0, 2, count)
    events["kind"] = drawn.choice([1, 4], count)
    events["side"] = drawn.choice([-1, 1], count)
    events["price"] = drawn.integers(1, 10**6, count)
    events["qty"] = drawn.integers(1, 10**6, count)
    bars = np.zeros(7, dtype=BAR_DTYPE)
    bars["ts_open"] = 10**18 + np.arange(7) * 60 * 10**9
    bars["ts_close"] = bars["ts_open"] + 60 * 10**9
    for name in ("open", "high", "low", "close"):
        bars[name] = 100
    known = [Instrument("AAA"), Instrument("BBB", tick_size="0.5", sessions=False)]
    return MarketData(events, bars, known, "made", "nobody", ["a note"])


def saved(folder: Path) -> tuple[MarketData, Path]:
    data, path = made(), folder / "made.rows"
    data.save(path)
    return data, path


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    data, path = saved(tmp_path)
    back = rt.data.load(path)
    assert back.events().tobytes() == data.events().tobytes()
    assert back.bars().tobytes() == data.bars().tobytes()
    assert (back.instruments, back.notes, back.kinds) == (data.instruments, data.notes, data.kinds)
    assert (back.name, back.attribution) == ("made", "nobody")
    assert (back.start, back.end) == (data.start, data.end)
    assert back.content_hash() == data.content_hash()
    with pytest.raises(ValueError, match="read-only"):
        back.events()["price"][0] = 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["made.rows"]


@pytest.mark.parametrize("seed", range(5))
def test_a_changed_byte_is_found(tmp_path: Path, seed: int) -> None:
    data, path = saved(tmp_path)
    drawn = np.random.default_rng(seed)
    content = bytearray(path.read_bytes())
    begin = 4096
    places = [begin + int(drawn.integers(0, data.events().nbytes)), len(content) - 40 - seed]
    for place in places:
        broken = bytearray(content)
        broken[place] ^= 1 << int(drawn.integers(0, 8))
        path.write_bytes(broken)
        with pytest.raises(rt.DataError, match=r"made\.rows .*write it again"):
            rt.data.load(path)


@pytest.mark.parametrize("kept", [8, 100, 4096, 5000, 40_000, -1, -17, -300])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, kept: int) -> None:
    _, path = saved(tmp_path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(rt.DataError, match="write it again"):
        rt.data.load(path)


def test_pieces_are_one_file_and_errors_leave_none(tmp_path: Path) -> None:
    data, path = made(), tmp_path / "pieces.rows"
    middle = int(data.events()["ts_recv"][500])
    with rt.data.RowsWriter(path, data.instruments) as out:
        out.append(data.events()[:400])
        out.append(MarketData(data.events()[400:], data.bars(), data.instruments))
    assert rt.data.load(path).content_hash() == data.content_hash()
    with rt.data.RowsWriter(path, data.instruments) as out:
        out.append(data.slice(middle, None).events())
        with pytest.raises(rt.DataError, match="before the last ones"):
            out.append(data.slice(None, middle).events())
        out.append(data.bars())
    late = rt.data.load(path)
    assert (late.events().size, late.bars().size) == (data.slice(middle, None).events().size, 7)
    before = path.read_bytes()
    other = data.instruments[0].with_fields(tick_size="0.005")
    with (
        pytest.raises(rt.DataError, match=r"AAA is not in the file with tick 0\.01"),
        rt.data.RowsWriter(path, [other]) as out,
    ):
        out.append(data.select(["AAA"]))
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["pieces.rows"]


def test_symbols_find_their_place(tmp_path: Path) -> None:
    data, path = made(), tmp_path / "turned.rows"
    with rt.data.RowsWriter(path, reversed(data.instruments)) as out:
        out.append(data)
    assert rt.data.load(path, symbols=["AAA", "BBB"]).content_hash() == data.content_hash()


def test_blocks_and_pages(tmp_path: Path) -> None:
    _, path = saved(tmp_path)
    rows = rt.data.load(path).events()
    assert b"".join(block.tobytes() for block in blocks(rows)) == rows.tobytes()
    Passed(rows).upto(10**9)
    part = rows[100:700]
    want = part.tobytes()
    Passed(part).upto(600)
    assert part.tobytes() == want


RUN = """
import sys
import py_rt as rt


def peak_mib():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) >> 10 for line in file if line.startswith("VmHWM"))


data = rt.data.load(sys.argv[1])
before = peak_mib()
result = rt.backtest(rt.StrategyFactory.create("market_maker"), data, progress=False)
peak = peak_mib()
print(len(data), result.stats.n_orders, before, peak, result.order_hash)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_a_run_holds_what_it_is_at(tmp_path: Path) -> None:
    sample = rt.data.sample("btcusdt_l2")
    rows = np.array(sample.events())
    span = int(rows["ts_recv"][-1] - rows["ts_recv"][0]) + 10**6
    path = tmp_path / "long.rows"
    with rt.data.RowsWriter(path, sample.instruments) as out:
        for _ in range(18):
            out.append(rows)
            rows["ts_event"] += span
            rows["ts_recv"] += span
    size = path.stat().st_size >> 20
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(path)], capture_output=True, text=True, check=True
    )
    count, orders, before, peak = (int(word) for word in done.stdout.split()[:4])
    told = f"{size} MiB, {count} rows, {orders} orders: {before} MiB before, {peak} MiB at most"
    assert count == 18 * len(sample)
    assert orders > 1000
    assert size > 250
    assert peak < 200, told
    assert peak - before < 60, told
    in_memory = rt.backtest(
        rt.StrategyFactory.create("market_maker"),
        MarketData(np.array(rt.data.load(path).events()), None, sample.instruments),
        progress=False,
    )
    assert in_memory.order_hash == done.stdout.split()[4]
