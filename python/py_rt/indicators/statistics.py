"""Statistics of a window: spread, shape, extremes, order."""

from __future__ import annotations

from typing import Self

import py_rt._core.indicators as _core
from py_rt.indicators._columns import Floats, OfValue

__all__ = [
    "AVGDEV",
    "MAX",
    "MAXINDEX",
    "MIN",
    "MININDEX",
    "MINMAX",
    "STDDEV",
    "SUM",
    "VAR",
    "EWMStd",
    "EWMVar",
    "Kurtosis",
    "Median",
    "Quantile",
    "Skewness",
    "ZScore",
]


class STDDEV(OfValue[float, Floats]):
    """Population standard deviation (ddof 0), times ``width``.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after as many.
    width : float
        Factor, more than 0.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    Examples
    --------
    >>> from py_rt.indicators import STDDEV
    >>> STDDEV(2).batch([1.0, 3.0])
    array([nan,  1.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 5, width: float = 1.0) -> Self:
        return super().__new__(cls, "STDDEV", period, width)


class VAR(OfValue[float, Floats]):
    """Population variance (ddof 0).

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
    >>> from py_rt.indicators import VAR
    >>> VAR(2).batch([1.0, 3.0])
    array([nan,  1.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 5) -> Self:
        return super().__new__(cls, "VAR", period)


class AVGDEV(OfValue[float, Floats]):
    """Mean absolute deviation from the mean; looks at the whole window.

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
    >>> from py_rt.indicators import AVGDEV
    >>> AVGDEV(2).batch([1.0, 3.0])
    array([nan,  1.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 14) -> Self:
        return super().__new__(cls, "AVGDEV", period)


class MAX(OfValue[float, Floats]):
    """Highest of the last values.

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
    >>> from py_rt.indicators import MAX
    >>> MAX(2).batch([1.0, 3.0, 2.0])
    array([nan,  3.,  3.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 30) -> Self:
        return super().__new__(cls, "MAX", period)


class MIN(OfValue[float, Floats]):
    """Lowest of the last values.

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
    >>> from py_rt.indicators import MIN
    >>> MIN(2).batch([1.0, 3.0, 2.0])
    array([nan,  1.,  2.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 30) -> Self:
        return super().__new__(cls, "MIN", period)


class SUM(OfValue[float, Floats]):
    """Sum of the last values.

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
    >>> from py_rt.indicators import SUM
    >>> SUM(2).batch([1.0, 3.0, 2.0])
    array([nan,  4.,  5.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 30) -> Self:
        return super().__new__(cls, "SUM", period)


class MINMAX(OfValue[_core.MinMaxValue, _core.MinMaxArrays]):
    """Lowest and highest of the last values.

    Lines: ``min``, ``max``.

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
    >>> from py_rt.indicators import MINMAX
    >>> MINMAX(2).batch([1.0, 3.0, 2.0]).max
    array([nan,  3.,  3.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 30) -> Self:
        return super().__new__(cls, "MINMAX", period)


class MAXINDEX(OfValue[float, Floats]):
    """Number of the bar, from 0, with the highest of the last values; of equal ones the newest.

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
    >>> from py_rt.indicators import MAXINDEX
    >>> MAXINDEX(2).batch([1.0, 3.0, 2.0])
    array([nan,  1.,  1.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 30) -> Self:
        return super().__new__(cls, "MAXINDEX", period)


class MININDEX(OfValue[float, Floats]):
    """Number of the bar, from 0, with the lowest of the last values; of equal ones the newest.

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
    >>> from py_rt.indicators import MININDEX
    >>> MININDEX(2).batch([1.0, 3.0, 2.0])
    array([nan,  0.,  2.])
    """

    __slots__ = ()

    def __new__(cls, period: int = 30) -> Self:
        return super().__new__(cls, "MININDEX", period)


class Median(OfValue[float, Floats]):
    """Median of the last values.

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
    >>> from py_rt.indicators import Median
    >>> Median(3).batch([1.0, 3.0, 2.0])
    array([nan, nan,  2.])
    """

    __slots__ = ()

    def __new__(cls, period: int) -> Self:
        return super().__new__(cls, "Median", period)


class Quantile(OfValue[float, Floats]):
    """Quantile of the last values, between two of them by their distance.

    Parameters
    ----------
    period : int
        Bars, 1 to 1,000,000. Ready after as many.
    fraction : float
        From 0 (lowest) to 1 (highest).

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Hyndman and Fan 1996, Sample quantiles in statistical packages, definition 7.

    Examples
    --------
    >>> from py_rt.indicators import Quantile
    >>> Quantile(3, 0.25).batch([1.0, 3.0, 2.0])
    array([nan, nan, 1.5])
    """

    __slots__ = ()

    def __new__(cls, period: int, fraction: float) -> Self:
        return super().__new__(cls, "Quantile", period, fraction)


class Skewness(OfValue[float, Floats]):
    """Sample skewness, corrected for bias; without variance 0.

    Parameters
    ----------
    period : int
        Bars, 3 to 1,000,000. Ready after as many.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Joanes and Gill 1998, Comparing measures of sample skewness and kurtosis (G1).

    Examples
    --------
    >>> from py_rt.indicators import Skewness
    >>> Skewness(3).batch([1.0, 2.0, 6.0]).round(3)
    array([  nan,   nan, 1.458])
    """

    __slots__ = ()

    def __new__(cls, period: int) -> Self:
        return super().__new__(cls, "Skewness", period)


class Kurtosis(OfValue[float, Floats]):
    """Sample excess kurtosis, corrected for bias; without variance 0.

    Parameters
    ----------
    period : int
        Bars, 4 to 1,000,000. Ready after as many.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Joanes and Gill 1998, Comparing measures of sample skewness and kurtosis (G2).

    Examples
    --------
    >>> from py_rt.indicators import Kurtosis
    >>> Kurtosis(4).batch([1.0, 2.0, 6.0, 2.0]).round(3)
    array([  nan,   nan,   nan, 3.265])
    """

    __slots__ = ()

    def __new__(cls, period: int) -> Self:
        return super().__new__(cls, "Kurtosis", period)


class ZScore(OfValue[float, Floats]):
    """Distance of the newest value from the mean of its window, in standard deviations (ddof 1).

    The window ends at the newest value and contains it. Without variance the distance is 0.

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
    >>> from py_rt.indicators import ZScore
    >>> ZScore(3).batch([1.0, 2.0, 3.0, 3.0, 3.0]).round(3)
    array([  nan,   nan, 1.   , 0.577, 0.   ])
    """

    __slots__ = ()

    def __new__(cls, period: int) -> Self:
        return super().__new__(cls, "ZScore", period)


class EWMVar(OfValue[float, Floats]):
    """Exponentially weighted variance, weight 2 / (period + 1), starting at the first value.

    variance = (1 - w) (variance + w d^2) with d = x - mean: pandas' ``ewm(span=period,
    adjust=False).var(bias=True)``.

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
    Finch 2009, Incremental calculation of weighted mean and variance, section 9.

    Examples
    --------
    >>> from py_rt.indicators import EWMVar
    >>> EWMVar(2).batch([1.0, 3.0, 2.0]).round(3)
    array([  nan, 0.889, 0.321])
    """

    __slots__ = ()

    def __new__(cls, period: int) -> Self:
        return super().__new__(cls, "EWMVar", period)


class EWMStd(OfValue[float, Floats]):
    """Exponentially weighted standard deviation: the root of ``EWMVar``.

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
    Finch 2009, Incremental calculation of weighted mean and variance, section 9.

    Examples
    --------
    >>> from py_rt.indicators import EWMStd
    >>> EWMStd(2).batch([1.0, 3.0, 2.0]).round(3)
    array([  nan, 0.943, 0.567])
    """

    __slots__ = ()

    def __new__(cls, period: int) -> Self:
        return super().__new__(cls, "EWMStd", period)
