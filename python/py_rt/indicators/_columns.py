"""The classes that indicators of the same columns share, and how columns are made of anything."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

import py_rt._core.indicators as _core
from py_rt.errors import DataError, ParameterError

__all__ = [
    "Floats",
    "OfCloseVolume",
    "OfHighLow",
    "OfHighLowClose",
    "OfHighLowCloseVolume",
    "OfOpenClose",
    "OfOpenHighLowClose",
    "OfPair",
    "OfValue",
    "columns_of",
]

Floats = npt.NDArray[np.float64]

_One = TypeVar("_One")
_Many = TypeVar("_Many")


def _column(values: Any, field: str) -> Floats:
    """Turn anything like a column into contiguous float64; what is missing becomes NaN."""
    try:
        raw = np.asarray(values)
        column = np.ascontiguousarray(raw, dtype=np.float64) if raw.dtype.kind in "fiubO" else None
    except (TypeError, ValueError) as error:
        raise DataError(f"no numbers: {error}", field=field, remedy="pass float64") from None
    if column is None:
        raise DataError(f"{raw.dtype} values are no numbers", field=field, remedy="pass float64")
    if raw.ndim != 1:
        raise DataError(
            f"an array of shape {raw.shape} is no column", field=field, remedy="pass one dimension"
        )
    return column


def columns_of(given: dict[str, Any]) -> list[Floats]:
    """Turn the columns, or the one table given in place of the first, into arrays."""
    first, *others = given
    table = given[first]
    if hasattr(table, "columns") and all(given[name] is None for name in others):
        return [_of_table(table, "close" if name == "x" else name) for name in given]
    for name in others:
        if given[name] is None:
            raise ParameterError(
                f"{name} is missing", field=name, remedy=f"pass {', '.join(given)}, or one table"
            )
    columns = [_column(values, name) for name, values in given.items()]
    for name, column in zip(given, columns, strict=True):
        if len(column) != len(columns[0]):
            raise DataError(
                f"{len(column)} values, but {first} has {len(columns[0])}",
                field=name,
                remedy="pass columns of one length",
            )
    return columns


def _of_table(table: Any, name: str) -> Floats:
    if name not in table.columns:
        raise DataError(
            f"the table has no column {name}",
            field=name,
            remedy=f"its columns are {', '.join(map(str, table.columns))}",
        )
    return _column(table[name], name)


class OfValue(_core.OfValue[_One, _Many], Generic[_One, _Many]):
    """Takes x."""

    __slots__ = ()

    def batch(self, x: Any) -> _Many:
        """Return the lines after each row, shape (n,), NaN until ready; state is untouched."""
        given = {"x": x}
        return super().batch(*columns_of(given))


class OfPair(_core.OfPair[_One, _Many], Generic[_One, _Many]):
    """Takes x, y."""

    __slots__ = ()

    def batch(self, x: Any, y: Any = None) -> _Many:
        """Return the lines after each row, shape (n,), NaN until ready; state is untouched."""
        given = {"x": x, "y": y}
        return super().batch(*columns_of(given))


class OfHighLow(_core.OfHighLow[_One, _Many], Generic[_One, _Many]):
    """Takes high, low."""

    __slots__ = ()

    def batch(self, high: Any, low: Any = None) -> _Many:
        """Return the lines after each row, shape (n,), NaN until ready; state is untouched."""
        given = {"high": high, "low": low}
        return super().batch(*columns_of(given))


class OfOpenClose(_core.OfOpenClose[_One, _Many], Generic[_One, _Many]):
    """Takes open, close."""

    __slots__ = ()

    def batch(self, open: Any, close: Any = None) -> _Many:
        """Return the lines after each row, shape (n,), NaN until ready; state is untouched."""
        given = {"open": open, "close": close}
        return super().batch(*columns_of(given))


class OfCloseVolume(_core.OfCloseVolume[_One, _Many], Generic[_One, _Many]):
    """Takes close, volume."""

    __slots__ = ()

    def batch(self, close: Any, volume: Any = None) -> _Many:
        """Return the lines after each row, shape (n,), NaN until ready; state is untouched."""
        given = {"close": close, "volume": volume}
        return super().batch(*columns_of(given))


class OfHighLowClose(_core.OfHighLowClose[_One, _Many], Generic[_One, _Many]):
    """Takes high, low, close."""

    __slots__ = ()

    def batch(self, high: Any, low: Any = None, close: Any = None) -> _Many:
        """Return the lines after each row, shape (n,), NaN until ready; state is untouched."""
        given = {"high": high, "low": low, "close": close}
        return super().batch(*columns_of(given))


class OfOpenHighLowClose(_core.OfOpenHighLowClose[_One, _Many], Generic[_One, _Many]):
    """Takes open, high, low, close."""

    __slots__ = ()

    def batch(self, open: Any, high: Any = None, low: Any = None, close: Any = None) -> _Many:
        """Return the lines after each row, shape (n,), NaN until ready; state is untouched."""
        given = {"open": open, "high": high, "low": low, "close": close}
        return super().batch(*columns_of(given))


class OfHighLowCloseVolume(_core.OfHighLowCloseVolume[_One, _Many], Generic[_One, _Many]):
    """Takes high, low, close, volume."""

    __slots__ = ()

    def batch(self, high: Any, low: Any = None, close: Any = None, volume: Any = None) -> _Many:
        """Return the lines after each row, shape (n,), NaN until ready; state is untouched."""
        given = {"high": high, "low": low, "close": close, "volume": volume}
        return super().batch(*columns_of(given))
