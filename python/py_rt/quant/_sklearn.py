"""What scikit-learn wants of an estimator's input and errors; it need not be installed."""

from __future__ import annotations

from typing import Any

import numpy as np

from py_rt.errors import DataError, ParameterError
from py_rt.quant._arrays import Columns, finite, table

__all__ = ["InputError", "fits", "observations", "refused", "unfitted"]


class InputError(DataError, ValueError):
    """A DataError that scikit-learn recognises."""


class KindError(InputError, TypeError):
    """A DataError about the kind of the input."""


def observations(values: Any, name: str, *, flat: bool = False) -> Columns:
    """Return rows of finite observations; one column alone where ``flat`` allows it."""
    if hasattr(values, "toarray") and hasattr(values, "nnz"):
        raise KindError("sparse input is not supported", field=name, remedy="pass a dense array")
    held = hasattr(values, "columns") or isinstance(values, dict)
    try:
        raw = values if held else np.asanyarray(values)
        if getattr(raw, "dtype", None) is not None and raw.dtype.kind == "c":
            raise InputError("Complex data not supported", field=name, remedy="pass real numbers")
        if getattr(raw, "ndim", 2) == 1 and not flat:
            raise InputError(
                "Expected 2D array, got 1D array instead. Reshape your data",
                field=name,
                remedy="pass rows of observations and a column an asset",
            )
        columns = table(values, name)
        rows, width = columns.values.shape
        if width == 0:
            raise DataError(
                f"0 feature(s) (shape={(rows, width)}) while a minimum of 1 is required",
                field=name,
                remedy="pass a column a series",
            )
        if rows == 0:
            raise DataError("0 observations", field=name, remedy="pass some")
        finite(columns.values, name)
    except InputError:
        raise
    except DataError as error:
        raise refused(error) from error
    except ValueError as error:
        raise InputError(f"no table: {error}", field=name, remedy="pass numbers") from None
    return columns


def fits(found: int, expected: int, name: str, owner: str) -> None:
    """Refuse input of another width than that of the fit."""
    if found != expected:
        raise InputError(
            f"X has {found} features, but {owner} is expecting {expected} features as input",
            field=name,
            remedy="pass what it was fitted on",
        )


def refused(error: DataError) -> InputError:
    """Return the error as scikit-learn recognises it, where and remedy kept."""
    if "nan" in error.what.lower() or "inf" in error.what.lower():
        error.what = f"{error.what} (input contains NaN or infinity)"
    kind = KindError if "argument must be" in error.what else InputError
    told = kind(error.what, remedy=error.remedy, **error.where)
    told.code = error.code
    return told


def unfitted(name: str) -> Exception:
    """Return the error of an estimator that was not fitted."""
    what = f"This {name} instance is not fitted yet"
    try:
        from sklearn.exceptions import NotFittedError
    except ImportError:
        return ParameterError(what, field="self", remedy="call fit first")
    else:
        error: Exception = NotFittedError(f"{what}; call fit first")
        return error
