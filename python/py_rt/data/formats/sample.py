"""The compact file of the bundled samples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from py_rt.data.opening import Head
from py_rt.data.packed import read_packed
from py_rt.data.quality import IssueLog
from py_rt.data.readers import Reader, Wishes
from py_rt.market import MarketData

__all__ = ["READERS"]


def _recognise(head: Head) -> bool:
    return head.name.endswith(".npz") and "meta.npy" in head.members


def _read(paths: Sequence[Path], _wishes: Wishes, log: IssueLog) -> MarketData:
    if len(paths) > 1:
        raise log.refuse("schema", "several sample files are no session", "load them one by one")
    return read_packed(paths[0])


READERS = (Reader("sample", _recognise, _read),)
