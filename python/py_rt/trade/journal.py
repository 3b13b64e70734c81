"""The journal of a session as an audit log: read it, verify it, write it elsewhere.

The journal is the truth of a session: every input, every message that left, and a chain of SHA-256
over all of it. Nothing here writes to it, and a running session may be read.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from py_rt.trade.stories import Story, explain

__all__ = ["Damage", "Journal", "JournalCheck", "rebuild_store"]


@dataclass(frozen=True, slots=True)
class Damage:
    """Where and how a journal is damaged.

    Attributes
    ----------
    file : str
    offset : int [bytes]
    sequence : int
        The number of the record.
    what : str
        What is wrong and what to do.
    """

    file: str
    offset: int
    sequence: int
    what: str


@dataclass(frozen=True, slots=True)
class JournalCheck:
    """What was found in a journal.

    Attributes
    ----------
    ok : bool
        Whether the chain is whole and the records agree. A torn tail is no damage.
    segments, sessions, ended, records : int
        How many there are; ``ended`` of the sessions ended cleanly.
    first_segment : int
        Above 1 when older segments were removed; ``root_before`` is what the chain had come to.
    kinds : dict of str to int
        Records by kind.
    root, root_before : str
        64 hexadecimal digits: SHA-256 over everything up to the last record, and up to before the
        first one. Note ``root`` elsewhere and compare later.
    sequence : int
        Of the last record.
    root_found_at : int or None
        The record after which the chain had come to the root that was asked for.
    torn_bytes : int
        At the end, of a record that was being written when the process died.
    damage : Damage or None
    """

    ok: bool
    segments: int
    first_segment: int
    sessions: int
    ended: int
    records: int
    kinds: dict[str, int]
    root: str
    root_before: str
    sequence: int
    root_found_at: int | None
    torn_bytes: int
    damage: Damage | None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)


class Journal:
    """A journal, read lazily: one entry in memory at a time.

    Parameters
    ----------
    path : path-like
        A state directory, that of a paper session, a journal folder, or one segment, which means
        the one session to which it belongs.

    Notes
    -----
    An entry is a dict with ``sequence segment offset time kind`` and what the kind has to say:
    times in ns UTC, prices, quantities and money as exact decimal text, ids as the venue knows
    them. Kinds are ``header snapshot id_block synced end``, ``market bar report account session
    control action timer`` for what came in, and ``new replace cancel query`` for what left.

    Examples
    --------
    >>> import py_rt as rt
    >>> journal = rt.Journal("state")  # doctest: +SKIP
    >>> [entry["symbol"] for entry in journal if entry["kind"] == "new"]  # doctest: +SKIP
    ['BTC/USD', 'BTC/USD']
    >>> journal.verify().ok  # doctest: +SKIP
    True
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"Journal({str(self.path)!r})"

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Iterate over all entries that are there now, oldest first.

        Raises
        ------
        JournalError
            There is no journal, or it is damaged; the entries before the damage come first.
        """
        import py_rt._core as _core

        return _core.JournalEntries(str(self.path))

    def tail(self, count: int = 10) -> list[dict[str, Any]]:
        """Return the last entries.

        Raises
        ------
        JournalError
            There is no journal, or it is damaged.
        """
        import py_rt._core as _core

        return list(_core.JournalEntries(str(self.path), max(count, 0)))

    def follow(
        self, count: int = 10, until: Callable[[], bool] | None = None, pause: float = 0.2
    ) -> Iterator[dict[str, Any]]:
        """Iterate over the last entries and those that are being written, until told to end.

        Parameters
        ----------
        count : int
            Entries to begin with.
        until : callable, optional
            Asked whenever there is nothing new; ends when it returns True.
        pause : float [s]
            How long to wait when there is nothing new.
        """
        import py_rt._core as _core

        entries = _core.JournalEntries(str(self.path), max(count, 0))
        while True:
            yield from entries
            if entries.refresh():
                continue
            if until is not None and until():
                return
            time.sleep(pause)

    def verify(self, root: str | None = None) -> JournalCheck:
        """Check the whole chain and what records say of each other.

        Parameters
        ----------
        root : str, optional
            A root that was noted elsewhere: the chain must have come to it after some record.

        Raises
        ------
        JournalError
            There is no journal, or a file cannot be read. Damage is a finding and no error.
        ParameterError
            ``root`` is no 64 hexadecimal digits.
        """
        import py_rt._core as _core

        found = dict(_core.verify_journal(str(self.path), root))
        damage = found.pop("damage")
        if damage is not None:
            damage = Damage(str(damage["file"]), damage["offset"], damage["sequence"],
                            damage["what"])  # fmt: skip
        return JournalCheck(damage=damage, **found)

    def explain(self, order: str) -> Story:
        """Tell the whole story of one order; see `py_rt.explain`."""
        return explain(self, order)

    def batches(self, size: int) -> Iterator[list[dict[str, Any]]]:
        """Iterate over the entries in lists of ``size``."""
        entries = iter(self)
        while batch := list(itertools.islice(entries, size)):
            yield batch


def rebuild_store(state_dir: str | os.PathLike[str]) -> tuple[int, int]:
    """Write ``store.sqlite`` anew from the journal; returns how many sessions and events.

    Parameters
    ----------
    state_dir : path-like
        Of a session that does not run.

    Raises
    ------
    JournalError
        There is no journal, or it is damaged.
    ConfigError
        The directory is in use, or the strategy's code is not what it was.

    Examples
    --------
    >>> rebuild_store("no_such_state")
    Traceback (most recent call last):
    ...
    py_rt.errors.JournalError: there is no journal in `no_such_state`; name the state directory ...
    """
    import py_rt._core as _core
    from py_rt.backtest.lineup import rebuild_for_replay

    sessions, events = _core.rebuild_store(str(state_dir), rebuild_for_replay)
    return sessions, events
