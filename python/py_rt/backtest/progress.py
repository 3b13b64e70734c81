"""Progress of a long run, shown on a terminal once it lasts over a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

__all__ = ["Progress"]

_PATIENCE_S = 1.0
_REDRAW_S = 0.1


class Progress:
    """A line on stderr with rate and time left, or the caller's own function, or nothing."""

    def __init__(self, wanted: bool | Callable[[int, int], object], label: str) -> None:
        self._own = wanted if callable(wanted) else None
        self._shows = wanted is True and sys.stderr.isatty()
        self._label = label
        self._begun = time.monotonic()
        self._drawn = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def update(self, done: int, total: int) -> None:
        """Take how many of ``total`` rows are done."""
        if self._own is not None:
            self._own(done, total)
        elif self._shows:
            self._draw(done, total)

    def _draw(self, done: int, total: int) -> None:
        now = time.monotonic()
        spent = now - self._begun
        if spent < _PATIENCE_S or now - self._drawn < _REDRAW_S:
            return
        self._drawn = now
        rate = done / spent
        left = (total - done) / rate if rate else 0.0
        share = done / total if total else 1.0
        line = f"{self._label} {share:4.0%}  {rate / 1e6:.2f} M rows/s  {left:.0f} s left"
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()
