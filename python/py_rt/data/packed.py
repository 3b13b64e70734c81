"""The compact file of the bundled samples: an NPZ of integer columns, read with NumPy alone.

Each column is stored as differences where that is smaller, in the narrowest integer type, its bytes
regrouped by significance so that deflate finds the runs. ``meta`` holds the JSON description. The
same rows always give the same bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from py_rt.errors import DataError
from py_rt.market import BAR_DTYPE, EVENT_DTYPE, Instrument, MarketData

__all__ = ["read_meta", "read_packed", "write_packed"]

FORMAT = "py_rt-sample-1"
_TABLES = {"events": EVENT_DTYPE, "bars": BAR_DTYPE}
_TYPES = tuple(np.dtype(name) for name in ("<i1", "<i2", "<i4", "<i8"))


def write_packed(path: str | Path, data: MarketData, about: dict[str, Any]) -> None:
    """Write market data as a sample file.

    Parameters
    ----------
    path : str or Path
    data : MarketData
        Bar volumes must be whole numbers of lots or exactly representable.
    about : dict
        JSON values to keep beside the rows: description, licence and so on.
    """
    arrays: dict[str, Any] = {}
    layout: dict[str, dict[str, Any]] = {}
    for table, rows in (("events", data.events()), ("bars", data.bars())):
        if not rows.size:
            continue
        dtype = _TABLES[table]
        for column in dtype.names or ():
            key = f"{table}.{column}"
            layout[key], packed = _pack(rows[column])
            if packed is not None:
                arrays[key] = packed
    meta = {
        "format": FORMAT,
        "name": data.name,
        "attribution": data.attribution,
        "notes": list(data.notes),
        "instruments": [instrument.to_dict() for instrument in data.instruments],
        "rows": {"events": int(data.events().size), "bars": int(data.bars().size)},
        "layout": layout,
        **about,
    }
    text = json.dumps(meta, sort_keys=True, ensure_ascii=False).encode()
    with Path(path).open("wb") as file:
        np.savez_compressed(file, meta=np.frombuffer(text, dtype=np.uint8), **arrays)


def _pack(values: npt.NDArray[Any]) -> tuple[dict[str, Any], npt.NDArray[np.uint8] | None]:
    if values.dtype.kind == "f":
        whole = values.astype(np.int64)
        if not np.array_equal(whole, values):
            return {"float": True}, _shuffled(np.ascontiguousarray(values))
        values = whole
    numbers = values.astype(np.int64)
    if (numbers == numbers[0]).all():
        return {"constant": int(numbers[0])}, None
    steps = np.diff(numbers, prepend=np.int64(0))
    first = int(numbers[0])
    steps[0] = 0
    by_steps = _narrowest(steps).itemsize <= _narrowest(numbers).itemsize
    chosen = steps if by_steps else numbers
    unit = int(np.gcd.reduce(np.abs(chosen))) or 1
    chosen = chosen // unit
    layout = {"dtype": _narrowest(chosen).str, "unit": unit}
    if by_steps:
        layout["first"] = first
    return layout, _shuffled(chosen.astype(_narrowest(chosen)))


def _narrowest(values: npt.NDArray[np.int64]) -> np.dtype[Any]:
    low, high = int(values.min()), int(values.max())
    fits = (t for t in _TYPES if np.iinfo(t).min <= low and high <= np.iinfo(t).max)
    return next(fits)


def _shuffled(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    planes = values.view(np.uint8).reshape(values.size, values.dtype.itemsize)
    return np.ascontiguousarray(planes.T)


def _unshuffled(planes: npt.NDArray[np.uint8], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    return np.ascontiguousarray(planes.T).view(dtype).ravel()


def read_meta(file: str | Path | IO[bytes]) -> dict[str, Any]:
    """Read only the description of a sample file.

    Raises
    ------
    DataError
        Not such a file.
    """
    try:
        with np.load(file, allow_pickle=False) as archive:
            return _meta_of(archive, file)
    except (OSError, ValueError) as error:
        raise _not_ours(file) from error


def read_packed(file: str | Path | IO[bytes]) -> MarketData:
    """Read a sample file.

    Raises
    ------
    DataError
        Not such a file, or a damaged one.
    """
    try:
        with np.load(file, allow_pickle=False) as archive:
            meta = _meta_of(archive, file)
            tables = {name: _table(name, meta, archive) for name in _TABLES}
    except (OSError, ValueError, EOFError) as error:
        raise _not_ours(file) from error
    known = [Instrument(**fields) for fields in meta["instruments"]]
    return MarketData(
        tables["events"],
        tables["bars"],
        known,
        meta["name"],
        meta["attribution"],
        meta["notes"],
    )


def _meta_of(archive: Any, file: Any) -> dict[str, Any]:
    if "meta" not in archive.files:
        raise _not_ours(file)
    meta: dict[str, Any] = json.loads(archive["meta"].tobytes())
    if meta.get("format") != FORMAT:
        raise _not_ours(file)
    return meta


def _not_ours(file: Any) -> DataError:
    return DataError(
        "is not a py_rt sample file",
        file=str(getattr(file, "name", file)),
        remedy="pass a file written by py_rt.data.packed.write_packed, or name another format",
    )


def _table(table: str, meta: dict[str, Any], archive: Any) -> npt.NDArray[np.void] | None:
    count = meta["rows"][table]
    if not count:
        return None
    rows = np.zeros(count, dtype=_TABLES[table])
    for column in rows.dtype.names or ():
        key = f"{table}.{column}"
        rows[column] = _column(meta["layout"][key], archive, key)
    return rows


def _column(layout: dict[str, Any], archive: Any, key: str) -> Any:
    if "constant" in layout:
        return layout["constant"]
    if "float" in layout:
        return _unshuffled(archive[key], np.dtype("<f8"))
    values = _unshuffled(archive[key], np.dtype(layout["dtype"])).astype(np.int64)
    values *= layout["unit"]
    if "first" in layout:
        values[0] = layout["first"]
        np.cumsum(values, out=values)
    return values
