"""The price of a symbol over time, from whatever the data have of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from py_rt.market import Instrument, MarketData

__all__ = ["prices_of"]


def prices_of(
    data: MarketData, instrument: Instrument
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return times (ns UTC) and prices [money]: first open and closes of bars, else trades or mids.

    Examples
    --------
    >>> import py_rt as rt
    >>> data = rt.data.sample("us_daily")
    >>> ts, price = prices_of(data, data.instruments[0])
    >>> len(ts) == len(price) > 1
    True
    """
    from py_rt.backtest.report.series import series_of

    ts, ticks, kind = series_of(data, instrument)
    if kind == "close":
        rows = data.bars()
        first = rows[rows["instrument"] == data.instruments.index(instrument)][:1]
        ts = np.concatenate([first["ts_open"].astype(np.int64), ts])
        ticks = np.concatenate([first["open"].astype(np.float64), ticks])
    return ts, ticks * float(instrument.tick_size)
