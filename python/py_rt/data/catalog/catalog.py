"""``Catalog``: write, query, instruments, coverage."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from py_rt._layout import (
    BAR_DTYPE,
    EVENT_DTYPE,
    Instrument,
    join_rows,
)
from py_rt._row_files import RowsWriter
from py_rt._times import to_ns
from py_rt.data.catalog.cuts import KINDS, cuts_of, entry_of
from py_rt.data.catalog.manifest import MANIFEST, Entry, Manifest, in_time
from py_rt.data.catalog.overlap import RULES, clock_of, combine
from py_rt.data.catalog.pages import merged_pages, rows_a_page
from py_rt.data.catalog.rows import (
    Rows,
    Stretch,
    decode,
    decode_pages,
    encode,
    periods_of,
    rescaled,
    shared_step,
)
from py_rt.data.catalog.store import open_store
from py_rt.data.extras import require
from py_rt.errors import DataError, ParameterError
from py_rt.market import MarketData

__all__ = ["Catalog", "Imported"]

_BLOCK = 1 << 20
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Imported:
    """What one ``write`` did.

    Attributes
    ----------
    added : int
        Rows that are new.
    present : int
        Rows that were there already.
    files : int
        Files written.
    notes : tuple of str
        What was assumed on the way in.
    """

    added: int
    present: int
    files: int
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dict."""
        return asdict(self)


