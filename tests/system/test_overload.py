"""A market that says too much costs no order and no fill; how soon all is normal, a bench says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from system.overload import SPEED, overload
from system.rig import COINS, rig

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(sys.platform != "linux", reason="the backlog is read from /proc/net/tcp"),
]


def test_books_are_the_venues_own_after_ten_times_the_market(tmp_path: Path) -> None:
    with rig(tmp_path, COINS, speed=SPEED) as session:
        told = overload(session, seconds=4, times=10, rate=2000)
    assert told.differences == ()
    assert told.normal_after_s is not None
    assert told.summary["fills"] > 0
