"""Guards: the limits beside sizes and rates, checked, written plainly, and as the kernel has them.

A guard is kept in the form in which a person may write it again: numbers as text, a pace as
``"3/1s"``, what has parts as a dictionary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from py_rt._amounts import Number, decimal, one_of, plain, whole
from py_rt._times import to_duration_ns
from py_rt.errors import ParameterError

__all__ = [
    "GUARDS",
    "GreekLimit",
    "GroupLimit",
    "InstrumentLimit",
    "VarLimit",
    "guard_defaults",
    "guard_symbols",
    "guards_to_core",
    "plain_guard",
    "renamed_guards",
]

_E9 = Decimal(10) ** 9
_PACES = (
    "max_duplicates",
    "max_executions",
    "max_instrument_orders",
    "max_cancels",
    "max_price_move",
)
_MONEY = ("max_net_notional", "max_daily_notional")
GUARDS = (
    *_PACES,
    "market_slippage_bps",
    "self_trade",
    "closed_market",
    *_MONEY,
    "max_concentration",
    "groups",
    "instruments",
    "var",
    "greeks",
)
"""The names of all guards, in the order of `RiskLimits`."""


@dataclass(frozen=True, slots=True)
class InstrumentLimit:
    """Limits of one instrument, beside those of the account.

    Parameters
    ----------
    max_order_qty, max_position_qty, max_daily_qty : number [units], above 0, optional
        Of one order; of the position with its open orders; executed in a day (UTC), open orders
        counted as if executed.
    max_order_notional, max_position_notional : number [money], above 0, optional
    max_short_qty : number [units], 0 or more, optional
        That may be sold short, such as what can be borrowed; open orders counted as if executed.

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> import py_rt.config
    >>> py_rt.config.InstrumentLimit(max_position_qty="2.5").to_dict()
    {'max_position_qty': '2.5'}
    """

    max_order_qty: Number | None = None
    max_order_notional: Number | None = None
    max_position_qty: Number | None = None
    max_position_notional: Number | None = None
    max_daily_qty: Number | None = None
    max_short_qty: Number | None = None

    def __post_init__(self) -> None:
        self.to_dict()

    def to_dict(self) -> dict[str, Any]:
        """Return what is limited, numbers as text."""
        named = [part.name for part in fields(self) if part.name != "max_short_qty"]
        short = self.max_short_qty
        if short is None:
            return _amounts(self, named)
        written = plain(decimal(short, "max_short_qty", least=0))
        return _amounts(self, named) | {"max_short_qty": written}


@dataclass(frozen=True, slots=True)
class GroupLimit:
    """What instruments that move together may be worth together.

    Parameters
    ----------
    symbols : sequence of str
    max_gross_notional : number [money], above 0
        Of their positions with their open orders, without signs.

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> import py_rt.config
    >>> py_rt.config.GroupLimit(["BTC/USD", "ETH/USD"], 5000).to_dict()["max_gross_notional"]
    '5000'
    """

    symbols: Sequence[str]
    max_gross_notional: Number

    def __post_init__(self) -> None:
        given: Any = self.symbols
        texts = not isinstance(given, str) and all(isinstance(one, str) and one for one in given)
        if not texts or not given:
            raise ParameterError(
                f"{given!r} are no symbols", field="symbols", remedy='use a list such as ["SPY"]'
            )
        self.to_dict()

    def to_dict(self) -> dict[str, Any]:
        """Return symbols and limit, numbers as text."""
        most = decimal(self.max_gross_notional, "max_gross_notional", above=0)
        return {"symbols": list(self.symbols), "max_gross_notional": plain(most)}


@dataclass(frozen=True, slots=True)
class VarLimit:
    """Value at risk and expected shortfall by historical simulation over scenarios that are given.

    A scenario is one return for each instrument. What is measured is the loss of the positions with
    the open orders, each scenario at the worse of both ends: all open buys executed, or all open
    sells. Without open orders it equals `rt.quant.value_at_risk` and ``expected_shortfall``.

    Parameters
    ----------
    scenarios : mapping of symbol to returns
        Fractions of price, such as -0.031, for every symbol that is traded; all of one length,
        2 to 10000.
    level : number, above 0 and below 1
        Confidence.
    max_var, max_es : number [money], above 0
        One of them at least.

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> import py_rt.config
    >>> py_rt.config.VarLimit({"SPY": [-0.02, 0.01, 0.03]}, level=0.9, max_var=500).to_dict()
    {'scenarios': {'SPY': ['-0.02', '0.01', '0.03']}, 'level': '0.9', 'max_var': '500'}
    """

    scenarios: Mapping[str, Sequence[Number]]
    level: Number = Decimal("0.99")
    max_var: Number | None = None
    max_es: Number | None = None

    def __post_init__(self) -> None:
        given: Any = self.scenarios
        if not isinstance(given, Mapping) or not given:
            raise ParameterError(
                "there are none", field="scenarios", remedy="pass {symbol: [returns ...]}"
            )
        lengths = {len(row) for row in self.scenarios.values()}
        if len(lengths) != 1 or not 2 <= min(lengths) <= 10_000:
            raise ParameterError(
                f"the returns have lengths {sorted(lengths)}",
                field="scenarios",
                remedy="pass as many for each symbol, 2 to 10000",
            )
        if decimal(self.level, "level", above=0, most=Decimal(1)) == 1:
            raise ParameterError("1 is out of range", field="level", remedy="use less, as 0.99")
        if self.max_var is None and self.max_es is None:
            raise ParameterError(
                "nothing is limited", field="max_var", remedy="give max_var, max_es or both"
            )
        self.to_dict()

    def to_dict(self) -> dict[str, Any]:
        """Return scenarios and limits, numbers as text."""
        rows = {
            str(symbol): [plain(_return(one)) for one in row]
            for symbol, row in self.scenarios.items()
        }
        level = plain(decimal(self.level, "level", above=0, most=Decimal(1)))
        return {"scenarios": rows, "level": level} | _amounts(self, ("max_var", "max_es"))


@dataclass(frozen=True, slots=True)
class GreekLimit:
    """Largest sensitivities of the portfolio, from those of one unit of each instrument.

    Parameters
    ----------
    greeks : mapping of symbol to mapping
        ``delta``, ``gamma``, ``vega`` of one unit; what is left out is 0. They are given, not
        computed, and hold for the whole session.
    max_delta, max_gamma, max_vega : number, above 0
        Of the portfolio, without its sign; one of them at least.

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> import py_rt.config
    >>> limit = py_rt.config.GreekLimit({"SPY_C500": {"delta": "0.55"}}, max_delta=100)
    >>> limit.to_dict()["greeks"]
    {'SPY_C500': {'delta': '0.55'}}
    """

    greeks: Mapping[str, Mapping[str, Number]]
    max_delta: Number | None = None
    max_gamma: Number | None = None
    max_vega: Number | None = None

    def __post_init__(self) -> None:
        if not any(_amounts(self, ("max_delta", "max_gamma", "max_vega"))):
            raise ParameterError(
                "nothing is limited",
                field="max_delta",
                remedy="give max_delta, max_gamma, max_vega",
            )
        self.to_dict()

    def to_dict(self) -> dict[str, Any]:
        """Return sensitivities and limits, numbers as text."""
        rows: dict[str, Any] = {}
        for symbol, given in self.greeks.items():
            for name in given:
                one_of(name, f"greeks[{symbol!r}]", ("delta", "gamma", "vega"))
            rows[str(symbol)] = {
                name: plain(decimal(value, name, least=-(10**9), most=_E9))
                for name, value in given.items()
            }
        return {"greeks": rows} | _amounts(self, ("max_delta", "max_gamma", "max_vega"))


def _amounts(limit: Any, names: Sequence[str] | None = None) -> dict[str, Any]:
    known = names or [part.name for part in fields(limit)]
    written = {name: getattr(limit, name) for name in known}
    return {
        name: plain(decimal(value, name, above=0))
        for name, value in written.items()
        if value is not None
    }


def _return(value: Any) -> Decimal:
    found = decimal(value, "scenarios", least=-100, most=Decimal(100))
    return found.quantize(1 / _E9) if -int(found.as_tuple().exponent) > 9 else found


def _pace(value: Any, name: str) -> tuple[int, int]:
    """Read ``"3/1s"``: how many in how long."""
    most, slash, window = str(value).partition("/") if isinstance(value, str) else ("", "", "")
    if not slash:
        raise ParameterError(
            f"{value!r} is no pace", field=name, remedy='write it like "3/1s": how many, how long'
        )
    return whole(most.strip(), name, least=1, most=1_000_000), to_duration_ns(window.strip(), name)


def _parts(kind: Any, value: Any, name: str) -> Any:
    """Turn a mapping, as TOML has it, into its class and back into plain values."""
    if isinstance(value, kind):
        return value.to_dict()
    known = {part.name for part in fields(kind)}
    if not isinstance(value, Mapping) or not known >= set(value):
        raise ParameterError(
            f"{value!r} is no {kind.__name__}", field=name, remedy=f"use {', '.join(sorted(known))}"
        )
    try:
        return kind(**value).to_dict()
    except TypeError as error:
        raise ParameterError(str(error), field=name, remedy="give every part") from None


def plain_guard(name: str, value: Any) -> Any:
    """Check one guard and return it as it may be written again."""
    if name in _PACES:
        _pace(value, name)
        return str(value).strip()
    if name == "market_slippage_bps":
        return whole(value, name, least=1, most=100_000)
    if name == "self_trade":
        one_of(value, name, ("refuse", "allow"))
        return value
    if name == "closed_market":
        one_of(value, name, ("refuse", "send"))
        return value
    if name in _MONEY:
        return plain(decimal(value, name, above=0))
    if name == "max_concentration":
        return plain(decimal(value, name, above=0, most=Decimal(100)))
    if name == "var":
        return _parts(VarLimit, value, name)
    if name == "greeks":
        return _parts(GreekLimit, value, name)
    kind = GroupLimit if name == "groups" else InstrumentLimit
    if not isinstance(value, Mapping):
        raise ParameterError(f"{value!r} is no mapping", field=name, remedy="map names to limits")
    return {str(key): _parts(kind, one, f"{name}[{key!r}]") for key, one in value.items()}


def guard_defaults(mode: str, limits: Mapping[str, Any], cash: Decimal) -> dict[str, Any]:
    """Return the guards of a mode that were left out; none in a backtest."""
    if mode == "backtest":
        return {}
    live = mode == "live"
    rate = limits["max_orders_per_second"]
    return {
        "max_duplicates": "3/1s" if live else "25/1s",
        "max_executions": "60/1m" if live else "3000/1m",
        "max_instrument_orders": f"{rate}/1s",
        "max_cancels": f"{min(5 * rate, 1_000_000)}/1s",
        "max_price_move": "1000/1m",
        "market_slippage_bps": limits["price_collar_bps"],
        "self_trade": "refuse",
        "closed_market": "refuse",
        "max_net_notional": plain(limits["max_gross_notional"]),
        "max_daily_notional": plain((20 if live else 1000) * cash),
        "max_concentration": plain(limits["max_leverage"]),
    }


def guard_symbols(guards: Mapping[str, Any]) -> set[str]:
    """Return every symbol that a guard names."""
    named = set(guards.get("instruments", {}))
    for group in guards.get("groups", {}).values():
        named |= set(group["symbols"])
    named |= set(guards.get("var", {}).get("scenarios", {}))
    return named | set(guards.get("greeks", {}).get("greeks", {}))


def renamed_guards(guards: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the guards with other names for symbols."""

    def keys(table: Mapping[str, Any]) -> dict[str, Any]:
        return {names.get(key, key): value for key, value in table.items()}

    made = dict(guards)
    if "instruments" in made:
        made["instruments"] = keys(made["instruments"])
    for name, group in made.get("groups", {}).items():
        symbols = [names.get(one, one) for one in group["symbols"]]
        made["groups"] = {**made["groups"], name: {**group, "symbols": symbols}}
    if "var" in made:
        made["var"] = {**made["var"], "scenarios": keys(made["var"]["scenarios"])}
    if "greeks" in made:
        made["greeks"] = {**made["greeks"], "greeks": keys(made["greeks"]["greeks"])}
    return made


