"""What people hold (lists, NumPy, pandas, polars) to what the kernels take: contiguous float64."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from py_rt.errors import DataError, ParameterError, TradingError
from py_rt.quant._lookahead import refuse_later

Floats = npt.NDArray[np.float64]

_FLOAT64 = np.dtype(np.float64)
_SMALL, _LARGE = 1e-100, 1e100
# Names of columns that have none: a copy of a part is made faster than a list of numbers.
_NUMBERS = list(range(64))


def plain(values: Any, field: str, *, by_column: bool = False) -> Floats:
    """Turn anything like numbers into float64; what is missing becomes NaN.

    Rows follow each other in memory; columns may where the kernel takes them `by_column`.
    """
    refuse_later(values, field)
    if type(values) is np.ndarray and values.dtype is _FLOAT64:
        flags = values.flags
        if flags.c_contiguous or (by_column and flags.f_contiguous):
            return values
    try:
        if isinstance(values, np.ma.MaskedArray):
            values = np.ma.filled(values.astype(np.float64), np.nan)
        raw = np.asarray(values)
        if raw.dtype.kind == "O" and hasattr(values, "to_numpy"):
            # The nullable columns of pandas say NA where NumPy has no word but NaN.
            raw = values.to_numpy(dtype=np.float64, na_value=np.nan)
        good = raw.dtype.kind in "fiubO"
        numbers = np.ascontiguousarray(raw, dtype=np.float64) if good else None
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"no numbers: {error}", field=field, remedy="pass float64") from None
    if numbers is None:
        raise DataError(f"{raw.dtype} values are no numbers", field=field, remedy="pass float64")
    return numbers if raw.ndim else numbers.reshape(())


def series(values: Any, field: str = "x") -> Floats:
    """Turn a column into contiguous float64 of shape (n,); a table of one column is one."""
    numbers = plain(values, field)
    if numbers.ndim == 2 and numbers.shape[1] == 1:
        numbers = numbers[:, 0].copy()
    if numbers.ndim != 1:
        raise DataError(
            f"an array of shape {numbers.shape} is no column",
            field=field,
            remedy="pass one dimension",
        )
    return numbers


def finite(numbers: Floats, field: str = "x") -> Floats:
    """Refuse NaN and infinity with their position."""
    bad = np.argwhere(~np.isfinite(numbers))
    if bad.size:
        place = tuple(int(i) for i in bad[0])
        raise DataError(
            f"value is {numbers[place]}",
            field=field,
            remedy="drop or fill it before",
            row=place[0] if place else None,
            column=place[1] if len(place) > 1 else None,
        )
    return numbers


def tamed(numbers: Floats) -> tuple[Floats, int]:
    """Return numbers whose squares neither overflow nor vanish, and the power of two taken out."""
    size = float(np.abs(numbers).max()) if numbers.size else 0.0
    if not np.isfinite(size) or size == 0.0 or _SMALL < size < _LARGE:
        return numbers, 0
    power = int(np.frexp(size)[1])
    return np.ldexp(numbers, -power), power


def restored(value: Any, power: int, field: str) -> Any:
    """Multiply with a power of two again; refuse what float64 cannot hold."""
    with np.errstate(over="ignore"):
        return bounded(np.ldexp(value, power) if power else value, field)


def bounded(value: Any, field: str) -> Any:
    """Refuse a result that float64 cannot hold."""
    if not np.isfinite(value).all():
        raise DataError(
            "values are so large or so small that results overflow",
            field=field,
            remedy="use another unit: divide by a power of ten",
        )
    return value


class Columns(NamedTuple):
    """A table of numbers with the names of its columns."""

    values: Floats
    names: list[Any]


def table(
    values: Any,
    field: str = "x",
    names: Sequence[Any] | None = None,
    *,
    by_column: bool = False,
) -> Columns:
    """Turn a table into row-major float64 of shape (n, k); a column becomes a table of one.

    A dictionary of columns is a table too. Columns without a name are called by their number.
    """
    own: list[Any] | None = None
    if isinstance(values, dict):
        own = list(values)
        columns = [series(column, str(name)) for name, column in values.items()]
        if len({len(column) for column in columns}) > 1:
            found = {str(name): len(column) for name, column in zip(own, columns, strict=True)}
            raise DataError(
                f"columns differ in length: {found}", field=field, remedy="align them before"
            )
        numbers = np.ascontiguousarray(np.column_stack(columns)) if columns else np.empty((0, 0))
    else:
        if type(values) is not np.ndarray and hasattr(values, "columns"):
            own = list(values.columns)
        numbers = plain(values, field, by_column=by_column)
    if numbers.ndim == 1:
        numbers = numbers.reshape(-1, 1)
    if numbers.ndim != 2:
        raise DataError(
            f"an array of shape {numbers.shape} is no table",
            field=field,
            remedy="pass rows of observations and a column a series",
        )
    given: list[Any] | None = list(names) if names is not None else own
    if given is not None and len(given) != numbers.shape[1]:
        raise ParameterError(
            f"names has {len(given)} entries, but there are {numbers.shape[1]} columns",
            field="names",
            remedy="name every column once",
        )
    if given is None:
        count = numbers.shape[1]
        given = _NUMBERS[:count] if count <= len(_NUMBERS) else list(range(count))
    return Columns(numbers, given)


@contextmanager
def naming(names: Sequence[Any]) -> Iterator[None]:
    """Say the name of a column where a kernel says its number."""
    try:
        yield
    except TradingError as error:
        column = error.where.get("column")
        if isinstance(column, int) and 0 <= column < len(names):
            error.where["column"] = names[column]
        raise


def whole(value: Any, name: str, low: int, high: int | None = None) -> int:
    """Return a whole number within its range, both ends included."""
    try:
        number = int(value)
        good = number == value and not isinstance(value, bool)
    except (TypeError, ValueError, OverflowError):
        number, good = 0, False
    if not good or number < low or (high is not None and number > high):
        span = f"at least {low}" if high is None else f"between {low} and {high}"
        raise ParameterError(
            f"{name} is {value!r}, but must be a whole number, {span}",
            field=name,
            remedy="choose a value in that range",
        )
    return number


def real(value: Any, name: str, low: float = -np.inf, high: float = np.inf) -> float:
    """Return a finite number strictly between its bounds."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not isfinite(number) or not low < number < high:
        span = "finite" if np.isinf([low, high]).all() else f"in ({low}, {high})"
        raise ParameterError(
            f"{name} is {value!r}, but must be a number {span}",
            field=name,
            remedy="choose a value in that range",
        )
    return number


def choice(value: Any, name: str, known: Sequence[Any]) -> Any:
    """Return a value out of a list of known ones."""
    if isinstance(value, str):
        value = value.lower()
    if value not in known:
        raise ParameterError(
            f"{name} is {value!r}, but must be one of {', '.join(map(repr, known))}",
            field=name,
            remedy="choose one of them",
        )
    return value
