"""Progress of a long run, shown on a terminal once it lasts over a second."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

__all__ = ["Progress", "StopBySecondLook"]

_PATIENCE_S = 1.0
_REDRAW_S = 0.1


class Progress:
    """A line on stderr with rate and time left, or the caller's own function, or nothing."""

    def __init__(
        self,
        wanted: bool | Callable[[int, int], object],
        label: str,
        first: Callable[[], object] | None = None,
        unit: str = "rows",
    ) -> None:
        self._first = first
        self._own = wanted if callable(wanted) else None
        self._shows = wanted is True and sys.stderr.isatty()
        self._label = label
        self._unit = unit
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
        """Take how many of ``total`` are done."""
        if self._first is not None:
            self._first()
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
        speed = f"{rate / 1e6:.2f} M" if rate >= 1e5 else f"{rate:.0f}"
        line = f"{self._label} {share:4.0%}  {speed} {self._unit}/s  {left:.0f} s left"
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()


class StopBySecondLook:
    """Ctrl-C ends the run also when a strategy swallows it with a bare ``except``.

    Within the block the interrupt is raised at once, and remembered; ``look`` raises it again.
    """

    def __init__(self) -> None:
        self._asked = False
        self._mine = False

    def __enter__(self) -> Self:
        here = threading.current_thread() is threading.main_thread()
        if here and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._ask)
            self._mine = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._mine:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def look(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed within the block."""
        if self._asked:
            raise KeyboardInterrupt

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        signal.default_int_handler(number, frame)
