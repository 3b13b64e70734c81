"""What a run may do at most: `RiskLimits` as written, `ResolvedLimits` with all explicit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from py_rt._amounts import LARGEST, Number, decimal, one_of, plain, text, whole
from py_rt._guards import (
    GUARDS,
    GreekLimit,
    GroupLimit,
    InstrumentLimit,
    VarLimit,
    guard_defaults,
    guard_symbols,
    guards_to_core,
    plain_guard,
    renamed_guards,
)
from py_rt._times import to_duration_ns

__all__ = ["Mode", "ResolvedLimits", "RiskLimits"]

Mode: TypeAlias = Literal["backtest", "paper", "live"]

_AGE_UNLIMITED_NS = 2**63 - 1
_E9 = Decimal(10) ** 9


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
    max_duplicates         -                          25/1s                  3/1s
    max_executions         -                          3000/1m                60/1m
    max_instrument_orders  -                          as orders a second     as orders a second
    max_cancels            -                          5 x orders a second    5 x orders a second
    max_price_move         -                          1000/1m                1000/1m
    market_slippage_bps    -                          price_collar_bps       price_collar_bps
    self_trade             -                          refuse                 refuse
    closed_market          -                          refuse                 refuse
    max_net_notional       -                          max_gross_notional     max_gross_notional
    max_daily_notional     -                          1000 x cash            20 x cash
    max_concentration      -                          max_leverage           max_leverage
    =====================  =========================  =====================  ====================

    ``groups instruments var greeks`` are what is known of the instruments, and have no default.

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
    max_duplicates : str such as "3/1s"
        Orders of one instrument, side, quantity and price in a window.
    max_executions : str such as "60/1m"
        Orders of one instrument that were executed in a window; one more, and only reductions pass
        until a named person resumes.
    max_instrument_orders, max_cancels : str such as "10/1s"
        New orders and replaces of one instrument in a window; cancels, beyond which new orders
        wait and cancels pass.
    max_price_move : str such as "1000/1m"
        Farthest (bps) a price may lie from every reference at which orders left in the window.
    market_slippage_bps : int [bps], 1 to 100000
        How far from the reference a market order may reach into the visible book.
    self_trade : {"refuse", "allow"}
        What becomes of an order that could meet one of our own.
    closed_market : {"refuse", "send"}
        What becomes of an order while the venue's session is closed, halted or an auction.
    max_net_notional, max_daily_notional : number [money], above 0
        Sum of signed values, either way; value executed in a day (UTC), with what is open.
    max_concentration : number, above 0 and at most 100
        One instrument's exposure over equity.
    groups : mapping of name to `GroupLimit`
    instruments : mapping of symbol to `InstrumentLimit`
    var : `VarLimit`
    greeks : `GreekLimit`

    Raises
    ------
    ParameterError
        A value outside its range.

    Notes
    -----
    Cancels and reductions pass whatever the limits say. What each is for: ``docs/risk.md``.

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
    max_duplicates: str | None = None
    max_executions: str | None = None
    max_instrument_orders: str | None = None
    max_cancels: str | None = None
    max_price_move: str | None = None
    market_slippage_bps: int | None = None
    self_trade: Literal["refuse", "allow"] | None = None
    closed_market: Literal["refuse", "send"] | None = None
    max_net_notional: Number | None = None
    max_daily_notional: Number | None = None
    max_concentration: Number | None = None
    groups: Mapping[str, GroupLimit | Mapping[str, Any]] | None = None
    instruments: Mapping[str, InstrumentLimit | Mapping[str, Any]] | None = None
    var: VarLimit | Mapping[str, Any] | None = None
    greeks: GreekLimit | Mapping[str, Any] | None = None

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
            if value is not None and part.name not in GUARDS:
                resolved[part.name] = _limit(part.name, value)
        given = {name: getattr(self, name) for name in GUARDS}
        written = {name: plain_guard(name, v) for name, v in given.items() if v is not None}
        resolved["guards"] = guard_defaults(mode, resolved, amount) | written
        resolved["reference_age_ns_max"] = resolved.pop("reference_max_age")
        return ResolvedLimits(**resolved)

    def to_dict(self) -> dict[str, Any]:
        """Return what was written, without what was left out; numbers as text."""
        written = {part.name: getattr(self, part.name) for part in fields(self)}
        return {name: _written(name, value) for name, value in written.items() if value is not None}


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
    guards: dict[str, Any] = field(default_factory=dict)
    """What is set beyond these, as it may be written in `RiskLimits`."""

    def symbols(self) -> set[str]:
        """Return every symbol for which something is limited."""
        return guard_symbols(self.guards)

    def renamed(self, names: Mapping[str, str]) -> ResolvedLimits:
        """Return the same limits where instruments have other symbols."""
        return replace(self, guards=renamed_guards(self.guards, names))

    def to_core(self) -> dict[str, Any]:
        """Return the limits in the kernel's units: money as text, fractions in parts of 1e-9."""
        core: dict[str, Any] = {k: v for k, v in self.to_dict().items() if k not in GUARDS}
        core["guards"] = guards_to_core(self.guards)
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
        values |= values.pop("guards")
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
    if name in GUARDS:
        return plain_guard(name, value)
    if name in _WHOLE:
        return whole(value, name, least=1, most=_WHOLE[name])
    if name == "reference_max_age":
        return to_duration_ns(value, name)
    return decimal(value, name, above=0, most=Decimal(_FRACTIONS.get(name, LARGEST)))


def _written(name: str, value: Any) -> Any:
    if name in GUARDS:
        return plain_guard(name, value)
    return value if name in _WHOLE or name == "reference_max_age" else text(value, name)


def _share(fraction: Number, cash: Decimal) -> Decimal:
    """Return a fraction of the cash, without more decimals than the kernel holds."""
    amount = Decimal(str(fraction)) * cash
    return amount if -int(amount.as_tuple().exponent) <= 18 else amount.quantize(1 / _E9)
