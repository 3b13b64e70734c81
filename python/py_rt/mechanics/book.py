"""Order books of one instrument: top (L1), by price (L2), by order (L3)."""

from __future__ import annotations

from typing import Any

import numpy as np

from py_rt._core import mechanics as _core
from py_rt._layout import (
    EVENT_DTYPE,
    KIND_NAMES,
    ORDER_KINDS,
    QUOTE,
    TRADE,
    Rows,
)
from py_rt.errors import DataError, ParameterError
from py_rt.mechanics._rows import side_number, structured

__all__ = ["OrderBook"]

_OPTIONAL = frozenset(EVENT_DTYPE.names or ()) - {"kind"}
_CLEAR = KIND_NAMES.index("clear")
_SHOWN: dict[str, tuple[int, ...]] = {
    "top": (QUOTE, TRADE, _CLEAR),
    "by_price": tuple(kind for kind in range(len(KIND_NAMES)) if kind not in ORDER_KINDS),
    "by_order": tuple(kind for kind in range(len(KIND_NAMES)) if kind != QUOTE),
}
_ORDER_ROW: np.dtype[np.void] = np.dtype(
    [("order_id", "<u8"), ("price", "<i8"), ("qty", "<i8"), ("qty_ahead", "<i8")]
)


class OrderBook:
    """The kernel's own order book, fed with rows of ``MarketData.events()``.

    Parameters
    ----------
    kind : {"top", "by_price", "by_order"}
        "top" keeps the best bid and ask from quote rows; "by_price" one quantity a price from
        depth and snapshot rows (and quotes); "by_order" every order in the queue of its price from
        order rows. All take clear rows; trades change no book.

    Raises
    ------
    ParameterError
        An unknown kind.

    Notes
    -----
    Prices are ticks and quantities lots, as in the rows. In a book by order, ``snapshot`` and
    ``depth`` rows without an order id are quantity whose orders are not known: it queues before
    the known orders, and rows about unknown orders take from it, else they change nothing and are
    counted in ``unmatched``. A contradiction (an id twice, more taken than there was) makes the
    book invalid until the next clear.

    Examples
    --------
    >>> import py_rt.data
    >>> from py_rt.mechanics import OrderBook
    >>> data = py_rt.data.sample("btcusdt_l2")
    >>> book = OrderBook("by_price")
    >>> book.apply(data.events())
    >>> book.valid, book.best_bid < book.best_ask
    (True, True)
    """

    __slots__ = ("_book", "_instrument", "kind")

    def __init__(self, kind: Any = "by_price") -> None:
        if not isinstance(kind, str) or kind not in _SHOWN:
            raise ParameterError(
                f"{kind!r} is unknown", field="kind", remedy=f"use one of {', '.join(_SHOWN)}"
            )
        self.kind = kind
        self._book = _core.OrderBook(kind)
        self._instrument: int | None = None

    def apply(self, event: Any) -> None:
        """Apply one row or an array of rows.

        Parameters
        ----------
        event : a row or an array of ``EVENT_DTYPE``, a table, a dict, or a sequence of rows
            All of one instrument; missing fields are 0.

        Raises
        ------
        DataError
            Rows of several instruments, of a kind that this book cannot use, or with fields that
            do not fit. Nothing is applied then.

        Examples
        --------
        >>> from py_rt.mechanics import OrderBook
        >>> book = OrderBook("by_order")
        >>> book.apply({"kind": [5, 5], "side": [1, 1], "price": [9, 9], "qty": [4, 2],
        ...             "order_id": [71, 72]})
        >>> book.levels("buy", 1), book.qty_ahead(72)
        ([(9, 6)], 4)
        """
        rows = structured(_one_row(event), EVENT_DTYPE, "events", _OPTIONAL)
        if rows.size == 0:
            return
        self._check(rows)
        if rows.dtype != EVENT_DTYPE:
            aligned = np.zeros(rows.shape, dtype=EVENT_DTYPE)
            for name in EVENT_DTYPE.names or ():
                aligned[name] = rows[name]
            rows = aligned
        self._book.apply(rows.view(np.uint8))
        self._instrument = int(rows["instrument"][0])

    def _check(self, rows: Rows) -> None:
        first = int(rows["instrument"][0]) if self._instrument is None else self._instrument
        other = np.flatnonzero(rows["instrument"] != first)
        if other.size:
            raise DataError(
                f"instruments {first} and {int(rows['instrument'][other[0]])} in one book",
                field="instrument",
                row=int(other[0]),
                remedy="keep one book each: data.select(symbol).events()",
            )
        wrong = np.flatnonzero(~np.isin(rows["kind"], _SHOWN[self.kind]))
        if wrong.size:
            kind = int(rows["kind"][wrong[0]])
            known = kind < len(KIND_NAMES)
            name = KIND_NAMES[kind] if known else f"kind {kind}"
            fitting = [book for book, kinds in _SHOWN.items() if kind in kinds]
            raise DataError(
                f"a book {self.kind!r} cannot use {name} rows",
                field="kind",
                row=int(wrong[0]),
                remedy=f"use {' or '.join(repr(book) for book in fitting)}"
                if known
                else f"kinds are 0 to {len(KIND_NAMES) - 1}",
            )

    def levels(self, side: Any, n: int = 10) -> list[tuple[int, int]]:
        """Return the best levels of a side as (price, quantity), in ticks and lots.

        Parameters
        ----------
        side : {"buy", "sell", "bid", "ask", 1, -1}
        n : int
            How many at most.
        """
        return self._book.levels(side_number(side), _count(n))

    def orders(self, side: Any, n: int = 10) -> Rows:
        """Return the first orders of a side by price and time.

        Returns
        -------
        structured ndarray
            ``order_id`` u8 (0: not known), ``price qty qty_ahead`` i8; qty_ahead is what stands
            before the order in its own queue.

        Raises
        ------
        ParameterError
            The book is not by order.
        """
        return np.array(self._book.orders(side_number(side), _count(n)), dtype=_ORDER_ROW)

    def qty_ahead(self, order_id: int) -> int | None:
        """Return the quantity before an order in its queue, None when it is not in the book."""
        return self._book.qty_ahead(order_id)

    @property
    def valid(self) -> bool:
        """Whether the book may be believed: no gap, no contradiction, not crossed."""
        return self._book.valid

    @property
    def unmatched(self) -> int:
        """How many rows spoke about orders that the book does not know."""
        return self._book.unmatched

    @property
    def best_bid(self) -> int | None:
        """Best bid in ticks, None without one."""
        best = self._book.best(1)
        return None if best is None else best[0]

    @property
    def best_ask(self) -> int | None:
        """Best ask in ticks, None without one."""
        best = self._book.best(-1)
        return None if best is None else best[0]

    @property
    def bid_qty(self) -> int:
        """Lots at the best bid, 0 without one."""
        best = self._book.best(1)
        return 0 if best is None else best[1]

    @property
    def ask_qty(self) -> int:
        """Lots at the best ask, 0 without one."""
        best = self._book.best(-1)
        return 0 if best is None else best[1]

    @property
    def mid(self) -> float | None:
        """Middle of best bid and ask in ticks, None when a side is missing."""
        bid, ask = self.best_bid, self.best_ask
        return None if bid is None or ask is None else (bid + ask) / 2

    @property
    def spread(self) -> int | None:
        """Best ask less best bid in ticks, None when a side is missing."""
        bid, ask = self.best_bid, self.best_ask
        return None if bid is None or ask is None else ask - bid

    @property
    def state_hash(self) -> str:
        """Return 128 bits over everything the book holds, as hex text."""
        return self._book.state_hash()

    def __repr__(self) -> str:
        state = "" if self.valid else ", invalid"
        return f"<OrderBook {self.kind}: bid {self.best_bid}, ask {self.best_ask}{state}>"


def _one_row(event: Any) -> Any:
    """Let a mapping of single values stand for one row."""
    if isinstance(event, dict) and not any(np.ndim(value) for value in event.values()):
        return [event]
    return event


def _count(n: Any) -> int:
    if type(n) is bool or not isinstance(n, (int, np.integer)) or n < 0:
        raise ParameterError(f"{n!r} rows", field="n", remedy="pass an integer >= 0")
    return int(n)