class Catalog:
    """Market data kept as Parquet, in a folder or an object store.

    Files lie under ``data/symbol=.../kind=.../date=...``; prices and quantities are exact decimals,
    so that pyarrow, DuckDB and others read them as they are. ``catalog.json`` says which files
    count. An import writes new files first and replaces ``catalog.json`` last: whatever happens in
    between, readers see the old state or the new one.

    Parameters
    ----------
    path : str or Path
        A folder, or a URL such as "s3://bucket/prefix".
    filesystem : optional
        A pyarrow or fsspec file system, in which ``path`` lies.

    Raises
    ------
    DataError
        pyarrow is not installed; ``catalog.json`` is damaged.

    Notes
    -----
    One writer at a time: held by a lock in a folder, your duty in an object store. Events are cut
    into days, bars into months, bars of a day and longer stay in one file a symbol.

    Examples
    --------
    >>> import tempfile
    >>> import py_rt as rt
    >>> data = rt.data.sample("us_daily")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     catalog = rt.data.Catalog(folder)
    ...     catalog.write(data).added, catalog.write(data).added
    ...     catalog.query("AAPL", start="2020-01-01", end="2020-02-01").bars().size
    (166260, 0)
    21
    """

    def __init__(self, path: str | Path, *, filesystem: Any = None) -> None:
        require("pyarrow.parquet", "a catalog")
        self._store = open_store(path, filesystem)
        self._manifest()

    def __repr__(self) -> str:
        state = self._manifest()
        rows = sum(entry.rows for entry in state.entries.values())
        return f"<Catalog {self._store.name}: {rows:,} rows, {len(state.instruments)} symbols>"

    @property
    def path(self) -> str:
        """Where it lies."""
        return self._store.name

    def write(
        self,
        source: Any,
        *,
        overlap: Literal["refuse", "merge", "replace"] = "refuse",
        **how: Any,
    ) -> Imported:
        """Import market data: all of it, or nothing.

        Parameters
        ----------
        source : MarketData, or anything ``py_rt.data.load`` takes
        overlap : {"refuse", "merge", "replace"}
            When rows of a symbol and kind are there for the same time. "refuse": they must be
            equal, and only what lies outside is added. "merge": rows that are not there yet are
            added. "replace": the import wins between its first and last row.
        **how
            Passed on to ``load``.

        Returns
        -------
        Imported
            Writing the same twice adds nothing and changes no byte.

        Raises
        ------
        DataError
            The source is refused; an overlap contradicts; another process is writing.
        ParameterError
            An unknown rule.
        """
        if overlap not in RULES:
            raise ParameterError(
                f"{overlap!r} is unknown", field="overlap", remedy=f"use one of {', '.join(RULES)}"
            )
        if isinstance(source, MarketData):
            data = source
        else:
            from py_rt.data.load import load

            data = load(source, **how)
        with self._store.locked():
            state = self._manifest()
            known = self._instruments_after(state, data)
            changed: dict[Key, tuple[Entry, bytes]] = {}
            added = 0
            for symbol, kind, new in cuts_of(data, state.imports + 1, known):
                parts, fresh = self._changed(state, known[symbol], kind, new, overlap)
                changed |= parts
                added += fresh
            if changed or any(s not in state.instruments for s in known):
                self._commit(state, known, changed)
        return Imported(added, len(data) - added, len(changed), tuple(data.notes))

    def query(
        self,
        symbols: str | Iterable[str] | None = None,
        kinds: str | Iterable[str] | None = None,
        start: Any = None,
        end: Any = None,
    ) -> MarketData:
        """Return the rows of some symbols and kinds in [start, end).

        Parameters
        ----------
        symbols, kinds : str or iterable of str, optional
            All when left out; kinds are "depth", "trade", "quote", "order"
            (and the clear rows of depth beside it) and "bar".
        start, end : time, optional
            As in ``MarketData.slice``: an order book that was open at ``start`` is carried over.

        Returns
        -------
        MarketData
            Equal bit by bit to what was written, in its order.

        Raises
        ------
        DataError
            No such symbol; a file is missing or damaged.
        """
        chosen = _kinds(kinds)
        first = None if start is None else to_ns(start, "start")
        last = None if end is None else to_ns(end, "end")
        while True:
            state = self._manifest()
            try:
                data = self._gathered(state, self._wanted(state, symbols), chosen, (first, last))
            except DataError:
                if self._manifest().imports == state.imports:
                    raise
                continue  # an import replaced the files while they were read
            return data if first is None and last is None else data.slice(first, last)

    def _gathered(
        self,
        state: Manifest,
        wanted: list[str],
        chosen: list[str],
        span: tuple[int | None, int | None],
    ) -> MarketData:
        known = [self._readable(state, symbol) for symbol in wanted]
        parts: dict[bool, list[tuple[int, Stretch]]] = {True: [], False: []}
        for number, instrument in enumerate(known):
            for kind in chosen:
                for entry in in_time(list(state.of(instrument.symbol, kind)), *span):
                    part = self._read(entry, instrument)
                    parts[kind == "bar"].append((number, part))
        events, bars = _assembled(parts[False], False), _assembled(parts[True], True)
        return MarketData(events, bars, known, name=Path(self.path).name)

    def export(
        self,
        path: str | Path,
        symbols: str | Iterable[str] | None = None,
        kinds: str | Iterable[str] | None = None,
    ) -> None:
        """Write what ``query`` returns to a file that ``load`` maps, in little memory.

        Events are read and merged page by page, whatever the length of a day; bars stay in memory.

        Raises
        ------
        DataError
            No such symbol; a file is missing or damaged. Nothing is left at ``path`` then.

        Examples
        --------
        >>> import tempfile
        >>> import py_rt as rt
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     catalog = rt.data.Catalog(f"{folder}/catalog")
        ...     _ = catalog.write(rt.data.sample("btcusdt_l2"))
        ...     catalog.export(f"{folder}/all.rows")
        ...     mapped = rt.data.load(f"{folder}/all.rows")
        ...     mapped.content_hash() == catalog.query().content_hash()
        True
        """
        state = self._manifest()
        chosen = _kinds(kinds)
        known = [self._readable(state, symbol) for symbol in self._wanted(state, symbols)]
        periods: dict[tuple[bool, str], list[tuple[int, Entry]]] = {}
        for number, instrument in enumerate(known):
            for kind in chosen:
                for entry in state.of(instrument.symbol, kind):
                    own = (kind == "bar", "" if kind == "bar" else entry.period)
                    periods.setdefault(own, []).append((number, entry))
        with RowsWriter(path, known, Path(self.path).name) as out:
            for of_bars, period in sorted(periods):
                mine = periods[of_bars, period]
                if of_bars:
                    parts = [(number, self._read(entry, known[number])) for number, entry in mine]
                    rows = _assembled(parts, of_bars)
                    assert rows is not None, "a period has files"
                    out.append(rows)
                    continue
                with ExitStack() as files:
                    whole = sum(entry.rows for _, entry in mine)
                    pages = [self._pages(e, n, known[n], whole, files) for n, e in mine]
                    for rows in merged_pages(pages):
                        out.append(rows)

    def _pages(
        self, entry: Entry, number: int, instrument: Instrument, of_all: int, files: ExitStack
    ) -> Iterator[Stretch]:
        """Open a file, check its bytes, and read it page by page."""
        rows = rows_a_page(entry.rows, of_all)
        file = self._store.open(entry.path)
        if file is None:
            raise _lost(entry, "is missing")
        files.enter_context(file)
        found = hashlib.sha256()
        while block := file.read(_BLOCK):
            found.update(block)
        if found.hexdigest() != entry.sha256:
            raise _lost(entry, "is damaged: its checksum differs")
        file.seek(0)
        then = instrument.with_fields(tick_size=entry.tick_size, lot_size=entry.lot_size)
        for page in decode_pages(file, then, entry.kind, entry.path, rows):
            page.rows["instrument"] = number
            yield replace(page, rows=rescaled(page.rows, then, instrument))

    def instruments(self) -> tuple[Instrument, ...]:
        """Return what is traded, in the order of first import."""
        state = self._manifest()
        return tuple(self._readable(state, symbol) for symbol in state.instruments)

    def coverage(self) -> Any:
        """Return what is there: a pandas table, one row a symbol and kind.

        ``symbol kind start end rows files size_bytes``; times are datetimes in UTC.
        """
        import pandas as pd

        state = self._manifest()
        found: dict[tuple[str, str], list[Entry]] = {}
        for entry in state.entries.values():
            found.setdefault((entry.symbol, entry.kind), []).append(entry)
        rows = [
            {
                "symbol": symbol,
                "kind": kind,
                "start": pd.Timestamp(min(e.start for e in mine), tz="UTC"),
                "end": pd.Timestamp(max(e.end for e in mine), tz="UTC"),
                "rows": sum(e.rows for e in mine),
                "files": len(mine),
                "size_bytes": sum(e.size for e in mine),
            }
            for (symbol, kind), mine in sorted(found.items())
        ]
        names = ["symbol", "kind", "start", "end", "rows", "files", "size_bytes"]
        return pd.DataFrame(rows, columns=names)

    def files(self, kind: str | None = None) -> list[str]:
        """List the Parquet files that count, for other programs to read."""
        entries = self._manifest().entries.values()
        chosen = (e.path for e in entries if kind in (None, e.kind))
        return sorted(f"{self.path.rstrip('/')}/{path}" for path in chosen)

    def _manifest(self) -> Manifest:
        content = self._store.get(MANIFEST)
        return Manifest() if content is None else Manifest.from_bytes(content, self.path)

    def _wanted(self, state: Manifest, symbols: str | Iterable[str] | None) -> list[str]:
        wanted = _names(symbols, tuple(state.instruments))
        for symbol in wanted:
            if symbol not in state.instruments:
                listed = ", ".join(list(state.instruments)[:20]) or "none yet"
                raise DataError(
                    f"there is no {symbol!r} in the catalog",
                    field="symbols",
                    remedy=f"the symbols are {listed}",
                )
        return wanted

    def _readable(self, state: Manifest, symbol: str) -> Instrument:
        """Return the instrument with steps that every file of it can be read in."""
        mine = [entry for entry in state.entries.values() if entry.symbol == symbol]
        known = state.instruments[symbol]
        return known.with_fields(
            tick_size=shared_step([known.tick_size, *{e.tick_size for e in mine}], "tick_size"),
            lot_size=shared_step([known.lot_size, *{e.lot_size for e in mine}], "lot_size"),
        )

    def _instruments_after(self, state: Manifest, data: MarketData) -> dict[str, Instrument]:
        after = dict(state.instruments)
        for new in data.instruments:
            old = after.get(new.symbol)
            if old is None:
                after[new.symbol] = new
                continue
            shared = self._readable(state, new.symbol)
            steps = {
                size: shared_step([getattr(shared, size), getattr(new, size)], size)
                for size in ("tick_size", "lot_size")
            }
            if (old.currency, old.multiplier) != (new.currency, new.multiplier):
                raise DataError(
                    f"{new.symbol} has another currency or multiplier than the catalog's",
                    field="instruments",
                    remedy="pass instruments= with the right ones, or use another symbol",
                )
            after[new.symbol] = old.with_fields(**steps)
        return after

    def _changed(
        self, state: Manifest, instrument: Instrument, kind: str, new: Stretch, rule: str
    ) -> tuple[dict[Key, tuple[Entry, bytes]], int]:
        """Return the files that change for one symbol and kind, and how many rows are new."""
        span = (int(clock_of(new.rows)[0]), int(clock_of(new.rows)[-1]))
        periods = periods_of(new.rows, kind)
        touched = [
            entry
            for entry in state.of(instrument.symbol, kind)
            if entry.period in periods or (entry.first <= span[1] and entry.last >= span[0])
        ]
        whole: Stretch | None = new
        if touched:
            old = _end_to_end([self._read(entry, instrument) for entry in touched])
            whole = combine(old, new, rule, f"{instrument.symbol} {kind}")
        if whole is None:
            return {}, 0
        fresh = int((whole.batch == state.imports + 1).sum())
        out = {}
        written = periods_of(whole.rows, kind)
        for period, which in written.items():
            part = whole.take(which)
            content = encode(part, instrument)
            entry = entry_of(instrument, kind, period, part, content)
            if state.entries.get((instrument.symbol, kind, period)) != entry:
                out[(instrument.symbol, kind, period)] = (entry, content)
        return out, fresh

    def _read(self, entry: Entry, instrument: Instrument) -> Stretch:
        content = self._store.get(entry.path)
        if content is None:
            raise _lost(entry, "is missing")
        if hashlib.sha256(content).hexdigest() != entry.sha256:
            raise _lost(entry, "is damaged: its checksum differs")
        steps = {"tick_size": entry.tick_size, "lot_size": entry.lot_size}
        then = instrument.with_fields(**steps)
        part = decode(content, then, entry.kind, entry.path)
        return replace(part, rows=rescaled(part.rows, then, instrument))

    def _commit(
        self,
        state: Manifest,
        known: dict[str, Instrument],
        changed: dict[Key, tuple[Entry, bytes]],
    ) -> None:
        for entry, content in changed.values():
            self._store.put(entry.path, content)
        after = state.with_changes(known, {key: entry for key, (entry, _) in changed.items()})
        self._store.put(MANIFEST, after.to_bytes())
        counted = {entry.path for entry in after.entries.values()}
        for path in self._store.names("data"):
            if path not in counted:
                self._store.remove(path)


