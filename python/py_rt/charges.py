"""What holding a position costs, or earns, beside its price: borrowed shares, funding.

Rates come from a broker or a venue; what they come to is reckoned by the kernel on the position and
the price of that moment, and stands in ``result.charges``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, Self

from py_rt._amounts import Number, decimal, plain, text, whole
from py_rt._times import to_ns
from py_rt.errors import ParameterError

__all__ = ["Borrow", "Funding", "ratio_of"]

_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Borrow:
    """What shares cost that were borrowed to sell them short, and how many there are to borrow.

    Whoever is short when a session day turns pays, for each calendar day until the next session
    day, the annual rate over ``day_count`` of the market value at the last price; three days over a
    weekend.

    Parameters
    ----------
    annual : mapping of symbol to number [1 a year], 0 to 100
        Such as 0.003 for 0.3 % a year.
    default : number [1 a year], 0 to 100
        Of symbols that are not named.
    day_count : {360, 365}
        Days of a year. Brokers in the United States reckon with 360.
    collateral : number, 1 to 2
        What is charged on, over the market value: 1.02 where the lender wants 102 % as collateral.
    locate : mapping of symbol to number [units], 0 or more
        How many can be borrowed. A sale that could make the position shorter than that is refused
        as ``not_shortable``; 0 refuses every short sale. Symbols that are not named have no end.

    Raises
    ------
    ParameterError
        A value outside its range.

    Notes
    -----
    Shares count as lent from the execution on, not from its settlement. Interest on the proceeds of
    the sale is not paid. Source: Interactive Brokers, Reporting Reference, "Borrow Fee Details":
    value x fee rate / 360 a day, where the value is 102 % of the settlement price.

    Examples
    --------
    >>> import py_rt as rt
    >>> borrow = rt.Borrow({"GME": 0.23}, default=0.003, locate={"AMC": 0})
    >>> borrow.rate("GME", days=3)
    Fraction(23, 12000)
    """

    annual: Mapping[str, Number] = field(default_factory=dict)
    default: Number = 0
    day_count: int = 360
    collateral: Number = 1
    locate: Mapping[str, Number] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("annual", "locate"):
            if not isinstance(getattr(self, name), Mapping):
                raise ParameterError(
                    f"{getattr(self, name)!r} is no mapping",
                    field=name,
                    remedy='use numbers by symbol, such as {"GME": 0.23}',
                )
        for symbol, value in {**self.annual, "default": self.default}.items():
            decimal(value, f"annual[{symbol!r}]", least=0, most=Decimal(100))
        for symbol, value in self.locate.items():
            decimal(value, f"locate[{symbol!r}]", least=0)
        if whole(self.day_count, "day_count", least=1, most=366) not in (360, 365):
            raise ParameterError(
                f"no market counts {self.day_count} days", field="day_count", remedy="use 360, 365"
            )
        if decimal(self.collateral, "collateral", least=1, most=Decimal(2)) < 1:
            raise ParameterError("is below 1", field="collateral", remedy="use 1 to 2")

    def rate(self, symbol: str, days: int) -> Fraction:
        """Return the part of the market value that so many calendar days cost."""
        annual = Fraction(decimal(self.annual.get(symbol, self.default), "annual", least=0))
        worth = Fraction(decimal(self.collateral, "collateral", least=1))
        return annual * worth * days / self.day_count

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, numbers as text."""
        return {
            "annual": {str(k): text(v, "annual") for k, v in sorted(self.annual.items())},
            "default": text(self.default, "default"),
            "day_count": self.day_count,
            "collateral": text(self.collateral, "collateral"),
            "locate": {str(k): text(v, "locate") for k, v in sorted(self.locate.items())},
        }


@dataclass(frozen=True, slots=True)
class Funding:
    """Funding of a perpetual: what longs pay to shorts, at times that the venue sets.

    At each time whoever is long pays ``qty * mark_price * rate`` and whoever is short is paid it;
    where the rate is negative, the other way round.

    Parameters
    ----------
    times : sequence of times, ascending
        When it is paid; ISO text, datetimes or int [ns UTC].
    rates : sequence of number, -1 to 1
        Part of the value, such as 0.0001, one for each time.
    mark_prices : sequence of number [price], optional
        The venue's mark price at each time; without them the last price of the data counts.

    Raises
    ------
    ParameterError
        Times that do not rise, or not as many rates as times.

    Notes
    -----
    The position is that of fills which happened by then, also of those that we heard of later.
    Source: Binance, "Introduction to Binance Futures Funding Rates": funding amount = nominal value
    of positions x funding rate, nominal value = mark price x size of the contract.

    Examples
    --------
    >>> import py_rt as rt
    >>> funding = rt.Funding(["2024-08-09T00:00Z", "2024-08-09T08:00Z"], [0.0001, -0.00002])
    >>> funding.to_dict()["rates"]
    ['0.0001', '-0.00002']
    """

    times: Sequence[Any]
    rates: Sequence[Number]
    mark_prices: Sequence[Number] | None = None

    def __post_init__(self) -> None:
        times = tuple(to_ns(at, "times") for at in self.times)
        rates = tuple(_rate(rate) for rate in self.rates)
        marks = self.mark_prices
        if marks is not None:
            marks = tuple(decimal(_plainly(m), "mark_prices", above=0) for m in marks)
        for name, given in (("rates", rates), ("mark_prices", marks)):
            if given is not None and len(given) != len(times):
                raise ParameterError(
                    f"{len(given)} of them for {len(times)} times",
                    field=name,
                    remedy="pass one for each time",
                )
        late = next((i for i in range(1, len(times)) if times[i] <= times[i - 1]), None)
        if late is not None:
            raise ParameterError(
                f"time {late} is not after the one in front of it",
                field="times",
                remedy="sort them, and pass each once",
            )
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "rates", rates)
        object.__setattr__(self, "mark_prices", marks)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, numbers as text and times in ns UTC."""
        marks = self.mark_prices
        return {
            "times": list(self.times),
            "rates": [text(rate, "rates") for rate in self.rates],
            "mark_prices": None if marks is None else [text(m, "mark_prices") for m in marks],
        }

    @classmethod
    def from_dict(cls, written: Mapping[str, Any]) -> Self:
        """Return what `to_dict` wrote down."""
        return cls(written["times"], written["rates"], written["mark_prices"])


def ratio_of(value: Fraction, name: str) -> tuple[int, int]:
    """Return a fraction as the kernel takes it: two whole numbers of 63 bits.

    Examples
    --------
    >>> ratio_of(Fraction("0.0001"), "rates")
    (1, 10000)
    """
    if max(abs(value.numerator), value.denominator) > _LARGEST:
        raise ParameterError(
            f"{float(value)!r} has too many digits", field=name, remedy="round it to 15 digits"
        )
    return value.numerator, value.denominator


def _plainly(value: Any) -> Any:
    """Return numbers of NumPy as those of Python."""
    return value.item() if hasattr(value, "item") else value


def _rate(value: Any) -> Decimal:
    rate = decimal(_plainly(value), "rates", least=-1, most=Decimal(1))
    return Decimal(plain(rate))
