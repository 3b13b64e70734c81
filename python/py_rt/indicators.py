"""Streaming indicators: one object for one bar at a time and for whole columns.

Every indicator has the same face: ``update(...)`` takes one bar in and returns the value, ``value``
is the last one, ``ready`` says whether it means something yet, ``reset()`` forgets every bar, and
``batch(...)`` runs a fresh copy over arrays. The two roads are the same arithmetic, equal to the
last bit, in constant time and memory per bar; none looks ahead. Before ``ready`` a value is NaN.

Inputs come in the order high, low, close, volume, only those needed, or as one bar: any object with
attributes of those names (an indicator of one input takes the bar's close). NaN and infinity raise
:class:`~py_rt.errors.DataError` with the row and leave the state as it was.

Conventions are those of TA-Lib. Differences: a constant window has exactly its constant as mean and
no deviation, where TA-Lib leaves rounding noise; ``MACD`` refuses ``fast >= slow`` instead of
exchanging the two; ``VWAP`` and ``ZScore`` do not exist there. An indicator belongs to one thread.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

import py_rt._core.indicators as _core
from py_rt.errors import DataError, ParameterError

__all__ = [
    "ATR",
    "EMA",
    "MACD",
    "OBV",
    "RSI",
    "SMA",
    "VWAP",
    "WMA",
    "Bollinger",
    "Stochastic",
    "ZScore",
]

_Floats = npt.NDArray[np.float64]


def _column(values: Any, field: str) -> _Floats:
    """Turn anything like a column into contiguous float64; what is missing becomes NaN."""
    try:
        raw = np.asarray(values)
        column = np.ascontiguousarray(raw, dtype=np.float64) if raw.dtype.kind in "fiubO" else None
    except (TypeError, ValueError) as error:
        raise DataError(f"no numbers: {error}", field=field, remedy="pass float64") from None
    if column is None:
        raise DataError(f"{raw.dtype} values are no numbers", field=field, remedy="pass float64")
    if raw.ndim != 1:
        raise DataError(
            f"an array of shape {raw.shape} is no column", field=field, remedy="pass one dimension"
        )
    return column


def _columns(given: dict[str, Any]) -> list[_Floats]:
    """Turn the columns, or the one table given in place of the first, into arrays."""
    first, *others = given
    table = given[first]
    if hasattr(table, "columns") and all(given[name] is None for name in others):
        return [_of_table(table, "close" if name == "x" else name) for name in given]
    for name in others:
        if given[name] is None:
            raise ParameterError(
                f"{name} is missing", field=name, remedy=f"pass {', '.join(given)}, or one table"
            )
    columns = [_column(values, name) for name, values in given.items()]
    for name, column in zip(given, columns, strict=True):
        if len(column) != len(columns[0]):
            raise DataError(
                f"{len(column)} values, but {first} has {len(columns[0])}",
                field=name,
                remedy="pass columns of one length",
            )
    return columns


def _of_table(table: Any, name: str) -> _Floats:
    if name not in table.columns:
        raise DataError(
            f"the table has no column {name}",
            field=name,
            remedy=f"its columns are {', '.join(map(str, table.columns))}",
        )
    return _column(table[name], name)


class SMA(_core.SMA):
    """Simple moving average: the mean of the last ``period`` values.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after as many.

    Raises
    ------
    ParameterError
        ``period`` is no whole number in that range.

    Examples
    --------
    >>> from py_rt.indicators import SMA
    >>> sma = SMA(2)
    >>> sma.update(1.0), sma.update(3.0), sma.ready
    (nan, 2.0, True)
    >>> SMA(2).batch([1.0, 3.0, 5.0])
    array([nan,  2.,  4.])
    """

    __slots__ = ()

    def batch(self, x: Any) -> _Floats:
        """Return the average after each value, shape (n,), NaN until ready; state is untouched."""
        return super().batch(*_columns({"x": x}))


class EMA(_core.EMA):
    """Exponential moving average, weight 2 / (period + 1), seeded with the first simple average.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after as many.

    Raises
    ------
    ParameterError
        ``period`` is no whole number in that range.

    Examples
    --------
    >>> from py_rt.indicators import EMA
    >>> EMA(3).batch([1.0, 2.0, 3.0, 4.0])
    array([nan, nan,  2.,  3.])
    """

    __slots__ = ()

    def batch(self, x: Any) -> _Floats:
        """Return the average after each value, shape (n,), NaN until ready; state is untouched."""
        return super().batch(*_columns({"x": x}))


class WMA(_core.WMA):
    """Linearly weighted moving average: weights 1, 2, ..., ``period``, the newest the heaviest.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after as many.

    Raises
    ------
    ParameterError
        ``period`` is no whole number in that range.

    Examples
    --------
    >>> from py_rt.indicators import WMA
    >>> WMA(2).batch([1.0, 4.0, 4.0])
    array([nan,  3.,  4.])
    """

    __slots__ = ()

    def batch(self, x: Any) -> _Floats:
        """Return the average after each value, shape (n,), NaN until ready; state is untouched."""
        return super().batch(*_columns({"x": x}))


class RSI(_core.RSI):
    """Relative strength index, 0 to 100, with Wilder's averages (1978).

    ``100 * gain / (gain + loss)``; 0 when nothing ever moved, as in TA-Lib.

    Parameters
    ----------
    period : int
        Changes, 2 to 1,000,000. Ready after ``period + 1`` values.

    Raises
    ------
    ParameterError
        ``period`` is no whole number in that range.

    Examples
    --------
    >>> from py_rt.indicators import RSI
    >>> RSI(2).batch([10.0, 11.0, 10.0, 12.0])
    array([        nan,         nan, 50.        , 83.33333333])
    """

    __slots__ = ()

    def batch(self, x: Any) -> _Floats:
        """Return the index after each value, shape (n,), NaN until ready; state is untouched."""
        return super().batch(*_columns({"x": x}))


class MACD(_core.MACD):
    """Moving average convergence / divergence (Appel 1979): EMA(fast) - EMA(slow) and its EMA.

    ``update`` returns an object with ``macd``, ``signal`` and ``histogram`` (macd less signal),
    which can be unpacked in that order. As in TA-Lib both averages are seeded on the same bar.

    Parameters
    ----------
    fast, slow, signal : int
        Bars, 1 to 1,000,000, ``fast < slow``. Ready after ``slow + signal - 1`` values.

    Raises
    ------
    ParameterError
        A period is outside its range, or ``fast`` is not less than ``slow``.

    Examples
    --------
    >>> from py_rt.indicators import MACD
    >>> lines = MACD(1, 2, 1).batch([1.0, 2.0, 4.0])
    >>> lines.macd.round(3)
    array([  nan, 0.5  , 0.833])
    """

    __slots__ = ()

    def batch(self, x: Any) -> _core.MacdArrays:
        """Return the three lines, each of shape (n,), NaN until ready; state is untouched."""
        return super().batch(*_columns({"x": x}))


class Stochastic(_core.Stochastic):
    """Slow stochastic oscillator (Lane 1984): where the close stands in the range, 0 to 100.

    ``update(high, low, close)`` returns an object with ``k`` (smoothed place of the close) and
    ``d`` (simple average of ``k``), which can be unpacked. A flat range counts as 0, as in TA-Lib.

    Parameters
    ----------
    period, k_smooth, d_smooth : int
        Bars, 1 to 1,000,000. Ready after ``period + k_smooth + d_smooth - 2`` bars.

    Raises
    ------
    ParameterError
        A length is no whole number in that range.

    Examples
    --------
    >>> from py_rt.indicators import Stochastic
    >>> k, d = Stochastic(1, 1, 1).update(4.0, 2.0, 3.0)
    >>> k, d
    (50.0, 50.0)
    """

    __slots__ = ()

    def batch(self, high: Any, low: Any = None, close: Any = None) -> _core.StochasticArrays:
        """Return both lines, each of shape (n,), NaN until ready; or of one table."""
        return super().batch(*_columns({"high": high, "low": low, "close": close}))


class ATR(_core.ATR):
    """Average true range in units of price: Wilder's average (1978) of the range with gaps.

    True range is ``max(high, last close) - min(low, last close)``; the first bar only provides its
    close, as in TA-Lib.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after ``period + 1`` bars.

    Raises
    ------
    ParameterError
        ``period`` is no whole number in that range.

    Examples
    --------
    >>> from py_rt.indicators import ATR
    >>> atr = ATR(1)
    >>> atr.update(10.0, 9.0, 9.5), atr.update(12.0, 11.0, 11.5)
    (nan, 2.5)
    """

    __slots__ = ()

    def batch(self, high: Any, low: Any = None, close: Any = None) -> _Floats:
        """Return the range after each bar, shape (n,), NaN until ready; or of one table."""
        return super().batch(*_columns({"high": high, "low": low, "close": close}))


class Bollinger(_core.Bollinger):
    """Bollinger bands: the simple average and ``width`` population standard deviations around it.

    ``update`` returns an object with ``upper``, ``middle`` and ``lower``, which can be unpacked.

    Parameters
    ----------
    period : int
        Bars, 2 to 1,000,000. Ready after as many.
    width : float
        Standard deviations (ddof 0), more than 0.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    Examples
    --------
    >>> from py_rt.indicators import Bollinger
    >>> bands = Bollinger(2, 2.0)
    >>> _ = bands.update(1.0)
    >>> upper, middle, lower = bands.update(3.0)
    >>> upper, middle, lower
    (4.0, 2.0, 0.0)
    """

    __slots__ = ()

    def batch(self, x: Any) -> _core.BollingerArrays:
        """Return the three bands, each of shape (n,), NaN until ready; state is untouched."""
        return super().batch(*_columns({"x": x}))


class OBV(_core.OBV):
    """On-balance volume (Granville 1963): the running sum of volume, signed by the close's change.

    Ready from the first bar, which counts with its volume, as in TA-Lib.

    Examples
    --------
    >>> from py_rt.indicators import OBV
    >>> OBV().batch(close=[10.0, 11.0, 10.5], volume=[5.0, 7.0, 1.0])
    array([ 5., 12., 11.])
    """

    __slots__ = ()

    def batch(self, close: Any, volume: Any = None) -> _Floats:
        """Return the sum after each bar, shape (n,); a table may stand for both columns."""
        return super().batch(*_columns({"close": close, "volume": volume}))


class VWAP(_core.VWAP):
    """Volume-weighted average of the typical price (high + low + close) / 3 since the start.

    It never forgets by itself: call ``reset()`` where a session begins. Ready from the first bar
    with volume.

    Examples
    --------
    >>> from py_rt.indicators import VWAP
    >>> vwap = VWAP()
    >>> vwap.update(11.0, 9.0, 10.0, 100.0), vwap.update(14.0, 10.0, 12.0, 300.0)
    (10.0, 11.5)
    """

    __slots__ = ()

    def batch(self, high: Any, low: Any = None, close: Any = None, volume: Any = None) -> _Floats:
        """Return the price after each bar, shape (n,), NaN until ready; or of one table."""
        given = {"high": high, "low": low, "close": close, "volume": volume}
        return super().batch(*_columns(given))


class ZScore(_core.ZScore):
    """Distance of the newest value from the mean of its window, in standard deviations (ddof 1).

    The window ends at the newest value and contains it. Without variance the distance is 0.

    Parameters
    ----------
    period : int
        Bars, 2 to 1,000,000. Ready after as many.

    Raises
    ------
    ParameterError
        ``period`` is no whole number in that range.

    Examples
    --------
    >>> from py_rt.indicators import ZScore
    >>> ZScore(3).batch([1.0, 2.0, 3.0, 3.0, 3.0]).round(3)
    array([  nan,   nan, 1.   , 0.577, 0.   ])
    """

    __slots__ = ()

    def batch(self, x: Any) -> _Floats:
        """Return the distance of each value, shape (n,), NaN until ready; state is untouched."""
        return super().batch(*_columns({"x": x}))
