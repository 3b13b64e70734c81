"""One venue for all SDK tests; every test leaves its account flat."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alpaca.trading.client import TradingClient

from sdk.alpaca_py.venue import Venue
from sdk.process import running


@pytest.fixture(scope="session")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    with running(tmp_path_factory.mktemp("venue")) as line:
        yield Venue(line["alpaca"], line["admin"], line["key"], line["secret"])


@pytest.fixture
def client(venue: Venue) -> Iterator[TradingClient]:
    made = venue.client()
    yield made
    made.cancel_orders()
    made.close_all_positions(cancel_orders=True)
