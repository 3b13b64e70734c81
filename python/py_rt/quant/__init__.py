"""The statistics of statistical arbitrage: functions from arrays to frozen results.

Everything takes NumPy arrays, lists, pandas and polars columns, of any number type; float64
inside. NaN and infinity raise :class:`~py_rt.errors.DataError` with their position, what tells
nothing raises :class:`~py_rt.errors.Degenerate` with the column. Nothing here looks ahead unless
its docstring says so.
"""

from __future__ import annotations

__all__: list[str] = []
