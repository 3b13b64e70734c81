"""HTTP and WebSocket as far as one session on this machine needs them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

__all__ = ["Request", "Socket", "answer", "read_request"]

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_BODY_MAX = 1 << 20
_UNSENT_MAX = 8 << 20
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10


@dataclass
class Request:
    """One HTTP request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


async def read_request(reader: asyncio.StreamReader) -> Request:
    """Return the next request of a connection.

    Raises
    ------
    ValueError
        It is none, or too long.
    asyncio.IncompleteReadError
        The other side is gone.
    """
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    length = int(headers.get("content-length", 0))
    if not 0 <= length <= _BODY_MAX:
        raise ValueError(f"a body of {length} bytes")
    body = await reader.readexactly(length)
    parts = urlsplit(target)
    return Request(method, unquote(parts.path), dict(parse_qsl(parts.query)), headers, body)


def answer(status: int, body: Any = None, **headers: str) -> bytes:
    """Return an HTTP answer; no body for None."""
    raw = b"" if body is None else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Told", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines.append(f"Content-Length: {len(raw)}")
    return "\r\n".join([*lines, "", ""]).encode() + raw


class Socket:
    """The server's end of a WebSocket."""

    _dump: Callable[[Any], str] = staticmethod(json.dumps)
    _load: Callable[[bytes], Any] = staticmethod(json.loads)

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.listens = False
        self.trades: set[str] = set()
        self.quotes: set[str] = set()

    @classmethod
    def accept(
        cls, headers: Mapping[str, str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Self:
        """Answer the handshake."""
        key = headers.get("sec-websocket-key", "").encode()
        digest = hashlib.sha1(key + _GUID, usedforsecurity=False).digest()
        head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        accepted = base64.b64encode(digest).decode()
        writer.write(f"{head}Sec-WebSocket-Accept: {accepted}\r\n\r\n".encode())
        return cls(reader, writer)

    def send(self, message: Any) -> None:
        """Send a message. A reader that is megabytes behind is cut: it asks anew then."""
        if self._writer.transport.get_write_buffer_size() > _UNSENT_MAX:
            self.cut()
        else:
            self._frame(_TEXT, self._dump(message).encode())

    def cut(self) -> None:
        """End the connection without a word."""
        self._writer.transport.abort()

    def _frame(self, opcode: int, raw: bytes) -> None:
        size = len(raw)
        if size < 126:
            head = struct.pack(">BB", 0x80 | opcode, size)
        elif size < 65_536:
            head = struct.pack(">BBH", 0x80 | opcode, 126, size)
        else:
            head = struct.pack(">BBQ", 0x80 | opcode, 127, size)
        self._writer.write(head + raw)

    async def run(self, handle: Callable[[Any], Awaitable[None]]) -> None:
        """Hand every message to `handle` until the other side is gone.

        Raises
        ------
        ValueError
            A frame that no client of ours sends.
        asyncio.IncompleteReadError
            The connection was cut.
        """
        while True:
            first, second = await self._reader.readexactly(2)
            size = second & 127
            if size == 126:
                (size,) = struct.unpack(">H", await self._reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", await self._reader.readexactly(8))
            if not second & 128 or not first & 128 or size > _BODY_MAX:
                raise ValueError("a frame without mask, in parts, or too long")
            mask = await self._reader.readexactly(4)
            raw = await self._reader.readexactly(size)
            raw = bytes(byte ^ mask[at & 3] for at, byte in enumerate(raw))
            opcode = first & 15
            if opcode == _CLOSE:
                self._frame(_CLOSE, raw)
                return
            if opcode == _PING:
                self._frame(_PONG, raw)
            elif opcode in (_TEXT, _BINARY):
                await handle(self._load(raw))
