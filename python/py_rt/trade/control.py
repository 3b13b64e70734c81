"""Look at a running session and stop it, from another process, through its state directory.

The session writes ``status.json`` and looks for a file named ``kill``. Both work when the session
itself no longer listens to anything else.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal, TypeAlias

from py_rt._amounts import one_of
from py_rt.errors import JournalError
from py_rt.trade.store import FINAL_STATES, read_table, status_word

__all__ = ["KILL_LEVELS", "KillLevel", "is_alive", "read_status", "write_kill"]

KillLevel: TypeAlias = Literal["reduce_only", "halt", "cancel_all", "stop", "resume"]
KILL_LEVELS: dict[KillLevel, str] = {
    "reduce_only": "new orders only when they make a position smaller; until resumed",
    "halt": "the same, and every open order is cancelled; until resumed",
    "cancel_all": "every open order is cancelled, once",
    "stop": "the session ends as it does by Ctrl-C",
    "resume": "everything within limits again",
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
        "kill": kill.read_text(encoding="utf-8").strip() if kill.is_file() else None,
    }


def write_kill(state_dir: str | Path, level: KillLevel = "stop") -> Path:
    """Ask a session to stop, by a file that it looks for; return its path.

    Parameters
    ----------
    state_dir : path-like
    level : {"reduce_only", "halt", "cancel_all", "stop", "resume"}
        See `KILL_LEVELS`. Asking twice is the same as asking once.

    Raises
    ------
    JournalError
        No session has used this directory.
    ParameterError
        An unknown level.

    Notes
    -----
    "halt" and "reduce_only" stay in the file, and so hold for a session that is started again,
    until "resume" takes their place.
    """
    one_of(level, "level", tuple(KILL_LEVELS))
    folder = _session_folder(state_dir)
    target = folder / "kill"
    draft = folder / f".kill.{os.getpid()}"
    draft.write_text(f"{level}\n", encoding="utf-8")
    draft.replace(target)
    return target


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


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
