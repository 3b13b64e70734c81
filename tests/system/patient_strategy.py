"""A strategy that works one parent order for each symbol, and holds a stop far away."""

from __future__ import annotations

from typing import Any

import py_rt as rt


class Patient(rt.Strategy):
    """Hand over one TWAP a symbol, as soon as its book is valid."""

    def on_start(self, ctx: Any) -> None:
        """Look for valid books."""
        self.asked: set[str] = set()
        ctx.set_timer("look", every="50ms")

    def on_timer(self, ctx: Any, event: Any) -> None:
        """Hand over what is missing."""
        for symbol in ctx.symbols:
            book = ctx.book(symbol)
            if symbol in self.asked or not ctx.tradable or not book.valid:
                continue
            self.asked.add(symbol)
            qty = 0.36 if "/" in symbol else 48
            algorithm = rt.TWAP(duration="9s", slices=24, style="passive", at_end="complete")
            ctx.execute(symbol, "buy", qty, algorithm)
            stop = ctx.round_price(symbol, book.mid * 2)
            ctx.buy(symbol, qty, stop_price=stop, trigger="touch")
