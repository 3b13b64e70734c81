"""A paper venue in a process of its own, which outlives a session that is killed.

Its addresses and keys lie in ``venue.json`` (owner-only) of the session's folder, so that the same
command, typed again after a crash, finds the venue where it was.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from py_rt.errors import ConfigError, DataError, ParameterError, TradingError, VenueError
from py_rt.trade.beside import write_private
from py_rt.trade.control import is_alive
from py_rt.trade.secrets import without_secrets

__all__ = ["VenueProcess", "end_with_session"]

_READY_S = 60.0
_LINGER_S = 600.0
_STOP_S = 5.0


class VenueProcess:
    """A running venue: its addresses, its keys, and a way to end it.

    Attributes
    ----------
    address, admin : str
        Addresses: of the dialect that it was started with, and for its own questions.
    dialect : {"alpaca", "binance"}
    key, secret : str
    pid : int
    """

    def __init__(self, ready: dict[str, Any]) -> None:
        self.dialect: str = next(name for name in ("alpaca", "binance") if name in ready)
        self.address: str = ready[self.dialect]
        self.admin: str = ready["admin"]
        self.key: str = ready["key"]
        self.secret: str = ready["secret"]
        self.pid: int = ready["pid"]
        self._child: subprocess.Popen[str] | None = None

    def __repr__(self) -> str:
        return f"VenueProcess({self.dialect}={self.address!r}, pid={self.pid})"

    @classmethod
    def start(cls, options: Sequence[str], folder: Path) -> VenueProcess:
        """Start ``py-rt venue`` and wait until it listens.

        Parameters
        ----------
        options : sequence of str
            Of the command.
        folder : Path
            Gets ``venue.json`` and ``venue.log``.

        Raises
        ------
        VenueError
            It ended, or said nothing for a minute.
        TradingError
            What the venue itself refused: an option, or the recording.
        """
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / "venue.log"
        command = [sys.executable, "-m", "py_rt.cli", "venue", "--json", *options]
        with log.open("ab") as errors:
            child = subprocess.Popen(  # noqa: S603 - our own command
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                # It has keys of its own; ours are for other venues.
                env=without_secrets(os.environ),
                start_new_session=True,
            )
        try:
            ready = _first_line(child, log)
        except BaseException:
            child.kill()
            child.communicate()
            raise
        venue = cls({**ready, "pid": child.pid})
        venue._child = child
        write_private(folder / "venue.json", {**ready, "pid": child.pid})
        return venue

    @classmethod
    def find(cls, folder: Path) -> VenueProcess | None:
        """Return the venue that an earlier session of this folder left running, if it lives."""
        try:
            ready = json.loads((folder / "venue.json").read_text(encoding="utf-8"))
            return cls(ready) if is_alive(ready["pid"]) else None
        except (OSError, ValueError, KeyError):
            return None

    def stop(self) -> None:
        """End the venue, at once if it does not end by itself. It may have ended already."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                break
            if self._ended(_STOP_S):
                break
        if self._child is not None and self._child.stdout is not None:
            self._child.stdout.close()

    def _ended(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not is_alive(self.pid):
                if self._child is not None:
                    self._child.wait()
                return True
            time.sleep(0.02)
        return False


def end_with_session(folder: Path) -> None:
    """Watch the session of a folder from inside the venue; end some time after it has died.

    Parameters
    ----------
    folder : Path
        Where the session writes ``session.pid``. A venue that nobody comes back to ends after ten
        minutes.
    """

    def watch() -> None:
        alone_since: float | None = None
        while True:
            time.sleep(1.0)
            if _session_lives(folder):
                alone_since = None
                continue
            alone_since = alone_since or time.monotonic()
            if time.monotonic() - alone_since > _LINGER_S:
                os.kill(os.getpid(), signal.SIGTERM)
                return

    threading.Thread(target=watch, name="end-with-session", daemon=True).start()


def _session_lives(folder: Path) -> bool:
    try:
        return is_alive(int((folder / "session.pid").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return False


def _first_line(child: subprocess.Popen[str], log: Path) -> dict[str, Any]:
    assert child.stdout is not None
    listening, _, _ = select.select([child.stdout], [], [], _READY_S)
    line = child.stdout.readline() if listening else ""
    try:
        said_first: dict[str, Any] = json.loads(line)
    except ValueError:
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise VenueError(
            f"the paper venue did not start: {said[-1] if said else 'it said nothing'}",
            file=str(log),
            remedy="run py-rt venue by itself to see why",
        ) from None
    if "error" in said_first:
        raise _told(said_first["error"], log)
    return said_first


def _told(error: dict[str, Any], log: Path) -> TradingError:
    """Return the error that the venue's own process ended with."""
    where = {name: value for name, value in error["where"].items() if name != "field"}
    if error["code"] in ("config", "parameter", "data"):
        kinds = {"config": ConfigError, "parameter": ParameterError, "data": DataError}
        return kinds[error["code"]](
            error["message"], field=error["field"], remedy=error["remedy"], **where
        )
    return VenueError(
        f"the paper venue did not start: {error['message']}", file=str(log), remedy=error["remedy"]
    )
