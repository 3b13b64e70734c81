"""Market data cut into what a catalog keeps in a file each, and the line about such a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from py_rt._layout import CLEAR, SNAPSHOT, Instrument
from py_rt.data.catalog.manifest import Entry
from py_rt.data.catalog.overlap import clock_of
from py_rt.data.catalog.rows import Stretch, rescaled
from py_rt.market import MarketData

__all__ = ["KINDS", "cuts_of", "entry_of"]

KINDS = ("depth", "trade", "quote", "order", "bar")
_KIND_OF_ROW = np.array([0, 1, 0, 0, 2, 3, 3, 3, 3])
"""Row kind (depth, trade, clear, snapshot, quote, four of orders) -> place in ``KINDS``."""


def cuts_of(
    data: MarketData, batch: int, known: dict[str, Instrument]
) -> Iterator[tuple[str, str, Stretch]]:
    """Cut market data by symbol and kind, in the steps of the catalog."""
    events, bars = data.events(), data.bars()
    kinds = _KIND_OF_ROW[events["kind"]]
    for number, instrument in enumerate(data.instruments):
        mine = events["instrument"] == number
        cuts = [(events, np.flatnonzero(mine & (kinds == k)), KINDS[k]) for k in range(4)]
        cuts.append((bars, np.flatnonzero(bars["instrument"] == number), "bar"))
        for rows, which, kind in cuts:
            if not which.size:
                continue
            part = rows[which]
            part["instrument"] = 0
            part = rescaled(part, instrument, known[instrument.symbol])
            numbers = np.full(which.size, batch, dtype=np.int64)
            yield instrument.symbol, kind, Stretch(part, numbers, which.astype(np.int64))


def entry_of(
    instrument: Instrument, kind: str, period: str, part: Stretch, content: bytes
) -> Entry:
    """Say of a file what the manifest keeps: its span, its size and its SHA-256."""
    clock = clock_of(part.rows)
    begins = part.rows["ts_open" if kind == "bar" else "ts_event"]
    ends = part.rows["ts_close" if kind == "bar" else "ts_event"]
    whole = kind == "depth" and bool(np.isin(part.rows["kind"], (SNAPSHOT, CLEAR)).any())
    return Entry(
        symbol=instrument.symbol,
        kind=kind,
        period=period,
        rows=int(part.rows.size),
        first=int(clock[0]),
        last=int(clock[-1]),
        start=int(begins.min()),
        end=int(ends.max()),
        whole=whole,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        tick_size=instrument.tick_size,
        lot_size=instrument.lot_size,
    )
