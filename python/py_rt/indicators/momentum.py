"""Momentum of one series: strength, rates of change, differences of averages."""

from __future__ import annotations

from typing import Self

import py_rt._core.indicators as _core
from py_rt.indicators._columns import Floats, OfValue

__all__ = [
    "APO",
    "CMO",
    "MACD",
    "MACDEXT",
    "MACDFIX",
    "MOM",
    "PPO",
    "ROC",
    "ROCP",
    "ROCR",
    "ROCR100",
    "RSI",
    "TRIX",
]


class APO(OfValue[float, Floats]):
    """Absolute price oscillator: fast average less slow average.

    Each average is seeded on its own.

    Parameters
    ----------
    fast : int
        Bars of the fast average, 1 to 1,000,000, less than ``slow``.
    slow : int
        Bars of the slow average. Ready after as many (with SMA or EMA).
    average : str or int
        Kind of average: SMA, EMA, WMA, DEMA, TEMA, TRIMA, KAMA, MAMA, T3, or TA-Lib's
        number of it.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    Examples
    --------
    >>> from py_rt.indicators import APO
    >>> APO(1, 2).batch([1.0, 2.0, 4.0])
    array([nan, 0.5, 1. ])
    """

    __slots__ = ()

    def __new__(cls, fast: int = 12, slow: int = 26, average: str | int = "SMA") -> Self:
        return super().__new__(cls, "APO", fast, slow, average)


class PPO(OfValue[float, Floats]):
    """Percentage price oscillator: 100 (fast - slow) / slow; 0 where slow is 0.

    Parameters
    ----------
    fast : int
        Bars of the fast average, 1 to 1,000,000, less than ``slow``.
    slow : int
        Bars of the slow average. Ready after as many (with SMA or EMA).
    average : str or int
        Kind of average: SMA, EMA, WMA, DEMA, TEMA, TRIMA, KAMA, MAMA, T3, or TA-Lib's
        number of it.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    Examples
    --------
    >>> from py_rt.indicators import PPO
    >>> PPO(1, 2).batch([1.0, 2.0, 4.0]).round(3)
    array([   nan, 33.333, 33.333])
    """

    __slots__ = ()

    def __new__(cls, fast: int = 12, slow: int = 26, average: str | int = "SMA") -> Self:
        return super().__new__(cls, "PPO", fast, slow, average)


