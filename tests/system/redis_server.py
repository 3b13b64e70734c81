"""A Redis server of our own on loopback, which tests stop and start."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from py_rt.trade.resp import Redis, RedisError

PASSWORD = "canary-of-the-cache"


class Server:
    """Keeps its port for its whole life, and nothing else."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip("there is no Redis server here: apt-get install redis-server")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"redis://:{PASSWORD}@127.0.0.1:{self.port}/3"
        self._folder, self._program = folder, program
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        written = f"port {self.port}\nbind 127.0.0.1\nrequirepass {PASSWORD}\nsave ''\n"
        place = self._folder / "redis.conf"
        place.write_text(written.replace("''", '""') + f"dir {self._folder}\n", encoding="utf-8")
        self._process = subprocess.Popen(
            [self._program, str(place)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError, RedisError):
                self.reader().close()
                return
            assert time.monotonic() < until, "the server does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def reader(self) -> Redis:
        return Redis(f"redis://127.0.0.1:{self.port}/3", PASSWORD)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Server]:
    server = Server(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
