"""Promises about time, on machines that do other things too."""

from __future__ import annotations

import os
from collections.abc import Callable

__all__ = ["assert_within"]


def assert_within(seconds: float, attempt: Callable[[], float]) -> None:
    """Assert that one of three attempts took less: the others may have met a busy machine.

    Where more processes want to run than there are cores, each gets a part of one: the time is
    multiplied with their number for a core.
    """
    took = []
    for _ in range(3):
        took.append(attempt())
        crowd = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        if took[-1] < seconds * crowd:
            return
    raise AssertionError(f"it took {took} s, not {seconds} s, with {crowd:.1f} processes a core")
