"""The decoders of recorded files. Private: import from `py_rt.data` instead."""

from typing import TypeAlias, TypedDict, final

import numpy as np
import numpy.typing as npt

__all__ = ["Recording", "recognise_recording"]

_Step: TypeAlias = tuple[int, int]

class _Settled(TypedDict):
    rows: npt.NDArray[np.uint8]
    instruments: list[tuple[str, _Step, _Step, bool, tuple[int, int]]]
    findings: list[tuple[str, int | None, int, int, int]]
    skipped: dict[str, int]
    forms: dict[str, int]
    stale: int
    verified: int
    empty: int
    nameless: int
    disorder: bool
    sequence_unjudged: bool

@final
class Recording:
    """A recording of one venue on its way in, in blocks."""

    def __new__(cls, venue: str, quotes: bool) -> Recording: ...
    def feed(self, block: bytes) -> tuple[int, int, str] | None:
        """Take a block in; return line, byte and member of a line that cannot be read."""

    def finish_file(self) -> int | None:
        """Say that the file ends; return the number of a torn last line."""

    def settle(self) -> _Settled:
        """Put everything in order, once."""

def recognise_recording(block: bytes) -> str | None:
    """Return the venue of the first lines of a file."""
