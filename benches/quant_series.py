"""Measure the statistics of series and relations beside their peers: make bench-quant.

Sides alternate, each in its own process and environment, one thread on one core; results are
compared before any time is printed. Figures are medians of the pair ratios with their range.
"""

from __future__ import annotations

import os
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from measure import Silent, Worker, alternate, clock_name
from peers import PEERS, installed, why_missing
from run import describe_commit, describe_machine

MODEL = {
    "startprob": [0.3, 0.3, 0.4],
    "transmat": [[0.97, 0.02, 0.01], [0.02, 0.96, 0.02], [0.01, 0.02, 0.97]],
    "means": [0.0, -1.0, 1.5],
    "variances": [0.09, 0.25, 0.64],
}
# Name, our job, the peer's, options, what it is, how many times faster it shall be.
ROWS = (
    ("P12.adf", "adf", "adf:statsmodels", {}, "ADF, n=1000, AIC, beside statsmodels", 50.0),
    ("P12.adf.arch", "adf", "adf:arch", {}, "the same beside arch, low memory", 10.0),
    ("P12.johansen", "johansen", "johansen", {}, "Johansen, k=3, beside statsmodels", 10.0),
    ("P12.pairs", "screen", "screen", {"threads": 1}, "249,500 pairs beside NumPy Grams", 1.0),
    ("P13.em", "em", "em", {}, "a step of Baum-Welch, n=2000, beside hmmlearn", 4.0),
    ("P13.viterbi", "viterbi", "viterbi", {"model": MODEL}, "Viterbi beside hmmlearn", 4.0),
)
PAIRS = 11


def main() -> int:
    """Run every row; end with 1 when results differ."""
    if not installed("quant"):
        print(f"not measured: {why_missing('quant')}")
        return 0
    core = max(os.sched_getaffinity(0))
    ours = Worker(Path(sys.executable), "quant_series_ours.py", core)
    peer = Worker(PEERS["quant"].python, "quant_series_peer.py", core)
    print(f"{describe_machine()} | commit {describe_commit()} | load {os.getloadavg()[0]:.2f}")
    print(f"py_rt {ours.version} beside {peer.version}; one thread, {PAIRS} pairs, {clock_name()}")
    print("| row | what | ours | peer | ratio [least..most] | goal |\n|---|---|---|---|---|---|")
    wrong = 0
    for name, job, other, options, what, goal in ROWS:
        try:
            seen = alternate((ours, job, options), (peer, other, options), PAIRS, 120.0)
        except Silent as silent:
            print(f"| {name} | {what} | not measured: {silent} |")
            wrong += 1
            continue
        if seen.facts != seen.peer_facts:
            print(f"| {name} | {what} | RESULTS DIFFER: {seen.facts} {seen.peer_facts} |")
            wrong += 1
            continue
        ratios = seen.ratios
        each = [statistics.median(t) for t in (seen.ours, seen.peer)]
        figures = [
            f"{1e6 * each[0] / seen.rows:.1f} us",
            f"{1e6 * each[1] / seen.peer_rows:.1f} us",
            f"{statistics.median(ratios):.1f} [{min(ratios):.1f}..{max(ratios):.1f}]",
        ]
        print(f"| {name} | {what} | {' | '.join(figures)} | >= {goal:g} |", flush=True)
    ours.close()
    peer.close()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
