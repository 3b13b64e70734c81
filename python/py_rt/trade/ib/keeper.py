"""Keeps a bridge running: holds its port, and starts it again when it dies.

The port stays open meanwhile, so that the session finds it again by itself. The keeper ends when
whoever started it, and the dead man's switch that shares the pipe, are gone.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import Any

from py_rt.trade.beside import is_let_go, let_go, order_by_pipe, orders_from_pipe
from py_rt.trade.ib.port import log
from py_rt.trade.secrets import without_secrets

__all__ = ["main"]

_LOOK_S = 0.1
_PAUSE_S = (0.1, 5.0)
_STABLE_S = 30.0
_END_S = 3.0


class _Kept:
    """The bridge of this moment."""

    def __init__(self, given: dict[str, Any], listening: socket.socket, first: bool) -> None:
        descriptor = listening.fileno()
        self.since = time.monotonic()
        self.child = subprocess.Popen(
            [sys.executable, "-c", "from py_rt.trade.ib.bridge import main; main()"],
            stdin=subprocess.PIPE,
            stdout=None if first else subprocess.DEVNULL,
            text=True,
            pass_fds=(descriptor,),
            env=without_secrets(os.environ),
        )
        order_by_pipe(self.child, {**given, "descriptor": descriptor})


def main() -> None:
    """Read where TWS is from standard input; say where the bridge listens; keep it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    given = orders_from_pipe()
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    port = listening.getsockname()[1]
    os.write(1, json.dumps({"port": port, "pid": os.getpid()}).encode() + b"\n")
    kept, pause = _Kept(given, listening, first=True), _PAUSE_S[0]
    while not is_let_go(_LOOK_S):
        ended = kept.child.poll()
        if ended is None:
            continue
        if time.monotonic() - kept.since > _STABLE_S:
            pause = _PAUSE_S[0]
        log(f"the bridge ended ({ended}): it is started again in {pause:.1f} s")
        time.sleep(pause)
        pause = min(2 * pause, _PAUSE_S[1])
        kept = _Kept(given, listening, first=False)
    let_go(kept.child, _END_S)
