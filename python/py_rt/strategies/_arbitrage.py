"""What arbitrages share: legs that are sent together, and what is done when one of them fails."""

from __future__ import annotations

from typing import Any

from py_rt.errors import ParameterError
from py_rt.execution import SmartRoute
from py_rt.strategy import Context, Strategy

__all__ = ["LegStrategy", "floor_lots"]

_OVER = frozenset({"Filled", "Canceled", "Rejected", "Expired"})


class LegStrategy(Strategy):
    """Sends legs immediate-or-cancel, waits until all have ended, and unwinds what is left open.

    Nothing new is begun while a leg, or an unwinding, has not ended; a leg whose fate is unknown
    has not. What the legs left open of a product, at least its smallest order, is routed to all of
    its venues before anything else.

    Attributes
    ----------
    held : dict of str to float
        What all executions so far came to, in units of each asset; money without fees.
    begun, unwound : int
        Sets of legs that were sent, and unwindings.
    """

    def on_start(self, ctx: Context) -> None:
        """Check the parameters and begin with nothing."""
        self.held: dict[str, float] = {}
        self.begun = self.unwound = 0
        self._open: set[str] = set()
        self._assets: dict[str, tuple[str, str]] = {}
        self.check(ctx)

    def check(self, ctx: Context) -> None:
        """Refuse parameters outside their ranges."""

    def trades(self, symbol: str, bought: str, paid: str) -> None:
        """Say which assets an instrument exchanges."""
        self._assets[symbol] = (bought, paid)

    def leg(self, ctx: Context, symbol: str, side: str, qty: float, price: float) -> None:
        """Send one leg."""
        send = ctx.buy if side == "buy" else ctx.sell
        self._open.add(send(symbol, qty, limit_price=price, tif="IOC", tag="leg"))

    def unwind(self, ctx: Context, asset: str, product: str, symbol: str) -> bool:
        """Route what is open of an asset back into money; False when there is too little."""
        instrument = ctx.instrument(symbol)
        open_qty = self.held.get(asset, 0.0)
        qty = floor_lots(abs(open_qty), instrument.lot_size)
        if qty < max(instrument.lot_size, instrument.min_qty) * (1 - 1e-9):
            return False
        side: Any = "sell" if open_qty > 0 else "buy"
        way = SmartRoute(duration="5s", interval="10ms")
        self._open.add(ctx.execute(product, side, qty, way, tag="unwind"))
        self.unwound += 1
        return True

    @property
    def waits(self) -> bool:
        """Whether a leg or an unwinding has not ended."""
        return bool(self._open)

    def on_fill(self, ctx: Context, fill: Any) -> None:
        """Count what was exchanged."""
        bought, paid = self._assets[fill.symbol]
        sign = 1.0 if fill.side == "buy" else -1.0
        worth = fill.last_qty * fill.last_price * ctx.instrument(fill.symbol).multiplier
        self.held[bought] = self.held.get(bought, 0.0) + sign * fill.last_qty
        self.held[paid] = self.held.get(paid, 0.0) - sign * worth

    def on_order(self, ctx: Context, order: Any) -> None:
        """Forget a leg that has ended."""
        del ctx
        if order.status in _OVER:
            self._open.discard(order.client_order_id)

    def on_parent(self, ctx: Context, parent: Any) -> None:
        """Forget an unwinding that has ended."""
        del ctx
        if parent.status in _OVER:
            self._open.discard(parent.client_order_id)

    def _positive(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            if not value > 0:
                raise ParameterError(f"{value} is not positive", field=name, remedy="raise it")


def floor_lots(qty: float, lot: float) -> float:
    """Return the largest whole number of lots that is not above a quantity.

    Examples
    --------
    >>> floor_lots(0.37, 0.25), floor_lots(0.75, 0.25)
    (0.25, 0.75)
    """
    return int(qty / lot + 1e-9) * lot
