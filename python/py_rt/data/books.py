"""What the rows of recorded books and trades show: crossed books, a recorder's slow clock."""

from __future__ import annotations

from typing import Literal

import numpy as np

from py_rt._layout import BOOK_KINDS, ORDER_KINDS
from py_rt.data.quality import IssueLog
from py_rt.market import MarketData

__all__ = ["find_crossed_books", "find_early_receipts"]

_LOOKED_AT = 1_000_000
_FEW = 10
_LEAST_NS = 100_000_000


def find_crossed_books(
    data: MarketData, log: IssueLog, severity: Literal["error", "warning"]
) -> None:
    """Record the messages after which a book's best bid is at or above its best ask."""
    events = data.events()
    booked = np.isin(events["kind"], (*BOOK_KINDS, *ORDER_KINDS))
    for number, symbol in enumerate(data.symbols):
        if not (booked & (events["instrument"] == number)).any():
            continue
        books = data.books(depth=1, symbol=symbol)
        crossed = np.flatnonzero(books.bid_price[:, 0] >= books.ask_price[:, 0])
        if crossed.size:
            log.add(
                "crossed",
                severity,
                f"the book is crossed after {crossed.size} messages, first at ts_event "
                f"{int(books.ts_event[crossed[0]])}",
                "a level was not removed, or rows are missing: look at the rows before it",
                rows=crossed,
                symbol=symbol,
                column="price",
            )


def find_early_receipts(data: MarketData, log: IssueLog) -> None:
    """Record that most rows were received before they happened: clocks that do not agree."""
    events = data.events()
    rows = events[:: max(1, events.size // _LOOKED_AT)]
    early = rows["ts_event"] - rows["ts_recv"]
    found = np.flatnonzero(early > 0)
    if rows.size < _FEW or found.size * 2 <= rows.size:
        return
    if np.median(early[found]) < _LEAST_NS:
        return
    low, middle, high = (value / 1e9 for value in np.quantile(early[found], (0.01, 0.5, 0.99)))
    log.add(
        "disorder",
        "warning",
        f"{found.size / rows.size:.0%} of the rows were received before they happened, by "
        f"{low:.3f} to {high:.3f} s (median {middle:.3f}): the recorder's clock is behind the "
        "venue's",
        "differences of the two times are no latencies; set latency_feed, or correct ts_recv",
        column="ts_recv",
    )
