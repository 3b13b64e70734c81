"""Measure py_rt beside its peers.

python benches/run.py [--quick] [--no-peers] [--rows P1 P4 ...]

Writes bench-out/results.json and prints a table. Peers run where `benches/peers.py install` made
their environments; a row whose results differ from the peer's gets no ratio.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import peers
import workloads
from measure import Measured, Silent, Worker, alternate
from rows import ROWS, Row
from tick_to_order.measure import tick_to_order_rows

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "bench-out"
W1_ROWS = 5_000_000
W1_SHA256 = "2c8180dc54554c15"


def main(words: list[str]) -> int:
    """Measure every row that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="3 pairs, a tenth of the rows")
    parser.add_argument("--no-peers", action="store_true", help="measure ourselves only")
    parser.add_argument("--rows", nargs="*", default=[], help="only rows that begin like these")
    asked = parser.parse_args(words)
    OUT.mkdir(exist_ok=True)
    core = max(os.sched_getaffinity(0))
    print(f"{describe_machine()} | commit {describe_commit()} | load {os.getloadavg()[0]:.2f}")
    chosen = [row for row in ROWS if wanted(row.name, asked.rows)]
    files = write_workloads(chosen)
    results = []
    if chosen:
        ours = Worker(Path(sys.executable), "ours.py", core)
        for row in chosen:
            results.append(measure_row(row, ours, files, core, asked))
            print_row(results[-1])
        ours.close()
    if wanted("P6", asked.rows):
        for told in tick_to_order_rows(quick=asked.quick, with_peers=not asked.no_peers):
            results.append({**told, "machine": describe_machine(), "commit": describe_commit()})
            print_row(results[-1])
    (OUT / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    print(f"{len(results)} rows in bench-out/results.json")
    return 0


def wanted(name: str, asked: list[str]) -> bool:
    """Say whether a row is to be measured."""
    return not asked or any(name.startswith(start) for start in asked)


def write_workloads(chosen: list[Row]) -> dict[str, str]:
    """Make the workloads once and keep them in files that every side reads."""
    files = {name: str(OUT / f"{name}.npy") for name in ("w1", "touches", "close", "closes")}
    if any(not row.is_on_bars for row in chosen) and not valid_w1(files["w1"]):
        print(f"making W1 ({W1_ROWS:,} rows) ...", flush=True)
        rows = workloads.l2_rows(W1_ROWS)
        np.save(files["w1"], rows)
        if not valid_w1(files["w1"]):
            raise SystemExit("W1 is not the workload of performance.md: its sha256 differs")
    if any(row.peer_job == "quotes" for row in chosen):
        np.save(files["touches"], workloads.touches(np.load(files["w1"])[:500_000]))
    np.save(files["close"], workloads.bar_closes())
    np.save(files["closes"], workloads.many_closes())
    return files


def valid_w1(path: str) -> bool:
    """Say whether the file holds W1, to the last byte."""
    if not Path(path).exists():
        return False
    digest = hashlib.sha256(np.load(path, mmap_mode="r")).hexdigest()
    return digest.startswith(W1_SHA256)


def measure_row(
    row: Row, ours: Worker, files: dict[str, str], core: int, asked: argparse.Namespace
) -> dict[str, Any]:
    """Measure one row and return it as it is written."""
    told: dict[str, Any] = {
        "row": row.name,
        "what": row.what,
        "ours": None,
        "peer": None,
        "peer_name": row.peer_name or None,
        "peer_version": None,
        "unit": row.unit,
        "ratio": None,
        "goal": row.goal,
        "equal_results": None,
        "runs": 0,
        "machine": describe_machine(),
        "commit": describe_commit(),
        "n": row.n // 10 if asked.quick else row.n,
        "ratio_min": None,
        "ratio_max": None,
        "note": "",
    }
    options = {**files, **row.options, "n": told["n"]}
    peer = None
    try:
        if row.environment and asked.no_peers:
            told["note"] = "peer not measured: --no-peers"
        elif row.environment and not peers.installed(row.environment):
            told["note"] = f"peer not measured: {peers.why_missing(row.environment)}"
        elif row.environment:
            peer = Worker(peers.PEERS[row.environment].python, row.worker, core)
            told["peer_version"] = peer.version
        beside = (peer, row.peer_job or row.job, options) if peer else None
        pairs = 3 if asked.quick else 9
        measured = alternate((ours, row.job, options), beside, pairs, 60 if peer else 25)
        judge(told, measured, row, files)
    except Silent as reason:
        told["note"] = f"not measured: {reason}"
    finally:
        if peer is not None:
            peer.close()
    return told


def judge(told: dict[str, Any], measured: Measured, row: Row, files: dict[str, str]) -> None:
    """Fill in the figures; compare the results first, and print no ratio when they differ."""
    told["runs"] = len(measured.ours)
    told["ours"] = round(measured.ours_rate / 1e6, 3)
    facts, peer_facts = measured.facts, measured.peer_facts
    if row.peer_job == "quotes":
        last = np.load(files["touches"])[told["n"] - 1, :2]
        peer_facts = {**peer_facts, "touch": [int(tick) for tick in last]}
    told["facts"], told["peer_facts"] = facts, measured.peer_facts
    if facts.get("early"):
        told["note"] = f"{facts['early']} fills lie before the arrival of their order"
    if not measured.peer:
        return
    told["peer"] = round((measured.peer_rate or 0.0) / 1e6, 3)
    shared = facts.keys() & peer_facts.keys()
    differ = sorted(key for key in shared if facts[key] != peer_facts[key])
    told["equal_results"] = bool(shared) and not differ
    if differ:
        said = ", ".join(f"{key} {facts[key]} / {peer_facts[key]}" for key in differ)
        told["note"] = "; ".join(filter(None, (told["note"], f"results differ: {said}")))
        return
    ratios = measured.ratios
    told["ratio"] = round(statistics.median(ratios), 2)
    told["ratio_min"], told["ratio_max"] = round(min(ratios), 2), round(max(ratios), 2)


def print_row(told: dict[str, Any]) -> None:
    """Print one line of the table."""
    ratio = f"{told['ratio']}x [{told['ratio_min']}..{told['ratio_max']}]" if told["ratio"] else "-"
    peer = "-" if told["peer"] is None else f"{told['peer']:.3f}"
    name = f"{told['peer_name'] or ''} {told['peer_version'] or ''}".strip()
    ours = "-" if told["ours"] is None else f"{told['ours']:.3f}"
    print(
        f"{told['row']:15} {ours:>9} {peer:>9} {told['unit']:14} {ratio:22} "
        f"{told['runs']:>2} runs  {name:26} goal {told['goal']}",
        flush=True,
    )
    if told["note"]:
        print(f"{'':15} {told['note']}", flush=True)


def describe_machine() -> str:
    """Name processor, cores, system and interpreter."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.exists() else ():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {sys.version.split()[0]}"


def describe_commit() -> str:
    """Name the commit, with a mark when the tree has changes."""
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True,
                          check=False).stdout.strip()  # fmt: skip
    dirty = subprocess.run([*git, "status", "--porcelain", "--untracked-files=no"],
                           capture_output=True, text=True, check=False).stdout.strip()  # fmt: skip
    return f"{head or 'unknown'}{'+changes' if dirty else ''}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
