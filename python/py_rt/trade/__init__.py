"""Trade in real time, live or on paper; look at a session, stop it, replay it, check its books."""

from typing import TYPE_CHECKING

from py_rt._later import keep_functions, later

if TYPE_CHECKING:
    from py_rt.trade.config import TradeConfig, read_config
    from py_rt.trade.control import kill, read_status, write_kill
    from py_rt.trade.journal import Damage, Journal, JournalCheck, rebuild_store
    from py_rt.trade.ledger import LedgerDiff, compare_ledger, read_ledger
    from py_rt.trade.replay import ReplayResult, replay
    from py_rt.trade.run import PaperPlan, SessionResult, paper, trade
    from py_rt.trade.stories import Story, explain
    from py_rt.trade.venue import VenueConfig, read_venue_config, venue_on_data

__all__ = [
    "Damage",
    "Journal",
    "JournalCheck",
    "LedgerDiff",
    "PaperPlan",
    "ReplayResult",
    "SessionResult",
    "Story",
    "TradeConfig",
    "VenueConfig",
    "compare_ledger",
    "explain",
    "kill",
    "paper",
    "read_config",
    "read_ledger",
    "read_status",
    "read_venue_config",
    "rebuild_store",
    "replay",
    "trade",
    "venue_on_data",
    "write_kill",
]

# What runs beside a session (its guard, the bridge to TWS) needs little of it.
__getattr__, __dir__ = later(
    __name__,
    __all__,
    {
        "config": ("TradeConfig", "read_config"),
        "control": ("kill", "read_status", "write_kill"),
        "journal": ("Damage", "Journal", "JournalCheck", "rebuild_store"),
        "ledger": ("LedgerDiff", "compare_ledger", "read_ledger"),
        "replay": ("ReplayResult", "replay"),
        "run": ("PaperPlan", "SessionResult", "paper", "trade"),
        "stories": ("Story", "explain"),
        "venue": ("VenueConfig", "read_venue_config", "venue_on_data"),
    },
)
keep_functions(__name__, frozenset({"replay"}))
