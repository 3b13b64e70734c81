"""Which server a call goes to, and whether and when it is tried again."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from py_rt.client.config import GrpcConfig

__all__ = ["IDEMPOTENT", "Clock", "Pool", "Server", "Tries", "channel_options", "load_grpc"]

IDEMPOTENT = frozenset(
    {
        "CalculateMeanReversion",
        "OptimizePortfolio",
        "DetectRegime",
        "GetOrderBook",
        "RunHMM",
        "RunMCMC",
        "CalculateSparsePortfolio",
        "BoxTaoDecomposition",
        "RiskAnalytics",
        "GetVersion",
    }
)
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 2.0
# Beyond these a pause is the longest one anyway; a server may be away for days.
_DOUBLINGS = 64
_DOWN_S = 0.5
_DOWN_LONGEST_S = 10.0
_BUDGET = 10.0
_BUDGET_GAIN = 0.1
SMALL = 1024


def load_grpc() -> Any:
    """Import grpcio, or say how to get it."""
    try:
        import grpc
    except ImportError:
        raise ImportError(
            "calls over gRPC need grpcio: pip install 'py-rt[grpc]'; get_client() works without"
        ) from None
    return grpc


@dataclass
class Clock:
    """Time as the client takes it; tests hand in their own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Any] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform


@dataclass
class Server:
    """One server: its channel and how it fares."""

    address: str
    channel: Any
    under_way: int = 0
    calls: dict[str, Any] = field(default_factory=dict)
    # Not used before this time; 0 while it is well.
    down_until: float = 0.0
    failures: int = 0


class Pool:
    """The servers of a client; the least busy one that is well comes first."""

    def __init__(self, servers: list[Server], clock: Clock) -> None:
        self.servers = servers
        self.clock = clock
        self._guard = threading.Lock()
        self._turn = 0
        self._budget = _BUDGET

    def take(self, avoid: Server | None = None) -> Server:
        """Return the server for the next call; it counts as busy until `give_back`."""
        with self._guard:
            self._turn += 1
            now, count = self.clock.now(), len(self.servers)

            def order(at: int) -> tuple[bool, bool, float, int, int]:
                server = self.servers[at]
                down = server.down_until > now
                until = server.down_until if down else 0.0
                turn = (at - self._turn) % count
                return down, server is avoid, until, server.under_way, turn

            server = self.servers[min(range(count), key=order)]
            server.under_way += 1
            return server

    def give_back(self, server: Server, well: bool) -> None:
        """Note how a call ended: whether the server was there."""
        with self._guard:
            server.under_way -= 1
            if well:
                server.failures, server.down_until = 0, 0.0
                self._budget = min(_BUDGET, self._budget + _BUDGET_GAIN)
                return
            server.failures += 1
            pause = doubled(_DOWN_S, server.failures - 1, _DOWN_LONGEST_S)
            server.down_until = self.clock.now() + pause

    def needs_a_look(self, server: Server) -> bool:
        """Say whether a server failed lately, so that it is asked for its health first."""
        return server.failures > 0 and len(self.servers) > 1

    def spend(self) -> bool:
        """Take a retry from the budget: when most calls fail, retries would only add load."""
        with self._guard:
            if self._budget < 1.0:
                return False
            self._budget -= 1.0
            return True


class Tries:
    """The tries of one call: full jitter between them, all within its time."""

    def __init__(self, config: GrpcConfig, pool: Pool, method: str) -> None:
        self._pool = pool
        self._left = config.max_retries if method in IDEMPOTENT else 0
        self._made = 0
        self._end = pool.clock.now() + config.timeout

    def time_left(self) -> float:
        """Return the seconds that remain for the call."""
        return max(0.001, self._end - self._pool.clock.now())

    def pause(self) -> float | None:
        """Return how long to wait before the next try; None when there is none."""
        if self._made >= self._left or not self._pool.spend():
            return None
        longest = doubled(_FIRST_PAUSE_S, self._made, _LONGEST_PAUSE_S)
        pause = self._pool.clock.uniform(0.0, longest)
        if self._pool.clock.now() + pause >= self._end:
            return None
        self._made += 1
        return pause


def doubled(first: float, times: int, longest: float) -> float:
    """Return a pause doubled so many times, however many, up to the longest."""
    return min(longest, math.ldexp(first, min(times, _DOUBLINGS)))


def channel_options(config: GrpcConfig) -> list[tuple[str, Any]]:
    """Return the options of a channel."""
    options: list[tuple[str, Any]] = [
        ("grpc.max_receive_message_length", -1),
        ("grpc.max_send_message_length", -1),
        # Tries are counted in one place, here; and a server that is back is found soon.
        ("grpc.enable_retries", 0),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2_000),
        # Clients of one process to one server do not share a connection.
        ("grpc.use_local_subchannel_pool", 1),
    ]
    if config.unix is not None:
        options.append(("grpc.default_authority", "localhost"))
    if config.server_name is not None:
        options.append(("grpc.ssl_target_name_override", config.server_name))
    return options
