"""hftbacktest's arrays: npz or npy of 64-byte rows, prices and quantities as floats.

Row: ``ev exch_ts local_ts px qty order_id ival fval``. The low byte of ``ev`` is the kind (1 depth,
2 trade, 3 clear, 4 snapshot, 10 to 13 single orders); bit 31 says that the row is one of the
venue's clock, bit 30 of the receiver's, bits 29 and 28 buy and sell. A row that came out of order
stands there twice, once for each clock: those two are one event here. Rows of the receiver's clock
keep their order; rows of the venue's clock alone are received when they happen.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from py_rt._scales import Floats, Ints, count_decimals
from py_rt.data.build import MOST_DECIMALS
from py_rt.data.decoded import build_decoded
from py_rt.data.opening import Head
from py_rt.data.quality import IssueLog
from py_rt.data.readers import Reader, Wishes
from py_rt.market import (
    BUY,
    CLEAR,
    DEPTH,
    EVENT_DTYPE,
    FLAG_END,
    FLAG_INVALID,
    SELL,
    SNAPSHOT,
    TRADE,
    MarketData,
)

__all__ = ["READERS"]

Rows = npt.NDArray[np.void]
_FIELDS = ("ev", "exch_ts", "local_ts", "px", "qty")
_EXCH, _LOCAL, _BUY, _SELL = 1 << 31, 1 << 30, 1 << 29, 1 << 28
_ORDER_ADD, _ORDER_DELETE, _ORDER_EXECUTE = 5, 7, 8
_KINDS = {
    1: DEPTH,
    2: TRADE,
    3: CLEAR,
    4: SNAPSHOT,
    10: _ORDER_ADD,
    11: _ORDER_DELETE,
    13: _ORDER_EXECUTE,
}
_MODIFY = 12


def _recognise(head: Head) -> bool:
    start = head.block[:512] if head.block.startswith(b"\x93NUMPY") else b""
    if head.members:
        arrays = [name for name in head.members if name.endswith(".npy")]
        return head.name.endswith(".npz") and arrays in (["data.npy"], ["arr_0.npy"])
    return b"'exch_ts'" in start and b"'local_ts'" in start


def _read(paths: Sequence[Path], wishes: Wishes, log: IssueLog) -> MarketData:
    parts = [_load(path, log) for path in paths]
    rows = np.concatenate(parts) if len(parts) > 1 else parts[0]
    stem = paths[0].name.split(".")[0]
    alone = wishes.symbols if wishes.symbols and len(wishes.symbols) == 1 else None
    symbol = alone[0] if alone else stem.split("_")[0].upper()
    log.note(f"the rows name no symbol: taken as {symbol} (override with symbols=)")
    events, places = _events(_joined(rows, log), log)
    decoded = {
        "rows": events.view(np.uint8),
        "symbols": [symbol],
        "price_places": places[:1],
        "qty_places": places[1:],
    }
    return build_decoded(
        decoded, wishes, log, name=stem, venue="SIM", asset_class="crypto", sessions=False
    )


def _load(path: Path, log: IssueLog) -> Rows:
    try:
        with path.open("rb") as file:
            loaded: Any = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.lib.npyio.NpzFile):
                loaded = loaded[loaded.files[0]]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, KeyError, IndexError) as error:
        raise log.refuse(
            "truncated", f"{path.name} is no readable array: {error}", "fetch the file again"
        ) from None
    names = loaded.dtype.names or ()
    missing = [name for name in _FIELDS if name not in names]
    if missing or loaded.ndim != 1:
        raise log.refuse(
            "schema",
            f"{path.name} has the fields {', '.join(names) or 'of no structure'}; "
            f"{', '.join(missing) or 'one dimension'} is missing",
            "convert it with hftbacktest 2 to rows of ev exch_ts local_ts px qty ...",
        )
    rows: Rows = loaded
    if rows.size == 0:
        raise log.refuse("empty", f"{path.name} holds no row", "fetch the file again")
    return rows


def _joined(rows: Rows, log: IssueLog) -> Rows:
    """Make one row of the two that an event out of order has."""
    ev = rows["ev"].astype(np.uint64)
    local, venue = (ev & _LOCAL) != 0, (ev & _EXCH) != 0
    neither = np.flatnonzero(~local & ~venue)
    if neither.size:
        raise log.refuse(
            "schema",
            f"{neither.size} rows carry neither of the two clock flags",
            "set bit 31 or 30 of ev (hftbacktest: EXCH_EVENT, LOCAL_EVENT)",
            rows=neither,
            column="ev",
        )
    apart = np.flatnonzero(venue & ~local)
    if apart.size == 0:
        return rows
    twins = np.flatnonzero(local & ~venue)
    keys = np.zeros(rows.size, dtype=[("ev", "u8"), ("ts", "i8"), ("px", "f8"), ("qty", "f8")])
    keys["ev"], keys["ts"] = ev & ~np.uint64(_EXCH | _LOCAL), rows["exch_ts"]
    keys["px"], keys["qty"] = rows["px"], rows["qty"]
    there = set(map(bytes, keys[twins]))
    alone = apart[[bytes(key) not in there for key in keys[apart]]]
    kept = rows[np.sort(np.concatenate([np.flatnonzero(local), alone]))].copy()
    only = (kept["ev"].astype(np.uint64) & _LOCAL) == 0
    kept["local_ts"][only] = np.where(
        kept["local_ts"][only] > 0, kept["local_ts"][only], kept["exch_ts"][only]
    )
    log.note(f"{apart.size - alone.size:,} rows that stood there once for each clock joined")
    return kept[np.argsort(kept["local_ts"], kind="stable")]


def _events(rows: Rows, log: IssueLog) -> tuple[Rows, npt.NDArray[np.int64]]:
    ev = rows["ev"].astype(np.uint64)
    number = (ev & 0xFF).astype(np.int64)
    known = np.isin(number, [*_KINDS, _MODIFY])
    if not known.all():
        log.note(f"{int((~known).sum()):,} rows of other kinds left out")
        rows, ev, number = rows[known], ev[known], number[known]
    cleared = number == 3
    if (cleared & np.isfinite(rows["px"]) & (rows["px"] > 0)).any():
        log.note("a clear up to a price is taken as one of the whole side")
    price, places = _units(rows["px"], cleared, "px", log)
    qty, lots = _units(rows["qty"], cleared, "qty", log)
    modified = number == _MODIFY
    source = np.repeat(np.arange(rows.size), np.where(modified, 2, 1))
    events = np.zeros(source.size, dtype=EVENT_DTYPE)
    events["ts_event"], events["ts_recv"] = rows["exch_ts"][source], rows["local_ts"][source]
    table = np.zeros(256, dtype=np.uint8)
    for code, kind in _KINDS.items():
        table[code] = kind
    table[_MODIFY] = _ORDER_ADD
    events["kind"] = table[number[source]]
    events["side"] = np.where(ev & _BUY, BUY, np.where(ev & _SELL, SELL, 0))[source]
    events["price"], events["qty"] = price[source], qty[source]
    if "order_id" in (rows.dtype.names or ()):
        events["order_id"] = np.where(number >= 10, rows["order_id"].astype(np.uint64), 0)[source]
    # A modification is a deletion and an addition: its first row takes away what rests.
    first = np.concatenate([[True], source[1:] != source[:-1]]) & modified[source]
    events["kind"][first], events["qty"][first] = _ORDER_DELETE, 0
    events["flags"] = _ends(events, first)
    _flag_unwhole(events, log)
    return events, np.array([places, lots])


def _units(
    values: Floats, cleared: npt.NDArray[np.bool_], name: str, log: IssueLog
) -> tuple[Ints, int]:
    values = np.where(cleared & ~np.isfinite(values), 0.0, values)
    bad = np.flatnonzero(~np.isfinite(values) | (values < 0))
    if bad.size:
        raise log.refuse(
            "nan", f"{bad.size} rows of {name} are no number", "drop them", rows=bad, column=name
        )
    values = np.where(cleared, 0.0, values)
    distinct, back = np.unique(values, return_inverse=True)
    places = int(min(count_decimals(distinct).max(initial=0), MOST_DECIMALS))
    if distinct.max(initial=0.0) * 10.0**places >= 2.0**62:
        raise log.refuse(
            "schema", f"{name} does not fit into 64 bits", "check the units", column=name
        )
    units = np.rint(distinct * 10.0**places).astype(np.int64)
    return units[back], places


def _ends(events: Rows, first: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint16]:
    """Mark ends: rows of a book with one pair of times are one message, a trade is one alone."""
    alone = (events["kind"] == TRADE) | (events["kind"] >= _ORDER_ADD)
    fresh = alone | np.concatenate([[True], alone[:-1]])
    for name in ("ts_event", "ts_recv"):
        fresh |= np.diff(events[name], prepend=events[name][:1] - 1) != 0
    whole = (events["kind"] == SNAPSHOT) | (events["kind"] == CLEAR)
    fresh |= (events["kind"] == CLEAR) & np.concatenate([[False], ~whole[:-1]])
    ends = np.concatenate([fresh[1:], [True]]) & ~first
    return np.where(ends, FLAG_END, 0).astype(np.uint16)


def _flag_unwhole(events: Rows, log: IssueLog) -> None:
    """Flag what comes before the first snapshot, where there is one."""
    whole = np.flatnonzero((events["kind"] == SNAPSHOT) | (events["kind"] == CLEAR))
    if whole.size and whole[0] > 0:
        before = events["kind"][: whole[0]] == DEPTH
        events["flags"][: whole[0]][before] |= FLAG_INVALID
        log.note(f"{int(before.sum())} depth rows come before the first snapshot: invalid")


READERS = (Reader("hftbacktest", _recognise, _read),)
