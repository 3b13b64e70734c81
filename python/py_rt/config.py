"""What a run assumes and what it may do: the simulated venue, its fees, and the risk limits.

Each class keeps what was written, checks it at once, and turns it into the exact form that the
kernel takes. A wrong value is a `ParameterError` that names the field, its range and the nearest
value that is allowed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from decimal import Decimal
from typing import Any, Literal

from py_rt._amounts import Number, decimal, one_of, plain, text
from py_rt._guards import GreekLimit, GroupLimit, InstrumentLimit, VarLimit
from py_rt._limits import Mode, ResolvedLimits, RiskLimits
from py_rt._times import to_duration_ns
from py_rt.errors import ParameterError

__all__ = [
    "Fees",
    "GreekLimit",
    "GroupLimit",
    "InstrumentLimit",
    "Mode",
    "Number",
    "ResolvedLimits",
    "RiskLimits",
    "SimVenue",
    "VarLimit",
]


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

    Raises
    ------
    ParameterError
        A value outside its range.

    Examples
    --------
    >>> import py_rt.config
    >>> fees = py_rt.config.Fees(maker_bps=-0.5, taker_bps="2.5")
    >>> fees.to_core()["taker_e9"]
    250000
    """

    maker_bps: Number = 0
    taker_bps: Number = 0
    per_share: Number = 0
    minimum: Number = 0
    rounding: Number = 0

    def __post_init__(self) -> None:
        for name in ("maker_bps", "taker_bps"):
            _rate_e9(getattr(self, name), name)
        for name in ("per_share", "minimum", "rounding"):
            decimal(getattr(self, name), name, least=0, most=Decimal(1_000_000))

    def to_core(self) -> dict[str, Any]:
        """Return the schedule in the kernel's units: rates in parts of 1e-9, money as text."""
        return {
            "maker_e9": _rate_e9(self.maker_bps, "maker_bps"),
            "taker_e9": _rate_e9(self.taker_bps, "taker_bps"),
            "per_share": text(self.per_share, "per_share"),
            "minimum": text(self.minimum, "minimum"),
            "rounding": text(self.rounding, "rounding"),
        }

    def to_dict(self) -> dict[str, str]:
        """Return every field as decimal text, for receipts and reports."""
        return {part.name: text(getattr(self, part.name), part.name) for part in fields(self)}


@dataclass(frozen=True, slots=True)
class SimVenue:
    """The assumptions of a simulated venue: latencies, queue, fees and what bars may fill.

    Parameters
    ----------
    latency_feed, latency_order, latency_report : duration such as "1ms", or int [ns], 0 or more
        From the venue's event to the strategy, from the strategy's order to the venue, and from the
        venue's report back.
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
    impact : {None, "removes"}
        What an order that takes leaves behind. None: nothing, the next one finds everything there
        again. "removes": what it took is gone until the market shows the level anew.
    calendar : str, optional
        ISO code of an exchange, such as "XNYS", whose sessions end DAY orders, with half days and
        summer time (extra ``data``: exchange-calendars). Without one a session is a day in UTC.

    Raises
    ------
    ParameterError
        A value outside its range, or a model that does not exist yet.

    Examples
    --------
    >>> import py_rt.config
    >>> venue = py_rt.config.SimVenue(latency_order="250us", fees=py_rt.config.Fees(taker_bps=5))
    >>> venue.to_core()["latency_order_ns"]
    250000
    """

    latency_feed: str | int = "1ms"
    latency_order: str | int = "1ms"
    latency_report: str | int = "1ms"
    queue: Literal["risk_averse", "power", "log", "fifo"] = "risk_averse"
    fees: Fees = field(default_factory=Fees)
    bar_fill: Literal["next_open", "next_close"] = "next_open"
    bar_touch: Literal["none", "fill"] = "none"
    partial_fills: bool = True
    impact: Literal["removes"] | None = None
    queue_exponent: int = 3
    calendar: str | None = None

    def __post_init__(self) -> None:
        for name in ("latency_feed", "latency_order", "latency_report"):
            _latency_ns(getattr(self, name), name)
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
        if given["impact"] not in (None, "removes"):
            raise ParameterError(
                f"there is no impact model {self.impact!r}",
                field="impact",
                remedy="use None (the default) or 'removes'",
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
            ``latency_feed_ns latency_order_ns latency_report_ns`` (int), ``bar_fill`` (str),
            ``bar_touch_fills partial_fills`` (bool), ``queue`` (str), ``queue_exponent`` (int),
            ``impact`` (str or None), and the keys of `Fees.to_core`.
        """
        return {
            "latency_feed_ns": _latency_ns(self.latency_feed, "latency_feed"),
            "latency_order_ns": _latency_ns(self.latency_order, "latency_order"),
            "latency_report_ns": _latency_ns(self.latency_report, "latency_report"),
            **self.fees.to_core(),
            "bar_fill": self.bar_fill,
            "bar_touch_fills": self.bar_touch == "fill",
            "partial_fills": self.partial_fills,
            "queue": self.queue,
            "queue_exponent": self.queue_exponent,
            "impact": self.impact,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the assumptions as plain values, for receipts and reports.

        Examples
        --------
        >>> import py_rt.config
        >>> py_rt.config.SimVenue().to_dict()["queue"]
        'risk_averse'
        """
        return {**asdict(self), "fees": self.fees.to_dict()}


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


def _latency_ns(value: Any, name: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value < 0:
        raise ParameterError(
            f"{value} ns is negative", field=name, remedy="use 0 or more; the nearest is 0"
        )
    stripped = value.strip() if isinstance(value, str) else value
    if stripped == 0 or stripped in ("0", "0ns", "0us", "0µs", "0ms", "0s"):
        return 0
    ns = to_duration_ns(value, name)
    if ns > 3_600 * 10**9:
        raise ParameterError(
            f"{value!r} is longer than an hour", field=name, remedy="use '0ms' to '1h'"
        )
    return ns
