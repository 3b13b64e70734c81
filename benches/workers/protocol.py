"""How a worker talks: one JSON object a line, in and out, beside whatever its libraries print.

The worker is asked `{"job": ..., "options": ...}` again and again. The first time it loads and
builds; every time it runs the job once, and answers with the seconds taken inside and with the
facts that must be equal on both sides. The asker does not count the first run.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

__all__ = ["Run", "clock", "serve"]

# Seconds that pass, or with PY_RT_BENCH_CLOCK=processor those that this process computes: for work
# of one thread on a machine that others use too.
clock = (
    time.process_time if os.environ.get("PY_RT_BENCH_CLOCK") == "processor" else time.perf_counter
)

# One measured run of a job: (seconds taken inside, rows handled, facts to compare).
Run = Callable[[], tuple[float, int, dict[str, Any]]]


def serve(version: str, prepare: Callable[[str, dict[str, Any]], Run]) -> None:
    """Answer until the input ends; `prepare` makes the run of a job from its name and options."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    answers.write(json.dumps({"ready": True, "version": version}) + "\n")
    runs: dict[str, Run] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            if line not in runs:
                runs.clear()
                runs[line] = prepare(asked["job"], asked["options"])
            seconds, rows, facts = runs[line]()
            told = {"seconds": seconds, "rows": rows, "facts": facts}
        except Exception as error:  # noqa: BLE001 - a row that fails must not end the others
            told = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(told) + "\n")
