"""py_rt: from research to live trading with one strategy file.

Examples
--------
>>> import py_rt as rt
>>> data = rt.data.sample("us_minute")
>>> result = rt.backtest(rt.strategies.SmaCross(order_qty=10), data, progress=False)
>>> len(result.order_hash)
32
"""

from typing import TYPE_CHECKING

from py_rt import _later, errors
from py_rt._core import __version__
from py_rt.errors import (
    AccessDenied,
    ConfigError,
    ConnectionLost,
    DataError,
    DeadlineExceeded,
    Degenerate,
    Fenced,
    Infeasible,
    JournalError,
    NotConverged,
    ParameterError,
    RiskHalted,
    ServerUnavailable,
    StrategyError,
    TradingError,
    VenueError,
)

if TYPE_CHECKING:
    from py_rt import bars, data, features, indicators, mechanics, quant, strategies
    from py_rt.backtest import BacktestResult, VectorResult, backtest, vector_backtest, verify
    from py_rt.charges import Borrow, Funding
    from py_rt.config import GreekLimit, GroupLimit, InstrumentLimit, RiskLimits, VarLimit
    from py_rt.execution import POV, TWAP, VWAP, Iceberg, ImplementationShortfall, SmartRoute
    from py_rt.factory import StrategyFactory
    from py_rt.impact import SquareRootImpact
    from py_rt.latency import Latency
    from py_rt.margin import Margin
    from py_rt.market import Instrument, MarketData
    from py_rt.mechanics import FillStudy, MatchingEngine, OrderBook, fill_study
    from py_rt.sim_venue import Fees, SimVenue
    from py_rt.strategy import Strategy
    from py_rt.trade import Journal, ReplayResult, explain, kill, paper, trade
    from py_rt.trade.replay import replay

__all__ = [
    "POV",
    "TWAP",
    "VWAP",
    "AccessDenied",
    "BacktestResult",
    "Borrow",
    "ConfigError",
    "ConnectionLost",
    "DataError",
    "DeadlineExceeded",
    "Degenerate",
    "Fees",
    "Fenced",
    "FillStudy",
    "Funding",
    "GreekLimit",
    "GroupLimit",
    "Iceberg",
    "ImplementationShortfall",
    "Infeasible",
    "Instrument",
    "InstrumentLimit",
    "Journal",
    "JournalError",
    "Latency",
    "Margin",
    "MarketData",
    "MatchingEngine",
    "NotConverged",
    "OrderBook",
    "ParameterError",
    "ReplayResult",
    "RiskHalted",
    "RiskLimits",
    "ServerUnavailable",
    "SimVenue",
    "SmartRoute",
    "SquareRootImpact",
    "Strategy",
    "StrategyError",
    "StrategyFactory",
    "TradingError",
    "VarLimit",
    "VectorResult",
    "VenueError",
    "__version__",
    "backtest",
    "bars",
    "data",
    "errors",
    "explain",
    "features",
    "fill_study",
    "indicators",
    "kill",
    "mechanics",
    "paper",
    "quant",
    "replay",
    "strategies",
    "trade",
    "vector_backtest",
    "verify",
]

# A session needs no statistics, and who asks for statistics no sessions: what is not named above is
# imported when it is first used.
__getattr__, __dir__ = _later.later(
    __name__,
    __all__,
    {
        "backtest": ("BacktestResult", "VectorResult", "backtest", "vector_backtest", "verify"),
        "charges": ("Borrow", "Funding"),
        "config": ("GreekLimit", "GroupLimit", "InstrumentLimit", "RiskLimits", "VarLimit"),
        "execution": ("POV", "TWAP", "VWAP", "Iceberg", "ImplementationShortfall", "SmartRoute"),
        "factory": ("StrategyFactory",),
        "impact": ("SquareRootImpact",),
        "latency": ("Latency",),
        "margin": ("Margin",),
        "market": ("Instrument", "MarketData"),
        "mechanics": ("FillStudy", "MatchingEngine", "OrderBook", "fill_study"),
        "sim_venue": ("Fees", "SimVenue"),
        "strategy": ("Strategy",),
        "trade": ("Journal", "ReplayResult", "explain", "kill", "paper", "replay", "trade"),
    },
)
_later.keep_functions(__name__, frozenset({"backtest", "trade"}))
