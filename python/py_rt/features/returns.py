"""Features of returns: variance with and without jumps and noise, illiquidity, implied spread."""

from __future__ import annotations

from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

import py_rt._core.indicators as _core
from py_rt.errors import ParameterError
from py_rt.indicators._columns import OfCloseVolume, OfValue, columns_of

__all__ = [
    "Amihud",
    "BipowerVariation",
    "JumpShare",
    "RealizedVariance",
    "Roll",
    "TwoScaleVariance",
    "realized_kernel",
]

_Floats: TypeAlias = npt.NDArray[np.float64]


class RealizedVariance(OfValue[float, _Floats]):
    """Realised variance: sum of the last squared log returns.

    Parameters
    ----------
    period : int
        Returns, 1 to 1,000,000. Ready after ``period + 1``.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Andersen, Bollerslev, Diebold and Labys 2003, Modeling and forecasting realized volatility.

    Examples
    --------
    >>> from py_rt.features import RealizedVariance
    >>> RealizedVariance(2).batch([100.0, 101.0, 100.0]).round(6)
    array([     nan,      nan, 0.000198])
    """

    __slots__ = ()

    def __new__(cls, period: int) -> Self:
        return super().__new__(cls, "RealizedVariance", period)


class BipowerVariation(OfValue[float, _Floats]):
    """Bipower variation: pi / 2 n / (n - 1) sum of products of neighbouring |log returns|.

    Variance without the jumps: one of a pair is small.

    Parameters
    ----------
    period : int
        Returns, 2 to 1,000,000. Ready after ``period + 1``.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Barndorff-Nielsen and Shephard 2004, Power and bipower variation with stochastic volatility and
    jumps; the factor n / (n - 1) is for the missing pair.

    Examples
    --------
    >>> from py_rt.features import BipowerVariation
    >>> BipowerVariation(2).batch([100.0, 101.0, 100.0]).round(6)
    array([     nan,      nan, 0.000311])
    """

    __slots__ = ()

    def __new__(cls, period: int) -> Self:
        return super().__new__(cls, "BipowerVariation", period)


class JumpShare(OfValue[float, _Floats]):
    """Share of jumps in the realised variance: max(0, 1 - bipower / realised).

    0 without variance.

    Parameters
    ----------
    period : int
        Returns, 2 to 1,000,000. Ready after ``period + 1``.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Huang and Tauchen 2005, The relative contribution of jumps to total price variance.

    Examples
    --------
    >>> from py_rt.features import JumpShare
    >>> JumpShare(3).batch([100.0, 100.1, 105.0, 105.1]).round(3)
    array([  nan,   nan,   nan, 0.904])
    """

    __slots__ = ()

    def __new__(cls, period: int) -> Self:
        return super().__new__(cls, "JumpShare", period)


class TwoScaleVariance(OfValue[float, _Floats]):
    """Two-scale realised variance: that of slow returns over all their grids, less the noise.

    (1 / K sum (x_i - x_(i-K))^2 - m / n RV) / (1 - m / n) with m = (n - K + 1) / K, in logs. It can
    be negative in a short window.

    Parameters
    ----------
    period : int
        Returns, 3 to 1,000,000. Ready after ``period + 1``.
    scale : int
        Returns that make a slow one (K), at least 2, less than ``period``.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Zhang, Mykland and Aït-Sahalia 2005, A tale of two time scales, equations 55 and 64.

    Examples
    --------
    >>> from py_rt.features import TwoScaleVariance
    >>> TwoScaleVariance(3, 2).batch([100.0, 101.0, 100.0, 102.0]).round(6)
    array([      nan,       nan,       nan, -0.000222])
    """

    __slots__ = ()

    def __new__(cls, period: int, scale: int) -> Self:
        return super().__new__(cls, "TwoScaleVariance", period, scale)


class Roll(OfValue[float, _Floats]):
    """Roll's spread: 2 sqrt(-cov) of neighbouring price changes; 0 where it is positive.

    Covariance with ddof 1.

    Parameters
    ----------
    period : int
        Pairs of changes, 2 to 1,000,000. Ready after ``period + 2``.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Roll 1984, A simple implicit measure of the effective bid-ask spread, equation 3.

    Examples
    --------
    >>> from py_rt.features import Roll
    >>> Roll(3).batch([10.0, 11.0, 10.0, 11.0, 10.0]).round(3)
    array([  nan,   nan,   nan,   nan, 2.309])
    """

    __slots__ = ()

    def __new__(cls, period: int) -> Self:
        return super().__new__(cls, "Roll", period)


class Amihud(OfCloseVolume[float, _Floats]):
    """Amihud's illiquidity: mean of |return| / (close volume) of bars with volume.

    0 where a window has none with it.

    Parameters
    ----------
    period : int
        Returns, 1 to 1,000,000. Ready after ``period + 1``.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Amihud 2002, Illiquidity and stock returns, equation 1.

    Examples
    --------
    >>> from py_rt.features import Amihud
    >>> Amihud(1).batch([10.0, 11.0], [5.0, 2.0]).round(5)
    array([    nan, 0.00455])
    """

    __slots__ = ()

    def __new__(cls, period: int) -> Self:
        return super().__new__(cls, "Amihud", period)


def realized_kernel(prices: Any, bandwidth: int) -> float:
    """Return the realised kernel of log returns: sum of parzen(h / (H + 1)) gamma_h, |h| <= H.

    Never negative and robust to the noise of quotes; with a bandwidth of 0 the realised variance.

    Parameters
    ----------
    prices : array_like, shape (n,)
        Above 0.
    bandwidth : int
        H, 0 or more, at most n - 2.

    Raises
    ------
    DataError
        Too few prices, or one that is not a finite number above 0.
    ParameterError
        ``bandwidth`` is no whole number from 0 up.

    References
    ----------
    Barndorff-Nielsen, Hansen, Lunde and Shephard 2009, Realized kernels in practice: trades and
    quotes (Parzen kernel, without the averaging of the ends).

    Examples
    --------
    >>> from py_rt.features import realized_kernel
    >>> round(realized_kernel([100.0, 101.0, 100.0, 101.0], 1), 6)
    0.000198
    """
    width: Any = bandwidth
    if isinstance(width, bool) or not isinstance(width, int) or width < 0:
        raise ParameterError(
            f"bandwidth is {bandwidth!r}", field="bandwidth", remedy="pass a whole number from 0 up"
        )
    return _core.realized_kernel(columns_of({"prices": prices})[0], bandwidth)
