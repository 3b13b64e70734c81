"""One server for all tests that do not harm it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from client.serving import port_of, server
from py_rt.client import GrpcConfig, LocalTradingClient, TradingGrpcClient


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    socket = tmp_path_factory.mktemp("serve") / "s.sock"
    options = ("--speed", "20", "--unix", str(socket), "--metrics-port", "0")
    with server(*options, "--max-message", str(1 << 20)) as (_child, ready):
        yield ready


@pytest.fixture(scope="session")
def port(running: dict[str, Any]) -> int:
    return port_of(running)


@pytest.fixture
def client(port: int) -> Iterator[TradingGrpcClient]:
    with TradingGrpcClient(GrpcConfig(port=port, timeout=60.0)) as client:
        yield client


@pytest.fixture
def local() -> Iterator[LocalTradingClient]:
    with LocalTradingClient() as client:
        yield client
