"""Rows P16 and P17: JSON frames of Binance to typed events, and whole recordings to books.

python benches/frames.py [--quick] [--no-peers]

The peer is msgspec with tagged structs and a decoder made once; it makes floats, we make ticks, and
our side keeps the book as well. Sums over both are compared before any time is printed. Writes
bench-out/frames.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any

import peers
from measure import Silent, Worker, alternate

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "bench-out"
ROWS = (
    ("P16.depth.decode", "depth update of 20 + 20 levels to typed levels", "depth:decode", "depth"),
    (
        "P16.depth",
        "the same, booked and handed over as rows",
        "depth:block",
        "depth",
    ),
    ("P16.depth.python", "the same, a call a frame", "depth:calls", "depth"),
    ("P16.trade", "trade to a row; 200 frames a call", "trade:block", "trade"),
    ("P16.trade.python", "the same, a call a frame", "trade:calls", "trade"),
    ("P17", "recording to rows, booked and handed over, without best bids and asks", "ws", ""),
    ("P17.quotes", "the same with best bids and asks", "ws:quotes", ""),
)
GOALS = {"P16": "ratio >= 2.5", "P17": ">= 1 M messages/s a core; aim at 3"}


def main(words: list[str]) -> int:
    """Measure every row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="3 pairs")
    parser.add_argument("--no-peers", action="store_true", help="measure ourselves only")
    asked = parser.parse_args(words)
    OUT.mkdir(exist_ok=True)
    core = max(os.sched_getaffinity(0))
    ours = Worker(Path(sys.executable), "frames_ours.py", core)
    told = [measure(row, ours, core, asked) for row in ROWS]
    ours.close()
    (OUT / "frames.json").write_text(json.dumps(told, indent=1) + "\n")
    return 0


def measure(
    row: tuple[str, str, str, str], ours: Worker, core: int, asked: argparse.Namespace
) -> dict[str, Any]:
    """Measure one row and print it."""
    name, what, job, peer_job = row
    told: dict[str, Any] = {"row": name, "what": what, "goal": GOALS[name[:3]], "note": ""}
    options = {"n": 20_000}
    peer = None
    try:
        if peer_job and not asked.no_peers and peers.installed("msgspec"):
            peer = Worker(peers.PEERS["msgspec"].python, "msgspec_worker.py", core)
            told["peer"] = f"msgspec {peer.version}"
        beside = (peer, peer_job, options) if peer else None
        measured = alternate((ours, job, options), beside, 3 if asked.quick else 9, 25)
        told["ours_per_s"] = round(measured.ours_rate)
        told["ours_ns"] = round(1e9 / measured.ours_rate, 1)
        if peer:
            told["equal_results"] = measured.facts == measured.peer_facts
            if told["equal_results"]:
                told["ratio"] = round(statistics.median(measured.ratios), 2)
                told["ratios"] = [round(min(measured.ratios), 2), round(max(measured.ratios), 2)]
            else:
                told["note"] = f"{measured.facts} is not {measured.peer_facts}"
    except Silent as reason:
        told["note"] = f"not measured: {reason}"
    finally:
        if peer is not None:
            peer.close()
    print(json.dumps(told))
    return told


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
