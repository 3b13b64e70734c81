"""The venues of a run: one, or several whose recordings are joined.

An instrument is a symbol at a venue, ``BTC/USD@kraken``. Symbols that are spelled alike, but for
separators, are one product, named as the first venue spells it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from py_rt._layout import EVENT_DTYPE, Rows, join_rows
from py_rt.data import load
from py_rt.data.calendars import sessions_of
from py_rt.errors import DataError, ParameterError
from py_rt.impact import SquareRootImpact
from py_rt.latency import Latency, latency_ns, received
from py_rt.market import BAR_DTYPE, Instrument, MarketData
from py_rt.sim_venue import SimVenue

__all__ = ["Venues", "venues_of"]

_MOST = 32


@dataclass(frozen=True)
class Venues:
    """Where a run trades, and the data of all venues as one.

    Attributes
    ----------
    market : MarketData
        Of several venues in the order in which rows are seen, with that time as ``ts_recv``.
    named : dict of str to SimVenue
        Under ``""`` where there is one without a name.
    places : tuple of int
        Of each instrument, the number of its venue.
    happens : ndarray of EVENT_DTYPE, or None
        The rows in the order in which they happen, where that is another.
    """

    market: MarketData
    named: dict[str, SimVenue]
    places: tuple[int, ...]
    happens: Rows | None

    @property
    def several(self) -> bool:
        """Whether the venues have names."""
        return "" not in self.named

    @property
    def feed_ns(self) -> int:
        """The longest of the least latencies of the feeds [ns]."""
        return max(latency_ns(venue.latency_feed, "latency_feed") for venue in self.named.values())

    @property
    def delay_ns(self) -> int:
        """The longest of the least latencies of feeds and reports [ns]."""
        cores = [venue.to_core() for venue in self.named.values()]
        legs = ("latency_feed_ns", "latency_report_ns")
        return max(int(core[leg]) for core in cores for leg in legs)

    def of(self, market: MarketData) -> Venues:
        """Return the same venues for the same data, of one venue also under other symbols."""
        places = self.places if self.several else (0,) * len(market.instruments)
        return Venues(market, self.named, places, self.happens)

    def to_core(self) -> dict[str, Any]:
        """Return what the engine takes: the first venue, the others, and the products."""
        first, *others = self.named.values()
        happens = None if self.happens is None else _bytes(self.happens)
        return {
            "venue": first.to_core(),
            "session_closes": self._closes(first),
            "impact_laws": self._laws(),
            "others": [
                {
                    "venue": venue.to_core(),
                    "session_closes": self._closes(venue),
                    "listed": [i for i, at in enumerate(self.places) if at == place],
                }
                for place, venue in enumerate(others, start=1)
            ],
            "happens": happens,
            "products": self.products(),
            "listings": self._listings(),
        }

    def products(self) -> list[str]:
        """Return the product of each instrument; at one venue each is its own."""
        if not self.several:
            return list(self.market.symbols)
        names: dict[str, str] = {}
        taken: set[tuple[str, int]] = set()
        found = []
        for instrument, place in zip(self.market.instruments, self.places, strict=True):
            symbol = instrument.symbol.removesuffix(f"@{instrument.venue}")
            key = "".join(c for c in symbol.upper() if c.isalnum()) or symbol
            if (key, place) in taken:
                raise ParameterError(
                    f"{instrument.symbol} is spelled like another symbol there",
                    field="data",
                    remedy="select one of them, or give one another symbol",
                )
            taken.add((key, place))
            found.append(names.setdefault(key, symbol))
        return found

    def _listings(self) -> list[tuple[int, int, str, int]]:
        numbers: dict[str, int] = {}
        venues = list(self.named.values())
        made = []
        for product, place in zip(self.products(), self.places, strict=True):
            core = venues[place].to_core()
            number = numbers.setdefault(product, len(numbers))
            made.append((number, core["taker_e9"], core["per_share"], core["latency_order_ns"]))
        return made

    def _laws(self) -> list[tuple[float, float, int]]:
        moves = [isinstance(venue.impact, SquareRootImpact) for venue in self.named.values()]
        if not any(moves):
            return []
        if not all(moves):
            raise ParameterError(
                "one venue has a law of impact and another has none",
                field="impact",
                remedy="give every venue a SquareRootImpact, or none",
            )
        venues = list(self.named.values())
        laws: list[tuple[float, float, int]] = []
        for instrument, place in zip(self.market.instruments, self.places, strict=True):
            laws += venues[place].impact.laws((instrument,))  # type: ignore[union-attr]
        return laws

    def _closes(self, venue: SimVenue) -> list[int]:
        """Return when the sessions of a venue's calendar close, ns UTC."""
        market = self.market
        if venue.calendar is None or market.start is None or market.end is None:
            return []
        closes: list[int] = sessions_of(venue.calendar, market.start, market.end).closes.tolist()
        return closes

    def seen(self, seed: int) -> Rows:
        """Return the events as they are received."""
        if self.several:
            return self.market.events()
        (venue,) = self.named.values()
        return _stamped(self.market, venue, seed)

    def written(self, how: str) -> dict[str, Any]:
        """Return ``to_dict()`` or ``told()`` of the venue, of several under their names."""
        made = {name: getattr(venue, how)() for name, venue in self.named.items()}
        return made if self.several else next(iter(made.values()))

    def said(self, what: Any) -> Any:
        """Return what ``what`` says of the venue, of several by name where they differ."""
        made = {name: what(venue) for name, venue in self.named.items()}
        first = next(iter(made.values()))
        return first if all(value == first for value in made.values()) else made


