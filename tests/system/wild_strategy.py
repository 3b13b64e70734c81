"""A strategy without sense: every kind of order, replaces and cancels, on all symbols in turn."""

from __future__ import annotations

from typing import Any

import py_rt as rt


class Wild(rt.Strategy):
    """Do the next thing of a fixed round, every 30 ms by default."""

    every: str = "30ms"

    def on_start(self, ctx: Any) -> None:
        """Begin the round."""
        self.turn = 0
        ctx.set_timer("turn", every=self.every)

    def on_timer(self, ctx: Any, event: Any) -> None:
        """Do the next thing."""
        self.turn += 1
        symbol = ctx.symbols[self.turn % len(ctx.symbols)]
        book = ctx.book(symbol)
        if not ctx.tradable or not book.valid:
            return
        coin = "/" in symbol or "-" in symbol or symbol.endswith("USDT")
        quantity = 0.01 if coin else 3
        held = ctx.position(symbol).qty
        bid, ask = (ctx.round_price(symbol, price) for price in (book.best_bid, book.best_ask))
        mine = ctx.orders(symbol)
        match self.turn // len(ctx.symbols) % 8:
            case 0:
                ctx.buy(symbol, quantity)
            case 1 | 2:
                ctx.buy(symbol, quantity, limit_price=bid)
            case 3 if held >= quantity:
                ctx.sell(symbol, quantity)
            case 4 if held >= quantity:
                ctx.sell(symbol, quantity, limit_price=ask)
            case 5 | 6 if mine:
                ctx.replace(mine[-1].client_order_id, limit_price=bid)
            case 7:
                for order in mine[:-3]:
                    ctx.cancel(order.client_order_id)
