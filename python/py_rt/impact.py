"""What our own trading does to prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from py_rt._amounts import Number, decimal, text
from py_rt._layout import Instrument
from py_rt._times import to_duration_ns
from py_rt.errors import ParameterError

__all__ = ["SquareRootImpact"]

_MOST = Decimal(10) ** 15


@dataclass(frozen=True, slots=True)
class SquareRootImpact:
    """The square-root law: taking Q of a daily volume V moves the price by c σ √(Q / V) of it.

    Executions that take liquidity, in books and at the opens of bars, get the mean price over the
    way that they move it, rounded against us to the tick, and never beyond their limit. Earlier
    orders still press: what was taken is forgotten by halves. Turning back gains nothing.

    Parameters
    ----------
    daily_volatility : number, or mapping from symbol to number, 0 to 1
        σ: standard deviation of a day's return.
    daily_volume : number [units], or mapping from symbol to number, above 0
        V: what all traders trade in a day.
    coefficient : number, 0 to 10
        c; near one in most markets.
    half_life : duration or int [ns]
        Until half of what was taken no longer presses. 0: nothing presses on the next order.

    Raises
    ------
    ParameterError
        A value outside its range; when the run begins, an instrument that a mapping leaves out.

    Notes
    -----
    Tóth et al. 2011, "Anomalous price impact and the critical nature of liquidity in financial
    markets", Phys. Rev. X 1, 021006, equation 1. The memory is our own simplification of the decay
    that they discuss: exponential in whole half-lives, straight between two of them.

    Examples
    --------
    >>> import py_rt as rt
    >>> impact = rt.SquareRootImpact(daily_volatility=0.02, daily_volume={"AAPL": 5e7})
    >>> rt.SimVenue(impact=impact).impact.half_life
    '10min'
    """

    daily_volatility: Number | Mapping[str, Number]
    daily_volume: Number | Mapping[str, Number]
    coefficient: Number = 1
    half_life: str | int = "10min"

    def __post_init__(self) -> None:
        for one in _each(self.daily_volatility):
            decimal(one, "daily_volatility", least=0, most=Decimal(1))
        for one in _each(self.daily_volume):
            decimal(one, "daily_volume", above=0, most=_MOST)
        decimal(self.coefficient, "coefficient", least=0, most=Decimal(10))
        self._half_life_ns()

    def _half_life_ns(self) -> int:
        return 0 if self.half_life == 0 else to_duration_ns(self.half_life, "half_life")

    def laws(self, instruments: Sequence[Instrument]) -> list[tuple[float, float, int]]:
        """Return c σ, V in lots and the half-life [ns] of each instrument, for the engine.

        Examples
        --------
        >>> from py_rt.market import Instrument
        >>> SquareRootImpact(0.02, 1000).laws([Instrument("A", lot_size="0.5")])
        [(0.02, 2000.0, 600000000000)]
        """
        found = []
        for instrument in instruments:
            volatility = _of(self.daily_volatility, instrument.symbol, "daily_volatility")
            volume = _of(self.daily_volume, instrument.symbol, "daily_volume")
            lots = float(volume / Decimal(instrument.lot_size))
            strength = float(decimal(self.coefficient, "coefficient", least=0) * volatility)
            found.append((strength, lots, self._half_life_ns()))
        return found

    def __str__(self) -> str:
        made = self.to_dict()
        return (
            f"square root: volatility {made['daily_volatility']}, volume {made['daily_volume']} "
            f"a day, coefficient {made['coefficient']}, half-life {made['half_life']}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, for receipts."""
        made: dict[str, Any] = {"half_life": self.half_life}
        for name in ("daily_volatility", "daily_volume", "coefficient"):
            value = getattr(self, name)
            made[name] = (
                {symbol: text(one, name) for symbol, one in value.items()}
                if isinstance(value, Mapping)
                else text(value, name)
            )
        return made


def _each(value: Number | Mapping[str, Number]) -> list[Number]:
    return list(value.values()) if isinstance(value, Mapping) else [value]


def _of(value: Number | Mapping[str, Number], symbol: str, name: str) -> Decimal:
    if isinstance(value, Mapping):
        if symbol not in value:
            raise ParameterError(
                f"{symbol} is not in it", field=name, remedy="name every symbol of the data"
            )
        value = value[symbol]
    return decimal(value, name, least=0)
