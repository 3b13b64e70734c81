"""Rows of one symbol and kind as Parquet bytes, and back without losing a bit.

Prices and quantities are Parquet DECIMALs: the integer stored is the number of ticks times the
tick's mantissa, so other programs read exact decimals and we read exact ticks.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from py_rt._layout import BAR_DTYPE, EVENT_DTYPE, Instrument
from py_rt._scales import Ints, parse_decimal
from py_rt.errors import DataError

__all__ = [
    "Stretch",
    "decode",
    "decode_pages",
    "encode",
    "periods_of",
    "rescaled",
    "shared_step",
]

Rows = npt.NDArray[np.void]
_PRICES = frozenset({"price", "open", "high", "low", "close"})
_TIMES = frozenset({"ts_event", "ts_recv", "ts_open", "ts_close"})
_DAY = 86_400_000_000_000
_MOST_18 = 10**18 - 1


@dataclass(frozen=True)
class Stretch:
    """Rows of one symbol and kind, each with its place in the order of imports.

    Attributes
    ----------
    rows : ndarray of EVENT_DTYPE or BAR_DTYPE
        ``instrument`` is 0.
    batch, seq : ndarray of int64
        Number of the import that brought the row, and its place there.
    """

    rows: Rows
    batch: Ints
    seq: Ints

    def take(self, which: npt.NDArray[Any]) -> Stretch:
        """Return some of the rows."""
        return Stretch(self.rows[which], self.batch[which], self.seq[which])


def encode(stretch: Stretch, instrument: Instrument) -> bytes:
    """Write rows as the bytes of a Parquet file; equal rows give equal bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays, names = [], []
    for name in stretch.rows.dtype.names or ():
        if name == "instrument":
            continue
        values = np.ascontiguousarray(stretch.rows[name])
        if name in _TIMES:
            arrays.append(pa.array(values).cast(pa.timestamp("ns", "UTC")))
        elif name in _PRICES:
            arrays.append(_decimals(values, instrument.tick_size, name))
        elif name == "qty":
            arrays.append(_decimals(values, instrument.lot_size, name))
        else:
            arrays.append(pa.array(values))
        names.append(name)
    arrays += [pa.array(stretch.batch), pa.array(stretch.seq)]
    facts = {"py_rt.tick_size": instrument.tick_size, "py_rt.lot_size": instrument.lot_size}
    table = pa.Table.from_arrays(arrays, names=[*names, "batch", "seq"])
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(facts), sink, compression="zstd")
    content: bytes = sink.getvalue().to_pybytes()
    return content


def decode(content: bytes, instrument: Instrument, kind: str, path: str) -> Stretch:
    """Read what ``encode`` wrote, with the tick and lot it was written with.

    Raises
    ------
    DataError
        Damaged bytes.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return _stretch(pq.read_table(io.BytesIO(content)), instrument, kind)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from None


def decode_pages(
    file: IO[bytes], instrument: Instrument, kind: str, path: str, rows: int
) -> Iterator[Stretch]:
    """Read what ``encode`` wrote some rows at a time, in their order.

    Raises
    ------
    DataError
        Damaged bytes.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        source = pq.ParquetFile(file, buffer_size=1 << 16, pre_buffer=False)
        for batch in source.iter_batches(rows):
            yield _stretch(pa.Table.from_batches([batch]), instrument, kind)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from None


def _damaged(path: str, error: Exception) -> DataError:
    return DataError(
        f"{path} is damaged: {error}", kind="checksum", remedy="import that stretch again"
    )


def _stretch(table: Any, instrument: Instrument, kind: str) -> Stretch:
    import pyarrow as pa

    rows = np.zeros(table.num_rows, dtype=BAR_DTYPE if kind == "bar" else EVENT_DTYPE)
    for name in rows.dtype.names or ():
        if name == "instrument":
            continue
        column = table.column(name).combine_chunks()
        if name in _PRICES:
            rows[name] = _units(column, instrument.tick_size, "tick_size")
        elif name == "qty":
            rows[name] = _units(column, instrument.lot_size, "lot_size")
        else:
            rows[name] = column.cast(pa.int64()) if name in _TIMES else column
    return Stretch(rows, *(table.column(name).to_numpy() for name in ("batch", "seq")))


def _decimals(units: Ints, size: str, name: str) -> Any:
    import pyarrow as pa

    mantissa, scale = parse_decimal(size, name)
    if units.size and max(int(units.max()), -int(units.min())) * mantissa >= 2**63:
        raise DataError(
            f"a value of {size} x {int(np.abs(units).max())} is too large to store",
            field=name,
            remedy="check the units of the column",
        )
    values = units * mantissa
    wide = np.empty((values.size, 2), dtype=np.int64)
    wide[:, 0], wide[:, 1] = values, values >> 63
    fits = not values.size or max(int(values.max()), -int(values.min())) <= _MOST_18
    kind = pa.decimal128(18 if fits and scale <= 18 else 38, scale)
    return pa.Array.from_buffers(kind, values.size, [None, pa.py_buffer(wide.tobytes())])


def _units(column: Any, size: str, name: str) -> Ints:
    mantissa, _ = parse_decimal(size, name)
    if not len(column):
        return np.empty(0, dtype=np.int64)
    wide = np.frombuffer(column.buffers()[1], dtype=np.int64)
    values: Ints = wide[2 * column.offset : 2 * (column.offset + len(column)) : 2]
    return values // mantissa


def periods_of(rows: Rows, kind: str) -> dict[str, npt.NDArray[np.intp]]:
    """Cut rows into the parts that share a file: day, month or all; rows of each, in order."""
    if not rows.size:
        return {}
    if kind == "bar" and int(np.median(rows["ts_close"] - rows["ts_open"])) >= _DAY:
        return {"all": np.arange(rows.size)}
    unit = "M" if kind == "bar" else "D"
    stamps = rows["ts_open"] if kind == "bar" else rows["ts_recv"]
    parts = stamps.astype("datetime64[ns]").astype(f"datetime64[{unit}]")
    names, codes = np.unique(parts, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    cuts = np.searchsorted(codes[order], np.arange(1, len(names)))
    return dict(zip((str(name) for name in names), np.split(order, cuts), strict=True))


def shared_step(sizes: list[str], name: str) -> str:
    """Return the largest step that every given one is a multiple of.

    Examples
    --------
    >>> shared_step(["0.01", "0.005"], "tick_size"), shared_step(["0.25", "0.1"], "tick_size")
    ('0.005', '0.05')
    """
    parts = [parse_decimal(size, name) for size in sizes]
    scale = max(part[1] for part in parts)
    step = int(np.gcd.reduce([mantissa * 10 ** (scale - own) for mantissa, own in parts]))
    return format(Decimal(step).scaleb(-scale).normalize(), "f")


def rescaled(rows: Rows, old: Instrument, new: Instrument) -> Rows:
    """Return the rows in the ticks and lots of another instrument, exactly."""
    factors = {}
    for size in ("tick_size", "lot_size"):
        ratio = Decimal(getattr(old, size)) / Decimal(getattr(new, size))
        factors[size] = int(ratio)
        assert ratio == factors[size], "the new step divides the old one"
    for name in rows.dtype.names or ():
        factor = factors["tick_size"] if name in _PRICES else factors["lot_size"]
        if (name in _PRICES or name == "qty") and factor != 1:
            if rows.size and int(np.abs(rows[name]).max()) * factor >= 2**63:
                raise DataError(
                    f"{name} does not fit into the finer steps of {new.symbol}",
                    remedy="import with a coarser step: instruments={symbol: {...}}",
                )
            rows[name] *= factor
    return rows
