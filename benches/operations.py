"""Row P5: a depth update with the touch read after it, and an operation of the matching engine.

python benches/operations.py [--passes 9]

Ours only, without Python, in processor time where the system tells it. The matching engine runs W2,
200,000 commands made from seed 8, of which 65,964 end in a trade: another count prints no time.
Writes bench-out/operations.json.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from instructions import build
from run import OUT, describe_commit, describe_machine

from py_rt.mechanics import COMMAND_DTYPE

W2_TRADES = 65_964
BOOK_ROWS = 5_000_000


def w2(n: int = 200_000) -> npt.NDArray[np.void]:
    """Make the order flow W2: adds about a middle that walks, a twelfth of them crossing."""
    rng = np.random.default_rng(8)
    u = rng.random(n)
    buy = rng.random(n) < 0.5
    mid = 10_000 + np.cumsum((rng.random(n) < 0.02) * rng.choice([-1, 1], n))
    away = rng.geometric(0.2, n)
    qty = rng.integers(1, 100, n)
    back = rng.geometric(0.01, n)
    first = np.arange(n) < 100
    is_add = (u < 0.6) | first
    is_crossing = (u >= 0.55) & (u < 0.6) & ~first
    side = np.where(buy, 1, -1)
    adds = np.cumsum(is_add)
    flow = np.zeros(n, COMMAND_DTYPE)
    flow["op"] = np.where(is_add, 0, 1)
    flow["owner"] = 1
    flow["side"] = side
    flow["price"] = mid + np.where(is_crossing, 2 * side, -side * away)
    flow["qty"] = qty
    # Ids count from one: the add of number k, counted from zero, is order k + 1.
    flow["order_id"] = np.where(is_add, adds, adds - np.minimum(back, adds - 1))
    return flow


def matching(passes: int) -> dict[str, Any]:
    """Run W2 through the matching engine."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "w2"
        w2().tofile(path)
        command = [str(build("matching_flow")), str(path), str(passes)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"(\d+) operations, (\d+) trades, (\w+), ([\d.]+) ns", said)
    if found is None:
        raise SystemExit(f"the matching engine said: {said}")
    trades = int(found[2])
    if trades != W2_TRADES:
        raise SystemExit(f"{trades} trades, W2 has {W2_TRADES}")
    return {"row": "P5.matching", "ns": float(found[4]), "goal_ns": 25, "trades": trades}


def book(passes: int) -> dict[str, Any]:
    """Apply depth rows to a book and read the touch after each."""
    command = [str(build("engine")), "book", str(BOOK_ROWS), str(passes)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    runs = [json.loads(line) for line in said.splitlines()]
    best = max(run["mrows_per_s"] for run in runs)
    hashes = {run["book_hash"] for run in runs}
    if len(hashes) != 1:
        raise SystemExit(f"the same rows gave several books: {hashes}")
    return {"row": "P5.book", "ns": round(1e3 / best, 1), "goal_ns": 12, "rows": BOOK_ROWS}


def main(words: list[str]) -> int:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passes", type=int, default=9, help="the least of so many is told")
    passes = parser.parse_args(words).passes
    load = os.getloadavg()[0]
    print(f"{describe_machine()} | commit {describe_commit()} | load {load:.2f}")
    rows = [book(passes), matching(passes)]
    for row in rows:
        print(f"{row['row']:12} {row['ns']:6.1f} ns  goal <= {row['goal_ns']} ns")
    OUT.mkdir(exist_ok=True)
    (OUT / "operations.json").write_text(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
