"""When a run opens: the end of its warm-up."""

from __future__ import annotations

from typing import Any

import numpy as np

from py_rt._times import format_ns, to_duration_ns, to_ns
from py_rt.errors import ParameterError
from py_rt.market import MarketData

__all__ = ["AT_ONCE", "opening"]

AT_ONCE = -(2**63)
"""No warm-up: the run is open before the first row."""


def opening(warmup: Any, market: MarketData, bar_interval_ns: int, feed_ns: int) -> int:
    """Return the time from which orders may leave, ns UTC.

    Parameters
    ----------
    warmup : None, int, duration such as ``"30d"``, or time
        How many bars of every symbol are only looked at; how long from the first row; until when.
    market : MarketData
        What is traded.
    bar_interval_ns : int
        Interval of bars that are built from trades; 0 for none.
    feed_ns : int
        How long a bar takes to be seen.

    Raises
    ------
    ParameterError
        None of these, or the data are over by then.

    Examples
    --------
    >>> import py_rt as rt
    >>> data = rt.data.sample("us_daily")
    >>> opening(2, data, 0, 0) - int(np.unique(data.bars()["ts_close"])[1])
    1
    """
    if warmup is None:
        return AT_ONCE
    start, end = _span(market)
    if isinstance(warmup, bool):
        raise ParameterError(f"{warmup} is no warm-up", field="warmup", remedy="pass bars or time")
    if isinstance(warmup, (int, np.integer)):
        opens_at = _after_bars(int(warmup), market, start, bar_interval_ns) + feed_ns + 1
    elif isinstance(warmup, str) and not warmup[:4].isdigit():
        opens_at = start + to_duration_ns(warmup, "warmup")
    else:
        opens_at = to_ns(warmup, "warmup")
    if opens_at > end:
        raise ParameterError(
            f"the warm-up lasts until {format_ns(opens_at)}, the data until {format_ns(end)}",
            field="warmup",
            remedy="warm up for less, or load more data",
        )
    return opens_at


def _span(market: MarketData) -> tuple[int, int]:
    bars, events = market.bars(), market.events()
    firsts = [int(r[c][0]) for r, c in ((bars, "ts_open"), (events, "ts_recv")) if len(r)]
    lasts = [int(r[c][-1]) for r, c in ((bars, "ts_close"), (events, "ts_recv")) if len(r)]
    return min(firsts), max(lasts)


def _after_bars(count: int, market: MarketData, start: int, interval_ns: int) -> int:
    """Return when every symbol that has bars has closed this many."""
    if count < 0:
        raise ParameterError(f"{count} is negative", field="warmup", remedy="pass 0 or more bars")
    bars = market.bars()
    if not len(bars):
        if not interval_ns:
            raise ParameterError(
                "there are no bars to count",
                field="warmup",
                remedy='pass a duration such as "5min", or bars="1min"',
            )
        return start // interval_ns * interval_ns + count * interval_ns
    if not count:
        return start
    ends = []
    for place, instrument in enumerate(market.instruments):
        closes = bars["ts_close"][bars["instrument"] == place]
        if 0 < len(closes) < count:
            raise ParameterError(
                f"{instrument.symbol} has {len(closes)} bars",
                field="warmup",
                remedy=f"pass at most {len(closes)}, or load more data",
            )
        ends += [int(closes[count - 1])] if len(closes) else []
    return max(ends)
