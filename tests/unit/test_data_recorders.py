"""Bitstamp's single orders, Tardis tables, hftbacktest arrays, IEX captures, through the face."""

from __future__ import annotations

import lzma
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest

from py_rt import data as data_room
from py_rt.errors import DataError
from py_rt.market import (
    CLEAR,
    DEPTH,
    FLAG_END,
    ORDER_ADD,
    ORDER_DELETE,
    ORDER_EXECUTE,
    QUOTE,
    TRADE,
)

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
BITSTAMP = """\
id,timestamp,exchange.timestamp,price,volume,action,direction
65595247,1430438404518,1430438404000,236.47,200000000,created,bid
65595247,1430438404635,1430438404000,236.47,178855669,changed,bid
65595187,1430438404637,1430438340000,236.47,0,deleted,ask
"""


def test_bitstamp_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(BITSTAMP)
    with pytest.warns(UserWarning, match="without the full book"):
        data = data_room.load(path)
    assert data.symbols == ("BTC/USD",)
    assert (data.instruments[0].tick_size, data.instruments[0].lot_size) == ("0.01", "0.00000001")
    assert data.events()["kind"].tolist() == [ORDER_ADD, ORDER_EXECUTE]
    assert data.books(depth=1).bid_qty[:, 0].tolist() == [2.0, 1.78855669]
    path.write_text(BITSTAMP + "1,2\n")
    with pytest.raises(DataError, match=r"orders.csv, line 5, byte \d+"):
        data_room.load(path)


