"""The registry of formats: a name, how to recognise it, how to read it.

A format is one ``Reader`` in the tuple ``READERS`` of a module in ``py_rt.data.formats``. Every
module there is found by itself, so a new format is one new file::

    READERS = (Reader("my_ws", recognise=lambda head: head.line.startswith("{"), read=read_my_ws),)
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from py_rt.data.build import Instruments
from py_rt.data.opening import Head
from py_rt.data.quality import IssueLog
from py_rt.errors import ParameterError
from py_rt.market import MarketData

__all__ = ["KINDS", "Reader", "Sheet", "Wishes", "format_names", "recognise", "split"]

KINDS = {"bars": "bar", "trades": "trade", "quotes": "quote", "level2": "level2", "wide": "wide"}
"""Word in a format name -> kind of table."""


@dataclass(frozen=True)
class Wishes:
    """What the caller of ``load`` knows better than the guesses."""

    symbols: tuple[str, ...] | None = None
    format: str | None = None
    instruments: Instruments | None = None
    bar_stamp: str | None = None
    tz: str | None = None
    columns: Mapping[str, str] | None = None
    quality: str = "refuse"
    date: Any = None
    """The day of recordings that hold only the time of day."""
    calendar: str | None = None
    """Exchange calendar that gaps are judged by."""


@dataclass(frozen=True)
class Sheet:
    """One table on its way in.

    Attributes
    ----------
    frame : DataFrame
        pandas; understood by ``py_rt.data.tables``.
    symbol : str or None
        Whose rows they are when there is no symbol column.
    file : str or None
        Where it comes from, for messages.
    line_of : callable or None
        Gives the line in the file of a row number, where there are lines.
    fields : mapping
        What is known of every instrument in it, such as ``{"venue": "GLBX"}``.
    """

    frame: Any
    symbol: str | None = None
    file: str | None = None
    line_of: Callable[[int], int] | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reader:
    """One format.

    Attributes
    ----------
    name : str
        What ``format=`` calls it.
    recognise : callable
        Says from the ``Head`` (name, first bytes, members of a folder or zip) whether a path is of
        this format. A folder that a reader recognises goes to it as one path.
    read : callable
        ``read(paths, wishes, log)`` gives a ``MarketData``, or ``Sheet`` tables that are then
        understood, checked and built like every table. Assumptions go to ``log.note``, defects to
        ``log.add``; what cannot be read raises ``log.refuse(kind, message, remedy)``.
    general : bool
        Asked only when no other reader recognises the path (CSV).
    """

    name: str
    recognise: Callable[[Head], bool]
    read: Callable[[Sequence[Path], Wishes, IssueLog], MarketData | Iterable[Sheet]]
    general: bool = False


@cache
def _registered() -> dict[str, Reader]:
    from py_rt.data import formats

    found: dict[str, Reader] = {}
    for entry in sorted(pkgutil.iter_modules(formats.__path__), key=lambda entry: entry.name):
        module = importlib.import_module(f"{formats.__name__}.{entry.name}")
        for reader in getattr(module, "READERS", ()):
            assert reader.name not in found, f"two readers are called {reader.name}"
            found[reader.name] = reader
    return found


def format_names() -> tuple[str, ...]:
    """List every name that ``format=`` takes.

    Examples
    --------
    >>> {"csv", "parquet", "bars_csv", "quotes", "binance_ws"} <= set(format_names())
    True
    """
    tables = [f"{word}_{way}" for word in KINDS for way in ("csv", "parquet")]
    return (*_registered(), *KINDS, *tables)


def split(name: str | None) -> tuple[Reader | None, str | None]:
    """Split a format name into its reader and the kind of table.

    Raises
    ------
    ParameterError
        No such format.

    Examples
    --------
    >>> reader, kind = split("bars_csv")
    >>> reader.name, kind
    ('csv', 'bar')
    >>> split("quotes")
    (None, 'quote')
    """
    if name not in (None, *format_names()):
        raise ParameterError(
            f"{name!r} is unknown", field="format", remedy=f"use one of {', '.join(format_names())}"
        )
    if name is None or name in KINDS:
        return None, KINDS.get(name or "")
    known = _registered()
    if name in known:
        return known[name], None
    word, _, way = name.rpartition("_")
    return known[way], KINDS[word]


def recognise(head: Head, log: IssueLog) -> Reader | None:
    """Find the reader of a file or folder; None when nobody knows it.

    Raises
    ------
    DataError
        Several readers claim it.
    """
    for general in (False, True):
        readers = [r for r in _registered().values() if r.general == general and r.recognise(head)]
        if len(readers) > 1:
            names = " and ".join(reader.name for reader in readers)
            raise log.refuse(
                "schema", f"{head.path.name} looks like {names}", "say which with format="
            )
        if readers:
            return readers[0]
    return None
