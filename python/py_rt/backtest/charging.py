"""The charges of a run: which apply, when, in the engine's terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from py_rt._amounts import decimal
from py_rt._limits import ResolvedLimits
from py_rt.backtest.sessions import day_shift_ns, session_days
from py_rt.charges import Borrow, Funding, ratio_of
from py_rt.errors import ParameterError
from py_rt.margin import Margin
from py_rt.market import MarketData

__all__ = ["Row", "charge_rows", "fundings_of", "with_locates"]

Row: TypeAlias = tuple[int, str, int, tuple[int, int], tuple[int, int] | None]
"""An input of the engine: when (ns UTC), kind, instrument or currency, ratio, a mark in ticks."""

_DAY_NS = 86_400_000_000_000


def fundings_of(given: Any, market: MarketData) -> dict[str, Funding]:
    """Return the funding of each symbol; one alone is that of the only instrument.

    Raises
    ------
    ParameterError
        A symbol that the data do not have, or no `Funding`.
    """
    if given is None:
        return {}
    if isinstance(given, Funding):
        if len(market.symbols) != 1:
            raise ParameterError(
                f"whose it is of {len(market.symbols)} instruments is not said",
                field="funding",
                remedy=f'pass {{"{market.symbols[0]}": rt.Funding(...)}}',
            )
        given = {market.symbols[0]: given}
    if not isinstance(given, Mapping) or not all(isinstance(f, Funding) for f in given.values()):
        raise ParameterError(
            f"{type(given).__name__} is no funding",
            field="funding",
            remedy="pass rt.Funding(times, rates), or one for each symbol in a dict",
        )
    _known(given, "funding", market)
    return dict(given)


def charge_rows(
    borrow: Borrow | None,
    funding: Mapping[str, Funding],
    margin: Margin | None,
    market: MarketData,
    delay_ns: int,
) -> list[Row]:
    """Return all charges inside the data, by rising time.

    Parameters
    ----------
    delay_ns : int [ns]
        Until what happened at a time has been heard of: charges are booked that much later, and
        funding after reports of that moment.

    Raises
    ------
    ParameterError
        A symbol that the data do not have.
    """
    start, end = market.start or 0, market.end or 0
    rows = _borrowed(borrow, market) if borrow is not None else []
    rows += _owed(margin, market) if margin is not None else []
    places = {symbol: place for place, symbol in enumerate(market.symbols)}
    for symbol, paid in funding.items():
        tick = Fraction(decimal(market.instruments[places[symbol]].tick_size, "tick_size", above=0))
        for number, (at, rate) in enumerate(zip(paid.times, paid.rates, strict=True)):
            ticks = None
            if paid.mark_prices is not None:
                mark = Fraction(paid.mark_prices[number])
                ticks = ratio_of(mark / tick, "mark_prices")
            part = ratio_of(Fraction(rate), "rates")
            rows.append((at + 1, "funding", places[symbol], part, ticks))
    inside = [
        (at + delay_ns, kind, place, part, mark)
        for at, kind, place, part, mark in rows
        if start < at <= end + 1
    ]
    return sorted(inside, key=lambda row: row[:3])


def with_locates(limits: ResolvedLimits, borrow: Borrow | None) -> ResolvedLimits:
    """Return the limits of an account that cannot borrow more than there is.

    Examples
    --------
    >>> import py_rt as rt
    >>> limits = rt.RiskLimits().resolve("backtest", 1000)
    >>> with_locates(limits, rt.Borrow(locate={"GME": 50})).guards["instruments"]
    {'GME': {'max_short_qty': '50'}}
    """
    if borrow is None or not borrow.locate:
        return limits
    named = {symbol: dict(limit) for symbol, limit in limits.guards.get("instruments", {}).items()}
    for symbol, units in borrow.to_dict()["locate"].items():
        own = named.setdefault(symbol, {})
        own["max_short_qty"] = min(own.get("max_short_qty", units), units, key=Decimal)
    return replace(limits, guards={**limits.guards, "instruments": named})


def _borrowed(borrow: Borrow, market: MarketData) -> list[Row]:
    """Return what each session day's turn charges for the calendar days since the one before."""
    _known({**borrow.annual, **borrow.locate}, "borrow", market)
    turns = _turns(market)
    rows: list[Row] = []
    for place, symbol in enumerate(market.symbols):
        for at, days in turns:
            part = borrow.rate(symbol, days)
            if part:
                rows.append((at, "borrow", place, ratio_of(part, "annual"), None))
    return rows


def _owed(margin: Margin, market: MarketData) -> list[Row]:
    """Return what each session day's turn charges for money that is owed, by currency."""
    first: dict[str, int] = {}
    for place, instrument in enumerate(market.instruments):
        first.setdefault(instrument.currency, place)
    given = margin.interest if isinstance(margin.interest, Mapping) else {}
    unknown = next((currency for currency in given if currency not in first), None)
    if unknown is not None:
        raise ParameterError(
            f"nothing is paid in {unknown!r}",
            field="margin.interest",
            remedy=f"use currencies of the data: {', '.join(first)}",
        )
    return [
        (at, "interest", place, ratio_of(part, "interest"), None)
        for currency, place in first.items()
        for at, days in _turns(market)
        if (part := margin.interest_of(currency, days))
    ]


def _turns(market: MarketData) -> list[tuple[int, int]]:
    """Return when session days turn (ns UTC), before their first bar, and the days since the last.

    A bar that has a date alone opens at midnight UTC, and its session day may turn after that.
    """
    shift, bars = day_shift_ns(market.instruments), market.bars()
    of, first = np.unique((bars["ts_close"] - 1 + shift) // _DAY_NS, return_index=True)
    opens = np.minimum.reduceat(bars["ts_open"], first) if len(first) else first
    opened = dict(zip(of.tolist(), opens.tolist(), strict=True))
    days = session_days(market).tolist()
    turns = [day * _DAY_NS - shift for day in days]
    turned = [
        min(turn, max(opened.get(day, turn), turn - _DAY_NS))
        for day, turn in zip(days, turns, strict=True)
    ]
    gaps = [day - before for before, day in pairwise(days)]
    return list(zip(turned[1:], gaps, strict=True))


def _known(given: Mapping[str, Any], name: str, market: MarketData) -> None:
    unknown = next((symbol for symbol in given if symbol not in market.symbols), None)
    if unknown is not None:
        raise ParameterError(
            f"the data have no {unknown!r}",
            field=name,
            remedy=f"use symbols of the data: {', '.join(market.symbols[:9])}",
        )
