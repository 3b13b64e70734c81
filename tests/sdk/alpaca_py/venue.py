"""Talk to the paper venue as the users of alpaca-py do."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from alpaca.trading.client import TradingClient
from alpaca.trading.stream import TradingStream

from sdk.process import PATIENCE_S, fetch


@dataclass(frozen=True)
class Venue:
    """Where a running venue listens, and the keys of an account."""

    alpaca: str
    admin: str
    key: str
    secret: str

    @property
    def socket(self) -> str:
        return self.alpaca.replace("http://", "ws://", 1)

    def client(self) -> TradingClient:
        return TradingClient(self.key, self.secret, paper=True, url_override=self.alpaca)

    def ledger(self) -> dict[str, Any]:
        return fetch(f"{self.admin}/admin/ledger?account={self.key}")


@contextmanager
def streaming(stream: Any) -> Iterator[None]:
    """Run an SDK stream on a thread of its own."""
    thread = threading.Thread(target=stream.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(stream.stop_ws(), stream._loop).result(PATIENCE_S)
        thread.join(timeout=PATIENCE_S)


@contextmanager
def trade_updates(venue: Venue) -> Iterator[queue.Queue[Any]]:
    """Collect the account's trade updates; ready when the venue has the subscription."""
    updates: queue.Queue[Any] = queue.Queue()
    stream = TradingStream(
        venue.key, venue.secret, paper=True, url_override=f"{venue.socket}/stream"
    )

    async def keep(update: Any) -> None:
        updates.put(update)

    stream.subscribe_trade_updates(keep)
    with streaming(stream):
        # A probe order proves that updates arrive; it never trades.
        client = venue.client()
        deadline = time.monotonic() + PATIENCE_S
        while updates.empty():
            assert time.monotonic() < deadline, "the stream never listened"
            probe(client)
            wait_quietly(updates)
        settle(updates)
        yield updates


def probe(client: TradingClient) -> None:
    body = {"symbol": "AAPL", "qty": 1, "side": "buy", "type": "limit"}
    order: Any = client.post("/orders", body | {"time_in_force": "day", "limit_price": 1})
    client.cancel_order_by_id(order["id"])


def wait_quietly(updates: queue.Queue[Any]) -> None:
    deadline = time.monotonic() + 0.5
    while updates.empty() and time.monotonic() < deadline:
        time.sleep(0.01)


def settle(updates: queue.Queue[Any]) -> None:
    """Drop what the probes caused."""
    while True:
        try:
            updates.get(timeout=0.3)
        except queue.Empty:
            return


def until(updates: queue.Queue[Any], wanted: Callable[[Any], bool]) -> list[Any]:
    """Take updates up to the first that is wanted."""
    seen = []
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            seen.append(updates.get(timeout=0.5))
        except queue.Empty:
            continue
        if wanted(seen[-1]):
            return seen
    raise AssertionError(f"not seen within {PATIENCE_S} s: {seen}")
