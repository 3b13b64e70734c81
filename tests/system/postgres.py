"""A PostgreSQL server of our own on loopback, run as a plain user, that tests stop and start."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PASSWORD = "canary-of-the-database"
_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin")
_NOBODY = "65534"


def binaries() -> Path | None:
    """Return the folder with ``initdb`` and ``postgres``, wherever the system keeps it."""
    for pattern in _PLACES:
        for found in sorted(Path("/").glob(pattern.removeprefix("/")), reverse=True):
            if (found / "initdb").exists() and (found / "postgres").exists():
                return found
    found_in_path = shutil.which("initdb")
    return Path(found_in_path).resolve().parent if found_in_path else None


class Server:
    """A cluster in a folder of its own; the same port for its whole life."""

    def __init__(self, folder: Path) -> None:
        place = binaries()
        if place is None:
            pytest.skip("there is no PostgreSQL server here: apt-get install postgresql")
        self._bin, self.folder = place, folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        secret = folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        # The server refuses root: then it is somebody who owns nothing else.
        self._as: list[str] = []
        if os.getuid() == 0:
            if shutil.which("setpriv") is None:
                pytest.skip("PostgreSQL refuses root and there is no setpriv")
            self._as = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
            for path in (folder, secret):
                os.chown(path, int(_NOBODY), int(_NOBODY))
        self._run("initdb", "-D", str(folder / "data"), "-U", "books", "-A", "scram-sha-256",
                  "--pwfile", str(secret), "--no-sync", "-E", "UTF8", "--locale=C")  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the address, the password in it."""
        return f"postgresql://books:{PASSWORD}@127.0.0.1:{self.port}/books"

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [str(self._bin / "postgres"), "-D", str(self.folder / "data"), "-p",
                   str(self.port), "-h", "127.0.0.1", "-k", str(self.folder), "-F",
                   "-c", "log_statement=all"]  # fmt: skip
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as, *command], stdout=log, stderr=log, cwd=self.folder
            )
        until = time.monotonic() + 30
        while self._try("postgres", "SELECT 1") is None:
            assert time.monotonic() < until, (self.folder / "server.log").read_text()[-2000:]
            time.sleep(0.05)
        if self._try("postgres", "SELECT 1 FROM pg_database WHERE datname = 'books'") == "":
            self._try("postgres", "CREATE DATABASE books")

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End it; SIGQUIT cuts every connection at once and recovers at the next start."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the server and everything that it has started."""
        assert self._process is not None
        children = subprocess.run(
            ["pgrep", "-P", str(self._process.pid)], capture_output=True, text=True
        ).stdout.split()
        for pid in (self._process.pid, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def query(self, statement: str) -> list[list[str]]:
        """Return the rows of a statement as text."""
        found = self._try("books", statement)
        assert found is not None, statement
        return [line.split("|") for line in found.splitlines()]

    def session(self) -> subprocess.Popen[str]:
        """Return a ``psql`` that reads statements from its standard input."""
        return subprocess.Popen(
            [*self._psql("books"), "-v", "ON_ERROR_STOP=0"], env=self._environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def _psql(self, database: str) -> list[str]:
        return [str(self._bin / "psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "books",
                "-d", database, "-qAtX", "-v", "ON_ERROR_STOP=1"]  # fmt: skip

    def _environment(self) -> dict[str, str]:
        return os.environ | {"PGPASSWORD": PASSWORD}

    def _try(self, database: str, statement: str) -> str | None:
        done = subprocess.run(
            [*self._psql(database), "-c", statement],
            env=self._environment(), capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout if done.returncode == 0 else None

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [*self._as, str(self._bin / program), *arguments],
            capture_output=True, text=True, cwd=self.folder,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """Run a server for the length of the block."""
    # Not in pytest's folder, which nobody but its owner may enter.
    with tempfile.TemporaryDirectory(prefix="py-rt-postgres-", ignore_cleanup_errors=True) as made:
        found = Server(Path(made))
        found.start()
        try:
            yield found
        finally:
            found.stop()
