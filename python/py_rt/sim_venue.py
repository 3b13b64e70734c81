"""What a simulated run assumes of its venue: fees, latencies, queue, impact.

Each class keeps what was written, checks it at once, and turns it into the exact form that the
kernel takes. A wrong value is a `ParameterError` that names the field, its range and the nearest
value that is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, Literal, Self

from py_rt._amounts import Number, decimal, one_of, plain, text, whole
from py_rt.errors import ParameterError
from py_rt.impact import SquareRootImpact
from py_rt.latency import Latency, latency_ns

__all__ = ["Fees", "SimVenue"]

_LEGS = ("latency_feed", "latency_order", "latency_report")
_MOST_TIERS = 12


@dataclass(frozen=True, slots=True)
class Fees:
    """What an execution costs: rates of the traded value, an amount a unit, a least amount.

    Parameters
    ----------
    maker_bps, taker_bps : number [bps], -10000 to 10000, at most 5 decimals
        Rate for adding and for taking liquidity; a negative rate is a rebate.
    per_share : number [money a unit], 0 or more
        Added for each share, contract or coin.
    minimum : number [money an order], 0 or more
        Least fee of an order that was executed at all.
    rounding : number [money], 0 or more
        Step to which the fee of an execution is rounded, half to even; 0 for none.
    tiers : sequence of (value [money], maker_bps, taker_bps), at most 12, values rising
        Rates that hold instead from a traded value on: the value of all executions on the
        ``tier_days`` days in UTC before today.
    tier_days : int, 1 to 366

    Raises
    ------
    ParameterError
        A value outside its range.

    Examples
    --------
    >>> import py_rt.sim_venue
    >>> fees = py_rt.sim_venue.Fees(maker_bps=-0.5, taker_bps="2.5")
    >>> fees.to_core()["taker_e9"]
    250000
    >>> spot = py_rt.sim_venue.Fees(10, 10, tiers=[(1_000_000, 9, 10), (5_000_000, 8, 10)])
    """

    maker_bps: Number = 0
    taker_bps: Number = 0
    per_share: Number = 0
    minimum: Number = 0
    rounding: Number = 0
    tiers: Sequence[tuple[Number, Number, Number]] = ()
    tier_days: int = 30

    def __post_init__(self) -> None:
        object.__setattr__(self, "tiers", tuple(tuple(row) for row in self.tiers))
        for name in ("maker_bps", "taker_bps"):
            _rate_e9(getattr(self, name), name)
        for name in ("per_share", "minimum", "rounding"):
            decimal(getattr(self, name), name, least=0, most=Decimal(1_000_000))
        whole(self.tier_days, "tier_days", least=1, most=366)
        self._tiers()

    def _tiers(self) -> list[tuple[str, int, int]]:
        """Return the tiers in the kernel's units."""
        if len(self.tiers) > _MOST_TIERS:
            raise ParameterError(
                f"{len(self.tiers)} tiers", field="tiers", remedy=f"pass at most {_MOST_TIERS}"
            )
        found, before = [], Decimal(0)
        for row in self.tiers:
            if len(row) != 3:
                raise ParameterError(
                    f"{row!r} is no tier",
                    field="tiers",
                    remedy="pass (value, maker_bps, taker_bps)",
                )
            value = decimal(row[0], "tiers", above=0)
            if value <= before:
                raise ParameterError(
                    f"{plain(value)} does not rise", field="tiers", remedy="sort them by value"
                )
            before = value
            found.append((plain(value), _rate_e9(row[1], "tiers"), _rate_e9(row[2], "tiers")))
        return found

    def to_core(self) -> dict[str, Any]:
        """Return the schedule in the kernel's units: rates in parts of 1e-9, money as text."""
        return {
            "maker_e9": _rate_e9(self.maker_bps, "maker_bps"),
            "taker_e9": _rate_e9(self.taker_bps, "taker_bps"),
            "per_share": text(self.per_share, "per_share"),
            "minimum": text(self.minimum, "minimum"),
            "rounding": text(self.rounding, "rounding"),
            "tiers": self._tiers(),
            "tier_days": self.tier_days if self.tiers else 0,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return every field that says something, as decimal text, for receipts and reports."""
        named = ("maker_bps", "taker_bps", "per_share", "minimum", "rounding")
        made: dict[str, Any] = {name: text(getattr(self, name), name) for name in named}
        if self.tiers:
            made["tiers"] = [[text(value, "tiers") for value in row] for row in self.tiers]
            made["tier_days"] = self.tier_days
        return made


@dataclass(frozen=True, slots=True)
class SimVenue:
    """The assumptions of a simulated venue: latencies, queue, fees and what bars may fill.

    Parameters
    ----------
    latency_feed, latency_order, latency_report : duration such as "1ms", int [ns], or Latency
        From the venue's event to the strategy, from the strategy's order to the venue, and from the
        venue's report back. A feed whose `Latency` differs takes a copy of the events, and bars
        need a constant one.
    queue : {"risk_averse", "power", "log", "fifo"}
        A resting order stands behind everything that was shown at its price when it arrived, and
        trades move it forward. Who cancels in a queue? "risk_averse": those behind it, unless the
        level gets shorter than the queue in front. "power", "log": also those in front, by the
        ``queue_exponent``-th power or the logarithm of the quantities in front and behind. "fifo":
        known exactly, on data by order. The default is the one that real orders prove right
        (docs/fill_study.md).
    queue_exponent : int, 1 to 8
        Of "power"; 1 shares cancellations out evenly.
    fees : Fees
    bar_fill : {"next_open", "next_close"}
        Where an order sent on a closed bar is filled.
    bar_touch : {"none", "fill"}
        Whether a limit that a bar touches without trading through is filled.
    partial_fills : bool
        False: an order is filled at once with all that is left of it, whatever the quantity shown.
    impact : {None, "removes"} or SquareRootImpact
        What an order that takes leaves behind. None: nothing, the next one finds everything there
        again. "removes": what it took is gone until the market shows the level anew.
        `SquareRootImpact`: it moves its own price and that of orders after it.
    calendar : str, optional
        ISO code of an exchange, such as "XNYS", whose sessions end DAY orders, with half days and
        summer time (extra ``data``: exchange-calendars). Without one a session is a day in UTC.

    Raises
    ------
    ParameterError
        A value outside its range, or a model that does not exist yet.

    Examples
    --------
    >>> import py_rt as rt
    >>> venue = rt.SimVenue(latency_order="250us", fees=rt.Fees(taker_bps=5))
    >>> venue.to_core()["latency_order_ns"]
    250000
    """

    latency_feed: str | int | Latency = "1ms"
    latency_order: str | int | Latency = "1ms"
    latency_report: str | int | Latency = "1ms"
    queue: Literal["risk_averse", "power", "log", "fifo"] = "risk_averse"
    fees: Fees = field(default_factory=Fees)
    bar_fill: Literal["next_open", "next_close"] = "next_open"
    bar_touch: Literal["none", "fill"] = "none"
    partial_fills: bool = True
    impact: Literal["removes"] | SquareRootImpact | None = None
    queue_exponent: int = 3
    calendar: str | None = None

    def __post_init__(self) -> None:
        for name in _LEGS:
            latency_ns(getattr(self, name), name)
        one_of(self.queue, "queue", ("risk_averse", "power", "log", "fifo"))
        one_of(self.bar_fill, "bar_fill", ("next_open", "next_close"))
        one_of(self.bar_touch, "bar_touch", ("none", "fill"))
        given: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        if not isinstance(given["fees"], Fees):
            raise ParameterError(
                f"{self.fees!r} is not a fee schedule",
                field="fees",
                remedy="pass Fees(maker_bps=..., taker_bps=...)",
            )
        if not isinstance(given["partial_fills"], bool):
            raise ParameterError(
                f"{self.partial_fills!r} is neither True nor False",
                field="partial_fills",
                remedy="use True (the default) or False",
            )
        impact = given["impact"]
        if not isinstance(impact, SquareRootImpact) and impact not in (None, "removes"):
            raise ParameterError(
                f"there is no impact model {self.impact!r}",
                field="impact",
                remedy="use None (the default), 'removes' or SquareRootImpact(...)",
            )
        calendar = given["calendar"]
        if calendar is not None and not (isinstance(calendar, str) and calendar):
            raise ParameterError(
                f"{calendar!r} is no exchange calendar",
                field="calendar",
                remedy="use an ISO code such as XNYS, or None",
            )
        exponent = given["queue_exponent"]
        if type(exponent) is not int or not 1 <= exponent <= 8:
            raise ParameterError(
                f"{exponent!r} is out of range", field="queue_exponent", remedy="use 1 to 8"
            )

    def to_core(self) -> dict[str, Any]:
        """Return the assumptions in the kernel's units.

        Returns
        -------
        dict
            ``latency_feed_ns latency_order_ns latency_report_ns`` (int, the least), what orders and
            reports take beyond (``..._extra``), ``bar_fill`` (str),
            ``bar_touch_fills partial_fills`` (bool), ``queue`` (str), ``queue_exponent`` (int),
            ``impact`` (str or None), and the keys of `Fees.to_core`.
        """
        return {
            **{f"{name}_ns": latency_ns(getattr(self, name), name) for name in _LEGS},
            **{f"{name}_extra": _extra(getattr(self, name)) for name in _LEGS[1:]},
            **self.fees.to_core(),
            "bar_fill": self.bar_fill,
            "bar_touch_fills": self.bar_touch == "fill",
            "partial_fills": self.partial_fills,
            "queue": self.queue,
            "queue_exponent": self.queue_exponent,
            "impact": "removes" if self.impact == "removes" else None,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the assumptions as plain values, for receipts and reports.

        Examples
        --------
        >>> import py_rt.sim_venue
        >>> py_rt.sim_venue.SimVenue().to_dict()["queue"]
        'risk_averse'
        """
        plainly: dict[str, Any] = {}
        for part in fields(self):
            value = getattr(self, part.name)
            plainly[part.name] = value.to_dict() if hasattr(value, "to_dict") else value
        return plainly

    def told(self) -> dict[str, Any]:
        """Return the assumptions for people: what has many values in one line.

        Examples
        --------
        >>> import py_rt.sim_venue
        >>> drawn = py_rt.sim_venue.Latency.drawn(["1ms", "2ms", "9ms"])
        >>> py_rt.sim_venue.SimVenue(latency_order=drawn).told()["latency_order"]
        'drawn: 1 to 9 ms, median 2 ms, 3 values'
        """
        long = {
            part.name: str(getattr(self, part.name))
            for part in fields(self)
            if isinstance(getattr(self, part.name), Latency | SquareRootImpact)
        }
        return {**self.to_dict(), **long}

    @classmethod
    def from_dict(cls, written: Mapping[str, Any]) -> Self:
        """Return the assumptions that `to_dict` wrote down.

        Examples
        --------
        >>> import py_rt.sim_venue
        >>> venue = py_rt.sim_venue.SimVenue(latency_order=py_rt.sim_venue.Latency.drawn([1]))
        >>> py_rt.sim_venue.SimVenue.from_dict(venue.to_dict()).latency_order.values
        (1,)
        """
        given = {**written, "fees": Fees(**written["fees"])}
        for name in _LEGS:
            if isinstance(given[name], Mapping):
                given[name] = Latency(tuple(given[name]["values"]), tuple(given[name]["at"]))
        if isinstance(given["impact"], Mapping):
            given["impact"] = SquareRootImpact(**given["impact"])
        return cls(**given)


def _extra(latency: str | int | Latency) -> tuple[list[int], list[int]] | None:
    return latency.extra() if isinstance(latency, Latency) else None


def _rate_e9(value: Any, name: str) -> int:
    """Turn basis points into parts of 1e-9, exactly."""
    rate = decimal(value, name, least=-10_000, most=Decimal(10_000)) * 100_000
    if rate != int(rate):
        raise ParameterError(
            f"{value} bps has more than 5 decimals",
            field=name,
            remedy=f"the nearest is {plain(round(rate) / Decimal(100_000))}",
        )
    return int(rate)
