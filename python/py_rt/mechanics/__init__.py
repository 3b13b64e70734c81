"""Market mechanics: order books, the matching engine, and the study of fills.

Examples
--------
>>> from py_rt.mechanics import OrderBook
>>> OrderBook("by_price").levels("buy", 5)
[]
"""

from py_rt.mechanics.book import OrderBook
from py_rt.mechanics.fill_study import FillStudy, fill_study
from py_rt.mechanics.matching import (
    COMMAND_DTYPE,
    REASONS,
    REPORT_DTYPE,
    REPORT_KINDS,
    EngineBook,
    MatchingEngine,
)

__all__ = [
    "COMMAND_DTYPE",
    "REASONS",
    "REPORT_DTYPE",
    "REPORT_KINDS",
    "EngineBook",
    "FillStudy",
    "MatchingEngine",
    "OrderBook",
    "fill_study",
]
