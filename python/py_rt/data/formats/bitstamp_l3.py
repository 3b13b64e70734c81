"""Bitstamp's single orders as recorded in 2015: the table of changes, or the raw log of streams.

Neither names the pair, and the venue had one: BTC/USD; ``symbols=`` says another. Times are those
of the recorder. Orders that rested before the recording began are not known until they change.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from py_rt._core.formats import BitstampReader, is_bitstamp
from py_rt.data.decoded import build_decoded, feed
from py_rt.data.opening import Head
from py_rt.data.quality import IssueLog
from py_rt.data.readers import Reader, Wishes
from py_rt.market import MarketData

__all__ = ["READERS"]


def _recognise(head: Head) -> bool:
    return is_bitstamp(head.block.partition(b"\n")[0].rstrip(b"\r"))


def _read(paths: Sequence[Path], wishes: Wishes, log: IssueLog) -> MarketData:
    reader = BitstampReader()
    for path in paths:
        feed(path, reader.feed, log, text=True)
    alone = wishes.symbols if wishes.symbols and len(wishes.symbols) == 1 else None
    symbol = alone[0] if alone else "BTC/USD"
    if alone is None:
        log.note("the recording names no symbol: taken as BTC/USD (override with symbols=)")
    decoded = reader.finish(symbol)
    log.note(
        f"orders: {decoded['created']:,} created, {decoded['changed']:,} changed, "
        f"{decoded['deleted']:,} deleted; {decoded['resting']:,} rest at the end"
    )
    if decoded["unknown"] or decoded["twice"]:
        log.add(
            "sequence",
            "warning",
            f"{decoded['unknown']:,} orders changed or went that were never created: the recording "
            "starts without the full book, so levels are missing until their orders change",
            "look at the touch only after the first minutes",
            symbol=symbol,
        )
    return build_decoded(
        decoded,
        wishes,
        log,
        name=paths[0].name.split(".")[0],
        attribution="Bitstamp, recorded for obAnalytics (GPL >= 2)",
        venue="BITSTAMP",
        asset_class="crypto",
        sessions=False,
    )


READERS = (Reader("bitstamp_l3", _recognise, _read),)
