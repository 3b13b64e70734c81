"""Files of one period merged page by page, so that a day of events need not fit into memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from py_rt._layout import join_rows
from py_rt.data.catalog.overlap import clock_of
from py_rt.data.catalog.rows import Rows, Stretch

__all__ = ["PAGE_ROWS", "merged_pages", "rows_a_page"]

PAGE_ROWS = 1 << 18
"""Rows of all files together that are in memory at a time, about."""
_LEAST = 1 << 10


def rows_a_page(rows: int, of_all: int) -> int:
    """Return how many rows of a file to read at a time: its share, so that all end together.

    Examples
    --------
    >>> rows_a_page(1_000_000, 10_000_000), rows_a_page(500, 10_000_000), rows_a_page(90, 90)
    (26214, 1024, 262144)
    """
    return max(_LEAST, rows * PAGE_ROWS // max(of_all, 1))


def merged_pages(sources: Sequence[Iterator[Stretch]]) -> Iterator[Rows]:
    """Merge files that are in order of clock, import and place into rows in that order.

    Parameters
    ----------
    sources : sequence of iterators of Stretch
        The pages of each file; ``rows["instrument"]`` is final.

    Yields
    ------
    ndarray of EVENT_DTYPE
        What no later page of any file can stand before.

    Examples
    --------
    >>> from py_rt._layout import EVENT_DTYPE
    >>> def pages(*times):
    ...     for time in times:
    ...         rows = np.zeros(1, EVENT_DTYPE)
    ...         rows["ts_recv"] = time
    ...         yield Stretch(rows, np.ones(1, np.int64), np.array([time]))
    >>> [rows["ts_recv"].tolist() for rows in merged_pages([pages(1, 4, 6), pages(2, 3)])]
    [[1], [2], [3], [4], [6]]
    """
    heads = [(head, source) for source in sources if (head := next(source, None)) is not None]
    while heads:
        bound = min(_last(head) for head, _ in heads)
        taken, left = [], []
        for head, source in heads:
            count = _upto(head, bound)
            taken.append(head.take(np.arange(count)))
            rest: Stretch | None = head.take(np.arange(count, head.rows.size))
            if count == head.rows.size:
                rest = next(source, None)
            if rest is not None:
                left.append((rest, source))
        heads = left
        yield _in_order(taken)


def _last(page: Stretch) -> tuple[int, int, int]:
    return int(clock_of(page.rows)[-1]), int(page.batch[-1]), int(page.seq[-1])


def _upto(page: Stretch, bound: tuple[int, int, int]) -> int:
    """Count the rows that do not stand behind ``bound``."""
    clock, (at, batch, seq) = clock_of(page.rows), bound
    first, last = (int(np.searchsorted(clock, at, side)) for side in ("left", "right"))
    tied = slice(first, last)
    before = (page.batch[tied] < batch) | ((page.batch[tied] == batch) & (page.seq[tied] <= seq))
    return first + int(before.sum())


def _in_order(pages: list[Stretch]) -> Rows:
    rows = join_rows([page.rows for page in pages], pages[0].rows.dtype)
    batch = np.concatenate([page.batch for page in pages])
    seq = np.concatenate([page.seq for page in pages])
    order: Rows = rows[np.lexsort((seq, batch, clock_of(rows)))]
    return order
