"""Market data in memory: row layouts, instruments, and the container that a backtest reads.

Two arrays hold everything: ``events`` (trades, quotes, order book changes; in receive order) and
``bars`` (sorted by close). Prices are integer ticks and quantities integer lots of the row's
instrument; the same bytes are read by the Rust engine without a copy.
"""

from __future__ import annotations

import hashlib
import json
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

    __slots__ = ("_bars", "_events", "attribution", "instruments", "name", "notes")

    _events: Rows
    _bars: Rows
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
        checked = {
            "_events": _checked(events, EVENT_DTYPE, "events", "ts_recv", len(known)),
            "_bars": _checked(bars, BAR_DTYPE, "bars", "ts_close", len(known)),
            "instruments": known,
            "name": name,
            "attribution": attribution,
            "notes": tuple(notes),
        }
        for attribute, value in checked.items():
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
        kind = self._events["kind"]
        present = []
        if np.isin(kind, BOOK_KINDS).any():
            present.append("depth")
        if np.isin(kind, ORDER_KINDS).any():
            present.append("order")
        if np.isin(kind, (TRADE, ORDER_EXECUTE)).any():
            present.append("trade")
        if (kind == QUOTE).any():
            present.append("quote")
        if self._bars.size:
            present.append("bar")
        return tuple(present)

    @property
    def start(self) -> int | None:
        """Earliest ``ts_event`` or ``ts_open``, ns UTC; None when empty."""
        first = [int(a.min()) for a in (self._events["ts_event"], self._bars["ts_open"]) if a.size]
        return min(first, default=None)

    @property
    def end(self) -> int | None:
        """Latest ``ts_event`` or ``ts_close``, ns UTC; None when empty."""
        last = [int(a.max()) for a in (self._events["ts_event"], self._bars["ts_close"]) if a.size]
        return max(last, default=None)

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
        rows = self._events[_between(self._events["ts_event"], first, last)]
        if first is not None and self._events.size:
            rows = join_rows([opening_rows(self, first, last), rows], EVENT_DTYPE)
        inside = _between(self._bars["ts_open"], first, last)
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
        digest = hashlib.sha256()
        known = [instrument.to_dict() for instrument in self.instruments]
        digest.update(json.dumps(known, sort_keys=True).encode())
        for rows in (self._events, self._bars):
            digest.update(len(rows).to_bytes(8, "little"))
            digest.update(np.ascontiguousarray(rows).view(np.uint8).data)
        return digest.hexdigest()


def _between(
    ts: npt.NDArray[np.int64], first: int | None, last: int | None
) -> npt.NDArray[np.bool_]:
    inside = np.ones(ts.shape, dtype=np.bool_)
    if first is not None:
        inside &= ts >= first
    if last is not None:
        inside &= ts < last
    return inside


def _checked(
    rows: Rows | None, dtype: np.dtype[np.void], name: str, clock: str, n_instruments: int
) -> Rows:
    if rows is None:
        rows = np.empty(0, dtype=dtype)
    shape: Any = rows
    if not isinstance(shape, np.ndarray) or rows.dtype != dtype or rows.ndim != 1:
        raise DataError(
            f"{name} must be a one-dimensional array of {name[:-1].upper()}_DTYPE",
            field=name,
            remedy="build it with numpy.empty(n, py_rt.market.<the dtype>) or use py_rt.data.load",
        )
    rows = np.ascontiguousarray(rows)
    if rows.size and int(rows["instrument"].max()) >= n_instruments:
        row = int(np.argmax(rows["instrument"] >= n_instruments))
        raise DataError(
            f"instrument index {rows['instrument'][row]} of {n_instruments} instruments",
            field=f"{name}.instrument",
            row=row,
            remedy="pass every instrument that the rows name",
        )
    back = np.flatnonzero(np.diff(rows[clock]) < 0)
    if back.size:
        raise DataError(
            "time goes back",
            field=f"{name}.{clock}",
            row=int(back[0]) + 1,
            remedy=f"sort the rows by {clock} (stable)",
        )
    view = rows.view()
    view.flags.writeable = False
    return view
