"""The one client that a program shares."""

from __future__ import annotations

import dataclasses
import os
import threading
from typing import Any, Literal

from py_rt.client.config import GrpcConfig
from py_rt.client.local import LocalTradingClient
from py_rt.client.sync import TradingGrpcClient
from py_rt.errors import ParameterError, ServerUnavailable

__all__ = ["close_clients", "get_client"]

_VARIABLE = "PY_RT_SERVER"
_LOOK_S = 1.0
_shared: dict[tuple[str, Any], TradingGrpcClient | LocalTradingClient] = {}
_guard = threading.Lock()


def get_client(
    prefer: Literal["auto", "grpc", "inprocess"] = "auto", config: GrpcConfig | None = None
) -> TradingGrpcClient | LocalTradingClient:
    """Return the client that this program shares.

    Parameters
    ----------
    prefer : {"auto", "grpc", "inprocess"}
        "auto": over gRPC if a server answers, else the same engine in this process, with equal
        results. Which one it was stays so until the client is closed.
    config : GrpcConfig, optional
        By default the address in the environment variable ``PY_RT_SERVER`` (``host:port`` or
        ``unix:PATH``), else localhost:50051.

    Raises
    ------
    ServerUnavailable
        ``prefer="grpc"`` and no server answers; names the address. Also a ConnectionError.
    ImportError
        ``prefer="grpc"`` without grpcio.

    Examples
    --------
    >>> from py_rt.client import get_client
    >>> client = get_client(prefer="inprocess")
    >>> client.risk_analytics([-0.01, 0.02, -0.03, 0.01])["value_at_risk"]
    {'historical': 0.03}
    """
    if prefer not in ("auto", "grpc", "inprocess"):
        raise ParameterError(
            f"prefer is {prefer!r}", field="prefer", remedy='use "auto", "grpc" or "inprocess"'
        )
    chosen = config or GrpcConfig.from_address(os.environ.get(_VARIABLE) or "localhost:50051")
    key = (prefer, None if prefer == "inprocess" else chosen)
    with _guard:
        known = _shared.get(key)
        if known is None or known.closed:
            known = _made(prefer, chosen)
            _shared[key] = known
        return known


def _made(prefer: str, config: GrpcConfig) -> TradingGrpcClient | LocalTradingClient:
    if prefer == "inprocess":
        return LocalTradingClient()
    try:
        look = dataclasses.replace(config, timeout=min(_LOOK_S, config.timeout), max_retries=0)
        with TradingGrpcClient(look) as first:
            first.health()
    except (ImportError, ConnectionError, TimeoutError) as error:
        if prefer == "auto":
            return LocalTradingClient()
        if isinstance(error, ImportError):
            raise
        raise ServerUnavailable(
            f"no server answers at {', '.join(config.addresses)}",
            server=", ".join(config.addresses),
            remedy='start one with py-rt serve, or use prefer="auto"',
        ) from None
    return TradingGrpcClient(config)


def close_clients() -> None:
    """Close the shared clients; the next `get_client` looks anew."""
    with _guard:
        for client in _shared.values():
            client.close()
        _shared.clear()
