"""One venue for all tests of python-binance; its classes are pointed at it by their attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from binance.base_client import BaseClient
from binance.client import Client
from binance.ws.streams import BinanceSocketManager

from sdk.process import running


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with running(tmp_path_factory.mktemp("venue")) as line:
        socket = line["binance"].replace("http://", "ws://", 1)
        BaseClient.API_URL = f"{line['binance']}/api"
        BaseClient.WS_API_URL = f"{socket}/ws-api/v3"
        BinanceSocketManager.STREAM_URL = f"{socket}/"
        yield line


@pytest.fixture
def client(ready: dict[str, Any]) -> Iterator[Client]:
    made = Client("B1", "B2", requests_params={"timeout": 10})
    yield made
    if made.get_open_orders(symbol="BTCUSDT"):
        made.cancel_all_open_orders(symbol="BTCUSDT")
    made.session.close()
