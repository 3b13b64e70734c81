"""`py-rt venue` as a process: the ready line, the ledger, and an end within a second."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from patience import assert_within
from py_rt.trade import read_ledger

pytestmark = pytest.mark.system

VENUE = """\
[venue]
clock = "2026-03-09T10:00:00-04:00"
speed = 5.0
seed = 7
alpaca_port = 0
admin_port = 0
[[account]]
dialect = "alpaca"
key = "K1"
secret = "S1"
cash = "1000"
[[instrument]]
symbol = "AAPL"
asset_class = "us_equity"
market = { kind = "synthetic", price = "190.00", spread_ticks = 2, depth_qty = "500" }
"""


@contextlib.contextmanager
def venue(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    child = subprocess.Popen(
        [sys.executable, "-m", "py_rt.cli", "venue", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    try:
        yield child, json.loads(child.stdout.readline())
    finally:
        child.kill()
        child.communicate()


def account(ready: dict[str, Any]) -> dict[str, Any]:
    keys = {"APCA-API-KEY-ID": ready["key"], "APCA-API-SECRET-KEY": ready["secret"]}
    request = urllib.request.Request(f"{ready['alpaca']}/v2/account", headers=keys)
    with urllib.request.urlopen(request, timeout=5) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def test_the_ready_line_is_the_promised_one() -> None:
    with venue("--data", "sample:btcusdt_l2", "--speed", "10") as (_child, ready):
        assert set(ready) == {"ready", "alpaca", "admin", "key", "secret"}
        assert ready["ready"] is True
        ledger = read_ledger(ready["admin"])
        promised = {"orders", "executions", "positions", "cash", "virtual_time"}
        assert promised <= ledger.keys()
        assert (ledger["orders"], ledger["executions"], ledger["cash"]) == ([], [], "1000000")
        assert float(account(ready)["cash"]) == 1_000_000


def test_the_keys_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "venue.toml"
    path.write_text(VENUE, encoding="utf-8")
    with venue("--config", str(path)) as (_child, ready):
        assert (ready["key"], ready["secret"]) == ("K1", "S1")
        assert float(account(ready)["cash"]) == 1000


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_within_a_second(number: signal.Signals) -> None:
    def ended() -> float:
        with venue("--data", "sample:btcusdt_l2") as (child, _ready):
            child.send_signal(number)
            begun = time.perf_counter()
            assert child.wait(timeout=20) == 0
            return time.perf_counter() - begun

    assert_within(1.0, ended)


def test_a_port_that_is_taken_is_a_venue_error() -> None:
    with venue("--data", "sample:btcusdt_l2") as (_child, ready):
        port = ready["alpaca"].rpartition(":")[2]
        command = [sys.executable, "-m", "py_rt.cli", "venue", "--port", port, "--json"]
        found = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert found.returncode == 4
        assert json.loads(found.stdout)["error"]["code"] == "venue"
