"""Tables as text: CSV and its relatives, packed or not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from py_rt.data.opening import TORN, Head, broken_off, look, open_unpacked
from py_rt.data.quality import IssueLog
from py_rt.data.readers import Reader, Sheet, Wishes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["READERS"]

_DELIMITERS = ",;\t|"
_SUFFIXES = (".csv", ".tsv", ".txt", ".psv")


def _recognise(head: Head) -> bool:
    if not head.block or b"\0" in head.block:
        return False
    if head.name.endswith(_SUFFIXES):
        return True
    return any(mark in head.line for mark in _DELIMITERS) and "{" not in head.line


def _read(paths: Sequence[Path], wishes: Wishes, log: IssueLog) -> Iterable[Sheet]:
    alone = len(paths) == 1 and wishes.symbols is not None and len(wishes.symbols) == 1
    for path in paths:
        name = wishes.symbols[0] if alone and wishes.symbols else path.name.split(".")[0]
        yield Sheet(_frame(path, log), name, path.name)


def _frame(path: Path, log: IssueLog) -> pd.DataFrame:
    import pandas as pd

    exact: dict[str, Any] = {}
    if int(pd.__version__.split(".")[0]) < 3:
        exact["float_precision"] = "round_trip"
    separator = max(_DELIMITERS, key=look(path, log).line.count)
    try:
        with open_unpacked(path) as file:
            frame: pd.DataFrame = pd.read_csv(file, sep=separator, low_memory=False, **exact)
    except pd.errors.EmptyDataError:
        raise log.refuse("empty", f"{path.name} is empty", "fetch it again") from None
    except UnicodeDecodeError as error:
        raise log.refuse(
            "encoding", f"{path.name} is not UTF-8: {error}", "save it as UTF-8"
        ) from None
    except pd.errors.ParserError as error:
        text = str(error).strip().splitlines()[-1]
        raise log.refuse(
            "schema", f"{path.name} is ragged: {text}", "give every line the same columns"
        ) from None
    except TORN as error:
        raise broken_off(path, error, log) from None
    return frame


READERS = (Reader("csv", _recognise, _read, general=True),)
