"""What a run assumes and what it may do: the simulated venue, its fees, and the risk limits.

Each class keeps what was written, checks it at once, and turns it into the exact form that the
kernel takes. A wrong value is a `ParameterError` that names the field, its range and the nearest
value that is allowed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from py_rt._amounts import LARGEST, Number, decimal, one_of, plain, text, whole
from py_rt._times import to_duration_ns
from py_rt.errors import ParameterError

__all__ = ["Fees", "Mode", "Number", "ResolvedLimits", "RiskLimits", "SimVenue"]

Mode: TypeAlias = Literal["backtest", "paper", "live"]

_AGE_UNLIMITED_NS = 2**63 - 1
_E9 = Decimal(10) ** 9


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


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """What a run may do at most; a limit that is left out takes the safe default below.

    =====================  =========================  =====================  ====================
    limit                  backtest                   paper                  live
    =====================  =========================  =====================  ====================
    max_order_qty          1e9 units                  1e9 units              1e9 units
    max_order_notional     cash                       5 % of cash            5 % of cash
    max_position_notional  cash                       25 % of cash           25 % of cash
    max_gross_notional     2 x cash                   cash                   cash
    max_open_orders        1000                       50                     50
    max_orders_per_second  10000                      50                     10
    price_collar_bps       5000                       500                    500
    reference_max_age      any age                    10 s                   10 s
    max_daily_loss         cash                       2 % of cash            2 % of cash
    max_drawdown           1.0                        0.10                   0.10
    max_leverage           2                          1                      1
    =====================  =========================  =====================  ====================

    Parameters
    ----------
    max_order_qty : number [units], above 0
        Of one order.
    max_order_notional, max_position_notional, max_gross_notional : number [money], above 0
        Value of one order; of one instrument's position with its open orders; of everything.
    max_open_orders, max_orders_per_second : int, at least 1
        Orders open at one time; new orders and replaces in any window of one second.
    price_collar_bps : int [bps], 1 to 100000
        Farthest a price may lie from the reference, on either side.
    reference_max_age : duration such as "10s", or int [ns]
        Oldest reference price that counts as fresh.
    max_daily_loss : number [money], above 0
        Loss since the day began after which only reductions pass.
    max_drawdown : number, above 0 and at most 1
        Fall from the peak, as a fraction of peak equity, after which the run is halted.
    max_leverage : number, above 0 and at most 100
        Gross exposure over equity.

    Raises
    ------
    ParameterError
        A value outside its range.

    Notes
    -----
    Cancels and reductions pass whatever the limits say.

    Examples
    --------
    >>> from decimal import Decimal
    >>> import py_rt.config
    >>> limits = py_rt.config.RiskLimits(max_order_notional=5000).resolve("paper", Decimal(100_000))
    >>> limits.max_order_notional, limits.max_daily_loss
    (Decimal('5000'), Decimal('2000.00'))
    """

    max_order_qty: Number | None = None
    max_order_notional: Number | None = None
    max_position_notional: Number | None = None
    max_gross_notional: Number | None = None
    max_open_orders: int | None = None
    max_orders_per_second: int | None = None
    price_collar_bps: int | None = None
    reference_max_age: str | int | None = None
    max_daily_loss: Number | None = None
    max_drawdown: Number | None = None
    max_leverage: Number | None = None

    def __post_init__(self) -> None:
        for part in fields(self):
            value = getattr(self, part.name)
            if value is not None:
                _limit(part.name, value)

    def resolve(self, mode: Mode, cash: Number) -> ResolvedLimits:
        """Return every limit explicit, for an account that holds `cash`.

        Parameters
        ----------
        mode : {"backtest", "paper", "live"}
            Which column of defaults holds.
        cash : number [money], above 0
            What the account starts with.

        Raises
        ------
        ParameterError
            An unknown mode, or cash that is not above 0.

        Examples
        --------
        >>> import py_rt.config
        >>> py_rt.config.RiskLimits().resolve("live", 10_000).max_orders_per_second
        10
        """
        one_of(mode, "mode", tuple(_DEFAULTS))
        amount = decimal(cash, "cash", above=0)
        resolved: dict[str, Any] = {
            name: _share(default, amount) if name in _TIMES_CASH else _limit(name, default)
            for name, default in _DEFAULTS[mode].items()
        }
        for part in fields(self):
            value = getattr(self, part.name)
            if value is not None:
                resolved[part.name] = _limit(part.name, value)
        resolved["reference_age_ns_max"] = resolved.pop("reference_max_age")
        return ResolvedLimits(**resolved)

    def to_dict(self) -> dict[str, Any]:
        """Return what was written, without what was left out; numbers as text."""
        written = {part.name: getattr(self, part.name) for part in fields(self)}
        return {
            name: value if name in _WHOLE or name == "reference_max_age" else text(value, name)
            for name, value in written.items()
            if value is not None
        }


@dataclass(frozen=True, slots=True)
class ResolvedLimits:
    """Every limit of a run, explicit: what the kernel enforces and the receipt shows.

    Money in the account's currency, quantities in units, fractions as fractions of one.
    """

    max_order_qty: Decimal
    max_order_notional: Decimal
    max_position_notional: Decimal
    max_gross_notional: Decimal
    max_open_orders: int
    max_orders_per_second: int
    price_collar_bps: int
    reference_age_ns_max: int
    max_daily_loss: Decimal
    max_drawdown: Decimal
    max_leverage: Decimal

    def to_core(self) -> dict[str, Any]:
        """Return the limits in the kernel's units: money as text, fractions in parts of 1e-9."""
        core: dict[str, Any] = self.to_dict()
        for name in ("max_drawdown", "max_leverage"):
            del core[name]
            core[f"{name}_e9"] = int(getattr(self, name) * _E9)
        return core

    def to_dict(self) -> dict[str, Any]:
        """Return the limits as plain values, decimals as text.

        Examples
        --------
        >>> import py_rt.config
        >>> py_rt.config.RiskLimits().resolve("paper", 1000).to_dict()["max_order_notional"]
        '50'
        """
        values = {part.name: getattr(self, part.name) for part in fields(self)}
        return {k: plain(v) if isinstance(v, Decimal) else v for k, v in values.items()}


