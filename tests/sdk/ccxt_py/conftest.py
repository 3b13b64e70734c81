"""One venue for all ccxt tests; every test leaves its account without open orders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ccxt
import pytest

from sdk.ccxt_py.exchange import Venue, made
from sdk.process import running


@pytest.fixture(scope="session")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    with running(tmp_path_factory.mktemp("venue")) as line:
        yield Venue(line["alpaca"], line["binance"], line["admin"])


@pytest.fixture
def exchange(venue: Venue) -> Iterator[Any]:
    client = made(ccxt.binance, venue)
    client.load_markets()
    yield client
    if client.fetch_open_orders("BTC/USDT"):
        client.cancel_all_orders("BTC/USDT")
