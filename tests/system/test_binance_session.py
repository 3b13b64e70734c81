"""Sessions in the Binance dialect, through sockets, against the paper venue's own books."""

from __future__ import annotations

import json
import random
import signal
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import py_rt as rt
from py_rt.trade import replay
from system.rig import COINS, Rig, rig

pytestmark = pytest.mark.system

SEED = 20261130


@pytest.fixture
def coins(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path, COINS, speed=1, dialect="binance") as made:
        yield made


def fault(rig: Rig, **rule: Any) -> None:
    request = urllib.request.Request(
        f"{rig.venue.admin}/admin/faults",
        data=json.dumps({"seed": SEED, "count": 1000, **rule}).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def test_every_kind_of_order_ends_equal(coins: Rig) -> None:
    def every_end() -> bool:
        ends = {row["status"] for row in coins.rows("orders")}
        fees = {row["fee_asset"] for row in coins.rows("fills")}
        return ends >= {"Filled", "Replaced"} and "BTC" in fees

    coins.assert_equal(coins.finish_once(every_end, "orders did not end in every way"))
    orders = coins.rows("orders")
    assert all(row["venue_order_id"].isdigit() for row in orders if row["venue_order_id"])
    fills = coins.rows("fills")
    # Who buys coins pays in coins.
    assert {"BTC", "ETH", "USDT"} >= {row["fee_asset"] for row in fills} >= {"BTC"}
    assert {row["venue"] for row in fills} == {"binance"}


def test_kills_in_flight_lose_nothing(coins: Rig) -> None:
    coins.kill_in_flight(4, random.Random(SEED), least_s=1.0)
    coins.assert_equal(coins.finish(4))


def test_answers_and_reports_that_are_lost_are_asked_for(coins: Rig) -> None:
    orders = "/api/v3/order"
    fault(coins, fault="F1", status=504, body="html", path=orders, probability=0.1)
    fault(coins, fault="F1", status=500, path=orders, probability=0.05, when="before")
    fault(coins, fault="F3", kind="reset", path=orders, probability=0.05)
    fault(coins, fault="F4", kind="drop", channel="trading", probability=0.05)
    fault(coins, fault="F5", kind="skip_update", probability=0.05)
    child = coins.start(0)
    time.sleep(6.0)
    urllib.request.urlopen(
        urllib.request.Request(f"{coins.venue.admin}/admin/faults", method="DELETE"), timeout=10
    ).close()
    # Longer than a silent order is left alone.
    time.sleep(18.0)
    child.send_signal(signal.SIGINT)
    coins.assert_equal(coins.ended(child, 30))


def test_kills_behind_a_network_that_fails(coins: Rig) -> None:
    coins.run_through_failing_network(SEED, kills=2)


def test_paper_on_a_recording(tmp_path: Path) -> None:
    maker = rt.StrategyFactory.create("market_maker")
    result = rt.paper(maker, speed=20, seconds=5, state_dir=tmp_path, dialect="binance")
    assert result.reconciled
    assert result.orders > 0
    again = replay(result.journal)
    assert again.equal, again


def test_the_switch_needs_no_session(coins: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    coins.kill_trading()
    coins.assert_flattened_by_hand(monkeypatch, dust=1e-4)
    coins.assert_equal(coins.finish(3))


def test_a_session_in_the_wrong_mode_is_refused(
    coins: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    coins.assert_refused_as_live(monkeypatch)
