"""Round trips: what was bought matched with what was sold, first in, first out.

Under first in, first out the k-th unit bought always closes against the k-th unit sold, whichever
came first, also across a change of side. So no queue is needed: lay the cumulated buys and the
cumulated sells on one line, and each stretch between two neighbouring marks has one buy and one
sell. Cost O(n log n) for n fills, in arrays; quantities are whole lots, so nothing is left over by
rounding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["COLUMNS", "fifo_round_trips"]

COLUMNS = (
    "symbol",
    "side",
    "qty",
    "ts_entry",
    "ts_exit",
    "entry_price",
    "exit_price",
    "fees",
    "pnl",
    "return_",
    "duration_s",
)


def fifo_round_trips(
    fills: Mapping[str, Any], lot_size: Mapping[str, float], multiplier: Mapping[str, float]
) -> dict[str, NDArray[Any]]:
    """Match fills first in, first out.

    Parameters
    ----------
    fills : mapping of arrays, each of shape (n,)
        ``symbol`` (text), ``side`` ("buy" or "sell"), ``last_qty``, ``last_price``, ``fee``
        (float64) and ``ts_event`` (ns), in the order in which they happened.
    lot_size, multiplier : mapping
        By symbol: units in a lot, money per unit of price.

    Returns
    -------
    dict of arrays
        The columns of ``COLUMNS``, ordered by the time of exit. ``side`` is "long" or "short";
        ``fees`` is the share of both fills; ``pnl`` is after fees; ``return_`` is pnl over the
        notional at entry. What is still open at the end is not in it.

    Examples
    --------
    >>> trips = fifo_round_trips(
    ...     {"symbol": ["A", "A"], "side": ["buy", "sell"], "last_qty": [2.0, 2.0],
    ...      "last_price": [10.0, 11.0], "fee": [0.5, 0.5], "ts_event": [0, 60_000_000_000]},
    ...     {"A": 1.0}, {"A": 1.0})
    >>> trips["pnl"].tolist(), trips["side"].tolist(), trips["duration_s"].tolist()
    ([1.0], ['long'], [60.0])
    """
    names, rows_of = _rows_by_symbol(np.asarray(fills["symbol"], dtype=object))
    buys = np.asarray(fills["side"], dtype=object) == "buy"
    table = {name: np.asarray(fills[name]) for name in ("last_qty", "last_price", "fee")}
    ts = np.asarray(fills["ts_event"], dtype=np.int64)
    parts = []
    for symbol, rows in zip(names, rows_of, strict=True):
        parts.append(
            _one_symbol(
                symbol,
                rows[buys[rows]],
                rows[~buys[rows]],
                table,
                ts,
                lot_size[symbol],
                multiplier[symbol],
            )
        )
    return _joined(parts)


def _rows_by_symbol(symbols: NDArray[Any]) -> tuple[list[str], list[NDArray[np.intp]]]:
    """Return the symbols in the order of first appearance, and the rows of each, ascending."""
    places: dict[str, int] = {}
    codes = np.array([places.setdefault(symbol, len(places)) for symbol in symbols], dtype=np.intp)
    names = list(places)
    order = np.argsort(codes, kind="stable")
    cuts = np.searchsorted(codes[order], np.arange(1, len(names)))
    return [str(name) for name in names], np.split(order, cuts) if names else []


def _one_symbol(
    symbol: str,
    buys: NDArray[np.intp],
    sells: NDArray[np.intp],
    table: Mapping[str, NDArray[np.float64]],
    ts: NDArray[np.int64],
    lot: float,
    multiplier: float,
) -> dict[str, NDArray[Any]]:
    lots = np.rint(table["last_qty"] / lot).astype(np.int64)
    bought, sold = np.cumsum(lots[buys]), np.cumsum(lots[sells])
    closed = min(bought[-1] if len(bought) else 0, sold[-1] if len(sold) else 0)
    marks = np.union1d(bought, sold)
    marks = marks[(marks > 0) & (marks <= closed)]
    matched = np.diff(marks, prepend=0)
    buy = buys[np.searchsorted(bought, marks)]
    sell = sells[np.searchsorted(sold, marks)]
    entry, leave = np.minimum(buy, sell), np.maximum(buy, sell)
    price, fee = table["last_price"], table["fee"]
    fees = matched * (fee[buy] / lots[buy] + fee[sell] / lots[sell])
    qty = matched * lot
    pnl = (price[sell] - price[buy]) * qty * multiplier - fees
    notional = np.abs(price[entry] * qty * multiplier)
    returns = np.divide(pnl, notional, out=np.zeros_like(pnl), where=notional > 0)
    return {
        "symbol": np.full(len(qty), symbol, dtype=object),
        "side": np.where(buy < sell, "long", "short").astype(object),
        "qty": qty,
        "ts_entry": ts[entry],
        "ts_exit": ts[leave],
        "entry_price": price[entry],
        "exit_price": price[leave],
        "fees": fees,
        "pnl": pnl,
        "return_": returns,
        "duration_s": (ts[leave] - ts[entry]) / 1e9,
    }


def _joined(parts: list[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    if not parts:
        kinds = {"symbol": object, "side": object, "ts_entry": np.int64, "ts_exit": np.int64}
        return {name: np.empty(0, dtype=kinds.get(name, np.float64)) for name in COLUMNS}
    whole = {name: np.concatenate([part[name] for part in parts]) for name in COLUMNS}
    order = np.argsort(whole["ts_exit"], kind="stable")
    return {name: column[order] for name, column in whole.items()}
