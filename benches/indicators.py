"""Measure the indicators on whole columns beside TA-Lib: one million values, in turns.

python benches/indicators.py [--n 1000000] [--pairs 9] [--all]

TA-Lib runs where `python benches/peers.py install ta` put it. Both sides run in a process of their
own on one core; of five calls the fastest counts, the ratio is the median of the ratios of pairs.
Sums of the results are compared first; a row whose results differ gets no ratio.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from pathlib import Path

import peers
from measure import Silent, Worker, alternate, clock_name

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from make_indicator_golden import CALLS

ROWS = (("SMA:20", 1.5), ("SMA:200", 1.5), ("EMA:20", 1.0), ("RSI:14", 1.0), ("ATR:14", 1.0))


def main(words: list[str]) -> int:
    """Measure every row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=1_000_000, help="values in the column")
    parser.add_argument("--pairs", type=int, default=9, help="measured pairs a row")
    parser.add_argument("--all", action="store_true", help="every indicator that TA-Lib has")
    parser.add_argument("--rows", nargs="*", default=[], help="only those of these names")
    asked = parser.parse_args(words)
    if not peers.installed("ta"):
        print(f"TA-Lib not measured: {peers.why_missing('ta')}")
        return 0
    core = max(os.sched_getaffinity(0))
    script = "indicators_worker.py"
    ours = Worker(Path(sys.executable), script, core)
    talib = Worker(peers.PEERS["ta"].python, script, core)
    print(f"TA-Lib {talib.version}, n = {asked.n:,}, {clock_name()}, load {os.getloadavg()[0]:.2f}")
    every = tuple((f"{name}:14", 1.0) for name in dict.fromkeys(call[0] for call in CALLS))
    rows = every if asked.all or asked.rows else ROWS
    for job, goal in rows:
        if asked.rows and job.partition(":")[0] not in asked.rows:
            continue
        mine, theirs = ({"n": asked.n, "library": library} for library in ("py_rt", "talib"))
        try:
            measured = alternate((ours, job, mine), (talib, job, theirs), asked.pairs, 60)
        except Silent as reason:
            print(f"{job:22} not measured: {reason}")
            continue
        if measured.facts != measured.peer_facts:
            print(f"{job:22} results differ: {measured.facts} / {measured.peer_facts}")
            continue
        ratios = sorted(measured.ratios)
        least, their_least = (min(side) * 1e3 for side in (measured.ours, measured.peer))
        print(
            f"{job:22} {least:6.2f} ms  TA-Lib {their_least:6.2f} ms"
            f"  {statistics.median(ratios):5.2f}x [{ratios[0]:.2f}..{ratios[-1]:.2f}]  goal {goal}x"
        )
    ours.close()
    talib.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
