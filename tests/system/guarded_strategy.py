"""A strategy that holds each symbol and leaves a stop for all of it at the venue."""

from __future__ import annotations

from typing import Any

import py_rt as rt


class Guarded(rt.Strategy):
    """Buy what is not held, and hand the stop over for what is, anew every second or so."""

    limits: int = 2
    """Every so many symbols the stop has a limit."""
    away: float = 0.001
    """How far below the market it is."""

    def on_start(self, ctx: Any) -> None:
        """Begin to look."""
        self.turn = 0
        ctx.set_timer("look", every="300ms")

    def on_timer(self, ctx: Any, event: Any) -> None:
        """Do what is missing."""
        self.turn += 1
        for symbol in ctx.symbols:
            book, held = ctx.book(symbol), ctx.position(symbol).qty
            if self.turn % 5 == 0:
                ctx.cancel_all(symbol)
            if not ctx.tradable or not book.valid or ctx.orders(symbol):
                continue
            if held > 0:
                self.guard(ctx, symbol, book.mid)
            else:
                coin = "/" in symbol or "-" in symbol or symbol.endswith("USDT")
                ctx.buy(symbol, 0.01 if coin else 3)

    def guard(self, ctx: Any, symbol: str, mid: float) -> None:
        """Leave a stop at the venue, with a limit far below it or without."""
        stop, limit = (ctx.round_price(symbol, mid * share) for share in (1 - self.away, 0.9))
        with_limit = ctx.symbols.index(symbol) % self.limits == 0
        ctx.sell(
            symbol,
            ctx.position(symbol).qty,
            stop_price=stop,
            limit_price=limit if with_limit else None,
            trigger="venue",
        )
