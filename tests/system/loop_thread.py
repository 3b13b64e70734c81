"""A server on loopback with an event loop in a thread of its own, which leaves nothing open."""

from __future__ import annotations

import abc
import asyncio
import threading
from collections.abc import Awaitable, Callable

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class LoopThread(abc.ABC):
    """Serves from `listen` until `stop`."""

    def listen(self) -> None:
        """Begin to listen."""
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._listening.wait(10)

    def stop(self) -> None:
        """Cut everything and end the thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join(10)
        assert not self._thread.is_alive()

    def on_loop(self, act: Callable[[], None]) -> None:
        """Do something between two messages."""
        done = threading.Event()

        def go() -> None:
            act()
            done.set()

        self._loop.call_soon_threadsafe(go)
        assert done.wait(10)

    @abc.abstractmethod
    async def _open(self) -> None:
        """Open the ports."""

    async def _walk(self) -> None:
        """Do what goes on beside the connections; nothing, where nothing does."""
        return

    async def _serve_with(self, talk: Talk) -> int:
        """Let every connection to a new port be talked to; return the port."""

        def start(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._writers.add(writer)
            task = asyncio.ensure_future(talk(reader, writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        server = await asyncio.start_server(start, "127.0.0.1", 0)
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        self._tasks: set[asyncio.Future[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._servers: list[asyncio.Server] = []
        await self._open()
        self._listening.set()
        walking = asyncio.ensure_future(self._walk())
        await self._end.wait()
        for server in self._servers:
            server.close()
        # A connection that was being accepted begins; one whose task never ran has no other end.
        await self._settle()
        for writer in self._writers:
            writer.transport.abort()
        tasks = [walking, *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._settle()

    @staticmethod
    async def _settle() -> None:
        """Let the loop do what it has put off: transports are closed in its next rounds."""
        for _ in range(5):
            await asyncio.sleep(0)