_TIMES_CASH = frozenset(
    ("max_order_notional", "max_position_notional", "max_gross_notional", "max_daily_loss")
)
_WHOLE = {
    "max_open_orders": 1_000_000,
    "max_orders_per_second": 1_000_000,
    "price_collar_bps": 100_000,
}
_FRACTIONS = {"max_drawdown": 1, "max_leverage": 100}
_BACKTEST: dict[str, Any] = {
    "max_order_qty": 10**9,
    "max_order_notional": 1,
    "max_position_notional": 1,
    "max_gross_notional": 2,
    "max_open_orders": 1000,
    "max_orders_per_second": 10_000,
    "price_collar_bps": 5000,
    "reference_max_age": _AGE_UNLIMITED_NS,
    "max_daily_loss": 1,
    "max_drawdown": 1,
    "max_leverage": 2,
}
_LIVE: dict[str, Any] = {
    "max_order_qty": 10**9,
    "max_order_notional": "0.05",
    "max_position_notional": "0.25",
    "max_gross_notional": 1,
    "max_open_orders": 50,
    "max_orders_per_second": 10,
    "price_collar_bps": 500,
    "reference_max_age": "10s",
    "max_daily_loss": "0.02",
    "max_drawdown": "0.10",
    "max_leverage": 1,
}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "backtest": _BACKTEST,
    "paper": {**_LIVE, "max_orders_per_second": 50},
    "live": _LIVE,
}


def _limit(name: str, value: Any) -> Any:
    """Check one limit and return it in its exact type."""
    if name in _WHOLE:
        return whole(value, name, least=1, most=_WHOLE[name])
    if name == "reference_max_age":
        return to_duration_ns(value, name)
    return decimal(value, name, above=0, most=Decimal(_FRACTIONS.get(name, LARGEST)))


def _share(fraction: Number, cash: Decimal) -> Decimal:
    """Return a fraction of the cash, without more decimals than the kernel holds."""
    amount = Decimal(str(fraction)) * cash
    return amount if -int(amount.as_tuple().exponent) <= 18 else amount.quantize(1 / _E9)


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
