"""LOBSTER: the book after every message equals the book file, row by row; broken pairs of files."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from py_rt import data as data_room
from py_rt._times import format_ns
from py_rt.errors import DataError
from py_rt.market import CLEAR, FLAG_END, ORDER_ADD, ORDER_DELETE, ORDER_EXECUTE, TRADE, MarketData

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "lobster"
NAME = "XYZ_2024-07-01_34200000_57600000_{}_2.csv"
DUMMY_ASK, DUMMY_BID = "9999999999,0", "-9999999999,0"

# Order 7 and some nobody knows rest at 100.00; 101 is two levels from the touch and comes back.
MESSAGES = """\
34200.000000001,1,11,5,1000000,1
34200.5,4,7,20,1000000,1
34201.25,5,0,3,1000050,-1
34202,1,12,9,1010000,-1
34203.000000001,1,13,4,1005000,-1
34204,3,13,4,1005000,-1
34205,7,0,0,-1,-1
"""
BOOK = [
    (1010000, 8, 1000000, 55, None, 0, 990000, 10),
    (1010000, 8, 1000000, 35, None, 0, 990000, 10),
    (1010000, 8, 1000000, 35, None, 0, 990000, 10),
    (1010000, 17, 1000000, 35, None, 0, 990000, 10),
    (1005000, 4, 1000000, 35, 1010000, 17, 990000, 10),
    (1010000, 21, 1000000, 35, 1020000, 3, 990000, 10),
    (1010000, 21, 1000000, 35, 1020000, 3, 990000, 10),
]


def book_text() -> str:
    lines = []
    for row in BOOK:
        cells = []
        for at in range(0, 8, 2):
            dummy = DUMMY_ASK if at % 4 == 0 else DUMMY_BID
            cells.append(dummy if row[at] is None else f"{row[at]},{row[at + 1]}")
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def written(folder: Path, messages: str = MESSAGES, book: str | None = None) -> Path:
    (folder / NAME.format("message")).write_text(messages)
    (folder / NAME.format("orderbook")).write_text(book_text() if book is None else book)
    return folder / NAME.format("message")


def expected(row: tuple[int | None, ...], side: int) -> tuple[list[float], list[float]]:
    prices = [np.nan if p is None else p / 10_000 for p in row[side::4]]
    return prices, [float(q or 0) for q in row[side + 1 :: 4]]


def assert_book_file(data: MarketData, depth: int, table: np.ndarray) -> None:
    books = data.books(depth=depth)
    assert len(books) == len(table)
    assert books.valid.all()
    for side, prices, qtys in (
        (0, books.ask_price, books.ask_qty),
        (2, books.bid_price, books.bid_qty),
    ):
        shown, sizes = table[:, side::4], table[:, side + 1 :: 4]
        there = sizes > 0
        assert np.array_equal(np.isnan(prices), ~there)
        assert np.array_equal(prices[there], shown[there] / 10_000)
        assert np.array_equal(qtys, sizes)


@pytest.mark.parametrize("door", ["message", "orderbook", "folder", "zip", "list", "glob"])
def test_every_way_in_gives_the_book_of_every_row(tmp_path: Path, door: str) -> None:
    message = written(tmp_path)
    book = tmp_path / NAME.format("orderbook")
    source: object = {"message": message, "orderbook": book, "folder": tmp_path}.get(door, "")
    if door == "list":
        source = [message, book]
    if door == "glob":
        source = str(tmp_path / "XYZ_*.csv")
    if door == "zip":
        source = tmp_path / "sample.zip"
        with zipfile.ZipFile(source, "w") as archive:
            archive.write(message, f"day/{message.name}")
            archive.write(book, f"day/{book.name}")
            archive.writestr("ReadMe.txt", "hello")
        message.unlink()
    data = data_room.load(source)
    books = data.books(depth=2)
    assert len(books) == 7
    for at, row in enumerate(BOOK):
        for side, price, qty in (
            (0, books.ask_price, books.ask_qty),
            (2, books.bid_price, books.bid_qty),
        ):
            prices, qtys = expected(row, side)
            assert np.array_equal(price[at], prices, equal_nan=True), at
            assert qty[at].tolist() == qtys, at


def test_rows_tell_what_happened(tmp_path: Path) -> None:
    data = data_room.load(written(tmp_path))
    rows = data.events()
    assert (data.symbols, data.instruments[0].tick_size) == (("XYZ",), "0.005")[:1] + ("0.001",)
    assert data.instruments[0].venue == "NASDAQ"
    assert rows["kind"][0] == CLEAR
    assert int((rows["flags"] & FLAG_END != 0).sum()) == 7
    ours = rows[np.isin(rows["order_id"], (7, 11))]
    assert ours["kind"].tolist() == [ORDER_ADD, ORDER_ADD, ORDER_EXECUTE]
    assert ours["order_id"].tolist() == [7, 11, 7], "the older order stands first"
    hidden = rows[rows["kind"] == TRADE]
    assert (hidden["side"].tolist(), hidden["price"].tolist()) == ([1], [100_005])
    assert rows["kind"][rows["order_id"] == 13].tolist() == [ORDER_ADD, ORDER_DELETE]
    assert format_ns(int(rows["ts_event"][0])) == "2024-07-01T13:30:00.000000001Z"
    trades = data.to_frame("trade")
    assert trades["side"].tolist() == ["sell", "buy"]
    assert trades["price"].tolist() == [100.0, 100.005]


def test_the_day_may_be_said(tmp_path: Path) -> None:
    written(tmp_path)
    for half in ("message", "orderbook"):
        (tmp_path / NAME.format(half)).rename(tmp_path / f"{half}.csv")
    with pytest.raises(DataError, match="does not say the day") as refused:
        data_room.load(tmp_path / "message.csv")
    assert "date=" in str(refused.value)
    data = data_room.load(tmp_path / "message.csv", "ABC", date="2024-01-02")
    assert data.symbols == ("ABC",)
    assert format_ns(int(data.events()["ts_event"][-1])) == "2024-01-02T14:30:05Z"


BROKEN = [
    ("34200,1,1,1,1,1\nhello\n", None, "line 2", "time"),
    (MESSAGES.replace(",1000050,", ",x,"), None, "line 3", "price"),
    (MESSAGES + "1,1,1,1,1,1\n", None, "line 8", "time"),
    (MESSAGES, "1,2,3\n", "line 1", "number of columns"),
    (MESSAGES, "\0" * 4096, "byte", "columns"),
    (MESSAGES, "", "ends after line 0", ""),
]


@pytest.mark.parametrize(("messages", "book", "where", "field"), BROKEN)
def test_broken_files_are_refused_at_their_line(
    tmp_path: Path, messages: str, book: str | None, where: str, field: str
) -> None:
    path = written(tmp_path, messages, book)
    with pytest.raises(DataError) as refused:
        data_room.load(path)
    assert where in str(refused.value)
    assert field in str(refused.value)
    assert "csv" in str(refused.value)
    assert refused.value.remedy


def test_files_of_different_length_and_without_a_partner(tmp_path: Path) -> None:
    path = written(tmp_path, MESSAGES, "".join(book_text().splitlines(True)[:-1]))
    with pytest.raises(DataError, match="ends after line 6"):
        data_room.load(path)
    written(tmp_path, MESSAGES, book_text() + book_text())
    with pytest.raises(DataError, match="line 8"):
        data_room.load(path)
    (tmp_path / NAME.format("orderbook")).unlink()
    with pytest.raises(DataError, match="no orderbook file"):
        data_room.load(path)


def test_a_cut_zip_is_refused(tmp_path: Path) -> None:
    message = written(tmp_path)
    path = tmp_path / "x_2024.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(message, message.name)
        archive.write(tmp_path / NAME.format("orderbook"), NAME.format("orderbook"))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError) as refused:
        data_room.load(path, format="lobster")
    assert refused.value.remedy


@pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded days are not here")
@pytest.mark.parametrize(("symbol", "depth"), [("GOOG", 10), ("AAPL", 1)])
def test_the_sample_days_row_by_row(symbol: str, depth: int) -> None:
    path = SHARED / f"LOBSTER_SampleFile_{symbol}_2012-06-21_{depth}.zip"
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".csv")]
        tables = {
            "message" if "message" in name else "orderbook": np.loadtxt(
                archive.open(name), delimiter=",", ndmin=2
            )
            for name in names
        }
    data = data_room.load(path)
    assert data.symbols == (symbol,)
    assert_book_file(data, depth, tables["orderbook"])
    kinds, messages = data.events()["kind"], tables["message"]
    assert int((kinds == ORDER_EXECUTE).sum()) == int((messages[:, 1] == 4).sum())
    assert int((kinds == TRADE).sum()) == int((messages[:, 1] == 5).sum())
    told = set(data.events()["order_id"][kinds == ORDER_ADD].tolist())
    assert set(messages[messages[:, 1] <= 4, 2].astype(np.int64).tolist()) == told
    assert format_ns(data.start or 0).startswith("2012-06-21T13:30:00.0")
