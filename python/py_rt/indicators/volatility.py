"""Volatility: true ranges, and estimators from the prices of a bar."""

from __future__ import annotations

from typing import Self

from py_rt.indicators._columns import Floats, OfHighLow, OfHighLowClose, OfOpenHighLowClose, OfValue

__all__ = [
    "ATR",
    "NATR",
    "TRANGE",
    "GarmanKlass",
    "Parkinson",
    "RealizedVolatility",
    "RogersSatchell",
    "YangZhang",
]


class ATR(OfHighLowClose[float, Floats]):
    """Average true range in units of price: Wilder's average of the range with gaps.

    True range is ``max(high, last close) - min(low, last close)``; the first bar only provides its
    close, as in TA-Lib.

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
    >>> from py_rt.indicators import ATR
    >>> ATR(1).batch([10.0, 12.0], [9.0, 11.0], [9.5, 11.5])
    array([nan, 2.5])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "ATR", period)


class NATR(OfHighLowClose[float, Floats]):
    """Average true range in percent of the close; 0 where the close is 0.

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
    >>> from py_rt.indicators import NATR
    >>> NATR(1).batch([10.0, 12.0], [9.0, 11.0], [9.5, 10.0])
    array([nan, 25.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "NATR", period)


class TRANGE(OfHighLowClose[float, Floats]):
    """True range: max(high, last close) - min(low, last close).

    Ready after 2 bars.

    References
    ----------
    Wilder 1978, New Concepts in Technical Trading Systems.

    Examples
    --------
    >>> from py_rt.indicators import TRANGE
    >>> TRANGE().batch([10.0, 12.0], [9.0, 11.0], [9.5, 11.5])
    array([nan, 2.5])
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        return super().__new__(cls, "TRANGE")


class Parkinson(OfHighLow[float, Floats]):
    """Parkinson's volatility: root of the mean of ln(high / low)^2 / (4 ln 2).

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after as many.
    scale : float
        Bars a year, for a yearly figure; 1 leaves the figure per bar. More than 0.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Parkinson 1980, The extreme value method for estimating the variance of the rate of return.

    Examples
    --------
    >>> from py_rt.indicators import Parkinson
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> Parkinson(2).batch(high, low).round(4)
    array([   nan, 0.0894, 0.0946, 0.0785, 0.077 , 0.0709])
    """

    __slots__ = ()

    def __new__(cls, period: int = 20, scale: float = 1.0) -> Self:
        return super().__new__(cls, "Parkinson", period, scale)


class GarmanKlass(OfOpenHighLowClose[float, Floats]):
    """Garman and Klass's volatility: mean of ln(h/l)^2 / 2 - (2 ln 2 - 1) ln(c/o)^2, its root.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after as many.
    scale : float
        Bars a year, for a yearly figure; 1 leaves the figure per bar. More than 0.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Garman and Klass 1980, On the estimation of security price volatilities from historical
    data.

    Examples
    --------
    >>> from py_rt.indicators import GarmanKlass
    >>> open = [9.5, 10.5, 12.0, 11.0, 12.5, 13.0]
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> close = [9.5, 11.0, 11.5, 12.0, 12.5, 14.0]
    >>> GarmanKlass(2).batch(open, high, low, close).round(4)
    array([   nan, 0.1033, 0.1078, 0.082 , 0.0822, 0.0769])
    """

    __slots__ = ()

    def __new__(cls, period: int = 20, scale: float = 1.0) -> Self:
        return super().__new__(cls, "GarmanKlass", period, scale)


class RogersSatchell(OfOpenHighLowClose[float, Floats]):
    """Rogers and Satchell's volatility: mean of ln(h/c) ln(h/o) + ln(l/c) ln(l/o), its root.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after as many.
    scale : float
        Bars a year, for a yearly figure; 1 leaves the figure per bar. More than 0.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Rogers and Satchell 1991, Estimating variance from high, low and closing prices.

    Examples
    --------
    >>> from py_rt.indicators import RogersSatchell
    >>> open = [9.5, 10.5, 12.0, 11.0, 12.5, 13.0]
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> close = [9.5, 11.0, 11.5, 12.0, 12.5, 14.0]
    >>> RogersSatchell(2).batch(open, high, low, close).round(4)
    array([   nan, 0.1045, 0.1085, 0.0821, 0.0857, 0.0804])
    """

    __slots__ = ()

    def __new__(cls, period: int = 20, scale: float = 1.0) -> Self:
        return super().__new__(cls, "RogersSatchell", period, scale)


class YangZhang(OfOpenHighLowClose[float, Floats]):
    """Yang and Zhang's volatility: gap + k body + (1 - k) Rogers-Satchell, its root.

    k = .34 / (1.34 + (n + 1) / (n - 1)); gap and body are sample variances (ddof 1).

    Parameters
    ----------
    period : int
        Bars, 2 to 1,000,000. Ready after ``period + 1``.
    scale : float
        Bars a year, for a yearly figure; 1 leaves the figure per bar. More than 0.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Yang and Zhang 2000, Drift-independent volatility estimation.

    Examples
    --------
    >>> from py_rt.indicators import YangZhang
    >>> open = [9.5, 10.5, 12.0, 11.0, 12.5, 13.0]
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> close = [9.5, 11.0, 11.5, 12.0, 12.5, 14.0]
    >>> YangZhang(2).batch(open, high, low, close).round(4)
    array([   nan,    nan, 0.106 , 0.1245, 0.1035, 0.0786])
    """

    __slots__ = ()

    def __new__(cls, period: int = 20, scale: float = 1.0) -> Self:
        return super().__new__(cls, "YangZhang", period, scale)


class RealizedVolatility(OfValue[float, Floats]):
    """Realised volatility: root of the mean squared log return, its mean taken as 0.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after ``period + 1``.
    scale : float
        Bars a year, for a yearly figure; 1 leaves the figure per bar. More than 0.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Andersen, Bollerslev, Diebold and Labys 2003, Modeling and forecasting realized volatility.

    Examples
    --------
    >>> from py_rt.indicators import RealizedVolatility
    >>> RealizedVolatility(2).batch([100.0, 101.0, 100.0]).round(5)
    array([    nan,     nan, 0.00995])
    """

    __slots__ = ()

    def __new__(cls, period: int = 20, scale: float = 1.0) -> Self:
        return super().__new__(cls, "RealizedVolatility", period, scale)
