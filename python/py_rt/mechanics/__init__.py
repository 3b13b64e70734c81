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
    EXTENDED_COMMAND_DTYPE,
    OPS,
    ORDER_TYPES,
    REASONS,
    REPORT_DTYPE,
    REPORT_KINDS,
    TIFS,
    EngineBook,
    Indicative,
    MatchingEngine,
)

__all__ = [
    "COMMAND_DTYPE",
    "EXTENDED_COMMAND_DTYPE",
    "OPS",
    "ORDER_TYPES",
    "REASONS",
    "REPORT_DTYPE",
    "REPORT_KINDS",
    "TIFS",
    "EngineBook",
    "FillStudy",
    "Indicative",
    "MatchingEngine",
    "OrderBook",
    "fill_study",
]
