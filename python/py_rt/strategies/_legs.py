"""What several bets hold together in each symbol, in whole lots, and the orders towards it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from py_rt.strategy import Context

__all__ = ["Legs"]


class Legs:
    """Bets by name, each some units of some symbols; orders are about their sum.

    Orders are asked for again with every row until the position is there: what a venue did not fill
    or let expire is worked again, and a bet that was closed leaves nothing behind.
    """

    def __init__(self, instruments: Mapping[str, Any]) -> None:
        self._instruments = dict(instruments)
        self._bets: dict[str, dict[str, float]] = {}
        self._sum: dict[str, float] | None = {}
        self._working: dict[str, int] = {}

    def names(self) -> list[str]:
        """Return the open bets."""
        return list(self._bets)

    def symbols(self, name: str) -> list[str]:
        """Return the symbols of a bet."""
        return list(self._bets[name])

    def open(self, name: str, units: Mapping[str, float]) -> None:
        """Hold this many units of these symbols, in place of what the bet held before."""
        self._bets[name] = dict(units)
        self._sum = None

    def drop(self, name: str) -> None:
        """Hold nothing for a bet any more."""
        self._bets.pop(name, None)
        self._sum = None

    def has(self, name: str) -> bool:
        """Say whether a bet is open."""
        return name in self._bets

    def sized(
        self, weights: Mapping[str, float], prices: Mapping[str, float], gross: float
    ) -> tuple[dict[str, float], str]:
        """Return units in whole lots in proportion to the weights, and why there are none.

        The coarsest leg is rounded first and the others follow what it became, so that each leg is
        within half a lot of its share.
        """
        lot = {s: float(self._instruments[s].lot_size) for s in weights}
        worth = {s: prices[s] * float(self._instruments[s].multiplier) for s in weights}
        total = math.fsum(abs(w) * worth[s] for s, w in weights.items())
        if not 0.0 < total < math.inf:
            return {}, "its weights are worth nothing"
        for symbol, weight in weights.items():
            if weight < 0.0 and not self._instruments[symbol].shortable:
                return {}, f"{symbol} cannot be sold short"
        coarse = max(weights, key=lambda s: (lot[s] / abs(weights[s]) if weights[s] else 0.0, s))
        scale = gross / total
        steps = round(abs(weights[coarse]) * scale / lot[coarse])
        scale = steps * lot[coarse] / abs(weights[coarse])
        units = {s: round(w * scale / lot[s]) * lot[s] for s, w in weights.items()}
        for symbol, qty in units.items():
            instrument = self._instruments[symbol]
            small = abs(qty) < max(lot[symbol], float(instrument.min_qty)) * (1 - 1e-9)
            if small or abs(qty) * worth[symbol] < float(instrument.min_notional):
                return {}, f"{gross:g} is too little for a lot of {symbol}"
        return units, ""

    def work(self, ctx: Context) -> None:
        """Ask for what is missing in every symbol that a bet holds, or held."""
        wanted = dict.fromkeys(self._working, 0.0) | self._total()
        for symbol, qty in wanted.items():
            instrument = self._instruments[symbol]
            lots = round(qty / instrument.lot_size)
            if lots < 0 and not instrument.shortable:
                lots = 0
            if lots or symbol in self._working:
                ctx.target(symbol, lots * instrument.lot_size)
                self._working[symbol] = lots
            if not lots and not ctx.position(symbol).qty and not ctx.orders(symbol):
                self._working.pop(symbol, None)

    def _total(self) -> dict[str, float]:
        """Return the units of all bets together; added up again only after a change."""
        if self._sum is None:
            self._sum = {}
            for units in self._bets.values():
                for symbol, qty in units.items():
                    self._sum[symbol] = self._sum.get(symbol, 0.0) + qty
        return self._sum
