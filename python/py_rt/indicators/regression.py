"""Straight lines through a window, and two series beside each other."""

from __future__ import annotations

from typing import Self

from py_rt.indicators._columns import Floats, OfPair, OfValue

__all__ = [
    "BETA",
    "CORREL",
    "LINEARREG",
    "LINEARREG_ANGLE",
    "LINEARREG_INTERCEPT",
    "LINEARREG_SLOPE",
    "TSF",
]


class BETA(OfPair[float, Floats]):
    """Slope of the returns of ``y`` on those of ``x``; 0 where ``x`` does not move.

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
    >>> from py_rt.indicators import BETA
    >>> BETA(2).batch([1.0, 2.0, 3.0], [1.0, 3.0, 4.5]).round(3)
    array([nan, nan,  3.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 5) -> Self:
        return super().__new__(cls, "BETA", period)


class CORREL(OfPair[float, Floats]):
    """Pearson's correlation of the last values; 0 where one has no variance.

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
    >>> from py_rt.indicators import CORREL
    >>> CORREL(3).batch([1.0, 2.0, 3.0], [1.0, 3.0, 5.0])
    array([nan, nan,  1.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 30) -> Self:
        return super().__new__(cls, "CORREL", period)


class LINEARREG(OfValue[float, Floats]):
    """Least-squares line at the newest value.

    Parameters
    ----------
    period : int
        Bars, 2 to 1,000,000. Ready after as many.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    Examples
    --------
    >>> from py_rt.indicators import LINEARREG
    >>> LINEARREG(3).batch([1.0, 2.0, 6.0]).round(3)
    array([nan, nan, 5.5])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "LINEARREG", period)


class LINEARREG_ANGLE(OfValue[float, Floats]):
    """Angle of the least-squares line in degrees.

    Parameters
    ----------
    period : int
        Bars, 2 to 1,000,000. Ready after as many.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    Examples
    --------
    >>> from py_rt.indicators import LINEARREG_ANGLE
    >>> LINEARREG_ANGLE(2).batch([1.0, 2.0])
    array([nan, 45.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "LINEARREG_ANGLE", period)


class LINEARREG_INTERCEPT(OfValue[float, Floats]):
    """Least-squares line at the oldest value of the window.

    Parameters
    ----------
    period : int
        Bars, 2 to 1,000,000. Ready after as many.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    Examples
    --------
    >>> from py_rt.indicators import LINEARREG_INTERCEPT
    >>> LINEARREG_INTERCEPT(3).batch([1.0, 2.0, 6.0]).round(3)
    array([nan, nan, 0.5])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "LINEARREG_INTERCEPT", period)


class LINEARREG_SLOPE(OfValue[float, Floats]):
    """Slope of the least-squares line, per bar.

    Parameters
    ----------
    period : int
        Bars, 2 to 1,000,000. Ready after as many.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    Examples
    --------
    >>> from py_rt.indicators import LINEARREG_SLOPE
    >>> LINEARREG_SLOPE(3).batch([1.0, 2.0, 6.0])
    array([nan, nan, 2.5])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "LINEARREG_SLOPE", period)


class TSF(OfValue[float, Floats]):
    """Time series forecast: the least-squares line one bar on.

    Parameters
    ----------
    period : int
        Bars, 2 to 1,000,000. Ready after as many.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    Examples
    --------
    >>> from py_rt.indicators import TSF
    >>> TSF(3).batch([1.0, 2.0, 6.0]).round(3)
    array([nan, nan,  8.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "TSF", period)
