"""One price out of a bar."""

from __future__ import annotations

from typing import Self

from py_rt.indicators._columns import Floats, OfHighLow, OfHighLowClose, OfOpenHighLowClose

__all__ = ["AVGPRICE", "MEDPRICE", "TYPPRICE", "WCLPRICE"]


class AVGPRICE(OfOpenHighLowClose[float, Floats]):
    """Average price: (open + high + low + close) / 4.

    Examples
    --------
    >>> from py_rt.indicators import AVGPRICE
    >>> AVGPRICE().update(1.0, 4.0, 1.0, 2.0)
    2.0
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        return super().__new__(cls, "AVGPRICE")


class MEDPRICE(OfHighLow[float, Floats]):
    """Median price: (high + low) / 2.

    Examples
    --------
    >>> from py_rt.indicators import MEDPRICE
    >>> MEDPRICE().update(4.0, 1.0)
    2.5
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        return super().__new__(cls, "MEDPRICE")


class TYPPRICE(OfHighLowClose[float, Floats]):
    """Typical price: (high + low + close) / 3.

    Examples
    --------
    >>> from py_rt.indicators import TYPPRICE
    >>> TYPPRICE().update(4.0, 1.0, 1.0)
    2.0
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        return super().__new__(cls, "TYPPRICE")


class WCLPRICE(OfHighLowClose[float, Floats]):
    """Weighted close: (high + low + 2 close) / 4.

    Examples
    --------
    >>> from py_rt.indicators import WCLPRICE
    >>> WCLPRICE().update(4.0, 1.0, 1.5)
    2.0
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        return super().__new__(cls, "WCLPRICE")
