"""Measure portfolios, sparse regression and matrix splitting beside the solvers people use.

python benches/quant_portfolio.py [--quick] [--rows min_variance ...]

Writes bench-out/quant_portfolio.json and prints a table. A row whose objective is worse than the
peer's gets no ratio. Peers run where `benches/peers.py install quant` made their environment.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import peers
from measure import Silent, Worker, alternate, clock_name
from run import OUT, describe_commit, describe_machine, print_row

PEER = "quant"
# How much worse the objective may be, relatively: what the peers' tolerances leave open.
SLACK = {"risk_parity": 1e-9, "min_variance": 1e-7, "robust_pca": 1e-5, "lasso": 1e-4}


@dataclass(frozen=True)
class QuantRow:
    """One line of the table."""

    job: str
    solver: str
    n: int
    goal: str
    p: int = 0
    repeat: int = 1

    @property
    def name(self) -> str:
        """Name, size and peer."""
        size = f"{self.n}x{self.p}" if self.p else str(self.n)
        return f"P14.{self.job}.{size}.{self.solver}"


ROWS = (
    *(
        QuantRow("risk_parity", "cvxpy", n, "ratio >= 100", repeat=r)
        for n, r in ((20, 50), (100, 20), (500, 3))
    ),
    *(
        QuantRow("min_variance", solver, n, goal, repeat=r)
        for n, r in ((20, 100), (100, 30), (500, 5))
        for solver, goal in (
            ("clarabel", "ratio >= 2"),
            ("piqp", "ratio >= 2"),
            ("daqp", "ratio >= 2"),
        )
    ),
    QuantRow("lasso", "sklearn", 500, "ratio >= 2", p=100, repeat=30),
    QuantRow("lasso_path", "sklearn", 1000, "ratio >= 2", p=100, repeat=3),
    QuantRow("lasso_path", "sklearn", 252, "ratio >= 2", p=500),
    QuantRow("robust_pca", "numpy", 200, "ratio >= 5"),
    QuantRow("robust_pca", "numpy", 500, "ratio >= 5"),
)


def main(words: list[str]) -> int:
    """Measure every row that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="3 pairs")
    parser.add_argument("--rows", nargs="*", default=[], help="only rows with these in their name")
    asked = parser.parse_args(words)
    OUT.mkdir(exist_ok=True)
    core = max(os.sched_getaffinity(0))
    print(f"{describe_machine()} | commit {describe_commit()} | load {os.getloadavg()[0]:.2f}")
    print(f"one thread, {clock_name()}")
    ours = Worker(Path(sys.executable), "portfolio_ours.py", core)
    installed = peers.installed(PEER)
    peer = Worker(peers.PEERS[PEER].python, "portfolio_solvers.py", core) if installed else None
    told = []
    for row in ROWS:
        if not asked.rows or any(word in row.name for word in asked.rows):
            told.append(measure(row, ours, peer, 3 if asked.quick else 9))
            print_row(told[-1])
    for worker in filter(None, (ours, peer)):
        worker.close()
    (OUT / "quant_portfolio.json").write_text(json.dumps(told, indent=1) + "\n")
    return 0


def measure(row: QuantRow, ours: Worker, peer: Worker | None, pairs: int) -> dict[str, Any]:
    """Measure one row and return it as it is written."""
    told: dict[str, Any] = {
        "row": row.name, "what": row.job, "ours": None, "peer": None, "peer_name": row.solver,
        "peer_version": None, "unit": "ms", "ratio": None, "goal": row.goal,
        "equal_results": None, "runs": 0, "machine": describe_machine(),
        "commit": describe_commit(), "n": row.n, "ratio_min": None, "ratio_max": None, "note": "",
    }  # fmt: skip
    options = {"n": row.n, "p": row.p, "repeat": row.repeat}
    beside = (peer, f"{row.job}:{row.solver}", options) if peer else None
    try:
        measured = alternate((ours, row.job, options), beside, pairs, 60)
    except Silent as reason:
        told["note"] = f"not measured: {reason}"
        return told
    told["runs"] = len(measured.ours)
    told["ours"] = round(1e3 * statistics.median(measured.ours), 4)
    told["facts"], told["peer_facts"] = measured.facts, measured.peer_facts
    if peer is None:
        told["note"] = f"peer not measured: {peers.why_missing(PEER)}"
        return told
    told["peer"] = round(1e3 * statistics.median(measured.peer), 4)
    told["peer_version"] = peers.version_of(PEER, _package(row.solver))
    mine, theirs = measured.facts["objective"], measured.peer_facts["objective"]
    slack = SLACK[row.job.removesuffix("_path")] * abs(theirs)
    told["equal_results"] = mine <= theirs + slack
    if not told["equal_results"]:
        told["note"] = f"objective {mine} is worse than {theirs}"
        return told
    ratios = measured.ratios
    told["ratio"] = round(statistics.median(ratios), 2)
    told["ratio_min"], told["ratio_max"] = round(min(ratios), 2), round(max(ratios), 2)
    return told


def _package(solver: str) -> str:
    return "scikit-learn" if solver == "sklearn" else solver


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
