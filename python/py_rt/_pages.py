"""Rows that lie in a mapped file: looked at block by block, and let go of behind.

A page that was looked at stays in the memory of the process until somebody says that it is not
needed; the file still has it. Rows in plain memory pass through unchanged.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np

from py_rt._layout import Rows

__all__ = ["Passed", "blocks"]

_BLOCK = 1 << 18


class Passed:
    """Lets go of the pages of mapped rows that were passed.

    Examples
    --------
    >>> import numpy as np
    >>> Passed(np.zeros(4, dtype="<i8")).upto(4)  # plain memory stays as it is
    """

    def __init__(self, rows: Rows) -> None:
        self._map, start = _mapping(rows)
        self._start = start
        self._width = rows.dtype.itemsize
        self._rows = rows.size
        self._done = start // mmap.PAGESIZE * mmap.PAGESIZE

    def upto(self, row: int) -> None:
        """Let go of every page that lies before a row."""
        if self._map is None:
            return
        end = self._start + min(row, self._rows) * self._width
        end = end // mmap.PAGESIZE * mmap.PAGESIZE
        if end > self._done:
            self._map.madvise(mmap.MADV_DONTNEED, self._done, end - self._done)
            self._done = end


def blocks(rows: Rows) -> Iterator[Rows]:
    """Yield all rows in order, some hundred thousand at a time.

    Examples
    --------
    >>> import numpy as np
    >>> [len(block) for block in blocks(np.zeros(300_000, dtype="<i8"))]
    [262144, 37856]
    """
    passed = Passed(rows)
    for at in range(0, rows.size, _BLOCK):
        yield rows[at : at + _BLOCK]
        passed.upto(at + _BLOCK)


def _mapping(rows: Rows) -> tuple[mmap.mmap | None, int]:
    """Return the mapped file that rows lie in, and how many bytes before them."""
    base: Any = rows
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, memoryview):
        base = base.obj
    if not isinstance(base, mmap.mmap) or not hasattr(base, "madvise") or not rows.size:
        return None, 0
    first = np.frombuffer(base, dtype=np.uint8, count=1).ctypes.data
    return base, rows.ctypes.data - first
