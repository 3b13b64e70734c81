"""TWS's socket protocol, the server's end: frames of fields that end with zeros.

Written for server version 178. What is written here, an unmodified `ib_async` reads: a field too
many or too few, and nothing works.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from typing import Any

VERSION = 178


def frame(*fields: Any) -> bytes:
    """Return one message."""
    raw = b"".join(f"{field}".encode() + b"\0" for field in fields)
    return struct.pack(">I", len(raw)) + raw


async def read_frame(reader: asyncio.StreamReader) -> list[str]:
    """Return the fields of the next message."""
    (size,) = struct.unpack(">I", await reader.readexactly(4))
    return (await reader.readexactly(size)).decode().split("\0")[:-1]


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the client's first words; say which version is spoken."""
    assert await reader.readexactly(4) == b"API\0"
    (size,) = struct.unpack(">I", await reader.readexactly(4))
    words = (await reader.readexactly(size)).decode()
    lowest, highest = (int(word) for word in words.removeprefix("v").split(" ")[0].split(".."))
    assert lowest <= VERSION <= highest, words
    writer.write(frame(VERSION, "20260309 10:00:00 EST"))


def error(request: int, code: int, text: str) -> bytes:
    return frame(4, 2, request, code, text, "")


def contract_fields(stock: Any) -> list[Any]:
    """Return what names a contract in messages about orders and positions."""
    where = ["SMART", "USD", stock.symbol, "NMS"]
    return [stock.con_id, stock.symbol, "STK", "", "0", "", "", *where]


def contract_details(request: int, stock: Any, hours: str) -> bytes:
    head = [stock.symbol, "STK", "", "0", "", "SMART", "USD", stock.symbol, "NMS", "NMS"]
    middle = ["", "ACTIVETIM,AD,ADJUST,LMT,MKT,STP,STP LMT", "SMART,NASDAQ", "1", "0"]
    names = [f"{stock.symbol} INC", "NASDAQ", "", "Technology", "Computers", "Computers"]
    times = ["US/Eastern", hours, hours, "", "0"]
    ids = ["1", "ISIN", "US0000000000"]
    tail = ["1", "", "", "26", "", "COMMON", "1", "1", "100"]
    fields = [*head, stock.con_id, "0.01", *middle, *names, *times, *ids, *tail]
    return frame(10, request, *fields)


def open_order(order: Any) -> bytes:
    terms = [order.action, order.qty, order.kind, order.limit, order.stop, order.tif]
    owner = ["", order.account, "", "0", order.ref, order.client_id, order.perm]
    more = ["0", "0", "0.0", "", "", "", "", ""]
    # The model and what belongs to combinations, auctions, volatility and scales.
    plain = ["", "", "", "", "", "0", "", "-1", "0", "", "", "", "", "", "", "0", "0", "0", ""]
    plain += ["3", "0", "0", "", "0", "0", "", "0", "", "", "0", "0", "", "", "", "", ""]
    legs = ["0", "0", "0", "", "", "", ""]
    clearing = ["0", "", "IB", "0", "0", ""]
    state = ["0", "0", order.status, *[""] * 9, "", "", "", "", "", "0", "0"]
    adjusted = ["None", "", "", "", "", "", "", "0", "", "", "", "", "0", "0", "0", "0"]
    tail = ["", "", "0", "", "", "", "", ""]
    fields = [*contract_fields(order.stock), *terms, *owner, *more, *plain, *legs, *clearing]
    return frame(5, order.order_id, *fields, *state, "0", *adjusted, *tail)


def order_status(order: Any) -> bytes:
    left = order.qty - order.filled
    sums = [order.filled, left, order.average, order.perm, 0, order.last, order.client_id, "", "0"]
    return frame(3, order.order_id, order.status, *sums)


def completed_order(order: Any) -> bytes:
    terms = [order.action, order.qty, order.kind, order.limit, order.stop, order.tif]
    owner = ["", order.account, "", "0", order.ref, order.perm]
    more = ["0", "0", "0.0", "", "", "", ""]
    plain = ["", "", "", "", "", "0", "", "-1", "", "", "", "", "", "", "0", "0", "", "3", "0"]
    plain += ["", "0", "", "", "0", "0", "", "", ""]
    legs = ["0", "0", "0", "", "", "", ""]
    clearing = ["", "IB", "0", "0", ""]
    state = ["0", order.status, "0", "0"]
    tail = ["", "", "", "0", "0", "", order.filled, "0", "0", "", "0", "0", "0"]
    ended = ["20260309-10:00:00", order.status]
    fields = [*contract_fields(order.stock), *terms, *owner, *more, *plain, *legs, *clearing]
    return frame(101, *fields, *state, "0", *tail, *ended, *[""] * 5)


def exec_details(request: int, trade: Any) -> bytes:
    order = trade.order
    side = "BOT" if order.action == "BUY" else "SLD"
    when = trade.at.strftime("%Y%m%d %H:%M:%S UTC")
    head = [trade.exec_id, when, order.account, "NASDAQ", side, trade.qty, trade.price, order.perm]
    tail = [order.client_id, "0", trade.cum, trade.price, order.ref, "", "", ""]
    liquidity = 1 if trade.maker else 2
    named = contract_fields(order.stock)
    return frame(11, request, order.order_id, *named, *head, *tail, liquidity, "0")


def commission(trade: Any) -> bytes:
    return frame(59, 1, trade.exec_id, trade.fee, "USD", "", "", "")


def portfolio(book: Any, qty: int, account: str) -> bytes:
    stock, price = book.stock, book.bid
    named = [stock.con_id, stock.symbol, "STK", "", "0", "", "", "NASDAQ", "USD", stock.symbol]
    worth = [qty, price, price * qty, price, "0", "0", account]
    return frame(7, 8, *named, "NMS", *worth)


def fields_of_order(fields: Sequence[str]) -> dict[str, str]:
    """Return the terms in a ``placeOrder`` message of a stock."""
    # 3, order id, 12 fields of the contract, secIdType, secId, and then the terms.
    names = ("action", "qty", "kind", "limit", "stop", "tif", "oca", "account", "", "", "ref")
    terms = dict(zip(names, fields[16:27], strict=True))
    return terms | {"order_id": fields[1], "symbol": fields[3], "sec_type": fields[4]}
