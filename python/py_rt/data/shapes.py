"""Tables of other shapes: a column a symbol, or one symbol of several venues."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from py_rt._scales import Floats, Ints
from py_rt.data.columns import BLANKS, is_known, time_column
from py_rt.data.quality import IssueLog

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["long_form", "venue_symbols"]

_SYMBOL = re.compile(r"^(?=.*[A-Z])[A-Z0-9.^=/&-]{1,12}$")


def long_form(
    frame: pd.DataFrame, given: Mapping[str, str] | None, log: IssueLog, *, wanted: bool
) -> tuple[pd.DataFrame, Ints]:
    """Turn a table of closes with one column a symbol into rows; leave others as they are.

    Returns
    -------
    frame : DataFrame
    rows : ndarray of int64
        Row of the source that each row comes from.
    """
    import pandas as pd

    same = np.arange(len(frame))
    time = time_column(list(frame.columns), given)
    if time is None or len(frame.columns) < 2:
        return frame, same
    others = [name for name in frame.columns if name != time]
    if not wanted and not all(_SYMBOL.match(str(n)) and not is_known(n) for n in others):
        return frame, same
    read = [_numbers(frame[name]) for name in others]
    wrong = next((n for n, values in zip(others, read, strict=True) if values is None), None)
    if wrong is not None and wanted:
        raise log.refuse("schema", f"the column {wrong} holds text", "drop it", column=str(wrong))
    if wrong is not None or not len(frame):
        return frame, same
    table = np.column_stack([values for values in read if values is not None])
    finite = table[np.isfinite(table)]
    if not wanted and (not finite.size or (finite > 0).mean() < 0.99):
        return frame, same
    log.note(f"wide table: the {len(others)} columns are closes of as many symbols")
    row, column = np.nonzero(~np.isnan(table))
    out = pd.DataFrame(
        {
            "symbol": np.array([str(name) for name in others], dtype=object)[column],
            time: frame[time].to_numpy()[row]
            if not isinstance(frame[time].dtype, pd.DatetimeTZDtype)
            else frame[time].array[row],
            "close": table[row, column],
        }
    )
    return out, row.astype(np.int64)


def _numbers(column: pd.Series[Any]) -> Floats | None:
    """Read a column as numbers, blanks as NaN; None when it holds other text."""
    import pandas as pd

    read = pd.to_numeric(column, errors="coerce")
    failed = column[(read.isna() & column.notna()).to_numpy(dtype=bool)]
    if len(failed) and not bool(failed.astype(str).str.strip().str.lower().isin(BLANKS).all()):
        return None
    return read.to_numpy(dtype=np.float64, na_value=np.nan)


def venue_symbols(frame: pd.DataFrame, columns: Mapping[str, Any], log: IssueLog) -> pd.DataFrame:
    """Name bars of one symbol and time from several venues SYMBOL.VENUE, to keep them apart."""
    lower = {str(name).strip().lower(): name for name in frame.columns}
    venue = lower.get("venue", lower.get("exchange"))
    time = next((columns[n] for n in ("ts_event", "ts_open", "ts_close") if n in columns), None)
    if venue is None or time is None or "symbol" not in columns or time not in frame.columns:
        return frame
    symbol = columns["symbol"]
    by_time = frame.duplicated([symbol, time], keep=False)
    clash = by_time & ~frame.duplicated([symbol, time, venue], keep=False)
    if not bool(clash.any()):
        return frame
    shared = sorted(set(frame[symbol][clash].astype(str)))
    named = frame[symbol].astype(str)
    moved = named.isin(shared)
    log.note(f"{', '.join(shared[:5])}: bars of several venues, named SYMBOL.VENUE")
    joined = named.where(~moved, named + "." + frame[venue].astype(str))
    return frame.assign(**{str(symbol): joined})
