"""Columns of trades out of whatever holds them: recordings, tables, mappings of arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from py_rt._layout import TRADE
from py_rt._scales import Floats, Ints, from_units
from py_rt._times import to_ns
from py_rt.errors import DataError, ParameterError

if TYPE_CHECKING:
    from py_rt.market import MarketData

__all__ = ["Trades", "sign_of", "times_of", "trade_columns"]

Trades = tuple[Ints, Floats, Floats, npt.NDArray[np.int8]]

_SIGNS = {"buy": 1, "sell": -1, "b": 1, "s": -1, "": 0, "none": 0, "nan": 0}


def trade_columns(
    data: Any, symbol: str | None = None, clock: Literal["event", "recv"] = "event"
) -> Trades:
    """Return times [ns UTC], prices, quantities and aggressors (1, -1, 0) of trades, in order.

    ``data`` is a MarketData, a table or a mapping with ``ts`` (or ``ts_event``), ``price``, ``qty``
    and perhaps ``side`` (buy/sell or 1/-1).

    Raises
    ------
    DataError
        No trades, a missing column, numbers that are none, several instruments and no symbol.
    ParameterError
        A clock that does not exist.
    """
    if clock not in ("event", "recv"):
        raise ParameterError(f"{clock!r} is no clock", field="clock", remedy="event or recv")
    if hasattr(data, "events") and hasattr(data, "instruments"):
        return _of_recording(data, symbol, clock)
    names = list(data.keys() if hasattr(data, "keys") else getattr(data, "columns", []))
    time = next((n for n in ("ts", f"ts_{clock}", "ts_event", "ts_recv") if n in names), None)
    needed = {"ts": time is not None, "price": "price" in names, "qty": "qty" in names}
    for name, is_there in needed.items():
        if not is_there:
            shown = ", ".join(map(str, names)) or type(data).__name__
            raise DataError(f"no column {name} in {shown}", field=name, remedy="name it so")
    if symbol is not None and "symbol" in names:
        data = data[np.asarray(data["symbol"]) == symbol]
    ts = times_of(data[time], "ts")
    price, qty = _numbers(data["price"], "price"), _numbers(data["qty"], "qty")
    side = _sides(data["side"] if "side" in names else None, len(ts))
    for name, found in (("price", len(price)), ("qty", len(qty)), ("side", len(side))):
        if found != len(ts):
            raise DataError(
                f"{found} values, but ts has {len(ts)}",
                field=name,
                remedy="pass columns of one length",
            )
    return ts, price, qty, side


def _of_recording(data: MarketData, symbol: str | None, clock: str) -> Trades:
    rows = data.events()
    rows = rows[rows["kind"] == TRADE]
    if symbol is None:
        present = np.unique(rows["instrument"])
        if len(present) > 1:
            named = ", ".join(data.symbols[i] for i in present[:10])
            raise DataError(
                "trades of several instruments", field="symbol", remedy=f"choose one of {named}"
            )
        index = int(present[0]) if len(present) else 0
    else:
        data.instrument(symbol)
        index = data.symbols.index(symbol)
        rows = rows[rows["instrument"] == index]
    if not len(rows):
        raise DataError("there are no trades here", field="data", remedy="pass data with trades")
    instrument = data.instruments[index]
    return (
        np.ascontiguousarray(rows[f"ts_{clock}"]),
        from_units(rows["price"], instrument.tick_size),
        from_units(rows["qty"], instrument.lot_size, "lot_size"),
        np.ascontiguousarray(rows["side"]),
    )


def times_of(values: Any, field: str) -> Ints:
    """Turn a column of instants into ns UTC: integers, datetimes with a zone, or text."""
    zone = getattr(getattr(values, "dt", None), "tz", None)
    if zone is not None:
        values = values.dt.tz_convert("UTC").dt.tz_localize(None)
    raw = np.asarray(values)
    if raw.ndim != 1:
        raise DataError(f"an array of shape {raw.shape} is no column", field=field, remedy="1-d")
    if raw.dtype.kind in "iu":
        return np.ascontiguousarray(raw, dtype=np.int64)
    if raw.dtype.kind == "M":
        if np.isnat(raw).any():
            row = int(np.isnat(raw).argmax())
            raise DataError("time is missing", field=field, row=row, remedy="drop the row")
        if zone is None and hasattr(values, "dt"):
            raise DataError("times without a zone", field=field, remedy="tz_localize them")
        return np.ascontiguousarray(raw.astype("datetime64[ns]").astype(np.int64))
    try:
        return np.array([to_ns(value, field) for value in raw.tolist()], dtype=np.int64)
    except ParameterError as error:
        raise DataError(str(error), field=field, remedy="pass ns UTC") from None


def _numbers(values: Any, field: str) -> Floats:
    raw = np.asarray(values)
    if raw.ndim != 1 or raw.dtype.kind not in "fiuO":
        raise DataError(f"{raw.dtype} of shape {raw.shape} is no column of numbers", field=field,
                        remedy="pass float64")  # fmt: skip
    try:
        return np.ascontiguousarray(raw, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"no numbers: {error}", field=field, remedy="pass float64") from None


def _sides(values: Any, n: int) -> npt.NDArray[np.int8]:
    if values is None:
        return np.zeros(n, dtype=np.int8)
    raw = np.asarray(values)
    if raw.dtype.kind in "iuf":
        bad = ~np.isin(raw, (-1, 0, 1))
        if bad.any():
            row = int(bad.argmax())
            raise DataError(f"{raw[row]} is no side", field="side", row=row, remedy="1, -1 or 0")
        return np.ascontiguousarray(raw, dtype=np.int8)
    return np.array([sign_of(side, row) for row, side in enumerate(raw.tolist())], dtype=np.int8)


def sign_of(side: Any, row: int | None = None) -> int:
    """Turn one side (buy, sell, 1, -1, 0, None) into its sign."""
    if isinstance(side, (int, float)) and side in (-1, 0, 1):
        return int(side)
    sign = _SIGNS.get(str("" if side is None else side).lower())
    if sign is None:
        raise DataError(f"{side!r} is no side", field="side", row=row, remedy="buy, sell or none")
    return sign
