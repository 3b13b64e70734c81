"""Backtests of arrays: positions times price changes, with the fees and statistics of the engine.

No orders, no queue, no latency: the position of row t is bought at the price of row t. For quick
looks at an idea; a strategy that survives belongs into ``rt.backtest``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from py_rt._amounts import Number, decimal
from py_rt._times import to_ns
from py_rt.backtest.measures import drawdowns
from py_rt.backtest.round_trips import fifo_round_trips
from py_rt.backtest.sessions import DailyEquity
from py_rt.backtest.stats import Account, Stats, stats_of
from py_rt.errors import DataError, ParameterError
from py_rt.sim_venue import Fees

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["VectorResult", "vector_backtest"]

Floats = NDArray[np.float64]
_DAY_NS = 86_400_000_000_000
_LARGEST_LOTS = 2.0**52


@dataclass(frozen=True, eq=False, repr=False)
class VectorResult:
    """The outcome of ``vector_backtest``; names as in ``BacktestResult``.

    Attributes
    ----------
    symbols : tuple of str
    cash : float
        Initial cash, in money.
    ts : ndarray, shape (n,), int64
        Times of the rows, ns UTC; row numbers when the input has none.
    units : ndarray, shape (n, k)
        Held from row t to row t + 1.
    equity_values, fee_values : ndarray, shape (n,)
        Account value, and fees paid at each row, in money.
    stats : Stats
    equity, fills, positions, round_trips : pandas.DataFrame
    """

    symbols: tuple[str, ...]
    cash: float
    ts: NDArray[np.int64]
    units: Floats
    equity_values: Floats
    fee_values: Floats
    _prices: Floats = field(repr=False)
    _fees_each: Floats = field(repr=False)
    _periods: int = field(repr=False)
    _timed: bool = field(repr=False)

    @property
    def returns(self) -> Floats:
        """Simple returns of the account from row to row, shape (n - 1,)."""
        return np.asarray(self.equity_values[1:] / self.equity_values[:-1] - 1.0)

    @cached_property
    def stats(self) -> Stats:
        """Performance statistics, with definitions and reasons."""
        fills = self._fills
        held = (self.units != 0).any(axis=1)[1:]
        return stats_of(
            Account(
                ts=self.ts,
                equity=self.equity_values,
                daily=self._daily(),
                fill_ts=fills["ts_event"],
                fill_symbol=fills["symbol"],
                fill_signed_qty=np.where(fills["side"] == "buy", 1.0, -1.0) * fills["last_qty"],
                fill_notional=fills["last_qty"] * np.abs(fills["last_price"]),
                fill_fee=fills["fee"],
                trip_pnl=self._trips["pnl"],
                n_orders=len(fills["fee"]),
                held=held,
            )
        )

    @cached_property
    def equity(self) -> pd.DataFrame:
        """``equity drawdown fees`` by row; the first row is the initial cash."""
        import pandas as pd

        table = {"equity": self.equity_values, "drawdown": drawdowns(self.equity_values)}
        return pd.DataFrame({**table, "fees": self.fee_values}, index=self._index())

    @cached_property
    def positions(self) -> pd.DataFrame:
        """Units held from each row to the next, one column a symbol."""
        import pandas as pd

        return pd.DataFrame(self.units, index=self._index(), columns=list(self.symbols))

    @cached_property
    def fills(self) -> pd.DataFrame:
        """Every change of a position: ``ts_event symbol side last_qty last_price fee``."""
        return self._table(self._fills, ("ts_event",))

    @cached_property
    def round_trips(self) -> pd.DataFrame:
        """Fills matched first in, first out, as in ``BacktestResult``."""
        return self._table(self._trips, ("ts_entry", "ts_exit"))

    def to_dict(self) -> dict[str, Any]:
        """Return statistics and curves as plain values, ready for JSON."""
        return {
            "symbols": list(self.symbols),
            "cash": self.cash,
            "stats": self.stats.to_dict(),
            "ts": self.ts.tolist(),
            "equity": self.equity_values.tolist(),
            "fees": self.fee_values.tolist(),
        }

    def __repr__(self) -> str:
        rows, columns = self.units.shape
        return f"VectorResult({rows} rows x {columns} symbols, {self.stats!r})"

    @cached_property
    def _fills(self) -> dict[str, NDArray[Any]]:
        traded = np.diff(self.units, axis=0, prepend=0.0)
        row, column = np.nonzero(traded)
        qty = traded[row, column]
        names = np.array(self.symbols, dtype=object)
        return {
            "ts_event": self.ts[row],
            "symbol": names[column],
            "side": np.where(qty > 0, "buy", "sell").astype(object),
            "last_qty": np.abs(qty),
            "last_price": self._prices[row, column],
            "fee": self._fees_each[row, column],
        }

    @cached_property
    def _trips(self) -> dict[str, NDArray[Any]]:
        largest = float(np.abs(np.diff(self.units, axis=0, prepend=0.0)).sum(axis=0).max())
        lot = 10.0 ** -min(9, int(np.log10(_LARGEST_LOTS / max(largest, 1.0))))
        lots = dict.fromkeys(self.symbols, lot)
        return fifo_round_trips(self._fills, lots, dict.fromkeys(self.symbols, 1.0))

    def _daily(self) -> DailyEquity:
        if not self._timed or not (self.ts % _DAY_NS).any():
            days = self.ts // (_DAY_NS if self._timed else 1)
            return DailyEquity(days[1:], self.equity_values, self._periods)
        days = (self.ts - 1) // _DAY_NS
        last = np.flatnonzero(np.diff(days, append=days[-1] + 1))
        values = np.concatenate([[self.cash], self.equity_values[last]])
        return DailyEquity(days[last], values, self._periods)

    def _index(self) -> Any:
        import pandas as pd

        if not self._timed:
            return pd.RangeIndex(len(self.ts), name="row")
        return pd.DatetimeIndex(pd.to_datetime(self.ts, utc=True, unit="ns"), name="ts")

    def _table(self, columns: dict[str, NDArray[Any]], times: Sequence[str]) -> pd.DataFrame:
        import pandas as pd

        unit: dict[str, Any] = {"utc": True, "unit": "ns"}
        dated = {name: pd.to_datetime(columns[name], **unit) for name in times}
        return pd.DataFrame({**columns, **(dated if self._timed else {})})


def vector_backtest(
    prices: Any,
    positions: Any = None,
    weights: Any = None,
    fees: Fees | None = None,
    cash: Number = 1_000_000,
    times: Any = None,
    periods_per_year: int | None = None,
) -> VectorResult:
    """Value a path of positions: ``positions[t]`` units, bought at ``prices[t]``, earn to t + 1.

    equity[t+1] = equity[t] + sum(positions[t] * (prices[t+1] - prices[t])) - fees[t+1]

    Parameters
    ----------
    prices : array, Series or DataFrame, shape (n,) or (n, k), [money a unit], positive
        A DataFrame gives symbols and times (index).
    positions : as prices, [units]
        Target after trading at each row; negative is short. Exactly one of positions and weights.
    weights : as prices, [share of equity]
        units[t] = weights[t] * equity[t] / prices[t], with the equity before the fees of row t.
    fees : Fees, optional
        Taker rate, amount a unit, minimum and rounding, for each change of a position.
    cash : number [money], default 1,000,000
    times : array of times, optional
        Instead of the index of ``prices``; ns UTC, datetimes with a zone, or dates.
    periods_per_year : int, optional
        Default 252; 365 when the times hold weekends.

    Returns
    -------
    VectorResult
        ``stats equity fills positions round_trips``. The first row of ``equity`` is the initial
        cash; fees of row 0 fall into row 1. Without times every row counts as a day.

    Raises
    ------
    DataError
        NaN or infinity, prices that are not positive, shapes that differ; names the position.
    ParameterError
        Both or neither of positions and weights.
    Degenerate
        The account is used up while weights need its value.

    Notes
    -----
    O(n k). Positions of the last row are valued and left open. No look-ahead is checked: shift a
    signal computed from row t by yourself if it could not be traded at the price of row t.

    Examples
    --------
    >>> import py_rt as rt
    >>> result = rt.vector_backtest([10.0, 11.0, 12.0], positions=[5, 5, 0], cash=100)
    >>> result.equity["equity"].tolist(), result.stats.total_return
    ([100.0, 105.0, 110.0], 0.10000000000000009)
    """
    if (positions is None) == (weights is None):
        raise ParameterError(
            "pass exactly one of positions and weights",
            field="positions",
            remedy="positions in units, or weights as shares of equity",
        )
    fees = Fees() if fees is None else fees
    if not isinstance(fees, Fees):
        raise ParameterError(
            f"{fees!r} is no fee schedule", field="fees", remedy="pass rt.Fees(taker_bps=...)"
        )
    start = float(decimal(cash, "cash", least=0))
    table, symbols = _matrix(prices, "prices")
    if (table <= 0).any():
        row, column = np.argwhere(table <= 0)[0].tolist()
        raise DataError(
            f"price {table[row, column]:g} is not positive",
            field=f"prices, column {symbols[column]}",
            row=row,
            remedy="correct it; for spreads pass the legs",
        )
    name = "positions" if weights is None else "weights"
    wanted, _ = _matrix(positions if weights is None else weights, name, table.shape, symbols)
    ts, timed = _times(prices, times, len(table))
    book = _Costs(fees)
    if weights is None:
        units, paid = wanted, book.of(np.diff(wanted, axis=0, prepend=0.0), table)
    else:
        units, paid = _units_of_weights(wanted, table, start, book)
    fee_values = paid.sum(axis=1)
    gains = np.einsum("ij,ij->i", units[:-1], np.diff(table, axis=0))
    spent = fee_values[1:].copy()
    if spent.size:
        spent[0] += fee_values[0]
    equity = start + np.concatenate([[0.0], np.cumsum(gains - spent)])
    periods = periods_per_year or _periods(ts, timed=timed)
    return VectorResult(symbols, start, ts, units, equity, fee_values, table, paid, periods, timed)


class _Costs:
    """A fee schedule on arrays."""

    def __init__(self, fees: Fees) -> None:
        self.rate = float(fees.taker_bps) * 1e-4
        self.per_unit, self.minimum = float(fees.per_share), float(fees.minimum)
        self.step = float(fees.rounding)

    def of(self, traded: Floats, prices: Floats) -> Floats:
        """Return the fee of each change of a position."""
        qty = np.abs(traded)
        cost = qty * (prices * self.rate + self.per_unit)
        if self.minimum > 0:
            cost = np.where(qty > 0, np.maximum(cost, self.minimum), 0.0)
        if self.step > 0:
            cost = np.rint(cost / self.step) * self.step
        return np.asarray(cost)


def _units_of_weights(
    weights: Floats, prices: Floats, cash: float, book: _Costs
) -> tuple[Floats, Floats]:
    units, paid = np.zeros_like(prices), np.zeros_like(prices)
    held, equity = np.zeros(prices.shape[1]), cash
    for row in range(len(prices)):
        if row:
            equity += float(held @ (prices[row] - prices[row - 1]))
        if equity <= 0.0 and weights[row].any():
            raise DataError(
                f"the account is used up: {equity:g}",
                field="weights",
                row=row,
                remedy="use smaller weights, or end the rows before it",
            )
        units[row] = weights[row] * equity / prices[row]
        paid[row] = book.of(units[row] - held, prices[row])
        equity -= float(paid[row].sum())
        held = units[row]
    return units, paid


def _matrix(
    values: Any,
    name: str,
    shape: tuple[int, ...] | None = None,
    symbols: tuple[str, ...] | None = None,
) -> tuple[Floats, tuple[str, ...]]:
    columns = getattr(values, "columns", None)
    names = None if columns is None else [str(column) for column in columns]
    try:
        table = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError("is no table of numbers", field=name, remedy="pass floats") from None
    if table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2 or not table.size:
        raise DataError(
            f"has shape {table.shape}", field=name, remedy="pass shape (n,) or (n, k), not empty"
        )
    if shape is not None and table.shape != shape:
        raise DataError(
            f"has shape {table.shape}, prices have {shape}", field=name, remedy="make them equal"
        )
    bad = np.argwhere(~np.isfinite(table))
    if len(bad):
        row, column = bad[0].tolist()
        raise DataError(
            f"{table[row, column]} in column {column}",
            field=name,
            row=row,
            remedy="fill or drop it",
        )
    if names is not None and symbols is not None and names != list(symbols):
        if sorted(names) != sorted(symbols):
            remedy = f"use the columns of prices: {', '.join(symbols[:5])}"
            raise DataError("has other columns than prices", field=name, remedy=remedy)
        table = table[:, [names.index(symbol) for symbol in symbols]]
        names = list(symbols)
    if names is None:
        names = [str(i) for i in range(table.shape[1])] if table.shape[1] > 1 else ["ASSET"]
    return table, tuple(names)


def _times(prices: Any, times: Any, n: int) -> tuple[NDArray[np.int64], bool]:
    import pandas as pd

    if times is None:
        index = getattr(prices, "index", None)
        if not isinstance(index, pd.DatetimeIndex):
            return np.arange(n, dtype=np.int64), False
        times = index
    index = pd.Index(times)
    if isinstance(index, pd.DatetimeIndex):
        if index.tz is None and bool((index != index.normalize()).any()):
            raise DataError(
                "the times have no zone", field="times", remedy="use tz_localize(...) first"
            )
        aware = index.tz_localize("UTC") if index.tz is None else index.tz_convert("UTC")
        ts = aware.as_unit("ns").asi8
    else:
        ts = np.array([to_ns(value, "times") for value in index], dtype=np.int64)
    if len(ts) != n:
        raise DataError(f"{len(ts)} times, {n} rows", field="times", remedy="one time a row")
    back = np.flatnonzero(np.diff(ts) <= 0)
    if back.size:
        raise DataError(
            "time does not rise", field="times", row=int(back[0]) + 1, remedy="sort the rows"
        )
    return np.asarray(ts, dtype=np.int64), True


def _periods(ts: NDArray[np.int64], *, timed: bool) -> int:
    weekdays = (ts // _DAY_NS + 4) % 7 if timed else np.ones(1)  # 0 is Sunday, 6 Saturday
    return 365 if bool((weekdays == 6).any()) else 252
