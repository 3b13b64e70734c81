"""Bands around prices, midpoints, stops."""

from __future__ import annotations

from typing import Self

import py_rt._core.indicators as _core
from py_rt.indicators._columns import Floats, OfHighLow, OfHighLowClose, OfValue

__all__ = ["ACCBANDS", "MIDPOINT", "MIDPRICE", "SAR", "SAREXT", "Bollinger", "Donchian", "Keltner"]


class Bollinger(OfValue[_core.BandsValue, _core.BandsArrays]):
    """Bollinger bands: the simple average and ``width`` population standard deviations around it.

    Lines: ``upper``, ``middle``, ``lower``.

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

    References
    ----------
    Bollinger 1983.

    Examples
    --------
    >>> from py_rt.indicators import Bollinger
    >>> tuple(Bollinger(2, 2.0).batch([1.0, 3.0]))
    (array([nan,  4.]), array([nan,  2.]), array([nan,  0.]))
    """

    __slots__ = ()

    def __new__(cls, period: int = 20, width: float = 2.0) -> Self:
        return super().__new__(cls, "Bollinger", period, width)


class Keltner(OfHighLowClose[_core.BandsValue, _core.BandsArrays]):
    """Keltner's channel: an exponential average of the close and true ranges around it.

    Lines: ``upper``, ``middle``, ``lower``; the band is ``width`` times the ATR.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Of the average.
    width : float
        Average true ranges, more than 0.
    atr_period : int
        Bars, 1 to 1,000,000. Of the true range.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Keltner 1960, in the form of Raschke.

    Examples
    --------
    >>> from py_rt.indicators import Keltner
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> close = [9.5, 11.0, 11.5, 12.0, 12.5, 14.0]
    >>> Keltner(2, 2.0, 1).batch(high, low, close).upper
    array([        nan, 15.25      , 14.08333333, 14.69444444, 15.23148148,
           16.41049383])
    """

    __slots__ = ()

    def __new__(cls, period: int = 20, width: float = 2.0, atr_period: int = 10) -> Self:
        return super().__new__(cls, "Keltner", period, width, atr_period)


class Donchian(OfHighLow[_core.BandsValue, _core.BandsArrays]):
    """Donchian's channel: highest high, lowest low and their middle.

    Lines: ``upper``, ``middle``, ``lower``. The newest bar is part of the window.

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
    Donchian 1960, The 5- and 20-day moving averages.

    Examples
    --------
    >>> from py_rt.indicators import Donchian
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> Donchian(2).batch(high, low).upper
    array([ nan, 12. , 12.5, 12.5, 13. , 14. ])
    """

    __slots__ = ()

    def __new__(cls, period: int = 20) -> Self:
        return super().__new__(cls, "Donchian", period)


class ACCBANDS(OfHighLowClose[_core.BandsValue, _core.BandsArrays]):
    """Acceleration bands: averages of the close and of the bar stretched by its range.

    Lines: ``upper``, ``middle``, ``lower``; the stretch is 4 (high - low) / (high + low).

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
    Headley 2002, Big Trends in Trading.

    Examples
    --------
    >>> from py_rt.indicators import ACCBANDS
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> close = [9.5, 11.0, 11.5, 12.0, 12.5, 14.0]
    >>> ACCBANDS(2).batch(high, low, close).middle
    array([  nan, 10.25, 11.25, 11.75, 12.25, 13.25])
    """

    __slots__ = ()

    def __new__(cls, period: int = 20) -> Self:
        return super().__new__(cls, "ACCBANDS", period)


class MIDPOINT(OfValue[float, Floats]):
    """Middle between the highest and the lowest of the last values.

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
    >>> from py_rt.indicators import MIDPOINT
    >>> MIDPOINT(2).batch([1.0, 3.0, 4.0])
    array([nan, 2. , 3.5])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "MIDPOINT", period)


class MIDPRICE(OfHighLow[float, Floats]):
    """Middle between the highest high and the lowest low.

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
    >>> from py_rt.indicators import MIDPRICE
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> MIDPRICE(2).batch(high, low)
    array([  nan, 10.5 , 11.25, 11.5 , 11.75, 12.75])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "MIDPRICE", period)


class SAR(OfHighLow[float, Floats]):
    """Parabolic stop and reverse.

    Parameters
    ----------
    acceleration : float
        First factor and what each new extreme adds, 0 or more.
    maximum : float
        Greatest factor, 0 or more.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Wilder 1978, New Concepts in Technical Trading Systems.

    Examples
    --------
    >>> from py_rt.indicators import SAR
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> SAR().batch(high, low).round(3)
    array([  nan, 9.   , 9.06 , 9.198, 9.33 , 9.55 ])
    """

    __slots__ = ()

    def __new__(cls, acceleration: float = 0.02, maximum: float = 0.2) -> Self:
        return super().__new__(cls, "SAR", acceleration, maximum)


class SAREXT(OfHighLow[float, Floats]):
    """Parabolic stop with a start, an offset and accelerations of both sides; short is negative.

    Parameters
    ----------
    start : float
        Where to start: long if positive, short if negative; 0 lets the second bar decide.
    offset : float
        Fraction added to the stop where it reverses, 0 or more.
    init_long, step_long, max_long : float
        Factor after a reversal, what an extreme adds, greatest factor.
    init_short, step_short, max_short : float
        The same for the short side.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Wilder 1978, extended as in TA-Lib.

    Examples
    --------
    >>> from py_rt.indicators import SAREXT
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> SAREXT().batch(high, low).round(3)
    array([  nan, 9.   , 9.06 , 9.198, 9.33 , 9.55 ])
    """

    __slots__ = ()

    def __new__(
        cls,
        start: float = 0.0,
        offset: float = 0.0,
        init_long: float = 0.02,
        step_long: float = 0.02,
        max_long: float = 0.2,
        init_short: float = 0.02,
        step_short: float = 0.02,
        max_short: float = 0.2,
    ) -> Self:
        return super().__new__(
            cls,
            "SAREXT",
            start,
            offset,
            init_long,
            step_long,
            max_long,
            init_short,
            step_short,
            max_short,
        )
