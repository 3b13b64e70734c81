"""Servers as processes of their own, for benches/calls.py."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["grpcio_server", "port_of", "py_rt_server", "serving"]

HERE = Path(__file__).parent


@contextmanager
def serving(command: Sequence[str | Path]) -> Iterator[str]:
    """Run a server, and yield the line that it prints when it listens."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        try:
            yield child.stdout.readline().strip()
        finally:
            child.terminate()


@contextmanager
def py_rt_server(*options: str) -> Iterator[dict[str, Any]]:
    """Run `py-rt serve`, and yield its ready line."""
    command = [sys.executable, "-m", "py_rt.cli", "serve", "--quiet", "--port", "0", *options]
    with serving(command) as line:
        yield json.loads(line)


@contextmanager
def grpcio_server() -> Iterator[int]:
    """Run the server in Python's grpcio, and yield its port."""
    with serving([sys.executable, HERE / "workers" / "grpcio_server.py"]) as line:
        yield int(line)


def port_of(ready: dict[str, Any]) -> int:
    """Return the port of a ready line."""
    return int(ready["grpc"].rpartition(":")[2])
