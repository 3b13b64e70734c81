"""A strategy that rests one order, buys once and then, while HANG is set, never returns."""

from __future__ import annotations

import os
from typing import Any

import py_rt as rt


class Hanging(rt.Strategy):
    """Hang in Python code, or in one native call that nothing can interrupt."""

    def on_start(self, ctx: Any) -> None:
        """Begin."""
        ctx.set_timer("turn", every="50ms")

    def on_timer(self, ctx: Any, event: Any) -> None:
        """Rest an order well below the market, then hang once it works."""
        del event
        symbol = ctx.symbols[0]
        mine = ctx.orders(symbol)
        if not mine and ctx.tradable and ctx.book(symbol).valid:
            price = ctx.round_price(symbol, ctx.book(symbol).best_bid * 0.97, "down")
            ctx.buy(symbol, 1, limit_price=price)
            ctx.buy(symbol, 1)
        elif [order.status for order in mine] == ["New"]:
            if os.environ.get("HANG") == "native":
                sum(range(10**15))
            while os.environ.get("HANG") == "python":
                pass
