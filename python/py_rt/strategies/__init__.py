"""Ready-made strategies in Python, to read, to run and to start from.

`SmaCross`, `MeanReversion` and `MarketMaker` have twins compiled into the engine that send equal
orders: `SmaCross` is `"sma_cross"` of `StrategyFactory`, and so on. The twins are faster; these can
be changed. Those built from `py_rt.quant` (docs/strategies.md) are Python only, and are imported
when they are used: `import py_rt` stays fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from py_rt._later import later
from py_rt.strategies.market_maker import MarketMaker
from py_rt.strategies.mean_reversion import MeanReversion
from py_rt.strategies.sma_cross import SmaCross

if TYPE_CHECKING:
    from py_rt.strategies.adaptive_meanrev import AdaptiveMeanReversion
    from py_rt.strategies.cross_venue_arbitrage import CrossVenueArbitrage
    from py_rt.strategies.pairs import Pairs
    from py_rt.strategies.regime_momentum import RegimeMomentum
    from py_rt.strategies.sparse_meanrev import SparseMeanReversion
    from py_rt.strategies.stat_arb_portfolio import StatArbPortfolio
    from py_rt.strategies.triangular_arbitrage import TriangularArbitrage

__all__ = [
    "AdaptiveMeanReversion",
    "CrossVenueArbitrage",
    "MarketMaker",
    "MeanReversion",
    "Pairs",
    "RegimeMomentum",
    "SmaCross",
    "SparseMeanReversion",
    "StatArbPortfolio",
    "TriangularArbitrage",
]

__getattr__, __dir__ = later(
    __name__,
    __all__,
    {
        "adaptive_meanrev": ("AdaptiveMeanReversion",),
        "cross_venue_arbitrage": ("CrossVenueArbitrage",),
        "pairs": ("Pairs",),
        "regime_momentum": ("RegimeMomentum",),
        "sparse_meanrev": ("SparseMeanReversion",),
        "stat_arb_portfolio": ("StatArbPortfolio",),
        "triangular_arbitrage": ("TriangularArbitrage",),
    },
)
