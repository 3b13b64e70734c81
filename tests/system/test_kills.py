"""Sessions that are killed, frozen and cut off from their venue end with the venue's own books."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from system import patient_strategy
from system.rig import COINS, STOCKS, Rig, rig

pytestmark = pytest.mark.system

SEED = 20261121


def run_with_kills(rig: Rig, kills: int, seed: str) -> None:
    drawn = random.Random(f"{SEED} {seed}")
    for _ in range(kills):
        first = drawn.choice([None, signal.SIGSTOP, signal.SIGINT])
        rig.kill(drawn.uniform(0.2, 2.5), first, drawn)
    rig.assert_equal(rig.finish(3))


def test_a_venue_in_the_past_and_a_second_session(tmp_path: Path) -> None:
    with rig(tmp_path, STOCKS, speed=20) as stocks:
        run_with_kills(stocks, 3, "past")
        time.sleep(0.5)
        stocks.assert_equal(stocks.finish(2))


def test_kills_behind_a_network_that_fails(tmp_path: Path) -> None:
    with rig(tmp_path, COINS, speed=5) as coins:
        coins.run_through_failing_network(SEED, kills=3)


@pytest.mark.parametrize("listed", [STOCKS, COINS], ids=["stocks", "coins"])
def test_parents_survive_kills_and_are_never_exceeded(
    tmp_path: Path, listed: tuple[tuple[str, ...], ...]
) -> None:
    drawn = random.Random(f"{SEED} parents {listed[0][0]}")
    with rig(tmp_path, listed, speed=5) as found:
        found.strategy = str(patient_strategy.__file__)
        for _ in range(4):
            found.kill(drawn.uniform(0.4, 2.5), drawn.choice([None, signal.SIGSTOP]), drawn)
        summary = found.finish(14)
        found.assert_equal(summary)
        for symbol, *_ in listed:
            asked = 0.36 if "/" in symbol else 48
            held = float(summary["position"].get(symbol, 0))
            assert held == pytest.approx(asked, abs=1e-12), f"seed {SEED}: {symbol}"


@pytest.mark.slow
@pytest.mark.parametrize("listed", [STOCKS, COINS], ids=["stocks", "coins"])
def test_twenty_kills(tmp_path: Path, listed: tuple[tuple[str, ...], ...]) -> None:
    with rig(tmp_path, listed, speed=10) as found:
        run_with_kills(found, 20, listed[0][0])
        found.assert_equal(found.finish(2))
