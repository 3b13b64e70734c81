"""Recorded sessions of venues that speak JSON: one message a line, decoded by ``crates/venues``.

A line is the message alone, a receive time in front of it, or an object that holds both. Rows
before a book's snapshot, and from a hole in the chain, a wrong checksum or a crossed book to the
next snapshot, carry FLAG_INVALID. Best bids and asks are left out wherever there is a book or a
trade: a book is built from depth alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from py_rt._core.formats import Recording, recognise_recording
from py_rt.data.books import find_early_receipts
from py_rt.data.build import Instruments
from py_rt.data.opening import TORN, Head, open_unpacked
from py_rt.data.overrides import fit_instruments
from py_rt.data.quality import IssueLog
from py_rt.data.readers import Reader, Wishes
from py_rt.errors import DataError
from py_rt.market import EVENT_DTYPE, Instrument, MarketData

if TYPE_CHECKING:
    from py_rt._core.formats import _Settled

__all__ = ["READERS", "read_recording"]

_BLOCK = 1 << 20
_VENUES = {
    "binance": "Binance",
    "kraken": "Kraken",
    "coinbase": "Coinbase",
    "okx": "OKX",
    "bitstamp": "Bitstamp",
    "bitfinex": "Bitfinex",
    "deribit": "Deribit",
}
_QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USD", "EUR", "GBP", "JPY", "BTC", "ETH")
_REMEDIES = {
    "gap": "record a snapshot after each reconnect; rows there carry flag 2",
    "lost": "the recorder lost messages; every book of the connection needs a new snapshot",
    "checksum": "keep the numbers as they were sent: zeros at their end count",
    "crossed": "a message is missing; the book needs a new snapshot",
    "opened": "nothing to do unless the gap matters; rows there carry flag 2",
}
_KINDS = {"checksum": "checksum", "crossed": "crossed"}
_SHOWN = 20


def read_recording(
    venue: str,
    paths: Sequence[Path],
    log: IssueLog,
    given: Instruments | None = None,
    *,
    keep_torn: bool = False,
) -> MarketData:
    """Read the files of a recording as one session.

    Parameters
    ----------
    venue : str
        One of binance, kraken, coinbase, okx, bitstamp, bitfinex, deribit.
    paths : sequence of Path
        Plain or packed; merged by receive time.
    log : IssueLog
        Gets a warning per hole ("sequence"), wrong sum ("checksum"), crossed book ("crossed")
        and a recorder's clock that is behind ("disorder").
    given : sequence of Instrument, or mapping, optional
        Instruments that are known better: rows are counted in their ticks and lots.
    keep_torn : bool
        Keep what came before the break of a file that breaks off, instead of refusing it.

    Returns
    -------
    MarketData
        Trades and depth, or quotes where there is nothing else; instruments inferred from the
        decimals of the texts.

    Raises
    ------
    DataError
        A line that cannot be read, a file that breaks off, nothing to read, or a number off the
        tick or lot of ``given``.
    """
    settled = _settled(venue, paths, log, quotes=False, keep_torn=keep_torn)
    if settled["rows"].size == 0:
        settled = _settled(venue, paths, IssueLog(), quotes=True, keep_torn=keep_torn)
        if settled["rows"].size == 0:
            raise log.refuse(
                "empty", "no depth or trade message in the recording", "check the path"
            )
        log.note("there are no depth or trade messages: best bids and asks are the quotes")
    inferred = {entry[0]: _instrument(venue, *entry[:4]) for entry in settled["instruments"]}
    _take_notes(settled, log)
    rows = settled["rows"].view(EVENT_DTYPE)
    instruments = fit_instruments(rows, inferred, given, log)
    _take_findings(settled, list(inferred), log)
    name = paths[0].name.split(".")[0]
    title = f"Market data of {_VENUES[venue]}, as recorded"
    data = MarketData(rows, None, instruments, name, title, ())
    find_early_receipts(data, log)
    return data


def _settled(
    venue: str, paths: Sequence[Path], log: IssueLog, *, quotes: bool, keep_torn: bool
) -> _Settled:
    recording = Recording(venue, quotes)
    for path in paths:
        _read_file(recording, path, log, keep_torn)
    return recording.settle()


def _read_file(recording: Recording, path: Path, log: IssueLog, keep_torn: bool) -> None:
    torn, lines = False, 0
    with open_unpacked(path) as file:
        # read1 hands over what was unpacked before a break; read would lose it.
        read = getattr(file, "read1", file.read)
        try:
            while block := read(_BLOCK):
                bad = recording.feed(block)
                if bad is not None:
                    raise _unreadable(path, bad, log)
                lines += block.count(b"\n")
        except TORN as error:
            torn = True
            _found_torn(path, lines, f"{path.name} breaks off: {error}", log, keep_torn)
    line = recording.finish_file()
    if line is not None and not torn:
        what = f"the last line of {path.name} is torn"
        _found_torn(path, line, what + " and left out" if keep_torn else what, log, keep_torn)


def _found_torn(path: Path, line: int, what: str, log: IssueLog, keep: bool) -> None:
    """Record that a file ends in the middle of line ``line`` (from 0); refuse it unless kept."""
    issue = log.add(
        "truncated",
        "error",
        what,
        "fetch the file again"
        if keep
        else 'fetch the file again, or pass quality="warn" to keep what came before the break',
        rows=[line],
        file=path.name,
        line=line + 1,
    )
    if not keep:
        raise issue.to_error()


def _unreadable(path: Path, bad: tuple[int, int, str], log: IssueLog) -> DataError:
    line, byte, member = bad
    if member.startswith("more than"):
        what = f"line {line + 1} of {path.name} has a number of {member} at byte {byte}"
        remedy = "convert the recording to a table with fewer decimals"
    else:
        what = f"line {line + 1} of {path.name} cannot be read: `{member}` at byte {byte}"
        remedy = "remove the line, or name the right format="
    where = {"file": path.name, "line": line + 1}
    error = log.refuse("schema", what, remedy, rows=[line], column=member, **where)
    error.where["byte"] = byte
    return error


def _instrument(
    venue: str, symbol: str, tick: tuple[int, int], lot: tuple[int, int], chained: bool
) -> Instrument:
    letters = "".join(letter for letter in symbol.upper() if letter.isalnum())
    currency = next((quote for quote in _QUOTES if letters.endswith(quote)), "USD")
    perpetual = venue == "binance" and chained
    listed = venue in ("okx", "deribit") and symbol.count("-") > 1
    return Instrument(
        symbol,
        _decimal(tick),
        _decimal(lot),
        currency=currency,
        asset_class="future" if perpetual or listed or venue == "deribit" else "crypto",
        sessions=False,
        venue=_VENUES[venue].upper(),
    )


def _decimal(step: tuple[int, int]) -> str:
    _, decimals = step
    return f"{10**-decimals:.{decimals}f}" if decimals else "1"


def _take_notes(settled: _Settled, log: IssueLog) -> None:
    for form in settled["forms"]:
        log.note(f"recognised: {form}")
    for stream, count in sorted(settled["skipped"].items()):
        log.note(f"{count:,} {stream} messages left out")
    if settled["verified"]:
        log.note(f"{settled['verified']:,} checksums verified")
    if settled["stale"]:
        log.note(f"{settled['stale']:,} depth messages older than the book left out")
    if settled["empty"]:
        log.note(f"{settled['empty']:,} depth messages without a level: they give no row")
    if settled["nameless"]:
        log.note("a snapshot without any depth message beside it left out")
    if settled["disorder"]:
        log.note("lines out of the order of their receipt were sorted")
    if settled["sequence_unjudged"]:
        log.note("the numbers of the connection have many holes: the sequence was not judged")


def _take_findings(settled: _Settled, symbols: list[str], log: IssueLog) -> None:
    for number, (kind, place, ts_recv, expected, found) in enumerate(settled["findings"]):
        if number == _SHOWN:
            log.note(f"{len(settled['findings']) - _SHOWN:,} more breaks are not listed")
            break
        whose = "every book of the connection" if place is None else "the book"
        what = {
            "gap": f"update ids jump from {expected} to {found}",
            "lost": f"messages {expected} to {found - 1} of the connection are missing",
            "checksum": f"the checksum is {found}, the venue says {expected}",
            "crossed": "the best bid is at or above the best ask",
            "opened": "the connection was opened anew",
        }[kind]
        log.add(
            _KINDS.get(kind, "sequence"),
            "warning",
            f"{what}: {whose} is invalid from ts_recv {ts_recv} to the next snapshot",
            _REMEDIES[kind],
            symbol=None if place is None else symbols[place],
            column="book",
        )
    for symbol, entry in zip(symbols, settled["instruments"], strict=True):
        snapshots, changes = entry[4]
        if changes and not snapshots:
            log.add(
                "sequence",
                "warning",
                "there is no snapshot: the book is invalid throughout",
                "load the file that holds the snapshot together with this one",
                symbol=symbol,
            )


def _is_of(venue: str, head: Head) -> bool:
    return head.block[:1] != b"\0" and recognise_recording(head.block) == venue


def _reader(venue: str) -> Reader:
    def read(paths: Sequence[Path], wishes: Wishes, log: IssueLog) -> MarketData:
        kept = wishes.quality != "refuse"
        return read_recording(venue, paths, log, wishes.instruments, keep_torn=kept)

    return Reader(f"{venue}_ws", recognise=partial(_is_of, venue), read=read)


READERS = tuple(_reader(venue) for venue in _VENUES)
