"""Exact decimals between text, floats and integer ticks.

A tick size is decimal text such as ``"0.05"``, held as a mantissa and a scale: 5 / 10**2. A price
of n ticks is ``n * mantissa / 10**scale``: the product is exact, the division rounds once, so the
float is the nearest one to the decimal.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import numpy as np
import numpy.typing as npt

from py_rt.errors import ParameterError

__all__ = ["Floats", "Ints", "count_decimals", "from_units", "parse_decimal", "to_units"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_EXACT = 2**53


def parse_decimal(text: str, name: str) -> tuple[int, int]:
    """Split decimal text into (mantissa, scale): ``"0.05"`` is (5, 2), ``"100"`` is (100, 0).

    Raises
    ------
    ParameterError
        Not a decimal number, negative, or finer than 18 decimals.

    Examples
    --------
    >>> parse_decimal("0.05", "tick_size"), parse_decimal("1.50", "tick_size")
    ((5, 2), (15, 1))
    """
    try:
        value = Decimal(text)
    except (InvalidOperation, TypeError, ValueError):
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        raise ParameterError(
            f"{text!r} is not a decimal number", field=name, remedy="write it as text like '0.01'"
        )
    _, digits, exponent = value.normalize().as_tuple()
    mantissa = int("".join(map(str, digits)))
    scale = -int(exponent)
    if scale > 18:
        raise ParameterError(f"{text!r} is too fine", field=name, remedy="use at most 18 decimals")
    return (mantissa * 10**-scale, 0) if scale < 0 else (mantissa, scale)


def from_units(units: Ints, size: str, name: str = "tick_size") -> Floats:
    """Turn integer units (ticks, lots) of one size into the nearest float64 decimals.

    Examples
    --------
    >>> import numpy as np
    >>> from_units(np.array([3, 7]), "0.1").tolist()
    [0.3, 0.7]
    """
    mantissa, scale = parse_decimal(size, name)
    units = np.asarray(units, dtype=np.int64)
    if units.size and max(int(units.max()), -int(units.min())) * mantissa >= _EXACT:
        exact = [_nearest(int(n) * mantissa, scale) for n in units.ravel()]
        return np.array(exact, dtype=np.float64).reshape(units.shape)
    return np.asarray((units * mantissa) / 10.0**scale, dtype=np.float64)


def _nearest(numerator: int, scale: int) -> float:
    return float(numerator / 10**scale)  # division of Python integers rounds correctly


def to_units(
    values: Floats, size: str, name: str = "tick_size"
) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Turn decimals into whole units, and say which of them were not on the grid.

    Returns
    -------
    units : ndarray of int64
        Nearest whole number of units.
    off : ndarray of bool
        True where the decimal is not a multiple of the size beyond float noise.

    Examples
    --------
    >>> import numpy as np
    >>> units, off = to_units(np.array([0.3, 0.35]), "0.1")
    >>> units.tolist(), off.tolist()
    ([3, 4], [False, True])
    """
    mantissa, scale = parse_decimal(size, name)
    if mantissa == 0:
        raise ParameterError(f"{size!r} is zero", field=name, remedy="pass a positive size")
    exact = np.asarray(values, dtype=np.float64) * 10.0**scale / mantissa
    units = np.rint(exact)
    slack = np.maximum(1e-6, np.abs(exact) * 1e-12)
    return units.astype(np.int64), np.abs(exact - units) > slack


def count_decimals(values: Floats, most: int = 9) -> npt.NDArray[np.int8]:
    """Count the decimals that each float needs, the shortest that reads back as the same float.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Finite.
    most : int
        Where to stop; a float that needs more gets ``most + 1``.

    Examples
    --------
    >>> import numpy as np
    >>> count_decimals(np.array([1.0, 0.25, 101.7, 1 / 3])).tolist()
    [0, 2, 1, 10]
    """
    values = np.asarray(values, dtype=np.float64)
    needed = np.full(values.shape, most + 1, dtype=np.int8)
    open_rows = np.arange(values.size)
    for decimals in range(most + 1):
        rest = values[open_rows]
        power = 10.0**decimals
        fits = np.rint(rest * power) / power == rest
        needed[open_rows[fits]] = decimals
        open_rows = open_rows[~fits]
        if open_rows.size == 0:
            break
    return needed
