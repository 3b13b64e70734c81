"""Trade in real time, live or on paper; look at a session, stop it, replay it, check its books."""

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
