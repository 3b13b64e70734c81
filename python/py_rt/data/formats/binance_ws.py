"""Raw Binance stream recordings (spot and USD-M): ``<receive time ns> <json>`` a line.

Depth diffs are joined to the REST snapshot by update id (Binance, "How to manage a local order book
correctly"). Rows before the snapshot, and from a hole in the chain to the next snapshot, carry
FLAG_INVALID. ``bookTicker`` and other streams are left out: a book is built from depth alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from py_rt._scales import Ints
from py_rt.data.opening import TORN, Head, open_unpacked
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
    Instrument,
    MarketData,
)

__all__ = ["READERS", "read_binance_ws"]

_MS = 1_000_000
_ATTRIBUTION = "Market data of Binance, as recorded"


@dataclass
class _Message:
    """One line that matters: where its levels lie in the flat text list, and its update ids."""

    ts_recv: int
    ts_event: int
    kind: int
    symbol: str
    offset: int
    n_bids: int
    n_asks: int
    first_id: int = 0
    last_id: int = 0
    previous_id: int | None = None
    flags: int = 0


@dataclass
class _Recording:
    messages: list[_Message] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)

    def skip(self, stream: str) -> None:
        self.skipped[stream] = self.skipped.get(stream, 0) + 1


def _recognise(head: Head) -> bool:
    stamp, _, body = head.line.partition(" ")
    marks = ('"depthUpdate"', '"lastUpdateId"', '"stream":"', '"e":"trade"')
    return stamp.isdigit() and body.startswith("{") and any(mark in body[:200] for mark in marks)


def read_binance_ws(paths: Sequence[Path], log: IssueLog) -> MarketData:
    """Read recordings as one session.

    Parameters
    ----------
    paths : sequence of Path
        Plain or gzip files; merged by receive time.
    log : IssueLog
        Gets a "sequence" warning per hole, a "truncated" warning for a torn last line.

    Returns
    -------
    MarketData
        Trades and depth; instruments inferred from the decimals of the texts.

    Raises
    ------
    DataError
        A line that cannot be parsed, or nothing to read.
    """
    recording = _Recording()
    for path in paths:
        begin = len(recording.messages)
        for number, line in _lines(path, log):
            _read_line(line, number, path, recording, log)
        _name_snapshots(recording.messages[begin:])
    nameless = [message for message in recording.messages if not message.symbol]
    for message in nameless:
        recording.messages.remove(message)
        log.note("a snapshot without any depth message beside it left out")
    if not recording.messages:
        raise log.refuse("empty", "no depth or trade message in the recording", "check the path")
    recording.messages.sort(key=lambda message: message.ts_recv)
    symbols = sorted({message.symbol for message in recording.messages})
    chained = _chain(recording.messages, symbols, log)
    for stream, count in sorted(recording.skipped.items()):
        log.note(f"{count:,} {stream} messages left out")
    events, instruments = _rows(chained, recording.texts, symbols, log)
    name = paths[0].name.split(".")[0]
    return MarketData(events, None, instruments, name, _ATTRIBUTION, ())


def _lines(path: Path, log: IssueLog) -> Iterator[tuple[int, bytes]]:
    number = 0
    with open_unpacked(path) as file:
        try:
            for number, line in enumerate(file):
                if line.strip():
                    yield number, line
        except TORN as error:
            log.add(
                "truncated",
                "warning",
                f"{path.name} breaks off after line {number}: {error}",
                "fetch the file again; what was read before the break is kept",
                rows=[number],
            )


def _read_line(line: bytes, number: int, path: Path, out: _Recording, log: IssueLog) -> None:
    if b'@bookTicker"' in line[:80]:
        out.skip("bookTicker")
        return
    stamp, _, body = line.partition(b" ")
    try:
        ts_recv = int(stamp)
        message = json.loads(body)
        data = message.get("data", message)
        _take(data, ts_recv, out)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if not line.endswith(b"\n"):
            log.add(
                "truncated",
                "warning",
                f"the last line of {path.name} is torn and left out",
                "nothing to do unless the end matters; then fetch the file again",
                rows=[number],
            )
            return
        raise log.refuse(
            "schema",
            f"line {number} of {path.name} is not '<receive time ns> <json>': {error}",
            "remove the line, or name the right format=",
            rows=[number],
        ) from None


def _take(data: dict[str, Any], ts_recv: int, out: _Recording) -> None:
    event = data.get("e")
    if event == "depthUpdate":
        bids, asks = data["b"], data["a"]
        offset = len(out.texts)
        for price, qty in (*bids, *asks):
            out.texts += (price, qty)
        ts_event = int(data.get("T", data["E"])) * _MS
        ids = (int(data["U"]), int(data["u"]), data.get("pu"))
        sizes = (offset, len(bids), len(asks))
        out.messages.append(_Message(ts_recv, ts_event, DEPTH, data["s"], *sizes, *ids))
    elif event == "trade":
        if float(data["q"]) == 0 or float(data["p"]) == 0:
            out.skip("zero-quantity trade")
            return
        sides = (0, 1) if data["m"] else (1, 0)
        offset = len(out.texts)
        out.texts += (data["p"], data["q"])
        ts_event = int(data["T"]) * _MS
        out.messages.append(_Message(ts_recv, ts_event, TRADE, data["s"], offset, *sides))
    elif "lastUpdateId" in data:
        bids, asks = data["bids"], data["asks"]
        offset = len(out.texts)
        for price, qty in (*bids, *asks):
            out.texts += (price, qty)
        last = int(data["lastUpdateId"])
        ts_event = int(data.get("T", data.get("E", 0))) * _MS
        sizes = (offset, len(bids), len(asks))
        out.messages.append(_Message(ts_recv, ts_event, SNAPSHOT, "", *sizes, last, last))
    else:
        out.skip(str(event or "unnamed"))


def _name_snapshots(messages: list[_Message]) -> None:
    """Give each REST snapshot, which has no symbol, that of the nearest update ids."""
    diffs = [message for message in messages if message.kind == DEPTH]
    for message in messages:
        if message.kind == SNAPSHOT and diffs:
            target = message.last_id
            message.symbol = min(diffs, key=lambda diff: abs(diff.last_id - target)).symbol


def _chain(messages: list[_Message], symbols: list[str], log: IssueLog) -> list[_Message]:
    chains = {symbol: _BookChain(symbol, log) for symbol in symbols}
    ordered: list[_Message | None] = []
    for message in messages:
        if message.kind == TRADE:
            ordered.append(message)
        elif message.kind == SNAPSHOT:
            chains[message.symbol].take_snapshot(message, ordered)
        else:
            chains[message.symbol].take_diff(message, ordered)
    for chain in chains.values():
        chain.report()
    return [message for message in ordered if message is not None]


class _BookChain:
    """Joins the diffs of one symbol to its snapshots."""

    def __init__(self, symbol: str, log: IssueLog) -> None:
        self.symbol = symbol
        self.log = log
        self.synced = False
        self.last_id = 0
        self.snapshots = 0
        self.stale = 0
        self.diffs = 0
        self.waiting: list[tuple[int, _Message]] = []

    def take_diff(self, message: _Message, ordered: list[_Message | None]) -> None:
        self.diffs += 1
        if not self.synced:
            message.flags = FLAG_INVALID
            self.waiting.append((len(ordered), message))
            ordered.append(message)
            return
        if message.last_id <= self.last_id:
            self.stale += 1
            return
        if not self._follows(message):
            self._break(message)
            self.waiting.append((len(ordered), message))
        self.last_id = message.last_id
        ordered.append(message)

    def _follows(self, message: _Message) -> bool:
        if message.first_id <= self.last_id + 1:
            return True
        return message.previous_id is not None and message.previous_id == self.last_id

    def _break(self, message: _Message) -> None:
        message.flags = FLAG_INVALID
        self.synced = False
        self.log.add(
            "sequence",
            "warning",
            f"update ids jump from {self.last_id} to {message.first_id}: "
            f"the book is invalid from ts_recv {message.ts_recv} to the next snapshot",
            "record a snapshot after each reconnect; rows there carry flag 2",
            symbol=self.symbol,
            column="U",
        )

    def take_snapshot(self, message: _Message, ordered: list[_Message | None]) -> None:
        """Start again from a snapshot; diffs that came before it but are newer follow it."""
        if self.synced and message.last_id < self.last_id:
            self.stale += 1
            return
        self.snapshots += 1
        older = [diff for _, diff in self.waiting if diff.last_id <= message.last_id]
        if message.ts_event == 0:
            message.ts_event = older[-1].ts_event if older else message.ts_recv
        ordered.append(message)
        self.synced, self.last_id = True, message.last_id
        newer = [(at, diff) for at, diff in self.waiting if diff.last_id > message.last_id]
        self.waiting = []
        for at, diff in newer:
            ordered[at] = None
            diff.flags, diff.ts_recv = 0, message.ts_recv
            self.diffs -= 1
            self.take_diff(diff, ordered)

    def report(self) -> None:
        if self.stale:
            self.log.note(
                f"{self.symbol}: {self.stale} depth messages older than the book left out"
            )
        if self.diffs and not self.snapshots:
            self.log.add(
                "sequence",
                "warning",
                "there is no snapshot: the book is invalid throughout",
                "load the file that holds the REST snapshot together with this one",
                symbol=self.symbol,
                column="lastUpdateId",
            )


def _rows(
    messages: list[_Message], texts: list[str], symbols: list[str], log: IssueLog
) -> tuple[npt.NDArray[np.void], tuple[Instrument, ...]]:
    columns = {
        "price": _fixed_point(texts[0::2], "price", log),
        "qty": _fixed_point(texts[1::2], "qty", log),
    }
    n_bids = np.array([message.n_bids for message in messages])
    levels = n_bids + np.array([message.n_asks for message in messages])
    extra = np.array([int(message.kind == SNAPSHOT) for message in messages])
    counts = levels + extra
    owner = np.repeat(np.arange(len(messages)), counts)
    within = np.arange(owner.size) - np.repeat(np.cumsum(counts) - counts, counts) - extra[owner]
    rows = np.zeros(owner.size, dtype=EVENT_DTYPE)
    for column in ("ts_event", "ts_recv", "kind", "flags"):
        rows[column] = np.array([getattr(message, column) for message in messages])[owner]
    index = {symbol: i for i, symbol in enumerate(symbols)}
    rows["instrument"] = np.array([index[message.symbol] for message in messages])[owner]
    rows["side"] = np.where(within < n_bids[owner], BUY, SELL)
    source = np.array([message.offset for message in messages])[owner] // 2 + within
    head = within < 0
    rows["side"][head], rows["kind"][head] = 0, CLEAR
    source[head] = 0
    last = np.cumsum(counts)[counts > 0] - 1
    rows["flags"][last] |= FLAG_END
    instruments = []
    usdm = {message.symbol for message in messages if message.previous_id is not None}
    for i, symbol in enumerate(symbols):
        mine = np.flatnonzero((rows["instrument"] == i) & ~head)
        steps = {}
        for column, (numbers, scale) in columns.items():
            values = numbers[source[mine]]
            decimals = _decimals_used(values, scale)
            rows[column][mine] = values // 10 ** (scale - decimals)
            steps[column] = f"{10**-decimals:.{decimals}f}" if decimals else "1"
        instruments.append(_instrument(symbol, steps["price"], steps["qty"], symbol in usdm))
        log.note(f"{symbol}: tick {steps['price']}, lot {steps['qty']} inferred from the decimals")
    return rows, tuple(instruments)


def _instrument(symbol: str, tick: str, lot: str, perpetual: bool) -> Instrument:
    quote = next((q for q in ("FDUSD", "USDT", "USDC", "BUSD", "BTC") if symbol.endswith(q)), "USD")
    return Instrument(
        symbol,
        tick,
        lot,
        currency=quote,
        asset_class="future" if perpetual else "crypto",
        sessions=False,
        venue="BINANCE",
    )


def _fixed_point(texts: list[str], name: str, log: IssueLog) -> tuple[Ints, int]:
    """Read decimal texts as integers of one scale, exactly."""
    scale = max((len(text) - text.find(".") - 1 for text in set(texts) if "." in text), default=0)
    floats = np.array(texts, dtype=np.float64) * 10.0**scale
    if floats.size == 0 or np.abs(floats).max() < 2**52:
        return np.rint(floats).astype(np.int64), scale
    exact = []
    for text in texts:
        whole, _, fraction = text.partition(".")
        exact.append(int(whole + fraction.ljust(scale, "0")))
    while scale and not any(value % 10 for value in exact):
        exact = [value // 10 for value in exact]
        scale -= 1
    if max(exact) >= 2**63:
        raise log.refuse(
            "schema",
            f"{name} {max(exact) / 10**scale:.17g} with {scale} decimals needs more than 18 digits",
            "convert the recording to a table with fewer decimals",
            column=name,
        )
    return np.array(exact, dtype=np.int64), scale


def _decimals_used(values: Ints, scale: int) -> int:
    decimals = scale
    while decimals > 0 and not (values % 10 ** (scale - decimals + 1)).any():
        decimals -= 1
    return decimals


def _read(paths: Sequence[Path], _wishes: Wishes, log: IssueLog) -> MarketData:
    return read_binance_ws(paths, log)


READERS = (Reader("binance_ws", _recognise, _read),)
