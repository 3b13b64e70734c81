"""A loopback proxy between a session and a paper venue that does to both what networks do.

Requests are understood one at a time, so that an answer can be swallowed after the venue has acted
on it; streams are cut between frames and inside them. Everything is drawn from one seed.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import struct
from collections import Counter
from collections.abc import Mapping

from system.loop_thread import LoopThread

REQUEST_FAULTS = {
    "reset_before": 0.02,
    "reset_after": 0.03,
    "gateway_timeout_before": 0.02,
    "gateway_timeout_after": 0.03,
    "server_error_after": 0.02,
    "page_after": 0.02,
    "half_a_body": 0.02,
    "half_closed": 0.01,
    "late": 0.03,
    "limited": 0.01,
}
"""Chance of each fault per request; ``after`` means that the venue has acted on it."""

FRAME_FAULTS = {"cut": 0.004, "cut_inside": 0.002, "stall": 0.004}
"""Chance of each fault per frame of a stream."""

MARKET_PATH = b"/v1beta3/"
_ANSWERS = {
    "gateway_timeout": (504, b""),
    "server_error": (500, b'{"message": "internal"}'),
    "page": (200, b"<html><body>maintenance</body></html>"),
    "limited": (429, b'{"code": 42910000, "message": "rate limit exceeded"}'),
}


class FaultProxy(LoopThread):
    """Listens on a port of its own and passes on to `port`, with faults while `faulty`."""

    def __init__(
        self,
        port: int,
        seed: int,
        requests: Mapping[str, float] = REQUEST_FAULTS,
        frames: Mapping[str, float] = FRAME_FAULTS,
    ) -> None:
        self.faulty = True
        self.silent = False
        """Connections stay open and nothing comes through, either way."""
        self.repeats = 1
        """How often each frame of a market stream is passed on."""
        self.market_frames = 0
        self.market: asyncio.StreamWriter | None = None
        """The session's end of the last market stream."""
        self.counts: Counter[str] = Counter()
        self._venue = port
        self._requests, self._frames = requests, frames
        self._drawn = random.Random(seed)
        self.listen()

    async def _open(self) -> None:
        self.port = await self._serve_with(self._pass_on)

    def _draw(self, chances: Mapping[str, float]) -> str:
        left = self._drawn.random()
        for fault, chance in chances.items():
            if self.faulty and left < chance:
                self.counts[fault] += 1
                return fault
            left -= chance
        return ""

    async def _silence(self) -> None:
        while self.silent:  # noqa: ASYNC110 - set by another thread
            await asyncio.sleep(0.02)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        try:
            venue, to_venue = await asyncio.open_connection("127.0.0.1", self._venue)
            writers.append(to_venue)
            while True:
                request = await _message(reader)
                await self._silence()
                if b"upgrade: websocket" in request.lower():
                    to_venue.write(request)
                    writer.write(await _message(venue))
                    if MARKET_PATH in request.partition(b"\r\n")[0]:
                        self.market = writer
                    await self._stream(reader, writer, venue, to_venue)
                    return
                if not await self._exchange(request, writer, venue, to_venue):
                    return
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            for one in writers:
                one.transport.abort()

    async def _exchange(
        self,
        request: bytes,
        writer: asyncio.StreamWriter,
        venue: asyncio.StreamReader,
        to_venue: asyncio.StreamWriter,
    ) -> bool:
        """Pass on one request and its answer; false when the connection is to be cut."""
        fault = self._draw(self._requests)
        if fault == "reset_before":
            return False
        written = _ANSWERS.get(fault.removesuffix("_before").removesuffix("_after"))
        if written and not fault.endswith("_after"):
            writer.write(_answer(*written))
            return True
        to_venue.write(request)
        answer = await _message(venue)
        await self._silence()
        if fault == "reset_after":
            return False
        if fault == "late":
            await asyncio.sleep(self._drawn.uniform(0.1, 2.0))
        if fault == "half_a_body":
            answer = answer[: len(answer) - 8]
        writer.write(_answer(*written) if written else answer)
        await writer.drain()
        if fault == "half_closed":
            writer.write_eof()
            await asyncio.sleep(0.5)
        return fault not in ("half_a_body", "half_closed")

    async def _stream(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        venue: asyncio.StreamReader,
        to_venue: asyncio.StreamWriter,
    ) -> None:
        async def up() -> None:
            while said := await reader.read(65_536):
                await self._silence()
                to_venue.write(said)

        async def down() -> None:
            while True:
                frame = await _frame(venue)
                await self._silence()
                if writer is self.market:
                    self.market_frames += self.repeats
                    frame *= self.repeats
                fault = self._draw(self._frames)
                if fault == "stall":
                    await asyncio.sleep(self._drawn.uniform(0.2, 2.0))
                if fault != "cut":
                    writer.write(frame[: len(frame) // 2] if fault == "cut_inside" else frame)
                    await writer.drain()
                if fault in ("cut", "cut_inside"):
                    return

        halves = [asyncio.ensure_future(up()), asyncio.ensure_future(down())]
        try:
            await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for half in halves:
                half.cancel()
                with contextlib.suppress(asyncio.CancelledError, OSError, EOFError):
                    await half


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Return one HTTP message with its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return head + await reader.readexactly(int(line.partition(b":")[2]))
    return head


async def _frame(reader: asyncio.StreamReader) -> bytes:
    """Return one WebSocket frame of a server, which is not masked."""
    head = await reader.readexactly(2)
    length = head[1] & 127
    if length > 125:
        size = await reader.readexactly(2 if length == 126 else 8)
        head += size
        (length,) = struct.unpack(">H" if length == 126 else ">Q", size)
    return head + await reader.readexactly(length)


def _answer(status: int, body: bytes) -> bytes:
    retry = "Retry-After: 1\r\n" if status == 429 else ""
    head = f"HTTP/1.1 {status} Told\r\nContent-Length: {len(body)}\r\n{retry}\r\n"
    return head.encode() + body
