"""Settings of the whole test run: seeds that can be repeated, and a word when nothing is built."""

from __future__ import annotations

import importlib.util
import os

from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("search", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile(os.environ.get("PY_RT_HYPOTHESIS", "house"))


def pytest_report_header() -> str:
    """Say in the first lines what is tested, so that a failure can be repeated."""
    built = importlib.util.find_spec("py_rt._core")
    core = "built" if built else "NOT BUILT (remedy: make build)"
    return f"py_rt: core {core}; hypothesis profile: {os.environ.get('PY_RT_HYPOTHESIS', 'house')}"
