"""The currencies of a run: cash in each, and where their rates of exchange come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from py_rt._amounts import decimal, plain
from py_rt._times import to_ns
from py_rt.backtest.charging import Row
from py_rt.backtest.prices import prices_of
from py_rt.charges import ratio_of
from py_rt.errors import ParameterError
from py_rt.market import Instrument, MarketData

__all__ = ["CurrencyPlan", "currency_plan"]

_MOST_CASH = Decimal(10) ** 15
_DIGITS = 10**15


@dataclass(frozen=True)
class _Rate:
    """Units of the base for one of a currency: read off a market, or told at times."""

    symbol: str | None = None
    inverse: bool = False
    at: tuple[int, ...] = ()
    rates: tuple[Fraction, ...] = ()


@dataclass(frozen=True)
class CurrencyPlan:
    """Which currencies an account has.

    Attributes
    ----------
    base : str
        Code of the currency of equity, limits and statistics.
    cash : dict of str to Decimal
        What there is of each at the start; the base first.
    fx : dict of str to rate
        Of each currency but the base; empty where all money is in one.
    """

    base: str
    cash: dict[str, Decimal]
    fx: dict[str, _Rate] = field(default_factory=dict)

    def start_cash(self, market: MarketData) -> Decimal:
        """Return the cash in the base currency, at the first rate of each that is known."""
        total = self.cash[self.base]
        for code, rate in self.fx.items():
            if self.cash[code]:
                found = _first(rate, market) * Fraction(self.cash[code])
                total += Decimal(found.numerator) / Decimal(found.denominator)
        return round(total, 9) if self.fx else total

    def to_core(self, market: MarketData) -> tuple[Any, list[Row]]:
        """Return the currencies and the rates that are told, in the engine's terms."""
        if not self.fx:
            return None, []
        others: list[tuple[str, str, int | None, bool]] = []
        rows: list[Row] = []
        first = _first_ns(market) - 1
        for place, (code, rate) in enumerate(self.fx.items(), 1):
            where = None if rate.symbol is None else market.symbols.index(rate.symbol)
            others.append((code, plain(self.cash[code]), where, rate.inverse))
            known = int(np.searchsorted(np.array(rate.at, dtype=np.int64), first, side="right"))
            for number in range(max(known - 1, 0), len(rate.at)):
                at = max(rate.at[number], first)
                if at <= (market.end or 0):
                    part = ratio_of(rate.rates[number], f"fx[{code!r}]")
                    rows.append((at, "rate", place, part, None))
        return (self.base, others), rows

    def written(self) -> dict[str, Any]:
        """Return what a receipt holds of it, to be passed to ``rt.backtest`` again."""
        if not self.fx:
            return {"cash": plain(self.cash[self.base])}
        rates = {code: _written(rate) for code, rate in self.fx.items()}
        cash = {code: plain(amount) for code, amount in self.cash.items()}
        return {"cash": cash, "base_currency": self.base, "fx": rates}


def currency_plan(cash: Any, base: str | None, fx: Any, market: MarketData) -> CurrencyPlan:
    """Resolve what was written of currencies.

    Parameters
    ----------
    cash : number, or mapping of currency to number [money], 0 or more
    base : str, optional
        The only currency of the data and of ``cash`` where it is left out.
    fx : mapping of currency to symbol, number, Series or (times, rates), optional
    market : MarketData

    Raises
    ------
    ParameterError
        A currency without a rate, a rate that is none, or no base where there are several.
    """
    amounts = _amounts(cash)
    traded = list(dict.fromkeys(i.currency for i in market.instruments))
    base = _base(base, amounts, traded)
    if amounts is None:
        amounts = {base: decimal(cash, "cash", least=0, most=_MOST_CASH)}
    given = {} if fx is None else fx
    if not isinstance(given, Mapping):
        raise ParameterError(
            f"{type(fx).__name__} names no currencies",
            field="fx",
            remedy='pass rates by currency, such as {"EUR": "EUR/USD"}',
        )
    if base in given:
        raise ParameterError(
            f"{base} is the base: its rate is 1", field="fx", remedy=f"leave {base} out"
        )
    wanted = [code for code in dict.fromkeys([*amounts, *traded, *given]) if code != base]
    missing = next((code for code in wanted if code not in given), None)
    if missing is not None:
        raise ParameterError(
            f"there is no rate for {missing}, and the account is in {base}",
            field="fx",
            remedy=f'name a symbol of the data, such as {{"{missing}": "{missing}/{base}"}}, '
            "a rate, or (times, rates)",
        )
    rates = {code: _rate_of(given[code], code, base, market) for code in wanted}
    zero = Decimal(0)
    held = {base: amounts.get(base, zero), **{code: amounts.get(code, zero) for code in wanted}}
    return CurrencyPlan(base, held, rates)


def _amounts(cash: Any) -> dict[str, Decimal] | None:
    if not isinstance(cash, Mapping):
        return None
    if not cash:
        raise ParameterError("no currency is named", field="cash", remedy='pass {"USD": 1_000_000}')
    return {
        str(code): decimal(value, f"cash[{code!r}]", least=0, most=_MOST_CASH)
        for code, value in cash.items()
    }


