"""Wilder's directional movement, and the age of extremes."""

from __future__ import annotations

from typing import Self

import py_rt._core.indicators as _core
from py_rt.indicators._columns import Floats, OfHighLow, OfHighLowClose

__all__ = ["ADX", "ADXR", "AROON", "AROONOSC", "DX", "MINUS_DI", "MINUS_DM", "PLUS_DI", "PLUS_DM"]


class ADX(OfHighLowClose[float, Floats]):
    """Average directional movement index, 0 to 100: Wilder's average of DX.

    Bars without movement count as 0 in the first average and later change nothing.

    Parameters
    ----------
    period : int
        Bars, 2 to 1,000,000. Ready after ``2 period``.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Wilder 1978, New Concepts in Technical Trading Systems.

    Examples
    --------
    >>> from py_rt.indicators import ADX
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> close = [9.5, 11.0, 11.5, 12.0, 12.5, 14.0]
    >>> ADX(2).batch(high, low, close).round(3)
    array([   nan,    nan,    nan, 60.   , 64.615, 75.411])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "ADX", period)


class ADXR(OfHighLowClose[float, Floats]):
    """Rating of the ADX: mean of its value now and ``period - 1`` bars ago.

    Parameters
    ----------
    period : int
        Bars, 2 to 1,000,000. Ready after ``3 period - 1``.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Wilder 1978, New Concepts in Technical Trading Systems.

    Examples
    --------
    >>> from py_rt.indicators import ADXR
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> close = [9.5, 11.0, 11.5, 12.0, 12.5, 14.0]
    >>> ADXR(2).batch(high, low, close).round(3)
    array([   nan,    nan,    nan,    nan, 62.308, 70.013])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "ADXR", period)


class DX(OfHighLowClose[float, Floats]):
    """Directional movement index: 100 |plus - minus| / (plus + minus).

    Without movement it keeps its value, 0 at first.

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
    >>> from py_rt.indicators import DX
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> close = [9.5, 11.0, 11.5, 12.0, 12.5, 14.0]
    >>> DX(2).batch(high, low, close).round(3)
    array([    nan,     nan, 100.   ,  20.   ,  69.231,  86.207])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "DX", period)


class PLUS_DI(OfHighLowClose[float, Floats]):
    """Upward movement in percent of the true range, by Wilder's sums.

    Without range 0. Of period 1 it is a fraction, not percent, as in TA-Lib.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after ``period + 1``.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Wilder 1978, New Concepts in Technical Trading Systems.

    Examples
    --------
    >>> from py_rt.indicators import PLUS_DI
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> close = [9.5, 11.0, 11.5, 12.0, 12.5, 14.0]
    >>> PLUS_DI(2).batch(high, low, close).round(3)
    array([   nan,    nan, 54.545, 26.087, 46.809, 56.842])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "PLUS_DI", period)


class MINUS_DI(OfHighLowClose[float, Floats]):
    """Downward movement in percent of the true range, by Wilder's sums.

    Without range 0. Of period 1 it is a fraction, not percent, as in TA-Lib.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after ``period + 1``.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Wilder 1978, New Concepts in Technical Trading Systems.

    Examples
    --------
    >>> from py_rt.indicators import MINUS_DI
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> close = [9.5, 11.0, 11.5, 12.0, 12.5, 14.0]
    >>> MINUS_DI(2).batch(high, low, close).round(3)
    array([   nan,    nan,  0.   , 17.391,  8.511,  4.211])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "MINUS_DI", period)


class PLUS_DM(OfHighLow[float, Floats]):
    """Wilder's sum of upward movement, in units of price.

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
    Wilder 1978, New Concepts in Technical Trading Systems.

    Examples
    --------
    >>> from py_rt.indicators import PLUS_DM
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> PLUS_DM(2).batch(high, low).round(3)
    array([  nan, 2.   , 1.5  , 0.75 , 1.375, 1.688])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "PLUS_DM", period)


class MINUS_DM(OfHighLow[float, Floats]):
    """Wilder's sum of downward movement, in units of price.

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
    Wilder 1978, New Concepts in Technical Trading Systems.

    Examples
    --------
    >>> from py_rt.indicators import MINUS_DM
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> MINUS_DM(2).batch(high, low).round(3)
    array([  nan, 0.   , 0.   , 0.5  , 0.25 , 0.125])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "MINUS_DM", period)


class AROON(OfHighLow[_core.AroonValue, _core.AroonArrays]):
    """How recent the extremes of the last ``period + 1`` bars are, 0 to 100.

    Lines: ``down`` for the low, ``up`` for the high; of equal extremes the newest counts.

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
    Chande 1995.

    Examples
    --------
    >>> from py_rt.indicators import AROON
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> AROON(2).batch(high, low).up
    array([ nan,  nan, 100.,  50., 100., 100.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "AROON", period)


class AROONOSC(OfHighLow[float, Floats]):
    """Aroon oscillator: up less down, -100 to 100.

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
    Chande 1995.

    Examples
    --------
    >>> from py_rt.indicators import AROONOSC
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> AROONOSC(2).batch(high, low)
    array([ nan,  nan, 100.,  50.,  50., 100.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "AROONOSC", period)
