"""Market data: row layouts, instruments, and the container that a backtest reads.

Two arrays hold everything: ``events`` (trades, quotes, order book changes; in receive order) and
``bars`` (sorted by close). Prices are integer ticks and quantities integer lots of the row's
instrument; the same bytes are read by the Rust engine without a copy.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from py_rt._layout import (
    BAR_DTYPE,
    BOOK_KINDS,
    BUY,
    CLEAR,
    DEPTH,
    EVENT_DTYPE,
    FLAG_END,
    FLAG_INVALID,
    KIND_NAMES,
    ORDER_ADD,
    ORDER_DELETE,
    ORDER_EXECUTE,
    ORDER_KINDS,
    ORDER_REDUCE,
    QUOTE,
    SELL,
    SIDE_NONE,
    SNAPSHOT,
    TRADE,
    Instrument,
    Kind,
    Rows,
    join_rows,
)
from py_rt._pages import blocks
from py_rt._rows import Seen, between, checked
from py_rt._times import format_ns, to_ns
from py_rt.errors import DataError

if TYPE_CHECKING:
    from py_rt._books import Books

__all__ = [
    "BAR_DTYPE",
    "BUY",
    "CLEAR",
    "DEPTH",
    "EVENT_DTYPE",
    "FLAG_END",
    "FLAG_INVALID",
    "KIND_NAMES",
    "ORDER_ADD",
    "ORDER_DELETE",
    "ORDER_EXECUTE",
    "ORDER_KINDS",
    "ORDER_REDUCE",
    "QUOTE",
    "SELL",
    "SIDE_NONE",
    "SNAPSHOT",
    "TRADE",
    "Instrument",
    "MarketData",
]


class MarketData:
    """Events and bars of some instruments, read-only.

    Parameters
    ----------
    events : ndarray of EVENT_DTYPE, shape (n,), or None
        In receive order.
    bars : ndarray of BAR_DTYPE, shape (m,), or None
        Sorted by ``ts_close``.
    instruments : sequence of Instrument
        ``rows["instrument"]`` is an index into it.
    name, attribution : str
        What it is and whom to thank.
    notes : sequence of str
        What was assumed or repaired on the way in.

    Raises
    ------
    DataError
        Wrong dtype or shape, rows out of order, an instrument index out of range.

    Notes
    -----
    Arrays are not copied; views handed out cannot be written.

    Examples
    --------
    >>> import py_rt.data
    >>> data = py_rt.data.sample("us_minute")
    >>> data.kinds, data.symbols[0]
    (('bar',), 'AZO')
    """

    __slots__ = (
        "_bars",
        "_events",
        "_hash",
        "_seen",
        "attribution",
        "instruments",
        "name",
        "notes",
    )

    _events: Rows
    _bars: Rows
    _seen: tuple[Seen, Seen]
    _hash: str | None
    instruments: tuple[Instrument, ...]
    name: str
    attribution: str
    notes: tuple[str, ...]

    def __init__(
        self,
        events: Rows | None,
        bars: Rows | None,
        instruments: Iterable[Instrument],
        name: str = "",
        attribution: str = "",
        notes: Iterable[str] = (),
    ) -> None:
        known = tuple(instruments)
        symbols = [instrument.symbol for instrument in known]
        if len(set(symbols)) != len(symbols):
            raise DataError("a symbol occurs twice", field="instruments", remedy="name each once")
        own, seen = checked(events, EVENT_DTYPE, "events", len(known))
        own_bars, seen_bars = checked(bars, BAR_DTYPE, "bars", len(known))
        attributes = {
            "_events": own,
            "_bars": own_bars,
            "_seen": (seen, seen_bars),
            "_hash": None,
            "instruments": known,
            "name": name,
            "attribution": attribution,
            "notes": tuple(notes),
        }
        for attribute, value in attributes.items():
            object.__setattr__(self, attribute, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"MarketData is read-only: {name} cannot be set")

    def __reduce__(self) -> tuple[Any, ...]:
        parts = (self._events, self._bars, self.instruments)
        return (MarketData, (*parts, self.name, self.attribution, self.notes))

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols in index order."""
        return tuple(instrument.symbol for instrument in self.instruments)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Which of "depth", "order", "trade", "quote", "bar" are present."""
        kinds = self._seen[0].kinds
        words = {"depth": BOOK_KINDS, "order": ORDER_KINDS, "trade": (TRADE, ORDER_EXECUTE)}
        words["quote"] = (QUOTE,)
        present = [word for word, codes in words.items() if kinds.intersection(codes)]
        return (*present, "bar") if self._bars.size else tuple(present)

    @property
    def start(self) -> int | None:
        """Earliest ``ts_event`` or ``ts_open``, ns UTC; None when empty."""
        return min((s.start for s in self._seen if s.start is not None), default=None)

    @property
    def end(self) -> int | None:
        """Latest ``ts_event`` or ``ts_close``, ns UTC; None when empty."""
        return max((s.end for s in self._seen if s.end is not None), default=None)

    def __len__(self) -> int:
        return int(self._events.size) + int(self._bars.size)

    def __repr__(self) -> str:
        shown = ", ".join(self.symbols[:3]) + (", ..." if len(self.symbols) > 3 else "")
        counts = [
            f"{count:,} {label}"
            for count, label in ((self._events.size, "events"), (self._bars.size, "bars"))
            if count
        ]
        span = ""
        if self.start is not None and self.end is not None:
            span = f", {format_ns(self.start)} to {format_ns(self.end)}"
        title = f"{self.name}: " if self.name else ""
        size = " + ".join(counts) or "empty"
        return f"<MarketData {title}{size}, {len(self.symbols)} symbols ({shown}){span}>"

    def events(self) -> Rows:
        """Return the event rows: a read-only view, empty when there are none.

        Examples
        --------
        >>> import py_rt.data
        >>> int(py_rt.data.sample("btcusdt_l2").events()["kind"][0])
        2
        """
        return self._events

    def bars(self) -> Rows:
        """Return the bar rows: a read-only view, empty when there are none.

        Examples
        --------
        >>> import py_rt.data
        >>> py_rt.data.sample("us_daily").bars()["close"].dtype
        dtype('int64')
        """
        return self._bars

    def instrument(self, symbol: str) -> Instrument:
        """Return the instrument of one symbol.

        Raises
        ------
        DataError
            No such symbol; the message lists those present.
        """
        return self.instruments[self._index_of(symbol)]

    def _index_of(self, symbol: str) -> int:
        if symbol not in self.symbols:
            raise DataError(
                f"there is no {symbol!r} here",
                field="symbol",
                remedy=f"use one of {', '.join(self.symbols[:20])}",
            )
        return self.symbols.index(symbol)

    def to_frame(self, kind: Kind | None = None, frame: str = "pandas") -> Any:
        """Return one kind of rows as a table with decimal prices.

        Parameters
        ----------
        kind : {"depth", "order", "trade", "quote", "bar"}, optional
            May be left out when only one kind is present. "depth" includes snapshot and clear rows;
            "order" has the rows about single orders and their ``order_id``; "trade" includes the
            executions of such orders, with the side of the aggressor.
        frame : {"pandas", "polars"}

        Returns
        -------
        DataFrame
            Times are nanosecond datetimes in UTC; prices and quantities the float64 nearest to the
            decimal. The columns are those that ``py_rt.data.load`` reads back.

        Raises
        ------
        ParameterError
            The kind is unknown, absent, or needed and not given.

        Examples
        --------
        >>> import py_rt.data
        >>> list(py_rt.data.sample("us_daily").to_frame("bar").columns)[:4]
        ['symbol', 'ts_open', 'ts_close', 'open']
        """
        from py_rt._frames import to_frame

        return to_frame(self, kind, frame)

    def books(
        self,
        depth: int = 10,
        at: str | npt.ArrayLike = "event",
        clock: Literal["event", "recv"] = "event",
        symbol: str | None = None,
    ) -> Books:
        """Return the best levels of an order book, after every message or at chosen times.

        Parameters
        ----------
        depth : int
            Levels a side, at least 1.
        at : "event", a duration such as "100ms", or array of int64
            "event": one row per venue message. A duration: the state at each multiple of it. An
            array: the state at those times, ns UTC, ascending, inclusive.
        clock : {"event", "recv"}
            Which time the sampling goes by.
        symbol : str, optional
            Needed when several instruments have a book.

        Returns
        -------
        Books
            Arrays ``ts_event ts_recv ts`` (n,), ``bid_price bid_qty ask_price ask_qty`` (n, depth),
            ``valid`` (n,). A level that does not exist has price NaN and quantity 0; so has every
            level while the book is invalid.

        Raises
        ------
        DataError
            No book rows, or several instruments and no symbol.
        ParameterError
            A bad depth, clock or sampling rule.

        Notes
        -----
        Built from depth messages only, by the kernel's own book.

        Examples
        --------
        >>> import py_rt.data
        >>> books = py_rt.data.sample("btcusdt_l2").books(depth=5, at="1s")
        >>> bool((books.bid_price[books.valid, 0] < books.ask_price[books.valid, 0]).all())
        True
        """
        from py_rt._books import build_books

        return build_books(self, depth, at, clock, symbol)

    def slice(self, start: Any = None, end: Any = None) -> MarketData:
        """Return the part in [start, end): events by ``ts_event``, bars that lie inside.

        Parameters
        ----------
        start, end : time, optional
            Integer ns UTC, ISO text, datetime with a zone; a bare date is 00:00 UTC.

        Returns
        -------
        MarketData
            A copy. An order book that was already open at ``start`` is carried over as a snapshot
            message (clear row first) stamped ``start``, so it is whole in the slice too.

        Examples
        --------
        >>> import py_rt.data
        >>> data = py_rt.data.sample("us_daily").slice("2020-01-01", "2020-02-01")
        >>> len(data) // len(data.symbols)
        21
        """
        from py_rt._books import opening_rows

        first = None if start is None else to_ns(start, "start")
        last = None if end is None else to_ns(end, "end")
        rows = self._events[between(self._events["ts_event"], first, last)]
        if first is not None and self._events.size:
            rows = join_rows([opening_rows(self, first, last), rows], EVENT_DTYPE)
        inside = between(self._bars["ts_open"], first, last)
        if last is not None:
            inside &= self._bars["ts_close"] <= last
        return self._with(rows, self._bars[inside], self.instruments)

    def select(self, symbols: Iterable[str] | str) -> MarketData:
        """Return the rows of some symbols, in the order asked for.

        Raises
        ------
        DataError
            A symbol is not here.

        Examples
        --------
        >>> import py_rt.data
        >>> py_rt.data.sample("us_daily").select(["MSFT", "AAPL"]).symbols
        ('MSFT', 'AAPL')
        """
        wanted = [symbols] if isinstance(symbols, str) else list(symbols)
        old = [self._index_of(symbol) for symbol in wanted]
        renumber = np.full(len(self.instruments), -1, dtype=np.int64)
        renumber[old] = np.arange(len(old))
        kept = []
        for rows in (self._events, self._bars):
            part = rows[renumber[rows["instrument"]] >= 0]
            part["instrument"] = renumber[part["instrument"]]
            kept.append(part)
        return self._with(kept[0], kept[1], tuple(self.instruments[i] for i in old))

    def resample(
        self,
        every: str | int,
        sessions: Iterable[tuple[Any, Any]] = (),
        clock: Literal["event", "recv"] = "event",
    ) -> MarketData:
        """Return time bars made of the trades, without the events.

        Parameters
        ----------
        every : str or int
            Length of a bar such as "1min", or ns.
        sessions : iterable of (open, close), optional
            Instants; bars begin at the open of their session and end at the latest with it, and
            trades outside of every session are left out.
        clock : {"event", "recv"}
            Which time of a trade counts.

        Returns
        -------
        MarketData
            Complete bars, labelled by their close; the one that is open at the end is left out.

        Raises
        ------
        DataError
            No trades, or trades out of order by that clock.

        Examples
        --------
        >>> import py_rt.data
        >>> data = py_rt.data.sample("btcusdt_l2").resample("5s")
        >>> data.kinds
        ('bar',)
        """
        from py_rt._resample import resampled_bars

        return self._with(
            np.empty(0, dtype=EVENT_DTYPE),
            resampled_bars(self, every, sessions, clock),
            self.instruments,
        )

    def _with(self, events: Rows, bars: Rows, instruments: tuple[Instrument, ...]) -> MarketData:
        return MarketData(events, bars, instruments, self.name, self.attribution, self.notes)

    def content_hash(self) -> str:
        """Return the SHA-256 of the rows and the instruments, as hex text.

        Name, attribution and notes do not enter it.

        Examples
        --------
        >>> import py_rt.data
        >>> len(py_rt.data.sample("us_daily").content_hash())
        64
        """
        if self._hash is None:
            digest = hashlib.sha256()
            known = [instrument.to_dict() for instrument in self.instruments]
            digest.update(json.dumps(known, sort_keys=True).encode())
            for rows in (self._events, self._bars):
                digest.update(len(rows).to_bytes(8, "little"))
                for block in blocks(rows):
                    digest.update(block.view(np.uint8).data)
            object.__setattr__(self, "_hash", digest.hexdigest())
        return str(self._hash)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the rows to a file that ``py_rt.data.load`` maps instead of reading it.

        Parameters
        ----------
        path : str or Path
            Conventionally ``.rows``; appears whole or not at all.

        Notes
        -----
        A backtest over a mapped file holds in memory what it is at, not the file.

        Examples
        --------
        >>> import tempfile
        >>> import py_rt.data
        >>> data = py_rt.data.sample("us_daily")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     data.save(f"{folder}/us_daily.rows")
        ...     len(py_rt.data.load(f"{folder}/us_daily.rows")) == len(data)
        True
        """
        from py_rt._row_files import RowsWriter

        with RowsWriter(path, self.instruments, self.name, self.attribution, self.notes) as out:
            for rows in (self._events, self._bars):
                out.append(rows)

    def noted(self, notes: Iterable[str]) -> MarketData:
        """Return the same rows with other notes; nothing is copied or looked at again.

        Examples
        --------
        >>> import py_rt.data
        >>> py_rt.data.sample("us_daily").noted(["as delivered"]).notes
        ('as delivered',)
        """
        made = object.__new__(MarketData)
        for attribute in self.__slots__:
            object.__setattr__(made, attribute, getattr(self, attribute))
        object.__setattr__(made, "notes", tuple(notes))
        return made
