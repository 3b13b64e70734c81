"""Sources: find files and the reader of their format; take tables of other libraries."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from py_rt.data.columns import time_column
from py_rt.data.opening import look
from py_rt.data.quality import IssueLog
from py_rt.data.readers import Reader, format_names, recognise
from py_rt.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame_of", "is_columns", "locate"]


def locate(source: Any, reader: Reader | None, log: IssueLog) -> tuple[list[Path], Reader]:
    """Resolve a path, a glob or a list of paths, and find the reader of what lies there.

    Raises
    ------
    DataError
        Nothing there, a format that nobody knows, or files of different formats.
    """
    entries = [source] if isinstance(source, (str, Path)) else list(source)
    if not entries or "" in entries:
        raise log.refuse("missing", "no file is named", "pass a path, or 'sample:us_daily'")
    found: list[tuple[Path, Reader]] = []
    for entry in entries:
        if not isinstance(entry, (str, Path)):
            raise log.refuse(
                "schema",
                f"a list of {type(entry).__name__} is no source",
                "pass paths, a DataFrame, or {symbol: DataFrame}",
            )
        for path in _matches(entry, log):
            found += _with_reader(path, reader, log)
    readers = {known.name for _, known in found}
    if len(readers) > 1:
        listed = ", ".join(f"{path.name} {known.name}" for path, known in found[:4])
        raise log.refuse(
            "schema",
            f"the files are written in different formats: {listed}",
            "load them one by one",
        )
    return [path for path, _ in found], found[0][1]


def _with_reader(path: Path, reader: Reader | None, log: IssueLog) -> list[tuple[Path, Reader]]:
    if path.is_dir():
        whole = reader or recognise(look(path, log), log)
        if whole is not None and whole.recognise(look(path, log)):
            return [(path, whole)]
        inside = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
        if not inside:
            raise log.refuse("empty", f"the folder {path} holds no file", "name the file")
        return [pair for p in inside for pair in _with_reader(p, reader, log)]
    if reader is not None:
        return [(path, reader)]
    head = look(path, log)
    known = recognise(head, log)
    if known is not None:
        return [(path, known)]
    if head.members:
        what = f"holds {len(head.members)} files, and no format is recognised"
        remedy = "unpack it, and name the file inside"
    elif b"\0" in head.block:
        what, remedy = "is binary, and its format is not recognised", "pass format="
    else:
        what, remedy = "is of no format that is recognised", "pass format="
    names = ", ".join(format_names())
    what = f"{path.name} {what}"
    raise log.refuse("schema", what, f"{remedy} (one of {names})", file=path.name)


def _matches(entry: str | Path, log: IssueLog) -> list[Path]:
    path = Path(entry).expanduser()
    if path.exists():
        return [path]
    found = sorted(Path(name) for name in glob.glob(str(path)))
    if not found:
        nearby = sorted(p.name for p in path.parent.iterdir())[:5] if path.parent.is_dir() else []
        hint = f"; beside it lie {', '.join(nearby)}" if nearby else ""
        raise log.refuse(
            "missing", f"there is no file {path}", f"check the path{hint}, or use 'sample:us_daily'"
        )
    return found


def frame_of(table: Any) -> pd.DataFrame:
    """Return a pandas table from a table of pandas, polars, Arrow or NumPy, or from columns.

    Raises
    ------
    DataError
        Something else.
    """
    import pandas as pd

    if isinstance(table, pd.Series):
        return table.to_frame("close" if table.name is None else table.name)
    if isinstance(table, pd.DataFrame):
        return table
    home = type(table).__module__.partition(".")[0]
    if home == "polars":
        return _from_polars(table)
    if home == "pyarrow" and (hasattr(table, "schema") or hasattr(table, "read_all")):
        return _from_arrow(table)
    if isinstance(table, np.ndarray) and table.dtype.names:
        return pd.DataFrame({name: np.ascontiguousarray(table[name]) for name in table.dtype.names})
    if isinstance(table, Mapping):
        return _from_columns(table)
    raise DataError(
        f"{type(table).__name__} is no source of market data",
        field="source",
        remedy="pass a path, a glob, a table of pandas, polars, Arrow or NumPy (structured), "
        "or 'sample:us_daily'",
    )


def is_columns(source: Mapping[Any, Any]) -> bool:
    """Say whether a mapping holds the columns of one table, not a table a symbol."""
    if not source or any(hasattr(value, "columns") for value in source.values()):
        return False
    return time_column(list(source), None) is not None


def _from_columns(columns: Mapping[Any, Any]) -> pd.DataFrame:
    import pandas as pd

    single = next(
        (name for name, values in columns.items() if not hasattr(values, "__len__")), None
    )
    if single is not None:
        raise DataError(
            f"{single} is one {type(columns[single]).__name__}, not a column",
            field="source",
            remedy="pass a list or an array for each name",
        )
    lengths = {str(name): len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(
            f"columns differ in length: {lengths}", field="source", remedy="make them equal"
        )
    made = {
        str(name): pd.Series(values.to_list() if hasattr(values, "to_list") else values)
        for name, values in columns.items()
    }
    return pd.DataFrame({name: series.reset_index(drop=True) for name, series in made.items()})


def _from_arrow(table: Any) -> pd.DataFrame:
    import pyarrow as pa

    if hasattr(table, "read_all"):
        table = table.read_all()
    if isinstance(table, pa.RecordBatch):
        table = pa.Table.from_batches([table])
    frame: pd.DataFrame = table.to_pandas(split_blocks=True)
    return frame


def _from_polars(table: Any) -> pd.DataFrame:
    import pandas as pd

    if hasattr(table, "collect"):
        table = table.collect()
    columns: dict[str, Any] = {}
    names: Iterable[str] = table.columns
    for name in names:
        series = table[name]
        zone = getattr(series.dtype, "time_zone", None)
        label = str(series.dtype)
        if label.startswith("Datetime"):
            stamps = pd.Series(series.dt.epoch("ns").to_list(), dtype="Int64")
            read = pd.to_datetime(stamps, unit="ns", utc=zone is not None)
            columns[name] = read
        elif label in ("Date", "String", "Utf8", "Categorical") or label.startswith("Enum"):
            columns[name] = pd.Series(series.to_list(), dtype=object)
        else:
            columns[name] = pd.Series(series.to_numpy())
    return pd.DataFrame(columns)
