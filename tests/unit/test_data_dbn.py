"""DBN through the public face: files by hand, and the CME day against its own records."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from py_rt import data as data_room
from py_rt.errors import DataError
from py_rt.market import CLEAR, DEPTH, ORDER_EXECUTE, QUOTE, SNAPSHOT, TRADE

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "cme_mbo"
NONE = 2**63 - 1


def prelude(version: int = 2, schema: int = 0) -> bytes:
    width = 22 if version == 1 else 71
    fixed = b"GLBX.MDP3".ljust(16, b"\0") + struct.pack("<H", schema) + bytes(24)
    fixed += bytes(8 if version == 1 else 0) + bytes(3)
    fixed += b"" if version == 1 else struct.pack("<H", width)
    body = fixed.ljust(100, b"\0") + bytes(16) + struct.pack("<I", 1)
    body += b"ESH4".ljust(width, b"\0") + struct.pack("<III", 1, 20240101, 20240102)
    body += b"17077".ljust(width, b"\0")
    return b"DBN" + bytes([version]) + struct.pack("<I", len(body)) + body


def by_order(action: str, side: str, order_id: int, price: float, qty: int, flags: int) -> bytes:
    head = struct.pack("<BBHIQ", 14, 0xA0, 1, 17077, 1_000)
    body = struct.pack("<QqIBBcc", order_id, round(price * 1e9), qty, flags, 0,
                       action.encode(), side.encode())  # fmt: skip
    return head + body + struct.pack("<QiI", 2_000, 0, 0)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_file_by_hand(tmp_path: Path, version: int) -> None:
    path = tmp_path / "es.dbn"
    records = [
        by_order("A", "B", 1, 4810.25, 5, 0x80),
        by_order("A", "A", 2, 4810.5, 7, 0x80),
        by_order("T", "B", 0, 4810.5, 3, 0),
        by_order("F", "A", 2, 4810.5, 3, 0),
        by_order("M", "A", 2, 4810.5, 4, 0x80),
    ]
    path.write_bytes(prelude(version) + b"".join(records))
    data = data_room.load(path)
    assert (data.symbols, data.instruments[0].tick_size) == (("ESH4",), "0.01")
    assert data.instruments[0].asset_class == "future"
    assert data.events()["kind"].tolist()[2:] == [ORDER_EXECUTE]
    books = data.books(depth=1)
    assert books.ask_qty[:, 0].tolist() == [0.0, 7.0, 4.0]
    assert data.events()["ts_recv"].tolist() == [2_000] * 3


def test_broken_files(tmp_path: Path) -> None:
    path = tmp_path / "es.dbn"
    good = prelude()
    record = by_order("A", "B", 1, 4810.25, 5, 0x80)
    cases = [
        (b"DBN\x09" + good[4:], "byte 3"),
        (good[:50], "byte 50"),
        (good + record[:30], f"byte {len(good) + 30}"),
        (good + bytes(64), f"byte {len(good)}"),
        (good, "mbo"),
        (prelude(schema=10) + struct.pack("<BBHIQ", 4, 0x18, 1, 17077, 1), "statistics"),
        (prelude(schema=2) + struct.pack("<BBHIQ", 4, 0x0A, 1, 17077, 1), "record length"),
        (prelude(schema=18) + struct.pack("<BBHIQ", 4, 0xC3, 1, 17077, 1), "bbo-1s"),
    ]
    for content, where in cases:
        path.write_bytes(content)
        with pytest.raises(DataError) as error:
            data_room.load(path)
        assert where in str(error.value), where
        assert error.value.remedy


TEN = (
    r"c-nJu@?%b5WMFXjaf;CMbqO$LfB+^Sw&7rZwOE{ip?l_RizVVv2?mg22C@NAH-l@ihY17q02Pe{8D+V}gwYC"
    r"!4b2VA&8g<d7%oPJtxgOKFPNbMFUmYXLCOlmj!p|0?yy3H*`cn0$v4c34Tq^?hRT6(gXsiIaFqDEq=`fIaU#"
    r"k8hk$w*jqaY|E)NUu3+xa+EF3{$7y=YO!Z{k=^a^ih#|E6?4GT|JwD5$5H_SeEq#VjH8r}>50kfXp"
)
"""Three records of ten levels by ``databento_dbn`` 0.72 (metadata of version 3), packed."""
MINUTES = (
    r"c-nJu@?%b5WMFXjaf;CMbqO$LfB-fiw&7rZwOE{ip?l_RizVVv2?mg22C@NAH-l@ihY17q02Pe{8D+V}gwYC"
    r"!4b2VA&8g-{K1D``txgPxP)!Mc70&|X>U~m80MZQ`3vPq>4PtgbK{OA#zKCW9QJ_AUJj0KkM36qXIZ!?`R38"
    r"AkpeA<"
)
"""Two bars of a minute, by the same."""


def unpacked(text: str) -> bytes:
    return zlib.decompress(base64.b85decode(text))


def test_ten_levels_as_the_vendors_own_encoder_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "es.dbn"
    path.write_bytes(unpacked(TEN))
    data = data_room.load(path)
    assert (data.symbols, data.kinds) == (("ESH4",), ("depth", "trade"))
    kinds = [CLEAR, *[SNAPSHOT] * 4, TRADE, DEPTH]
    assert data.events()["kind"].tolist() == kinds
    books = data.books(depth=3)
    assert books.ts_event.tolist() == [1000, 2000]
    assert books.ts_recv.tolist() == [1500, 2500]
    assert books.bid_price[:, :2].tolist() == [[100.0, 99.75]] * 2
    assert books.bid_qty.tolist() == [[5.0, 7.0, 0.0]] * 2
    assert books.ask_price[:, :2].tolist()[0] == [100.25, 100.5]
    assert books.ask_price[1, 0] == 100.5
    assert books.ask_qty.tolist() == [[3.0, 9.0, 0.0], [9.0, 0.0, 0.0]]
    assert books.valid.all()
    assert np.isnan(books.ask_price[1, 1:]).all()


def test_ten_levels_behind_a_gap_are_invalid_until_the_next_record(tmp_path: Path) -> None:
    whole = unpacked(TEN)
    head, record = whole[: -3 * 368], bytearray(whole[-3 * 368 : -2 * 368])
    bad = bytearray(record)
    bad[8:16], bad[30] = struct.pack("<Q", 1_500), 0x84
    good = bytearray(record)
    good[8:16] = struct.pack("<Q", 1_600)
    path = tmp_path / "es.dbn"
    path.write_bytes(head + bytes(record) + bytes(bad) + bytes(good))
    with pytest.warns(UserWarning, match="1 records stand behind a gap"):
        books = data_room.load(path).books(depth=1)
    assert books.valid.tolist() == [True, False, True]
    assert data_room.check(path).issues[0].kind == "sequence"
    # An event that never says that it ends, ends before the next time.
    record[30] = 0
    good[48 + 16] = 6  # bid quantity
    path.write_bytes(head + bytes(record) + bytes(good))
    assert data_room.load(path).books(depth=1).ts_event.tolist() == [1_000, 1_600]


def test_bars_as_the_vendors_own_encoder_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "es.dbn"
    path.write_bytes(unpacked(MINUTES))
    data = data_room.load(path)
    known = data.instruments[0]
    assert (known.venue, known.asset_class, known.tick_size) == ("GLBX", "future", "0.01")
    bars = data.to_frame("bar")
    assert bars["ts_open"].tolist()[0].isoformat() == "2023-12-25T00:00:00+00:00"
    assert (bars["ts_close"] - bars["ts_open"]).dt.total_seconds().tolist() == [60.0, 60.0]
    assert bars[["open", "high", "low", "close", "volume"]].to_numpy().tolist() == [
        [4810.0, 4811.0, 4809.75, 4810.25, 12.0],
        [4810.25, 4812.0, 4810.0, 4812.0, 3.0],
    ]
    given = data_room.load(path, instruments={"ESH4": {"tick_size": "0.25", "multiplier": "50"}})
    assert given.bars()["close"].tolist() == [4810.25 / 0.25, 4812 / 0.25]
    whole = unpacked(MINUTES)
    path.write_bytes(whole + unpacked(TEN)[-368:])
    with pytest.raises(DataError, match=r"mixes .* split it by schema"):
        data_room.load(path)
    nothing = bytearray(whole)
    nothing[-24:-16] = struct.pack("<q", NONE)
    path.write_bytes(nothing)
    assert data_room.check(path).issues[0].kind == "nan"


def test_a_book_for_each_publisher_and_what_a_trade_met(tmp_path: Path) -> None:
    def quote(publisher: int, bid: float, action: str = "A") -> bytes:
        head = struct.pack("<BBHIQ", 20, 1, publisher, 17077, 1_000)
        body = struct.pack("<qIccBBQiI", round(9.5e9), 2, action.encode(), b"A", 0x80, 0, 2_000,
                           0, 0)  # fmt: skip
        return head + body + struct.pack("<qqIIII", round(bid * 1e9), 10 * 10**9, 3, 4, 1, 1)

    path = tmp_path / "es.dbn"
    path.write_bytes(prelude(schema=1) + quote(1, 9.5) + quote(2, 9.25))
    data = data_room.load(path)
    assert data.symbols == ("ESH4.1", "ESH4.2")
    assert data.to_frame("quote")["bid_price"].tolist() == [9.5, 9.25]
    for schema, kinds in ((1, [TRADE, QUOTE, QUOTE]), (3, [QUOTE, QUOTE, TRADE])):
        path.write_bytes(prelude(schema=schema) + quote(1, 9.5, "T"))
        assert data_room.load(path).events()["kind"].tolist() == kinds


needs_data = pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded day is not here")


@needs_data
def test_the_cme_day_has_the_books_of_its_records() -> None:
    """Replays add, cancel, modify naively, event by event, and compares the best prices."""
    pytest.importorskip("pyarrow")
    pd = pytest.importorskip("pandas")
    table = pd.read_parquet(SHARED / "esh4_20231225.mbo.parquet")
    data = data_room.load(SHARED / "esh4_20231225.mbo.dbn.zst")
    assert data.symbols[0] == "ESH4"
    books = data.books(depth=1)
    orders: dict[int, tuple[str, int, int]] = {}
    levels: dict[str, dict[int, int]] = {"B": {}, "A": {}}

    def change(order: tuple[str, int, int], sign: int) -> None:
        side, price, qty = order
        level = levels[side]
        level[price] = level.get(price, 0) + sign * qty
        if level[price] == 0:
            del level[price]

    def best() -> list[float]:
        bid = max(levels["B"], default=None)
        ask = min(levels["A"], default=None)
        return [
            np.nan if price is None else price / 1e9 for price in (bid, ask)
        ] + [float(levels["B"].get(bid, 0)), float(levels["A"].get(ask, 0))]  # fmt: skip

    tops: dict[int, list[float]] = {}
    for row in table.itertuples(index=False):
        if row.action == "R":
            orders.clear()
            levels = {"B": {}, "A": {}}
        elif row.action in "AM":
            if row.order_id in orders:
                change(orders[row.order_id], -1)
            orders[row.order_id] = (row.side, row.price_1e9, row.size)
            change(orders[row.order_id], 1)
        elif row.action == "C":
            side, price, qty = orders.pop(row.order_id)
            change((side, price, row.size), -1)
            if qty > row.size:
                orders[row.order_id] = (side, price, qty - row.size)
        if row.flags & 128:
            tops[int(pd.Timestamp(row.ts_recv).value)] = best()
    assert len(orders) == 11_217
    last = {int(ts): at for at, ts in enumerate(books.ts_recv)}
    shown = {
        ts: [
            *(float(books.bid_price[at, 0]), float(books.ask_price[at, 0])),
            *(float(books.bid_qty[at, 0]), float(books.ask_qty[at, 0])),
        ]
        for ts, at in last.items()
    }
    compared = 0
    for ts, top in tops.items():
        if ts in shown:
            compared += 1
            assert np.array_equal(shown[ts], top, equal_nan=True), ts
    assert compared > 30_000
    assert [books.bid_price[-1, 0], books.ask_price[-1, 0]] == [4810.0, 4810.25]
    crossed = books.bid_price[:, 0] >= books.ask_price[:, 0]
    hours = pd.to_datetime(books.ts_recv[crossed], utc=True)
    assert str(hours.min())[:16] == "2023-12-25 22:39"
    assert str(hours.max())[:16] <= "2023-12-25 23:00"
    events = data.events()
    told = int(events["qty"][np.isin(events["kind"], (TRADE, ORDER_EXECUTE))].sum())
    event = (table["flags"] & 128 != 0).shift(fill_value=False).cumsum()
    volume = table["size"].groupby([event, table.action]).sum().unstack(fill_value=0)
    # A trade and its fills are one execution. Spreads fill outright orders without a trade here;
    # of those, a fill that no record of its event confirms is left out.
    most = int(volume[["T", "F"]].max(axis=1).sum())
    assert int(volume["T"].sum()) <= told <= most
    assert most - told < 0.002 * most


@needs_data
def test_snapshot_quotes_and_trades_of_cme() -> None:
    pytest.importorskip("pyarrow")
    snapshot = data_room.load(SHARED / "esh4_20231224.mbo.dbn.zst")
    assert len(snapshot) >= 8_725 - 1
    quotes = data_room.load(SHARED / "esu4_20240701T2358_20240702T0002.mbp-1.dbn.zst")
    assert int((quotes.events()["kind"] == QUOTE).sum()) == 2 * 2_288
    trades = data_room.load(SHARED / "esu4_20240701T2358_20240702T0002.trades.dbn.zst")
    assert set(trades.events()["kind"].tolist()) == {TRADE}
    same = quotes.events()[quotes.events()["kind"] == TRADE]
    price = {float(i.tick_size) for i in (trades.instruments[0], quotes.instruments[0])}
    assert len(price) == 1
    assert same["qty"].tolist() == trades.events()["qty"].tolist()
    assert same["price"].tolist() == trades.events()["price"].tolist()
