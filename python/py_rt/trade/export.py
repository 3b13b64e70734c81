"""The journal in formats of other tools: one record an entry, typed fields."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import IO, Any

from py_rt.data.extras import require
from py_rt.errors import ParameterError
from py_rt.trade.journal import Journal

__all__ = ["COLUMNS", "FORMATS", "export_journal"]

FORMATS = ("jsonl", "csv", "parquet")
_BATCH = 16_384

COLUMNS: dict[str, str] = {
    "sequence": "whole", "segment": "whole", "offset": "whole", "time": "time", "kind": "text",
    "event": "text", "report": "text", "query": "text", "control": "text", "action": "text",
    "symbol": "text", "client_order_id": "text", "venue_order_id": "text", "side": "text",
    "order_type": "text", "tif": "text", "status": "text", "reason": "text", "price": "text",
    "qty": "text", "order_qty": "text", "limit_price": "text", "stop_price": "text",
    "cum_qty": "text", "last_qty": "text", "last_price": "text", "exec_id": "text", "fee": "text",
    "fee_asset": "text", "liquidity": "text", "post_only": "flag", "reduce_only": "flag",
    "order_id": "whole", "flags": "whole", "ts_event": "time", "ts_open": "time",
    "since": "time", "open": "text",
    "high": "text", "low": "text", "close": "text", "volume": "real", "cost": "text",
    "cash": "text", "ratio": "text", "amount": "text", "charge": "text", "currency": "whole",
    "rate": "text", "phase": "text", "by": "text", "next_sequence": "whole",
    "ids_below": "whole", "synced_bytes": "whole", "bytes": "whole", "session": "whole",
    "strategy": "text", "symbols": "text", "lineage": "text", "first_sequence": "whole",
    "config_hash": "text", "code_hash": "text", "strict": "flag", "order_hash": "text",
    "decisions": "whole", "orders": "whole", "fills": "whole", "rejected": "whole",
}  # fmt: skip
"""Every field that an entry may have, in the order of the columns, with its kind."""


def export_journal(journal: Journal, form: str, to: IO[bytes]) -> int:
    """Write every entry of a journal; returns how many.

    Parameters
    ----------
    journal : Journal
    form : {"jsonl", "csv", "parquet"}
        Lines of JSON hold the fields that an entry has; the other two have the columns of
        `COLUMNS`, empty where an entry does not have it. Prices, quantities and money are exact
        decimal text; times are whole ns UTC, in Parquet timestamps.
    to : binary file

    Raises
    ------
    ParameterError
        There is no such format.
    JournalError
        The journal is damaged; what comes before the damage is written.
    DataError
        Parquet without pyarrow.
    """
    if form not in FORMATS:
        known = " or ".join(FORMATS)
        raise ParameterError(f"there is no format {form!r}", field="format", remedy=known)
    write = {"jsonl": _lines, "csv": _csv, "parquet": _parquet}[form]
    return write(journal.batches(_BATCH), to)


def _lines(batches: Iterator[list[dict[str, Any]]], to: IO[bytes]) -> int:
    count = 0
    for batch in batches:
        to.write("".join(json.dumps(entry) + "\n" for entry in batch).encode())
        count += len(batch)
    return count


def _csv(batches: Iterator[list[dict[str, Any]]], to: IO[bytes]) -> int:
    text = io.TextIOWrapper(to, encoding="utf-8", newline="", write_through=True)
    table = csv.DictWriter(text, list(COLUMNS))
    table.writeheader()
    count = 0
    for batch in batches:
        table.writerows(batch)
        count += len(batch)
    text.flush()
    text.detach()
    return count


def _parquet(batches: Iterator[list[dict[str, Any]]], to: IO[bytes]) -> int:
    pa, pq = require("pyarrow", "Parquet"), require("pyarrow.parquet", "Parquet")
    kinds = {
        "whole": pa.uint64(),
        "time": pa.timestamp("ns", tz="UTC"),
        "text": pa.string(),
        "flag": pa.bool_(),
        "real": pa.float64(),
    }
    schema = pa.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])
    count = 0
    with pq.ParquetWriter(to, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))
            count += len(batch)
    return count
