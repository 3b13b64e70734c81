"""The numbers behind the charts, thinned so that no high and no low is lost.

Series are cut into equal buckets and the lowest and the highest point of each is kept, so a chart
of a few thousand points shows the extremes of millions. Times travel as whole milliseconds and
prices as whole ticks, both as differences.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from py_rt.backtest.measures import drawdowns
from py_rt.backtest.sessions import session_zone

if TYPE_CHECKING:
    from py_rt.backtest.result import BacktestResult
    from py_rt.market import Instrument, MarketData

__all__ = ["charted_symbols", "payload", "series_of", "thin", "thin_fills"]

_MS = 1_000_000
_TRADE, _QUOTE = 1, 4
_ACCOUNT_POINTS = 3_000
_PRICE_POINTS, _PRICE_POINTS_ALL = 3_000, 48_000
_FILLS, _FILLS_ALL = 3_000, 9_000
_POSITION_POINTS, _POSITION_POINTS_ALL = 2_000, 24_000
_BOOK_POINTS = 1_500
SYMBOLS_MAX = 24
_GAP_NS = 2 * 3_600_000_000_000
_INTRADAY_NS = 6 * 3_600_000_000_000


def payload(result: BacktestResult) -> dict[str, Any]:
    """Return what the charts draw, as plain values for JSON."""
    symbols = charted_symbols(result)
    start, end = _window(result)
    return {
        "start": start // _MS,
        "end": -(-end // _MS),
        "zone": session_zone(result.data.instruments),
        "sessions": _sessions(result.data),
        "account": _account(result),
        "symbols": [_symbol(result, i, len(symbols), end) for i in symbols],
    }


def charted_symbols(result: BacktestResult) -> list[Instrument]:
    """Return the instruments to chart: by traded notional, then by name; at most 24."""
    fills = result.arrays("fills")
    traded = {
        symbol: float(fills["notional"][fills["symbol"] == symbol].sum())
        for symbol in dict.fromkeys(fills["symbol"].tolist())
    }
    wanted = [i for i in result.data.instruments if i.symbol in traded or not traded]
    return sorted(wanted, key=lambda i: (-traded.get(i.symbol, 0.0), i.symbol))[:SYMBOLS_MAX]


def thin(values: NDArray[Any], points: int) -> NDArray[np.intp]:
    """Return indices of at most about ``points`` values that keep every bucket's extremes.

    Examples
    --------
    >>> import numpy as np
    >>> thin(np.array([0, 9, 1, 1, -5, 1, 1, 1]), 6).tolist()
    [0, 1, 4, 5, 7]
    """
    n = len(values)
    if n <= points:
        return np.arange(n)
    edges = np.linspace(0, n, max(points // 2 - 1, 1) + 1).astype(np.intp)
    kept = {0, n - 1}
    for low, high in pairwise(edges.tolist()):
        part = values[low:high]
        kept.add(int(low + part.argmin()))
        kept.add(int(low + part.argmax()))
    return np.array(sorted(kept), dtype=np.intp)


def thin_fills(fills: dict[str, NDArray[Any]], most: int) -> dict[str, NDArray[Any]]:
    """Join fills of one side that lie close in time until at most ``most`` are left.

    A joined fill has the mean time, the sum of the quantities and fees, the average price weighted
    by quantity, and their number ``n``.
    """
    ts, qty = fills["ts_event"], fills["signed_qty"]
    ones = np.ones(len(ts), dtype=np.int64)
    columns = {"ts": ts, "price": fills["last_price"], "qty": qty, "fee": fills["fee"], "n": ones}
    if len(ts) <= most:
        return columns
    buckets = max(most // 2, 1)
    width = max(int(ts.max() - ts.min()) + 1, 1)
    place = ((ts - ts.min()) * (buckets / width)).astype(np.int64)
    _, group = np.unique(place * 2 + (qty > 0), return_inverse=True)
    number = np.bincount(group)
    weight = np.bincount(group, np.abs(qty))
    value = np.bincount(group, np.abs(qty) * fills["last_price"])
    mean_ts = ts.min() + np.bincount(group, (ts - ts.min()).astype(np.float64)) / number
    order = np.argsort(mean_ts, kind="stable")
    joined = {
        "ts": mean_ts.astype(np.int64),
        "price": value / np.maximum(weight, 1e-300),
        "qty": np.bincount(group, qty),
        "fee": np.bincount(group, fills["fee"]),
        "n": number,
    }
    return {name: column[order] for name, column in joined.items()}


def _window(result: BacktestResult) -> tuple[int, int]:
    ts = result.equity_arrays["ts"]
    return int(ts[0]), max(int(ts[-1]), result.end_ts)


def _account(result: BacktestResult) -> dict[str, Any]:
    columns = result.equity_arrays
    equity, fall = columns["equity"], drawdowns(columns["equity"])
    net = np.divide(equity - columns["cash"], equity, out=np.zeros_like(equity), where=equity > 0)
    third = _ACCOUNT_POINTS // 3
    kept = np.union1d(thin(equity, third), np.union1d(thin(fall, third), thin(net, third)))
    digits = 2 if abs(equity[0]) >= 1_000 else 6
    beside = result.benchmark
    worth = beside.worth(columns["ts"][kept], result.cash) if beside is not None else None
    return {
        "t": _differences(columns["ts"][kept] // _MS),
        "equity": np.round(equity[kept], digits).tolist(),
        "benchmark": None if worth is None else np.round(worth, digits).tolist(),
        "benchmark_name": None if beside is None else beside.name,
        "drawdown": np.round(fall[kept], 6).tolist(),
        "net": np.round(net[kept], 5).tolist(),
    }


def _symbol(
    result: BacktestResult, instrument: Instrument, n_symbols: int, end: int
) -> dict[str, Any]:
    tick = float(instrument.tick_size)
    everything = result.arrays("fills")
    own = everything["symbol"] == instrument.symbol
    fills = {name: column[own] for name, column in everything.items()}
    ts, ticks, kind = series_of(result.data, instrument)
    kept = thin(ticks, min(_PRICE_POINTS, _PRICE_POINTS_ALL // n_symbols))
    shown = thin_fills(fills, min(_FILLS, _FILLS_ALL // n_symbols))
    return {
        "symbol": instrument.symbol,
        "currency": instrument.currency,
        "kind": kind,
        "tick": tick,
        "decimals": _decimals(instrument.tick_size),
        "t": _differences(ts[kept] // _MS),
        "p": _differences(np.round(ticks[kept], 1)),
        "fills": {
            "t": _differences(shown["ts"] // _MS),
            "p": np.round(shown["price"], _decimals(instrument.tick_size) + 1).tolist(),
            "q": np.round(shown["qty"], 8).tolist(),
            "fee": np.round(shown["fee"], 6).tolist(),
            "n": shown["n"].tolist(),
        },
        "joined": len(fills["fee"]) > len(shown["fee"]),
        "n_fills": len(fills["fee"]),
        "position": _position(fills, end, min(_POSITION_POINTS, _POSITION_POINTS_ALL // n_symbols)),
    }


def _position(fills: dict[str, NDArray[Any]], end: int, points: int) -> dict[str, Any]:
    """Return the quantity held after each fill, and up to the end."""
    factor = fills["split_factor"]
    position = np.cumsum(fills["signed_qty"] * factor) / factor
    steps = thin(position, points)
    return {
        "t": _differences(np.append(fills["ts_event"][steps], [end] * bool(len(steps))) // _MS),
        "q": np.round(np.append(position[steps], position[-1:]), 8).tolist(),
    }


def series_of(
    data: MarketData, instrument: Instrument
) -> tuple[NDArray[np.int64], NDArray[np.float64], str]:
    """Return times, prices in ticks and what they are: closes, trades, quote or book mids."""
    index = data.instruments.index(instrument)
    bars = data.bars()
    rows = bars[bars["instrument"] == index]
    if len(rows):
        return rows["ts_close"].astype(np.int64), rows["close"].astype(np.float64), "close"
    events = data.events()
    own = events["instrument"] == index
    rows = events[own & (events["kind"] == _TRADE)]
    if len(rows):
        return rows["ts_event"].astype(np.int64), rows["price"].astype(np.float64), "trade"
    rows = events[own & (events["kind"] == _QUOTE)]
    if len(rows):
        return _quote_mids(rows)
    if own.any():
        return _book_mids(data, instrument, events["ts_event"][own])
    return np.empty(0, dtype=np.int64), np.empty(0), "none"


def _quote_mids(rows: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.float64], str]:
    prices = []
    for side in (1, -1):
        price = np.where(rows["side"] == side, rows["price"], 0)
        last = np.maximum.accumulate(np.where(price != 0, np.arange(len(rows)), 0))
        prices.append(price[last])
    known = (prices[0] > 0) & (prices[1] > 0)
    mids = (prices[0] + prices[1])[known] / 2.0
    return rows["ts_event"][known].astype(np.int64), mids, "mid"


def _book_mids(
    data: MarketData, instrument: Instrument, ts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], str]:
    at = np.linspace(ts.min(), ts.max(), _BOOK_POINTS).astype(np.int64)
    books = data.books(depth=1, at=at, symbol=instrument.symbol)
    mids = (books.bid_price[:, 0] + books.ask_price[:, 0]) / 2.0 / float(instrument.tick_size)
    known = np.isfinite(mids)
    return at[known], mids[known], "mid"


def _sessions(data: MarketData) -> list[list[int]] | None:
    """Return the stretches of trading, so that charts can leave the nights out; else None.

    Only for venues with sessions and data finer than a few hours. Pairs of milliseconds.
    """
    bars = data.bars()
    if not len(bars) or any(not i.sessions for i in data.instruments):
        return None
    ts = np.unique(bars["ts_close"])
    if len(ts) < 3:
        return None
    steps = np.diff(ts)
    typical = int(np.median(steps))
    cuts = np.flatnonzero(steps > max(_GAP_NS, 10 * typical))
    if typical > _INTRADAY_NS or not len(cuts):
        return None
    opens = np.append(ts[:1], ts[cuts + 1]) - typical
    closes = np.append(ts[cuts], ts[-1:])
    return [[int(a // _MS), int(-(-b // _MS))] for a, b in zip(opens, closes, strict=True)]


def _differences(values: NDArray[Any]) -> list[float] | list[int]:
    """Return the first value, then each minus the one before; whole numbers where they are."""
    steps = np.diff(values, prepend=0)
    if np.issubdtype(steps.dtype, np.floating):
        steps = np.round(steps, 1)
        if (steps == np.rint(steps)).all():
            steps = steps.astype(np.int64)
    listed: list[float] | list[int] = steps.tolist()
    return listed


def _decimals(step: str) -> int:
    whole = step.rstrip("0") if "." in step else step
    return len(whole.partition(".")[2])
