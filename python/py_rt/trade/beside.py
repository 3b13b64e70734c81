"""What a process of ours that runs beside a session needs: its orders, its end, its log, its file.

It reads one line of JSON from its standard input. Where it ends with whoever started it, that one
holds the other end of the pipe, and lets go by dying, if in no other way.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from py_rt.trade.secrets import without_secrets

__all__ = [
    "is_let_go",
    "let_go",
    "order_by_pipe",
    "orders_from_pipe",
    "say",
    "start_beside",
    "write_private",
]


def start_beside(
    module: str, log: Path, *, stdout: int = subprocess.DEVNULL, lifeline: int | None = None
) -> subprocess.Popen[str]:
    """Start the ``main`` of a module of ours; keys reach it through its standard input only.

    Parameters
    ----------
    module : str
    log : Path
        Gets its standard error, behind what is there.
    stdout : int
        Of `subprocess`: nobody reads what it says by default.
    lifeline : int, optional
        A descriptor that it holds for as long as it lives.
    """
    with log.open("ab") as errors:
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-c", f"from {module} import main; main()"],
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=errors,
            text=True,
            env=without_secrets(os.environ),
            start_new_session=True,
            pass_fds=() if lifeline is None else (lifeline,),
        )


def order_by_pipe(child: subprocess.Popen[str], orders: dict[str, Any]) -> None:
    """Write the line that a process waits for. It may have died already: its end tells that."""
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        child.stdin.write(json.dumps(orders) + "\n")
        child.stdin.flush()


def let_go(child: subprocess.Popen[str], longest_s: float) -> None:
    """Let a process end, and kill it when that takes too long."""
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        child.stdin.close()
    try:
        child.wait(longest_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def orders_from_pipe() -> Any:
    """Read the line and no byte more: the end of the pipe has to be seen. End where none comes."""
    read = bytearray()
    while not read.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            sys.exit(0)
        read += byte
    return json.loads(read)


def is_let_go(waits_s: float) -> bool:
    """Wait so long at the most for the end of the pipe."""
    readable, _, _ = select.select([0], [], [], waits_s)
    return bool(readable) and os.read(0, 1) == b""


def say(who: str, text: str) -> None:
    """Write a line of the log."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    sys.stderr.write(f"{stamp} {who}: {text}\n")
    sys.stderr.flush()


def write_private(path: Path, values: dict[str, Any]) -> None:
    """Write a JSON file that only its owner may read, as a whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(values, file)
    draft.replace(path)
