"""Recorded venue sessions against books of our own, row by row, and the facts of their READMEs."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from py_rt import data as data_room
from py_rt.data.opening import open_unpacked
from py_rt.errors import DataError
from py_rt.market import FLAG_INVALID, TRADE, MarketData

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
WS = SHARED / "exchange_ws"
V2 = WS / "kraken_v2"
needs_shared = pytest.mark.skipif(not WS.is_dir(), reason="the shared data folder is not there")


class Twin:
    """Dictionaries and sorting, nothing clever: a row after each message."""

    def __init__(self) -> None:
        self.sides: tuple[dict[float, float], dict[float, float]] = ({}, {})
        self.rows: list[Any] = []
        self.depth = 0

    def apply(self, whole: bool, bids: Any, asks: Any, depth: int = 10) -> None:
        if whole:
            self.sides = ({}, {})
        for side, levels in zip(self.sides, (bids, asks), strict=True):
            for price, qty in levels:
                if float(qty):
                    side[float(price)] = float(qty)
                else:
                    side.pop(float(price), None)
        if self.depth:
            for side, reverse in zip(self.sides, (True, False), strict=True):
                for price in sorted(side, reverse=reverse)[self.depth :]:
                    del side[price]
        tops = []
        for side, reverse in zip(self.sides, (True, False), strict=True):
            best = sorted(side, reverse=reverse)[:depth]
            pad = depth - len(best)
            tops += [best + [np.nan] * pad, [side[price] for price in best] + [0.0] * pad]
        self.rows.append(tops)

    def compare(self, data: MarketData, symbol: str) -> int:
        books = data.books(depth=10, symbol=symbol)
        assert len(books) == len(self.rows)
        assert books.valid.all()
        columns = (books.bid_price, books.bid_qty, books.ask_price, books.ask_qty)
        for at, column in enumerate(columns):
            np.testing.assert_array_equal(column, [row[at] for row in self.rows])
        return len(books)


def received(name: str) -> Iterator[tuple[str, str, Any]]:
    """Yield connection, kind of line and message of a recording."""
    with open_unpacked(WS / name) as file:
        for line in file:
            outer = json.loads(line)
            if outer["t"] in ("recv", "http"):
                yield outer.get("url", ""), outer["t"], json.loads(outer["data"])


def loaded(path: Any, **wishes: Any) -> MarketData:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return data_room.load(path, **wishes)


@needs_shared
def test_kraken_v1_row_by_row() -> None:
    twins: dict[str, Twin] = {}
    for _, kind, message in received("KRAKEN.jsonl.zst"):
        if kind != "recv" or not isinstance(message, list) or message[-2] != "book-1000":
            continue
        body = {key: value for part in message[1:-2] for key, value in part.items()}
        twin = twins.setdefault(message[-1], Twin())
        twin.depth = 1000
        whole = "as" in body
        keys = ("bs", "as") if whole else ("b", "a")
        twin.apply(whole, *([level[:2] for level in body.get(key, ())] for key in keys))
    data = loaded(WS / "KRAKEN.jsonl.zst")
    assert "4,269 checksums verified" in data.notes
    assert sum(twin.compare(data, symbol) for symbol, twin in twins.items()) == 4279


@needs_shared
@pytest.mark.parametrize(
    ("name", "symbol", "sums"),
    [
        ("btcusd_depth10", "BTC/USD", 41),
        ("algousd_depth10", "ALGO/USD", 2),
        ("usdgusd_depth10_snapshot", "USDG/USD", 1),
    ],
)
def test_kraken_v2_row_by_row(name: str, symbol: str, sums: int) -> None:
    twin = Twin()
    twin.depth = 10
    for line in (V2 / f"{name}.ndjson").read_text().splitlines():
        message = json.loads(line)
        for body in message["data"]:
            sides = ([(x["price"], x["qty"]) for x in body[key]] for key in ("bids", "asks"))
            twin.apply(message["type"] == "snapshot", *sides)
    data = loaded(V2 / f"{name}.ndjson")
    assert twin.compare(data, symbol) == sums
    assert f"{sums} checksums verified" in data.notes


@needs_shared
def test_okx_row_by_row() -> None:
    twins: dict[str, Twin] = {}
    for _, kind, message in received("OKX.jsonl.zst"):
        channel = message.get("arg", {}).get("channel") if kind == "recv" else None
        if channel == "books" and "data" in message:
            body = message["data"][0]
            sides = ([level[:2] for level in body[key]] for key in ("bids", "asks"))
            twin = twins.setdefault(message["arg"]["instId"], Twin())
            twin.apply(message["action"] == "snapshot", *sides)
    data = loaded(WS / "OKX.jsonl.zst")
    assert "290 checksums verified" in data.notes
    assert sum(twin.compare(data, symbol) for symbol, twin in twins.items()) == 290
    assert int((data.events()["kind"] == TRADE).sum()) == 74


@needs_shared
def test_coinbase_row_by_row_and_against_the_quotes_beside() -> None:
    twins: dict[str, Twin] = {}
    tops: dict[str, Any] = {}
    equal = compared = levels = 0
    for _, kind, message in received("COINBASE.jsonl.zst"):
        if kind != "recv":
            continue
        for event in message["events"]:
            if message["channel"] == "l2_data":
                sides: dict[str, list[Any]] = {"bid": [], "offer": []}
                for update in event["updates"]:
                    sides[update["side"]].append((update["price_level"], update["new_quantity"]))
                levels += len(event["updates"])
                twin = twins.setdefault(event["product_id"], Twin())
                twin.apply(event["type"] == "snapshot", sides["bid"], sides["offer"])
                tops[event["product_id"]] = [twin.rows[-1][0][0], twin.rows[-1][2][0]]
            for quote in event.get("tickers", ()):
                top = tops.get(quote["product_id"])
                if top and event["type"] == "update":
                    compared += 1
                    equal += top == [float(quote["best_bid"]), float(quote["best_ask"])]
    data = loaded(WS / "COINBASE.jsonl.zst")
    assert sum(twin.compare(data, symbol) for symbol, twin in twins.items()) == 775
    assert levels == 74_193
    assert (equal, compared) == (132, 154)


@needs_shared
def test_bitfinex_row_by_row() -> None:
    channels: dict[int, str] = {}
    twins: dict[str, Twin] = {}
    for _, kind, message in received("BITFINEX.jsonl.zst"):
        if kind != "recv":
            continue
        if isinstance(message, dict):
            if message.get("event") == "subscribed" and message["channel"] == "book":
                channels[message["chanId"]] = message["symbol"][1:]
            continue
        symbol, payload = channels.get(message[0]), message[1]
        if symbol is None or not isinstance(payload, list):
            continue
        whole = not payload or isinstance(payload[0], list)
        sides: tuple[list[Any], list[Any]] = ([], [])
        for price, count, amount in payload if whole else [payload]:
            sides[amount < 0].append((price, abs(amount) if count else 0))
        twins.setdefault(symbol, Twin()).apply(whole, *sides)
    data = loaded(WS / "BITFINEX.jsonl.zst")
    assert sum(twin.compare(data, symbol) for symbol, twin in twins.items()) > 1000


@needs_shared
def test_deribit_and_bitstamp_and_binance_sessions() -> None:
    data = loaded(WS / "DERIBIT.jsonl.zst")
    assert len(data.symbols) == 10
    assert data.books(symbol="ETH-30JUL21-2800-C").valid.all()
    for name, count in (("BITSTAMP", 10), ("BINANCE", 4)):
        data = loaded(WS / f"{name}.jsonl.zst")
        assert len(data.symbols) == count
        for symbol in data.symbols:
            books = data.books(depth=5, symbol=symbol)
            first = int(np.argmax(books.valid))
            assert books.valid[first:].all()
            bid, ask = books.bid_price[books.valid, 0], books.ask_price[books.valid, 0]
            assert (bid < ask).all()


KRAKEN = [
    {
        "channel": "book",
        "type": "snapshot",
        "data": [
            {
                "symbol": "X/USD",
                "bids": [{"price": 99.5, "qty": 1.25}],
                "asks": [{"price": 100.5, "qty": 2.0}],
                "timestamp": "2026-07-19T17:54:39.100Z",
            }
        ],
    },
    {
        "channel": "book",
        "type": "update",
        "data": [
            {
                "symbol": "X/USD",
                "bids": [{"price": 99.6, "qty": 1e-05}],
                "asks": [],
                "timestamp": "2026-07-19T17:54:39.200Z",
            }
        ],
    },
]


def lines(messages: list[Any], form: str) -> str:
    out = []
    for at, message in enumerate(messages):
        body = json.dumps(message)
        ns = 1_784_483_679_300_000_000 + at * 100_000_000
        out.append(
            {
                "alone": body,
                "ns": f"{ns} {body}",
                "seconds": f"{ns // 10**9}.{ns % 10**9:09d}\t{body}",
                "iso": f"2026-07-19T17:54:39.{3 + at}000000Z {body}",
                "csv": '{},"{}"'.format(ns // 1000, body.replace('"', '""')),
                "text": json.dumps({"t": "recv", "conn": "a", "ts": ns / 1e9, "data": body}),
                "object": json.dumps({"local_timestamp": ns, "msg": message}),
            }[form]
        )
    head = "local_timestamp,message\n" if form == "csv" else ""
    return head + "\n".join(out) + "\n"


@pytest.mark.parametrize("form", ["alone", "ns", "seconds", "iso", "csv", "text", "object"])
def test_whatever_the_recorder_wrapped_around(tmp_path: Path, form: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(lines(KRAKEN, form))
    data = loaded(path)
    books = data.books(depth=2)
    np.testing.assert_array_equal(books.bid_price, [[99.5, np.nan], [99.6, 99.5]])
    np.testing.assert_array_equal(books.bid_qty, [[1.25, 0.0], [1e-05, 1.25]])
    stamp = books.ts_event if form == "alone" else 1_784_483_679_300_000_000 + 10**8 * np.arange(2)
    assert np.abs(books.ts_recv - stamp).max() < 1000
    assert any("recognised" in note for note in data.notes)


@needs_shared
def test_a_changed_digit_breaks_the_checksum(tmp_path: Path) -> None:
    text = (V2 / "btcusd_depth10.ndjson").read_text().splitlines()
    text[5] = text[5].replace('"qty":0.', '"qty":9.', 1)
    path = tmp_path / "x.ndjson"
    path.write_text("\n".join(text))
    with pytest.warns(UserWarning, match="checksum"):
        data = data_room.load(path)
    books = data.books()
    assert books.valid.tolist() == [True] * 5 + [False] * 36
    report = data_room.check(path)
    assert report.ok
    assert report.issues[0].kind == "checksum"


@needs_shared
def test_a_lost_line_breaks_every_book_of_the_connection(tmp_path: Path) -> None:
    with open_unpacked(WS / "COINBASE.jsonl.zst") as file:
        text = file.read().splitlines()
    at = next(i for i, line in enumerate(text) if b'sequence_num\\":200,' in line)
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"\n".join(text[:at] + text[at + 1 :]))
    with pytest.warns(UserWarning, match="messages 200 to 200 of the connection are missing"):
        data = data_room.load(path)
    for symbol in data.symbols:
        valid = data.books(symbol=symbol).valid
        turn = int(np.argmin(valid))
        assert valid[:turn].all()
        assert not valid[turn:].any()
    assert (data.events()["flags"] & FLAG_INVALID).any()


def test_l3_books_of_bitfinex(tmp_path: Path) -> None:
    messages = [
        {"event": "subscribed", "channel": "book", "chanId": 5, "symbol": "tBTCUSD", "prec": "R0"},
        [5, [[1001, 100, 1.5], [1002, 100, 0.5], [1003, 101, -2]]],
        [5, [1004, 100.5, 1]],
        [5, [1001, 100, 0.25]],
        [5, [1004, 0, 1]],
        [5, [1003, 101.5, -2]],
    ]
    path = tmp_path / "x.txt"
    path.write_text(lines(messages, "ns"))
    books = loaded(path).books(depth=2)
    nan = np.nan
    bids = [[100, nan], [100.5, 100], [100.5, 100], [100, nan], [100, nan]]
    np.testing.assert_array_equal(books.bid_price, bids)
    np.testing.assert_array_equal(books.bid_qty[:, 0], [2, 1, 1, 0.75, 0.75])
    np.testing.assert_array_equal(books.ask_price[:, 0], [101, 101, 101, 101, 101.5])


def test_broken_files_say_where(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    text = lines(KRAKEN, "ns")
    path.write_text(text + "17 {]\n" + text)
    with pytest.raises(DataError, match=r"line 3 of x\.jsonl") as caught:
        data_room.load(path, format="kraken_ws")
    assert caught.value.remedy
    assert (caught.value.where["file"], caught.value.where["line"]) == ("x.jsonl", 3)
    path.write_text(text[:-30])
    with pytest.raises(DataError, match="torn"):
        data_room.load(path)
    with pytest.warns(UserWarning, match="torn"):
        assert len(data_room.load(path, quality="warn")) == 3
    path.write_text(text.replace("99.6", "null"))
    with pytest.raises(DataError, match="price"):
        data_room.load(path)
    path.write_text('{"channel":"heartbeat"}\n')
    with pytest.raises(DataError, match="no depth or trade message"):
        data_room.load(path, format="kraken_ws")
