"""Look at a running session and stop it, from another process, through its state directory.

The session writes ``status.json`` and looks for a file named ``kill``. Both work when the session
itself no longer listens to anything else.
"""

from __future__ import annotations

import getpass
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from py_rt._amounts import one_of
from py_rt.errors import JournalError, ParameterError
from py_rt.trade.store import FINAL_STATES, read_table, status_word

__all__ = ["KILL_LEVELS", "KillLevel", "is_alive", "kill", "read_status", "write_kill"]

if TYPE_CHECKING:
    from py_rt.trade.config import TradeConfig

KillLevel: TypeAlias = Literal[
    "reduce_only", "halt", "flatten", "cancel_all", "stop", "resume", "loosen"
]
KILL_LEVELS: dict[KillLevel, str] = {
    "reduce_only": "new orders only when they make a position smaller; until resumed",
    "halt": "the same, and every open order is cancelled; until resumed",
    "flatten": "the same, and every position is closed within the price collar; until resumed",
    "cancel_all": "every open order is cancelled, once",
    "stop": "the session ends as it does by Ctrl-C",
    "resume": "everything within limits again, by the word of a person",
    "loosen": "the next session may have looser limits than the last, by the word of a person",
}
_NAMED = ("resume", "loosen")
_NAME = re.compile(r"[A-Za-z0-9._@+-]{1,32}")
_NO_STRATEGY = {
    "names": [],
    "own_limits": [],
    "strategy_name": "",
    "parameters": "",
    "code_hash": "",
    "bar_interval_ns": 0,
}
_SHOWN = ("orders", "fills", "positions")


def read_status(state_dir: str | Path) -> dict[str, Any]:
    """Return how a session stands.

    Parameters
    ----------
    state_dir : path-like
        The ``state_dir`` of its configuration.

    Returns
    -------
    dict
        What the session wrote to ``status.json``, at most a second ago while it runs (``phase
        trading connected reconciled cash equity order_hash`` ...), with ``running`` (bool) and
        ``kill`` (the level that holds or waits, or None); ``store`` (``url delivered waiting
        error``) when a database follows. ``orders open_orders fills positions`` come out of its
        store when there is no such file.

    Raises
    ------
    JournalError
        No session has used this directory.

    Examples
    --------
    >>> read_status("no_such_dir")
    Traceback (most recent call last):
    ...
    py_rt.errors.JournalError: no session has used this directory; file no_such_dir; ...
    """
    folder = _session_folder(state_dir)
    status = _read_json(folder / "status.json")
    delivery = _read_json(folder / "store.json")
    kill = folder / "kill"
    stored: dict[str, Any] = {}
    store = folder / "store.sqlite"
    if store.is_file():
        tables = {name: read_table(store, name) for name in _SHOWN}
        states = [status_word(row["status"]) for row in tables["orders"]]
        stored["orders"] = len(states) - states.count("replaced")
        stored["open_orders"] = sum(state not in FINAL_STATES for state in states)
        stored["fills"] = len(tables["fills"])
        stored["positions"] = {row["symbol"]: row["qty"] for row in tables["positions"]}
    return {
        **stored,
        **status,
        **({"store": delivery} if delivery else {}),
        "state_dir": str(folder),
        "running": is_alive(status.get("pid")),
        "kill": _level(kill),
    }


