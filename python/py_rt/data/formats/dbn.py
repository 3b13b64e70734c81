"""Databento Binary Encoding, versions 1 to 3.

Market by order (mbo), ten levels a side (mbp-10), best quotes (mbp-1, tbbo), trades, bars (ohlcv).
In market by order, one execution is one row: a fill and the cancel or modification behind it are
told as ``OrderExecute``, and a trade only as far as no fill covers it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from py_rt._core.formats import DbnReader
from py_rt.data.decoded import build_decoded, feed
from py_rt.data.opening import Head
from py_rt.data.quality import IssueLog
from py_rt.data.readers import Reader, Sheet, Wishes
from py_rt.market import MarketData

__all__ = ["READERS"]

_BARS = {0x20: "ohlcv-1s", 0x21: "ohlcv-1m", 0x22: "ohlcv-1h", 0x23: "ohlcv-1d"}
_READ = {0xA0: "mbo", 0x00: "trades", 0x01: "mbp-1", 0x0A: "mbp-10", **_BARS}
_READABLE = "mbo, mbp-1, mbp-10, tbbo, trades, ohlcv-1s, ohlcv-1m, ohlcv-1h or ohlcv-1d"
_SCHEMAS = (
    *("mbo", "mbp-1", "mbp-10", "tbbo", "trades", "ohlcv-1s", "ohlcv-1m", "ohlcv-1h", "ohlcv-1d"),
    *("definition", "statistics", "status", "imbalance", "ohlcv-eod", "cmbp-1", "cbbo-1s"),
    *("cbbo-1m", "tcbbo", "bbo-1s", "bbo-1m"),
)
_NO_PRICE = 2**63 - 1
_FUTURES = ("GLBX", "IFEU", "NDEX", "XEUR")


def _recognise(head: Head) -> bool:
    return head.block[:3] == b"DBN"


def _read(paths: Sequence[Path], wishes: Wishes, log: IssueLog) -> MarketData | Iterable[Sheet]:
    if len(paths) > 1:
        raise log.refuse(
            "schema",
            f"{len(paths)} DBN files: order ids begin again in each",
            "load them one by one",
        )
    path = paths[0]
    reader = DbnReader()
    feed(path, reader.feed, log)
    decoded = reader.finish()
    _judge(path.name, decoded, log)
    venue = decoded["dataset"].partition(".")[0] or "DBN"
    fields = {"venue": venue, "asset_class": "future" if venue in _FUTURES else "equity"}
    if decoded["bars"]["place"].size:
        return [Sheet(_bars(decoded), file=path.name, fields=fields)]
    return build_decoded(
        decoded,
        Wishes(instruments=wishes.instruments),
        log,
        name=path.name.split(".")[0],
        attribution=f"Databento, {decoded['dataset']}",
        **fields,
    )


def _bars(decoded: Mapping[str, Any]) -> Any:
    """Lay the bars out as a table, which is then looked at like every other."""
    import pandas as pd

    bars = decoded["bars"]
    table: dict[str, Any] = {"symbol": np.array(decoded["symbols"], dtype=object)[bars["place"]]}
    for name in ("ts_open", "ts_close"):
        table[name] = pd.to_datetime(bars[name], utc=True, unit="ns")
    for name in ("open", "high", "low", "close"):
        table[name] = np.where(bars[name] == _NO_PRICE, np.nan, bars[name] / 1e9)
    return pd.DataFrame({**table, "volume": bars["volume"].astype(np.float64)})


def _judge(name: str, decoded: Mapping[str, Any], log: IssueLog) -> None:
    by_type = decoded["by_type"]
    bars, rows = decoded["bars"]["place"].size, decoded["rows"].size
    if rows == 0 and bars == 0:
        number = decoded["schema"]
        schema = _SCHEMAS[number] if number < len(_SCHEMAS) else f"number {number}"
        raise log.refuse(
            "schema" if by_type else "empty",
            f"{name} is of the schema {schema} and holds no record of {_READABLE}",
            f"fetch one of {_READABLE}",
        )
    told = {_READ.get(kind, f"type {kind}"): count for kind, count in by_type.items()}
    if (rows and bars) or sum(kind in by_type for kind in _BARS) > 1:
        raise log.refuse(
            "schema",
            f"{name} mixes {told}",
            "split it by schema, and load bars of one length, or events, at a time",
        )
    log.note(f"DBN version {decoded['version']}: {told}")
    skipped = {kind: count for kind, count in by_type.items() if kind not in _READ}
    if skipped:
        log.note(f"{sum(skipped.values()):,} records of other types left out")
    if decoded["by_action"]:
        log.note(f"actions: {decoded['by_action']}; {decoded['resting']:,} orders rest at the end")
    if decoded["unknown_orders"] or decoded["twice"] or decoded["marked"]:
        log.add(
            "sequence",
            "warning",
            f"{decoded['unknown_orders']:,} records speak about orders that were never added, "
            f"{decoded['twice']:,} orders were added twice, {decoded['marked']:,} records stand "
            "behind a gap: their books are invalid from there on",
            "load a file that begins with a snapshot",
        )


READERS = (Reader("dbn", _recognise, _read),)
