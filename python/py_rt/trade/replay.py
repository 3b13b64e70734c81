"""Drive the simulation with a session's journal: the same inputs must give the same orders."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from py_rt.backtest.lineup import Strategies, rebuild_for_replay
from py_rt.errors import JournalError
from py_rt.strategy import Strategy

__all__ = ["ReplayResult", "replay"]


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What a replay showed.

    Attributes
    ----------
    order_hash : str
        Of the replay, 32 hexadecimal digits.
    equal : bool
        Whether the session's orders came out again.
    diverged_at : int or None
        Number of the first record of the journal at which the replay decided otherwise.
    """

    order_hash: str
    equal: bool
    diverged_at: int | None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)


def replay(journal: str | os.PathLike[str], strategy: Strategies | None = None) -> ReplayResult:
    """Replay a journal and compare the orders.

    Parameters
    ----------
    journal : path-like
        The journal of a session, or its state directory, whose last journal is then taken.
    strategy : Strategy, list or dict of them, optional
        What to decide with; by default the code and the parameters that the journal names.

    Returns
    -------
    ReplayResult

    Raises
    ------
    JournalError
        There is no journal, or it is damaged elsewhere than at its end.
    ConfigError
        The strategy's code is not where it was.

    Examples
    --------
    >>> import py_rt as rt
    >>> rt.replay("paper-state/session/journal").equal  # doctest: +SKIP
    True
    """
    import py_rt._core as _core

    path = _journal_of(Path(journal))

    def make(parameters: str) -> Strategy | list[Strategy]:
        if strategy is None:
            return rebuild_for_replay(parameters)
        if isinstance(strategy, Strategy):
            return strategy
        return list(strategy.values() if isinstance(strategy, Mapping) else strategy)

    raw = _core.replay_journal(str(path), make)
    diverged_at = raw["diverged_at"]
    return ReplayResult(
        order_hash=str(raw["order_hash"]),
        equal=bool(raw["equal"]),
        diverged_at=None if diverged_at is None else int(diverged_at),
    )


def _journal_of(path: Path) -> Path:
    for folder in (path / "session" / "journal", path / "journal", path):
        segments = sorted(folder.glob("*.journal")) if folder.is_dir() else []
        if segments:
            return segments[-1]
    if path.is_file():
        return path
    raise JournalError(
        "there is no journal", file=str(path), remedy="give the journal that the session printed"
    )
