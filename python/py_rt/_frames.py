"""Tables out of market data: the reverse of ``py_rt.data.load``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from py_rt._layout import (
    BOOK_KINDS,
    BUY,
    FLAG_END,
    KIND_NAMES,
    ORDER_EXECUTE,
    ORDER_KINDS,
    QUOTE,
    TRADE,
    Rows,
)
from py_rt._scales import Floats, Ints, from_units
from py_rt.errors import ParameterError

if TYPE_CHECKING:
    from py_rt.market import MarketData

__all__ = ["to_frame"]

_KINDS = ("depth", "trade", "quote", "bar")
_SIDE_NAMES = np.array(["sell", "", "buy"], dtype=object)


def to_frame(data: MarketData, kind: str | None, frame: str) -> Any:
    """Build ``MarketData.to_frame``; see there."""
    if frame not in ("pandas", "polars"):
        raise ParameterError(f"{frame!r} tables", field="frame", remedy="use pandas or polars")
    columns = _columns(data, _chosen(data, kind))
    import pandas as pd

    times = [name for name in columns if name.startswith("ts_")]
    if frame == "pandas":
        dated = {name: pd.to_datetime(columns[name], utc=True, unit="ns") for name in times}
        return pd.DataFrame({**columns, **dated})
    try:
        import polars as pl
    except ImportError:
        raise ParameterError(
            "polars is not installed", field="frame", remedy="pip install polars, or frame='pandas'"
        ) from None
    table = pl.DataFrame({name: list(v) if v.dtype == object else v for name, v in columns.items()})
    return table.with_columns(pl.col(times).cast(pl.Datetime("ns", "UTC")))


def _chosen(data: MarketData, kind: str | None) -> str:
    if kind is not None and kind not in _KINDS:
        raise ParameterError(
            f"{kind!r} is no kind of row", field="kind", remedy=f"use one of {', '.join(_KINDS)}"
        )
    if kind is None and len(data.kinds) != 1:
        raise ParameterError(
            f"the kinds present are {', '.join(data.kinds) or 'none'}",
            field="kind",
            remedy="say which one",
        )
    return data.kinds[0] if kind is None else kind


def _columns(data: MarketData, kind: str) -> dict[str, npt.NDArray[Any]]:
    if kind == "bar":
        return _bar_columns(data)
    events = data.events()
    if kind == "quote":
        return _quote_columns(data, events[events["kind"] == QUOTE])
    kinds = {"trade": (TRADE, ORDER_EXECUTE), "order": ORDER_KINDS}.get(kind, BOOK_KINDS)
    rows = events[np.isin(events["kind"], kinds)]
    side = rows["side"]
    if kind == "trade":  # an execution carries the side of the order that rested
        side = np.where(rows["kind"] == ORDER_EXECUTE, -side, side)
    columns: dict[str, npt.NDArray[Any]] = {
        "symbol": _symbols(data, rows),
        "ts_event": rows["ts_event"].copy(),
        "ts_recv": rows["ts_recv"].copy(),
        "kind": np.array(KIND_NAMES, dtype=object)[rows["kind"]],
        "side": _SIDE_NAMES[side + 1],
        "price": _decimals(data, rows, "price", "tick_size"),
        "qty": _decimals(data, rows, "qty", "lot_size"),
        "flags": rows["flags"].copy(),
    }
    if kind == "order":
        columns["order_id"] = rows["order_id"].copy()
    if kind == "trade":
        columns["kind"][:] = "trade"
        del columns["flags"]
    return columns


def _bar_columns(data: MarketData) -> dict[str, npt.NDArray[Any]]:
    bars = data.bars()
    prices = {
        name: _decimals(data, bars, name, "tick_size") for name in ("open", "high", "low", "close")
    }
    return {
        "symbol": _symbols(data, bars),
        "ts_open": bars["ts_open"].copy(),
        "ts_close": bars["ts_close"].copy(),
        **prices,
        "volume": bars["volume"].copy(),
    }


def _quote_columns(data: MarketData, rows: Rows) -> dict[str, npt.NDArray[Any]]:
    """Lay the rows of one message (bid row, ask row, or one of them) side by side."""
    ends = (rows["flags"] & FLAG_END) != 0
    message = np.concatenate([[0], np.cumsum(ends)[:-1]]).astype(np.intp) if rows.size else ends
    count = int(message[-1]) + 1 if rows.size else 0
    first = np.searchsorted(message, np.arange(count))
    head = rows[first]
    price = _decimals(data, rows, "price", "tick_size")
    qty = _decimals(data, rows, "qty", "lot_size")
    columns: dict[str, npt.NDArray[Any]] = {
        "symbol": _symbols(data, head),
        "ts_event": head["ts_event"].copy(),
        "ts_recv": head["ts_recv"].copy(),
    }
    for name, wanted in (("bid", rows["side"] == BUY), ("ask", rows["side"] != BUY)):
        columns[f"{name}_price"] = np.full(count, np.nan)
        columns[f"{name}_qty"] = np.zeros(count)
        shown = wanted & (rows["qty"] > 0)
        columns[f"{name}_price"][message[shown]] = price[shown]
        columns[f"{name}_qty"][message[shown]] = qty[shown]
    return columns


def _symbols(data: MarketData, rows: Rows) -> npt.NDArray[Any]:
    names: npt.NDArray[Any] = np.array([*data.symbols, ""], dtype=object)
    return np.asarray(names[rows["instrument"]])


def _decimals(data: MarketData, rows: Rows, column: str, size: str) -> Floats:
    """Convert one integer column with the tick or lot of each row's instrument."""
    units: Ints = rows[column]
    values = np.zeros(rows.size, dtype=np.float64)
    sizes = [str(getattr(instrument, size)) for instrument in data.instruments]
    for text in sorted(set(sizes)):
        chosen = np.array([s == text for s in sizes])[rows["instrument"]]
        values[chosen] = from_units(units[chosen], text, size)
    return values
