"""Bought on margin and held: the same shares with no debt, with half and with as much as allowed.

Run it with ``python examples/margin.py``; it needs nothing but the bundled samples. It shows what
interest costs and what margin calls close. It says nothing about whether one should.
"""

from __future__ import annotations

from typing import Any

import py_rt as rt

CASH = 100_000
MARGIN = rt.Margin(initial=0.5, maintenance=0.25, maintenance_short=0.30, interest=0.06)
EASY = rt.Margin(initial=0.25, maintenance=0.20, interest=0.06)


class BuyAndHold(rt.Strategy):
    """Buys one symbol for so many times the equity at the first bar, and then does nothing."""

    symbol: str = "SPY"
    times: float = 1.0
    bought: bool = False

    def on_bar(self, ctx: Any, bar: Any) -> None:
        """Buy once."""
        if bar.symbol == self.symbol and not self.bought:
            self.bought = True
            ctx.buy(bar.symbol, int(self.times * ctx.equity / bar.close))


def main() -> None:
    """Hold the first symbol of the sample at four levels of debt."""
    data = rt.data.sample("us_daily")
    symbol = data.symbols[0]
    print(f"{symbol}, {len(data.bars()):,} bars, {CASH:,} to start with, interest 6 % a year")
    print(
        f"{'times':>6} {'return':>8} {'worst fall':>11} {'interest':>10} {'calls':>6} {'closed':>7}"
    )
    for times, margin in ((0.95, MARGIN), (1.5, MARGIN), (1.95, MARGIN), (3.8, EASY)):
        strategy = BuyAndHold(symbol=symbol, times=times)
        result = rt.backtest(strategy, data, cash=CASH, margin=margin, progress=False)
        kinds = result.margin_calls["kind"]
        print(
            f"{times:>6} {result.stats.total_return:>8.1%} {result.stats.max_drawdown:>11.1%} "
            f"{result.charges['cash'].sum():>10,.0f} {(kinds == 'call').sum():>6} "
            f"{(kinds == 'liquidation').sum():>7}"
        )


if __name__ == "__main__":
    main()
