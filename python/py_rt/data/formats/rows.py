"""A file of rows that is mapped, not read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from py_rt._row_files import MAGIC, read_rows
from py_rt.data.opening import Head
from py_rt.data.quality import IssueLog
from py_rt.data.readers import Reader, Wishes
from py_rt.market import MarketData

__all__ = ["READERS"]


def _recognise(head: Head) -> bool:
    return head.block[: len(MAGIC)] == MAGIC


def _read(paths: Sequence[Path], _wishes: Wishes, log: IssueLog) -> MarketData:
    if len(paths) > 1:
        raise log.refuse("schema", "several files of rows are no session", "load them one by one")
    return read_rows(paths[0])


READERS = (Reader("rows", _recognise, _read),)
