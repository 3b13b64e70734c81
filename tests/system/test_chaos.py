"""A short run of chaos: the same as ``make chaos``, with few lives."""

from __future__ import annotations

from pathlib import Path

import pytest

from system.chaos import Chaos, lose_memory
from system.rig import COINS, rig

pytestmark = [pytest.mark.system, pytest.mark.slow]

SEED = 20261130


def test_chaos_loses_nothing(tmp_path: Path) -> None:
    with rig(tmp_path, COINS, speed=5) as session:
        chaos = Chaos(session, SEED, print)
        try:
            tally = chaos.run(kills=10, lives_between_rests=6)
        finally:
            chaos.close()
    assert tally.fills > 0
    assert tally.is_clean(), (f"seed {SEED}", tally.rows(), tally.differences)


def test_a_venue_that_lost_its_memory_gets_no_order_twice(tmp_path: Path) -> None:
    with rig(tmp_path, COINS, speed=5) as session:
        ended = lose_memory(session)
    assert ended["sent_twice"] == 0, ended
    # Our books and the venue's cannot agree any more, and the session says so.
    assert (ended["exit_code"], ended["reconciled"]) == (4, False), ended
