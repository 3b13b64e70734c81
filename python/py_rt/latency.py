"""How long messages take: always the same, drawn, or as it was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from py_rt._amounts import decimal
from py_rt._layout import EVENT_DTYPE, Rows
from py_rt._times import to_duration_ns, to_ns
from py_rt.errors import ParameterError

__all__ = ["Latency", "latency_ns", "received"]

_LONGEST_NS = 3_600 * 10**9
_QUANTILES = 1024
_MOST_VALUES = 1_000_000


@dataclass(frozen=True, slots=True)
class Latency:
    """Latencies that differ from message to message, of one leg of the road.

    Made by `drawn`, `lognormal` or `measured`; a constant one is written as a duration. Messages of
    a leg never overtake one another: one that was drawn shorter arrives with the one before it.

    Attributes
    ----------
    values : tuple of int [ns]
        What is drawn from, or what was measured.
    at : tuple of int [ns UTC]
        When it was measured; empty where the values are drawn.

    Examples
    --------
    >>> import py_rt as rt
    >>> order = rt.Latency.lognormal("2ms", sigma=0.5)
    >>> venue = rt.SimVenue(latency_order=order, latency_report=rt.Latency.drawn(["1ms", "9ms"]))
    >>> venue.latency_report.values
    (1000000, 9000000)
    """

    values: tuple[int, ...]
    at: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        values = tuple(latency_ns(value, "values") for value in self.values)
        at = tuple(to_ns(time, "at") for time in self.at)
        if not 1 <= len(values) <= _MOST_VALUES:
            raise ParameterError(
                f"{len(values)} latencies", field="values", remedy=f"pass 1 to {_MOST_VALUES:,}"
            )
        if at and len(at) != len(values):
            raise ParameterError(
                f"{len(at)} times for {len(values)} latencies",
                field="at",
                remedy="pass one time for each",
            )
        late = next((i for i in range(1, len(at)) if at[i] < at[i - 1]), None)
        if late is not None:
            raise ParameterError(
                f"time {late} lies before the one in front of it", field="at", remedy="sort them"
            )
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "at", at)

    @classmethod
    def drawn(cls, values: Sequence[str | int]) -> Self:
        """Draw each latency from these, all as likely; the draws follow the seed of the run.

        Parameters
        ----------
        values : sequence of durations such as "3ms", or int [ns]
            Such as measurements of which only the distribution counts.
        """
        return cls(tuple(values))  # type: ignore[arg-type]

    @classmethod
    def lognormal(cls, median: str | int, sigma: float, least: str | int = 0) -> Self:
        """Draw ``least`` plus a lognormal time with this median and deviation of its logarithm.

        Parameters
        ----------
        median : duration or int [ns]
            Of the whole, above ``least``.
        sigma : float, above 0, at most 3
        least : duration or int [ns]

        Notes
        -----
        1,024 quantiles at (i + 1/2) / 1024 are drawn from: the tail ends at 3.3 deviations.
        """
        floor = latency_ns(least, "least")
        middle = latency_ns(median, "median") - floor
        width = float(decimal(sigma, "sigma", above=0, most=decimal(3, "sigma")))
        if middle <= 0:
            raise ParameterError(
                "the median is not above the least", field="median", remedy="raise it"
            )
        normal = NormalDist(0.0, width)
        steps = (normal.inv_cdf((i + 0.5) / _QUANTILES) for i in range(_QUANTILES))
        return cls(tuple(floor + min(round(middle * np.exp(s)), _LONGEST_NS) for s in steps))

    @classmethod
    def measured(cls, at: npt.ArrayLike, values: npt.ArrayLike) -> Self:
        """Take what was measured: straight lines between measurements, flat before and after.

        Parameters
        ----------
        at : array of int64 [ns UTC], shape (n,)
            When a message was sent, ascending.
        values : array of int [ns], shape (n,)
            How long it took.
        """
        times, taken = np.asarray(at), np.asarray(values)
        return cls(tuple(taken.tolist()), tuple(times.tolist()))

    @property
    def least_ns(self) -> int:
        """The shortest of them [ns]."""
        return min(self.values)

    def __str__(self) -> str:
        low, middle, high = (q / 1e6 for q in np.quantile(self.values, (0, 0.5, 1)))
        how = "measured" if self.at else "drawn"
        return f"{how}: {low:g} to {high:g} ms, median {middle:g} ms, {len(self.values):,} values"

    def to_dict(self) -> dict[str, list[int]]:
        """Return the fields as plain values, for receipts."""
        return {"values": list(self.values), "at": list(self.at)}

    def extra(self) -> tuple[list[int], list[int]]:
        """Return times and what each value has beyond the least [ns], for the engine."""
        least = self.least_ns
        return list(self.at), [value - least for value in self.values]


def latency_ns(value: Any, name: str) -> int:
    """Return a constant latency, or the least of those that differ [ns].

    Raises
    ------
    ParameterError
        Negative, longer than an hour, or no duration.
    """
    if isinstance(value, Latency):
        return value.least_ns
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value < 0:
        raise ParameterError(
            f"{value} ns is negative", field=name, remedy="use 0 or more; the nearest is 0"
        )
    stripped = value.strip() if isinstance(value, str) else value
    if stripped == 0 or stripped in ("0", "0ns", "0us", "0µs", "0ms", "0s"):
        return 0
    ns = to_duration_ns(value, name)
    if ns > _LONGEST_NS:
        raise ParameterError(
            f"{value!r} is longer than an hour", field=name, remedy="use '0ms' to '1h'"
        )
    return ns


def received(events: Rows, latency: Latency, seed: int) -> Rows:
    """Return a copy of events as they are received by a feed whose latency differs.

    Each is received its latency after it happened, never before it was recorded as received, and
    never before the one in front of it.
    """
    happened = events["ts_event"]
    if latency.at:
        taken = np.interp(happened, latency.at, latency.values).astype(np.int64)
    else:
        values = np.array(latency.values, dtype=np.int64)
        taken = values[_places(len(events), seed, len(values))]
    made = np.empty(len(events), dtype=EVENT_DTYPE)
    made[:] = events
    made["ts_recv"] = np.maximum.accumulate(np.maximum(happened + taken, events["ts_recv"]))
    return made


def _places(count: int, seed: int, among: int) -> npt.NDArray[np.int64]:
    """Draw places by SplitMix64 (Steele, Lea, Flood 2014, figure 4), as the engine does."""
    with np.errstate(over="ignore"):
        word = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        word += np.uint64(seed ^ 0xFEED)
        word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        word ^= word >> np.uint64(31)
    upper = (word >> np.uint64(32)) * np.uint64(among)
    return (upper >> np.uint64(32)).astype(np.int64)
