"""Interactive Brokers: a process of ours between the session and TWS.

The session, its journal, its risk and its order life know nothing of this: they speak the words of
Alpaca to a port of this machine (`bridge`), which a keeper (`keeper`) starts again when it dies.
"""

from __future__ import annotations

from py_rt.trade.ib.process import BridgeProcess
from py_rt.trade.ib.settings import Gateway

__all__ = ["BridgeProcess", "Gateway"]
