"""Start the paper venue as a process of its own; what all SDK suites share."""

from __future__ import annotations

import json
import os
import select
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 20.0
START_S = 60.0

CONFIG = """
[venue]
clock = "2026-03-09T10:00:00-04:00"
speed = 1.0
seed = 7
admin_port = 0
alpaca_port = 0
binance_port = 0
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
[[account]]
dialect = "binance"
key = "B1"
secret = "B2"
balances = { USDT = "1000000", BTC = "5" }
[[account]]
dialect = "binance"
key = "B3"
secret = "B4"
balances = { USDT = "20" }
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


def fetch(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        return json.load(answer)


def command(config: Path) -> list[str]:
    """Name the program: `PY_RT` is the one of another environment."""
    program = os.environ.get("PY_RT", str(ROOT / ".venv/bin/py-rt"))
    return [program, "venue", "--config", str(config)]


@contextmanager
def running(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the ready line; the venue ends with the block, whatever happens in it."""
    config = folder / "venue.toml"
    config.write_text(CONFIG, encoding="utf-8")
    process = subprocess.Popen(
        command(config), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        said, _, _ = select.select([process.stdout], [], [], START_S)
        assert said, f"the venue said nothing for {START_S} s"
        line: dict[str, Any] = json.loads(process.stdout.readline())
        assert line["ready"] is True
        yield line
    finally:
        process.terminate()
        try:
            process.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
