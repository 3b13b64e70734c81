"""NASDAQ TotalView-ITCH 5.0: length-prefixed, SoupBinTCP, or MoldUDP64 in a packet capture.

Messages carry the time of day in New York; the day comes from ``date=``, from the file name, or
from the capture. A whole day holds thousands of symbols: ``symbols=`` keeps the rows of some, and
nothing else is held in memory.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from py_rt._core.formats import ItchReader, capture_start, itch_framing
from py_rt.data.decoded import build_decoded, day_of, feed, midnight_ns
from py_rt.data.opening import Head, look
from py_rt.data.quality import IssueLog
from py_rt.data.readers import Reader, Wishes
from py_rt.market import MarketData

__all__ = ["READERS"]

MOST_ROWS = 200_000_000
_NEW_YORK = ZoneInfo("America/New_York")


def _recognise(head: Head) -> bool:
    return itch_framing(head.block) is not None


def _read(paths: Sequence[Path], wishes: Wishes, log: IssueLog) -> MarketData:
    if len(paths) > 1:
        raise log.refuse(
            "schema",
            f"{len(paths)} ITCH files: order ids begin again in each",
            "load them one by one",
        )
    path = paths[0]
    head = look(path, log)
    framing = itch_framing(head.block)
    if framing is None:
        raise log.refuse(
            "schema",
            f"{path.name}, byte 0: no ITCH 5.0 message, neither length-prefixed nor SoupBinTCP nor "
            "MoldUDP64 in a capture",
            "check the file; other versions of ITCH are not read",
        )
    midnight = midnight_ns(_day(head, framing, wishes, log))
    reader = ItchReader(framing, midnight, None if wishes.symbols is None else [*wishes.symbols])

    def take(block: bytes, _last: bool) -> None:
        reader.feed(block)
        if len(reader) > MOST_ROWS:
            raise log.refuse(
                "schema",
                f"{path.name} has more than {MOST_ROWS:,} rows",
                "pass symbols= to keep those you need",
            )

    feed(path, take, log)
    decoded = reader.finish()
    _judge(path.name, decoded, log)
    return build_decoded(
        decoded,
        wishes,
        log,
        name=path.name.split(".")[0],
        attribution="Data of NASDAQ TotalView-ITCH",
        venue="NASDAQ",
    )


def _day(head: Head, framing: str, wishes: Wishes, log: IssueLog) -> dt.date:
    start = capture_start(head.block) if framing == "capture" else None
    if start is None or wishes.date is not None:
        return day_of(head.path.name, wishes, log)
    return dt.datetime.fromtimestamp(start // 10**9, _NEW_YORK).date()


def _judge(name: str, decoded: Mapping[str, Any], log: IssueLog) -> None:
    if decoded["torn"]:
        raise log.refuse(
            "truncated",
            f"{name}, byte {decoded['used']}: the last message breaks off after "
            f"{decoded['torn']} bytes",
            "fetch the file again",
        )
    counts = " ".join(f"{kind} {count:,}" for kind, count in decoded["by_type"].items())
    log.note(f"messages by type: {counts}")
    if decoded["missed"]:
        log.add(
            "sequence",
            "warning",
            f"{decoded['missed']:,} messages are missing in {name}: books are invalid behind the "
            "hole",
            "merge the other line of the feed into the capture",
        )
    if decoded["unknown_orders"] or decoded["twice"]:
        log.add(
            "sequence",
            "warning",
            f"{decoded['unknown_orders']:,} messages speak about orders that were never added, "
            f"{decoded['twice']:,} orders were added twice: their books are invalid from there on",
            "load a recording that starts before the session",
        )
    for number, ns, state in decoded["halts"]:
        symbol = decoded["symbols"][number]
        log.note(f"{symbol}: trading state {state} at {ns / 1e9:.9f} s after midnight")


READERS = (Reader("itch", _recognise, _read),)
