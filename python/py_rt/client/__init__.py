"""Calls of ``py_rt.v1``: over gRPC, asynchronously, or in this process with equal results.

Examples
--------
>>> from py_rt.client import get_client
>>> get_client(prefer="inprocess").health()["status"]
'SERVING'
"""

from py_rt.client.aio import AsyncTradingGrpcClient
from py_rt.client.config import GrpcConfig
from py_rt.client.local import LocalTradingClient
from py_rt.client.shared import close_clients, get_client
from py_rt.client.sync import TradingGrpcClient

__all__ = [
    "AsyncTradingGrpcClient",
    "GrpcConfig",
    "LocalTradingClient",
    "TradingGrpcClient",
    "close_clients",
    "get_client",
]
