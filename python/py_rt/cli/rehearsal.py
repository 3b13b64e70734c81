"""Trade on a paper venue in real processes, kill the session with SIGKILL, and check the books.

The venue is one process and the session another. The session is killed at chosen moments and
started again by the same command; at the end the venue's ledger is compared with our store.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from py_rt.errors import TradingError, VenueError
from py_rt.trade import LedgerDiff, compare_ledger, read_ledger, read_status
from py_rt.trade.venue_process import VenueProcess

__all__ = ["Rehearsal", "after", "rehearse", "when_orders_are_open"]

Moment = Callable[[Path, float], bool]
"""Given the state directory and the seconds since the start: kill now?"""

_START_S = 30.0
_POLL_S = 0.05
_CONFIG = """\
[run]
symbols = ["{symbol}"]
state_dir = "session"
seconds = {seconds}
cash = 100000

[strategy]
{params}

[venue]
dialect = "alpaca"
mode = "paper"
trading_url = "{url}"

[risk]
max_orders_per_second = 1000
"""


@dataclass(frozen=True)
class Rehearsal:
    """What happened.

    Attributes
    ----------
    summary : dict
        What ``py-rt trade --json`` printed in the end.
    ledger : dict
        The venue's truth.
    diff : LedgerDiff
        The two compared.
    kills : int
        How often the session was killed.
    open_at_kill : tuple of int
        Orders that our store showed as open just before each kill.
    folder : Path
    """

    summary: dict[str, Any]
    ledger: dict[str, Any] = field(repr=False)
    diff: LedgerDiff
    kills: int
    open_at_kill: tuple[int, ...]
    folder: Path


def after(seconds: float) -> Moment:
    """Kill so many seconds after the start of the process, whatever it does."""
    return lambda _state_dir, elapsed: elapsed >= seconds


def when_orders_are_open(least_s: float, longest_s: float) -> Moment:
    """Kill once orders are open and something was filled, between the two times."""

    def moment(state_dir: Path, elapsed: float) -> bool:
        if elapsed < least_s:
            return False
        if elapsed > longest_s:
            return True
        status = _status(state_dir)
        return bool(status.get("open_orders")) and bool(status.get("fills"))

    return moment


def rehearse(
    folder: Path,
    strategy: str,
    *,
    params: dict[str, Any] | None = None,
    kill_at: Sequence[Moment],
    finish_s: float = 8.0,
    speed: float = 10.0,
    data: str = "sample:btcusdt_l2",
    symbol: str = "BTC/USD",
    note: Callable[[str], None] = print,
) -> Rehearsal:
    """Run a paper session, kill it at each moment, let it finish, and compare the books.

    Parameters
    ----------
    folder : Path
        Gets the configuration, logs, and ``session/`` with journal and store.
    strategy : str
        FILE of ``py-rt trade``.
    params : dict, optional
        Its parameters.
    kill_at : sequence of Moment
        One kill each.
    finish_s : float [s]
        How long the last life trades before it stops by itself.
    speed : float
        Virtual seconds per real second.
    data, symbol : str
        What the venue replays, and what is traded.
    note : callable
        Told what happens.

    Raises
    ------
    VenueError
        The venue did not start, or a session ended before it was killed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    options = ["--data", data, "--speed", str(speed), "--end-with", str(folder)]
    (folder / "session.pid").write_text(str(os.getpid()), encoding="utf-8")
    venue = VenueProcess.start(options, folder)
    note(f"paper venue at {venue.address}, {data} at {speed:g} times its speed")
    try:
        session = _Session(folder, strategy, venue)
        open_at_kill = []
        for number, moment in enumerate(kill_at, start=1):
            _write_config(folder, venue.address, symbol, params or {}, 0)
            session.start()
            open_at_kill.append(session.kill_at(moment))
            note(f"kill {number}: SIGKILL with {open_at_kill[-1]} orders open")
        _write_config(folder, venue.address, symbol, params or {}, finish_s)
        session.start()
        summary = session.finish(finish_s + _START_S)
        ledger = read_ledger(venue.admin)
    finally:
        venue.stop()
    store = folder / "session" / "store.sqlite"
    diff = compare_ledger(ledger, store, summary["cash"])
    return Rehearsal(summary, ledger, diff, len(kill_at), tuple(open_at_kill), folder)


class _Session:
    """One session over its lives: the same command each time."""

    def __init__(self, folder: Path, strategy: str, venue: VenueProcess) -> None:
        self._command = [sys.executable, "-m", "py_rt.cli", "trade", strategy]
        self._command += ["--config", str(folder / "trade.toml"), "--json"]
        keys = {"APCA_API_KEY_ID": venue.key, "APCA_API_SECRET_KEY": venue.secret}
        self._environment = os.environ | keys
        self._folder = folder
        self._begun = 0.0
        self._child: subprocess.Popen[str] | None = None

    def start(self) -> None:
        with (self._folder / "session.log").open("a", encoding="utf-8") as log:
            self._child = subprocess.Popen(  # noqa: S603 - our own command
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._begun = time.monotonic()

    def kill_at(self, moment: Moment) -> int:
        """Wait for the moment, kill, and return how many orders the store showed open."""
        assert self._child is not None
        state_dir = self._folder / "session"
        while not moment(state_dir, time.monotonic() - self._begun):
            if self._child.poll() is not None:
                raise self._ended_early()
            time.sleep(_POLL_S)
        still_open = int(_status(state_dir).get("open_orders", 0))
        self._child.send_signal(signal.SIGKILL)
        self._child.communicate()
        return still_open

    def finish(self, seconds: float) -> dict[str, Any]:
        """Wait for the end and return what was printed."""
        assert self._child is not None
        try:
            said, _ = self._child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.communicate()
            raise VenueError(
                "the session did not end by itself",
                file=str(self._folder / "session.log"),
                remedy="read its log",
            ) from None
        try:
            summary: dict[str, Any] = json.loads(said)
        except ValueError:
            raise self._ended_early() from None
        if "error" in summary:
            error = summary["error"]
            raise VenueError(error["message"], remedy=error["remedy"])
        return summary

    def _ended_early(self) -> VenueError:
        assert self._child is not None
        said = self._child.stdout.read().strip() if self._child.stdout else ""
        return VenueError(
            f"the session ended with code {self._child.returncode}: {said or 'it said nothing'}",
            file=str(self._folder / "session.log"),
            remedy="read its log",
        )


def _status(state_dir: Path) -> dict[str, Any]:
    try:
        return read_status(state_dir)
    except TradingError:
        return {}


def _write_config(
    folder: Path, url: str, symbol: str, params: dict[str, Any], seconds: float
) -> None:
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in params.items())
    text = _CONFIG.format(symbol=symbol, seconds=seconds, params=lines, url=url)
    (folder / "trade.toml").write_text(text, encoding="utf-8")
