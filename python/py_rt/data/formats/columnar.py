"""Tables as columns: Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from py_rt.data.extras import require
from py_rt.data.opening import Head
from py_rt.data.quality import IssueLog
from py_rt.data.readers import Reader, Sheet, Wishes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["READERS"]


def _recognise(head: Head) -> bool:
    return head.name.endswith((".parquet", ".pq")) or head.raw.startswith(b"PAR1")


def _read(paths: Sequence[Path], wishes: Wishes, log: IssueLog) -> Iterable[Sheet]:
    alone = len(paths) == 1 and wishes.symbols is not None and len(wishes.symbols) == 1
    for path in paths:
        name = wishes.symbols[0] if alone and wishes.symbols else path.name.split(".")[0]
        yield Sheet(_frame(path, log), name, path.name)


def _frame(path: Path, log: IssueLog) -> pd.DataFrame:
    pa, pq = require("pyarrow", "Parquet"), require("pyarrow.parquet", "Parquet")
    try:
        frame: pd.DataFrame = pq.read_table(path).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise log.refuse(
            "truncated", f"{path.name} is no readable Parquet file: {error}", "fetch it again"
        ) from None
    return frame


READERS = (Reader("parquet", _recognise, _read),)
