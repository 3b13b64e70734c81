"""A passive quote on each side of the middle, skewed by what is held."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from py_rt.errors import ParameterError
from py_rt.strategies._selection import lots, selected
from py_rt.strategy import Context, Strategy

__all__ = ["MarketMaker"]

_WORKING = ("New", "PartiallyFilled")


@dataclass(frozen=True, slots=True)
class _Desk:
    """Sizes of one instrument in lots, its steps, and what makes an order too small."""

    order_qty: int
    position_max: int
    position_min: int
    order_qty_min: int
    notional_min: float
    tick: float
    lot: float
    multiplier: float
    coarse: bool

    def size(self, price: int, room: int) -> int:
        """Return how much one side may quote at a price, 0 for nothing [lots]."""
        qty = min(self.order_qty, room)
        notional = price * self.tick * (qty * self.lot) * self.multiplier
        return qty if qty >= self.order_qty_min and notional >= self.notional_min else 0


class MarketMaker(Strategy):
    """A passive quote on each side of the middle, skewed by what is held.

    Half of the quoted spread is ``half_spread_ticks``, or half of the market's own spread when that
    is wider. A quote is replaced only when its tick moves; a side whose order is on its way is left
    alone; what would pass ``max_position``, or sell what is not held where selling short is not
    possible, is not quoted. While the book cannot be believed, or nothing new may be sent, quotes
    are withdrawn.

    Parameters
    ----------
    symbol : str
        The symbol to quote; "" for every one of the run.
    order_qty : float
        Quantity of a quote [units].
    half_spread_ticks : float
        From the middle to a quote [ticks], 0.5 or more.
    skew_ticks : float
        Shift of both quotes, against the position, when that is ``max_position`` [ticks].
    max_position : float
        Largest position either way [units].

    Raises
    ------
    ParameterError
        When the run begins: a parameter outside its range, a quantity that does not lie on the lot,
        or a symbol that the run does not have.

    Examples
    --------
    >>> from py_rt.strategies import MarketMaker
    >>> MarketMaker(order_qty=0.05).params["max_position"]
    0.1
    """

    symbol: str = ""
    order_qty: float = 0.01
    half_spread_ticks: float = 50.0
    skew_ticks: float = 300.0
    max_position: float = 0.1

    def on_start(self, ctx: Context) -> None:
        """Turn quantities into lots."""
        for name, least in (("half_spread_ticks", 0.5), ("skew_ticks", 0.0)):
            if not least <= getattr(self, name) < math.inf:
                raise ParameterError(
                    f"{name} is {getattr(self, name)}",
                    field=name,
                    remedy=f"pass a number, {least} or more",
                )
        self._desks = {symbol: self._desk(ctx, symbol) for symbol in selected(ctx, self.symbol)}

    def on_book(self, ctx: Context, event: Any) -> None:
        """Bring both sides to where they belong."""
        symbol = event.symbol
        desk = self._desks.get(symbol)
        if desk is None:
            return
        book = ctx.book(symbol)
        bid, ask = book.best_bid, book.best_ask
        if not (ctx.tradable and book.valid and bid < ask):
            self._withdraw(ctx, symbol)
            return
        held = round(ctx.position(symbol).qty / desk.lot)
        bid_price, ask_price = self._prices(
            desk, round(bid / desk.tick), round(ask / desk.tick), held
        )
        if desk.coarse:
            down = ctx.round_price(symbol, bid_price * desk.tick, "down")
            up = ctx.round_price(symbol, ask_price * desk.tick, "up")
            bid_price, ask_price = round(down / desk.tick), round(up / desk.tick)
        bid_qty = desk.size(bid_price, desk.position_max - held)
        ask_qty = desk.size(ask_price, held - desk.position_min)
        orders = ctx.orders(symbol)
        self._keep(ctx, symbol, [o for o in orders if o.side == "buy"], "buy", bid_price, bid_qty)
        self._keep(ctx, symbol, [o for o in orders if o.side == "sell"], "sell", ask_price, ask_qty)

    def _desk(self, ctx: Context, symbol: str) -> _Desk:
        instrument = ctx.instrument(symbol)
        lot = instrument.lot_size
        position_max = lots("max_position", self.max_position, lot)
        return _Desk(
            order_qty=lots("order_qty", self.order_qty, lot),
            position_max=position_max,
            position_min=-position_max if instrument.shortable else 0,
            order_qty_min=max(1, math.ceil(instrument.min_qty / lot - 1e-6)),
            notional_min=instrument.min_notional,
            tick=instrument.tick_size,
            lot=lot,
            multiplier=instrument.multiplier,
            coarse=instrument.order_tick_size != instrument.tick_size,
        )

    def _prices(self, desk: _Desk, bid: int, ask: int, held: int) -> tuple[int, int]:
        """Return where the two quotes belong [ticks]."""
        mid = (bid + ask) * 0.5
        half = max(self.half_spread_ticks, (ask - bid) * 0.5)
        share = min(max(held / desk.position_max, -1.0), 1.0)
        middle = mid - self.skew_ticks * share
        return min(math.floor(middle - half), ask - 1), max(math.ceil(middle + half), bid + 1)

    def _withdraw(self, ctx: Context, symbol: str) -> None:
        for order in ctx.orders(symbol):
            if order.status in _WORKING:
                ctx.cancel(order.client_order_id)

    def _keep(
        self, ctx: Context, symbol: str, orders: list[Any], side: str, price: int, qty: int
    ) -> None:
        """Bring one side to what is wanted: the oldest order is the quote, others are cancelled."""
        desk = self._desks[symbol]
        for extra in orders[1:]:
            if extra.status in _WORKING:
                ctx.cancel(extra.client_order_id)
        if not orders:
            if qty > 0:
                send = ctx.buy if side == "buy" else ctx.sell
                send(symbol, qty * desk.lot, limit_price=price * desk.tick)
            return
        order = orders[0]
        if order.status not in _WORKING:
            return
        if qty == 0:
            ctx.cancel(order.client_order_id)
        elif order.limit_price is None or round(order.limit_price / desk.tick) != price:
            total = round(order.cum_qty / desk.lot) + qty
            ctx.replace(order.client_order_id, qty=total * desk.lot, limit_price=price * desk.tick)
