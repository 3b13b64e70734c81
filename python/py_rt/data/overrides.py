"""``instruments=`` where rows are in ticks and lots already: other steps, the same amounts."""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd

import numpy as np

from py_rt._layout import Rows
from py_rt._scales import Ints, parse_decimal
from py_rt.data.build import Instruments, overrule
from py_rt.data.quality import IssueLog
from py_rt.market import Instrument, MarketData

__all__ = ["fit_instruments", "overridden"]

_EVENT_COLUMNS = (("tick_size", "price"), ("lot_size", "qty"))
_BAR_COLUMNS = tuple(("tick_size", name) for name in ("open", "high", "low", "close"))


def fit_instruments(
    rows: Rows,
    inferred: Mapping[str, Instrument],
    given: Instruments | None,
    log: IssueLog,
) -> tuple[Instrument, ...]:
    """Return the instruments of decoded rows, and count the rows, in place, in their steps.

    Parameters
    ----------
    rows : ndarray of EVENT_DTYPE
        Counted in the steps of ``inferred``, whose order ``rows["instrument"]`` goes by.
    inferred : mapping of str to Instrument
    given : sequence or mapping
        ``instruments=`` of ``load``.

    Raises
    ------
    DataError
        A price or quantity is no multiple of the step that was given.
    ParameterError
        ``given`` is not what it should be.
    """
    known = overrule(inferred, given, log)
    for number, pair in enumerate(zip(inferred.values(), known, strict=True)):
        for column in _EVENT_COLUMNS:
            _rescale(rows, number, pair, column, log)
    return known


def overridden(data: MarketData, given: Instruments | None, log: IssueLog) -> MarketData:
    """Return market data with the instruments that the caller knows better.

    Amounts stay what they are; where a step is another one, the rows are copied.

    Raises
    ------
    DataError
        A price or quantity is no multiple of the step that was given.
    ParameterError
        ``given`` is not what it should be.

    Examples
    --------
    >>> import py_rt as rt
    >>> from py_rt.data.quality import IssueLog
    >>> data = rt.data.sample("us_daily").select("KO")
    >>> fine = overridden(data, {"KO": {"tick_size": "0.000001"}}, IssueLog())
    >>> bool((fine.to_frame("bar") == data.to_frame("bar")).all().all())
    True
    """
    if given is None:
        return data
    before = data.instruments
    known = overrule({one.symbol: one for one in before}, given, log, guessed=False)
    if known == before:
        return data
    events, bars = data.events(), data.bars()
    if any(_steps(old) != _steps(new) for old, new in zip(before, known, strict=True)):
        events, bars = events.copy(), bars.copy()
        for number, pair in enumerate(zip(before, known, strict=True)):
            for rows, columns in ((events, _EVENT_COLUMNS), (bars, _BAR_COLUMNS)):
                for column in columns:
                    _rescale(rows, number, pair, column, log)
    return MarketData(events, bars, known, data.name, data.attribution, data.notes)


def _steps(instrument: Instrument) -> list[tuple[int, int]]:
    return [parse_decimal(getattr(instrument, size), size) for size in ("tick_size", "lot_size")]


def _rescale(
    rows: Rows,
    number: int,
    instruments: tuple[Instrument, Instrument],
    what: tuple[str, str],
    log: IssueLog,
) -> None:
    size, column = what
    (have, scale), (want, finer) = (parse_decimal(getattr(i, size), size) for i in instruments)
    numerator, divisor = have * 10 ** max(finer - scale, 0), want * 10 ** max(scale - finer, 0)
    shared = gcd(numerator, divisor)
    if numerator == divisor:
        return
    mine = np.flatnonzero(rows["instrument"] == number)
    made, off = _scaled(rows[column][mine], numerator // shared, divisor // shared)
    if off.any():
        base, given = instruments
        raise log.refuse(
            "schema",
            f"{column} of {int(off.sum()):,} rows of {given.symbol} is no multiple of the {size} "
            f"{getattr(given, size)}",
            f"leave {size} out of instruments=, or pass {getattr(base, size)}",
            rows=mine[off],
            symbol=given.symbol,
            column=column,
        )
    rows[column][mine] = made


def _scaled(values: Ints, numerator: int, divisor: int) -> tuple[Ints, np.ndarray]:
    """Multiply and divide exactly; the second array says where that is not possible."""
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    if max(-low, high) * numerator < 2**63:
        product = values * numerator
        return product // divisor, product % divisor != 0
    exact = [value * numerator for value in values.tolist()]
    off = np.array([one % divisor != 0 or abs(one // divisor) >= 2**63 for one in exact])
    made = [0 if bad else one // divisor for one, bad in zip(exact, off, strict=True)]
    return np.array(made, dtype=np.int64), off
