"""Triangular arbitrage: money to one asset, that to another, and back to money."""

from __future__ import annotations

from typing import Any

from py_rt.errors import ParameterError
from py_rt.strategies._arbitrage import LegStrategy, floor_lots
from py_rt.strategy import Context

__all__ = ["TriangularArbitrage"]


class TriangularArbitrage(LegStrategy):
    """Go round three instruments when that ends with more money than it began, after fees.

    With ``base`` BTC/USD, ``cross`` ETH/BTC and ``quoted`` ETH/USD: buy the base, buy the cross
    with it and sell what was bought for money; or all of that the other way round. The three legs
    are sent together, immediate or cancel, at the prices seen. What a leg that fails leaves open of
    either asset is routed back into money at once.

    Parameters
    ----------
    base, cross, quoted : str
        Products of the run: an asset in money, another in the first, and the other in money.
    qty : float
        Most of the other asset that goes round at once [units of ``quoted``].
    edge_bps : float
        Least gain of a round after fees [bps].
    max_age : str
        A book whose last message is older does not count.

    Raises
    ------
    ParameterError
        When the run begins: a parameter outside its range, or no such product.

    Notes
    -----
    `held` is the account by asset, as the executions made it. The cross is paid in the base's
    asset, so a backtest needs ``fx`` for it (``docs/strategies.md``). What is below a lot of the
    base stays until it adds up to one. A backtest knows the fees of its venue; a session on paper
    or live does not, so put those of three legs into ``edge_bps`` there.

    Examples
    --------
    >>> from py_rt.strategies import TriangularArbitrage
    >>> TriangularArbitrage(base="BTC/USD", cross="ETH/BTC", quoted="ETH/USD").params["edge_bps"]
    1.0
    """

    base: str = "BTC/USD"
    cross: str = "ETH/BTC"
    quoted: str = "ETH/USD"
    qty: float = 0.1
    edge_bps: float = 1.0
    max_age: str = "1s"

    def check(self, ctx: Context) -> None:
        """Refuse parameters outside their ranges; find the instruments."""
        self._positive("qty")
        if not self.edge_bps >= 0:
            raise ParameterError(f"{self.edge_bps} is negative", field="edge_bps", remedy="use 0")
        self._at: dict[str, str] = {}
        exchanges = {"base": ("base", "money"), "cross": ("other", "base")}
        exchanges["quoted"] = ("other", "money")
        for name, (bought, paid) in exchanges.items():
            product = getattr(self, name)
            found = [s for s in ctx.symbols if s == product or s.rpartition("@")[0] == product]
            if not found:
                raise ParameterError(
                    f"{product!r} is not in the run",
                    field=name,
                    remedy=f"the run has {', '.join(ctx.symbols)}",
                )
            self._at[name] = min(found, key=lambda s: (ctx.instrument(s).lot_size, s))
            for symbol in found:
                self.trades(symbol, bought, paid)

    def on_book(self, ctx: Context, event: Any) -> None:
        """Unwind what a leg left open; else look for a round with a gain."""
        if event.symbol not in self._assets or self.waits or not ctx.tradable:
            return
        # Both at once: neither may wait for the other.
        unwinds = [
            self.unwind(ctx, asset, getattr(self, name), self._at[name])
            for asset, name in (("other", "quoted"), ("base", "base"))
        ]
        if any(unwinds):
            return
        best = {}
        for name in ("base", "cross", "quoted"):
            book = ctx.consolidated(getattr(self, name), self.max_age)
            asks, bids = book.levels("sell", 1), book.levels("buy", 1)
            if not asks or not bids:
                return
            best[name] = {"buy": asks[0], "sell": bids[0]}
        net = {n: {side: level[0] for side, level in b.items()} for n, b in best.items()}
        out = net["quoted"]["sell"] / (net["base"]["buy"] * net["cross"]["buy"]) - 1.0
        back = net["base"]["sell"] * net["cross"]["sell"] / net["quoted"]["buy"] - 1.0
        if max(out, back) <= self.edge_bps * 1e-4:
            return
        sides = {"base": "buy", "cross": "buy", "quoted": "sell"}
        if back > out:
            sides = {name: "sell" if side == "buy" else "buy" for name, side in sides.items()}
        self._go(ctx, {name: (side, best[name][side]) for name, side in sides.items()})

    def _go(self, ctx: Context, legs: dict[str, tuple[str, Any]]) -> None:
        """Send the three legs, as large as the smallest of the levels allows."""
        lot = {name: ctx.instrument(level[2]).lot_size for name, (_, level) in legs.items()}
        rate = legs["cross"][1][3]
        other = min(self.qty, legs["cross"][1][1], legs["quoted"][1][1], legs["base"][1][1] / rate)
        other = floor_lots(other, max(lot["cross"], lot["quoted"]))
        base = round(other * rate / lot["base"]) * lot["base"]
        sizes = {"base": base, "cross": other, "quoted": other}
        for name, (_, level) in legs.items():
            instrument = ctx.instrument(level[2])
            worth = sizes[name] * level[3] * instrument.multiplier
            least = max(instrument.lot_size, instrument.min_qty) * (1 - 1e-9)
            if sizes[name] < least or worth < instrument.min_notional:
                return
        self.begun += 1
        for name, (side, level) in legs.items():
            self.leg(ctx, level[2], side, sizes[name], level[3])
