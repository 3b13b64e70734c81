"""The dead man's switch: a process that cancels a session's orders when the session falls silent.

Dead, stopped by a signal, or hanging with its watchdog: nobody cancels then, and no venue of ours
has a timer that would (docs/risk.md). The session renews a file ten times a second; this process
looks at it. Keys come through its standard input and stand nowhere else.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import py_rt._core as _core
from py_rt._guards import guards_to_core
from py_rt.errors import TradingError
from py_rt.trade.beside import order_by_pipe, say, start_beside

__all__ = ["GuardProcess", "keep_watch", "main"]

_LOOK_S = 0.1
_TRIES = 120
_BY = "dead-man"
_WHO = "dead man's switch"


class GuardProcess:
    """The switch of one session, from the session's side."""

    def __init__(self, child: subprocess.Popen[str], heartbeat: Path) -> None:
        self._child, self._heartbeat = child, heartbeat

    @classmethod
    def start(
        cls, core: dict[str, Any], seconds: float, lifeline: int | None = None
    ) -> GuardProcess:
        """Start the switch of a session that is about to begin.

        Parameters
        ----------
        core : dict
            `TradeConfig.to_core` with the keys of the strategy.
        seconds : float [s]
            Silence after which it acts.
        lifeline : int, optional
            A descriptor that it holds for as long as it lives: of a bridge that it needs to act.
        """
        folder = Path(core["state_dir"])
        (folder / "heartbeat").unlink(missing_ok=True)
        child = start_beside("py_rt.trade.guard", folder / "guard.log", lifeline=lifeline)
        # The switch asks no guard, and JSON knows no tuples.
        risk = {**core["risk"], "guards": guards_to_core({})}
        given = {"core": {**core, "risk": risk}, "seconds": seconds}
        order_by_pipe(child, given)
        if child.stdin is not None:
            # It lives by the heartbeat, not by the pipe.
            with contextlib.suppress(BrokenPipeError):
                child.stdin.close()
        return cls(child, folder / "heartbeat")

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._child.pid

    def leave(self) -> None:
        """Let it go: it ends by itself with a session that ended cleanly, and acts otherwise."""
        if not self._heartbeat.exists():
            self._child.terminate()
            self._child.wait()


def keep_watch(core: dict[str, Any], seconds: float) -> dict[str, Any] | None:
    """Look until the session ends or falls silent; return what was done then.

    Parameters
    ----------
    core : dict
    seconds : float [s]

    Returns
    -------
    dict or None
        Of ``kill``; None where the session ended by itself.
    """
    place = Path(core["state_dir"]) / "heartbeat"
    seen, since = "", time.monotonic()
    while True:
        text = _read(place)
        if text == "ended":
            return None
        if not text or text != seen:
            seen, since = text, time.monotonic()
        elif time.monotonic() - since > seconds:
            return _act(core)
        time.sleep(_LOOK_S)


def _read(place: Path) -> str:
    try:
        return place.read_text(encoding="utf-8")
    except OSError:
        return ""


def _act(core: dict[str, Any]) -> dict[str, Any]:
    """Cancel everything, as often as it takes to reach the venue."""
    failed: TradingError | None = None
    for _ in range(_TRIES):
        try:
            return _core.kill_direct(core, False, _BY)
        except TradingError as error:
            failed = error
            say(_WHO, f"the orders could not be cancelled: {error}")
            time.sleep(1.0)
    raise failed or RuntimeError("unreachable")


def main() -> None:
    """Read the session from standard input, and watch it."""
    given = json.loads(sys.stdin.readline())
    done = keep_watch(given["core"], float(given["seconds"]))
    if done is not None:
        say(_WHO, f"the session was silent for {given['seconds']} s: {json.dumps(done)}")