class CMO(OfValue[float, Floats]):
    """Chande's momentum oscillator: 100 (gain - loss) / (gain + loss), by Wilder's averages.

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
    Chande and Kroll 1994, The New Technical Trader.

    Examples
    --------
    >>> from py_rt.indicators import CMO
    >>> CMO(2).batch([10.0, 11.0, 10.0, 12.0]).round(3)
    array([   nan,    nan,  0.   , 66.667])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "CMO", period)


class MACD(OfValue[_core.MacdValue, _core.MacdArrays]):
    """Moving average convergence / divergence: EMA(fast) - EMA(slow) and its EMA.

    Lines: ``macd``, ``signal``, ``histogram`` (macd less signal). As in TA-Lib both averages are
    seeded on the same bar.

    Parameters
    ----------
    fast : int
        Bars of the fast average, 1 to 1,000,000, less than ``slow``.
    slow : int
        Bars of the slow average. Ready after as many (with SMA or EMA).
    signal : int
        Bars of the signal. Ready after ``slow + signal - 1`` values.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Appel 1979.

    Examples
    --------
    >>> from py_rt.indicators import MACD
    >>> MACD(1, 2, 1).batch([1.0, 2.0, 4.0]).macd.round(3)
    array([  nan, 0.5  , 0.833])
    """

    __slots__ = ()

    def __new__(cls, fast: int = 12, slow: int = 26, signal: int = 9) -> Self:
        return super().__new__(cls, "MACD", fast, slow, signal)


class MACDEXT(OfValue[_core.MacdValue, _core.MacdArrays]):
    """MACD with averages of any kind.

    Lines: ``macd``, ``signal``, ``histogram``. Both averages start on the same bar.

    Parameters
    ----------
    fast, slow, signal : int
        Bars, 1 to 1,000,000, ``fast < slow``.
    fast_average, slow_average, signal_average : str or int
        Kind of average: SMA, EMA, WMA, DEMA, TEMA, TRIMA, KAMA, MAMA, T3, or TA-Lib's
        number of it.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Appel 1979.

    Examples
    --------
    >>> from py_rt.indicators import MACDEXT
    >>> MACDEXT(1, "SMA", 2, "SMA", 1).batch([1.0, 2.0, 4.0]).macd
    array([nan, 0.5, 1. ])
    """

    __slots__ = ()

    def __new__(
        cls,
        fast: int = 12,
        fast_average: str | int = "SMA",
        slow: int = 26,
        slow_average: str | int = "SMA",
        signal: int = 9,
        signal_average: str | int = "SMA",
    ) -> Self:
        return super().__new__(
            cls, "MACDEXT", fast, fast_average, slow, slow_average, signal, signal_average
        )


class MACDFIX(OfValue[_core.MacdValue, _core.MacdArrays]):
    """MACD with Appel's weights .15 and .075 in place of those of 12 and 26 bars.

    Lines: ``macd``, ``signal``, ``histogram``.

    Parameters
    ----------
    signal : int
        Bars of the signal, 1 to 1,000,000. Ready after ``signal + 25`` values.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Appel 1979.

    Examples
    --------
    >>> from py_rt.indicators import MACDFIX
    >>> import numpy as np
    >>> MACDFIX(2).batch(np.arange(30.0)).macd[-1].round(3)
    np.float64(6.876)
    """

    __slots__ = ()

    def __new__(cls, signal: int = 9) -> Self:
        return super().__new__(cls, "MACDFIX", signal)


class MOM(OfValue[float, Floats]):
    """Momentum: the change over ``period`` bars.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after ``period + 1``.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    Examples
    --------
    >>> from py_rt.indicators import MOM
    >>> MOM(1).batch([1.0, 3.0, 2.0])
    array([nan,  2., -1.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 10) -> Self:
        return super().__new__(cls, "MOM", period)


class ROC(OfValue[float, Floats]):
    """Rate of change in percent: 100 (x / past - 1); 0 where the past is 0.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after ``period + 1``.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    Examples
    --------
    >>> from py_rt.indicators import ROC
    >>> ROC(1).batch([2.0, 3.0, 3.0])
    array([nan, 50.,  0.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 10) -> Self:
        return super().__new__(cls, "ROC", period)


class ROCP(OfValue[float, Floats]):
    """Rate of change as a fraction: (x - past) / past; 0 where the past is 0.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after ``period + 1``.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    Examples
    --------
    >>> from py_rt.indicators import ROCP
    >>> ROCP(1).batch([2.0, 3.0, 3.0])
    array([nan, 0.5, 0. ])
    """

    __slots__ = ()

    def __new__(cls, period: int = 10) -> Self:
        return super().__new__(cls, "ROCP", period)


class ROCR(OfValue[float, Floats]):
    """Ratio to the past: x / past; 0 where the past is 0.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after ``period + 1``.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    Examples
    --------
    >>> from py_rt.indicators import ROCR
    >>> ROCR(1).batch([2.0, 3.0, 3.0])
    array([nan, 1.5, 1. ])
    """

    __slots__ = ()

    def __new__(cls, period: int = 10) -> Self:
        return super().__new__(cls, "ROCR", period)


class ROCR100(OfValue[float, Floats]):
    """Ratio to the past in percent; 0 where the past is 0.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after ``period + 1``.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    Examples
    --------
    >>> from py_rt.indicators import ROCR100
    >>> ROCR100(1).batch([2.0, 3.0, 3.0])
    array([ nan, 150., 100.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 10) -> Self:
        return super().__new__(cls, "ROCR100", period)


class RSI(OfValue[float, Floats]):
    """Relative strength index, 0 to 100: 100 gain / (gain + loss), by Wilder's averages.

    0 when nothing ever moved, as in TA-Lib; on a flat stretch it keeps its value.

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
    Wilder 1978, New Concepts in Technical Trading Systems.

    Examples
    --------
    >>> from py_rt.indicators import RSI
    >>> RSI(2).batch([10.0, 11.0, 10.0, 12.0])
    array([        nan,         nan, 50.        , 83.33333333])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "RSI", period)


class TRIX(OfValue[float, Floats]):
    """One-bar rate of change of a triple exponential average, in percent.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after ``3 period - 1``.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Hutson 1983, Good TRIX.

    Examples
    --------
    >>> from py_rt.indicators import TRIX
    >>> TRIX(2).batch([1.0, 2.0, 3.0, 4.0, 5.0]).round(3)
    array([nan, nan, nan, nan, 40.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 30) -> Self:
        return super().__new__(cls, "TRIX", period)