def _lost(entry: Entry, what: str) -> DataError:
    return DataError(
        f"{entry.path} {what}",
        kind="missing" if what == "is missing" else "checksum",
        remedy="restore it, or import that stretch into a new catalog",
    )


def _names(given: str | Iterable[str] | None, every: tuple[str, ...]) -> list[str]:
    if given is None:
        return list(every)
    return [given] if isinstance(given, str) else list(dict.fromkeys(given))


def _kinds(given: str | Iterable[str] | None) -> list[str]:
    chosen = _names(given, KINDS)
    unknown = sorted(set(chosen) - set(KINDS))
    if unknown:
        remedy = f"use {', '.join(KINDS)}"
        raise ParameterError(f"{unknown[0]!r} is unknown", field="kinds", remedy=remedy)
    return chosen


def _end_to_end(parts: list[Stretch]) -> Stretch:
    rows = join_rows([part.rows for part in parts], parts[0].rows.dtype)
    batch = np.concatenate([part.batch for part in parts])
    seq = np.concatenate([part.seq for part in parts])
    return Stretch(rows, batch, seq).take(np.lexsort((seq, batch, clock_of(rows))))


def _assembled(parts: list[tuple[int, Stretch]], of_bars: bool) -> Rows | None:
    if not parts:
        return None
    for number, part in parts:
        part.rows["instrument"] = number
    whole = _end_to_end([part for _, part in parts])
    assert whole.rows.dtype == (BAR_DTYPE if of_bars else EVENT_DTYPE)
    return whole.rows
