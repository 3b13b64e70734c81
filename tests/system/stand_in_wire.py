"""HTTP and WebSocket as far as a stand-in venue needs them, and JSON with the zeros of decimals."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


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


class Socket:
    """The server's end of a WebSocket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.subscribed: set[tuple[str, str]] = set()
        self.depth = 0
        self.sequence = 0
        self.held: str | None = None

    @classmethod
    def accept(
        cls, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Socket:
        """Answer the handshake."""
        key = request.headers["sec-websocket-key"].encode()
        accepted = base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode()
        head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        writer.write(f"{head}Sec-WebSocket-Accept: {accepted}\r\n\r\n".encode())
        return cls(reader, writer)

    def send(self, message: Any) -> None:
        """Send a message."""
        self.send_text(message if isinstance(message, str) else dump(message))

    def send_text(self, text: str, opcode: int = 1) -> None:
        raw = text.encode()
        size = len(raw)
        if size < 126:
            head = struct.pack(">BB", 0x80 | opcode, size)
        elif size < 65_536:
            head = struct.pack(">BBH", 0x80 | opcode, 126, size)
        else:
            head = struct.pack(">BBQ", 0x80 | opcode, 127, size)
        self._writer.write(head + raw)

    def cut(self) -> None:
        """End the connection without a word."""
        self._writer.transport.abort()

    async def run(self, handle: Callable[[Any], Awaitable[None]]) -> None:
        """Hand every text message to `handle` until the other side is gone."""
        while True:
            first, second = await self._reader.readexactly(2)
            size = second & 127
            if size == 126:
                (size,) = struct.unpack(">H", await self._reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", await self._reader.readexactly(8))
            assert second & 128, "a client masks its frames"
            mask = await self._reader.readexactly(4)
            raw = await self._reader.readexactly(size)
            text = bytes(byte ^ mask[at % 4] for at, byte in enumerate(raw))
            opcode = first & 15
            if opcode == 8:
                return
            if opcode == 9:
                self.send_text(text.decode(), 10)
            elif opcode == 1:
                await handle(json.loads(text, parse_float=Decimal))
