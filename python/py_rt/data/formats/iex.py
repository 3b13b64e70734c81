"""IEX DEEP (price levels) and DEEP+ (single orders), from the venue's packet captures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from py_rt._core.formats import IexReader, is_iex_capture
from py_rt.data.decoded import build_decoded, feed
from py_rt.data.opening import Head
from py_rt.data.quality import IssueLog
from py_rt.data.readers import Reader, Wishes
from py_rt.market import MarketData

__all__ = ["READERS"]


def _recognise(head: Head) -> bool:
    return is_iex_capture(head.block)


def _read(paths: Sequence[Path], wishes: Wishes, log: IssueLog) -> MarketData:
    if len(paths) > 1:
        raise log.refuse("schema", "several captures are no session", "load them one by one")
    path = paths[0]
    reader = IexReader(None if wishes.symbols is None else [*wishes.symbols])
    feed(path, lambda block, _last: reader.feed(block), log)
    decoded = reader.finish()
    if decoded["torn"]:
        raise log.refuse(
            "truncated",
            f"{path.name}, byte {decoded['used']}: the last packet breaks off after "
            f"{decoded['torn']} bytes",
            "fetch the file again",
        )
    log.note(f"messages by type: {decoded['by_type']}")
    if decoded["missed"] or decoded["unknown_orders"]:
        log.add(
            "sequence",
            "warning",
            f"{decoded['missed']:,} messages are missing in {path.name}, and "
            f"{decoded['unknown_orders']:,} speak about orders that were never added: their books "
            "are invalid from there on",
            "load a capture that starts before the session",
        )
    return build_decoded(
        decoded,
        wishes,
        log,
        name=path.name.split(".")[0],
        attribution="Data provided by IEX (iextrading.com)",
        venue="IEX",
    )


READERS = (Reader("iex", _recognise, _read),)
