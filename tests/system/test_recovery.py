"""A session killed at random moments loses nothing, and its journal gives the same orders again."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import py_rt.strategies.market_maker as market_maker
from py_rt.cli.rehearsal import Rehearsal, after, rehearse, when_orders_are_open
from py_rt.trade import replay

pytestmark = pytest.mark.system

MARKET_MAKER = f"{market_maker.__file__}:MarketMaker"
LONGEST_S = 3.0
SEED = 20261121


def assert_nothing_is_lost(found: Rehearsal) -> None:
    diff = found.diff
    assert (diff.lost, diff.duplicated, diff.unresolved) == (0, 0, 0), diff.differences
    assert diff.equal, diff.differences
    assert found.summary["reconciled"], found.summary
    again = replay(found.summary["journal"])
    assert again.equal, f"{again}, session {found.summary}"
    assert again.diverged_at is None
    assert again.order_hash == found.summary["order_hash"]


def test_killed_with_orders_open(tmp_path: Path) -> None:
    found = rehearse(
        tmp_path, MARKET_MAKER, kill_at=[when_orders_are_open(2.0, 15.0)] * 3, finish_s=4.0
    )
    assert found.diff.orders > 0
    assert any(found.open_at_kill)
    assert_nothing_is_lost(found)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", [MARKET_MAKER, "market_maker"], ids=["python", "compiled"])
def test_killed_at_random_moments(tmp_path: Path, strategy: str) -> None:
    drawn = random.Random(f"{SEED} {strategy == MARKET_MAKER}")
    moments = [drawn.uniform(0.2, LONGEST_S) for _ in range(20)]
    found = rehearse(
        tmp_path, strategy, kill_at=[after(moment) for moment in moments], finish_s=4.0
    )
    assert found.kills == 20, f"seed {SEED}, kills after {moments} s"
    assert found.diff.fills > 0
    assert_nothing_is_lost(found)
