"""Moving averages."""

from __future__ import annotations

from typing import Self

import py_rt._core.indicators as _core
from py_rt.indicators._columns import Floats, OfCloseVolume, OfValue

__all__ = [
    "DEMA",
    "EMA",
    "HMA",
    "HT_TRENDLINE",
    "KAMA",
    "MA",
    "MAMA",
    "SMA",
    "T3",
    "TEMA",
    "TRIMA",
    "VWMA",
    "WMA",
]


class SMA(OfValue[float, Floats]):
    """Simple moving average: the mean of the last ``period`` values.

    A constant window gives exactly its constant.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after as many.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    Examples
    --------
    >>> from py_rt.indicators import SMA
    >>> SMA(2).batch([1.0, 3.0, 5.0])
    array([nan,  2.,  4.])
    """

    __slots__ = ()

    def __new__(cls, period: int) -> Self:
        return super().__new__(cls, "SMA", period)


class EMA(OfValue[float, Floats]):
    """Exponential moving average, weight 2 / (period + 1), seeded with the first simple average.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after as many.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    Examples
    --------
    >>> from py_rt.indicators import EMA
    >>> EMA(3).batch([1.0, 2.0, 3.0, 4.0])
    array([nan, nan,  2.,  3.])
    """

    __slots__ = ()

    def __new__(cls, period: int) -> Self:
        return super().__new__(cls, "EMA", period)


class WMA(OfValue[float, Floats]):
    """Linearly weighted moving average: weights 1, 2, ..., ``period``, the newest the heaviest.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after as many.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    Examples
    --------
    >>> from py_rt.indicators import WMA
    >>> WMA(2).batch([1.0, 4.0, 4.0])
    array([nan,  3.,  4.])
    """

    __slots__ = ()

    def __new__(cls, period: int) -> Self:
        return super().__new__(cls, "WMA", period)


class DEMA(OfValue[float, Floats]):
    """Double exponential moving average: 2 e1 - e2, e2 the average of the average e1.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after ``2 period - 1``.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Mulloy 1994, Smoothing data with faster moving averages.

    Examples
    --------
    >>> from py_rt.indicators import DEMA
    >>> DEMA(2).batch([1.0, 2.0, 4.0, 8.0]).round(3)
    array([  nan,   nan, 4.   , 7.741])
    """

    __slots__ = ()

    def __new__(cls, period: int) -> Self:
        return super().__new__(cls, "DEMA", period)


class TEMA(OfValue[float, Floats]):
    """Triple exponential moving average: 3 e1 - 3 e2 + e3.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after ``3 period - 2``.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Mulloy 1994, Smoothing data with faster moving averages.

    Examples
    --------
    >>> from py_rt.indicators import TEMA
    >>> TEMA(2).batch([1.0, 2.0, 4.0, 8.0]).round(3)
    array([  nan,   nan,   nan, 7.741])
    """

    __slots__ = ()

    def __new__(cls, period: int) -> Self:
        return super().__new__(cls, "TEMA", period)


class TRIMA(OfValue[float, Floats]):
    """Triangular moving average: a simple average of a simple average.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after as many.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    Examples
    --------
    >>> from py_rt.indicators import TRIMA
    >>> TRIMA(3).batch([1.0, 2.0, 6.0, 8.0])
    array([ nan,  nan, 2.75, 5.5 ])
    """

    __slots__ = ()

    def __new__(cls, period: int) -> Self:
        return super().__new__(cls, "TRIMA", period)


class KAMA(OfValue[float, Floats]):
    """Kaufman's adaptive moving average: the weight follows the efficiency of the move.

    Efficiency is |x - x n bars ago| / sum of |changes|; the weight
    (efficiency (2/3 - 2/31) + 2/31)^2.

    Parameters
    ----------
    period : int
        Bars, 2 to 1,000,000. Ready after ``period + 1``.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Kaufman 1995, Smarter Trading.

    Examples
    --------
    >>> from py_rt.indicators import KAMA
    >>> KAMA(2).batch([1.0, 2.0, 3.0, 2.5]).round(3)
    array([  nan,   nan, 2.444, 2.448])
    """

    __slots__ = ()

    def __new__(cls, period: int = 30) -> Self:
        return super().__new__(cls, "KAMA", period)


