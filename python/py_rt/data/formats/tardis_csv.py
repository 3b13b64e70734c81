"""Tardis CSV: trades, quotes, incremental_book_L2 and book_snapshot files, one or several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from py_rt._core.formats import TardisReader, tardis_table
from py_rt.data.decoded import build_decoded, feed
from py_rt.data.opening import Head
from py_rt.data.quality import IssueLog
from py_rt.data.readers import Reader, Wishes
from py_rt.market import MarketData

__all__ = ["READERS"]

_QUOTED = ("FDUSD", "USDT", "USDC", "BUSD", "USD", "EUR", "GBP", "JPY", "BTC", "ETH")


def _recognise(head: Head) -> bool:
    return tardis_table(head.block.partition(b"\n")[0].rstrip(b"\r")) is not None


def _read(paths: Sequence[Path], wishes: Wishes, log: IssueLog) -> MarketData:
    reader = TardisReader()
    for path in paths:
        feed(path, reader.feed, log, text=True)
    decoded = reader.finish()
    venue = decoded["venue"].upper()
    derivative = any(word in venue for word in ("FUTURES", "SWAP", "DERIBIT", "BITMEX", "BYBIT"))
    symbol = decoded["symbols"][0].upper() if decoded["symbols"] else ""
    return build_decoded(
        decoded,
        wishes,
        log,
        name=paths[0].name.split(".")[0] if len(paths) == 1 else "",
        attribution="Tardis.dev",
        venue=venue or "TARDIS",
        currency=next((quoted for quoted in _QUOTED if symbol.endswith(quoted)), "USD"),
        asset_class="future" if derivative else "crypto",
        sessions=False,
    )


READERS = (Reader("tardis_csv", _recognise, _read),)
