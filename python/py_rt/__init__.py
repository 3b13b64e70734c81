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

from py_rt import bars, data, errors, features, indicators, mechanics, strategies
from py_rt._core import __version__
from py_rt.backtest import BacktestResult, VectorResult, backtest, vector_backtest, verify
from py_rt.charges import Borrow, Funding
from py_rt.config import GreekLimit, GroupLimit, InstrumentLimit, RiskLimits, VarLimit
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
from py_rt.execution import POV, TWAP, VWAP, Iceberg, ImplementationShortfall, SmartRoute
from py_rt.factory import StrategyFactory
from py_rt.impact import SquareRootImpact
from py_rt.latency import Latency
from py_rt.margin import Margin
from py_rt.market import Instrument, MarketData
from py_rt.mechanics import FillStudy, MatchingEngine, OrderBook, fill_study
from py_rt.sim_venue import Fees, SimVenue
from py_rt.strategy import Strategy
from py_rt.trade import Journal, ReplayResult, explain, kill, paper, replay, trade

if TYPE_CHECKING:
    from py_rt import quant

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


def __getattr__(name: str) -> object:
    """Import the statistics when they are first used."""
    if name == "quant":
        import importlib

        return importlib.import_module("py_rt.quant")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
