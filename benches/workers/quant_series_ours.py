"""Our side of the statistics rows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

import py_rt as rt
from py_rt._core import quant as core

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from workers import quant_series as work
from workers.protocol import Run, clock, serve


def repeated(call: Any, times: int, facts: Any) -> Run:
    """Run a short call many times in a row."""

    def run() -> tuple[float, int, dict[str, Any]]:
        begin = clock()
        for _ in range(times):
            answer = call()
        return clock() - begin, times, facts(answer)

    return run


def climbing(steps: tuple[int, int], times: int) -> Run:
    """Time steps of Baum-Welch as the difference of two numbers of steps from one start."""
    x = work.regimes()[:, None]

    def climb(count: int) -> tuple[float, Any]:
        plan = {
            "states": 3, "restarts": 1, "max_iter": count, "tol": -1.0, "seed": 0,
            "stationary": False, "one_variance": False, "threads": 1,
        }  # fmt: skip
        begin = clock()
        for _ in range(times):
            found = core.hmm_fit(x, [], plan)
        seconds = clock() - begin
        assert found["iterations"] == count
        return seconds, found

    def run() -> tuple[float, int, dict[str, Any]]:
        short, _ = climb(steps[0])
        long, _ = climb(steps[1])
        return long - short, (steps[1] - steps[0]) * times, {}

    return run


def prepare(job: str, options: dict[str, Any]) -> Run:
    """Make the run of a job."""
    if job == "adf":
        x = work.walk()
        return repeated(
            lambda: rt.quant.adf(x), 50, lambda a: {"t": round(a.statistic, 6), "lags": a.lags}
        )
    if job == "johansen":
        levels = work.relations()
        return repeated(
            lambda: rt.quant.johansen(levels), 50, lambda a: {"trace": work.digest(a.trace)}
        )
    if job == "screen":
        prices = work.panel()
        return repeated(
            lambda: rt.quant.screen_pairs(prices, threads=options["threads"]),
            1,
            lambda table: {"t": work.digest(table.statistic)},
        )
    if job == "em":
        return climbing((2, 12), 20)
    x = work.regimes()
    model = rt.quant.GaussianHMM.from_parameters(**options["model"])
    return repeated(lambda: model.viterbi(x), 50, lambda path: {"path": np.bincount(path).tolist()})


if __name__ == "__main__":
    serve(rt.__version__, prepare)
