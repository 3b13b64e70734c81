"""How a parent order is worked: by time, by volume, in parts, or along an optimal trajectory.

``ctx.execute(symbol, side, qty, algorithm)`` hands a parent order to the kernel, which sends
children of its own. What is executed and what children may still execute never exceed the parent
together; the kernel does the same in a backtest, on paper, live and in a replay.

Examples
--------
>>> import py_rt as rt
>>> class Patient(rt.Strategy):
...     def on_start(self, ctx):
...         ctx.execute("BTC-USD", "buy", 0.5, rt.TWAP(duration="10m", slices=20))
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Literal, Protocol, TypeAlias

import numpy as np

import py_rt._core.quant as _quant
from py_rt._amounts import decimal, one_of, whole
from py_rt._times import to_duration_ns, to_ns
from py_rt.errors import ParameterError

__all__ = [
    "POV",
    "TWAP",
    "VWAP",
    "Algorithm",
    "Consolidated",
    "Iceberg",
    "ImplementationShortfall",
    "SmartRoute",
]

_NEVER = 2**63 - 1
_WEIGHT_MAX = 2**32 - 1
_SLICES_MAX = 10_000

AtEnd: TypeAlias = Literal["expire", "complete"]
Benchmark: TypeAlias = Literal["arrival", "mid"]
Duration: TypeAlias = int | str
Style: TypeAlias = Literal["aggressive", "passive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithm:
    """What all algorithms have in common.

    Parameters
    ----------
    duration : int [ns] or str, such as "10m"
        Time from start to end; None for no end, where the algorithm allows that.
    start : int [ns UTC], datetime or text with a zone
        First moment of work; None is the moment of the call.
    min_child_qty : number [units], 0 or more
        No child is smaller, unless it is the last one; 0 for the venue's smallest order.
    style : {"aggressive", "passive"}
        Aggressive children take what the far side of the book shows, immediately or cancel, never
        more than it shows. Passive ones rest at the near side.
    catch_up : bool
        Whether what a passive child left of its slice is taken from the market in the next one;
        else it rests with that.
    max_slippage_bps : int [bps], 0 to 9999
        Farthest that a child's price may lie from the benchmark, to our loss; None for any.
    benchmark : {"arrival", "mid"}
        The mid when the parent was accepted, or the mid now.
    at_end : {"expire", "complete"}
        The rest is given up at the end of time, or taken from the market, within the price limits.

    Raises
    ------
    ParameterError
        A value outside its range. Names the parameter.
    """

    duration: Duration | None = None
    start: Any = None
    min_child_qty: float = 0.0
    style: Style = "aggressive"
    catch_up: bool = True
    max_slippage_bps: int | None = None
    benchmark: Benchmark = "arrival"
    at_end: AtEnd = "expire"

    _kind: ClassVar[str] = ""
    _endless: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if type(self) is Algorithm:
            raise ParameterError("is no algorithm of its own", field="algorithm", remedy="rt.TWAP")
        if self.duration is not None:
            _positive_ns(self.duration, "duration")
        elif not self._endless:
            raise ParameterError("is missing", field="duration", remedy='such as duration="10m"')
        if self.start is not None:
            to_ns(self.start, "start")
        _amount(self.min_child_qty, "min_child_qty")
        one_of(self.style, "style", ("aggressive", "passive"))
        one_of(self.benchmark, "benchmark", ("arrival", "mid"))
        one_of(self.at_end, "at_end", ("expire", "complete"))
        if self.max_slippage_bps is not None:
            whole(self.max_slippage_bps, "max_slippage_bps", least=0, most=9_999)

    def weights(self, qty: float = 1.0) -> list[int]:
        """Return what each slice weighs, as whole numbers; empty where there is no schedule."""
        del qty
        return []

    def _terms(self, now: int, qty: float) -> dict[str, Any]:
        """Return the terms as the kernel takes them, for a parent of ``qty`` at ``now``."""
        start = now if self.start is None else max(now, to_ns(self.start, "start"))
        span = None if self.duration is None else _positive_ns(self.duration, "duration")
        if self.start is not None and span is not None:
            end = to_ns(self.start, "start") + span
            if end <= now:
                raise ParameterError(
                    "ends before now", field="start", remedy="start later, or leave start out"
                )
        else:
            end = _NEVER if span is None else start + span
        return {
            "algorithm": self._kind,
            "weights": self.weights(qty),
            "start_ns": start,
            "end_ns": end,
            "min_child_qty": float(self.min_child_qty),
            "style": self.style,
            "catch_up": self.catch_up,
            "max_slippage_bps": self.max_slippage_bps,
            "benchmark": self.benchmark,
            "at_end": self.at_end,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TWAP(Algorithm):
    """Equal slices over time.

    Parameters
    ----------
    slices : int, 1 to 10000
        Into how many equal parts the time is cut. When slice ``k`` of ``n`` begins,
        ``qty * (k + 1) / n`` is due, rounded down to whole lots; the last makes up the rest.

    See Also
    --------
    Algorithm : the parameters that all algorithms have.

    Examples
    --------
    >>> import py_rt as rt
    >>> rt.TWAP(duration="10m", slices=4).weights()
    [1, 1, 1, 1]
    """

    slices: int = 20
    _kind: ClassVar[str] = "twap"

    def __post_init__(self) -> None:
        Algorithm.__post_init__(self)
        whole(self.slices, "slices", least=1, most=_SLICES_MAX)

    def weights(self, qty: float = 1.0) -> list[int]:
        """Return what each slice weighs: all the same."""
        del qty
        return [1] * self.slices


@dataclass(frozen=True, slots=True, kw_only=True)
class VWAP(Algorithm):
    """Slices as large as the volume that is expected in them.

    Parameters
    ----------
    profile : sequence of number, 0 or more
        Expected volume of each slice of the duration, in any unit; slices have equal lengths.

    See Also
    --------
    Algorithm : the parameters that all algorithms have.

    Examples
    --------
    >>> import py_rt as rt
    >>> [w / 2**32 for w in rt.VWAP(duration="1h", profile=[4, 1, 2]).weights()]
    [0.9999999997671694, 0.25, 0.5]
    """

    profile: Sequence[float] = field(default=())
    _kind: ClassVar[str] = "vwap"

    def __post_init__(self) -> None:
        Algorithm.__post_init__(self)
        profile = tuple(_amount(volume, "profile") for volume in self.profile)
        object.__setattr__(self, "profile", profile)
        whole(len(profile), "profile", least=1, most=_SLICES_MAX)
        if not any(profile):
            raise ParameterError("adds up to 0", field="profile", remedy="pass expected volumes")

    def weights(self, qty: float = 1.0) -> list[int]:
        """Return what each slice weighs: its share of the largest one."""
        del qty
        most = max(self.profile)
        return [round(volume / most * _WEIGHT_MAX) for volume in self.profile]


@dataclass(frozen=True, slots=True, kw_only=True)
class POV(Algorithm):
    """A share of the volume that is seen to trade from the start on.

    Parameters
    ----------
    participation : number, above 0, at most 1
        Our share of the volume, to a basis point. Where our own executions are part of what is seen
        to trade, as at a real venue, they count.
    interval : int [ns] or str
        Time between two looks at the volume.

    See Also
    --------
    Algorithm : the parameters that all algorithms have.

    Examples
    --------
    >>> import py_rt as rt
    >>> rt.POV(duration="30m", participation=0.1).interval
    '1s'
    """

    participation: float = 0.1
    interval: Duration = "1s"
    _kind: ClassVar[str] = "pov"
    _endless: ClassVar[bool] = True

    def __post_init__(self) -> None:
        Algorithm.__post_init__(self)
        share = decimal(self.participation, "participation", above=0, most=Decimal(1))
        if round(share * 10_000) == 0:
            raise ParameterError(
                f"{share} is less than a basis point",
                field="participation",
                remedy="use 0.0001 or more",
            )
        _positive_ns(self.interval, "interval")

    def _terms(self, now: int, qty: float) -> dict[str, Any]:
        return {
            **Algorithm._terms(self, now, qty),
            "participation_bps": round(float(self.participation) * 10_000),
            "every_ns": _positive_ns(self.interval, "interval"),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Iceberg(Algorithm):
    """A limit order of which only a part is shown; the next part when that was executed.

    ``ctx.execute`` needs a ``limit_price`` for it. Style and slippage protection do not apply to
    what rests at the limit.

    Parameters
    ----------
    shown_qty : number [units], above 0
        The part that is shown.

    See Also
    --------
    Algorithm : the parameters that all algorithms have.

    Examples
    --------
    >>> import py_rt as rt
    >>> rt.Iceberg(shown_qty=100).duration is None
    True
    """

    shown_qty: float = 0.0
    _kind: ClassVar[str] = "iceberg"
    _endless: ClassVar[bool] = True

    def __post_init__(self) -> None:
        Algorithm.__post_init__(self)
        if _amount(self.shown_qty, "shown_qty") == 0:
            raise ParameterError("is 0", field="shown_qty", remedy="pass the part that is shown")

    def _terms(self, now: int, qty: float) -> dict[str, Any]:
        return {**Algorithm._terms(self, now, qty), "shown_qty": float(self.shown_qty)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImplementationShortfall(Algorithm):
    """The trajectory that minimises expected cost plus a price on risk, of Almgren and Chriss.

    What is left after time ``t`` of ``T`` is ``sinh(kappa (T - t)) / sinh(kappa T)`` of the order.

    Parameters
    ----------
    slices : int, 1 to 10000
        Into how many equal parts the time is cut.
    volatility : number [money a share in one ``unit`` ** 0.5], 0 or more
        Standard deviation of the price over one unit of time.
    temporary_impact : number [money a share, per share in one ``unit``], above 0
        Price given away by trading at that rate: eta of the paper.
    permanent_impact : number [money a share, per share], 0 or more
        Price moved for good: gamma of the paper.
    risk_aversion : number [1 / money], 0 or more
        What a unit of variance costs: lambda of the paper; 0 trades evenly.
    unit : int [ns] or str
        The unit of time of the numbers above.

    Source
    ------
    Almgren, Chriss (2001), Optimal execution of portfolio transactions, Journal of Risk 3(2).

    See Also
    --------
    Algorithm : the parameters that all algorithms have.

    Examples
    --------
    >>> import py_rt as rt
    >>> paper = rt.ImplementationShortfall(duration="5d", slices=5, unit="1d", volatility=0.95,
    ...     temporary_impact=2.5e-6, permanent_impact=2.5e-7, risk_aversion=1e-6)
    >>> round(paper.trajectory(1_000_000)["kappa"], 3)
    0.607
    """

    slices: int = 20
    volatility: float = 0.0
    temporary_impact: float = 0.0
    permanent_impact: float = 0.0
    risk_aversion: float = 0.0
    unit: Duration = "1d"
    _kind: ClassVar[str] = "implementation_shortfall"

    def __post_init__(self) -> None:
        Algorithm.__post_init__(self)
        whole(self.slices, "slices", least=1, most=_SLICES_MAX)
        self.trajectory(1.0)

    def trajectory(self, qty: float) -> dict[str, Any]:
        """Return the trajectory for ``qty`` units.

        Parameters
        ----------
        qty : float [units], above 0

        Returns
        -------
        dict
            ``kappa`` [1 / unit], ``holdings`` (slices + 1) and ``trades`` (slices) [units],
            ``expected_cost`` [money] and ``variance`` [money ** 2] of the shortfall, and
            ``weights``.
        """
        impact = {
            "volatility": float(self.volatility),
            "temporary_impact": float(self.temporary_impact),
            "permanent_impact": float(self.permanent_impact),
            "fixed_cost": 0.0,
            "risk_aversion": float(self.risk_aversion),
        }
        span = _positive_ns(self.duration, "duration") / _positive_ns(self.unit, "unit")
        return _quant.almgren_chriss(impact, float(qty), span, self.slices)

    def weights(self, qty: float = 1.0) -> list[int]:
        """Return what each slice weighs: its trade."""
        made: list[int] = self.trajectory(qty)["weights"]
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class SmartRoute(Algorithm):
    """Take what the venues of a product show, the cheapest after fees first, until it is done.

    ``ctx.execute`` takes the product, such as ``"BTC/USD"``, in place of a symbol. The quantity
    that is free is split over the levels of all venues that count, at the least cost after the
    taker's fee, with no child below its venue's smallest order; each venue of the split gets one
    immediate-or-cancel child. A venue whose book is invalid or too old, whose market is not open,
    that refused lately or whose child is unknown gets nothing, and the others get its share.

    Parameters
    ----------
    interval : int [ns] or str
        Least time between two children for one venue.
    max_age : int [ns] or str
        A book whose last message is older does not count.
    latency_cost_bps : int [bps of the price a second], 0 to 10000
        What the way of an order to its venue counts beside price and fee; 0 lets it decide between
        equal prices only.

    See Also
    --------
    Algorithm : the parameters that all algorithms have; the style is aggressive.

    Notes
    -----
    Fees are rate and amount a unit; a least fee an order and tiers are not looked at. Time: one
    pass over the levels that are wanted; where a smallest order is in the way, one for each set of
    venues, of which there are at most 2^8.

    Examples
    --------
    >>> import py_rt as rt
    >>> rt.SmartRoute(interval="50ms", duration="10s", latency_cost_bps=20).max_age
    '10s'
    """

    interval: Duration = "100ms"
    max_age: Duration = "10s"
    latency_cost_bps: int = 0
    _kind: ClassVar[str] = "smart_route"
    _endless: ClassVar[bool] = True

    def __post_init__(self) -> None:
        Algorithm.__post_init__(self)
        if self.style != "aggressive":
            raise ParameterError(
                f"{self.style!r} is not routed", field="style", remedy='use "aggressive"'
            )
        _positive_ns(self.interval, "interval")
        _positive_ns(self.max_age, "max_age")
        whole(self.latency_cost_bps, "latency_cost_bps", least=0, most=10_000)

    def _terms(self, now: int, qty: float) -> dict[str, Any]:
        return {
            **Algorithm._terms(self, now, qty),
            "every_ns": _positive_ns(self.interval, "interval"),
            "max_age_ns": _positive_ns(self.max_age, "max_age"),
            "latency_cost_bps": self.latency_cost_bps,
        }


class Consolidated(Protocol):
    """The books of one product at all its venues, as ``ctx.consolidated(product)`` shows them.

    Prices are after the fee for taking. A book counts that is valid and has both sides, whose
    market is open and whose last message is no older than ``max_age`` (any, where that was left
    out).
    """

    best_bid: float
    best_ask: float
    bid_qty: float
    ask_qty: float
    bid_symbol: str | None
    ask_symbol: str | None
    symbols: list[str]
    """Those whose books count."""
    valid: bool

    def levels(
        self, side: Literal["buy", "sell"], n: int = 10, /
    ) -> list[tuple[float, float, str, float]]:
        """Return the first ``n`` levels: price after fee, quantity, symbol, price as shown."""


def _amount(value: Any, name: str) -> float:
    """Return a number from 0 on; whether it lies on a lot is for the instrument to say."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | np.number):
        raise ParameterError(f"{value!r} is not a number", field=name, remedy="use 0 or more")
    number = float(value)
    if not (math.isfinite(number) and number >= 0):
        raise ParameterError(f"{value!r} is out of range", field=name, remedy="use 0 or more")
    return number


def _positive_ns(value: Any, name: str) -> int:
    made = to_duration_ns(value, name)
    if made <= 0:
        raise ParameterError(f"{value!r} is not positive", field=name, remedy='such as "10m"')
    return made
