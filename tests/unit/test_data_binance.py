"""Raw Binance recordings: the chain of update ids by hand, and books against recorded tops."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from py_rt import data as data_room
from py_rt.errors import DataError
from py_rt.market import CLEAR, DEPTH, FLAG_END, FLAG_INVALID, SNAPSHOT, TRADE

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
MS = 1_000_000


def diff(first: int, last: int, bids: Any = (), asks: Any = (), ms: int = 0, **more: Any) -> Any:
    event = {"e": "depthUpdate", "E": ms or last, "s": "XUSDT", "U": first, "u": last}
    return {"data": {**event, "b": list(bids), "a": list(asks), **more}}


def snapshot(last: int, bids: Any, asks: Any, **more: Any) -> Any:
    return {"lastUpdateId": last, "bids": list(bids), "asks": list(asks), **more}


def trade(price: str, qty: str, maker: bool, ms: int = 5) -> Any:
    body = {"e": "trade", "E": ms, "T": ms - 1, "s": "XUSDT", "t": 1, "p": price, "q": qty}
    return {"stream": "xusdt@trade", "data": {**body, "m": maker}}


def written(folder: Path, messages: list[Any], name: str = "x.gz") -> Path:
    lines = [f"{1000 + 10 * i} {json.dumps(m)}" for i, m in enumerate(messages)]
    text = ("\n".join(lines) + "\n").encode()
    (folder / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return folder / name


SNAP = snapshot(10, [["100.50", "1.0"]], [["100.60", "2.0"]])


def test_chain_by_hand(tmp_path: Path) -> None:
    messages = [
        diff(7, 9, [["100.40", "9"]]),
        {"stream": "xusdt@bookTicker", "data": {"u": 1, "s": "XUSDT"}},
        diff(10, 12, [["100.40", "3"]]),
        SNAP,
        trade("100.60", "0.25", maker=False),
        diff(11, 12, [["100.30", "8"]]),
        diff(13, 14, [], [["100.60", "0"], ["100.70", "1"]]),
    ]
    data = data_room.load(written(tmp_path, messages))
    rows = data.events()
    assert rows["kind"].tolist() == [DEPTH, CLEAR, SNAPSHOT, SNAPSHOT, DEPTH, TRADE, DEPTH, DEPTH]
    end, bad = FLAG_END, FLAG_INVALID
    assert rows["flags"].tolist() == [bad | end, 0, 0, end, end, end, 0, end]
    assert rows["ts_recv"].tolist() == [1000, 1030, 1030, 1030, 1030, 1040, 1060, 1060]
    assert rows["ts_event"][1] == 9 * MS
    instrument = data.instruments[0]
    assert (instrument.tick_size, instrument.lot_size) == ("0.1", "0.01")
    books = data.books(depth=2)
    assert books.valid.tolist() == [False, True, True, True]
    assert books.bid_price[-1].tolist() == [100.5, 100.4]
    assert books.bid_qty[-1].tolist() == [1.0, 3.0]
    assert books.ask_price[-1, 0] == 100.7
    assert rows["side"][rows["kind"] == TRADE].tolist() == [1]
    assert any("bookTicker" in note for note in data.notes)


def test_gap_makes_the_book_invalid_until_the_next_snapshot(tmp_path: Path) -> None:
    messages = [
        SNAP,
        diff(9, 11),
        diff(13, 14, [["100.40", "3"]]),
        diff(15, 16, [["100.30", "3"]]),
        snapshot(20, [["99", "1"]], [["101", "1"]]),
        diff(21, 22, [["100", "1"]]),
    ]
    path = written(tmp_path, messages, "x.txt")
    with pytest.warns(UserWarning, match="update ids jump from 11 to 13"):
        data = data_room.load(path)
    assert data.books().valid.tolist() == [True, False, False, True, True]
    report = data_room.check(path)
    assert report.ok
    assert [issue.kind for issue in report.issues] == ["sequence"]
    assert report.issues[0].symbol == "XUSDT"


def test_futures_chain_by_previous_id(tmp_path: Path) -> None:
    messages = [
        snapshot(10, [["100", "1"]], [["101", "1"]], E=3, T=2),
        diff(8, 11, [["99", "1"]], T=4, pu=7),
        diff(20, 25, [["99", "2"]], T=5, pu=11),
        diff(40, 41, [["99", "3"]], T=6, pu=30),
    ]
    with pytest.warns(UserWarning, match="update ids jump"):
        data = data_room.load(written(tmp_path, messages))
    books = data.books()
    assert books.valid.tolist() == [True, True, True, False]
    assert books.ts_event.tolist() == [2 * MS, 4 * MS, 5 * MS, 6 * MS]
    assert data.instruments[0].asset_class == "future"


def test_snapshot_older_than_the_stream_is_of_no_use(tmp_path: Path) -> None:
    messages = [diff(30, 31, [["100", "1"]]), SNAP, diff(32, 33, [["100", "1"]])]
    with pytest.warns(UserWarning, match="update ids jump from 10 to 30"):
        data = data_room.load(written(tmp_path, messages))
    assert data.books().valid.tolist() == [True, False, False]


def test_no_snapshot_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, [diff(1, 2, [["100", "1"]]), diff(3, 4, [["100", "1"]])])
    with pytest.warns(UserWarning, match="no snapshot"):
        data = data_room.load(path)
    assert not data.books().valid.any()


def test_torn_recordings(tmp_path: Path) -> None:
    path = written(tmp_path, [SNAP, *(diff(11 + i, 11 + i, [["100", "1"]]) for i in range(400))])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"breaks off: .*quality=\"warn\"") as caught:
        data_room.load(path)
    assert (caught.value.where["file"], caught.value.where["kind"]) == (path.name, "truncated")
    assert caught.value.where["line"] > 3
    with pytest.warns(UserWarning, match="breaks off"):
        data = data_room.load(path, quality="warn")
    assert len(data) > 3
    report = data_room.check(path)
    assert (report.ok, report.issues[0].kind) == (False, "truncated")
    plain = written(tmp_path, [SNAP, diff(11, 11), diff(12, 12, [["100", "1"]])], "y.txt")
    plain.write_bytes(plain.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"the last line of y.txt is torn; .*line 3"):
        data_room.load(plain)
    with pytest.warns(UserWarning, match="torn and left out"):
        assert len(data_room.load(plain, quality="warn")) == 3
    bad = written(tmp_path, [SNAP, "hello", SNAP], "z.txt")
    with pytest.raises(DataError, match=r"line 2 of z\.txt") as caught:
        data_room.load(bad)
    where = caught.value.where
    assert (where["file"], where["line"], where["row"], where["byte"]) == ("z.txt", 2, 1, 0)


def test_a_recorder_whose_clock_is_behind_is_told_of(tmp_path: Path) -> None:
    path, start = tmp_path / "slow.txt", 1_700_000_000_000
    changes = [diff(11 + i, 11 + i, [["100", "1"]], ms=start + 100 * i) for i in range(20)]
    for behind, found in ((1_400, [("disorder", "warning")]), (50, []), (-30, [])):
        stamps = [(start + 100 * i - behind) * MS for i in range(20)]
        lines = [f"{at} {json.dumps(m)}\n" for at, m in zip(stamps, changes, strict=True)]
        path.write_text(f"{stamps[0] - 1} {json.dumps(SNAP)}\n" + "".join(lines))
        issues = data_room.check(path).issues
        assert [(issue.kind, issue.severity) for issue in issues] == found


def test_large_quantities_are_exact(tmp_path: Path) -> None:
    snap = snapshot(10, [["0.00001234", "9876543210.00000001"]], [["0.00001235", "1.00000000"]])
    rows = data_room.load(written(tmp_path, [snap, diff(11, 11)])).events()
    assert rows["qty"].tolist()[1] == 987654321000000001
    assert rows["price"].tolist()[1:3] == [1234, 1235]
    snap = snapshot(10, [["0.00001234", "9876543210123.00000000"]], [["1", "10.00000000"]])
    rows = data_room.load(written(tmp_path, [snap, diff(11, 11)])).events()
    assert rows["qty"].tolist()[1:3] == [9876543210123, 10]
    snap = snapshot(10, [["1", "9876543210123.00000001"]], [["2", "1"]])
    with pytest.raises(DataError, match="18 digits"):
        data_room.load(written(tmp_path, [snap, diff(11, 11)]))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data folder is not beside the house")
@pytest.mark.parametrize(
    ("pattern", "at_least"),
    [
        ("spot_btcusdt_*.gz", 1000),
        ("spot_ethusdt_*.gz", 1000),
        ("usdm_btcusdt_202407*.gz", 500),
        ("usdm_btcusdt_20240808.gz", 500),
    ],
)
def test_books_equal_the_recorded_top(pattern: str, at_least: int) -> None:
    """At each update id that a depth message and a bookTicker share, the tops are equal."""
    paths = sorted((SHARED / "binance_ws").glob(pattern))
    data = data_room.load(paths)
    books = data.books(depth=1)
    ids, tops = {}, {}
    for path in paths:
        with gzip.open(path, "rt") as file:
            for line in file:
                stamp, _, body = line.partition(" ")
                message = json.loads(body)
                event = message.get("data", message)
                if event.get("e") == "depthUpdate":
                    ids[int(stamp)] = event["u"]
                elif "B" in event:
                    tops[event["u"]] = [float(event[key]) for key in ("b", "B", "a", "A")]
    equal = 0
    for i in np.flatnonzero(books.valid).tolist():
        top = tops.get(ids.get(int(books.ts_recv[i]), -1))
        if top is None:
            continue
        columns = (books.bid_price, books.bid_qty, books.ask_price, books.ask_qty)
        assert [column[i, 0] for column in columns] == top
        equal += 1
    assert equal >= at_least
