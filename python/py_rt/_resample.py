"""Time bars of a whole recording, in ticks and ready for a backtest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from py_rt._core.indicators import BarStream
from py_rt._layout import BAR_DTYPE, TRADE, Rows
from py_rt._scales import from_units
from py_rt._times import to_duration_ns, to_ns
from py_rt.errors import DataError, ParameterError

if TYPE_CHECKING:
    from py_rt.market import MarketData

__all__ = ["resampled_bars"]


def resampled_bars(
    data: MarketData,
    every: str | int,
    sessions: Iterable[tuple[Any, Any]],
    clock: Literal["event", "recv"],
) -> Rows:
    """Return the bars of every instrument with trades, sorted by close, then instrument."""
    if clock not in ("event", "recv"):
        raise ParameterError(f"{clock!r} is no clock", field="clock", remedy="event or recv")
    frame = to_duration_ns(every, "every")
    instants = [(to_ns(a, "sessions"), to_ns(b, "sessions")) for a, b in sessions]
    builder = BarStream.time([frame], instants)
    trades = data.events()
    trades = trades[trades["kind"] == TRADE]
    if not trades.size:
        raise DataError("there are no trades here", field="data", remedy="pass data with trades")
    parts = []
    for index, instrument in enumerate(data.instruments):
        rows = trades[trades["instrument"] == index]
        if not rows.size:
            continue
        columns = (
            np.ascontiguousarray(rows[f"ts_{clock}"]),
            rows["price"].astype(np.float64),
            rows["qty"].astype(np.float64),
            np.ascontiguousarray(rows["side"]),
        )
        found = builder.batch(columns, False)
        bars = np.zeros(len(found[0]), dtype=BAR_DTYPE)
        bars["ts_open"], bars["ts_close"], bars["instrument"] = found[0], found[1], index
        for name, prices in zip(("open", "high", "low", "close"), found[3:7], strict=True):
            bars[name] = prices
        lots = found[7].astype(np.int64)
        bars["volume"] = from_units(lots, instrument.lot_size, "lot_size")
        parts.append(bars)
    joined = np.concatenate(parts)
    return joined[np.lexsort((joined["instrument"], joined["ts_close"]))]