class MAMA(OfValue[_core.MamaValue, _core.MamaArrays]):
    """MESA adaptive moving average: the weight follows the rate of change of the phase.

    ``mama`` is the average, ``fama`` follows it with half the weight. Both start at 0, as in
    TA-Lib; ready after 33 values.

    Parameters
    ----------
    fast_limit : float
        Greatest weight, 0.01 to 0.99.
    slow_limit : float
        Least weight, 0.01 to 0.99.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Ehlers 2001, MESA adaptive moving averages.

    Examples
    --------
    >>> from py_rt.indicators import MAMA
    >>> import numpy as np
    >>> MAMA().batch(np.arange(40.0)).mama[-1].round(3)
    np.float64(37.894)
    """

    __slots__ = ()

    def __new__(cls, fast_limit: float = 0.5, slow_limit: float = 0.05) -> Self:
        return super().__new__(cls, "MAMA", fast_limit, slow_limit)


class T3(OfValue[float, Floats]):
    """Tillson's T3: a generalised double exponential average, three times over.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after ``6 period - 5``.
    factor : float
        Volume factor, 0 to 1.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Tillson 1998, Smoothing techniques for more accurate signals.

    Examples
    --------
    >>> from py_rt.indicators import T3
    >>> T3(2).batch([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0]).round(3)[-1]
    np.float64(7.113)
    """

    __slots__ = ()

    def __new__(cls, period: int = 5, factor: float = 0.7) -> Self:
        return super().__new__(cls, "T3", period, factor)


class HMA(OfValue[float, Floats]):
    """Hull's moving average: WMA(sqrt n) of 2 WMA(n / 2) - WMA(n).

    n / 2 is rounded down, sqrt n to the nearest.

    Parameters
    ----------
    period : int
        Bars, 2 to 1,000,000. Ready after ``period + round(sqrt(period)) - 1``.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Hull 2005.

    Examples
    --------
    >>> from py_rt.indicators import HMA
    >>> HMA(4).batch([1.0, 2.0, 3.0, 4.0, 8.0]).round(3)
    array([  nan,   nan,   nan,   nan, 6.867])
    """

    __slots__ = ()

    def __new__(cls, period: int) -> Self:
        return super().__new__(cls, "HMA", period)


class VWMA(OfCloseVolume[float, Floats]):
    """Volume-weighted moving average of the close.

    Where a window has no volume it keeps its value.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after as many.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    Examples
    --------
    >>> from py_rt.indicators import VWMA
    >>> VWMA(2).batch(close=[1.0, 2.0, 3.0], volume=[1.0, 1.0, 3.0])
    array([ nan, 1.5 , 2.75])
    """

    __slots__ = ()

    def __new__(cls, period: int) -> Self:
        return super().__new__(cls, "VWMA", period)


class MA(OfValue[float, Floats]):
    """Moving average of any kind; of period 1 the value itself.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000.
    average : str or int
        Kind of average: SMA, EMA, WMA, DEMA, TEMA, TRIMA, KAMA, MAMA, T3, or TA-Lib's
        number of it.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    Examples
    --------
    >>> from py_rt.indicators import MA
    >>> MA(2, "WMA").batch([1.0, 4.0, 4.0])
    array([nan,  3.,  4.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 30, average: str | int = "SMA") -> Self:
        return super().__new__(cls, "MA", period, average)


class HT_TRENDLINE(OfValue[float, Floats]):
    """Instantaneous trend line: the mean price of a whole cycle, smoothed.

    Ready after 64 values.

    References
    ----------
    Ehlers 2001, Rocket Science for Traders.

    Examples
    --------
    >>> from py_rt.indicators import HT_TRENDLINE
    >>> import numpy as np
    >>> HT_TRENDLINE().batch(np.sin(np.arange(200.0) / 4.0))[-1].round(3)
    np.float64(0.003)
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        return super().__new__(cls, "HT_TRENDLINE")
