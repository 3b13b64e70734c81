"""A bridge from the session's side: started, found, and let go."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import json
import os
import secrets
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from py_rt.errors import ConfigError, ConnectionLost, VenueError
from py_rt.trade.addresses import Addresses
from py_rt.trade.beside import order_by_pipe, start_beside, write_private
from py_rt.trade.ib.settings import Gateway
from py_rt.trade.secrets import Secret

if TYPE_CHECKING:
    from py_rt.trade.config import TradeConfig

__all__ = ["BridgeProcess", "reached"]

_READY_S = 60.0
_END_S = 10.0
_LEAVE_S = 5.0
_KEEPER = "py_rt.trade.ib.keeper"
_ERRORS = {"config": ConfigError, "connection": ConnectionLost, "venue": VenueError}


class BridgeProcess:
    """A running bridge: where it listens, and what opens it.

    Attributes
    ----------
    address : str
        For `Addresses.at`.
    token : Secret
    pid : int
        Of its keeper.
    account : str
        Whose orders it passes on.
    """

    def __init__(self, told: dict[str, Any], child: subprocess.Popen[str] | None = None) -> None:
        self.address: str = f"http://127.0.0.1:{told['port']}"
        self.token = Secret(told["token"])
        self.pid: int = told["pid"]
        self.account: str = told["account"]
        self._child = child

    @classmethod
    def start(cls, gateway: Gateway, folder: Path) -> BridgeProcess:
        """Start a bridge and wait until it has the account.

        Parameters
        ----------
        gateway : Gateway
        folder : Path
            The state directory: gets ``bridge.json`` (owner-only) and ``bridge.log``.

        Raises
        ------
        ConfigError
            ``ib_async`` is not installed, or the login is of another account or mode.
        ConnectionLost, VenueError
            TWS cannot be reached, or has another program of this client id.
        """
        if importlib.util.find_spec("ib_async") is None:
            raise ConfigError(
                "needs the package ib_async",
                field="venue.dialect",
                remedy='run: pip install "py-rt[ib]"',
            )
        token = secrets.token_urlsafe(32)
        child = start_beside(_KEEPER, folder / "bridge.log", stdout=subprocess.PIPE)
        try:
            told = _handshake(child, gateway, token, folder)
        except BaseException:
            cls({"port": 0, "token": "", "pid": child.pid, "account": ""}, child).end()
            raise
        bridge = cls(told | {"token": token}, child)
        write_private(folder / "bridge.json", told | {"token": token})
        return bridge

    @classmethod
    def find(cls, folder: Path) -> BridgeProcess | None:
        """Return the bridge of a session that lives, or of its dead man's switch."""
        try:
            told = json.loads((folder / "bridge.json").read_text(encoding="utf-8"))
            return cls(told) if _is_keeper(told["pid"]) else None
        except (OSError, ValueError, KeyError):
            return None

    @property
    def lifeline(self) -> int | None:
        """A descriptor: the bridge lives for as long as any process holds it."""
        if self._child is None or self._child.stdin is None:
            return None
        return self._child.stdin.fileno()

    def is_left_behind(self, folder: Path, *, ends: bool) -> bool:
        """Return whether the session of a bridge is dead, and the bridge with it.

        Parameters
        ----------
        folder : Path
            The state directory.
        ends : bool
            Whether a bridge that something else holds, the dead man's switch, is ended.

        Raises
        ------
        ConfigError
            The session lives, and its bridge was to be ended.
        """
        with (folder / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if not ends:
                    return False
                raise ConfigError(
                    "another process trades here",
                    field="run.state_dir",
                    file=str(folder),
                    remedy="stop it (py-rt kill), or give this session another state_dir",
                ) from None
            if ends:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGTERM)
            until = time.monotonic() + (_END_S if ends else _LEAVE_S)
            while _is_keeper(self.pid) and time.monotonic() < until:
                time.sleep(0.02)
        return ends or not _is_keeper(self.pid)

    def end(self) -> None:
        """Let go of it; it ends when nobody else holds it."""
        if self._child is None:
            return
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(_END_S)


@contextlib.contextmanager
def reached(
    config: TradeConfig, folder: Path, *, trades: bool = False
) -> Iterator[tuple[TradeConfig, int | None]]:
    """Make the venue of a configuration reachable for as long as the block lasts.

    Parameters
    ----------
    config : TradeConfig
    folder : Path
        The state directory.
    trades : bool
        Whether this is a session, which has a bridge of its own: one that an earlier session left
        behind, for its dead man's switch, ends. Anybody else uses the bridge that is there.

    Yields
    ------
    config : TradeConfig
        With the addresses and keys of the bridge, where one is needed.
    lifeline : int or None
        What a process inherits that needs the bridge for longer.
    """
    if config.gateway is None:
        yield config, None
        return
    from py_rt.trade.config import Credentials

    found = BridgeProcess.find(folder)
    if found is not None and found.is_left_behind(folder, ends=trades):
        found = None
    bridge = found if found is not None else BridgeProcess.start(config.gateway, folder)
    credentials = Credentials(Secret("ib"), bridge.token)
    addresses = Addresses.at(bridge.address, config.symbols, "ib")
    try:
        yield replace(config, addresses=addresses, credentials=credentials), bridge.lifeline
    finally:
        bridge.end()


def _is_keeper(pid: Any) -> bool:
    """Return whether this process is a keeper: its number may be another's by now."""
    try:
        command = Path(f"/proc/{int(pid)}/cmdline").read_bytes()
    except (OSError, TypeError, ValueError):
        return False
    return _KEEPER.encode() in command


def _handshake(
    child: subprocess.Popen[str], gateway: Gateway, token: str, folder: Path
) -> dict[str, Any]:
    order_by_pipe(child, {"place": gateway.to_place(), "token": token})
    told: dict[str, Any] = {}
    until = time.monotonic() + _READY_S
    for _ in range(2):
        told |= _line(child, until)
    if "error" in told:
        error = told["error"]
        kind = _ERRORS.get(error["code"], VenueError)
        raise kind(error["message"], field="venue", remedy=error["remedy"])
    if "ready" not in told:
        raise VenueError(
            "the bridge to TWS did not start",
            file=str(folder / "bridge.log"),
            remedy="read its log",
        )
    return {"port": told["port"], "pid": told["pid"], "account": told["account"]}


def _line(child: subprocess.Popen[str], until: float) -> dict[str, Any]:
    assert child.stdout is not None
    read = bytearray()
    while not read.endswith(b"\n"):
        waits = max(until - time.monotonic(), 0.0)
        readable, _, _ = select.select([child.stdout], [], [], waits)
        byte = os.read(child.stdout.fileno(), 1) if readable else b""
        if not byte:
            return {}
        read += byte
    found: dict[str, Any] = json.loads(read)
    return found
