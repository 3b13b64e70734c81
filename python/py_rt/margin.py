"""Margin of an account: what equity has to cover, interest on what is owed, margin calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_UP, Decimal
from fractions import Fraction
from typing import Any

from py_rt._amounts import Number, decimal, plain, text, whole
from py_rt._limits import RiskLimits
from py_rt._times import to_duration_ns
from py_rt.charges import ratio_of
from py_rt.errors import ParameterError

__all__ = ["Margin"]

_RATES = ("initial", "maintenance", "initial_short", "maintenance_short")
_LEAST, _MOST = Decimal("0.01"), Decimal(10)


@dataclass(frozen=True, slots=True)
class Margin:
    """What equity has to cover of what is held, and what money costs that is owed.

    An order is refused as ``initial_margin`` when equity would not cover the initial requirement of
    all positions with everything that is on its way, each instrument with the worse of its two
    outermost positions. When a price moves and equity is below the maintenance requirement, there
    is a margin call: all working orders are cancelled, and once ``grace`` is over positions are
    closed by market orders that only reduce, the largest requirement first, each by the least
    quantity after which equity covers the rest at the prices of that moment.

    Parameters
    ----------
    initial : number, 0.01 to 10
        Part of the value of a position that equity has to cover before an order leaves. 0.5 allows
        twice the equity.
    maintenance : number, 0 to ``initial``
        Part that it has to cover as long as the position is held.
    initial_short, maintenance_short : number, optional
        The same of short positions; as of long ones where they are left out.
    instruments : mapping of symbol to mapping
        Rates of single instruments, by the names above: ``{"GME": {"initial": 1, "maintenance":
        1}}``. What is left out is as for all.
    interest : number [1 a year], 0 to 100, or mapping of currency to number
        What is paid on money that is owed: what cash is below zero once the value of short
        positions, for which the proceeds of their sale are kept, is taken from it. Booked when a
        session day turns, for each calendar day until the next one.
    day_count : {360, 365}
        Days of a year of ``interest``.
    grace : duration, optional
        From the margin call to the first order that closes something; by default at once.

    Raises
    ------
    ParameterError
        A value outside its range, a maintenance above the initial rate, an unknown name.

    Notes
    -----
    Limits that are left out of ``risk`` allow what the margin allows: `lifted`. Source: Federal
    Reserve Board, Regulation T, 12 CFR 220.12 (initial 50 %, 150 % of a short sale with its
    proceeds); FINRA Rule 4210(c) (maintenance 25 %, 30 % of short positions); Interactive Brokers,
    "Interest and Financing" (debit balances, a year of 360 days, short proceeds kept apart).

    Examples
    --------
    >>> import py_rt as rt
    >>> margin = rt.Margin(0.5, 0.25, maintenance_short=0.30, interest=0.0583)
    >>> margin.rates("ABC")["maintenance_short"]
    Decimal('0.3')
    """

    initial: Number = Decimal("0.5")
    maintenance: Number = Decimal("0.25")
    initial_short: Number | None = None
    maintenance_short: Number | None = None
    instruments: Mapping[str, Mapping[str, Number]] = field(default_factory=dict)
    interest: Number | Mapping[str, Number] = 0
    day_count: int = 360
    grace: str | int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.instruments, Mapping):
            raise ParameterError(
                f"{self.instruments!r} is no mapping",
                field="instruments",
                remedy='use rates by symbol, such as {"GME": {"initial": 1, "maintenance": 1}}',
            )
        for symbol, own in self.instruments.items():
            given: Any = own
            unknown = sorted({*given} - {*_RATES}) if isinstance(given, Mapping) else [given]
            if unknown:
                raise ParameterError(
                    f"{unknown[0]!r} is no rate",
                    field=f"instruments[{symbol!r}]",
                    remedy=f"use a mapping with {', '.join(_RATES)}",
                )
        self._check("", self.rates(None))
        for symbol in self.instruments:
            self._check(f"instruments[{symbol!r}].", self.rates(symbol))
        if whole(self.day_count, "day_count", least=1, most=366) not in (360, 365):
            raise ParameterError(
                f"no market counts {self.day_count} days", field="day_count", remedy="use 360, 365"
            )
        paid = self.interest if isinstance(self.interest, Mapping) else {"": self.interest}
        for currency, annual in paid.items():
            decimal(annual, f"interest[{currency!r}]", least=0, most=Decimal(100))
        self._grace_ns()

    def rates(self, symbol: str | None) -> dict[str, Decimal]:
        """Return the four rates of an instrument by their names."""
        own = self.instruments.get(symbol, {}) if symbol is not None else {}
        made: dict[str, Decimal] = {}
        for name in ("initial", "maintenance"):
            short = f"{name}_short"
            long = own.get(name, getattr(self, name))
            below = own[name] if name in own else getattr(self, short)
            below = own.get(short, below)
            where = "" if symbol is None else f"instruments[{symbol!r}]."
            made[name] = decimal(long, where + name, least=0, most=_MOST)
            below = long if below is None else below
            made[short] = decimal(below, where + short, least=0, most=_MOST)
        return made

    def interest_of(self, currency: str, days: int) -> Fraction:
        """Return the part of what is owed in a currency that so many calendar days cost."""
        given = self.interest
        annual = given.get(currency, 0) if isinstance(given, Mapping) else given
        return Fraction(decimal(annual, "interest", least=0)) * days / self.day_count

    def lifted(self, risk: RiskLimits, cash: Number) -> RiskLimits:
        """Return limits of which those that were left out allow what the margin allows.

        ``max_leverage``, and ``max_order_notional``, ``max_position_notional`` and
        ``max_gross_notional`` over the cash at the start, become one over the lowest initial rate
        where that is more than their default.

        Examples
        --------
        >>> import py_rt as rt
        >>> str(rt.Margin(0.25, 0.25).lifted(rt.RiskLimits(), 1000).max_gross_notional)
        '4000'
        """
        every = [self.rates(symbol) for symbol in (None, *self.instruments)]
        lowest = min(min(r["initial"], r["initial_short"]) for r in every)
        most = (1 / lowest).quantize(Decimal("1e-9"), rounding=ROUND_UP).normalize()
        amount = decimal(cash, "cash", above=0)
        allowed: dict[str, Decimal] = {
            "max_leverage": max(most, Decimal(2)),
            "max_order_notional": max(most, Decimal(1)) * amount,
            "max_position_notional": max(most, Decimal(1)) * amount,
            "max_gross_notional": max(most, Decimal(2)) * amount,
        }
        unset: dict[str, Any] = {k: v for k, v in allowed.items() if getattr(risk, k) is None}
        return replace(risk, **unset)

    def to_core(self, symbols: Iterable[str]) -> tuple[list[Any], int]:
        """Return rates by the place of the instrument and the grace in ns, as the engine takes it.

        Raises
        ------
        ParameterError
            A symbol that the data do not have.
        """
        symbols = list(symbols)
        unknown = next((symbol for symbol in self.instruments if symbol not in symbols), None)
        if unknown is not None:
            raise ParameterError(
                f"the data have no {unknown!r}",
                field="margin.instruments",
                remedy=f"use symbols of the data: {', '.join(symbols[:9])}",
            )
        rows = []
        for symbol in symbols:
            part = {k: ratio_of(Fraction(v), k) for k, v in self.rates(symbol).items()}
            initial = (part["initial"], part["initial_short"])
            rows.append((initial, (part["maintenance"], part["maintenance_short"])))
        return rows, self._grace_ns()

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, numbers as text, the grace in ns or None."""
        made: dict[str, Any] = {
            name: None if getattr(self, name) is None else text(getattr(self, name), name)
            for name in _RATES
        }
        made["instruments"] = {
            str(symbol): {name: text(value, name) for name, value in sorted(own.items())}
            for symbol, own in sorted(self.instruments.items())
        }
        given = self.interest
        made["interest"] = (
            {str(k): text(v, "interest") for k, v in sorted(given.items())}
            if isinstance(given, Mapping)
            else text(given, "interest")
        )
        made["day_count"] = self.day_count
        made["grace"] = self._grace_ns() or None
        return made

    def _grace_ns(self) -> int:
        return 0 if self.grace is None else to_duration_ns(self.grace, "grace")

    def _check(self, where: str, rates: Mapping[str, Decimal]) -> None:
        for side in ("", "_short"):
            initial, maintenance = rates[f"initial{side}"], rates[f"maintenance{side}"]
            if initial < _LEAST:
                raise ParameterError(
                    f"{plain(initial)} allows more than 100 times the equity",
                    field=f"{where}initial{side}",
                    remedy="use 0.01 or more, such as 0.5",
                )
            if maintenance > initial:
                raise ParameterError(
                    f"{plain(maintenance)} is above the initial rate {plain(initial)}: what may "
                    "just be bought would be called at once",
                    field=f"{where}maintenance{side}",
                    remedy=f"use 0 to {plain(initial)}",
                )