def venues_of(data: Any, venue: Any, seed: int) -> Venues:
    """Return where a run trades and on what.

    Parameters
    ----------
    data : MarketData, anything that ``rt.data.load`` takes, or dict of venue name to these
    venue : SimVenue, dict of venue name to SimVenue, or None
    seed : int
        Of latencies of feeds that are drawn.

    Raises
    ------
    ParameterError
        A venue without data, a name that is none, or no SimVenue.
    DataError
        No rows.
    """
    if not _names_venues(data, venue):
        market = data if isinstance(data, MarketData) else load(data)
        one = SimVenue() if venue is None else venue
        _check_kind(one, "venue")
        return _checked(Venues(market, {"": one}, (0,) * len(market.instruments), None))
    named = _named(data, venue)
    loaded = {n: d if isinstance(d, MarketData) else load(d) for n, d in data.items()}
    return _checked(_joined(loaded, named, seed))


def _names_venues(data: Any, venue: Any) -> bool:
    kinds = (MarketData, str, os.PathLike)
    named = isinstance(data, Mapping) and data and all(isinstance(d, kinds) for d in data.values())
    if isinstance(venue, Mapping) and not named:
        raise ParameterError(
            "venues have names, and data have none",
            field="data",
            remedy=f"pass a dict: {{{next(iter(venue), 'kraken')!r}: data, ...}}",
        )
    return bool(named)


def _named(data: Mapping[Any, Any], venue: Any) -> dict[str, SimVenue]:
    if len(data) > _MOST:
        raise ParameterError(f"{len(data)} venues", field="data", remedy=f"pass at most {_MOST}")
    for name in data:
        if not isinstance(name, str) or not name.strip() or "@" in name:
            raise ParameterError(
                f"{name!r} names no venue", field="data", remedy="use text without @"
            )
    given = venue if isinstance(venue, Mapping) else dict.fromkeys(data, venue)
    for name in given:
        if name not in data:
            raise ParameterError(
                f"there are no data of {name!r}",
                field="venue",
                remedy=f"the data are of {', '.join(data)}",
            )
    made = {}
    for name in data:
        one = given.get(name)
        made[name] = SimVenue() if one is None else one
        _check_kind(made[name], f"venue[{name!r}]")
    return made


