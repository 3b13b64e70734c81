"""A catalog's folder as a source of ``load``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from py_rt.data.catalog import Catalog
from py_rt.data.catalog.manifest import MANIFEST
from py_rt.data.opening import Head
from py_rt.data.quality import IssueLog
from py_rt.data.readers import Reader, Wishes
from py_rt.market import MarketData

__all__ = ["READERS"]


def _recognise(head: Head) -> bool:
    return head.path.is_dir() and MANIFEST in head.members


def _read(paths: Sequence[Path], wishes: Wishes, log: IssueLog) -> MarketData:
    if len(paths) > 1:
        raise log.refuse("schema", "several catalogs are no session", "load them one by one")
    if not (paths[0] / MANIFEST).is_file():
        raise log.refuse(
            "schema", f"{paths[0].name} is no catalog: it has no {MANIFEST}", "name its folder"
        )
    return Catalog(paths[0]).query(wishes.symbols)


READERS = (Reader("catalog", _recognise, _read),)
