"""LOBSTER: one symbol, one day; the zip, the folder, or the message file with its book beside.

The book that comes out equals the book file row by row, at its depth; levels behind it are as they
were last seen. Every message is one venue message, hidden executions and halts too.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from py_rt._core.formats import LobsterReader
from py_rt.data.decoded import build_decoded, day_of, feed, midnight_ns
from py_rt.data.opening import TORN, Head, broken_off, open_unpacked, packing_of
from py_rt.data.quality import IssueLog
from py_rt.data.readers import Reader, Wishes
from py_rt.market import MarketData

__all__ = ["READERS"]

_NAME = re.compile(
    r"^(?P<symbol>[^_/]+)_.*?(?P<what>message|orderbook)(?P<rest>[^/]*)$", re.IGNORECASE
)
_LINE = re.compile(r"^\d{1,5}(\.\d+)?,[1-7],-?\d+,\d+,-?\d+,(1|-1)$")
_FULL = re.compile(r"^[^_]+_\d{4}-\d\d-\d\d_\d+_\d+_(message|orderbook)_\d+\.csv$", re.IGNORECASE)
_HALF = re.compile(r"(message|orderbook)", re.IGNORECASE)


@dataclass(frozen=True)
class _Half:
    """One of the two files: its name, and how to open it."""

    path: Path
    name: str
    opened: Callable[[], IO[bytes]]


def _recognise(head: Head) -> bool:
    if head.members:
        halves = {found[1].lower() for found in map(_HALF.search, head.members) if found}
        return halves == {"message", "orderbook"}
    if _LINE.match(head.line):
        return True
    return _FULL.match(head.name) is not None


def _read(paths: Sequence[Path], wishes: Wishes, log: IssueLog) -> MarketData:
    messages, book = _halves(paths, log)
    named = _NAME.match(messages.name)
    wished = wishes.symbols if wishes.symbols and len(wishes.symbols) == 1 else None
    symbol = named["symbol"].upper() if named else wished[0] if wished else "LOBSTER"
    reader = LobsterReader(midnight_ns(day_of(messages.name, wishes, log)))
    feed(Path(messages.name), reader.feed_messages, log, messages.opened, text=True)
    feed(Path(book.name), reader.feed_book, log, book.opened, text=True)
    decoded = reader.finish(symbol)
    if decoded["lines"] != decoded["messages"]:
        raise log.refuse(
            "truncated",
            f"{book.name} ends after line {decoded['lines']}, {messages.name} has "
            f"{decoded['messages']} messages",
            "fetch both files again",
            rows=[decoded["lines"]],
        )
    depth, mended = decoded["depth"], decoded["mended"]
    log.note(
        f"the book file shows {depth} levels a side; before {mended:,} of "
        f"{decoded['messages']:,} messages it held orders that no message adds or removes"
    )
    return build_decoded(
        decoded,
        wishes,
        log,
        name=messages.name.rpartition(".")[0] or messages.name,
        attribution="LOBSTER, lobsterdata.com; data of NASDAQ",
        venue="NASDAQ",
    )


def _halves(paths: Sequence[Path], log: IssueLog) -> tuple[_Half, _Half]:
    found: dict[str, list[_Half]] = {"message": [], "orderbook": []}
    seen: list[_Half] = []
    for path in paths:
        for half in _inside(path, log):
            if any(half.path == known.path and half.name == known.name for known in seen):
                continue
            seen.append(half)
            kind = _HALF.search(half.name)
            if kind is not None:
                found[kind[1].lower()].append(half)
    counts = {kind: len(halves) for kind, halves in found.items()}
    if not counts["message"] or not counts["orderbook"]:
        missing = "message" if not counts["message"] else "orderbook"
        raise log.refuse(
            "missing",
            f"{paths[0].name} has no {missing} file of the same name in it or beside it",
            "put TICKER_DATE_START_END_message_LEVEL.csv and ..._orderbook_LEVEL.csv side by side",
        )
    if counts["message"] > 1 or counts["orderbook"] > 1:
        names = ", ".join(half.name for half in [*found["message"], *found["orderbook"]][:4])
        raise log.refuse("schema", f"several days or symbols: {names}", "load them one by one")
    return found["message"][0], found["orderbook"][0]


def _inside(path: Path, log: IssueLog) -> list[_Half]:
    if path.is_dir():
        return [_of_file(member) for member in sorted(path.iterdir()) if member.is_file()]
    with path.open("rb") as file:
        zipped = packing_of(file.read(8)) == "zip"
    if zipped:
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except TORN as error:
            raise broken_off(path, error, log) from None
        if len(names) > 1:
            return [_of_member(path, name) for name in names if _HALF.search(name)]
    return [_of_file(path), *_beside(path)]


def _beside(path: Path) -> list[_Half]:
    found = _HALF.search(path.name)
    if found is None:
        return []
    other = {"message": "orderbook", "orderbook": "message"}[found[1].lower()]
    name = path.name[: found.start()] + other + path.name[found.end() :]
    partner = path.with_name(name)
    return [_of_file(partner)] if partner.is_file() else []


def _of_file(path: Path) -> _Half:
    name = path.name.removesuffix(".gz").removesuffix(".zst").removesuffix(".zip")
    return _Half(path, name, lambda: open_unpacked(path))


def _of_member(path: Path, name: str) -> _Half:
    def opened() -> Any:
        return zipfile.ZipFile(path).open(name)

    return _Half(path, name.rpartition("/")[2], opened)


READERS = (Reader("lobster", _recognise, _read),)