def _joined(loaded: Mapping[str, MarketData], named: dict[str, SimVenue], seed: int) -> Venues:
    """Join recordings by the time at which rows are seen; of equal ones, the first venue first."""
    instruments: list[Instrument] = []
    places: list[int] = []
    events: list[Rows] = []
    bars: list[Rows] = []
    for place, (name, market) in enumerate(loaded.items()):
        rows = np.empty(len(market.events()), dtype=EVENT_DTYPE)
        rows[:] = _stamped(market, named[name], seed + place)
        feed_ns = latency_ns(named[name].latency_feed, "latency_feed")
        reached = np.maximum(rows["ts_event"] + feed_ns, rows["ts_recv"])
        rows["ts_recv"] = np.maximum.accumulate(reached) if len(rows) else reached
        own = np.empty(len(market.bars()), dtype=BAR_DTYPE)
        own[:] = market.bars()
        for part in (rows, own):
            part["instrument"] += len(instruments)
        events.append(rows)
        bars.append(own)
        instruments += [
            i.with_fields(symbol=f"{i.symbol}@{name}", venue=name) for i in market.instruments
        ]
        places += [place] * len(market.instruments)
    _check_feeds(bars, named)
    all_rows = join_rows(events, EVENT_DTYPE)
    seen = np.argsort(all_rows["ts_recv"], kind="stable")
    order = np.argsort(_happened(events), kind="stable")
    happens = None if np.array_equal(seen, order) else all_rows[order]
    all_bars = join_rows(bars, BAR_DTYPE)
    market = MarketData(
        all_rows[seen],
        all_bars[np.argsort(all_bars["ts_close"], kind="stable")],
        instruments,
        name=" + ".join(named),
        attribution="; ".join(dict.fromkeys(m.attribution for m in loaded.values() if m)),
        notes=[f"{name}: {note}" for name, m in loaded.items() for note in m.notes],
    )
    return Venues(market, named, tuple(places), happens)


def _happened(events: list[Rows]) -> npt.NDArray[np.int64]:
    """Return when each row happens at its venue, where time never goes back."""
    parts = [np.maximum.accumulate(r["ts_event"]) if len(r) else r["ts_event"] for r in events]
    made: npt.NDArray[np.int64] = np.concatenate(parts)
    return made


def _stamped(market: MarketData, venue: SimVenue, seed: int) -> Rows:
    if not isinstance(venue.latency_feed, Latency):
        return market.events()
    if len(market.bars()):
        raise ParameterError(
            "bars come after a constant latency",
            field="latency_feed",
            remedy='pass a duration such as "1ms", or ticks instead of bars',
        )
    return received(market.events(), venue.latency_feed, seed)


def _check_feeds(bars: list[Rows], named: dict[str, SimVenue]) -> None:
    with_bars = [v for v, rows in zip(named.values(), bars, strict=True) if len(rows)]
    feeds = {latency_ns(venue.latency_feed, "latency_feed") for venue in with_bars}
    first = latency_ns(next(iter(named.values())).latency_feed, "latency_feed")
    if feeds and feeds != {first}:
        raise ParameterError(
            "bars of several venues come after one latency",
            field="latency_feed",
            remedy="give every venue the same latency_feed",
        )


def _checked(venues: Venues) -> Venues:
    market = venues.market
    if len(market) == 0:
        raise DataError("there are no rows", field="data", remedy="check symbols, start and end")
    for venue in venues.named.values():
        if venue.queue == "fifo" and "order" not in market.kinds:
            raise ParameterError(
                f"queue='fifo' needs data by order; these are {', '.join(market.kinds) or 'none'}",
                field="queue",
                remedy="use 'risk_averse', which comes nearest to it (docs/fill_study.md)",
            )
    return venues


def _check_kind(value: object, name: str) -> None:
    if not isinstance(value, SimVenue):
        raise ParameterError(
            f"{value!r} is no SimVenue", field=name, remedy="pass rt.SimVenue(...)"
        )


def _bytes(rows: Rows) -> Any:
    return None if len(rows) == 0 else np.ascontiguousarray(rows).view(np.uint8)
