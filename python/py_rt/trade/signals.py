"""Ctrl-C and SIGTERM end a session as the kill file does: cleanly, wherever it is just then.

A handler that raised would raise inside the strategy's callback, whichever is running, and look
like its failure. So the first signal only asks; the second one raises. A callback that is still the
same one half a second after the first is ended with an error: it is its failure.
"""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from py_rt.errors import StrategyError

__all__ = ["StopBySignal"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LOOK_S = 0.25
_LOOKS = 2
_LATCHED = ("halt", "reduce_only", "flatten")


class StopBySignal:
    """Within the block, a signal becomes the word "stop" in the session's kill file.

    Attributes
    ----------
    asked : bool
        Whether a signal came.

    Notes
    -----
    Only the main thread may take signals; elsewhere the block changes nothing.
    """

    def __init__(self, state_dir: Path) -> None:
        self._kill = state_dir / "kill"
        self._before: dict[signal.Signals, Any] = {}
        self._word_before = ""
        self._base: FrameType | None = None
        self._callback: FrameType | None = None
        self._looks = 0
        self._watches = False
        self.asked = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                self._before[number] = signal.signal(number, self._ask)
            if signal.getsignal(signal.SIGALRM) is signal.SIG_DFL:
                self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._look)
                self._watches = True
            self._base = sys._getframe(1)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._watches:
            signal.setitimer(signal.ITIMER_REAL, 0)
        self._base = self._callback = None
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self.asked:
            self._take_back()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            signal.default_int_handler(number, frame)
        self.asked = True
        self._word_before = self._word()
        self._kill.write_text("stop\n", encoding="utf-8")
        if self._watches:
            signal.setitimer(signal.ITIMER_REAL, _LOOK_S, _LOOK_S)

    def _look(self, number: int, frame: FrameType | None) -> None:
        """Raise in a callback that has run since several looks ago."""
        del number
        while frame is not None and frame.f_back is not self._base and frame is not self._base:
            frame = frame.f_back
        running = None if frame is self._base else frame
        self._looks = self._looks + 1 if running is self._callback else 0
        self._callback = running
        if running is not None and self._looks >= _LOOKS - 1:
            raise StrategyError(
                f"{running.f_code.co_name} did not return and was interrupted",
                field=running.f_code.co_name,
                remedy="let every callback return at once: no loop that waits, no sleep",
            )

    def _word(self) -> str:
        try:
            return self._kill.read_text(encoding="utf-8").strip()
        except OSError:
            return ""

    def _take_back(self) -> None:
        """Leave what was there: a word that nobody read would stop the next session too."""
        if self._word() == "stop":
            self._kill.unlink(missing_ok=True)
        if self._word_before.startswith(_LATCHED) and not self._kill.exists():
            self._kill.write_text(f"{self._word_before}\n", encoding="utf-8")
