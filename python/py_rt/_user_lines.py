"""Which line of the user's own code an exception came out of."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any

__all__ = ["raised_in_callback", "user_line"]

_PACKAGE = str(Path(__file__).resolve().parent)
_MAKERS = ("_strategy_files.py", "strategy.py", "factory.py")


def raised_in_callback(error: BaseException) -> bool:
    """Say whether the engine, and not the making of a strategy, called the user's code."""
    caller = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if _is_users(frame):
            return caller.startswith(_PACKAGE) and Path(caller).name not in _MAKERS
        caller = frame.filename
    return False


def user_line(error: BaseException) -> dict[str, Any]:
    """Name the innermost line of the traceback that is the user's own, as ``file`` and ``line``."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if _is_users(f)]
    if not frames:
        return {}
    return {"file": frames[-1].filename, "line": frames[-1].lineno or 0}


def _is_users(frame: traceback.FrameSummary) -> bool:
    ours = frame.filename.startswith((_PACKAGE, "<", sys.prefix, sys.base_prefix))
    return not ours and not frame.filename.endswith("py-rt")
