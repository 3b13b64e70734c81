"""The manifest: which files make up a catalog. Replacing it is what commits an import."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from py_rt._layout import Instrument
from py_rt.errors import DataError

__all__ = ["MANIFEST", "Entry", "Manifest", "in_time"]

MANIFEST = "catalog.json"
FORMAT = "py_rt-catalog-1"


@dataclass(frozen=True)
class Entry:
    """One file.

    Attributes
    ----------
    symbol, kind, period : str
        Whose rows, of which kind, and the part of time: a day, a month or "all".
    rows : int
    first, last : int
        Range of the clock (``ts_recv`` of events, ``ts_close`` of bars), ns UTC.
    start, end : int
        Range of ``ts_event``, or ``ts_open`` to ``ts_close``, ns UTC.
    whole : bool
        An order book can start here: there is a snapshot or clear row.
    sha256 : str
        Of the file's bytes.
    size : int
        Bytes of the file.
    tick_size, lot_size : str
        Steps of the integers in it.
    """

    symbol: str
    kind: str
    period: str
    rows: int
    first: int
    last: int
    start: int
    end: int
    whole: bool
    sha256: str
    size: int
    tick_size: str
    lot_size: str

    @property
    def path(self) -> str:
        """Where the file lies; the name is its content."""
        from urllib.parse import quote

        folder = f"symbol={quote(self.symbol, safe='')}/kind={self.kind}/date={self.period}"
        return f"data/{folder}/{self.sha256[:24]}.parquet"


@dataclass(frozen=True)
class Manifest:
    """The state of a catalog.

    Attributes
    ----------
    imports : int
        How many imports have changed it.
    instruments : dict of str to Instrument
        In the order of their first import.
    entries : dict of (symbol, kind, period) to Entry
    """

    imports: int = 0
    instruments: dict[str, Instrument] = field(default_factory=dict)
    entries: dict[tuple[str, str, str], Entry] = field(default_factory=dict)

    def of(self, symbol: str, kind: str) -> Iterator[Entry]:
        """Yield the files of one symbol and kind, by time."""
        mine = (e for e in self.entries.values() if e.symbol == symbol and e.kind == kind)
        yield from sorted(mine, key=lambda entry: entry.first)

    def with_changes(
        self, instruments: dict[str, Instrument], changed: dict[tuple[str, str, str], Entry]
    ) -> Manifest:
        """Return the state after one more import."""
        return replace(
            self,
            imports=self.imports + 1,
            instruments={**self.instruments, **instruments},
            entries={**self.entries, **changed},
        )

    def to_bytes(self) -> bytes:
        """Write it as JSON."""
        written = {
            "format": FORMAT,
            "imports": self.imports,
            "instruments": [known.to_dict() for known in self.instruments.values()],
            "files": [asdict(entry) for _, entry in sorted(self.entries.items())],
        }
        return json.dumps(written, indent=0).encode()

    @classmethod
    def from_bytes(cls, content: bytes, name: str) -> Manifest:
        """Read what ``to_bytes`` wrote.

        Raises
        ------
        DataError
            It is no manifest of this version.
        """
        try:
            read: dict[str, Any] = json.loads(content)
            if read["format"] != FORMAT:
                raise ValueError(f"format {read['format']!r}, expected {FORMAT!r}")
            known = [Instrument(**fields) for fields in read["instruments"]]
            entries = [Entry(**fields) for fields in read["files"]]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{name}/{MANIFEST} is no catalog manifest: {error}",
                kind="schema",
                remedy="restore the file, or import into a new folder",
            ) from None
        by_key = {(entry.symbol, entry.kind, entry.period): entry for entry in entries}
        return cls(read["imports"], {i.symbol: i for i in known}, by_key)


def in_time(entries: list[Entry], first: int | None, last: int | None) -> list[Entry]:
    """Keep the files that [first, last) needs, and of a book those that build it before.

    Of levels these begin with the last whole book, of single orders with the first file.
    """
    kept = [entry for entry in entries if last is None or entry.start < last]
    if first is None:
        return kept
    if kept and kept[0].kind == "order":
        return kept
    at = next((i for i, entry in enumerate(kept) if entry.end >= first), len(kept))
    if kept and kept[0].kind == "depth":
        while at > 0 and not (at < len(kept) and kept[at].whole and kept[at].start <= first):
            at -= 1
            if kept[at].whole:
                break
    return kept[at:]
