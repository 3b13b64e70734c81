"""Tables as columns: Parquet, and Arrow files and streams (Feather, IPC)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from py_rt.data.extras import require
from py_rt.data.opening import Head
from py_rt.data.quality import IssueLog
from py_rt.data.readers import Reader, Sheet, Wishes

__all__ = ["READERS"]

_STREAM, _FILES = b"\xff\xff\xff\xff", (b"ARRO", b"FEA1")


def _is_parquet(head: Head) -> bool:
    return head.name.endswith((".parquet", ".pq")) or head.raw.startswith(b"PAR1")


def _is_arrow(head: Head) -> bool:
    return head.name.endswith((".arrow", ".feather", ".ipc")) or head.raw.startswith(b"ARROW1")


def _read_parquet(paths: Sequence[Path], wishes: Wishes, log: IssueLog) -> Iterable[Sheet]:
    parquet = require("pyarrow.parquet", "Parquet")
    return _sheets(paths, wishes, log, parquet.read_table, "Parquet")


def _read_arrow(paths: Sequence[Path], wishes: Wishes, log: IssueLog) -> Iterable[Sheet]:
    feather, ipc = require("pyarrow.feather", "Arrow"), require("pyarrow.ipc", "Arrow")

    def table(path: Path) -> Any:
        with path.open("rb") as file:
            magic = file.read(4)
            file.seek(0)
            if magic == _STREAM:
                return ipc.open_stream(file).read_all()
        if magic not in _FILES:
            raise OSError("it begins with other bytes")
        return feather.read_table(path)

    return _sheets(paths, wishes, log, table, "Arrow")


def _sheets(
    paths: Sequence[Path],
    wishes: Wishes,
    log: IssueLog,
    table: Callable[[Path], Any],
    name: str,
) -> Iterable[Sheet]:
    errors = (require("pyarrow", name).ArrowException, OSError)
    alone = len(paths) == 1 and wishes.symbols is not None and len(wishes.symbols) == 1
    for path in paths:
        if path.stat().st_size == 0:
            raise log.refuse("empty", f"{path.name} is empty", "fetch it again", file=path.name)
        try:
            frame = table(path).to_pandas(split_blocks=True, self_destruct=True)
        except errors as error:
            text = str(error).splitlines()[0]
            raise log.refuse(
                "truncated",
                f"{path.name} is no readable {name} file: {text}",
                "fetch it again",
                file=path.name,
            ) from None
        symbol = wishes.symbols[0] if alone and wishes.symbols else path.name.split(".")[0]
        yield Sheet(frame, symbol, path.name)


READERS = (
    Reader("parquet", _is_parquet, _read_parquet),
    Reader("arrow", _is_arrow, _read_arrow),
)
