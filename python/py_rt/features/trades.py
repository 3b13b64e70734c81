"""Features of trades: spreads that were paid, impact, toxicity, intensity."""

from __future__ import annotations

from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

import py_rt._core.indicators as _core
from py_rt._trades import times_of
from py_rt.errors import DataError
from py_rt.indicators._columns import columns_of

__all__ = [
    "VPIN",
    "EffectiveSpread",
    "HawkesIntensity",
    "KyleLambda",
    "PriceImpact",
    "RealizedSpread",
]

_Floats: TypeAlias = npt.NDArray[np.float64]


class _Paid(_core.OfPaid[float, _Floats]):
    __slots__ = ()

    def batch(self, price: Any, side: Any = None, mid: Any = None) -> _Floats:
        """Return the value of each trade, shape (n,); state is untouched."""
        return super().batch(*columns_of({"price": price, "side": side, "mid": mid}))


class EffectiveSpread(_Paid):
    """Effective spread: 2 side (price - mid), side 1 for a buyer, -1 for a seller.

    The mid is that just before the trade. Columns: price, side, mid.

    References
    ----------
    Huang and Stoll 1996, Dealer versus auction markets, section 3.

    Examples
    --------
    >>> from py_rt.features import EffectiveSpread
    >>> EffectiveSpread().update(10.5, 1.0, 10.25)
    0.5
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        return super().__new__(cls, "EffectiveSpread")


class RealizedSpread(_Paid):
    """Realised spread of the trade ``lag`` trades ago: 2 side (price - mid now).

    The value belongs to the older trade and is told when it is known. Columns: price, side, mid.

    Parameters
    ----------
    lag : int
        Trades, 1 to 1,000,000.

    Raises
    ------
    ParameterError
        ``lag`` is no whole number in that range.

    References
    ----------
    Huang and Stoll 1996, Dealer versus auction markets, section 3.

    Examples
    --------
    >>> from py_rt.features import RealizedSpread
    >>> RealizedSpread(1).batch([10.5, 10.5], [1, 1], [10.25, 10.375])
    array([ nan, 0.25])
    """

    __slots__ = ()

    def __new__(cls, lag: int) -> Self:
        return super().__new__(cls, "RealizedSpread", lag)


class PriceImpact(_Paid):
    """Price impact of the trade ``lag`` trades ago: 2 side (mid now - mid then).

    Effective spread = realised spread + price impact. Columns: price, side, mid.

    Parameters
    ----------
    lag : int
        Trades, 1 to 1,000,000.

    Raises
    ------
    ParameterError
        ``lag`` is no whole number in that range.

    References
    ----------
    Huang and Stoll 1996, Dealer versus auction markets, section 3.

    Examples
    --------
    >>> from py_rt.features import PriceImpact
    >>> PriceImpact(1).batch([10.5, 10.5], [1, 1], [10.25, 10.375])
    array([ nan, 0.25])
    """

    __slots__ = ()

    def __new__(cls, lag: int) -> Self:
        return super().__new__(cls, "PriceImpact", lag)


class KyleLambda(_core.OfSigned[float, _Floats]):
    """Kyle's lambda: slope of price changes on the signed quantity that came with them.

    Least squares with a constant over the last ``period`` changes; 0 where the quantity does not
    vary. Columns: price (a mid is less noisy), signed_qty (side times quantity).

    Parameters
    ----------
    period : int
        Changes, 2 to 1,000,000. Ready after ``period + 1``.

    Raises
    ------
    ParameterError
        ``period`` is no whole number in that range.

    References
    ----------
    Kyle 1985, Continuous auctions and insider trading; as a regression in Hasbrouck 2009, Trading
    costs and returns for U.S. equities.

    Examples
    --------
    >>> from py_rt.features import KyleLambda
    >>> KyleLambda(2).batch([10.0, 10.5, 10.25], [0.0, 5.0, -2.5])
    array([nan, nan, 0.1])
    """

    __slots__ = ()

    def __new__(cls, period: int) -> Self:
        return super().__new__(cls, "KyleLambda", period)

    def batch(self, price: Any, signed_qty: Any = None) -> _Floats:
        """Return the slope after each row, shape (n,); state is untouched."""
        return super().batch(*columns_of({"price": price, "signed_qty": signed_qty}))


class VPIN(_core.OfFlow[float, _Floats]):
    """Probability of informed trading by volume: mean |bought - sold| of buckets over their size.

    Trades fill buckets of equal volume, one trade as many as it reaches into; a trade of unknown
    side (0) counts for both by halves. Columns: qty, side.

    Parameters
    ----------
    bucket : float
        Volume of a bucket, above 0; usual is a fiftieth of a day's.
    buckets : int
        How many are averaged, 1 to 1,000,000.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Easley, López de Prado and O'Hara 2012, Flow toxicity and liquidity in a high-frequency world,
    equation 9.

    Examples
    --------
    >>> from py_rt.features import VPIN
    >>> VPIN(10.0, 2).batch([8.0, 4.0, 8.0], [1, -1, -1])
    array([nan, nan, 0.8])
    """

    __slots__ = ()

    def __new__(cls, bucket: float, buckets: int = 50) -> Self:
        return super().__new__(cls, "VPIN", bucket, buckets)

    def batch(self, qty: Any, side: Any = None) -> _Floats:
        """Return the value after each trade, shape (n,), NaN until ready; state is untouched."""
        return super().batch(*columns_of({"qty": qty, "side": side}))


class HawkesIntensity:
    """Intensity of a self-exciting process just after each event [events per second].

    mu + alpha sum of exp(-beta age), by the recursion A' = exp(-beta elapsed) A + 1.

    Parameters
    ----------
    mu, alpha : float
        Base rate and jump [1/s], 0 or more.
    beta : float
        Decay [1/s], above 0.

    Raises
    ------
    ParameterError
        A parameter is outside its range.

    References
    ----------
    Hawkes 1971, Spectra of some self-exciting and mutually exciting point processes; Ozaki 1979,
    Maximum likelihood estimation of Hawkes' self-exciting point processes (recursion).

    Examples
    --------
    >>> from py_rt.features import HawkesIntensity
    >>> HawkesIntensity(1.0, 0.5, 2.0).batch([0, 1_000_000_000]).round(3)
    array([1.5  , 1.568])
    """

    __slots__ = ("_last", "_stream")

    def __init__(self, mu: float, alpha: float, beta: float) -> None:
        self._stream: _core.OfElapsed[float, _Floats] = _core.OfElapsed(
            "HawkesIntensity", mu, alpha, beta
        )
        self._last: int | None = None

    def update(self, ts: int) -> float:
        """Take one event in by its time [ns UTC] and return the intensity just after it."""
        last = ts if self._last is None else self._last
        if ts < last:
            raise DataError(
                f"time {ts} lies before {last}", field="ts", remedy="sort the events by time"
            )
        value = self._stream.update((ts - last) / 1e9)
        self._last = ts
        return value

    def batch(self, ts: Any) -> _Floats:
        """Return the intensity just after each event, shape (n,); state is untouched."""
        times = times_of(ts, "ts")
        elapsed = np.diff(times, prepend=times[:1])
        if (elapsed < 0).any():
            row = int((elapsed < 0).argmax())
            raise DataError(
                "time lies before that of the row before",
                field="ts",
                row=row,
                remedy="sort the events by time",
            )
        return self._stream.batch(elapsed / 1e9)

    def reset(self) -> None:
        """Forget every event."""
        self._stream.reset()
        self._last = None