@pytest.mark.skipif(not (SHARED / "bitstamp_l3").is_dir(), reason="the recording is not here")
def test_bitstamp_day_in_both_forms() -> None:
    loaded = {}
    for name in ("orders_20150501.csv.xz", "raw_20150501.log.xz"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            loaded[name] = data_room.load(SHARED / "bitstamp_l3" / name, format="bitstamp_l3")
    table, log = loaded.values()
    assert "orders: 24,894 created, 602 changed, 24,918 deleted" in " ".join(table.notes)
    assert len(table) == len(log)
    for field in ("ts_recv", "kind", "side", "price", "order_id", "flags"):
        assert np.array_equal(table.events()[field], log.events()[field]), field
    off = table.events()["qty"] - log.events()["qty"]
    assert np.abs(off).max() <= 2, "the table was written from floats"
    # One execution is one row: their volume is that of the prints in the raw log.
    prints = 0.0
    with lzma.open(SHARED / "bitstamp_l3" / "raw_20150501.log.xz", "rt") as lines:
        for line in lines:
            if " trade " in line[:24]:
                prints += float(line.split('"amount": ')[1].split(",")[0])
    rows = table.events()
    told = rows["qty"][rows["kind"] == ORDER_EXECUTE].sum() * 1e-8
    assert told == pytest.approx(prints, rel=0.02)
    price = rows["price"][rows["kind"] == ORDER_ADD]
    assert (price.min() * 0.01, price.max() * 0.01) == pytest.approx((164.6, 350.0), abs=200)


TARDIS = "exchange,symbol,timestamp,local_timestamp,"


def test_tardis_files_are_one_session(tmp_path: Path) -> None:
    trades = tmp_path / "a_trades.csv"
    trades.write_text(
        f"{TARDIS}id,side,price,amount\nbinance-futures,BTCUSDT,5,40,1,sell,9671.5,2\n"
    )
    book = tmp_path / "b_book.csv"
    book.write_text(
        f"{TARDIS}is_snapshot,side,price,amount\n"
        "binance-futures,BTCUSDT,1,10,true,bid,9671.5,1\n"
        "binance-futures,BTCUSDT,1,10,true,ask,9672,0.125\n"
        "binance-futures,BTCUSDT,9,90,false,bid,9671.5,0\n"
    )
    data = data_room.load([trades, book])
    assert data.events()["kind"].tolist() == [CLEAR, 3, 3, TRADE, DEPTH]
    assert data.events()["ts_recv"].tolist() == [10_000, 10_000, 10_000, 40_000, 90_000]
    instrument = data.instruments[0]
    assert (instrument.tick_size, instrument.lot_size) == ("0.1", "0.001")
    assert (instrument.asset_class, instrument.currency) == ("future", "USDT")
    books = data.books(depth=1)
    assert books.bid_qty[:, 0].tolist() == [1.0, 0.0]
    trades.write_text(f"{TARDIS}funding_timestamp,funding_rate\nx,y,1,2,3,4\n")
    with pytest.raises(DataError, match="line 1"):
        data_room.load(trades)


@pytest.mark.skipif(not (SHARED / "ticks").is_dir(), reason="the recording is not here")
@pytest.mark.parametrize("what", ["trades", "quotes"])
def test_tardis_samples_against_pandas(what: str) -> None:
    pytest.importorskip("pyarrow")
    pd = pytest.importorskip("pandas")
    zstandard = pytest.importorskip("pyarrow").CompressedInputStream
    path = SHARED / "ticks" / f"tardis_binance_futures_BTCUSDT_{what}_20200222.csv.zst"
    table = pd.read_csv(zstandard(str(path), "zstd"))
    data = data_room.load(path)
    rows, tick = data.events(), float(data.instruments[0].tick_size)
    if what == "trades":
        assert len(rows) == len(table) == 9_999
        order = np.argsort(table["local_timestamp"].to_numpy(), kind="stable")
        assert np.allclose(rows["price"] * tick, table["price"].to_numpy()[order], rtol=1e-12)
        assert ((rows["side"] == 1) == (table["side"].to_numpy()[order] == "buy")).all()
        assert (rows["ts_event"] == table["timestamp"].to_numpy()[order] * 1_000).all()
    else:
        assert set(rows["kind"].tolist()) == {QUOTE}
        assert len(rows) == 2 * len(table)
        bids = rows["price"][rows["side"] == 1] * tick
        assert np.allclose(bids, table["bid_price"].to_numpy(), rtol=1e-12)


EVENT = [("ev", "<u8"), ("exch_ts", "<i8"), ("local_ts", "<i8"), ("px", "<f8"), ("qty", "<f8"),
         ("order_id", "<u8"), ("ival", "<i8"), ("fval", "<f8")]  # fmt: skip
BOTH, EXCH, LOCAL, BUY, SELL = 3 << 30, 1 << 31, 1 << 30, 1 << 29, 1 << 28


def array(*rows: tuple[int, int, int, float, float]) -> np.ndarray:
    return np.array([(*row, 0, 0, 0.0) for row in rows], dtype=EVENT)


def test_hftbacktest_rows(tmp_path: Path) -> None:
    path = tmp_path / "btcusdt_20240808.npz"
    rows = array(
        (3 | BUY | BOTH, 1, 5, np.nan, 0),
        (4 | BUY | BOTH, 1, 5, 100.1, 2.5),
        (4 | SELL | BOTH, 1, 5, 100.2, 1),
        (2 | SELL | BOTH, 2, 6, 100.1, 0.5),
        (1 | BUY | BOTH, 2, 6, 100.1, 2),
        (1 | SELL | EXCH, 3, 9, 100.3, 1),
        (1 | BUY | BOTH, 4, 8, 100.0, 1),
        (1 | SELL | LOCAL, 3, 9, 100.3, 1),
    )
    np.savez_compressed(path, data=rows)
    data = data_room.load(path)
    assert data.symbols == ("BTCUSDT",)
    assert (data.instruments[0].tick_size, data.instruments[0].lot_size) == ("0.1", "0.1")
    told = data.events()
    assert told["kind"].tolist() == [CLEAR, 3, 3, TRADE, DEPTH, DEPTH, DEPTH]
    assert told["ts_recv"].tolist() == [5, 5, 5, 6, 6, 8, 9], "one row for the two of a late one"
    assert (told["flags"] & FLAG_END != 0).tolist() == [False, False, True, True, True, True, True]
    assert data.books(depth=1).bid_qty[:, 0].tolist() == [2.5, 2.0, 2.0, 2.0]
    npy = tmp_path / "eth.npy"
    np.save(npy, rows[rows["ev"] & LOCAL != 0])
    assert len(data_room.load(npy, "ETH")) == 7


def test_hftbacktest_single_orders(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    rows = array(
        (10 | BUY | BOTH, 1, 1, 100.0, 5),
        (12 | BUY | BOTH, 2, 2, 101.0, 4),
        (11 | BUY | BOTH, 3, 3, 101.0, 4),
    )
    rows["order_id"] = 7
    np.savez(path, data=rows)
    data = data_room.load(path)
    kinds = [ORDER_ADD, ORDER_DELETE, ORDER_ADD, ORDER_DELETE]
    assert data.events()["kind"].tolist() == kinds
    assert data.books(depth=1).bid_price[:, 0].tolist()[:2] == [100.0, 101.0]


def test_hftbacktest_broken(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    good = array((1 | BUY | BOTH, 1, 1, 100.0, 5))

    def refused(rows: np.ndarray) -> str:
        np.savez(path, data=rows)
        with pytest.raises(DataError) as error:
            data_room.load(path, format="hftbacktest")
        assert error.value.remedy
        return str(error.value)

    assert "neither" in refused(array((1 | BUY, 1, 1, 100.0, 5)))
    assert "no number" in refused(array((1 | BUY | BOTH, 1, 1, np.nan, 5)))
    assert "no row" in refused(good[:0])
    assert "is missing" in refused(np.zeros(3))
    np.savez_compressed(path, data=np.repeat(good, 1_000))
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(DataError):
        data_room.load(path, format="hftbacktest")


def iex_capture() -> bytes:
    level = struct.pack("<BBq8sIq", 0x38, 1, 1_700_000_000_000_000_000, b"IBKR    ", 100, 900_500)
    payload = struct.pack("<H", len(level)) + level
    packet = struct.pack("<BBHIIHHqqq", 1, 0, 0x8004, 1, 7, len(payload), 1, 0, 1, 0) + payload
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 28 + len(packet), 0, 0, 64, 17, 0) + bytes(8)
    frame = ip + struct.pack(">HHHH", 1, 2, 8 + len(packet), 0) + packet
    start = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 101)
    return start + struct.pack("<IIII", 1_700_000_000, 5, len(frame), len(frame)) + frame


def test_iex_capture(tmp_path: Path) -> None:
    path = tmp_path / "deep.pcap"
    path.write_bytes(iex_capture())
    data = data_room.load(path)
    assert (data.symbols, data.instruments[0].venue) == (("IBKR",), "IEX")
    assert data.books(depth=1).bid_price.tolist() == [[90.05]]
    assert data.events()["ts_recv"].tolist() == [1_700_000_000_000_005_000]
    path.write_bytes(iex_capture()[:-3])
    with pytest.raises(DataError):
        data_room.load(path, format="iex")


@pytest.mark.skipif(not (SHARED / "itch_wire" / "Iex").is_dir(), reason="no captures here")
def test_iex_captures_of_the_venue() -> None:
    data = data_room.load(SHARED / "itch_wire/Iex/DeepPlus.IexTp.1.0.2/a_AddOrder.pcap")
    assert (data.symbols, data.kinds) == (("IBKR",), ("order",))
    buy = data_room.load(SHARED / "itch_wire/Iex/Deep.IexTp.v1.0/PriceLevelBuyUpdateMessage.pcap")
    assert (buy.symbols, buy.kinds) == (("V",), ("depth",))
