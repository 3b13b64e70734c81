"""Databento Binary Encoding, versions 1 to 3: market by order, trades, best quotes (MBP-1).

In market by order, one execution is one row: a fill and the cancel or modification behind it are
told as ``OrderExecute``, and a trade only as far as no fill covers it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from py_rt._core.formats import DbnReader
from py_rt.data.decoded import build_decoded, feed
from py_rt.data.opening import Head
from py_rt.data.quality import IssueLog
from py_rt.data.readers import Reader, Wishes
from py_rt.market import MarketData

__all__ = ["READERS"]

_READ = {0xA0: "mbo", 0x00: "trades", 0x01: "mbp-1"}
_SCHEMAS = (
    *("mbo", "mbp-1", "mbp-10", "tbbo", "trades", "ohlcv-1s", "ohlcv-1m", "ohlcv-1h", "ohlcv-1d"),
    *("definition", "statistics", "status", "imbalance"),
)


def _recognise(head: Head) -> bool:
    return head.block[:3] == b"DBN"


def _read(paths: Sequence[Path], wishes: Wishes, log: IssueLog) -> MarketData:
    if len(paths) > 1:
        raise log.refuse(
            "schema",
            f"{len(paths)} DBN files: order ids begin again in each",
            "load them one by one",
        )
    path = paths[0]
    reader = DbnReader()
    feed(path, reader.feed, log)
    decoded = reader.finish()
    _judge(path.name, decoded, log)
    venue = decoded["dataset"].partition(".")[0] or "DBN"
    future = venue in ("GLBX", "IFEU", "NDEX", "XEUR")
    return build_decoded(
        decoded,
        Wishes(instruments=wishes.instruments),
        log,
        name=path.name.split(".")[0],
        attribution=f"Databento, {decoded['dataset']}",
        venue=venue,
        asset_class="future" if future else "equity",
    )


def _judge(name: str, decoded: Mapping[str, Any], log: IssueLog) -> None:
    by_type = decoded["by_type"]
    if decoded["rows"].size == 0:
        number = decoded["schema"]
        schema = _SCHEMAS[number] if number < len(_SCHEMAS) else f"number {number}"
        raise log.refuse(
            "schema" if by_type else "empty",
            f"{name} is of the schema {schema} and holds no record of {', '.join(_READ.values())}",
            f"fetch one of {', '.join(_READ.values())}",
        )
    told = {_READ.get(kind, f"type {kind}"): count for kind, count in by_type.items()}
    log.note(f"DBN version {decoded['version']}: {told}")
    skipped = {kind: count for kind, count in by_type.items() if kind not in _READ}
    if skipped:
        log.note(f"{sum(skipped.values()):,} records of other types left out")
    if decoded["by_action"]:
        log.note(f"actions: {decoded['by_action']}; {decoded['resting']:,} orders rest at the end")
    if decoded["unknown_orders"] or decoded["twice"] or decoded["marked"]:
        log.add(
            "sequence",
            "warning",
            f"{decoded['unknown_orders']:,} records speak about orders that were never added, "
            f"{decoded['twice']:,} orders were added twice, {decoded['marked']:,} records stand "
            "behind a gap: their books are invalid from there on",
            "load a file that begins with a snapshot",
        )


READERS = (Reader("dbn", _recognise, _read),)
