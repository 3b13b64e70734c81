"""Stops that a venue holds: they work while the session is dead, and are booked when it is back."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from py_rt.trade import read_ledger
from system import guarded_strategy
from system.coin_rigs import CoinRig, at_coinbase, at_kraken
from system.rig import COINS, STOCKS, Rig, rig

pytestmark = pytest.mark.system

Opened = Callable[[Path], AbstractContextManager[Rig]]
wild = functools.partial(rig, speed=5, volatility=0.0015)
AT: dict[str, tuple[Opened, int, float]] = {
    "stocks": (functools.partial(wild, listed=STOCKS), 2, 0.0005),
    "coins": (functools.partial(wild, listed=COINS), 1, 0.0004),
    "binance": (functools.partial(wild, listed=COINS, dialect="binance"), 2, 0.0004),
    "kraken": (at_kraken, 2, 0.01),
    "coinbase": (at_coinbase, 1, 0.01),
}
"""Where; every how many symbols the stop has a limit, as some venues have no stops without; and how
far away it is."""


def stops(found: Rig) -> list[dict[str, Any]]:
    return [row for row in found.rows("orders") if row["order_type"] == "stop"]


def executed_while_dead(found: Rig) -> bool:
    """Kill a session while a stop rests, and wait for an execution."""
    child = found.start(0)
    try:
        found.orders_after(child, 1)
        found.wait(child, lambda: any(row["status"] == "New" for row in stops(found)), "no stop")
    finally:
        child.kill()
        child.communicate()
    if isinstance(found, CoinRig):
        for book in found.venue.books.values():
            book.middle = (book.middle * Decimal("0.98")).quantize(book.pair.tick)
    before = len(read_ledger(found.venue.admin)["executions"])
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if len(read_ledger(found.venue.admin)["executions"]) > before:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("where", AT)
def test_a_stop_at_the_venue_works_while_the_session_is_dead(tmp_path: Path, where: str) -> None:
    opened, limits, away = AT[where]
    with opened(tmp_path) as found:
        found.strategy = str(guarded_strategy.__file__)
        found.arguments = ("--set", f"limits={limits}", "--set", f"away={away}")
        # Prices walk at random: now and then none comes to a stop in five seconds.
        assert any(executed_while_dead(found) for _ in range(12))
        found.assert_equal(found.finish(3))
        assert "Filled" in {row["status"] for row in stops(found)}
        for row in stops(found):
            place = found.symbols.index(row["symbol"])
            assert (row["limit_price"] is not None) == (place % limits == 0)