def guards_to_core(guards: Mapping[str, Any]) -> dict[str, Any]:
    """Return the guards in the kernel's units; what is unset is None or empty."""
    core: dict[str, Any] = {
        name: _pace(guards[name], name) if name in guards else None for name in _PACES
    }
    core["market_slippage_bps"] = guards.get("market_slippage_bps")
    core["no_self_trade"] = guards.get("self_trade") == "refuse"
    core["phases"] = guards.get("closed_market") == "refuse"
    core |= {name: guards.get(name) for name in _MONEY}
    part = guards.get("max_concentration")
    core["max_concentration_e9"] = None if part is None else int(Decimal(part) * _E9)
    groups = guards.get("groups", {})
    core["groups"] = [{"name": name, **groups[name]} for name in sorted(groups)]
    rows = guards.get("instruments", {})
    blank: dict[str, Any] = {part.name: None for part in fields(InstrumentLimit)}
    core["instruments"] = [{**blank, "symbol": one, **rows[one]} for one in sorted(rows)]
    core["var"] = _var_to_core(guards["var"]) if "var" in guards else None
    core["greeks"] = _greeks_to_core(guards["greeks"]) if "greeks" in guards else None
    return core


def _var_to_core(var: Mapping[str, Any]) -> dict[str, Any]:
    rows = var["scenarios"]
    return {
        "scenarios": [(one, [int(Decimal(r) * _E9) for r in rows[one]]) for one in sorted(rows)],
        "level_e9": int(Decimal(var["level"]) * _E9),
        "max_var": var.get("max_var"),
        "max_es": var.get("max_es"),
    }


def _greeks_to_core(limit: Mapping[str, Any]) -> dict[str, Any]:
    rows = limit["greeks"]
    zero = {"delta": "0", "gamma": "0", "vega": "0"}
    return {
        "greeks": [{**zero, "symbol": one, **rows[one]} for one in sorted(rows)],
        **{name: limit.get(name) for name in ("max_delta", "max_gamma", "max_vega")},
    }
