"""Read a session's store: what it ordered, what was filled, what it holds. Nothing is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from py_rt.errors import JournalError
from py_rt.trade.database import parse_store

__all__ = ["FINAL_STATES", "figures_by_strategy", "read_table", "status_word"]

FINAL_STATES = frozenset(
    {"filled", "canceled", "rejected", "expired", "replaced", "doneforday", "denied"}
)
"""Order states, as `status_word` writes them, from which nothing follows."""

_TABLES = ("orders", "fills", "positions")


def read_table(path: str | Path, table: str) -> list[dict[str, Any]]:
    """Return every row of one table of ``store.sqlite``, or of the database that follows it.

    Parameters
    ----------
    path : path-like, or address
        The file, which may be in use by a running session; or ``postgresql://...``, of which every
        state directory's rows are returned, decimals as text.
    table : {"orders", "fills", "positions"}

    Raises
    ------
    JournalError
        There is no such file, or it is no store.
    ConnectionLost
        The database does not answer.

    Examples
    --------
    >>> read_table("no_such.sqlite", "orders")
    Traceback (most recent call last):
    ...
    py_rt.errors.JournalError: there is no store; file no_such.sqlite; give the state directory ...
    """
    assert table in _TABLES, table
    if isinstance(path, str) and path.startswith(("postgresql://", "postgres://")):
        return _read_database(path, table)
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


def figures_by_strategy(path: str | Path, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return what each of several strategies ordered, was filled and holds, by its name.

    Parameters
    ----------
    path : path-like
        ``store.sqlite`` of the session.
    names : iterable of str

    Returns
    -------
    dict of str to dict
        ``orders fills rejected`` (int; an order that was replaced counts once), ``position
        realized_pnl`` (by symbol, decimal text).

    Raises
    ------
    JournalError
        There is no such file, or it is no store.
    """
    found: dict[str, dict[str, Any]] = {
        name: {"orders": 0, "fills": 0, "rejected": 0, "position": {}, "realized_pnl": {}}
        for name in names
    }
    orders = read_table(path, "orders")
    owner = {row["client_order_id"]: row["strategy"] for row in orders}
    for row in orders:
        if row["strategy"] in found:
            own = found[row["strategy"]]
            state = status_word(row["status"])
            own["orders"] += state != "replaced"  # what replaced it is counted
            own["rejected"] += state == "rejected"
    for row in read_table(path, "fills"):
        name = owner.get(row["client_order_id"])
        if name in found:
            found[name]["fills"] += 1
    for row in read_table(path, "positions"):
        if row["strategy"] in found:
            own = found[row["strategy"]]
            own["position"][row["symbol"]] = row["qty"]
            own["realized_pnl"][row["symbol"]] = row["realized_pnl"]
    return found


def _read_database(url: str, table: str) -> list[dict[str, Any]]:
    import py_rt._core as _core

    database = parse_store(url)
    assert database is not None, table
    rows = _core.read_store(database.to_core(), table)
    times = [name for name in (rows[0] if rows else ()) if name.startswith("ts_")]
    return [row | {name: int(row[name]) for name in times} for row in rows]


def status_word(status: str) -> str:
    """Return an order state as one lower-case word, whoever wrote it.

    Examples
    --------
    >>> status_word("PartiallyFilled"), status_word("partially_filled")
    ('partiallyfilled', 'partiallyfilled')
    """
    return status.replace("_", "").replace("cancelled", "canceled").lower()
