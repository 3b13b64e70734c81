"""Ready-made strategies in Python, to read, to run and to start from.

Each has a twin compiled into the engine that sends equal orders: `SmaCross` is `"sma_cross"` of
`StrategyFactory`, and so on. The twins are faster; these can be changed.
"""

from py_rt.strategies.market_maker import MarketMaker
from py_rt.strategies.mean_reversion import MeanReversion
from py_rt.strategies.sma_cross import SmaCross

__all__ = ["MarketMaker", "MeanReversion", "SmaCross"]
