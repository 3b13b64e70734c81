"""Work a large order with four algorithms, and compare what each one cost.

Run it with ``python examples/execution.py``; it needs nothing but the bundled samples.
"""

from __future__ import annotations

from typing import Any

import py_rt as rt

QTY = 2.0
WAYS: dict[str, rt.execution.Algorithm] = {
    "at once": rt.TWAP(duration="5m", slices=1),
    "twap": rt.TWAP(duration="5m", slices=30),
    "passive": rt.TWAP(duration="5m", slices=30, style="passive", at_end="complete"),
    "pov": rt.POV(duration="5m", participation=0.2, min_child_qty=0.01, at_end="complete"),
}


class Buys(rt.Strategy):
    """Buys once, the given way, as soon as there is a book."""

    way: str = "twap"

    def on_book(self, ctx: Any, event: Any) -> None:
        """Hand the parent order over."""
        if not hasattr(self, "parent_id") and ctx.book(event.symbol).valid:
            self.parent_id = ctx.execute(event.symbol, "buy", QTY, WAYS[self.way])


def main() -> None:
    """Print one line a way."""
    data = rt.data.sample("btcusdt_l2")
    limits = rt.RiskLimits(max_order_notional=1e9, max_position_notional=1e9)
    for way in WAYS:
        result = rt.backtest(Buys(way=way), data, cash=1e9, risk=limits, progress=False)
        parent = result.parents.iloc[0]
        print(
            f"{way:8} {parent['status']:8} {parent['cum_qty']:.3f} of {parent['order_qty']} in "
            f"{parent['children']} children, {parent['slippage_bps']:+.2f} bps"
        )


if __name__ == "__main__":
    main()
