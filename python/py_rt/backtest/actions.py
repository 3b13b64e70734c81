"""Corporate actions of a run: which ones apply, when, in the engine's terms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from py_rt._amounts import decimal, plain
from py_rt.backtest.sessions import day_shift_ns
from py_rt.data.actions import CorporateAction, corporate_actions
from py_rt.data.renames import Lineage, renamed
from py_rt.errors import ParameterError
from py_rt.market import MarketData

__all__ = ["applicable", "factors", "to_core"]

_LARGEST, _SMALL = 100_000, 100
_ROUNDED = 2e-5


def applicable(
    given: Any, market: MarketData
) -> tuple[MarketData, tuple[CorporateAction, ...], tuple[CorporateAction, ...]]:
    """Return the data under their last symbols, and the actions that fall inside them.

    Parameters
    ----------
    given : None, iterable of CorporateAction, or a table or path as ``rt.data.corporate_actions``
    market : MarketData
        Raw prices.

    Returns
    -------
    MarketData
        An old symbol's rows come under the new one, for the whole run.
    tuple of CorporateAction
        Splits and dividends of symbols of the data, after their first and before their last row,
        by time.
    tuple of CorporateAction
        Those, and the symbol changes of symbols of the data, as they were given.

    Raises
    ------
    DataError
        A symbol has rows of two companies, or of one under two names at a time.
    """
    if given is None:
        return market, (), ()
    listed = sorted(_listed(given), key=lambda a: (a.ts, a.symbol, a.kind != "split"))
    shift = day_shift_ns(market.instruments)
    line = Lineage(market, listed, shift)
    market = renamed(market, line)
    known, start, end = set(market.symbols), market.start or 0, market.end or 0
    inside, told = [], list(line.changes)
    for action in listed:
        if action.kind == "symbol_change" or not start < action.ts - shift < end:
            continue
        symbol = line.of_action(action.symbol, action.ts)
        if symbol in known:
            inside.append(replace(action, symbol=symbol))
            told.append(action)
    return market, tuple(inside), tuple(told)


def to_core(
    actions: Sequence[CorporateAction], market: MarketData
) -> list[tuple[int, int, str, int, int, str]]:
    """Return the actions as the engine takes them: at the turn of the session day, exact.

    Raises
    ------
    ParameterError
        A ratio that is no fraction of small whole numbers. Vendors round: 7.000007 counts as 7.
    """
    shift = day_shift_ns(market.instruments)
    place = {symbol: number for number, symbol in enumerate(market.symbols)}
    made: list[tuple[int, int, str, int, int, str]] = []
    for action in actions:
        ratio = _fraction(action.ratio)
        if ratio is None:
            raise ParameterError(
                f"{action.symbol}: {action.ratio!r} is no ratio of whole numbers",
                field="ratio",
                remedy="give new shares per old one, such as 4.0, 1.5 or 0.1",
            )
        to, old = ratio.numerator, ratio.denominator
        amount = plain(decimal(action.amount, "amount", least=0))
        at = action.ts - shift
        made.append((at, place[action.symbol], action.kind, to, old, amount))
    return made


def factors(
    ts: NDArray[np.int64], symbol: NDArray[Any], actions: Mapping[str, NDArray[Any]]
) -> NDArray[np.float64]:
    """Return how many of the last shares one share of ``symbol`` at ``ts`` has become.

    Parameters
    ----------
    ts, symbol : ndarray, shape (n,)
    actions : mapping of str to ndarray
        Columns ``ts symbol kind ratio`` of the actions that were applied.
    """
    made = np.ones(len(ts))
    for at, of, kind, ratio in zip(
        actions["ts"], actions["symbol"], actions["kind"], actions["ratio"], strict=True
    ):
        if kind == "split":
            made[(ts < at) & (symbol == of)] *= ratio
    return made


def _fraction(ratio: float) -> Fraction | None:
    """Return new shares for old ones; what was divided by rounded prices is set right.

    Examples
    --------
    >>> _fraction(1.281), _fraction(7.00000700001), _fraction(0.033333), _fraction(2**0.5)
    (Fraction(1281, 1000), Fraction(7, 1), Fraction(1, 30), None)
    """
    exact = Fraction(repr(float(ratio)))
    if max(exact.numerator, exact.denominator) <= _LARGEST:
        return exact
    large = max(ratio, 1.0 / ratio)
    for below in range(1, _SMALL + 1):
        above = round(large * below)
        if abs(above / below / large - 1.0) <= _ROUNDED and above <= _LARGEST:
            return Fraction(above, below) if ratio >= 1.0 else Fraction(below, above)
    return None


def _listed(given: Any) -> tuple[CorporateAction, ...]:
    if isinstance(given, CorporateAction):
        return (given,)
    if isinstance(given, Iterable) and not isinstance(given, (str, Mapping)):
        items = given if hasattr(given, "columns") else list(given)
        if isinstance(items, list) and all(isinstance(a, CorporateAction) for a in items):
            return tuple(items)
    return corporate_actions(given)
