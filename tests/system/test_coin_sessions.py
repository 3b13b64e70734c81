"""What a session does alike at every stand-in for a venue of coins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from system.coin_rigs import SEED, CoinRig, at_coinbase, at_kraken

pytestmark = pytest.mark.system


@pytest.fixture(params=[at_coinbase, at_kraken], ids=["coinbase", "kraken"])
def coins(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[CoinRig]:
    with request.param(tmp_path) as found:
        yield found


def test_the_market_maker_trades(coins: CoinRig) -> None:
    coins.strategy = "market_maker"
    for book in coins.venue.books.values():
        book.stride = 25
    coins.assert_equal(coins.finish_once(coins.executed, "nothing was executed"))
    coins.assert_polite()


def test_kills_behind_a_network_that_fails(coins: CoinRig) -> None:
    coins.run_through_failing_network(SEED, kills=2)
