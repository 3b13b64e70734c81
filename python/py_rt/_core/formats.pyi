"""The decoders of recorded files. Private: import from `py_rt.data` instead."""

from os import PathLike
from typing import Any, TypeAlias, TypedDict, final

import numpy as np
import numpy.typing as npt

__all__ = [
    "BinanceStream",
    "BitstampReader",
    "DbnReader",
    "IexReader",
    "ItchReader",
    "LobsterReader",
    "Recording",
    "TardisReader",
    "ZstdReader",
    "capture_start",
    "is_bitstamp",
    "is_iex_capture",
    "itch_framing",
    "recognise_recording",
    "tardis_table",
]

@final
class LobsterReader:
    def __new__(cls, midnight: int) -> LobsterReader: ...
    def feed_messages(self, bytes: bytes, last: bool) -> None: ...
    def feed_book(self, bytes: bytes, last: bool) -> None: ...
    def finish(self, symbol: str) -> dict[str, Any]: ...

@final
class ItchReader:
    def __new__(
        cls, framing: str, midnight: int, symbols: list[str] | None = None
    ) -> ItchReader: ...
    def feed(self, bytes: bytes) -> None: ...
    def __len__(self) -> int: ...
    def take(self) -> npt.NDArray[np.uint8]: ...
    def finish(self) -> dict[str, Any]: ...

@final
class DbnReader:
    def __new__(cls) -> DbnReader: ...
    def feed(self, bytes: bytes, last: bool) -> None: ...
    def finish(self) -> dict[str, Any]: ...

@final
class BitstampReader:
    def __new__(cls) -> BitstampReader: ...
    def feed(self, bytes: bytes, last: bool) -> None: ...
    def finish(self, symbol: str) -> dict[str, Any]: ...

@final
class IexReader:
    def __new__(cls, symbols: list[str] | None = None) -> IexReader: ...
    def feed(self, bytes: bytes) -> None: ...
    def finish(self) -> dict[str, Any]: ...

@final
class TardisReader:
    def __new__(cls) -> TardisReader: ...
    def feed(self, bytes: bytes, last: bool) -> None: ...
    def finish(self) -> dict[str, Any]: ...

def capture_start(head: bytes) -> int | None: ...
def is_bitstamp(line: bytes) -> bool: ...
def is_iex_capture(head: bytes) -> bool: ...
def itch_framing(head: bytes) -> str | None: ...
def tardis_table(line: bytes) -> str | None: ...

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

@final
class BinanceStream:
    """Binance frames to rows by the decoder and the books of a live session."""

    def __new__(cls, symbol: str, tick_size: str, lot_size: str, quotes: bool) -> BinanceStream: ...
    def handle_message(self, frame: bytes, ts_recv: int, url: bytes | None) -> int: ...
    def handle_lines(self, lines: bytes, url: bytes | None) -> int: ...
    def take(self) -> npt.NDArray[np.uint8]: ...
    def valid(self, symbol: str) -> bool: ...

@final
class ZstdReader:
    """A zstandard file, unpacked in pieces."""

    def __new__(cls, path: str | PathLike[str]) -> ZstdReader: ...
    def read(self, size: int) -> bytes: ...
