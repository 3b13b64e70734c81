"""Files: find them, recognise how they are written, read tables from them."""

from __future__ import annotations

import glob
import gzip
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from py_rt.data.binance_ws import looks_like_binance_ws
from py_rt.data.quality import IssueLog
from py_rt.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMATS", "UNREAD", "Found", "frame_of", "locate", "read_frame", "unread"]

_KINDS = {"bars": "bar", "trades": "trade", "quotes": "quote", "level2": "level2"}
FORMATS: dict[str, tuple[str, str | None]] = {
    "csv": ("csv", None),
    "parquet": ("parquet", None),
    "binance_ws": ("binance_ws", None),
    "sample": ("sample", None),
    **{word: ("", kind) for word, kind in _KINDS.items()},
    **{f"{word}_{way}": (way, kind) for word, kind in _KINDS.items() for way in ("csv", "parquet")},
}
"""Format name -> (how the file is written, what the table is)."""
UNREAD = (
    *("lobster", "itch", "kraken_ws", "coinbase_ws", "bitfinex_ws", "okx_ws", "bitstamp_l3"),
    *("dbn", "tardis_csv", "hftbacktest"),
)
"""Names of formats that this version cannot read; see ``unread``."""


def unread(written: str) -> DataError:
    """Return the error for a format that has a name and no reader in this version."""
    return DataError(
        f"this version does not read {written} yet",
        field="format",
        kind="schema",
        remedy="convert it to a level-2, trade, quote or bar table (CSV, Parquet, DataFrame)",
    )


@dataclass(frozen=True)
class Found:
    """Files of one session, how they are written, and what their tables are (None: recognise)."""

    paths: list[Path]
    format: str
    kind: str | None


def locate(source: Any, written: str | None, log: IssueLog) -> Found:
    """Resolve a path, a glob or a list of paths.

    Raises
    ------
    DataError
        Nothing there, or files of different formats.
    """
    entries = [source] if isinstance(source, (str, Path)) else list(source)
    if not entries or "" in entries:
        raise log.refuse("missing", "no file is named", "pass a path, or 'sample:us_daily'")
    paths: list[Path] = []
    for entry in entries:
        if not isinstance(entry, (str, Path)):
            raise log.refuse(
                "schema",
                f"a list of {type(entry).__name__} is no source",
                "pass paths, a DataFrame, or {symbol: DataFrame}",
            )
        paths += _matches(entry, log)
    way, kind = FORMATS[written] if written else ("", None)
    ways = {path: way or _written_as(path, log) for path in paths}
    if len(set(ways.values())) > 1:
        raise log.refuse(
            "schema",
            "the files are written in different formats: "
            + ", ".join(f"{path.name} {form}" for path, form in list(ways.items())[:4]),
            "load them one by one",
        )
    return Found(paths, next(iter(ways.values())), kind)


def _matches(entry: str | Path, log: IssueLog) -> list[Path]:
    path = Path(entry).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        inside = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
        if inside:
            return inside
        raise log.refuse("empty", f"the folder {path} holds no file", "name the file")
    found = sorted(Path(name) for name in glob.glob(str(path)) if Path(name).is_file())
    if not found:
        nearby = sorted(p.name for p in path.parent.iterdir())[:5] if path.parent.is_dir() else []
        hint = f"; beside it lie {', '.join(nearby)}" if nearby else ""
        raise log.refuse(
            "missing", f"there is no file {path}", f"check the path{hint}, or use 'sample:us_daily'"
        )
    return found


def _written_as(path: Path, log: IssueLog) -> str:
    name = path.name.lower()
    if "lobster" in name:
        raise unread("lobster")
    if name.endswith((".parquet", ".pq")):
        return "parquet"
    if name.endswith(".npz"):
        return "sample"
    if path.stat().st_size == 0:
        raise log.refuse("empty", f"{path.name} is empty", "fetch it again")
    head = _head(path, log)
    if looks_like_binance_ws(head):
        return "binance_ws"
    if name.endswith((".csv", ".csv.gz", ".csv.zst", ".tsv", ".txt", ".txt.gz", ".tsv.gz")):
        return "csv"
    if name.endswith((".zip", ".zst", ".xz", ".bz2", ".7z", ".tar", ".pcap")) or "\0" in head:
        raise log.refuse(
            "schema",
            f"{path.name} is packed or binary, and is not read as it is",
            "unpack it, and name the file inside",
        )
    if "," in head and "{" not in head:
        return "csv"
    raise log.refuse(
        "schema",
        f"the format of {path.name} is not recognised",
        f"pass format=, one of {', '.join(FORMATS)}",
    )


def _head(path: Path, log: IssueLog) -> str:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    with gzip.open(path, "rb") if packed else path.open("rb") as file:
        try:
            block = file.read(4096)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise log.refuse(
                "truncated", f"{path.name} breaks off: {error}", "fetch the file again"
            ) from None
    return block.decode("utf-8", errors="replace").partition("\n")[0]


def read_frame(path: Path, way: str, log: IssueLog) -> pd.DataFrame:
    """Read one file as a pandas table.

    Raises
    ------
    DataError
        Empty, torn, not UTF-8, ragged, or a reader is not installed.
    """
    return _read_parquet(path, log) if way == "parquet" else _read_csv(path, log)


def _read_parquet(path: Path, log: IssueLog) -> pd.DataFrame:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise DataError(
            "Parquet needs pyarrow, which is not installed",
            file=path.name,
            remedy="pip install pyarrow, or convert the file to CSV",
        ) from None
    try:
        frame: pd.DataFrame = pq.read_table(path).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise log.refuse(
            "truncated", f"{path.name} is no readable Parquet file: {error}", "fetch it again"
        ) from None
    return frame


def _read_csv(path: Path, log: IssueLog) -> pd.DataFrame:
    import pandas as pd

    exact: dict[str, Any] = {}
    if int(pd.__version__.split(".")[0]) < 3:
        exact["float_precision"] = "round_trip"
    try:
        head = _head(path, log) if not path.name.endswith(".zst") else ","
        separator = max(",;\t|", key=head.count)
        frame: pd.DataFrame = pd.read_csv(path, sep=separator, low_memory=False, **exact)
    except pd.errors.EmptyDataError:
        raise log.refuse("empty", f"{path.name} is empty", "fetch it again") from None
    except UnicodeDecodeError as error:
        raise log.refuse(
            "encoding", f"{path.name} is not UTF-8: {error}", "save it as UTF-8"
        ) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise log.refuse(
            "truncated", f"{path.name} breaks off: {error}", "fetch the file again"
        ) from None
    except pd.errors.ParserError as error:
        text = str(error).strip().splitlines()[-1]
        raise log.refuse(
            "schema", f"{path.name} is ragged: {text}", "give every line the same columns"
        ) from None
    return frame


def frame_of(table: Any) -> pd.DataFrame:
    """Return a pandas table from a pandas or polars one.

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
    if type(table).__module__.startswith("polars"):
        return _from_polars(table)
    raise DataError(
        f"{type(table).__name__} is no source of market data",
        field="source",
        remedy="pass a path, a glob, a pandas or polars DataFrame, or 'sample:us_daily'",
    )


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
