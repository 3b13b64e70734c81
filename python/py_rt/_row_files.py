"""Rows as a file that is mapped, not read: data of any length in little memory.

::

    file = b"PYRTROW1" padding | events | padding | bars | padding | JSON | length u64, b"PYRTEND1"

Little-endian; events and bars begin at multiples of 4096 bytes and are the bytes of
``MarketData.events()`` and ``MarketData.bars()``. The JSON at the end names the instruments and
holds the SHA-256 of the content, which is checked whenever the file is opened.
"""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np

from py_rt._layout import BAR_DTYPE, EVENT_DTYPE, Instrument, Rows, join_rows
from py_rt._pages import blocks
from py_rt.errors import DataError, TradingError
from py_rt.market import MarketData

__all__ = ["MAGIC", "RowsWriter", "read_rows"]

MAGIC = b"PYRTROW1"
_END = b"PYRTEND1"
_PAGE = 4096
_TAIL = 16


class RowsWriter:
    """Writes market data piece by piece into a file that ``rt.data.load`` maps.

    The file appears when the block ends without an error, whole or not at all.

    Parameters
    ----------
    path : str or Path
        Conventionally ``.rows``. Replaced if it is there.
    instruments : iterable of Instrument
        All that will come.
    name, attribution : str
        What it is and whom to thank.
    notes : iterable of str
        What was assumed or repaired.

    Examples
    --------
    >>> import tempfile
    >>> import py_rt as rt
    >>> data = rt.data.sample("btcusdt_l2")
    >>> half = len(data.events()) // 2
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with rt.data.RowsWriter(f"{folder}/day.rows", data.instruments) as out:
    ...         out.append(data.events()[:half])
    ...         out.append(data.events()[half:])
    ...     rt.data.load(f"{folder}/day.rows").content_hash() == data.content_hash()
    True
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        instruments: Iterable[Instrument],
        name: str = "",
        attribution: str = "",
        notes: Iterable[str] = (),
    ) -> None:
        self._path = Path(path)
        self._draft = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
        self._instruments = tuple(instruments)
        self._name = name or self._path.name.split(".")[0]
        self._about = {"attribution": attribution, "notes": list(notes)}
        self._events = 0
        self._bars: list[Rows] = []
        self._last = np.iinfo(np.int64).min
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._draft.open("wb+")
        self._file.write(MAGIC.ljust(_PAGE, b"\0"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        file = self._opened()
        try:
            if error is None:
                self._finish(file)
                self._draft.replace(self._path)
        finally:
            file.close()
            self._draft.unlink(missing_ok=True)

    def append(self, part: MarketData | Rows) -> None:
        """Add rows: in receive order, none before the last of those that are there.

        Parameters
        ----------
        part : MarketData, or array of EVENT_DTYPE or BAR_DTYPE
            ``instrument`` of an array is a place among the instruments of the file. MarketData are
            brought to it by symbol, and must have its tick and lot.

        Raises
        ------
        DataError
            Time goes back; an instrument is not one of the file, or has another tick or lot.
        """
        rows = [part] if isinstance(part, np.ndarray) else self._own(part)
        for one in rows:
            if one.dtype == BAR_DTYPE:
                self._bars.append(np.array(one))
            else:
                self._append_events(one)

    def _append_events(self, rows: Rows) -> None:
        checked = MarketData(rows, None, self._instruments).events()
        if not checked.size:
            return
        if int(checked["ts_recv"][0]) < self._last:
            raise DataError(
                "these rows were received before the last ones in the file",
                field="events.ts_recv",
                row=0,
                remedy="append in the order of receipt",
            )
        for block in blocks(checked):
            self._opened().write(block.view(np.uint8).data)
        self._events += checked.size
        self._last = int(checked["ts_recv"][-1])

    def _own(self, data: MarketData) -> list[Rows]:
        places = {known.symbol: place for place, known in enumerate(self._instruments)}
        wanted = np.zeros(len(data.instruments), dtype=np.int64)
        for place, given in enumerate(data.instruments):
            known = self._instruments[places[given.symbol]] if given.symbol in places else None
            if (
                known is None
                or known.tick_size != given.tick_size
                or (known.lot_size != given.lot_size)
            ):
                raise DataError(
                    f"{given.symbol} is not in the file with tick {given.tick_size} and lot "
                    f"{given.lot_size}",
                    field="instruments",
                    remedy="load every part with instruments=, the same that the file was given",
                )
            wanted[place] = places[given.symbol]
        found = []
        for rows in (data.events(), data.bars()):
            part = np.array(rows)
            part["instrument"] = wanted[part["instrument"]]
            found.append(part)
        return [part for part in found if part.size]

    def _finish(self, file: IO[bytes]) -> None:
        bars = join_rows(self._bars, BAR_DTYPE)
        bars = bars[np.argsort(bars["ts_close"], kind="stable")]
        _pad(file)
        file.write(bars.view(np.uint8).data)
        _pad(file)
        file.flush()
        meta: dict[str, Any] = {
            "name": self._name,
            **self._about,
            "instruments": [known.to_dict() for known in self._instruments],
            "events": self._events,
            "bars": len(bars),
        }
        meta["sha256"] = _mapped(file, meta).content_hash()
        text = json.dumps(meta, sort_keys=True, ensure_ascii=False).encode()
        file.seek(0, os.SEEK_END)
        file.write(text + len(text).to_bytes(8, "little") + _END)
        file.flush()
        os.fsync(file.fileno())

    def _opened(self) -> IO[bytes]:
        if self._file is None or self._file.closed:
            raise DataError("the file is not open", remedy="use the writer in a with block")
        return self._file


def read_rows(path: Path) -> MarketData:
    """Map a file that `RowsWriter` wrote; its bytes are checked, block by block.

    Raises
    ------
    DataError
        Not such a file, cut short, or a byte of it is not what was written.
    """
    with path.open("rb") as file:
        try:
            meta = _meta_of(file)
            data = _mapped(file, meta)
            found = data.content_hash()
        except (TradingError, ValueError, KeyError, TypeError, OSError) as error:
            raise _damaged(path, f"cannot be read: {error}") from None
    if found != meta["sha256"]:
        raise _damaged(path, "has changed: its checksum differs")
    return data


def _damaged(path: Path, what: str) -> DataError:
    return DataError(
        f"{path.name} {what}",
        kind="checksum",
        file=str(path),
        remedy="write it again from its source; nothing of it was used",
    )


def _meta_of(file: IO[bytes]) -> dict[str, Any]:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    if tail[8:] != _END:
        raise ValueError("its end is missing")
    length = int.from_bytes(tail[:8], "little")
    if length > size - _TAIL:
        raise ValueError("its end is damaged")
    file.seek(size - _TAIL - length)
    meta = json.loads(file.read(length))
    if not isinstance(meta, dict):
        raise TypeError("its end is no description")
    return meta


def _mapped(file: IO[bytes], meta: dict[str, Any]) -> MarketData:
    bytes_of = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    whole = np.frombuffer(bytes_of, dtype=np.uint8)
    at = _PAGE
    tables: list[Rows] = []
    for name, dtype in (("events", EVENT_DTYPE), ("bars", BAR_DTYPE)):
        end = at + int(meta[name]) * dtype.itemsize
        if int(meta[name]) < 0 or end > whole.size:
            raise ValueError("it is too short for its rows")
        tables.append(whole[at:end].view(dtype))
        at = -(-end // _PAGE) * _PAGE
    known = [Instrument(**fields) for fields in meta["instruments"]]
    notes = [str(note) for note in meta["notes"]]
    return MarketData(
        tables[0], tables[1], known, str(meta["name"]), str(meta["attribution"]), notes
    )


def _pad(file: IO[bytes]) -> None:
    file.write(b"\0" * (-file.tell() % _PAGE))
