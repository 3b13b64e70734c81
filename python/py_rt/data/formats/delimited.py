"""Tables as text: CSV and its relatives, packed or not, read block by block."""

from __future__ import annotations

import codecs
import csv
import re
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from py_rt.data.opening import TORN, Head, broken_off, look, open_unpacked
from py_rt.data.quality import IssueLog
from py_rt.data.readers import Reader, Sheet, Wishes
from py_rt.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["READERS"]

_DELIMITERS = ",;\t|"
_SUFFIXES = (".csv", ".tsv", ".txt", ".psv")
_WIDE_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_LONGEST_LINE = 1 << 20
_VALUE = re.compile(r"^[+-]?\d+([.,]\d+)*([eE][+-]?\d+)?$|^\d{4}-\d\d-\d\d([T ].*)?$")


def _recognise(head: Head) -> bool:
    if not head.block:
        return False
    if head.name.endswith(_SUFFIXES) or head.block.startswith(_WIDE_BOMS):
        return True
    if b"\0" in head.block:
        return False
    return any(mark in head.line for mark in _DELIMITERS) and "{" not in head.line


def _read(paths: Sequence[Path], wishes: Wishes, log: IssueLog) -> Iterable[Sheet]:
    alone = len(paths) == 1 and wishes.symbols is not None and len(wishes.symbols) == 1
    for path in paths:
        name = wishes.symbols[0] if alone and wishes.symbols else path.name.split(".")[0]
        head = look(path, log)
        if head.block.startswith(_WIDE_BOMS):
            raise log.refuse(
                "encoding",
                f"{path.name} is written in UTF-16 or UTF-32",
                "save it as UTF-8",
                file=path.name,
                line=1,
            )
        separator = max(_DELIMITERS, key=head.line.count)
        _check_header(head.line, separator, path, log)
        with open_unpacked(path) as raw:
            guard = _Guard(raw, separator, path, log)
            frame = _parsed(guard, separator, path, log)
        yield Sheet(frame, name, path.name, guard.line_of)


def _check_header(line: str, separator: str, path: Path, log: IssueLog) -> None:
    first = line.removeprefix("\ufeff").partition("\r")[0]
    names = next(csv.reader([first], delimiter=separator), [])
    where: dict[str, Any] = {"file": path.name, "line": 1}
    filled = [name.strip() for name in names if name.strip()]
    twice = next((name for name in filled if filled.count(name) > 1), None)
    if twice is not None:
        raise log.refuse(
            "schema", f"there are two columns {twice}", "rename one", column=twice, **where
        )
    if len(filled) > 1 and all(_VALUE.match(name) for name in filled):
        raise log.refuse(
            "schema",
            f"{path.name} begins with values, not with the names of its columns",
            "add a header line such as ts,open,high,low,close,volume",
            **where,
        )


def _parsed(guard: _Guard, separator: str, path: Path, log: IssueLog) -> pd.DataFrame:
    import pandas as pd

    exact: dict[str, Any] = {}
    if int(pd.__version__.split(".")[0]) < 3:
        exact["float_precision"] = "round_trip"
    where: dict[str, Any] = {"file": path.name}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.DtypeWarning)
            buffer: Any = guard
            frame: pd.DataFrame = pd.read_csv(
                buffer, sep=separator, encoding="utf-8-sig", index_col=False, **exact
            )
    except pd.errors.EmptyDataError:
        raise log.refuse("empty", f"{path.name} is empty", "fetch it again", **where) from None
    except UnicodeDecodeError as error:
        raise log.refuse(
            "encoding",
            f"{path.name} is not UTF-8: {error.reason}",
            "save it as UTF-8",
            line=_undecodable(path),
            **where,
        ) from None
    except pd.errors.ParserError as error:
        if guard.refusal is not None:
            raise guard.refusal from None
        text = str(error).strip().splitlines()[-1]
        raise log.refuse(
            "schema", f"{path.name} is ragged: {text}", "give every line the same columns", **where
        ) from None
    except TORN as error:
        raise broken_off(path, error, log, guard.lines) from None
    guard.finish()
    return frame


def _undecodable(path: Path) -> int | None:
    with open_unpacked(path) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return None


class _Guard:
    """A file that pandas reads from: looks at every block before it is parsed.

    Refuses zero bytes, endless lines and lines with another number of fields than the header, with
    the number of the line; remembers blank lines, so that a row can be traced to its line.
    """

    def __init__(self, raw: IO[bytes], separator: str, path: Path, log: IssueLog) -> None:
        self._raw, self._path, self._log = raw, path, log
        self._mark = ord(separator)
        self._rest = b""
        self._fields = -1
        self._quoted = False
        self.lines = 0
        self.blank: list[int] = []
        self.refusal: DataError | None = None

    def __iter__(self) -> _Guard:  # pandas asks for it, and reads
        return self

    def read(self, size: int = -1) -> bytes:
        """Return the next block."""
        block = self._raw.read(1 << 20 if size < 0 else size)
        if block:
            try:
                self._look(block)
            except DataError as error:
                self.refusal = error
                raise
        return block

    def line_of(self, row: int) -> int:
        """Return the line that a row stands on, both as the file counts."""
        line = row + 2
        while True:
            moved = row + 2 + bisect_right(self.blank, line)
            if moved == line:
                return line
            line = moved

    def _refuse(self, kind: str, line: int, what: str, remedy: str) -> DataError:
        text = f"line {line} of {self._path.name} {what}"
        return self._log.refuse(kind, text, remedy, file=self._path.name, line=line)

    def _look(self, block: bytes) -> None:
        zero = block.find(b"\0")
        if zero >= 0:
            line = self.lines + block.count(b"\n", 0, zero) + 1
            raise self._refuse(
                "truncated", line, "holds zero bytes: the file was not written to its end",
                "fetch it again",
            )  # fmt: skip
        text = self._rest + block
        end = text.rfind(b"\n") + 1
        self._rest = text[end:]
        if len(self._rest) > _LONGEST_LINE:
            raise self._refuse(
                "schema", self.lines + 1, "has no end within a megabyte", "check the format"
            )
        self._quoted = self._quoted or b'"' in block
        whole = np.frombuffer(text[:end], dtype=np.uint8)
        ends = np.flatnonzero(whole == ord("\n"))
        if self._quoted:
            self.lines += ends.size
            return
        marks = np.cumsum(whole == self._mark)[ends]
        fields = np.diff(marks, prepend=0)
        lengths = np.diff(ends, prepend=-1)
        blank = (lengths <= 2) & (fields == 0) & (whole[np.maximum(ends - 1, 0)] <= 13)
        if self._fields < 0 and (~blank).any():
            self._fields = int(fields[int(np.argmax(~blank))])
        self.blank += (self.lines + 1 + np.flatnonzero(blank)).tolist()
        wrong = np.flatnonzero((fields != self._fields) & ~blank)
        if wrong.size:
            raise self._refuse(
                "schema",
                self.lines + int(wrong[0]) + 1,
                f"has {fields[wrong[0]] + 1} fields, the header {self._fields + 1}",
                "give every line the same columns; delete titles and footers",
            )
        self.lines += ends.size

    def finish(self) -> None:
        """Look at a last line without an end."""
        rest = self._rest.strip()
        if rest and not self._quoted and 0 <= rest.count(bytes([self._mark])) < self._fields:
            raise self._refuse(
                "truncated",
                self.lines + 1,
                "breaks off",
                "fetch the file again, or delete the line",
            )


READERS = (Reader("csv", _recognise, _read, general=True),)
