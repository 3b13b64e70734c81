"""Rows from whatever holds them: structured arrays, tables, dicts of columns, lists of rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from py_rt._layout import Rows
from py_rt.errors import DataError, ParameterError

__all__ = ["side_number", "structured"]

_SIDES = {"buy": 1, "bid": 1, "sell": -1, "ask": -1, 1: 1, -1: -1}


def side_number(side: Any) -> int:
    """Return +1 or -1 for "buy", "bid", "sell", "ask", +1 or -1."""
    try:
        return _SIDES[side]
    except (KeyError, TypeError):
        raise ParameterError(
            f"{side!r} is no side", field="side", remedy='use "buy" or "sell"'
        ) from None


def structured(
    source: Any, dtype: np.dtype[np.void], name: str, optional: frozenset[str] = frozenset()
) -> Rows:
    """Return a contiguous array with the fields of ``dtype`` in their formats, in any layout.

    A structured array whose fields have these formats is taken as it is; everything else is
    converted column by column, and a value that does not fit is refused with its row.
    """
    names = dtype.names or ()
    columns = _columns(source, names, name)
    missing = [field for field in names if field not in columns and field not in optional]
    if missing:
        raise DataError(
            f"{name} lack {', '.join(missing)}",
            field=missing[0],
            remedy=f"pass rows with the fields {', '.join(names)}",
        )
    if isinstance(source, (Mapping, list, tuple)):
        _refuse_unknown(columns, names, name)
    if isinstance(columns, _Fields) and columns.rows.ndim == 1 and columns.fits(dtype):
        return np.ascontiguousarray(columns.rows)
    given = {field: np.asarray(columns[field]) for field in names if field in columns}
    sizes = {field: column.shape for field, column in given.items()}
    if any(len(shape) != 1 for shape in sizes.values()) or len(set(sizes.values())) > 1:
        raise DataError(
            f"columns have the shapes {sizes}",
            field=name,
            remedy="pass one-dimensional columns of equal length",
        )
    rows = np.zeros(next(iter(sizes.values())), dtype=dtype)
    for field, column in given.items():
        rows[field] = _converted(column, dtype[field], field)
    return rows


def _refuse_unknown(columns: Mapping[str, Any], names: tuple[str, ...], name: str) -> None:
    unknown = sorted(set(columns) - set(names))
    if unknown:
        raise DataError(
            f"{name} have no field {unknown[0]!r}",
            field=unknown[0],
            remedy=f"the fields are {', '.join(names)}",
        )


class _Fields(Mapping[str, Any]):
    """A structured array as a mapping of its columns."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def __getitem__(self, name: str) -> Any:
        return self.rows[name]

    def __contains__(self, name: object) -> bool:
        return name in (self.rows.dtype.names or ())

    def __iter__(self) -> Any:
        return iter(self.rows.dtype.names or ())

    def __len__(self) -> int:
        return len(self.rows.dtype.names or ())

    def fits(self, dtype: np.dtype[np.void]) -> bool:
        """Whether every field is there, in the format wanted."""
        fields: Mapping[str, Any] = self.rows.dtype.fields or {}
        return all(
            field in fields and fields[field][0] == dtype[field] for field in dtype.names or ()
        )


def _columns(source: Any, names: tuple[str, ...], name: str) -> Mapping[str, Any]:
    if isinstance(source, (np.ndarray, np.void)) and source.dtype.names:
        return _Fields(np.atleast_1d(np.asarray(source)))
    if isinstance(source, Mapping):
        return source
    if hasattr(source, "columns") and hasattr(source, "__getitem__"):
        return {str(column): source[column] for column in source.columns}
    if isinstance(source, (list, tuple)):
        listed = list(source)
        if not listed:
            return {field: np.empty(0, dtype=np.int64) for field in names}
        if all(isinstance(row, np.void) and row.dtype.names for row in listed):
            return _Fields(np.array(listed, dtype=listed[0].dtype))
        if all(isinstance(row, Mapping) for row in listed):
            known = {str(field) for row in listed for field in row}
            return {field: [row.get(field, 0) for row in listed] for field in known}
        if all(isinstance(row, (list, tuple)) and len(row) == len(names) for row in listed):
            return dict(zip(names, zip(*listed, strict=True), strict=True))
    raise DataError(
        f"{type(source).__name__} is not understood",
        field=name,
        remedy=f"pass a structured array or a table with the fields {', '.join(names)}",
    )


def _converted(column: npt.NDArray[Any], dtype: np.dtype[Any], field: str) -> npt.NDArray[Any]:
    """Return the column as integers of ``dtype``; refuse what would change on the way."""
    if column.dtype.kind not in "iubf":
        try:
            column = np.array([int(value) for value in column.tolist()], dtype=object)
        except (TypeError, ValueError, OverflowError):
            raise DataError(
                f"{column.dtype} is no integer column", field=field, remedy=f"pass {dtype.name}"
            ) from None
    limits = np.iinfo(dtype)
    if column.dtype.kind == "f":
        bad = ~np.isfinite(column) | (column != np.floor(column))
        bad |= (column < float(limits.min)) | (column >= float(limits.max) + 1.0)
    elif column.dtype.kind == "b":
        bad = np.zeros(column.shape, dtype=np.bool_)
    else:
        bad = np.asarray((column < limits.min) | (column > limits.max), dtype=np.bool_)
    wrong = np.flatnonzero(bad)
    if wrong.size:
        raise DataError(
            f"{column[wrong[0]]!s} does not fit into {dtype.name}",
            field=field,
            row=int(wrong[0]),
            remedy="pass integers within range; prices in ticks, quantities in lots",
        )
    return column.astype(dtype)
