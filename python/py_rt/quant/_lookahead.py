"""Estimates inside a strategy may not know what comes after the callback.

What can be known of an estimate is the last time of the data it was made from: the index of pandas
data, or the time of the callback it was made in (docs/decisions/013-no-look-ahead.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from py_rt._core import quant as _core
from py_rt.errors import StrategyError

__all__ = ["ALWAYS", "allow_full_sample_estimates", "known_at", "refuse_later", "refuse_smoothed",
           "refuse_unknown"]  # fmt: skip

ALWAYS = -(2**63)
_ASK = "or ask for it: with rt.quant.allow_full_sample_estimates():"
_allowed: ContextVar[bool] = ContextVar("full_sample_estimates_allowed", default=False)


@contextmanager
def allow_full_sample_estimates() -> Iterator[None]:
    """Let a strategy use estimates that may know the future, for as long as the block lasts.

    Without it every function here refuses, inside a callback, data with times after ``ctx.now``,
    models that were fitted on data of unknown or later time, and whatever smooths. Research on a
    full sample is one use; what it says about a strategy is not what a live run would have said.

    Examples
    --------
    >>> import py_rt as rt
    >>> with rt.quant.allow_full_sample_estimates():
    ...     pass
    """
    token = _allowed.set(True)
    try:
        yield
    finally:
        _allowed.reset(token)


def _callback_ns() -> int | None:
    """Return the time of the callback that runs, None where anything may be looked at."""
    now = _core.callback_time()
    return None if now is None or _allowed.get() else now


def known_at(values: Any) -> int | None:
    """Return until when an estimate made here and now of these values knows the market [ns UTC].

    None when that cannot be told: outside of callbacks, without an index of times.
    """
    now = _core.callback_time()
    return _last_time_ns(values) if now is None else now


def refuse_later(values: Any, name: str) -> None:
    """Refuse, inside a callback, data that reach beyond its time."""
    now = _callback_ns()
    if now is None:
        return
    last = _last_time_ns(values)
    if last is not None and last > now:
        raise StrategyError(
            f"{name} reaches until {_text(last)}, but it is {_text(now)}",
            field=name,
            remedy=f"pass what the strategy has seen, {_ASK}",
        )


def refuse_unknown(known: int | None, what: str) -> None:
    """Refuse, inside a callback, an estimate of data that are later, or of an unknown time."""
    now = _callback_ns()
    if now is None or (known is not None and known <= now):
        return
    found = "of unknown time" if known is None else f"until {_text(known)}, and it is {_text(now)}"
    raise StrategyError(
        f"{what} was fitted on data {found}",
        field="self",
        remedy=f"fit it in the strategy, or before on pandas data with an index of times, {_ASK}",
    )


def refuse_smoothed(what: str) -> None:
    """Refuse, inside a callback, an estimate whose rows know the rows after them."""
    if _callback_ns() is not None:
        raise StrategyError(
            f"{what} looks ahead: each row knows all later ones", remedy=f"use filter, {_ASK}"
        )


def _last_time_ns(values: Any) -> int | None:
    """Return the last time of the index of pandas data; naive times count as UTC."""
    if isinstance(values, dict):
        times = [time for time in map(_last_time_ns, values.values()) if time is not None]
        return max(times, default=None)
    index = getattr(values, "index", None)
    if index is None or callable(index) or not len(index):
        return None
    import pandas as pd

    levels = index.levels if isinstance(index, pd.MultiIndex) else [index]
    for level in levels:
        if isinstance(level, pd.PeriodIndex):
            level = level.to_timestamp(how="end")  # noqa: PLW2901
        if isinstance(level, pd.DatetimeIndex):
            known = level.dropna()
            return int(known.max().as_unit("ns").value) if len(known) else None
    return None


def _text(ns: int) -> str:
    import pandas as pd

    return str(pd.Timestamp(ns, tz="UTC").isoformat())
