"""Read a session's store: what it ordered, what was filled, what it holds. Nothing is written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from py_rt.errors import JournalError

__all__ = ["FINAL_STATES", "read_table", "status_word"]

FINAL_STATES = frozenset(
    {"filled", "canceled", "rejected", "expired", "replaced", "doneforday", "denied"}
)
"""Order states, as `status_word` writes them, from which nothing follows."""

_TABLES = ("orders", "fills", "positions")


def read_table(path: str | Path, table: str) -> list[dict[str, Any]]:
    """Return every row of one table of ``store.sqlite``.

    Parameters
    ----------
    path : path-like
        The file; it may be in use by a running session.
    table : {"orders", "fills", "positions"}

    Raises
    ------
    JournalError
        There is no such file, or it is no store.

    Examples
    --------
    >>> read_table("no_such.sqlite", "orders")
    Traceback (most recent call last):
    ...
    py_rt.errors.JournalError: there is no store; file no_such.sqlite; give the state directory ...
    """
    assert table in _TABLES, table
    full = Path(path).resolve()
    where = {"file": str(path), "remedy": "give the state directory of a session that has run"}
    if not full.is_file():
        raise JournalError("there is no store", **where)
    try:
        with closing(sqlite3.connect(f"file:{quote(str(full))}?mode=ro", uri=True)) as store:
            store.row_factory = sqlite3.Row
            rows = store.execute(f"SELECT * FROM {table} ORDER BY rowid")  # noqa: S608 - asserted
            return [dict(row) for row in rows]
    except sqlite3.Error as error:
        raise JournalError(f"the store cannot be read: {error}", **where) from None


def status_word(status: str) -> str:
    """Return an order state as one lower-case word, whoever wrote it.

    Examples
    --------
    >>> status_word("PartiallyFilled"), status_word("partially_filled")
    ('partiallyfilled', 'partiallyfilled')
    """
    return status.replace("_", "").replace("cancelled", "canceled").lower()
