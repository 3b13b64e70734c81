"""Start the paper venue as a process of its own and talk to it as the SDK's users do."""

from __future__ import annotations

import asyncio
import json
import os
import queue
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alpaca.trading.client import TradingClient
from alpaca.trading.stream import TradingStream

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 20.0

CONFIG = """
[venue]
clock = "2026-03-09T10:00:00-04:00"
speed = 1.0
seed = 7
admin_port = 0
alpaca_port = 0
[[account]]
dialect = "alpaca"
key = "K1"
secret = "S1"
cash = "1000000"
[[account]]
dialect = "alpaca"
key = "K2"
secret = "S2"
cash = "100"
[[instrument]]
symbol = "AAPL"
asset_class = "us_equity"
market = { kind = "synthetic", price = "190.00", spread_ticks = 2, depth_qty = "500", \
volatility = 0.0001, events_per_s = 20 }
[[instrument]]
symbol = "BTC/USD"
asset_class = "crypto"
market = { kind = "synthetic", price = "60000.00", spread_ticks = 100, depth_qty = "2.5", \
volatility = 0.00001, events_per_s = 20 }
"""


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


def fetch(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        return json.load(answer)


def command(config: Path) -> list[str]:
    """Name the program: `PY_RT_PAPER_VENUE` is a stand-in that takes no configuration."""
    stand_in = os.environ.get("PY_RT_PAPER_VENUE")
    if stand_in:
        return [stand_in]
    program = os.environ.get("PY_RT", str(ROOT / ".venv/bin/py-rt"))
    return [program, "venue", "--config", str(config)]


@contextmanager
def running(folder: Path) -> Iterator[Venue]:
    config = folder / "venue.toml"
    config.write_text(CONFIG, encoding="utf-8")
    process = subprocess.Popen(
        command(config), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        assert line["ready"] is True
        yield Venue(line["alpaca"], line["admin"], line["key"], line["secret"])
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)


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