def kill(
    state_dir: str | Path,
    level: KillLevel = "stop",
    *,
    by: str | None = None,
    config: TradeConfig | str | os.PathLike[str] | None = None,
) -> dict[str, Any]:
    """Restrict, stop, flatten or resume a session from another process.

    Parameters
    ----------
    state_dir : path-like
    level : {"reduce_only", "halt", "flatten", "cancel_all", "stop", "resume", "loosen"}
        See `KILL_LEVELS`. Asking twice is the same as asking once.
    by : str, optional
        Who asks: up to 32 letters, digits and ``. _ - @ +``. Demanded for "resume" and "loosen",
        and journaled there; else the user of this process.
    config : TradeConfig or path, optional
        Act without the session, over a connection of this process with the keys of the
        configuration: for a session that hangs, is stopped or is dead. "halt" and "cancel_all"
        cancel its orders; "flatten" also closes what the *account* holds of the configured symbols.

    Returns
    -------
    dict
        ``level by file``; with a configuration also ``canceled closing_orders positions
        open_orders notes``: what was done, and exactly what remains.

    Raises
    ------
    JournalError
        No session has used this directory.
    ParameterError
        An unknown level, no name, or a level that needs the session.
    ConnectionLost, VenueError
        The venue cannot be asked; the kill file is written by then.

    Notes
    -----
    "halt", "reduce_only" and "flatten" hold for a session that is started again, until "resume".

    Examples
    --------
    >>> import py_rt as rt
    >>> rt.kill("no_such_dir", "halt", by="ada")
    Traceback (most recent call last):
    ...
    py_rt.errors.JournalError: no session has used this directory; file no_such_dir; ...
    """
    if config is None:
        path = write_kill(state_dir, level, by)
        return {"level": level, "by": _name(by, level), "file": str(path)}
    one_of(level, "level", ("halt", "cancel_all", "flatten"))
    import py_rt._core as _core
    from py_rt.trade.config import TradeConfig, read_config
    from py_rt.trade.ib.process import reached

    who, folder = _name(by, level), _session_folder(state_dir)
    resolved = config if isinstance(config, TradeConfig) else read_config(config)
    with reached(resolved, folder) as (found, _):
        core = found.to_core() | _NO_STRATEGY | {"state_dir": str(folder)}
        done = _core.kill_direct(core, level == "flatten", who)
    return {"level": level, "by": who, "file": str(folder / "kill"), **done}


def write_kill(state_dir: str | Path, level: KillLevel = "stop", by: str | None = None) -> Path:
    """Ask a session for something by a file that it looks for; return its path.

    Parameters
    ----------
    state_dir, level, by
        As in `kill`.

    Raises
    ------
    JournalError
        No session has used this directory.
    ParameterError
        An unknown level, or no name where one is demanded.
    """
    one_of(level, "level", tuple(KILL_LEVELS))
    who, folder = _name(by, level), _session_folder(state_dir)
    target = folder / ("loosen" if level == "loosen" else "kill")
    text = f"{who}\n" if level == "loosen" else f"{level} by {who}\n"
    draft = folder / f".kill.{os.getpid()}"
    draft.write_text(text, encoding="utf-8")
    draft.replace(target)
    return target


def _name(by: str | None, level: str) -> str:
    """Return who asks, in the letters that a journal takes."""
    if by is None and level not in _NAMED:
        try:
            by = re.sub(r"[^A-Za-z0-9._@+-]", "_", getpass.getuser())[:32]
        except (OSError, KeyError):
            by = "unknown"
    if by is None or _NAME.fullmatch(by) is None:
        raise ParameterError(
            f"{by!r} is no name" if by else f"{level} needs somebody who answers for it",
            field="by",
            remedy="give a name of up to 32 letters, digits and . _ - @ +",
        )
    return by


def is_alive(pid: Any) -> bool:
    """Say whether a process of this machine is running.

    Examples
    --------
    >>> import os
    >>> is_alive(os.getpid()), is_alive(None)
    (True, False)
    """
    if not isinstance(pid, int) or isinstance(pid, bool) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Say whether the process has ended and only waits for its parent to look."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    except OSError:
        return False
    return state.split()[:1] == ["Z"]


def _session_folder(state_dir: str | Path) -> Path:
    folder = Path(state_dir)
    for found in (folder, folder / "session"):
        if any((found / name).exists() for name in ("status.json", "journal", "store.sqlite")):
            return found
    raise JournalError(
        "no session has used this directory",
        file=str(state_dir),
        remedy="give the state_dir of the configuration, or the --state-dir of py-rt paper",
    )


def _level(kill: Path) -> str | None:
    """Return the level that a kill file holds, without who asked."""
    words = kill.read_text(encoding="utf-8").split() if kill.is_file() else []
    return words[0] if words else None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
