"""HTTP and WebSocket as far as a stand-in venue needs them, and JSON with the zeros of decimals."""

from __future__ import annotations

import asyncio
import functools
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from py_rt.trade.ib import wire


class Gone(Exception):
    """The connection is to be cut, now."""


@dataclass
class Request:
    """One HTTP request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str
    pairs: list[tuple[str, str]]
    """The query as it was written: a name may come more than once."""

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form, decoded."""
        return dict(parse_qsl(self.body, keep_blank_values=True))


def dump(value: Any) -> str:
    """Return JSON in which a decimal is a number with all of its digits."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        inside = (f"{json.dumps(name)}:{dump(one)}" for name, one in value.items())
        return "{" + ",".join(inside) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(dump(one) for one in value) + "]"
    return json.dumps(value)


async def read_request(reader: asyncio.StreamReader) -> Request:
    """Return the next request of a connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, target, _ = head[0].split(" ")
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    length = int(headers.get("content-length", 0))
    body = (await reader.readexactly(length)).decode() if length else ""
    parts = urlsplit(target)
    query = parse_qsl(parts.query)
    return Request(method, parts.path, dict(query), headers, body, query)


def answer(status: int, body: str, more: str = "") -> bytes:
    """Return an HTTP answer; `more` are lines of its head."""
    raw = body.encode()
    head = f"HTTP/1.1 {status} Told\r\nContent-Type: application/json\r\n{more}"
    return f"{head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw


class Socket(wire.Socket):
    """The server's end of a WebSocket, as the bridge to TWS has it, with JSON of decimals."""

    _load = staticmethod(functools.partial(json.loads, parse_float=Decimal))

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self.subscribed: set[tuple[str, str]] = set()
        self.sequence = 0
        self.held: str | None = None

    @staticmethod
    def _dump(message: Any) -> str:
        return message if isinstance(message, str) else dump(message)