def _base(base: str | None, amounts: Mapping[str, Decimal] | None, traded: list[str]) -> str:
    if base is not None:
        return _code(base)
    found = list(dict.fromkeys([*(amounts or {}), *traded]))
    if len(found) == 1:
        return found[0]
    raise ParameterError(
        f"there are several currencies: {', '.join(found)}",
        field="base_currency",
        remedy=f'say which counts, such as base_currency="{found[0]}", and give fx for the others',
    )


def _code(given: Any) -> str:
    if isinstance(given, str) and given:
        return given
    raise ParameterError(
        f"{given!r} is no currency", field="base_currency", remedy='use a code such as "USD"'
    )


def _rate_of(given: Any, code: str, base: str, market: MarketData) -> _Rate:
    name = f"fx[{code!r}]"
    if isinstance(given, Mapping):
        return _reread(given, code, base, market)
    if isinstance(given, str) and given in market.symbols:
        instrument = market.instruments[market.symbols.index(given)]
        return _Rate(given, _is_inverse(instrument, code, base))
    index = getattr(given, "index", None)
    if index is not None and not callable(index):
        return _series(index, given, name)
    if isinstance(given, (tuple, list)) and len(given) == 2:
        return _series(given[0], given[1], name)
    if isinstance(given, str) and not re.fullmatch(r"[0-9.eE+-]+", given):
        raise ParameterError(
            f"the data have no {given!r}",
            field=name,
            remedy=f"use one of {', '.join(market.symbols[:9])}, a rate, or (times, rates)",
        )
    return _Rate(at=(-(2**62),), rates=(_fraction(given, name),))


def _reread(given: Mapping[str, Any], code: str, base: str, market: MarketData) -> _Rate:
    """Return what a receipt wrote down."""
    if given.get("symbol") is not None:
        return _rate_of(given["symbol"], code, base, market)
    return _Rate(at=tuple(given["at"]), rates=tuple(Fraction(text) for text in given["rates"]))


def _written(rate: _Rate) -> dict[str, Any]:
    if rate.symbol is not None:
        return {"symbol": rate.symbol, "inverse": rate.inverse}
    return {"at": list(rate.at), "rates": [str(one) for one in rate.rates]}


def _series(times: Any, values: Any, name: str) -> _Rate:
    at = tuple(to_ns(one, name) for one in times)
    rates = tuple(_fraction(one, name) for one in np.asarray(values, dtype=object).tolist())
    if not at or len(at) != len(rates):
        raise ParameterError(
            f"{len(at)} times, {len(rates)} rates", field=name, remedy="give one rate for each time"
        )
    late = next((i for i in range(1, len(at)) if at[i] <= at[i - 1]), None)
    if late is not None:
        raise ParameterError(
            f"time {late} is not after the one in front of it", field=name, remedy="sort them"
        )
    return _Rate(at=at, rates=rates)


def _fraction(value: Any, name: str) -> Fraction:
    """Return a rate exactly; a float counts to 15 significant digits."""
    plainly = value.item() if hasattr(value, "item") else value
    if isinstance(plainly, float):
        plainly = format(plainly, ".15g")
    rate = Fraction(decimal(plainly, name, above=0, most=Decimal(10) ** 9))
    return rate.limit_denominator(_DIGITS)


def _is_inverse(instrument: Instrument, code: str, base: str) -> bool:
    """Whether a price is units of the currency for one of the base, by currency and by name."""
    symbol, quoted = instrument.symbol, instrument.currency
    letters = re.sub(r"[^A-Za-z]", "", symbol).upper()
    by_name = {code + base: base, base + code: code}.get(letters, quoted)
    named = letters in (code + base, base + code)
    if not named and instrument.asset_class in ("equity", "future"):
        raise ParameterError(
            f"{symbol} is no rate of exchange: its asset_class is {instrument.asset_class}",
            field=f"fx[{code!r}]",
            remedy='name another symbol, or set its asset_class to "fx"',
        )
    if quoted not in (code, base) or by_name != quoted:
        said = "" if by_name == quoted else f", and its name says {by_name}"
        raise ParameterError(
            f"prices of {symbol} are in {quoted}{said}: no rate of {code} in {base}",
            field=f"fx[{code!r}]",
            remedy=f"set the currency of {symbol} to {base} where it is the price of one {code}, "
            f"to {code} where it is that of one {base}",
        )
    return quoted == code


def _first(rate: _Rate, market: MarketData) -> Fraction:
    if rate.symbol is None:
        return rate.rates[0]
    _, prices = prices_of(market, market.instruments[market.symbols.index(rate.symbol)])
    price = Fraction(float(prices[0])) if len(prices) else Fraction(1)
    return 1 / price if rate.inverse else price


def _first_ns(market: MarketData) -> int:
    """Return when the first thing of the data happens, ns UTC."""
    bars, events = market.bars(), market.events()
    firsts = [int(r[c][0]) for r, c in ((bars, "ts_open"), (events, "ts_event")) if len(r)]
    return min(firsts, default=0)
