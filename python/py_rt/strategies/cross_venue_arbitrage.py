"""Cross-venue arbitrage: buy where a product is cheap after fees, sell where it is dear."""

from __future__ import annotations

from typing import Any

from py_rt.errors import ParameterError
from py_rt.strategies._arbitrage import LegStrategy, floor_lots
from py_rt.strategy import Context

__all__ = ["CrossVenueArbitrage"]


class CrossVenueArbitrage(LegStrategy):
    """Buy a product where it is cheap after fees and sell as much where it is dear, at once.

    When the best bid of one venue, less its fee, is above the best ask of another with its fee by
    more than ``edge_bps``, both legs are sent together, immediate or cancel, at the prices seen. If
    one is filled less than the other, the difference is routed to all venues at once: a little is
    lost rather than a position kept.

    Parameters
    ----------
    product : str
        Such as ``"BTC/USD"``; "" for the first that two venues of the run list.
    qty : float
        Most of a leg [units].
    edge_bps : float
        Least gain after fees [bps of the price].
    max_position : float
        Most that may be held, long or short, at one venue [units].
    max_age : str
        A book whose last message is older does not count.

    Raises
    ------
    ParameterError
        When the run begins: a parameter outside its range, or no such product.

    Notes
    -----
    What was bought at one venue and sold at another stays there until prices cross the other way;
    nothing is transferred. Where an instrument cannot be sold short, only what is held at its venue
    is sold. Legs race others: latency decides, and `docs/strategies.md` says how it is modelled.

    Examples
    --------
    >>> from py_rt.strategies import CrossVenueArbitrage
    >>> CrossVenueArbitrage(product="BTC/USD", edge_bps=2).params["qty"]
    0.01
    """

    product: str = ""
    qty: float = 0.01
    edge_bps: float = 1.0
    max_position: float = 1.0
    max_age: str = "1s"

    def check(self, ctx: Context) -> None:
        """Refuse parameters outside their ranges; find the venues of the product."""
        self._positive("qty", "max_position")
        if not self.edge_bps >= 0:
            raise ParameterError(f"{self.edge_bps} is negative", field="edge_bps", remedy="use 0")
        listed: dict[str, list[str]] = {}
        for symbol in ctx.symbols:
            listed.setdefault(symbol.rpartition("@")[0], []).append(symbol)
        pairs = (p for p, at in listed.items() if p and len(at) > 1)
        self._product = self.product or next(pairs, "")
        self._symbols = {s for s in ctx.symbols if _same(s, self._product)}
        if len(self._symbols) < 2:
            raise ParameterError(
                f"{self._product!r} is not listed at two venues",
                field="product",
                remedy=f"the run has {', '.join(ctx.symbols)}",
            )
        lots = {symbol: ctx.instrument(symbol).lot_size for symbol in self._symbols}
        self._finest = min(lots, key=lambda symbol: (lots[symbol], symbol))
        self._lot = max(lots.values())
        for symbol in self._symbols:
            self.trades(symbol, "units", "money")

    def on_book(self, ctx: Context, event: Any) -> None:
        """Unwind what a leg left open; else look for a gain."""
        if event.symbol not in self._symbols or self.waits or not ctx.tradable:
            return
        if self.unwind(ctx, "units", self._product, self._finest):
            return
        book = ctx.consolidated(self._product, self.max_age)
        asks, bids = book.levels("sell", 1), book.levels("buy", 1)
        if not asks or not bids or asks[0][2] == bids[0][2]:
            return
        (buy, offered, cheap, ask), (sell, wanted, dear, bid) = asks[0], bids[0]
        if sell - buy <= buy * self.edge_bps * 1e-4:
            return
        room = self._room(ctx, cheap, 1.0), self._room(ctx, dear, -1.0)
        qty = floor_lots(min(self.qty, offered, wanted, *room), self._lot)
        if qty < max(self._least(ctx, cheap, ask), self._least(ctx, dear, bid)) * (1 - 1e-9):
            return
        self.begun += 1
        self.leg(ctx, cheap, "buy", qty, ask)
        self.leg(ctx, dear, "sell", qty, bid)

    def _room(self, ctx: Context, symbol: str, sign: float) -> float:
        """Return how much may still be bought or sold at a venue."""
        held = ctx.position(symbol).qty
        if sign < 0 and not ctx.instrument(symbol).shortable:
            return max(held, 0.0)
        return max(self.max_position - sign * held, 0.0)

    def _least(self, ctx: Context, symbol: str, price: float) -> float:
        instrument = ctx.instrument(symbol)
        worth = price * instrument.multiplier
        return max(self._lot, instrument.min_qty, instrument.min_notional / worth)


def _same(symbol: str, product: str) -> bool:
    """Say whether a symbol, its venue left out, is spelled like a product but for separators."""
    mine, other = (
        "".join(c for c in text.upper() if c.isalnum())
        for text in (symbol.rpartition("@")[0] or symbol, product)
    )
    return mine == other != ""
