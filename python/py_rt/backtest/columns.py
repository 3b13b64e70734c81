"""The columns of a result: checked as they come from the engine, and turned into arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import py_rt._core as _core
from py_rt.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from py_rt.market import MarketData

__all__ = [
    "DECIMALS",
    "NO_ACTIONS",
    "NO_CALLS",
    "NO_CHARGES",
    "NO_PARENTS",
    "TIMES",
    "Columns",
    "by_symbol",
    "equal_columns",
    "frame",
    "is_denied",
    "listed",
    "over_time",
    "rates_at_exit",
    "rows_of",
    "start_ns",
    "to_array",
    "with_start",
]

DECIMALS = {
    "orders": ("order_qty", "limit_price", "stop_price", "cum_qty", "avg_price"),
    "fills": ("last_qty", "last_price", "fee", "fx_rate"),
    "positions": ("qty", "avg_price", "realized_pnl", "unrealized_pnl"),
    "actions": ("amount", "qty_before", "qty_after", "cash"),
    "charges": ("rate", "qty", "value", "cash", "fx_rate"),
    "margin_calls": ("equity", "required", "qty"),
    "parents": (
        "order_qty",
        "cum_qty",
        "arrival_price",
        "avg_price",
        "slippage_bps",
        "schedule_deviation",
    ),
}
TIMES = {
    "orders": ("ts_created", "ts_updated"),
    "fills": ("ts_event", "ts_recv"),
    "positions": (),
    "actions": ("ts",),
    "charges": ("ts",),
    "margin_calls": ("ts",),
    "parents": ("ts_created", "ts_updated"),
}


NO_ACTIONS: dict[str, list[Any]] = {
    name: [] for name in ("ts", "symbol", "kind", "ratio", *DECIMALS["actions"], "strategy")
}
NO_CHARGES: dict[str, list[Any]] = {
    name: [] for name in ("ts", "symbol", "kind", *DECIMALS["charges"], "currency", "strategy")
}
NO_CALLS: dict[str, list[Any]] = {
    name: []
    for name in ("ts", "kind", "equity", "required", "symbol", "qty", "client_order_id", "strategy")
}
NO_PARENTS: dict[str, list[Any]] = {
    name: []
    for name in (
        "client_order_id",
        "symbol",
        "side",
        "algorithm",
        *DECIMALS["parents"],
        "children",
        "status",
        "reason",
        "tag",
        "strategy",
        *TIMES["parents"],
    )
}


class Columns(Mapping[str, Any]):
    """A table that the engine keeps: a column is made whenever it is asked for, and not kept."""

    def __init__(self, table: _core.RunTable) -> None:
        self._table = table
        self._names = table.names()

    def __getitem__(self, name: str) -> Any:
        return self._table.column(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        """Travel as the columns themselves: another process has no engine that keeps them."""
        return dict, (dict(self),)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self._table)


def rows_of(columns: Mapping[str, Any]) -> int:
    """Return how many rows a table has, without making a column."""
    if isinstance(columns, Columns):
        return columns.rows
    return len(next(iter(columns.values()), ()))


def equal_columns(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a table of the engine, all of whose columns have one length."""
    if name not in raw:
        raise DataError("the engine returned no such table", field=name, remedy="report this")
    if isinstance(raw[name], _core.RunTable):
        return Columns(raw[name])
    columns = dict(raw[name])
    lengths = {key: len(values) for key, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"columns differ in length: {lengths}", field=name, remedy="report this")
    return columns


def is_denied(reason: str | None) -> bool:
    """Whether risk refused the order: its reason names a limit and the value that broke it."""
    return reason is not None and "limit " in reason and ", value " in reason


def with_start(columns: Mapping[str, Any], cash: float, begin: int, warm: bool) -> dict[str, Any]:
    """Let the equity columns begin with the initial cash, before anything happened.

    After a warm-up they begin when it ends, whenever the first row is.
    """
    ts = np.asarray(columns["ts"], dtype=np.int64)
    equity = np.asarray(columns["equity"], dtype=np.float64)
    money = np.asarray(columns["cash"], dtype=np.float64)
    starts = len(ts) and equity[0] == cash and money[0] == cash
    if not starts or (warm and ts[0] > begin):
        before = min(int(ts[0]) - 1, begin) if len(ts) else begin
        ts = np.concatenate([[before], ts])
        equity = np.concatenate([[cash], equity])
        money = np.concatenate([[cash], money])
    return {"ts": ts, "equity": equity, "cash": money}


def start_ns(data: MarketData) -> int:
    """Return when the first row of the data was, ns UTC; 0 without rows."""
    bars, events = data.bars(), data.events()
    firsts = [int(r[c][0]) for r, c in ((bars, "ts_open"), (events, "ts_recv")) if len(r)]
    return min(firsts, default=0)


def to_array(key: str, values: Any, name: str) -> NDArray[Any]:
    """Return a column as float64 where it is decimal text, int64 where it is a time."""
    if key in DECIMALS[name]:
        return np.array([np.nan if v is None else float(v) for v in values], dtype=np.float64)
    if key in TIMES[name]:
        return np.asarray(values, dtype=np.int64)
    column = np.empty(len(values), dtype=object)
    column[:] = list(values)
    return column


def by_symbol(data: MarketData, attribute: str) -> dict[str, float]:
    """Return a number of each instrument by its symbol."""
    return {i.symbol: float(getattr(i, attribute)) for i in data.instruments}


def frame(columns: Mapping[str, NDArray[Any]], times: Sequence[str]) -> pd.DataFrame:
    """Return columns as a DataFrame, with times in UTC."""
    import pandas as pd

    dated = {name: pd.to_datetime(columns[name], utc=True, unit="ns") for name in times}
    return pd.DataFrame({**columns, **dated})


def over_time(ts: NDArray[np.int64], columns: Mapping[str, NDArray[np.float64]]) -> pd.DataFrame:
    """Return columns with times in UTC as index; what begins later begins with its first value."""
    import pandas as pd

    whole = {
        name: np.concatenate([np.repeat(values[:1], len(ts) - len(values)), values])
        for name, values in columns.items()
    }
    index = pd.DatetimeIndex(pd.to_datetime(ts, utc=True, unit="ns"), name="ts")
    return pd.DataFrame(whole, index=index)


def rates_at_exit(
    trips: Mapping[str, NDArray[Any]], fills: Mapping[str, NDArray[Any]]
) -> NDArray[np.float64]:
    """Return the rate of exchange of the fill that ended each round trip."""
    booked = zip(fills["symbol"], fills["ts_event"], fills["fx_rate"], strict=True)
    known = {(symbol, int(at)): rate for symbol, at, rate in booked}
    ends = zip(trips["symbol"], trips["ts_exit"], strict=True)
    return np.array([known[symbol, int(at)] for symbol, at in ends], dtype=np.float64)


def listed(values: Any) -> list[Any]:
    """Return values as a plain list."""
    made: list[Any] = values.tolist() if isinstance(values, np.ndarray) else list(values)
    return made
