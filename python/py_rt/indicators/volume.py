"""Volume."""

from __future__ import annotations

from typing import Self

from py_rt.indicators._columns import Floats, OfCloseVolume, OfHighLowCloseVolume

__all__ = ["AD", "ADOSC", "CMF", "OBV", "VWAP"]


class AD(OfHighLowCloseVolume[float, Floats]):
    """Accumulation/distribution line: running sum of volume times the place of the close.

    Ready from the first bar; a bar without range adds nothing.

    References
    ----------
    Chaikin.

    Examples
    --------
    >>> from py_rt.indicators import AD
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> close = [9.5, 11.0, 11.5, 12.0, 12.5, 14.0]
    >>> volume = [5.0, 7.0, 1.0, 4.0, 6.0, 2.0]
    >>> AD().batch(high, low, close, volume)
    array([ 0.        ,  0.        , -0.33333333,  3.66666667,  5.66666667,
            7.66666667])
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        return super().__new__(cls, "AD")


class ADOSC(OfHighLowCloseVolume[float, Floats]):
    """Chaikin's oscillator: fast less slow exponential average of the AD line.

    Both averages begin with the first value of the line, as in TA-Lib.

    Parameters
    ----------
    fast, slow : int
        Bars, 2 to 1,000,000. Ready after the longer.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Chaikin.

    Examples
    --------
    >>> from py_rt.indicators import ADOSC
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> close = [9.5, 11.0, 11.5, 12.0, 12.5, 14.0]
    >>> volume = [5.0, 7.0, 1.0, 4.0, 6.0, 2.0]
    >>> ADOSC(2, 3).batch(high, low, close, volume).round(3)
    array([   nan,    nan, -0.056,  0.62 ,  0.86 ,  0.946])
    """

    __slots__ = ()

    def __new__(cls, fast: int = 3, slow: int = 10) -> Self:
        return super().__new__(cls, "ADOSC", fast, slow)


class OBV(OfCloseVolume[float, Floats]):
    """On-balance volume: the running sum of volume, signed by the close's change.

    Ready from the first bar, which counts with its volume, as in TA-Lib.

    References
    ----------
    Granville 1963.

    Examples
    --------
    >>> from py_rt.indicators import OBV
    >>> OBV().batch(close=[10.0, 11.0, 10.5], volume=[5.0, 7.0, 1.0])
    array([ 5., 12., 11.])
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        return super().__new__(cls, "OBV")


class VWAP(OfHighLowCloseVolume[float, Floats]):
    """Volume-weighted average of the typical price (high + low + close) / 3 since the start.

    It never forgets by itself: call ``reset()`` where a session begins. Ready from the first bar
    with volume.

    Examples
    --------
    >>> from py_rt.indicators import VWAP
    >>> VWAP().batch([11.0, 14.0], [9.0, 10.0], [10.0, 12.0], [100.0, 300.0])
    array([10. , 11.5])
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        return super().__new__(cls, "VWAP")


class CMF(OfHighLowCloseVolume[float, Floats]):
    """Chaikin's money flow, -1 to 1: volume times the place of the close, over volume.

    Without volume 0.

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
    Chaikin.

    Examples
    --------
    >>> from py_rt.indicators import CMF
    >>> high = [10.0, 12.0, 12.5, 12.0, 13.0, 14.0]
    >>> low = [9.0, 10.0, 11.0, 10.5, 11.5, 12.5]
    >>> close = [9.5, 11.0, 11.5, 12.0, 12.5, 14.0]
    >>> volume = [5.0, 7.0, 1.0, 4.0, 6.0, 2.0]
    >>> CMF(2).batch(high, low, close, volume).round(3)
    array([   nan,  0.   , -0.042,  0.733,  0.6  ,  0.5  ])
    """

    __slots__ = ()

    def __new__(cls, period: int = 20) -> Self:
        return super().__new__(cls, "CMF", period)
