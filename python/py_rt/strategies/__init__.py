"""Ready-made strategies in Python, to read, to run and to start from.

`SmaCross`, `MeanReversion` and `MarketMaker` have twins compiled into the engine that send equal
orders: `SmaCross` is `"sma_cross"` of `StrategyFactory`, and so on. The twins are faster; these can
be changed. Those built from `py_rt.quant` (docs/strategies.md) are Python only, and are imported
when they are used: `import py_rt` stays fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

_WHERE = {
    "AdaptiveMeanReversion": "adaptive_meanrev",
    "CrossVenueArbitrage": "cross_venue_arbitrage",
    "Pairs": "pairs",
    "RegimeMomentum": "regime_momentum",
    "SparseMeanReversion": "sparse_meanrev",
    "StatArbPortfolio": "stat_arb_portfolio",
    "TriangularArbitrage": "triangular_arbitrage",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
