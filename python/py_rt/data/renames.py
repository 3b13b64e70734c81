"""Symbol changes: which instrument a symbol meant at a time, and one name for all of its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from py_rt._times import format_ns
from py_rt.errors import DataError
from py_rt.market import Instrument, MarketData

if TYPE_CHECKING:
    from py_rt._layout import Rows
    from py_rt._scales import Ints
    from py_rt.data.actions import CorporateAction

__all__ = ["Lineage", "renamed"]

_CHANGE = "symbol_change"


@dataclass(frozen=True)
class _Link:
    """One symbol of the data became another one; names without rows between them are skipped."""

    old: str
    new: str
    left: int
    taken: int


class Lineage:
    """What each symbol of some data is called at their end.

    Parameters
    ----------
    data : MarketData
    actions : iterable of CorporateAction
        Those that are symbol changes count.
    shift : int [ns]
        How long before 00:00 UTC of its date a session day begins.

    Raises
    ------
    DataError
        A symbol has rows of two companies, or of one under two names at a time.

    Notes
    -----
    Changes are followed from day to day: A became B, B became C. A symbol that was handed on (A
    became B on the day on which B became C) is two instruments, one before and one after. Where
    only one of the two names has rows, whoever sold the data keeps one name for all times.
    """

    def __init__(
        self, data: MarketData, actions: Iterable[CorporateAction], shift: int = 0
    ) -> None:
        named = [action for action in actions if action.kind == _CHANGE]
        self._changes = sorted(named, key=lambda change: change.ts)
        self._shift = shift
        concerned = {name for change in named for name in (change.symbol, change.new_symbol)}
        self._times: dict[str, Ints] = {}
        tables = (data.events(), data.bars()) if concerned.intersection(data.symbols) else ()
        clocks = [(rows["instrument"], _clock(rows)) for rows in tables]
        for number, symbol in enumerate(data.symbols):
            if symbol in concerned:
                times = [clock[instrument == number] for instrument, clock in clocks]
                self._times[symbol] = np.sort(np.concatenate(times))
        self._times = {symbol: times for symbol, times in self._times.items() if times.size}
        self._links = [link for symbol in self._times for link in self._links_of(symbol)]
        for symbol in self._times:
            self._check(symbol)

    @property
    def left(self) -> set[str]:
        """The symbols of the data that became another one."""
        return {link.old for link in self._links}

    @property
    def changes(self) -> tuple[CorporateAction, ...]:
        """The changes that a symbol of the data goes through, by time."""
        reached = self.left
        for change in self._changes:
            if change.symbol in reached:
                reached.add(change.new_symbol)
        return tuple(change for change in self._changes if change.symbol in reached)

    def of_action(self, symbol: str, ts: int) -> str:
        """Return the last name of what ``symbol`` meant on the session date ``ts``.

        On the day of a change the old name is still understood, unless it was handed on that day.
        """
        handed_on = any(link.new == symbol and link.taken == ts for link in self._links)
        return self._at(symbol, ts if handed_on else ts - 1)

    def segments(self, symbol: str) -> list[tuple[int | None, str]]:
        """Return until when (ns, exclusive; None for ever) rows of a symbol have which last name.

        Examples
        --------
        >>> import py_rt as rt
        >>> data = rt.data.load({"ts": ["2022-06-08"], "close": [190.0]}, symbols="FB")
        >>> day = 1_654_732_800_000_000_000
        >>> change = rt.data.CorporateAction("symbol_change", "FB", day, new_symbol="META")
        >>> Lineage(data, [change]).segments("FB")
        [(None, 'META')]
        """
        own = [link for link in self._links if link.old == symbol]
        found: list[tuple[int | None, str]] = [
            (link.left - self._shift, self._at(symbol, link.left - 1)) for link in own
        ]
        if own and own[-1].new not in self._times:
            return [*found[:-1], (None, found[-1][1])]
        return [*found, (None, symbol)]

    def _at(self, symbol: str, ts: int) -> str:
        if symbol not in self._times:
            return self._told(symbol, ts)[0]
        own = [link for link in self._links if link.old == symbol]
        link = next((link for link in own if link.left > ts), None)
        if link is None and own and own[-1].new not in self._times:
            link = own[-1]
        if link is None:
            return symbol
        return link.new if link.new not in self._times else self._at(link.new, link.taken)

    def _told(self, symbol: str, ts: int, known: Sequence[str] = ()) -> tuple[str, int]:
        """Follow the changes from a name on, to the next one in ``known`` or the last."""
        while symbol not in known:
            following = [c for c in self._changes if c.symbol == symbol and c.ts > ts]
            if not following:
                break
            symbol, ts = following[0].new_symbol, following[0].ts
        return symbol, ts

    def _links_of(self, symbol: str) -> list[_Link]:
        links = []
        for change in self._changes:
            if change.symbol != symbol:
                continue
            at_once = [
                c for c in self._changes if c.symbol == change.new_symbol and c.ts == change.ts
            ]
            if at_once and change.new_symbol not in self._times:
                raise DataError(
                    f"{symbol} became {change.new_symbol} and that {at_once[0].new_symbol} on one "
                    "day",
                    field="actions",
                    symbol=symbol,
                    remedy=f"say {symbol} became {at_once[0].new_symbol}, if that is meant",
                )
            name, taken = self._told(change.new_symbol, change.ts, tuple(self._times))
            links.append(_Link(symbol, name, change.ts, taken))
        return links

    def _check(self, symbol: str) -> None:
        """Refuse rows of a time at which nobody, or somebody else too, had the name."""
        events = [
            (one.left, False, one)
            for one in self._links
            if one.old == symbol and one.new in self._times
        ]
        events += [(one.taken, True, one) for one in self._links if one.new == symbol]
        events.sort(key=lambda event: event[:2])  # on one day it is left before it is taken
        owned, begun = not events or not events[0][1], None
        for at, taken, link in events:
            if taken:
                self._refuse_rows(symbol, begun, at, link)
            owned, begun = taken, at
        if not owned and begun is not None:
            self._refuse_rows(symbol, begun, None, events[-1][2])

    def _refuse_rows(self, symbol: str, begin: int | None, end: int | None, link: _Link) -> None:
        times = self._times[symbol]
        first = 0 if begin is None else int(np.searchsorted(times, begin - self._shift))
        last = times.size if end is None else int(np.searchsorted(times, end - self._shift))
        if last <= first:
            return
        other = f"{link.old} became {link.new} on {format_ns(link.taken)[:10]}"
        raise DataError(
            f"{other}, and {symbol} has {last - first:,} rows of "
            f"{'before' if symbol == link.new else 'after'} that, first at ts {times[first]}",
            field="actions",
            symbol=symbol,
            remedy=f"leave those rows out, or load them under another name than {symbol}; where "
            "it had that name before, give the change by which it lost it",
        )


def _clock(rows: Rows) -> Ints:
    """Return the time that says of which session day a row is: of a bar, its middle."""
    times: Ints
    if "ts_close" in (rows.dtype.names or ()):
        times = rows["ts_open"] + (rows["ts_close"] - rows["ts_open"]) // 2
    else:
        times = rows["ts_event"]
    return times


def renamed(
    data: MarketData, actions: Iterable[CorporateAction] | Lineage, shift: int = 0
) -> MarketData:
    """Return the data with the rows of symbols that changed under their last ones.

    Parameters
    ----------
    data : MarketData
    actions : iterable of CorporateAction, or Lineage of the data
    shift : int [ns]
        How long before 00:00 UTC of its date a session day begins.

    Raises
    ------
    DataError
        A symbol has rows of two companies, or of one under two names at a time; the two names have
        different ticks or lots.

    Examples
    --------
    >>> import py_rt as rt
    >>> from py_rt._times import to_ns
    >>> data = rt.data.load({"ts": ["2022-06-08"], "close": [190.0]}, symbols="FB")
    >>> change = rt.data.CorporateAction(
    ...     "symbol_change", "FB", to_ns("2022-06-09"), new_symbol="META")
    >>> renamed(data, [change]).symbols
    ('META',)
    """
    line = actions if isinstance(actions, Lineage) else Lineage(data, actions, shift)
    if not line.left:
        return data
    segments = [line.segments(symbol) for symbol in data.symbols]
    known: dict[str, Instrument] = {}
    for instrument, parts in zip(data.instruments, segments, strict=True):
        for _, symbol in parts:
            same = known.setdefault(symbol, instrument.with_fields(symbol=symbol))
            if (same.tick_size, same.lot_size) != (instrument.tick_size, instrument.lot_size):
                raise DataError(
                    f"{instrument.symbol} and {symbol} have different ticks",
                    field="instruments",
                    remedy="load both with the same instruments=",
                )
    tables = [_moved(rows, segments, list(known)) for rows in (data.events(), data.bars())]
    used = np.unique(np.concatenate([rows["instrument"] for rows in tables]))
    kept = np.array([n in used or name not in line.left for n, name in enumerate(known)])
    place = np.cumsum(kept) - 1
    for rows in tables:
        rows["instrument"] = place[rows["instrument"]]
    chosen = [one for one, stays in zip(known.values(), kept, strict=True) if stays]
    return MarketData(tables[0], tables[1], chosen, data.name, data.attribution, data.notes)


def _moved(rows: Rows, segments: list[list[tuple[int | None, str]]], names: list[str]) -> Rows:
    moved = rows.copy()
    clock = _clock(rows)
    for number, parts in enumerate(segments):
        left = rows["instrument"] == number
        for until, symbol in parts:
            mine = left if until is None else left & (clock < until)
            moved["instrument"][mine] = names.index(symbol)
            left = left & ~mine
    return moved
