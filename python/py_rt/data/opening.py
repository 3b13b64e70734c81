"""Files as bytes: unpack gzip, bzip2, xz, zip and zstandard, and look at the first bytes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, cast

from py_rt._core.formats import ZstdReader
from py_rt.data.quality import IssueLog
from py_rt.errors import DataError

__all__ = ["TORN", "Head", "broken_off", "look", "open_unpacked", "packing_of"]

TORN = (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, zipfile.BadZipFile, OSError)
"""What unpacking raises at a damaged or cut file."""
HEAD_BYTES = 65_536
_PIECE = 1_024
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"PK\x03\x04", "zip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
_SUFFIXES = (".gz", ".bz2", ".xz", ".zip", ".zst")


@dataclass(frozen=True)
class Head:
    """What a recogniser may look at.

    Attributes
    ----------
    path : Path
        The file, or a folder.
    raw : bytes
        The first 64 KiB as they lie on disk; empty for a folder.
    block : bytes
        The same, unpacked.
    """

    path: Path
    raw: bytes
    block: bytes

    @cached_property
    def name(self) -> str:
        """File name, lower case, without its packing: "trades.csv" of Trades.CSV.gz."""
        name = self.path.name.lower()
        return next((name.removesuffix(s) for s in _SUFFIXES if name.endswith(s)), name)

    @cached_property
    def line(self) -> str:
        """The first line as text."""
        return self.block.partition(b"\n")[0].decode("utf-8", errors="replace").rstrip("\r")

    @cached_property
    def members(self) -> tuple[str, ...]:
        """File names inside, of a folder or a zip; else empty."""
        if self.path.is_dir():
            return tuple(sorted(p.name for p in self.path.iterdir() if p.is_file()))
        if packing_of(self.raw) == "zip":
            with zipfile.ZipFile(self.path) as archive:
                return tuple(archive.namelist())
        return ()


def packing_of(raw: bytes) -> str | None:
    """Name the packing by the first bytes; None when there is none."""
    return next((name for magic, name in _MAGIC if raw.startswith(magic)), None)


def look(path: Path, log: IssueLog) -> Head:
    """Read the first bytes of a file, packed and unpacked.

    Raises
    ------
    DataError
        The file is empty, or torn before its first kilobyte.
    """
    if path.is_dir():
        return Head(path, b"", b"")
    with path.open("rb") as file:
        raw = file.read(HEAD_BYTES)
    if not raw:
        raise log.refuse("empty", f"{path.name} is empty", "fetch it again", file=path.name)
    packing = packing_of(raw)
    if packing is None:
        return Head(path, raw, raw)
    block, torn = b"", None
    try:
        if packing == "zip" and len(Head(path, raw, b"").members) != 1:
            return Head(path, raw, b"")
        with open_unpacked(path) as file:
            while len(block) < HEAD_BYTES and (piece := file.read(_PIECE)):
                block += piece
    except TORN as error:
        torn = error
    if torn is not None and not block:
        raise broken_off(path, torn, log, lines=0, byte=0) from None
    if not block:
        raise log.refuse("empty", f"{path.name} is empty", "fetch it again", file=path.name)
    return Head(path, raw, block)


def broken_off(
    path: Path, error: Exception, log: IssueLog, lines: int | None = None, byte: int | None = None
) -> DataError:
    """Record that a packed file cannot be unpacked to its end; raise what it returns.

    ``lines`` and ``byte`` say how much of what is packed could be read.
    """
    why = str(error) or type(error).__name__
    refused = log.refuse(
        "truncated",
        f"{path.name} breaks off: {why}",
        "fetch the file again",
        file=path.name,
        line=None if lines is None else lines + 1,
    )
    if byte is not None:
        refused.where["byte"] = byte
    return refused


def open_unpacked(path: Path) -> IO[bytes]:
    """Open a file for reading bytes, whatever it is packed with.

    Parameters
    ----------
    path : Path
        Plain, gzip, bzip2, xz, zstandard, or a zip of one file.

    Raises
    ------
    DataError
        A zip of several files.
    """
    with path.open("rb") as file:
        packing = packing_of(file.read(8))
    if packing == "gzip":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    if packing == "bzip2":
        return bz2.open(path, "rb")
    if packing == "xz":
        return lzma.open(path, "rb")
    if packing == "zip":
        return _open_zip(path)
    if packing == "zstd":
        return _open_zstd(path)
    return path.open("rb")


def _open_zip(path: Path) -> IO[bytes]:
    archive = zipfile.ZipFile(path)
    names = [name for name in archive.namelist() if not name.endswith("/")]
    if len(names) != 1:
        archive.close()
        raise DataError(
            f"{path.name} holds {len(names)} files: {', '.join(names[:5])}",
            kind="schema",
            remedy="unpack it, and name the files inside",
        )
    return archive.open(names[0])


class _Zstandard(io.RawIOBase):
    """The compiled reader as a raw file."""

    def __init__(self, path: Path) -> None:
        self._reader = ZstdReader(path)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        block = self._reader.read(len(view))
        view[: len(block)] = block
        return len(block)


def _open_zstd(path: Path) -> IO[bytes]:
    return io.BufferedReader(_Zstandard(path), 1 << 20)
