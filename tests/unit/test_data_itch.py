"""ITCH through the public face: framings, days, symbols, the venue's captures, broken files."""

from __future__ import annotations

import gzip
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest

from py_rt import data as data_room
from py_rt._core import formats
from py_rt._times import format_ns
from py_rt.errors import DataError, ParameterError
from py_rt.market import EVENT_DTYPE, FLAG_INVALID, ORDER_ADD, ORDER_DELETE, ORDER_EXECUTE

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "itch_wire" / "Nasdaq"
OPEN_NS = 34_200 * 10**9


def head(kind: bytes, locate: int, ns: int = OPEN_NS) -> bytes:
    return kind + struct.pack(">HH", locate, 0) + ns.to_bytes(6, "big")


def add(locate: int, order_id: int, side: bytes, qty: int, symbol: str, price: int) -> bytes:
    body = struct.pack(">Q", order_id) + side + struct.pack(">I", qty)
    return head(b"A", locate) + body + symbol.ljust(8).encode() + struct.pack(">I", price)


def about(kind: bytes, order_id: int, *rest: tuple[str, int]) -> bytes:
    body = b"".join(struct.pack(">" + form, value) for form, value in rest)
    return head(kind, 1, OPEN_NS + 5) + struct.pack(">Q", order_id) + body


SESSION = [
    head(b"S", 0, 0) + b"O",
    add(1, 10, b"B", 100, "ABC", 1_000_000),
    add(2, 11, b"S", 7, "OTHER", 50_025),
    add(1, 12, b"S", 50, "ABC", 1_010_000),
    about(b"E", 10, ("I", 40), ("Q", 1)),
    about(b"U", 10, ("Q", 13), ("I", 70), ("I", 1_005_000)),
    about(b"D", 12),
]


def prefixed(messages: list[bytes]) -> bytes:
    return b"".join(struct.pack(">H", len(message)) + message for message in messages)


def soup(messages: list[bytes]) -> bytes:
    return b"".join(struct.pack(">H", len(message) + 1) + b"S" + message for message in messages)


@pytest.mark.parametrize(
    "name",
    ["01302019.NASDAQ_ITCH50", "20190130.itch", "S013019-v50.txt", "2019-01-30.bin", "S.gz"],
)
def test_the_day_is_read_from_the_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    packed = name.endswith(".gz")
    path.write_bytes(gzip.compress(prefixed(SESSION)) if packed else soup(SESSION))
    data = data_room.load(path, date="2019-01-30" if packed else None)
    assert format_ns(data.start or 0) == "2019-01-30T14:30:00Z"
    assert data.symbols == ("ABC", "OTHER")
    assert data.kinds == ("order", "trade")


def test_books_and_steps_by_symbol(tmp_path: Path) -> None:
    path = tmp_path / "20190130.itch"
    path.write_bytes(prefixed(SESSION))
    data = data_room.load(path)
    assert [i.tick_size for i in data.instruments] == ["0.1", "0.0001"]
    books = data.books(depth=2, symbol="ABC")
    assert books.bid_price[:, 0].tolist() == [100.0, 100.0, 100.0, 100.5, 100.5]
    assert books.bid_qty[:, 0].tolist() == [100.0, 100.0, 60.0, 70.0, 70.0]
    assert books.ask_qty[:, 0].tolist() == [0.0, 50.0, 50.0, 50.0, 0.0]
    assert np.isnan(books.ask_price[-1]).all()
    rows = data.events()
    assert rows["kind"].tolist() == [
        *(ORDER_ADD, ORDER_ADD, ORDER_ADD, ORDER_EXECUTE, ORDER_DELETE, ORDER_ADD, ORDER_DELETE)
    ]
    assert rows["order_id"].tolist() == [10, 11, 12, 10, 10, 13, 12]
    only = data_room.load(path, symbols=["OTHER"])
    assert (only.symbols, len(only)) == (("OTHER",), 1)
    coarse = data_room.load(path, "ABC", instruments={"ABC": {"tick_size": "0.01"}})
    assert coarse.events()["price"][0] == 10_000
    with pytest.raises(DataError, match="no multiple of the tick_size 1"):
        data_room.load(path, "ABC", instruments={"ABC": {"tick_size": "1"}})
    with pytest.raises(DataError, match="no market row of NONE"):
        data_room.load(path, symbols="NONE")


def test_an_order_that_was_never_added_makes_the_book_invalid(tmp_path: Path) -> None:
    path = tmp_path / "20190130.itch"
    lost = [*SESSION[:2], about(b"D", 99), add(1, 14, b"B", 1, "ABC", 990_000)]
    path.write_bytes(prefixed(lost))
    with pytest.warns(UserWarning, match="never added"):
        data = data_room.load(path)
    assert (data.events()["flags"] & FLAG_INVALID != 0).tolist() == [False, True]
    assert data.books().valid.tolist() == [True, False]


def test_broken_files(tmp_path: Path) -> None:
    path = tmp_path / "20190130.itch"

    def refused(content: bytes, **more: str) -> str:
        path.write_bytes(content)
        with pytest.raises(DataError) as error:
            data_room.load(path, format="itch", **more)
        assert error.value.remedy
        return str(error.value)

    whole = prefixed(SESSION)
    assert "byte 0" in refused(b"hello, world, this is text\n")
    assert "breaks off" in refused(whole[:-3])
    assert f"byte {len(whole) + 2}" in refused(whole + b"\0\x01?")
    assert "is empty" in refused(b"")
    cut = gzip.compress(whole * 100)[:-30]
    assert "breaks off" in refused(cut)
    path.rename(tmp_path / "day.itch")
    (tmp_path / "day.itch").write_bytes(whole)
    with pytest.raises(DataError, match="does not say the day"):
        data_room.load(tmp_path / "day.itch")
    with pytest.raises(ParameterError, match="is no date"):
        data_room.load(tmp_path / "day.itch", date="the first of May")


def test_a_sparse_file_is_refused_by_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "20190130.NASDAQ_ITCH50"
    with path.open("wb") as file:
        file.truncate(10 * 2**30)
    for written in (None, "itch", "dbn", "lobster", "bitstamp_l3", "tardis_csv", "iex"):
        with pytest.raises(DataError) as error:
            data_room.load(path, format=written)
        assert error.value.remedy, written


@pytest.mark.skipif(not SHARED.is_dir(), reason="the venue's captures are not here")
def test_the_captures_of_the_venue() -> None:
    seen = set()
    for path in sorted(SHARED.glob("*Itch*/*.pcap")):
        if path.stem.startswith(("AddOrder", "Multiple")):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # single packets of a day
                data = data_room.load(path)
            for row in data.events():
                symbol = data.symbols[row["instrument"]]
                tick = float(data.instruments[row["instrument"]].tick_size)
                seen.add((symbol, round(int(row["price"]) * tick, 4)))
    assert {("IVOO", 87.39), ("META", 80.52)} <= seen


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_rows_taken_in_blocks_are_the_rows_of_the_whole(size: int) -> None:
    whole, blocks = (formats.ItchReader("prefixed", 0) for _ in range(2))
    data = prefixed(SESSION)
    taken = []
    for at in range(0, len(data), size):
        blocks.feed(data[at : at + size])
        taken.append(blocks.take().view(EVENT_DTYPE))
        assert len(blocks) == 0
    whole.feed(data)
    rows = np.concatenate(taken)
    assert np.array_equal(rows, whole.take().view(EVENT_DTYPE))
    assert rows["price"][0] == 1_000_000
    assert blocks.finish()["messages"] == len(SESSION)
