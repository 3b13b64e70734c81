"""Oscillators of bars."""

from __future__ import annotations

from typing import Self

import py_rt._core.indicators as _core
from py_rt.indicators._columns import (
    Floats,
    OfHighLowClose,
    OfHighLowCloseVolume,
    OfOpenClose,
    OfOpenHighLowClose,
    OfValue,
)

__all__ = ["BOP", "CCI", "IMI", "MFI", "STOCHF", "STOCHRSI", "ULTOSC", "WILLR", "Stochastic"]


class BOP(OfOpenHighLowClose[float, Floats]):
    """Balance of power: (close - open) / (high - low); 0 without a range.

    Examples
    --------
    >>> from py_rt.indicators import BOP
    >>> BOP().update(10.0, 12.0, 8.0, 11.0)
    0.25
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        return super().__new__(cls, "BOP")


class CCI(OfHighLowClose[float, Floats]):
    """Commodity channel index: distance from the mean typical price in .015 mean deviations.

    Without deviation 0. Looks at the whole window on every bar.

    Parameters
    ----------
    period : int
        Bars, 2 to 1,000,000. Ready after as many.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Lambert 1980.

    Examples
    --------
    >>> from py_rt.indicators import CCI
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> close = [9.5, 11.0, 11.5, 12.0, 12.5, 14.0]
    >>> CCI(2).batch(high, low, close).round(3)
    array([    nan,  66.667,  66.667, -66.667,  66.667,  66.667])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "CCI", period)


class IMI(OfOpenClose[float, Floats]):
    """Intraday momentum index: bodies of rising bars in percent of all bodies.

    50 where no bar has a body, as in TA-Lib.

    Parameters
    ----------
    period : int
        Bars, 2 to 1,000,000. Ready after as many.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Chande and Kroll 1994, The New Technical Trader.

    Examples
    --------
    >>> from py_rt.indicators import IMI
    >>> IMI(2).batch([1.0, 2.0, 3.0], [2.0, 1.0, 6.0])
    array([nan, 50., 75.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "IMI", period)


class MFI(OfHighLowCloseVolume[float, Floats]):
    """Money flow index, 0 to 100: rising over all typical price times volume, in percent.

    0 where less than one unit of money moved, as in TA-Lib.

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
    Quong and Soudack 1989.

    Examples
    --------
    >>> from py_rt.indicators import MFI
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> close = [9.5, 11.0, 11.5, 12.0, 12.5, 14.0]
    >>> volume = [5.0, 7.0, 1.0, 4.0, 6.0, 2.0]
    >>> MFI(2).batch(high, low, close, volume).round(3)
    array([    nan,     nan, 100.   ,  20.231,  61.667, 100.   ])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "MFI", period)


class Stochastic(OfHighLowClose[_core.StochasticValue, _core.StochasticArrays]):
    """Slow stochastic oscillator: where the close stands in the range, 0 to 100.

    Lines: ``k`` (smoothed place of the close), ``d`` (average of ``k``). A flat range counts as 0,
    as in TA-Lib.

    Parameters
    ----------
    period, k_smooth, d_smooth : int
        Bars, 1 to 1,000,000. Ready after their sum less 2 (with SMA).
    k_average, d_average : str or int
        Kind of average: SMA, EMA, WMA, DEMA, TEMA, TRIMA, KAMA, MAMA, T3, or TA-Lib's
        number of it.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Lane 1984.

    Examples
    --------
    >>> from py_rt.indicators import Stochastic
    >>> tuple(Stochastic(1, 1, 1).update(4.0, 2.0, 3.0))
    (50.0, 50.0)
    """

    __slots__ = ()

    def __new__(
        cls,
        period: int = 14,
        k_smooth: int = 3,
        d_smooth: int = 3,
        k_average: str | int = "SMA",
        d_average: str | int = "SMA",
    ) -> Self:
        return super().__new__(cls, "Stochastic", period, k_smooth, d_smooth, k_average, d_average)


class STOCHF(OfHighLowClose[_core.StochasticValue, _core.StochasticArrays]):
    """Fast stochastic oscillator: ``k`` is the raw place of the close, ``d`` its average.

    Parameters
    ----------
    period, d_smooth : int
        Bars, 1 to 1,000,000. Ready after ``period + d_smooth - 1`` (with SMA).
    d_average : str or int
        Kind of average: SMA, EMA, WMA, DEMA, TEMA, TRIMA, KAMA, MAMA, T3, or TA-Lib's
        number of it.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Lane 1984.

    Examples
    --------
    >>> from py_rt.indicators import STOCHF
    >>> tuple(STOCHF(1, 1).update(4.0, 2.0, 3.0))
    (50.0, 50.0)
    """

    __slots__ = ()

    def __new__(cls, period: int = 5, d_smooth: int = 3, d_average: str | int = "SMA") -> Self:
        return super().__new__(cls, "STOCHF", period, d_smooth, d_average)


class STOCHRSI(OfValue[_core.StochasticValue, _core.StochasticArrays]):
    """Fast stochastic oscillator of the relative strength index.

    Lines: ``k``, ``d``.

    Parameters
    ----------
    period : int
        Bars of the index, 2 to 1,000,000.
    k_period, d_smooth : int
        Bars, 1 to 1,000,000.
    d_average : str or int
        Kind of average: SMA, EMA, WMA, DEMA, TEMA, TRIMA, KAMA, MAMA, T3, or TA-Lib's
        number of it.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Chande and Kroll 1994, The New Technical Trader.

    Examples
    --------
    >>> from py_rt.indicators import STOCHRSI
    >>> STOCHRSI(2, 2, 1).batch([10.0, 11.0, 10.0, 12.0]).k
    array([ nan,  nan,  nan, 100.])
    """

    __slots__ = ()

    def __new__(
        cls, period: int = 14, k_period: int = 5, d_smooth: int = 3, d_average: str | int = "SMA"
    ) -> Self:
        return super().__new__(cls, "STOCHRSI", period, k_period, d_smooth, d_average)


class ULTOSC(OfHighLowClose[float, Floats]):
    """Ultimate oscillator: buying pressure over true range in three windows, weights 4, 2, 1.

    The shortest window has the weight 4 whatever the order.

    Parameters
    ----------
    period1, period2, period3 : int
        Bars, 1 to 1,000,000. Ready one after the longest.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Williams 1985, The ultimate oscillator.

    Examples
    --------
    >>> from py_rt.indicators import ULTOSC
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> close = [9.5, 11.0, 11.5, 12.0, 12.5, 14.0]
    >>> ULTOSC(1, 2, 3).batch(high, low, close).round(3)
    array([   nan,    nan,    nan, 85.281, 71.429, 93.651])
    """

    __slots__ = ()

    def __new__(cls, period1: int = 7, period2: int = 14, period3: int = 28) -> Self:
        return super().__new__(cls, "ULTOSC", period1, period2, period3)


class WILLR(OfHighLowClose[float, Floats]):
    """Williams' %R: -100 (highest - close) / (highest - lowest); 0 on a flat range.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after as many.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Williams 1979.

    Examples
    --------
    >>> from py_rt.indicators import WILLR
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> close = [9.5, 11.0, 11.5, 12.0, 12.5, 14.0]
    >>> WILLR(2).batch(high, low, close).round(3)
    array([    nan, -33.333, -40.   , -25.   , -20.   ,  -0.   ])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "WILLR", period)
